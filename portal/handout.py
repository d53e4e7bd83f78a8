"""The patient's own handout, the same as the clinic prints."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.access import PatientRequest, patient_only
from prescriptions.models import PrescriptionEdition
from prescriptions.printing import RedFlagOpen, print_handout


@require_GET
@patient_only
def handout(request: PatientRequest) -> HttpResponse:
    """The programme of today as PDF; `large=1` for large print."""
    today = request.patient.local_date(timezone.now())
    editions = PrescriptionEdition.objects.of_patient(request.patient).with_texts()
    edition = editions.in_force_on(today).first()
    if edition is None:
        messages.info(request, _("There is no programme to print yet."))
        return redirect("portal:today")
    edition.patient = request.patient  # the row that this door may read
    try:
        return print_handout(
            edition=edition, is_large=request.GET.get("large") == "1", by=request.patient
        )
    except RedFlagOpen:
        return redirect("portal:today")  # which says what to do
