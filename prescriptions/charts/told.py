"""What a chart tells: answers by day, sessions by day, and what happened meanwhile."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class MarkKind(StrEnum):
    """What is marked on the time axis, and the word beside its sign."""

    EDITION = "edition"
    TEST = "test"
    ALERT = "alert"

    @property
    def word(self) -> str:
        return MARK_KIND_WORDS[self]


MARK_KIND_WORDS = {
    MarkKind.EDITION: "New edition",
    MarkKind.TEST: "Direction test",
    MarkKind.ALERT: "Alert",
}


@dataclass(frozen=True)
class Mark:
    """Something that happened on a day and may explain what follows it."""

    kind: MarkKind
    day: date
    words: str


@dataclass(frozen=True)
class Said:
    """The answers of one day in their order; None for one that was skipped."""

    answers: tuple[int | None, ...]

    @property
    def worst(self) -> int | None:
        """The highest answer; None when nothing was answered."""
        return max((answer for answer in self.answers if answer is not None), default=None)

    @property
    def was_skipped(self) -> bool:
        return bool(self.answers) and self.worst is None

    def in_words(self, word: Callable[[int], str]) -> str:
        return ", ".join("skipped" if answer is None else word(answer) for answer in self.answers)


@dataclass(frozen=True)
class Series:
    """One line of answers; `sign` is the shape of its points: ring or dot."""

    name: str
    sign: str
    said: Mapping[date, Said]
    is_joined: bool = True  # points of days that follow each other are joined


@dataclass(frozen=True)
class Lane:
    """Series over one scale; two series are joined day by day, from the first to the second."""

    title: str
    series: tuple[Series, ...]
    most: int
    step: float
    labels: Mapping[int, str]
    word: Callable[[int], str] = str
    most_word: str = "highest"


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
