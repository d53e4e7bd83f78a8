"""What a patient does about reminders; and the database as the last guard of its rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.utils import IntegrityError, ProgrammingError

from clinics.models import AuditEvent
from patients.models import Device
from prescriptions import reminders
from prescriptions.models import CalendarAddress, PushSubscription, Reminder, ReminderPlan
from tests import make
from tests.make import NOW, inside

MODELS = [ReminderPlan, PushSubscription, CalendarAddress, Reminder]
DAY = timedelta(days=1)


@pytest.fixture
def rows(patient) -> SimpleNamespace:
    """A patient with one row of each kind."""
    plan = make.reminder_plan(of=patient)
    phone = make.push_subscription(of=make.device(of=patient))
    reminder = make.reminder(of=phone)
    with inside(patient.clinic_id):
        reminders.make_calendar_address(patient=patient, at=NOW, by=patient)
        address = CalendarAddress.objects.get()
    return SimpleNamespace(
        clinic=patient.clinic,
        patient=patient,
        plan=plan,
        phone=phone,
        address=address,
        reminder=reminder,
    )


@contextmanager
def refused(clinic, name: str) -> Iterator[None]:
    with pytest.raises(IntegrityError) as refusal, inside(clinic.pk):
        yield
    assert refusal.value.__cause__.diag.constraint_name == name


def change(what: str, **fields) -> Callable:
    def act(rows):
        row = getattr(rows, what)
        type(row).objects.filter(pk=row.pk).update(**fields)

    return act


def another(what: str, **fields) -> Callable:
    """The same row once more, with these differences."""

    def act(rows):
        row = getattr(rows, what)
        names = [field.attname for field in row._meta.concrete_fields if not field.primary_key]
        type(row).objects.create(**{name: getattr(row, name) for name in names} | fields)

    return act


REFUSED = [
    ("one_reminder_plan", "two plans", another("plan")),
    ("reminder_times", "no time", change("plan", times=[])),
    ("reminder_times", "four times", change("plan", times=[time(hour) for hour in range(4)])),
    ("reminder_weekdays", "no day", change("plan", weekdays=[])),
    ("reminder_weekdays", "day 0", change("plan", weekdays=[0])),
    ("reminder_weekdays", "an eighth day", change("plan", weekdays=[1, 8])),
    ("reminder_quiet_hours", "no end", change("plan", quiet_from=time(21))),
    ("reminder_quiet_hours", "no beginning", change("plan", quiet_until=time(7))),
    (
        "reminder_quiet_hours",
        "all day",
        change("plan", quiet_from=time(7), quiet_until=time(7)),
    ),
    ("reminder_again_after", "at once", change("plan", again_after_hours=0)),
    ("reminder_again_after", "after 7 hours", change("plan", again_after_hours=7)),
    ("push_subscription_once", "the same twice", another("phone")),
    ("push_subscription_is_whole", "no address", change("phone", endpoint="")),
    ("push_subscription_is_whole", "no key", change("phone", p256dh="")),
    ("push_subscription_is_whole", "no secret", change("phone", auth="")),
    ("calendar_secret_once", "the same secret", another("address", revoked_at=NOW)),
    ("one_open_calendar_address", "two addresses", another("address", secret_hash="x")),
    ("reminder_once", "the same time by the same way", another("reminder")),
    ("reminder_goes_somewhere", "to no phone", change("reminder", subscription=None)),
    ("reminder_goes_somewhere", "a mail to a phone", change("reminder", way="email")),
    ("reminder_sent_at_some_time", "sent never", change("reminder", state="sent")),
    ("reminder_sent_at_some_time", "sent and waiting", change("reminder", sent_at=NOW)),
    ("reminder_tries", "six tries", change("reminder", tries=6)),
    ("reminder_kind", "a third one", change("reminder", kind="third")),
    ("reminder_goes_somewhere", "by pigeon", change("reminder", way="crow")),
    ("reminder_state", "a state that is none", change("reminder", state="lost")),
]


def test_the_database_refuses(rows, subtests):
    for name, why, act in REFUSED:
        with subtests.test(f"{name}: {why}"), refused(rows.clinic, name):
            act(rows)


def test_every_constraint_is_tried():
    named = {constraint.name for model in MODELS for constraint in model._meta.constraints}
    assert {name for name, _, _ in REFUSED} == named


def test_the_same_time_may_go_to_two_phones_and_by_mail(rows):
    second = make.push_subscription(
        of=make.device(of=rows.patient), endpoint="https://push.example/2"
    )
    with inside(rows.clinic.pk):
        another("reminder", subscription_id=second.pk)(rows)
        another("reminder", subscription_id=None, way="email")(rows)
    with refused(rows.clinic, "reminder_once"):
        another("reminder", subscription_id=None, way="email")(rows)


def test_a_row_belongs_to_the_patient_of_what_it_refers_to(rows):
    neighbour = make.patient(of=rows.clinic)
    with refused(rows.clinic, "prescriptions_reminder_subscription_id_same_clinic"):
        another("reminder", patient_id=neighbour.pk)(rows)
    with refused(rows.clinic, "prescriptions_pushsubscription_device_id_same_clinic"):
        another("phone", patient_id=neighbour.pk)(rows)


@pytest.mark.parametrize(
    "table", ["reminder", "reminderplan", "pushsubscription", "calendaraddress"]
)
def test_nobody_deletes_a_row(rows, table):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        inside(rows.clinic.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DELETE FROM prescriptions_{table}")


# The portal's role.


def test_a_patient_sees_their_own_rows_only(rows):
    neighbour = make.patient(of=rows.clinic)
    with inside(rows.clinic.pk, patient_id=neighbour.pk):
        for model in MODELS:
            assert not model.objects.values_list("pk").exists()
    with inside(rows.clinic.pk, patient_id=rows.patient.pk):
        for model in MODELS:
            assert model.objects.values_list("pk").count() == 1


@pytest.mark.parametrize(
    "forbidden",
    [
        "UPDATE prescriptions_reminder SET state = 'stopped'",
        "INSERT INTO prescriptions_reminder (kind) VALUES ('first')",
        "SELECT failure FROM prescriptions_reminder",
        "UPDATE prescriptions_pushsubscription SET endpoint = 'x'",
        "UPDATE prescriptions_calendaraddress SET secret_hash = 'x'",
        "SELECT id FROM procrastinate_jobs",
        "SELECT phone FROM patients_patient",
    ],
)
def test_a_patients_request_may_not(rows, forbidden):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        inside(rows.clinic.pk, patient_id=rows.patient.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(forbidden)


# The acts.


def test_choosing_again_changes_the_one_plan(patient):
    make.reminder_plan(of=patient)
    make.reminder_plan(
        of=patient, times=[time(18), time(8), time(8)], weekdays=[5, 1], at=NOW + DAY
    )
    with inside(patient.clinic_id):
        plan = ReminderPlan.objects.get()
        verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))[-2:]
    assert (plan.times, plan.weekdays) == ([time(8), time(18)], [1, 5])
    assert plan.looked_until == NOW + DAY
    assert verbs == ["chose reminders", "changed reminders"]


def test_turning_off_ends_every_way(rows):
    with inside(rows.clinic.pk):
        reminders.turn_off(patient=rows.patient, at=NOW, by=rows.patient)
        assert not ReminderPlan.objects.get().is_on
        assert not PushSubscription.objects.of_patient(rows.patient).active().exists()
        assert not CalendarAddress.objects.of_patient(rows.patient).open().exists()
        before = AuditEvent.objects.count()
        reminders.turn_off(patient=rows.patient, at=NOW, by=rows.patient)
        assert AuditEvent.objects.count() == before


def test_choosing_after_turning_off_turns_on(rows):
    with inside(rows.clinic.pk):
        reminders.turn_off(patient=rows.patient, at=NOW, by=rows.patient)
    assert make.reminder_plan(of=rows.patient).is_on


def test_a_phone_that_asks_again_has_one_subscription(rows):
    with inside(rows.clinic.pk):
        device = Device.objects.select_related("patient").get(pk=rows.phone.device_id)
    make.push_subscription(of=device, endpoint="https://push.example/anew")
    with inside(rows.clinic.pk):
        active = PushSubscription.objects.of_patient(rows.patient).active()
        assert [phone.endpoint for phone in active] == ["https://push.example/anew"]


def test_the_same_keys_again_change_nothing(rows):
    with inside(rows.clinic.pk):
        device = Device.objects.select_related("patient").get(pk=rows.phone.device_id)
        keys = {name: getattr(rows.phone, name) for name in ("endpoint", "p256dh", "auth")}
        again = reminders.subscribe(device=device, at=NOW, by=rows.patient, **keys)
    assert again.pk == rows.phone.pk


def test_five_phones_are_enough(patient):
    for number in range(reminders.MOST_PHONES):
        make.push_subscription(
            of=make.device(of=patient), endpoint=f"https://push.example/{number}"
        )
    with pytest.raises(reminders.TooManyPhones):
        make.push_subscription(of=make.device(of=patient), endpoint="https://push.example/more")


def test_a_calendar_address_is_renewed_and_closed(patient):
    with inside(patient.clinic_id):
        first = reminders.make_calendar_address(patient=patient, at=NOW, by=patient)
        second = reminders.make_calendar_address(patient=patient, at=NOW, by=patient)
        hashes = set(CalendarAddress.objects.values_list("secret_hash", flat=True))
        assert first != second
        assert not hashes & {first, second}
        assert CalendarAddress.objects.of_patient(patient).open().count() == 1
        reminders.revoke_calendar_address(patient=patient, at=NOW, by=patient)
        assert not CalendarAddress.objects.of_patient(patient).open().exists()


@pytest.mark.django_db
def test_a_link_to_stop_mail_names_the_patient_and_cannot_be_made_up(patient):
    token = reminders.stop_token(patient)
    assert reminders.whom_to_stop(token) == (patient.clinic_id, patient.pk)
    for wrong in ("", "x", token[:-1], f"{token}x", "WzEsMV0:x:y"):
        with pytest.raises(reminders.NotOurLink):
            reminders.whom_to_stop(wrong)


def test_a_plan_names_its_times(rows):
    assert str(rows.plan) == "reminders at 09:00"
