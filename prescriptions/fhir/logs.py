"""What patients logged: observations of each exercise, and the answers as they were given."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from patients.bodymap import BodyMap, reach, zones
from prescriptions.fhir.codes import (
    NO_PLACE,
    NOT_ASKED,
    SKIPPED,
    UNKNOWN,
    Json,
    absent,
    canonical,
    category,
    concept,
    extension,
    own,
    pain_concept,
    place,
    quantity,
    term,
)
from prescriptions.fhir.parts import instant, person, reference, resource
from prescriptions.fhir.people import of
from prescriptions.fhir.questions import QUESTIONNAIRE, VERSION
from prescriptions.models import Moment, Outcome, SessionEntry, SessionLog, WhyNot
from prescriptions.responses import Ease, Feel

# R4, hl7.org/fhir/R4/extension-data-absent-reason.html.
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
SURVEY = category("observation-category", "survey", "Survey")
PAIN_WORDS = {
    Moment.BEFORE: "Pain before the exercise",
    Moment.DURING: "Pain during the exercise",
    Moment.AFTER: "Pain after the exercise",
}
MARKED = {
    "zones_before": "Symptoms before",
    "zones_after": "Symptoms after",
    "numb_before": "Numbness or tingling before",
    "numb_after": "Numbness or tingling after",
}


def observations(row: Any, now: datetime) -> Iterator[Json]:
    """What is known of one exercise of a log; `row` as sources.entries gives it."""
    for moment in Moment:
        yield pain(row, moment)
    yield completion(row)
    yield furthest_zone(row)


def pain(row: Any, moment: Moment) -> Json:
    """Pain 0–10 at a moment. Zero is a value; skipped and not asked are two other things."""
    score = row.pain(moment)
    code = f"pain-{moment.value}"
    return _observation(
        row,
        code,
        pain_concept(code, PAIN_WORDS[moment]),
        valueQuantity=None if score is None else quantity(score, "{score}", "{score}"),
        dataAbsentReason=None if score is not None else _why_no_score(row, moment),
    )


def _why_no_score(row: SessionEntry, moment: Moment) -> Json:
    return absent(SKIPPED if moment.value in row.pain_skipped else NOT_ASKED)


def completion(row: Any) -> Json:
    """Done, part or not, with the repetitions and the patient's reason where they were given."""
    parts = [
        (("repetitions", "Repetitions done"), {"valueInteger": row.repetitions}),
        (
            ("why-not", "Why not, or only in part"),
            {"valueCodeableConcept": term("why-not", WhyNot(row.why_not)) if row.why_not else None},
        ),
    ]
    return _observation(
        row,
        "completion",
        _ours("completion", "How much of the exercise was done"),
        valueCodeableConcept=term("outcome", Outcome(row.outcome)),
        component=[
            {"code": _ours(*code), **value}
            for code, value in parts
            if next(iter(value.values())) is not None
        ],
    )


def furthest_zone(row: Any) -> Json:
    """How far symptoms reached after the exercise, and all that was marked."""
    furthest = _furthest(row.zones_after)
    was_answered = bool(row.zones_before or row.zones_after)
    value: Json | None = None
    if furthest:
        value = {
            "coding": [coding for code in furthest for coding in place(code)["coding"]],
            "text": ", ".join(place(code)["text"] for code in furthest),
        }
    elif was_answered:
        value = concept(own("zone", *NO_PLACE), text=NO_PLACE[1])
    return _observation(
        row,
        "zone",
        _ours("furthest-zone", "Furthest place of symptoms after the exercise"),
        valueCodeableConcept=value,
        dataAbsentReason=None if value else absent(UNKNOWN),
        component=[
            {
                "code": _ours(name.replace("_", "-"), words),
                "valueCodeableConcept": {
                    "coding": [place(code)["coding"][0] for code in getattr(row, name)],
                    "text": ", ".join(place(code)["text"] for code in getattr(row, name)),
                },
            }
            for name, words in MARKED.items()
            if getattr(row, name)
        ],
    )


def _furthest(marked: list[str]) -> list[str]:
    """The marked zones that lie furthest from the spine, of each body map."""
    rank = reach(zones(marked))
    return [
        code for code, zone in zip(marked, zones(marked), strict=True)
        if zone.rank == rank[BodyMap(zone.map)]
    ]  # fmt: skip


def _ours(code: str, words: str) -> Json:
    return concept(own("observation", code, words), text=words)


def _observation(row: Any, code: str, said: Json, **parts: Any) -> Json:
    log, zone = row.log, row.patient.zone
    return resource(
        "Observation",
        f"{code}-{row.pk}",
        updated=row.updated_at,
        status=_status(log, row.corrected_at, superseded="entered-in-error", new="corrected"),
        basedOn=[reference("ServiceRequest", row.prescribed_exercise_id)],
        category=[SURVEY],
        code=said,
        subject=of(row),
        effectiveDateTime=instant(log.done_at, zone),
        issued=instant(log.received_at, zone),
        performer=[writer(log)],
        derivedFrom=[reference("QuestionnaireResponse", f"log-{log.pk}")],
        note=_comment(row) if code == "completion" else [],
        **parts,
    )


def _status(log: SessionLog, corrected_at: datetime | None, *, superseded: str, new: str) -> str:
    if corrected_at is not None:
        return superseded
    return new if log.corrects_id else {"corrected": "final", "amended": "completed"}[new]


def _comment(row: SessionEntry) -> list[Json]:
    return [{"text": row.comment}] if row.comment else []


def writer(log: SessionLog) -> Json:
    """Who wrote a log down: the patient, or somebody of the staff for them."""
    return person(log.entered_by.name) if log.entered_by else of(log)


# The answers.


def answers(row: Any, now: datetime) -> Json:
    """A log as a QuestionnaireResponse; `row` as sources.logs gives it."""
    zone = row.patient.zone
    return resource(
        "QuestionnaireResponse",
        f"log-{row.pk}",
        updated=row.updated_at,
        identifier={"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{row.client_uuid}"},
        extension=[extension("local-date", valueDate=row.local_date.isoformat())]
        + ([extension("time-unsure", valueBoolean=True)] if row.is_time_unsure else []),
        basedOn=[reference("CarePlan", row.edition_id)],
        questionnaire=f"{canonical(f'Questionnaire/{QUESTIONNAIRE}')}|{VERSION}",
        status=_status(row, row.corrected_at, superseded="entered-in-error", new="amended"),
        subject=of(row),
        authored=instant(row.done_at, zone),
        author=writer(row),
        source=of(row),
        item=[_group(entry) for entry in row.entries.all()],
    )


def _group(entry: Any) -> Json:
    line = entry.prescribed_exercise
    own_words = line.exercise_edition
    items = [
        _item(
            "exercise",
            own("exercise", own_words.exercise.code, own_words.name)
        ),
        _item("outcome", own("outcome", entry.outcome, str(Outcome(entry.outcome).label))),
        _item("why-not", own("why-not", entry.why_not, str(WhyNot(entry.why_not).label)))
        if entry.why_not
        else None,
        {"linkId": "repetitions", "answer": [{"valueInteger": entry.repetitions}]}
        if entry.repetitions is not None
        else None,
        *(_pain_item(entry, moment) for moment in Moment),
        *(_places_item(entry, name) for name in MARKED),
        _item("feel", own("feel", entry.feel, Feel(entry.feel).label)) if entry.feel else None,
        _item("ease", own("ease", entry.ease, Ease(entry.ease).label)) if entry.ease else None,
        {"linkId": "comment", "answer": [{"valueString": entry.comment}]}
        if entry.comment
        else None,
    ]  # fmt: skip
    return {
        "linkId": "of-exercise",
        "text": line.name,
        "item": [item for item in items if item],
    }


def _item(link: str, answer: Json) -> Json:
    return {"linkId": link, "answer": [{"valueCoding": answer}]}


def _pain_item(entry: SessionEntry, moment: Moment) -> Json | None:
    """Not there when it was not asked; without an answer, and saying so, when it was skipped."""
    link, score = f"pain-{moment.value}", entry.pain(moment)
    if score is not None:
        return {"linkId": link, "answer": [{"valueInteger": score}]}
    if moment.value not in entry.pain_skipped:
        return None
    return {"linkId": link, "extension": [{"url": ABSENT, "valueCode": SKIPPED[0]}]}


def _places_item(entry: SessionEntry, name: str) -> Json | None:
    marked = getattr(entry, name)
    if not marked:
        return None
    codings = [place(code)["coding"][0] for code in marked]
    return {
        "linkId": name.replace("_", "-"),
        "answer": [{"valueCoding": coding} for coding in codings],
    }
