"""Days with data and 30-day windows. Plain Python: no database, request or clock.

A day counts when it has at least one session log that stands and that the patient sent: from the
portal, or from a phone on which it had waited. What staff wrote down of a session in the clinic
does not, even when the patient corrected it since. The day is the date that the patient's own
calendar showed when the session was done, as stored with the log; a log that came late counts on
that day, and its time of receipt is shown. A log that says "not done" is data too.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from prescriptions.monitoring.rules import Band, Rules, RulesOn

ONE_DAY = timedelta(days=1)


class Came(StrEnum):
    """How a session log reached the clinic."""

    PORTAL = "portal"
    PHONE = "phone"
    CLINIC = "clinic"


CAME_WORDS = {
    Came.PORTAL: "sent from the portal",
    Came.PHONE: "sent by the phone, where it had waited",
    Came.CLINIC: "written down in the clinic by staff",
}


@dataclass(frozen=True)
class Log:
    """One row of the session logs. A correction carries the key of what it stands for."""

    key: int
    day: date
    done_at: datetime
    received_at: datetime
    came: Came
    corrects: int | None = None
    is_withdrawal: bool = False
    is_time_unsure: bool = False
    by: str = ""  # who of the staff wrote it down


@dataclass(frozen=True)
class Told:
    """One session with all that was said of it: the first log, then its corrections in order."""

    said: tuple[Log, ...]

    @property
    def first(self) -> Log:
        return self.said[0]

    @property
    def stands(self) -> Log:
        return self.said[-1]

    @property
    def day(self) -> date:
        return self.stands.day

    @property
    def is_withdrawn(self) -> bool:
        return self.stands.is_withdrawal

    @property
    def counts(self) -> bool:
        """Whether it makes its day a day with data."""
        return not self.is_withdrawn and self.first.came is not Came.CLINIC


@dataclass(frozen=True)
class DataDay:
    """A day with data, and the logs that make it one, by when they were done."""

    day: date
    sessions: tuple[Told, ...]


@dataclass(frozen=True)
class Window:
    """So many days in a row, both ends included, under the rules of its first day."""

    number: int  # from 1, in its series
    first: date
    last: date
    rules: Rules
    is_cut_short: bool = False  # by the first day of another series

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Missing:
    """What a window or a month lacks for the next band, and until when that can come.

    `left` is how many more there can be at most; None where nothing limits it.
    """

    band: Band
    number: int
    until: date
    left: int | None = None

    @property
    def can_be_reached(self) -> bool:
        return self.left is None or self.number <= self.left


def sessions(logs: Iterable[Log]) -> list[Told]:
    """Logs with their corrections, by when they were done."""
    by_key = {log.key: log for log in logs}
    after = {log.corrects: log for log in by_key.values() if log.corrects is not None}
    told = []
    for log in by_key.values():
        if log.corrects is None or log.corrects not in by_key:
            said = [log]
            while said[-1].key in after:
                said.append(after[said[-1].key])
            told.append(Told(tuple(said)))
    return sorted(told, key=lambda one: (one.first.done_at, one.first.key))


def data_days(told: Iterable[Told]) -> list[DataDay]:
    """Each day with data once, in order."""
    by_day: dict[date, list[Told]] = defaultdict(list)
    for one in told:
        if one.counts:
            by_day[one.day].append(one)
    return [DataDay(day, tuple(by_day[day])) for day in sorted(by_day)]


def windows(starts: Sequence[date], *, until: date, rules_on: RulesOn) -> list[Window]:
    """Every window that has begun by `until`, one after the other from each fixed first day.

    A later first day begins a new series and cuts the window it falls into short. Where a window
    would begin in a year without rules, its series ends: nothing is guessed.
    """
    found: list[Window] = []
    firsts = sorted(set(starts))
    for place, start in enumerate(firsts):
        ends = firsts[place + 1] if place + 1 < len(firsts) else date.max
        number, first = 1, start
        while first <= until and first < ends and (rules := rules_on(first)):
            whole = first + timedelta(days=rules.window_days - 1)
            last = min(whole, ends - ONE_DAY)
            found.append(Window(number, first, last, rules, is_cut_short=last < whole))
            number, first = number + 1, whole + ONE_DAY
    return found


def in_window(window: Window, days: Iterable[DataDay]) -> list[DataDay]:
    return [one for one in days if window.holds(one.day)]


def missing_days(window: Window, days: Iterable[DataDay], *, today: date) -> Missing | None:
    """What is missing for the next band; None in the last one.

    Days still to come count as possible, and today unless it has data already.
    """
    having = {one.day for one in in_window(window, days)}
    band = window.rules.next_days(len(having))
    if band is None:
        return None
    from_day = max(window.first, today)
    to_come = max(0, (window.last - from_day).days + 1)
    to_come -= sum(day >= from_day for day in having)
    return Missing(band, band.least - len(having), window.last, to_come)
