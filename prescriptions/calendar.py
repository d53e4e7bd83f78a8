"""The patient's times as a calendar that other programs read (RFC 5545), in neutral words."""

from datetime import UTC, datetime, time, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event

from patients.models import Patient, RaisedFlag
from prescriptions.models import PrescriptionEdition, ReminderPlan

# Longer would show times of a programme that may have ended; calendars ask again each day.
REACHES = timedelta(weeks=8)
ASKED_AGAIN_AFTER = timedelta(hours=12)
LASTS = timedelta(minutes=10)
BY_DAY = {1: "MO", 2: "TU", 3: "WE", 4: "TH", 5: "FR", 6: "SA", 7: "SU"}


def calendar_of(patient: Patient, plan: ReminderPlan | None, *, now: datetime) -> bytes:
    """Each chosen time as a weekly event in the patient's time zone, for the next weeks.

    Empty while reminders are off, a red flag is open, or nothing is prescribed.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Bearing//Reminders//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Bearing")
    calendar.add("refresh-interval", ASKED_AGAIN_AFTER, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT12H")
    if plan is not None and plan.is_on:
        weekdays = sorted(_weekdays_of(patient, now) & set(plan.weekdays))
        for wall in plan.times:
            if weekdays and not plan.choice.is_quiet_at(wall):
                calendar.add_component(_event(patient, plan, wall, weekdays, now))
        calendar.add_missing_timezones()
    return calendar.to_ical()


def _weekdays_of(patient: Patient, now: datetime) -> set[int]:
    """The days of the week on which something is prescribed."""
    if RaisedFlag.objects.of_patient(patient).open().exists():
        return set()
    today = patient.local_date(now)
    edition = PrescriptionEdition.objects.of_patient(patient).in_force_on(today).first()
    return {day for line in edition.lines.all() for day in line.weekdays} if edition else set()


def _event(
    patient: Patient, plan: ReminderPlan, wall: time, weekdays: list[int], now: datetime
) -> Event:
    day = max(patient.local_date(now), plan.paused_until or patient.local_date(now))
    while day.isoweekday() not in weekdays:
        day += timedelta(days=1)
    words = _("A reminder from %(clinic)s") % {"clinic": patient.clinic.name}
    key = salted_hmac("prescriptions.calendar", f"{plan.clinic_id}:{plan.pk}:{wall}").hexdigest()
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "localhost"
    event = Event()
    event.add("uid", f"{key[:32]}@{domain}")
    event.add("dtstamp", plan.changed_at.astimezone(UTC))
    event.add("dtstart", datetime.combine(day, wall, patient.zone))
    event.add("duration", LASTS)
    until = datetime.combine(day, wall, UTC) + REACHES
    event.add(
        "rrule", {"freq": "weekly", "byday": [BY_DAY[day] for day in weekdays], "until": until}
    )
    event.add("summary", words)
    event.add("description", settings.SITE_URL + reverse("portal:today"))
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", words)
    alarm.add("trigger", timedelta(0))
    event.add_component(alarm)
    return event
