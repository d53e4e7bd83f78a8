"""E-mails to patients. None has a word about health: others read what a screen shows."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.utils import translation

from patients.models import Patient

# Seconds. Somebody waits for the page that says the message was sent.
TIMEOUT = 10


class NotSent(Exception):
    """The mail server did not take the message."""


def send_link(*, patient: Patient, link: str, expires_at: datetime) -> None:
    """Send the link of an invitation, in the patient's language. Raises NotSent."""
    context = {"clinic": patient.clinic, "link": link, "expires_at": expires_at}
    with translation.override(patient.language or settings.LANGUAGE_CODE):
        _send(patient.email, "link", context)


def send_code(*, to: str, code: str | None) -> None:
    """Send the six digits, or say that nobody has this address; both take the same time.

    The language is that of the page on which somebody asked. Raises NotSent.
    """
    _send(to, "code" if code else "no_code", {"code": code})


def _send(to: str, name: str, context: dict[str, object]) -> None:
    context |= {"site_url": settings.SITE_URL}
    subject = render_to_string(f"portal/email/{name}_subject.txt", context).strip()
    text = render_to_string(f"portal/email/{name}.txt", context)
    try:
        EmailMessage(subject, text, to=[to], connection=get_connection(timeout=TIMEOUT)).send()
    except OSError as error:  # also what the mail server answers: SMTPException is one
        raise NotSent from error
