from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from exercises.actions import load_catalogue
from exercises.content import load_exercises, load_translations, stale_pages


class Command(BaseCommand):
    help = "Bring the shared catalogue up to its files. Safe to repeat; needs the migrator login."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_catalogue(
            records=load_exercises(), translations=load_translations(), at=timezone.now()
        )
        if options["verbosity"]:
            self.stdout.write(
                f"Catalogue: {loaded.exercises} exercises, {loaded.new_editions} new editions,"
                f" {loaded.new_translations} new translations."
            )
        stale_files = (f"{origin} ({wanted})" for origin, wanted in stale_pages())
        for stale in (*loaded.stale, *stale_files):
            self.stderr.write(
                f"{stale}: the English has changed. Patients read the English until the"
                " translation is brought up to date, with this print as its `english`."
            )
