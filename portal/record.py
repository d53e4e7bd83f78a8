"""The patient's own data, to take away."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.access import PatientRequest, patient_only
from prescriptions.record_archive import AlreadyBeingMade, as_download, give_record


@require_http_methods(["GET", "POST"])
@patient_only
def record(request: PatientRequest) -> HttpResponse:
    """Says what is in it; a press of the button gives it. It holds what the portal may read."""
    if request.method == "GET":
        return render(request, "portal/record.html")
    try:
        archive = give_record(patient=request.patient, by=request.patient)
    except AlreadyBeingMade:
        return render(request, "portal/record.html", {"is_being_made": True}, status=409)
    name = f"my-data-{request.patient.local_date(timezone.now()):%Y-%m-%d}.zip"
    return as_download(archive, name=name)
