from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from clinics import audit_trail
from clinics.tenancy import clinic_ids


class Command(BaseCommand):
    help = (
        "Take out of every clinic's audit trail what is older than the clinic keeps it. Runs as the"
        " migrator (BEARING_LOGIN=migrator); the web's login may not."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT has_table_privilege('clinics_auditevent', 'DELETE')")
            (may_delete,) = cursor.fetchone()
        if not may_delete:
            raise CommandError("This login may not prune: set BEARING_LOGIN=migrator.")
        for clinic_id in clinic_ids():
            lines = audit_trail.prune(clinic_id)
            self.stdout.write(f"clinic {clinic_id}: {lines} lines taken out")
        self.stdout.write(f"{audit_trail.forget_failures()} failed sign-ins of nobody's forgotten")
