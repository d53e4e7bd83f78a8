from collections.abc import Callable
from datetime import datetime

import pytest
from django.utils import timezone

from patients.models import Patient
from tests import make
from tests.make import NOW


@pytest.fixture
def patient(clinic) -> Patient:
    return make.patient(of=clinic, name="Ana Ruiz")


@pytest.fixture
def clock(monkeypatch) -> Callable[[datetime], None]:
    """What the views take for now: NOW, until a test sets it."""

    def show(moment: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: moment)

    show(NOW)
    return show
