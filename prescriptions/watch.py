"""What follows from a log or a changed fact: responses, pauses, alerts, and their closing."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from clinics import audit
from clinics.actors import SYSTEM, CanAct
from clinics.models import User
from clinics.tenancy import inside
from clinics.thresholds import Thresholds
from exercises.vocabulary import Direction, Region, Role
from patients import assessments
from patients.bodymap import Zone, zones
from patients.dates import morning_after
from patients.models import Patient, RaisedFlag
from patients.redflags import BY_CODE, Urgency, most_urgent
from prescriptions import checks, responses
from prescriptions.facts import findings_of
from prescriptions.models import (
    Alert,
    EntryResponse,
    FollowUp,
    FollowUpAnswer,
    KeptFinding,
    Later,
    Pause,
    PrescribedExercise,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
    Tier,
)
from prescriptions.responses import Colour, Ease, Feel, Limits, Report, Response


class AlreadyClosed(Exception):
    """A colleague closed this alert; their note stands."""


class NoteMissing(Exception):
    """An alert is closed with how the patient was reached and with a decision."""


class AlreadyAnswered(Exception):
    """The question was answered; the first answer stands."""


# What a log leads to.


def judge(
    entries: Sequence[SessionEntry], *, patient: Patient, at: datetime
) -> list[EntryResponse]:
    """Say what each entry means, ask again where it was worse, pause and alert where it must be.

    The entries come with their prescribed exercises; the patient with the clinic.
    """
    limits = limits_of(patient.clinic.thresholds)
    told = [(entry, report_of(entry)) for entry in entries]
    given = [(entry, report, responses.response(report, limits)) for entry, report in told]
    stored = EntryResponse.objects.bulk_create(
        _response_row(entry, response, at) for entry, _, response in given
    )
    _ask_again([entry for entry, _, response in given if not response.is_final], patient)
    for entry, report, response in given:
        _act_on(entry, report, response, limits=limits, patient=patient, at=at)
        if response.colour is Colour.GREEN:
            _tell_good_news(entry, patient=patient, at=at)
    return stored


@transaction.atomic
def answer(*, follow_up: FollowUp, still_worse: bool, at: datetime, by: Patient) -> FollowUpAnswer:
    """Store what the patient says when asked again, and judge the entry anew.

    Raises AlreadyAnswered.
    """
    Patient.objects.hold(by.pk)
    try:
        with transaction.atomic():
            answered = FollowUpAnswer.objects.create(
                clinic_id=by.clinic_id,
                patient=by,
                follow_up=follow_up,
                still_worse=still_worse,
                answered_at=at,
            )
    except IntegrityError as error:
        if "answered_once" not in str(error):
            raise
        raise AlreadyAnswered from error
    entry = follow_up.entry
    report = report_of(entry, answers=_answers(entry))
    limits = limits_of(by.clinic.thresholds)
    response = responses.response(report, limits)
    _response_row(entry, response, at).save(force_insert=True)
    _act_on(entry, report, response, limits=limits, patient=by, at=at)
    return answered


@transaction.atomic
def report_injury(*, patient: Patient, at: datetime) -> None:
    """What a patient says of a fall or an injury before a log: an alert, once a day."""
    raise_alert(
        patient=patient,
        tier=Tier.SOON,
        about=f"injury on {patient.local_date(at)}",
        message="Patient reported a fall or an injury. Tests from before it may be worthless.",
        at=at,
    )


@transaction.atomic
def report_red_flags(*, patient: Patient, codes: Sequence[str], at: datetime) -> list[RaisedFlag]:
    """What a patient ticks on the first screen of a log: raise the flags and the alert.

    A flag that is open is not raised again, so that sending it twice changes nothing.
    """
    Patient.objects.hold(patient.pk)
    open_codes = set(RaisedFlag.objects.of_patient(patient).open().values_list("code", flat=True))
    codes = [code for code in codes if code not in open_codes]
    raised = assessments.raise_flags(
        patient=patient, codes=codes, source=RaisedFlag.Source.PORTAL, at=at, by=patient
    )
    urgency = most_urgent(codes)
    if urgency is not None:
        said = "; ".join(BY_CODE[code].for_patients for code in codes)
        is_emergency = urgency is Urgency.EMERGENCY
        raise_alert(
            patient=patient,
            tier=Tier.EMERGENCY if is_emergency else Tier.URGENT,
            about=f"red flags at {at.isoformat()}",
            message=(
                f"Patient chose an emergency item: {said}."
                if is_emergency
                else f"Patient was told to call a doctor or the clinic today: {said}."
            ),
            at=at,
        )
    return raised


@transaction.atomic
def note_understood(*, by: Patient) -> None:
    """Keep in the audit trail that the patient has read what to do about their open red flags."""
    for flag in RaisedFlag.objects.of_patient(by).open().only("pk", "clinic", "patient"):
        audit.record(
            clinic_id=by.clinic_id,
            by=by,
            verb="read what to do about a red flag",
            target=flag,
            patient_id=by.pk,
        )


def report_of(entry: SessionEntry, answers: tuple[bool | None, ...] = ()) -> Report:
    """An entry as the rules of responses read it."""
    return Report(
        before=entry.pain_before,
        during=entry.pain_during,
        after=entry.pain_after,
        zones_before=_zones(entry.zones_before),
        zones_after=_zones(entry.zones_after),
        numb_before=_zones(entry.numb_before),
        numb_after=_zones(entry.numb_after),
        feel=Feel(entry.feel) if entry.feel else None,
        ease=Ease(entry.ease) if entry.ease else None,
        still_worse=answers,
    )


def limits_of(thresholds: Thresholds) -> Limits:
    """The clinic's numbers that a log is judged by."""
    return Limits(
        change_that_counts=thresholds.change_that_counts,
        too_much_during=thresholds.too_much_pain_during,
        alarming_after=thresholds.alarming_pain_after,
    )


# Pauses.


@transaction.atomic
def lift(*, pause: Pause, by: User, at: datetime) -> None:
    """Let a paused exercise or direction go on; lifting it twice changes nothing."""
    if Pause.objects.in_force().filter(pk=pause.pk).update(lifted_at=at, lifted_by=by):
        _audit(by, "lifted a pause", pause)


# Alerts.


def raise_alert(
    *,
    patient: Patient,
    tier: Tier,
    about: str,
    message: str,
    at: datetime,
    entry: SessionEntry | None = None,
) -> bool:
    """Raise an alert, unless one about the same is open. Returns whether it is new."""
    try:
        with transaction.atomic():
            alert = Alert(
                clinic_id=patient.clinic_id,
                patient=patient,
                tier=tier,
                about=about[:120],
                message=message[:500],
                raised_at=at,
                entry=entry,
            )
            alert.save(force_insert=True)
    except IntegrityError as error:
        if "alert_open_once" not in str(error):
            raise
        return False
    _audit(SYSTEM, "raised an alert", alert, tier=int(tier))
    return True


def withdraw_alerts(log: SessionLog, *, because: str, by: Patient) -> None:
    """Say on each open alert of a log why it no longer stands; a therapist still closes it."""
    of_log = Alert.objects.of_patient(by).open().filter(entry__log=log)
    for alert in of_log.only("pk", "clinic", "patient"):
        Alert.objects.filter(pk=alert.pk).update(withdrawn_because=because)
        _audit(by, "withdrew an alert", alert, because=because)


@transaction.atomic
def open_alert(*, alert: Alert, by: User, at: datetime) -> None:
    """Stop the clock: somebody is looking. The first to open it is named."""
    if Alert.objects.open().filter(pk=alert.pk, opened_at=None).update(opened_at=at, opened_by=by):
        _audit(by, "opened an alert", alert)


@transaction.atomic
def close_alert(
    *,
    alert: Alert,
    contact: str,
    decision: str,
    by: User,
    at: datetime,
    lifting: Sequence[Pause] = (),
) -> Alert:
    """Close an alert with how the patient was reached and what was decided, and lift pauses.

    Raises NoteMissing, or AlreadyClosed, and then the first note stands and nothing is lifted.
    """
    if not contact.strip() or not decision.strip():
        raise NoteMissing
    locked = Alert.objects.select_for_update().get(pk=alert.pk)
    if locked.closed_at is not None:
        raise AlreadyClosed
    if locked.opened_at is None:
        locked.opened_at, locked.opened_by = at, by
    locked.closed_at, locked.closed_by = at, by
    locked.contact, locked.decision = contact, decision
    locked.save(
        update_fields=["opened_at", "opened_by", "closed_at", "closed_by", "contact", "decision"]
    )
    _audit(by, "closed an alert", locked, decision=decision)
    for pause in lifting:
        lift(pause=pause, by=by, at=at)
    return locked


def recheck(*, patient: Patient, because: str, at: datetime) -> list[checks.Finding]:
    """Check the programme again, in force or to come; what became blocked raises an alert.

    Nothing is changed in the programme: that is the therapist's.
    """
    today = patient.local_date(at)
    editions = PrescriptionEdition.objects.of_patient(patient).with_lines()
    now, later = editions.in_force_on(today).first(), editions.upcoming_on(today).first()
    return [
        finding
        for edition in (now, later)
        if edition is not None
        for finding in _check_again(edition, patient=patient, because=because, at=at)
    ]


def _check_again(
    edition: PrescriptionEdition, *, patient: Patient, because: str, at: datetime
) -> list[checks.Finding]:
    today = patient.local_date(at)
    lines = list(edition.lines.all())
    # What was written down against an older fact does not answer a newer one.
    known = {
        (kept.prescribed_exercise_id, kept.rule, tuple(kept.facts))
        for kept in KeptFinding.objects.of_edition(edition)
    }
    blocked: dict[tuple[str, str], list[tuple[PrescribedExercise, checks.Finding]]] = {}
    for line, found in zip(lines, findings_of(lines, patient=patient, today=today), strict=True):
        is_paused = any(finding.rule == _TOLD_BY_ITS_LOG for finding in found)
        least = checks.Verdict.STOP if is_paused else checks.Verdict.BLOCKED
        for finding in found:
            is_known = (line.pk, finding.rule, finding.facts) in known
            if finding.verdict >= least and not is_known:
                blocked.setdefault((finding.rule, finding.message), []).append((line, finding))
    # What one rule says of several exercises alike is one alert, not one for each.
    for (rule, said), held in blocked.items():
        raise_alert(
            patient=patient,
            tier=Tier.SOON,
            about=f"edition {edition.pk}: {rule} on {', '.join(found.code for _, found in held)}",
            message=f"After {because}: {', '.join(line.name for line, _ in held)}. {said}",
            at=at,
        )
    return [finding for held in blocked.values() for _, finding in held]


def recheck_later(*, patient: Patient, at: datetime) -> None:
    """Check again after a home log, in a transaction of its own and with the clinic's rights."""
    with inside(patient.clinic_id):
        found = Patient.objects.with_clinic().get(pk=patient.pk)
        recheck(patient=found, because="a home log", at=at)


def _act_on(
    entry: SessionEntry,
    report: Report,
    response: Response,
    *,
    limits: Limits,
    patient: Patient,
    at: datetime,
) -> None:
    if not responses.is_alarming(report, response, limits):
        return
    line = entry.prescribed_exercise
    raise_alert(
        patient=patient,
        tier=Tier.SOON,
        about=f"log entry {entry.pk}",
        message=f"{line.name}: {response.reason}{_besides(report, limits)}",
        at=at,
        entry=entry,
    )
    if not line.edition.pauses_on_red:
        return
    because = _besides(report, limits).strip() or response.reason
    _pause(entry, because=because, at=at, exercise=True)
    if responses.pauses_the_direction(report, _red_entries_before(entry, patient), response):
        _pause(entry, because=because, at=at, exercise=False)


def _tell_good_news(entry: SessionEntry, *, patient: Patient, at: datetime) -> None:
    """Raise the good news when the last logs of an exercise were green in a row (tier 4)."""
    in_a_row = patient.clinic.thresholds.good_logs_in_a_row
    line = entry.prescribed_exercise
    exercise = line.exercise_edition.exercise_id
    about = f"good news on exercise {exercise}"
    told = Alert.objects.of_patient(patient).filter(about=about).order_by("-pk")
    last_told = told.values_list("entry__log__done_at", flat=True).first()
    given = EntryResponse.objects.of_patient(patient).of_exercise(exercise)
    newest = given.after(last_told).newest_of_each()[:in_a_row]
    colours = [Colour(response.colour) for response in newest]
    if responses.is_good_news(colours, in_a_row):
        raise_alert(
            patient=patient,
            tier=Tier.GOOD_NEWS,
            about=about,
            message=f"{line.name}: better in {in_a_row} logs in a row."
            " Consider progress or a phase review.",
            at=at,
            entry=entry,
        )


def _pause(entry: SessionEntry, *, because: str, at: datetime, exercise: bool) -> None:
    line = entry.prescribed_exercise
    text = line.exercise_edition
    ways: Iterable[tuple[str, str]] = [("", "")]
    if not exercise:
        ways = [
            (load.region, load.direction)
            for load in text.loads.all()
            if load.role == Role.PRIMARY and load.direction not in _NO_WAY
        ]
    for region, direction in ways:
        try:
            with transaction.atomic():
                pause = Pause(
                    clinic_id=entry.clinic_id,
                    patient_id=entry.patient_id,
                    exercise_id=text.exercise_id if exercise else None,
                    region=region,
                    direction=direction,
                    entry=entry,
                    because=because[:300],
                    since=at,
                )
                pause.save(force_insert=True)
        except IntegrityError as error:
            if "paused_once" not in str(error):
                raise
        else:
            _audit(SYSTEM, "paused by the therapist's rule", pause)


def is_paused(line: PrescribedExercise, pauses: Iterable[Pause]) -> bool:
    """Whether a line of the programme is paused, itself or by its direction."""
    ways = ways_of(line)
    return any(
        pause.exercise_id == line.exercise_edition.exercise_id
        if pause.exercise_id
        else (rolled(pause.region).value, pause.direction) in ways
        for pause in pauses
    )


def ways_of(line: PrescribedExercise) -> frozenset[tuple[str, str]]:
    """Region and direction of each load of a line, as a pause of a direction names them."""
    loads = line.exercise_edition.loads.all()
    return frozenset((rolled(load.region).value, str(load.direction)) for load in loads)


def rolled(region: str) -> Region:
    """The region under which the checks and the pauses know this one."""
    return checks.way(Region(region), Direction.NONE)[0]


# What is paused is being looked at: the log that paused it raised an alert of its own.
_TOLD_BY_ITS_LOG = "V5"
_NO_WAY = (Direction.NONE, Direction.NEUTRAL)


def _besides(report: Report, limits: Limits) -> str:
    if report.after is not None and report.after >= limits.alarming_after:
        return f" Pain after was {report.after} of 10."
    if responses.spread_down_the_leg(report):
        return " Symptoms spread below the knee."
    if responses.other_leg(report):
        return " Symptoms came up in the other leg."
    return ""


def _red_entries_before(entry: SessionEntry, patient: Patient) -> int:
    """How many earlier logs of the same exercise in this course were red."""
    return (
        EntryResponse.objects.of_patient(patient)
        .of_exercise(entry.prescribed_exercise.exercise_edition.exercise_id)
        .of_course(entry.prescribed_exercise.edition.prescription_id)
        .filter(colour=Colour.RED)
        .exclude(entry=entry)
        .values("entry")
        .distinct()
        .count()
    )


def _ask_again(entries: Sequence[SessionEntry], patient: Patient) -> None:
    hours = timedelta(hours=patient.clinic.thresholds.asked_again_after_hours)
    FollowUp.objects.bulk_create(
        FollowUp(
            clinic_id=entry.clinic_id,
            patient_id=entry.patient_id,
            entry=entry,
            asked=asked,
            due_at=due_at,
        )
        for entry in entries
        for asked, due_at in (
            (Later.TWO_HOURS, entry.log.done_at + hours),
            (Later.NEXT_MORNING, morning_after(entry.log.done_at, patient.zone)),
        )
    )


def _answers(entry: SessionEntry) -> tuple[bool | None, ...]:
    """What was answered when asked again, in the order of asking; None where it was not yet."""
    given = {
        answered.follow_up_id: answered.still_worse
        for answered in FollowUpAnswer.objects.of_entry(entry)
    }
    asked = FollowUp.objects.filter(clinic_id=entry.clinic_id, entry=entry).order_by("due_at")
    return tuple(given.get(follow_up.pk) for follow_up in asked)


def _response_row(entry: SessionEntry, response: Response, at: datetime) -> EntryResponse:
    return EntryResponse(
        clinic_id=entry.clinic_id,
        patient_id=entry.patient_id,
        entry=entry,
        colour=response.colour,
        movement=response.movement,
        reason=response.reason,
        is_final=response.is_final,
        rules_version=responses.VERSION,
        at=at,
    )


def _zones(codes: Sequence[str]) -> tuple[Zone, ...]:
    return tuple(zones(codes))


def _audit(by: CanAct, verb: str, target: Alert | Pause, **detail: object) -> None:
    audit.record(
        clinic_id=target.clinic_id,
        by=by,
        verb=verb,
        target=target,
        patient_id=target.patient_id,
        **detail,
    )
