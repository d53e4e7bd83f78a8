from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinics.models import Clinic
from config.clinic_transfer import export_to


class Command(BaseCommand):
    help = "Write all data of one clinic to a file; needs the migrator login. Keep the file safe."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("clinic", type=int, help="number of the clinic")
        parser.add_argument("--to", type=Path, required=True, help="file to write")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = export_to(options["clinic"], options["to"])
        except Clinic.DoesNotExist:
            raise CommandError(f"There is no clinic {options['clinic']}.") from None
        self.stdout.write(f"{sum(counts.values())} rows of clinic {options['clinic']} are written.")
