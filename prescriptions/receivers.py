from datetime import datetime
from typing import Any

from patients.models import Patient
from prescriptions import watch


def check_again(patient: Patient, because: str, at: datetime, **kwargs: Any) -> None:
    """A fact has changed: look at the programme in force with it."""
    watch.recheck(patient=patient, because=because, at=at)
