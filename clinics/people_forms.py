"""Forms about the people of a clinic."""

from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordMixin

from clinics.forms import NameField
from clinics.models import Membership, User
from clinics.roles import GIVEN_BY_CLINICS, may_give


class RoleField(forms.TypedChoiceField):
    """A role that somebody of the role `giver` may grant."""

    def __init__(self, *, giver: str, **kwargs: Any) -> None:
        choices = [(role.value, role.label) for role in GIVEN_BY_CLINICS if may_give(giver, role)]
        super().__init__(
            choices=choices, coerce=Membership.Role, widget=forms.RadioSelect, **kwargs
        )


class InviteForm(forms.Form):
    """Whom to invite."""

    name = NameField(max_length=200, widget=forms.TextInput({"autocomplete": "off"}))
    email = forms.EmailField(
        label="E-mail",
        help_text="The link goes there, and only this address can use it.",
        widget=forms.EmailInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, giver: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = RoleField(
            giver=giver, help_text="What each role may do stands on the page “Roles”."
        )


class RoleForm(forms.Form):
    """Which role somebody has from now on."""

    def __init__(self, *args: Any, giver: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = RoleField(giver=giver)


class JoinForm(SetPasswordMixin, forms.Form):
    """A new colleague's name, and the password of their choice."""

    name = NameField(
        label="Your name",
        max_length=200,
        help_text="As patients and colleagues know you.",
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    password1, password2 = SetPasswordMixin.create_password_fields("Password", "Password again")

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email
        self.fields["password2"].help_text = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.validate_passwords()
        person = User(email=self.email, name=cleaned.get("name", ""))
        self.validate_password_for_user(person, "password1")
        return cleaned
