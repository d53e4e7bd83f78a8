import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinics.tenancy import inside
from patients.erasure import erase_again


class Command(BaseCommand):
    help = "After a restore: erase again whoever is on the list that erasure_list printed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("list", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        again = 0
        try:
            lines = [json.loads(line) for line in options["list"].read_text().splitlines()]
        except (OSError, json.JSONDecodeError) as error:
            raise CommandError(f"The list cannot be read: {error}") from None
        for line in lines:
            with inside(line["clinic_id"]):
                again += erase_again(clinic_id=line["clinic_id"], line=line)
        self.stdout.write(f"{len(lines)} on the list, {again} erased again.")
