from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from clinics.models import User
from prescriptions.sample import clinic, staff
from prescriptions.sample.courses import Colleague
from prescriptions.sample.second_step import codes


class Command(BaseCommand):
    help = "Make the sample clinic, once, and print how to sign in to it. Its people are invented."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_HTTPS:
            raise CommandError(
                "This is a real site, and everybody knows the passwords of the sample clinic:"
                " it is not made here."
            )
        clinic_id = clinic.find() or self._make()
        self.stdout.write(f"{staff.CLINIC_NAME}: sample people, all invented. Sign in as")
        for colleague in (staff.RUTH, staff.ANNA):
            self._line(colleague.role, f"{colleague.email} / {_password(colleague)}")
            user = User.objects.get(email=colleague.email)
            self._line("", f"then one of these codes, each once: {', '.join(codes(user))}")
        invited = clinic.invite(clinic_id=clinic_id, at=timezone.now())
        if invited is None:
            self._line("patient", "nobody: every sample patient has been archived")
            return
        link = f"{settings.SITE_URL}{reverse('portal:enter', args=[invited.token])}"
        self._line("patient", link)
        self._line("", f"This link is {invited.patient}’s, and opens the portal once.")

    def _make(self) -> int:
        self.stdout.write(
            "Making a sample clinic with eight weeks of logs; this takes a moment ..."
        )
        self.stdout.flush()
        try:
            return clinic.make(today=timezone.localdate(timezone=ZoneInfo(staff.TIME_ZONE)))
        except clinic.CatalogueMissing as missing:
            raise CommandError(f"Run load_catalogue first; there is no {missing}.") from missing

    def _line(self, who: str, how: str) -> None:
        self.stdout.write(f"  {who:<10} {how}")


def _password(colleague: Colleague) -> str:
    if User.objects.get(email=colleague.email).check_password(staff.PASSWORD):
        return staff.PASSWORD
    return "the password you have set"
