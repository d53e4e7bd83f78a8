import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.vocabulary import Region
from patients.bodymap import (
    LOCAL,
    MAP_OF,
    PLACES,
    ZONES,
    BodyMap,
    Movement,
    Side,
    Zone,
    grown,
    movement,
    new_other_leg,
    reach,
    spread_below_the_knee,
    worse_of,
    zone,
    zones,
)

fixed = settings(max_examples=200)
some_zones = st.lists(st.sampled_from(ZONES), max_size=5)
MIRRORED = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT, Side.CENTRE: Side.CENTRE}


def low(*marks: str) -> list[Zone]:
    """Zones of the low map, written as in the worked cases: L5 is the left lower leg."""
    return [Zone(BodyMap.LOW, int(mark[1]), Side(mark[0])) for mark in marks]


def upper(*marks: str) -> list[Zone]:
    return [mark._replace(map=BodyMap.UPPER) for mark in low(*marks)]


def mirrored(marked: list[Zone]) -> list[Zone]:
    return [mark._replace(side=MIRRORED[mark.side]) for mark in marked]


# The zones themselves.


def test_ranks_run_from_the_spine_to_the_foot_and_the_hand():
    for body_map in BodyMap:
        assert list(PLACES[body_map]) == [1, 2, 3, 4, 5, 6]
    assert len(set(ZONES)) == len(ZONES) == 22


def test_only_the_first_rank_has_no_side():
    assert {mark.rank for mark in ZONES if mark.side is Side.CENTRE} == {1}


@pytest.mark.parametrize("mark", ZONES, ids=lambda mark: mark.code)
def test_a_zone_is_found_again_by_its_code(mark):
    assert zone(mark.code) == mark


def test_codes_and_labels_read_as_written():
    assert zone("low-5-L").label == "left lower leg or calf"
    assert zone("upper-1-C").label == "centre of the upper back or neck"
    assert zones(["low-3-R", "upper-6-L"]) == low("R3") + upper("L6")


@pytest.mark.parametrize("code", ["", "low-7-L", "low-1-L", "low-3-C", "LOW-3-L", "arm-3-L"])
def test_no_other_text_is_a_zone(code):
    with pytest.raises(KeyError):
        zone(code)


# How far symptoms reach.


def test_reach_is_the_furthest_of_each_map():
    assert reach([]) == {BodyMap.LOW: 0, BodyMap.UPPER: 0}
    assert reach(low("L3", "R5", "C1")) == {BodyMap.LOW: 5, BodyMap.UPPER: 0}
    assert reach(low("C1") + upper("L4", "L2")) == {BodyMap.LOW: 1, BodyMap.UPPER: 4}


@pytest.mark.parametrize("region", Region)
def test_a_region_is_judged_on_the_map_of_its_own_limbs(region):
    is_low = region in {Region.LUMBAR, Region.PELVIS, Region.HIP}
    assert MAP_OF[region] is (BodyMap.LOW if is_low else BodyMap.UPPER)


# Centralising and peripheralising: the worked cases, by their number.

CASES = {
    1: (["L5"], ["L3"], Movement.CENTRALISING),
    2: (["L3"], ["L5"], Movement.PERIPHERALISING),
    3: (["L5"], ["L2", "R3"], Movement.PERIPHERALISING),  # mixed; be cautious
    4: (["C1"], [], Movement.ABOLISHED),
    5: (["L4"], ["L4"], Movement.UNCHANGED),
    6: (["C1"], ["C1", "L3"], Movement.PERIPHERALISING),
}


@pytest.mark.parametrize("number", CASES)
@pytest.mark.parametrize("on", [low, upper])
def test_worked_case(number, on):
    before, after, expected = CASES[number]
    assert movement(on(*before), on(*after)) is expected
    assert movement(mirrored(on(*before)), mirrored(on(*after))) is expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([], [], Movement.UNCHANGED, id="nothing marked"),
        pytest.param([], ["C1"], Movement.PERIPHERALISING, id="symptoms came up"),
        pytest.param(["L5", "L2"], ["L5"], Movement.UNCHANGED, id="the furthest one counts"),
        pytest.param(["L5", "R4"], ["L5"], Movement.CENTRALISING, id="one side went"),
        pytest.param(["L5", "R4"], [], Movement.ABOLISHED, id="both sides went"),
        pytest.param(["L5"], ["R5"], Movement.PERIPHERALISING, id="changed sides"),
        pytest.param(["L5"], ["C1"], Movement.CENTRALISING, id="left the leg for the back"),
        pytest.param(["L5"], ["C1", "L2"], Movement.CENTRALISING, id="nearly left the leg"),
        pytest.param(["L5"], ["C1", "L5"], Movement.PERIPHERALISING, id="the leg as it was"),
        pytest.param(["L5"], ["C1", "R2"], Movement.PERIPHERALISING, id="to the other side"),
        pytest.param(["L2"], ["C1"], Movement.CENTRALISING, id="to the middle of the back"),
        pytest.param(["C1"], ["L2"], Movement.PERIPHERALISING, id="from the middle outward"),
        pytest.param(["C1", "L4"], ["L4"], Movement.UNCHANGED, id="left the back, not the leg"),
        pytest.param(["C1", "L4"], ["L3"], Movement.CENTRALISING, id="left the back and moved up"),
    ],
)
def test_the_furthest_symptom_of_each_side_decides(before, after, expected):
    assert movement(low(*before), low(*after)) is expected
    assert movement(upper(*before), upper(*after)) is expected


def test_what_left_a_leg_has_not_moved_into_the_neck():
    assert movement(low("L5"), upper("C1")) is Movement.PERIPHERALISING


def test_a_back_without_pain_is_better_whatever_the_arm_does():
    assert movement(low("C1") + upper("L4"), upper("L4")) is Movement.CENTRALISING


@given(some_zones, some_zones)
@fixed
def test_left_and_right_are_judged_alike(before, after):
    assert movement(before, after) is movement(mirrored(before), mirrored(after))


@given(some_zones, some_zones, st.randoms(use_true_random=False))
@fixed
def test_the_order_of_zones_does_not_matter(before, after, random):
    again = random.sample(before, len(before)), random.sample(after, len(after))
    assert movement(before, after) is movement(*again)


@given(some_zones)
@fixed
def test_the_same_zones_are_unchanged(marked):
    assert movement(marked, marked) is Movement.UNCHANGED


@given(some_zones, some_zones)
@fixed
def test_what_moved_nearer_moves_out_on_its_way_back(before, after):
    if movement(before, after) in (Movement.CENTRALISING, Movement.ABOLISHED):
        assert movement(after, before) is Movement.PERIPHERALISING


@pytest.mark.parametrize(
    ("milder", "worse"),
    [
        (Movement.ABOLISHED, Movement.CENTRALISING),
        (Movement.CENTRALISING, Movement.UNCHANGED),
        (Movement.UNCHANGED, Movement.PERIPHERALISING),
        (Movement.ABOLISHED, Movement.PERIPHERALISING),
    ],
)
def test_the_worse_answer_wins(milder, worse):
    assert worse_of(milder, worse) is worse
    assert worse_of(worse, milder) is worse
    assert worse_of(worse, worse) is worse


# The other leg.


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(low("L5"), low("L5", "R4"), True, id="a thigh came up"),
        pytest.param(low("L4"), low("R4"), True, id="the leg changed"),
        pytest.param(low("R5"), low("R5", "L6"), True, id="the other way round"),
        pytest.param(low("L5"), low("L5", "R3"), False, id="a buttock is no leg"),
        pytest.param(low("L3"), low("L3", "R4"), False, id="no leg had any"),
        pytest.param(low("L4"), low("L6"), False, id="the same leg"),
        pytest.param(low("L4", "R4"), low("L6", "R6"), False, id="both had some"),
        pytest.param(low("L4"), [], False, id="gone"),
        pytest.param(upper("L4"), upper("L4", "R4"), False, id="arms"),
        pytest.param(low("L4"), low("L4") + upper("R4"), False, id="an arm is no leg"),
    ],
)
def test_new_symptoms_in_the_other_leg(before, after, expected):
    assert new_other_leg(before, after) is expected


def test_new_symptoms_in_the_other_leg_are_peripheralising():
    assert movement(low("L5"), low("L3", "R4")) is Movement.PERIPHERALISING


@given(some_zones, some_zones)
@fixed
def test_a_new_other_leg_never_counts_as_better(before, after):
    if new_other_leg(before, after):
        assert movement(before, after) is Movement.PERIPHERALISING


# Below the knee.


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(low("L4"), low("L5"), True, id="thigh to calf"),
        pytest.param([], low("L6"), True, id="nowhere to foot"),
        pytest.param(low("L5"), low("L6"), True, id="calf to foot"),
        pytest.param(low("L5"), low("L5", "R5"), True, id="the other calf"),
        pytest.param(low("L3"), low("L4"), False, id="buttock to thigh"),
        pytest.param(low("L5"), low("L5"), False, id="calf as before"),
        pytest.param(low("L6"), low("L5"), False, id="foot to calf"),
        pytest.param(low("L6"), low("L6", "L5"), False, id="foot and now calf"),
        pytest.param(low("L5"), [], False, id="gone"),
        pytest.param(upper("L4"), upper("L5"), False, id="an arm"),
        pytest.param(upper("L5"), upper("L5") + low("L5"), True, id="an arm had it"),
    ],
)
def test_spread_below_the_knee(before, after, expected):
    assert spread_below_the_knee(before, after) is expected


@given(some_zones, some_zones)
@fixed
def test_a_spread_below_the_knee_is_peripheralising_and_beyond_local(before, after):
    if spread_below_the_knee(before, after):
        assert movement(before, after) is Movement.PERIPHERALISING
        assert reach(after)[BodyMap.LOW] > LOCAL


# More of it


@pytest.mark.parametrize(
    ("before", "after", "is_more"),
    [
        pytest.param([], [], False, id="nothing"),
        pytest.param([], ["L3"], True, id="came up"),
        pytest.param(["L5"], ["L6"], True, id="went further"),
        pytest.param(["L5"], ["L5"], False, id="stayed"),
        pytest.param(["L5"], [], False, id="went"),
        pytest.param(["L5"], ["L4"], False, id="moved nearer"),
        pytest.param(["L5"], ["C1"], False, id="moved nearer, to the middle"),
        pytest.param(["L5"], ["L5", "L4"], True, id="stayed and filled the thigh too"),
        pytest.param(["L5"], ["L4", "R2"], True, id="nearer here, new there"),
        pytest.param(["L5", "L4"], ["L5"], False, id="less of it"),
    ],
)
def test_more_is_a_new_place_unless_that_side_has_moved_nearer(before, after, is_more):
    assert grown(low(*before), low(*after)) is is_more


@fixed
@given(some_zones, some_zones)
def test_what_spread_is_always_more(before, after):
    if movement(before, after) is Movement.PERIPHERALISING:
        assert grown(before, after)
    if not set(after) - set(before):
        assert not grown(before, after) or movement(before, after) is Movement.PERIPHERALISING
