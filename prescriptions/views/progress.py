from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinics.access import Can, StaffRequest, staff
from patients.models import Patient
from prescriptions.progress import progress_of


@require_safe
@staff(Can.VIEW)
def progress(request: StaffRequest, pk: int) -> HttpResponse:
    """Eight weeks of one patient in charts, each with its table."""
    patient = get_object_or_404(Patient.objects.of(request.clinic).with_clinic(), pk=pk)
    today = patient.local_date(timezone.now())
    context = {
        "patient": patient,
        "age": patient.age_on(today),
        "progress": progress_of(patient, today=today),
    }
    return render(request, "prescriptions/progress.html", context)
