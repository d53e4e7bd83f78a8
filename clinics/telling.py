"""The audit trail in words."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any, NamedTuple

from clinics.csv_export import csv_text
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


def audit_csv(events: Iterable[AuditEvent]) -> str:
    """The events as a file for a spreadsheet; each with its line and hash, to compare later."""
    header = (
        "Line", "When (UTC)", "Kind of person", "Person’s number", "Person", "Role", "What",
        "Verb", "About", "About number", "Patient’s number", "Address", "Browser", "Particulars",
        "Hash",
    )  # fmt: skip
    return csv_text(header, map(_row, events))


def _row(event: Any) -> Sequence[object]:
    return (
        event.line, event.at.astimezone(UTC).isoformat(), event.actor_kind, event.actor_id,
        event.actor_name, event.role, event.get_kind_display(), event.verb, event.target,
        event.target_id, event.patient_id, event.address, event.browser,
        json.dumps(event.detail, ensure_ascii=False), event.line_hash,
    )  # fmt: skip


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
