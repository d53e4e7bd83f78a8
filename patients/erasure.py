"""Takes a patient out of the database for good, and certifies it.

What is erased is deleted: pains, dates and body parts of one person stay recognisable without a
name. Of the audit trail the lines stay, without the name and the details. Both is done by one
function of the database, `bearing_erase_patient`: the only way past what keeps rows, narrow enough
to be given to the web's login. It is made anew from the models after every migrate, so that a new
table is erased too.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, connections, transaction

from clinics import audit
from clinics.actors import SYSTEM, CanAct
from clinics.audit_trail import ERASED
from clinics.models import AuditEvent, Clinic, Membership, User
from clinics.text import folded
from clinics.walls import APP, CLINIC_NOW
from patients.models import Erasure, MailedCode, Patient
from patients.rows_about import About, in_order_of_deletion
from patients.signing_in import hash_of_email

EMPTIED = "lines without a name"
SHORTEST_NAME = 3  # letters; shorter words of a name are words of a sentence too


class StillInTreatment(Exception):
    """The record has to be archived first."""


class TooEarly(Exception):
    """The clinic keeps its records for longer: possible from `day`."""

    def __init__(self, day: date) -> None:
        super().__init__(day)
        self.day = day


class NamesThePatient(Exception):
    """The reason would keep the name that is to be erased."""


class NotAllowed(Exception):
    """Only an admin may decide against the clinic's own rule."""


def possible_from(patient: Patient) -> date:
    """The first day on which the record need not be kept any longer, by the clinic's rule.

    It counts from the last contact: the last log, the last note, or the day of archiving.
    """
    found = Patient.objects.with_last_contact().only("pk").get(pk=patient.pk)
    return _years_after(patient.local_date(found.last_contact), patient.clinic.record_years)


@transaction.atomic
def ask(*, patient: Patient, reason: Erasure.Reason, by: User, at: datetime) -> Erasure:
    """Record that the data shall be erased, and from when that is possible. Asked once."""
    erasure, is_new = Erasure.objects.get_or_create(
        clinic_id=patient.clinic_id,
        patient_number=patient.pk,
        defaults={
            "reason": reason,
            "asked_at": at,
            "asked_by": by,
            "possible_from": possible_from(patient),
        },
    )
    if is_new:
        _audit(patient, by, "asked for an erasure", erasure, reason=str(reason))
    return erasure


@transaction.atomic
def take_back(*, patient: Patient, by: User) -> bool:
    """Take back what was asked, as long as nothing is erased. Says whether it was asked."""
    asked = Erasure.objects.of(patient.clinic).open().of_number(patient.pk)
    erasure = asked.select_for_update().first()
    if erasure is None:
        return False
    _audit(patient, by, "took back an erasure that was asked for", erasure)
    erasure.delete()
    return True


def what_goes(patient: Patient) -> list[str]:
    """What an erasure takes out of the database, for example: 115 session logs."""
    about_patient = [about for about in in_order_of_deletion() if about.model is not AuditEvent]
    counts = {about.label: about.rows(patient.pk).count() for about in about_patient}
    return _in_words(counts)


def what_went(erasure: Erasure) -> list[str]:
    """The same of what is erased, as the certificate says it."""
    return _in_words(erasure.counts)


def erase(*, patient: Patient, by: User, at: datetime, legal_reason: str = "") -> Erasure:
    """Erase what was asked to be erased, in one transaction; the certificate is the row returned.

    Raises StillInTreatment, and TooEarly unless an admin gives a written legal reason; then a line
    says so and nothing is erased. Raises NotAllowed or NamesThePatient.
    """
    try:
        with transaction.atomic():
            return _erase(patient, by, at, legal_reason)
    except TooEarly as error:
        asked = Erasure.objects.of(patient.clinic).of_number(patient.pk).get()
        until = error.day.isoformat()
        _audit(patient, by, "refused an erasure: the record is to be kept", asked, until=until)
        raise


def certificate(erasure: Erasure) -> dict[str, Any]:
    """What is certified, as plain values; `digest` is the SHA-256 of its JSON."""
    done_at = erasure.done_at
    return {
        "clinic": erasure.clinic_id,
        "patient_number": erasure.patient_number,
        "reason": erasure.reason,
        "legal_reason": erasure.legal_reason,
        "asked_at": erasure.asked_at.isoformat(),
        "done_at": done_at.isoformat() if done_at else None,
        "done_by": erasure.done_by.name if erasure.done_by else "",
        "counts": erasure.counts,
    }


def digest_of(certified: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(certified, sort_keys=True).encode()).hexdigest()


@transaction.atomic
def erase_again(*, clinic_id: int, line: dict[str, Any]) -> bool:
    """Do again, after a restore, what a line of the erasure list says. Says whether anything was.

    The line is what `as_line` wrote.
    """
    number = line["patient_number"]
    kept = {name: value for name, value in line.items() if name != "clinic_id"}
    moments = {"asked_at": kept["asked_at"], "done_at": kept["done_at"]}
    kept |= {name: datetime.fromisoformat(value) for name, value in moments.items()}
    asked = Erasure.objects.filter(clinic_id=clinic_id).of_number(number)
    if not asked.exists():
        Erasure.objects.create(clinic_id=clinic_id, **kept)
    asked.open().update(**kept)
    patient = Patient.objects.filter(clinic_id=clinic_id, pk=number).first()
    if patient is None:
        return False
    Patient.objects.active().filter(pk=number).update(archived_at=kept["done_at"])
    counts = _take_away(number, patient.email)
    _note(Erasure.objects.filter(clinic_id=clinic_id).of_number(number).get(), counts, SYSTEM)
    return True


def as_line(erasure: Erasure) -> dict[str, Any]:
    """An erasure as the list keeps it that survives a restore; it names no patient."""
    return {
        "clinic_id": erasure.clinic_id,
        "patient_number": erasure.patient_number,
        "reason": erasure.reason,
        "legal_reason": erasure.legal_reason,
        "asked_at": erasure.asked_at.isoformat(),
        "asked_by_id": erasure.asked_by_id,
        "possible_from": erasure.possible_from.isoformat(),
        "done_at": erasure.done_at.isoformat() if erasure.done_at else None,
        "done_by_id": erasure.done_by_id,
        "counts": erasure.counts,
        "digest": erasure.digest,
    }


def past_retention(clinic: Clinic, day: date) -> Iterator[tuple[Patient, date]]:
    """Archived patients whose records need not be kept any longer, each with the first such day.

    Those come first with whom there was no contact for longest.
    """
    years = clinic.record_years
    archived = Patient.objects.of(clinic).archived().with_clinic()
    # Leap days make years longer, and zones make days wider: a few too many, weighed below.
    quiet = archived.quiet_since(day - timedelta(days=365 * years - 2))
    for patient in quiet.iterator():
        since = _years_after(patient.local_date(patient.last_contact), years)
        if since <= day:
            yield patient, since


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # the 29th of February
        return date(day.year + years, 3, 1)


def make_function(using: str = "default", **kwargs: object) -> None:
    """Make `bearing_erase_patient` from the models; called after every migrate."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regclass('patients_erasure') IS NOT NULL")
        if cursor.fetchone()[0]:
            cursor.execute(function(in_order_of_deletion()))


def function(tables: Iterable[About]) -> str:
    """The SQL of the function that takes one patient out of these tables."""
    deletions = "\n".join(_deletion(about) for about in tables if about.model is not AuditEvent)
    return f"""
    CREATE OR REPLACE FUNCTION bearing_erase_patient(erased bigint) RETURNS jsonb
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        counts jsonb := '{{}}';
        gone bigint;
        here bigint := {CLINIC_NOW};
    BEGIN
        IF NOT EXISTS (SELECT FROM patients_patient
                WHERE id = erased AND clinic_id = here AND archived_at IS NOT NULL)
            OR NOT EXISTS (SELECT FROM patients_erasure
                WHERE patient_number = erased AND clinic_id = here) THEN
            RAISE EXCEPTION 'nobody asked for this erasure'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        PERFORM set_config('app.erasing', erased::text, true);
        {deletions}
        UPDATE clinics_auditevent AS event
            SET (salt, detail, actor_name, address, browser) = (
                SELECT kept.salt, kept.detail, kept.actor_name, kept.address, kept.browser
                FROM bearing_emptied_audit(event) AS kept)
            WHERE clinic_id = here AND patient_id = erased;
        GET DIAGNOSTICS gone = ROW_COUNT;
        counts := counts || jsonb_build_object('{EMPTIED}', gone);
        PERFORM set_config('app.erasing', '', true);
        RETURN counts;
    END $$;
    ALTER FUNCTION bearing_erase_patient(bigint) OWNER TO bearing_owner;
    REVOKE ALL ON FUNCTION bearing_erase_patient(bigint) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION bearing_erase_patient(bigint) TO {APP};
    """  # noqa: S608 - names of our own tables


def _deletion(about: About) -> str:
    table = about.model._meta.db_table
    column = "id" if about.model is Patient else "patient_id"
    if about.path not in {"pk", "patient", "patient_id"}:
        raise RuntimeError(f"{table} has no column that says whose its rows are")
    return f"""
        DELETE FROM {table} WHERE clinic_id = here AND {column} = erased;
        GET DIAGNOSTICS gone = ROW_COUNT;
        counts := counts || jsonb_build_object('{about.label}', gone);"""  # noqa: S608 - as above


def _erase(patient: Patient, by: User, at: datetime, legal_reason: str) -> Erasure:
    Patient.objects.hold(patient.pk)
    patient = Patient.objects.with_clinic().get(pk=patient.pk)
    if not patient.is_archived:
        raise StillInTreatment
    _refuse_names(legal_reason, patient)
    asked = Erasure.objects.of(patient.clinic).open().of_number(patient.pk)
    erasure = asked.select_for_update().get()
    # Counted anew: since it was asked for, there may have been a contact.
    erasure.possible_from = possible_from(patient)
    if not erasure.is_possible_on(patient.local_date(at)):
        if not legal_reason:
            raise TooEarly(erasure.possible_from)
        admins = Membership.objects.of(patient.clinic).active().of_user(by)
        if not admins.filter(role=Membership.Role.ADMIN).exists():
            raise NotAllowed
        erasure.legal_reason = legal_reason
    erasure.counts = _take_away(patient.pk, patient.email)
    erasure.done_at, erasure.done_by = at, by
    erasure.digest = digest_of(certificate(erasure))
    erasure.save()
    _note(erasure, erasure.counts, by)
    return erasure


def _in_words(counts: Mapping[str, int]) -> list[str]:
    """How many rows of what, the patient first: parents before their children."""
    return [
        f"{counts[about.label]} {about.name_of(counts[about.label])}"
        for about in reversed(in_order_of_deletion())
        if counts.get(about.label)
    ]


def _note(erasure: Erasure, counts: dict[str, int], by: CanAct) -> None:
    """The line by which a check of the trail knows that others were emptied rightly."""
    audit.record(
        clinic_id=erasure.clinic_id,
        by=by,
        verb=ERASED,
        target=erasure,
        patient_id=erasure.patient_number,
        digest=erasure.digest,
        lines=counts[EMPTIED],
    )


def _take_away(number: int, email: str) -> dict[str, int]:
    if email:
        MailedCode.objects.filter(email_hash=hash_of_email(email)).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT bearing_erase_patient(%s)", [number])
        counts = cursor.fetchone()[0]
    return json.loads(counts) if isinstance(counts, str) else counts


def _refuse_names(text: str, patient: Patient) -> None:
    words = set(folded(text).split())
    if words & {word for word in patient.search_name.split() if len(word) >= SHORTEST_NAME}:
        raise NamesThePatient


def _audit(patient: Patient, by: CanAct, verb: str, target: Erasure, **detail: object) -> None:
    audit.record(
        clinic_id=patient.clinic_id,
        by=by,
        verb=verb,
        target=target,
        patient_id=patient.pk,
        **detail,
    )
