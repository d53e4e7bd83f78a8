"""Correcting and taking back a log, as the patient's phone meets it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from portal.screen import none_of_these
from prescriptions.models import Alert, SessionLog
from tests import make
from tests.make import NOW, inside
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words

pytestmark = pytest.mark.usefixtures("clock")

DAY = timedelta(days=1)
LOGS_PAGE = "/my/logs/"


@pytest.fixture
def phone(patient) -> Client:
    return phone_of(patient)


@pytest.fixture
def first(patient) -> SessionLog:
    return make.log(of=make.edition(of=patient), comment="It pulled.")


def url(name: str, log) -> str:
    return reverse(f"portal:{name}", args=[log.pk])


def as_it_stands(page) -> dict:
    """What the phone sends from the page of this response."""
    sent = {"line": [], "client_uuid": str(uuid4()), "none_of_these": page.context["none_of_these"]}
    for form in page.context["entries"]:
        sent["line"].append(str(form.line.pk))
        shown = {form.add_prefix(name): form[name].value() for name in form.fields}
        sent |= {name: value for name, value in shown.items() if value not in (None, "", [], False)}
    return sent


def standing(patient) -> list[SessionLog]:
    with inside(patient.clinic_id):
        return list(SessionLog.objects.of_patient(patient).standing().with_entries())


def test_the_page_begins_with_the_red_flags_and_then_with_what_was_said(phone, first):
    assert "have you had any of these?" in words(phone.get(url("correct", first)))
    page = phone.post(url("correct", first), {"answer": "none"})
    assert "Correct your log Of Wednesday 20 May." in words(page)
    (form,) = page.context["entries"]
    assert form["comment"].value() == "It pulled."
    assert [form[f"pain_{moment}"].value() for moment in ("before", "during", "after")] == [2, 3, 1]


def test_the_correction_stands_and_says_so(phone, patient, first):
    page = phone.post(url("correct", first), {"answer": "none"})
    (form,) = page.context["entries"]
    sent = as_it_stands(page) | {form.add_prefix("comment"): "It did not."}
    assert phone.post(url("correct", first), sent).status_code == 302
    (log,) = standing(patient)
    assert (log.corrects_id, log.entries.all()[0].comment) == (first.pk, "It did not.")
    text = words(phone.get(LOGS_PAGE))
    assert "It did not." in text
    assert "It pulled." not in text
    assert "You corrected this log." in text
    assert phone.get(url("correct", first)).status_code == 404


def test_sent_twice_a_correction_counts_once(phone, patient, first):
    sent = as_it_stands(phone.post(url("correct", first), {"answer": "none"}))
    phone.post(url("correct", first), sent)
    phone.post(url("correct", first), sent)
    assert len(standing(patient)) == 1


def test_a_log_is_taken_back_after_asking(phone, patient, first):
    assert "Take this log back?" in words(phone.get(url("take_back", first)))
    assert standing(patient) == [first]
    page = phone.post(url("take_back", first), follow=True)
    assert "Taken back." in words(page)
    assert standing(patient) == []
    assert "You logged" not in words(phone.get("/my/"))


@pytest.mark.parametrize("name", ["correct", "take_back"])
def test_after_seven_days_the_page_says_that_it_is_too_late(phone, patient, first, clock, name):
    clock(NOW + 8 * DAY)
    page = phone.post(url(name, first), {"answer": "none"}, follow=True)
    assert "A log can be changed for seven days." in words(page)
    assert standing(patient) == [first]
    assert "Take back" not in words(phone.get(LOGS_PAGE))


@pytest.mark.parametrize("name", ["correct", "take_back"])
def test_nobody_changes_the_log_of_a_neighbour(clinic, patient, first, name):
    neighbour = phone_of(make.patient(of=clinic))
    for method in ("get", "post"):
        sent = {"none_of_these": none_of_these(patient)}
        assert getattr(neighbour, method)(url(name, first), sent).status_code == 404
    assert standing(patient) == [first]


def test_an_injury_alerts_a_therapist_and_the_log_goes_on(phone, patient, first):
    page = phone.post(
        reverse("portal:log", args=[first.edition_id]), {"answer": "some", "injured": "on"}
    )
    assert "How did it go?" in words(page)
    assert "We told the clinic about your fall or injury." in words(page)
    with inside(patient.clinic_id):
        alert = Alert.objects.of_patient(patient).get()
    assert alert.message.startswith("Patient reported a fall or an injury.")
    assert "Look at the alert" not in words(page)


def test_an_injury_and_none_of_the_signs_is_no_contradiction(phone, patient, first):
    sent = {"answer": "none", "injured": "on"}
    for _ in range(2):
        page = phone.post(reverse("portal:log", args=[first.edition_id]), sent)
        assert "How did it go?" in words(page)
    with inside(patient.clinic_id):
        assert Alert.objects.of_patient(patient).count() == 1


def test_why_not_is_stored_of_what_was_not_done_and_of_nothing_else(phone, patient, first):
    page = phone.post(url("correct", first), {"answer": "none"})
    (form,) = page.context["entries"]
    outcome, why = form.add_prefix("outcome"), form.add_prefix("why_not")
    phone.post(url("correct", first), as_it_stands(page) | {outcome: "no", why: "pain"})
    (log,) = standing(patient)
    assert log.entries.all()[0].why_not == "pain"
    assert "Why: pain" in words(phone.get(LOGS_PAGE))
    page = phone.post(url("correct", log), {"answer": "none"})
    assert page.context["entries"][0]["why_not"].value() == "pain"
    phone.post(url("correct", log), as_it_stands(page) | {outcome: "done"})
    (log,) = standing(patient)
    assert log.entries.all()[0].why_not == ""
