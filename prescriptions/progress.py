"""How one patient gets on, week by week: rows gathered in a fixed number of queries, and charts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from patients.bodymap import PLACES, BodyMap, reach, zones
from patients.dates import end_of_day
from patients.lights import Light
from patients.models import DirectionTest, Patient
from prescriptions.absences import breaks_of
from prescriptions.adherence import (
    Break,
    Count,
    Plan,
    Row,
    Tally,
    grid,
    names_of,
    total,
)
from prescriptions.change_in_pain import Change, change
from prescriptions.charts import (
    Chart,
    Lane,
    Mark,
    MarkKind,
    Said,
    Series,
    Spark,
    TimeAxis,
    column_chart,
    line_chart,
    spark,
)
from prescriptions.hurting import Hurting, hurting, ranked
from prescriptions.models import Alert, Moment, PrescriptionEdition, SessionEntry
from prescriptions.responses import MOST_PAIN, Ease
from prescriptions.telling import Key, key_of, plans

DAYS = 56
SPARK_DAYS = 14
FURTHEST = 6
PAIN_STEP = 8  # pixels for one on the scale
ZONE_STEP = 32
BODY_MAP_WORDS = {BodyMap.LOW: "Low back and legs", BodyMap.UPPER: "Neck, upper back and arms"}
NOWHERE = "no pain"
HURT = (Moment.DURING, Moment.AFTER)
# Lower is better, as in the other charts.
EASE_STEPS = (Ease.EASIER, Ease.SAME, Ease.STIFFER)
EASE_STEP = 18
LOADS = "prescribed_exercise__exercise_edition__loads"


class By(StrEnum):
    """What the charts are drawn by."""

    EXERCISE = "exercise"
    DIRECTION = "direction"


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
    ways: tuple[str, ...] = ()  # the movements that it loads first, in words
    ease: str = ""  # how far it went against the last time; empty where that was not said


@dataclass(frozen=True)
class Rows:
    """Everything that the charts are made of, oldest first."""

    plans: Sequence[Plan] = ()
    answers: Sequence[Answer] = ()
    marks: Sequence[Mark] = ()
    breaks: Sequence[Break] = ()


@dataclass(frozen=True)
class Subject:
    """One exercise or one direction, with what was said of it."""

    name: str
    answers: Sequence[Answer]


@dataclass(frozen=True)
class Compared:
    """Pain of one subject at one moment: the first days against the last."""

    subject: str
    moment: Moment
    change: Change


@dataclass(frozen=True)
class Counted:
    """One exercise, and how much of it was logged of what was planned."""

    name: str
    count: Count


@dataclass(frozen=True)
class Progress:
    """The charts of one period, and the numbers beside them."""

    axis: TimeAxis
    by: By
    total: Count
    counts: Sequence[Counted]
    marks: Sequence[Mark]
    done: Chart
    pain: Sequence[Chart]
    zones: Sequence[Chart]
    zones_by: Sequence[Chart]
    ease: Chart | None
    hurting: Sequence[Hurting]
    overall: Sequence[Compared]
    compared: Sequence[Compared]
    spark: Spark
    has_anything: bool

    @property
    def charts(self) -> list[Chart]:
        """All of them, in the order of the page."""
        ease = [self.ease] if self.ease else []
        return [self.done, *self.pain, *ease, *self.zones, *self.zones_by]


def last_days(today: date, number: int = DAYS) -> TimeAxis:
    """The days up to and with today."""
    return TimeAxis(today - timedelta(days=number - 1), number)


def progress_of(
    patient: Patient, *, today: date, axis: TimeAxis | None = None, by: By = By.EXERCISE
) -> Progress:
    """The days of the axis, by the patient's own dates; without one the last eight weeks."""
    axis = axis or last_days(today)
    return told(rows_of(patient, axis), axis=axis, today=today, by=by)


def rows_of(patient: Patient, axis: TimeAxis) -> Rows:
    """What happened in these days, in a fixed number of queries."""
    first, last = axis.first, axis.last
    editions = list(
        PrescriptionEdition.objects.of_patient(patient).valid_between(first, last).with_texts()
    )
    entries = SessionEntry.objects.of_patient(patient).of_days(first, last).oldest_first()
    begin = end_of_day(first - timedelta(days=1), patient.zone)
    end = end_of_day(last, patient.zone)
    tests = list(
        DirectionTest.objects.of_patient(patient)
        .filter(at__gte=begin, at__lt=end)
        .order_by("at", "pk")
    )
    alerts = Alert.objects.of_patient(patient).filter(raised_at__gte=begin, raised_at__lt=end)
    answers = [
        *map(_of_entry, entries.prefetch_related(LOADS)),
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
    return Rows(
        plans(editions),
        answers,
        [mark for mark in marks if first <= mark.day <= last],
        breaks_of(patient, first, last),
    )


def told(rows: Rows, *, axis: TimeAxis, today: date, by: By = By.EXERCISE) -> Progress:
    """The charts of these rows; plain, so that a test can ask it about any history."""
    of_exercises = [answer for answer in rows.answers if answer.key is not None]
    names = _names(rows.plans, of_exercises, axis)
    days = _day_rows(names, rows, of_exercises, axis=axis, today=today)
    count = total(days.rows)
    subjects = _subjects(names, rows.answers, by)
    of_pain = [one for one in subjects if any(answer.pain for answer in _logged(one.answers))]
    return Progress(
        axis=axis,
        by=by,
        total=count,
        counts=[Counted(row.name, total([row])) for row in days.rows],
        marks=rows.marks,
        done=column_chart(
            "done",
            "Done and planned",
            axis=axis,
            tallies=days.tallies,
            marks=rows.marks,
            summary=_done_in_words(count),
        ),
        pain=[
            _pain_chart(f"pain-{number}", one.name, axis, _logged(one.answers), rows.marks)
            for number, one in enumerate(of_pain, start=1)
        ],
        zones=[
            _zone_chart(f"zone-{body_map}", BODY_MAP_WORDS[body_map], body_map, axis, rows, marked)
            for body_map, marked in _marked(rows.answers)
        ],
        zones_by=[
            _zone_chart(
                f"zone-{body_map}-{number}",
                f"{one.name}: {BODY_MAP_WORDS[body_map].lower()}",
                body_map,
                axis,
                rows,
                marked,
            )
            for number, one in enumerate(subjects, start=1)
            for body_map, marked in _marked(one.answers)
        ],
        ease=_ease_chart(subjects, axis, rows.marks),
        hurting=ranked(
            hurting(
                name,
                (
                    [answer.pain[moment] for moment in HURT if moment in answer.pain]
                    for answer in of_exercises
                    if answer.key == key and any(moment in answer.pain for moment in HURT)
                ),
            )
            for key, name in names.items()
        ),
        overall=_compared(Subject("All stretches", of_exercises)),
        compared=[found for one in of_pain for found in _compared(one)],
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


def _done_in_words(count: Count) -> str:
    """For example: Logged 9 of 14 planned sessions, 2 of them in part. 3 days left out: away."""
    part = f", {count.in_part} of them in part" if count.in_part else ""
    left_out = f" {count.left_out_words}." if count.left_out else ""
    return f"Logged {count.logged} of {count.planned} planned sessions{part}.{left_out}"


def _names(plans_: Sequence[Plan], answers: Sequence[Answer], axis: TimeAxis) -> dict[Key, str]:
    """The exercises of these days, those of the newest plan first."""
    names = names_of(axis.days, plans_)
    for answer in reversed(answers):
        if answer.key is not None:
            names.setdefault(answer.key, answer.name)
    return names


def _day_rows(
    names: Mapping[Key, str],
    rows: Rows,
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
    found = grid(
        axis.days,
        today=today,
        plans=rows.plans,
        outcomes=outcomes,
        breaks=rows.breaks,
        names=names,
    )
    tallies: dict[date, Tally] = defaultdict(Tally)
    for row in found:
        for cell in row.cells:
            tallies[cell.day] += cell.tally
    return _Days(found, tallies)


def _subjects(names: Mapping[Key, str], answers: Sequence[Answer], by: By) -> list[Subject]:
    """What the charts are drawn by; of directions also what tests said of each."""
    if by is By.EXERCISE:
        said = {key: [one for one in answers if one.key == key] for key in names}
        return [Subject(name, said[key]) for key, name in names.items()]
    ways = dict.fromkeys(way for answer in answers for way in answer.ways)
    return [Subject(way, [one for one in answers if way in one.ways]) for way in sorted(ways)]


def _logged(answers: Iterable[Answer]) -> list[Answer]:
    """Those of logs, without those of direction tests."""
    return [answer for answer in answers if answer.key is not None]


def _compared(subject: Subject) -> list[Compared]:
    """Each moment of which something was asked."""
    said = {
        moment: [
            (answer.day, answer.pain[moment])
            for answer in _logged(subject.answers)
            if moment in answer.pain
        ]
        for moment in Moment
    }
    return [
        Compared(
            subject.name, moment, change([(day, pain) for day, pain in found if pain is not None])
        )
        for moment, found in said.items()
        if found
    ]


def _marked(answers: Sequence[Answer]) -> Iterator[tuple[BodyMap, Sequence[Answer]]]:
    """Each body map on which one of these answers marked a place."""
    for body_map in BodyMap:
        if any(reach(zones([*one.zones_before, *one.zones_after]))[body_map] for one in answers):
            yield body_map, answers


def _ease_chart(subjects: Sequence[Subject], axis: TimeAxis, marks: Sequence[Mark]) -> Chart | None:
    """How far each went against the last time; None where that was never said."""
    lanes = []
    for subject in subjects:
        said: dict[date, list[int | None]] = defaultdict(list)
        for answer in subject.answers:
            if answer.ease:
                said[answer.day].append(EASE_STEPS.index(Ease(answer.ease)))
        if said:
            series = Series(
                subject.name, "dot", {day: Said(tuple(steps)) for day, steps in said.items()}
            )
            lanes.append(
                Lane(
                    subject.name,
                    (series,),
                    len(EASE_STEPS) - 1,
                    EASE_STEP,
                    {step: str(ease) for step, ease in enumerate(EASE_STEPS)},
                    word=lambda step: str(EASE_STEPS[step]),
                    most_word="stiffest",
                )
            )
    if not lanes:
        return None
    return line_chart("range", "Easier, same or stiffer", axis=axis, lanes=lanes, marks=marks)


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


def _zone_chart(
    name: str,
    title: str,
    body_map: BodyMap,
    axis: TimeAxis,
    rows: Rows,
    answers: Sequence[Answer],
) -> Chart:
    before, after = (
        Series(when, sign, furthest_by_day(answers, body_map, moment), is_joined=joined)
        for when, sign, joined, moment in (
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
    return line_chart(name, title, axis=axis, lanes=[lane], marks=rows.marks)


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


def _of_entry(entry: SessionEntry) -> Answer:
    text = entry.prescribed_exercise.exercise_edition
    return Answer(
        day=entry.log.local_date,
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
        ways=tuple(dict.fromkeys(load.movement for load in text.primary_loads)),
        ease=entry.ease,
    )


def _of_test(test: DirectionTest, day: date) -> Answer:
    return Answer(
        day=day,
        pain={} if test.baseline_pain is None else {Moment.BEFORE: test.baseline_pain},
        zones_before=tuple(test.zones_before),
        zones_after=tuple(test.zones_after),
        ways=(str(test),),
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
