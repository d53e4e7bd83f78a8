"""Searches: which parameters a type takes, what they mean, and one page of what is found.

A page never holds more than MOST. The next one is found by a cursor that says, sealed, where the
page before ended; it works for the same question only.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.core import signing
from django.db.models import Q
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from clinics.models import Clinic
from prescriptions.fhir.outcome import Refused
from prescriptions.fhir.sources import LARGEST_KEY, Asked, Made, Origin

USUAL, MOST = 50, 200
CURSOR, SALT = "_cursor", "bearing.fhir.cursor"
ANYWHERE = {"_count", CURSOR, "_lastUpdated", "_format"}
# What each type calls the patient and the date that it is searched by, in R4.
PATIENT_NAMES = ("patient", "subject")
DATE_NAMES = {
    "CarePlan": "date",
    "ServiceRequest": "authored",
    "ActivityDefinition": "date",
    "Observation": "date",
    "QuestionnaireResponse": "authored",
    "DetectedIssue": "identified",
    "Flag": "date",
    "Provenance": "recorded",
}
NO_SUBJECT = {"DetectedIssue", "Provenance"}
PREFIXES = {"eq", "ge", "gt", "le", "lt"}
DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
YEARS = range(1900, 2200)
FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
FORMATS = {"json", "application/json", "application/fhir+json"}


class Page(NamedTuple):
    """What was found, and the cursor of the next page; none after the last."""

    found: list[Made]
    cursor: str


class Span(NamedTuple):
    """From a moment, and until one that no longer belongs to it."""

    start: datetime
    end: datetime


def parameters_of(kind: str, origins: Sequence[Origin]) -> dict[str, str]:
    """The parameters that a type is searched by, each with its FHIR type."""
    known = {"_lastUpdated": "date"}
    if kind == "Patient":
        return {"_id": "token", **known}
    if any(origin.patient for origin in origins):
        known["patient"] = "reference"
        if kind not in NO_SUBJECT:
            known["subject"] = "reference"
    if kind in DATE_NAMES:
        known[DATE_NAMES[kind]] = "date"
    return known


def asked(kind: str, origin: Origin, query: QueryDict, zone: ZoneInfo) -> Asked:
    """What the parameters ask of the rows of one source. Raises Refused."""
    patient = _patient(kind, query)
    updated = _span("updated_at", query.getlist("_lastUpdated"), zone, is_a_day=False)
    dates = query.getlist(DATE_NAMES.get(kind, ""))
    on = _span(origin.date, dates, zone, is_a_day=origin.date_is_a_day) if origin.date else Q()
    return Asked(patient, updated, on)


def check(query: QueryDict, known: Iterable[str]) -> None:
    """Raise Refused for a parameter that is not known, or is asked twice where once is enough."""
    allowed = {*ANYWHERE, *known}
    for name, values in query.lists():
        if name not in allowed:
            raise Refused(f"The parameter {name[:60]} is not supported here.")
        is_date = name == "_lastUpdated" or name in DATE_NAMES.values()
        if len(values) > (2 if is_date else 1):
            raise Refused(f"The parameter {name} is given too often.")
    if query.get("_format", "json") not in FORMATS:
        raise Refused("Only JSON is written: _format=json.")


def count_of(query: QueryDict) -> int:
    """How many resources a page may hold. Raises Refused."""
    given = query.get("_count", str(USUAL))
    if not (given.isascii() and given.isdecimal() and len(given) <= 6 and int(given) > 0):
        raise Refused("_count is a whole number from 1.")
    return min(int(given), MOST)


def page(
    origins: Sequence[tuple[Origin, Asked]],
    *,
    clinic: Clinic,
    query: QueryDict,
    question: str,
    now: datetime,
) -> Page:
    """One page of what the sources have, one after the other, row by row.

    `question` is what is asked: a cursor of another question is refused. Raises Refused.
    """
    most, seal = count_of(query), f"{clinic.pk} {question}"
    place, after, skip = _opened(query.get(CURSOR, ""), seal)
    found: list[Made] = []
    for here in range(place, len(origins)):
        origin, wanted = origins[here]
        room = most + 1 - len(found)  # one more, to see whether there is a next page
        rows = ceil((room + skip) / len(origin.prefixes))
        made = origin.take(clinic, wanted, now=now, after=after, most=rows)
        fits = most - len(found)
        if len(made) - skip > fits:
            following = made[skip + fits].row
            told = sum(one.row == following for one in made[: skip + fits])
            # The next page begins with the row of what did not fit, less what was told of it.
            cursor = signing.dumps([seal, here, following - 1, told], salt=SALT, compress=True)
            return Page(found + made[skip : skip + fits], cursor)
        found += made[skip:]
        after = skip = 0
    return Page(found, "")


def _opened(cursor: str, seal: str) -> tuple[int, int, int]:
    """The source, the number after which its rows go on, and what of the first was told."""
    if not cursor:
        return 0, 0, 0
    try:
        sealed, place, after, skip = signing.loads(cursor, salt=SALT)
    except signing.BadSignature:
        raise Refused("The cursor is not one of ours.") from None
    if sealed != seal:
        raise Refused("The cursor belongs to another search.")
    return place, after, skip


def _patient(kind: str, query: QueryDict) -> int | None:
    """The number of the patient who is asked for; 0, which nobody has, for what is no number."""
    names = ("_id",) if kind == "Patient" else PATIENT_NAMES
    given = {query.get(name, "") for name in names if name in query}
    if not given:
        return None
    if len(given) > 1:
        raise Refused("patient and subject name two patients.")
    key = given.pop().removeprefix("Patient/")
    if not FHIR_ID.fullmatch(key):
        raise Refused("A patient is asked for by id: patient=12, or patient=Patient/12.")
    number = int(key) if key.isascii() and key.isdecimal() else 0
    return number if number <= LARGEST_KEY else 0


def _span(column: str, values: Iterable[str], zone: ZoneInfo, *, is_a_day: bool) -> Q:
    """What a date parameter asks of a column. Raises Refused."""
    wanted = Q()
    for value in values:
        prefix, moment = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
        if prefix not in PREFIXES:
            raise Refused(f"Dates are compared by {', '.join(sorted(PREFIXES))}.")
        span = _read(moment, zone)
        if is_a_day:
            last = (span.end - timedelta(microseconds=1)).astimezone(zone).date()
            first = span.start.astimezone(zone).date()
            tests = {"ge": ("gte", first), "gt": ("gt", last), "le": ("lte", last)}
            tests |= {"lt": ("lt", first)}
            both = [("gte", first), ("lte", last)]
            wanted &= _all(column, both if prefix == "eq" else [tests[prefix]])
        else:
            edges = {"ge": ("gte", span.start), "gt": ("gte", span.end), "le": ("lt", span.end)}
            edges |= {"lt": ("lt", span.start)}
            inside = [("gte", span.start), ("lt", span.end)]
            wanted &= _all(column, inside if prefix == "eq" else [edges[prefix]])
    return wanted


def _all(column: str, tests: Iterable[tuple[str, date | datetime]]) -> Q:
    return Q(**{f"{column}__{name}": value for name, value in tests})


def _read(text: str, zone: ZoneInfo) -> Span:
    """The span of a year, month, day, or moment with its offset. Raises Refused."""
    try:
        if parts := DATE.fullmatch(text):
            year, month, day = (int(part or 0) for part in parts.groups())
            return _days(year, month, day, zone=zone)
        moment = parse_datetime(text.replace(" ", "+"))  # a plus sign that was not escaped
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None or moment.year not in YEARS:
        raise Refused("Write a date as 2026-05-20, or a moment with its offset.")
    return Span(moment, moment + timedelta(seconds=0 if moment.microsecond else 1))


def _days(year: int, month: int, day: int, *, zone: ZoneInfo) -> Span:
    """A year, a month or a day; what is not said is 0."""
    if year not in YEARS:
        raise ValueError("a year of this age")
    first = date(year, month or 1, day or 1)
    if day:
        end = first + timedelta(days=1)
    elif month:
        end = date(year + month // 12, month % 12 + 1, 1)
    else:
        end = date(year + 1, 1, 1)
    return Span(datetime.combine(first, time(), zone), datetime.combine(end, time(), zone))
