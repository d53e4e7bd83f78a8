"""Gives out handouts, reports and numbers, and keeps a line of each in the audit trail."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import translation

from clinics import audit
from clinics.actors import CanAct
from clinics.models import AuditKind, User
from exercises.translations import tell_in
from patients.models import Patient, RaisedFlag
from prescriptions import paper, watch
from prescriptions.charts import TimeAxis
from prescriptions.handout import handout
from prescriptions.models import Pause, PrescriptionEdition
from prescriptions.numbers import numbers_csv
from prescriptions.progress import Progress
from prescriptions.report import report
from prescriptions.review import Review


class RedFlagOpen(Exception):
    """Nobody has cleared a red flag of the patient yet: no stretch is handed out."""


@transaction.atomic
def print_handout(
    *, edition: PrescriptionEdition, is_large: bool = False, has_grid: bool = True, by: CanAct
) -> HttpResponse:
    """The handout of a published edition, in the patient's language; what is paused says so.

    The edition has to be loaded with its texts and its patient. Raises RedFlagOpen.
    """
    patient = edition.patient
    if RaisedFlag.objects.of_patient(patient).open().exists():
        raise RedFlagOpen
    pauses = list(Pause.objects.of_patient(patient).in_force())
    with translation.override(patient.language or translation.get_language()):
        texts = [line.exercise_edition for line in edition.lines.all()]
        tell_in(texts, translation.get_language() or "", clinic=patient.clinic)
        said = handout(
            edition,
            link=f"{settings.SITE_URL}{reverse('portal:today')}",
            paused=[line.pk for line in edition.lines.all() if watch.is_paused(line, pauses)],
            is_large=is_large,
            has_grid=has_grid,
        )
    printed = paper.pdf(said)
    audit.record_as(
        AuditKind.EXPORT,
        clinic_id=edition.clinic_id,
        by=by,
        verb="printed a handout",
        target=edition,
        patient_id=patient.pk,
    )
    return _download(printed, f"home-programme-{edition.starts_on:%Y-%m-%d}.pdf")


@transaction.atomic
def print_report(*, review: Review, by: User, at: datetime) -> HttpResponse:
    """The progress report of a period as PDF."""
    printed = paper.report_pdf(report(review, at=at, by_name=by.name))
    axis = review.progress.axis
    _note_export("printed a progress report", review.patient, axis, by)
    return _download(printed, f"progress-{axis.first}-{axis.last}.pdf")


@transaction.atomic
def give_numbers(*, patient: Patient, progress: Progress, by: User) -> HttpResponse:
    """The numbers of a period as CSV."""
    axis = progress.axis
    _note_export("exported the numbers of the progress", patient, axis, by)
    name = f"progress-{axis.first}-{axis.last}.csv"
    return _download(numbers_csv(progress).encode(), name, "text/csv; charset=utf-8")


def _note_export(verb: str, patient: Patient, axis: TimeAxis, by: User) -> None:
    audit.record_as(
        AuditKind.EXPORT,
        clinic_id=patient.clinic_id,
        by=by,
        verb=verb,
        target=patient,
        patient_id=patient.pk,
        detail={"first": axis.first.isoformat(), "last": axis.last.isoformat()},
    )


def _download(printed: bytes, name: str, content_type: str = "application/pdf") -> HttpResponse:
    response = HttpResponse(printed, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
