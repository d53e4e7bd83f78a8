"""Every act about outcome measures: add one, ask it, stop asking, store answers."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from clinics import audit
from clinics.models import Clinic, User
from patients.actions import PatientArchived
from patients.measure_definition import Definition, Kind, parse, shipped
from patients.measure_due import Times
from patients.models import (
    MeasureAnswer,
    MeasureDraft,
    MeasureEdition,
    MeasurePlan,
    MeasureResponse,
    NamedActivity,
    Patient,
)


class ShippedMeasure(Exception):
    """A measure of this key comes with the product; a clinic's own needs another."""


class EditionTaken(Exception):
    """This edition, or a later one, is there with another text; `newest` is its number."""

    def __init__(self, newest: int) -> None:
        super().__init__(newest)
        self.newest = newest


class NotAsked(Exception):
    """The measure is not asked now: answered already, stopped, or not yet due."""


class ResponseDiffers(Exception):
    """Other answers were stored under the same key."""


class AlreadyCorrected(Exception):
    """Another correction stands for these answers."""


class BadAnswer(Exception):
    """An answer that the measure does not know. The forms let none through."""


@dataclass(frozen=True)
class Said:
    """What was answered: by item, and for activities by the words they are named with.

    None is a skip. An empty `answers` with `is_declined` says: not this time.
    """

    answers: Mapping[str, int | None] = field(default_factory=dict)
    activities: Mapping[str, int | None] = field(default_factory=dict)
    is_declined: bool = False


# The registry


@transaction.atomic
def add_measure(*, clinic: Clinic, text: str, by: User, at: datetime) -> MeasureEdition:
    """Add a measure of the clinic's own, or its next edition; the same text again changes nothing.

    Raises BadDefinition, ShippedMeasure or EditionTaken, and then writes nothing.
    """
    definition = parse(text)
    if definition.key in shipped():
        raise ShippedMeasure
    Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
    newest = MeasureEdition.objects.of(clinic).of_measure(definition.key)
    stored = newest.first()
    if stored is not None:
        same = newest.filter(digest=_digest_of(text)).first()
        if same is not None:
            return same
        if definition.edition <= stored.edition:
            raise EditionTaken(stored.edition)
    added = _add_edition(clinic, definition, text, by, at, is_shipped=False)
    audit.record(
        clinic_id=clinic.pk,
        by=by,
        verb="added an outcome measure",
        target=added,
        key=added.key,
        edition=added.edition,
        digest=added.digest,
    )
    return added


def edition_to_ask(*, clinic: Clinic, key: str, by: User, at: datetime) -> MeasureEdition:
    """The newest edition of a measure in this clinic; of a shipped one a row is made when needed.

    Raises MeasureEdition.DoesNotExist for a key that is neither shipped nor the clinic's.
    """
    mine = MeasureEdition.objects.of(clinic).of_measure(key)
    if key not in shipped():
        found = mine.first()
        if found is None:
            raise MeasureEdition.DoesNotExist
        return found
    definition, text = shipped()[key]
    stored = mine.filter(edition=definition.edition).first()
    if stored is None:
        # Two who ask it first, at once: the second finds the row of the first.
        Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
        stored = mine.filter(edition=definition.edition).first()
    return stored or _add_edition(clinic, definition, text, by, at, is_shipped=True)


def _add_edition(
    clinic: Clinic, definition: Definition, text: str, by: User, at: datetime, *, is_shipped: bool
) -> MeasureEdition:
    return MeasureEdition.objects.create(
        clinic=clinic,
        key=definition.key,
        edition=definition.edition,
        title=definition.title,
        language=definition.language,
        text=text,
        digest=_digest_of(text),
        is_shipped=is_shipped,
        added_by=by,
        added_at=at,
    )


# What is asked


@transaction.atomic
def ask(*, patient: Patient, key: str, times: Times, by: User, at: datetime) -> MeasurePlan:
    """Ask a measure by this schedule from now on, in place of an earlier plan for the same one.

    The same plan again changes nothing. Raises PatientArchived.
    """
    Patient.objects.hold(patient.pk)
    if Patient.objects.archived().filter(pk=patient.pk).exists():
        raise PatientArchived
    edition = edition_to_ask(clinic=patient.clinic, key=key, by=by, at=at)
    before = MeasurePlan.objects.of_patient(patient).open().filter(key=key).first()
    if before is not None:
        if before.times == times and before.edition_id == edition.pk:
            return before
        stop(plan=before, by=by, at=at)
    plan = MeasurePlan.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        edition=edition,
        key=key,
        schedule=times.schedule,
        starts_on=times.starts_on,
        every_weeks=times.every_weeks,
        review_on=times.review_on,
        until=times.until,
        asked_by=by,
        asked_at=at,
    )
    _note_when_due(patient, at)
    _audit(plan, by, "asked an outcome measure", key=key, schedule=str(times.schedule))
    return plan


@transaction.atomic
def stop(*, plan: MeasurePlan, by: User, at: datetime) -> None:
    """Ask no more; doing it twice changes nothing. What was answered stays."""
    Patient.objects.hold(plan.patient_id)
    open_one = MeasurePlan.objects.filter(pk=plan.pk, clinic=plan.clinic_id).open()
    if open_one.update(stopped_at=at, stopped_by=by):
        MeasureDraft.objects.filter(clinic=plan.clinic_id, plan=plan).delete()
        _note_when_due(plan.patient, at)
        _audit(plan, by, "stopped asking an outcome measure", key=plan.key)


# What is answered


@transaction.atomic
def answer(
    *, plan: MeasurePlan, patient: Patient, said: Said, client_uuid: UUID, at: datetime
) -> MeasureResponse:
    """Store what the patient answered in the portal, once, however often it is sent.

    Raises NotAsked, ResponseDiffers or BadAnswer.
    """
    Patient.objects.hold(patient.pk)
    stored = _stored(patient, client_uuid, said)
    if stored is not None:
        return stored
    day = patient.local_date(at)
    asked = MeasurePlan.objects.of_patient(patient).with_answered_days().filter(pk=plan.pk)
    if not any(one.is_due_on(day) for one in asked):
        raise NotAsked
    response = _store(
        patient,
        edition=plan.edition,
        plan=plan,
        said=said,
        client_uuid=client_uuid,
        answered_at=at,
        local_date=day,
    )
    MeasureDraft.objects.of_patient(patient).of_plan(plan).delete()
    _note_when_due(patient, at)
    _audit(response, patient, "answered an outcome measure", key=plan.key)
    return response


@transaction.atomic
def enter(
    *,
    patient: Patient,
    key: str,
    said: Said,
    on: date,
    client_uuid: UUID,
    by: User,
    at: datetime,
    corrects: MeasureResponse | None = None,
) -> MeasureResponse:
    """Store answers that staff took in the clinic, once; with `corrects`, in place of earlier ones.

    A correction keeps the edition that was answered. Raises PatientArchived, ResponseDiffers,
    AlreadyCorrected or BadAnswer.
    """
    Patient.objects.hold(patient.pk)
    stored = _stored(patient, client_uuid, said)
    if stored is not None:
        return stored
    if Patient.objects.archived().filter(pk=patient.pk).exists():
        raise PatientArchived
    if corrects is not None:
        edition, plan = corrects.edition, corrects.plan
    else:
        edition = edition_to_ask(clinic=patient.clinic, key=key, by=by, at=at)
        open_ones = MeasurePlan.objects.of_patient(patient).open()
        plan = open_ones.filter(edition=edition).first()
    response = _store(
        patient,
        edition=edition,
        plan=plan,
        said=said,
        client_uuid=client_uuid,
        answered_at=at,
        local_date=on,
        entered_by=by,
        corrects=corrects,
    )
    _note_when_due(patient, at)
    verb = "corrected an outcome measure" if corrects else "entered an outcome measure"
    _audit(response, by, verb, key=edition.key)
    return response


@transaction.atomic
def keep(*, plan: MeasurePlan, patient: Patient, said: Mapping[str, Any], at: datetime) -> None:
    """Keep what was put in so far, to go on with it later. It is no answer yet: no line is due."""
    MeasureDraft.objects.update_or_create(
        clinic_id=patient.clinic_id,
        patient=patient,
        plan=plan,
        defaults={"said": dict(said), "kept_at": at},
    )


def _note_when_due(patient: Patient, at: datetime) -> None:
    """Write down from which day on the portal has to look for what is due."""
    day = patient.local_date(at)
    plans = MeasurePlan.objects.of_patient(patient).open().with_answered_days()
    days = [due for plan in plans if (due := plan.due_from(day)) is not None]
    first = min(days, default=None)
    Patient.objects.filter(pk=patient.pk).update(measures_due_on=first)


def _store(
    patient: Patient,
    *,
    edition: MeasureEdition,
    said: Said,
    entered_by: User | None = None,
    **fields: Any,
) -> MeasureResponse:
    _refuse_unknown(edition.definition, said)
    try:
        with transaction.atomic():
            response = MeasureResponse.objects.create(
                clinic_id=patient.clinic_id,
                patient=patient,
                edition=edition,
                digest=digest_of(said),
                is_declined=said.is_declined,
                entered_by=entered_by,
                **fields,
            )
    except IntegrityError as error:
        if "measure_response_corrected_once" not in str(error):
            raise
        raise AlreadyCorrected from error
    slots: list[tuple[str, NamedActivity | None, int | None]] = [
        (item.key, None, said.answers[item.key])
        for item in edition.definition.items
        if item.key in said.answers
    ]
    asked = edition.definition.activity
    if asked is not None:
        named = _named(patient, edition, said.activities, fields["answered_at"], entered_by)
        slots += [(asked.key, one, said.activities[one.words]) for one in named]
    MeasureAnswer.objects.bulk_create(
        MeasureAnswer(
            clinic_id=patient.clinic_id,
            patient=patient,
            response=response,
            item=item,
            activity=activity,
            value=value,
        )
        for item, activity, value in slots
    )
    return response


def _named(
    patient: Patient,
    edition: MeasureEdition,
    words: Mapping[str, object],
    at: datetime,
    by: User | None,
) -> Sequence[NamedActivity]:
    """The activities of these words, in their order; the new ones are kept from now on."""
    known = {
        one.words: one for one in NamedActivity.objects.of_patient(patient).of_measure(edition.key)
    }
    asked = edition.definition.activity
    if asked is None or len(known.keys() | words.keys()) > asked.at_most:
        raise BadAnswer
    for one in words:
        if one not in known:
            known[one] = NamedActivity.objects.create(
                clinic_id=patient.clinic_id,
                patient=patient,
                key=edition.key,
                words=one,
                named_at=at,
                named_by=by,
            )
    return [known[one] for one in words]


def _refuse_unknown(definition: Definition, said: Said) -> None:
    items = {item.key: item for item in definition.items if item.kind is not Kind.ACTIVITY}
    asked = definition.activity
    is_known = said.answers.keys() <= items.keys() and (asked is not None or not said.activities)
    is_right = is_known and all(
        value is None or value in items[key].points for key, value in said.answers.items()
    )
    if asked is not None:
        is_right &= len(said.activities) <= asked.at_most
        is_right &= all(
            value is None or value in asked.points for value in said.activities.values()
        )
    if not is_right or (said.is_declined and (said.answers or said.activities)):
        raise BadAnswer
    if not said.is_declined and not (said.answers or said.activities):
        raise BadAnswer


def _stored(patient: Patient, client_uuid: UUID, said: Said) -> MeasureResponse | None:
    stored = MeasureResponse.objects.of_patient(patient).filter(client_uuid=client_uuid).first()
    if stored is not None and stored.digest != digest_of(said):
        raise ResponseDiffers
    return stored


def digest_of(said: Said) -> str:
    content = [dict(said.answers), dict(said.activities), said.is_declined]
    return _digest_of(json.dumps(content, sort_keys=True))


def _digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _audit(
    target: MeasurePlan | MeasureResponse, by: User | Patient, verb: str, **detail: object
) -> None:
    audit.record(
        clinic_id=target.clinic_id,
        by=by,
        verb=verb,
        target=target,
        patient_id=target.patient_id,
        **detail,
    )
