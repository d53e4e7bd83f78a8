import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from clinics import actions as clinic_actions
from patients import actions as patient_actions
from patients.models import Patient
from prescriptions.models import Message
from tests import make
from tests.make import NOW, inside
from tests.prescriptions.conftest import words

HOME = reverse("home")
UNREAD = reverse("prescriptions:unread")
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("clock")


def url(name, patient) -> str:
    return reverse(f"prescriptions:{name}", args=[patient.pk])


def sent(text="Try half of it.", **more) -> dict:
    return {"text": text, "client_uuid": str(uuid4()), **more}


def stored(patient) -> list[Message]:
    with inside(patient.clinic_id):
        return list(Message.objects.of_patient(patient).order_by("pk"))


def unread(patient) -> int:
    with inside(patient.clinic_id):
        return Patient.objects.get(pk=patient.pk).unread_by_staff


def switch_off(clinic) -> None:
    with inside(clinic.pk):
        clinic_actions.change_settings(clinic=clinic, by=make.founder(clinic), has_messages=False)


# Who may


def test_messages_are_read_by_the_clinics_own_people_and_answered_by_therapists(
    patient, therapist, assistant, stranger
):
    make.message(of=patient, text="It pulls.")
    for client, reads, writes in (
        (therapist, 200, 302),
        (assistant, 200, 403),
        (stranger, 404, 404),
    ):
        assert client.get(url("messages", patient)).status_code == reads
        assert client.post(url("answer", patient), sent()).status_code == writes
        assert client.post(url("mark_read", patient), {"up_to": "1"}).status_code == writes
    assert [message.text for message in stored(patient)] == ["It pulls.", "Try half of it."]


def test_an_assistant_reads_and_is_offered_no_more(patient, assistant):
    make.message(of=patient, text="It pulls.")
    text = words(assistant.get(url("messages", patient)))
    assert "It pulls." in text
    assert "A therapist answers messages." in text
    assert "Mark as read" not in text


def test_a_strangers_list_is_empty(patient, stranger):
    make.message(of=patient)
    assert "Nothing unread" in words(stranger.get(UNREAD))


# The thread


def test_without_messages_the_page_says_what_comes_here(patient, therapist):
    assert "No messages yet" in words(therapist.get(url("messages", patient)))


def test_the_newest_message_stands_last(patient, therapist):
    make.message(of=patient, text="First.")
    make.message(of=patient, text="Second.", by=therapist.user)
    text = words(therapist.get(url("messages", patient)))
    assert text.index("First.") < text.index("Second.")


def test_older_messages_are_one_press_away_and_the_form_is_with_the_newest(patient, therapist):
    for number in range(21):
        make.message(of=patient, text=f"Number {number}.")
    response = therapist.get(url("messages", patient))
    assert "Number 20." in words(response)
    assert "Number 0." not in words(response)
    older = re.search(r'href="([^"]*\?before=\d+)"', response.content.decode())[1]
    text = words(therapist.get(older))
    assert "Number 0." in text
    assert "Newest messages" in text
    assert "Write to" not in text


@pytest.mark.parametrize("before", ["0", "x", "", "9" * 30, "\x00", "-1"])
def test_any_place_may_be_asked_for(patient, therapist, before):
    make.message(of=patient)
    response = therapist.get(url("messages", patient), {"before": before})
    assert response.status_code == 200


def test_what_a_patient_writes_is_text(patient, therapist):
    make.message(of=patient, text="<script>alert(1)</script>\n\n\u202eteews")
    response = therapist.get(url("messages", patient))
    assert "<script>alert" not in response.content.decode()
    assert "<script>alert(1)</script>" in words(response)


def test_a_message_says_what_it_is_about(patient, therapist):
    edition = make.edition(of=patient)
    log = make.log(of=edition)
    with inside(patient.clinic_id):
        line = edition.lines.get()
    make.message(of=patient, text="Why?", about=log)
    make.message(of=patient, text="How?", about=line)
    response = therapist.get(url("messages", patient))
    assert "About the log of Wednesday 20 May · Answer about this Why?" in words(response)
    assert "About Pelvic Tilt · Answer about this How?" in words(response)
    about = url("messages", patient) + f"?about=log-{log.pk}"
    assert words(therapist.get(about)).count("About the log of Wednesday 20 May") == 2
    therapist.post(url("answer", patient) + f"?about=log-{log.pk}", sent("Rest."))
    assert stored(patient)[-1].log_id == log.pk


def test_a_neighbours_log_is_not_found(clinic, patient, therapist):
    theirs = make.log(of=make.edition(of=make.patient(of=clinic)))
    for address in (url("messages", patient), url("answer", patient)):
        about = f"{address}?about=log-{theirs.pk}"
        assert therapist.post(about, sent()).status_code in {404, 405}
        assert therapist.get(about).status_code in {404, 405}
    assert stored(patient) == []


# To answer


def test_an_answer_reads_what_stood_on_the_page_and_no_more(patient, therapist):
    seen = make.message(of=patient, text="First.")
    make.message(of=patient, text="Meanwhile.", at=NOW + HOUR)
    response = therapist.post(url("answer", patient), sent(up_to=seen.pk), follow=True)
    assert "The message is on its way." in words(response)
    assert stored(patient)[-1].written_by_name == "Therapist"
    assert unread(patient) == 1


def test_looking_does_not_mark_as_read_and_the_button_does(patient, therapist):
    make.message(of=patient)
    response = therapist.get(url("messages", patient))
    assert unread(patient) == 1
    up_to = re.search(r'name="up_to" value="(\d+)"', response.content.decode())[1]
    response = therapist.post(url("mark_read", patient), {"up_to": up_to}, follow=True)
    assert "Read by Therapist , 20 May 2026, 11:00" in words(response)
    assert "Mark as read" not in words(response)
    assert unread(patient) == 0


@pytest.mark.parametrize("up_to", [None, "", "x", "-1", "0", "9" * 40, "\x00"])
def test_nonsense_marks_nothing(patient, therapist, up_to):
    make.message(of=patient)
    data = {} if up_to is None else {"up_to": up_to}
    assert therapist.post(url("mark_read", patient), data).status_code == 302
    assert unread(patient) == 1


def test_staff_see_how_far_the_patient_has_read(patient, therapist):
    answer = make.message(of=patient, by=therapist.user)
    page = url("messages", patient)
    assert "The patient read last" not in words(therapist.get(page))
    make.messages_read(of=patient, up_to=answer, at=NOW + HOUR)
    assert "The patient read last on 20 May 2026, 12:00" in words(therapist.get(page))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "Write something first.", id="nothing"),
        pytest.param(" \n\u200b ", "Write something first.", id="nothing that is seen"),
        pytest.param("x" * 2001, "at most 2000 characters (it has 2001)", id="too long"),
    ],
)
def test_what_is_wrong_is_said_and_kept(patient, therapist, text, said):
    response = therapist.post(url("answer", patient), sent(text))
    assert response.status_code == 200
    assert said in words(response)
    assert stored(patient) == []


def test_the_longest_message_is_stored(patient, therapist):
    therapist.post(url("answer", patient), sent("ä" * 2000))
    assert len(stored(patient)[0].text) == 2000


def test_a_form_sent_twice_is_one_message(patient, therapist):
    data = sent()
    for _ in range(2):
        therapist.post(url("answer", patient), data)
    assert len(stored(patient)) == 1


def test_an_archived_patients_messages_are_read_and_nothing_is_written(patient, therapist):
    make.message(of=patient, text="Before.")
    with inside(patient.clinic_id):
        patient_actions.archive(patient=patient, at=NOW, by=therapist.user)
    text = words(therapist.get(url("messages", patient)))
    assert "Before." in text
    assert "This patient is archived" in text
    assert "Write to" not in text
    response = therapist.post(url("answer", patient), sent(), follow=True)
    assert "This patient is archived. Your message was not stored." in words(response)
    assert len(stored(patient)) == 1


def test_switched_off_messages_are_read_and_nothing_is_written(clinic, patient, therapist):
    make.message(of=patient, text="Before.")
    switch_off(clinic)
    text = words(therapist.get(url("messages", patient)))
    assert "Before." in text
    assert "Messages are switched off in the clinic’s settings" in text
    response = therapist.post(url("answer", patient), sent(), follow=True)
    assert "Messages are switched off. Your message was not stored." in words(response)
    assert len(stored(patient)) == 1


# Unread


def test_those_who_waited_longest_come_first(clinic, patient, therapist):
    make.message(of=patient, at=NOW - HOUR)
    early = make.patient(of=clinic, name="Bo Early")
    for hours in (3, 2):
        make.message(of=early, text=f"{hours}", at=NOW - hours * HOUR)
    gone = make.patient(of=clinic, name="Gone")
    make.message(of=gone)
    with inside(clinic.pk):
        patient_actions.archive(patient=gone, at=NOW, by=therapist.user)
    text = words(therapist.get(UNREAD))
    assert text.index("Bo Early 2 messages Wed 20 May, 08:00") < text.index("Ana Ruiz 1 message ")
    assert "Gone" not in text


def test_the_first_page_counts_what_is_unread(clinic, patient, therapist):
    assert "unread" not in words(therapist.get(HOME))
    for number in range(2):
        make.message(of=patient, text=f"{number}")
    text = words(therapist.get(HOME))
    assert "2 messages unread since Wed 20 May, 11:00." in text
    assert "Messages 1 patient waiting" in text
    listed = words(therapist.get(reverse("patients")))
    assert "2 unread messages of Ana Ruiz" in listed


def test_the_header_of_the_patient_counts_what_is_unread_on_every_tab(patient, therapist):
    make.message(of=patient)
    for name in ("patient", "patients:record", "patients:direction", "prescriptions:of_patient"):
        assert "Messages 1 unread" in words(therapist.get(reverse(name, args=[patient.pk])))


# One and three cost the same


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 3])
def test_messages_cost_the_same_for_one_and_three(
    clinic, patient, therapist, django_assert_num_queries, number
):
    edition = make.edition(of=patient)
    log = make.log(of=edition)
    for one in range(number):
        waiting = make.patient(of=clinic)
        make.message(of=waiting)
        message = make.message(of=patient, text=f"{one}", about=log)
        make.messages_read(of=patient, up_to=message)
    with django_assert_num_queries(10):  # the patient, the messages, the readers
        therapist.get(url("messages", patient))
    with django_assert_num_queries(9):  # the count, the patients
        therapist.get(UNREAD)
