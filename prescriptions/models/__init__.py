"""The programme and what came of it: editions, logs, findings, pauses, alerts."""

from prescriptions.models.logs import (
    CORRECTABLE_FOR,
    EntryResponse,
    FollowUp,
    FollowUpAnswer,
    Later,
    Moment,
    Outcome,
    SessionEntry,
    SessionLog,
    WhyNot,
)
from prescriptions.models.programme import (
    EARLIEST,
    EVERY_DAY,
    LATEST,
    PrescribedExercise,
    Prescription,
    PrescriptionEdition,
    every_day,
)
from prescriptions.models.safety import Alert, KeptFinding, Override, Pause, Tier

__all__ = [
    "CORRECTABLE_FOR",
    "EARLIEST",
    "EVERY_DAY",
    "LATEST",
    "Alert",
    "EntryResponse",
    "FollowUp",
    "FollowUpAnswer",
    "KeptFinding",
    "Later",
    "Moment",
    "Outcome",
    "Override",
    "Pause",
    "PrescribedExercise",
    "Prescription",
    "PrescriptionEdition",
    "SessionEntry",
    "SessionLog",
    "Tier",
    "WhyNot",
    "every_day",
]
