"""The database is the last guard: each constraint refuses, by its name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import DataError, connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from exercises.dosage import LIMITS
from prescriptions import actions
from prescriptions.models import (
    Moment,
    Outcome,
    PrescribedExercise,
    Prescription,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from tests import make
from tests.make import NOW, TODAY, inside

MODELS = [Prescription, PrescriptionEdition, PrescribedExercise, SessionLog, SessionEntry]
DAY = timedelta(days=1)
MONDAY, SUNDAY = date(2026, 5, 18), date(2026, 5, 24)


@pytest.fixture
def rows(patient) -> SimpleNamespace:
    """A patient with an open course: edition 1 in force and logged, edition 2 a draft."""
    lines = [make.line("FIL"), make.line("TILT")]
    published = make.edition(of=patient, lines=lines)
    log = make.log(of=published)
    draft = make.draft(of=patient, lines=lines)
    with inside(patient.clinic_id):
        return SimpleNamespace(
            clinic=patient.clinic,
            patient=patient,
            by=make.founder(patient.clinic),
            published=published,
            line=published.lines.order_by("order")[0],
            log=log,
            draft=draft,
            draft_lines=list(draft.lines.order_by("order")),
        )


@contextmanager
def refused(clinic, name: str) -> Iterator[None]:
    """Whatever the code above does, the database says no, in this name."""
    with pytest.raises(IntegrityError) as refusal, inside(clinic.pk):
        yield
    assert refusal.value.__cause__.diag.constraint_name == name


def add(model, rows, **fields):
    return model.objects.create(clinic=rows.clinic, patient=rows.patient, **fields)


def change_course(**fields) -> Callable:
    return lambda rows: Prescription.objects.filter(pk=rows.draft.prescription_id).update(**fields)


def change_draft(**fields) -> Callable:
    return lambda rows: PrescriptionEdition.objects.filter(pk=rows.draft.pk).update(**fields)


def change_line(**fields) -> Callable:
    """The second line of the draft."""

    def act(rows):
        PrescribedExercise.objects.filter(pk=rows.draft_lines[1].pk).update(**fields)

    return act


def second_course(rows):
    add(Prescription, rows, prescribed_by=rows.by)


def end_by_nobody(rows):
    change_course(ended_on=TODAY)(rows)


def ended_on_no_day(rows):
    change_course(ended_by=rows.by)(rows)


def second_draft(rows):
    add(
        PrescriptionEdition,
        rows,
        prescription_id=rows.draft.prescription_id,
        number=3,
        starts_on=TODAY,
        edited_by=rows.by,
    )


def same_exercise_and_side(rows):
    change_line(exercise_edition=rows.draft_lines[0].exercise_edition_id)(rows)


def add_log(**fields) -> Callable:
    given = {
        "digest": "x",
        "done_at": NOW,
        "local_date": TODAY,
        "received_at": NOW,
    } | fields
    return lambda rows: add(
        SessionLog, rows, edition=rows.published, **{"client_uuid": uuid4()} | given
    )


def same_key_again(rows):
    add_log(client_uuid=rows.log.client_uuid)(rows)


def second_correction(rows):
    for _ in range(2):
        add_log(corrects=rows.log)(rows)


def add_entry(**fields) -> Callable:
    """An entry of a new log, about the first line."""

    def act(rows):
        log = add_log()(rows)
        given = {"outcome": "done", "prescribed_exercise": rows.line} | fields
        add(SessionEntry, rows, log=log, **given)

    return act


def same_exercise_twice_in_a_log(rows):
    add(SessionEntry, rows, log=rows.log, prescribed_exercise=rows.line, outcome="done")


REFUSED = [
    ("one_open_prescription", "two open courses", second_course),
    ("ended_on_and_ended_by_together", "ended by nobody", end_by_nobody),
    ("ended_on_and_ended_by_together", "ended on no day", ended_on_no_day),
    ("prescription_edition_number_once", "the same number", change_draft(number=1)),
    ("one_open_draft", "two drafts", second_draft),
    ("review_not_before_start", "review before the start", change_draft(review_on=TODAY - DAY)),
    ("edition_dates_of_this_age", "last century", change_draft(starts_on=date(1999, 12, 31))),
    ("edition_dates_of_this_age", "far ahead", change_draft(review_on=date(2200, 1, 1))),
    (
        "later_editions_say_why",
        "edition 2 without a reason",
        change_draft(published_at=NOW, published_by_name="Dana", reason=""),
    ),
    ("published_by_somebody", "by nobody", change_draft(published_at=NOW)),
    ("published_by_somebody", "at no time", change_draft(published_by_name="Dana")),
    ("line_order_once", "two first lines", change_line(order=1)),
    ("line_exercise_and_side_once", "the same line twice", same_exercise_and_side),
    *(
        (f"line_{name}_in_range", f"{name} {wrong}", change_line(**{name: wrong}))
        for name, limit in LIMITS.items()
        for wrong in (limit.least - 1, limit.most + 1, 10_000)
    ),
    ("line_weekdays", "no day", change_line(weekdays=[])),
    ("line_weekdays", "day 0", change_line(weekdays=[0])),
    ("line_weekdays", "an eighth day", change_line(weekdays=[1, 8])),
    ("line_side", "a side that is none", change_line(side="up")),
    ("line_has_a_note", "no note", change_line(direction_note="")),
    ("session_log_once", "the same key", same_key_again),
    ("log_corrected_once", "two corrections of one log", second_correction),
    (
        "log_not_from_the_future",
        "more than a day ahead",
        add_log(done_at=NOW + DAY + timedelta(seconds=1)),
    ),
    ("log_phone_time", "a phone's time from nowhere", add_log(tapped_at=NOW)),
    ("log_phone_time", "a place without a time", add_log(utc_offset=60)),
    ("log_phone_time", "a place off the earth", add_log(tapped_at=NOW, utc_offset=841)),
    ("entry_once_per_exercise", "the same exercise twice", same_exercise_twice_in_a_log),
    ("entry_outcome", "an unknown outcome", add_entry(outcome="well")),
    *(
        case
        for moment in Moment
        for case in (
            (f"entry_pain_{moment}", f"pain 11 {moment}", add_entry(**{f"pain_{moment}": 11})),
            (
                f"entry_pain_{moment}",
                f"skipped and answered {moment}",
                add_entry(**{f"pain_{moment}": 3, "pain_skipped": [moment.value]}),
            ),
        )
    ),
    ("entry_pain_skipped", "a moment that is none", add_entry(pain_skipped=["later"])),
    *(
        (f"entry_{field}", f"a strange place in {field}", add_entry(**{field: ["moon"]}))
        for field in ("zones_before", "zones_after", "numb_before", "numb_after")
    ),
    ("entry_feel", "an unknown feeling", add_entry(feel="odd")),
    ("entry_ease", "an unknown ease", add_entry(ease="odd")),
    ("entry_repetitions", "2001 repetitions", add_entry(repetitions=2001)),
    ("entry_why_not", "an unknown reason", add_entry(outcome="no", why_not="rain")),
    ("entry_why_not_if_not_done", "why not, of what was done", add_entry(why_not="time")),
    ("log_withdrawal_of_a_log", "nothing taken back", add_log(is_withdrawal=True)),
]


def test_the_database_refuses(rows, subtests):
    for name, why, act in REFUSED:
        with subtests.test(f"{name}: {why}"), refused(rows.clinic, name):
            act(rows)


def test_every_constraint_is_tried():
    named = {constraint.name for model in MODELS for constraint in model._meta.constraints}
    assert {name for name, _, _ in REFUSED} == named


ACCEPTED = [
    *(
        (f"{name} {edge}", change_line(**{name: edge}))
        for name, limit in LIMITS.items()
        for edge in (limit.least, limit.most)
    ),
    ("Sundays only", change_line(weekdays=[7])),
    ("review on the first day", change_draft(review_on=TODAY)),
    ("the first day of the age", change_draft(starts_on=date(2000, 1, 1))),
    ("a clock that is a day fast", add_log(done_at=NOW + DAY)),
    ("pain 0 and 10", add_entry(pain_before=0, pain_after=10)),
    ("every question skipped", add_entry(pain_skipped=["before", "during", "after"])),
    ("0 repetitions", add_entry(repetitions=0)),
    ("2000 repetitions", add_entry(repetitions=2000)),
]


def test_the_database_accepts_the_edge(rows, subtests):
    for edge, act in ACCEPTED:
        with subtests.test(edge), transaction.atomic():
            with inside(rows.clinic.pk):
                act(rows)
            transaction.set_rollback(True)


NEGATIVE = {
    "prescriptions_sessionentry_pain_before_check": add_entry(pain_before=-1),
    "prescriptions_sessionentry_repetitions_check": add_entry(repetitions=-1),
    "prescriptions_prescriptionedition_version_check": change_draft(version=-1),
}


def test_nothing_is_less_than_nothing(rows, subtests):
    for name, act in NEGATIVE.items():
        with subtests.test(name), refused(rows.clinic, name):
            act(rows)


def test_a_number_too_large_for_its_column_is_refused(rows):
    with pytest.raises(DataError, match="out of range"), inside(rows.clinic.pk):
        change_line(sets=40_000)(rows)


def test_an_ended_course_makes_room_for_another(rows):
    with inside(rows.clinic.pk):
        change_course(ended_on=TODAY, ended_by=rows.by)(rows)
        second_course(rows)


def test_another_patient_may_use_the_same_key_of_a_log(rows):
    neighbour = make.edition(of=make.patient(of=rows.clinic))
    key = rows.log.client_uuid
    assert make.log(of=neighbour, client_uuid=key).client_uuid == key


# A child belongs to the patient of its parent.


@pytest.fixture
def neighbour(clinic) -> SimpleNamespace:
    """Another patient of the clinic, and what hangs on that patient."""
    patient = make.patient(of=clinic)
    published = make.edition(of=patient)
    log = make.log(of=published)
    draft = make.draft(of=patient, lines=[make.line("DOOR")])
    with inside(clinic.pk):
        return SimpleNamespace(
            published=published, log=log, draft=draft, line=published.lines.get()
        )


def edition_of_a_neighbours_course(rows, neighbour):
    PrescriptionEdition.objects.filter(pk=neighbour.draft.pk).delete()
    change_draft(prescription=neighbour.published.prescription_id)(rows)


def line_of_a_neighbours_draft(rows, neighbour):
    change_line(edition=neighbour.draft.pk, order=9)(rows)


def correction_of_a_neighbours_log(rows, neighbour):
    add_log(corrects=neighbour.log)(rows)


def log_of_a_neighbours_edition(rows, neighbour):
    add_log()(
        SimpleNamespace(clinic=rows.clinic, patient=rows.patient, published=neighbour.published)
    )


def entry_of_a_neighbours_log(rows, neighbour):
    add(SessionEntry, rows, log=neighbour.log, prescribed_exercise=rows.line, outcome="done")


def entry_about_a_neighbours_line(rows, neighbour):
    add_entry(prescribed_exercise=neighbour.line)(rows)


CHILDREN = {
    "prescriptions_prescriptionedition_prescription_id_same_clinic": edition_of_a_neighbours_course,
    "prescriptions_prescribedexercise_edition_id_same_clinic": line_of_a_neighbours_draft,
    "prescriptions_sessionlog_edition_id_same_clinic": log_of_a_neighbours_edition,
    "prescriptions_sessionlog_corrects_id_same_clinic": correction_of_a_neighbours_log,
    "prescriptions_sessionentry_log_id_same_clinic": entry_of_a_neighbours_log,
    "prescriptions_sessionentry_prescribed_exercise_id_same_clinic": entry_about_a_neighbours_line,
}


def test_a_child_belongs_to_the_patient_of_its_parent(rows, neighbour, subtests):
    for name, act in CHILDREN.items():
        with subtests.test(name), refused(rows.clinic, name):
            act(rows, neighbour)


def test_a_course_belongs_to_a_patient_of_its_clinic(rows, other_clinic):
    foreign = make.patient(of=other_clinic)
    with refused(rows.clinic, "prescriptions_prescription_patient_id_same_clinic"):
        Prescription.objects.create(clinic=rows.clinic, patient=foreign, prescribed_by=rows.by)


@pytest.mark.django_db
def test_every_reference_to_a_parent_is_tried():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
            " WHERE contype = 'f' AND conname LIKE '%%same_clinic' AND relname = ANY(%s)",
            [[model._meta.db_table for model in MODELS]],
        )
        named = {name for (name,) in cursor.fetchall()}
    assert named == {*CHILDREN, "prescriptions_prescription_patient_id_same_clinic"}


# What is published is frozen, what is logged is kept.


def published_edition(rows):
    return PrescriptionEdition.objects.filter(pk=rows.published.pk)


def add_line_to_the_published(rows):
    add(
        PrescribedExercise,
        rows,
        edition=rows.published,
        exercise_edition=make.exercise("DOOR").current,
        order=9,
        direction_note="x",
    )


EDITION_FROZEN = "prescriptions_prescriptionedition_frozen"
LINES_FROZEN = "prescriptions_prescribedexercise_frozen"
FROZEN = [
    (EDITION_FROZEN, "its reason", lambda rows: published_edition(rows).update(reason="x")),
    (EDITION_FROZEN, "its version", lambda rows: published_edition(rows).update(version=9)),
    (
        EDITION_FROZEN,
        "that it is published",
        lambda rows: published_edition(rows).update(published_at=None, published_by_name=""),
    ),
    (EDITION_FROZEN, "all of it", lambda rows: published_edition(rows)._raw_delete("default")),
    (LINES_FROZEN, "how much of a line", lambda rows: rows.published.lines.update(sets=9)),
    (LINES_FROZEN, "a line", lambda rows: rows.published.lines.all()._raw_delete("default")),
    (LINES_FROZEN, "one line more", add_line_to_the_published),
    (
        LINES_FROZEN,
        "a line moved in",
        lambda rows: rows.draft.lines.filter(order=1).update(edition=rows.published, order=9),
    ),
    (
        LINES_FROZEN,
        "a line moved out",
        lambda rows: rows.published.lines.filter(order=1).update(edition=rows.draft, order=9),
    ),
]


def test_what_is_published_is_frozen(rows, subtests):
    for name, what, act in FROZEN:
        with subtests.test(f"{name}: {what}"), refused(rows.clinic, name):
            act(rows)


def test_a_draft_is_not_frozen(rows):
    with inside(rows.clinic.pk):
        change_draft(reason="Another.")(rows)
        change_line(sets=9)(rows)
        rows.draft.lines.filter(order=1).delete()
        rows.draft.delete()


KEPT = {
    "change a log": lambda: SessionLog.objects.update(digest="x"),
    "delete a log": lambda: SessionLog.objects.all()._raw_delete("default"),
    "change an entry": lambda: SessionEntry.objects.update(comment="x"),
    "delete an entry": lambda: SessionEntry.objects.all()._raw_delete("default"),
    "delete a course": lambda: Prescription.objects.all()._raw_delete("default"),
}


def test_what_was_logged_or_begun_is_kept(rows, subtests):
    for what, act in KEPT.items():
        with (
            subtests.test(what),
            pytest.raises(ProgrammingError, match="permission denied"),
            inside(rows.clinic.pk),
        ):
            act()


# Which edition is in force.


def publish(patient, *, starts_on, lines=None) -> PrescriptionEdition:
    """The next edition of the patient's open course, from that day."""
    draft, by = make.draft(of=patient, lines=lines), make.founder(patient.clinic)
    with inside(patient.clinic_id):
        PrescriptionEdition.objects.filter(pk=draft.pk).update(starts_on=starts_on)
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def in_force(patient, day) -> list[int]:
    with inside(patient.clinic_id):
        editions = PrescriptionEdition.objects.of_patient(patient).in_force_on(day)
        return list(editions.values_list("number", flat=True))


def test_an_edition_is_in_force_until_the_next_begins(patient):
    publish(patient, starts_on=TODAY)
    publish(patient, starts_on=TODAY + 7 * DAY)
    assert in_force(patient, TODAY - DAY) == []
    assert in_force(patient, TODAY) == [1]
    assert in_force(patient, TODAY + 6 * DAY) == [1]
    assert in_force(patient, TODAY + 7 * DAY) == [2]
    assert in_force(patient, TODAY + 900 * DAY) == [2]


def test_of_two_that_begin_on_one_day_the_newer_is_in_force(patient):
    publish(patient, starts_on=TODAY)
    publish(patient, starts_on=TODAY)
    assert in_force(patient, TODAY) == [2]


def test_a_newer_edition_that_begins_earlier_replaces_the_one_planned_for_later(patient):
    publish(patient, starts_on=TODAY + 7 * DAY)
    publish(patient, starts_on=TODAY)
    assert [in_force(patient, TODAY + days * DAY) for days in (0, 6, 7, 8)] == [[2]] * 4


def test_a_draft_is_never_in_force(patient):
    make.draft(of=patient)
    assert in_force(patient, TODAY + 900 * DAY) == []


def test_nothing_of_an_ended_course_is_in_force(rows):
    with inside(rows.clinic.pk):
        change_course(ended_on=TODAY, ended_by=rows.by)(rows)
    assert in_force(rows.patient, TODAY) == []


def upcoming(patient, day) -> int | None:
    with inside(patient.clinic_id):
        editions = PrescriptionEdition.objects.of_patient(patient).upcoming_on(day)
        return getattr(editions.first(), "number", None)


def test_the_edition_that_comes_next_is_announced(patient):
    publish(patient, starts_on=TODAY + 2 * DAY)
    publish(patient, starts_on=TODAY + 7 * DAY)
    assert [upcoming(patient, TODAY + days * DAY) for days in (0, 2, 7)] == [1, 2, None]


def test_an_edition_that_was_overtaken_is_not_announced(patient):
    publish(patient, starts_on=TODAY + 7 * DAY)
    publish(patient, starts_on=TODAY + 2 * DAY)
    assert upcoming(patient, TODAY) == 2


def test_an_edition_knows_the_one_it_replaced(rows):
    with inside(rows.clinic.pk):
        published = PrescriptionEdition.objects.of_patient(rows.patient).published()
        assert published.before(rows.draft) == rows.published
        assert published.before(rows.published) is None


@pytest.mark.parametrize(
    ("day", "ended_on", "is_open"),
    [
        pytest.param(TODAY - DAY, None, False, id="not begun"),
        pytest.param(TODAY, None, True, id="begun today"),
        pytest.param(TODAY + DAY, None, True, id="going on"),
        pytest.param(TODAY, TODAY, True, id="ends today"),
        pytest.param(TODAY + DAY, TODAY, False, id="ended yesterday"),
    ],
)
def test_a_session_can_be_logged_from_the_first_day_to_the_day_it_ends(day, ended_on, is_open):
    edition = PrescriptionEdition(prescription=Prescription(ended_on=ended_on), starts_on=TODAY)
    assert edition.is_open_on(day) is is_open


@pytest.mark.parametrize(
    ("day", "ended_on", "in_force"),
    [
        pytest.param(TODAY - DAY, None, False, id="not begun"),
        pytest.param(TODAY, None, True, id="begun"),
        pytest.param(TODAY, TODAY, False, id="ended"),
    ],
)
def test_an_edition_is_in_force_while_its_course_is_open(day, ended_on, in_force):
    edition = PrescriptionEdition(prescription=Prescription(ended_on=ended_on), starts_on=TODAY)
    assert edition.is_in_force_on(day) is in_force


# Lines


@pytest.mark.parametrize(
    ("day", "planned"),
    [
        pytest.param(MONDAY, ["FIL", "TILT"], id="Monday"),
        pytest.param(MONDAY + DAY, ["TILT"], id="Tuesday"),
        pytest.param(SUNDAY, ["FIL"], id="Sunday"),
        pytest.param(SUNDAY - DAY, [], id="Saturday"),
    ],
)
def test_what_is_planned_for_a_day_of_the_week(patient, day, planned):
    edition = make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])
    with inside(patient.clinic_id):
        edition = PrescriptionEdition.objects.with_lines().get(pk=edition.pk)
    for line, weekdays in zip(edition.lines.all(), ([1, 7], [1, 2]), strict=True):
        line.weekdays = weekdays
    codes = [line.exercise_edition.exercise.code for line in edition.planned_on(day)]
    assert codes == planned


@pytest.mark.parametrize(
    ("side", "name"),
    [
        pytest.param("none", "Pelvic Tilt", id="no side"),
        pytest.param("left", "Pelvic Tilt (left)", id="left"),
        pytest.param("both", "Pelvic Tilt (both sides)", id="both"),
    ],
)
def test_a_line_is_called_by_its_exercise_and_its_side(rows, side, name):
    line = rows.draft_lines[1]
    line.side = side
    with inside(rows.clinic.pk):
        assert line.name == name


def test_lines_come_in_their_order(rows):
    with inside(rows.clinic.pk):
        rows.draft.lines.filter(order=1).update(order=9)
        lines = PrescriptionEdition.objects.with_lines().get(pk=rows.draft.pk).lines.all()
        assert [line.exercise_edition.exercise.code for line in lines] == ["TILT", "FIL"]


# Courses and logs


def test_the_open_course_comes_first_then_the_one_that_ended_last(patient):
    ended = []
    for days in (30, 10):
        course = make.edition(of=patient).prescription_id
        with inside(patient.clinic_id):
            Prescription.objects.filter(pk=course).update(
                ended_on=TODAY - days * DAY, ended_by=make.founder(patient.clinic)
            )
        ended.append(course)
    open_course = make.edition(of=patient).prescription_id
    with inside(patient.clinic_id):
        courses = Prescription.objects.of_patient(patient)
        assert [course.pk for course in courses.open_first()] == [open_course, *reversed(ended)]
        assert [course.pk for course in courses.open()] == [open_course]


def at(hour: int, day: date = TODAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def test_logs_are_found_by_the_day_on_the_patients_calendar(rows):
    # 03:00 UTC is still the evening before in New York.
    late = make.log(of=rows.published, done_at=at(3, TODAY + DAY))
    with inside(rows.clinic.pk):
        logs = SessionLog.objects.of_patient(rows.patient)
        assert list(logs.on_day(TODAY).newest_first()) == [late, rows.log]
        assert list(logs.on_day(TODAY + DAY)) == []
        assert list(logs.since(TODAY).newest_first()) == [late, rows.log]
        assert list(logs.since(TODAY + DAY)) == []


def test_the_last_log_of_each_patient_is_the_one_done_last(rows):
    last = make.log(of=rows.published, done_at=NOW + timedelta(minutes=2))
    make.log(of=rows.published, done_at=NOW + timedelta(minutes=1))
    neighbour = make.log(of=make.edition(of=make.patient(of=rows.clinic)), done_at=NOW)
    silent = make.patient(of=rows.clinic)
    with inside(rows.clinic.pk):
        asked = [rows.patient, neighbour.patient, silent]
        found = SessionLog.objects.of(rows.clinic).last_of(asked)
        assert set(found) == {last, neighbour}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param(
            SessionEntry(pain_before=0, pain_during=10, pain_after=2), "0, 10, 2", id="all"
        ),
        pytest.param(SessionEntry(), "–, –, –", id="not asked"),
        pytest.param(
            SessionEntry(pain_skipped=["before", "during", "after"]),
            "skipped, skipped, skipped",
            id="skipped",
        ),
        pytest.param(
            SessionEntry(pain_before=0, pain_skipped=["after"]), "0, –, skipped", id="one of each"
        ),
    ],
)
def test_none_skipped_and_not_asked_are_three_things(entry, words):
    assert entry.pain_in_words == words


def test_entries_come_in_the_order_of_the_programme(rows):
    with inside(rows.clinic.pk):
        log = SessionLog.objects.with_entries().get(pk=rows.log.pk)
        names = [entry.exercise_name for entry in log.entries.all()]
    assert names == ["Flexion in Lying", "Pelvic Tilt"]


def test_rows_say_what_they_are(rows):
    entry = SessionEntry(outcome=Outcome.PART, prescribed_exercise=rows.draft_lines[1])
    with inside(rows.clinic.pk):
        words = [str(row) for row in (rows.draft, rows.log, rows.draft_lines[1], entry)]
    assert words[0] == "edition 2"
    assert words[1] == "session of 2026-05-20"
    assert words[2].startswith("Pelvic Tilt: ")
    assert words[3] == "Pelvic Tilt: Part"
