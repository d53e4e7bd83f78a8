"""What two independent validators say of a resource.

fhirkit is made from the R4 (4.0.1) definitions: elements, cardinality, choice types, primitives.
fhir.resources is made from those of R4B, which are the same for what we write, and knows the codes
that a required binding allows.
"""

from typing import Any

import fhirkit
from fhir.resources.R4B import get_fhir_model_class
from pydantic import BaseModel, ValidationError

Json = dict[str, Any]
# Where the list that fhir.resources carries ends with a plus sign: the rest of it, from R4.
MORE = {
    "CapabilityStatement.format": ["application/fhir+json"],
    "Observation.status": ["corrected", "cancelled", "entered-in-error", "unknown"],
    "QuestionnaireItem.type": [
        "time", "string", "text", "url", "choice", "open-choice", "attachment", "reference",
        "quantity",
    ],
}  # fmt: skip


def problems(resource: Json) -> list[str]:
    return [*(str(issue) for issue in fhirkit.validate(resource)), *of_r4b(resource)]


def of_r4b(resource: Json) -> list[str]:
    try:
        model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return list(_codes(model, resource["resourceType"]))


def _codes(model: BaseModel, path: str):
    """Values of a required binding that it does not have."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        allowed = (field.json_schema_extra or {}).get("enum_values")
        if allowed:
            allowed = [*allowed, *MORE.get(f"{type(model).__name__}.{name}", [])]
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, BaseModel):
                yield from _codes(one, f"{path}.{name}")
            elif allowed and one is not None and one not in allowed:
                yield f"{path}.{name}: {one!r} is none of {allowed}"
