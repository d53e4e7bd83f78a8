"""What a patient and the clinic write to each other: one writer for each act, and what is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Count, F, Max, Min, Value
from django.db.models.functions import Coalesce

from clinics import audit
from clinics.models import User
from clinics.pages import LONGEST_KEY, newest_page
from patients.actions import PatientArchived
from patients.models import Patient
from prescriptions.models import Message, MessagesRead, PrescribedExercise, SessionLog

MESSAGES_PER_PAGE = 20

Subject = SessionLog | PrescribedExercise


class MessagesOff(Exception):
    """The clinic has switched messages off; what was written stays readable."""


@dataclass(frozen=True)
class Thread:
    """A page of messages in the order they are read, the newest last."""

    messages: Sequence[Message]
    older_than: int | None  # the key to ask for next; None where it all begins
    is_newest: bool

    @property
    def up_to(self) -> int:
        """The key of the newest one shown; 0 where there is none."""
        return self.messages[-1].pk if self.messages else 0


@transaction.atomic
def write(
    *,
    patient: Patient,
    text: str,
    client_uuid: UUID,
    at: datetime,
    by: User | Patient,
    about: Subject | None = None,
) -> Message:
    """Add a message; the same words sent again under the same `client_uuid` give the first one.

    Raises PatientArchived or MessagesOff, and then writes nothing.
    """
    Patient.objects.hold(patient.pk)
    writer = by if isinstance(by, User) else None
    # The words are part of the key: a page gone back to and changed must not lose what is new.
    key = uuid5(client_uuid, f"{by.actor.kind}: {text}")
    stored = Message.objects.of_patient(patient).filter(client_uuid=key).first()
    if stored is not None:
        return stored
    _refuse_where_closed(patient)
    message = Message.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        text=text,
        written_at=at,
        written_by=writer,
        written_by_name=writer.name if writer else "",
        log=about if isinstance(about, SessionLog) else None,
        stretch=about if isinstance(about, PrescribedExercise) else None,
        client_uuid=key,
    )
    record = Patient.objects.filter(pk=patient.pk)
    if writer:
        record.update(unread_by_patient=F("unread_by_patient") + 1)
    else:
        record.update(
            unread_by_staff=F("unread_by_staff") + 1,
            waiting_since=Coalesce("waiting_since", Value(at)),
        )
    audit.record(
        clinic_id=patient.clinic_id,
        by=by,
        verb="wrote a message",
        target=message,
        patient_id=patient.pk,
    )
    return message


@transaction.atomic
def mark_read(*, patient: Patient, up_to: int, at: datetime, by: User | Patient) -> None:
    """Note that somebody has read the messages up to the one of this key.

    What came in since stays unread. Nobody reads back: an older key changes nothing, nor does one
    that is no message of this patient.
    """
    Patient.objects.hold(patient.pk)
    if not Message.objects.of_patient(patient).filter(pk=up_to).exists():
        return
    reader = by if isinstance(by, User) else None
    row, is_new = MessagesRead.objects.get_or_create(
        clinic_id=patient.clinic_id,
        patient=patient,
        reader=reader,
        defaults={"up_to_id": up_to, "at": at},
    )
    if not is_new and row.up_to_id < up_to:
        row.up_to_id, row.at = up_to, at
        row.save(update_fields=["up_to", "at"])
    if reader is None:
        _count_for_the_patient(patient, row.up_to_id)
    else:
        _count_for_staff(patient)


def subject(patient: Patient, named: str) -> Subject | None:
    """The log or stretch that an address names, as log-12; None for any other word or patient."""
    kind, _, key = named.partition("-")
    rows = {
        "log": SessionLog.objects.of_patient(patient).not_withdrawals(),
        "stretch": PrescribedExercise.objects.of_patient(patient).published().with_names(),
    }
    if kind not in rows or not key.isdecimal() or len(key) > LONGEST_KEY:
        return None
    found: Subject | None = rows[kind].one(int(key))
    return found


def thread(patient: Patient, *, before: str | None = None) -> Thread:
    """The newest messages, or those older than the key `before`."""
    mine = Message.objects.of_patient(patient).with_subjects()
    page = newest_page(mine, before=before, size=MESSAGES_PER_PAGE)
    return Thread(page.rows[::-1], page.older_than, is_newest=not before)


def readers(patient: Patient) -> list[MessagesRead]:
    """How far each person has read, the last first; the patient's own row has no reader."""
    return list(MessagesRead.objects.of_patient(patient).last_read_first())


def _refuse_where_closed(patient: Patient) -> None:
    open_ = Patient.objects.active().filter(pk=patient.pk)
    has_messages = open_.values_list("clinic__has_messages", flat=True).first()
    if has_messages is None:
        raise PatientArchived
    if not has_messages:
        raise MessagesOff


def _count_for_the_patient(patient: Patient, up_to: int) -> None:
    unread = Message.objects.of_patient(patient).by_staff().after(up_to).count()
    Patient.objects.filter(pk=patient.pk).update(unread_by_patient=unread)


def _count_for_staff(patient: Patient) -> None:
    """Staff read together: what the one who read furthest has read is read."""
    of_staff = MessagesRead.objects.of_patient(patient).by_staff()
    up_to = of_staff.aggregate(furthest=Max("up_to"))["furthest"]
    left = Message.objects.of_patient(patient).by_the_patient().after(up_to)
    waiting = left.aggregate(number=Count("pk"), since=Min("written_at"))
    Patient.objects.filter(pk=patient.pk).update(
        unread_by_staff=waiting["number"], waiting_since=waiting["since"]
    )
