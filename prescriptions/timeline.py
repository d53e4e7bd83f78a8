"""The direction story of one patient, gathered in a fixed number of queries and put in order."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, cast

from django.db.models import Q
from django.urls import reverse

from exercises.vocabulary import Term
from patients.dates import end_of_day
from patients.lights import After, During, Light
from patients.models import (
    Clearance,
    ConditionOnFile,
    DirectionTest,
    Episode,
    EpisodeChange,
    Patient,
    RaisedFlag,
    SafetyScreen,
)
from patients.redflags import BY_CODE
from prescriptions.alerts import paused_in_words
from prescriptions.kept import overrides_in_words
from prescriptions.models import (
    Alert,
    EntryResponse,
    Outcome,
    Override,
    Pause,
    Prescription,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
    Tier,
)
from prescriptions.responses import Colour

LENGTH = timedelta(days=365)
# The colour that speaks for a day is the first of these among its logs.
WORST_FIRST = (Colour.RED, Colour.AMBER, Colour.NO_CHANGE, Colour.GREEN)
TONES: dict[Term, str] = {
    Light.RED: "blocked",
    Light.AMBER: "caution",
    Light.EXPECTED: "caution",
    Light.GREEN: "ok",
    Colour.RED: "blocked",
    Colour.AMBER: "caution",
    Colour.GREEN: "ok",
}


@dataclass(frozen=True)
class Happening:
    """One thing that happened, in words; `tone` colours its word."""

    at: datetime
    title: str
    lines: tuple[str, ...] = ()
    by: str = ""
    word: str = ""
    tone: str = ""
    url: str = ""
    time: str = ""  # as shown; empty where only the day is known


@dataclass(frozen=True)
class Day:
    day: date
    happenings: Sequence[Happening]


@dataclass(frozen=True)
class Story:
    """What happened from the first day to the last, the oldest first."""

    first: date
    last: date
    days: Sequence[Day]


class _When(NamedTuple):
    """The day of a log, and of one in the clinic the name of who wrote it down."""

    day: date
    entered_by: str


@dataclass(frozen=True)
class _Span:
    """The days told of, by the patient's own clock."""

    patient: Patient
    first: date
    last: date

    @property
    def begin(self) -> datetime:
        return end_of_day(self.first - timedelta(days=1), self.patient.zone)

    @property
    def end(self) -> datetime:
        return end_of_day(self.last, self.patient.zone)

    def within(self, *fields: str) -> Q:
        """That one of these times lies inside."""
        asked = Q()
        for field in fields:
            asked |= Q(**{f"{field}__gte": self.begin, f"{field}__lt": self.end})
        return asked


def story_of(patient: Patient, *, until: date) -> Story:
    """The year that ends with this day."""
    span = _Span(patient, until - LENGTH, until)
    told = [
        happening
        for tell in (
            _episodes,
            _screens,
            _flags,
            _conditions,
            _tests,
            _changes,
            _editions,
            _courses,
            _logs,
            _corrections,
            _pauses,
            _alerts,
        )
        for happening in tell(span)
        if span.begin <= happening.at < span.end
    ]
    by_day: dict[date, list[Happening]] = defaultdict(list)
    for happening in sorted(told, key=lambda happening: happening.at):
        by_day[patient.local_date(happening.at)].append(_with_time(happening, patient))
    return Story(span.first, span.last, [Day(day, found) for day, found in by_day.items()])


def _with_time(happening: Happening, patient: Patient) -> Happening:
    if happening.time:
        return happening
    local = happening.at.astimezone(patient.zone)
    return Happening(**{**vars(happening), "time": f"{local:%H:%M}"})


def _episodes(span: _Span) -> Iterator[Happening]:
    episodes = Episode.objects.of_patient(span.patient).select_related("opened_by", "closed_by")
    for episode in episodes.filter(span.within("opened_at", "closed_at")):
        yield Happening(
            episode.opened_at, f"Episode opened: {episode.complaint}", by=str(episode.opened_by)
        )
        if episode.closed_at is not None:
            yield Happening(
                episode.closed_at, f"Episode closed: {episode.complaint}", by=str(episode.closed_by)
            )


def _screens(span: _Span) -> Iterator[Happening]:
    screens = SafetyScreen.objects.of_patient(span.patient).select_related("by")
    for screen in screens.filter(span.within("at")).order_by("pk"):
        yield Happening(
            screen.at,
            "Safety screen",
            (
                *(f"Yes: {BY_CODE[code].for_staff}" for code in screen.answers),
                *_said(screen.remark),
            ),
            by=str(screen.by),
            word="Red flags" if screen.answers else "Nothing found",
            tone="blocked" if screen.answers else "ok",
        )


def _flags(span: _Span) -> Iterator[Happening]:
    for flag in RaisedFlag.objects.of_patient(span.patient).filter(span.within("raised_at")):
        yield Happening(
            flag.raised_at,
            f"Red flag: {BY_CODE[flag.code].for_staff}",
            (f"Raised by: {flag.get_source_display().lower()}",),
            word="Raised",
            tone="blocked",
        )
    clearances = Clearance.objects.of_patient(span.patient).select_related("flag", "recorded_by")
    for clearance in clearances.filter(span.within("recorded_at")):
        yield Happening(
            clearance.recorded_at,
            f"Red flag: {BY_CODE[clearance.flag.code].for_staff}",
            (
                f"Assessed by {clearance.assessed_by} on {_day(clearance.assessed_on)}:"
                f" {clearance.outcome}",
            ),
            by=str(clearance.recorded_by),
            word="Cleared",
            tone="ok",
        )


def _conditions(span: _Span) -> Iterator[Happening]:
    ended = Q(until__range=(span.first, span.last))
    conditions = ConditionOnFile.objects.of_patient(span.patient).select_related("recorded_by")
    for condition in conditions.filter(span.within("recorded_at") | ended):
        yield Happening(
            condition.recorded_at,
            f"Condition on file: {condition}",
            (f"Since {_day(condition.since)}. Source: {condition.source}",),
            by=str(condition.recorded_by),
        )
        if condition.until is not None:
            yield Happening(
                _last_moment(condition.until, span),
                f"Condition ended: {condition}",
                time="Last day",
            )


def _tests(span: _Span) -> Iterator[Happening]:
    tests = DirectionTest.objects.of_patient(span.patient).select_related("by")
    for test in tests.filter(span.within("at")).order_by("pk"):
        light, computed = Light(test.light), Light(test.computed_light)
        seen = f"{During(test.during).label}; {After(test.after).label.lower()} after"
        lines = [seen, test.computed_reason]
        if light is not computed:
            lines.append(f"Computed {computed.label.lower()}, changed: {test.changed_because}")
        yield Happening(
            test.at,
            f"Test: {test}",
            tuple(lines),
            by=str(test.by),
            word=light.label,
            tone=TONES.get(light, ""),
        )


def _changes(span: _Span) -> Iterator[Happening]:
    changes = EpisodeChange.objects.of_patient(span.patient).select_related("by")
    for change in changes.filter(span.within("at")).order_by("pk"):
        was = f" (was {change.before[:1].lower()}{change.before[1:]})" if change.before else ""
        yield Happening(change.at, f"{change}{was}", _said(change.reason), by=str(change.by))


def _editions(span: _Span) -> Iterator[Happening]:
    written: dict[int, list[Override]] = defaultdict(list)
    overrides = Override.objects.of_patient(span.patient).filter(span.within("at"))
    for override in overrides.select_related("prescribed_exercise__exercise_edition").order_by(
        "prescribed_exercise__order", "pk"
    ):
        written[override.edition_id].append(override)
    editions = PrescriptionEdition.objects.of_patient(span.patient).published()
    for edition in editions.filter(span.within("published_at")).order_by("pk"):
        yield Happening(
            cast("datetime", edition.published_at),
            f"Edition {edition.number} published",
            (*_said(edition.reason), *overrides_in_words(written[edition.pk])),
            by=edition.published_by_name,
            url=reverse("prescriptions:edition", args=[edition.pk]),
        )


def _courses(span: _Span) -> Iterator[Happening]:
    courses = Prescription.objects.of_patient(span.patient).select_related("ended_by")
    for course in courses.filter(ended_on__range=(span.first, span.last)):
        yield Happening(
            _last_moment(cast("date", course.ended_on), span),
            "Course ended",
            _said(course.ended_because),
            by=str(course.ended_by),
            time="That day",
        )


def _logs(span: _Span) -> Iterator[Happening]:
    """One line for each day, and one for what was done in the clinic; of a log that was
    corrected, the correction speaks."""
    days = (span.first, span.last)
    outcomes: dict[_When, list[str]] = defaultdict(list)
    last: dict[_When, datetime] = {}
    entries = SessionEntry.objects.of_patient(span.patient).filter(
        log__local_date__range=days, log__corrections=None
    )
    for day, name, done_at, outcome in entries.values_list(
        "log__local_date", "log__entered_by__name", "log__done_at", "outcome"
    ):
        when = _When(day, name or "")
        outcomes[when].append(outcome)
        last[when] = max(done_at, last.get(when, done_at))
    colours: dict[_When, dict[Colour, str]] = defaultdict(dict)
    responses = EntryResponse.objects.of_patient(span.patient).filter(
        entry__log__local_date__range=days, entry__log__corrections=None
    )
    for day, name, colour, reason in responses.latest_of_each().values_list(
        "entry__log__local_date", "entry__log__entered_by__name", "colour", "reason"
    ):
        colours[_When(day, name or "")].setdefault(Colour(colour), reason)
    for when, said in outcomes.items():
        worst = next((colour for colour in WORST_FIRST if colour in colours[when]), None)
        where = "Log in the clinic" if when.entered_by else "Home log"
        yield Happening(
            last[when],
            f"{where}: {said.count(Outcome.DONE)} of {len(said)} done",
            _said(colours[when][worst]) if worst else (),
            by=when.entered_by,
            word=worst.label if worst else "",
            tone=TONES.get(worst, "") if worst else "",
        )


def _corrections(span: _Span) -> Iterator[Happening]:
    """What the patient corrected or took back; the logs themselves are told by day."""
    logs = SessionLog.objects.of_patient(span.patient).exclude(corrects=None)
    for log in logs.filter(span.within("received_at")).order_by("pk"):
        what = "taken back" if log.is_withdrawal else "corrected"
        yield Happening(log.received_at, f"Home log of {_day(log.local_date)} {what}")


def _pauses(span: _Span) -> Iterator[Happening]:
    pauses = Pause.objects.of_patient(span.patient).select_related("exercise__current", "lifted_by")
    for pause in pauses.filter(span.within("since", "lifted_at")).order_by("pk"):
        name = paused_in_words(pause)
        yield Happening(pause.since, name, (pause.because,), word="Paused by a log", tone="blocked")
        if pause.lifted_at is not None:
            yield Happening(
                pause.lifted_at, name, by=str(pause.lifted_by), word="Pause lifted", tone="ok"
            )


def _alerts(span: _Span) -> Iterator[Happening]:
    alerts = Alert.objects.of_patient(span.patient).select_related("opened_by", "closed_by")
    times = span.within("raised_at", "opened_at", "closed_at")
    for alert in alerts.filter(times).order_by("pk"):
        url = reverse("prescriptions:alert", args=[alert.pk])
        withdrawn = _said(alert.withdrawn_because and f"Withdrawn: {alert.withdrawn_because}")
        yield Happening(
            alert.raised_at,
            f"Alert: {alert.message}",
            withdrawn,
            word=Tier(alert.tier).label,
            tone="ok" if alert.tier == Tier.GOOD_NEWS else "caution",
            url=url,
        )
        if alert.opened_at is not None:
            yield Happening(alert.opened_at, "Alert opened", by=str(alert.opened_by), url=url)
        if alert.closed_at is not None:
            yield Happening(
                alert.closed_at,
                "Alert closed",
                (f"Contact: {alert.contact}", f"Decision: {alert.decision}"),
                by=str(alert.closed_by),
                url=url,
            )


def _said(*texts: str) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


def _last_moment(day: date, span: _Span) -> datetime:
    """Where only the day is known, it stands at its end."""
    return end_of_day(day, span.patient.zone) - timedelta(microseconds=1)


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"
