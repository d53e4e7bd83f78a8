from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prescriptions.change_in_pain import (
    DAYS_COMPARED,
    FEWEST_DAYS,
    VERDICT_WORDS,
    Verdict,
    change,
    less_that_counts,
    one_decimal,
    verdict,
)

FIRST = date(2026, 5, 1)
fixed = settings(max_examples=80)


def said(*pains: int) -> list[tuple[date, int]]:
    """One answer a day, day after day."""
    return [(FIRST + timedelta(days=number), pain) for number, pain in enumerate(pains)]


@pytest.mark.parametrize(
    ("start", "limits"),
    [
        pytest.param(0, None, id="0"),
        pytest.param("0.4", None, id="nearest to 0"),
        pytest.param("0.5", (1, 1), id="a half is the higher"),
        pytest.param(1, (1, 1), id="1"),
        pytest.param(4, (1, 1), id="4"),
        pytest.param("4.4", (1, 1), id="nearest to 4"),
        pytest.param("4.5", (2, 2), id="nearest to 5"),
        pytest.param(7, (2, 2), id="7"),
        pytest.param("7.5", (3, 4), id="nearest to 8"),
        pytest.param(10, (3, 4), id="10"),
    ],
)
def test_how_much_less_counts_grows_with_the_start(start, limits):
    assert less_that_counts(Fraction(start)) == limits


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        pytest.param(4, 3, Verdict.LESS, id="1 point from 4"),
        pytest.param(4, "3.1", Verdict.SAME, id="less than 1 point from 4"),
        pytest.param(5, 4, Verdict.SAME, id="1 point from 5"),
        pytest.param(5, 3, Verdict.LESS, id="2 points from 5"),
        pytest.param(8, "5.1", Verdict.SAME, id="less than 3 points from 8"),
        pytest.param(8, 5, Verdict.PERHAPS_LESS, id="3 points from 8"),
        pytest.param(8, 4, Verdict.LESS, id="4 points from 8"),
        pytest.param(0, 0, Verdict.SAME, id="no pain, and none"),
        pytest.param(0, "1.9", Verdict.SAME, id="less than 2 points more"),
        pytest.param(0, 2, Verdict.MORE, id="2 points more from 0"),
        pytest.param(8, 10, Verdict.MORE, id="2 points more from 8"),
    ],
)
def test_a_change_is_weighed_by_what_counts(start, end, found):
    assert verdict(Fraction(start), Fraction(end)) is found


@pytest.mark.parametrize("days", range(2 * FEWEST_DAYS))
def test_of_too_few_days_nothing_is_said(days):
    found = change(said(*[9] * days))
    assert (found.verdict, found.first, found.last) == (Verdict.TOO_FEW, None, None)
    assert not found.is_flagged
    assert found.difference == ""
    assert f"{days} day" in found.words


def test_many_answers_on_few_days_are_still_too_few():
    assert change([(FIRST, 9)] * 40 + [(FIRST + timedelta(days=9), 0)] * 40).verdict == "too_few"


def test_the_windows_are_told_with_their_answers():
    found = change([*said(*[6] * 7, 9, 9, *[3] * 7), (FIRST, 7)])
    assert found.first is not None
    assert found.last is not None
    assert found.first.words == "6.1 (8 answers on 7 days, 1 May to 7 May)"
    assert found.last.words == "3.0 (7 answers on 7 days, 10 May to 16 May)"
    assert (found.difference, found.verdict) == ("−3.1", Verdict.LESS)


@pytest.mark.parametrize(
    ("number", "words"),
    [("0", "0.0"), ("9/20", "0.5"), ("1/3", "0.3"), ("10", "10.0"), ("199/20", "10.0")],
)
def test_a_number_is_rounded_to_one_decimal(number, words):
    assert one_decimal(Fraction(number)) == words


def test_every_verdict_has_words():
    assert set(VERDICT_WORDS) == set(Verdict)


answers = st.lists(
    st.tuples(st.integers(0, 40).map(lambda back: FIRST + timedelta(days=back)), st.integers(0, 10))
)


@fixed
@given(answers)
def test_the_windows_hold_what_plain_counting_gives(given_):
    found = change(given_)
    days = sorted({day for day, _ in given_})
    size = min(DAYS_COMPARED, len(days) // 2)
    if size < FEWEST_DAYS:
        assert found.verdict is Verdict.TOO_FEW
        return
    assert found.last.first > found.first.last
    for window, chosen in ((found.first, days[:size]), (found.last, days[-size:])):
        pains = [pain for day, pain in given_ if day in chosen]
        assert (window.days, window.answers, window.total) == (size, len(pains), sum(pains))
        assert (window.first, window.last) == (chosen[0], chosen[-1])


@fixed
@given(answers, st.randoms())
def test_the_order_of_the_answers_is_nothing(given_, chance):
    mixed = given_.copy()
    chance.shuffle(mixed)
    assert change(mixed) == change(given_)


@fixed
@given(st.fractions(0, 10), st.fractions(0, 10), st.fractions(0, 10))
def test_a_lower_end_is_never_judged_worse(start, one, other):
    order = [Verdict.LESS, Verdict.PERHAPS_LESS, Verdict.SAME, Verdict.MORE]
    low, high = sorted([one, other])
    assert order.index(verdict(start, low)) <= order.index(verdict(start, high))
    assert verdict(start, start) is Verdict.SAME
