"""Sending an e-mail. None has a word about health: others read what a screen shows."""

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string

# Seconds. Somebody waits for the page that says the message was sent.
TIMEOUT = 10


class NotSent(Exception):
    """The mail server did not take the message."""


def send(template: str, *, to: str, context: dict[str, object]) -> None:
    """Send `<template>.txt` under the subject `<template>_subject.txt`. Raises NotSent."""
    context = context | {"site_url": settings.SITE_URL}
    subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
    text = render_to_string(f"{template}.txt", context)
    try:
        EmailMessage(subject, text, to=[to], connection=get_connection(timeout=TIMEOUT)).send()
    except OSError as error:  # also what the mail server answers: SMTPException is one
        raise NotSent from error
