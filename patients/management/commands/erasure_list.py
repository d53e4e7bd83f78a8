import json
from typing import Any

from django.core.management.base import BaseCommand

from clinics.tenancy import clinic_ids, inside
from patients.erasure import as_line
from patients.models import Erasure


class Command(BaseCommand):
    help = (
        "Print every erasure as a line of JSON, without a name. Keep the list apart from the"
        " backups: after a restore reapply_erasures needs it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for clinic_id in clinic_ids():
            with inside(clinic_id):
                for erasure in Erasure.objects.filter(clinic=clinic_id).done():
                    self.stdout.write(json.dumps(as_line(erasure)))
