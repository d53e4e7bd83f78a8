"""Erasing a record: asked for, carried out, certified. Everything here is for admins."""

from itertools import islice

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from clinics.access import Can, StaffRequest, confirmed, staff
from patients import erasure
from patients.forms import AskErasureForm, EraseForm
from patients.models import Erasure, Patient
from patients.views.page import find_patient, patient_page

ERASURES_PER_PAGE = 50
OVERDUE_SHOWN = 50


@require_safe
@staff(Can.ERASE)
def erasures(request: StaffRequest) -> HttpResponse:
    """What was asked for and what was erased, and whose records need not be kept any longer."""
    found = Erasure.objects.of(request.clinic).newest_first()
    page = Paginator(found, ERASURES_PER_PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate(timezone=request.clinic.zone)
    # One more than is shown tells whether there are more.
    overdue = list(islice(erasure.past_retention(request.clinic, today), OVERDUE_SHOWN + 1))
    context = {
        "page": page,
        "overdue": overdue[:OVERDUE_SHOWN],
        "has_more_overdue": len(overdue) > OVERDUE_SHOWN,
    }
    return render(request, "patients/erasures.html", context)


@require_http_methods(["GET", "POST"])
@staff(Can.ERASE)
@confirmed
def erase(request: StaffRequest, pk: int) -> HttpResponse:
    """What goes, what stays and from when it is possible; a POST erases."""
    patient = find_patient(request, pk)
    asked = Erasure.objects.of(request.clinic).of_number(pk).select_related("asked_by").first()
    possible_from = erasure.possible_from(patient)
    is_early = patient.local_date(timezone.now()) < possible_from
    form = EraseForm(request.POST or None, patient=patient, is_early=is_early)
    if request.method == "POST" and asked and form.is_valid():
        done = _erased(request, patient, form)
        if done is not None:
            messages.success(request, "The record is erased. This is the certificate.")
            return redirect(done)
    context = {
        "asked": asked,
        "ask_form": AskErasureForm(),
        "form": form,
        "possible_from": possible_from,
        "is_early": is_early,
        "goes": erasure.what_goes(patient),
    }
    return patient_page(request, patient, "patients/erase.html", **context)


@require_http_methods(["GET", "POST"])
@staff(Can.ERASE)
@confirmed
def ask(request: StaffRequest, pk: int) -> HttpResponse:
    patient = find_patient(request, pk)
    form = AskErasureForm(request.POST or None)
    if form.is_valid():
        reason = Erasure.Reason(form.cleaned_data["reason"])
        erasure.ask(patient=patient, reason=reason, by=request.user, at=timezone.now())
    elif request.method == "POST":
        messages.error(request, "Choose why the record shall be erased.")
    return redirect("patients:erase", patient.pk)


@require_http_methods(["GET", "POST"])
@staff(Can.ERASE)
def take_back(request: StaffRequest, pk: int) -> HttpResponse:
    patient = find_patient(request, pk)
    if request.method == "POST" and erasure.take_back(patient=patient, by=request.user):
        messages.success(request, "The record stays. That it was asked for stands in the trail.")
        return redirect("patients:record", patient.pk)
    return redirect("patients:erase", patient.pk)


@require_safe
@staff(Can.ERASE)
def certificate(request: StaffRequest, pk: int) -> HttpResponse:
    """What is certified, for people; it names nobody who was erased."""
    done = _done(request, pk)
    context = {
        "erasure": done,
        "went": erasure.what_went(done),
        "emptied": done.counts[erasure.EMPTIED],
    }
    return render(request, "patients/certificate.html", context)


@require_safe
@staff(Can.ERASE)
def certificate_file(request: StaffRequest, pk: int) -> HttpResponse:
    """The same for programs, with the digest by which a change would show."""
    done = _done(request, pk)
    file = {"certificate": erasure.certificate(done), "sha256": done.digest}
    name = f"erasure-{done.patient_number}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JsonResponse(file, headers=headers)


def _erased(request: StaffRequest, patient: Patient, form: EraseForm) -> Erasure | None:
    """The certificate; None with an error beside its field where it was refused."""
    try:
        return erasure.erase(
            patient=patient,
            by=request.user,
            at=timezone.now(),
            legal_reason=form.cleaned_data.get("legal_reason", ""),
        )
    except erasure.StillInTreatment:
        form.add_error(None, "Archive the patient first.")
    except erasure.NamesThePatient:
        form.add_error("legal_reason", "Leave the patient’s name out: this text stays.")
    except erasure.TooEarly as refusal:
        form.add_error(None, f"The clinic keeps this record until {refusal.day:%-d %B %Y}.")
    return None


def _done(request: StaffRequest, pk: int) -> Erasure:
    return get_object_or_404(Erasure.objects.of(request.clinic).done().newest_first(), pk=pk)
