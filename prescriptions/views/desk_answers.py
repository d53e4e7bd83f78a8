"""What the desk's page asks for while it is being typed. Nothing is stored."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from clinics.access import Can, StaffRequest, staff
from exercises.models import Exercise
from prescriptions import facts
from prescriptions.forms import AddForm, posted_rows, rows_of, text_data
from prescriptions.telling import desk_lines, with_last_dosages
from prescriptions.views.desk_parts import (
    NOT_IN_LIBRARY,
    copyable_by,
    draft_or_404,
    forms_of_rows,
    long_programme_of,
    picked,
    today_of,
)


@require_safe
@staff(Can.PRESCRIBE)
def picker(request: StaffRequest, pk: int) -> HttpResponse:
    """The exercises found for the draft on the page, as they are typed."""
    draft = draft_or_404(request, pk)
    record = facts.record_of(draft.patient, today=today_of(draft.patient))
    return render(request, "prescriptions/_picker.html", picked(request, request.GET, record))


@require_safe
@staff(Can.PRESCRIBE)
def line(request: StaffRequest, pk: int) -> HttpResponse:
    """One exercise as a new line for the page, which numbers it. Nothing is stored."""
    draft = draft_or_404(request, pk)
    library = Exercise.objects.visible_to(request.clinic).published().with_current()
    form = AddForm(request.GET, library=library)
    if not form.is_valid():
        return HttpResponse(NOT_IN_LIBRARY, status=404)
    lines = forms_of_rows(request, [text_data(form.cleaned_data["exercise"].text)], as_stored=True)
    record = facts.record_of(draft.patient, today=today_of(draft.patient))
    (added,) = with_last_dosages(desk_lines(lines.forms, record), draft.patient)
    return render(request, "prescriptions/_line.html", {"line": added})


@require_safe
@staff(Can.PRESCRIBE)
def others(request: StaffRequest, pk: int) -> HttpResponse:
    """The clinic's other patients whose programme can be copied, as they are looked for."""
    context = copyable_by(request, request.GET, draft_or_404(request, pk))
    return render(request, "prescriptions/_others.html", context)


@require_POST
@staff(Can.PRESCRIBE)
def findings(request: StaffRequest, pk: int) -> HttpResponse:
    """What the checks say of the lines as they are typed now. Nothing is stored."""
    draft = draft_or_404(request, pk)
    rows = rows_of(request.POST)
    lines = forms_of_rows(request, rows)
    record = facts.record_of(draft.patient, today=today_of(draft.patient))
    desk = desk_lines(lines.forms, record, data=posted_rows(rows))
    context = {"desk": desk, "long_programme": long_programme_of(request, lines)}
    return render(request, "prescriptions/_all_findings.html", context)
