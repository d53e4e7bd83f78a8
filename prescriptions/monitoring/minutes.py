"""Time of staff, counted once. Plain Python: no database, request or clock.

Time is counted by the calendar of the clinic, in which staff work and months are closed; days with
data are counted by the patient's. All arithmetic is in UTC, so that a night with a change of clock
is as long as it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from prescriptions.monitoring.days import ONE_DAY, Missing
from prescriptions.monitoring.rules import Rules


class Span(NamedTuple):
    """From a moment up to and without another; aware."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Stretch:
    """An entry of time that stands: who, as what, from when until when, for which record."""

    key: int
    person: int
    credential: str
    begin: datetime
    end: datetime


def month_of(day: date, zone: ZoneInfo) -> Span:
    """The calendar month of the day, there."""
    first = day.replace(day=1)
    return Span(_midnight(first, zone), _midnight(_next_month(first), zone))


def last_day(day: date) -> date:
    """The last day of the day's month."""
    return _next_month(day.replace(day=1)) - ONE_DAY


def seconds(span: Span) -> int:
    """Whole seconds, as long as it really was."""
    return int((span.end.astimezone(UTC) - span.begin.astimezone(UTC)).total_seconds())


def counted(stretches: Iterable[Stretch], *, within: Span) -> dict[int, Span]:
    """The part of each entry that counts, by its key: no moment of one person counts twice.

    A moment in two entries of the same person belongs to the one that began first, whichever
    patient that is for; of two that began together, to the one written first. An entry of which
    nothing counts has no part.
    """
    by_person: dict[int, list[Stretch]] = defaultdict(list)
    for one in stretches:
        by_person[one.person].append(one)
    found = {}
    for theirs in by_person.values():
        reached = within.begin.astimezone(UTC)
        for one in sorted(theirs, key=lambda one: (one.begin, one.key)):
            begin = max(one.begin.astimezone(UTC), reached)
            end = min(one.end, within.end).astimezone(UTC)
            if begin < end:
                found[one.key] = Span(begin, end)
                reached = end
    return found


def seconds_of(parts: Mapping[int, Span], keys: Iterable[int]) -> int:
    return sum(seconds(parts[key]) for key in keys if key in parts)


def at_once(spans: Iterable[Span]) -> int:
    """Seconds that lie in two of these or more: two people who worked at the same time."""
    moments = sorted(moment for span in spans for moment in ((span.begin, 1), (span.end, -1)))
    total = working = 0
    for (moment, step), (following, _) in pairwise(moments):
        working += step
        if working > 1:
            total += seconds(Span(moment, following))
    return total


def cut_off(*, active_at: datetime, now: datetime, idle: timedelta) -> tuple[datetime, bool]:
    """When a running timer ends if it is stopped now, and whether the idle cut-off ended it.

    Once nobody has shown a sign of work for longer than `idle`, the time since the last sign does
    not count: who did work on types it in, with their name to it.
    """
    return (active_at, True) if now - active_at > idle else (now, False)


def missing_minutes(rules: Rules, minutes: int, *, day: date) -> Missing:
    """What is missing for the next band, by the end of the day's month."""
    band = rules.next_minutes(minutes)
    return Missing(band, band.least - minutes, last_day(day))


def in_words(number: int) -> str:
    """A number of seconds: 12 min 30 s, or 12 min."""
    minutes, rest = divmod(number, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
