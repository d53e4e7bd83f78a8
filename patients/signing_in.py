"""Signing in with something that is typed: the printed code of an invitation, or a mailed code.

Nobody says a clinic here. What is typed is counted first, each time in a transaction of its own,
and whether it exists makes no difference to what is done for it.
"""

import secrets
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from clinics import tenancy
from patients import actions, codes, tries
from patients.actions import Credentials
from patients.models import MOST_PEOPLE, Invitation, MailedCode, Patient

MAILED_CODE_LASTS = timedelta(minutes=10)
# Where a code is looked for that no clinic has, so that it takes as long.
NO_CLINIC = 2**63 - 1


class CodeRefused(Exception):
    """The code is wrong, used, too old or was tried too often, or never was."""


def sign_in_with_code(
    *, code: str, birth_date: date, address: str, label: str, at: datetime
) -> Credentials:
    """Use up the invitation with this printed code, for whoever was born on this day.

    However many try at once, one gets in. Raises CodeRefused or tries.TooSoon.
    """
    code_hash = codes.hash_of_printed(codes.as_meant(code))
    tries.count_a_guess(address=address, at=at)
    is_counted = tries.count_a_code(code_hash=code_hash, at=at)
    clinic_id = _clinic_of(code_hash)
    with tenancy.inside(clinic_id if is_counted and clinic_id else NO_CLINIC):
        found = Invitation.objects.code_open_at(at).with_code(code_hash, birth_date)
        if found is None:
            raise CodeRefused
        try:
            credentials = actions.use(invitation=found, label=label, at=at, way="printed code")
        except actions.InvitationRefused:
            raise CodeRefused from None
    tries.give_back(address=address)
    return credentials


def make_mailed_code(*, email: str, address: str, at: datetime) -> tuple[str, str]:
    """A code for this e-mail address, and the secret of the browser that asked; older ones end.

    The same is done for an address that no patient has. Raises tries.TooSoon.
    """
    tries.count_a_mail(email=email, address=address, at=at)
    secret, code = secrets.token_urlsafe(24), codes.mailed_code()
    MailedCode.objects.filter(expires_at__lte=at).delete()
    MailedCode.objects.update_or_create(
        email_hash=hash_of_email(email),
        defaults={
            "browser_hash": actions.hash_of(secret),
            "code_hash": _hash_of_mailed(secret, code),
            "created_at": at,
            "expires_at": at + MAILED_CODE_LASTS,
            "tries": 0,
            "used_at": None,
        },
    )
    return secret, code


def sign_in_with_mailed_code(
    *, email: str, secret: str, code: str, address: str, label: str, at: datetime
) -> list[Credentials]:
    """Sign in everybody who has this e-mail address, in whichever clinics, at most MOST_PEOPLE.

    `secret` is what the browser got that asked for the code. Raises CodeRefused or tries.TooSoon.
    """
    tries.count_a_guess(address=address, at=at)
    asked_here = MailedCode.objects.open_at(at).of_browser(actions.hash_of(secret))
    with transaction.atomic(durable=True):
        left = asked_here.filter(tries__lt=MailedCode.MOST_TRIES)
        is_counted = left.update(tries=F("tries") + 1)
    code_hash = _hash_of_mailed(secret, codes.as_meant(code))
    right = asked_here.filter(code_hash=code_hash, email_hash=hash_of_email(email))
    if not (is_counted and right.update(used_at=at)):
        raise CodeRefused
    people = patients_of(email)[:MOST_PEOPLE]
    if not people:
        raise CodeRefused
    tries.give_back(address=address)
    return [_sign_in(*keys, label=label, at=at) for keys in people]


def patients_of(email: str) -> list[tuple[int, int]]:
    """Clinic and key of everybody with this address (in lower case) who has been let in once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM bearing_patients_of_email(%s)", [email])
        return cursor.fetchall()


def _sign_in(clinic_id: int, patient_id: int, *, label: str, at: datetime) -> Credentials:
    with tenancy.inside(clinic_id):
        patient = Patient.objects.get(pk=patient_id)
        return actions.open_device(patient=patient, label=label, at=at, way="mailed code")


def _clinic_of(code_hash: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT bearing_clinic_of_code(%s)", [code_hash])
        return cursor.fetchone()[0]


def hash_of_email(email: str) -> str:
    return codes.keyed_hash("patients.mailed_code.email", email)


def _hash_of_mailed(secret: str, code: str) -> str:
    return codes.keyed_hash("patients.mailed_code", f"{secret} {code}")
