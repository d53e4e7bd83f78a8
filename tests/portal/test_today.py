from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from clinics import actions as clinic_actions
from portal.daily import today_of
from portal.today import (
    DAYS,
    FEWEST_ANSWERS,
    MOST_ANSWERS_SAID,
    State,
    Turn,
    Way,
    day_mark,
    day_state,
    progress,
    turn,
    week,
)
from prescriptions import actions, watch
from prescriptions.adherence import Cell, Count, Mark, Row, Tally, cell, days_until
from prescriptions.models import Alert, Moment, Outcome, Pause
from prescriptions.progress import last_days, progress_of
from tests import make
from tests.make import NOW, TODAY, inside
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words

DAY = timedelta(days=1)
PAGE = reverse("portal:today")
OUTCOMES = st.lists(st.sampled_from(["done", "part", "no"]), max_size=6)
PAINS = st.lists(st.integers(0, 10), max_size=12)
SOME = Count(logged=4, planned=6)


# Where a stretch stands


@pytest.mark.parametrize(
    ("planned", "outcomes", "state", "done"),
    [
        pytest.param(1, [], State.NOW, 0, id="nothing yet"),
        pytest.param(1, ["done"], State.DONE, 1, id="done"),
        pytest.param(1, ["part"], State.PART, 1, id="some of it"),
        pytest.param(1, ["no"], State.NO, 0, id="logged as not done"),
        pytest.param(1, ["no", "done"], State.DONE, 1, id="done after all"),
        pytest.param(1, ["done", "done"], State.DONE, 2, id="more than was asked"),
        pytest.param(2, [], State.NOW, 0, id="nothing yet of two"),
        pytest.param(2, ["done"], State.LATER, 1, id="one of two"),
        pytest.param(2, ["part"], State.LATER, 1, id="some of one of two"),
        pytest.param(2, ["no"], State.LATER, 0, id="not done, one to come"),
        pytest.param(2, ["done", "done"], State.DONE, 2, id="both"),
        pytest.param(2, ["done", "part"], State.PART, 2, id="one and some"),
        pytest.param(2, ["no", "no"], State.NO, 0, id="neither"),
        pytest.param(3, ["done", "done"], State.LATER, 2, id="two of three"),
    ],
)
def test_where_a_stretch_stands(planned, outcomes, state, done):
    assert turn(TODAY, planned=planned, outcomes=outcomes) == Turn(state, done, planned)


@given(OUTCOMES, st.integers(1, 4))
def test_a_stretch_is_asked_for_as_often_as_it_was_not_logged(outcomes, planned):
    found = turn(TODAY, planned=planned, outcomes=outcomes)
    assert found.is_over is (len(outcomes) >= planned)
    assert (found.state is State.NOW) is (not outcomes)
    assert found.done == sum(outcome != "no" for outcome in outcomes)


@given(OUTCOMES, st.integers(1, 4))
def test_one_more_that_is_done_never_asks_for_more(outcomes, planned):
    order = [State.NOW, State.LATER]
    before = turn(TODAY, planned=planned, outcomes=outcomes)
    after = turn(TODAY, planned=planned, outcomes=[*outcomes, "done"])
    assert not before.is_over or after.is_over
    assert after.is_over or order.index(after.state) >= order.index(before.state)


@given(OUTCOMES, st.integers(1, 4))
def test_a_stretch_is_done_just_when_the_therapists_grid_says_so(outcomes, planned):
    mark = cell(TODAY, today=TODAY, planned=planned, outcomes=outcomes).mark
    found = turn(TODAY, planned=planned, outcomes=outcomes)
    assert (found.state is State.DONE) is (mark is Mark.DONE)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([], ""),
        ([State.DONE], "over"),
        ([State.DONE, State.PART, State.NO], "over"),
        ([State.DONE, State.LATER], "later"),
        ([State.LATER, State.NOW, State.DONE], "now"),
    ],
)
def test_what_the_day_asks(states, said):
    assert day_state([Turn(state, 0, 1) for state in states]) == said


# The week


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        pytest.param([], Mark.NOT_PLANNED, id="no stretch"),
        pytest.param([(Mark.NOT_PLANNED, 0)], Mark.NOT_PLANNED, id="a day off"),
        pytest.param([(Mark.DONE, 1), (Mark.NOT_PLANNED, 0)], Mark.DONE, id="all of one"),
        pytest.param([(Mark.DONE, 1), (Mark.NOT_LOGGED, 0)], Mark.PART, id="one of two"),
        pytest.param([(Mark.DONE, 1), (Mark.OPEN, 0)], Mark.PART, id="one, one still open"),
        pytest.param([(Mark.PART, 1), (Mark.NO, 0)], Mark.PART, id="some of one"),
        pytest.param([(Mark.OPEN, 0), (Mark.NO, 0)], Mark.OPEN, id="still open"),
        pytest.param([(Mark.NO, 0), (Mark.NOT_LOGGED, 0)], Mark.NO, id="logged as not done"),
        pytest.param([(Mark.NOT_LOGGED, 0)] * 2, Mark.NOT_LOGGED, id="nothing logged"),
    ],
)
def test_a_day_over_all_stretches(cells, mark):
    assert day_mark([Cell(TODAY, one, Tally(done=done)) for one, done in cells]) is mark


@given(st.lists(st.lists(st.tuples(st.integers(0, 2), OUTCOMES), min_size=7, max_size=7)))
def test_a_week_has_seven_days_and_says_done_only_of_what_is_done(plans):
    days = days_until(TODAY, DAYS)
    rows = [
        Row(
            "x",
            tuple(
                cell(day, today=TODAY, planned=planned, outcomes=said)
                for day, (planned, said) in zip(days, row, strict=True)
            ),
        )
        for row in plans
    ]
    found = week(days, rows)
    assert [one.day for one in found] == days
    for place, one in enumerate(found):
        cells = [row.cells[place] for row in rows]
        if one.mark is Mark.DONE:
            assert all(cell.mark in (Mark.DONE, Mark.NOT_PLANNED) for cell in cells)
        if one.mark is Mark.PART:
            assert any(cell.done for cell in cells)
        if one.style == "none":
            assert not any(cell.done for cell in cells)


def test_what_was_not_done_and_what_was_not_logged_look_alike():
    done = {Mark.DONE, Mark.PART}
    cells = {mark: Cell(TODAY, mark, Tally(done=int(mark in done))) for mark in Mark}
    styles = {mark: week([TODAY], [Row("x", (cell,))])[0].style for mark, cell in cells.items()}
    assert styles[Mark.NO] == styles[Mark.NOT_LOGGED] == "none"
    assert {mark for mark, style in styles.items() if style != "none"} == done


# How it goes


@pytest.mark.parametrize(
    ("count", "pains", "way", "said"),
    [
        pytest.param(Count(0, 0), [], Way.TOO_LITTLE, (), id="the first day"),
        pytest.param(Count(0, 6), [], Way.TOO_LITTLE, (), id="nothing logged"),
        pytest.param(Count(0, 6), [3, 3], Way.TOO_LITTLE, (), id="logged as not done"),
        pytest.param(SOME, [], Way.NOT_SAID, (), id="pain skipped"),
        pytest.param(SOME, [8, 0], Way.NOT_SAID, (), id="two answers"),
        pytest.param(SOME, [4, 3, 3, 2], Way.LESS, (4, 3, 3, 2), id="less by two"),
        pytest.param(SOME, [4, 3, 3], Way.SAME, (4, 3, 3), id="less by one"),
        pytest.param(SOME, [2, 0, 3], Way.SAME, (2, 0, 3), id="more by one"),
        pytest.param(SOME, [2, 3, 4], Way.MORE, (2, 3, 4), id="more by two"),
        pytest.param(SOME, [0, 0, 0], Way.SAME, (0, 0, 0), id="no pain at all"),
        pytest.param(SOME, [9, 1, 2, 3, 4, 5], Way.MORE, (1, 2, 3, 4, 5), id="the last five"),
    ],
)
def test_how_it_goes(count, pains, way, said):
    found = progress(count, pains, change_that_counts=2)
    assert (found.way, found.pains, found.count) == (way, said, count)


def test_the_clinics_own_number_decides_what_counts():
    assert progress(SOME, [4, 4, 3], change_that_counts=1).way is Way.LESS
    assert progress(SOME, [4, 4, 1], change_that_counts=4).way is Way.SAME


@given(PAINS, st.integers(1, 5))
def test_what_is_said_is_what_was_answered(pains, counts):
    found = progress(SOME, pains, change_that_counts=counts)
    assert (found.way is Way.NOT_SAID) is (len(pains) < FEWEST_ANSWERS)
    assert list(found.pains) == ([] if found.way is Way.NOT_SAID else pains[-MOST_ANSWERS_SAID:])


@given(PAINS, st.integers(1, 5))
def test_told_backwards_more_is_less(pains, counts):
    turned = {Way.MORE: Way.LESS, Way.LESS: Way.MORE}
    newest = pains[-MOST_ANSWERS_SAID:]
    there = progress(SOME, newest, change_that_counts=counts).way
    back = progress(SOME, newest[::-1], change_that_counts=counts).way
    assert back is turned.get(there, there)


# The page

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def phone(patient) -> Client:
    return phone_of(patient)


def lines(*codes, **dosage):
    return [make.line(code, **dosage) for code in codes]


def logged(edition, *, days_ago=0, outcome=Outcome.DONE, after=1, hours=0):
    pain = {Moment.BEFORE: 2, Moment.DURING: 3, Moment.AFTER: after}
    at = NOW - days_ago * DAY + timedelta(hours=hours)
    return make.log(of=edition, outcome=outcome, pain=pain, done_at=at)


def edition_since(patient, days_ago, *plan):
    """A programme that began some days ago."""
    draft, by = make.draft(of=patient, lines=list(plan)), make.founder(patient.clinic)
    with inside(patient.clinic_id, user_id=by.pk):
        draft = actions.save_draft(
            draft=draft,
            version=draft.version,
            lines=list(plan),
            starts_on=TODAY - days_ago * DAY,
            review_on=None,
            reason=draft.reason,
            by=by,
            at=NOW,
        )
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def test_the_page_says_what_to_do_now_what_is_later_and_what_is_done(patient, phone):
    edition = make.edition(
        of=patient,
        lines=[make.line("TILT", times_per_day=2), make.line("DOOR", times_per_day=1)],
    )
    text = words(phone.get(PAGE))
    assert "To do now Pelvic Tilt" in text
    assert text.count(" Now ") == 2
    logged(edition)
    text = words(phone.get(PAGE))
    assert "Later today Pelvic Tilt" in text
    assert "Done 1 of 2, again later" in text
    assert "once a day Done" in text
    logged(edition, hours=1)
    text = words(phone.get(PAGE))
    assert "That is all for today" in text
    assert "Done 2 of 2" in text
    assert "Do it again" in text


@pytest.mark.parametrize(
    ("outcome", "said"), [(Outcome.PART, "Done in part"), (Outcome.NO, "Not done")]
)
def test_what_was_not_all_done_is_not_asked_for_again(patient, phone, outcome, said):
    edition = make.edition(of=patient, lines=lines("TILT", times_per_day=1))
    logged(edition, outcome=outcome)
    text = words(phone.get(PAGE))
    assert f"once a day {said}" in text
    assert "That is all for today" in text


def test_how_to_do_it_is_folded_once_it_is_done(patient, phone):
    edition = make.edition(of=patient, lines=lines("TILT", times_per_day=2))
    for open_ in (1, 1, 0):
        page = phone.get(PAGE).content.decode()
        assert page.count('<details class="more" open>') == open_
        assert "How to do it" in page
        logged(edition)


def test_the_week_is_marked_by_its_days(patient, phone):
    edition = edition_since(patient, 3, *lines("TILT", times_per_day=1))
    logged(edition, days_ago=2)
    logged(edition, days_ago=1, outcome=Outcome.PART)
    text = words(phone.get(PAGE))
    assert "Saturday 16 May: nothing planned" in text
    assert "Sunday 17 May: not logged" in text
    assert "Monday 18 May: done" in text
    assert "Tuesday 19 May: done in part" in text
    assert "Wednesday 20 May: still open" in text
    assert "You did 2 of 3 planned stretches." in text


def test_before_the_first_logs_the_page_says_what_comes(patient, phone):
    make.edition(of=patient)
    text = words(phone.get(PAGE))
    assert "Log a few sessions, then you will see here how it goes." in text
    assert "You did" not in text


@pytest.mark.parametrize(
    ("pains", "said"),
    [
        (
            [4, 3, 3, 2],
            "Your worst pain after your last sessions was 4, 3, 3, 2. That is less than at",
        ),
        ([2, 2, 3], "was 2, 2, 3. That is about the same."),
        ([2, 3, 4], "was 2, 3, 4. That is more than at first. Please tell your therapist."),
    ],
)
def test_the_page_says_honestly_how_it_goes(patient, phone, pains, said):
    edition = edition_since(patient, 6, *lines("TILT", times_per_day=1))
    for days_ago, after in zip(range(len(pains), 0, -1), pains, strict=True):
        logged(edition, days_ago=days_ago, after=after)
    assert said in words(phone.get(PAGE))


def test_nothing_on_the_page_counts_streaks_or_blames(patient, phone):
    edition = edition_since(patient, 6, *lines("TILT"))
    logged(edition, days_ago=5)
    text = words(phone.get(PAGE)).lower()
    for word in ("streak", "missed", "failed", "in a row", "forgot"):
        assert word not in text


def test_the_numbers_are_those_of_the_therapists_page(patient, phone):
    first = edition_since(patient, 6, *lines("FIL", "REIL", times_per_day=2))
    for days_ago, outcome in ((6, Outcome.DONE), (5, Outcome.NO), (4, Outcome.PART)):
        logged(first, days_ago=days_ago, outcome=outcome)
    second = edition_since(patient, 3, *lines("REIL", "TILT", times_per_day=1))
    logged(second, days_ago=2)
    logged(second, days_ago=2, hours=1)
    logged(second)
    with inside(patient.clinic_id):
        mine = today_of(patient, TODAY)
        assert (
            mine.progress.count
            == progress_of(patient, today=TODAY, axis=last_days(TODAY, DAYS)).total
        )
        assert mine.edition == second


def test_what_was_corrected_counts_once_and_what_was_taken_back_not(patient):
    edition = make.edition(of=patient, lines=lines("TILT", times_per_day=1))
    log = logged(edition)
    with inside(patient.clinic_id):
        assert today_of(patient, TODAY).logged == 1
        actions.withdraw_session(log=log, received_at=NOW, by=patient)
        mine = today_of(patient, TODAY)
    assert mine.logged == 0
    assert [one.state for one in mine.turns.values()] == [State.NOW]


# What is paused


@pytest.fixture
def paused(patient):
    edition = make.edition(of=patient, lines=lines("FIL", "DOOR"))
    make.alarming_log(of=edition)
    return edition


def close_alerts(patient, *, lifting=()):
    with inside(patient.clinic_id):
        for alert in Alert.objects.of_patient(patient).open():
            watch.close_alert(
                alert=alert,
                contact="By phone.",
                decision="Wait.",
                by=make.founder(patient.clinic),
                at=NOW,
                lifting=lifting,
            )


LOOKS = (
    "You logged it on Wednesday 20 May. Your therapist, or a colleague, looks at it that day or on"
    " the next working day."
)
KEPT = "Leave this one out. Your therapist has looked at it and keeps it paused."


def test_a_paused_stretch_says_when_somebody_looks(patient, paused, phone):
    text = words(phone.get(PAGE))
    assert "Stop this one. Your therapist will review." in text
    assert LOOKS in text
    assert KEPT not in text
    assert "Paused" in text


def test_after_the_alert_is_closed_a_kept_pause_says_so(patient, paused, phone):
    close_alerts(patient)
    text = words(phone.get(PAGE))
    assert KEPT in text
    assert "Your therapist will review." not in text
    assert LOOKS not in text


def test_after_the_pause_is_lifted_nothing_is_said_of_it(patient, paused, phone):
    with inside(patient.clinic_id):
        pauses = list(Pause.objects.of_patient(patient).in_force())
    close_alerts(patient, lifting=pauses)
    text = words(phone.get(PAGE))
    assert KEPT not in text
    assert "Why:" not in text
    assert " Paused " not in text


def test_call_the_clinic_stands_with_a_number_only(clinic, patient, paused, phone):
    text = words(phone.get(PAGE))
    assert "Call the clinic" not in text
    assert "If it gets worse, see when to get help ." in text
    with inside(clinic.pk):
        by = make.founder(clinic)
        clinic_actions.change_settings(clinic=clinic, by=by, phone="555 0100")
    text = words(phone.get(PAGE))
    assert "Call the clinic if it gets worse." in text
    assert "Call Clinic: 555 0100" in text


# Messages


def test_each_stretch_may_be_asked_about(clinic, patient, phone):
    edition = make.edition(of=patient, lines=lines("TILT"))
    with inside(clinic.pk):
        line = edition.lines.get()
    response = phone.get(PAGE)
    assert "Ask about this stretch : Pelvic Tilt" in words(response)
    assert f"/my/messages/?about=stretch-{line.pk}#write" in response.content.decode()
    with inside(clinic.pk):
        by = make.founder(clinic)
        clinic_actions.change_settings(clinic=clinic, by=by, has_messages=False)
    assert "Ask about this stretch" not in words(phone.get(PAGE))


def test_the_dock_counts_what_is_unread(clinic, patient, phone):
    assert "Messages More" in words(phone.get(PAGE))
    user = make.user(name="Dana")
    make.member(user=user, of=clinic)
    make.message(of=patient, by=user)
    assert "Messages 1 unread More" in words(phone.get(PAGE))


def test_a_changed_programme_keeps_its_week(patient, phone):
    first = edition_since(patient, 6, *lines("FIL", times_per_day=1))
    logged(first, days_ago=6)
    edition_since(patient, 0, replace(make.line("TILT", times_per_day=1)))
    text = words(phone.get(PAGE))
    assert "Thursday 14 May: done" in text
    assert "To do now Pelvic Tilt" in text
    assert "You did 1 of 6 planned stretches." in text


def test_a_week_over_midnight_is_the_patients_own(clinic):
    patient = make.patient(of=clinic, time_zone="Pacific/Auckland")
    edition = edition_since(patient, 6, *lines("TILT", times_per_day=1))
    logged(edition)  # at 3 in the morning of the 21st in Auckland
    with inside(clinic.pk):
        mine = today_of(patient, date(2026, 5, 21))
    assert mine.week[-1].mark is Mark.DONE
    assert mine.logged == 1
