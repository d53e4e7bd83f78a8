from datetime import date
from typing import Any

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from clinics.forms import LineField
from patients.codes import as_meant
from patients.models import EARLIEST_BIRTH
from patients.pins import LONGEST, SHORTEST

NO_SUCH_DAY = _("There is no such day.")


class CodeForm(forms.Form):
    """The code from the paper, and the birth date of whoever it is for."""

    code = LineField(
        label=_("Your code"),
        max_length=40,
        help_text=_("The 8 letters and numbers on the paper from your clinic."),
        error_messages={"required": _("Type the code first.")},
        widget=forms.TextInput(
            {
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "dir": "ltr",
            }
        ),
    )
    # Three fields and not a calendar: nobody has to turn back sixty years page by page.
    day = forms.IntegerField(
        label=_("Day"),
        min_value=1,
        max_value=31,
        error_messages=dict.fromkeys(
            ["required", "invalid", "min_value", "max_value"], _("Type 1 to 31.")
        ),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "bday-day", "size": 2}),
    )
    month = forms.TypedChoiceField(
        label=_("Month"),
        choices=[("", _("Choose")), *MONTHS.items()],
        coerce=int,
        error_messages={"required": _("Choose one.")},
        widget=forms.Select({"autocomplete": "bday-month"}),
    )
    year = forms.IntegerField(
        label=_("Year"),
        min_value=EARLIEST_BIRTH.year,
        max_value=9999,
        error_messages=dict.fromkeys(
            ["required", "invalid", "min_value", "max_value"],
            _("Type 4 numbers."),
        ),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "bday-year", "size": 4}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"day", "month", "year"} <= cleaned.keys():
            try:
                cleaned["birth_date"] = date(cleaned["year"], cleaned["month"], cleaned["day"])
            except ValueError:
                self.add_error("day", NO_SUCH_DAY)
        return cleaned


class EmailForm(forms.Form):
    email = forms.EmailField(
        label=_("Your e-mail address"),
        help_text=_("The one that your clinic has."),
        error_messages={
            "required": _("Type your e-mail address first."),
            "invalid": _("Please look at the address again. It looks like name@example.com."),
        },
        widget=forms.EmailInput({"autocomplete": "email", "dir": "ltr"}),
    )

    def clean_email(self) -> str:
        """In lower case, as it is compared, and as the message is addressed."""
        return str(self.cleaned_data["email"]).lower()


class MailedCodeForm(forms.Form):
    code = LineField(
        label=_("The code from the e-mail"),
        max_length=40,
        help_text=_("Six numbers."),
        error_messages={"required": _("Type the code first.")},
        widget=forms.TextInput(
            {"inputmode": "numeric", "autocomplete": "one-time-code", "dir": "ltr"}
        ),
    )


class PinForm(forms.Form):
    pin = LineField(
        label=_("PIN"),
        max_length=20,
        help_text=_("4 to 8 numbers."),
        error_messages={"required": _("Type the PIN first.")},
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "dir": "ltr"}),
    )

    def clean_pin(self) -> str:
        """The digits of any script as 0 to 9."""
        pin = as_meant(self.cleaned_data["pin"])
        if not (pin.isdecimal() and SHORTEST <= len(pin) <= LONGEST):
            raise forms.ValidationError(_("A PIN has 4 to 8 numbers."))
        return pin
