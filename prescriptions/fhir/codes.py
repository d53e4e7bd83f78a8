"""Codes, each with where it was looked up; what no standard names has a code of our own.

Our own code systems and extensions stand below `settings.FHIR_CANONICAL`, one for each list.
"""

from enum import Enum
from typing import Any

from django.conf import settings

from exercises.vocabulary import Direction, Mode, Position, Range, Region, Role, Side, Term
from patients.bodymap import ZONES
from patients.lights import After, During, Light, Loading, Neuro, RangeChange, TestPosition
from prescriptions.responses import Ease, Feel

Json = dict[str, Any]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem/"

# LOINC 72514-3 "Pain severity - 0-10 verbal numeric rating [Score] - Reported": loinc.org/72514-3;
# the value set "pain-scale" of HL7 Belgium's Patient Monitoring guide names it (LOINC 2.82).
PAIN = ("72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported")
# SNOMED CT International, February 2025, as expanded by tx.fhir.org for the value set
# "sct-body-site" of the TWNHIFHIR PAS guide 1.1.2. Other regions are told as text.
BODY_SITES = {
    Region.CERVICAL: ("122494005", "Cervical spine"),
    Region.THORACIC_UPPER: ("122495006", "Thoracic spine"),
    Region.THORACIC: ("122495006", "Thoracic spine"),
    Region.LUMBAR: ("122496007", "Lumbar spine"),
}
# R4, hl7.org/fhir/R4/codesystem-data-absent-reason.html.
SKIPPED = ("asked-declined", "Asked But Declined")
NOT_ASKED = ("not-asked", "Not Asked")
UNKNOWN = ("unknown", "Unknown")


def canonical(path: str) -> str:
    """The lasting name of something that we define; it need not be an address."""
    return f"{settings.FHIR_CANONICAL}/{path}"


def coding(system: str, code: str, display: str) -> Json:
    return {"system": system, "code": code, "display": display}


def own(system: str, code: str, display: str) -> Json:
    """A code of one of our own lists."""
    return coding(canonical(f"CodeSystem/{system}"), code, display)


def term(system: str, word: Term | Enum, label: str = "") -> Json:
    """A word of a closed list as a concept."""
    said = label or str(getattr(word, "label", word))
    return {"coding": [own(system, str(word.value), said)], "text": said}


def concept(*codings: Json, text: str) -> Json:
    return {"coding": list(codings), "text": text}


def pain_concept(code: str, text: str) -> Json:
    """Pain 0–10 at a moment: the code that all know, and ours that says when."""
    return concept(coding(LOINC, *PAIN), own("observation", code, text), text=text)


def absent(reason: tuple[str, str]) -> Json:
    return {"coding": [coding(f"{_HL7}data-absent-reason", *reason)]}


def category(system: str, code: str, display: str) -> Json:
    """A concept of one of the code systems that HL7 itself keeps."""
    return {"coding": [coding(_HL7 + system, code, display)]}


def body_site(region: Region | str, side: Side | str = Side.NONE) -> Json:
    """Where on the body; the side, which has no code of its own here, is in the text."""
    region, side = Region(region), Side(side)
    where = region.label if side is Side.NONE else f"{region.label}, {side.label.lower()}"
    known = BODY_SITES.get(region)
    return {**({"coding": [coding(SNOMED, *known)]} if known else {}), "text": where}


def extension(name: str, **value: Any) -> Json:
    """One of our own extensions; the value under its FHIR name, such as `valueInteger=3`."""
    return {"url": canonical(f"StructureDefinition/{name}"), **value}


def quantity(value: float, unit: str, code: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


# Our own lists: what docs/fhir.md and the CodeSystem of each tell.
LISTS: dict[str, type[Term]] = {
    "region": Region,
    "direction": Direction,
    "range": Range,
    "role": Role,
    "mode": Mode,
    "position": Position,
    "side": Side,
    "light": Light,
    "during": During,
    "after": After,
    "range-change": RangeChange,
    "neuro": Neuro,
    "test-position": TestPosition,
    "loading": Loading,
    "feel": Feel,
    "ease": Ease,
}
PLACES = {zone.code: str(zone.label) for zone in ZONES}
NO_PLACE = ("none", "No symptoms")


def place(code: str) -> Json:
    """A zone of the body map, such as low-5-L."""
    said = PLACES[code]
    return {"coding": [own("zone", code, said)], "text": said}
