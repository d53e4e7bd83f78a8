from datetime import date
from typing import Any

from django import forms

from patients.dates import WRITTEN


class DayField(forms.DateField):
    """A day up to today; the form says from when on, with `limit_day`."""

    def __init__(self, *, too_early: str, **kwargs: Any) -> None:
        kwargs.setdefault("input_formats", WRITTEN)
        kwargs.setdefault("widget", forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)
        self.too_early = too_early
        self.error_messages["invalid"] = "Write the date like 2026-05-17 or 17 May 2026."
        self.earliest, self.latest = date.min, date.max

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value is not None and value > self.latest:
            raise forms.ValidationError("This date is in the future.")
        if value is not None and value < self.earliest:
            raise forms.ValidationError(self.too_early)


def limit_day(form: forms.Form, name: str, *, earliest: date, latest: date) -> None:
    """Accept in this field of the form the days from `earliest` to `latest`, which is today."""
    field: Any = form.fields[name]
    field.earliest, field.latest = earliest, latest
    field.widget.attrs |= {"min": earliest.isoformat(), "max": latest.isoformat()}
