"""Acts that meet: real threads, each with its own connection and its own transaction."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from clinics.models import AuditEvent
from patients.models import Patient
from prescriptions import actions
from prescriptions.models import (
    Outcome,
    Prescription,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from tests import make
from tests.make import NOW, TODAY, inside

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clinic():
    return make.clinic()


def in_thread(act: Callable) -> object:
    """Run on a connection of this thread alone, closed at the end."""
    try:
        return act()
    finally:
        connection.close()


def at_once(*acts: Callable) -> list:
    """What each gives when all begin together; a refusal is given, not raised."""
    start = Barrier(len(acts))

    def one(act):
        connection.ensure_connection()
        start.wait(timeout=30)
        try:
            return act()
        except (actions.DraftChanged, actions.AlreadyEnded) as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(lambda act: in_thread(lambda: one(act)), acts))


def while_open(clinic, first: Callable, second: Callable) -> object:
    """What `second` gives when it meets `first`, done and not yet committed."""
    with ThreadPoolExecutor(1) as threads:
        with inside(clinic.pk):
            first()
            meeting = threads.submit(in_thread, second)
            wait_until_it_waits(meeting)
        return meeting.result(timeout=30)


def wait_until_it_waits(meeting: Future) -> None:
    """Until the other transaction waits for a lock, or is over."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = current_database()"
            )
            (waiting,) = cursor.fetchone()
        if waiting or meeting.done():
            return
        time.sleep(0.01)
    pytest.fail("the other transaction neither waits nor ends")


def person(clinic, name):
    user = make.user(name=name)
    make.member(user=user, of=clinic)
    return user


def start(patient, *, by) -> PrescriptionEdition:
    with inside(patient.clinic_id, user_id=by.pk):
        return actions.start_draft(patient=patient, starts_on=TODAY, by=by, at=NOW)


def save(draft, *, by, version=None, sets=1) -> PrescriptionEdition:
    with inside(draft.clinic_id, user_id=by.pk):
        return actions.save_draft(
            draft=draft,
            version=version or draft.version,
            lines=[make.line(sets=sets)],
            starts_on=TODAY,
            review_on=None,
            reason=f"{by} wants {sets}",
            by=by,
            at=NOW,
        )


def publish(draft, *, by) -> PrescriptionEdition:
    with inside(draft.clinic_id, user_id=by.pk):
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def end(prescription, *, by) -> Prescription:
    with inside(prescription.clinic_id, user_id=by.pk):
        return actions.end(prescription=prescription, on=TODAY, because="Well.", by=by)


def start_with(patient, code, *, by) -> PrescriptionEdition:
    """As from the library: open the draft and add the exercise, in one transaction."""
    with inside(patient.clinic_id, user_id=by.pk):
        draft = actions.start_draft(patient=patient, starts_on=TODAY, by=by, at=NOW)
        return actions.add_exercise(draft=draft, exercise=make.exercise(code), by=by, at=NOW)


def course_of(draft) -> Prescription:
    with inside(draft.clinic_id):
        return Prescription.objects.get(pk=draft.prescription_id)


def codes(draft) -> list[str]:
    with inside(draft.clinic_id):
        return [line.exercise_edition.exercise.code for line in draft.lines.with_exercises()]


def verbs(patient) -> list[str]:
    with inside(patient.clinic_id):
        events = AuditEvent.objects.filter(patient_id=patient.pk)
        return list(events.order_by("pk").values_list("verb", flat=True))


def test_of_two_who_save_one_draft_exactly_one_wins_each_time(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    draft = make.draft(of=make.patient(of=clinic))
    for round_ in range(20):
        version = draft.version + round_
        saved = at_once(
            lambda version=version: save(draft, by=dana, version=version, sets=1),
            lambda version=version: save(draft, by=elif_, version=version, sets=2),
        )
        (won,) = (one for one in saved if isinstance(one, PrescriptionEdition))
        (lost,) = (one for one in saved if isinstance(one, actions.DraftChanged))
        assert isinstance(lost, actions.DraftChanged)
        with inside(clinic.pk):
            stored = PrescriptionEdition.objects.get(pk=draft.pk)
            assert (stored.version, stored.edited_by) == (version + 1, won.edited_by)
            # The lines are the winner's too, not a mixture.
            assert [f"{stored.edited_by} wants {line.sets}" for line in stored.lines.all()] == [
                stored.reason
            ]


def test_two_who_begin_at_once_share_one_draft(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    for _ in range(5):
        patient = make.patient(of=clinic)
        first, second = at_once(
            lambda patient=patient: start(patient, by=dana),
            lambda patient=patient: start(patient, by=elif_),
        )
        assert first == second
        assert verbs(patient).count("opened a course") == 1
        assert verbs(patient).count("began a draft") == 1


def test_two_who_begin_edition_2_at_once_share_one_draft(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    patient = make.patient(of=clinic)
    make.edition(of=patient)
    first, second = at_once(lambda: start(patient, by=dana), lambda: start(patient, by=elif_))
    assert first == second
    assert (first.number, codes(first)) == (2, ["TILT"])


def test_of_two_who_publish_at_once_one_does(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    for _ in range(5):
        patient = make.patient(of=clinic)
        draft = make.draft(of=patient)
        done = at_once(
            lambda draft=draft: publish(draft, by=dana),
            lambda draft=draft: publish(draft, by=elif_),
        )
        assert sorted(type(one).__name__ for one in done) == ["DraftChanged", "PrescriptionEdition"]
        assert verbs(patient).count("published an edition") == 1


def test_of_two_who_end_a_course_at_once_one_does(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    patient = make.patient(of=clinic)
    course = course_of(make.edition(of=patient))
    done = at_once(lambda: end(course, by=dana), lambda: end(course, by=elif_))
    assert sorted(type(one).__name__ for one in done) == ["AlreadyEnded", "Prescription"]
    assert verbs(patient).count("ended a course") == 1


def test_a_log_sent_10_times_at_once_is_stored_once(clinic):
    patient, key = make.patient(of=clinic), uuid4()
    edition = make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])
    with inside(clinic.pk):
        keys = list(edition.lines.values_list("pk", flat=True))
        phone = Patient.objects.with_clinic().get(pk=patient.pk)

    def send():
        with inside(clinic.pk, patient_id=patient.pk):
            return actions.record_session(
                edition=edition,
                entries=[actions.EntryReport(pk, Outcome.DONE, 10, {}) for pk in keys],
                client_uuid=key,
                done_at=NOW,
                received_at=NOW,
                by=phone,
            )

    assert len(set(at_once(*[send] * 10))) == 1
    with inside(clinic.pk):
        assert SessionLog.objects.of_patient(patient).count() == 1
        assert SessionEntry.objects.of_patient(patient).count() == 2
    assert verbs(patient).count("logged a session") == 1


# One waits for the other.


def test_who_saves_while_a_colleague_saves_is_told(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    draft = make.draft(of=make.patient(of=clinic))
    with pytest.raises(actions.DraftChanged):
        while_open(clinic, lambda: save(draft, by=dana), lambda: save(draft, by=elif_))


@pytest.mark.thorough  # waits for locks, which a busy machine gives up on
def test_who_publishes_while_a_colleague_discards_is_told(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    draft = make.draft(of=make.patient(of=clinic))

    def discard():
        actions.discard_draft(draft=draft, version=draft.version, by=dana)

    with pytest.raises(actions.DraftChanged):
        while_open(clinic, discard, lambda: publish(draft, by=elif_))


def test_who_begins_a_draft_while_the_course_ends_begins_a_new_course(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    patient = make.patient(of=clinic)
    course = course_of(make.edition(of=patient))
    draft = while_open(clinic, lambda: end(course, by=dana), lambda: start(patient, by=elif_))
    assert draft.prescription_id != course.pk
    assert (draft.number, codes(draft)) == (1, [])
    with inside(clinic.pk):
        assert not PrescriptionEdition.objects.drafts().filter(prescription=course.pk).exists()


def test_who_begins_a_draft_while_it_is_published_begins_the_next(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    patient = make.patient(of=clinic)
    draft = make.draft(of=patient)
    following = while_open(
        clinic, lambda: publish(draft, by=dana), lambda: start(patient, by=elif_)
    )
    assert following.number == 2


@pytest.mark.parametrize("act", [save, publish], ids=["saves it", "publishes it"])
def test_a_course_ends_while_a_colleague_works_on_its_draft(clinic, act):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    patient = make.patient(of=clinic)
    make.edition(of=patient)
    draft = make.draft(of=patient)
    course = course_of(draft)
    ended = while_open(clinic, lambda: act(draft, by=dana), lambda: end(course, by=elif_))
    assert not ended.is_open
    with inside(clinic.pk):
        assert not PrescriptionEdition.objects.of_patient(patient).drafts().exists()
        assert not PrescriptionEdition.objects.of_patient(patient).in_force_on(TODAY).exists()


def test_an_exercise_from_the_library_comes_on_top_of_what_a_colleague_saves(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    patient = make.patient(of=clinic)
    draft = start(patient, by=dana)
    added = while_open(
        clinic, lambda: save(draft, by=dana), lambda: start_with(patient, "FIL", by=elif_)
    )
    assert codes(added) == ["TILT", "FIL"]
