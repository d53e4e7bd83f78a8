"""The database is the last guard: each constraint refuses, by its name."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import DataError, connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from exercises.vocabulary import Side
from prescriptions import actions
from prescriptions.models import (
    Moment,
    Outcome,
    PrescribedExercise,
    Prescription,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from tests import make
from tests.make import NOW, TODAY, inside

MODELS = [Prescription, PrescriptionEdition, PrescribedExercise, SessionLog, SessionEntry]
MONDAY, SUNDAY = date(2026, 5, 18), date(2026, 5, 24)


@pytest.fixture
def published(patient) -> PrescriptionEdition:
    return make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])


@pytest.fixture
def draft(published, patient) -> PrescriptionEdition:
    """A draft of edition 2, with two lines."""
    return make.draft(of=patient, lines=[make.line("FIL"), make.line("TILT")])


@pytest.fixture
def log(published) -> SessionLog:
    return make.log(of=published)


def refused(clinic, name: str):
    """Whatever the code above does, the database says no, in this name."""
    return (
        inside(clinic.pk),
        pytest.raises(IntegrityError, match=f'"{name}"'),
        transaction.atomic(),
    )


def enter(*managers):
    from contextlib import ExitStack

    stack = ExitStack()
    for manager in managers:
        stack.enter_context(manager)
    return stack
