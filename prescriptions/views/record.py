"""A patient's whole record, given out."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clinics.access import Can, StaffRequest, confirmed, staff
from patients.views.page import find_patient
from prescriptions.record_archive import AlreadyBeingMade, as_download, give_record


@require_http_methods(["GET", "POST"])
@staff(Can.EXPORT)
@confirmed
def give(request: StaffRequest, pk: int) -> HttpResponse:
    """The record as a download; the audit trail says who took it."""
    patient = find_patient(request, pk)
    if request.method == "GET":
        # Somebody who had to sign in first.
        return redirect("patients:record", patient.pk)
    try:
        archive = give_record(patient=patient, by=request.user)
    except AlreadyBeingMade:
        messages.info(request, "This record is being put together already. Try again in a minute.")
        return redirect("patients:record", patient.pk)
    name = f"record-{patient.local_date(timezone.now()):%Y-%m-%d}.zip"
    return as_download(archive, name=name)
