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
from prescriptions.models.templates import (
    TEMPLATE_NAME_LENGTH,
    ProgrammeTemplate,
    ProgrammeTemplateQuerySet,
    TemplateLine,
)

__all__ = [
    "CORRECTABLE_FOR",
    "EARLIEST",
    "EVERY_DAY",
    "LATEST",
    "TEMPLATE_NAME_LENGTH",
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
    "ProgrammeTemplate",
    "ProgrammeTemplateQuerySet",
    "SessionEntry",
    "SessionLog",
    "TemplateLine",
    "Tier",
    "WhyNot",
    "every_day",
]
