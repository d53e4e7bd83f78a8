from datetime import date, timedelta

import pytest

from exercises.dosage import LIMITS, Dosage
from exercises.models import Exercise, ExerciseEdition
from prescriptions.forms import (
    MOST_LINES,
    EndForm,
    PatientKeyForm,
    ProgrammeForm,
    as_key,
    exercise_keys,
    line_forms,
    posted_rows,
    rows_of,
)
from prescriptions.models import PrescriptionEdition
from tests.make import TODAY

DAY = timedelta(days=1)
FIL, TILT = 7, 8


def exercise(key: int, name: str) -> Exercise:
    text = ExerciseEdition(pk=key, name=name)
    return Exercise(pk=key, code=name, current=text)


LIBRARY = {FIL: exercise(FIL, "Flexion in Lying"), TILT: exercise(TILT, "Pelvic Tilt")}
ROW = {
    "exercise": [str(FIL)],
    "sets": ["2"],
    "repetitions": ["10"],
    "hold_seconds": ["5"],
    "times_per_day": ["3"],
    "side": ["none"],
    "weekdays": ["1", "3"],
    "direction_note": ["Bend."],
    "soon_after_waking": [],
}
HOSTILE = {
    "NUL": "a\x00b",
    "right to left": "\u202egnirts",
    "emoji": "💃🏽",
    "a script": "<script>alert(1)</script>",
    "Arabic": "بلطف",
    "a letter and its accent": "e\u0301",
}
UNSEEN = {
    "nothing": "",
    "spaces": "   ",
    "a zero-width space": "\u200b",
    "lone combining marks": "\u0301\u0308",
    "a NUL alone": "\x00",
}


def lines(*rows, **changes):
    """A formset of these rows as posted; `changes` apply to the first."""
    rows = [dict(row) for row in rows or [ROW]]
    rows[0] |= changes
    return line_forms(posted_rows(rows), form_kwargs={"exercises": LIBRARY})


def first_errors(**changes) -> dict:
    return lines(**changes).forms[0].errors.as_data()


# One line


def test_a_line_is_read_as_it_was_typed():
    formset = lines()
    assert formset.is_valid()
    plan = formset.forms[0].plan()
    assert plan.exercise == LIBRARY[FIL]
    assert plan.dosage == Dosage(2, 10, 5, 3)
    assert (plan.side, plan.weekdays, plan.direction_note) == ("none", [1, 3], "Bend.")


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="empty"),
        pytest.param("three", id="letters"),
        pytest.param("1.5", id="a half"),
        pytest.param("-1", id="-1"),
        pytest.param("10000", id="10000"),
        pytest.param("1e2", id="an exponent"),
        pytest.param("9" * 5000, id="5000 digits"),
        pytest.param("\x00", id="NUL"),
        pytest.param("<b>1</b>", id="markup"),
    ],
)
def test_a_dose_that_is_no_number_in_range_is_refused_at_its_field(name, typed):
    assert list(first_errors(**{name: [typed]})) == [name]


@pytest.mark.parametrize("name", LIMITS)
def test_a_dose_reaches_from_its_least_to_its_most(name):
    limit = LIMITS[name]
    for amount in (limit.least, limit.most):
        assert not first_errors(**{name: [str(amount)]})
    for amount in (limit.least - 1, limit.most + 1):
        assert list(first_errors(**{name: [str(amount)]})) == [name]


@pytest.mark.parametrize(
    ("name", "typed", "message"),
    [
        pytest.param("weekdays", [], "Choose at least one day.", id="no day"),
        pytest.param("weekdays", ["8"], "Select a valid choice", id="an eighth day"),
        pytest.param("weekdays", ["1", "x"], "Select a valid choice", id="a day of letters"),
        pytest.param("side", ["up"], "Select a valid choice", id="a side that is none"),
        pytest.param("direction_note", ["x" * 1001], "at most 1000 characters", id="a long note"),
        pytest.param("exercise", ["99"], "no such exercise in your library", id="a foreign one"),
        pytest.param("exercise", ["x"], "Enter a whole number", id="a key of letters"),
        pytest.param("exercise", [], "This field is required", id="no exercise"),
        pytest.param("exercise", ["9" * 5000], "", id="a key of 5000 digits"),
        pytest.param("exercise", ["-7"], "no such exercise", id="a negative key"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(name, typed, message):
    (found,) = first_errors(**{name: typed}).items()
    assert found[0] == name
    assert message in str(found[1])


@pytest.mark.parametrize("note", HOSTILE.values(), ids=HOSTILE)
def test_a_note_is_kept_in_any_script(note):
    formset = lines(direction_note=[note])
    assert formset.is_valid()
    assert formset.forms[0].plan().direction_note == {
        "a\x00b": "ab",
        "e\u0301": "é",
    }.get(note, note)


@pytest.mark.parametrize("note", UNSEEN.values(), ids=UNSEEN)
def test_a_note_that_nobody_can_see_is_no_note(note):
    assert list(first_errors(direction_note=[note])) == ["direction_note"]


def test_a_note_comes_back_from_the_browser_as_it_went_out():
    formset = lines(direction_note=["First.\r\nSecond."])
    assert formset.is_valid()
    assert formset.forms[0].plan().direction_note == "First.\nSecond."


@pytest.mark.parametrize("side", [[], [""]], ids=["no side field", "an empty side"])
def test_a_line_without_a_side_has_none(side):
    formset = lines(side=side)
    assert formset.is_valid()
    assert formset.forms[0].plan().side == "none"


def test_a_line_shows_its_exercise_while_the_rest_is_wrong():
    form = lines(sets=["x"], hold_seconds=["30"]).forms[0]
    assert not form.is_valid()
    assert form.shown == LIBRARY[FIL]
    assert form["hold_seconds"].value() == "30"


# All lines


def test_the_same_exercise_may_be_there_for_each_side():
    left, right = (ROW | {"side": [side]} for side in ("left", "right"))
    assert lines(left, right).is_valid()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(["left"], ["left"], id="left and left"),
        pytest.param(["none"], ["none"], id="none and none"),
        pytest.param(["none"], [""], id="none and empty"),
        pytest.param([""], [], id="empty and missing"),
    ],
)
def test_the_same_line_twice_is_refused_at_the_second(one, other):
    formset = lines(ROW | {"side": one}, ROW | {"side": other})
    assert not formset.is_valid()
    assert [list(form.errors) for form in formset.forms] == [[], ["side"]]
    assert "here twice" in str(formset.forms[1].errors["side"])


def test_a_programme_has_a_most_of_lines():
    keys = range(1, MOST_LINES + 2)
    library = {key: exercise(key, str(key)) for key in keys}
    rows = [ROW | {"exercise": [str(key)]} for key in keys]
    kwargs = {"form_kwargs": {"exercises": library}}
    assert line_forms(posted_rows(rows[:-1]), **kwargs).is_valid()
    formset = line_forms(posted_rows(rows), **kwargs)
    assert not formset.is_valid()
    assert formset.non_form_errors() == ["A programme has at most 30 exercises."]


def test_an_empty_programme_can_be_stored():
    assert line_forms(posted_rows([]), form_kwargs={"exercises": {}}).is_valid()


# Rows between the browser and the forms


def test_rows_come_back_as_they_were_posted():
    rows = [ROW, ROW | {"exercise": [str(TILT)], "weekdays": []}]
    assert rows_of(posted_rows(rows)) == rows


def test_rows_are_numbered_anew():
    posted = posted_rows([{"exercise": FIL, "weekdays": ["1", "2"]}])
    assert posted.getlist("lines-0-exercise") == ["7"]
    assert posted.getlist("lines-0-weekdays") == ["1", "2"]
    assert posted["lines-TOTAL_FORMS"] == "1"


@pytest.mark.parametrize(
    "total",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("x", id="letters"),
        pytest.param("-1", id="negative"),
        pytest.param("1000000000", id="a thousand million"),
        pytest.param("999", id="more than a page holds"),
        pytest.param("\x00", id="NUL"),
    ],
)
def test_a_count_of_lines_that_cannot_be_is_never_an_empty_programme(total):
    posted = posted_rows([ROW])
    if total is None:
        del posted["lines-TOTAL_FORMS"]
    else:
        posted["lines-TOTAL_FORMS"] = total
    rows = rows_of(posted)
    assert rows[0] == ROW
    formset = line_forms(posted_rows(rows), form_kwargs={"exercises": LIBRARY})
    assert not formset.is_valid()
    assert len(formset.forms) <= MOST_LINES + 1


def test_a_line_that_was_announced_and_did_not_come_is_refused():
    posted = posted_rows([ROW])
    posted["lines-TOTAL_FORMS"] = "2"
    formset = line_forms(posted_rows(rows_of(posted)), form_kwargs={"exercises": LIBRARY})
    assert not formset.is_valid()
    assert not formset.forms[0].errors
    assert "exercise" in formset.forms[1].errors


@pytest.mark.parametrize(
    ("value", "key"),
    [
        pytest.param("7", 7, id="a key"),
        pytest.param(7, 7, id="a number"),
        pytest.param("0", 0, id="0"),
        pytest.param("9" * 18, 10**18 - 1, id="the largest"),
        pytest.param("9" * 19, None, id="too large"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="none"),
        pytest.param("-7", None, id="negative"),
        pytest.param("7.0", None, id="a fraction"),
        pytest.param("²", None, id="a digit that is no number"),
        pytest.param("7\x00", None, id="NUL"),
    ],
)
def test_a_key_is_a_number_that_fits(value, key):
    assert as_key(value) == key


def test_the_exercises_on_the_page_are_those_with_a_key():
    rows = [{"exercise": 7}, {"exercise": ["8"]}, {"exercise": []}, {"exercise": ["x"]}]
    assert exercise_keys(rows) == [7, 8]


# The dates and the reason


def programme(number=1, stored=TODAY, publishing=False, **typed) -> ProgrammeForm:
    draft = PrescriptionEdition(number=number, starts_on=stored, version=3)
    data = {"version": "3", "starts_on": TODAY.isoformat()} | typed
    return ProgrammeForm(data, instance=draft, today=TODAY, publishing=publishing)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("starts_on", "is_fine"),
    [
        pytest.param(TODAY - DAY, False, id="yesterday"),
        pytest.param(TODAY, True, id="today"),
        pytest.param(TODAY + 366 * DAY, True, id="in a year"),
        pytest.param(TODAY + 367 * DAY, False, id="a day later"),
        pytest.param(date(2126, 5, 20), False, id="next century"),
        pytest.param(date(1926, 5, 20), False, id="last century"),
        pytest.param(date(1, 1, 1), False, id="the first day there is"),
        pytest.param(date(9999, 12, 31), False, id="the last day there is"),
    ],
)
def test_a_programme_starts_today_or_within_a_year(starts_on, is_fine):
    form = programme(starts_on=starts_on.isoformat())
    assert list(form.errors) == ([] if is_fine else ["starts_on"])


@pytest.mark.django_db
def test_a_draft_of_last_week_can_still_be_saved():
    last_week = TODAY - 7 * DAY
    assert programme(stored=last_week, starts_on=last_week.isoformat()).is_valid()
    assert not programme(stored=last_week, starts_on=(TODAY - DAY).isoformat()).is_valid()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("review_on", "is_fine"),
    [
        pytest.param("", True, id="left open"),
        pytest.param((TODAY - DAY).isoformat(), False, id="before the start"),
        pytest.param(TODAY.isoformat(), True, id="on the first day"),
        pytest.param((TODAY + 366 * DAY).isoformat(), True, id="in a year"),
        pytest.param((TODAY + 367 * DAY).isoformat(), False, id="a day later"),
        pytest.param("9999-12-31", False, id="the last day there is"),
        pytest.param("31.02.2026", False, id="a day that never was"),
        pytest.param("tomorrow", False, id="a word"),
        pytest.param("2026-06-01\x00", False, id="NUL"),
    ],
)
def test_a_programme_is_reviewed_within_a_year_of_its_start(review_on, is_fine):
    form = programme(review_on=review_on)
    assert list(form.errors) == ([] if is_fine else ["review_on"])


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", "x", "2026-13-01", "20260520", "\x00"])
def test_a_start_that_is_no_day_is_refused_at_its_field(typed):
    assert list(programme(starts_on=typed, review_on=TODAY.isoformat()).errors) == ["starts_on"]


@pytest.mark.django_db
@pytest.mark.parametrize("version", ["", "0", "-1", "x", str(2**31), "9" * 5000])
def test_a_page_says_which_version_it_began_with(version):
    assert list(programme(version=version).errors) == ["version"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "publishing", "reason", "is_fine"),
    [
        pytest.param(1, True, "", True, id="edition 1 needs none"),
        pytest.param(2, False, "", True, id="a draft may wait for it"),
        pytest.param(2, True, "", False, id="edition 2 does not go out without"),
        pytest.param(2, True, "\u200b \u0301", False, id="one that nobody can see"),
        pytest.param(2, True, "x" * 1000, True, id="a long one"),
        pytest.param(2, True, "x" * 1001, False, id="one too long"),
        pytest.param(2, False, "x" * 1001, False, id="one too long in a draft"),
    ],
)
def test_a_later_edition_says_why(number, publishing, reason, is_fine):
    form = programme(number=number, publishing=publishing, reason=reason)
    assert list(form.errors) == ([] if is_fine else ["reason"])


def test_edition_1_has_no_reason_to_give():
    assert "reason" not in programme(number=1).fields


# The small ones


@pytest.mark.parametrize(
    ("because", "is_fine"),
    [
        pytest.param("Well again.", True, id="a reason"),
        pytest.param("", False, id="none"),
        pytest.param("\u200b", False, id="one that nobody can see"),
        pytest.param("x" * 500, True, id="a long one"),
        pytest.param("x" * 501, False, id="one too long"),
    ],
)
def test_a_course_ends_for_a_reason(because, is_fine):
    assert EndForm({"because": because}).is_valid() is is_fine


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        pytest.param("7", 7, id="a key"),
        pytest.param(str(2**63 - 1), 2**63 - 1, id="the largest"),
        pytest.param(str(2**63), None, id="too large"),
        pytest.param("0", None, id="0"),
        pytest.param("x", None, id="letters"),
        pytest.param("", None, id="empty"),
    ],
)
def test_the_patient_of_the_page_is_a_key_or_nobody(typed, key):
    assert PatientKeyForm({"patient": typed}).key() == key
