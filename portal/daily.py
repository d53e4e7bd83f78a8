"""Gathers the page Today: the stretches of the day, the week, and how it goes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from patients.models import Patient
from portal.today import DAYS, Progress, Turn, WeekDay, progress, turn, week
from prescriptions.absences import breaks_of
from prescriptions.adherence import days_until, grid, total
from prescriptions.models import (
    Moment,
    PrescriptionEdition,
    SessionEntry,
)
from prescriptions.telling import Key, key_of, plans


@dataclass(frozen=True)
class Today:
    """What the page shows of a programme; `logged` counts the sessions of the day."""

    day: date
    edition: PrescriptionEdition | None
    logged: int
    turns: Mapping[int, Turn]  # by line
    week: Sequence[WeekDay]
    progress: Progress


def today_of(patient: Patient, day: date) -> Today:
    """The patient's day and the six before it, in three queries and those of the texts."""
    days = days_until(day, DAYS)
    editions = list(
        PrescriptionEdition.objects.of_patient(patient).valid_between(days[0], day).with_texts()
    )
    entries = list(SessionEntry.objects.of_patient(patient).of_days(days[0], day).oldest_first())
    said = _outcomes(entries)
    breaks = breaks_of(patient, days[0], day)
    rows = grid(days, today=day, plans=plans(editions), outcomes=said, breaks=breaks)
    edition = in_force(editions, day)
    return Today(
        day=day,
        edition=edition,
        logged=len({entry.log_id for entry in entries if entry.log.local_date == day}),
        turns={
            line.pk: turn(day, planned=line.times_per_day, outcomes=said[key_of(line), day])
            for line in (edition.planned_on(day) if edition else ())
        },
        week=week(days, rows),
        progress=progress(
            total(rows),
            pains_after(entries),
            change_that_counts=patient.clinic.thresholds.change_that_counts,
        ),
    )


def in_force(editions: Sequence[PrescriptionEdition], day: date) -> PrescriptionEdition | None:
    """Of published editions the newest that has begun, where its course goes on."""
    begun = [edition for edition in editions if edition.is_in_force_on(day)]
    return max(begun, key=lambda edition: edition.number, default=None)


def pains_after(entries: Sequence[SessionEntry]) -> list[int]:
    """The worst pain after each session, in the order of the entries; silence is left out."""
    worst: dict[int, int] = {}
    for entry in entries:
        pain = entry.pain(Moment.AFTER)
        if pain is not None:
            worst[entry.log_id] = max(pain, worst.get(entry.log_id, pain))
    return list(worst.values())


def _outcomes(entries: Sequence[SessionEntry]) -> dict[tuple[Key, date], list[str]]:
    """What was said of each exercise on each day."""
    said: dict[tuple[Key, date], list[str]] = defaultdict(list)
    for entry in entries:
        said[key_of(entry.prescribed_exercise), entry.log.local_date].append(entry.outcome)
    return said
