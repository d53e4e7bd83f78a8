from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from clinics.models import Clinic
from clinics.tenancy import clinic_ids, inside
from patients.erasure import past_retention


class Command(BaseCommand):
    help = "List, by number, archived patients whose records need not be kept. Erases nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        for clinic_id in clinic_ids():
            with inside(clinic_id):
                clinic = Clinic.objects.get(pk=clinic_id)
                today = timezone.localdate(timezone=clinic.zone)
                for patient, since in past_retention(clinic, today):
                    self.stdout.write(
                        f"clinic {clinic_id}, patient {patient.pk}: since {since.isoformat()}"
                    )
