"""Who wrote what, and when: of each published edition, log and direction test."""

from datetime import datetime
from typing import Any

from prescriptions.fhir.codes import Json, category
from prescriptions.fhir.logs import writer
from prescriptions.fhir.parts import instant, person, reference, resource
from prescriptions.fhir.people import of

# HL7's provenance-participant-type, hl7.org/fhir/R4/codesystem-provenance-participant-type.html.
AUTHOR = category("provenance-participant-type", "author", "Author")
ENTERER = category("provenance-participant-type", "enterer", "Enterer")


def of_edition(row: Any, now: datetime) -> Json:
    lines = [reference("ServiceRequest", line.pk) for line in row.lines.all()]
    return _provenance(
        row,
        f"plan-{row.pk}",
        [reference("CarePlan", row.pk), *lines],
        row.published_at,
        [{"type": AUTHOR, "who": person(row.published_by_name)}],
    )


def of_log(row: Any, now: datetime) -> Json:
    agents = [{"type": AUTHOR, "who": of(row)}]
    if row.entered_by:
        agents.append({"type": ENTERER, "who": writer(row), "onBehalfOf": of(row)})
    target = reference("QuestionnaireResponse", f"log-{row.pk}")
    made = _provenance(row, f"log-{row.pk}", [target], row.received_at, agents)
    if row.corrects_id:
        before = reference("QuestionnaireResponse", f"log-{row.corrects_id}")
        made["entity"] = [{"role": "revision", "what": before}]
    return made


def of_test(row: Any, now: datetime) -> Json:
    target = reference("Observation", f"direction-test-{row.pk}")
    return _provenance(
        row, f"test-{row.pk}", [target], row.at, [{"type": AUTHOR, "who": person(row.by.name)}]
    )


def _provenance(
    row: Any, key: str, target: list[Json], recorded: datetime, agent: list[Json]
) -> Json:
    return resource(
        "Provenance",
        key,
        updated=recorded,
        target=target,
        recorded=instant(recorded, row.patient.zone),
        agent=agent,
    )
