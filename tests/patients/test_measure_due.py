"""When a measure is asked, day by day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.measure_due import Times, is_due, next_occasion, occasion_on

DAY = date(2026, 5, 20)


def after(days):
    return DAY + timedelta(days=days)


ONCE = Times("once", DAY)
WEEKLY = Times("weeks", DAY, every_weeks=2, until=after(40))
REVIEW = Times("review", DAY, review_on=after(42))


@pytest.mark.parametrize(
    ("times", "days", "answered", "due"),
    [
        pytest.param(ONCE, -1, [], False, id="before the first day"),
        pytest.param(ONCE, 0, [], True, id="on the first day"),
        pytest.param(ONCE, 300, [], True, id="it waits until it is answered"),
        pytest.param(ONCE, 1, [0], False, id="once is once"),
        pytest.param(ONCE, 1, [-1], True, id="an answer from before does not count"),
        pytest.param(WEEKLY, 13, [0], False, id="the day before the second time"),
        pytest.param(WEEKLY, 14, [0], True, id="the second time"),
        pytest.param(WEEKLY, 14, [0, 14], False, id="answered the second time"),
        pytest.param(WEEKLY, 30, [0], True, id="one was missed, it is asked once"),
        pytest.param(WEEKLY, 40, [14], True, id="the last day"),
        pytest.param(WEEKLY, 41, [14], False, id="after the last day"),
        pytest.param(REVIEW, 41, [0], False, id="between start and review"),
        pytest.param(REVIEW, 42, [0], True, id="at the review"),
        pytest.param(REVIEW, 43, [0, 42], False, id="after the review"),
    ],
)
def test_due(times, days, answered, due):
    assert is_due(times, after(days), answered_on=map(after, answered)) is due


@given(st.integers(1, 26), st.integers(0, 800), st.lists(st.integers(0, 800), max_size=6))
def test_every_few_weeks_equals_a_walk_through_the_days(weeks, number, answered):
    times = Times("weeks", DAY, every_weeks=weeks)
    open_since = None
    for days in range(number + 1):
        if days % (7 * weeks) == 0:
            open_since = days
        if days in answered:
            open_since = None
    # An answer of a later day answers this one too: that day has not come yet.
    answered = [days for days in answered if days <= number]
    found = is_due(times, after(number), answered_on=map(after, answered))
    assert found is (open_since is not None)


def test_the_next_time_is_named_as_long_as_there_is_one():
    assert next_occasion(ONCE, after(-1)) == DAY
    assert next_occasion(ONCE, DAY) is None
    assert next_occasion(WEEKLY, DAY) == after(14)
    assert next_occasion(WEEKLY, after(28)) is None  # it would be after the last day
    assert next_occasion(REVIEW, DAY) == after(42)
    assert next_occasion(REVIEW, after(42)) is None


def test_there_is_no_time_before_the_first():
    assert occasion_on(WEEKLY, after(-1)) is None
