from argparse import ArgumentParser
from typing import Any

from django import forms
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from clinics import actions
from clinics.forms import NameField
from clinics.management.accounts import new_account
from clinics.models import User, validate_time_zone

PASSWORD_VARIABLE = "OPEN_CLINIC_PASSWORD"  # noqa: S105 (the name of a variable)


class OpenClinicForm(forms.Form):
    name = NameField(max_length=200)
    time_zone = forms.CharField(max_length=64, validators=[validate_time_zone])
    admin = NameField(max_length=200)
    email = forms.EmailField()


class Command(BaseCommand):
    help = (
        "Open a clinic with its first admin. Asks for the admin's password, or takes it from"
        f" {PASSWORD_VARIABLE}; an admin who signs in already keeps their own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the clinic")
        parser.add_argument("--time-zone", required=True, help="for example Europe/Vienna")
        parser.add_argument("--admin", required=True, help="name of the first admin")
        parser.add_argument("--email", required=True, help="address with which the admin signs in")

    def handle(self, *args: Any, **options: Any) -> None:
        form = OpenClinicForm(options)
        if not form.is_valid():
            wrong = form.errors.get_json_data().items()
            raise CommandError(
                "\n".join(
                    f"{name}: {error['message']}" for name, errors in wrong for error in errors
                )
            )
        given = form.cleaned_data
        with transaction.atomic():
            admin = User.objects.filter(email=given["email"].lower()).first()
            if admin is None:
                admin = new_account(
                    email=given["email"], name=given["admin"], variable=PASSWORD_VARIABLE
                )
            clinic = actions.open_clinic(
                name=given["name"], time_zone=given["time_zone"], admin=admin
            )
        self.stdout.write(f"{clinic} is open. {admin} signs in as {admin.email}.")
