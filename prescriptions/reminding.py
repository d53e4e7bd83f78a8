"""When a patient is reminded. The wall clock of their own time zone decides, never a count of
hours: 09:00 stays 09:00 over a change of clock, a time that a change leaves out goes at the next
minute there is, and one that comes twice goes once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

# A reminder that is later than this helps nobody: it is kept as missed.
SENSIBLE_FOR = timedelta(hours=2)
MOST_TRIES = 5
# How long to wait after the first try, the second, and so on.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))
DAY = timedelta(days=1)


class Kind(StrEnum):
    """The one at the chosen time, or the second when nothing was logged after it."""

    FIRST = "first"
    AGAIN = "again"


@dataclass(frozen=True)
class Choice:
    """What a patient chose; weekdays as ISO numbers, Monday is 1."""

    times: tuple[time, ...]
    weekdays: tuple[int, ...]
    quiet_from: time | None = None
    quiet_until: time | None = None
    again_after: timedelta | None = None
    # The day on which reminders begin again.
    paused_until: date | None = None

    def is_for(self, day: date) -> bool:
        is_paused = self.paused_until is not None and day < self.paused_until
        return day.isoweekday() in self.weekdays and not is_paused

    def has(self, kind: Kind, day: date, wall: time) -> bool:
        """Whether a reminder that was due is still chosen."""
        is_of_a_time = wall in self.times and self.is_for(day)
        return is_of_a_time and (kind is Kind.FIRST or self.again_after is not None)

    def is_quiet_at(self, wall: time) -> bool:
        """Whether nothing is sent when the clock shows this; quiet hours may go over midnight."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        if self.quiet_from < self.quiet_until:
            return self.quiet_from <= wall < self.quiet_until
        return wall >= self.quiet_from or wall < self.quiet_until


@dataclass(frozen=True)
class Due:
    """A moment (UTC) at which a reminder is due, for a time that was chosen for a local day."""

    at: datetime
    kind: Kind
    day: date
    time: time
    # When the first one was due: what was logged since then makes a second one needless.
    first_at: datetime


@dataclass(frozen=True)
class Standing:
    """How things stand with a patient on one local day."""

    is_in_force: bool
    # Something is planned for the day, and it is not paused.
    is_planned: bool
    has_open_flag: bool
    last_done_at: datetime | None = None

    def wants(self, kind: Kind, first_at: datetime) -> bool:
        """Whether there is anything to be reminded of."""
        if self.has_open_flag or not (self.is_in_force and self.is_planned):
            return False
        is_logged = self.last_done_at is not None and self.last_done_at >= first_at
        return kind is Kind.FIRST or not is_logged


def due_between(choice: Choice, zone: ZoneInfo, *, after: datetime, until: datetime) -> list[Due]:
    """What is due later than `after` and not later than `until` (aware), in order."""
    first, last = after.astimezone(zone).date(), until.astimezone(zone).date()
    # A change of clock at midnight can push a time of the day before over it.
    days = (first + DAY * number for number in range(-1, (last - first).days + 1))
    found = [due for day in days for due in _due_on(choice, zone, day) if after < due.at <= until]
    return sorted(found, key=lambda due: due.at)


def is_still_sensible(choice: Choice, zone: ZoneInfo, *, due_at: datetime, now: datetime) -> bool:
    """Whether a reminder that was due then may still go now, and not in quiet hours."""
    wall = now.astimezone(zone).time()
    return now - due_at <= SENSIBLE_FOR and not choice.is_quiet_at(wall)


def moment_of(day: date, wall: time, zone: ZoneInfo) -> datetime | None:
    """The first moment (UTC) of a local day at which the clock shows this time or a later one.

    None for a day that the zone has left out, as Samoa did with 30 December 2011.
    """
    if _first_moment(datetime.combine(day, time()), zone).astimezone(zone).date() != day:
        return None
    return _first_moment(datetime.combine(day, wall), zone)


def pause_after(tries: int) -> timedelta | None:
    """How long to wait after this many tries in vain; None when it was the last."""
    return PAUSES[tries - 1] if tries < MOST_TRIES else None


def _due_on(choice: Choice, zone: ZoneInfo, day: date) -> Iterator[Due]:
    if not choice.is_for(day):
        return
    walls = {moment_of(day, wall, zone): wall for wall in sorted(choice.times, reverse=True)}
    firsts = sorted((at, wall) for at, wall in walls.items() if at is not None)
    for number, (at, wall) in enumerate(firsts):
        if choice.is_quiet_at(at.astimezone(zone).time()):
            continue
        yield Due(at, Kind.FIRST, day, wall, at)
        if choice.again_after is None:
            continue
        again = at + choice.again_after
        local = again.astimezone(zone)
        is_overtaken = any(later <= again for later, _ in firsts[number + 1 :])
        is_next_day = local.date() != at.astimezone(zone).date()
        if not (is_overtaken or is_next_day or choice.is_quiet_at(local.time())):
            yield Due(again, Kind.AGAIN, day, wall, at)


def _first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) at which the zone's clock shows `wall` (naive) or later."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if _shown(moment, zone) == wall:
        return moment
    # The clock jumps over it: the moment of the jump lies between the two readings of the time.
    early, late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        early, late = (early, middle) if _shown(middle, zone) >= wall else (middle, late)
    return late.replace(microsecond=0)


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
