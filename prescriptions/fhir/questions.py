"""The questions of a session log as a Questionnaire."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from patients.bodymap import ZONES
from prescriptions.fhir.codes import Json, canonical, own
from prescriptions.fhir.parts import kept, resource
from prescriptions.models import Moment, Outcome, WhyNot
from prescriptions.responses import MOST_PAIN, Ease, Feel

QUESTIONNAIRE, VERSION = "session-log", "1"
# R4, hl7.org/fhir/R4/extension-minvalue.html and -maxvalue.html.
LEAST = "http://hl7.org/fhir/StructureDefinition/minValue"
MOST = "http://hl7.org/fhir/StructureDefinition/maxValue"


def session_log(now: datetime) -> Json:
    """What is asked of each exercise; not everything is asked each time."""
    group = {
        "linkId": "of-exercise",
        "text": "One exercise of the session",
        "type": "group",
        "repeats": True,
        "item": [
            {"linkId": "exercise", "text": "Which exercise", "type": "choice", "required": True},
            _choice("outcome", "How much was done", Outcome, required=True),
            _choice("why-not", "Why not, or only in part", WhyNot),
            {"linkId": "repetitions", "text": "Repetitions done", "type": "integer"},
            *(_pain(moment) for moment in Moment),
            *(_places(link, words) for link, words in PLACES.items()),
            _choice("feel", "How it felt", Feel),
            _choice("ease", "How easy the movement was", Ease),
            {"linkId": "comment", "text": "Anything to tell", "type": "string", "maxLength": 500},
        ],
    }
    return resource(
        "Questionnaire",
        QUESTIONNAIRE,
        updated=None,
        url=canonical(f"Questionnaire/{QUESTIONNAIRE}"),
        version=VERSION,
        name="SessionLog",
        title="Session log",
        status="active",
        subjectType=["Patient"],
        description="What a patient is asked when a session of home exercises is logged.",
        item=[group],
    )


PLACES = {
    "zones-before": "Where symptoms were before",
    "zones-after": "Where symptoms were after",
    "numb-before": "Where it was numb or tingling before",
    "numb-after": "Where it was numb or tingling after",
}


def _choice(link: str, text: str, words: Iterable[Any], *, required: bool = False) -> Json:
    options = [own(link, str(word.value), str(word.label)) for word in words]
    return kept(
        {
            "linkId": link,
            "text": text,
            "type": "choice",
            "required": required or None,
            "answerOption": [{"valueCoding": option} for option in options],
        }
    )


def _pain(moment: Moment) -> Json:
    return {
        "linkId": f"pain-{moment.value}",
        "extension": [{"url": LEAST, "valueInteger": 0}, {"url": MOST, "valueInteger": MOST_PAIN}],
        "text": f"Pain {moment.value}, 0 to {MOST_PAIN}",
        "type": "integer",
    }


def _places(link: str, text: str) -> Json:
    options = [own("zone", zone.code, str(zone.label)) for zone in ZONES]
    return {
        "linkId": link,
        "text": text,
        "type": "choice",
        "repeats": True,
        "answerOption": [{"valueCoding": option} for option in options],
    }
