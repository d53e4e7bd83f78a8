"""Patients."""

from datetime import datetime

from patients.models import Patient
from prescriptions.fhir.codes import Json, canonical
from prescriptions.fhir.parts import kept, reference, resource


def patient(row: Patient, now: datetime) -> Json:
    """The person; no more of the name is known than how it is written as a whole."""
    telecom = [
        kept({"system": system, "value": value})
        for system, value in (("phone", row.phone), ("email", row.email))
        if value
    ]
    number = kept({"system": canonical("record-number"), "value": row.record_number})
    return resource(
        "Patient",
        str(row.pk),
        updated=row.updated_at,  # type: ignore[attr-defined]  # annotated by sources.patients
        active=not row.is_archived,
        identifier=[number] if row.record_number else [],
        name=[{"text": row.name}],
        telecom=telecom,
        birthDate=row.birth_date.isoformat(),
        communication=[{"language": _language(row.language), "preferred": True}]
        if row.language
        else [],
        generalPractitioner=[{"type": "Practitioner", "display": row.therapist.name}]
        if row.therapist
        else [],
        managingOrganization={"type": "Organization", "display": row.clinic.name},
    )


def of(row: object) -> Json:
    """The reference to the patient whom a row is about."""
    return reference("Patient", row.patient_id)  # type: ignore[attr-defined]


def _language(code: str) -> Json:
    return {"coding": [{"system": "urn:ietf:bcp:47", "code": code}]}
