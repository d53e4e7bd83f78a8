"""All patients of the clinic, and one."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinics.access import Can, StaffRequest, staff
from patients.forms import SearchForm
from patients.models import Patient
from prescriptions.absences import breaks_of
from prescriptions.adherence import days_until, grid, total
from prescriptions.alerts import open_alerts_of, pauses_of, rows
from prescriptions.models import PrescriptionEdition, SessionLog
from prescriptions.telling import outcomes, plans, rows_for, upcoming_of, weeks

PATIENTS_PER_PAGE = 50
DAYS_SHOWN = 56
DAYS_IN_GRID = 14


@require_safe
@staff(Can.VIEW)
def patients(request: StaffRequest) -> HttpResponse:
    """The clinic's patients, those who logged last first."""
    form = SearchForm(request.GET or None, clinic=request.clinic, user=request.user)
    found = form.found(Patient.objects.of(request.clinic).active()).last_log_first()
    page = Paginator(found, PATIENTS_PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page)
    today = timezone.localdate(timezone=request.clinic.zone)
    editions = PrescriptionEdition.objects.of(request.clinic).of_patients(shown)
    logs = SessionLog.objects.of(request.clinic).standing().last_of(shown).with_entries()
    context = {
        "form": form,
        "page": page,
        "today": today,
        "rows": rows_for(shown, editions.in_force_on(today), logs),
    }
    part = "prescriptions/_patients.html" if request.htmx else "prescriptions/patients.html"
    response = render(request, part, context)
    response["Vary"] = "HX-Request"
    return response


@require_safe
@staff(Can.VIEW)
def patient(request: StaffRequest, pk: int) -> HttpResponse:
    """One patient: the programme, what was logged of it by day, the pain, and what was not done."""
    shown = get_object_or_404(Patient.objects.of(request.clinic).with_clinic(), pk=pk)
    today = shown.local_date(timezone.now())
    days = days_until(today, DAYS_SHOWN)
    mine = SessionLog.objects.of_patient(shown).standing()
    logs = list(mine.since(days[0]).with_entries().with_writers().newest_first())
    editions = list(PrescriptionEdition.objects.of_patient(shown).with_lines().newest_first())
    published = [edition for edition in editions if not edition.is_draft]
    of_open_course = [edition for edition in published if edition.prescription.is_open]
    planned, done = plans(published), outcomes(logs)
    breaks = breaks_of(shown, days[0], today)
    whole = grid(days, today=today, plans=planned, outcomes=done, breaks=breaks)
    last_days = grid(days[-DAYS_IN_GRID:], today=today, plans=planned, outcomes=done, breaks=breaks)
    context = {
        "patient": shown,
        "age": shown.age_on(today),
        "today": today,
        "alerts": rows(open_alerts_of(shown), now=timezone.now()),
        "paused": pauses_of(shown),
        "edition": next((found for found in published if found.is_in_force_on(today)), None),
        "upcoming": upcoming_of(of_open_course, today=today),
        "draft": next((found for found in editions if found.is_draft), None),
        "days": days[-DAYS_IN_GRID:],
        "rows": last_days,
        "total": total(last_days),
        "weeks": weeks(days, rows=whole, logs=logs),
    }
    return render(request, "prescriptions/patient.html", context)
