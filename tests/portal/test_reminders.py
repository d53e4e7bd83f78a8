"""The patient's page on reminders, the calendar's address, and the link that stops mails."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from patients.models import Patient
from prescriptions import push, reminders
from prescriptions.models import CalendarAddress, PushSubscription, ReminderPlan
from tests import make
from tests.make import NOW, inside
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words
from tests.prescriptions.push_service import Browser

DAY = timedelta(days=1)
PAGE = reverse("portal:reminders")
CHOSEN = {
    "time_1": "09:00",
    "weekdays": ["1", "2", "3", "4", "5"],
    "quiet_from": "21:00",
    "quiet_until": "07:00",
    "again_after_hours": "2",
}
NEUTRAL = ["pain", "back", "stretch", "exercise", "health", "therapy", "spine", "symptom"]


@pytest.fixture
def patient(clinic) -> Patient:
    found = make.patient(of=clinic, name="Ana Ruiz", email="ana@example.org")
    make.edition(of=found)
    return found


@pytest.fixture
def phone(patient, clock) -> Client:
    return phone_of(patient)


def plan_of(patient: Patient) -> ReminderPlan:
    with inside(patient.clinic_id):
        return ReminderPlan.objects.get()


def save(phone: Client, **changes: object):
    data = {name: value for name, value in {**CHOSEN, **changes}.items() if value is not None}
    return phone.post(PAGE, data)


# The form.


def test_the_page_offers_a_usual_time_and_says_that_reminders_are_off(phone):
    page = phone.get(PAGE)
    assert "Reminders are off." in words(page)
    assert 'value="09:00"' in page.content.decode()


def test_what_is_chosen_is_kept_and_shown(phone, patient):
    assert save(phone, by_email="on", time_2="18:30").status_code == 302
    plan = plan_of(patient)
    assert plan.times == [time(9), time(18, 30)]
    assert plan.weekdays == [1, 2, 3, 4, 5]
    assert (plan.quiet_from, plan.quiet_until) == (time(21), time(7))
    assert (plan.again_after_hours, plan.by_email) == (2, True)
    page = words(phone.get(PAGE))
    # It is 11:00 on a Wednesday where the patient lives.
    assert "Reminders are on. Next: 6:30 p.m. on Wednesday 20 May." in page


def test_times_without_a_way_are_told_of(phone):
    save(phone)
    assert "nothing can reach you yet" in words(phone.get(PAGE))


def test_a_pause_is_shown_until_it_is_over(phone, clock):
    save(phone, by_email="on", paused_until="2026-06-01")
    assert "Reminders start again on Monday 1 June." in words(phone.get(PAGE))
    clock(NOW + 12 * DAY)
    page = phone.get(PAGE)
    assert "Reminders are on." in words(page)
    assert "2026-06-01" not in page.content.decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time_1": ""}, "Choose a time."),
        ({"time_1": "25:00"}, "Enter a valid time."),
        ({"weekdays": []}, "Choose one day or more."),
        ({"weekdays": ["8"]}, "Select a valid choice."),
        ({"quiet_until": ""}, "Give both times, or leave both empty."),
        ({"quiet_from": ""}, "Give both times, or leave both empty."),
        ({"quiet_until": "21:00"}, "The two times must differ."),
        ({"paused_until": "2027-06-01"}, "Choose a day within a year."),
        ({"paused_until": "soon"}, "Enter a valid date."),
        ({"again_after_hours": "9"}, "Select a valid choice."),
        ({"time_1": "22:00"}, "in your quiet hours"),
    ],
)
def test_what_cannot_be_is_said_kindly_and_not_kept(phone, patient, changes, said):
    page = save(phone, **changes)
    assert page.status_code == 200
    assert said in words(page)
    with inside(patient.clinic_id):
        assert not ReminderPlan.objects.exists()


def test_a_pause_that_is_over_is_none(phone, patient):
    save(phone, paused_until="2026-05-01")
    assert plan_of(patient).paused_until is None


def test_a_patient_without_an_address_is_told_how_to_get_mail(clinic, clock):
    nobody = make.patient(of=clinic)
    phone = phone_of(nobody)
    assert "The clinic has no e-mail address of yours." in words(phone.get(PAGE))
    save(phone, by_email="on")
    assert not plan_of(nobody).by_email


def test_the_page_shows_where_mails_go(phone):
    assert "E-mail to ana@example.org" in words(phone.get(PAGE))


def test_all_is_turned_off_at_once(phone, patient):
    save(phone, by_email="on")
    assert phone.post(reverse("portal:turn_off")).status_code == 302
    assert not plan_of(patient).is_on
    assert "Reminders are off." in words(phone.get(PAGE))


def test_a_reminder_that_was_given_up_is_told_of(phone, patient):
    subscription = make.push_subscription(of=make.device(of=patient))
    make.reminder(of=subscription, state="parked")
    assert "could not be sent (Message on a phone)" in words(phone.get(PAGE))
    make.reminder(of=subscription, at=NOW + DAY, state="sent", sent_at=NOW + DAY)
    assert "could not be sent" not in words(phone.get(PAGE))


# Phones.


@pytest.fixture
def _push(settings):
    settings.VAPID_PRIVATE_KEY = push.new_private_key()


def keys(**changes: str) -> dict[str, str]:
    browser = Browser()
    given = {"endpoint": "https://push.example/1", "p256dh": browser.p256dh, "auth": browser.auth}
    return {**given, **changes}


def test_without_a_key_phones_are_not_offered(phone, settings):
    settings.VAPID_PRIVATE_KEY = ""
    assert "Messages on a phone" not in words(phone.get(PAGE))


@pytest.mark.usefixtures("_push")
def test_a_phone_is_turned_on_and_off(phone, patient):
    assert push.public_key() in phone.get(PAGE).content.decode()
    assert phone.post(reverse("portal:phone"), keys()).status_code == 204
    page = words(phone.get(PAGE))
    assert "On iPhone (this one)" in page
    assert "Turn on for this phone" not in page
    with inside(patient.clinic_id):
        subscription = PushSubscription.objects.select_related("device").get()
    assert subscription.device.label == "iPhone"
    phone.post(reverse("portal:phone_off", args=[subscription.pk]))
    assert "Turn on for this phone" in words(phone.get(PAGE))


@pytest.mark.usefixtures("_push")
@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://push.example/1"},
        {"endpoint": "https://user@push.example/1"},
        {"endpoint": "https://püsh.example/1"},
        {"endpoint": "https://push.example/" + "x" * 1000},
        {"endpoint": ""},
        {"p256dh": "AAAA"},
        {"auth": "x"},
        {"auth": "\x00"},
    ],
    ids=["http", "a user", "letters", "long", "none", "no point", "short", "a zero"],
)
def test_what_no_browser_says_is_refused(phone, patient, wrong):
    assert phone.post(reverse("portal:phone"), keys(**wrong)).status_code == 400
    with inside(patient.clinic_id):
        assert not PushSubscription.objects.exists()


@pytest.mark.usefixtures("_push")
def test_a_neighbours_phone_is_not_found(phone, clinic):
    neighbour = make.push_subscription(of=make.device(of=make.patient(of=clinic)))
    assert phone.post(reverse("portal:phone_off", args=[neighbour.pk])).status_code == 404


@pytest.mark.usefixtures("_push")
def test_a_sixth_phone_is_refused(phone, patient):
    for number in range(reminders.MOST_PHONES):
        address = f"https://push.example/{number}"
        make.push_subscription(of=make.device(of=patient), endpoint=address)
    sixth = keys(endpoint="https://push.example/6")
    assert phone.post(reverse("portal:phone"), sixth).status_code == 409


# The calendar.


def calendar_path(phone: Client) -> str:
    page = phone.post(reverse("portal:make_calendar"))
    address: str = page.context["address"]
    assert address in page.content.decode()
    assert f"webcal:{address.partition(':')[2]}" in page.content.decode()
    return address.removeprefix(site.SITE_URL)


def test_a_calendar_reads_the_times_without_signing_in(phone):
    save(phone)
    answer = Client().get(calendar_path(phone))
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/calendar")
    assert "no-store" in answer["Cache-Control"]
    calendar = Calendar.from_ical(answer.content)
    (event,) = calendar.walk("VEVENT")
    (zone,) = calendar.walk("VTIMEZONE")
    assert str(zone["TZID"]) == "America/New_York"
    start = event["DTSTART"].dt
    # Wednesday; today's time is not over for a calendar that shows the day.
    assert start == datetime(2026, 5, 20, 9, 0, tzinfo=ZoneInfo("America/New_York"))
    assert event["RRULE"]["BYDAY"] == ["MO", "TU", "WE", "TH", "FR"]
    assert event["RRULE"]["UNTIL"][0].date() == date(2026, 7, 15)
    assert str(event["SUMMARY"]) == "A reminder from Clinic"
    assert not [word for word in NEUTRAL if word in answer.content.decode().lower()]
    assert "Ana" not in answer.content.decode()


def test_a_calendar_that_has_it_is_told_that_nothing_changed(phone, clock):
    save(phone)
    path = calendar_path(phone)
    first = Client().get(path)
    again = Client().get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    save(phone, time_1="10:00")
    assert Client().get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_calendar_is_empty_while_there_is_nothing_to_be_reminded_of(phone, patient, clinic):
    path = calendar_path(phone)

    def events() -> int:
        return len(Calendar.from_ical(Client().get(path).content).walk("VEVENT"))

    assert events() == 0  # no times yet
    save(phone, time_2="18:00")
    assert events() == 2
    flag = make.flag(of=patient)
    assert events() == 0
    make.clearance(of=flag)
    assert events() == 2


def test_a_pause_moves_the_first_time_and_a_course_that_ended_takes_all_away(phone, patient):
    path = calendar_path(phone)
    save(phone, paused_until="2026-06-03")
    (event,) = Calendar.from_ical(Client().get(path).content).walk("VEVENT")
    assert event["DTSTART"].dt.date() == date(2026, 6, 3)


def test_an_address_that_was_renewed_or_closed_is_gone(phone):
    save(phone)
    first = calendar_path(phone)
    second = calendar_path(phone)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    assert phone.post(reverse("portal:close_calendar")).status_code == 302
    assert Client().get(second).status_code == 404


@pytest.mark.parametrize("secret", ["1-x", "x", "1-", "-x", "ffffffffffffffffff-x", "0-x"])
@pytest.mark.django_db
def test_a_wrong_secret_finds_nothing(secret):
    assert Client().get(reverse("portal:calendar", args=[secret])).status_code == 404


def test_the_secret_is_not_kept_nor_shown_again(phone, patient):
    path = calendar_path(phone)
    secret = path.rpartition("/")[2].removesuffix(".ics")
    with inside(patient.clinic_id):
        assert secret not in CalendarAddress.objects.get().secret_hash
    page = phone.get(PAGE).content.decode()
    assert secret not in page
    assert "It was shown once." in page


def test_the_calendar_of_an_archived_patient_is_gone(phone, patient):
    path = calendar_path(phone)
    with inside(patient.clinic_id):
        Patient.objects.filter(pk=patient.pk).update(archived_at=NOW)
    assert Client().get(path).status_code == 404


# The link in each mail.


def test_looking_at_the_link_changes_nothing_and_its_button_stops_mails(phone, patient):
    save(phone, by_email="on")
    path = reverse("portal:stop_mail", args=[reminders.stop_token(patient)])
    stranger = Client(enforce_csrf_checks=True)
    for _ in range(2):
        assert "Stop reminders by e-mail?" in words(stranger.get(path))
    assert plan_of(patient).by_email
    assert "You get no more reminders by e-mail." in words(stranger.post(path))
    plan = plan_of(patient)
    assert (plan.by_email, plan.is_on) == (False, True)
    assert stranger.post(path).status_code == 200


def test_a_mail_program_stops_them_with_one_click(phone, patient):
    save(phone, by_email="on")
    path = reverse("portal:stop_mail", args=[reminders.stop_token(patient)])
    answer = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert not plan_of(patient).by_email


@pytest.mark.django_db
def test_a_link_that_is_not_ours_stops_nothing(patient):
    make.reminder_plan(of=patient, by_email=True)
    path = reverse("portal:stop_mail", args=[reminders.stop_token(patient)[:-2]])
    for ask in (Client().get, Client().post):
        answer = ask(path)
        assert answer.status_code == 404
        assert "This link does not work" in words(answer)
    assert plan_of(patient).by_email
