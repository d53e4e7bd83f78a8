"""Every refusal as a program reads it: an OperationOutcome."""

from typing import Any

from django.http import HttpResponse, JsonResponse

from prescriptions.fhir.codes import Json

FHIR_JSON = "application/fhir+json; fhirVersion=4.0"
# R4, hl7.org/fhir/R4/valueset-issue-type.html.
ISSUE_TYPES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    410: "deleted",
    429: "throttled",
    500: "exception",
}


class Refused(Exception):
    """What is asked for cannot be given: a status, and why in a sentence."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


def outcome(status: int, reason: str) -> Json:
    issue = {
        "severity": "error",
        "code": ISSUE_TYPES.get(status, "processing"),
        "diagnostics": reason,
    }
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def as_outcome(status: int, reason: str) -> HttpResponse:
    """A refusal with its status."""
    return answer(outcome(status, reason), status=status)


def answer(resource: Any, *, status: int = 200) -> HttpResponse:
    return JsonResponse(resource, status=status, content_type=FHIR_JSON)
