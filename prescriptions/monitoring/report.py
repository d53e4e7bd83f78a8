"""The records of one patient and calendar month: gathered from rows, and counted.

`gather` asks the database; `report` is plain, so that a test can ask it about any history.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from patients.models import Patient
from prescriptions.models import (
    LiveContact,
    MonitoringConsent,
    MonitoringSetup,
    SessionLog,
    WorkTime,
    WorkTimer,
)
from prescriptions.monitoring import days, minutes
from prescriptions.monitoring.days import Came, DataDay, Log, Missing, Told, Window
from prescriptions.monitoring.minutes import Span, Stretch
from prescriptions.monitoring.rules import Band, Rules, RulesOn, rules_on


@dataclass(frozen=True)
class Rows:
    """All rows that a month's figures are made of; also those that do not count."""

    consents: Sequence[MonitoringConsent] = ()
    setups: Sequence[MonitoringSetup] = ()
    logs: Sequence[Log] = ()
    times: Sequence[WorkTime] = ()
    elsewhere: Sequence[WorkTime] = ()  # of the same people, for other patients
    contacts: Sequence[LiveContact] = ()
    timers: Sequence[WorkTimer] = ()


@dataclass(frozen=True)
class WindowFigure:
    """Days with data in one window that touches the month; the whole window is counted."""

    window: Window
    days: Sequence[DataDay]
    band: Band | None
    missing: Missing | None  # None when the window is over, or in its last band


@dataclass(frozen=True)
class PersonFigure:
    """Seconds in the month of one person under one credential, and the entries they are of."""

    name: str
    credential: str
    seconds: int
    keys: tuple[int, ...]


@dataclass(frozen=True)
class Report:
    """A month of one patient: what counts, and of which entries each figure is made."""

    month: date  # its first day
    rules: Rules | None
    rows: Rows
    told: Sequence[Told]
    days: Sequence[DataDay]  # of the month
    without_consent: Sequence[DataDay]  # those of them on which no consent was on record
    windows: Sequence[WindowFigure]
    people: Sequence[PersonFigure]
    parts: dict[int, Span] = field(default_factory=dict)  # what counts of each entry of time
    at_once: int = 0
    missing: Missing | None = None  # None when the month is over
    contacts: Sequence[LiveContact] = ()

    @property
    def seconds(self) -> int:
        return sum(one.seconds for one in self.people)

    @property
    def minutes(self) -> int:
        """Whole minutes; what is left of a minute is not rounded up."""
        return self.seconds // 60

    @property
    def band(self) -> Band | None:
        return self.rules.minute_band(self.minutes) if self.rules else None


def report_of(patient: Patient, *, month: date, now: datetime) -> Report:
    """The calendar month of the day `month`, as it stands at `now`."""
    zone = patient.clinic.zone
    rows = gather(patient, month=month, until=patient.local_date(now))
    return report(
        rows,
        month=month,
        zone=zone,
        today=patient.local_date(now),
        here=now.astimezone(zone).date(),
    )


def gather(patient: Patient, *, month: date, until: date) -> Rows:
    """The rows of the month and of every window that touches it, in a fixed number of queries."""
    span = minutes.month_of(month, patient.clinic.zone)
    setups = list(MonitoringSetup.objects.of_patient(patient).in_order().select_related("done_by"))
    touched = windows_of(setups, month=month, until=until, rules_on=rules_on)
    first = min([month.replace(day=1), *(window.first for window in touched)])
    last = max([minutes.last_day(month), *(window.last for window in touched)])
    logs = SessionLog.objects.of_patient(patient).between(first, last).with_writers()
    times = WorkTime.objects.of_patient(patient).during(span.begin, span.end).with_people()
    people = {time.user_id for time in times}
    contacts = LiveContact.objects.of_patient(patient).in_order().select_related("user")
    elsewhere = WorkTime.objects.of(patient.clinic).exclude(patient=patient).standing()
    return Rows(
        consents=list(MonitoringConsent.objects.of_patient(patient).in_order()),
        setups=setups,
        logs=[log_of(log) for log in logs.oldest_first()],
        times=list(times),
        elsewhere=list(elsewhere.filter(user__in=people).during(span.begin, span.end)),
        contacts=list(contacts.filter(at__gte=span.begin, at__lt=span.end)),
        timers=list(WorkTimer.objects.of_patient(patient).select_related("user")),
    )


def report(rows: Rows, *, month: date, zone: ZoneInfo, today: date, here: date) -> Report:
    """Count. `zone` is the clinic's, `today` by the patient's calendar and `here` by the clinic's.

    Days with data go by the patient's calendar, since they say when the patient did something.
    Minutes and contacts go by the clinic's, in which staff work.
    """
    first, last = month.replace(day=1), minutes.last_day(month)
    told = days.sessions(rows.logs)
    having = days.data_days(told)
    of_month = [one for one in having if first <= one.day <= last]
    rules = rules_on(first)
    parts = _parts(rows, minutes.month_of(month, zone))
    people = _people(rows, parts)
    whole = sum(one.seconds for one in people) // 60
    is_open = rules is not None and here <= last
    return Report(
        month=first,
        rules=rules,
        rows=rows,
        told=told,
        days=of_month,
        without_consent=[one for one in of_month if not had_consent(rows.consents, one.day)],
        windows=[
            _figure(window, having, today)
            for window in windows_of(rows.setups, month=month, until=today, rules_on=rules_on)
        ],
        people=people,
        parts=parts,
        at_once=minutes.at_once(parts.values()),
        missing=minutes.missing_minutes(rules, whole, day=first) if rules and is_open else None,
        contacts=[one for one in rows.contacts if stands(one)],
    )


def windows_of(
    setups: Sequence[MonitoringSetup], *, month: date, until: date, rules_on: RulesOn
) -> list[Window]:
    """The windows that have begun by `until` and have a day in the month."""
    first, last = month.replace(day=1), minutes.last_day(month)
    starts = [one.windows_from for one in setups if stands(one) and one.windows_from]
    begun = days.windows(starts, until=min(until, last), rules_on=rules_on)
    return [window for window in begun if window.last >= first]


def stands(row: MonitoringConsent | MonitoringSetup | WorkTime | LiveContact) -> bool:
    """Whether the entry counts; it comes from `in_order`."""
    corrected_by: int | None = getattr(row, "corrected_by", None)
    return corrected_by is None and not row.is_taken_back


def had_consent(consents: Sequence[MonitoringConsent], day: date) -> bool:
    """Whether the last word up to and with the day was a yes."""
    said = [one for one in consents if stands(one) and one.on <= day]
    last = max(said, key=lambda one: (one.on, one.pk), default=None)
    return last is not None and last.kind == MonitoringConsent.Kind.GIVEN


def log_of(log: SessionLog) -> Log:
    """The stored log as the rules see it."""
    came = Came.PHONE if log.tapped_at else Came.PORTAL
    return Log(
        key=log.pk,
        day=log.local_date,
        done_at=log.done_at,
        received_at=log.received_at,
        came=Came.CLINIC if log.entered_by else came,
        corrects=log.corrects_id,
        is_withdrawal=log.is_withdrawal,
        is_time_unsure=log.is_time_unsure,
        by=log.entered_by.name if log.entered_by else "",
    )


def _figure(window: Window, having: Sequence[DataDay], today: date) -> WindowFigure:
    inside = days.in_window(window, having)
    is_over = window.last < today
    return WindowFigure(
        window=window,
        days=inside,
        band=window.rules.day_band(len(inside)),
        missing=None if is_over else days.missing_days(window, having, today=today),
    )


def _parts(rows: Rows, month: Span) -> dict[int, Span]:
    """What counts of each entry for this patient, after the same people's time for others."""
    mine = [one for one in rows.times if stands(one)]
    counted = minutes.counted([_stretch(one) for one in (*mine, *rows.elsewhere)], within=month)
    return {one.pk: counted[one.pk] for one in mine if one.pk in counted}


def _stretch(time: WorkTime) -> Stretch:
    return Stretch(time.pk, time.user_id, time.credential, time.started_at, time.stopped_at)


def _people(rows: Rows, parts: dict[int, Span]) -> list[PersonFigure]:
    keys: dict[tuple[str, int, str], list[int]] = {}
    for time in rows.times:
        if time.pk in parts:
            who = (time.user.name, time.user_id, time.get_credential_display())
            keys.setdefault(who, []).append(time.pk)
    return [
        PersonFigure(name, credential, minutes.seconds_of(parts, of), tuple(of))
        for (name, _, credential), of in sorted(keys.items())
    ]
