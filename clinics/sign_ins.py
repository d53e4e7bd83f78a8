"""Signing in and out, and failing to: lines in the trail of every clinic that a person works in."""

from typing import Any

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from clinics import audit, origin, tenancy
from clinics.actors import SYSTEM, CanAct
from clinics.models import AuditKind, FailedSignIn, Membership, User

FAILED = "failed to sign in"


def signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    _tell_the_clinics_of(user, "signed in", by=user)


def signed_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        _tell_the_clinics_of(user, "signed out", by=user)


def failed(credentials: dict[str, Any], **kwargs: Any) -> None:
    """Somebody gave a wrong password, or the address of nobody.

    By then it is not known that the person is who they say: the line is not by them.
    """
    typed = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
    note_failure(User.objects.filter(email=typed[:254]).first() if typed else None, typed=typed)


def note_failure(user: User | None, *, typed: str = "", how: str = "password") -> None:
    """Write down that a sign-in failed; `how` names what was wrong, such as "one-time code"."""
    if user is not None and _tell_the_clinics_of(
        user, FAILED, by=SYSTEM, person=user.name, how=how
    ):
        return
    here = origin.current()
    FailedSignIn.objects.create(
        user_id=user.pk if user else None,
        typed_hash="" if user or not typed else _keyed(typed),
        address=here.address,
        browser=here.browser,
    )


def second_step_failed(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """The code was wrong; whoever typed it had the password."""
    note_failure(user, how="one-time code")


def _tell_the_clinics_of(user: User, verb: str, *, by: CanAct, **detail: object) -> bool:
    """A line for each clinic the person works in; whether there is one."""
    with tenancy.known_as(user.pk):
        mine = list(Membership.objects.active().of_user(user).order_by("clinic_id"))
    for membership in mine:
        with tenancy.inside(membership.clinic_id, user_id=user.pk):
            audit.record_as(
                AuditKind.SIGN_IN,
                clinic_id=membership.clinic_id,
                by=by,
                verb=verb,
                target=user,
                detail=detail,
            )
    return bool(mine)


def _keyed(typed: str) -> str:
    return salted_hmac("clinics.sign_ins", typed, algorithm="sha256").hexdigest()
