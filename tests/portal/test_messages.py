import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinics import actions as clinic_actions
from patients import actions as patient_actions
from patients.models import Patient
from prescriptions.models import Message
from tests import make
from tests.make import NOW, inside
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words

PAGE = reverse("portal:messages")
READ = reverse("portal:mark_read")
HOUR = timedelta(hours=1)
NOT_FOR_EMERGENCIES = (
    "Not for emergencies. Messages are not watched all the time. In an emergency call 911 ."
)

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def dana(clinic):
    user = make.user(name="Dana")
    make.member(user=user, of=clinic)
    return user


@pytest.fixture
def phone(patient) -> Client:
    return phone_of(patient)


def sent(text="May I do more?", **more) -> dict:
    return {"text": text, "client_uuid": str(uuid4()), **more}


def stored(patient) -> list[Message]:
    with inside(patient.clinic_id):
        return list(Message.objects.of_patient(patient).order_by("pk"))


def unread(patient) -> int:
    with inside(patient.clinic_id):
        return Patient.objects.get(pk=patient.pk).unread_by_patient


def change(clinic, **settings) -> None:
    with inside(clinic.pk):
        clinic_actions.change_settings(clinic=clinic, by=make.founder(clinic), **settings)


# Who may


def test_messages_are_the_patients_alone(clinic, patient, phone, therapist):
    make.message(of=patient, text="Only mine.")
    neighbour = phone_of(make.patient(of=clinic))
    for client, status in ((phone, 200), (neighbour, 200), (therapist, 401), (Client(), 401)):
        response = client.get(PAGE)
        assert response.status_code == status
        assert ("Only mine." in words(response)) is (client is phone)
        written = client.post(PAGE, sent())
        assert written.status_code == (302 if status == 200 else status)
    assert len(stored(patient)) == 2


def test_a_neighbour_marks_nothing_of_mine(clinic, patient, dana):
    answer = make.message(of=patient, by=dana)
    assert phone_of(make.patient(of=clinic)).post(READ, {"up_to": answer.pk}).status_code == 302
    assert unread(patient) == 1


def test_after_the_record_is_archived_the_portal_is_closed(patient, phone, dana):
    with inside(patient.clinic_id):
        patient_actions.archive(patient=patient, at=NOW, by=dana)
    assert phone.get(PAGE).status_code == 401
    assert phone.post(PAGE, sent()).status_code == 401
    assert stored(patient) == []


# The page


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (1, "Your therapist or a colleague writes back in 1 working day."),
        (2, "Your therapist or a colleague writes back in 2 working days."),
    ],
)
def test_the_page_always_says_not_for_emergencies_and_when_to_expect_an_answer(
    clinic, phone, days, said
):
    change(clinic, thresholds_set={"answers_within_days": days})
    for response in (phone.get(PAGE), phone.post(PAGE, sent(""))):
        assert NOT_FOR_EMERGENCIES in words(response)
        assert said in words(response)
    response = phone.post(PAGE, sent(), follow=True)
    assert f"Sent. {said}" in words(response)
    assert NOT_FOR_EMERGENCIES in words(response)


def test_the_clinics_own_emergency_number_is_said(clinic, phone):
    change(clinic, emergency_number="112")
    assert "In an emergency call 112 ." in words(phone.get(PAGE))


def test_without_messages_the_page_says_what_to_ask(phone):
    assert "No messages yet" in words(phone.get(PAGE))


def test_both_sides_stand_with_their_names_the_newest_last(patient, phone, dana):
    make.message(of=patient, text="May I do more?")
    make.message(of=patient, text="Yes.", by=dana, at=NOW + HOUR)
    text = words(phone.get(PAGE))
    assert "You Wednesday 20 May, 11:00 May I do more? Dana Wednesday 20 May, 12:00 Yes." in text


def test_older_messages_are_one_press_away(patient, phone):
    for number in range(21):
        make.message(of=patient, text=f"Number {number}.")
    response = phone.get(PAGE)
    assert "Number 0." not in words(response)
    older = re.search(r'href="([^"]*\?before=\d+)"', response.content.decode())[1]
    text = words(phone.get(older))
    assert "Number 0." in text
    assert "Newest messages" in text


@pytest.mark.parametrize("before", ["0", "x", "", "9" * 30, "\x00", "-1"])
def test_any_place_may_be_asked_for(patient, phone, before):
    make.message(of=patient)
    assert phone.get(PAGE, {"before": before}).status_code == 200


def test_what_staff_write_is_text(patient, phone, dana):
    make.message(of=patient, text="<script>alert(1)</script>", by=dana)
    response = phone.get(PAGE)
    assert "<script>alert" not in response.content.decode()
    assert "<script>alert(1)</script>" in words(response)


# To write


def test_a_message_reaches_the_therapist(patient, phone, therapist):
    response = phone.post(PAGE, sent("It pulls."))
    assert response.url == f"{PAGE}#newest"
    page = therapist.get(reverse("prescriptions:messages", args=[patient.pk]))
    assert "Ana Ruiz" in words(page)
    assert "It pulls." in words(page)


def test_a_message_sent_twice_is_stored_once(patient, phone):
    data = sent()
    for _ in range(2):
        assert "Sent." in words(phone.post(PAGE, data, follow=True))
    assert len(stored(patient)) == 1


@pytest.mark.parametrize("named", ["stretch", "log"])
def test_a_message_may_be_about_a_stretch_or_a_log(patient, phone, named):
    edition = make.edition(of=patient)
    log = make.log(of=edition)
    with inside(patient.clinic_id):
        line = edition.lines.get()
    about = {
        "stretch": (f"?about=stretch-{line.pk}", "About Pelvic Tilt"),
        "log": (f"?about=log-{log.pk}", "About the log of Wednesday 20 May"),
    }
    address, said = about[named]
    page = phone.get(PAGE + address)
    assert f"{said} · Not about this" in words(page)
    action = re.search(r'action="(/my/messages/\?[^"]*)"', page.content.decode())[1]
    response = phone.post(action, sent(), follow=True)
    assert said in words(response)
    assert "Not about this" not in words(response)
    (message,) = stored(patient)
    assert (message.stretch_id or message.log_id) == (line.pk if named == "stretch" else log.pk)


def test_what_is_a_neighbours_is_not_found(clinic, patient, phone):
    theirs = make.edition(of=make.patient(of=clinic))
    log = make.log(of=theirs)
    with inside(clinic.pk):
        line = theirs.lines.get()
    for about in (f"stretch-{line.pk}", f"log-{log.pk}", "log-x", "moon"):
        assert phone.get(PAGE, {"about": about}).status_code == 404
    assert phone.post(f"{PAGE}?about=log-{log.pk}", sent()).status_code == 404
    assert stored(patient) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "Write something first.", id="nothing"),
        pytest.param(" \n\u200b ", "Write something first.", id="nothing that is seen"),
        pytest.param("x" * 2001, "at most 2000 characters (it has 2001)", id="too long"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(patient, phone, text, said):
    response = phone.post(PAGE, sent(text))
    assert response.status_code == 200
    assert said in words(response)
    assert stored(patient) == []


def test_a_page_whose_key_was_lost_gets_another(patient, phone):
    for key in ("", "x", "9" * 5000, "\x00"):
        response = phone.post(PAGE, {"text": "Keep me.", "client_uuid": key})
        assert response.status_code == 200
        assert "Please send it once more." in words(response)
        assert "Keep me." in words(response)
        assert stored(patient) == []
    fresh = re.search(r'name="client_uuid" value="([^"]*)"', response.content.decode())[1]
    phone.post(PAGE, {"text": "Keep me.", "client_uuid": fresh})
    assert len(stored(patient)) == 1


def test_where_messages_are_off_the_page_says_so_and_all_stays_readable(clinic, patient, phone):
    make.message(of=patient, text="Before.")
    change(clinic, has_messages=False, phone="555 0100")
    text = words(phone.get(PAGE))
    assert "Before." in text
    assert "Your clinic does not use messages at the moment." in text
    assert "555 0100" in text
    assert "Write to your therapist" not in text
    response = phone.post(PAGE, sent(), follow=True)
    assert "Your message was not sent." in words(response)
    assert len(stored(patient)) == 1


def test_while_an_emergency_is_open_nobody_is_asked_to_write(patient, phone):
    make.message(of=patient, text="Before.")
    make.flag(of=patient, code="saddle_numbness")
    for response in (phone.get(PAGE), phone.post(PAGE, sent())):
        text = words(response)
        assert "Do not write now." in text
        assert "Call 911. Do not wait for an answer here." in text
        assert "Write to your therapist" not in text
        assert "Before." in text
    assert len(stored(patient)) == 1


def test_a_sign_to_call_about_today_leaves_the_page_as_it_is(patient, phone):
    make.flag(of=patient, code="fever")
    assert "Write to your therapist" in words(phone.get(PAGE))


# To read


def test_looking_does_not_mark_as_read_and_the_button_does(patient, phone, dana):
    make.message(of=patient, by=dana)
    response = phone.get(PAGE)
    assert unread(patient) == 1
    up_to = re.search(r'name="up_to" value="(\d+)"', response.content.decode())[1]
    response = phone.post(READ, {"up_to": up_to}, follow=True)
    assert unread(patient) == 0
    assert "I have read this" not in words(response)


def test_who_writes_has_read_what_stood_on_the_page_and_no_more(patient, phone, dana):
    seen = make.message(of=patient, by=dana, text="First.")
    make.message(of=patient, by=dana, text="Meanwhile.")
    phone.post(PAGE, sent(up_to=seen.pk))
    assert unread(patient) == 1


@pytest.mark.parametrize("up_to", [None, "", "x", "-1", "0", "9" * 40, "\x00"])
def test_nonsense_marks_nothing(patient, phone, dana, up_to):
    make.message(of=patient, by=dana)
    assert phone.post(READ, {} if up_to is None else {"up_to": up_to}).status_code == 302
    assert unread(patient) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 3])
def test_messages_cost_the_same_for_one_and_three(
    patient, phone, dana, django_assert_num_queries, number
):
    log = make.log(of=make.edition(of=patient))
    for one in range(number):
        make.message(of=patient, text=f"{one}", about=log)
        make.message(of=patient, text=f"{one}", by=dana)
    with django_assert_num_queries(6):  # the device, red flags, the messages
        phone.get(PAGE)
