from datetime import date
from typing import Any
from uuid import uuid4

from django import forms

from clinics.forms import LineField, ParagraphsField
from patients.conditions import Condition
from patients.forms.days import DayField, limit_day
from patients.models import Patient, RaisedFlag
from patients.redflags import RED_FLAGS, Urgency


class ScreenForm(forms.Form):
    """The questions of the safety screen; each is answered, and none is answered in advance."""

    client_uuid = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    remark = ParagraphsField(
        required=False, max_length=1000, widget=forms.Textarea({"rows": 2}), label="Remark"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for flag in RED_FLAGS:
            self.fields[flag.code] = forms.ChoiceField(
                label=flag.for_staff,
                choices=[("no", "No"), ("yes", "Yes")],
                widget=forms.RadioSelect,
                error_messages={
                    "required": "Answer yes or no.",
                    "invalid_choice": "Answer yes or no.",
                },
            )
        self.order_fields([flag.code for flag in RED_FLAGS])

    @property
    def emergencies(self) -> list[forms.BoundField]:
        return self._questions(Urgency.EMERGENCY)

    @property
    def for_today(self) -> list[forms.BoundField]:
        return self._questions(Urgency.TODAY)

    @property
    def answers(self) -> list[str]:
        """Codes of what was answered with yes."""
        return [flag.code for flag in RED_FLAGS if self.cleaned_data[flag.code] == "yes"]

    def _questions(self, urgency: Urgency) -> list[forms.BoundField]:
        return [self[flag.code] for flag in RED_FLAGS if flag.urgency is urgency]


class ClearanceForm(forms.Form):
    assessed_by = LineField(
        label="Who assessed it?",
        max_length=200,
        help_text="Name and role: Dr Lee, emergency department.",
    )
    assessed_on = DayField(label="On which day?", too_early="This is before the flag was raised.")
    outcome = ParagraphsField(
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text="What was found, and why it is safe to go on.",
    )

    def __init__(self, *args: Any, flag: RaisedFlag, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        raised_on = flag.patient.local_date(flag.raised_at)
        limit_day(self, "assessed_on", earliest=raised_on, latest=today)


class ConditionForm(forms.Form):
    condition = forms.TypedChoiceField(
        choices=[("", "Choose a condition"), *Condition.choices()], coerce=Condition
    )
    since = DayField(too_early="This is before the patient was born.")
    source = LineField(
        max_length=200, help_text="Who says so, and where: letter of Dr Lee, 3 May 2026."
    )

    def __init__(self, *args: Any, patient: Patient, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_day(self, "since", earliest=patient.birth_date, latest=today)


class EndConditionForm(forms.Form):
    until = DayField(label="The last day it held", too_early="This is before the condition began.")

    def __init__(self, *args: Any, since: date, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"until": today}
        limit_day(self, "until", earliest=since, latest=today)
