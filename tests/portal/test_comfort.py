"""In which language a patient reads, how large, and with how much contrast."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from clinics.models import AuditEvent
from patients.models import Patient
from portal.access import COOKIE_PATH
from prescriptions.models import Alert, EntryResponse, SessionEntry
from tests import make
from tests.make import inside
from tests.portal.conftest import invitation, phone_of
from tests.portal.test_views import answers, page_of
from tests.prescriptions.conftest import words

pytestmark = pytest.mark.usefixtures("clock")

ARABIC = re.compile("[\u0600-\u06ff]")
SETTINGS = "/my/settings/"
CHOICE = {"language": "es", "text_size": "largest", "contrast": "more"}


def language_of(patient) -> str:
    with inside(patient.clinic_id):
        return Patient.objects.get(pk=patient.pk).language


def root_of(response) -> str:
    page = response.content.decode()
    return page[page.index("<html") : page.index(">", page.index("<html"))]


def test_before_signing_in_the_phones_language_is_spoken(patient):
    path = invitation(of=patient)
    spanish = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}
    assert "Le damos la bienvenida" in words(Client(headers=spanish).get(path))
    assert "Welcome" in words(Client(headers={"Accept-Language": "fr"}).get(path))


def test_arabic_is_written_from_right_to_left(patient):
    response = Client(headers={"Accept-Language": "ar"}).get(reverse("portal:help"))
    assert 'lang="ar" dir="rtl"' in root_of(response)


def test_the_door_itself_speaks_the_phones_language():
    response = Client(headers={"Accept-Language": "es"}).get(reverse("portal:today"))
    assert response.status_code == 401
    assert "Abra el enlace de su fisioterapeuta" in words(response)


def test_without_a_choice_a_patient_reads_in_the_phones_language(patient):
    phone = phone_of(patient)
    response = phone.get(reverse("portal:today"), headers={"Accept-Language": "es"})
    assert 'lang="es"' in root_of(response)


def test_what_was_chosen_goes_before_what_the_phone_asks_for(patient):
    phone = phone_of(patient)
    with inside(patient.clinic_id):
        Patient.objects.filter(pk=patient.pk).update(language="ar")
    response = phone.get(reverse("portal:today"), headers={"Accept-Language": "es"})
    assert 'lang="ar" dir="rtl"' in root_of(response)


def test_a_patient_chooses_language_size_and_contrast(patient):
    phone = phone_of(patient)
    response = phone.post(SETTINGS, CHOICE, follow=True)
    assert "Guardado. Desde ahora las páginas se ven así." in words(response)
    assert 'lang="es"' in root_of(response)
    assert 'data-text="largest"' in root_of(response)
    assert 'contrast.css" media="all"' in response.content.decode()
    assert language_of(patient) == "es"
    with inside(patient.clinic_id):
        event = AuditEvent.objects.filter(verb="chose a language").get()
    assert (event.actor_kind, event.actor_id) == ("patient", patient.pk)


def test_choosing_the_same_again_leaves_no_second_line_in_the_audit_trail(patient):
    phone = phone_of(patient)
    for _ in range(2):
        phone.post(SETTINGS, CHOICE)
    with inside(patient.clinic_id):
        assert AuditEvent.objects.filter(verb="chose a language").count() == 1


def test_the_page_shows_what_is_chosen(patient):
    phone = phone_of(patient)
    phone.post(SETTINGS, CHOICE)
    page = phone.get(SETTINGS).content.decode()
    for value in CHOICE.values():
        chosen = page[page.index(f'value="{value}"') :]
        assert "checked" in chosen[: chosen.index(">")]


def test_size_and_contrast_belong_to_the_phone(patient):
    phone_of(patient).post(SETTINGS, CHOICE)
    other = phone_of(patient).get(SETTINGS)
    assert 'data-text="normal"' in root_of(other)
    assert 'lang="es"' in root_of(other)


def test_somebody_who_is_not_signed_in_may_choose_too(db):
    phone = Client()
    response = phone.post(SETTINGS, CHOICE)
    assert response.status_code == 302
    assert {cookie["path"] for cookie in response.cookies.values()} >= {COOKIE_PATH}
    assert "Abra el enlace" in words(phone.get(reverse("portal:today")))


@pytest.mark.parametrize("field", list(CHOICE))
@pytest.mark.parametrize("value", ["", "xx", "../../en", '"><b>'])
def test_nonsense_is_not_kept(patient, field, value):
    response = phone_of(patient).post(SETTINGS, CHOICE | {field: value})
    assert response.status_code == 200
    assert language_of(patient) == ""


@pytest.mark.parametrize("value", ["", "xx", '"><b>'])
def test_a_made_up_cookie_changes_nothing(patient, value):
    phone = phone_of(patient)
    for name in ("bearing_text", "bearing_contrast", "django_language"):
        phone.cookies[name] = value
    response = phone.get(reverse("portal:today"))
    assert 'lang="en" data-text="normal"' in root_of(response)


def test_staff_read_english_whatever_their_browser_asks_for(therapist, patient):
    response = therapist.get(patient.get_absolute_url(), headers={"Accept-Language": "es"})
    assert 'lang="en"' in root_of(response)


def test_what_a_log_in_arabic_leaves_behind_is_english(patient):
    """Staff read the alert, the reason and the audit trail."""
    edition = make.edition(of=patient)
    phone = phone_of(patient)
    phone.post(SETTINGS, CHOICE | {"language": "ar"})
    worse = answers(edition, pain_before="2", pain_after="9", feel="worse", why_not=None)
    response = phone.post(page_of(edition), worse, follow=True)
    assert "كان ألمك بعده 9 من 10." in words(response)
    with inside(patient.clinic_id):
        alert, answer = Alert.objects.get(), EntryResponse.objects.filter(colour="amber").get()
        events = AuditEvent.objects.filter(actor_kind="patient")
        stored = [alert.about, alert.message, answer.reason]
        stored += [f"{event.verb} {event.detail}" for event in events]
        stored += [entry.get_outcome_display() for entry in SessionEntry.objects.all()]
    assert len(stored) > 4
    assert not ARABIC.search(" ".join(stored))
