"""The PIN of a phone: what is shown waits for it, what was typed does not."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from clinics.models import AuditEvent
from clinics.tenancy import inside
from patients.models import Device
from portal.access import UNLOCKED_COOKIE
from tests import make
from tests.portal.conftest import invitation, phone_of
from tests.prescriptions.conftest import words

TODAY_PAGE, CHOOSE, TYPE = "/my/", "/my/pin/", "/my/pin/type/"


@pytest.fixture
def locked(patient) -> Client:
    """Ana's phone, with a PIN, opened anew."""
    make.edition(of=patient)
    phone = phone_of(patient)
    assert phone.post(CHOOSE, {"pin": "2580"}).status_code == 302
    close_the_browser(phone)
    return phone


def close_the_browser(phone) -> None:
    del phone.cookies[UNLOCKED_COOKIE]


def device_of(patient) -> Device:
    with inside(patient.clinic_id):
        return Device.objects.of_patient(patient).get()


def test_a_phone_opened_anew_asks_for_the_pin(locked, patient):
    for path in (TODAY_PAGE, "/my/logs/", "/my/phones/", "/my/play/"):
        response = locked.get(path)
        assert (response.status_code, response["Bearing-Locked"]) == (401, "pin")
        assert "Type your PIN" in words(response)
        assert str(patient.clinic) not in words(response)
        assert "data-who" not in response.content.decode()


def test_the_pin_opens_it(locked):
    assert locked.post(TYPE, {"pin": "2580"}).url == TODAY_PAGE
    assert locked.get(TODAY_PAGE).status_code == 200


def test_choosing_a_pin_does_not_lock_the_phone_at_once(patient):
    phone = phone_of(patient)
    page = phone.post(CHOOSE, {"pin": "٢٥٨٠"}, follow=True)
    assert "This phone asks for the PIN from now on." in words(page)


def test_it_locks_after_five_minutes_without_a_page(locked, monkeypatch):
    locked.post(TYPE, {"pin": "2580"})
    now = time.time()
    for minutes, status in ((4, 200), (8, 200), (14, 401)):
        monkeypatch.setattr("django.core.signing.time.time", lambda m=minutes: now + 60 * m)
        assert locked.get(TODAY_PAGE).status_code == status


def test_help_needs_no_pin(locked):
    response = locked.get(reverse("portal:help"))
    assert response.status_code == 200
    assert "Stop. Get help now." in words(response)


def test_what_was_typed_before_it_locked_is_taken(locked, patient):
    with inside(patient.clinic_id):
        edition = make.PrescriptionEdition.objects.of_patient(patient).get()
    response = locked.post(reverse("portal:log", args=[edition.pk]), {})
    assert response.status_code == 200
    assert UNLOCKED_COOKIE not in response.cookies
    assert locked.get(TODAY_PAGE).status_code == 401


def test_five_wrong_pins_sign_the_phone_out(locked, patient):
    for _ in range(4):
        response = locked.post(TYPE, {"pin": "1111"})
        assert response.status_code == 401
        assert "That is not the PIN" in words(response)
    response = locked.post(TYPE, {"pin": "1111"})
    assert "This phone is signed out" in words(response)
    assert "/my/code/" in response.content.decode()
    assert device_of(patient).revoked_at
    assert locked.post(TYPE, {"pin": "2580"}).url == TODAY_PAGE
    assert "Please open the link" in words(locked.get(TODAY_PAGE))


def test_the_right_pin_makes_the_wrong_ones_forgotten(locked):
    for _ in range(3):
        for _ in range(4):
            locked.post(TYPE, {"pin": "1111"})
        assert locked.post(TYPE, {"pin": "2580"}).status_code == 302


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "x" * 50, "💃💃💃💃"])
def test_what_is_no_pin_is_refused(patient, pin):
    phone = phone_of(patient)
    assert phone.post(CHOOSE, {"pin": pin}).status_code == 200
    assert device_of(patient).pin_hash == ""


def test_what_is_no_pin_is_no_try(locked, patient):
    for _ in range(9):
        locked.post(TYPE, {"pin": "12"})
    assert device_of(patient).pin_tries == 0


def test_a_pin_is_removed_with_the_pin(locked, patient):
    assert locked.post(TYPE, {"pin": "1111", "remove": "yes"}).status_code == 401
    assert locked.post(TYPE, {"pin": "2580", "remove": "yes"}).url == reverse("portal:phones")
    close_the_browser(locked)
    assert locked.get(TODAY_PAGE).status_code == 200


def test_a_pin_is_not_replaced_without_the_one_there_is(locked, patient):
    before = device_of(patient).pin_hash
    assert locked.post(CHOOSE, {"pin": "1111"}).status_code == 302
    assert device_of(patient).pin_hash == before


def test_the_other_person_on_the_phone_has_a_lock_of_their_own(locked, patient, clinic):
    other = make.patient(of=clinic, name="Bo Lind")
    locked.post(TYPE, {"pin": "2580"})
    locked.post(invitation(of=other))
    assert locked.get(TODAY_PAGE).status_code == 200
    locked.post(CHOOSE, {"pin": "9999"})
    page = locked.get(reverse("portal:people")).content.decode()
    ana = page.split('name="who" value="')[2][:16]
    response = locked.post(reverse("portal:people"), {"who": ana}, follow=True)
    assert "Type your PIN" in words(response)


def test_the_pin_is_kept_as_a_hash_and_the_trail_tells_that_there_is_one(locked, patient):
    assert "2580" not in device_of(patient).pin_hash
    with inside(patient.clinic_id):
        event = AuditEvent.objects.get(verb="chose a PIN for a device")
    assert "2580" not in str(event.detail)


def test_a_phone_of_nobody_has_no_pin_to_type(db):
    assert Client().post(TYPE, {"pin": "2580"}).url == TODAY_PAGE
