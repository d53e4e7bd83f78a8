from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.clinic_transfer import TransferRefused, import_clinic


class Command(BaseCommand):
    help = "Bring a clinic in from a file of export_clinic; needs the migrator login."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open("rb") as file:
                clinic = import_clinic(file)
        except (TransferRefused, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{clinic} is here, as clinic {clinic.pk}.")
