"""A month's records in words: the same figures and entries for the page, the PDF and the CSV."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from patients.models import Patient
from prescriptions.models import LiveContact, MonitoringConsent, MonitoringSetup, WorkTime
from prescriptions.monitoring.days import CAME_WORDS, DataDay, Missing, Told
from prescriptions.monitoring.minutes import in_words, seconds
from prescriptions.monitoring.report import Report, WindowFigure, stands
from prescriptions.monitoring.rules import Rules, Source

NO_ADVICE = (
    "These are records, not billing advice. They say what was recorded, when and by whom. They do"
    " not say whether a service may be billed: that depends on the payer, on the rules of the day"
    " and on what the law counts as a device, and the clinic decides it."
)
HOW_DAYS_COUNT = (
    "A day counts when at least one log of a session done on it stands and was sent by the patient."
    " The day is the patient’s own calendar’s. A log that came late counts on the day it was done,"
    " and its receipt is shown. What staff wrote down in the clinic, and what was taken back, does"
    " not count. A log that says “not done” is data too."
)
HOW_MINUTES_COUNT = (
    "Time counts by the clinic’s calendar, to the second; a total shows whole minutes, never"
    " rounded up. A moment of one person counts once, even in two entries or for two patients. The"
    " length of a live contact is not added: it counts when its time was recorded too."
)


@dataclass(frozen=True)
class Figure:
    """A number, and the entries it is made of, by their names in the parts below."""

    name: str
    title: str
    value: str
    made_of: tuple[str, ...]
    band: str = ""
    missing: str = ""
    more: str = ""


@dataclass(frozen=True)
class Entry:
    """One entry in words; `counts` says whether a figure may be made of it."""

    name: str  # L12
    key: int
    counts: bool = True
    cells: Mapping[str, str] = field(default_factory=dict)
    state: str = ""


@dataclass(frozen=True)
class Part:
    """Entries of one kind, with the titles of their columns; `record` is the page that adds one."""

    name: str
    title: str
    note: str
    columns: Mapping[str, str]
    entries: Sequence[Entry]
    record: str = ""
    add: str = ""

    @property
    def rows(self) -> list["Row"]:
        """The entries as a table shows them, each cell with the title of its column."""
        return [
            Row(
                entry.name,
                entry.key,
                entry.counts,
                [(title, entry.cells.get(name, "")) for name, title in self.columns.items()],
                entry.state,
            )
            for entry in self.entries
        ]


class Row(NamedTuple):
    name: str
    key: int
    counts: bool
    told: Sequence[tuple[str, str]]
    state: str


class RulesTold(NamedTuple):
    """The rules of one year in words, and where they were read."""

    year: int
    said: str
    sources: Sequence[Source]


@dataclass(frozen=True)
class Paper:
    """All words of one month."""

    month: date
    figures: Sequence[Figure]
    parts: Sequence[Part]
    rules_told: Sequence[RulesTold]  # of the month, and of every window
    zones: str


def told(report: Report, *, patient: Patient) -> Paper:
    """The month in words, moments by the calendars that they count by."""
    here, there = patient.clinic.zone, patient.zone
    years = {figure.window.rules.year: figure.window.rules for figure in report.windows}
    if report.rules:
        years[report.rules.year] = report.rules
    return Paper(
        month=report.month,
        figures=list(_figures(report)),
        parts=[
            Part(
                "consent",
                "Consent",
                "",
                {"when": "Day", "what": "What", "who": "By whom", "how": "How", "words": "Wording"},
                [_consent(row, here) for row in report.rows.consents],
                record="prescriptions:record_consent",
                add="Record consent",
            ),
            Part(
                "setup",
                "Set-up and teaching",
                "The first day of the windows is fixed here; a log that comes late never moves it.",
                {"when": "Day", "who": "By whom", "what": "What", "from": "Windows from"},
                [_setup(row, here) for row in report.rows.setups],
                record="prescriptions:record_setup",
                add="Record set-up",
            ),
            Part(
                "minutes",
                "Time of staff",
                HOW_MINUTES_COUNT,
                {
                    "when": "Start",
                    "until": "Stop",
                    "who": "Who, as what",
                    "how": "How it was taken",
                    "what": "What was done",
                    "counts": "Counts",
                },
                [_time(row, report, here) for row in report.rows.times],
                record="prescriptions:record_time",
                add="Type time in",
            ),
            Part(
                "contacts",
                "Live contact",
                "Staff and the patient, or a caregiver, spoke at the same time. A message is none.",
                {"when": "When", "long": "How long", "how": "How", "who": "Who", "what": "About"},
                [_contact(row, here) for row in report.rows.contacts],
                record="prescriptions:record_contact",
                add="Record a contact",
            ),
            Part(
                "logs",
                "Session logs",
                HOW_DAYS_COUNT,
                {"day": "Day", "when": "Done", "until": "Received", "how": "Source"},
                [_log(one, there) for one in report.told],
            ),
        ],
        rules_told=[
            RulesTold(year, _rules(rules), rules.sources) for year, rules in sorted(years.items())
        ],
        zones=_zones(here, there),
    )


def csv_rows(paper: Paper) -> Iterator[list[str]]:
    """Figures first, each with its entries, then every entry; the header is CSV_HEADER."""
    for figure in paper.figures:
        made_of = " ".join(figure.made_of)
        told = [figure.value, figure.band, figure.missing, figure.more]
        yield ["Figures", figure.title, *told, made_of, *[""] * len(CSV_CELLS), ""]
    for part in paper.parts:
        for entry in part.entries:
            counts = "counts" if entry.counts else "does not count"
            cells = [entry.cells.get(name, "") for name in CSV_CELLS]
            yield [part.title, entry.name, counts, "", "", "", "", *cells, entry.state]


def for_paper(paper: Paper, *, patient: Patient, at: datetime, by: str) -> dict[str, Any]:
    """The month as plain values, ready for JSON."""
    return {
        "clinic": patient.clinic.name,
        "paper": patient.clinic.paper,
        "patient": patient.name,
        "about": [f"born {_day(patient.birth_date)}"]
        + ([f"record {patient.record_number}"] if patient.record_number else []),
        "month": f"{paper.month:%B %Y}",
        "made": f"Made {_moment(at, patient.clinic.zone)} by {by}. {paper.zones}",
        "no_advice": NO_ADVICE,
        "figures": [
            {
                "title": figure.title,
                "value": figure.value,
                "notes": [note for note in (figure.band, figure.missing, figure.more) if note],
                "made_of": ", ".join(figure.made_of),
            }
            for figure in paper.figures
        ],
        "parts": [
            {
                "title": part.title,
                "note": part.note,
                "columns": ["Entry", *part.columns.values(), "Written and corrected"],
                "rows": [
                    {
                        "counts": row.counts,
                        "cells": [
                            row.name,
                            *(text for _, text in row.told),
                            row.state if row.counts else f"Does not count; {row.state}",
                        ],
                    }
                    for row in part.rows
                ],
            }
            for part in paper.parts
        ],
        "rules": [
            {"year": str(told.year), "said": told.said, "sources": list(_sources(told))}
            for told in paper.rules_told
        ],
    }


def _rules(rules: Rules) -> str:
    days = ", ".join(map(str, rules.day_bands))
    minutes = ", ".join(map(str, rules.minute_bands))
    return (
        f"Windows of {rules.window_days} days; bands of {days} days with data; bands of {minutes}"
        f" minutes in a calendar month, then each further {rules.further_minutes}."
    )


def _sources(told: RulesTold) -> Iterator[str]:
    for source in told.sources:
        checked = "read" if source.is_verified else "unverified"
        yield f"{source.what}. {source.title}, {source.address} ({checked}). {source.note}"


CSV_CELLS = MappingProxyType(
    {
        "day": "Day",
        "when": "When, from",
        "until": "Until, or received",
        "who": "Who",
        "how": "How",
        "what": "What",
        "words": "Wording",
        "from": "Windows from",
        "long": "How long",
        "counts": "Counts",
    }
)
CSV_HEADER = (
    *("Part", "Figure or entry", "Value", "Band", "Missing", "More", "Made of"),
    *CSV_CELLS.values(),
    "Corrections",
)


def _figures(report: Report) -> Iterator[Figure]:
    yield Figure(
        "days",
        f"Days with data in {report.month:%B %Y}",
        str(len(report.days)),
        _of_days(report.days),
        more=f"{len(report.without_consent)} of them without a consent on record"
        if report.without_consent
        else "",
    )
    for figure in report.windows:
        yield _window(figure)
    if not report.windows:
        begun = any(stands(one) and one.windows_from for one in report.rows.setups)
        why = "No rules of their year are on file, or none touches this month." if begun else ""
        why = why or "They begin with a recorded set-up."
        yield Figure("windows", "30-day windows", "none", (), more=why)
    for person in report.people:
        made_of = tuple(f"T{key}" for key in person.keys)
        title = f"{person.name}, {person.credential.lower()}"
        yield Figure(f"person-{person.keys[0]}", title, in_words(person.seconds), made_of)
    yield Figure(
        "total",
        f"Minutes in {report.month:%B %Y}",
        str(report.minutes),
        tuple(f"T{key}" for person in report.people for key in person.keys),
        band=_minute_band(report),
        missing=_minutes_missing(report.missing) if report.missing else "",
        more=f"{in_words(report.at_once)} of it by two people at the same time"
        if report.at_once
        else "",
    )
    yield Figure(
        "live",
        f"Live contacts in {report.month:%B %Y}",
        str(len(report.contacts)),
        tuple(f"C{one.pk}" for one in report.contacts),
        more=f"{sum(one.minutes for one in report.contacts)} min in all" if report.contacts else "",
    )


def _window(figure: WindowFigure) -> Figure:
    window = figure.window
    missing = _days_missing(figure.missing) if figure.missing else ""
    cut = " It ends early, where another series begins." if window.is_cut_short else ""
    return Figure(
        f"window-{window.first}",
        f"Days with data in window {window.number}, {_day(window.first)} to {_day(window.last)}",
        str(len(figure.days)),
        _of_days(figure.days),
        band=f"{figure.band} days" if figure.band else f"below {window.rules.day_bands[0].least}",
        missing=missing,
        more=f"by the rules of {window.rules.year}{cut}",
    )


def _days_missing(missing: Missing) -> str:
    said = f"{missing.number} more {_word(missing.number, 'data day')} by {_day(missing.until)}"
    if missing.can_be_reached:
        return f"{said} for {missing.band}"
    left = missing.left or 0
    verb = "is" if left == 1 else "are"
    return (
        f"{said} for {missing.band}; only {_many(left, 'day')} {verb} left, so it needs logs of"
        " earlier days that still come in"
    )


def _minutes_missing(missing: Missing) -> str:
    number = f"{missing.number} more {_word(missing.number, 'minute')}"
    return f"{number} by {_day(missing.until)} for {missing.band}"


def _minute_band(report: Report) -> str:
    if report.rules is None:
        return f"no rules of {report.month.year} on file"
    if report.band is None:
        return f"below {report.rules.minute_bands[0].least}"
    steps = report.rules.further_steps(report.minutes)
    whole = f"{report.band} minutes"
    last, more = report.rules.minute_bands[-1], report.rules.further_minutes
    return f"{whole}: {last} and {steps} × {more} further" if steps else whole


def _consent(row: MonitoringConsent, here: ZoneInfo) -> Entry:
    return Entry(
        f"K{row.pk}",
        row.pk,
        stands(row),
        {
            "when": _day(row.on),
            "what": row.get_kind_display(),
            "who": row.given_by,
            "how": row.get_way_display(),
            "words": row.wording,
        },
        _state(row, "K", here),
    )


def _setup(row: MonitoringSetup, here: ZoneInfo) -> Entry:
    return Entry(
        f"S{row.pk}",
        row.pk,
        stands(row),
        {
            "when": _day(row.on),
            "who": row.done_by.name,
            "what": row.what,
            "from": _day(row.windows_from) if row.windows_from else "",
        },
        _state(row, "S", here),
    )


def _log(one: Told, there: ZoneInfo) -> Entry:
    first = one.first
    how = CAME_WORDS[first.came] + (f", {first.by}" if first.by else "")
    if first.is_time_unsure:
        how += "; the phone’s clock was off, the time is reckoned"
    return Entry(
        f"L{first.key}",
        first.key,
        one.counts,
        {
            "day": _day(one.day),
            "when": _moment(first.done_at, there),
            "until": _moment(first.received_at, there),
            "how": how,
        },
        "; ".join(_corrections(one, there)),
    )


def _corrections(one: Told, there: ZoneInfo) -> Iterator[str]:
    for log in one.said[1:]:
        verb = "taken back" if log.is_withdrawal else "corrected"
        yield f"{verb} {_moment(log.received_at, there)}, L{log.key}"
    if one.first.by:
        yield "does not count: not sent by the patient"


def _time(row: WorkTime, report: Report, here: ZoneInfo) -> Entry:
    part = report.parts.get(row.pk)
    counts = in_words(seconds(part)) if part else "nothing"
    how = row.get_how_display()
    cut = f", {row.idle_minutes} min" if row.how == WorkTime.How.IDLE else ""
    return Entry(
        f"T{row.pk}",
        row.pk,
        stands(row),
        {
            "when": _moment(row.started_at, here),
            "until": _moment(row.stopped_at, here),
            "who": f"{row.user.name}, {row.get_credential_display().lower()}",
            "how": f"{how}{cut}",
            "what": row.what,
            "counts": counts,
        },
        _state(row, "T", here),
    )


def _contact(row: LiveContact, here: ZoneInfo) -> Entry:
    return Entry(
        f"C{row.pk}",
        row.pk,
        stands(row),
        {
            "when": _moment(row.at, here),
            "long": f"{row.minutes} min",
            "how": row.get_way_display(),
            "who": f"{row.user.name} with {row.get_whom_display().lower()}",
            "what": row.what,
        },
        _state(row, "C", here),
    )


def _state(
    row: MonitoringConsent | MonitoringSetup | WorkTime | LiveContact, letter: str, here: ZoneInfo
) -> str:
    """What became of the entry, and what it stands for."""
    said = [f"written by {row.recorded_by.name}, {_moment(row.recorded_at, here)}"]
    if row.corrects_id:
        verb = "takes back" if row.is_taken_back else "corrects"
        said.append(f"{verb} {letter}{row.corrects_id}: {row.reason}")
    corrected_by = getattr(row, "corrected_by", None)
    if corrected_by:
        said.append(f"no longer counts, see {letter}{corrected_by}")
    return "; ".join(said)


def _of_days(found: Iterable[DataDay]) -> tuple[str, ...]:
    return tuple(f"L{one.first.key}" for day in found for one in day.sessions)


def _zones(here: ZoneInfo, there: ZoneInfo) -> str:
    return (
        f"Logs are shown by the patient’s calendar ({there.key}), time and contacts by the clinic’s"
        f" ({here.key})."
    )


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    """By the calendar and clock there; with seconds where there are any."""
    local = moment.astimezone(zone).replace(microsecond=0)
    return local.strftime("%-d %b %Y, %H:%M:%S" if local.second else "%-d %b %Y, %H:%M")


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"


def _many(number: int, noun: str) -> str:
    return f"{number} {_word(number, noun)}"


def _word(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"
