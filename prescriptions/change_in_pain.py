"""Has pain changed by as much as counts? First days against last days. Plain Python.

How much counts is not ours. Less pain: it grows with the starting pain, 1 point at 1-4, 2 at 5-7,
3 to 4 at 8-10 [THIEME]. More pain: 2 points, the smallest change beyond measurement error in
people with back pain [CHILDS]. The published limits for less pain say nothing of a start at 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

DAYS_COMPARED = 7
# Fewer days with an answer on either side say nothing of a change.
FEWEST_DAYS = 3
MORE_THAT_COUNTS = 2
SOURCE = (
    "Less pain counts from 1 point at a starting pain of 1–4, 2 points at 5–7 and 3 to 4 points"
    " at 8–10 (Thieme); more pain counts from 2 points, the smallest change beyond measurement"
    " error (Childs)."
)


class Verdict(StrEnum):
    """What may be said of a change."""

    TOO_FEW = "too_few"
    LESS = "less"
    PERHAPS_LESS = "perhaps_less"  # within the band of 3 to 4 points
    SAME = "same"
    MORE = "more"


VERDICT_WORDS = {
    Verdict.TOO_FEW: "too few answers",
    Verdict.LESS: "less, by as much as counts",
    Verdict.PERHAPS_LESS: "less; the published limit is 3 to 4 points",
    Verdict.SAME: "no change that counts",
    Verdict.MORE: "more, by as much as counts",
}


@dataclass(frozen=True)
class Window:
    """Some days with an answer: the average of all their answers, 0–10."""

    first: date
    last: date
    days: int
    answers: int
    total: int

    @property
    def average(self) -> Fraction:
        return Fraction(self.total, self.answers)

    @property
    def words(self) -> str:
        """For example: 4.5 (9 answers on 7 days, 2 May to 9 May)."""
        span = f"{self.first:%-d %b}"
        if self.last != self.first:
            span += f" to {self.last:%-d %b}"
        return (
            f"{one_decimal(self.average)} ({_several(self.answers, 'answer')}"
            f" on {_several(self.days, 'day')}, {span})"
        )


@dataclass(frozen=True)
class Change:
    """The first days against the last; without windows there were too few answers."""

    verdict: Verdict
    answered_days: int
    first: Window | None = None
    last: Window | None = None

    @property
    def is_flagged(self) -> bool:
        return self.verdict in (Verdict.LESS, Verdict.MORE)

    @property
    def difference(self) -> str:
        """Points, rounded to one decimal: −2.5, +0.3, 0.0; empty without windows."""
        if self.first is None or self.last is None:
            return ""
        points = self.last.average - self.first.average
        size = one_decimal(abs(points))
        sign = "" if size == "0.0" else "+" if points > 0 else "−"
        return f"{sign}{size}"

    @property
    def words(self) -> str:
        """For example: less, by as much as counts."""
        if self.verdict is Verdict.TOO_FEW:
            return f"{VERDICT_WORDS[self.verdict]}: {_several(self.answered_days, 'day')} with one"
        return VERDICT_WORDS[self.verdict]


def change(answers: Sequence[tuple[date, int]]) -> Change:
    """Compare the first seven days that have an answer with the last seven.

    `answers` are days and pain 0–10, in any order. Of fewer than fourteen such days each side gets
    half of them; of fewer than three on each side nothing is said.
    """
    days = sorted({day for day, _ in answers})
    number = min(DAYS_COMPARED, len(days) // 2)
    if number < FEWEST_DAYS:
        return Change(Verdict.TOO_FEW, len(days))
    first, last = _window(days[:number], answers), _window(days[-number:], answers)
    return Change(verdict(first.average, last.average), len(days), first, last)


def verdict(start: Fraction, end: Fraction) -> Verdict:
    """What a change of average pain from `start` to `end` (0–10) comes to."""
    if end - start >= MORE_THAT_COUNTS:
        return Verdict.MORE
    limits = less_that_counts(start)
    if limits is None:
        return Verdict.SAME
    least, most = limits
    if start - end >= most:
        return Verdict.LESS
    return Verdict.PERHAPS_LESS if start - end >= least else Verdict.SAME


def less_that_counts(start: Fraction) -> tuple[int, int] | None:
    """From how many points on less pain counts, perhaps and surely; None for a start at 0.

    An average is weighed as the number of the scale that it is nearest to, a half as the higher.
    """
    nearest = int(start + Fraction(1, 2))
    if nearest >= 8:
        return 3, 4
    if nearest >= 5:
        return 2, 2
    return (1, 1) if nearest >= 1 else None


def one_decimal(number: Fraction) -> str:
    """Rounded to one decimal, a half upwards: 9/20 is 0.5."""
    tenths = int(number * 10 + Fraction(1, 2))
    return f"{tenths // 10}.{tenths % 10}"


def _window(days: Sequence[date], answers: Sequence[tuple[date, int]]) -> Window:
    within = [pain for day, pain in answers if days[0] <= day <= days[-1]]
    return Window(days[0], days[-1], len(days), len(within), sum(within))


def _several(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
