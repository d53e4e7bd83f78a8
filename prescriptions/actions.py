"""Every act on a programme and its logs: one writer for each, whoever calls."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Q

from clinics import audit
from clinics.actors import CanAct
from clinics.models import AuditKind, User
from exercises.dosage import Dosage
from exercises.models import Exercise
from patients.models import Episode, Patient
from prescriptions import checks, facts, watch
from prescriptions.models import (
    KeptFinding,
    Moment,
    Outcome,
    Override,
    PrescribedExercise,
    Prescription,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
    every_day,
)
from prescriptions.phone_time import NO_PHONE, PhoneTime


class AlreadyEnded(Exception):
    """The course ended earlier; nothing changed."""


class NothingPrescribed(Exception):
    """A programme without an exercise cannot be published."""


class AlreadyThere(Exception):
    """The exercise is in the programme already."""


class ReasonMissing(Exception):
    """A second or later edition says what changed and why."""


class NotInThisProgramme(Exception):
    """An entry is about an exercise that this edition does not hold, or the edition is a draft."""


class DraftChanged(Exception):
    """Somebody saved or published the draft in the meantime; nothing was overwritten."""


class LogDiffers(Exception):
    """A log with this key is stored already, and says something else."""


class TooLate(Exception):
    """A log may be corrected or taken back for seven days."""


class AlreadyCorrected(Exception):
    """Another correction stands for this log, or it was taken back."""


class Blocked(Exception):
    """A check forbids the programme as it is."""

    def __init__(self, findings: Sequence[checks.Finding]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings


@dataclass(frozen=True)
class LinePlan:
    """One line as the therapist wants it: which exercise, how much, which days, side and note."""

    exercise: Exercise
    dosage: Dosage
    direction_note: str
    weekdays: Sequence[int]
    side: str
    soon_after_waking: bool = False
    # What is written down to go on despite a finding: by rule, by field.
    recorded: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class EntryReport:
    """What the patient says of one exercise. `pain` has a key for each moment that was asked for,
    with None where the answer was skipped."""

    prescribed_exercise_id: int
    outcome: Outcome
    repetitions: int | None
    pain: dict[Moment, int | None]
    comment: str = ""
    why_not: str = ""
    # Codes of zones on the body map, before and after; then those numb or tingling.
    zones_before: tuple[str, ...] = ()
    zones_after: tuple[str, ...] = ()
    numb_before: tuple[str, ...] = ()
    numb_after: tuple[str, ...] = ()
    feel: str = ""
    ease: str = ""


@transaction.atomic
def start_draft(
    *, patient: Patient, starts_on: date, by: User, at: datetime
) -> PrescriptionEdition:
    """The draft to work on: the one there is, or a new one that begins as the edition in force.

    A new draft takes the newest text of each exercise; the list of changes shows where that is new.
    """
    # Two therapists who begin at once share one draft, and it does not end before this is done.
    Patient.objects.hold(patient.pk)
    prescription = Prescription.objects.of_patient(patient).open().first()
    if prescription is None:
        prescription = Prescription.objects.create(
            clinic_id=patient.clinic_id, patient=patient, prescribed_by=by, created_at=at
        )
        _audit(by, "opened a course", prescription)
    draft = prescription.editions.drafts().first()
    if draft is not None:
        return draft
    last = prescription.editions.published().newest_first().first()
    draft = PrescriptionEdition.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        prescription=prescription,
        number=last.number + 1 if last else 1,
        starts_on=starts_on,
        edited_by=by,
        edited_at=at,
        avoid=last.avoid if last else "",
        if_worse=last.if_worse if last else "",
        pauses_on_red=last.pauses_on_red if last else True,
    )
    if last is not None:
        lines = last.lines.with_exercises().select_related("exercise_edition__exercise__current")
        _write_lines(draft, [plan_of(line) for line in lines])
    _audit(by, "began a draft", draft)
    return draft


@transaction.atomic
def save_draft(
    *,
    draft: PrescriptionEdition,
    version: int,
    lines: Sequence[LinePlan],
    starts_on: date,
    review_on: date | None,
    reason: str,
    by: User,
    at: datetime,
    avoid: str = "",
    if_worse: str = "",
    pauses_on_red: bool = True,
) -> PrescriptionEdition:
    """Store the draft as it is on the page. Raises DraftChanged, and then stores nothing.

    `version` is the one the page began with.
    """
    locked = _locked_draft(draft, version)
    locked.starts_on, locked.review_on, locked.reason = starts_on, review_on, reason
    locked.avoid, locked.if_worse, locked.pauses_on_red = avoid, if_worse, pauses_on_red
    locked.version += 1
    locked.edited_by, locked.edited_at = by, at
    locked.save(
        update_fields=[
            "starts_on",
            "review_on",
            "reason",
            "avoid",
            "if_worse",
            "pauses_on_red",
            "version",
            "edited_by",
            "edited_at",
        ]
    )
    _write_lines(locked, lines)
    _audit(by, "saved a draft", locked, version=locked.version)
    return locked


@transaction.atomic
def add_exercise(
    *, draft: PrescriptionEdition, exercise: Exercise, by: User, at: datetime
) -> PrescriptionEdition:
    """Append one exercise as its own text doses it. Raises AlreadyThere or DraftChanged."""
    lines = [plan_of(line) for line in draft.lines.with_exercises()]
    if any(line.exercise == exercise for line in lines):
        raise AlreadyThere
    text = exercise.text
    added = LinePlan(exercise, text.dosage, text.direction_note, every_day(), text.side)
    return save_draft(
        draft=draft,
        version=draft.version,
        lines=[*lines, added],
        starts_on=draft.starts_on,
        review_on=draft.review_on,
        reason=draft.reason,
        by=by,
        at=at,
        avoid=draft.avoid,
        if_worse=draft.if_worse,
        pauses_on_red=draft.pauses_on_red,
    )


@transaction.atomic
def publish(
    *, draft: PrescriptionEdition, version: int, by: User, at: datetime
) -> PrescriptionEdition:
    """Freeze the draft as the edition in force, with every finding and what was written down.

    Raises DraftChanged, NothingPrescribed, ReasonMissing or Blocked, and then changes nothing.
    """
    locked = _locked_draft(draft, version)
    patient = Patient.objects.with_clinic().get(pk=draft.patient_id)
    lines = list(locked.lines.with_exercises())
    if not lines:
        raise NothingPrescribed
    if locked.number > 1 and not locked.reason.strip():
        raise ReasonMissing
    today = patient.local_date(at)
    findings = facts.findings_of(lines, patient=patient, today=today)
    forbidding = [
        finding
        for line, found in zip(lines, findings, strict=True)
        for finding in (
            checks.unanswered(found, line.recorded)
            or checks.checked_too_late(found, line.recorded, today)
        )
    ]
    if forbidding:
        raise Blocked(forbidding)
    for line, found in zip(lines, findings, strict=True):
        _keep(line, found, by=by, at=at)
    locked.published_at, locked.published_by_name = at, by.name
    locked.save(update_fields=["published_at", "published_by_name"])
    _audit(by, "published an edition", locked, number=locked.number, reason=locked.reason)
    return locked


@transaction.atomic
def discard_draft(*, draft: PrescriptionEdition, version: int, by: CanAct) -> None:
    """Throw the draft away; the edition in force stays. Raises DraftChanged."""
    locked = _locked_draft(draft, version)
    _audit(by, "discarded a draft", locked)
    locked.delete()


@transaction.atomic
def end(*, prescription: Prescription, on: date, because: str, by: User) -> Prescription:
    """End the course once; a second call raises AlreadyEnded and leaves the first date."""
    Patient.objects.hold(prescription.patient_id)
    locked = Prescription.objects.get(pk=prescription.pk)
    if not locked.is_open:
        raise AlreadyEnded
    for draft in locked.editions.drafts():
        discard_draft(draft=draft, version=draft.version, by=by)
    locked.ended_on, locked.ended_by, locked.ended_because = on, by, because
    locked.save(update_fields=["ended_on", "ended_by", "ended_because"])
    _audit(by, "ended a course", locked, because=because)
    return locked


@transaction.atomic
def record_session(
    *,
    edition: PrescriptionEdition,
    entries: Sequence[EntryReport],
    client_uuid: UUID,
    done_at: datetime,
    received_at: datetime,
    by: Patient | User,
    phone: PhoneTime = NO_PHONE,
) -> SessionLog:
    """Store what the patient did, once for each `client_uuid`, however often it is sent.

    By the patient, or by the member of staff who was there when it was done in the clinic; the
    edition then comes with its patient and clinic. `phone` is what the phone's clock said, for a
    log that may have waited there.

    Raises NotInThisProgramme, or LogDiffers when another content is stored under the key.
    """
    patient, entered_by = (by, None) if isinstance(by, Patient) else (edition.patient, by)
    log = SessionLog(
        clinic_id=patient.clinic_id,
        patient=patient,
        edition=edition,
        client_uuid=client_uuid,
        digest=_digest(edition, entries),
        done_at=done_at,
        local_date=patient.local_date(done_at),
        received_at=received_at,
        tapped_at=phone.tapped_at,
        utc_offset=phone.utc_offset,
        is_time_unsure=phone.is_unsure,
        entered_by=entered_by,
    )
    verb = "logged a session in the clinic" if entered_by else "logged a session"
    return _write_log(log, entries, verb=verb, by=by)


@transaction.atomic
def correct_session(
    *,
    log: SessionLog,
    entries: Sequence[EntryReport],
    client_uuid: UUID,
    received_at: datetime,
    by: Patient,
) -> SessionLog:
    """Store what the patient now says of a session, once for each `client_uuid`; the first is kept.

    An alert of the first is withdrawn in the open, for a therapist to close; the correction may
    raise its own. What was paused stays so. Raises TooLate, AlreadyCorrected, NotInThisProgramme
    or LogDiffers.
    """
    correction = SessionLog(
        clinic_id=by.clinic_id,
        patient=by,
        edition=log.edition,
        client_uuid=client_uuid,
        digest=_digest(log.edition, entries),
        done_at=log.done_at,
        local_date=log.local_date,
        received_at=received_at,
        corrects=log,
    )
    return _write_log(correction, entries, verb="corrected a session", by=by)


@transaction.atomic
def withdraw_session(*, log: SessionLog, received_at: datetime, by: Patient) -> SessionLog:
    """Take a log back; it is kept and no longer counts. Taking it back twice changes nothing.

    Raises TooLate or AlreadyCorrected.
    """
    withdrawal = SessionLog(
        clinic_id=by.clinic_id,
        patient=by,
        edition=log.edition,
        client_uuid=uuid5(log.client_uuid, "taken back"),
        digest=_digest(log.edition, []),
        done_at=log.done_at,
        local_date=log.local_date,
        received_at=received_at,
        corrects=log,
        is_withdrawal=True,
    )
    return _write_log(withdrawal, [], verb="took a session back", by=by)


def _write_log(
    log: SessionLog, entries: Sequence[EntryReport], *, verb: str, by: CanAct
) -> SessionLog:
    patient = log.patient
    Patient.objects.hold(patient.pk)
    stored = SessionLog.objects.of_patient(patient).filter(client_uuid=log.client_uuid).first()
    if stored is not None:
        if stored.digest != log.digest:
            raise LogDiffers
        return stored
    lines = {} if log.is_withdrawal else _lines_of(log.edition, entries)
    if log.corrects is not None:
        _stand_for(log, log.corrects)
    log.save(force_insert=True)
    written = SessionEntry.objects.bulk_create(
        _entry(log, report, lines[report.prescribed_exercise_id]) for report in entries
    )
    if _say_where_symptoms_are(patient, entries):
        # The portal's role may not read what the checks need; a log is stored before they run.
        again = partial(watch.recheck_later, patient=patient, at=log.received_at)
        transaction.on_commit(again, robust=True)
    watch.judge(written, patient=patient, at=log.received_at)
    later = Q(last_logged_at=None) | Q(last_logged_at__lt=log.done_at)
    Patient.objects.filter(later, pk=patient.pk).update(last_logged_at=log.done_at)
    _audit(by, verb, log)
    return log


def _stand_for(log: SessionLog, first: SessionLog) -> None:
    if not first.may_be_corrected(log.received_at):
        raise TooLate
    if not SessionLog.objects.of_patient(log.patient).standing().filter(pk=first.pk).exists():
        raise AlreadyCorrected
    what = "took this log back" if log.is_withdrawal else "corrected this log"
    day = log.patient.local_date(log.received_at)
    because = f"The patient {what} on {day:%-d %b %Y}."
    watch.withdraw_alerts(first, because=because, by=log.patient)


def _keep(
    line: PrescribedExercise, findings: Sequence[checks.Finding], *, by: User, at: datetime
) -> None:
    """Keep with the edition what was shown of a line, and what was written down about it."""
    about = {
        "clinic_id": line.clinic_id,
        "patient_id": line.patient_id,
        "edition_id": line.edition_id,
        "prescribed_exercise": line,
    }
    KeptFinding.objects.bulk_create(
        KeptFinding(
            **about,
            rule=finding.rule,
            verdict=finding.verdict,
            message=finding.message[:500],
            facts=list(finding.facts),
            rules_version=checks.VERSION,
            shown_at=at,
        )
        for finding in findings
    )
    for rule in dict.fromkeys(finding.rule for finding in findings):
        override = Override.objects.create(
            **about, rule=rule, recorded=line.recorded[rule], by=by, at=at
        )
        audit.record_as(
            AuditKind.OVERRIDE,
            clinic_id=line.clinic_id,
            by=by,
            verb="went on despite a finding",
            target=override,
            patient_id=line.patient_id,
            detail={"rule": rule},
        )


def plan_of(line: PrescribedExercise) -> LinePlan:
    """A stored line, as it would be planned again."""
    return LinePlan(
        exercise=line.exercise_edition.exercise,
        dosage=line.dosage,
        direction_note=line.direction_note,
        weekdays=line.weekdays,
        side=line.side,
        soon_after_waking=line.soon_after_waking,
    )


def _locked_draft(draft: PrescriptionEdition, version: int) -> PrescriptionEdition:
    Patient.objects.hold(draft.patient_id)
    locked = PrescriptionEdition.objects.drafts().filter(pk=draft.pk).first()
    if locked is None or locked.version != version:
        raise DraftChanged
    return locked


def _write_lines(draft: PrescriptionEdition, lines: Sequence[LinePlan]) -> None:
    draft.lines.all().delete()
    PrescribedExercise.objects.bulk_create(
        PrescribedExercise(
            clinic_id=draft.clinic_id,
            patient_id=draft.patient_id,
            edition=draft,
            exercise_edition=line.exercise.text,
            order=order,
            weekdays=sorted(set(line.weekdays)) or every_day(),
            side=line.side,
            direction_note=line.direction_note,
            soon_after_waking=line.soon_after_waking,
            recorded={rule: dict(written) for rule, written in line.recorded.items()},
            **line.dosage.as_fields(),
        )
        for order, line in enumerate(lines, start=1)
    )


def _lines_of(
    edition: PrescriptionEdition, entries: Sequence[EntryReport]
) -> dict[int, PrescribedExercise]:
    lines = {line.pk: line for line in edition.lines.all()}
    named = [report.prescribed_exercise_id for report in entries]
    is_ours = bool(named) and set(named) <= set(lines) and len(named) == len(set(named))
    if edition.is_draft or not is_ours:
        raise NotInThisProgramme
    return lines


def _say_where_symptoms_are(patient: Patient, entries: Sequence[EntryReport]) -> bool:
    """Keep with the open episode where symptoms are now; False if the log does not say."""
    marked = [report for report in entries if report.zones_before or report.zones_after]
    if not marked:
        return False
    now = sorted({code for report in marked for code in report.zones_after})
    return bool(Episode.objects.of_patient(patient).open().update(zones_now=now))


def _entry(log: SessionLog, report: EntryReport, line: PrescribedExercise) -> SessionEntry:
    return SessionEntry(
        clinic_id=log.clinic_id,
        patient_id=log.patient_id,
        log=log,
        prescribed_exercise=line,
        outcome=report.outcome,
        repetitions=report.repetitions,
        pain_skipped=[str(moment) for moment, pain in report.pain.items() if pain is None],
        comment=report.comment,
        why_not=report.why_not,
        zones_before=list(report.zones_before),
        zones_after=list(report.zones_after),
        numb_before=list(report.numb_before),
        numb_after=list(report.numb_after),
        feel=report.feel,
        ease=report.ease,
        **{f"pain_{moment}": pain for moment, pain in report.pain.items()},
    )


def _digest(edition: PrescriptionEdition, entries: Sequence[EntryReport]) -> str:
    content = [edition.pk, *(asdict(report) for report in entries)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _audit(
    by: CanAct, verb: str, target: Prescription | PrescriptionEdition | SessionLog, **detail: object
) -> None:
    audit.record(
        clinic_id=target.clinic_id,
        by=by,
        verb=verb,
        target=target,
        patient_id=target.patient_id,
        **detail,
    )
