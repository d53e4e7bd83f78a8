"""Programmes used again: kept as templates, as last time, or after another patient's.

What is taken over is only how an exercise is done. What somebody wrote down to go on despite a
finding belongs to one patient on one day, and is never taken along: every finding is asked anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction

from clinics import audit
from clinics.models import Clinic, User
from exercises.models import Exercise
from exercises.vocabulary import Side
from patients.models import Patient
from prescriptions.actions import LinePlan, plan_of
from prescriptions.models import (
    PrescriptionEdition,
    ProgrammeTemplate,
    TemplateLine,
)
from prescriptions.placeholders import for_patient, without_name


class NameTaken(Exception):
    """Another template of the same owner has this name."""


class NothingToKeep(Exception):
    """A template without an exercise would be of no use."""


# Templates


@transaction.atomic
def keep_template(
    *,
    name: str,
    lines: Sequence[LinePlan],
    patient: Patient,
    is_shared: bool,
    with_notes: bool,
    by: User,
    at: datetime,
) -> ProgrammeTemplate:
    """Keep the lines of a patient's programme without the patient.

    Sides are left open, and with them lines that differ only in their side become one. Notes are
    the exercises' own unless `with_notes`, and then the patient's name is taken out of them.
    Raises NothingToKeep or NameTaken.
    """
    if not lines:
        raise NothingToKeep
    template = ProgrammeTemplate(
        clinic_id=patient.clinic_id,
        name=name,
        owner=None if is_shared else by,
        created_by=by,
        created_at=at,
    )
    _save(template)
    kept: dict[tuple[int, str], LinePlan] = {}
    for line in lines:
        kept.setdefault((line.exercise.pk, _kept_side(line.side)), line)
    TemplateLine.objects.bulk_create(
        TemplateLine(
            clinic_id=patient.clinic_id,
            template=template,
            exercise=line.exercise,
            order=order,
            weekdays=sorted(set(line.weekdays)),
            side=_kept_side(line.side),
            note=_kept_note(line, patient) if with_notes else "",
            soon_after_waking=line.soon_after_waking,
            **line.dosage.as_fields(),
        )
        for order, line in enumerate(kept.values(), start=1)
    )
    _audit(by, "kept a template", template, patient_id=patient.pk, shared=is_shared)
    return template


@transaction.atomic
def rename_template(*, template: ProgrammeTemplate, name: str, by: User) -> ProgrammeTemplate:
    """Give it another name; the one it has leaves no trace. Raises NameTaken."""
    if name == template.name:
        return template
    before, template.name = template.name, name
    _save(template, update_fields=["name"])
    _audit(by, "renamed a template", template, before=before, after=name)
    return template


@transaction.atomic
def archive_template(*, template: ProgrammeTemplate, by: User, at: datetime) -> None:
    """Offer it no more; a second call leaves the first date."""
    active = ProgrammeTemplate.objects.active().filter(pk=template.pk)
    if active.update(archived_at=at):
        _audit(by, "archived a template", template)


@transaction.atomic
def restore_template(*, template: ProgrammeTemplate, by: User) -> None:
    """Offer it again. Raises NameTaken when another one has got its name since."""
    if template.archived_at is None:
        return
    template.archived_at = None
    _save(template, update_fields=["archived_at"])
    _audit(by, "restored a template", template)


# What is brought into a draft


def from_template(
    *, template: ProgrammeTemplate, draft: PrescriptionEdition, clinic: Clinic, by: User
) -> list[LinePlan]:
    """The lines of a template for this patient, with what may be prescribed today."""
    lines = list(template.lines.all())
    library = _library(clinic, (line.exercise_id for line in lines))
    plans = [
        LinePlan(
            exercise=exercise,
            dosage=line.dosage,
            direction_note=for_patient(
                line.note or exercise.text.direction_note, draft.patient.name
            ),
            weekdays=line.weekdays,
            side=line.side or exercise.text.side,
            soon_after_waking=line.soon_after_waking,
        )
        for line in lines
        if (exercise := library.get(line.exercise_id))
    ]
    _brought(by, "used a template", draft, template=template.pk)
    return plans


def as_last_time(
    *, last: PrescriptionEdition, draft: PrescriptionEdition, clinic: Clinic, by: User
) -> list[LinePlan]:
    """The lines of the patient's own last edition, with the newest text of each exercise."""
    plans = _plans_of(last, clinic)
    _brought(by, "took over the last programme", draft, edition=last.pk)
    return plans


def from_another(
    *, theirs: PrescriptionEdition, draft: PrescriptionEdition, clinic: Clinic, by: User
) -> list[LinePlan]:
    """The lines of another patient's edition, but for notes and sides, which are that patient's."""
    plans = [
        replace(
            plan,
            direction_note=plan.exercise.text.direction_note,
            side=_kept_side(plan.side) or plan.exercise.text.side,
        )
        for plan in _plans_of(theirs, clinic)
    ]
    _brought(
        by,
        "copied the programme of another patient",
        draft,
        from_patient=theirs.patient_id,
        edition=theirs.pk,
    )
    return plans


def _plans_of(edition: PrescriptionEdition, clinic: Clinic) -> list[LinePlan]:
    """Its lines with today's text of each exercise; `plan_of` leaves out what was recorded."""
    lines = list(edition.lines.all())
    library = _library(clinic, (line.exercise_edition.exercise_id for line in lines))
    return [
        replace(plan_of(line), exercise=exercise)
        for line in lines
        if (exercise := library.get(line.exercise_edition.exercise_id))
    ]


def _library(clinic: Clinic, keys: Iterable[int]) -> dict[int, Exercise]:
    return Exercise.objects.visible_to(clinic).published().with_current().chosen(list(keys))


def _kept_side(side: str) -> str:
    return "" if side in (Side.LEFT, Side.RIGHT) else side


def _kept_note(line: LinePlan, patient: Patient) -> str:
    if line.direction_note == line.exercise.text.direction_note:
        return ""
    return without_name(line.direction_note, patient.name)[:1000]


def _save(template: ProgrammeTemplate, *, update_fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            template.save(update_fields=update_fields)
    except IntegrityError as error:
        if "template_name_once" not in str(error):
            raise
        raise NameTaken from error


def _audit(
    by: User,
    verb: str,
    template: ProgrammeTemplate,
    *,
    patient_id: int | None = None,
    **detail: object,
) -> None:
    audit.record(
        clinic_id=template.clinic_id,
        by=by,
        verb=verb,
        target=template,
        patient_id=patient_id,
        name=template.name,
        **detail,
    )


def _brought(by: User, verb: str, draft: PrescriptionEdition, **detail: object) -> None:
    audit.record(
        clinic_id=draft.clinic_id,
        by=by,
        verb=verb,
        target=draft,
        patient_id=draft.patient_id,
        **detail,
    )
