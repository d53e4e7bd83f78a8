"""Reminders as the patient chooses them: times, ways, phones, the calendar; and how to stop."""

from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.tenancy import inside
from patients.actions import InvitationRefused, clinic_of, hash_of
from patients.models import Patient
from portal.access import PatientRequest, link_holder, patient_only
from prescriptions import push, reminders
from prescriptions.calendar import calendar_of
from prescriptions.models import (
    EVERY_DAY,
    LONGEST_WAIT,
    MOST_TIMES,
    CalendarAddress,
    PushSubscription,
    Reminder,
    ReminderPlan,
    State,
    Way,
)
from prescriptions.reminding import Choice, Kind, due_between

TIMES = tuple(f"time_{number}" for number in range(1, MOST_TIMES + 1))
LONGEST_PAUSE = timedelta(days=366)
# So far ahead the page looks for the next reminder.
LOOKS_AHEAD = timedelta(days=8)
USUAL = {"time_1": "09:00", "weekdays": EVERY_DAY, "quiet_from": "21:00", "quiet_until": "07:00"}


def _hours(number: int) -> str:
    return ngettext("After %(number)s hour", "After %(number)s hours", number) % {"number": number}


def _again_choices() -> list[tuple[str, str]]:
    return [("", _("No")), *((str(hours), _hours(hours)) for hours in range(1, LONGEST_WAIT + 1))]


class TimeInput(forms.TimeInput):
    """The clock of the phone."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class RemindersForm(forms.Form):
    """When and how a patient wants to be reminded."""

    time_1 = forms.TimeField(
        label=gettext_lazy("Time"),
        widget=TimeInput,
        error_messages={"required": gettext_lazy("Choose a time.")},
    )
    time_2 = forms.TimeField(label=gettext_lazy("Second time"), required=False, widget=TimeInput)
    time_3 = forms.TimeField(label=gettext_lazy("Third time"), required=False, widget=TimeInput)
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Days"),
        choices=[(day, WEEKDAYS_ABBR[day - 1]) for day in EVERY_DAY],
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose one day or more.")},
    )
    by_email = forms.BooleanField(required=False)
    again_after_hours = forms.TypedChoiceField(
        label=gettext_lazy("Remind me again if I logged nothing"),
        choices=_again_choices,
        coerce=int,
        empty_value=None,
        required=False,
    )
    quiet_from = forms.TimeField(label=gettext_lazy("Quiet from"), required=False, widget=TimeInput)
    quiet_until = forms.TimeField(
        label=gettext_lazy("Quiet until"), required=False, widget=TimeInput
    )
    paused_until = forms.DateField(
        label=gettext_lazy("Pause. Start again on"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=gettext_lazy("Leave it empty if you want no pause."),
    )

    def __init__(
        self, data: Any = None, *, plan: ReminderPlan | None, email: str, day: date
    ) -> None:
        super().__init__(data, initial=_as_typed(plan, day) if plan else USUAL)
        self.day = day
        field = self.fields["by_email"]
        field.label = _("E-mail to %(address)s") % {"address": email} if email else _("E-mail")
        if not email:
            field.disabled, field.initial = True, False
            field.help_text = _("The clinic has no e-mail address of yours. Ask them to add it.")

    def clean_paused_until(self) -> date | None:
        until: date | None = self.cleaned_data["paused_until"]
        if until and until > self.day + LONGEST_PAUSE:
            raise forms.ValidationError(_("Choose a day within a year. Or turn reminders off."))
        return until if until and until > self.day else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        begin, end = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if "quiet_from" in cleaned and "quiet_until" in cleaned:
            if bool(begin) != bool(end):
                missing = "quiet_until" if begin else "quiet_from"
                self.add_error(missing, _("Give both times, or leave both empty."))
            elif begin and begin == end:
                self.add_error("quiet_until", _("The two times must differ."))
            else:
                self._refuse_quiet_times(begin, end)
        return cleaned

    def _refuse_quiet_times(self, begin: time | None, end: time | None) -> None:
        quiet = Choice(times=(), weekdays=(), quiet_from=begin, quiet_until=end)
        for name in TIMES:
            wall = self.cleaned_data.get(name)
            if wall is not None and quiet.is_quiet_at(wall):
                self.add_error(name, _("This time is in your quiet hours. Change one of the two."))

    def choice(self) -> dict[str, Any]:
        """What was chosen as the act takes it; only for a valid form."""
        cleaned = self.cleaned_data
        names = ("weekdays", "by_email", "again_after_hours", "quiet_from", "quiet_until")
        return {
            "times": [cleaned[name] for name in TIMES if cleaned[name] is not None],
            "paused_until": cleaned["paused_until"],
            **{name: cleaned[name] for name in names},
        }


class PhoneForm(forms.Form):
    """What a browser says when it is ready to show messages."""

    endpoint = forms.CharField(max_length=1000)
    p256dh = forms.CharField(max_length=100)
    auth = forms.CharField(max_length=40)

    def clean_endpoint(self) -> str:
        endpoint: str = self.cleaned_data["endpoint"]
        if not endpoint.isascii() or not push.looks_right(endpoint):
            raise forms.ValidationError("not the address of a push service")
        return endpoint

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not push.is_a_key(cleaned.get("p256dh", ""), cleaned.get("auth", "")):
            raise forms.ValidationError("not the keys of a browser")
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@patient_only
def choose(request: PatientRequest) -> HttpResponse:
    """What is chosen, and the form to choose otherwise."""
    patient, now = request.patient, timezone.now()
    plan = reminders.plan_of(patient)
    is_sent = request.method == "POST"
    form = RemindersForm(
        request.POST if is_sent else None,
        plan=plan,
        email=patient.email,
        day=patient.local_date(now),
    )
    if is_sent and form.is_valid():
        reminders.choose(patient=patient, at=now, by=patient, **form.choice())
        messages.success(request, _("Saved."))
        return redirect("portal:reminders")
    phones = list(PushSubscription.objects.of_patient(patient).active().with_devices())
    is_on = plan is not None and plan.is_on
    context = {
        "form": form,
        "is_on": is_on,
        "next_at": _next_at(plan, patient, now) if plan and is_on else None,
        "is_paused": is_on and plan is not None and not _is_over(plan.paused_until, form.day),
        "plan": plan,
        "phones": phones,
        "device": request.device,
        "is_on_here": any(phone.device_id == request.device.pk for phone in phones),
        "push_key": push.public_key() if push.is_set_up() else "",
        "calendar": CalendarAddress.objects.of_patient(patient).open().first(),
        "could_not_send": _could_not_send(patient),
    }
    context["reaches"] = bool(plan and plan.by_email and patient.email) or bool(phones)
    return render(request, "portal/reminders.html", context)


@require_POST
@patient_only
def turn_off(request: PatientRequest) -> HttpResponse:
    """No reminder by any way from now on."""
    reminders.turn_off(patient=request.patient, at=timezone.now(), by=request.patient)
    messages.success(request, _("All reminders are off."))
    return redirect("portal:reminders")


@require_POST
@patient_only
def phone(request: PatientRequest) -> HttpResponse:
    """Take the keys of the browser that asks, for messages on this phone."""
    form = PhoneForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    try:
        reminders.subscribe(
            device=request.device, at=timezone.now(), by=request.patient, **form.cleaned_data
        )
    except reminders.TooManyPhones:
        return HttpResponse(status=409)
    messages.success(request, _("Messages on this phone are on."))
    return HttpResponse(status=204)


@require_POST
@patient_only
def phone_off(request: PatientRequest, pk: int) -> HttpResponse:
    """No more messages on one phone."""
    mine = PushSubscription.objects.of_patient(request.patient).with_devices()
    subscription = get_object_or_404(mine, pk=pk)
    reminders.unsubscribe(subscription=subscription, at=timezone.now(), by=request.patient)
    messages.success(request, _("Messages on that phone are off."))
    return redirect("portal:reminders")


@require_POST
@patient_only
def make_calendar(request: PatientRequest) -> HttpResponse:
    """Make the address for a calendar and show it, once; an earlier one is closed."""
    secret = reminders.make_calendar_address(
        patient=request.patient, at=timezone.now(), by=request.patient
    )
    address = settings.SITE_URL + reverse("portal:calendar", args=[secret])
    context = {"address": address, "webcal": "webcal:" + address.partition(":")[2]}
    return render(request, "portal/reminders_calendar.html", context)


@require_POST
@patient_only
def close_calendar(request: PatientRequest) -> HttpResponse:
    """Close the address."""
    reminders.revoke_calendar_address(
        patient=request.patient, at=timezone.now(), by=request.patient
    )
    messages.success(request, _("The calendar address is closed."))
    return redirect("portal:reminders")


@require_safe
@link_holder
def calendar(request: HttpRequest, secret: str) -> HttpResponse:
    """The times as a calendar reads them. A closed address looks like one that never was."""
    try:
        with inside(clinic_of(secret)):
            address = CalendarAddress.objects.open().with_secret(hash_of(secret))
            if address is None:
                return HttpResponse(status=404)
            plan = reminders.plan_of(address.patient)
            with translation.override(address.patient.language or settings.LANGUAGE_CODE):
                content = calendar_of(address.patient, plan, now=timezone.now())
    except InvitationRefused:
        return HttpResponse(status=404)
    etag = quote_etag(sha256(content).hexdigest()[:32])
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response


@csrf_exempt  # the link is the right: a mail program posts to it by itself (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
@link_holder
def stop_mail(request: HttpRequest, token: str) -> HttpResponse:
    """The link in each e-mail. Looking at it changes nothing; the button stops them."""
    try:
        clinic_id, patient_id = reminders.whom_to_stop(token)
    except reminders.NotOurLink:
        return render(request, "portal/reminders_stop.html", {"is_ours": False}, status=404)
    if request.method == "POST":
        with inside(clinic_id, patient_id=patient_id):
            patient = get_object_or_404(Patient.objects.only("clinic", "name"), pk=patient_id)
            reminders.stop_mail(patient=patient, at=timezone.now(), by=patient)
    context = {"is_ours": True, "is_stopped": request.method == "POST"}
    return render(request, "portal/reminders_stop.html", context)


def _as_typed(plan: ReminderPlan, day: date) -> dict[str, Any]:
    """A stored plan as it was typed; a pause that is over is left out."""
    return {
        **dict(zip(TIMES, plan.times, strict=False)),
        "weekdays": plan.weekdays,
        "by_email": plan.by_email,
        "again_after_hours": plan.again_after_hours or "",
        "quiet_from": plan.quiet_from,
        "quiet_until": plan.quiet_until,
        "paused_until": None if _is_over(plan.paused_until, day) else plan.paused_until,
    }


def _is_over(paused_until: date | None, day: date) -> bool:
    return paused_until is None or paused_until <= day


def _next_at(plan: ReminderPlan, patient: Patient, now: datetime) -> datetime | None:
    """When the clock next shows a chosen time; whether anything is planned then is not known."""
    after = now
    if plan.paused_until:
        begin = datetime.combine(plan.paused_until, time(), patient.zone)
        after = max(now, begin - timedelta(minutes=1))
    coming = due_between(plan.choice, patient.zone, after=after, until=after + LOOKS_AHEAD)
    return next((due.at for due in coming if due.kind is Kind.FIRST), None)


def _could_not_send(patient: Patient) -> str:
    """The way by which the last reminder could not be sent, in words; empty when it could."""
    newest = Reminder.objects.of_patient(patient).newest_first()
    last = newest.values_list("way", "state").first()
    return str(Way(last[0]).label) if last and last[1] == State.PARKED else ""
