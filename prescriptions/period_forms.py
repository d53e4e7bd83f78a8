"""Which days the progress is told of."""

from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from clinics.forms import DateInput
from patients.dates import WRITTEN
from prescriptions.charts import TimeAxis
from prescriptions.progress import By, last_days

MOST_DAYS = 366
SPANS = {
    14: "2 weeks",
    28: "4 weeks",
    56: "8 weeks",
    91: "3 months",
    182: "6 months",
    365: "1 year",
}
INVALID = {"invalid": "Write the date like 2026-05-17 or 17 May 2026."}


class Span(NamedTuple):
    """The last days in one click."""

    words: str
    first: date
    is_shown: bool


class PeriodForm(forms.Form):
    """From which day to which, a year at most; empty for the last eight weeks."""

    first = forms.DateField(
        label="From",
        required=False,
        input_formats=WRITTEN,
        widget=DateInput,
        error_messages=INVALID,
    )
    last = forms.DateField(
        label="Until",
        required=False,
        input_formats=WRITTEN,
        widget=DateInput,
        error_messages=INVALID,
    )
    by = forms.TypedChoiceField(
        label="By",
        required=False,
        coerce=By,
        empty_value=By.EXERCISE,
        choices=[(By.EXERCISE.value, "Exercise"), (By.DIRECTION.value, "Direction")],
    )

    def __init__(self, data: QueryDict, *, today: date) -> None:
        usual = last_days(today)
        filled = {"first": usual.first.isoformat(), "last": usual.last.isoformat()}
        given = {name: data[name] for name in ("first", "last", "by") if data.get(name)}
        super().__init__(filled | {"by": By.EXERCISE.value} | given)
        self.today = today

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if last and last > self.today:
            self.add_error("last", "This day is still to come.")
        elif first and last and first > last:
            self.add_error("first", "This is after the last day.")
        elif first and last and (last - first).days >= MOST_DAYS:
            self.add_error("first", "A year at most can be shown at once.")
        return given

    @property
    def axis(self) -> TimeAxis:
        """The days asked for; the last eight weeks while what was asked is not valid."""
        if not self.is_valid():
            return last_days(self.today)
        first, last = self.cleaned_data["first"], self.cleaned_data["last"]
        return TimeAxis(first, (last - first).days + 1)

    @property
    def query(self) -> str:
        """What is shown, as the end of an address."""
        axis = self.axis
        return urlencode({"first": axis.first, "last": axis.last, "by": self.shown_by.value})

    @property
    def shown_by(self) -> By:
        return self.cleaned_data["by"] if self.is_valid() else By.EXERCISE

    @property
    def spans(self) -> list[Span]:
        """Spans that end today, to choose from."""
        axis = self.axis
        return [
            Span(words, first, is_shown=(axis.first, axis.last) == (first, self.today))
            for number, words in SPANS.items()
            for first in [self.today - timedelta(days=number - 1)]
        ]
