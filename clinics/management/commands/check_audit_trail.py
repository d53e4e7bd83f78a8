import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinics import audit_trail
from clinics.tenancy import clinic_ids

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Walk the audit trail of every clinic, or of one, and name the first line that was changed,"
        " taken out or put in. Leaves a line of the outcome. Run daily."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clinic", type=int, help="number of one clinic")

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for clinic_id in [options["clinic"]] if options["clinic"] else clinic_ids():
            verdict = audit_trail.check_and_note(clinic_id)
            line, found = verdict.unbroken
            said = f"clinic {clinic_id}: unbroken to line {line} {found}"
            if verdict.problem:
                broken += 1
                said = f"clinic {clinic_id}: BROKEN, {verdict.problem}; {said}"
                log.error("the audit trail of clinic %s is broken", clinic_id)
            self.stdout.write(said)
        if broken:
            raise CommandError(f"The audit trail of {broken} clinics is broken.")
