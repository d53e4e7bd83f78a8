from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from clinics.audit_alarms import raise_alarms
from clinics.tenancy import clinic_ids


class Command(BaseCommand):
    help = (
        "Leave a line where one person opened, was refused, or failed at unusually much within the"
        " last hour. Run every few minutes."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        raised = sum(raise_alarms(clinic_id, at=timezone.now()) for clinic_id in clinic_ids())
        self.stdout.write(f"{raised} alarms raised.")
