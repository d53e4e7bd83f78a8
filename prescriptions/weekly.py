"""What the last days of a programme tell that no single log does: the alerts for the week."""

from datetime import datetime, timedelta

from django.db import transaction

from patients.models import Patient
from prescriptions import responses
from prescriptions.absences import breaks_of
from prescriptions.adherence import days_until, grid, total
from prescriptions.models import Alert, EntryResponse, PrescriptionEdition, SessionLog, Tier
from prescriptions.responses import Colour
from prescriptions.telling import outcomes, plans
from prescriptions.watch import raise_alert


@transaction.atomic
def look_back(*, patient: Patient, at: datetime) -> bool:
    """Raise the weekly alert of a patient if the last days ask for it; at most one is open."""
    if Alert.objects.of_patient(patient).open().filter(tier=Tier.WEEKLY).exists():
        return False
    today = patient.local_date(at)
    week = days_until(today - timedelta(days=1), 7)
    editions = PrescriptionEdition.objects.of_patient(patient).published().with_lines()
    logs = SessionLog.objects.of_patient(patient).standing().since(week[0]).with_entries()
    rows = grid(
        week,
        today=today,
        plans=plans(list(editions)),
        outcomes=outcomes(list(logs)),
        breaks=breaks_of(patient, week[0], week[-1]),
    )
    answered = EntryResponse.objects.of_patient(patient).since(today - timedelta(days=14))
    count = total(rows)
    note = responses.weekly_note(
        [Colour(given.colour) for given in answered.latest_of_each()],
        logged=count.logged,
        planned=count.planned,
        low_percent=patient.clinic.thresholds.low_adherence_percent,
    )
    year, number, _ = today.isocalendar()
    about = f"week {number} of {year}"
    is_told = Alert.objects.of_patient(patient).filter(about=about).exists()
    if note is None or is_told:
        return False
    return raise_alert(patient=patient, tier=Tier.WEEKLY, about=about, message=note, at=at)
