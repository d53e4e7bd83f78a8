"""Prints handouts, and keeps a line of each in the audit trail."""

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import translation

from clinics import audit
from clinics.actors import CanAct
from clinics.models import AuditKind
from exercises.translations import tell_in
from patients.models import RaisedFlag
from prescriptions import paper, watch
from prescriptions.handout import handout
from prescriptions.models import Pause, PrescriptionEdition


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


def _download(printed: bytes, name: str) -> HttpResponse:
    response = HttpResponse(printed, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
