"""What this server can do, for every program to read."""

from datetime import datetime

from django.conf import settings

from prescriptions.fhir.codes import Json, canonical
from prescriptions.fhir.parts import instant
from prescriptions.fhir.search import parameters_of
from prescriptions.fhir.sources import kinds, of_kind

# R4: hl7.org/fhir/R4/patient-operation-everything.html; Bulk Data 2.0: hl7.org/fhir/uv/bulkdata.
EVERYTHING = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
EXPORT = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"


def capability_statement(now: datetime) -> Json:
    return {
        "resourceType": "CapabilityStatement",
        "url": canonical("CapabilityStatement/bearing"),
        "name": "Bearing",
        "title": "Bearing, read-only",
        "status": "active",
        "date": instant(now),
        "kind": "instance",
        "software": {"name": "Bearing"},
        "implementation": {"description": "Bearing", "url": f"{settings.SITE_URL}/fhir"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "cors": False,
                    "service": [{"text": "Bearer token of a clinic"}],
                    "description": "An admin of the clinic makes a token with the scope fhir.read,"
                    " and bulk.read for exports; it is sent as Authorization: Bearer.",
                },
                "resource": [_resource(kind) for kind in kinds()],
                "operation": [{"name": "export", "definition": EXPORT}],
            }
        ],
    }


def _resource(kind: str) -> Json:
    told: Json = {
        "type": kind,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [
            {"name": name, "type": of_type}
            for name, of_type in parameters_of(kind, of_kind(kind)).items()
        ],
    }
    if kind == "Patient":
        told["operation"] = [{"name": "everything", "definition": EVERYTHING}]
    return told
