"""Alerts and pauses, gathered and put into the words that pages show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from clinics.models import Clinic
from patients.bodymap import zones
from patients.models import Patient
from prescriptions.models import (
    Alert,
    EntryResponse,
    FollowUp,
    Pause,
    SessionEntry,
    Tier,
)

MINUTES_PER_HOUR, HOURS_PER_DAY = 60, 24
# From here on days say more than hours.
MOST_HOURS = 48


@dataclass(frozen=True)
class AlertRow:
    """One alert on a list, with how long it has waited."""

    alert: Alert
    now: datetime

    @property
    def waited(self) -> str:
        """From raised to opened; to now while nobody has opened it."""
        return elapsed(self.alert.raised_at, self.alert.opened_at or self.now)


@dataclass(frozen=True)
class PausedThing:
    """A pause and what it pauses, in words."""

    pause: Pause
    name: str


@dataclass(frozen=True)
class LogBehind:
    """The entry of a log that raised an alert, with what the rules said of it."""

    entry: SessionEntry
    response: EntryResponse | None
    asked_again: Sequence[tuple[str, str]]

    @property
    def places(self) -> list[tuple[str, str]]:
        """Where it was and is, in words."""
        marked = (
            ("Symptoms before", self.entry.zones_before),
            ("Symptoms after", self.entry.zones_after),
            ("Numb or tingling before", self.entry.numb_before),
            ("Numb or tingling after", self.entry.numb_after),
        )
        anywhere = any(codes for _, codes in marked)
        return [
            (what, ", ".join(zone.label for zone in zones(codes)) or "nowhere marked")
            for what, codes in marked
            if codes or (anywhere and what.startswith("Symptoms"))
        ]


def elapsed(since: datetime, until: datetime) -> str:
    """A span of time as it is read on a clock: 12 min, 3 h 20 min, 4 days 2 h."""
    minutes = max(0, int((until - since).total_seconds() // 60))
    hours, rest = divmod(minutes, MINUTES_PER_HOUR)
    if hours >= MOST_HOURS:
        days, hours = divmod(hours, HOURS_PER_DAY)
        return f"{days} days {hours} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def rows(alerts: Iterable[Alert], *, now: datetime) -> list[AlertRow]:
    return [AlertRow(alert, now) for alert in alerts]


def open_alerts(clinic: Clinic, *, tier: Tier | None = None) -> QuerySet[Alert]:
    """The clinic's open alerts, of one tier or of all."""
    found = Alert.objects.of(clinic).open().select_related("patient", "opened_by")
    return found if tier is None else found.filter(tier=tier)


def open_alerts_of(patient: Patient) -> QuerySet[Alert]:
    """The patient's open alerts, the most urgent first, and of those the oldest."""
    found = Alert.objects.of_patient(patient).open().select_related("opened_by")
    return found.order_by("tier", "raised_at", "pk")


def log_behind(alert: Alert) -> LogBehind | None:
    """What the patient logged, for an alert that a log raised."""
    if alert.entry_id is None:
        return None
    entry = (
        SessionEntry.objects.of_patient(alert.patient)
        .with_names()
        .select_related("log")
        .get(pk=alert.entry_id)
    )
    said = EntryResponse.objects.of_patient(alert.patient).filter(entry=entry)
    asked = FollowUp.objects.of_patient(alert.patient).filter(entry=entry)
    return LogBehind(
        entry=entry,
        response=said.latest_of_each().first(),
        asked_again=[
            (follow_up.get_asked_display(), _answered(follow_up))
            for follow_up in asked.prefetch_related("answers").order_by("due_at")
        ],
    )


def pauses_of(patient: Patient) -> list[PausedThing]:
    """What is paused for the patient, the oldest first."""
    in_force = Pause.objects.of_patient(patient).in_force()
    found = in_force.select_related("exercise__current").order_by("since", "pk")
    return [PausedThing(pause, paused_in_words(pause)) for pause in found]


def paused_in_words(pause: Pause) -> str:
    """One exercise by its name, or every stretch in one direction, whatever its range."""
    if pause.exercise is not None:
        return str(pause.exercise)
    return f"All {pause.get_region_display()} {pause.get_direction_display()}".capitalize()


def _answered(follow_up: FollowUp) -> str:
    (*_, answer) = (None, *follow_up.answers.all())
    if answer is None:
        return "not answered"
    return "still worse" if answer.still_worse else "settled"
