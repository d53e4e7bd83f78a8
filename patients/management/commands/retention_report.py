from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from clinics.models import Clinic
from clinics.tenancy import clinic_ids, inside
from patients.erasure import past_retention
from patients.mails import NotSent, send_retention_report


class Command(BaseCommand):
    help = "List, by number, archived patients whose records need not be kept. Erases nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mail", action="store_true", help="also tell the clinic’s admins how many there are"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for clinic_id in clinic_ids():
            with inside(clinic_id):
                clinic = Clinic.objects.get(pk=clinic_id)
                count = self._list(clinic, timezone.localdate(timezone=clinic.zone))
                if count and options["mail"]:
                    self._mail(clinic, count)

    def _list(self, clinic: Clinic, today: date) -> int:
        count = 0
        for patient, since in past_retention(clinic, today):
            count += 1
            self.stdout.write(
                f"clinic {clinic.pk}, patient {patient.pk}: since {since.isoformat()}"
            )
        return count

    def _mail(self, clinic: Clinic, count: int) -> None:
        try:
            send_retention_report(clinic=clinic, count=count)
        except NotSent:
            self.stderr.write(f"clinic {clinic.pk}: the mail server did not take the report")
