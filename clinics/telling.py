"""The audit trail in words."""

from collections.abc import Iterable
from typing import NamedTuple

from clinics.models import AuditEvent


class Particular(NamedTuple):
    """One thing that an event says more exactly, with what it was before if that is known."""

    name: str
    value: str
    before: str = ""


class AuditLine(NamedTuple):
    event: AuditEvent
    particulars: list[Particular]


def audit_lines(events: Iterable[AuditEvent]) -> list[AuditLine]:
    return [AuditLine(event, particulars(event.detail)) for event in events]


def particulars(detail: dict[str, object]) -> list[Particular]:
    """What is kept with an event; `changed` maps fields to their values before and after."""
    changed = detail.get("changed")
    pairs = changed.items() if isinstance(changed, dict) else ()
    others = ((name, value) for name, value in detail.items() if name != "changed")
    return [
        *(Particular(_words(name), _said(value)) for name, value in others),
        *(Particular(_words(name), _said(after), _said(before)) for name, (before, after) in pairs),
    ]


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_words(name)} {said}" for name, said in value.items())
    return "" if value is None else str(value)
