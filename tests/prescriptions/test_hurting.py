import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prescriptions.hurting import Hurting, hurting, ranked


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param([], Hurting("One", 0, 0, 0, None), id="never asked"),
        pytest.param([[None, None]], Hurting("One", 0, 0, 1, None), id="not answered"),
        pytest.param([[0, 0]], Hurting("One", 0, 1, 0, 0), id="a real 0"),
        pytest.param([[0, None]], Hurting("One", 0, 1, 0, 0), id="0, then not answered"),
        pytest.param([[3, 0]], Hurting("One", 1, 0, 0, 3), id="only during"),
        pytest.param([[0, 2], [None, 5]], Hurting("One", 2, 0, 0, 5), id="only after"),
    ],
)
def test_not_answered_is_not_zero(asked, found):
    assert hurting("One", asked) == found


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Hurting("One", 3, 4, 2, 6), "hurt 3 of 9 times asked, 2 not answered, worst 6"),
        (Hurting("One", 0, 4, 0, 0), "hurt 0 of 4 times asked"),
    ],
)
def test_it_is_told_in_words(found, words):
    assert found.words == words


def test_the_one_that_hurt_most_often_stands_first():
    often, many, never, silent = (
        Hurting("Often", 2, 1, 9, 3),
        Hurting("Many times", 4, 4, 0, 8),
        Hurting("Never", 0, 9, 0, 0),
        Hurting("Not answered", 0, 0, 5, None),
    )
    unasked = Hurting("Not asked", 0, 0, 0, None)
    assert ranked([silent, never, unasked, many, often]) == [often, many, never, silent]


@settings(max_examples=60)
@given(st.lists(st.lists(st.none() | st.integers(0, 10), min_size=1, max_size=2)))
def test_every_time_asked_is_counted_once(asked):
    found = hurting("One", asked)
    assert found.asked == len(asked)
    assert found.hurt == sum(any(pain for pain in one if pain) for one in asked)
    assert found.not_answered == sum(all(pain is None for pain in one) for one in asked)
    assert 0 <= found.share <= 1
