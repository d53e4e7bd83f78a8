from datetime import date, timedelta

import pytest

from exercises.vocabulary import Direction, Region
from patients.compass import (
    DIRECTIONS,
    POINTS,
    REGIONS,
    Compass,
    Latest,
    Needle,
    Point,
    compass,
    next_direction,
)
from patients.lights import Light
from patients.models.direction import TESTED_DIRECTIONS, TESTED_REGIONS

TODAY = date(2026, 5, 20)
EXTENSION = Region.LUMBAR, Direction.EXTENSION


def lumbar(latest=None, *, preference=None, valid_days=14) -> Compass:
    return compass(
        Region.LUMBAR,
        latest or {},
        today=TODAY,
        valid_days=valid_days,
        preference=preference,
    )


def needle(latest: Latest | None, **more) -> Needle:
    found = lumbar({EXTENSION: latest} if latest else {}, **more)
    return next(one for one in found.needles if one.direction is Direction.EXTENSION)


def test_every_region_and_direction_that_is_tested_is_on_a_compass():
    assert set(REGIONS) == set(TESTED_REGIONS)
    assert set(DIRECTIONS) == set(TESTED_DIRECTIONS)
    assert sorted(POINTS.values()) == sorted(Point)


def test_the_low_back_comes_first():
    assert REGIONS[0] is Region.LUMBAR


def test_opposite_directions_stand_opposite():
    for direction, point in POINTS.items():
        mirrored = {Direction.FLEXION, Direction.EXTENSION}
        other = POINTS[direction.opposite]
        if direction in mirrored:
            assert (point.degrees - other.degrees) % 360 == 180
        else:
            assert (point.degrees + other.degrees) % 360 == 0


@pytest.mark.parametrize(
    ("direction", "degrees"),
    [
        (Direction.FLEXION, 0),
        (Direction.SIDE_GLIDE_RIGHT, 90),
        (Direction.EXTENSION, 180),
        (Direction.SIDE_GLIDE_LEFT, 270),
    ],
)
def test_forward_is_up_and_left_is_left(direction, degrees):
    assert POINTS[direction].degrees == degrees


@pytest.mark.parametrize(
    ("latest", "now"),
    [
        pytest.param(None, None, id="never tested"),
        pytest.param(Latest(Light.GREEN, TODAY), Light.GREEN, id="tested today"),
        pytest.param(
            Latest(Light.GREEN, TODAY - timedelta(days=14)), Light.GREEN, id="on the last day"
        ),
        pytest.param(
            Latest(Light.GREEN, TODAY - timedelta(days=15)), Light.STALE, id="a day too old"
        ),
        pytest.param(
            Latest(Light.RED, TODAY - timedelta(days=900)), Light.RED, id="red never grows old"
        ),
        pytest.param(
            Latest(Light.AMBER, TODAY, is_overtaken=True), Light.STALE, id="overtaken by an event"
        ),
        pytest.param(
            Latest(Light.RED, TODAY, is_overtaken=True), Light.RED, id="red is not overtaken"
        ),
    ],
)
def test_what_a_test_is_worth_today(latest, now):
    assert needle(latest).now is now


def test_a_clinic_sets_how_long_a_test_stands():
    three_days_ago = Latest(Light.GREEN, TODAY - timedelta(days=3))
    assert needle(three_days_ago, valid_days=3).now is Light.GREEN
    assert needle(three_days_ago, valid_days=2).now is Light.STALE


@pytest.mark.parametrize(
    ("latest", "word", "state", "was"),
    [
        pytest.param(None, "Untested", "untested", "", id="never tested"),
        pytest.param(Latest(Light.NO_EFFECT, TODAY), "No effect", "no_effect", "", id="fresh"),
        pytest.param(
            Latest(Light.GREEN, TODAY - timedelta(days=30)), "Stale", "stale", "green", id="old"
        ),
    ],
)
def test_a_needle_says_in_words_what_it_shows(latest, word, state, was):
    shown = needle(latest)
    assert (shown.word, shown.state, shown.was) == (word, state, was)


def test_the_preference_is_marked_and_nothing_else():
    found = lumbar(preference=EXTENSION)
    assert [one.direction for one in found.needles if one.is_preferred] == [Direction.EXTENSION]
    assert not any(
        one.is_preferred for one in lumbar(preference=(Region.THORACIC, *EXTENSION[1:])).needles
    )


def test_a_test_of_another_region_is_not_shown():
    found = lumbar({(Region.THORACIC, Direction.EXTENSION): Latest(Light.RED, TODAY)})
    assert found.tested == []
    assert len(found.untested) == 8


@pytest.mark.parametrize(
    ("region", "latest", "preference", "is_shown"),
    [
        pytest.param(Region.LUMBAR, {}, None, True, id="the low back always"),
        pytest.param(Region.CERVICAL, {}, None, False, id="nothing is known of the neck"),
        pytest.param(
            Region.CERVICAL,
            {(Region.CERVICAL, Direction.FLEXION): Latest(Light.GREEN, TODAY)},
            None,
            True,
            id="the neck was tested",
        ),
        pytest.param(
            Region.CERVICAL, {}, (Region.CERVICAL, Direction.FLEXION), True, id="it is preferred"
        ),
    ],
)
def test_which_regions_are_shown(region, latest, preference, is_shown):
    found = compass(region, latest, today=TODAY, valid_days=14, preference=preference)
    assert found.is_shown is is_shown


@pytest.mark.parametrize(
    ("fresh", "after", "following"),
    [
        pytest.param([], Direction.FLEXION, Direction.EXTENSION, id="the next one"),
        pytest.param(
            [Direction.EXTENSION],
            Direction.FLEXION,
            Direction.SIDE_GLIDE_LEFT,
            id="over one that is fresh",
        ),
        pytest.param([], Direction.ROTATION_RIGHT, Direction.FLEXION, id="round to the first"),
        pytest.param(
            list(DIRECTIONS), Direction.FLEXION, Direction.EXTENSION, id="all are fresh: the next"
        ),
        pytest.param(
            [one for one in DIRECTIONS if one is not Direction.FLEXION],
            Direction.FLEXION,
            Direction.EXTENSION,
            id="never the same again",
        ),
    ],
)
def test_which_direction_is_tested_next(fresh, after, following):
    latest = {(Region.LUMBAR, one): Latest(Light.GREEN, TODAY) for one in fresh}
    assert next_direction(lumbar(latest).needles, after=after) is following


def test_a_stale_direction_is_tested_again():
    stale = Latest(Light.GREEN, TODAY - timedelta(days=30))
    needles = lumbar({EXTENSION: stale}).needles
    assert next_direction(needles, after=Direction.FLEXION) is Direction.EXTENSION
