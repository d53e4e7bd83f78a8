from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.utils import IntegrityError, ProgrammingError

from clinics import actions as clinic_actions
from clinics.models import AuditEvent
from patients import actions as patient_actions
from patients.actions import PatientArchived
from patients.models import Patient
from prescriptions import messaging
from prescriptions.models import Message, MessagesRead, PrescribedExercise, SessionLog
from tests import make
from tests.make import NOW, inside

HOUR = timedelta(hours=1)


@pytest.fixture
def dana(clinic):
    user = make.user(name="Dana")
    make.member(user=user, of=clinic)
    return user


@pytest.fixture
def lee(clinic):
    user = make.user(name="Lee")
    make.member(user=user, of=clinic)
    return user


def counts(patient) -> tuple[int, int]:
    """Unread by staff, unread by the patient."""
    with inside(patient.clinic_id):
        found = Patient.objects.get(pk=patient.pk)
    assert (found.waiting_since is None) == (found.unread_by_staff == 0)
    return found.unread_by_staff, found.unread_by_patient


def waiting_since(patient):
    with inside(patient.clinic_id):
        return Patient.objects.get(pk=patient.pk).waiting_since


def stored(patient) -> list[Message]:
    with inside(patient.clinic_id):
        return list(Message.objects.of_patient(patient).order_by("pk"))


# To write


def test_a_patient_and_staff_write_to_each_other(patient, dana):
    make.message(of=patient, text="May I do more?")
    make.message(of=patient, text="Yes.", by=dana)
    asked, answered = stored(patient)
    assert (asked.text, asked.written_by, asked.written_by_name) == ("May I do more?", None, "")
    assert (answered.text, answered.written_by_id) == ("Yes.", dana.pk)
    assert answered.written_by_name == "Dana"
    assert (asked.is_the_patients, answered.is_the_patients) == (True, False)


@pytest.mark.parametrize("by_staff", [False, True])
def test_a_message_sent_twice_is_stored_once(patient, dana, by_staff):
    key, by = uuid4(), dana if by_staff else None
    first, second = (make.message(of=patient, by=by, client_uuid=key) for _ in range(2))
    assert first == second
    assert len(stored(patient)) == 1
    assert counts(patient) == ((0, 1) if by_staff else (1, 0))


def test_other_words_under_the_same_key_are_another_message(patient):
    key = uuid4()
    for text in ("May I do more?", "May I do less?"):
        make.message(of=patient, text=text, client_uuid=key)
    assert [message.text for message in stored(patient)] == ["May I do more?", "May I do less?"]


def test_staff_and_the_patient_do_not_meet_under_one_key(patient, dana):
    key = uuid4()
    make.message(of=patient, text="Thank you.", client_uuid=key)
    make.message(of=patient, text="Thank you.", client_uuid=key, by=dana)
    assert len(stored(patient)) == 2


def test_two_patients_may_use_one_key(clinic, patient):
    key, neighbour = uuid4(), make.patient(of=clinic)
    for one in (patient, neighbour):
        make.message(of=one, client_uuid=key)
    assert len(stored(patient)) == len(stored(neighbour)) == 1


def test_each_message_leaves_one_line_without_its_words_in_the_audit_trail(patient, dana):
    key = uuid4()
    for _ in range(2):
        make.message(of=patient, text="SECRET", client_uuid=key)
    make.message(of=patient, text="SECRET", by=dana)
    with inside(patient.clinic_id):
        events = AuditEvent.objects.filter(verb="wrote a message").order_by("pk")
        kinds = [(event.actor_kind, event.patient_id) for event in events]
        assert "SECRET" not in "".join(str(event.detail) for event in events)
    assert kinds == [("patient", patient.pk), ("staff", patient.pk)]


def test_an_archived_patient_is_not_written_to(patient, dana):
    with inside(patient.clinic_id):
        patient_actions.archive(patient=patient, at=NOW, by=dana)
    for by in (dana, None):
        with pytest.raises(PatientArchived):
            make.message(of=patient, by=by)
    assert stored(patient) == []


def test_where_messages_are_off_nobody_writes_and_all_stays(clinic, patient, dana):
    key = uuid4()
    make.message(of=patient, text="Before.", client_uuid=key)
    with inside(clinic.pk):
        clinic_actions.change_settings(clinic=clinic, by=dana, has_messages=False)
    for by in (dana, None):
        with pytest.raises(messaging.MessagesOff):
            make.message(of=patient, by=by)
    # What a phone sends again was stored already, and is told so.
    make.message(of=patient, text="Before.", client_uuid=key)
    assert [message.text for message in stored(patient)] == ["Before."]
    assert counts(patient) == (1, 0)


# To read


def test_what_is_unread_is_counted_on_both_sides(patient, dana):
    for hours in range(3):
        make.message(of=patient, text=f"{hours}", at=NOW + hours * HOUR)
    for number in range(2):
        make.message(of=patient, text=f"{number}", by=dana, at=NOW + 3 * HOUR)
    assert counts(patient) == (3, 2)
    assert waiting_since(patient) == NOW


def test_what_comes_in_while_somebody_reads_stays_unread(patient, dana):
    first = make.message(of=patient, text="First.")
    make.message(of=patient, text="Second.", at=NOW + HOUR)
    make.messages_read(of=patient, up_to=first, by=dana)
    assert counts(patient) == (1, 0)
    assert waiting_since(patient) == NOW + HOUR


def test_what_one_of_the_staff_has_read_is_read(patient, dana, lee):
    first = make.message(of=patient, text="First.")
    second = make.message(of=patient, text="Second.")
    make.messages_read(of=patient, up_to=second, by=dana)
    assert counts(patient) == (0, 0)
    make.messages_read(of=patient, up_to=first, by=lee)
    assert counts(patient) == (0, 0)
    with inside(patient.clinic_id):
        rows = {row.reader.name: row.up_to_id for row in messaging.readers(patient)}
    assert rows == {"Dana": second.pk, "Lee": first.pk}


def test_nobody_reads_back(patient, dana):
    first, second = (make.message(of=patient, text=text) for text in ("First.", "Second."))
    for up_to in (second, first):
        make.messages_read(of=patient, up_to=up_to, by=dana)
    assert counts(patient) == (0, 0)
    with inside(patient.clinic_id):
        assert MessagesRead.objects.get().up_to_id == second.pk


def test_staff_read_what_the_patient_wrote_and_the_patient_what_staff_wrote(patient, dana):
    make.message(of=patient)
    answer = make.message(of=patient, by=dana)
    make.messages_read(of=patient, up_to=answer)
    assert counts(patient) == (1, 0)
    make.messages_read(of=patient, up_to=answer, by=dana)
    assert counts(patient) == (0, 0)


def test_a_neighbours_message_is_no_mark(clinic, patient, dana):
    make.message(of=patient)
    theirs = make.message(of=make.patient(of=clinic))
    make.messages_read(of=patient, up_to=theirs, by=dana)
    make.messages_read(of=patient, up_to=theirs)
    assert counts(patient) == (1, 0)
    with inside(clinic.pk):
        assert not MessagesRead.objects.exists()


# What a message is about


def test_a_message_may_be_about_a_log_or_a_stretch(patient):
    edition = make.edition(of=patient)
    log = make.log(of=edition)
    with inside(patient.clinic_id):
        line = edition.lines.get()
        assert messaging.subject(patient, f"log-{log.pk}") == log
        assert messaging.subject(patient, f"stretch-{line.pk}") == line
    for about in (log, line):
        make.message(of=patient, about=about)
    assert [(one.log_id, one.stretch_id) for one in stored(patient)] == [
        (log.pk, None),
        (None, line.pk),
    ]


@pytest.mark.parametrize(
    "named", ["", "log", "log-", "log-x", "moon-1", "log-" + "9" * 30, "stretch-0", "log-\x00", "1"]
)
def test_any_other_word_names_nothing(patient, named):
    make.log(of=make.edition(of=patient))
    with inside(patient.clinic_id):
        assert messaging.subject(patient, named) is None


def test_a_draft_and_what_is_a_neighbours_are_not_to_be_asked_about(clinic, patient):
    neighbour = make.patient(of=clinic)
    theirs, log = make.edition(of=neighbour), None
    log = make.log(of=theirs)
    draft = make.draft(of=patient)
    with inside(clinic.pk):
        draft_line, their_line = draft.lines.get(), theirs.lines.get()
        assert messaging.subject(patient, f"stretch-{draft_line.pk}") is None
        assert messaging.subject(patient, f"stretch-{their_line.pk}") is None
        assert messaging.subject(patient, f"log-{log.pk}") is None


# The walls


@pytest.fixture
def neighbours(clinic, patient, dana):
    other = make.patient(of=clinic)
    for one in (patient, other):
        asked = make.message(of=one)
        make.messages_read(of=one, up_to=asked, by=dana)
        make.messages_read(of=one, up_to=make.message(of=one, by=dana))
    return patient, other


def test_a_patients_request_sees_its_own_messages_and_no_readers_of_the_staff(neighbours):
    mine, _ = neighbours
    with inside(mine.clinic_id, patient_id=mine.pk):
        assert set(Message.objects.values_list("patient", flat=True)) == {mine.pk}
        assert [row.reader_id for row in MessagesRead.objects.all()] == [None]


def test_a_patients_request_does_not_write_in_the_name_of_staff(patient, dana):
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        inside(patient.clinic_id, patient_id=patient.pk),
    ):
        Message.objects.create(
            clinic_id=patient.clinic_id,
            patient_id=patient.pk,
            text="Do more.",
            written_by_id=dana.pk,
            written_by_name="Dana",
            client_uuid=uuid4(),
        )


def test_a_patients_request_does_not_write_to_a_neighbours_thread(neighbours):
    mine, other = neighbours
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        inside(mine.clinic_id, patient_id=mine.pk),
    ):
        Message.objects.create(
            clinic_id=mine.clinic_id, patient_id=other.pk, text="x", client_uuid=uuid4()
        )


def test_a_patients_request_reads_in_no_name_but_its_own(neighbours, dana):
    mine, _ = neighbours
    last = stored(mine)[-1]
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        inside(mine.clinic_id, patient_id=mine.pk),
    ):
        MessagesRead.objects.create(
            clinic_id=mine.clinic_id, patient_id=mine.pk, reader_id=dana.pk, up_to=last
        )


def about_a_neighbours_log(patient, log, line, message):
    Message.objects.create(
        clinic=patient.clinic, patient=patient, text="x", client_uuid=uuid4(), log=log
    )


def about_a_neighbours_stretch(patient, log, line, message):
    Message.objects.create(
        clinic=patient.clinic, patient=patient, text="x", client_uuid=uuid4(), stretch=line
    )


def read_up_to_a_neighbours_message(patient, log, line, message):
    MessagesRead.objects.create(clinic=patient.clinic, patient=patient, up_to=message)


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("prescriptions_message_log_id_same_clinic", about_a_neighbours_log),
        ("prescriptions_message_stretch_id_same_clinic", about_a_neighbours_stretch),
        ("prescriptions_messagesread_up_to_id_same_clinic", read_up_to_a_neighbours_message),
    ],
)
def test_a_message_belongs_to_the_patient_of_what_it_is_about(clinic, patient, name, act):
    neighbour = make.patient(of=clinic)
    make.log(of=make.edition(of=neighbour))
    message = make.message(of=neighbour)
    with inside(clinic.pk):
        log = SessionLog.objects.of_patient(neighbour).get()
        line = PrescribedExercise.objects.of_patient(neighbour).get()
    with pytest.raises(IntegrityError, match=name), inside(clinic.pk):
        act(patient, log, line, message)


def test_a_message_belongs_to_a_patient_of_its_clinic(clinic, other_clinic):
    foreign = make.patient(of=other_clinic)
    name = "prescriptions_message_patient_id_same_clinic"
    with pytest.raises(IntegrityError, match=name), inside(clinic.pk):
        Message.objects.create(clinic=clinic, patient=foreign, text="x", client_uuid=uuid4())


# What the database refuses


def add_message(patient, **fields):
    given = {"text": "x", "client_uuid": uuid4()} | fields
    return Message.objects.create(clinic=patient.clinic, patient=patient, **given)


def same_key(patient, dana):
    key = uuid4()
    for _ in range(2):
        add_message(patient, client_uuid=key)


def read_twice_as(reader):
    def act(patient, dana):
        message = add_message(patient)
        for _ in range(2):
            MessagesRead.objects.create(
                clinic=patient.clinic,
                patient=patient,
                reader=dana if reader == "staff" else None,
                up_to=message,
            )

    return act


def about_two_things(patient, dana):
    log = SessionLog.objects.of_patient(patient).get()
    add_message(patient, log=log, stretch=PrescribedExercise.objects.of_patient(patient).get())


REFUSED = [
    ("message_once", "the same key", same_key),
    ("message_says_something", "nothing", lambda patient, dana: add_message(patient, text="")),
    (
        "message_of_somebody",
        "a name without a person",
        lambda patient, dana: add_message(patient, written_by_name="Dana"),
    ),
    (
        "message_of_somebody",
        "a person without a name",
        lambda patient, dana: add_message(patient, written_by=dana),
    ),
    ("message_about_one_thing", "a log and a stretch", about_two_things),
    ("read_once_per_reader", "one of the staff twice", read_twice_as("staff")),
    ("read_once_per_reader", "the patient twice", read_twice_as("the patient")),
    (
        "waits_while_unread",
        "unread since never",
        lambda patient, dana: Patient.objects.filter(pk=patient.pk).update(unread_by_staff=1),
    ),
    (
        "waits_while_unread",
        "waiting for nothing",
        lambda patient, dana: Patient.objects.filter(pk=patient.pk).update(waiting_since=NOW),
    ),
]


def test_the_database_refuses(patient, dana, subtests):
    make.log(of=make.edition(of=patient))
    for name, why, act in REFUSED:
        with subtests.test(f"{name}: {why}"):
            with pytest.raises(IntegrityError) as refusal, inside(patient.clinic_id):
                act(patient, dana)
            assert refusal.value.__cause__.diag.constraint_name == name


def test_every_constraint_is_tried():
    named = {
        constraint.name
        for model in (Message, MessagesRead)
        for constraint in model._meta.constraints
    }
    assert {name for name, _, _ in REFUSED} == named | {"waits_while_unread"}
