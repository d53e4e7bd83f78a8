from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from clinics import second_factor
from clinics.models import User
from clinics.origin import browser_of
from clinics.sealing import seal, unseal


class StaffAccountAdapter(DefaultAccountAdapter):
    """Sign-in for staff: people are invited by a clinic, nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who has just signed in is not asked again."""
        return not second_factor.is_confirmed(self.request)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link in the mail: to our own address, whatever host the request claimed."""
        path = super().get_reset_password_from_key_url(key).split("://", 1)[-1]
        return f"{settings.SITE_URL}/{path.split('/', 1)[1]}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, context | {"site_url": settings.SITE_URL})


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets are sealed in the database; a passkey is named after the browser it was made in."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def generate_authenticator_name(self, user: User, type: str) -> str:
        return browser_of(context.request.headers.get("User-Agent", "")) or "A browser"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return super().get_public_key_credential_rp_entity() | {"name": "Bearing"}
