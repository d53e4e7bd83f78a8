from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, staff
from clinics.pages import newest_page
from clinics.qr import qr_code
from patients import actions, codes, mails, tries
from patients.forms import NoteForm, PatientForm, SearchForm
from patients.models import Device, Invitation, Note, Patient
from patients.views.page import find_patient, patient_page

PATIENTS_PER_PAGE = 50
NOTES_PER_PAGE = 20


@require_http_methods(["GET", "POST"])
@staff(Can.RECORD)
def create(request: StaffRequest) -> HttpResponse:
    form = PatientForm(
        request.POST if request.method == "POST" else None,
        clinic=request.clinic,
        today=timezone.localdate(timezone=request.clinic.zone),
        initial={"therapist": request.user},
    )
    if form.is_valid():
        with form.refusals():
            patient = actions.record_patient(
                clinic=request.clinic,
                by=request.user,
                other_than=form.other_than,
                **form.changes,
            )
            messages.success(request, f"{patient} is recorded.")
            return redirect(patient)
    return render(request, "patients/create.html", {"form": form})


@require_http_methods(["GET", "POST"])
@staff(Can.RECORD)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    patient = find_patient(request, pk)
    form = PatientForm(
        request.POST if request.method == "POST" else None,
        clinic=request.clinic,
        today=timezone.localdate(timezone=request.clinic.zone),
        instance=find_patient(request, pk),
    )
    if form.is_valid():
        with form.refusals():
            actions.correct_patient(
                patient=patient, by=request.user, other_than=form.other_than, **form.changes
            )
            messages.success(request, "The record is saved.")
            return redirect("patients:record", patient.pk)
    return patient_page(request, patient, "patients/edit.html", form=form)


@require_safe
@staff(Can.VIEW)
def record(request: StaffRequest, pk: int) -> HttpResponse:
    return _record(request, find_patient(request, pk), NoteForm())


@require_http_methods(["GET", "POST"])
@staff(Can.RECORD)
def note(request: StaffRequest, pk: int) -> HttpResponse:
    """Add a note; one that cannot be stored is shown again, on the page where it was typed."""
    patient = find_patient(request, pk)
    if request.method == "GET":
        # Somebody who had to sign in first, or who reloads what the refusal looked like.
        return redirect("patients:record", patient.pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _record(request, patient, form)
    actions.write_note(patient=patient, by=request.user, at=timezone.now(), **form.cleaned_data)
    messages.success(request, "The note is stored.")
    return redirect("patients:record", patient.pk)


@require_http_methods(["GET", "POST"])
@staff(Can.RECORD)
def archive(request: StaffRequest, pk: int) -> HttpResponse:
    patient = find_patient(request, pk)
    if request.method == "POST":
        actions.archive(patient=patient, at=timezone.now(), by=request.user)
        messages.success(request, f"{patient} is archived. You can restore the record at any time.")
        return redirect("patients:record", patient.pk)
    return render(request, "patients/archive.html", {"patient": patient})


@require_POST
@staff(Can.RECORD)
def restore(request: StaffRequest, pk: int) -> HttpResponse:
    patient = find_patient(request, pk)
    actions.restore(patient=patient, by=request.user)
    messages.success(request, f"{patient} is back on the list of patients.")
    return redirect(patient)


@require_safe
@staff(Can.VIEW)
def archived(request: StaffRequest) -> HttpResponse:
    form = SearchForm(request.GET or None, clinic=request.clinic, user=request.user)
    found = form.found(Patient.objects.of(request.clinic).archived()).last_archived_first()
    page = Paginator(found, PATIENTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "patients/archived.html", {"form": form, "page": page})


@require_safe
@staff(Can.VIEW)
def portal(request: StaffRequest, pk: int) -> HttpResponse:
    """The patient's way into the portal: the open invitation and the phones that are signed in."""
    return _portal(request, find_patient(request, pk))


@never_cache
@require_http_methods(["GET", "POST"])
@staff(Can.OPEN_PORTAL)
def invite(request: StaffRequest, pk: int) -> HttpResponse:
    """Make a link and show it, in this answer and never again: only its hash is kept."""
    patient = find_patient(request, pk)
    if request.method == "GET":
        # Somebody who had to sign in first.
        return redirect("patients:portal", patient.pk)
    try:
        invitation, token = actions.invite(patient=patient, at=timezone.now(), by=request.user)
    except actions.PatientArchived:
        messages.error(request, "Restore the record first: archived patients are not invited.")
        return redirect("patients:portal", patient.pk)
    link = f"{settings.SITE_URL}{reverse('portal:enter', args=[token])}"
    if "by_mail" in request.POST:
        _send_link(request, patient, invitation, link)
    return _portal(
        request,
        patient,
        link=link,
        qr=qr_code(link),
        code=codes.grouped(codes.printed_code(token)),
        code_address=f"{settings.SITE_URL}{reverse('portal:code')}".partition("://")[2],
    )


@require_POST
@staff(Can.OPEN_PORTAL)
def revoke(request: StaffRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.of(request.clinic), pk=pk)
    if actions.revoke_invitation(invitation=invitation, at=timezone.now(), by=request.user):
        messages.success(request, "The link no longer works.")
    else:
        messages.info(request, "The link was already used or closed.")
    return redirect("patients:portal", invitation.patient_id)


@require_POST
@staff(Can.OPEN_PORTAL)
def sign_out(request: StaffRequest, pk: int) -> HttpResponse:
    """Sign one of a patient's phones out of the portal."""
    device = get_object_or_404(Device.objects.of(request.clinic), pk=pk)
    actions.revoke_device(device=device, at=timezone.now(), by=request.user)
    messages.success(request, f"{device} is signed out.")
    return redirect("patients:portal", device.patient_id)


def _record(request: StaffRequest, patient: Patient, form: NoteForm) -> HttpResponse:
    before = request.GET.get("before")
    notes = Note.objects.of_patient(patient).newest_first()
    page = newest_page(notes, before=before, size=NOTES_PER_PAGE)
    context = {
        "form": form,
        "page": page,
        "before": before,
        "recorded_on": patient.created_at.astimezone(request.clinic.zone).date(),
        "time_zone": (patient.time_zone or request.clinic.time_zone).replace("_", " "),
    }
    return patient_page(request, patient, "patients/record.html", **context)


def _send_link(request: StaffRequest, patient: Patient, invitation: Invitation, link: str) -> None:
    """Send it by e-mail too; the page shows it in any case."""
    if not patient.email:
        messages.error(request, "The record has no e-mail address.")
        return
    try:
        mails.send_link(patient=patient, link=link, expires_at=invitation.expires_at)
    except mails.NotSent:
        messages.error(request, "The e-mail could not be sent. Give the link below by hand.")
    else:
        messages.success(request, f"The link is on its way to {patient.email}.")


def _portal(request: StaffRequest, patient: Patient, **context: Any) -> HttpResponse:
    now = timezone.now()
    invitation = Invitation.objects.of_patient(patient).open_at(now).newest_first().first()
    code_hash = invitation.code_hash if invitation else None
    context |= {
        "invitation": invitation,
        "is_code_used_up": tries.is_used_up(code_hash=code_hash or "", at=now),
        "devices": Device.objects.of_patient(patient).open_at(now).last_seen_first(),
    }
    return patient_page(request, patient, "patients/portal.html", **context)
