from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from clinics import operators
from clinics.management.accounts import account, said

LONGEST_NAME = 100


class Command(BaseCommand):
    help = "Let a person whose account was locked sign in again; their memberships are as before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address with which the person signs in")
        parser.add_argument("--reason", required=True, help="what the clinics' admins will read")
        parser.add_argument("--by", required=True, help="the operator's name")

    def handle(self, *args: Any, **options: Any) -> None:
        user = account(options["email"])
        told = operators.unlock_account(
            user=user,
            reason=said("reason", options["reason"]),
            by=said("by", options["by"], longest=LONGEST_NAME),
        )
        clinics = ", ".join(map(str, told)) or "none"
        self.stdout.write(
            f"{user.email} is unlocked. Told in the audit trail of clinics: {clinics}."
        )
