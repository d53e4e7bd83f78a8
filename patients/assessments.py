"""Every act of assessing a patient: episodes, screens, flags, conditions, direction tests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID, uuid4, uuid5

from django.db import IntegrityError, transaction
from django.db.models import Model

from clinics import audit
from clinics.actors import CanAct
from clinics.models import User
from exercises.vocabulary import Direction, Region
from patients import lights
from patients.bodymap import movement, zones
from patients.conditions import Condition
from patients.dates import end_of_day
from patients.episodes import Event, Phase
from patients.lights import Light, Loading, Series, TestPosition
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
from patients.signals import facts_changed


class EpisodeIsOpen(Exception):
    """One episode at a time; close the open one first."""


class EpisodeIsClosed(Exception):
    """The episode ended; nothing is added to it."""


class AlreadyCleared(Exception):
    """Somebody has cleared this flag; the first clearance stands."""


class AlreadyOnFile(Exception):
    """The condition is on file and has not ended."""


class ReasonMissing(Exception):
    """A light that differs from the computed one says why."""


@dataclass(frozen=True)
class Tested:
    """One direction test as it was done and seen. Pain is 0–10, amount repetitions or seconds."""

    region: Region
    direction: Direction
    position: TestPosition
    loading: Loading
    amount: int
    series: Series
    baseline_pain: int | None = None
    zones_before: Sequence[str] = ()
    zones_after: Sequence[str] = ()
    recheck: str = ""


@transaction.atomic
def open_episode(
    *, patient: Patient, complaint: str, onset_on: date | None, by: User, at: datetime
) -> Episode:
    """Begin an episode, in the phase of assessment. Raises EpisodeIsOpen."""
    Patient.objects.hold(patient.pk)
    try:
        with transaction.atomic():
            episode = Episode.objects.create(
                clinic_id=patient.clinic_id,
                patient=patient,
                complaint=complaint,
                onset_on=onset_on,
                opened_at=at,
                opened_by=by,
            )
    except IntegrityError as error:
        if "one_open_episode" not in str(error):
            raise
        raise EpisodeIsOpen from error
    _audit(by, "opened an episode", episode)
    _changed(patient, "a new episode", by, at)
    return episode


@transaction.atomic
def close_episode(*, episode: Episode, by: User, at: datetime) -> Episode:
    """End an episode; its record stays. Raises EpisodeIsClosed."""
    locked = _locked(episode)
    locked.closed_at, locked.closed_by = at, by
    locked.save(update_fields=["closed_at", "closed_by"])
    _audit(by, "closed an episode", locked)
    _changed(locked.patient, "the episode was closed", by, at)
    return locked


@transaction.atomic
def record_screen(
    *,
    episode: Episode,
    answers: Sequence[str],
    remark: str,
    by: User,
    at: datetime,
    client_uuid: UUID | None = None,
) -> SafetyScreen:
    """Store the safety screen; every yes raises a flag that stays open until it is cleared.

    The same screen sent again with the same `client_uuid` gives the first one.
    """
    locked = _locked(episode)
    said = sorted(set(answers))
    screen, is_new = SafetyScreen.objects.get_or_create(
        clinic_id=locked.clinic_id,
        patient_id=locked.patient_id,
        episode=locked,
        client_uuid=_key(client_uuid, said, remark),
        defaults={"answers": said, "remark": remark, "at": at, "by": by},
    )
    if not is_new:
        return screen
    raise_flags(
        patient=locked.patient, codes=screen.answers, source=RaisedFlag.Source.SCREEN, at=at, by=by
    )
    _audit(by, "recorded a safety screen", screen, yes=len(screen.answers))
    _changed(locked.patient, "a safety screen", by, at)
    return screen


def raise_flags(
    *,
    patient: Patient,
    codes: Sequence[str],
    source: RaisedFlag.Source,
    at: datetime,
    by: CanAct,
) -> list[RaisedFlag]:
    """Raise a flag for each answer. The caller tells of the changed facts."""
    raised = [
        RaisedFlag.objects.create(
            clinic_id=patient.clinic_id, patient=patient, code=code, source=source, raised_at=at
        )
        for code in codes
    ]
    for flag in raised:
        _audit(by, "raised a red flag", flag, code=flag.code)
    return raised


@transaction.atomic
def clear_flag(
    *,
    flag: RaisedFlag,
    assessed_by: str,
    assessed_on: date,
    outcome: str,
    by: User,
    at: datetime,
) -> Clearance:
    """Document who assessed a flag and what came out. Raises AlreadyCleared."""
    Patient.objects.hold(flag.patient_id)
    try:
        with transaction.atomic():
            clearance = Clearance.objects.create(
                clinic_id=flag.clinic_id,
                patient_id=flag.patient_id,
                flag=flag,
                assessed_by=assessed_by,
                assessed_on=assessed_on,
                outcome=outcome,
                recorded_by=by,
                recorded_at=at,
            )
    except IntegrityError as error:
        if "flag_cleared_once" not in str(error):
            raise
        raise AlreadyCleared from error
    _audit(by, "cleared a red flag", flag, assessed_by=assessed_by)
    episode = Episode.objects.of_patient(flag.patient).open().first()
    if episode is not None:
        # What was tested while a red flag was open has to be tested again.
        _unsettle(episode, Event.FLAG_CLEARED, on=flag.patient.local_date(at), by=by, at=at)
    _changed(flag.patient, "a red flag was cleared", by, at)
    return clearance


@transaction.atomic
def record_condition(
    *,
    patient: Patient,
    condition: Condition,
    since: date,
    source: str,
    by: User,
    at: datetime,
) -> ConditionOnFile:
    """Put a condition on file, with its source. Raises AlreadyOnFile."""
    Patient.objects.hold(patient.pk)
    try:
        with transaction.atomic():
            on_file = ConditionOnFile.objects.create(
                clinic_id=patient.clinic_id,
                patient=patient,
                condition=condition,
                since=since,
                source=source,
                recorded_by=by,
                recorded_at=at,
            )
    except IntegrityError as error:
        if "condition_open_once" not in str(error):
            raise
        raise AlreadyOnFile from error
    _audit(by, "put a condition on file", on_file, condition=str(condition))
    _changed(patient, f"condition on file: {condition.label}", by, at)
    return on_file


@transaction.atomic
def end_condition(
    *, on_file: ConditionOnFile, until: date, by: User, at: datetime
) -> ConditionOnFile:
    """Note the last day a condition held; ending it twice leaves the first date."""
    Patient.objects.hold(on_file.patient_id)
    if ConditionOnFile.objects.filter(pk=on_file.pk, until=None).update(until=until):
        _audit(by, "ended a condition", on_file, until=str(until))
        _changed(on_file.patient, f"condition ended: {on_file}", by, at)
    on_file.refresh_from_db(fields=["until"])
    return on_file


@transaction.atomic
def record_test(
    *,
    episode: Episode,
    tested: Tested,
    settles_within: int,
    by: User,
    at: datetime,
    light: Light | None = None,
    because: str = "",
    client_uuid: UUID | None = None,
) -> DirectionTest:
    """Store a direction test with its computed light; `light` changes it, with a reason.

    `settles_within` is in minutes. The same test sent again with the same `client_uuid` gives the
    first one. Raises ReasonMissing or EpisodeIsClosed.
    """
    locked = _locked(episode)
    reading = reading_of(
        tested.series,
        before=tested.zones_before,
        after=tested.zones_after,
        settles_within=settles_within,
    )
    decided = light or reading.light
    if decided is not reading.light and not because.strip():
        raise ReasonMissing
    test, is_new = DirectionTest.objects.get_or_create(
        clinic_id=locked.clinic_id,
        patient_id=locked.patient_id,
        episode=locked,
        client_uuid=_key(client_uuid, tested, decided, because),
        defaults={
            "region": tested.region,
            "direction": tested.direction,
            "position": tested.position,
            "loading": tested.loading,
            "amount": tested.amount,
            "baseline_pain": tested.baseline_pain,
            "zones_before": list(tested.zones_before),
            "zones_after": list(tested.zones_after),
            "during": tested.series.during,
            "after": tested.series.after,
            "settle_minutes": tested.series.settle_minutes,
            "rom": tested.series.rom,
            "neuro": tested.series.neuro,
            "dysfunction": tested.series.dysfunction,
            "recheck": tested.recheck,
            "computed_light": reading.light,
            "computed_reason": reading.reason,
            "rules_version": lights.VERSION,
            "light": decided,
            "changed_because": because if decided is not reading.light else "",
            "at": at,
            "by": by,
        },
    )
    if not is_new:
        return test
    if tested.zones_before or tested.zones_after:
        locked.zones_now = list(tested.zones_after)
        locked.save(update_fields=["zones_now"])
    _audit(by, "recorded a direction test", test, light=str(decided))
    _changed(locked.patient, f"a test of {str(test).lower()}: {decided.label.lower()}", by, at)
    return test


def reading_of(
    series: Series, *, before: Sequence[str], after: Sequence[str], settles_within: int
) -> lights.Reading:
    """The computed light of a test, with where its zones moved from `before` to `after`."""
    moved = movement(zones(before), zones(after)) if before or after else None
    return lights.light(replace(series, movement=moved), settles_within=settles_within)


@transaction.atomic
def change_phase(*, episode: Episode, phase: Phase, reason: str, by: User, at: datetime) -> Episode:
    """Move the episode to another phase; the same phase changes nothing."""
    locked = _locked(episode)
    if locked.phase == phase:
        return locked
    _note(locked, EpisodeChange.What.PHASE, Phase(locked.phase).label, phase.label, reason, by, at)
    locked.phase = phase
    locked.save(update_fields=["phase"])
    _changed(locked.patient, f"phase: {phase.label.lower()}", by, at)
    return locked


@transaction.atomic
def set_preference(
    *,
    episode: Episode,
    preference: tuple[Region, Direction] | None,
    reason: str,
    by: User,
    at: datetime,
) -> Episode:
    """Confirm the directional preference, or take it back with None."""
    locked = _locked(episode)
    if locked.preference == preference:
        return locked
    before = locked.preference_in_words or "none"
    region, direction = preference or ("", "")
    locked.preferred_region, locked.preferred_direction = region, direction
    locked.save(update_fields=["preferred_region", "preferred_direction"])
    after = locked.preference_in_words or "none"
    _note(locked, EpisodeChange.What.PREFERENCE, before, after, reason, by, at)
    _changed(locked.patient, f"directional preference: {after.lower()}", by, at)
    return locked


@transaction.atomic
def note_event(
    *, episode: Episode, event: Event, on: date, reason: str, by: User, at: datetime
) -> Episode:
    """Note what makes every test but a red one old at once (3.3); twice, and it changes nothing."""
    locked = _locked(episode)
    if EpisodeChange.objects.of_episode(locked).events(_in_words(event, on), reason).exists():
        # Tests done since must not be overtaken by a form that was sent twice.
        return locked
    _unsettle(locked, event, on=on, by=by, at=at, reason=reason)
    _changed(locked.patient, event.label.lower(), by, at)
    return locked


def _unsettle(
    episode: Episode, event: Event, *, on: date, by: User, at: datetime, reason: str = ""
) -> None:
    _note(episode, EpisodeChange.What.EVENT, "", _in_words(event, on), reason, by, at)
    moment = min(at, end_of_day(on, episode.patient.zone))
    episode.unsettled_at = max(moment, episode.unsettled_at or moment)
    episode.save(update_fields=["unsettled_at"])


def _in_words(event: Event, on: date) -> str:
    return f"{event.label} on {on:%-d %b %Y}"


def _note(
    episode: Episode,
    what: EpisodeChange.What,
    before: str,
    after: str,
    reason: str,
    by: User,
    at: datetime,
) -> None:
    change = EpisodeChange.objects.create(
        clinic_id=episode.clinic_id,
        patient_id=episode.patient_id,
        episode=episode,
        what=what,
        before=before,
        after=after,
        reason=reason,
        at=at,
        by=by,
    )
    _audit(by, f"changed an episode: {what.label.lower()}", change, before=before, after=after)


def _key(client_uuid: UUID | None, *what: object) -> UUID:
    # What was said is part of the key: a page gone back to and changed must not lose what is new.
    return uuid5(client_uuid, repr(what)) if client_uuid else uuid4()


def _locked(episode: Episode) -> Episode:
    Patient.objects.hold(episode.patient_id)
    locked = Episode.objects.select_related("patient__clinic").get(pk=episode.pk)
    if locked.closed_at is not None:
        raise EpisodeIsClosed
    return locked


def _changed(patient: Patient, because: str, by: CanAct, at: datetime) -> None:
    facts_changed.send(sender=Patient, patient=patient, because=because, by=by, at=at)


def _audit(by: CanAct, verb: str, target: Model, **detail: object) -> None:
    audit.record(
        clinic_id=target.clinic_id,  # type: ignore[attr-defined]
        by=by,
        verb=verb,
        target=target,
        patient_id=target.patient_id,  # type: ignore[attr-defined]
        **detail,
    )
