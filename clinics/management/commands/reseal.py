from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand
from django.db import transaction

from clinics.sealing import reseal

SEALED = ("secret", "seed")


class Command(BaseCommand):
    help = "Seal the secrets of authenticator apps and recovery codes with the first key."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for one in Authenticator.objects.select_for_update().exclude(
            type=Authenticator.Type.WEBAUTHN
        ):
            for name in SEALED:
                if name in one.data:
                    one.data[name] = reseal(one.data[name])
                    count += 1
            one.save(update_fields=["data"])
        self.stdout.write(f"{count} secrets are sealed with the first key.")
