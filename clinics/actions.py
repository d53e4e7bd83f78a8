"""Every act on a clinic itself, its people and its settings."""

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from clinics import audit, second_factor, sessions, tenancy
from clinics.actors import SYSTEM, CanAct
from clinics.models import AuditKind, Clinic, Membership, User


class AlreadyMember(Exception):
    """The person works in this clinic already."""


class LastAdmin(Exception):
    """The clinic would be left without an admin."""


class WorksElsewhere(Exception):
    """The person works in another clinic too."""


def open_clinic(*, name: str, time_zone: str, admin: User, phone: str = "") -> Clinic:
    """Open a clinic with its first admin."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('clinics_clinic', 'id'))")
        (clinic_id,) = cursor.fetchone()
    # The key comes first, because even the clinic's own row can only be written from inside it.
    with tenancy.inside(clinic_id, user_id=admin.pk):
        clinic = Clinic.objects.create(id=clinic_id, name=name, time_zone=time_zone, phone=phone)
        audit.record(clinic_id=clinic.pk, by=SYSTEM, verb="opened the clinic", target=clinic)
        add_member(clinic=clinic, user=admin, role=Membership.Role.ADMIN, by=SYSTEM)
    return clinic


def add_member(*, clinic: Clinic, user: User, role: Membership.Role, by: CanAct) -> Membership:
    """Let a person work in the clinic. Raises AlreadyMember, and then changes nothing."""
    try:
        with transaction.atomic():
            membership = Membership.objects.create(clinic=clinic, user=user, role=role)
    except IntegrityError as error:
        if "one_membership_per_clinic" not in str(error):
            raise
        raise AlreadyMember from error
    _audit(membership, by, "added a member", role=str(role))
    return membership


@transaction.atomic
def end_membership(*, membership: Membership, by: CanAct) -> Membership:
    """End a person's work in the clinic and their sessions there; twice changes nothing.

    Raises LastAdmin.
    """
    _hold_the_last_admin(membership)
    now = timezone.now()
    standing = Membership.objects.filter(pk=membership.pk, ended_at=None)
    if standing.update(ended_at=now, locked_at=None):
        sessions.end_all(membership.user, clinic_id=membership.clinic_id)
        _audit(membership, by, "ended a membership")
    membership.refresh_from_db(fields=["ended_at", "locked_at"])
    return membership


@transaction.atomic
def bring_back(*, membership: Membership, role: Membership.Role, by: CanAct) -> Membership:
    """Let somebody who worked here before work here again, from now on in this role."""
    membership.role, membership.started_at = role, timezone.now()
    membership.ended_at = membership.locked_at = membership.ends_at = None
    membership.reason = ""
    membership.save()
    _audit(membership, by, "brought a member back", role=str(role))
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: Membership.Role, by: CanAct) -> Membership:
    """Give a person another role from the next request on, and end their sessions in the clinic.

    The same role changes nothing. Raises LastAdmin.
    """
    before = membership.role
    if before == role:
        return membership
    if role != Membership.Role.ADMIN:
        _hold_the_last_admin(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    sessions.end_all(membership.user, clinic_id=membership.clinic_id)
    _audit(membership, by, "changed a role", changed={"role": [str(before), str(role)]})
    return membership


@transaction.atomic
def lock_membership(*, membership: Membership, by: CanAct) -> Membership:
    """Keep a person out of this clinic from the next request on, until an admin restores them.

    Their account, and what they do in other clinics, is not touched. Raises LastAdmin.
    """
    _hold_the_last_admin(membership)
    membership.locked_at = timezone.now()
    membership.save(update_fields=["locked_at"])
    sessions.end_all(membership.user, clinic_id=membership.clinic_id)
    _audit(membership, by, "locked a member out")
    return membership


@transaction.atomic
def unlock_membership(*, membership: Membership, by: CanAct) -> Membership:
    """Let a person who was locked out in again; they sign in anew."""
    membership.locked_at = None
    membership.save(update_fields=["locked_at"])
    _audit(membership, by, "let a locked member in again")
    return membership


def hold(clinic_id: int) -> Clinic:
    """The clinic's row, locked: whoever changes its people does so one after the other."""
    return Clinic.objects.select_for_update(no_key=True).get(pk=clinic_id)


def _hold_the_last_admin(membership: Membership) -> None:
    """Refuse to take away the last admin; the database refuses it too."""
    hold(membership.clinic_id)
    admins = (
        Membership.objects.active()
        .of(membership.clinic)
        .filter(role=Membership.Role.ADMIN, user__is_active=True)
    )
    if list(admins.values_list("pk", flat=True)) == [membership.pk]:
        raise LastAdmin


def _audit(membership: Membership, by: CanAct, verb: str, **detail: object) -> None:
    audit.record(
        clinic_id=membership.clinic_id,
        by=by,
        verb=verb,
        target=membership,
        patient_id=None,
        person=membership.user.name,
        **detail,
    )


@transaction.atomic
def change_settings(*, clinic: Clinic, by: CanAct, **settings: object) -> Clinic:
    """Store the named settings; the audit trail keeps the value before and after of each."""
    changed = {
        name: [getattr(clinic, name), value]
        for name, value in settings.items()
        if getattr(clinic, name) != value
    }
    for name, (_, value) in changed.items():
        setattr(clinic, name, value)
    if changed:
        clinic.save(update_fields=list(changed))
        audit.record(
            clinic_id=clinic.pk, by=by, verb="changed settings", target=clinic, changed=changed
        )
    return clinic


def note_audit_export(*, clinic: Clinic, by: CanAct, lines: int, asked: dict[str, str]) -> None:
    """Leave a line that somebody took so much of the audit trail away with them."""
    audit.record_as(
        AuditKind.EXPORT,
        clinic_id=clinic.pk,
        by=by,
        verb="exported the audit trail",
        target=clinic,
        detail={"lines": lines, **asked},
    )


@transaction.atomic
def take_away_second_factor(*, membership: Membership, by: CanAct) -> Membership:
    """For somebody who has lost it: signed out everywhere, and asked for another at sign-in.

    Raises WorksElsewhere: what guards another clinic too is not this clinic's to take away.
    """
    user = membership.user
    with tenancy.known_as(user.pk):
        if Membership.objects.active().of_user(user).exclude(pk=membership.pk).exists():
            raise WorksElsewhere
    second_factor.take_away(user)
    sessions.end_all(user)
    _audit(membership, by, "took away the second factor of a colleague")
    return membership
