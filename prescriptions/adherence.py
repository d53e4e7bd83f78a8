"""What was planned and what was done, by day. Plain Python: no database, request or clock."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Mark(StrEnum):
    """What one day of one exercise looks like."""

    DONE = "done"
    PART = "part"
    NO = "no"
    NOT_LOGGED = "not_logged"
    OPEN = "open"  # planned for today, and today is not over
    LEFT_OUT = "left_out"  # planned, and taken out of the plan
    NOT_PLANNED = "not_planned"


MARK_WORDS = {
    Mark.DONE: "done",
    Mark.PART: "partly done",
    Mark.NO: "not done",
    Mark.NOT_LOGGED: "not logged",
    Mark.OPEN: "still open",
    Mark.LEFT_OUT: "left out",
    Mark.NOT_PLANNED: "not planned",
}


class Why(StrEnum):
    """Why days are taken out of what was planned, the weightiest first."""

    AWAY = "away"
    UNWELL = "unwell"
    OTHER = "other"
    STOPPED = "stopped"
    PAUSED = "paused"


WHY_WORDS = {
    Why.AWAY: "away",
    Why.UNWELL: "unwell",
    Why.OTHER: "another reason",
    Why.STOPPED: "all stretches stopped for safety",
    Why.PAUSED: "a stretch was paused",
}


@dataclass(frozen=True)
class Line:
    """One exercise of one edition, as far as the plan goes."""

    key: tuple[int, str]  # which exercise, which side: the same line over several editions
    name: str
    times_per_day: int
    weekdays: frozenset[int]  # ISO: Monday is 1
    ways: frozenset[tuple[str, str]] = frozenset()  # region and direction of each of its loads


@dataclass(frozen=True)
class Plan:
    """An edition and the days it was valid: from its first day until the next one's, or the end."""

    lines: tuple[Line, ...]
    from_day: date
    until: date | None = None  # the first day it was no longer valid; None for still valid

    def holds_on(self, day: date) -> bool:
        return self.from_day <= day and (self.until is None or day < self.until)


@dataclass(frozen=True)
class Break:
    """Days taken out of the plan: of everything, of one exercise, or of one direction.

    A pause begins and ends at some hour. On those days what was logged was planned, no more.
    """

    why: Why
    first: date
    last: date = date.max
    exercise: int | None = None
    way: tuple[str, str] | None = None
    partly: frozenset[date] = frozenset()

    def takes(self, line: Line, day: date) -> bool:
        if not self.first <= day <= self.last:
            return False
        if self.exercise is not None:
            return line.key[0] == self.exercise
        return self.way is None or self.way in line.ways


@dataclass(frozen=True)
class Tally:
    """The sessions of one day: those of the plan, each counted once, and those beyond it."""

    done: int = 0
    part: int = 0
    refused: int = 0  # said that it was not done
    not_logged: int = 0
    open: int = 0  # planned for a day that is not over
    extra: int = 0  # done or partly done, and not planned

    @property
    def planned(self) -> int:
        return self.done + self.part + self.refused + self.not_logged + self.open

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{name: count + vars(other)[name] for name, count in vars(self).items()})


def tally(outcomes: Sequence[str], *, planned: int, is_open: bool) -> Tally:
    """One exercise on one day, from its outcomes ("done", "part", "no"); the best count first."""
    whole, part, refused = (outcomes.count(said) for said in ("done", "part", "no"))
    done = min(whole, planned)
    partly = min(part, planned - done)
    not_done = min(refused, planned - done - partly)
    left = planned - done - partly - not_done
    return Tally(
        done=done,
        part=partly,
        refused=not_done,
        not_logged=0 if is_open else left,
        open=left if is_open else 0,
        extra=whole + part - done - partly,
    )


@dataclass(frozen=True)
class Cell:
    day: date
    mark: Mark
    tally: Tally = Tally()
    left_out: Why | None = None  # why planned sessions of the day do not count

    @property
    def done(self) -> int:
        """Sessions logged as done or partly done."""
        return self.tally.done + self.tally.part + self.tally.extra

    @property
    def planned(self) -> int:
        """Sessions planned, without those that were left out."""
        return self.tally.planned

    @property
    def style(self) -> str:
        """The class of its sign: done, part, no, or none where nothing was logged."""
        return self.mark.value if self.mark in (Mark.DONE, Mark.PART, Mark.NO) else "none"

    @property
    def words(self) -> str:
        """What a screen reader says, for example: 3 Nov, partly done, 1 of 2."""
        counted = f", {self.done} of {self.planned}" if self.planned > 1 else ""
        why = f": {WHY_WORDS[self.left_out]}" if self.left_out else ""
        if why and self.mark is not Mark.LEFT_OUT:
            why = f", left out{why}"
        return f"{self.day:%-d %b}, {MARK_WORDS[self.mark]}{counted}{why}"


@dataclass(frozen=True)
class Row:
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Count:
    """Sessions over some days: how many were planned, how many of those were logged.

    `in_part` of the logged ones were done in part. `left_out` tells on how many days planned
    sessions were taken out of the plan, and why.
    """

    logged: int
    planned: int
    in_part: int = 0
    left_out: tuple[tuple[Why, int], ...] = ()

    @property
    def words(self) -> str:
        """For example: logged 9 of 14 planned, 2 of them in part."""
        told = f"logged {self.logged} of {self.planned} planned"
        if not self.in_part:
            return told
        return f"{told}, {self.in_part} of them in part"

    @property
    def left_out_words(self) -> str:
        """For example: 3 days left out: away; empty where nothing was."""
        return ". ".join(
            f"{number} day{'' if number == 1 else 's'} left out: {WHY_WORDS[why]}"
            for why, number in self.left_out
        )

    @property
    def has_anything(self) -> bool:
        return bool(self.planned or self.left_out)


def session_in_words(outcomes: Sequence[str]) -> str:
    """One session in a few words, from the outcome of each exercise: all done, 2 of 3 done."""
    done = outcomes.count("done")
    if done == len(outcomes):
        return "all done"
    if done:
        return f"{done} of {len(outcomes)} done"
    return "part done" if "part" in outcomes else "not done"


def days_until(last: date, number: int) -> list[date]:
    """The `number` days that end with `last`, oldest first."""
    return [last - timedelta(days=back) for back in range(number - 1, -1, -1)]


def cell(
    day: date,
    *,
    today: date,
    planned: int,
    outcomes: Sequence[str],
    breaks: Sequence[Break] = (),
) -> Cell:
    """Weigh the day's outcomes ("done", "part", "no") against the sessions planned for it.

    `breaks` are those that take this exercise out on this day.
    """
    taken = next((one for one in breaks if day not in one.partly), None)
    asked = 0 if taken else min(planned, len(outcomes)) if breaks else planned
    counted = tally(outcomes, planned=asked, is_open=day >= today)
    whole, part = outcomes.count("done"), outcomes.count("part")
    left_out = (taken or breaks[0]).why if asked < planned else None
    if whole and whole >= asked:
        mark = Mark.DONE
    elif outcomes:
        mark = Mark.PART if whole or part else Mark.NO
    elif left_out:
        mark = Mark.LEFT_OUT
    elif not planned:
        mark = Mark.NOT_PLANNED
    else:
        mark = Mark.OPEN if day >= today else Mark.NOT_LOGGED
    return Cell(day, mark, counted, left_out)


def names_of(days: Sequence[date], plans: Sequence[Plan]) -> dict[tuple[int, str], str]:
    """The exercises planned on one of the days, in the order of the newest plan."""
    names: dict[tuple[int, str], str] = {}
    for plan in reversed(plans):
        if any(plan.holds_on(day) for day in days):
            for line in plan.lines:
                names.setdefault(line.key, line.name)
    return names


def grid(
    days: Sequence[date],
    *,
    today: date,
    plans: Sequence[Plan],
    outcomes: Mapping[tuple[tuple[int, str], date], Sequence[str]],
    breaks: Sequence[Break],
    names: Mapping[tuple[int, str], str] | None = None,
) -> list[Row]:
    """One row for each exercise, `names` or else those that were planned on one of the days.

    Planned is what the edition valid that day asked for, without what `breaks` take out of it.
    """
    return [
        Row(
            name,
            tuple(
                _cell_of(key, day, today, plans, outcomes.get((key, day), ()), breaks)
                for day in days
            ),
        )
        for key, name in (names_of(days, plans) if names is None else names).items()
    ]


def _cell_of(
    key: tuple[int, str],
    day: date,
    today: date,
    plans: Sequence[Plan],
    outcomes: Sequence[str],
    breaks: Sequence[Break],
) -> Cell:
    lines = lines_on(day, plans, key)
    return cell(
        day,
        today=today,
        planned=sum(line.times_per_day for line in lines),
        outcomes=outcomes,
        breaks=[one for one in breaks if any(one.takes(line, day) for line in lines)],
    )


def lines_on(day: date, plans: Iterable[Plan], key: tuple[int, str]) -> list[Line]:
    """What the edition valid on the day says of this exercise, where it is planned for the day."""
    return [
        line
        for plan in plans
        if plan.holds_on(day)
        for line in plan.lines
        if line.key == key and day.isoweekday() in line.weekdays
    ]


def planned_on(day: date, plans: Iterable[Plan], key: tuple[int, str]) -> int:
    """How many sessions of this exercise the edition valid on the day asked for."""
    return sum(line.times_per_day for line in lines_on(day, plans, key))


def total(rows: Iterable[Row]) -> Count:
    """Over all rows; more than was planned on a day counts as planned, what is open not at all."""
    cells = [cell for row in rows for cell in row.cells]
    tallied = sum((cell.tally for cell in cells), Tally())
    days = {(cell.left_out, cell.day) for cell in cells if cell.left_out}
    number = Counter(why for why, _ in days)
    return Count(
        logged=tallied.done + tallied.part,
        planned=tallied.planned - tallied.open,
        in_part=tallied.part,
        left_out=tuple((why, number[why]) for why in Why if number[why]),
    )
