"""What commands about accounts share: who, and why."""

import os
from argparse import ArgumentParser
from collections.abc import Callable
from getpass import getpass
from typing import Any, ClassVar

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from clinics.models import User
from clinics.text import has_letters, one_line

LONGEST_REASON, LONGEST_NAME = 300, 100


def said(name: str, text: str, *, longest: int = LONGEST_REASON) -> str:
    """What an audit trail will say, in one line. Raises CommandError when it says nothing."""
    line = one_line(text)
    if not has_letters(line) or len(line) > longest:
        raise CommandError(f"{name}: Write it out, in {longest} letters at most.")
    return line


def account(email: str) -> User:
    """The account of this address. Raises CommandError."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise CommandError(f"{email} has no account.")
    return user


def new_account(*, email: str, name: str, variable: str) -> User:
    """An account with the password in this environment variable, or asked for. CommandError."""
    password = os.environ.get(variable) or _asked_password(name)
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise CommandError("password: " + " ".join(error.messages)) from error
    return User.objects.create_user(email, name, password)


def _asked_password(name: str) -> str:
    password = getpass(f"Password of {name}: ")
    if password != getpass("The same again: "):
        raise CommandError("password: The two are not the same.")
    return password


class AccountCommand(BaseCommand):
    """Does one act of an operator to an account, with a reason that the clinics will read."""

    act: ClassVar[Callable[..., list[int]]]
    done: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address with which the person signs in")
        parser.add_argument("--reason", required=True, help="what the clinics' admins will read")
        parser.add_argument("--by", required=True, help="the operator's name")

    def handle(self, *args: Any, **options: Any) -> None:
        user = account(options["email"])
        told = type(self).act(
            user=user,
            reason=said("reason", options["reason"]),
            by=said("by", options["by"], longest=LONGEST_NAME),
        )
        clinics = ", ".join(map(str, told)) or "none"
        self.stdout.write(
            f"{user.email} is {self.done}. Told in the audit trail of clinics: {clinics}."
        )
