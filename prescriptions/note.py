"""Plain text for the clinic's record system: a programme, or how a period went.

It describes, does not diagnose and names no patient.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from django.utils import timezone

from exercises.vocabulary import Side
from prescriptions.change_in_pain import SOURCE
from prescriptions.kept import Kept, KeptLine
from prescriptions.models import Override, PrescriptionEdition
from prescriptions.review import Review, in_words

INDENT = "   "


def note(edition: PrescriptionEdition, kept: Sequence[KeptLine]) -> str:
    """Dates, therapist, each exercise as prescribed, and each finding gone on despite, with why."""
    parts = [
        "\n".join(_head(edition)),
        *("\n".join(_line(number, one)) for number, one in enumerate(kept, start=1)),
        *(
            f"{title}: {text}"
            for title, text in (
                ("To avoid", edition.avoid),
                ("If it gets worse", edition.if_worse),
            )
            if text
        ),
    ]
    return "\n\n".join(parts) + "\n"


def progress_note(review: Review) -> str:
    """What was logged in a period, in the order subjective, objective, plan."""
    parts = [
        [f"Home exercise programme, {review.period}"],
        ["SUBJECTIVE", *_subjective(review)],
        ["OBJECTIVE", *_objective(review)],
        ["PLAN", *_plan(review)],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _subjective(review: Review) -> Iterator[str]:
    told = review.progress
    yield "Pain, 0 to 10, average of the first days against the last days with an answer:"
    if told.overall:
        yield from (f"- {one.moment.value}: {in_words(one)}" for one in told.overall)
        yield f"  {SOURCE}"
    else:
        yield "- was not asked"
    if told.hurting:
        yield "Pain during or after, by exercise:"
        yield from (f"- {one.name}: {one.words}" for one in told.hurting)
    for chart in told.zones:
        yield f"How far from the spine, {chart.title.lower()}: {chart.summary}"
    if told.ease:
        yield f"Range against the last time: {told.ease.summary}"
    if review.remarks:
        newest = ", the newest" if review.more_remarks else ""
        yield f"In the patient's words{newest}:"
        yield from (f'- {_day(one.day)}, {one.exercise}: "{one.text}"' for one in review.remarks)


def _objective(review: Review) -> Iterator[str]:
    told = review.progress
    yield told.done.summary
    yield from (f"- {one.name}: {one.count.words}" for one in told.counts)
    for title, marks in (("Direction tests", review.tests), ("Alerts", review.alerts)):
        if marks:
            yield f"{title}:"
            yield from (f"- {_day(mark.day)}: {mark.words}" for mark in marks)


def _plan(review: Review) -> Iterator[str]:
    if review.edition is None:
        yield "No programme is in force."
        return
    yield f"Home exercise programme, {review.since}"
    yield from (f"{number}. {line}" for number, line in enumerate(review.lines, start=1))
    if review.has_red_flag:
        yield "A red flag is open: no stretch is shown to the patient."
    if review.paused:
        yield f"Paused: {'; '.join(review.paused)}"
    if review.edition.avoid:
        yield f"To avoid: {review.edition.avoid}"
    if review.edition.if_worse:
        yield f"If it gets worse: {review.edition.if_worse}"


def _head(edition: PrescriptionEdition) -> Iterator[str]:
    yield f"Home exercise programme, edition {edition.number}"
    if edition.published_at:
        yield f"Published: {_day(timezone.localdate(edition.published_at))}"
    yield f"Therapist: {edition.published_by_name}"
    review = f", review on {_day(edition.review_on)}" if edition.review_on else ""
    yield f"From: {_day(edition.starts_on)}{review}"
    if edition.reason:
        yield f"What changed and why: {edition.reason}"


def _line(number: int, one: KeptLine) -> Iterator[str]:
    line, text = one.line, one.line.exercise_edition
    yield f"{number}. {text.name}"
    if line.side != Side.NONE:
        yield f"{INDENT}Side: {Side(line.side).label.lower()}"
    yield f"{INDENT}Dosage: {line.dosage}, {line.days_in_words}"
    if text.primary_load:
        yield f"{INDENT}Direction: {text.primary_load}"
    yield f"{INDENT}Direction note: {line.direction_note}"
    for found in one.kept:
        if found.override:
            yield f"{INDENT}{_overridden(found, found.override)}"


def _overridden(found: Kept, override: Override) -> str:
    written = "; ".join(f"{name}: {value}" if value else name for name, value in found.written)
    by = f"{override.by}, {_day(timezone.localdate(override.at))}"
    return (
        f"Finding {found.finding.rule} ({found.severity}): {found.finding.message}"
        f" Prescribed despite it. {written}. Written down by {by}."
    )


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"
