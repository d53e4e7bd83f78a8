"""Every act on the records of remote monitoring: one writer for each, whoever calls."""

from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from django.db import transaction

from clinics import audit, tenancy
from clinics.actors import SYSTEM, CanAct
from clinics.models import AuditKind, Membership, User
from patients.actions import PatientArchived
from patients.models import Patient
from prescriptions.actions import AlreadyCorrected
from prescriptions.models import (
    LONGEST_STRETCH,
    LiveContact,
    MonitoringConsent,
    MonitoringRecord,
    MonitoringSetup,
    WorkTime,
    WorkTimer,
)
from prescriptions.monitoring.minutes import cut_off

RecordT = TypeVar("RecordT", bound=MonitoringRecord)
OF_EVERY_ENTRY = frozenset({"id", *(field.name for field in MonitoringRecord._meta.get_fields())})


class MonitoringOff(Exception):
    """The clinic keeps no records of remote monitoring."""


@transaction.atomic
def record_consent(
    *,
    patient: Patient,
    kind: str,
    on: date,
    way: str,
    given_by: str,
    wording: str,
    client_uuid: UUID,
    by: User,
    at: datetime,
    corrects: MonitoringConsent | None = None,
    reason: str = "",
) -> MonitoringConsent:
    """Store that consent was given or withdrawn; sent again with the same words, once.

    Like all that follow: a correction names the entry it stands for, and says why. Raises
    MonitoringOff, PatientArchived or AlreadyCorrected, and then writes nothing.
    """
    said = {"kind": kind, "on": on, "way": way, "given_by": given_by, "wording": wording}
    entry = MonitoringConsent(**said, corrects=corrects, reason=reason)
    return _write(entry, patient, said, client_uuid, "recorded consent to monitoring", by, at)


@transaction.atomic
def record_setup(
    *,
    patient: Patient,
    on: date,
    done_by: User,
    what: str,
    windows_from: date | None,
    client_uuid: UUID,
    by: User,
    at: datetime,
    corrects: MonitoringSetup | None = None,
    reason: str = "",
) -> MonitoringSetup:
    """Store that the portal was set up and taught; `windows_from` fixes the first day of the
    first 30-day window."""
    said = {"on": on, "done_by": done_by, "what": what, "windows_from": windows_from}
    entry = MonitoringSetup(**said, corrects=corrects, reason=reason)
    return _write(entry, patient, said, client_uuid, "recorded set-up for monitoring", by, at)


@transaction.atomic
def record_time(
    *,
    patient: Patient,
    user: User,
    credential: str,
    started_at: datetime,
    stopped_at: datetime,
    what: str,
    client_uuid: UUID,
    by: User,
    at: datetime,
    corrects: WorkTime | None = None,
    reason: str = "",
) -> WorkTime:
    """Store a stretch of time as typed in."""
    said = {
        "user": user,
        "credential": credential,
        "started_at": started_at,
        "stopped_at": stopped_at,
        "what": what,
    }
    entry = WorkTime(**said, how=WorkTime.How.TYPED, corrects=corrects, reason=reason)
    return _write(entry, patient, said, client_uuid, "recorded time of monitoring", by, at)


@transaction.atomic
def record_contact(
    *,
    patient: Patient,
    at_moment: datetime,
    minutes: int,
    way: str,
    whom: str,
    user: User,
    what: str,
    client_uuid: UUID,
    by: User,
    at: datetime,
    corrects: LiveContact | None = None,
    reason: str = "",
) -> LiveContact:
    """Store that staff and the patient or a caregiver spoke with each other."""
    said = {
        "at": at_moment,
        "minutes": minutes,
        "way": way,
        "whom": whom,
        "user": user,
        "what": what,
    }
    entry = LiveContact(**said, corrects=corrects, reason=reason)
    return _write(entry, patient, said, client_uuid, "recorded a live contact", by, at)


@transaction.atomic
def take_back(
    *, entry: RecordT, patient: Patient, reason: str, client_uuid: UUID, by: User, at: datetime
) -> RecordT:
    """Say that what was written never happened. It is kept and no longer counts."""
    said = {
        field.name: getattr(entry, field.name)
        for field in entry._meta.concrete_fields
        if field.name not in OF_EVERY_ENTRY
    }
    empty = type(entry)(**said, corrects=entry, reason=reason, is_taken_back=True)
    verb = "took back a record of monitoring"
    return _write(empty, patient, {"taken back": entry.pk}, client_uuid, verb, by, at)


@transaction.atomic
def start_timer(*, patient: Patient, credential: str, by: User, at: datetime) -> WorkTimer:
    """Begin to count time; where a timer runs already, that one. One for another patient ends.

    Raises MonitoringOff or PatientArchived.
    """
    at = at.replace(microsecond=0)  # whole seconds add up
    running = _timer_of(patient.clinic_id, by)
    if running is not None and running.patient_id == patient.pk and not _is_over(running, at):
        return running
    if running is not None:
        _end(running, at, by=by)
    _refuse_where_closed(patient)
    timer = WorkTimer.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        user=by,
        credential=credential,
        started_at=at,
        active_at=at,
        idle_minutes=patient.clinic.thresholds.timer_idle_minutes,
        client_uuid=uuid4(),
    )
    _audit(timer, "started a timer", by)
    return timer


@transaction.atomic
def stop_timer(
    *, clinic_id: int, by: User, at: datetime, what: str = ""
) -> tuple[WorkTimer | None, WorkTime | None]:
    """End the person's timer: which one ran, and the entry made of it.

    Neither where none runs, and no entry where no time was shown by a sign of work.
    """
    running = _timer_of(clinic_id, by)
    return running, _end(running, at, what=what, by=by) if running is not None else None


@transaction.atomic
def keep_timer(*, patient: Patient, by: User, at: datetime) -> WorkTimer | None:
    """Note a sign of work on this patient's pages: the timer that runs, None once it has ended.

    A timer for another patient is left as it is.
    """
    running = _timer_of(patient.clinic_id, by)
    if running is None or running.patient_id != patient.pk:
        return running
    if _is_over(running, at):
        _end(running, at, by=by)
        return None
    running.active_at = max(at.replace(microsecond=0), running.active_at)
    running.save(update_fields=["active_at"])
    return running


def end_idle_timers(*, clinic_id: int, at: datetime) -> int:
    """End the timers of a clinic that nobody has touched for longer than their cut-off: how many.

    Runs in transactions of its own.
    """
    with tenancy.inside(clinic_id):
        running = WorkTimer.objects.filter(clinic=clinic_id).select_related("user")
        people = [timer.user for timer in running if _is_over(timer, at)]
    for user in people:
        with tenancy.inside(clinic_id):
            timer = _timer_of(clinic_id, user)
            if timer is not None and _is_over(timer, at):
                _end(timer, at, by=SYSTEM)
    return len(people)


def note_report(*, patient: Patient, month: date, form: str, by: User) -> None:
    """Leave a line that somebody took a month's records away with them."""
    audit.record_as(
        AuditKind.EXPORT,
        clinic_id=patient.clinic_id,
        by=by,
        verb="printed the records of monitoring",
        target=patient,
        patient_id=patient.pk,
        detail={"month": f"{month:%Y-%m}", "as": form},
    )


def _write(
    entry: RecordT,
    patient: Patient,
    said: dict[str, Any],
    client_uuid: UUID,
    verb: str,
    by: User,
    at: datetime,
) -> RecordT:
    Patient.objects.hold(patient.pk)
    # What was said is part of the key: a page gone back to and changed must not lose what is new.
    told = {name: getattr(value, "pk", value) for name, value in said.items()}
    key = uuid5(client_uuid, f"{entry.corrects_id} {entry.reason} {told}")
    kind: Any = type(entry)
    stored: RecordT | None = kind.objects.of_patient(patient).filter(client_uuid=key).first()
    if stored is not None:
        return stored
    _refuse_where_closed(patient)
    if entry.corrects and kind.objects.filter(corrects=entry.corrects).exists():
        raise AlreadyCorrected
    entry.clinic_id, entry.patient_id = patient.clinic_id, patient.pk
    entry.recorded_by, entry.recorded_at, entry.client_uuid = by, at, key
    entry.save(force_insert=True)
    corrected = {"corrects": entry.corrects_id, "reason": entry.reason} if entry.corrects else {}
    _audit(entry, verb, by, **corrected)
    return entry


def _refuse_where_closed(patient: Patient) -> None:
    open_ = Patient.objects.active().filter(pk=patient.pk)
    is_on = open_.values_list("clinic__has_remote_monitoring", flat=True).first()
    if is_on is None:
        raise PatientArchived
    if not is_on:
        raise MonitoringOff


def _timer_of(clinic_id: int, user: User) -> WorkTimer | None:
    """The running timer; whoever starts or stops it does so one after the other."""
    members = Membership.objects.select_for_update(no_key=True)
    members.filter(clinic=clinic_id, user=user).first()
    return WorkTimer.objects.filter(clinic=clinic_id, user=user).select_related("patient").first()


def _is_over(timer: WorkTimer, at: datetime) -> bool:
    return cut_off(active_at=timer.active_at, now=at, idle=_idle(timer))[1]


def _idle(timer: WorkTimer) -> timedelta:
    return timedelta(minutes=timer.idle_minutes)


def _end(timer: WorkTimer, at: datetime, *, by: CanAct, what: str = "") -> WorkTime | None:
    now = at.replace(microsecond=0)
    ends, is_idle = cut_off(active_at=timer.active_at, now=now, idle=_idle(timer))
    if ends <= timer.started_at:
        _audit(timer, "ended a timer without time", by)
        timer.delete()
        return None
    time = WorkTime.objects.create(
        clinic_id=timer.clinic_id,
        patient_id=timer.patient_id,
        user_id=timer.user_id,
        credential=timer.credential,
        started_at=timer.started_at,
        stopped_at=min(ends, timer.started_at + LONGEST_STRETCH),
        how=WorkTime.How.IDLE if is_idle else WorkTime.How.BUTTON,
        idle_minutes=timer.idle_minutes,
        what=what,
        recorded_by_id=timer.user_id,
        recorded_at=at,
        client_uuid=timer.client_uuid,
    )
    timer.delete()
    _audit(time, "stopped a timer", by)
    return time


def _audit(row: MonitoringRecord | WorkTimer, verb: str, by: CanAct, **detail: object) -> None:
    audit.record(
        clinic_id=row.clinic_id,
        by=by,
        verb=verb,
        target=row,
        patient_id=row.patient_id,
        **detail,
    )
