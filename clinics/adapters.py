from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class StaffAccountAdapter(DefaultAccountAdapter):
    """Sign-in for staff: people are invited by a clinic, nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link in the mail: to our own address, whatever host the request claimed."""
        path = super().get_reset_password_from_key_url(key).split("://", 1)[-1]
        return f"{settings.SITE_URL}/{path.split('/', 1)[1]}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, context | {"site_url": settings.SITE_URL})
