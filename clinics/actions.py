"""Every act on a clinic itself, its people and its settings."""

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from clinics import audit, tenancy
from clinics.actors import SYSTEM, CanAct
from clinics.models import Clinic, Membership, User


class AlreadyMember(Exception):
    """The person works in this clinic already."""


class LastAdmin(Exception):
    """The clinic would be left without an admin."""


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
    audit.record(
        clinic_id=clinic.pk,
        by=by,
        verb="added a member",
        target=membership,
        person=user.name,
        role=str(role),
    )
    return membership


@transaction.atomic
def end_membership(*, membership: Membership, by: CanAct) -> Membership:
    """End a person's work in the clinic, from the next request on; twice changes nothing.

    Raises LastAdmin.
    """
    colleagues = Membership.objects.active().of(membership.clinic)
    admins = list(
        colleagues.filter(role=Membership.Role.ADMIN).select_for_update().values_list("pk")
    )
    if admins == [(membership.pk,)]:
        raise LastAdmin
    if Membership.objects.active().filter(pk=membership.pk).update(ended_at=timezone.now()):
        audit.record(
            clinic_id=membership.clinic_id,
            by=by,
            verb="ended a membership",
            target=membership,
            person=membership.user.name,
        )
    membership.refresh_from_db(fields=["ended_at"])
    return membership


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
