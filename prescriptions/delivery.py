"""The outbox of reminders: each due time is written once, then sent.

What is promised. Writing: a row for each patient, kind, local day and time, and way; the database
refuses a second one, whichever process writes, however often it is killed. Marking: a row is
marked as sent once, by the process that holds it. The last hop: at least once, under a key that
never changes for a row (Message-ID of a mail, Topic and tag of a message), so that the receiving
side can tell a repetition; a row whose sender was cut off is marked `is_unsure`, and when it is not
tried again, `unknown`.
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from http.client import HTTPException
from smtplib import SMTPServerDisconnected
from zoneinfo import ZoneInfoNotFoundError

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F, Max
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from clinics import audit
from clinics.actors import SYSTEM
from clinics.tenancy import inside
from patients.models import Patient, RaisedFlag
from prescriptions import push, watch
from prescriptions.models import (
    Pause,
    PrescribedExercise,
    PrescriptionEdition,
    PushSubscription,
    Reminder,
    ReminderPlan,
    SessionLog,
    State,
    Way,
)
from prescriptions.reminders import stop_token
from prescriptions.reminding import (
    MOST_TRIES,
    SENSIBLE_FOR,
    Due,
    Kind,
    Standing,
    due_between,
    is_still_sensible,
    pause_after,
)

log = logging.getLogger(__name__)

# No plan is left alone for longer: its patient may have moved to another time zone.
LOOKED_AT_EVERY = timedelta(hours=1)
# After a longer time without a worker, what was missed before is not written down.
LOOKS_BACK = timedelta(days=7)
# A process that has a row for longer than this has died: sending gives up after ten seconds.
HELD_FOR = timedelta(minutes=1)
PLANS_AT_ONCE = 500
NO_ANSWER = (TimeoutError, ConnectionError, SMTPServerDisconnected, HTTPException)


def write_due(clinic_id: int) -> None:
    """Write a row for each reminder of the clinic that is due by now."""
    while True:
        # A transaction for some of them: one of 10,000 would keep locks for minutes.
        with inside(clinic_id):
            now = timezone.now()
            plans = list(ReminderPlan.objects.to_look_at(clinic_id, now)[:PLANS_AT_ONCE])
            _write(plans, now)
        if len(plans) < PLANS_AT_ONCE:
            return


def has_to_send(clinic_id: int) -> bool:
    with inside(clinic_id):
        return Reminder.objects.to_send(clinic_id, timezone.now()).exists()


def send_one(clinic_id: int, mail: BaseEmailBackend) -> bool:
    """Send the next reminder of the clinic that waits; False when there is none.

    It is held before anything else is done, so that one over which we stumble, or die, counts its
    tries too and never stands in the way of others.
    """
    with inside(clinic_id):
        waiting = Reminder.objects.to_send(clinic_id, timezone.now())
        reminder = waiting.free().first()
        if reminder is None:
            return False
        if reminder.tries == MOST_TRIES:
            _park(reminder, reminder.failure or "CutOff")
            return True
        _hold(reminder)
    try:
        with inside(clinic_id):
            end = _why_not_to_send(reminder)
        if end is None:
            _send(reminder, mail)
    except push.SubscriptionGone:
        with inside(clinic_id):
            gone = PushSubscription.objects.filter(reminders=reminder, ended_at=None)
            gone.update(ended_at=timezone.now())
            _mark(reminder, state=State.STOPPED, failure="SubscriptionGone")
    except Exception as error:
        mail.close()
        with inside(clinic_id):
            _failed(reminder, error)
    else:
        sent = {"state": State.SENT, "sent_at": timezone.now(), "failure": ""}
        with inside(clinic_id):
            _mark(reminder, **(sent if end is None else {"state": end}))
    return True


def _write(plans: Sequence[ReminderPlan], now: datetime) -> None:
    with_due = [(plan, due) for plan in plans if (due := _look_at(plan, now))]
    if with_due:
        Reminder.objects.bulk_create(_rows(with_due, now), ignore_conflicts=True)
    ReminderPlan.objects.bulk_update(plans, ["looked_until", "look_again_at"])


def _look_at(plan: ReminderPlan, now: datetime) -> list[Due]:
    """What is due by now; the plan keeps how far it was looked at, and when the next time is."""
    after, at_last = max(plan.looked_until, now - LOOKS_BACK), now + LOOKED_AT_EVERY
    plan.looked_until, plan.look_again_at = now, at_last
    try:
        zone = plan.patient.zone
    except (ValueError, ZoneInfoNotFoundError):
        log.warning("a plan of clinic %s has no time zone that we know", plan.clinic_id)
        return []
    coming = due_between(plan.choice, zone, after=now, until=at_last)
    if coming:
        plan.look_again_at = coming[0].at
    return due_between(plan.choice, zone, after=after, until=now)


def _rows(found: Sequence[tuple[ReminderPlan, list[Due]]], now: datetime) -> list[Reminder]:
    patients = [plan.patient for plan, dues in found]
    phones: dict[int, list[PushSubscription]] = {}
    for phone in PushSubscription.objects.active().filter(patient__in=patients):
        phones.setdefault(phone.patient_id, []).append(phone)
    days = {due.day for plan, dues in found for due in dues}
    standing = {day: standings(patients, day) for day in days}
    return [
        row
        for plan, dues in found
        for due in dues
        if standing[due.day][plan.patient_id].wants(due.kind, due.first_at)
        for row in _rows_of(plan, due, phones.get(plan.patient_id, []), now)
    ]


def _rows_of(
    plan: ReminderPlan, due: Due, phones: Sequence[PushSubscription], now: datetime
) -> list[Reminder]:
    is_sensible = is_still_sensible(plan.choice, plan.patient.zone, due_at=due.at, now=now)
    # A phone hears of nothing that was due before it asked.
    ways: list[tuple[Way, PushSubscription | None]] = [
        (Way.PUSH, phone) for phone in phones if phone.created_at < due.at
    ]
    if plan.by_email and plan.patient.email:
        ways.append((Way.EMAIL, None))
    return [
        Reminder(
            clinic_id=plan.clinic_id,
            patient_id=plan.patient_id,
            kind=due.kind,
            local_date=due.day,
            local_time=due.time,
            way=way,
            subscription=phone,
            due_at=due.at,
            first_at=due.first_at,
            state=State.WAITING if is_sensible else State.MISSED,
            try_at=due.at,
            written_at=now,
        )
        for way, phone in ways
    ]


def standings(patients: Sequence[Patient], day: date) -> dict[int, Standing]:
    """How things stand with each of these patients of one clinic on their local day."""
    pauses: dict[int, list[Pause]] = {}
    for pause in Pause.objects.in_force().filter(patient__in=patients):
        pauses.setdefault(pause.patient_id, []).append(pause)
    editions = PrescriptionEdition.objects.of_patients(patients).in_force_on(day)
    planned = {
        edition.patient_id: edition.planned_on(day)
        for edition in editions.with_days(and_loads=bool(pauses))
    }
    flagged = set(
        RaisedFlag.objects.filter(patient__in=patients).open().values_list("patient", flat=True)
    )
    done = SessionLog.objects.filter(patient__in=patients).standing().since(day)
    last_done = dict(done.values_list("patient").annotate(last=Max("done_at")))
    return {
        patient.pk: Standing(
            is_in_force=patient.pk in planned,
            is_planned=_has_any(planned.get(patient.pk, []), pauses.get(patient.pk, [])),
            has_open_flag=patient.pk in flagged,
            last_done_at=last_done.get(patient.pk),
        )
        for patient in patients
    }


def _has_any(lines: Sequence[PrescribedExercise], pauses: Sequence[Pause]) -> bool:
    """Whether one of the lines goes on; what they load is looked up only if something is paused."""
    return any(not (pauses and watch.is_paused(line, pauses)) for line in lines)


def _why_not_to_send(reminder: Reminder) -> State | None:
    """How a reminder ends that shall not be sent any more; None when it shall."""
    patient, was_cut_off = reminder.patient, reminder.state == State.SENDING
    plan = ReminderPlan.objects.of_patient(patient).filter(is_on=True).first()
    if plan is None or patient.is_archived or not _is_wanted(reminder, plan):
        return State.UNKNOWN if was_cut_off else State.STOPPED
    now = timezone.now()
    if not is_still_sensible(plan.choice, patient.zone, due_at=reminder.due_at, now=now):
        return State.UNKNOWN if was_cut_off else State.MISSED
    return None


def _is_wanted(reminder: Reminder, plan: ReminderPlan) -> bool:
    kind = Kind(reminder.kind)
    if not plan.choice.has(kind, reminder.local_date, reminder.local_time):
        return False
    if reminder.way == Way.EMAIL:
        may_go = plan.by_email and bool(reminder.patient.email)
    else:
        phone = reminder.subscription
        may_go = phone is not None and phone.ended_at is None and phone.device.revoked_at is None
    standing = standings([reminder.patient], reminder.local_date)[reminder.patient_id]
    return may_go and standing.wants(kind, reminder.first_at)


def _hold(reminder: Reminder) -> None:
    """Keep it from others until it is sent, or until we must be dead."""
    Reminder.objects.filter(pk=reminder.pk).update(
        state=State.SENDING,
        tries=F("tries") + 1,
        try_at=timezone.now() + HELD_FOR,
        is_unsure=reminder.is_unsure or reminder.state == State.SENDING,
    )
    reminder.tries += 1


def _mark(reminder: Reminder, **fields: object) -> None:
    """Write down how a try ended, unless another process has taken the row over meanwhile."""
    mine = Reminder.objects.filter(pk=reminder.pk, state=State.SENDING, tries=reminder.tries)
    mine.update(**fields)


def _failed(reminder: Reminder, error: Exception) -> None:
    pause, failure = pause_after(reminder.tries), type(error).__name__
    if isinstance(error, NO_ANSWER) and not isinstance(error, ConnectionRefusedError):
        Reminder.objects.filter(pk=reminder.pk).update(is_unsure=True)
    if pause is None:
        _park(reminder, failure)
    else:
        try_at = timezone.now() + pause
        _mark(reminder, state=State.WAITING, try_at=try_at, failure=failure)


def _park(reminder: Reminder, failure: str) -> None:
    """Give it up, where the clinic sees it and where whoever runs the server does."""
    _mark(reminder, state=State.PARKED, failure=failure)
    log.warning("reminder %s of clinic %s is given up", reminder.pk, reminder.clinic_id)
    audit.record(
        clinic_id=reminder.clinic_id,
        by=SYSTEM,
        verb="gave a reminder up",
        target=reminder,
        patient_id=reminder.patient_id,
        way=reminder.way,
        failure=failure,
    )


def _send(reminder: Reminder, mail: BaseEmailBackend) -> None:
    with translation.override(reminder.patient.language or settings.LANGUAGE_CODE):
        if reminder.way == Way.EMAIL:
            mail.open()  # once for many
            mail.send_messages([mail_of(reminder)])
        else:
            _push(reminder)


def mail_of(reminder: Reminder) -> EmailMessage:
    """The mail of a reminder; every try has the same Message-ID."""
    clinic, stop = reminder.patient.clinic.name, _address("portal:stop_mail", reminder.patient)
    body = _(
        "Hello,\n\n"
        "this is the reminder you asked for.\n"
        "Open Bearing: %(today)s\n\n"
        "No more e-mails like this one: %(stop)s\n\n"
        "%(clinic)s\n"
    )
    today = settings.SITE_URL + reverse("portal:today")
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "localhost"
    return EmailMessage(
        subject=_("A reminder from %(clinic)s") % {"clinic": clinic},
        body=body % {"today": today, "stop": stop, "clinic": clinic},
        to=[reminder.patient.email],
        headers={
            "Message-ID": f"<{key_of(reminder)}@{domain}>",
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )


def _push(reminder: Reminder) -> None:
    phone, now, topic = reminder.subscription, timezone.now(), key_of(reminder)
    if phone is None:
        raise ValueError("a message goes to a phone")
    push.send(
        endpoint=phone.endpoint,
        p256dh=phone.p256dh,
        auth=phone.auth,
        message={
            "title": _("A reminder from %(clinic)s") % {"clinic": reminder.patient.clinic.name},
            "body": _("Open Bearing."),
            "tag": topic,
            "url": reverse("portal:today"),
        },
        topic=topic,
        lasts=reminder.due_at + SENSIBLE_FOR - now,
        at=now,
    )


def key_of(reminder: Reminder) -> str:
    """What the last hop tells repetitions by: 32 letters that say nothing about whom."""
    row = f"{reminder.clinic_id}:{reminder.pk}"
    return salted_hmac("prescriptions.reminder", row).hexdigest()[:32]


def _address(name: str, patient: Patient) -> str:
    return settings.SITE_URL + reverse(name, args=[stop_token(patient)])
