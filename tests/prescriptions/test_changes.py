from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prescriptions.changes import Change, Kind, LineText, between, days_in_words

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
FIL = LineText((1, "none"), "Flexion in Lying", "10 times, once a day", EVERY_DAY, "Bend.", 1)
REIL = LineText((2, "none"), "Extension in Lying", "10 times, twice a day", EVERY_DAY, "Up.", 1)
TILT = LineText((3, "left"), "Pelvic Tilt (left)", "5 times, once a day", (1, 3), "Roll.", 1)

fixed = settings(max_examples=60)
line_texts = st.builds(
    lambda number, side, **said: LineText(key=(number, side), name=f"{number} {side}", **said),
    number=st.integers(1, 4),
    side=st.sampled_from(["none", "left"]),
    dosage=st.sampled_from(["once a day", "twice a day"]),
    weekdays=st.sampled_from([EVERY_DAY, (1, 3, 5)]),
    note=st.sampled_from(["Bend.", "Gently."]),
    text_number=st.integers(1, 2),
)
editions = st.lists(line_texts, max_size=5, unique_by=lambda line: line.key)


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        pytest.param([], [], [], id="nothing and nothing"),
        pytest.param([FIL, REIL], [FIL, REIL], [], id="the same"),
        pytest.param(
            [FIL],
            [FIL, REIL],
            [Change(Kind.ADDED, REIL.name, after=REIL.dosage)],
            id="added",
        ),
        pytest.param(
            [FIL, REIL],
            [REIL],
            [Change(Kind.REMOVED, FIL.name, before=FIL.dosage)],
            id="removed",
        ),
        pytest.param(
            [FIL],
            [replace(FIL, dosage="5 times, once a day")],
            [Change(Kind.CHANGED, FIL.name, "dosage", FIL.dosage, "5 times, once a day")],
            id="another dosage",
        ),
        pytest.param(
            [TILT],
            [replace(TILT, weekdays=EVERY_DAY)],
            [Change(Kind.CHANGED, TILT.name, "days", "Mon, Wed", "every day")],
            id="other days",
        ),
        pytest.param(
            [FIL],
            [replace(FIL, note="Gently.")],
            [Change(Kind.CHANGED, FIL.name, "direction note", "Bend.", "Gently.")],
            id="another note",
        ),
        pytest.param(
            [FIL],
            [replace(FIL, text_number=2)],
            [Change(Kind.CHANGED, FIL.name, "instructions", "text 1", "text 2")],
            id="newer instructions",
        ),
        pytest.param(
            [FIL, REIL],
            [REIL, FIL],
            [Change(Kind.MOVED, "Order", after="Extension in Lying, Flexion in Lying")],
            id="another order",
        ),
        pytest.param(
            [TILT],
            [replace(TILT, key=(3, "right"), name="Pelvic Tilt (right)")],
            [
                Change(Kind.ADDED, "Pelvic Tilt (right)", after=TILT.dosage),
                Change(Kind.REMOVED, "Pelvic Tilt (left)", before=TILT.dosage),
            ],
            id="another side is another line",
        ),
        pytest.param(
            [FIL, TILT, REIL],
            [FIL, REIL],
            [Change(Kind.REMOVED, TILT.name, before=TILT.dosage)],
            id="closing a gap is no new order",
        ),
        pytest.param(
            [FIL, REIL],
            [TILT, FIL, REIL],
            [Change(Kind.ADDED, TILT.name, after=TILT.dosage)],
            id="adding before the others is no new order",
        ),
    ],
)
def test_what_is_different_is_named(old, new, changes):
    assert between(old, new) == changes


def test_everything_about_one_line_is_told():
    other = replace(FIL, dosage="once", weekdays=(1,), note="New.", text_number=9)
    assert [change.what for change in between([FIL], [other])] == [
        "dosage", "days", "direction note", "instructions",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("weekdays", "words"),
    [
        pytest.param(EVERY_DAY, "every day", id="all"),
        pytest.param((7, 6, 5, 4, 3, 2, 1), "every day", id="all, backwards"),
        pytest.param((1, 1, 2, 3, 4, 5, 6), "Mon, Tue, Wed, Thu, Fri, Sat", id="one twice"),
        pytest.param((5, 1, 3), "Mon, Wed, Fri", id="out of order"),
        pytest.param((7,), "Sun", id="one"),
    ],
)
def test_days_are_read_in_the_order_of_the_week(weekdays, words):
    assert days_in_words(weekdays) == words


# What holds for any two editions.


@fixed
@given(editions)
def test_nothing_changes_between_an_edition_and_itself(edition):
    assert between(edition, edition) == []


def said(line: LineText) -> dict[str, str]:
    """A line in the words that changes are told in."""
    return {
        "dosage": line.dosage,
        "days": days_in_words(line.weekdays),
        "direction note": line.note,
        "instructions": f"text {line.text_number}",
    }


def named(changes: list[Change], kind: Kind) -> list[str]:
    return [change.name for change in changes if change.kind is kind]


@fixed
@given(editions, editions)
def test_the_changes_name_exactly_the_lines_that_differ(old, new):
    changes = between(old, new)
    before, after = ({line.name: line for line in edition} for edition in (old, new))
    assert named(changes, Kind.ADDED) == [name for name in after if name not in before]
    assert named(changes, Kind.REMOVED) == [name for name in before if name not in after]
    assert set(named(changes, Kind.CHANGED)) == {
        name for name in after if name in before and said(after[name]) != said(before[name])
    }


@fixed
@given(editions, editions)
def test_applying_the_changes_to_the_old_gives_the_new(old, new):
    result = {line.name: said(line) for line in old}
    order = list(result)
    for change in between(old, new):
        match change.kind:
            case Kind.ADDED:
                result[change.name] = {"dosage": change.after}
            case Kind.REMOVED:
                assert result.pop(change.name)["dosage"] == change.before
                order.remove(change.name)
            case Kind.CHANGED:
                assert result[change.name][change.what] == change.before
                result[change.name][change.what] = change.after
            case Kind.MOVED:
                order = change.after.split(", ")
    old_keys = {line.key for line in old}
    assert result == {
        line.name: said(line) if line.key in old_keys else {"dosage": line.dosage} for line in new
    }
    assert order == [line.name for line in new if line.key in old_keys]


@fixed
@given(editions, editions)
def test_what_was_added_one_way_is_removed_the_other(old, new):
    there, back = between(old, new), between(new, old)
    assert named(there, Kind.ADDED) == named(back, Kind.REMOVED)
    assert len(named(there, Kind.CHANGED)) == len(named(back, Kind.CHANGED))
    assert bool(named(there, Kind.MOVED)) == bool(named(back, Kind.MOVED))
