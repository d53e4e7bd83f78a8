"""The record: people, how they reach the portal, and what is known of direction and safety."""

from patients.models.access import (
    CODE_LASTS,
    MOST_PEOPLE,
    STAYS_SIGNED_IN,
    Device,
    Invitation,
    MailedCode,
    Tries,
)
from patients.models.direction import (
    Clearance,
    ConditionOnFile,
    DirectionTest,
    Episode,
    EpisodeChange,
    RaisedFlag,
    SafetyScreen,
)
from patients.models.erasure import Erasure
from patients.models.people import (
    EARLIEST_BIRTH,
    LONGEST_SEARCH_NAME,
    Note,
    OfPatientQuerySet,
    Patient,
    PatientModel,
    PatientQuerySet,
    search_name_of,
)

__all__ = [
    "CODE_LASTS",
    "EARLIEST_BIRTH",
    "LONGEST_SEARCH_NAME",
    "MOST_PEOPLE",
    "STAYS_SIGNED_IN",
    "Clearance",
    "ConditionOnFile",
    "Device",
    "DirectionTest",
    "Episode",
    "EpisodeChange",
    "Erasure",
    "Invitation",
    "MailedCode",
    "Note",
    "OfPatientQuerySet",
    "Patient",
    "PatientModel",
    "PatientQuerySet",
    "RaisedFlag",
    "SafetyScreen",
    "Tries",
    "search_name_of",
]
