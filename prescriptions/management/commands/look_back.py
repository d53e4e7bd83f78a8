from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from clinics.tenancy import clinic_ids, inside
from patients.models import Patient
from prescriptions import weekly

AT_ONCE = 200


class Command(BaseCommand):
    help = (
        "Raise the alerts for the week: nothing logged, little of the plan, no change. Run daily."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        raised = sum(_look_back_at(clinic_id) for clinic_id in clinic_ids())
        self.stdout.write(f"{raised} alerts for the week.")


def _look_back_at(clinic_id: int) -> int:
    now, raised, last = timezone.now(), 0, 0
    while True:
        # A transaction for some of them: one of 10,000 would keep locks for minutes.
        with inside(clinic_id):
            patients = Patient.objects.active().with_clinic().filter(clinic=clinic_id, pk__gt=last)
            some = list(patients.order_by("pk")[:AT_ONCE])
            raised += sum(weekly.look_back(patient=patient, at=now) for patient in some)
        if not some:
            return raised
        last = some[-1].pk
