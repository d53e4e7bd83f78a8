"""What the API says, field by field; the OpenAPI description is made from these."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Self
from uuid import UUID

from ninja import Field, Schema

from patients.models import Patient
from prescriptions.models import (
    Moment,
    PrescribedExercise,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from prescriptions.responses import MOST_PAIN

LARGEST_KEY = 2**63 - 1
MOST_ROWS = 100


class Answered(StrEnum):
    """Whether a question got a number. No answer is never 0."""

    ANSWERED = "answered"
    SKIPPED = "skipped"
    NOT_ASKED = "not_asked"


class Paging(Schema):
    """Which rows: those after a key, in the order of their keys."""

    after: int = Field(0, ge=0, le=LARGEST_KEY, description="The `next` of the page before")
    limit: int = Field(50, ge=1, le=MOST_ROWS)


class PatientOut(Schema):
    id: int
    name: str
    birth_date: date
    record_number: str = Field(description="The clinic’s own number; empty without one")
    language: str = Field(description="Empty: what the patient’s phone asks for")
    time_zone: str = Field(description="By it a session belongs to a day")
    therapist: str = Field(description="Who is in charge; empty for nobody")
    is_archived: bool
    last_logged_at: datetime | None

    @classmethod
    def of(cls, patient: Patient) -> Self:
        """The patient has to be loaded with clinic and therapist."""
        return cls(
            id=patient.pk,
            name=patient.name,
            birth_date=patient.birth_date,
            record_number=patient.record_number,
            language=patient.language,
            time_zone=patient.zone.key,
            therapist=patient.therapist.name if patient.therapist else "",
            is_archived=patient.is_archived,
            last_logged_at=patient.last_logged_at,
        )


class PatientsOut(Schema):
    items: list[PatientOut]
    next: int | None = Field(description="Ask for these with `after`; null on the last page")


class DirectionOut(Schema):
    region: str
    direction: str
    range: str
    role: str


class LineOut(Schema):
    id: int
    exercise: str = Field(description="The name, and the side where there is one")
    exercise_id: int
    exercise_edition: int = Field(description="Published text never changes within an edition")
    side: str
    sets: int
    repetitions: int
    hold_seconds: int
    times_per_day: int
    weekdays: list[int] = Field(description="Monday is 1")
    direction_note: str
    directions: list[DirectionOut]

    @classmethod
    def of(cls, line: PrescribedExercise) -> Self:
        """The line has to be loaded with its exercise and that one's loads."""
        return cls(
            id=line.pk,
            exercise=line.name,
            exercise_id=line.exercise_edition.exercise_id,
            exercise_edition=line.exercise_edition.number,
            side=line.side,
            **line.dosage.as_fields(),
            weekdays=line.weekdays,
            direction_note=line.direction_note,
            directions=[
                DirectionOut(
                    region=load.region,
                    direction=load.direction,
                    range=load.range,
                    role=load.role,
                )
                for load in line.exercise_edition.loads.all()
            ],
        )


class ProgrammeOut(Schema):
    """One published edition of a programme, with its exercises in their order."""

    id: int
    course: int = Field(description="Editions of one course replace each other")
    number: int
    published_at: datetime
    starts_on: date
    review_on: date | None
    ended_on: date | None = Field(description="Of the course")
    is_in_force: bool = Field(description="On the patient’s own day")
    reason: str = Field(description="What changed and why")
    avoid: str
    if_worse: str
    lines: list[LineOut]

    @classmethod
    def of(cls, edition: PrescriptionEdition, *, in_force: set[int]) -> Self:
        """A published edition, loaded with its lines."""
        published_at = edition.published_at
        if published_at is None:
            raise ValueError("a draft is not given out")
        return cls(
            id=edition.pk,
            course=edition.prescription_id,
            number=edition.number,
            published_at=published_at,
            starts_on=edition.starts_on,
            review_on=edition.review_on,
            ended_on=edition.prescription.ended_on,
            is_in_force=edition.pk in in_force,
            reason=edition.reason,
            avoid=edition.avoid,
            if_worse=edition.if_worse,
            lines=[LineOut.of(line) for line in edition.lines.all()],
        )


class ProgrammesOut(Schema):
    items: list[ProgrammeOut] = Field(description="The newest first")
    next: int | None = Field(description="Ask for these with `before`; null on the last page")


class PainOut(Schema):
    value: int | None = Field(ge=0, le=MOST_PAIN)
    state: Answered

    @classmethod
    def of(cls, entry: SessionEntry, moment: Moment) -> Self:
        value = entry.pain(moment)
        if value is not None:
            return cls(value=value, state=Answered.ANSWERED)
        is_skipped = moment.value in entry.pain_skipped
        return cls(value=None, state=Answered.SKIPPED if is_skipped else Answered.NOT_ASKED)


class EntryOut(Schema):
    line: int
    exercise: str
    outcome: str
    why_not: str
    repetitions: int | None
    pain_before: PainOut
    pain_during: PainOut
    pain_after: PainOut
    places_before: list[str] = Field(description="Codes of the body map")
    places_after: list[str]
    numb_before: list[str]
    numb_after: list[str]
    feel: str
    ease: str
    comment: str

    @classmethod
    def of(cls, entry: SessionEntry) -> Self:
        return cls(
            line=entry.prescribed_exercise_id,
            exercise=entry.exercise_name,
            outcome=entry.outcome,
            why_not=entry.why_not,
            repetitions=entry.repetitions,
            pain_before=PainOut.of(entry, Moment.BEFORE),
            pain_during=PainOut.of(entry, Moment.DURING),
            pain_after=PainOut.of(entry, Moment.AFTER),
            places_before=entry.zones_before,
            places_after=entry.zones_after,
            numb_before=entry.numb_before,
            numb_after=entry.numb_after,
            feel=entry.feel,
            ease=entry.ease,
            comment=entry.comment,
        )


class LogOut(Schema):
    """One session as it was sent. A correction is a log of its own; the first is kept."""

    id: int
    client_uuid: UUID
    programme: int
    done_at: datetime
    local_date: date = Field(description="The patient’s own day")
    received_at: datetime
    is_late: bool = Field(description="It waited on a phone")
    is_time_unsure: bool
    source: Literal["patient", "clinic"]
    corrects: int | None
    is_withdrawal: bool = Field(description="The patient took the log back that it corrects")
    counts: bool = Field(description="Not taken back, and no correction stands for it")
    entries: list[EntryOut]

    @classmethod
    def of(cls, log: SessionLog, *, standing: set[int]) -> Self:
        """The log has to be loaded with its entries."""
        return cls(
            id=log.pk,
            client_uuid=log.client_uuid,
            programme=log.edition_id,
            done_at=log.done_at,
            local_date=log.local_date,
            received_at=log.received_at,
            is_late=log.is_late,
            is_time_unsure=log.is_time_unsure,
            source="clinic" if log.entered_by_id else "patient",
            corrects=log.corrects_id,
            is_withdrawal=log.is_withdrawal,
            counts=log.pk in standing,
            entries=[EntryOut.of(entry) for entry in log.entries.all()],
        )


class LogsOut(Schema):
    first: date
    last: date
    items: list[LogOut] = Field(description="The oldest first")

    @classmethod
    def of(cls, logs: Sequence[LogOut], *, first: date, last: date) -> Self:
        return cls(first=first, last=last, items=list(logs))
