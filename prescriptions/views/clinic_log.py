"""A session that was done in the clinic, written down by whoever was there."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clinics.access import Can, StaffRequest, staff
from patients.models import Patient, RaisedFlag
from prescriptions import actions, watch
from prescriptions.clinic_log_forms import ClinicEntryForm, WhenForm, reports
from prescriptions.models import Pause, PrescriptionEdition

FLAG_IS_OPEN = "A red flag is open. Until it is cleared, the programme is paused and not logged."


@require_http_methods(["GET", "POST"])
@staff(Can.LOG)
def log_in_clinic(request: StaffRequest, pk: int) -> HttpResponse:
    """Log a session of one published edition that was done here."""
    editions = PrescriptionEdition.objects.of(request.clinic).published().with_lines()
    patients = Patient.objects.of(request.clinic).active()
    edition = get_object_or_404(editions.with_patient().of_patients(patients), pk=pk)
    patient, now = edition.patient, timezone.now()
    if RaisedFlag.objects.of_patient(patient).open().exists():
        messages.error(request, FLAG_IS_OPEN)
        return redirect("patients:direction", patient.pk)
    data = request.POST if request.method == "POST" else None
    pauses = list(Pause.objects.of_patient(patient).in_force().select_related("exercise"))
    lines = [line for line in edition.lines.all() if not watch.is_paused(line, pauses)]
    when = WhenForm(data, edition=edition, now=now)
    entries = [ClinicEntryForm(data, line=line) for line in lines]
    is_empty = False
    if all([when.is_valid(), *(entry.is_valid() for entry in entries)]):
        done = reports(entries)
        is_empty = not done
        if done:
            return _store(request, when, done)
    context = {
        "patient": patient,
        "age": patient.age_on(patient.local_date(now)),
        "edition": edition,
        "when": when,
        "entries": entries,
        "is_empty": is_empty,
        "paused": len(edition.lines.all()) - len(lines),
    }
    return render(request, "prescriptions/log_in_clinic.html", context)


def _store(request: StaffRequest, when: WhenForm, done: list[actions.EntryReport]) -> HttpResponse:
    try:
        actions.record_session(
            edition=when.edition,
            entries=done,
            client_uuid=when.cleaned_data["client_uuid"],
            done_at=when.done_at,
            received_at=when.now,
            by=request.user,
        )
    except actions.LogDiffers:
        messages.error(
            request, "This session is saved already, with other answers. See it in the logs."
        )
    else:
        messages.success(request, "The session is logged.")
    return redirect(when.edition.patient)
