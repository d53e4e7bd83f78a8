from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from patients import bodymap
from patients.bodymap import Movement, zones
from patients.lights import (
    GIVEN_BY_A_TEST,
    After,
    During,
    Light,
    Neuro,
    RangeChange,
    Series,
    light,
    standing,
)

TODAY = date(2026, 5, 20)
QUIET = Series(During.NO_EFFECT, After.NO_EFFECT, None, RangeChange.SAME, Neuro.SAME)
IS_WORSE = [After.WORSE, After.PERIPHERALISED]
IS_BETTER = [After.BETTER, After.CENTRALISED, After.ABOLISHED]
IS_THE_SAME = [After.NO_BETTER, After.NO_WORSE, After.NO_EFFECT]
PROVOKED = [During.PRODUCED, During.INCREASED, During.END_RANGE_ONLY]
AGES = [given for given in GIVEN_BY_A_TEST if given is not Light.RED]


def reading(**seen: object):
    return light(replace(QUIET, **seen), settles_within=5)


# Nerves first.


def test_nerve_signs_that_get_worse_are_red_and_referred_whatever_else_was_seen():
    for after, rom, movement in product(After, RangeChange, [None, *Movement]):
        seen = reading(neuro=Neuro.WORSE, after=after, rom=rom, movement=movement, settle_minutes=1)
        assert (seen.light, seen.refer) == (Light.RED, True)
        assert "Refer" in seen.reason


@pytest.mark.parametrize("neuro", [Neuro.SAME, Neuro.BETTER, Neuro.NOT_CHECKED])
def test_other_nerve_signs_change_nothing(neuro):
    assert reading(neuro=neuro) == reading()
    assert not reading(neuro=neuro, after=After.WORSE).refer


# Worse, or further from the spine.

SETTLED = [
    pytest.param(None, Light.RED, "had not settled", id="had not settled"),
    pytest.param(0, Light.AMBER, "0 min", id="at once"),
    pytest.param(5, Light.AMBER, "5 min", id="in exactly five minutes"),
    pytest.param(6, Light.RED, "6 min", id="in six minutes"),
]


@pytest.mark.parametrize("after", IS_WORSE)
@pytest.mark.parametrize(("minutes", "expected", "words"), SETTLED)
def test_worse_is_red_unless_it_settles_soon(after, minutes, expected, words):
    seen = reading(after=after, settle_minutes=minutes)
    assert seen.light is expected
    assert words in seen.reason
    assert after.label.lower() in seen.reason


@pytest.mark.parametrize("rom", RangeChange)
@pytest.mark.parametrize("after", IS_WORSE)
def test_more_movement_does_not_make_up_for_worse_symptoms(after, rom):
    assert reading(after=after, rom=rom).light is Light.RED


def test_dysfunction_does_not_explain_symptoms_that_stay_worse():
    seen = reading(during=During.PRODUCED, after=After.WORSE, dysfunction=True)
    assert seen.light is Light.RED


def test_the_clinic_sets_how_soon_symptoms_have_to_settle():
    series = replace(QUIET, after=After.WORSE, settle_minutes=10)
    assert light(series, settles_within=9).light is Light.RED
    assert light(series, settles_within=10).light is Light.AMBER


@pytest.mark.parametrize("after", After)
@pytest.mark.parametrize(("minutes", "expected", "words"), SETTLED)
def test_less_pain_that_covers_more_leg_is_red(after, minutes, expected, words):
    """Zones further from the spine outweigh the word for the pain."""
    seen = reading(after=after, movement=Movement.PERIPHERALISING, settle_minutes=minutes)
    assert seen.light is expected
    assert words in seen.reason
    assert "further from the spine" in seen.reason.lower()


# Better, or nearer to the spine.


@pytest.mark.parametrize("after", IS_BETTER)
@pytest.mark.parametrize(
    ("rom", "expected"),
    [
        (RangeChange.UP, Light.GREEN),
        (RangeChange.SAME, Light.GREEN),
        (RangeChange.DOWN, Light.AMBER),
    ],
)
def test_better_is_green_unless_movement_was_lost(after, rom, expected):
    for moved in (None, Movement.UNCHANGED):
        seen = reading(after=after, rom=rom, movement=moved)
        assert seen.light is expected
        assert after.label.lower() in seen.reason
        assert ("Mixed" in seen.reason) is (expected is Light.AMBER)


@pytest.mark.parametrize("after", [*IS_BETTER, *IS_THE_SAME])
@pytest.mark.parametrize("movement", [Movement.CENTRALISING, Movement.ABOLISHED])
def test_zones_nearer_to_the_spine_are_green(after, movement):
    seen = reading(after=after, movement=movement)
    assert seen.light is Light.GREEN
    assert movement.label.lower() in seen.reason


@pytest.mark.parametrize("movement", [Movement.CENTRALISING, Movement.ABOLISHED])
def test_zones_nearer_to_the_spine_with_movement_lost_are_mixed(movement):
    seen = reading(movement=movement, rom=RangeChange.DOWN)
    assert seen.light is Light.AMBER
    assert movement.label.lower() in seen.reason


def test_more_back_pain_with_less_leg_pain_is_still_green():
    moved = bodymap.movement(zones(["low-1-C", "low-5-L"]), zones(["low-1-C", "low-3-L"]))
    assert reading(after=After.WORSE, movement=moved).light is Light.GREEN


def test_more_leg_pain_with_less_back_pain_is_red():
    moved = bodymap.movement(zones(["low-1-C", "low-5-L"]), zones(["low-5-L"]))
    assert reading(after=After.WORSE, movement=moved).light is Light.RED


@pytest.mark.parametrize(
    ("after", "movement"),
    [
        pytest.param(After.PERIPHERALISED, Movement.CENTRALISING, id="peripheralised"),
        pytest.param(After.WORSE, Movement.UNCHANGED, id="worse where it was"),
        pytest.param(After.WORSE, Movement.ABOLISHED, id="worse, and no zone marked after"),
    ],
)
def test_zones_do_not_excuse_any_other_worse(after, movement):
    assert reading(after=after, movement=movement).light is Light.RED


@pytest.mark.parametrize("during", During)
def test_it_is_judged_after_the_series_never_during_it(during):
    assert reading(during=during, after=After.BETTER).light is Light.GREEN
    assert reading(during=during, after=After.WORSE).light is Light.RED


# Neither better nor worse.


@pytest.mark.parametrize("after", IS_THE_SAME)
@pytest.mark.parametrize("movement", [None, Movement.UNCHANGED])
@pytest.mark.parametrize("during", During)
def test_movement_alone_decides_where_symptoms_did_not_change(after, movement, during):
    for dysfunction in (False, True):
        seen = {"after": after, "movement": movement, "during": during, "dysfunction": dysfunction}
        assert reading(rom=RangeChange.UP, **seen).light is Light.GREEN
        assert reading(rom=RangeChange.DOWN, **seen).light is Light.AMBER


@pytest.mark.parametrize("after", IS_THE_SAME)
@pytest.mark.parametrize("during", PROVOKED)
def test_stretch_pain_of_a_short_tissue_is_expected(after, during):
    assert reading(during=during, after=after, dysfunction=True).light is Light.EXPECTED
    assert reading(during=during, after=after, dysfunction=False).light is Light.AMBER


@pytest.mark.parametrize("after", IS_THE_SAME)
def test_no_short_tissue_explains_a_spread(after):
    seen = reading(during=During.PERIPHERALISING, after=after, dysfunction=True)
    assert seen.light is Light.AMBER
    assert "peripheralising" in seen.reason


@pytest.mark.parametrize("after", IS_THE_SAME)
@pytest.mark.parametrize("dysfunction", [False, True])
@pytest.mark.parametrize(
    "during", [During.DECREASED, During.ABOLISHED, During.CENTRALISING, During.NO_EFFECT]
)
def test_nothing_that_lasted_is_no_effect(after, during, dysfunction):
    seen = reading(during=during, after=after, dysfunction=dysfunction)
    assert seen.light is Light.NO_EFFECT


def test_every_series_has_a_light_and_a_reason():
    for during, after, minutes, rom, neuro, dysfunction, movement in product(
        During, After, (None, 5, 6), RangeChange, Neuro, (False, True), (None, *Movement)
    ):
        series = Series(during, after, minutes, rom, neuro, dysfunction, movement)
        seen = light(series, settles_within=5)
        assert seen.light in GIVEN_BY_A_TEST
        assert seen.reason.endswith(".")
        assert seen.refer is (neuro is Neuro.WORSE)


# How long it stands.


def stands(given: Light, *, days: int, is_overtaken: bool = False, valid_days: int = 14) -> Light:
    return standing(
        given,
        tested_on=TODAY - timedelta(days=days),
        today=TODAY,
        valid_days=valid_days,
        is_overtaken=is_overtaken,
    )


@pytest.mark.parametrize("given", AGES)
def test_a_test_is_stale_after_fourteen_days(given):
    assert stands(given, days=0) is given
    assert stands(given, days=14) is given
    assert stands(given, days=15) is Light.STALE


@pytest.mark.parametrize("given", AGES)
def test_a_test_is_stale_at_once_when_something_overtook_it(given):
    assert stands(given, days=0, is_overtaken=True) is Light.STALE


@pytest.mark.parametrize("days", [0, 15, 3650])
@pytest.mark.parametrize("is_overtaken", [False, True])
def test_red_never_ages_and_is_never_overtaken(days, is_overtaken):
    assert stands(Light.RED, days=days, is_overtaken=is_overtaken) is Light.RED


def test_the_clinic_sets_how_long_a_test_is_valid():
    assert stands(Light.GREEN, days=8, valid_days=7) is Light.STALE
    assert stands(Light.GREEN, days=8, valid_days=8) is Light.GREEN
