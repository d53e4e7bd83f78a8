"""Gathers what the checks have to know, in at most four queries whatever the history."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from exercises.content import Statement
from exercises.models import ExerciseEdition
from exercises.vocabulary import Demand, Direction, Range, Region
from patients.bodymap import reach, zones
from patients.conditions import Condition
from patients.episodes import Phase
from patients.lights import After, During, Light
from patients.models import ConditionOnFile, DirectionTest, Episode, Patient, RaisedFlag
from patients.redflags import BY_CODE
from prescriptions.checks import (
    Finding,
    Load,
    OnFile,
    Paused,
    Planned,
    Record,
    Tested,
    check,
    way,
)
from prescriptions.models import Pause, PrescribedExercise


def record_of(patient: Patient, *, today: date) -> Record:
    """The patient as the checks see them on this day."""
    latest = Episode.objects.of_patient(patient).with_safety().newest_first().first()
    known = Record(
        today=today,
        conditions=tuple(
            OnFile(Condition(one.condition), one.since, one.source)
            for one in ConditionOnFile.objects.of_patient(patient).on(today)
        ),
        paused=tuple(
            _paused(pause, patient) for pause in Pause.objects.of_patient(patient).in_force()
        ),
        test_valid_days=patient.clinic.thresholds.test_valid_days,
    )
    if latest is None:
        # Before the first episode nothing was tested; a flag may have been raised in the portal.
        flags = RaisedFlag.objects.of_patient(patient).open().values_list("code", flat=True)
        return replace(known, open_flags=_in_words(list(flags)))
    episode = latest if latest.closed_at is None else None
    known = replace(
        known,
        open_flags=_in_words(latest.open_flags),
        # A red test of an episode that is closed stays red: only a newer test replaces it.
        tests={
            way(Region(test.region), Direction(test.direction)): _tested(test, episode, patient)
            for test in DirectionTest.objects.of_patient(patient).latest_of_each()
        },
    )
    if episode is None:
        return known
    return replace(
        known,
        screened_on=patient.local_date(episode.screened_at) if episode.screened_at else None,
        phase=Phase(episode.phase),
        preference=way(*episode.preference) if episode.preference else None,
        reach=reach(zones(episode.zones_now)),
    )


def findings_of(
    lines: Sequence[PrescribedExercise], *, patient: Patient, today: date
) -> list[list[Finding]]:
    """What the checks say of each stored line, on this day."""
    programme = [
        planned(
            line.exercise_edition,
            hold_seconds=line.hold_seconds,
            soon_after_waking=line.soon_after_waking,
        )
        for line in lines
    ]
    return check(programme, record_of(patient, today=today))


def planned(
    text: ExerciseEdition,
    *,
    hold_seconds: int,
    soon_after_waking: bool = False,
    with_companion: bool = True,
) -> Planned:
    """One exercise as the checks see it; its companion as its own text doses it."""
    companion = text.companion if with_companion else None
    return Planned(
        code=text.exercise.code,
        name=text.name,
        loads=tuple(
            Load(Region(load.region), Direction(load.direction), Range(load.range))
            for load in text.loads.all()
        ),
        demands=frozenset(Demand(demand) for demand in text.demands),
        hold_seconds=hold_seconds,
        max_hold_seconds=text.max_hold_seconds,
        hold_message=Statement.parse(text.hold_message).text,
        soon_after_waking=soon_after_waking,
        companion=planned(
            companion.text, hold_seconds=companion.text.hold_seconds, with_companion=False
        )
        if companion is not None and companion.current_id is not None
        else None,
        companion_is_optional=text.companion_optional,
    )


def _tested(test: DirectionTest, episode: Episode | None, patient: Patient) -> Tested:
    return Tested(
        light=Light(test.light),
        on=patient.local_date(test.at),
        during=During(test.during).label.lower(),
        after=After(test.after).label.lower(),
        is_overtaken=episode is None or episode.overtakes(test),
    )


def _paused(pause: Pause, patient: Patient) -> Paused:
    return Paused(
        on=patient.local_date(pause.since),
        # Read in the middle of a sentence.
        because=pause.because[:1].lower() + pause.because[1:].rstrip("."),
        code=pause.exercise.code if pause.exercise else "",
        way=way(Region(pause.region), Direction(pause.direction)) if pause.region else None,
    )


def _in_words(codes: list[str]) -> tuple[str, ...]:
    return tuple(BY_CODE[code].for_staff for code in codes)
