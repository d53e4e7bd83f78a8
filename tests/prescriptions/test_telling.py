from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.models import Exercise
from exercises.vocabulary import Side
from patients.models import Patient
from prescriptions import actions, checks, telling
from prescriptions.adherence import Cell, Count, Mark, Row, Tally, days_until
from prescriptions.changes import Change, Kind
from prescriptions.forms import line_forms, posted_rows, text_data
from prescriptions.models import (
    Moment,
    Outcome,
    Prescription,
    PrescriptionEdition,
    SessionLog,
)
from prescriptions.telling import PatientRow
from tests import make
from tests.make import NOW, TODAY, inside

DAY = timedelta(days=1)


def publish(patient, *, starts_on=TODAY, lines=None) -> PrescriptionEdition:
    """The next edition of the patient's open course, from that day."""
    draft, by = make.draft(of=patient, lines=lines), make.founder(patient.clinic)
    with inside(patient.clinic_id):
        PrescriptionEdition.objects.filter(pk=draft.pk).update(starts_on=starts_on)
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def end(patient, *, on=TODAY) -> None:
    with inside(patient.clinic_id):
        actions.end(
            prescription=Prescription.objects.of_patient(patient).open().get(),
            on=on,
            because="Well again.",
            by=make.founder(patient.clinic),
        )


def logs_of(patient) -> list[SessionLog]:
    return list(SessionLog.objects.of_patient(patient).with_entries())


# The first page


@pytest.mark.parametrize(
    ("pain", "worst"),
    [
        pytest.param({Moment.BEFORE: 2, Moment.DURING: 7, Moment.AFTER: 1}, 7, id="the highest"),
        pytest.param({Moment.BEFORE: 0, Moment.AFTER: None}, 0, id="0 is an answer"),
        pytest.param(dict.fromkeys(Moment), None, id="all skipped"),
        pytest.param({}, None, id="not asked"),
    ],
)
def test_the_worst_pain_of_the_last_log(patient, pain, worst):
    make.log(of=make.edition(of=patient), pain=pain)
    with inside(patient.clinic_id):
        (log,) = logs_of(patient)
        assert PatientRow(patient, None, log).worst_pain == worst


def test_a_patient_who_never_logged_has_no_pain_on_record(patient):
    assert PatientRow(patient, None, None).worst_pain is None


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        pytest.param(Outcome.DONE, "all done", id="done"),
        pytest.param(Outcome.PART, "part done", id="part"),
        pytest.param(Outcome.NO, "not done", id="not"),
    ],
)
def test_the_last_log_in_words(patient, outcome, words):
    make.log(of=make.edition(of=patient), outcome=outcome)
    with inside(patient.clinic_id):
        assert PatientRow(patient, None, *logs_of(patient)).last_log_in_words == words


def test_each_row_has_its_own_programme_and_log():
    ana, ben = Patient(pk=1), Patient(pk=2)
    edition, log = PrescriptionEdition(patient_id=2), SessionLog(patient_id=1)
    assert telling.rows_for([ana, ben], [edition], [log]) == [
        PatientRow(ana, None, log),
        PatientRow(ben, edition, None),
    ]


# The desk


def desk(clinic, *rows):
    """The lines as they stand on the desk: codes, or pairs of a code and what is typed."""
    with inside(clinic.pk):
        pairs = [row if isinstance(row, tuple) else (row, {}) for row in rows]
        typed = [text_data(make.exercise(code).current) | other for code, other in pairs]
        exercises = Exercise.objects.visible_to(clinic).with_current()
        chosen = exercises.chosen([row["exercise"] for row in typed])
        forms = line_forms(posted_rows(typed), form_kwargs={"exercises": chosen}).forms
        return telling.desk_lines(forms, HEALTHY)


HEALTHY = checks.Record(today=make.TODAY, screened_on=make.TODAY)


def fired(lines) -> list[list[str]]:
    return [[found.finding.rule for found in line.findings] for line in lines]


def test_each_line_is_checked_as_it_is_typed(clinic):
    held = ("REIL", {"hold_seconds": 30})
    assert fired(desk(clinic, "TILT", held, "FIL")) == [[], ["V14"], ["V15"]]


@pytest.mark.parametrize("typed", ["", "abc", "-30", "3e1", "٣٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠"])
def test_a_hold_that_is_no_number_is_not_judged(clinic, typed):
    assert fired(desk(clinic, ("REIL", {"hold_seconds": typed}))) == [[]]


def test_a_finding_stands_at_its_own_line(clinic):
    left = ("REIL", {"side": Side.LEFT.value, "hold_seconds": 30})
    right = ("REIL", {"side": Side.RIGHT.value, "hold_seconds": 0})
    assert fired(desk(clinic, left, right)) == [["V14"], []]
    assert fired(desk(clinic, left, left)) == [["V14"], ["V14"]]


@pytest.mark.parametrize(
    ("codes", "offered"),
    [
        pytest.param(["FIL"], ["REIL"], id="after the exercise"),
        pytest.param(["FIL", "REIL"], [None, None], id="not when it follows"),
        pytest.param(["REIL", "FIL"], [None, "REIL"], id="again when it comes before"),
        pytest.param(["KLF"], ["REIL"], id="an optional one too"),
    ],
)
def test_a_companion_is_offered(clinic, codes, offered):
    lines = desk(clinic, *codes)
    assert [line.offered and line.offered.code for line in lines] == offered


def test_an_optional_companion_is_not_missed(clinic):
    assert fired(desk(clinic, "KLF")) == [[]]


def test_a_line_knows_its_place(clinic):
    lines = desk(clinic, "FIL", "REIL", "TILT")
    assert [(line.place, line.following_place, line.is_last) for line in lines] == [
        (0, 1, False),
        (1, 2, False),
        (2, 3, True),
    ]


def test_a_strange_line_stays_on_the_desk_and_is_not_judged(clinic):
    lines = desk(clinic, ("FIL", {"exercise": 0}), ("REIL", {"hold_seconds": 30}))
    assert [line.exercise and line.exercise.code for line in lines] == [None, "REIL"]
    assert fired(lines) == [[], ["V14"]]


# Courses


def test_a_course_is_told_with_its_draft_and_its_editions(patient):
    publish(patient)
    publish(patient, starts_on=TODAY + 7 * DAY)
    make.draft(of=patient)
    with inside(patient.clinic_id):
        (course,) = telling.courses_of(patient, today=TODAY)
    assert [edition.number for edition in course.published] == [2, 1]
    assert (course.current.number, course.upcoming.number, course.draft.number) == (1, 2, 3)


@pytest.mark.parametrize(
    ("starts", "current", "upcoming"),
    [
        pytest.param([0], 1, None, id="one in force"),
        pytest.param([3], None, 1, id="one to come"),
        pytest.param([3, 7], None, 1, id="two to come, the next is told"),
        pytest.param([7, 3], None, 2, id="the second replaced the first before it began"),
        pytest.param([3, 3], None, 2, id="both on one day"),
        pytest.param([7, 0], 2, None, id="replaced by one that began"),
        pytest.param([0, 7, 3], 1, 3, id="one in force, one replaced, one to come"),
    ],
)
def test_a_course_tells_what_is_and_what_comes_next(patient, starts, current, upcoming):
    for days in starts:
        publish(patient, starts_on=TODAY + days * DAY)
    with inside(patient.clinic_id):
        (course,) = telling.courses_of(patient, today=TODAY)
    assert getattr(course.current, "number", None) == current
    assert getattr(course.upcoming, "number", None) == upcoming


def test_an_ended_course_keeps_its_editions_to_itself(patient):
    publish(patient)
    end(patient)
    publish(patient)
    with inside(patient.clinic_id):
        courses = telling.courses_of(patient, today=TODAY)
    assert [course.prescription.is_open for course in courses] == [True, False]
    assert [len(course.published) for course in courses] == [1, 1]
    assert courses[0].published != courses[1].published


def test_a_patient_without_a_course_has_nothing_to_tell(patient):
    with inside(patient.clinic_id):
        assert telling.courses_of(patient, today=TODAY) == []


def test_the_changes_between_two_editions_are_told(patient):
    before = publish(patient, lines=[make.line("FIL"), make.line("TILT", sets=2)])
    after = publish(patient, lines=[make.line("TILT", sets=3), make.line("REIL")])
    with inside(patient.clinic_id):
        editions = PrescriptionEdition.objects.with_lines()
        told = telling.changes_since(editions.get(pk=before.pk), editions.get(pk=after.pk))
    assert [(change.kind, change.name) for change in told] == [
        (Kind.CHANGED, "Pelvic Tilt"),
        (Kind.ADDED, "Repeated Extension in Lying"),
        (Kind.REMOVED, "Flexion in Lying"),
    ]
    assert isinstance(told[0], Change)
    assert told[0].before.startswith("2 sets of")


# Plans


@dataclass
class _Lines:
    found: list = field(default_factory=list)

    def all(self) -> list:
        return self.found


@dataclass
class _Course:
    ended_on: date | None


@dataclass
class _Edition:
    """As much of an edition as a plan is made from."""

    pk: int
    prescription_id: int
    number: int
    starts_on: date
    prescription: _Course
    lines: _Lines = field(default_factory=_Lines)


WEEKS = [TODAY + days * DAY for days in range(-3, 18)]


@st.composite
def histories(draw) -> list[_Edition]:
    """Courses one after the other, the last maybe open; editions may begin on any later day."""
    editions: list[_Edition] = []
    begins = 0
    for course in range(draw(st.integers(0, 3))):
        starts = draw(st.lists(st.integers(begins, 15), max_size=3))
        is_last_and_open = draw(st.booleans())
        begins = draw(st.integers(begins, 15))
        ended_on = None if is_last_and_open else TODAY + begins * DAY
        for number, days in enumerate(starts, start=1):
            key = len(editions) + 1
            editions.append(_Edition(key, course, number, TODAY + days * DAY, _Course(ended_on)))
        if is_last_and_open:
            break
    return draw(st.permutations(editions))


def valid_on(day: date, editions: list[_Edition]) -> list[_Edition]:
    """Said another way: of the course that goes on, the newest edition that has begun."""
    going_on = [
        edition
        for edition in editions
        if edition.prescription.ended_on is None or day < edition.prescription.ended_on
    ]
    begun = [edition for edition in going_on if edition.starts_on <= day]
    return sorted(begun, key=lambda edition: (edition.prescription_id, edition.number))[-1:]


@settings(max_examples=100)
@given(histories())
def test_each_day_is_planned_from_exactly_the_edition_valid_that_day(editions):
    ordered = sorted(editions, key=lambda edition: (edition.starts_on, edition.pk))
    plans = telling.plans(editions)
    assert [plan.from_day for plan in plans] == [edition.starts_on for edition in ordered]
    for day in WEEKS:
        holding = [
            edition for edition, plan in zip(ordered, plans, strict=True) if plan.holds_on(day)
        ]
        assert holding == valid_on(day, editions)


@pytest.mark.parametrize(
    "starts",
    [
        pytest.param([0], id="one"),
        pytest.param([0, 7], id="one after the other"),
        pytest.param([7, 0], id="replaced before it began"),
        pytest.param([0, 0, 5], id="twice on one day"),
    ],
)
def test_the_plans_agree_with_what_the_patient_sees(patient, starts):
    for days in starts:
        publish(patient, starts_on=TODAY + days * DAY)
    with inside(patient.clinic_id):
        editions = PrescriptionEdition.objects.of_patient(patient).with_lines()
        plans = telling.plans(list(editions.published()))
        for day in (TODAY + days * DAY for days in (-1, 0, 5, 7)):
            shown = editions.in_force_on(day).first()
            holding = [plan for plan in plans if plan.holds_on(day)]
            assert [plan.from_day for plan in holding] == ([shown.starts_on] if shown else [])


def test_a_new_course_is_not_cut_short_by_what_the_old_one_had_planned(patient):
    publish(patient)
    publish(patient, starts_on=TODAY + 7 * DAY)
    end(patient)
    publish(patient)
    with inside(patient.clinic_id):
        plans = telling.plans(list(PrescriptionEdition.objects.of_patient(patient).with_lines()))
    assert [plan.from_day for plan in plans if plan.holds_on(TODAY + 9 * DAY)] == [TODAY]


def test_what_was_said_of_an_exercise_is_gathered_by_day_over_all_editions(patient):
    first = publish(patient, lines=[make.line("FIL"), make.line("TILT")])
    make.log(of=first)
    second = publish(patient, lines=[make.line("TILT")])
    make.log(of=second, outcome=Outcome.PART)
    make.log(of=second, outcome=Outcome.NO, done_at=NOW + DAY)
    key = (make.exercise("TILT").pk, "none")
    with inside(patient.clinic_id):
        said = telling.outcomes(logs_of(patient))
    assert sorted(said[key, TODAY]) == ["done", "part"]
    assert said[key, TODAY + DAY] == ["no"]
    assert said[(make.exercise("FIL").pk, "none"), TODAY] == ["done"]


# Weeks


DAYS = days_until(TODAY, 21)


def count(*per_day: tuple[int, int]) -> Row:
    """A row of past days, from how many were done and how many planned on each."""
    cells = zip(DAYS, per_day, strict=True)
    return Row(
        "One",
        tuple(
            Cell(day, Mark.PART, Tally(done=done, not_logged=plan - done))
            for day, (done, plan) in cells
        ),
    )


def test_weeks_come_newest_first_and_each_counts_its_own_days():
    row = count(*[(0, 1)] * 7, *[(1, 1)] * 7, *[(1, 2)] * 7)
    weeks = telling.weeks(DAYS, rows=[row], logs=[])
    assert [(week.first, week.last) for week in weeks] == [
        (DAYS[14], DAYS[20]),
        (DAYS[7], DAYS[13]),
        (DAYS[0], DAYS[6]),
    ]
    assert [week.count for week in weeks] == [Count(7, 14), Count(7, 7), Count(0, 7)]
    assert [week.is_newest for week in weeks] == [True, False, False]


def test_a_week_without_plan_or_log_is_left_out():
    row = count(*[(0, 1)] * 7, *[(0, 0)] * 14)
    log = SessionLog(local_date=DAYS[13])
    weeks = telling.weeks(DAYS, rows=[row], logs=[log])
    assert [(week.first, week.logs, week.is_newest) for week in weeks] == [
        (DAYS[7], [log], True),
        (DAYS[0], [], False),
    ]


@pytest.mark.parametrize(
    ("day", "week"),
    [
        pytest.param(DAYS[14], 0, id="the first day"),
        pytest.param(DAYS[20], 0, id="the last day"),
        pytest.param(DAYS[13], 1, id="the last day of the week before"),
    ],
)
def test_a_log_stands_in_the_week_of_its_day(day, week):
    log = SessionLog(local_date=day)
    weeks = telling.weeks(DAYS, rows=[count(*[(0, 1)] * 21)], logs=[log])
    assert [bool(found.logs) for found in weeks].index(True) == week


def test_a_week_in_words(patient):
    make.log(of=publish(patient), pain={Moment.BEFORE: 2, Moment.DURING: 4})
    make.log(of=publish(patient), pain=dict.fromkeys(Moment))
    with inside(patient.clinic_id):
        newest, older = SessionLog.objects.of_patient(patient).with_entries().order_by("-pk")
        say = partial(telling.Week, TODAY, TODAY, count=Count(3, 7), is_newest=True)
        assert say(logs=[newest, older]).words == "logged 3 of 7 planned, worst pain 4"
        assert say(logs=[newest]).words == "logged 3 of 7 planned"
