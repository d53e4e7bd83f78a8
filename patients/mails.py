"""E-mails to patients and about records.

None has a word about health: others read what a screen shows.
"""

from datetime import datetime

from django.conf import settings
from django.utils import translation

from clinics.mails import NotSent as NotSent
from clinics.mails import send
from clinics.models import Clinic, Membership
from patients.models import Patient


def send_link(*, patient: Patient, link: str, expires_at: datetime) -> None:
    """Send the link of an invitation, in the patient's language. Raises NotSent."""
    context = {"clinic": patient.clinic, "link": link, "expires_at": expires_at}
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        send("portal/email/link", to=patient.email, context=context)


def send_code(*, to: str, code: str | None) -> None:
    """Send the six digits, or say that nobody has this address; both take the same time.

    The language is that of the page on which somebody asked. Raises NotSent.
    """
    name = "code" if code else "no_code"
    send(f"portal/email/{name}", to=to, context={"code": code})


def send_retention_report(*, clinic: Clinic, count: int) -> None:
    """Tell each admin how many records need not be kept any longer. Raises NotSent."""
    admins = Membership.objects.of(clinic).active().filter(role=Membership.Role.ADMIN)
    for admin in admins.select_related("user"):
        context = {"clinic": clinic, "name": admin.user.name, "count": count}
        send("patients/email/retention", to=admin.user.email, context=context)
