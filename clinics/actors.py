"""Who acts: a member of staff, a patient, or the system itself."""

from enum import StrEnum
from typing import NamedTuple, Protocol


class ActorKind(StrEnum):
    STAFF = "staff"
    PATIENT = "patient"
    SYSTEM = "system"

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
    """Anyone an action takes as `by=`: a user, a patient, or SYSTEM."""

    @property
    def actor(self) -> Actor: ...


def operator(name: str) -> Actor:
    """Whoever runs the server, acting from its command line."""
    return Actor(ActorKind.SYSTEM, None, f"{name} (operator)"[:200])


SYSTEM = Actor(ActorKind.SYSTEM, None, "Bearing")
