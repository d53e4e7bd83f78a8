"""What a chart tells: answers by day, sessions by day, and what happened meanwhile."""

from collections.abc import Callable, Mapping
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
