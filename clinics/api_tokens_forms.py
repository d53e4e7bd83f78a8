from datetime import datetime, timedelta

from django import forms

from clinics.forms import NameField
from clinics.scopes import Scope

LASTS = [("30", "30 days"), ("90", "90 days"), ("365", "One year")]


class MakeTokenForm(forms.Form):
    """Which system gets a token, what it opens and for how long."""

    name = NameField(
        label="System",
        max_length=80,
        help_text="Which system shows this token. It stands in the audit trail with all it reads.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    scopes = forms.TypedMultipleChoiceField(
        label="What it may do",
        choices=Scope.choices,
        coerce=Scope,
        widget=forms.CheckboxSelectMultiple,
        help_text="No more than the system needs.",
        error_messages={"required": "Choose at least one."},
    )
    lasts = forms.TypedChoiceField(
        label="How long it works", choices=LASTS, coerce=int, initial="90", widget=forms.RadioSelect
    )

    def expires_at(self, now: datetime) -> datetime:
        """When a token made now stops working."""
        return now + timedelta(days=self.cleaned_data["lasts"])
