"""The days on which a patient is away."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django import forms

from clinics.forms import DateInput, LineField
from patients.dates import WRITTEN
from prescriptions.models import LONGEST_ABSENCE, AbsenceReason

INVALID = {"invalid": "Write the date like 2026-05-17 or 17 May 2026."}
A_YEAR = timedelta(days=366)


class AbsenceForm(forms.Form):
    first_day = forms.DateField(
        label="From", input_formats=WRITTEN, widget=DateInput, error_messages=INVALID
    )
    last_day = forms.DateField(
        label="Until, this day included",
        input_formats=WRITTEN,
        widget=DateInput,
        error_messages=INVALID,
    )
    reason = forms.TypedChoiceField(choices=AbsenceReason, coerce=AbsenceReason)
    remark = LineField(
        label="Remark", required=False, max_length=200, help_text="The portal does not show it."
    )
    # The key under which the absence is stored once, however often the form is sent.
    client_uuid = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.earliest, self.latest = today - A_YEAR, today + A_YEAR

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        first, last = given.get("first_day"), given.get("last_day")
        if first and not self.earliest <= first <= self.latest:
            self.add_error("first_day", "Choose a day within a year of today.")
        if first and last and last < first:
            self.add_error("last_day", "This is before the first day.")
        elif first and last and last - first > LONGEST_ABSENCE:
            self.add_error("last_day", "An absence is a year at most.")
        return given


class TakeBackForm(forms.Form):
    client_uuid = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
