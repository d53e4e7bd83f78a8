from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from exercises.actions import load_catalogue
from exercises.content import load_exercises


class Command(BaseCommand):
    help = "Bring the shared catalogue up to its files. Safe to repeat; needs the migrator login."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_catalogue(records=load_exercises(), at=timezone.now())
        if options["verbosity"]:
            self.stdout.write(
                f"Catalogue: {loaded.exercises} exercises, {loaded.new_editions} new editions."
            )
