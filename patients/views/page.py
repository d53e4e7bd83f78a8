"""What every page about one patient begins with."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from clinics.access import StaffRequest
from patients.models import Patient


def find_patient(request: StaffRequest, pk: int) -> Patient:
    """The patient of this key in the clinic of the request; 404 for any other."""
    return get_object_or_404(Patient.objects.of(request.clinic).with_clinic(), pk=pk)


def patient_page(
    request: StaffRequest, patient: Patient, template: str, **context: Any
) -> HttpResponse:
    """A page about one patient, below the header that all of them share."""
    context |= {
        "patient": patient,
        "age": patient.age_on(patient.local_date(timezone.now())),
    }
    return render(request, template, context)
