from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.dosage import Dosage
from prescriptions.desk import (
    OF_A_KEY,
    OF_A_PLACE,
    OF_NOTHING,
    Move,
    Workload,
    joined,
    seconds_a_day,
    workload,
)

fixed = settings(max_examples=60)
# A line as the page posts it; the same exercise may be there twice.
rows = st.lists(st.fixed_dictionaries({"exercise": st.sampled_from("123")}), max_size=5)
places = st.integers(0, 10)
NEW = {"exercise": "new"}
A, B, C = ({"exercise": name} for name in "ABC")


def names(lines) -> str:
    return "".join(line["exercise"] for line in lines)


def counted(lines) -> Counter:
    """The lines themselves, by identity: two alike are still two."""
    return Counter(id(line) for line in lines)


# What a button says.


@pytest.mark.parametrize(
    ("pressed", "move"),
    [
        pytest.param("save", Move("save"), id="save"),
        pytest.param("publish", Move("publish"), id="publish"),
        pytest.param("search", Move("search"), id="search"),
        pytest.param("add:7", Move("add", 7), id="add at the end"),
        pytest.param("add:7:0", Move("add", 7, 0), id="add at the start"),
        pytest.param("up:1", Move("up", 1), id="up"),
        pytest.param("down:0", Move("down", 0), id="down"),
        pytest.param("remove:12", Move("remove", 12), id="remove"),
        pytest.param("again", Move("again"), id="as last time"),
        pytest.param("template:5", Move("template", 5), id="a template"),
        pytest.param("copy:9", Move("copy", 9), id="another patient's"),
        pytest.param("repeat:2", Move("repeat", 2), id="repeat the dosage"),
        pytest.param("keep_template", Move("keep_template"), id="keep as a template"),
        pytest.param(f"add:{10**18 - 1}", Move("add", 10**18 - 1), id="the largest key"),
    ],
)
def test_a_button_is_read(pressed, move):
    assert Move.parse(pressed) == move


@pytest.mark.parametrize(
    "pressed",
    [
        pytest.param("", id="empty"),
        pytest.param("delete:everything", id="no number"),
        pytest.param("destroy:1", id="unknown verb"),
        pytest.param("add", id="add what?"),
        pytest.param("add:", id="add nothing"),
        pytest.param("add:1:2:3", id="too many numbers"),
        pytest.param("up", id="up from where?"),
        pytest.param("up:-1", id="negative"),
        pytest.param("up:1.5", id="half a line"),
        pytest.param("up:1:2", id="two places"),
        pytest.param("publish:1", id="publish a line"),
        pytest.param("PUBLISH", id="shouted"),
        pytest.param(" publish", id="a space"),
        pytest.param(f"remove:{10**18}", id="more than a key can be"),
        pytest.param("remove:²", id="a digit that is no number"),
        pytest.param("remove:\x001", id="NUL"),
    ],
)
def test_an_unknown_button_saves(pressed):
    assert Move.parse(pressed) == Move("save")


@fixed
@given(st.text(max_size=40) | st.from_regex(r"(add|up|down|remove|save)(:\d{0,25}){0,3}"))
def test_whatever_is_sent_is_a_press_of_some_button(pressed):
    move = Move.parse(pressed)
    assert move.verb in {"add", *OF_NOTHING, *OF_A_PLACE, *OF_A_KEY}
    assert 0 <= move.number < 2**63
    assert move.place is None or move.place >= 0


# What it does to the lines.


@pytest.mark.parametrize(
    ("pressed", "after"),
    [
        pytest.param("save", "ABC", id="save"),
        pytest.param("publish", "ABC", id="publish"),
        pytest.param("up:0", "ABC", id="up from the top"),
        pytest.param("up:1", "BAC", id="up"),
        pytest.param("up:2", "ACB", id="up from the bottom"),
        pytest.param("down:0", "BAC", id="down"),
        pytest.param("down:2", "ABC", id="down from the bottom"),
        pytest.param("remove:0", "BC", id="remove the first"),
        pytest.param("remove:2", "AB", id="remove the last"),
        pytest.param("remove:3", "ABC", id="remove what is not there"),
        pytest.param("up:99", "ABC", id="up from nowhere"),
        pytest.param("down:99", "ABC", id="down from nowhere"),
        pytest.param("add:7", "ABCnew", id="add"),
        pytest.param("add:7:0", "newABC", id="add first"),
        pytest.param("add:7:1", "AnewBC", id="add after the first"),
        pytest.param("add:7:99", "ABCnew", id="add beyond the end"),
    ],
)
def test_a_press_does_to_the_lines_what_it_says(pressed, after):
    move = Move.parse(pressed)
    assert names(move.applied_to([A, B, C], NEW if move.verb == "add" else None)) == after


@pytest.mark.parametrize("place", [None, 0, 1])
def test_an_exercise_that_is_not_found_adds_nothing(place):
    assert names(Move("add", 0, place).applied_to([A, B, C])) == "ABC"


@fixed
@given(rows, st.sampled_from(["up", "down", "save", "publish", "search"]), places)
def test_moving_keeps_every_line_once(lines, verb, place):
    moved = Move(verb, place).applied_to(lines)
    assert counted(moved) == counted(lines)
    strayed = [line for line, other in zip(lines, moved, strict=True) if line is not other]
    assert len(strayed) in {0, 2}


@fixed
@given(rows, places)
def test_removing_takes_that_line_and_no_other(lines, place):
    left = Move("remove", place).applied_to(lines)
    assert counted(left) == counted(lines[:place] + lines[place + 1 :])


@fixed
@given(rows, st.none() | places)
def test_adding_adds_one_line_and_keeps_the_rest_in_order(lines, place):
    longer = Move("add", 7, place).applied_to(lines, NEW)
    at = len(lines) if place is None else min(place, len(lines))
    assert longer[at] is NEW
    assert longer[:at] + longer[at + 1 :] == lines


@fixed
@given(rows.filter(lambda lines: len(lines) > 1), st.data())
def test_down_undoes_up(lines, data):
    place = data.draw(st.integers(1, len(lines) - 1))
    up = Move("up", place).applied_to(lines)
    assert counted(up[:place]) == counted([*lines[: place - 1], lines[place]])
    assert Move("down", place - 1).applied_to(up) == lines


@fixed
@given(rows, places)
def test_a_press_leaves_the_lines_it_was_given_alone(lines, place):
    before = list(lines)
    for verb in ("up", "down", "remove", "add"):
        Move(verb, place).applied_to(lines, NEW if verb == "add" else None)
    assert lines == before


# What is brought in.


def test_what_is_there_already_is_not_joined_again():
    first = {"exercise": ["1"], "side": ["left"]}
    same = {"exercise": 1, "side": "left"}
    other_side = {"exercise": 1, "side": "right"}
    without = {"exercise": 2, "side": "none"}
    unsaid = {"exercise": 2}
    assert joined([first], [same, other_side, without, unsaid]) == [first, other_side, without]


def test_repeating_changes_the_dosage_and_nothing_else():
    rows = [{"exercise": "A", "sets": ["1"]}, {"exercise": "B", "sets": ["1"]}]
    assert Move("repeat", 1).applied_to(rows, {"sets": ["4"]}) == [
        rows[0],
        {"exercise": "B", "sets": ["4"]},
    ]
    assert Move("repeat", 1).applied_to(rows) == rows


# How much it asks of the patient.


@pytest.mark.parametrize(
    ("dosage", "seconds"),
    [
        pytest.param(Dosage(1, 10, 0, 1), 40, id="ten repetitions"),
        pytest.param(Dosage(1, 10, 6, 1), 100, id="held"),
        pytest.param(Dosage(2, 10, 6, 1), 220, id="two sets, with a pause"),
        pytest.param(Dosage(2, 10, 6, 3), 660, id="three times a day"),
    ],
)
def test_the_time_of_a_dosage_is_estimated(dosage, seconds):
    assert seconds_a_day(dosage) == seconds


def test_the_fullest_day_counts():
    ten_minutes = Dosage(1, 10, 56, 1)
    programme = [(ten_minutes, [1, 3]), (ten_minutes, [3, 5]), (None, [3])]
    assert workload(programme) == Workload(exercises=3, minutes=20)
    assert workload([]) == Workload(0, 0)


@pytest.mark.parametrize(
    ("asked", "is_long"),
    [
        pytest.param(Workload(4, 20), False, id="just what is kept up"),
        pytest.param(Workload(5, 1), True, id="a fifth exercise"),
        pytest.param(Workload(1, 21), True, id="a minute more"),
    ],
)
def test_a_programme_is_long_beyond_the_clinics_numbers(asked, is_long):
    assert asked.exceeds(exercises=4, minutes=20) is is_long
