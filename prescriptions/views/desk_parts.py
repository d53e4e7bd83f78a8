"""What the pages of the desk share: the draft, its lines as forms, and what can be added."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone

from clinics.access import StaffRequest
from exercises.models import Exercise
from patients.models import Patient
from prescriptions import checks
from prescriptions.desk import Row
from prescriptions.forms import (
    BaseLineFormSet,
    CopyForm,
    PickerForm,
    exercise_keys,
    line_forms,
    posted_rows,
)
from prescriptions.models import PrescriptionEdition
from prescriptions.telling import LongProgramme, copyable, long_programme, picks

PICKED_AT_ONCE = 12
COPIED_FROM_AT_ONCE = 8
NOT_IN_LIBRARY = "That exercise is not in your library."


def draft_or_404(request: StaffRequest, pk: int) -> PrescriptionEdition:
    drafts = PrescriptionEdition.objects.of(request.clinic).drafts().with_patient()
    draft: PrescriptionEdition = get_object_or_404(drafts, pk=pk)
    return draft


def forms_of_rows(
    request: StaffRequest,
    rows: Sequence[Row],
    *,
    as_stored: bool = False,
    publishing: bool = False,
) -> BaseLineFormSet:
    library = Exercise.objects.visible_to(request.clinic).with_current()
    exercises = library.chosen(exercise_keys(rows))
    form_kwargs = {"exercises": exercises, "publishing": publishing}
    if as_stored:
        return line_forms(initial=rows, form_kwargs=form_kwargs)
    return line_forms(posted_rows(rows), form_kwargs=form_kwargs)


def picked(request: StaffRequest, data: QueryDict, record: checks.Record) -> dict[str, Any]:
    """Exercises found for this patient, each with what the checks say of it."""
    form = PickerForm(data)
    words, hides_blocked = form.asked()
    library = Exercise.objects.visible_to(request.clinic).published().with_current()
    found = picks(library.search(words).by_name(), record, hides_blocked=hides_blocked)
    return {"picker": form, "found": found[:PICKED_AT_ONCE]}


def copyable_by(
    request: StaffRequest, data: QueryDict, draft: PrescriptionEdition
) -> dict[str, Any]:
    """Other patients found for the copy; nobody until somebody is asked for."""
    form = CopyForm(data)
    words = form.asked()
    others = Patient.objects.of(request.clinic).active().search(words)
    found = copyable(others, than=draft.patient, most=COPIED_FROM_AT_ONCE) if words else []
    return {"copying": form, "others": found, "is_looking": bool(words)}


def long_programme_of(request: StaffRequest, lines: BaseLineFormSet) -> LongProgramme | None:
    return long_programme(lines.forms, request.clinic.thresholds)


def today_of(patient: Patient) -> date:
    return patient.local_date(timezone.now())
