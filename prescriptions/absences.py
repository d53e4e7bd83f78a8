"""What is taken out of the plan: days away, and what was paused or stopped. Acts and gathering."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import CharField, Q, Value

from clinics import audit
from clinics.models import User
from patients.models import Patient, RaisedFlag
from prescriptions.adherence import Break, Why
from prescriptions.models import Absence, AbsenceReason, Pause
from prescriptions.models.logs import around
from prescriptions.watch import rolled


class AlreadyCorrected(Exception):
    """A colleague corrected this absence or took it back; what they wrote stands."""


@transaction.atomic
def record(
    *,
    patient: Patient,
    first_day: date,
    last_day: date,
    reason: AbsenceReason,
    remark: str,
    client_uuid: UUID,
    by: User,
    at: datetime,
    corrects: Absence | None = None,
) -> Absence:
    """Take these days, both included, out of the plan; the same key again changes nothing.

    With `corrects` it stands for an earlier absence, which is kept. Raises AlreadyCorrected.
    """
    return _write(
        Absence(
            clinic_id=patient.clinic_id,
            patient=patient,
            first_day=first_day,
            last_day=last_day,
            reason=reason,
            remark=remark,
            client_uuid=client_uuid,
            corrects=corrects,
            written_by=by,
            written_at=at,
        ),
        verb="corrected an absence" if corrects else "recorded an absence",
        by=by,
    )


@transaction.atomic
def take_back(*, absence: Absence, client_uuid: UUID, by: User, at: datetime) -> Absence:
    """Say that the absence was none; it is kept and counts no more. Raises AlreadyCorrected."""
    return _write(
        Absence(
            clinic_id=absence.clinic_id,
            patient_id=absence.patient_id,
            first_day=absence.first_day,
            last_day=absence.last_day,
            reason=absence.reason,
            client_uuid=client_uuid,
            corrects=absence,
            is_withdrawal=True,
            written_by=by,
            written_at=at,
        ),
        verb="took back an absence",
        by=by,
    )


def breaks_of(patient: Patient, first: date, last: date) -> list[Break]:
    """What is taken out of this patient's plan on these days, in three queries."""
    return list(breaks_of_each([patient], first, last)[patient.pk])


def breaks_of_each(
    patients: Sequence[Patient], first: date, last: date
) -> Mapping[int, Sequence[Break]]:
    """The same for many patients of one clinic, by their keys; still one query."""
    begin_at, end_at = around(first, last)
    pauses = Pause.objects.filter(patient__in=patients, since__lt=end_at).filter(
        Q(lifted_at=None) | Q(lifted_at__gte=begin_at)
    )
    absences = Absence.objects.standing().between(first, last).filter(patient__in=patients)
    flags = RaisedFlag.objects.filter(patient__in=patients, raised_at__lt=end_at).filter(
        Q(clearances=None) | Q(clearances__recorded_at__gte=begin_at)
    )
    # Side by side; what one kind does not have is empty. Pauses and absences name every type.
    rows = pauses.values_list(
        Value(Why.PAUSED.value), "patient", *_nothing(2), "since", "lifted_at", "exercise",
        "region", "direction",
    ).union(
        absences.values_list("reason", "patient", "first_day", "last_day", *_nothing(5)),
        flags.values_list(
            Value(Why.STOPPED.value), "patient", *_nothing(2), "raised_at",
            "clearances__recorded_at", *_nothing(3),
        ),
        all=True,
    )  # fmt: skip
    zones = {patient.pk: patient for patient in patients}
    found: dict[int, list[Break]] = defaultdict(list)
    for said, whose, first_day, last_day, since, until, exercise, region, direction in rows:
        why = Why(said)
        if since is None:
            found[whose].append(Break(why, first_day, last_day))
            continue
        way = (rolled(region).value, direction) if why is Why.PAUSED and exercise is None else None
        found[whose].append(
            _by_the_hour(why, zones[whose], since, until, exercise=exercise, way=way)
        )
    order = list(Why)
    for breaks in found.values():
        breaks.sort(key=lambda one: (order.index(one.why), one.first, one.last))
    return found


def _nothing(columns: int) -> list[Value]:
    return [Value(None, output_field=CharField())] * columns


def _by_the_hour(
    why: Why,
    patient: Patient,
    since: datetime,
    until: datetime | None,
    *,
    exercise: int | None = None,
    way: tuple[str, str] | None = None,
) -> Break:
    """A break by the patient's own dates; its first and last day are taken out in part."""
    first = patient.local_date(since)
    last = date.max if until is None else patient.local_date(until)
    return Break(why, first, last, exercise, way, partly=frozenset({first, last}))


def _write(absence: Absence, *, verb: str, by: User) -> Absence:
    try:
        with transaction.atomic():
            absence.save(force_insert=True)
    except IntegrityError as error:
        if "absence_once" in str(error):
            return Absence.objects.get(patient=absence.patient_id, client_uuid=absence.client_uuid)
        if "absence_corrected_once" in str(error):
            raise AlreadyCorrected from error
        raise
    audit.record(
        clinic_id=absence.clinic_id, by=by, verb=verb, target=absence, patient_id=absence.patient_id
    )
    return absence
