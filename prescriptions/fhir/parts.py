"""What resources are put together from: references, times, periods."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from prescriptions.fhir.codes import Json


def resource(kind: str, key: str, /, *, updated: datetime | None, **parts: Any) -> Json:
    """A resource without the parts that are empty: FHIR has no empty values."""
    meta = {"meta": {"lastUpdated": instant(updated)}} if updated else {}
    return {"resourceType": kind, "id": key, **meta, **kept(parts)}


def kept(parts: dict[str, Any]) -> Json:
    """The parts that say something; 0 and false do."""
    return {name: part for name, part in parts.items() if part not in (None, "", [], {})}


def reference(kind: str, key: object, display: str = "") -> Json:
    return kept({"reference": f"{kind}/{key}", "display": display})


def person(name: str) -> Json:
    """Somebody of the staff, who has no resource here: known by name."""
    return {"type": "Practitioner", "display": name}


def instant(moment: datetime, zone: ZoneInfo | None = None) -> str:
    """A moment with its offset, on the clock of `zone` where that is known."""
    return (moment.astimezone(zone) if zone else moment).isoformat(timespec="milliseconds")


def period(start: date | None, end: date | None = None) -> Json:
    return kept({"start": _said(start), "end": _said(end)})


def _said(day: date | None) -> str | None:
    return day.isoformat() if day else None
