"""The programme to take away: on paper for the patient, as a note for the clinic's records."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_safe

from clinics.access import Can, StaffRequest, staff
from prescriptions.kept import kept_lines
from prescriptions.models import PrescriptionEdition
from prescriptions.note import note as note_of
from prescriptions.printing import RedFlagOpen, print_handout


@require_GET
@staff(Can.VIEW)
def handout(request: StaffRequest, pk: int) -> HttpResponse:
    """A published edition as PDF; `large=1` for large print, `grid=0` without boxes to tick."""
    editions = PrescriptionEdition.objects.of(request.clinic).published().with_texts()
    edition = get_object_or_404(editions.with_patient(), pk=pk)
    try:
        return print_handout(
            edition=edition,
            is_large=request.GET.get("large") == "1",
            has_grid=request.GET.get("grid") != "0",
            by=request.user,
        )
    except RedFlagOpen:
        messages.warning(
            request, "A red flag of this patient is open. Clear it before you hand out stretches."
        )
        return redirect("prescriptions:edition", edition.pk)


@require_safe
@staff(Can.VIEW)
def note(request: StaffRequest, pk: int) -> HttpResponse:
    """A published edition as plain text, to copy into another system."""
    editions = PrescriptionEdition.objects.of(request.clinic).published().with_lines()
    edition = get_object_or_404(editions.with_patient(), pk=pk)
    text = note_of(edition, kept_lines(edition))
    context = {
        "patient": edition.patient,
        "edition": edition,
        "note": text,
        "rows": text.count("\n") + 1,
    }
    return render(request, "prescriptions/note.html", context)
