import re
from collections.abc import Callable
from datetime import datetime
from html import unescape

import pytest
from django.http import HttpResponse
from django.utils import timezone

from patients.models import Patient
from tests import make
from tests.make import NOW


@pytest.fixture
def patient(clinic) -> Patient:
    found = make.patient(of=clinic, name="Ana Ruiz")
    make.screened(found)
    return found


@pytest.fixture
def clock(monkeypatch) -> Callable[[datetime], None]:
    """What the views take for now: NOW, until a test sets it."""

    def show(moment: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: moment)

    show(NOW)
    return show


def words(response: HttpResponse) -> str:
    """The page as it is read: without its tags, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())
