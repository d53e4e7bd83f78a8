"""Every number on the charts against the same number counted another way from the raw rows."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.vocabulary import Direction, Region
from patients.bodymap import PLACES, ZONES, BodyMap
from patients.lights import Light
from prescriptions import actions
from prescriptions.absences import breaks_of
from prescriptions.adherence import Break, Line, Plan, Why, grid, total
from prescriptions.charts import Mark, MarkKind, TimeAxis
from prescriptions.models import (
    Alert,
    Moment,
    Outcome,
    Prescription,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from prescriptions.progress import (
    DAYS,
    Answer,
    Rows,
    furthest_by_day,
    pain_spark,
    progress_of,
    rows_of,
    told,
)
from prescriptions.telling import outcomes, plans
from tests import make
from tests.make import NOW, TODAY, inside

DAY = timedelta(days=1)
AXIS = TimeAxis(TODAY - 13 * DAY, 14)
FIL, TILT = (1, "none"), (2, "left")
NAMES = {FIL: "Flexion in Lying", TILT: "Pelvic Tilt (left)"}
CODES = [zone.code for zone in ZONES]

fixed = settings(max_examples=40)


def rows_in(chart) -> dict[date, dict[str, str]]:
    """The table of a chart: day by day, the cells under their words."""
    return {row.day: dict(zip(chart.head, row.cells, strict=True)) for row in chart.rows}


def numbers(cells: dict[date, dict[str, str]], head: str) -> dict[date, int]:
    return {
        day: int(row[head]) for day, row in cells.items() if row.get(head, "0") not in ("0", "–")
    }


# Random histories, without a database


@st.composite
def histories(draw) -> Rows:
    starts = sorted(draw(st.sets(st.sampled_from(AXIS.days), max_size=3)))
    line = st.builds(
        lambda key, times, weekdays: Line(key, NAMES[key], times, weekdays),
        st.sampled_from([FIL, TILT]),
        st.integers(1, 3),
        st.frozensets(st.integers(1, 7), min_size=1),
    )
    several = st.lists(line, max_size=2, unique_by=lambda one: one.key).map(tuple)
    ends = [*starts[1:], None]
    planned = [
        Plan(draw(several), start, until)
        for start, until in zip(starts, ends[: len(starts)] if starts else [], strict=False)
    ]
    places = st.lists(st.sampled_from(CODES), max_size=2).map(tuple)
    asked = st.dictionaries(st.sampled_from(list(Moment)), st.none() | st.integers(0, 10))
    said = st.builds(
        lambda key, **more: Answer(key=key, name=NAMES[key], **more),
        st.sampled_from([FIL, TILT]),
        day=st.sampled_from(AXIS.days),
        pain=asked,
        zones_before=places,
        zones_after=places,
        outcome=st.sampled_from([outcome.value for outcome in Outcome]),
    )
    tests = st.builds(
        Answer, day=st.sampled_from(AXIS.days), zones_before=places, zones_after=places
    )
    away = st.builds(Break, st.just(Why.AWAY), day := st.sampled_from(AXIS.days), day)
    return Rows(
        planned,
        draw(st.lists(said, max_size=12)) + draw(st.lists(tests, max_size=2)),
        breaks=draw(st.lists(away, max_size=2)),
    )


@fixed
@given(histories())
def test_pain_on_the_chart_is_the_worst_that_was_said(rows):
    found = told(rows, axis=AXIS, today=TODAY)
    asked = {answer.key for answer in rows.answers if answer.key and answer.pain}
    assert sorted(chart.title for chart in found.pain) == sorted(NAMES[key] for key in asked)
    key_of = {name: key for key, name in NAMES.items()}
    for chart in found.pain:
        mine = [one for one in rows.answers if one.key == key_of[chart.title]]
        table = rows_in(chart)
        for day in AXIS.days:
            for moment in Moment:
                said = [one.pain[moment] for one in mine if one.day == day and moment in one.pain]
                words = ", ".join("skipped" if one is None else str(one) for one in said)
                assert table.get(day, {}).get(moment.value.capitalize(), "–") == (words or "–")
        drawn = sum(len(series.points) for lane in chart.lanes for series in lane.series)
        assert drawn == sum(
            any(one.day == day and one.pain.get(moment) is not None for one in mine)
            for day in AXIS.days
            for moment in Moment
        )


@fixed
@given(histories())
def test_sessions_on_the_chart_are_those_of_the_grid_and_of_the_total(rows):
    found = told(rows, axis=AXIS, today=TODAY)
    said = defaultdict(list)
    for one in rows.answers:
        if one.key:
            said[one.key, one.day].append(one.outcome)
    lines = grid(AXIS.days, today=TODAY, plans=rows.plans, outcomes=said, breaks=rows.breaks)
    count, table = total(lines), rows_in(found.done)
    assert found.total == count
    part_words = f", {count.in_part} of them in part" if count.in_part else ""
    left_out = f" {count.left_out_words}." if count.left_out else ""
    assert found.done.summary == (
        f"Logged {count.logged} of {count.planned} planned sessions{part_words}.{left_out}"
    )
    done, part, still_open = (
        numbers(table, head) for head in ("Done", "Partly done", "Still open")
    )
    assert sum(done.values()) + sum(part.values()) == count.logged
    planned = numbers(table, "Planned")
    assert sum(planned.values()) - sum(still_open.values()) == count.planned
    assert set(still_open) <= {TODAY}
    away = {day for one in rows.breaks for day in AXIS.days if one.first <= day <= one.last}
    for day in AXIS.days:
        valid = [one for one in rows.plans if one.holds_on(day) and day not in away]
        assert planned.get(day, 0) == sum(
            line.times_per_day
            for plan in valid
            for line in plan.lines
            if day.isoweekday() in line.weekdays
        )
        # What was done or partly done is in the columns, whether or not it was planned.
        extra = numbers(table, "More than planned")
        assert done.get(day, 0) + part.get(day, 0) + extra.get(day, 0) == sum(
            one.outcome != "no" for one in rows.answers if one.key and one.day == day
        )


@fixed
@given(histories(), st.sampled_from(list(BodyMap)), st.sampled_from([Moment.BEFORE, Moment.AFTER]))
def test_the_furthest_place_is_the_furthest_that_was_marked(rows, body_map, moment):
    found = furthest_by_day(rows.answers, body_map, moment)
    for day in AXIS.days:
        ranks, has_zero, has_pain = [], False, False
        for one in rows.answers:
            if one.day != day:
                continue
            if one.zones_before + one.zones_after:
                codes = one.zones_before if moment == "before" else one.zones_after
                ranks += [0, *(int(c.split("-")[1]) for c in codes if c.startswith(body_map))]
            elif one.pain.get(moment) is not None:
                has_pain |= one.pain[moment] > 0
                has_zero |= one.pain[moment] == 0
        if any(ranks):
            expected = max(ranks)
        elif (ranks or has_zero) and not has_pain:
            expected = 0
        else:
            expected = None
        assert (found[day].worst if day in found else None) == expected


@fixed
@given(histories())
def test_a_map_has_a_chart_when_something_was_marked_on_it(rows):
    charts = {chart.name: chart for chart in told(rows, axis=AXIS, today=TODAY).zones}
    codes = {code for one in rows.answers for code in one.zones_before + one.zones_after}
    assert set(charts) == {f"zone-{code.split('-')[0]}" for code in codes}
    for body_map in BodyMap:
        words = {"no pain", "–", *PLACES[body_map].values()}
        if chart := charts.get(f"zone-{body_map}"):
            assert {cell for row in chart.rows for cell in row.cells} <= words


@fixed
@given(histories())
def test_the_spark_tells_the_worst_pain_of_its_days(rows):
    found = pain_spark(((one.day, one.pain) for one in rows.answers), until=TODAY)
    days = {
        one.day for one in rows.answers if any(value is not None for value in one.pain.values())
    }
    said = [value for one in rows.answers for value in one.pain.values() if value is not None]
    assert len(found.points) == len(days)
    if said:
        assert f"highest {max(said)} on" in found.words


def test_nothing_is_shown_of_nothing():
    found = told(Rows(), axis=AXIS, today=TODAY)
    assert not found.has_anything
    assert (found.pain, found.zones, found.done.rows) == ([], [], ())
    marked = Rows(marks=[Mark(MarkKind.ALERT, TODAY, "Alert")])
    assert told(marked, axis=AXIS, today=TODAY).has_anything


# Stored rows


def publish(patient, *, starts_on, lines=None) -> PrescriptionEdition:
    draft, by = make.draft(of=patient, lines=lines), make.founder(patient.clinic)
    with inside(patient.clinic_id):
        PrescriptionEdition.objects.filter(pk=draft.pk).update(starts_on=starts_on)
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def end(patient, *, on) -> None:
    with inside(patient.clinic_id):
        actions.end(
            prescription=Prescription.objects.of_patient(patient).open().get(),
            on=on,
            because="Well again.",
            by=make.founder(patient.clinic),
        )


def shown(patient, *, today=TODAY):
    with inside(patient.clinic_id):
        return progress_of(patient, today=today)


def test_pain_is_told_by_day_and_zero_and_skipped_stay_apart(patient):
    edition = publish(patient, starts_on=TODAY - 9 * DAY, lines=[make.line("FIL")])
    for days, before, after in ((3, 4, 0), (2, None, 1), (0, 0, 0)):
        pain = {Moment.BEFORE: before, Moment.AFTER: after}
        make.log(of=edition, pain=pain, done_at=NOW - days * DAY)
    (chart,) = shown(patient).pain
    assert rows_in(chart) == {
        TODAY - 9 * DAY: {"Before": "–", "After": "–", "During": "–"},
        TODAY - 3 * DAY: {"Before": "4", "After": "0", "During": "–"},
        TODAY - 2 * DAY: {"Before": "skipped", "After": "1", "During": "–"},
        TODAY: {"Before": "0", "After": "0", "During": "–"},
    }
    before, after = chart.lanes[0].series
    assert (len(before.points), len(after.points), len(after.strokes)) == (2, 3, 1)
    assert len(chart.lanes[0].skips) == 1
    assert before.points[1].y == after.points[2].y  # 0 is a point, on the bottom line


def test_answers_of_one_day_stand_in_the_order_of_the_sessions(patient):
    edition = make.edition(of=patient)
    for hours, pain in ((1, 3), (3, 7), (2, None)):
        make.log(of=edition, pain={Moment.AFTER: pain}, done_at=NOW - timedelta(hours=hours))
    (chart,) = shown(patient).pain
    assert rows_in(chart)[TODAY]["After"] == "7, skipped, 3"


@pytest.mark.parametrize("far", [DAYS, DAYS + 1, 400])
def test_what_lies_before_the_period_is_not_told(patient, far):
    edition = publish(patient, starts_on=TODAY - 500 * DAY)
    make.log(of=edition, done_at=NOW - far * DAY)
    assert shown(patient).pain == []
    make.log(of=edition, done_at=NOW - (DAYS - 1) * DAY)
    (chart,) = shown(patient).pain
    assert [row.day for row in chart.rows] == [TODAY - (DAYS - 1) * DAY]


def test_a_correction_speaks_for_the_log_it_corrects(patient):
    edition = make.edition(of=patient)
    first = make.log(of=edition, pain={Moment.AFTER: 9}, outcome=Outcome.NO)
    second = make.log(of=edition, pain={Moment.AFTER: 2}, done_at=NOW + timedelta(minutes=1))
    with inside(patient.clinic_id):
        stored = SessionLog.objects.get(pk=second.pk)
        corrected = SessionLog.objects.create(
            clinic=stored.clinic,
            patient=patient,
            edition=edition,
            client_uuid=uuid4(),
            digest="x",
            done_at=first.done_at,
            local_date=first.local_date,
            received_at=NOW,
            corrects=first,
        )
        SessionEntry.objects.create(
            clinic=stored.clinic,
            patient=patient,
            log=corrected,
            prescribed_exercise=edition.lines.get(),
            outcome=Outcome.DONE,
            pain_after=4,
        )
    (chart,) = shown(patient).pain
    assert rows_in(chart)[TODAY]["After"] == "4, 2"


def test_plans_are_those_that_were_valid_that_day(patient):
    """As many as all editions give, though only those of the period are read."""
    old, middle = [make.line("FIL", times_per_day=1)], [make.line("FIL", times_per_day=2)]
    publish(patient, starts_on=TODAY - 300 * DAY, lines=old)
    publish(patient, starts_on=TODAY - 100 * DAY, lines=middle)
    publish(patient, starts_on=TODAY - 20 * DAY, lines=[make.line("FIL", times_per_day=3)])
    publish(patient, starts_on=TODAY - 20 * DAY, lines=[make.line("TILT", times_per_day=4)])
    publish(patient, starts_on=TODAY + DAY, lines=[make.line("TILT", times_per_day=5)])
    found = shown(patient)
    planned = numbers(rows_in(found.done), "Planned")
    assert planned == {day: 2 if day < TODAY - 20 * DAY else 4 for day in found.axis.days}
    with inside(patient.clinic_id):
        editions = PrescriptionEdition.objects.of_patient(patient).valid_between(
            found.axis.first, found.axis.last
        )
        assert sorted(edition.number for edition in editions) == [2, 3, 4]
    words = {row.day: row.marks for row in found.done.rows if row.marks}
    assert words == {TODAY - 20 * DAY: "Edition 4 begins: More of it"}


@pytest.mark.parametrize(
    ("ended", "planned"),
    [
        pytest.param(DAYS + 5, 0, id="before the period"),
        pytest.param(DAYS - 1, 0, id="on its first day"),
        pytest.param(10, DAYS - 11, id="within"),
    ],
)
def test_a_course_that_ended_is_planned_until_then(patient, ended, planned):
    publish(patient, starts_on=TODAY - 90 * DAY, lines=[make.line("FIL", times_per_day=1)])
    end(patient, on=TODAY - ended * DAY)
    assert shown(patient).total.planned == planned


def test_a_session_of_the_last_day_of_a_course_is_more_than_planned(patient):
    edition = publish(patient, starts_on=TODAY - 5 * DAY)
    make.log(of=edition, done_at=NOW - DAY)
    end(patient, on=TODAY - DAY)
    assert numbers(rows_in(shown(patient).done), "More than planned") == {TODAY - DAY: 1}


def test_what_happened_is_marked(patient):
    edition = publish(patient, starts_on=TODAY - 3 * DAY, lines=[make.line("FIL")])
    make.alarming_log(of=edition, done_at=NOW - DAY)
    begun = make.screened(patient)
    make.direction_test(of=begun, at=NOW - 2 * DAY)
    make.direction_test(of=begun, at=NOW - 2 * DAY, light=Light.AMBER, because="Tired.")
    with inside(patient.clinic_id):
        alert = Alert.objects.of_patient(patient).get()
    found = shown(patient)
    expected = {
        TODAY - 3 * DAY: "Edition 1 begins",
        TODAY - 2 * DAY: (
            "Test: Lumbar spine extension, green. Test: Lumbar spine extension, amber"
        ),
        TODAY - DAY: f"Alert: {alert.message.rstrip('.')}",
    }
    for chart in (found.done, *found.pain, *found.zones):
        assert {row.day: row.marks for row in chart.rows if row.marks} == expected
        assert [row.kind for row in chart.sign_rows] == list(MarkKind)


def test_places_of_logs_and_tests_are_told_by_name(patient):
    edition = publish(patient, starts_on=TODAY - 3 * DAY, lines=[make.line("FIL")])
    make.alarming_log(of=edition, done_at=NOW - DAY)
    tested = make.as_tested(
        Region.CERVICAL,
        Direction.EXTENSION,
        zones_before=("upper-5-L", "upper-1-C"),
        zones_after=(),
    )
    make.direction_test(of=make.screened(patient), tested=tested, at=NOW)
    low, upper = shown(patient).zones
    assert (low.title, upper.title) == ("Low back and legs", "Neck, upper back and arms")
    told_low, told_upper = rows_in(low), rows_in(upper)
    assert told_low[TODAY - DAY] == {
        "Before": "low back beside the spine",
        "After": "lower leg or calf",
    }
    assert told_upper[TODAY] == {"Before": "forearm", "After": "no pain"}
    assert told_low[TODAY] == {"Before": "no pain", "After": "no pain"}


# The patient's own dates


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        pytest.param("America/New_York", datetime(2026, 3, 8, 6, 30, tzinfo=UTC), id="forward"),
        pytest.param("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), id="back"),
        pytest.param("Europe/Berlin", datetime(2026, 3, 29, 0, 30, tzinfo=UTC), id="Berlin"),
        pytest.param("Australia/Lord_Howe", datetime(2026, 4, 4, 14, 0, tzinfo=UTC), id="half"),
        pytest.param("Pacific/Kiritimati", datetime(2026, 5, 1, 11, 0, tzinfo=UTC), id="first"),
        pytest.param("Pacific/Pago_Pago", datetime(2026, 5, 1, 10, 0, tzinfo=UTC), id="last"),
    ],
)
def test_days_are_the_patients_own_over_every_change_of_clock(clinic, zone, at):
    patient = make.patient(of=clinic, time_zone=zone)
    edition = publish(patient, starts_on=at.date() - 30 * DAY, lines=[make.line("FIL")])
    hours = [at + timedelta(hours=step) for step in range(-40, 41, 4)]
    for hour in hours:
        make.alarming_log(of=edition, done_at=hour)
        make.direction_test(of=make.screened(patient), at=hour)
    days = [hour.astimezone(ZoneInfo(zone)).date() for hour in hours]
    for today in sorted(set(days)):
        axis = TimeAxis(today - DAY, 2)
        with inside(patient.clinic_id):
            rows = rows_of(patient, axis)
        expected = [day for day in days if day in axis.days]
        assert [one.day for one in rows.answers if one.key] == expected
        assert [one.day for one in rows.answers if not one.key] == expected
        tests = [mark.day for mark in rows.marks if mark.kind is MarkKind.TEST]
        assert tests == expected


# A long random history in the database, against plain counting


@pytest.mark.parametrize("seed", range(3))
def test_a_stored_history_is_told_as_it_is_counted(patient, seed):
    chance = Random(seed)
    lines = [make.line("FIL", times_per_day=2), make.line("TILT", times_per_day=1)]
    editions = [
        publish(patient, starts_on=TODAY - days * DAY, lines=chance.choice([lines, lines[:1]]))
        for days in (80, 40, 15)
    ]
    with inside(patient.clinic_id):
        names = {edition: [line.name for line in edition.lines.all()] for edition in editions}
    raw = []
    for back in range(79, -1, -1):
        for hour in range(chance.randint(0, 2)):
            day = TODAY - back * DAY
            edition = [one for one in editions if one.starts_on <= day][-1]
            outcome = chance.choice(list(Outcome))
            pain = {
                moment: chance.choice([None, 0, 0, chance.randint(1, 10)])
                for moment in Moment
                if chance.random() < 0.8
            }
            at = datetime(day.year, day.month, day.day, 12 + hour, tzinfo=UTC)
            make.log(of=edition, outcome=outcome, pain=pain, done_at=at)
            raw += [(day, name, outcome, pain) for name in names[edition]]
    found = shown(patient)
    assert {chart.title for chart in found.pain} <= {row[1] for row in raw}
    raw = [row for row in raw if row[0] >= found.axis.first]
    for chart in found.pain:
        mine = [row for row in raw if row[1] == chart.title]
        table = rows_in(chart)
        for day in found.axis.days:
            for moment in Moment:
                said = [pain[moment] for on, _, _, pain in mine if on == day and moment in pain]
                words = ", ".join("skipped" if one is None else str(one) for one in said) or "–"
                assert table.get(day, {}).get(moment.value.capitalize(), "–") == words
    with inside(patient.clinic_id):
        every_log = list(SessionLog.objects.of_patient(patient).with_entries())
        every_edition = list(PrescriptionEdition.objects.of_patient(patient).with_lines())
        expected = total(
            grid(
                found.axis.days,
                today=TODAY,
                plans=plans(every_edition),
                outcomes=outcomes(every_log),
                breaks=breaks_of(patient, found.axis.first, TODAY),
            )
        )
    assert found.total == expected
    table = rows_in(found.done)
    done = [numbers(table, head) for head in ("Done", "Partly done", "More than planned")]
    for day in found.axis.days:
        assert sum(of_day.get(day, 0) for of_day in done) == sum(
            row[0] == day and row[2] is not Outcome.NO for row in raw
        )
