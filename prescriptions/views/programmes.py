"""The programme as it is, as it was, and its end."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from clinics.access import Can, StaffRequest, staff
from patients.models import Patient
from prescriptions import actions
from prescriptions.forms import EndForm
from prescriptions.handout import typed_text
from prescriptions.kept import kept_lines
from prescriptions.models import Prescription, PrescriptionEdition
from prescriptions.paper import letters_without_shape
from prescriptions.telling import changes_since, courses_of


@require_safe
@staff(Can.VIEW)
def of_patient(request: StaffRequest, pk: int) -> HttpResponse:
    """Everything that is and was prescribed to one patient."""
    patient = get_object_or_404(Patient.objects.of(request.clinic).with_clinic(), pk=pk)
    today = patient.local_date(timezone.now())
    courses = courses_of(patient, today=today)
    context = {
        "patient": patient,
        "age": patient.age_on(today),
        "courses": courses,
        "has_open_course": any(course.prescription.is_open for course in courses),
    }
    return render(request, "prescriptions/of_patient.html", context)


@require_safe
@staff(Can.VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """A course is shown where all courses of its patient are."""
    prescription = get_object_or_404(Prescription.objects.of(request.clinic), pk=pk)
    return redirect("prescriptions:of_patient", prescription.patient_id)


@require_safe
@staff(Can.VIEW)
def edition(request: StaffRequest, pk: int) -> HttpResponse:
    """One published edition, with what changed against the one before."""
    editions = PrescriptionEdition.objects.of(request.clinic).published().with_lines()
    shown = get_object_or_404(editions.with_patient(), pk=pk)
    before = editions.before(shown)
    context = {
        "patient": shown.patient,
        "edition": shown,
        "kept": kept_lines(shown),
        "before": before,
        "changes": changes_since(before, shown) if before else [],
        "without_shape": letters_without_shape(typed_text(shown)),
    }
    return render(request, "prescriptions/edition.html", context)


@require_http_methods(["GET", "POST"])
@staff(Can.PRESCRIBE)
def end(request: StaffRequest, pk: int) -> HttpResponse:
    prescription = get_object_or_404(Prescription.objects.of(request.clinic).with_patient(), pk=pk)
    form = EndForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            actions.end(
                prescription=prescription,
                on=prescription.patient.local_date(timezone.now()),
                because=form.cleaned_data["because"],
                by=request.user,
            )
        except actions.AlreadyEnded:
            messages.info(request, "This course had already ended.")
        else:
            messages.success(request, "The course has ended. The patient no longer sees it.")
        return redirect(prescription.patient)
    context = {"patient": prescription.patient, "prescription": prescription, "form": form}
    return render(request, "prescriptions/end.html", context)
