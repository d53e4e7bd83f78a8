"""How people come to work in a clinic: an admin invites them by mail, and the link joins them once.

What is mailed is kept as a hash. Looking at the link changes nothing: mail is read by machines too.
"""

from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse

from clinics import actions, audit, mails, tenancy, tokens
from clinics.actors import CanAct
from clinics.models import STAFF_INVITATION_LASTS, Membership, StaffInvitation, User
from clinics.roles import may_give


class Refused(Exception):
    """The link was used, withdrawn or replaced, is past its time, or never was."""


class NotYours(Refused):
    """The link was sent to another person than the one who is signed in."""


class MayNotGive(Exception):
    """Who invites may not grant this role."""


class AlreadyInvited(Exception):
    """An invitation to this address is waiting; it can be sent again."""


class Sent(NamedTuple):
    """An invitation, and its token, which goes into the mail and nowhere else."""

    invitation: StaffInvitation
    token: str


@transaction.atomic
def invite(*, name: str, email: str, role: Membership.Role, by: Membership, at: datetime) -> Sent:
    """Invite a person to the clinic of `by`. The address is kept in lower case.

    Raises MayNotGive, AlreadyInvited, or actions.AlreadyMember for somebody who works here, also
    when they are locked out.
    """
    if not may_give(by.role, role):
        raise MayNotGive
    email = email.strip().lower()
    here = Membership.objects.of(by.clinic).filter(user__email=email)
    if any(member.state != Membership.State.ENDED for member in here):
        raise actions.AlreadyMember
    token = tokens.new_token(by.clinic_id)
    try:
        with transaction.atomic():
            invitation = StaffInvitation.objects.create(
                clinic=by.clinic,
                name=name,
                email=email,
                role=role,
                token_hash=tokens.hash_of(token),
                invited_by=by.user,
                created_at=at,
                sent_at=at,
                expires_at=at + STAFF_INVITATION_LASTS,
            )
    except IntegrityError as error:
        if "invited_once" not in str(error):
            raise
        raise AlreadyInvited from error
    _audit(invitation, by.user, "invited a colleague", role=str(role))
    return Sent(invitation, token)


@transaction.atomic
def renew(*, invitation: StaffInvitation, by: Membership, at: datetime) -> Sent:
    """A new link for an invitation that waits; the one before opens nothing any more.

    From now on it is the invitation of `by`. Raises Refused or MayNotGive.
    """
    held = StaffInvitation.objects.waiting().select_for_update().filter(pk=invitation.pk).first()
    if held is None:
        raise Refused
    if not may_give(by.role, held.role):
        raise MayNotGive
    token = tokens.new_token(held.clinic_id)
    held.token_hash, held.invited_by = tokens.hash_of(token), by.user
    held.sent_at, held.expires_at = at, at + STAFF_INVITATION_LASTS
    held.save(update_fields=["token_hash", "invited_by", "sent_at", "expires_at"])
    _audit(held, by.user, "sent an invitation again")
    return Sent(held, token)


@transaction.atomic
def withdraw(*, invitation: StaffInvitation, by: CanAct, at: datetime) -> bool:
    """Close an invitation that waits; False when there was nothing to close."""
    waiting = StaffInvitation.objects.waiting().filter(pk=invitation.pk)
    is_closed = bool(waiting.update(withdrawn_at=at))
    if is_closed:
        _audit(invitation, by, "withdrew an invitation")
    return is_closed


def send(sent: Sent) -> None:
    """Mail the link, to our own address whatever host a request claims. Raises mails.NotSent."""
    link = f"{settings.SITE_URL}{reverse('clinics:join', args=[sent.token])}"
    context = {"invitation": sent.invitation, "link": link}
    mails.send("clinics/email/invitation", to=sent.invitation.email, context=context)


def find(*, token: str, at: datetime) -> StaffInvitation:
    """The open invitation of a token, inside its clinic. Raises Refused.

    It is worth what its sender may still give: of an admin who left, or is one no longer, nothing.
    """
    return _open(token, at, for_update=False)


@transaction.atomic
def accept(*, token: str, user: User, at: datetime) -> Membership:
    """Join the clinic with an account there is. However often and at once, it joins once.

    Raises Refused, or NotYours when the invitation was sent to another address.
    """
    invitation = _open(token, at, for_update=True)
    if invitation.email != user.email:
        raise NotYours
    return _join(invitation, user, at)


@transaction.atomic
def accept_as_new(*, token: str, name: str, password: str, at: datetime) -> Membership:
    """Join the clinic with a new account of the invited address. Raises Refused.

    Also when the address has an account by now: whoever has it signs in.
    """
    invitation = _open(token, at, for_update=True)
    try:
        with transaction.atomic():
            user = User.objects.create_user(invitation.email, name, password)
    except IntegrityError as error:
        raise Refused from error
    return _join(invitation, user, at)


def account_of(invitation: StaffInvitation) -> User | None:
    """The account of the invited address, if there is one."""
    return User.objects.filter(email=invitation.email).first()


def _open(token: str, at: datetime, *, for_update: bool) -> StaffInvitation:
    rows = StaffInvitation.objects.open_at(at).select_related("clinic")
    if for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(
        clinic=tenancy.current_clinic_id(), token_hash=tokens.hash_of(token)
    ).first()
    if found is None:
        raise Refused
    senders = Membership.objects.active().of(found.clinic)
    sender = senders.filter(user=found.invited_by_id, user__is_active=True).first()
    if sender is None or not may_give(sender.role, found.role):
        raise Refused
    return found


def _join(invitation: StaffInvitation, user: User, at: datetime) -> Membership:
    role, clinic = Membership.Role(invitation.role), invitation.clinic
    actions.hold(clinic.pk)
    before = Membership.objects.of(clinic).of_user(user).select_related("user").first()
    if before is None:
        membership = actions.add_member(clinic=clinic, user=user, role=role, by=user)
    elif before.state is Membership.State.ENDED:
        membership = actions.bring_back(membership=before, role=role, by=user)
    else:
        raise Refused
    invitation.accepted_at, invitation.membership = at, membership
    invitation.save(update_fields=["accepted_at", "membership"])
    _audit(invitation, user, "accepted an invitation", role=str(role))
    return membership


def _audit(invitation: StaffInvitation, by: CanAct, verb: str, **detail: object) -> None:
    audit.record(
        clinic_id=invitation.clinic_id,
        by=by,
        verb=verb,
        target=invitation,
        patient_id=None,
        person=invitation.name,
        email=invitation.email,
        **detail,
    )
