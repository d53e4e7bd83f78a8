"""What an admin may do about the people of a clinic: a table of steps, and the rules around it.

A clinic's admin gives, changes and locks memberships, never accounts: an account belongs to a
person, who may work in several clinics, and is locked from the server (`operators`).
"""

from collections.abc import Callable
from enum import StrEnum, auto
from typing import NamedTuple

from django.db import transaction

from clinics import actions
from clinics.models import Clinic, Membership
from clinics.roles import Can, may_give, rights_of


class Act(StrEnum):
    """What can be done about somebody's membership."""

    CHANGE_ROLE = auto()
    LOCK = auto()
    UNLOCK = auto()
    END = auto()
    BRING_BACK = auto()
    TAKE_AWAY_SECOND_STEP = auto()


# Where somebody stands, what may be done about it, and where they stand then.
STEPS: dict[Membership.State, dict[Act, Membership.State]] = {
    Membership.State.WORKING: {
        Act.CHANGE_ROLE: Membership.State.WORKING,
        Act.LOCK: Membership.State.LOCKED,
        Act.TAKE_AWAY_SECOND_STEP: Membership.State.WORKING,
        Act.END: Membership.State.ENDED,
    },
    Membership.State.LOCKED: {
        Act.UNLOCK: Membership.State.WORKING,
        Act.END: Membership.State.ENDED,
    },
    Membership.State.ENDED: {Act.BRING_BACK: Membership.State.WORKING},
}
# An operator came from the server: a clinic shows them out, and lets none in.
STEPS_OF_OPERATORS: dict[Membership.State, dict[Act, Membership.State]] = {
    Membership.State.WORKING: {Act.END: Membership.State.ENDED},
    Membership.State.LOCKED: {},
    Membership.State.ENDED: {},
}
NEED_A_ROLE = {Act.CHANGE_ROLE, Act.BRING_BACK}


class NotAllowed(Exception):
    """This is not for them to do, or no longer possible; nothing was changed."""


class Member(NamedTuple):
    """A membership, and what the person who looks may do about it."""

    membership: Membership
    acts: frozenset[Act]


def acts_on(membership: Membership, *, by: Membership) -> frozenset[Act]:
    """What the member `by` may do about a membership of the same clinic.

    Nobody does anything about themselves, nor about somebody who may do more than they may.
    """
    may_act = by.state is Membership.State.WORKING and Can.ADMINISTER in rights_of(by.role)
    is_above = not rights_of(membership.role) <= rights_of(by.role)
    is_neighbour = membership.clinic_id == by.clinic_id and membership.user_id != by.user_id
    if not may_act or is_above or not is_neighbour:
        return frozenset()
    is_operator = membership.role == Membership.Role.OPERATOR
    steps = STEPS_OF_OPERATORS if is_operator else STEPS
    return frozenset(steps[membership.state])


@transaction.atomic
def perform(
    act: Act, *, membership: Membership, by: Membership, role: Membership.Role | None = None
) -> Membership:
    """Do one of the acts, each with its line in the audit trail. Raises NotAllowed, LastAdmin or
    WorksElsewhere.

    Both are read anew once the clinic is held: of two admins who lock each other, one is left.
    """
    actions.hold(by.clinic_id)
    both = Membership.objects.of(by.clinic).with_people().in_bulk([membership.pk, by.pk])
    target, actor = both.get(membership.pk), both.get(by.pk)
    if target is None or actor is None or act not in acts_on(target, by=actor):
        raise NotAllowed
    if act in NEED_A_ROLE and (role is None or not may_give(actor.role, role)):
        raise NotAllowed
    given = {"role": role} if act in NEED_A_ROLE else {}
    write: Callable[..., Membership] = _WRITERS[act]
    return write(membership=target, by=actor.user, **given)


def people_of(clinic: Clinic, *, seen_by: Membership) -> dict[Membership.State, list[Member]]:
    """Everybody who works or worked here, by state, each with what may be done about it."""
    found: dict[Membership.State, list[Member]] = {state: [] for state in Membership.State}
    for membership in Membership.objects.of(clinic).with_people():
        found[membership.state].append(Member(membership, acts_on(membership, by=seen_by)))
    return found


_WRITERS: dict[Act, Callable[..., Membership]] = {
    Act.CHANGE_ROLE: actions.change_role,
    Act.LOCK: actions.lock_membership,
    Act.UNLOCK: actions.unlock_membership,
    Act.END: actions.end_membership,
    Act.BRING_BACK: actions.bring_back,
    Act.TAKE_AWAY_SECOND_STEP: actions.take_away_second_factor,
}
