"""What a patient reads when something is refused, not found or broken."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from patients.models import Patient
from portal import failures, views
from tests.make import inside
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words

SPANISH = {"Accept-Language": "es"}
NOWHERE = "/my/nowhere/"


@pytest.fixture
def phone(patient) -> Client:
    """Of a patient who reads Arabic, whatever the phone asks for."""
    phone = phone_of(patient)
    with inside(patient.clinic_id):
        Patient.objects.filter(pk=patient.pk).update(language="ar")
    phone.raise_request_exception = False
    return phone


def leads_on(response) -> bool:
    """To the stretches and to help."""
    page = response.content.decode()
    return all(f'href="{reverse(name)}"' in page for name in ("portal:today", "portal:help"))


def breaks(monkeypatch, error: Exception) -> None:
    def fail(*args: object) -> None:
        raise error

    monkeypatch.setattr(views, "_open_flags", fail)


@pytest.mark.parametrize("path", [NOWHERE, "/my/logs/999999999/"])
def test_what_is_not_there_is_said_in_the_patients_language(phone, path):
    response = phone.get(path, headers=SPANISH)
    assert response.status_code == 404
    assert "لا نجد هذه الصفحة" in words(response)
    assert leads_on(response)


def test_it_is_said_in_the_phones_language_to_somebody_unknown():
    response = Client(headers=SPANISH).get(NOWHERE)
    assert response.status_code == 404
    assert "No encontramos esta página" in words(response)
    assert leads_on(response)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (SuspiciousOperation(), 400, "لم ينجح ذلك"),
        (PermissionDenied(), 403, "هذه الصفحة ليست متاحة لك"),
        (ZeroDivisionError(), 500, "حدث خطأ من جانبنا"),
    ],
    ids=["400", "403", "500"],
)
def test_what_fails_is_said_in_the_patients_language(phone, monkeypatch, error, status, said):
    breaks(monkeypatch, error)
    response = phone.get(reverse("portal:today"), headers=SPANISH)
    assert response.status_code == status
    assert said in words(response)
    assert leads_on(response)


def test_a_form_that_was_open_too_long_says_so(patient):
    phone = Client(enforce_csrf_checks=True, headers=SPANISH)
    phone.cookies = phone_of(patient).cookies
    response = phone.post(reverse("portal:leave"))
    assert response.status_code == 403
    assert "La página estuvo abierta demasiado tiempo" in words(response)
    assert leads_on(response)


@pytest.mark.parametrize("cookie", ["sessionid", "messages", "bearing_portal"])
def test_when_something_breaks_the_database_is_not_asked(cookie):
    """Without the mark `django_db` a question to it would fail."""
    request = RequestFactory().get(NOWHERE, headers=SPANISH)
    request.COOKIES[cookie] = "1:1:x"
    response = failures.broken(request)
    assert response.status_code == 500
    assert "Algo falló de nuestro lado" in words(response)
    assert connection.connection is None or not connection.in_atomic_block


@pytest.mark.parametrize("path", ["/nowhere/", "/mysterious/"])
def test_staff_keep_their_own_pages(therapist, path):
    response = therapist.get(path, headers=SPANISH)
    assert response.status_code == 404
    assert "We cannot find this page" in words(response)
    assert "not part of your clinic" in words(response)
