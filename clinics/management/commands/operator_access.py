from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from clinics import operators, tenancy
from clinics.management.accounts import account, new_account, said
from clinics.models import LONGEST_OPERATOR_ACCESS, User

PASSWORD_VARIABLE = "OPERATOR_PASSWORD"  # noqa: S105 (the name of a variable)
MOST_MINUTES = LONGEST_OPERATOR_ACCESS // timedelta(minutes=1)


class Command(BaseCommand):
    help = (
        "Let an operator look into a clinic, for an hour at most; it ends by itself. The clinic's"
        " audit trail and its page People say who, why and until when. With --name a new account"
        f" is made; its password is asked for, or taken from {PASSWORD_VARIABLE}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clinic", type=int, required=True, help="its number")
        parser.add_argument("--reason", required=True, help="what the clinic's admins will read")
        parser.add_argument("--by", required=True, help="the operator's own address")
        parser.add_argument("--name", help="of the operator, for a new account")
        parser.add_argument("--minutes", type=int, default=MOST_MINUTES, help="60 at most")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        reason, minutes = said("reason", options["reason"]), options["minutes"]
        if not 0 < minutes <= MOST_MINUTES:
            raise CommandError(f"minutes: From 1 to {MOST_MINUTES}.")
        user = self._operator(options["by"], options["name"])
        try:
            membership = operators.let_in(
                clinic_id=options["clinic"],
                user=user,
                reason=reason,
                lasts=timedelta(minutes=minutes),
                at=timezone.now(),
            )
        except (operators.NoSuchClinic, tenancy.NoClinic) as error:
            raise CommandError(f"There is no clinic {options['clinic']}.") from error
        except operators.WorksHere as error:
            raise CommandError(f"{user.email} is one of the clinic's own people.") from error
        until = f"{membership.ends_at:%Y-%m-%d %H:%M} UTC"
        self.stdout.write(f"{user.name} may look into {membership.clinic} until {until}.")

    def _operator(self, email: str, name: str | None) -> User:
        if not name:
            return account(email)
        if User.objects.filter(email=email.strip().lower()).exists():
            raise CommandError(f"{email} has an account already: leave out --name.")
        return new_account(email=email, name=name, variable=PASSWORD_VARIABLE)
