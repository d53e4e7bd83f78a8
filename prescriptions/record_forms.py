"""What a therapist writes down to go on despite a finding, as fields beside that finding."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from clinics.forms import LineField, ParagraphsField
from prescriptions.checks import Finding, Needed, latest_check
from prescriptions.responses import MOST_PAIN

PREFIX, RECORD = "lines", "record"


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def _text(label: str) -> forms.Field:
    widget = forms.Textarea(attrs={"rows": 2})
    return ParagraphsField(label=label, max_length=500, required=False, widget=widget)


FIELDS = {
    Needed.SEEN: lambda: forms.BooleanField(label="Seen, and still right", required=False),
    Needed.REASON: lambda: _text("Reason to go on"),
    Needed.PLAN: lambda: _text("Plan"),
    Needed.CHECK_ON: lambda: forms.DateField(label="Check on", required=False, widget=DateInput()),
    Needed.CLEARANCE_FROM: lambda: LineField(label="Cleared by", max_length=200, required=False),
    Needed.CLEARANCE_ON: lambda: forms.DateField(
        label="Cleared on", required=False, widget=DateInput()
    ),
    Needed.MODIFIED_RANGE: lambda: LineField(label="Range allowed", max_length=200, required=False),
    Needed.CONTACT: lambda: LineField(
        label="How you reached the patient", max_length=200, required=False
    ),
    Needed.DECISION: lambda: _text("Decision"),
    Needed.PAIN_LIMIT: lambda: forms.IntegerField(
        label="Most pain (0–10)", min_value=0, max_value=MOST_PAIN, required=False
    ),
    Needed.FADES_WITHIN: lambda: forms.IntegerField(
        label="Fades within (min)", min_value=1, max_value=1440, required=False
    ),
}


class RecordForm(forms.Form):
    """The fields that one finding asks for. A draft may leave some empty; publishing may not."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        finding: Finding,
        place: int,
        today: date,
        publishing: bool = False,
        stored: Mapping[str, Any] | None = None,
    ) -> None:
        prefix = f"{PREFIX}-{place}-{RECORD}-{finding.rule}"
        super().__init__(data, prefix=prefix, initial=dict(stored or {}))
        self.finding, self.today = finding, today
        for needed in finding.needed:
            field = FIELDS[needed]()
            field.required = publishing
            field.error_messages["required"] = "Needed to go on."
            self.fields[needed.value] = field

    def clean_check_on(self) -> date | None:
        day: date | None = self.cleaned_data["check_on"]
        latest = latest_check(self.finding.rule, self.today)
        if day is not None and not self.today <= day <= latest:
            raise forms.ValidationError(f"Choose a day from today to {latest:%-d %b}.")
        return day

    def clean_clearance_on(self) -> date | None:
        day: date | None = self.cleaned_data["clearance_on"]
        if day is not None and day > self.today:
            raise forms.ValidationError("This date is in the future.")
        return day

    @property
    def recorded(self) -> dict[str, Any]:
        """What is written down, by field, as it is stored; only for a valid form."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in self.cleaned_data.items()
            if value not in (None, "", False)
        }
