"""Forms of django-allauth in our words; a code counts once, and what is no passkey is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn import forms as webauthn
from django import forms

from clinics import second_factor, sign_ins
from clinics.forms import LineField
from clinics.models import User
from clinics.qr import QrCode, qr_code

LONGEST_NAME = 60
ONE_TIME = {"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "off"}


def _code_field(label: str, help_text: str) -> forms.CharField:
    widget = forms.TextInput(attrs=ONE_TIME)
    return forms.CharField(label=label, help_text=help_text, max_length=40, widget=widget)


class _CodeOnce:
    """For forms that have found out whose code it is: `authenticator`."""

    authenticator: Any

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if not second_factor.spend(self.authenticator, code):
            sign_ins.note_failure(self.authenticator.user, how="one-time code")
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_CodeOnce, base.AuthenticateForm):
    code = _code_field("Code", "Six digits from your app, or one of your recovery codes.")


class CodeAgainForm(_CodeOnce, base.ReauthenticateForm):
    code = _code_field("Code", "Six digits from your app, or one of your recovery codes.")


class AppForm(ActivateTOTPForm):
    code = _code_field("Code", "The six digits that the app shows now.")

    @property
    def qr(self) -> QrCode:
        """The secret for the camera of a phone."""
        return qr_code(get_adapter().build_totp_url(self.user, self.secret))


@contextmanager
def _refusing_what_is_no_passkey() -> Iterator[None]:
    """What a browser would never send stumbles somewhere inside the parser."""
    try:
        yield
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        if isinstance(error, forms.ValidationError):
            raise
        raise get_adapter().validation_error("incorrect_code") from error


class PasskeyForm(webauthn.AddWebAuthnForm):
    name = LineField(
        label="Name",
        required=False,
        max_length=LONGEST_NAME,
        help_text="So that you know it again: the phone, computer or key it is kept on.",
    )
    # All of ours can be used to sign in without a password.
    passwordless = None

    def clean(self) -> dict[str, Any]:
        with _refusing_what_is_no_passkey():
            return super().clean()


class _PasskeyGiven:
    user: User | None  # not known yet where the passkey stands for the password

    def clean_credential(self) -> Any:
        try:
            with _refusing_what_is_no_passkey():
                return super().clean_credential()  # type: ignore[misc]
        except forms.ValidationError:
            if self.user is not None:
                sign_ins.note_failure(self.user, how="passkey")
            raise


class PasskeySignInForm(_PasskeyGiven, webauthn.LoginWebAuthnForm):
    """Instead of a password."""


class PasskeyStepForm(_PasskeyGiven, webauthn.AuthenticateWebAuthnForm):
    """After a password."""


class PasskeyAgainForm(_PasskeyGiven, webauthn.ReauthenticateWebAuthnForm):
    """To say once more who it is."""


class PasskeyNameForm(webauthn.EditWebAuthnForm):
    name = LineField(label="Name", max_length=LONGEST_NAME)
