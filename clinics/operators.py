"""Acts of whoever runs the server: into a clinic for an hour at most, and on a whole account.

Each is written into the audit trail of the clinics it concerns, where their admins read it.
"""

from datetime import datetime, timedelta

from django.db import transaction

from clinics import audit, sessions, tenancy
from clinics.actors import Actor, operator
from clinics.models import LONGEST_OPERATOR_ACCESS, Clinic, Membership, User


class NoSuchClinic(Exception):
    """There is no clinic of this number."""


class WorksHere(Exception):
    """The account is, or was, of one of the clinic's own people: no operator goes in as them."""


def let_in(
    *, clinic_id: int, user: User, reason: str, lasts: timedelta, at: datetime
) -> Membership:
    """Let an operator look into a clinic; it ends by itself. Raises NoSuchClinic or WorksHere.

    `lasts` is at most LONGEST_OPERATOR_ACCESS, or ValueError. Once more begins a new span.
    """
    if not timedelta() < lasts <= LONGEST_OPERATOR_ACCESS:
        raise ValueError("an operator is let in for an hour at most")
    with tenancy.inside(clinic_id, user_id=user.pk):
        clinic = Clinic.objects.filter(pk=clinic_id).first()
        if clinic is None:
            raise NoSuchClinic
        here = Membership.objects.of(clinic).of_user(user).first()
        if here is not None and here.role != Membership.Role.OPERATOR:
            raise WorksHere
        ends_at = at + lasts
        audit.record(
            clinic_id=clinic_id,
            by=operator(user.name),
            verb="entered the clinic as an operator",
            target=clinic,
            account=user.email,
            reason=reason,
            until=ends_at.isoformat(timespec="minutes"),
        )
        span = {"started_at": at, "ends_at": ends_at, "reason": reason, "ended_at": None}
        membership, _ = Membership.objects.update_or_create(
            clinic=clinic,
            user=user,
            defaults={"role": Membership.Role.OPERATOR, "locked_at": None, **span},
        )
        membership.clinic = clinic
    return membership


@transaction.atomic
def lock_account(*, user: User, reason: str, by: str) -> list[int]:
    """Lock a person out of everything, and end all their sessions; twice changes nothing.

    `by` is the operator's name. Returns the clinics whose audit trail tells it. What the person
    did stays in it.
    """
    return _set_active(user, "locked an account", is_active=False, reason=reason, by=operator(by))


@transaction.atomic
def unlock_account(*, user: User, reason: str, by: str) -> list[int]:
    """Let a person who was locked out sign in again; their memberships are as they were."""
    return _set_active(user, "unlocked an account", is_active=True, reason=reason, by=operator(by))


def _set_active(user: User, verb: str, *, is_active: bool, reason: str, by: Actor) -> list[int]:
    if not User.objects.filter(pk=user.pk).exclude(is_active=is_active).update(is_active=is_active):
        return []
    if not is_active:
        sessions.end_all(user)
    with tenancy.known_as(user.pk):
        memberships = list(Membership.objects.of_user(user).order_by("clinic_id"))
    for membership in memberships:
        with tenancy.inside(membership.clinic_id):
            audit.record(
                clinic_id=membership.clinic_id,
                by=by,
                verb=verb,
                target=user,
                person=user.name,
                reason=reason,
            )
    return [membership.clinic_id for membership in memberships]
