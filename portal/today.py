"""What a patient's day and week come to: what is now, what is done, how it goes. Plain Python.

The counting is that of `prescriptions.adherence`, so that patient and therapist read the same
numbers. A day on which nothing was logged is neutral: nobody knows why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from prescriptions.adherence import Cell, Count, Mark, Row, cell

DAYS = 7
# Fewer answers than this say nothing of a change.
FEWEST_ANSWERS = 3
MOST_ANSWERS_SAID = 5


class State(StrEnum):
    """Where a stretch of today stands."""

    NOW = "now"
    LATER = "later"  # once more today; the hour is the patient's own
    DONE = "done"
    PART = "part"  # logged as often as planned, not all of it done
    NO = "no"  # logged as not done, as often as planned


@dataclass(frozen=True)
class Turn:
    """A stretch of today: its state, and how often of what was planned it was done."""

    state: State
    done: int
    planned: int

    @property
    def is_over(self) -> bool:
        """Whether nothing more is asked today, however it went."""
        return self.state not in (State.NOW, State.LATER)


class Way(StrEnum):
    """Which way pain after a session went over the week."""

    TOO_LITTLE = "too_little"  # to say anything at all
    NOT_SAID = "not_said"  # too few answers; what was done is said
    LESS = "less"
    SAME = "same"
    MORE = "more"


@dataclass(frozen=True)
class Progress:
    """What may be said in one sentence; `pains` are the newest answers (0–10), the oldest first."""

    way: Way
    count: Count
    pains: tuple[int, ...] = ()


@dataclass(frozen=True)
class WeekDay:
    """One of the last seven days, over all stretches."""

    day: date
    mark: Mark

    @property
    def style(self) -> str:
        """The class of its sign; what was not done and what was not logged look alike."""
        return self.mark.value if self.mark in (Mark.DONE, Mark.PART) else "none"


def turn(day: date, *, planned: int, outcomes: Sequence[str]) -> Turn:
    """Where a stretch stands after the day's outcomes ("done", "part", "no"), `planned` a day."""
    counted = cell(day, today=day, planned=planned, outcomes=outcomes)
    if not outcomes:
        state = State.NOW
    elif len(outcomes) < planned:
        state = State.LATER
    else:
        state = _OVER[counted.mark]
    return Turn(state, counted.done, planned)


def day_state(turns: Sequence[Turn]) -> str:
    """What the day asks: "now", else "later", else "over"; empty where nothing may be done."""
    states = {turn.state for turn in turns}
    if not states:
        return ""
    return next((state.value for state in (State.NOW, State.LATER) if state in states), "over")


def week(days: Sequence[date], rows: Sequence[Row]) -> list[WeekDay]:
    """The days one by one; each row of the grid has a cell for each of them, in their order."""
    return [
        WeekDay(day, day_mark([row.cells[place] for row in rows])) for place, day in enumerate(days)
    ]


def day_mark(cells: Sequence[Cell]) -> Mark:
    """One mark for all stretches of a day: done when all are, part when something is."""
    marks = {cell.mark for cell in cells} - {Mark.NOT_PLANNED, Mark.LEFT_OUT}
    if not marks:
        return Mark.NOT_PLANNED
    if marks == {Mark.DONE}:
        return Mark.DONE
    if any(cell.done for cell in cells):
        return Mark.PART
    return next(mark for mark in (Mark.OPEN, Mark.NO, Mark.NOT_LOGGED) if mark in marks)


def progress(count: Count, pains: Sequence[int], *, change_that_counts: int) -> Progress:
    """What the week's own logs say: how much was done, and pain after each session.

    `pains` are the worst pain after each session that answered, the oldest first. The last is
    weighed against the first by `change_that_counts` points, the clinic's own number.
    """
    if len(pains) < FEWEST_ANSWERS:
        return Progress(Way.NOT_SAID if count.logged else Way.TOO_LITTLE, count)
    said = tuple(pains[-MOST_ANSWERS_SAID:])
    change = said[-1] - said[0]
    way = Way.SAME
    if abs(change) >= change_that_counts:
        way = Way.MORE if change > 0 else Way.LESS
    return Progress(way, count, said)


_OVER = {Mark.DONE: State.DONE, Mark.PART: State.PART, Mark.NO: State.NO}
