"""Every score equals the same made another way, and a partial answer never becomes a number."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.measure_definition import Kind, parse, shipped
from patients.measure_scoring import as_written, score, verdicts
from tests.patients.test_measure_definition import GOOD

RMDQ, PSFS, NPRS = (shipped()[key][0] for key in ("rmdq", "psfs", "nprs"))
HOUSE = parse(GOOD)
ALL = [RMDQ, PSFS, NPRS, HOUSE]


@st.composite
def answered(draw, definition):
    """Answers to a measure, some of them skipped, some items not asked."""
    slots = [(item.key, None) for item in definition.items]
    if definition.activity:
        number = draw(st.integers(0, definition.activity.at_most))
        slots = [(definition.activity.key, 100 + place) for place in range(number)]
    asked = draw(st.lists(st.sampled_from(slots), unique=True)) if slots else []
    points = {item.key: item.points for item in definition.items}
    whole = draw(st.booleans())
    asked = slots if whole else asked
    skips = draw(st.sampled_from([0, 0, 1, 5]))
    answers = {}
    for slot in asked:
        is_skipped = draw(st.integers(0, 9)) < skips
        answers[slot] = None if is_skipped else draw(st.sampled_from(points[slot[0]]))
    return answers


def by_hand(definition, answers):
    """The score once more, in plain steps; None where the rule says that there is none."""
    numbers, skipped, most = [], 0, 0
    for (key, _), value in answers.items():
        if value is None:
            skipped += 1
            continue
        numbers.append(value)
        most += next(item.most for item in definition.items if item.key == key)
    allowed = {"rmdq": 0, "psfs": 0, "nprs": 0, "house": 1}[definition.key]
    if not numbers or skipped > allowed:
        return None
    total = 0
    for number in numbers:
        total += number
    if definition.key == "rmdq":
        return Fraction(numbers.count(1))
    if definition.key == "house":
        return Fraction(total * 100, most)
    return Fraction(total, len(numbers))


@pytest.mark.parametrize("definition", ALL, ids=lambda one: one.key)
@given(data=st.data())
def test_a_score_equals_the_same_made_by_hand(definition, data):
    answers = data.draw(answered(definition))
    found = score(definition, answers)
    assert found.value == by_hand(definition, answers)
    assert found.unanswered == list(answers.values()).count(None)
    assert found.asked == len(answers)
    if found.value is not None:
        assert definition.scoring.lowest <= found.value <= definition.scoring.highest
    else:
        assert found.in_words.startswith("not scorable")


def ticks(number, *, skipped=0):
    keys = [item.key for item in RMDQ.items]
    values = [None] * skipped + [1] * number + [0] * (24 - number - skipped)
    return {(key, None): value for key, value in zip(keys, values, strict=True)}


def test_a_statement_left_blank_counts_as_not_ticked():
    assert score(RMDQ, ticks(7)).value == 7
    assert score(RMDQ, ticks(0)).value == 0


def test_a_statement_passed_over_leaves_no_score_and_says_how_many():
    assert score(RMDQ, ticks(7, skipped=5)).in_words == "not scorable: 5 of 24 unanswered"


def test_zero_skipped_and_not_asked_are_three_things():
    assert score(NPRS, {("now", None): 0}).value == 0
    assert score(NPRS, {("now", None): None}).in_words == "not scorable: 1 of 1 unanswered"
    assert score(NPRS, {}).in_words == "not scorable: nothing was asked"


def test_one_missing_item_is_left_out_where_the_rule_allows_it():
    assert score(HOUSE, {("lift", None): 5, ("pain", None): None}).value == 100
    assert score(HOUSE, {("lift", None): 5, ("pain", None): 0}).in_words == "33.3"


def test_activities_are_averaged():
    answers = {("activity", 1): 3, ("activity", 2): 4, ("activity", 3): 4}
    assert score(PSFS, answers).value == Fraction(11, 3)
    assert score(PSFS, answers).in_words == "3.7"


@pytest.mark.parametrize(
    ("definition", "before", "after", "reached", "words"),
    [
        (RMDQ, 12, 7, True, "5 points lower, which is better; reaches the minimal important"),
        (RMDQ, 12, 8, False, "4 points lower, which is better; does not reach"),
        (RMDQ, 7, 12, True, "5 points higher, which is worse; reaches"),
        (RMDQ, 7, 7, False, "no change; the minimal important change of 5 points is not reached"),
        (RMDQ, 8, 7, False, "1 point lower, which is better"),
        (PSFS, 3, 5, True, "2 points higher, which is better; reaches"),
        (PSFS, Fraction(11, 3), Fraction(17, 3), True, "2 points higher"),
        (PSFS, Fraction(11, 3), Fraction(16, 3), False, "1.7 points higher"),
    ],
)
def test_a_change_is_told_beside_its_published_limit(definition, before, after, reached, words):
    first = verdicts(definition, Fraction(before), Fraction(after), limits=definition.of_the_score)[
        0
    ]
    assert first.is_reached is reached
    assert words in first.in_words


@given(st.integers(0, 24), st.integers(0, 24))
def test_a_limit_is_reached_at_exactly_so_many_points(before, after):
    for one in verdicts(RMDQ, Fraction(before), Fraction(after), limits=RMDQ.changes):
        assert one.is_reached == (abs(before - after) in range(5, 25))
        assert one.is_for_the_better == (after < before)


@pytest.mark.parametrize(
    ("value", "words"),
    [(7, "7"), (Fraction(11, 3), "3.7"), (Fraction(5, 2), "2.5"), (Fraction(299, 100), "3.0")],
)
def test_numbers_are_written_with_one_decimal_where_they_are_not_whole(value, words):
    assert as_written(Fraction(value)) == words


def test_kinds_are_told_apart():
    assert RMDQ.is_of_ticks
    assert not NPRS.is_of_ticks
    assert PSFS.activity.kind is Kind.ACTIVITY
    assert RMDQ.activity is None
    assert [change.points for change in PSFS.of_one_item] == [3]
