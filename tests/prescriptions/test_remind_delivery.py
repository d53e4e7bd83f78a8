"""The outbox: written once, sent while wanted, tried again, given up in the open."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail import get_connection
from django.utils import translation

from clinics.models import AuditEvent
from exercises.models import Exercise
from patients import actions as patient_actions
from patients.models import Patient
from prescriptions import actions, delivery, push, reminders
from prescriptions.calendar import calendar_of
from prescriptions.models import (
    Pause,
    Prescription,
    PrescriptionEdition,
    PushSubscription,
    Reminder,
    ReminderPlan,
    SessionLog,
    State,
)
from prescriptions.reminders import stop_token
from tests import make
from tests.make import inside
from tests.prescriptions.push_service import Browser, push_service

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
# The clinic is in New York: 09:00 there on the day of make.TODAY.
NINE = datetime(2026, 5, 20, 13, 0, tzinfo=UTC)
BEFORE = NINE - HOUR


@pytest.fixture
def patient(clinic) -> Patient:
    """In a programme that is planned each day, with an address and reminders by mail at 09:00."""
    found = make.patient(of=clinic, email="ana@example.org")
    make.edition(of=found)
    make.reminder_plan(of=found, at=BEFORE, by_email=True)
    return found


@pytest.fixture
def service(settings):
    settings.PUSH_MAY_REACH_LOOPBACK = True
    settings.VAPID_PRIVATE_KEY = push.new_private_key()
    with push_service() as running:
        yield running


def run(clinic, clock, at: datetime) -> list[Reminder]:
    """What the worker does at this moment; all reminders after it, the oldest first."""
    clock(at)
    delivery.write_due(clinic.pk)
    with closing(get_connection()) as connection:
        while delivery.send_one(clinic.pk, connection):
            pass
    return rows(clinic)


def rows(clinic) -> list[Reminder]:
    with inside(clinic.pk):
        return list(Reminder.objects.filter(clinic=clinic).order_by("pk"))


def states(clinic) -> list[str]:
    return [row.state for row in rows(clinic)]


def edition_of(patient: Patient) -> PrescriptionEdition:
    with inside(patient.clinic_id):
        return PrescriptionEdition.objects.of_patient(patient).published().get()


def choose(patient: Patient, at: datetime = BEFORE, **chosen: object) -> ReminderPlan:
    return make.reminder_plan(of=patient, at=at, **{"by_email": True} | chosen)


def test_a_reminder_goes_at_its_time_and_once(clinic, patient, clock):
    assert run(clinic, clock, NINE - MINUTE) == []
    (row,) = run(clinic, clock, NINE)
    assert (row.state, row.sent_at, row.tries) == (State.SENT, NINE, 1)
    assert (row.local_date, row.local_time) == (date(2026, 5, 20), time(9))
    for minutes in range(1, 130, 20):
        assert len(run(clinic, clock, NINE + minutes * MINUTE)) == 1
    assert len(mail.outbox) == 1


def test_it_goes_again_the_next_day(clinic, patient, clock):
    for day in range(3):
        run(clinic, clock, NINE + day * DAY)
    assert [row.local_date.day for row in rows(clinic)] == [20, 21, 22]
    assert len(mail.outbox) == 3


def test_looking_twice_at_once_writes_one_row(clinic, patient, clock):
    run(clinic, clock, NINE)
    with inside(clinic.pk):
        # As another process would see it that read the plan before ours had written.
        ReminderPlan.objects.update(looked_until=BEFORE, look_again_at=BEFORE)
    assert len(run(clinic, clock, NINE + MINUTE)) == 1
    assert len(mail.outbox) == 1


def test_a_worker_that_was_away_sends_what_still_helps_and_keeps_what_it_missed(
    clinic, patient, clock
):
    run(clinic, clock, NINE + 2 * DAY + 2 * HOUR)
    assert states(clinic) == [State.MISSED, State.MISSED, State.SENT]


def test_a_plan_is_looked_at_each_hour_in_case_its_patient_has_moved(clinic, patient, clock):
    choose(patient, at=NINE - 4 * HOUR)
    run(clinic, clock, NINE - 3 * HOUR)
    with inside(clinic.pk):
        Patient.objects.filter(pk=patient.pk).update(time_zone="America/Halifax")
    assert states(clinic) == []
    run(clinic, clock, NINE - HOUR)  # 09:00 in Halifax
    assert states(clinic) == [State.SENT]


def test_the_mail_says_nothing_of_health_and_how_to_stop_it(clinic, patient, clock):
    (row,) = run(clinic, clock, NINE)
    (sent,) = mail.outbox
    assert sent.subject == "A reminder from Clinic"
    assert sent.to == ["ana@example.org"]
    assert patient.name not in sent.subject + sent.body
    stop = sent.extra_headers["List-Unsubscribe"].strip("<>")
    assert stop in sent.body
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert delivery.key_of(row) in sent.extra_headers["Message-ID"]


def test_every_try_has_the_same_key_and_every_row_another(clinic, patient, clock):
    first, second = run(clinic, clock, NINE) + run(clinic, clock, NINE + DAY)[1:]
    assert delivery.key_of(first) == delivery.key_of(Reminder(pk=first.pk, clinic=clinic))
    assert delivery.key_of(first) != delivery.key_of(second)
    assert len(delivery.key_of(first)) == 32


# In each language what would tell of health, or of what is done at home.
TELLING = {
    "en": ["pain", "back", "stretch", "exercis", "health", "therap", "spine", "symptom", "patient"],
    "es": ["dolor", "espalda", "estira", "ejercicio", "salud", "terap", "columna", "paciente"],
    "ar": ["ألم", "ظهر", "تمرين", "تمارين", "إطالة", "صحة", "علاج", "مريض", "معالج"],
}


@pytest.mark.parametrize("language", TELLING)
def test_no_word_of_health_leaves_in_any_language(clinic, patient, phone, service, clock, language):
    with inside(clinic.pk):
        Patient.objects.filter(pk=patient.pk).update(language=language)
    plan = choose(patient)
    run(clinic, clock, NINE)
    (sent,) = mail.outbox
    _, browser = phone
    said = [sent.subject, sent.body, str(browser.message(service.received[0].body))]
    with inside(clinic.pk), translation.override(language):
        said.append(calendar_of(patient, plan, now=NINE).decode())
        names = [name.lower() for name in Exercise.objects.values_list("current__name", flat=True)]
    text = " ".join(said).replace(stop_token(patient), "").lower()
    assert "bearing" in text
    assert len(names) == 7
    forbidden = [*(word for words in TELLING.values() for word in words), *names]
    assert [word for word in forbidden if word in text] == []
    is_translated = language == "en" or "a reminder from" not in text
    assert is_translated


# Whether there is anything to be reminded of.


def test_nothing_goes_without_a_programme(clinic, clock):
    nobody = make.patient(of=clinic, email="b@example.org")
    choose(nobody)
    assert run(clinic, clock, NINE) == []


def test_nothing_goes_on_a_day_without_stretches(clinic, clock):
    sundays = make.patient(of=clinic, email="b@example.org")
    make.edition(of=sundays, lines=[replace(make.line(), weekdays=[7])])
    choose(sundays)
    for day in range(7):
        run(clinic, clock, NINE + day * DAY)
    assert [row.local_date.isoweekday() for row in rows(clinic)] == [7]


def test_nothing_goes_after_the_course_has_ended(clinic, patient, clock):
    with inside(clinic.pk):
        course = Prescription.objects.of_patient(patient).open().get()
        by = make.founder(clinic)
        actions.end(prescription=course, on=make.TODAY, because="Done.", by=by)
    assert run(clinic, clock, NINE) == []


def test_nothing_goes_while_a_red_flag_is_open(clinic, patient, clock):
    make.flag(of=patient)
    assert run(clinic, clock, NINE) == []


def test_nothing_goes_while_every_stretch_is_paused(clinic, patient, clock):
    make.alarming_log(of=edition_of(patient), done_at=BEFORE, numb_after=("low-5-L",))
    with inside(clinic.pk):
        assert Pause.objects.of_patient(patient).in_force().exists()
    assert run(clinic, clock, NINE) == []


# The second one.


def test_a_second_one_goes_when_nothing_was_logged(clinic, patient, clock):
    choose(patient, again_after_hours=2)
    run(clinic, clock, NINE)
    run(clinic, clock, NINE + HOUR)
    assert len(mail.outbox) == 1
    first, second = run(clinic, clock, NINE + 2 * HOUR)
    assert (first.kind, second.kind) == ("first", "again")
    assert second.state == State.SENT


def test_no_second_one_goes_after_a_log(clinic, patient, clock):
    choose(patient, again_after_hours=2)
    run(clinic, clock, NINE)
    make.log(of=edition_of(patient), done_at=NINE + HOUR)
    assert len(run(clinic, clock, NINE + 2 * HOUR)) == 1


def test_a_log_that_was_taken_back_does_not_count(clinic, patient, clock):
    choose(patient, again_after_hours=2)
    log = make.log(of=edition_of(patient), done_at=NINE + MINUTE)
    with inside(clinic.pk):
        stored = SessionLog.objects.get(pk=log.pk)
        actions.withdraw_session(log=stored, received_at=NINE + HOUR, by=patient)
    assert len(run(clinic, clock, NINE + 2 * HOUR)) == 2


# Consent that was withdrawn stops the next one, also when it is written already.


def test_what_was_switched_off_is_not_sent(clinic, patient, clock):
    for at, turn in enumerate(
        [
            lambda: reminders.turn_off(patient=patient, at=NINE, by=patient),
            lambda: reminders.stop_mail(patient=patient, at=NINE, by=patient),
            lambda: patient_actions.archive(patient=patient, at=NINE, by=patient),
            lambda: Patient.objects.filter(pk=patient.pk).update(email=""),
            lambda: ReminderPlan.objects.update(paused_until=date(2027, 1, 1)),
            lambda: ReminderPlan.objects.update(times=[time(18)]),
            lambda: ReminderPlan.objects.update(weekdays=[7]),
        ]
    ):
        with inside(clinic.pk):
            Patient.objects.filter(pk=patient.pk).update(email="a@example.org", archived_at=None)
        choose(patient, at=BEFORE + at * DAY)
        clock(NINE + at * DAY)
        delivery.write_due(clinic.pk)
        assert states(clinic)[-1] == State.WAITING
        with inside(clinic.pk):
            turn()
        run(clinic, clock, NINE + at * DAY)
        assert states(clinic)[-1] == State.STOPPED, at
    assert not mail.outbox


def test_a_red_flag_stops_what_is_written_already(clinic, patient, clock):
    clock(NINE)
    delivery.write_due(clinic.pk)
    make.flag(of=patient)
    run(clinic, clock, NINE)
    assert states(clinic) == [State.STOPPED]


# Failures.


class Failing:
    """A mail server that fails, for some addresses or for all."""

    def __init__(self, error: Exception, only: str = "") -> None:
        self.error, self.only, self.sent = error, only, []

    def send_messages(self, messages):
        if self.only in messages[0].to[0]:
            raise self.error
        self.sent += messages

    def open(self):
        pass

    def close(self):
        pass


def send_all(clinic, clock, at: datetime, through: Failing) -> None:
    clock(at)
    delivery.write_due(clinic.pk)
    while delivery.send_one(clinic.pk, through):
        pass


def test_what_cannot_be_sent_is_tried_five_times_then_parked_in_sight(clinic, patient, clock):
    bad, at = Failing(ValueError("ana@example.org is no address")), NINE
    for tries in range(1, 6):
        send_all(clinic, clock, at, bad)
        (row,) = rows(clinic)
        assert row.tries == tries
        assert row.failure == "ValueError"
        send_all(clinic, clock, at, bad)  # at once again: its pause is not over
        assert rows(clinic)[0].tries == tries
        at = row.try_at
    assert row.state == State.PARKED
    assert at - NINE < 2 * HOUR
    with inside(clinic.pk):
        (event,) = AuditEvent.objects.of(clinic).filter(verb="gave a reminder up")
    assert event.patient_id == patient.pk
    assert "example.org" not in str(event.detail)


def test_one_that_cannot_be_sent_does_not_stop_the_others(clinic, patient, clock):
    others = [make.patient(of=clinic, email=f"{number}@example.org") for number in range(3)]
    for other in others:
        make.edition(of=other)
        choose(other)
    poison = Failing(RuntimeError("no"), only="ana@")
    send_all(clinic, clock, NINE, poison)
    assert len(poison.sent) == 3
    assert sorted(states(clinic)) == [State.SENT] * 3 + [State.WAITING]


def test_a_plan_that_cannot_be_worked_out_does_not_stop_the_others(clinic, patient, clock):
    other = make.patient(of=clinic, email="b@example.org")
    make.edition(of=other)
    choose(other)
    with inside(clinic.pk):
        Patient.objects.filter(pk=patient.pk).update(time_zone="Moon/Tranquillity")
    run(clinic, clock, NINE)
    assert [row.patient_id for row in rows(clinic)] == [other.pk]


def test_one_over_which_we_stumble_before_sending_does_not_stop_the_others(clinic, patient, clock):
    other = make.patient(of=clinic, email="b@example.org")
    make.edition(of=other)
    choose(other)
    clock(NINE)
    delivery.write_due(clinic.pk)
    with inside(clinic.pk):
        Patient.objects.filter(pk=patient.pk).update(time_zone="Moon/Tranquillity")
    run(clinic, clock, NINE)
    assert [sent.to for sent in mail.outbox] == [["b@example.org"]]
    assert sorted(states(clinic)) == [State.SENT, State.WAITING]


@pytest.mark.parametrize(
    ("error", "is_unsure"),
    [
        (TimeoutError(), True),
        (SMTPServerDisconnected("gone"), True),
        (ConnectionResetError(), True),
        (ConnectionRefusedError(), False),
        (ValueError(), False),
    ],
)
def test_a_try_without_an_answer_may_have_arrived(clinic, patient, clock, error, is_unsure):
    send_all(clinic, clock, NINE, Failing(error))
    assert rows(clinic)[0].is_unsure is is_unsure


# A sender that was cut off.


def cut_off(clinic) -> None:
    with inside(clinic.pk):
        reminder = Reminder.objects.get()
        delivery._hold(reminder)


def test_nobody_else_takes_what_is_being_sent(clinic, patient, clock):
    clock(NINE)
    delivery.write_due(clinic.pk)
    cut_off(clinic)
    run(clinic, clock, NINE + MINUTE - timedelta(seconds=1))
    assert states(clinic) == [State.SENDING]
    assert not mail.outbox


def test_what_a_dead_worker_held_goes_again_marked_as_unsure(clinic, patient, clock):
    clock(NINE)
    delivery.write_due(clinic.pk)
    cut_off(clinic)
    (row,) = run(clinic, clock, NINE + MINUTE)
    assert (row.state, row.tries, row.is_unsure) == (State.SENT, 2, True)


def test_what_a_dead_worker_held_too_long_is_unknown(clinic, patient, clock):
    clock(NINE)
    delivery.write_due(clinic.pk)
    cut_off(clinic)
    (row,) = run(clinic, clock, NINE + 3 * HOUR)
    assert row.state == State.UNKNOWN
    assert not mail.outbox


def test_what_kills_every_worker_is_parked_after_five(clinic, patient, clock):
    clock(NINE)
    delivery.write_due(clinic.pk)
    for tries in range(5):
        clock(NINE + 2 * tries * MINUTE)
        cut_off(clinic)
    run(clinic, clock, NINE + 20 * MINUTE)
    assert states(clinic) == [State.PARKED]


def test_a_sender_that_was_overtaken_does_not_mark_over_the_other(clinic, patient, clock):
    clock(NINE)
    delivery.write_due(clinic.pk)
    with inside(clinic.pk):
        slow = Reminder.objects.get()
        delivery._hold(slow)
    run(clinic, clock, NINE + 2 * MINUTE)
    with inside(clinic.pk):
        delivery._failed(slow, TimeoutError())
    assert states(clinic) == [State.SENT]


# Phones.


@pytest.fixture
def phone(patient, service) -> tuple[PushSubscription, Browser]:
    choose(patient, by_email=False)
    browser = Browser()
    device = make.device(of=patient, at=BEFORE)
    with inside(patient.clinic_id):
        subscription = reminders.subscribe(
            device=device,
            endpoint=f"{service.address}/phone",
            p256dh=browser.p256dh,
            auth=browser.auth,
            at=BEFORE,
            by=patient,
        )
    return subscription, browser


def test_a_phone_gets_its_message(clinic, phone, service, clock):
    _, browser = phone
    (row,) = run(clinic, clock, NINE)
    assert row.state == State.SENT
    (received,) = service.received
    assert browser.message(received.body) == {
        "title": "A reminder from Clinic",
        "body": "Open Bearing.",
        "tag": delivery.key_of(row),
        "url": "/my/",
    }
    assert received.headers["topic"] == delivery.key_of(row)
    assert received.headers["ttl"] == "7200"


def test_each_phone_has_a_row_of_its_own(clinic, patient, phone, service, clock):
    second = make.device(of=patient, at=BEFORE)
    make.push_subscription(of=second, endpoint=f"{service.address}/second", at=BEFORE)
    assert [row.state for row in run(clinic, clock, NINE)] == [State.SENT, State.SENT]
    assert {received.path for received in service.received} == {"/phone", "/second"}


def test_a_subscription_that_is_gone_ends_and_the_mail_still_goes(
    clinic, patient, phone, service, clock
):
    choose(patient, by_email=True)
    service.status = 410
    run(clinic, clock, NINE)
    assert sorted(states(clinic)) == [State.SENT, State.STOPPED]
    with inside(clinic.pk):
        assert not PushSubscription.objects.of_patient(patient).active().exists()
    service.status = 201
    run(clinic, clock, NINE + DAY)
    assert len(service.received) == 1
    assert len(mail.outbox) == 2


def test_a_phone_that_was_signed_out_gets_nothing(clinic, patient, phone, service, clock):
    subscription, _ = phone
    clock(NINE)
    delivery.write_due(clinic.pk)
    with inside(clinic.pk):
        patient_actions.revoke_device(device=subscription.device, at=NINE, by=patient)
    run(clinic, clock, NINE)
    run(clinic, clock, NINE + DAY)
    assert states(clinic) == [State.STOPPED]
    assert not service.received


def test_a_phone_hears_of_nothing_from_before_it_asked(clinic, patient, phone, service, clock):
    late = make.device(of=patient, at=NINE + MINUTE)
    make.push_subscription(of=late, endpoint=f"{service.address}/late", at=NINE + MINUTE)
    run(clinic, clock, NINE + 2 * MINUTE)
    assert [received.path for received in service.received] == ["/phone"]


def test_a_clinic_sends_nothing_of_another(clinic, other_clinic, patient, clock):
    stranger = make.patient(of=other_clinic, email="x@example.org")
    make.edition(of=stranger)
    choose(stranger)
    run(clinic, clock, NINE)
    assert [sent.to for sent in mail.outbox] == [["ana@example.org"]]
    assert rows(other_clinic) == []
