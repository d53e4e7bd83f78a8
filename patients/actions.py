"""Every act on a patient's record and on the patient's way into the portal."""

import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

from django.db import IntegrityError, transaction

from clinics import audit, tenancy, tokens
from clinics.actors import CanAct
from clinics.models import Clinic, User
from clinics.tokens import hash_of as hash_of
from patients import codes
from patients.models import (
    Device,
    Invitation,
    Note,
    Patient,
    PatientModel,
    search_name_of,
)

INVITATION_LASTS = timedelta(days=14)
# Written once a day at most: a read of the portal should not cost a write.
SEEN_AGAIN_AFTER = timedelta(days=1)


class RecordNumberTaken(Exception):
    """Another patient of the clinic has this record number."""


class SamePerson(Exception):
    """Patients of the same name and birth date are here already."""

    def __init__(self, patients: Sequence[Patient]) -> None:
        super().__init__()
        self.patients = patients


class PatientArchived(Exception):
    """The patient has to be restored first."""


class InvitationRefused(Exception):
    """The link was used, revoked, is past its time, or never was."""


class Credentials(NamedTuple):
    """What the patient's browser keeps, and sends with every request."""

    clinic_id: int
    patient_id: int
    secret: str

    def is_same_person(self, other: "Credentials") -> bool:
        return self[:2] == other[:2]


@transaction.atomic
def record_patient(
    *, clinic: Clinic, by: CanAct, other_than: Collection[int] = (), **fields: object
) -> Patient:
    """Add a patient to the clinic. Raises SamePerson or RecordNumberTaken, and then writes nothing.

    `other_than` holds the keys of patients who share name and birth date and are somebody else.
    """
    patient = Patient(clinic=clinic, **fields)
    patient.search_name = search_name_of(patient.name)
    _refuse_same_person(patient, other_than)
    with _record_number_once():
        patient.save(force_insert=True)
    _audit(patient, by, "recorded a patient")
    return patient


@transaction.atomic
def correct_patient(
    *, patient: Patient, by: CanAct, other_than: Collection[int] = (), **fields: object
) -> Patient:
    """Change the named fields; what is the same already is not written.

    Raises SamePerson or RecordNumberTaken like `record_patient`, and then writes nothing.
    """
    stored = Patient.objects.select_for_update(no_key=True, of=("self",)).with_clinic()
    patient = stored.get(pk=patient.pk)
    before = {
        name: getattr(patient, name)
        for name, value in fields.items()
        if getattr(patient, name) != value
    }
    if not before:
        return patient
    for name in before:
        setattr(patient, name, fields[name])
    patient.search_name = search_name_of(patient.name)
    if not before.keys().isdisjoint({"name", "birth_date"}):
        _refuse_same_person(patient, other_than)
    with _record_number_once():
        patient.save(update_fields=[*before, "search_name"])
    changed = {name: [_plain(old), _plain(fields[name])] for name, old in before.items()}
    _audit(patient, by, "corrected a patient's record", changed=changed)
    return patient


@transaction.atomic
def choose_language(*, patient: Patient, language: str, by: CanAct) -> None:
    """Keep in which language the patient reads; empty means what their phone asks for."""
    if Patient.objects.filter(pk=patient.pk).exclude(language=language).update(language=language):
        _audit(patient, by, "chose a language", changed={"language": [patient.language, language]})


@transaction.atomic
def archive(*, patient: Patient, at: datetime, by: CanAct) -> Patient:
    """Take the patient off the lists and close their portal; doing it twice changes nothing."""
    if Patient.objects.active().filter(pk=patient.pk).update(archived_at=at):
        Invitation.objects.of_patient(patient).not_used().update(revoked_at=at)
        _audit(patient, by, "archived a patient")
    patient.refresh_from_db(fields=["archived_at"])
    return patient


@transaction.atomic
def restore(*, patient: Patient, by: CanAct) -> Patient:
    """Put an archived patient back on the lists, with the phones they had."""
    if Patient.objects.archived().filter(pk=patient.pk).update(archived_at=None):
        _audit(patient, by, "restored a patient")
    patient.refresh_from_db(fields=["archived_at"])
    return patient


@transaction.atomic
def write_note(
    *, patient: Patient, text: str, by: User, at: datetime, client_uuid: UUID | None = None
) -> Note:
    """Add a note; the same text sent again with the same `client_uuid` gives the first one."""
    # The text is part of the key: a page gone back to and changed must not lose what is new.
    key = uuid5(client_uuid, text) if client_uuid else uuid4()
    note, is_new = Note.objects.get_or_create(
        clinic_id=patient.clinic_id,
        patient=patient,
        client_uuid=key,
        defaults={"text": text, "written_by": by, "written_at": at},
    )
    if is_new:
        _audit(note, by, "wrote a note")
    return note


@transaction.atomic
def invite(*, patient: Patient, at: datetime, by: User) -> tuple[Invitation, str]:
    """Make a link for the patient's phone and close the ones made before.

    Returns the invitation and its token, from which `codes.printed_code` makes the short code.
    Both are shown once and never stored. The token begins with the clinic's key, which only says
    where to look. Raises PatientArchived.
    """
    # Locked, so that two who invite at once do not leave two links open.
    locked = Patient.objects.active().select_for_update(no_key=True).filter(pk=patient.pk)
    if not locked:
        raise PatientArchived
    Invitation.objects.of_patient(patient).not_used().update(revoked_at=at)
    token = tokens.new_token(patient.clinic_id)
    invitation = Invitation.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        token_hash=hash_of(token),
        code_hash=codes.hash_of_printed(codes.printed_code(token)),
        created_by=by,
        created_at=at,
        expires_at=at + INVITATION_LASTS,
    )
    _audit(invitation, by, "invited a patient to the portal")
    return invitation, token


def clinic_of(token: str) -> int:
    """The clinic in which a token has to be looked up. Raises InvitationRefused."""
    try:
        return tokens.clinic_of(token)
    except tokens.NotAToken:
        raise InvitationRefused from None


def find_invitation(*, token: str, at: datetime) -> Invitation:
    """The open invitation of a token, inside its clinic. Raises InvitationRefused."""
    invitation = (
        Invitation.objects.open_at(at)
        .filter(
            clinic=tenancy.current_clinic_id(),
            token_hash=hash_of(token),
            patient__archived_at=None,
        )
        .select_related("patient__clinic")
        .first()
    )
    if invitation is None:
        raise InvitationRefused
    return invitation


def accept_invitation(*, token: str, label: str, at: datetime) -> Credentials:
    """Use the link up and sign this browser in. However many try at once, one gets in."""
    return use(invitation=find_invitation(token=token, at=at), label=label, at=at)


@transaction.atomic
def use(*, invitation: Invitation, label: str, at: datetime, **detail: str) -> Credentials:
    """Use an invitation up, by its link or its code. Raises InvitationRefused."""
    if not Invitation.objects.open_at(at).filter(pk=invitation.pk).update(used_at=at):
        raise InvitationRefused
    return open_device(patient=invitation.patient, label=label, at=at, **detail)


@transaction.atomic
def open_device(*, patient: Patient, label: str, at: datetime, **detail: str) -> Credentials:
    """Sign a browser in for a patient who has shown that they may; `detail` says how."""
    secret = secrets.token_urlsafe(32)
    device = Device.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        secret_hash=hash_of(secret),
        label=label,
        created_at=at,
        last_seen_at=at,
    )
    _audit(device, patient, "opened the portal on a new device", device=label, **detail)
    return Credentials(patient.clinic_id, patient.pk, secret)


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, at: datetime, by: CanAct) -> bool:
    """Close a link. Says whether it was open; one that was used or closed stays as it is."""
    was_open = Invitation.objects.not_used().filter(pk=invitation.pk).update(revoked_at=at) > 0
    if was_open:
        _audit(invitation, by, "revoked an invitation")
    return was_open


@transaction.atomic
def revoke_device(*, device: Device, at: datetime, by: CanAct) -> None:
    """Sign a phone out of the portal, at its next request."""
    if Device.objects.active().filter(pk=device.pk).update(revoked_at=at):
        _audit(device, by, "signed a device out of the portal", device=device.label)


def note_of_device(*, device: Device, verb: str) -> None:
    """A line in the audit trail for what the patient set on a phone."""
    _audit(device, device.patient, verb, device=device.label)


def seen(*, device: Device, at: datetime) -> bool:
    """Note that the device was used; once a day is enough. Says whether it was noted now."""
    if at - device.last_seen_at < SEEN_AGAIN_AFTER:
        return False
    return Device.objects.filter(pk=device.pk).update(last_seen_at=at) > 0


def _audit(target: Patient | PatientModel, by: CanAct, verb: str, **detail: object) -> None:
    audit.record(
        clinic_id=target.clinic_id,
        by=by,
        verb=verb,
        target=target,
        patient_id=target.pk if isinstance(target, Patient) else target.patient_id,
        **detail,
    )


def _refuse_same_person(patient: Patient, other_than: Collection[int]) -> None:
    # One after the other, so that a form sent twice at once finds its own first sending.
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=patient.clinic_id)
    same = Patient.objects.of(clinic).with_clinic().exclude(pk=patient.pk)
    same = same.same_person(name=patient.name, birth_date=patient.birth_date)
    found = list(same.exclude(pk__in=other_than).order_by("pk"))
    if found:
        raise SamePerson(found)


@contextmanager
def _record_number_once() -> Iterator[None]:
    """One transaction; the constraint on record numbers comes out under its own name."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "record_number_once_per_clinic" not in str(error):
            raise
        raise RecordNumberTaken from error


def _plain(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(value)
    return value if value is None or isinstance(value, str | int) else str(value)
