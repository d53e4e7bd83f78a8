"""Programmes: each edition a CarePlan, each of its lines a ServiceRequest, each text of an exercise
an ActivityDefinition.
"""

from datetime import date, datetime, timedelta
from typing import Any

from exercises.content import Statement
from exercises.models import ExerciseEdition, Load
from exercises.vocabulary import Direction, Mode, Position, Range, Region, Role
from prescriptions.fhir import codes
from prescriptions.fhir.codes import Json, body_site, canonical, extension, own, quantity, term
from prescriptions.fhir.parts import instant, kept, period, person, reference, resource
from prescriptions.fhir.people import of
from prescriptions.models import EVERY_DAY, PrescribedExercise, PrescriptionEdition

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)


def care_plan(row: Any, now: datetime) -> Json:
    """One published edition; `row` as sources.editions gives it."""
    start, end = span(row, row.replaced_from)
    before = [reference("CarePlan", row.replaces)] if row.replaces else []
    return resource(
        "CarePlan",
        str(row.pk),
        updated=row.updated_at,
        status=status(row, row.replaced_from, now),
        intent="plan",
        title=f"Home programme, edition {row.number}",
        description=row.reason,
        replaces=before,
        subject=of(row),
        period=period(start, end),
        created=instant(row.published_at, row.patient.zone),
        author=person(row.published_by_name),
        activity=[
            {"reference": reference("ServiceRequest", line.pk, line.name)}
            for line in row.lines.all()
        ],
        note=[
            {"text": f"{heading}: {text}"}
            for heading, text in (("What to avoid", row.avoid), ("If it gets worse", row.if_worse))
            if text
        ],
    )


def status(edition: PrescriptionEdition, replaced_from: date | None, now: datetime) -> str:
    """What a plan is on the patient's own day: to come, in force, replaced, or over."""
    today, ended_on = edition.patient.local_date(now), edition.prescription.ended_on
    if replaced_from is not None and replaced_from <= today:
        return "revoked"
    if ended_on is not None and ended_on < today:
        return "completed"
    return "active" if edition.starts_on <= today else "draft"


def span(edition: PrescriptionEdition, replaced_from: date | None) -> tuple[date, date | None]:
    """Its first and its last day; no last one while nothing ends it."""
    ends = [edition.prescription.ended_on, replaced_from - DAY if replaced_from else None]
    known = [day for day in ends if day]
    return edition.starts_on, max(edition.starts_on, min(known)) if known else None


def service_request(row: Any, now: datetime) -> Json:
    """One prescribed exercise; `row` as sources.lines gives it."""
    edition, text = row.edition, row.exercise_edition
    state = status(edition, row.replaced_from, now)
    load = text.primary_load
    return resource(
        "ServiceRequest",
        str(row.pk),
        updated=row.updated_at,
        extension=[*_dosage(row), extension("side", valueCode=row.side)],
        instantiatesCanonical=[_canonical_of(text)],
        basedOn=[reference("CarePlan", edition.pk)],
        status=state,
        intent="order",
        code={"coding": [own("exercise", text.exercise.code, text.name)], "text": row.name},
        subject=of(row),
        occurrenceTiming=timing(row, span(edition, row.replaced_from)),
        authoredOn=instant(edition.published_at, edition.patient.zone),
        requester=person(edition.published_by_name),
        bodySite=[body_site(load.region, row.side)] if load else [],
        patientInstruction=_words(row.direction_note),
    )


def timing(line: PrescribedExercise, days: tuple[date, date | None]) -> Json:
    """How often: so many times a day, on some days of the week or on all."""
    is_daily = sorted(line.weekdays) == EVERY_DAY
    return {
        "repeat": kept(
            {
                "boundsPeriod": period(*days),
                "frequency": line.times_per_day,
                "period": 1,
                "periodUnit": "d",
                "dayOfWeek": [] if is_daily else [WEEKDAYS[day - 1] for day in line.weekdays],
            }
        ),
        "code": {"text": f"{line.dosage}, {line.days_in_words}"},
    }


def activity_definition(row: Any, now: datetime) -> Json:
    """One published text of an exercise; `row` as sources.texts gives it."""
    exercise = row.exercise
    is_current = exercise.current_id == row.pk and exercise.archived_at is None
    return resource(
        "ActivityDefinition",
        str(row.pk),
        updated=row.published_at,
        extension=[
            *(_load(load) for load in row.loads.all()),
            *_dosage(row),
            extension("mode", valueCodeableConcept=term("mode", Mode(row.mode))),
            extension("position", valueCodeableConcept=term("position", Position(row.position))),
            *(
                [extension("longest-hold", valueQuantity=_seconds(row.max_hold_seconds))]
                if row.max_hold_seconds is not None
                else []
            ),
        ],
        url=_url_of(row),
        version=str(row.number),
        title=row.name,
        status="active" if is_current else "retired",
        date=instant(row.published_at),
        description=_words(row.summary),
        usage="\n".join(
            f"{number}. {_words(step)}" for number, step in enumerate(row.steps, start=1)
        ),
        copyright=row.licence,
        kind="ServiceRequest",
        code={"coding": [own("exercise", exercise.code, row.name)], "text": row.name},
        timingTiming={"repeat": {"frequency": row.times_per_day, "period": 1, "periodUnit": "d"}},
        bodySite=_sites(row),
    )


def _sites(text: ExerciseEdition) -> list[Json]:
    regions = dict.fromkeys(load.region for load in text.loads.all())
    return [body_site(region) for region in regions]


def _load(load: Load) -> Json:
    """Where, which way and how far the exercise loads the body."""
    parts = {
        "region": Region(load.region),
        "direction": Direction(load.direction),
        "range": Range(load.range),
        "role": Role(load.role),
    }
    inner = [
        {"url": name, "valueCodeableConcept": term(name, word)} for name, word in parts.items()
    ]
    return {"url": canonical("StructureDefinition/load"), "extension": inner}


def _dosage(row: PrescribedExercise | ExerciseEdition) -> list[Json]:
    return [
        extension("sets", valuePositiveInt=row.sets),
        extension("repetitions", valuePositiveInt=row.repetitions),
        extension("hold", valueQuantity=_seconds(row.hold_seconds)),
    ]


def _seconds(amount: int) -> Json:
    return quantity(amount, "s", "s")


def _url_of(text: ExerciseEdition) -> str:
    whose = f"-{text.clinic_id}" if text.clinic_id else ""
    return codes.canonical(f"ActivityDefinition/exercise-{text.exercise.code}{whose}")


def _canonical_of(text: ExerciseEdition) -> str:
    return f"{_url_of(text)}|{text.number}"


def _words(raw: str) -> str:
    """A statement without the keys of its sources."""
    return Statement.parse(raw).text
