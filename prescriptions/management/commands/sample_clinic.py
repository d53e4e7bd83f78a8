from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from prescriptions.sample import clinic, staff


class Command(BaseCommand):
    help = "Make the sample clinic, once, and print how to sign in to it. Its people are invented."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_HTTPS:
            raise CommandError(
                "This is a real site, and everybody knows the passwords of the sample clinic:"
                " it is not made here."
            )
        today = timezone.localdate(timezone=ZoneInfo(staff.TIME_ZONE))
        try:
            clinic_id = clinic.find() or clinic.make(today=today)
        except clinic.CatalogueMissing as missing:
            raise CommandError(f"Run load_catalogue first; there is no {missing}.") from missing
        self.stdout.write(f"{staff.CLINIC_NAME}: sample people, all invented. Sign in as")
        for colleague in (staff.RUTH, staff.ANNA):
            self._line(colleague.role, f"{colleague.email}  password {staff.PASSWORD}")
        invited = clinic.invite(clinic_id=clinic_id, at=timezone.now())
        if invited is None:
            self._line("patient", "nobody: every sample patient has been archived")
            return
        link = f"{settings.SITE_URL}{reverse('portal:enter', args=[invited.token])}"
        self._line("patient", link)
        self._line("", f"This link is {invited.patient}’s, and opens the portal once.")

    def _line(self, who: str, how: str) -> None:
        self.stdout.write(f"  {who:<10} {how}")
