"""Days on which a patient is away: they are not counted as planned."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, may, staff
from clinics.pages import newest_page
from patients.models import Patient
from patients.views.page import find_patient, patient_page
from prescriptions.absence_forms import AbsenceForm, TakeBackForm
from prescriptions.absences import AlreadyCorrected, record, take_back
from prescriptions.models import Absence

ABSENCES_PER_PAGE = 50
CHANGED_MEANWHILE = "A colleague changed this absence in the meantime. Nothing was stored."


@require_safe
@staff(Can.VIEW)
def absences(request: StaffRequest, pk: int) -> HttpResponse:
    """The patient's absences, those taken back and corrected too."""
    patient = find_patient(request, pk)
    return _page(request, patient, AbsenceForm(today=_today(patient)))


@require_POST
@staff(Can.LOG)
def add(request: StaffRequest, pk: int) -> HttpResponse:
    patient = find_patient(request, pk)
    form = AbsenceForm(request.POST, today=_today(patient))
    if not form.is_valid():
        return _page(request, patient, form)
    record(patient=patient, by=request.user, at=timezone.now(), **form.cleaned_data)
    messages.success(request, "These days are left out of what was planned.")
    return redirect("prescriptions:absences", patient.pk)


@require_http_methods(["GET", "POST"])
@staff(Can.LOG)
def correct(request: StaffRequest, pk: int) -> HttpResponse:
    """Say other days or another reason; what was written first is kept."""
    absence = _standing(request, pk)
    patient = absence.patient
    initial = {
        name: getattr(absence, name) for name in ("first_day", "last_day", "reason", "remark")
    }
    data = request.POST if request.method == "POST" else None
    form = AbsenceForm(data, initial=initial, today=_today(patient))
    if form.is_valid():
        try:
            record(
                patient=patient,
                corrects=absence,
                by=request.user,
                at=timezone.now(),
                **form.cleaned_data,
            )
        except AlreadyCorrected:
            messages.error(request, CHANGED_MEANWHILE)
        else:
            messages.success(request, "The absence is corrected.")
        return redirect("prescriptions:absences", patient.pk)
    return patient_page(
        request,
        patient,
        "prescriptions/absence.html",
        absence=absence,
        form=form,
        taking_back=TakeBackForm(),
    )


@require_POST
@staff(Can.LOG)
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take an absence back: its days count as planned again."""
    absence, form = _standing(request, pk), TakeBackForm(request.POST)
    if form.is_valid():
        try:
            take_back(absence=absence, by=request.user, at=timezone.now(), **form.cleaned_data)
        except AlreadyCorrected:
            messages.error(request, CHANGED_MEANWHILE)
        else:
            messages.success(request, "The absence is taken back. Its days count as planned.")
    return redirect("prescriptions:absences", absence.patient_id)


def _standing(request: StaffRequest, pk: int) -> Absence:
    """The absence, as long as nothing else stands for it; 404 for any other."""
    mine = Absence.objects.of(request.clinic).standing().select_related("patient__clinic")
    return get_object_or_404(mine, pk=pk)


def _today(patient: Patient) -> date:
    return patient.local_date(timezone.now())


def _page(request: StaffRequest, patient: Patient, form: AbsenceForm) -> HttpResponse:
    before = request.GET.get("before")
    found = Absence.objects.of_patient(patient).with_history()
    return patient_page(
        request,
        patient,
        "prescriptions/absences.html",
        page=newest_page(found, before=before, size=ABSENCES_PER_PAGE),
        before=before,
        form=form,
        may_write=may(request, Can.LOG) and not patient.is_archived,
    )
