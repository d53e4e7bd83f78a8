"""What staff do on the first page: patients done, snoozed, brought back; and saved filters."""

from datetime import date, datetime

from django.db import transaction

from clinics import audit
from clinics.models import Clinic, User
from patients.models import Patient
from prescriptions import messaging
from prescriptions.models import Message, PutAside, SavedFilter

MOST_FILTERS = 20  # of one person in one clinic


class ReasonMissing(Exception):
    """A patient is snoozed with a reason."""


class NotAhead(Exception):
    """A patient is snoozed until a day that is to come."""


class TooMany(Exception):
    """So many filters cannot be told apart any more."""


@transaction.atomic
def done(*, patient: Patient, seen_at: datetime, by: User, at: datetime) -> PutAside:
    """Answer what stood on the page at `seen_at`: it comes back when there is something new.

    Messages that were written by then are read. An open alert stays: it is closed with its note.
    """
    Patient.objects.hold(patient.pk)
    seen_at = min(seen_at, at)
    newest = PutAside.objects.newest_of(patient)
    if newest is not None and newest.act == PutAside.Act.DONE and newest.done_at == seen_at:
        return newest
    waiting = Message.objects.of_patient(patient).by_the_patient().filter(written_at__lte=seen_at)
    up_to = waiting.order_by("-pk").values_list("pk", flat=True).first()
    if up_to is not None:
        messaging.mark_read(patient=patient, up_to=up_to, at=at, by=by)
    return _put(patient, PutAside.Act.DONE, "dealt with a patient", by=by, at=at, done_at=seen_at)


@transaction.atomic
def snooze(*, patient: Patient, until: date, because: str, by: User, at: datetime) -> PutAside:
    """Put a patient aside until the morning of a day; what was done before stays done.

    Raises ReasonMissing or NotAhead.
    """
    if not because.strip():
        raise ReasonMissing
    if until <= patient.local_date(at):
        raise NotAhead
    Patient.objects.hold(patient.pk)
    newest = PutAside.objects.newest_of(patient)
    if newest is not None and (newest.until, newest.because) == (until, because):
        return newest
    return _put(
        patient,
        PutAside.Act.SNOOZED,
        "snoozed a patient",
        by=by,
        at=at,
        until=until,
        because=because,
        done_at=newest.done_at if newest else None,
    )


@transaction.atomic
def bring_back(*, patient: Patient, by: User, at: datetime) -> None:
    """Take back what was done or snoozed; doing it twice changes nothing."""
    Patient.objects.hold(patient.pk)
    newest = PutAside.objects.newest_of(patient)
    if newest is not None and newest.act != PutAside.Act.BACK:
        _put(patient, PutAside.Act.BACK, "brought a patient back", by=by, at=at)


@transaction.atomic
def save_filter(*, clinic: Clinic, name: str, who: str, tag: str, by: User) -> SavedFilter:
    """Keep a choice under a name; the same name again means the newer choice. Raises TooMany."""
    mine = SavedFilter.objects.of(clinic).of_user(by)
    mine.filter(name=name).delete()
    if mine.count() >= MOST_FILTERS:
        raise TooMany
    kept = SavedFilter.objects.create(clinic=clinic, user=by, name=name, who=who, tag=tag)
    audit.record(clinic_id=clinic.pk, by=by, verb="saved a filter", target=kept, name=name)
    return kept


@transaction.atomic
def forget_filter(*, kept: SavedFilter, by: User) -> None:
    audit.record(
        clinic_id=kept.clinic_id, by=by, verb="forgot a filter", target=kept, name=kept.name
    )
    kept.delete()


def _put(
    patient: Patient, act: PutAside.Act, verb: str, *, by: User, at: datetime, **fields: object
) -> PutAside:
    row = PutAside(clinic_id=patient.clinic_id, patient=patient, act=act, by=by, at=at, **fields)
    row.save(force_insert=True)
    until = {"until": row.until.isoformat(), "because": row.because} if row.until else {}
    audit.record(
        clinic_id=patient.clinic_id,
        by=by,
        verb=verb,
        target=row,
        patient_id=patient.pk,
        **until,
    )
    return row
