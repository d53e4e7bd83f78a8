"""The record: people, how they reach the portal, and what is known of direction and safety."""

from patients.models.access import Device, Invitation
from patients.models.direction import (
    Clearance,
    ConditionOnFile,
    DirectionTest,
    Episode,
    EpisodeChange,
    RaisedFlag,
    SafetyScreen,
)
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
    "EARLIEST_BIRTH",
    "LONGEST_SEARCH_NAME",
    "Clearance",
    "ConditionOnFile",
    "Device",
    "DirectionTest",
    "Episode",
    "EpisodeChange",
    "Invitation",
    "Note",
    "OfPatientQuerySet",
    "Patient",
    "PatientModel",
    "PatientQuerySet",
    "RaisedFlag",
    "SafetyScreen",
    "search_name_of",
]
