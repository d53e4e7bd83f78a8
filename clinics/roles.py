"""Who may do what: one table. Every view behind the staff door names one of these rights.

The page "Roles" shows this table as it stands here.
"""

from enum import StrEnum, auto
from typing import NamedTuple

from clinics.models import Membership

Role = Membership.Role


class Can(StrEnum):
    """A right, as views name it."""

    VIEW = auto()
    LOG = auto()
    RECORD = auto()
    OPEN_PORTAL = auto()
    ASSESS = auto()
    PRESCRIBE = auto()
    OVERRIDE = auto()
    ATTEND = auto()
    ANSWER = auto()
    KEEP_LIBRARY = auto()
    ADMINISTER = auto()
    READ_TRAIL = auto()
    EXPORT = auto()
    ERASE = auto()


MEANING = {
    Can.VIEW: "See patients, what was recorded and logged of them, and the library",
    Can.LOG: "Book a session that was done in the clinic, and one’s own time of monitoring",
    Can.RECORD: "Record patients, correct and archive records, write notes",
    Can.OPEN_PORTAL: "Invite patients to the portal and sign their phones out",
    Can.ASSESS: "Test directions, screen for red flags, keep episodes and conditions",
    Can.PRESCRIBE: "Write, publish and end programmes; keep templates",
    Can.OVERRIDE: "Go on despite a finding, with a reason",
    Can.ATTEND: "Open and close alerts, lift pauses",
    Can.ANSWER: "Answer patients’ messages",
    Can.KEEP_LIBRARY: "Write the clinic’s own exercises and sign translations",
    Can.ADMINISTER: "Keep people, roles and settings",
    Can.READ_TRAIL: "See the audit trail",
    Can.EXPORT: "Export a patient’s record or the clinic’s data",
    Can.ERASE: "Erase the record of an archived patient",
}
_IN_THE_CLINIC = {Can.VIEW, Can.LOG}
_ADMINS_ONLY = {Can.KEEP_LIBRARY, Can.ADMINISTER, Can.READ_TRAIL, Can.EXPORT, Can.ERASE}
GRANTS: dict[Role, frozenset[Can]] = {
    Role.ADMIN: frozenset(Can),
    Role.THERAPIST: frozenset(Can) - _ADMINS_ONLY,
    Role.ASSISTANT: frozenset(_IN_THE_CLINIC),
    # Whoever runs the server, let in for an hour at most: looks, and changes nothing.
    Role.OPERATOR: frozenset({Can.VIEW, Can.READ_TRAIL}),
}
# What an admin may give. An operator is let in from the server alone, and for a time.
GIVEN_BY_CLINICS = (Role.ADMIN, Role.THERAPIST, Role.ASSISTANT)


class Cell(NamedTuple):
    """Whether a role has a right."""

    role: str
    is_granted: bool


class Row(NamedTuple):
    """One right, in words, and who has it, in the order of `Membership.Role`."""

    meaning: str
    cells: list[Cell]


def rights_of(role: str) -> frozenset[Can]:
    return GRANTS[Role(role)]


def may_give(giver: str, role: str) -> bool:
    """Whether somebody of the role `giver` may grant `role`: never more than they have."""
    has = rights_of(giver)
    return role in GIVEN_BY_CLINICS and Can.ADMINISTER in has and rights_of(role) <= has


def table() -> list[Row]:
    """The whole table, for people to read."""
    return [
        Row(MEANING[can], [Cell(str(role.label), can in GRANTS[role]) for role in Role])
        for can in Can
    ]
