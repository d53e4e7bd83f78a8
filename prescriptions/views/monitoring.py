"""The records of remote monitoring: a page of each patient and month, where a clinic keeps them."""

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from clinics.access import Can, StaffRequest, may, staff
from clinics.csv_export import csv_text
from patients.actions import PatientArchived
from patients.models import Patient
from patients.views.page import find_patient, patient_page
from prescriptions import paper
from prescriptions.actions import AlreadyCorrected
from prescriptions.models import (
    LiveContact,
    MonitoringConsent,
    MonitoringRecord,
    MonitoringSetup,
    WorkTime,
    WorkTimer,
)
from prescriptions.monitoring import actions, telling
from prescriptions.monitoring.forms import (
    ConsentForm,
    ContactForm,
    RecordForm,
    SetupForm,
    StopForm,
    TimeForm,
    TimerForm,
    found_entry,
    last_credential,
)
from prescriptions.monitoring.report import report_of

View = Callable[..., HttpResponse]


def where_kept(view: View) -> View:
    """Answer 404 in a clinic that keeps no such records; stands below the door."""

    @wraps(view)
    def enter(request: StaffRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.clinic.has_remote_monitoring:
            raise Http404
        return view(request, *args, **kwargs)

    return enter


@require_safe
@staff(Can.VIEW)
@where_kept
def monitoring(request: StaffRequest, pk: int) -> HttpResponse:
    """A month of one patient: figures, and the entries they are made of."""
    patient = find_patient(request, pk)
    now = timezone.now()
    month = _month(request, now)
    this_month = now.astimezone(request.clinic.zone).date().replace(day=1)
    return patient_page(
        request,
        patient,
        "prescriptions/monitoring.html",
        paper=telling.told(report_of(patient, month=month, now=now), patient=patient),
        no_advice=telling.NO_ADVICE,
        before=_other_month(month, -1),
        after=_other_month(month, 1) if month < this_month else None,
        may_write=may(request, Can.LOG) and not patient.is_archived,
        **_timer(request, patient, now),
    )


@require_GET
@staff(Can.VIEW)
@where_kept
def monitoring_pdf(request: StaffRequest, pk: int) -> HttpResponse:
    """The month on paper."""
    patient = find_patient(request, pk)
    now = timezone.now()
    month = _month(request, now)
    told = telling.told(report_of(patient, month=month, now=now), patient=patient)
    printed = paper.monitoring_pdf(
        telling.for_paper(told, patient=patient, at=now, by=request.user.name)
    )
    return _download(request, patient, month, printed, "pdf", "application/pdf")


@require_GET
@staff(Can.VIEW)
@where_kept
def monitoring_csv(request: StaffRequest, pk: int) -> HttpResponse:
    """The month as a file for a spreadsheet."""
    patient = find_patient(request, pk)
    now = timezone.now()
    month = _month(request, now)
    told = telling.told(report_of(patient, month=month, now=now), patient=patient)
    text = csv_text(telling.CSV_HEADER, telling.csv_rows(told))
    return _download(request, patient, month, text, "csv", "text/csv; charset=utf-8")


@require_http_methods(["GET", "POST"])
@staff(Can.RECORD)
@where_kept
def record_consent(request: StaffRequest, pk: int) -> HttpResponse:
    """Write down that the patient agreed to be monitored, or no longer does."""
    return _record(request, pk, MonitoringConsent, ConsentForm, actions.record_consent, "Consent")


@require_http_methods(["GET", "POST"])
@staff(Can.RECORD)
@where_kept
def record_setup(request: StaffRequest, pk: int) -> HttpResponse:
    """Write down that the portal was set up and its use was shown."""
    title = "Set-up and teaching"
    return _record(request, pk, MonitoringSetup, SetupForm, actions.record_setup, title)


@require_http_methods(["GET", "POST"])
@staff(Can.LOG)
@where_kept
def record_time(request: StaffRequest, pk: int) -> HttpResponse:
    """Type in a stretch of one's own time."""
    return _record(request, pk, WorkTime, TimeForm, actions.record_time, "Your time")


@require_http_methods(["GET", "POST"])
@staff(Can.LOG)
@where_kept
def record_contact(request: StaffRequest, pk: int) -> HttpResponse:
    """Write down a conversation with the patient or a caregiver."""
    return _record(request, pk, LiveContact, ContactForm, actions.record_contact, "Live contact")


@require_safe
@staff(Can.VIEW)
@where_kept
def timer(request: StaffRequest, pk: int) -> HttpResponse:
    """The timer alone, for the other pages of the patient."""
    return _timer_part(request, find_patient(request, pk))


@require_POST
@staff(Can.LOG)
@where_kept
def start_timer(request: StaffRequest, pk: int) -> HttpResponse:
    """Begin to count one's own time for this patient."""
    patient, form = find_patient(request, pk), TimerForm(request.POST)
    if form.is_valid():
        try:
            actions.start_timer(
                patient=patient,
                credential=form.cleaned_data["credential"],
                by=request.user,
                at=timezone.now(),
            )
        except PatientArchived:
            messages.error(request, "This patient is archived. No time is counted.")
    return _after_timer(request, patient)


@require_POST
@staff(Can.LOG)
@where_kept
def stop_timer(request: StaffRequest, pk: int) -> HttpResponse:
    """End one's own timer, whichever patient it was for."""
    patient, form = find_patient(request, pk), StopForm(request.POST)
    what = form.cleaned_data["what"] if form.is_valid() else ""
    ran, time = actions.stop_timer(
        clinic_id=request.clinic.pk, by=request.user, at=timezone.now(), what=what
    )
    if ran is None:
        messages.info(request, "No timer was running any more.")
    elif time is None or time.how == WorkTime.How.IDLE:
        messages.warning(
            request,
            f"There was no sign of work for more than {ran.idle_minutes} minutes, so the timer"
            " ended at the last one. Type in what is missing.",
        )
    else:
        messages.success(request, "The time is recorded.")
    return _after_timer(request, patient)


@require_POST
@staff(Can.LOG)
@where_kept
def keep_timer(request: StaffRequest, pk: int) -> HttpResponse:
    """A sign of work on a page of this patient; says anew how it stands once the timer ended."""
    patient = find_patient(request, pk)
    running = actions.keep_timer(patient=patient, by=request.user, at=timezone.now())
    return _timer_part(request, patient) if running is None else HttpResponse(status=204)


def _record(
    request: StaffRequest,
    pk: int,
    kind: type[MonitoringRecord],
    form_of: type[RecordForm],
    act: Callable[..., MonitoringRecord],
    title: str,
) -> HttpResponse:
    """A form for a new entry, or, with `corrects` in the address, for one that stands."""
    patient = find_patient(request, pk)
    corrects = _corrected(request, kind, patient)
    data = request.POST if request.method == "POST" else None
    form = form_of(data, patient=patient, user=request.user, now=timezone.now(), corrects=corrects)
    if form.is_valid():
        try:
            if corrects is not None and form.is_taken_back:
                actions.take_back(
                    entry=corrects,
                    patient=patient,
                    reason=form.cleaned_data["reason"],
                    client_uuid=form.key,
                    by=request.user,
                    at=form.now,
                )
            else:
                act(**form.said, **form.kept)
        except PatientArchived:
            messages.error(request, "This patient is archived. Nothing was recorded.")
        except AlreadyCorrected:
            messages.error(request, "Somebody has corrected this entry already. See it below.")
        else:
            messages.success(request, "It is recorded.")
        return redirect("prescriptions:monitoring", patient.pk)
    context = {"form": form, "title": title, "corrects": corrects}
    return patient_page(request, patient, "prescriptions/monitoring_record.html", **context)


def _corrected(
    request: StaffRequest, kind: type[MonitoringRecord], patient: Patient
) -> MonitoringRecord | None:
    """The entry that the address says is corrected. 404 for none that stands; what a colleague
    wrote is corrected by those who keep records."""
    key = request.GET.get("corrects", "")
    entry: MonitoringRecord | None = found_entry(kind, patient, key)
    if key and entry is None:
        raise Http404
    is_own = entry is None or entry.recorded_by_id == request.user.pk
    if not is_own and not may(request, Can.RECORD):
        raise PermissionDenied
    return entry


def _timer(request: StaffRequest, patient: Patient, now: datetime) -> dict[str, Any]:
    """What the timer shows: one's own that runs here, or that one runs for another patient."""
    running = WorkTimer.objects.of(request.clinic).of_user(request.user)
    mine = running.select_related("patient").first()
    credential = last_credential(patient, request.user)
    return {
        "timer": mine,
        "is_here": mine is not None and mine.patient_id == patient.pk,
        "may_time": may(request, Can.LOG) and not patient.is_archived,
        "start": TimerForm(initial={"credential": credential}, auto_id="timer_%s"),
        "stop": StopForm(auto_id="timer_%s"),
        "elapsed": int((now - mine.started_at).total_seconds()) if mine else 0,
    }


def _timer_part(request: StaffRequest, patient: Patient) -> HttpResponse:
    context = {"patient": patient, **_timer(request, patient, timezone.now())}
    return render(request, "prescriptions/_monitoring_timer.html", context)


def _after_timer(request: StaffRequest, patient: Patient) -> HttpResponse:
    return redirect("prescriptions:monitoring", patient.pk)


def _month(request: StaffRequest, now: datetime) -> date:
    """The first day of the month asked for; of this one for what is no month, or is to come."""
    this = now.astimezone(request.clinic.zone).date().replace(day=1)
    try:
        asked = datetime.strptime(request.GET.get("month", ""), "%Y-%m").date()  # noqa: DTZ007
    except ValueError:
        return this
    return asked if date(2000, 1, 1) <= asked <= this else this


def _other_month(month: date, step: int) -> date:
    number = month.year * 12 + month.month - 1 + step
    return date(number // 12, number % 12 + 1, 1)


def _download(
    request: StaffRequest, patient: Patient, month: date, content: bytes | str, form: str, mime: str
) -> HttpResponse:
    actions.note_report(patient=patient, month=month, form=form, by=request.user)
    response = HttpResponse(content, content_type=mime)
    name = f"monitoring-{patient.pk}-{month:%Y-%m}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
