from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prescriptions.adherence import (
    MARK_WORDS,
    WHY_WORDS,
    Break,
    Cell,
    Count,
    Line,
    Mark,
    Plan,
    Row,
    Tally,
    Why,
    cell,
    days_until,
    grid,
    planned_on,
    session_in_words,
    total,
)

TODAY = date(2026, 5, 20)  # a Wednesday
YESTERDAY = TODAY - timedelta(days=1)
EVERY_DAY = frozenset(range(1, 8))
FIL, REIL = (1, "none"), (2, "none")


def line(key=FIL, name="Flexion", times=1, weekdays=EVERY_DAY) -> Line:
    return Line(key, name, times, frozenset(weekdays))


def plan(*lines: Line, start=YESTERDAY, until=None) -> Plan:
    return Plan(lines, start, until)


# One day of one exercise.


@pytest.mark.parametrize(
    ("planned", "outcomes", "mark", "done"),
    [
        pytest.param(1, [], Mark.NOT_LOGGED, 0, id="planned and not logged"),
        pytest.param(0, [], Mark.NOT_PLANNED, 0, id="neither"),
        pytest.param(1, ["done"], Mark.DONE, 1, id="done"),
        pytest.param(1, ["part"], Mark.PART, 1, id="done in part"),
        pytest.param(1, ["no"], Mark.NO, 0, id="said that it was not done"),
        pytest.param(2, ["done"], Mark.PART, 1, id="one of two"),
        pytest.param(2, ["done", "done"], Mark.DONE, 2, id="two of two"),
        pytest.param(2, ["done", "part"], Mark.PART, 2, id="the second in part"),
        pytest.param(2, ["no", "no"], Mark.NO, 0, id="twice not"),
        pytest.param(2, ["no", "part"], Mark.PART, 1, id="a part of one"),
        pytest.param(1, ["done", "done", "no"], Mark.DONE, 2, id="more than planned"),
        pytest.param(0, ["done"], Mark.DONE, 1, id="done on a day off"),
        pytest.param(0, ["part"], Mark.PART, 1, id="a part of it on a day off"),
        pytest.param(0, ["no"], Mark.NO, 0, id="not done on a day off"),
    ],
)
def test_a_day_that_is_over_is_marked(planned, outcomes, mark, done):
    found = cell(YESTERDAY, today=TODAY, planned=planned, outcomes=outcomes)
    assert (found.day, found.mark, found.done, found.planned) == (YESTERDAY, mark, done, planned)
    assert found.left_out is None


@pytest.mark.parametrize(
    ("day", "mark"),
    [
        pytest.param(YESTERDAY, Mark.NOT_LOGGED, id="yesterday"),
        pytest.param(TODAY, Mark.OPEN, id="today"),
        pytest.param(TODAY + timedelta(days=1), Mark.OPEN, id="tomorrow"),
    ],
)
def test_a_day_is_open_until_it_is_over(day, mark):
    assert cell(day, today=TODAY, planned=1, outcomes=[]).mark is mark


def test_a_day_off_is_not_open():
    assert cell(TODAY, today=TODAY, planned=0, outcomes=[]).mark is Mark.NOT_PLANNED


@pytest.mark.parametrize(
    ("found", "words"),
    [
        pytest.param(
            Cell(date(2026, 11, 3), Mark.PART, Tally(done=1, not_logged=1)),
            "3 Nov, partly done, 1 of 2",
            id="2",
        ),
        pytest.param(Cell(date(2026, 11, 13), Mark.DONE, Tally(done=1)), "13 Nov, done", id="1"),
        pytest.param(Cell(date(2026, 1, 1), Mark.NOT_PLANNED), "1 Jan, not planned", id="0"),
        pytest.param(
            Cell(date(2026, 1, 1), Mark.LEFT_OUT, left_out=Why.AWAY),
            "1 Jan, left out: away",
            id="away",
        ),
        pytest.param(
            Cell(date(2026, 1, 1), Mark.DONE, Tally(done=1), Why.PAUSED),
            "1 Jan, done, left out: a stretch was paused",
            id="paused after it was done",
        ),
    ],
)
def test_a_cell_is_read_aloud(found, words):
    assert found.words == words


def test_every_mark_has_words():
    assert set(MARK_WORDS) == set(Mark)
    assert set(WHY_WORDS) == set(Why)


def test_what_was_not_logged_has_no_sign():
    signs = {mark: Cell(TODAY, mark).style for mark in Mark}
    assert {mark for mark, sign in signs.items() if sign == "none"} == {
        Mark.NOT_LOGGED,
        Mark.OPEN,
        Mark.LEFT_OUT,
        Mark.NOT_PLANNED,
    }
    assert (signs[Mark.DONE], signs[Mark.PART], signs[Mark.NO]) == ("done", "part", "no")


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        pytest.param(["done"], "all done", id="one, done"),
        pytest.param(["done", "done"], "all done", id="two, done"),
        pytest.param(["done", "part", "no"], "1 of 3 done", id="some"),
        pytest.param(["part", "no"], "part done", id="a part"),
        pytest.param(["no", "no"], "not done", id="nothing"),
    ],
)
def test_a_session_in_a_few_words(outcomes, words):
    assert session_in_words(outcomes) == words


@pytest.mark.parametrize(
    ("last", "number", "days"),
    [
        pytest.param(date(2026, 3, 1), 2, [date(2026, 2, 28), date(2026, 3, 1)], id="month's end"),
        pytest.param(date(2028, 3, 1), 2, [date(2028, 2, 29), date(2028, 3, 1)], id="leap year"),
        pytest.param(TODAY, 1, [TODAY], id="one"),
        pytest.param(TODAY, 0, [], id="none"),
    ],
)
def test_days_end_with_the_last(last, number, days):
    assert days_until(last, number) == days


# What was planned.


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        pytest.param(date(2026, 5, 3), False, id="the day before"),
        pytest.param(date(2026, 5, 4), True, id="the first day"),
        pytest.param(date(2026, 5, 10), True, id="the last day"),
        pytest.param(date(2026, 5, 11), False, id="the first day of the next"),
    ],
)
def test_a_plan_holds_from_its_first_day_until_the_next(day, holds):
    week = plan(line(), start=date(2026, 5, 4), until=date(2026, 5, 11))
    assert week.holds_on(day) is holds
    assert planned_on(day, [week], FIL) == int(holds)


def test_the_last_plan_goes_on():
    assert plan(line(), start=date(2026, 5, 4)).holds_on(date(2199, 12, 31))


def test_a_plan_that_ends_before_it_begins_never_holds():
    never = plan(line(), start=TODAY, until=YESTERDAY)
    assert not any(never.holds_on(day) for day in days_until(TODAY + timedelta(days=9), 20))


@pytest.mark.parametrize(
    ("day", "planned"),
    [
        pytest.param(date(2026, 5, 18), 3, id="Monday"),
        pytest.param(date(2026, 5, 19), 0, id="Tuesday"),
        pytest.param(date(2026, 5, 24), 3, id="Sunday"),
    ],
)
def test_only_the_chosen_weekdays_are_planned(day, planned):
    plans = [plan(line(times=3, weekdays={1, 7}), start=date(2026, 5, 1))]
    assert planned_on(day, plans, FIL) == planned


def test_the_other_side_is_another_row():
    plans = [plan(line((1, "left"), "Left"), line((1, "right"), "Right", times=2))]
    assert planned_on(TODAY, plans, (1, "left")) == 1
    assert planned_on(TODAY, plans, (1, "right")) == 2
    assert planned_on(TODAY, plans, FIL) == 0


# The grid.


def test_the_grid_follows_the_newest_plan_and_keeps_what_was_dropped():
    old = plan(line(FIL, "Flexion"), start=date(2026, 5, 1), until=TODAY)
    new = plan(line(REIL, "Extension", times=2), start=TODAY)
    outcomes = {(FIL, YESTERDAY): ["done"], (REIL, TODAY): ["done"]}
    rows = grid([YESTERDAY, TODAY], today=TODAY, plans=[old, new], outcomes=outcomes, breaks=[])
    assert [(row.name, [cell.mark for cell in row.cells]) for row in rows] == [
        ("Extension", [Mark.NOT_PLANNED, Mark.PART]),
        ("Flexion", [Mark.DONE, Mark.NOT_PLANNED]),
    ]


def test_an_exercise_keeps_one_row_over_its_editions_under_its_newest_name():
    old = plan(line(name="Old name"), start=date(2026, 5, 1), until=TODAY)
    new = plan(line(name="New name", times=2), start=TODAY)
    (row,) = grid([YESTERDAY, TODAY], today=TODAY, plans=[old, new], outcomes={}, breaks=[])
    assert (row.name, [cell.planned for cell in row.cells]) == ("New name", [1, 2])


def test_a_plan_of_other_days_has_no_row():
    past = plan(line(), start=date(2026, 1, 1), until=date(2026, 2, 1))
    future = plan(line(REIL), start=TODAY + timedelta(days=1))
    assert grid([TODAY], today=TODAY, plans=[past, future], outcomes={}, breaks=[]) == []


def test_what_was_planned_on_no_day_shown_has_a_row_all_the_same():
    sundays = plan(line(weekdays={7}))
    (row,) = grid([TODAY], today=TODAY, plans=[sundays], outcomes={}, breaks=[])
    assert [cell.mark for cell in row.cells] == [Mark.NOT_PLANNED]


AWAY = Break(Why.AWAY, YESTERDAY, YESTERDAY)


def day_of(outcomes, planned, day=YESTERDAY, breaks=()) -> Cell:
    return cell(day, today=TODAY, planned=planned, outcomes=outcomes, breaks=breaks)


@pytest.mark.parametrize(
    ("cells", "count"),
    [
        pytest.param([], Count(0, 0), id="nothing"),
        pytest.param([day_of(["done"] * 3, 1)], Count(1, 1), id="more than planned"),
        pytest.param([day_of(["done"], 0)], Count(0, 0), id="done on a day off"),
        pytest.param([day_of([], 3, TODAY)], Count(0, 0), id="a day still open"),
        pytest.param([day_of(["done"], 3, TODAY)], Count(1, 1), id="a day begun and not over"),
        pytest.param([day_of([], 3)], Count(0, 3), id="a day forgotten"),
        pytest.param([day_of(["part"], 2), day_of(["no"], 1)], Count(1, 3, 1), id="a day in part"),
        pytest.param([day_of(["part", "done"], 1)], Count(1, 1), id="the whole one counts"),
        pytest.param(
            [day_of([], 3, breaks=[AWAY]), day_of([], 1, breaks=[AWAY]), day_of(["done"], 1)],
            Count(1, 1, 0, ((Why.AWAY, 1),)),
            id="one day away",
        ),
    ],
)
def test_the_total_counts_what_was_planned(cells, count):
    assert total([Row("Flexion", tuple(cells))]) == count


# What holds for any programme and any log.


fixed = settings(max_examples=60)
DAYS = days_until(TODAY + timedelta(days=2), 12)
keys = st.sampled_from([FIL, REIL, (1, "left")])
lines = st.builds(
    Line,
    key=keys,
    name=st.just("Exercise"),
    times_per_day=st.integers(1, 24),
    weekdays=st.frozensets(st.integers(1, 7), min_size=1),
)


@st.composite
def successive_plans(draw) -> list[Plan]:
    """Plans one after the other: each until the next begins; the last may go on."""
    starts = sorted(draw(st.sets(st.sampled_from(DAYS), max_size=3)))
    ends = [*starts[1:], draw(st.none() | st.just(DAYS[-1]))]
    several = st.lists(lines, max_size=3, unique_by=lambda one: one.key)
    return [
        Plan(tuple(draw(several)), start, until)
        for start, until in zip(starts, ends if starts else [], strict=True)
    ]


logs = st.dictionaries(
    st.tuples(keys, st.sampled_from(DAYS)),
    st.lists(st.sampled_from(["done", "part", "no"]), max_size=4),
    max_size=6,
)


@fixed
@given(successive_plans(), logs)
def test_nobody_does_more_than_was_planned(plans, logged):
    rows = grid(DAYS, today=TODAY, plans=plans, outcomes=logged, breaks=[])
    count = total(rows)
    assert 0 <= count.in_part <= count.logged <= count.planned
    cells = [cell for row in rows for cell in row.cells]
    assert count.planned == sum(
        cell.planned if cell.day < TODAY else cell.planned - cell.tally.open for cell in cells
    )
    for one in cells:
        alone = total([Row("One", (one,))])
        assert alone.logged <= alone.planned <= one.planned


@fixed
@given(successive_plans(), logs)
def test_a_day_is_planned_from_the_plan_that_holds_and_no_other(plans, logged):
    rows = grid(DAYS, today=TODAY, plans=plans, outcomes=logged, breaks=[])
    assert all([cell.day for cell in row.cells] == DAYS for row in rows)
    for place, day in enumerate(DAYS):
        holding = [one for one in plans if one.holds_on(day)]
        assert len(holding) <= 1
        asked = sum(
            one.times_per_day
            for valid in holding
            for one in valid.lines
            if day.isoweekday() in one.weekdays
        )
        assert sum(row.cells[place].planned for row in rows) == asked


@fixed
@given(successive_plans())
def test_each_exercise_has_one_row(plans):
    rows = grid(DAYS, today=TODAY, plans=plans, outcomes={}, breaks=[])
    valid = [one for one in plans if any(one.holds_on(day) for day in DAYS)]
    assert len(rows) == len({line.key for one in valid for line in one.lines})


@fixed
@given(st.integers(0, 3), st.lists(st.sampled_from(["done", "part", "no"]), max_size=4))
def test_one_more_session_done_never_looks_worse(planned, outcomes):
    order = [Mark.NOT_PLANNED, Mark.NOT_LOGGED, Mark.NO, Mark.PART, Mark.DONE]
    before, after = (
        cell(YESTERDAY, today=TODAY, planned=planned, outcomes=said)
        for said in (outcomes, [*outcomes, "done"])
    )
    assert order.index(after.mark) >= order.index(before.mark)
    assert after.done == before.done + 1


# What is taken out of the plan.


@pytest.mark.parametrize(
    ("outcomes", "mark", "tallied"),
    [
        pytest.param([], Mark.LEFT_OUT, Tally(), id="nothing logged"),
        pytest.param(["done"], Mark.DONE, Tally(extra=1), id="done all the same"),
        pytest.param(["no"], Mark.NO, Tally(), id="said that it was not done"),
    ],
)
def test_a_day_away_plans_nothing(outcomes, mark, tallied):
    assert day_of(outcomes, 2, breaks=[AWAY]) == Cell(YESTERDAY, mark, tallied, Why.AWAY)


@pytest.mark.parametrize(
    ("outcomes", "count"),
    [
        pytest.param([], Count(0, 0, 0, ((Why.PAUSED, 1),)), id="paused before it was logged"),
        pytest.param(["done"], Count(1, 1, 0, ((Why.PAUSED, 1),)), id="one of three, then paused"),
        pytest.param(["part", "no"], Count(1, 2, 1, ((Why.PAUSED, 1),)), id="two of three"),
        pytest.param(["done"] * 3, Count(3, 3), id="all, then paused"),
    ],
)
def test_on_the_day_a_pause_begins_what_was_logged_was_planned(outcomes, count):
    pause = Break(Why.PAUSED, YESTERDAY, exercise=1, partly=frozenset({YESTERDAY}))
    assert total([Row("One", (day_of(outcomes, 3, breaks=[pause]),))]) == count


def test_a_day_off_is_not_left_out():
    off = cell(YESTERDAY, today=TODAY, planned=0, outcomes=[], breaks=[AWAY])
    assert off == Cell(YESTERDAY, Mark.NOT_PLANNED)


@pytest.mark.parametrize(
    ("taken", "takes"),
    [
        pytest.param(Break(Why.AWAY, TODAY, TODAY), True, id="everything"),
        pytest.param(Break(Why.AWAY, YESTERDAY, YESTERDAY), False, id="of the day before"),
        pytest.param(Break(Why.PAUSED, TODAY, exercise=1), True, id="this exercise"),
        pytest.param(Break(Why.PAUSED, TODAY, exercise=2), False, id="another exercise"),
        pytest.param(Break(Why.PAUSED, TODAY, way=("lumbar", "flexion")), True, id="its way"),
        pytest.param(Break(Why.PAUSED, TODAY, way=("lumbar", "extension")), False, id="not its"),
    ],
)
def test_a_break_takes_everything_or_one_exercise_or_one_direction(taken, takes):
    one = Line((1, "left"), "One", 1, EVERY_DAY, frozenset({("lumbar", "flexion")}))
    assert taken.takes(one, TODAY) is takes


@pytest.mark.parametrize(
    ("count", "words", "left_out"),
    [
        pytest.param(Count(9, 14), "logged 9 of 14 planned", "", id="plain"),
        pytest.param(Count(9, 14, 2), "logged 9 of 14 planned, 2 of them in part", "", id="part"),
        pytest.param(
            Count(1, 1, 0, ((Why.AWAY, 3), (Why.PAUSED, 1))),
            "logged 1 of 1 planned",
            "3 days left out: away. 1 day left out: a stretch was paused",
            id="left out",
        ),
    ],
)
def test_a_count_is_told_in_words_that_describe(count, words, left_out):
    assert (count.words, count.left_out_words) == (words, left_out)


@st.composite
def some_breaks(draw) -> list[Break]:
    first = draw(st.sampled_from(DAYS))
    last = draw(st.sampled_from([day for day in DAYS if day >= first]))
    return draw(
        st.lists(
            st.builds(
                Break,
                st.sampled_from(list(Why)),
                st.just(first),
                st.just(last),
                exercise=st.sampled_from([None, 1, 2]),
                partly=st.sampled_from([frozenset(), frozenset({first, last})]),
            ),
            max_size=2,
        )
    )


@fixed
@given(successive_plans(), logs, some_breaks())
def test_the_total_is_what_plain_counting_gives(plans, logged, breaks):
    rows = grid(DAYS, today=TODAY, plans=plans, outcomes=logged, breaks=breaks)
    done = planned = in_part = 0
    left_out = set()
    for day in DAYS:
        for plan in plans:
            if not (plan.from_day <= day and (plan.until is None or day < plan.until)):
                continue
            for one in plan.lines:
                if day.isoweekday() not in one.weekdays:
                    continue
                said = logged.get((one.key, day), [])
                mine = [
                    b
                    for b in breaks
                    if b.first <= day <= b.last and b.exercise in (None, one.key[0])
                ]
                whole = [b for b in mine if day not in b.partly]
                asked = one.times_per_day
                if whole:
                    asked = 0
                elif mine:
                    asked = min(asked, len(said))
                if asked < one.times_per_day:
                    left_out.add(((whole or mine)[0].why, day))
                if day >= TODAY:
                    asked = min(asked, len(said))
                best = sorted(said, key=["done", "part", "no"].index)[:asked]
                planned += asked
                done += sum(outcome != "no" for outcome in best)
                in_part += best.count("part")
    found = total(rows)
    assert (found.logged, found.planned, found.in_part) == (done, planned, in_part)
    assert dict(found.left_out) == {
        why: sum(which is why for which, _ in left_out) for why, _ in left_out
    }
