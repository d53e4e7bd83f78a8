"""What was planned and what was done, by day. Plain Python: no database, request or clock."""

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
    NOT_PLANNED = "not_planned"


MARK_WORDS = {
    Mark.DONE: "done",
    Mark.PART: "partly done",
    Mark.NO: "not done",
    Mark.NOT_LOGGED: "not logged",
    Mark.OPEN: "still open",
    Mark.NOT_PLANNED: "not planned",
}


@dataclass(frozen=True)
class Line:
    """One exercise of one edition, as far as the plan goes."""

    key: tuple[int, str]  # which exercise, which side: the same line over several editions
    name: str
    times_per_day: int
    weekdays: frozenset[int]  # ISO: Monday is 1


@dataclass(frozen=True)
class Plan:
    """An edition and the days it was valid: from its first day until the next one's, or the end."""

    lines: tuple[Line, ...]
    from_day: date
    until: date | None = None  # the first day it was no longer valid; None for still valid

    def holds_on(self, day: date) -> bool:
        return self.from_day <= day and (self.until is None or day < self.until)


@dataclass(frozen=True)
class Cell:
    day: date
    mark: Mark
    done: int  # sessions logged as done or partly done
    planned: int

    @property
    def style(self) -> str:
        """The class of its sign: done, part, no, or none where nothing was logged."""
        return self.mark.value if self.mark in (Mark.DONE, Mark.PART, Mark.NO) else "none"

    @property
    def words(self) -> str:
        """What a screen reader says, for example: 3 Nov, partly done, 1 of 2."""
        counted = f", {self.done} of {self.planned}" if self.planned > 1 else ""
        return f"{self.day:%-d %b}, {MARK_WORDS[self.mark]}{counted}"


@dataclass(frozen=True)
class Row:
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Count:
    """Sessions over some days: how many were planned, and how many of those were logged."""

    logged: int
    planned: int


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


def cell(day: date, *, today: date, planned: int, outcomes: Sequence[str]) -> Cell:
    """Weigh the day's outcomes ("done", "part", "no") against the sessions planned for it."""
    whole, part = outcomes.count("done"), outcomes.count("part")
    if whole and whole >= planned:
        mark = Mark.DONE
    elif outcomes:
        mark = Mark.PART if whole or part else Mark.NO
    elif not planned:
        mark = Mark.NOT_PLANNED
    else:
        mark = Mark.OPEN if day >= today else Mark.NOT_LOGGED
    return Cell(day, mark, whole + part, planned)


def grid(
    days: Sequence[date],
    *,
    today: date,
    plans: Sequence[Plan],
    outcomes: Mapping[tuple[tuple[int, str], date], Sequence[str]],
) -> list[Row]:
    """One row for each exercise planned on one of the days, in the order of the newest plan."""
    names: dict[tuple[int, str], str] = {}
    for plan in reversed(plans):
        if any(plan.holds_on(day) for day in days):
            for line in plan.lines:
                names.setdefault(line.key, line.name)
    return [
        Row(
            name,
            tuple(
                cell(
                    day,
                    today=today,
                    planned=planned_on(day, plans, key),
                    outcomes=outcomes.get((key, day), ()),
                )
                for day in days
            ),
        )
        for key, name in names.items()
    ]


def planned_on(day: date, plans: Iterable[Plan], key: tuple[int, str]) -> int:
    """How many sessions of this exercise the edition valid on the day asked for."""
    return sum(
        line.times_per_day
        for plan in plans
        if plan.holds_on(day)
        for line in plan.lines
        if line.key == key and day.isoweekday() in line.weekdays
    )


def total(rows: Iterable[Row]) -> Count:
    """Over all rows; more than was planned on a day counts as planned, open days do not count."""
    cells = [cell for row in rows for cell in row.cells if cell.mark is not Mark.OPEN]
    return Count(
        logged=sum(min(cell.done, cell.planned) for cell in cells),
        planned=sum(cell.planned for cell in cells),
    )
