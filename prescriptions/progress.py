"""How one patient gets on, week by week: rows gathered in a fixed number of queries, and charts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from patients.bodymap import PLACES, BodyMap, reach, zones
from patients.dates import end_of_day
from patients.lights import Light
from patients.models import DirectionTest, Patient
from prescriptions.adherence import Count, Plan, Row, cell, planned_on, total
from prescriptions.adherence import Mark as DayMark
from prescriptions.charts import (
    Chart,
    Lane,
    Mark,
    MarkKind,
    Said,
    Series,
    Spark,
    Tally,
    TimeAxis,
    column_chart,
    line_chart,
    spark,
    tally,
)
from prescriptions.models import Alert, Moment, PrescriptionEdition, SessionEntry, SessionLog
from prescriptions.responses import MOST_PAIN
from prescriptions.telling import Key, key_of, plans

DAYS = 56
SPARK_DAYS = 14
FURTHEST = 6
PAIN_STEP = 8  # pixels for one on the scale
ZONE_STEP = 32
BODY_MAP_WORDS = {BodyMap.LOW: "Low back and legs", BodyMap.UPPER: "Neck, upper back and arms"}
NOWHERE = "no pain"


@dataclass(frozen=True)
class Answer:
    """What was said of one exercise, once, or of one direction test.

    `pain` holds the moments that were asked, None where one was skipped.
    """

    day: date
    pain: Mapping[Moment, int | None] = field(default_factory=dict)
    zones_before: tuple[str, ...] = ()
    zones_after: tuple[str, ...] = ()
    key: Key | None = None  # which exercise; None for a test
    name: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class Rows:
    """Everything that the charts are made of, oldest first."""

    plans: Sequence[Plan] = ()
    answers: Sequence[Answer] = ()
    marks: Sequence[Mark] = ()


@dataclass(frozen=True)
class Progress:
    """The charts of one period."""

    axis: TimeAxis
    total: Count
    done: Chart
    pain: Sequence[Chart]
    zones: Sequence[Chart]
    spark: Spark
    has_anything: bool


def progress_of(patient: Patient, *, today: date, number: int = DAYS) -> Progress:
    """The days up to and with today, by the patient's own dates."""
    axis = TimeAxis(today - timedelta(days=number - 1), number)
    return told(rows_of(patient, axis), axis=axis, today=today)


def rows_of(patient: Patient, axis: TimeAxis) -> Rows:
    """What happened in these days, in six queries."""
    first, last = axis.first, axis.last
    editions = list(
        PrescriptionEdition.objects.of_patient(patient).valid_between(first, last).with_names()
    )
    logs = SessionLog.objects.of_patient(patient).between(first, last).standing().with_entries()
    begin = end_of_day(first - timedelta(days=1), patient.zone)
    end = end_of_day(last, patient.zone)
    tests = list(
        DirectionTest.objects.of_patient(patient)
        .filter(at__gte=begin, at__lt=end)
        .order_by("at", "pk")
    )
    alerts = Alert.objects.of_patient(patient).filter(raised_at__gte=begin, raised_at__lt=end)
    answers = [
        *(_of_entry(entry, log) for log in logs.oldest_first() for entry in log.entries.all()),
        *(_of_test(test, patient.local_date(test.at)) for test in tests),
    ]
    marks = [
        *_edition_marks(editions),
        *(_test_mark(test, patient.local_date(test.at)) for test in tests),
        *(
            Mark(MarkKind.ALERT, patient.local_date(alert.raised_at), f"Alert: {alert.message}")
            for alert in alerts.order_by("raised_at", "pk")
        ),
    ]
    return Rows(plans(editions), answers, [mark for mark in marks if first <= mark.day <= last])


def told(rows: Rows, *, axis: TimeAxis, today: date) -> Progress:
    """The charts of these rows; plain, so that a test can ask it about any history."""
    of_exercises = [answer for answer in rows.answers if answer.key is not None]
    names = _names(rows.plans, of_exercises, axis)
    days = _day_rows(names, rows.plans, of_exercises, axis=axis, today=today)
    count = total(days.rows)
    asked: dict[Key, list[Answer]] = defaultdict(list)
    for answer in of_exercises:
        if answer.key is not None and answer.pain:
            asked[answer.key].append(answer)
    return Progress(
        axis=axis,
        total=count,
        done=column_chart(
            "done",
            "Done and planned",
            axis=axis,
            tallies=days.tallies,
            marks=rows.marks,
            summary=f"Logged {count.logged} of {count.planned} planned sessions.",
        ),
        pain=[
            _pain_chart(f"pain-{number}", names[key], axis, asked[key], rows.marks)
            for number, key in enumerate((key for key in names if key in asked), start=1)
        ],
        zones=[
            _zone_chart(body_map, axis, rows)
            for body_map in BodyMap
            if any(
                reach(zones([*one.zones_before, *one.zones_after]))[body_map]
                for one in rows.answers
            )
        ],
        spark=pain_spark(((one.day, one.pain) for one in of_exercises), until=axis.last),
        has_anything=bool(names or rows.answers or rows.marks),
    )


def pain_spark(
    answers: Iterable[tuple[date, Mapping[Moment, int | None]]], *, until: date
) -> Spark:
    """The worst pain of each of the last 14 days, over all exercises and moments."""
    axis = TimeAxis(until - timedelta(days=SPARK_DAYS - 1), SPARK_DAYS)
    worst: dict[date, int] = {}
    for day, pain in answers:
        for value in pain.values():
            if value is not None and axis.first <= day <= axis.last:
                worst[day] = max(value, worst.get(day, value))
    return spark(axis=axis, values=worst, most=MOST_PAIN, what="Worst pain of the day")


@dataclass(frozen=True)
class _Days:
    rows: Sequence[Row]
    tallies: Mapping[date, Tally]


def _names(plans_: Sequence[Plan], answers: Sequence[Answer], axis: TimeAxis) -> dict[Key, str]:
    """The exercises of these days, those of the newest plan first."""
    names: dict[Key, str] = {}
    for plan in reversed(plans_):
        if any(plan.holds_on(day) for day in axis.days):
            for line in plan.lines:
                names.setdefault(line.key, line.name)
    for answer in reversed(answers):
        if answer.key is not None:
            names.setdefault(answer.key, answer.name)
    return names


def _day_rows(
    names: Mapping[Key, str],
    plans_: Sequence[Plan],
    answers: Sequence[Answer],
    *,
    axis: TimeAxis,
    today: date,
) -> _Days:
    """Each day of each exercise, weighed against the plan that was valid that day."""
    outcomes: dict[tuple[Key, date], list[str]] = defaultdict(list)
    for answer in answers:
        if answer.key is not None:
            outcomes[answer.key, answer.day].append(answer.outcome)
    tallies: dict[date, Tally] = defaultdict(Tally)
    rows = []
    for key, name in names.items():
        cells = []
        for day in axis.days:
            planned, said = planned_on(day, plans_, key), outcomes.get((key, day), [])
            found = cell(day, today=today, planned=planned, outcomes=said)
            cells.append(found)
            tallies[day] += tally(said, planned=planned, is_open=found.mark is DayMark.OPEN)
        rows.append(Row(name, tuple(cells)))
    return _Days(rows, tallies)


def _pain_chart(
    name: str, title: str, axis: TimeAxis, answers: Sequence[Answer], marks: Sequence[Mark]
) -> Chart:
    before, during, after = (
        Series(moment.value.capitalize(), sign, _pain_by_day(answers, moment), is_joined=joined)
        for moment, sign, joined in (
            (Moment.BEFORE, "ring", False),
            (Moment.DURING, "dot", True),
            (Moment.AFTER, "dot", True),
        )
    )
    labels = {0: "0", 5: "5", MOST_PAIN: str(MOST_PAIN)}
    lanes = [
        Lane("Before and after", (before, after), MOST_PAIN, PAIN_STEP, labels),
        Lane("Worst during", (during,), MOST_PAIN, PAIN_STEP, labels),
    ]
    return line_chart(name, title, axis=axis, lanes=lanes, marks=marks)


def _pain_by_day(answers: Iterable[Answer], moment: Moment) -> dict[date, Said]:
    said: dict[date, list[int | None]] = defaultdict(list)
    for answer in answers:
        if moment in answer.pain:
            said[answer.day].append(answer.pain[moment])
    return {day: Said(tuple(values)) for day, values in said.items()}


def _zone_chart(body_map: BodyMap, axis: TimeAxis, rows: Rows) -> Chart:
    before, after = (
        Series(name, sign, furthest_by_day(rows.answers, body_map, moment), is_joined=joined)
        for name, sign, joined, moment in (
            ("Before", "ring", False, Moment.BEFORE),
            ("After", "dot", True, Moment.AFTER),
        )
    )
    places = {0: NOWHERE, **PLACES[body_map]}
    lane = Lane(
        "Before and after",
        (before, after),
        FURTHEST,
        ZONE_STEP,
        places,
        word=places.__getitem__,
        most_word="furthest",
    )
    return line_chart(
        f"zone-{body_map.value}",
        BODY_MAP_WORDS[body_map],
        axis=axis,
        lanes=[lane],
        marks=rows.marks,
    )


def furthest_by_day(
    answers: Iterable[Answer], body_map: BodyMap, moment: Moment
) -> dict[date, Said]:
    """How far from the spine pain was marked on each day, 0 for no pain.

    Places are answered where one was marked before or after. Where none was, a pain of 0 says that
    there was none. A day with pain that nobody placed has no 0: it is a gap.
    """
    marked: dict[date, int] = {}
    pain: dict[date, list[int]] = defaultdict(list)
    for answer in answers:
        if answer.zones_before or answer.zones_after:
            codes = answer.zones_before if moment is Moment.BEFORE else answer.zones_after
            furthest = reach(zones(codes))[body_map]
            marked[answer.day] = max(furthest, marked.get(answer.day, 0))
        elif (value := answer.pain.get(moment)) is not None:
            pain[answer.day].append(value)
    nowhere = {day: 0 for day, values in pain.items() if not any(values)}
    unplaced = {day for day, values in pain.items() if any(values)}
    known = nowhere | {day: rank for day, rank in marked.items() if rank or day not in unplaced}
    return {day: Said((rank,)) for day, rank in known.items()}


def _of_entry(entry: SessionEntry, log: SessionLog) -> Answer:
    return Answer(
        day=log.local_date,
        pain={
            moment: entry.pain(moment)
            for moment in Moment
            if entry.pain(moment) is not None or moment.value in entry.pain_skipped
        },
        zones_before=tuple(entry.zones_before),
        zones_after=tuple(entry.zones_after),
        key=key_of(entry.prescribed_exercise),
        name=entry.exercise_name,
        outcome=entry.outcome,
    )


def _of_test(test: DirectionTest, day: date) -> Answer:
    return Answer(
        day=day,
        pain={} if test.baseline_pain is None else {Moment.BEFORE: test.baseline_pain},
        zones_before=tuple(test.zones_before),
        zones_after=tuple(test.zones_after),
    )


def _edition_marks(editions: Sequence[PrescriptionEdition]) -> Iterator[Mark]:
    """The first days of those that came into force."""
    for edition in editions:
        replaced = any(
            other.prescription_id == edition.prescription_id
            and other.number > edition.number
            and other.starts_on <= edition.starts_on
            for other in editions
        )
        ended_on = edition.prescription.ended_on
        never = replaced or (ended_on is not None and ended_on <= edition.starts_on)
        if not never:
            reason = f": {edition.reason}" if edition.reason else ""
            yield Mark(
                MarkKind.EDITION, edition.starts_on, f"Edition {edition.number} begins{reason}"
            )


def _test_mark(test: DirectionTest, day: date) -> Mark:
    return Mark(MarkKind.TEST, day, f"Test: {test}, {Light(test.light).label.lower()}")
