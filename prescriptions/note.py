"""A programme as plain text, for the clinic's record system. It describes and does not diagnose."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.utils import timezone

from exercises.vocabulary import Side
from prescriptions.kept import Kept, KeptLine
from prescriptions.models import Override, PrescriptionEdition

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
