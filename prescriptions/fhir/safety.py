"""Direction tests, findings with what was recorded to go on, what to avoid, and pauses."""

from datetime import datetime
from typing import Any

from exercises.vocabulary import Direction, Region
from patients.lights import After, During, Light, Loading, Neuro, RangeChange, TestPosition
from prescriptions.checks import Verdict
from prescriptions.fhir.codes import (
    Json,
    body_site,
    category,
    concept,
    own,
    pain_concept,
    place,
    quantity,
    term,
)
from prescriptions.fhir.parts import instant, kept, period, person, reference, resource
from prescriptions.fhir.people import of
from prescriptions.fhir.programme import span, status

EXAM = category("observation-category", "exam", "Exam")
SAFETY = category("flag-category", "safety", "Safety")
# R4, hl7.org/fhir/R4/valueset-detectedissue-severity.html.
SEVERITY = {Verdict.CAUTION: "moderate", Verdict.BLOCKED: "high"}


def direction_test(row: Any, now: datetime) -> Json:
    """One test of a region and direction: what was seen, and the light that it was given."""
    zone = row.patient.zone
    return resource(
        "Observation",
        f"direction-test-{row.pk}",
        updated=row.at,
        status="final",
        category=[EXAM],
        code=_ours("direction-test", "Direction test"),
        subject=of(row),
        effectiveDateTime=instant(row.at, zone),
        issued=instant(row.at, zone),
        performer=[person(row.by.name)],
        valueCodeableConcept=term("light", Light(row.light)),
        note=[
            {"text": text} for text in (row.computed_reason, row.changed_because) if text
        ],
        bodySite=body_site(row.region),
        component=[*_components(row)],
    )  # fmt: skip


def _components(row: Any) -> list[Json]:
    words = {
        "region": term("region", Region(row.region)),
        "direction": term("direction", Direction(row.direction)),
        "test-position": term("test-position", TestPosition(row.position)),
        "loading": term("loading", Loading(row.loading)),
        "during": term("during", During(row.during)),
        "after": term("after", After(row.after)),
        "range-change": term("range-change", RangeChange(row.rom)),
        "neuro": term("neuro", Neuro(row.neuro)),
        "light-computed": term("light", Light(row.computed_light)),
    }
    parts = [
        {"code": _ours(code, code.replace("-", " ").capitalize()), "valueCodeableConcept": value}
        for code, value in words.items()
    ]
    is_held = row.loading == Loading.SUSTAINED
    unit = ("s", "s") if is_held else ("repetitions", "{repetitions}")
    parts.append({"code": _ours("amount", "Amount"), "valueQuantity": quantity(row.amount, *unit)})
    if row.settle_minutes is not None:
        settled = quantity(row.settle_minutes, "min", "min")
        parts.append({"code": _ours("settled", "Settled after"), "valueQuantity": settled})
    if row.baseline_pain is not None:
        score = quantity(row.baseline_pain, "{score}", "{score}")
        said = pain_concept("baseline-pain", "Pain before the test")
        parts.append({"code": said, "valueQuantity": score})
    for code, marked in (("zones-before", row.zones_before), ("zones-after", row.zones_after)):
        if marked:
            places = [place(zone) for zone in marked]
            value = {
                "coding": [known for one in places for known in one["coding"]],
                "text": ", ".join(one["text"] for one in places),
            }
            words_of = code.replace("-", " ").capitalize()
            parts.append({"code": _ours(code, words_of), "valueCodeableConcept": value})
    return parts


def detected_issue(row: Any, now: datetime) -> Json:
    """A finding shown when an edition was published; `row` as sources.findings gives it."""
    verdict = Verdict(row.verdict)
    overrides = [
        one for one in row.prescribed_exercise.overrides.all() if one.rule == row.rule
    ]  # fmt: skip
    return resource(
        "DetectedIssue",
        str(row.pk),
        updated=row.shown_at,
        status="final",
        code=concept(own("rule", row.rule, row.rule), text=row.message),
        severity=SEVERITY.get(verdict, "low"),
        patient=of(row),
        identifiedDateTime=instant(row.shown_at, row.patient.zone),
        author={"type": "Device", "display": f"Bearing, rules version {row.rules_version}"},
        implicated=[
            reference("ServiceRequest", row.prescribed_exercise_id, row.prescribed_exercise.name)
        ],
        evidence=[{"code": [{"text": fact}]} for fact in row.facts],
        detail=row.message,
        mitigation=[_mitigation(one, row) for one in overrides],
    )


def _mitigation(override: Any, row: Any) -> Json:
    """What a therapist wrote down to go on."""
    said = "; ".join(
        f"{name.replace('_', ' ')}: {text}" for name, text in override.recorded.items()
    )
    return {
        "action": {"text": said or "Went on"},
        "date": instant(override.at, row.patient.zone),
        "author": person(override.by.name),
    }


def to_avoid(row: Any, now: datetime) -> Json:
    """What the patient is to avoid, as the edition says it."""
    start, end = span(row, row.replaced_from)
    is_active = status(row, row.replaced_from, now) == "active"
    return resource(
        "Flag",
        f"avoid-{row.pk}",
        updated=row.updated_at,
        status="active" if is_active else "inactive",
        category=[SAFETY],
        code=concept(own("flag", "avoid", "What to avoid"), text=row.avoid),
        subject=of(row),
        period=period(start, end),
        author=person(row.published_by_name),
    )


def pause(row: Any, now: datetime) -> Json:
    """One exercise, or every movement in one direction, paused by the therapist's rule."""
    zone = row.patient.zone
    what = row.exercise.current.name if row.exercise else _movement(row.region, row.direction)
    during = {
        "start": instant(row.since, zone),
        "end": instant(row.lifted_at, zone) if row.lifted_at else None,
    }
    return resource(
        "Flag",
        f"pause-{row.pk}",
        updated=row.updated_at,
        status="inactive" if row.lifted_at else "active",
        category=[SAFETY],
        code=concept(own("flag", "pause", "Paused"), text=f"{what} paused: {row.because}"),
        subject=of(row),
        period=kept(during),
    )


def _movement(region: str, direction: str) -> str:
    return f"{Region(region).label} {Direction(direction).label.lower()}"


def _ours(code: str, words: str) -> Json:
    return concept(own("observation", code, words), text=words)
