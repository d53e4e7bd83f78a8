"""What answers to an outcome measure come to, and whether a change is beyond its published limit.

Plain Python over plain values. An answer is a whole number, or None where it was skipped; what was
not asked is not there at all, and 0 is an answer like any other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from patients.measure_definition import Change, Definition, Higher, Method

# The item, and the activity where the patient named one.
Slot = tuple[str, int | None]
Answers = Mapping[Slot, int | None]


@dataclass(frozen=True)
class Score:
    """A score, or why there is none."""

    value: Fraction | None
    asked: int
    unanswered: int
    rule: str

    @property
    def is_scored(self) -> bool:
        return self.value is not None

    @property
    def in_words(self) -> str:
        if self.value is not None:
            return as_written(self.value)
        if not self.asked:
            return "not scorable: nothing was asked"
        return f"not scorable: {self.unanswered} of {self.asked} unanswered"


def score(definition: Definition, answers: Answers) -> Score:
    """By the published rule; with more unanswered than it allows there is no score."""
    scoring = definition.scoring
    given = {slot: value for slot, value in answers.items() if value is not None}
    unanswered = len(answers) - len(given)
    value = None
    if given and unanswered <= scoring.may_be_missing:
        value = _made(definition, given)
    return Score(value, len(answers), unanswered, scoring.rule)


def _made(definition: Definition, given: Mapping[Slot, int]) -> Fraction:
    points = sum(given.values())
    match definition.scoring.method:
        case Method.MEAN:
            return Fraction(points, len(given))
        case Method.PERCENT:
            most = {item.key: item.most for item in definition.items}
            return Fraction(100 * points, sum(most[key] for key, _ in given))
        case Method.COUNT | Method.SUM:
            return Fraction(points)


@dataclass(frozen=True)
class Verdict:
    """A change beside one published limit."""

    limit: Change
    difference: Fraction  # from the first to this one
    is_reached: bool
    is_for_the_better: bool

    @property
    def in_words(self) -> str:
        points = "point" if self.limit.points == 1 else "points"
        limit = f"the {self.limit.name} of {as_written(self.limit.points)} {points}"
        if not self.difference:
            return f"no change; {limit} is not reached"
        reached = "reaches" if self.is_reached else "does not reach"
        return f"{change_in_words(self.difference, self.is_for_the_better)}; {reached} {limit}"


def verdicts(
    definition: Definition, before: Fraction, after: Fraction, *, limits: Iterable[Change]
) -> list[Verdict]:
    """The change beside each limit: reached at exactly so many points, and beyond."""
    difference = after - before
    is_better = difference > 0 if definition.higher_is is Higher.BETTER else difference < 0
    return [Verdict(one, difference, abs(difference) >= one.points, is_better) for one in limits]


def change_in_words(difference: Fraction, is_for_the_better: bool) -> str:
    """For example: 5 points lower, which is better."""
    if not difference:
        return "no change"
    size = abs(difference)
    points = "point" if size == 1 else "points"
    way = "higher" if difference > 0 else "lower"
    good = "better" if is_for_the_better else "worse"
    return f"{as_written(size)} {points} {way}, which is {good}"


def as_written(value: Fraction) -> str:
    """With one decimal where it is no whole number; halves are rounded up."""
    tenths = (value * 10 + Fraction(1, 2)).__floor__()
    whole, rest = divmod(tenths, 10)
    return f"{whole}.{rest}" if rest or value.denominator != 1 else str(whole)
