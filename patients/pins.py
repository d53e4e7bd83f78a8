"""The PIN of one phone: a patient's own choice, against others who pick the phone up.

It guards what is shown. What was typed before the phone locked is still taken: nobody loses a log
because the stretches took longer than the lock.
"""

from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F

from clinics import tenancy
from patients import actions
from patients.actions import Credentials
from patients.models import Device

SHORTEST, LONGEST = 4, 8
MOST_TRIES = 5


@transaction.atomic
def choose(*, device: Device, pin: str) -> None:
    """Ask for this PIN on the phone from now on."""
    Device.objects.filter(pk=device.pk).update(pin_hash=make_password(pin), pin_tries=0)
    actions.note_of_device(device=device, verb="chose a PIN for a device")


@transaction.atomic
def remove(*, device: Device) -> None:
    """Ask for no PIN any more."""
    Device.objects.filter(pk=device.pk).update(pin_hash="", pin_tries=0)
    actions.note_of_device(device=device, verb="removed the PIN of a device")


def is_right(*, credentials: Credentials, device: Device, pin: str, at: datetime) -> bool:
    """Compare a typed PIN, counted first in a transaction of its own.

    After five wrong ones the phone is signed out.
    """
    keys = {"clinic_id": credentials.clinic_id, "patient_id": credentials.patient_id}
    mine = Device.objects.active().filter(pk=device.pk)
    with tenancy.inside(**keys):
        counted = mine.filter(pin_tries__lt=MOST_TRIES).update(pin_tries=F("pin_tries") + 1)
    is_same = counted > 0 and check_password(pin, device.pin_hash)
    with tenancy.inside(**keys):
        if is_same:
            mine.update(pin_tries=0)
        elif mine.filter(pin_tries=MOST_TRIES).exists():
            actions.revoke_device(device=device, at=at, by=device.patient)
    return is_same
