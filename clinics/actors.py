"""Who acts: a member of staff, a patient, a connected system, or Bearing itself."""

from enum import StrEnum
from typing import NamedTuple, Protocol


class ActorKind(StrEnum):
    STAFF = "staff"
    PATIENT = "patient"
    SYSTEM = "system"
    TOKEN = "token"  # noqa: S105 - a kind of actor, no secret

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(kind.value, kind.value.capitalize()) for kind in cls]


class Actor(NamedTuple):
    """Who is named in the audit trail; the name is kept as it was on the day."""

    kind: ActorKind
    id: int | None
    name: str

    @property
    def actor(self) -> "Actor":
        return self


class CanAct(Protocol):
    """Anyone an action takes as `by=`: a user, a patient, an API token, or SYSTEM."""

    @property
    def actor(self) -> Actor: ...


def operator(name: str) -> Actor:
    """Whoever runs the server, acting from its command line."""
    return Actor(ActorKind.SYSTEM, None, f"{name} (operator)"[:200])


SYSTEM = Actor(ActorKind.SYSTEM, None, "Bearing")
