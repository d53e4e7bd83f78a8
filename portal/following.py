"""What follows from a log and what is paused, in the patient's words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from patients.bodymap import Movement
from patients.models import Patient
from portal.today import Turn
from prescriptions import responses, watch
from prescriptions.models import (
    Alert,
    FollowUp,
    Pause,
    PrescribedExercise,
    SessionEntry,
    SessionLog,
)
from prescriptions.responses import Limits


@dataclass(frozen=True)
class Stretch:
    """A line of the programme as the page Today shows it; `why_paused` is empty when it is on."""

    line: PrescribedExercise
    turn: Turn
    why_paused: str = ""
    # The log that paused it, and whether a therapist has looked at it and left the pause.
    paused_on: date | None = None
    is_kept_paused: bool = False


@dataclass(frozen=True)
class Consequence:
    """What one entry of a log has led to."""

    entry: SessionEntry
    why: str
    is_looked_at: bool
    is_paused: bool
    is_way_paused: bool
    is_asked_again: bool


def stretches(
    lines: Iterable[PrescribedExercise],
    turns: Mapping[int, Turn],
    pauses: Sequence[Pause],
    limits: Limits,
) -> list[Stretch]:
    """The lines in their order, each with where it stands today and why it is paused, if it is."""
    found = []
    for line in lines:
        held = [pause for pause in pauses if watch.is_paused(line, [pause])]
        # What waits to be looked at says more than what somebody has looked at.
        pause = min(held, key=lambda pause: pause.is_looked_at, default=None)
        found.append(
            Stretch(
                line,
                turns[line.pk],
                why_paused=why(pause.entry, limits),
                paused_on=pause.entry.log.local_date,
                is_kept_paused=pause.is_looked_at,
            )
            if pause
            else Stretch(line, turns[line.pk])
        )
    return found


def pauses_of(patient: Patient) -> list[Pause]:
    """What is paused for the patient now, each with the entry that led to it."""
    mine = Pause.objects.of_patient(patient).in_force().with_looks()
    return list(mine.select_related("exercise", "entry__log"))


def consequences(log: SessionLog, patient: Patient, limits: Limits) -> list[Consequence]:
    """What the entries of a log have led to; those that led to nothing are left out."""
    of_entry = {"clinic": OuterRef("clinic"), "entry": OuterRef("pk")}
    pauses = Pause.objects.in_force().filter(**of_entry)
    entries = (
        SessionEntry.objects.of_patient(patient)
        .filter(log=log)
        .with_names()
        .annotate(
            is_looked_at=Exists(Alert.objects.filter(**of_entry)),
            is_paused=Exists(pauses),
            is_way_paused=Exists(pauses.filter(exercise=None)),
            is_asked_again=Exists(FollowUp.objects.filter(**of_entry, answers=None)),
        )
    )
    return [
        Consequence(
            entry,
            why(entry, limits),
            is_looked_at=entry.is_looked_at,
            is_paused=entry.is_paused,
            is_way_paused=entry.is_way_paused,
            is_asked_again=entry.is_asked_again,
        )
        for entry in entries
        if entry.is_looked_at or entry.is_asked_again
    ]


def why(entry: SessionEntry, limits: Limits) -> str:
    """What in the patient's own log was worse."""
    report = watch.report_of(entry)
    if responses.spread_down_the_leg(report):
        return _("It went down below your knee.")
    if responses.new_or_worse_numbness(report):
        return _("You marked new or more numbness or tingling.")
    if responses.movement_of(report) is Movement.PERIPHERALISING:
        return _("It moved further away from your back.")
    if report.after is not None and report.after >= limits.alarming_after:
        return _("Your pain after was %(after)d of 10.") % {"after": report.after}
    if responses.rose(report, limits):
        pain = {"before": report.before, "after": report.after}
        return _("Your pain went from %(before)d to %(after)d.") % pain
    return _("You felt worse after it.")
