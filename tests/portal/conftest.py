from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients import actions as patient_actions
from patients.models import Patient
from tests import make
from tests.make import inside
from tests.prescriptions.conftest import clock, patient

__all__ = ["clock", "invitation", "patient", "phone_of"]

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)"


def invitation(*, of: Patient) -> str:
    """The path of a fresh link, as the therapist gives it."""
    with inside(of.clinic_id):
        by = make.founder(of.clinic)
        _, token = patient_actions.invite(patient=of, at=timezone.now(), by=by)
    return reverse("portal:enter", args=[token])


def phone_of(patient: Patient) -> Client:
    """A phone on which the patient opened the link."""
    client = Client(headers={"User-Agent": PHONE})
    assert client.post(invitation(of=patient)).status_code == 302
    return client
