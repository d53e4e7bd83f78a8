"""A patient reads who of the clinic looked at the record, and nobody else's."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics import reads
from clinics.models import AuditEvent, Membership
from clinics.tenancy import inside
from patients.models import Patient
from portal.looked import LINES_PER_PAGE, ROLES, SAW
from tests import make
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words

LOOKED = reverse("portal:looked")


def look_at(patient: Patient, *, who, page: str = "patients:record") -> None:
    assert who.get(reverse(page, args=[patient.pk])).status_code == 200


def test_every_page_and_role_has_words_for_patients():
    assert reads.verbs() <= set(SAW)
    assert set(ROLES) == set(Membership.Role)


def test_nobody_has_looked_yet(patient):
    assert "Nobody yet" in words(phone_of(patient).get(LOOKED))


def test_the_page_says_who_as_what_at_what_and_when(patient, therapist, assistant):
    look_at(patient, who=therapist)
    look_at(patient, who=therapist, page="prescriptions:progress")
    look_at(patient, who=assistant)
    read = words(phone_of(patient).get(LOOKED))
    assert "Therapist · Therapist Your progress · Your record Last at" in read
    assert "Assistant · Assistant Your record Last at" in read


def test_a_system_that_read_the_record_is_shown_as_one(clinic, patient, therapist):
    look_at(patient, who=therapist)
    secret = make.api_token(of=clinic, name="Lakeside records").secret
    Client().get(f"/fhir/Patient/{patient.pk}", headers={"Authorization": f"Bearer {secret}"})
    read = words(phone_of(patient).get(LOOKED))
    assert "Lakeside records · A program that we use at the clinic Your record Last at" in read
    assert "Therapist · Therapist Your record Last at" in read


def test_an_export_is_shown_and_an_act_is_not(patient, therapist):
    edition = make.edition(of=patient)
    therapist.get(reverse("prescriptions:handout", args=[edition.pk]))
    read = words(phone_of(patient).get(LOOKED))
    assert read.count("Your programme on paper") == 1
    assert "invited" not in read


def test_a_patient_reads_nothing_of_a_neighbour(clinic, patient, therapist):
    look_at(make.patient(of=clinic), who=therapist)
    assert "Nobody yet" in words(phone_of(patient).get(LOOKED))


def test_a_patient_does_not_learn_where_staff_sit(patient, therapist):
    therapist.get(
        reverse("patients:record", args=[patient.pk]),
        REMOTE_ADDR="203.0.113.7",
        headers={"User-Agent": "Firefox/140 Windows"},
    )
    read = words(phone_of(patient).get(LOOKED))
    assert "203.0.113.7" not in read
    assert "Windows" not in read


def test_who_has_left_or_has_a_role_of_before_is_shown_all_the_same(patient, clinic):
    with inside(clinic.pk):
        AuditEvent.objects.create(
            clinic=clinic, kind="look", actor_kind="staff", actor_id=1, actor_name="Gil",
            role="porter", verb="looked at what was there once", target="x", patient_id=patient.pk,
        )  # fmt: skip
    assert "Gil · Works at the clinic Your record" in words(phone_of(patient).get(LOOKED))


def test_the_page_is_in_the_language_of_the_patient(clinic, therapist):
    patient = make.patient(of=clinic, language="es")
    look_at(patient, who=therapist)
    assert "Fisioterapeuta Su historial" in words(phone_of(patient).get(LOOKED))


def many_looks(patient: Patient, number: int) -> None:
    now = timezone.now()
    with inside(patient.clinic_id):
        AuditEvent.objects.bulk_create(
            AuditEvent(
                clinic_id=patient.clinic_id, at=now - timedelta(days=day), kind="look",
                actor_kind="staff", actor_id=1, actor_name=f"Person {day}", target="x",
                verb="looked at the record", patient_id=patient.pk,
            )
            for day in reversed(range(number))
        )  # fmt: skip


def test_what_is_older_is_on_the_next_page(patient):
    many_looks(patient, LINES_PER_PAGE + 1)
    phone = phone_of(patient)
    response = phone.get(LOOKED)
    first, older = words(response), response.content.decode().partition('rel="next" href="')[2]
    assert "Person 0 ·" in first
    assert f"Person {LINES_PER_PAGE} ·" not in first
    assert f"Person {LINES_PER_PAGE} ·" in words(phone.get(LOOKED + older.split('"')[0]))


@pytest.mark.parametrize("number", [1, 30])
def test_one_look_costs_what_thirty_cost(patient, number, django_assert_num_queries):
    many_looks(patient, number)
    phone = phone_of(patient)
    phone.get(LOOKED)
    with django_assert_num_queries(6):
        phone.get(LOOKED)
