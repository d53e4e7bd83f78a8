"""When a measure is asked. Plain Python: the day is passed in.

A plan has occasions: days from which the measure is asked. An occasion stays open until it is
answered, skipped counts as answered, or until the next one; and never after the plan's last day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Schedule = Literal["once", "weeks", "review"]


@dataclass(frozen=True)
class Times:
    """A schedule: once; every so many weeks; or at the start and again at the review."""

    schedule: Schedule
    starts_on: date
    every_weeks: int | None = None
    review_on: date | None = None
    until: date | None = None


def occasion_on(times: Times, day: date) -> date | None:
    """The newest day, up to this one, from which the measure is asked; None before the first."""
    if day < times.starts_on:
        return None
    if times.schedule == "weeks" and times.every_weeks:
        period = timedelta(weeks=times.every_weeks)
        return times.starts_on + (day - times.starts_on) // period * period
    if times.schedule == "review" and times.review_on and day >= times.review_on:
        return times.review_on
    return times.starts_on


def is_due(times: Times, day: date, *, answered_on: Iterable[date]) -> bool:
    """Whether the patient is asked on this day; `answered_on` are days of answers to the plan."""
    if times.until is not None and day > times.until:
        return False
    occasion = occasion_on(times, day)
    return occasion is not None and not any(answered >= occasion for answered in answered_on)


def next_occasion(times: Times, day: date) -> date | None:
    """The first day after this one from which the measure is asked; None where there is no more."""
    coming: date | None = None
    if day < times.starts_on:
        coming = times.starts_on
    elif times.schedule == "weeks" and times.every_weeks:
        occasion = occasion_on(times, day)
        coming = occasion + timedelta(weeks=times.every_weeks) if occasion else None
    elif times.schedule == "review" and times.review_on and day < times.review_on:
        coming = times.review_on
    if coming is not None and times.until is not None and coming > times.until:
        return None
    return coming


def due_from(times: Times, day: date, *, answered_on: Iterable[date]) -> date | None:
    """From when on, seen on this day, something is or will be asked; None where nothing will be."""
    answered = list(answered_on)
    if is_due(times, day, answered_on=answered):
        return occasion_on(times, day)
    return next_occasion(times, day)
