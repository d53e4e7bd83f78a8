"""Every act of a patient on reminders: times and ways, phones, the calendar's address."""

import secrets
from datetime import date, datetime, time
from typing import Any

from django.core import signing
from django.db import transaction

from clinics import audit
from clinics.actors import CanAct
from patients.actions import hash_of
from patients.models import Device, Patient, PatientModel
from prescriptions.models import CalendarAddress, PushSubscription, ReminderPlan

MOST_PHONES = 5
_STOP_SALT = "prescriptions.stop_mail"


class TooManyPhones(Exception):
    """The patient gets messages on as many phones as can be."""


class NotOurLink(Exception):
    """A link to stop e-mails that we have not made."""


def plan_of(patient: Patient) -> ReminderPlan | None:
    """What the patient chose, or None when they never chose anything."""
    return ReminderPlan.objects.of_patient(patient).first()


@transaction.atomic
def choose(
    *,
    patient: Patient,
    times: list[time],
    weekdays: list[int],
    quiet_from: time | None,
    quiet_until: time | None,
    again_after_hours: int | None,
    paused_until: date | None,
    by_email: bool,
    at: datetime,
    by: CanAct,
) -> ReminderPlan:
    """Keep what the patient chose and turn reminders on; times before `at` are not made up for."""
    plan, is_new = ReminderPlan.objects.update_or_create(
        clinic_id=patient.clinic_id,
        patient=patient,
        defaults={
            "is_on": True,
            "times": sorted(set(times)),
            "weekdays": sorted(set(weekdays)),
            "quiet_from": quiet_from,
            "quiet_until": quiet_until,
            "again_after_hours": again_after_hours,
            "paused_until": paused_until,
            "by_email": by_email,
            "changed_at": at,
            "looked_until": at,
            "look_again_at": at,
        },
    )
    _audit(plan, by, "chose reminders" if is_new else "changed reminders")
    return plan


@transaction.atomic
def turn_off(*, patient: Patient, at: datetime, by: CanAct) -> None:
    """End all of it: the times, the messages on every phone, the calendar's address."""
    plans = ReminderPlan.objects.of_patient(patient).filter(is_on=True)
    was_on = plans.update(is_on=False, by_email=False, changed_at=at)
    phones = PushSubscription.objects.of_patient(patient).filter(ended_at=None).update(ended_at=at)
    calendars = CalendarAddress.objects.of_patient(patient).open().update(revoked_at=at)
    if was_on or phones or calendars:
        _audit(patient, by, "turned reminders off")


@transaction.atomic
def stop_mail(*, patient: Patient, at: datetime, by: CanAct) -> None:
    """No more e-mails; what else the patient chose stays."""
    plans = ReminderPlan.objects.of_patient(patient).filter(by_email=True)
    if plans.update(by_email=False, changed_at=at):
        _audit(patient, by, "stopped reminders by e-mail")


@transaction.atomic
def subscribe(
    *, device: Device, endpoint: str, p256dh: str, auth: str, at: datetime, by: CanAct
) -> PushSubscription:
    """Send messages to this device from now on, in place of what it gave before.

    Raises TooManyPhones.
    """
    patient = device.patient
    active = PushSubscription.objects.of_patient(patient).filter(ended_at=None)
    fields = {"device": device, "endpoint": endpoint, "p256dh": p256dh, "auth": auth}
    if same := active.filter(**fields).first():
        return same
    active.on_device(device).update(ended_at=at)
    active.filter(endpoint=endpoint).update(ended_at=at)
    if active.active().count() >= MOST_PHONES:
        raise TooManyPhones
    subscription = PushSubscription.objects.create(
        clinic_id=patient.clinic_id, patient=patient, created_at=at, **fields
    )
    _audit(subscription, by, "turned messages on", device=device.label)
    return subscription


@transaction.atomic
def unsubscribe(*, subscription: PushSubscription, at: datetime, by: CanAct) -> None:
    """No more messages to this device."""
    ours = PushSubscription.objects.filter(pk=subscription.pk, ended_at=None)
    if ours.update(ended_at=at):
        _audit(subscription, by, "turned messages off", device=subscription.device.label)


@transaction.atomic
def make_calendar_address(*, patient: Patient, at: datetime, by: CanAct) -> str:
    """Make a private address for a calendar and close the one before.

    Returns its secret, which is shown once and never stored. It begins with the clinic's key,
    which only says where to look.
    """
    CalendarAddress.objects.of_patient(patient).open().update(revoked_at=at)
    secret = f"{patient.clinic_id:x}-{secrets.token_urlsafe(24)}"
    address = CalendarAddress.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        secret_hash=hash_of(secret),
        created_at=at,
    )
    _audit(address, by, "made a calendar address")
    return secret


@transaction.atomic
def revoke_calendar_address(*, patient: Patient, at: datetime, by: CanAct) -> None:
    """Close the address: a calendar that reads it gets nothing from now on."""
    if CalendarAddress.objects.of_patient(patient).open().update(revoked_at=at):
        _audit(patient, by, "closed a calendar address")


def stop_token(patient: Patient) -> str:
    """What stands in the link of each mail that stops them; only we can make it."""
    return signing.dumps([patient.clinic_id, patient.pk], salt=_STOP_SALT)


def whom_to_stop(token: str) -> tuple[int, int]:
    """The clinic and the patient of such a link. Raises NotOurLink."""
    try:
        clinic_id, patient_id = signing.loads(token, salt=_STOP_SALT)
    except signing.BadSignature:
        raise NotOurLink from None
    return clinic_id, patient_id


def _audit(target: Patient | PatientModel, by: CanAct, verb: str, **detail: Any) -> None:
    audit.record(
        clinic_id=target.clinic_id,
        by=by,
        verb=verb,
        target=target,
        patient_id=target.pk if isinstance(target, Patient) else target.patient_id,
        **detail,
    )
