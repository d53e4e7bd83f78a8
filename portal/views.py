"""What the patient sees. Every query starts from `request.patient`."""

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics import tenancy
from clinics.pages import newest_page
from patients import actions as patient_actions
from patients.actions import InvitationRefused
from portal.access import PatientRequest, anyone, link_holder, patient_only, sign_in, sign_out
from portal.devices import device_label
from portal.forms import KeyForm, entry_forms
from prescriptions import actions
from prescriptions.models import PrescribedExercise, PrescriptionEdition, SessionLog


@require_http_methods(["GET", "POST"])
@link_holder
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """The link that a therapist gave. Looking at it changes nothing; the button uses it up."""
    now = timezone.now()
    try:
        with tenancy.inside(patient_actions.clinic_of(token)):
            if request.method != "POST":
                invitation = patient_actions.find_invitation(token=token, at=now)
                return render(request, "portal/enter.html", {"clinic": invitation.patient.clinic})
            credentials = patient_actions.accept_invitation(
                token=token, label=device_label(request.headers.get("User-Agent", "")), at=now
            )
    except InvitationRefused:
        return render(request, "portal/refused.html", status=404)
    response = redirect("portal:today")
    sign_in(response, credentials)
    return response


@require_safe
@patient_only
def today(request: PatientRequest) -> HttpResponse:
    day = request.patient.local_date(timezone.now())
    editions = PrescriptionEdition.objects.of_patient(request.patient).with_texts()
    edition = editions.in_force_on(day).first()
    logs = SessionLog.objects.of_patient(request.patient).on_day(day).newest_first()
    context = {
        "day": day,
        "edition": edition,
        "lines": edition.planned_on(day) if edition else [],
        "upcoming": None if edition else editions.upcoming_on(day).first(),
        "logged": len(logs),
    }
    return render(request, "portal/today.html", context)


@require_http_methods(["GET", "POST"])
@patient_only
def log(request: PatientRequest, pk: int) -> HttpResponse:
    """Log a session of one edition: the one the page showed, even when a newer one came since."""
    now = timezone.now()
    editions = PrescriptionEdition.objects.of_patient(request.patient).published().with_names()
    edition = get_object_or_404(editions, pk=pk)
    day = request.patient.local_date(now)
    if not edition.is_open_on(day):
        messages.error(request, "This programme is not open. Ask your therapist what to do next.")
        return redirect("portal:today")
    data = request.POST if request.method == "POST" else None
    key, entries = KeyForm(data), entry_forms(_lines_to_log(edition, day, data), data)
    if data is None or not all([key.is_valid(), *(form.is_valid() for form in entries)]):
        # A key that cannot be read never could be; with a new one the answers can be sent again.
        key = key if key.is_valid() else KeyForm()
        context = {"key": key, "entries": entries, "is_again": data is not None}
        return render(request, "portal/log.html", context)
    try:
        actions.record_session(
            edition=edition,
            entries=[form.report() for form in entries],
            client_uuid=key.cleaned_data["client_uuid"],
            done_at=now,
            received_at=now,
            by=request.patient,
        )
    except actions.LogDiffers:
        messages.error(request, "This session is saved already, with other answers. See it below.")
        return redirect("portal:logs")
    messages.success(request, "Saved. Your therapist can see it.")
    return redirect("portal:today")


def _lines_to_log(
    edition: PrescriptionEdition, day: date, data: QueryDict | None
) -> list[PrescribedExercise]:
    """What the page asked about, also when it was opened before midnight; else what is planned."""
    lines = list(edition.lines.all())
    asked = [line for line in lines if data and str(line.pk) in data.getlist("line")]
    return asked or edition.planned_on(day) or lines


@require_safe
@patient_only
def logs(request: PatientRequest) -> HttpResponse:
    mine = SessionLog.objects.of_patient(request.patient).with_entries()
    page = newest_page(mine, before=request.GET.get("before"), size=20)
    return render(request, "portal/logs.html", {"page": page})


@require_safe
@anyone
def when_to_get_help(request: HttpRequest) -> HttpResponse:
    """The emergency list: always within reach, signed in or not."""
    return render(request, "portal/help.html")


@require_POST
@patient_only
def leave(request: PatientRequest) -> HttpResponse:
    """Sign this phone out."""
    patient_actions.revoke_device(device=request.device, at=timezone.now(), by=request.patient)
    response = render(request, "portal/left.html")
    sign_out(response)
    return response
