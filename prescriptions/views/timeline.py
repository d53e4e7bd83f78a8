from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinics.access import Can, StaffRequest, staff
from patients.dates import as_date
from patients.models import Patient
from prescriptions.models import EARLIEST
from prescriptions.timeline import story_of


@require_safe
@staff(Can.VIEW)
def timeline(request: StaffRequest, pk: int) -> HttpResponse:
    """The patient's direction story of one year, printable; earlier years on demand."""
    patient = get_object_or_404(Patient.objects.of(request.clinic).with_clinic(), pk=pk)
    today = patient.local_date(timezone.now())
    until = _until(request.GET.get("until", ""), today)
    story = story_of(patient, until=until)
    context = {
        "patient": patient,
        "story": story,
        "earlier": story.first - timedelta(days=1) if story.first > EARLIEST else None,
        "is_newest": until == today,
    }
    return render(request, "prescriptions/timeline.html", context)


def _until(asked: str, today: date) -> date:
    """The last day to tell of: the one asked for, if anything can have happened by then."""
    day = as_date(asked)
    return day if day is not None and EARLIEST < day < today else today
