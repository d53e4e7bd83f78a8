"""How one patient gets on over a period: on the page, as a note, on paper and as numbers."""

from collections.abc import Callable
from datetime import date

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from clinics.access import Can, StaffRequest, may, staff
from patients.models import Patient
from patients.views.page import find_patient, patient_page
from prescriptions.change_in_pain import SOURCE
from prescriptions.note import progress_note
from prescriptions.period_forms import PeriodForm
from prescriptions.printing import give_numbers, print_report
from prescriptions.progress import Progress, progress_of
from prescriptions.review import review_of

Answer = Callable[[Patient, Progress], HttpResponse]


@require_safe
@staff(Can.VIEW)
def progress(request: StaffRequest, pk: int) -> HttpResponse:
    """A period of one patient in charts, each with its table."""
    patient = find_patient(request, pk)
    form = _asked(request, patient)
    return patient_page(
        request,
        patient,
        "prescriptions/progress.html",
        form=form,
        progress=_shown(patient, form),
        period=form.query,
        source=SOURCE,
        may_export=may(request, Can.EXPORT),
    )


@require_safe
@staff(Can.VIEW)
def note(request: StaffRequest, pk: int) -> HttpResponse:
    """What was logged in the period as plain text, to copy into another system."""

    def page(patient: Patient, progress: Progress) -> HttpResponse:
        text = progress_note(review_of(patient, progress, today=_today(patient)))
        context = {"patient": patient, "note": text, "rows": text.count("\n") + 1}
        return render(request, "prescriptions/progress_note.html", context)

    return _of_a_period(request, pk, page)


@require_GET
@staff(Can.VIEW)
def report(request: StaffRequest, pk: int) -> HttpResponse:
    """The period as PDF, with its charts."""

    def printed(patient: Patient, progress: Progress) -> HttpResponse:
        review = review_of(patient, progress, today=_today(patient))
        return print_report(review=review, by=request.user, at=timezone.now())

    return _of_a_period(request, pk, printed)


@require_GET
@staff(Can.EXPORT)
def numbers(request: StaffRequest, pk: int) -> HttpResponse:
    """All numbers of the page as CSV."""

    def given(patient: Patient, progress: Progress) -> HttpResponse:
        return give_numbers(patient=patient, progress=progress, by=request.user)

    return _of_a_period(request, pk, given)


def _of_a_period(request: StaffRequest, pk: int, answer: Answer) -> HttpResponse:
    """What `answer` makes of the period asked for; back to the page, which says what is wrong."""
    patient = find_patient(request, pk)
    form = _asked(request, patient)
    if not form.is_valid():
        page = reverse("prescriptions:progress", args=[patient.pk])
        return redirect(f"{page}?{request.GET.urlencode()}")
    return answer(patient, _shown(patient, form))


def _asked(request: StaffRequest, patient: Patient) -> PeriodForm:
    return PeriodForm(request.GET, today=_today(patient))


def _shown(patient: Patient, form: PeriodForm) -> Progress:
    return progress_of(patient, today=form.today, axis=form.axis, by=form.shown_by)


def _today(patient: Patient) -> date:
    return patient.local_date(timezone.now())
