"""What is typed on the first page: whom to show, until when to snooze, what a filter is called."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms

from clinics.forms import DateInput, LineField, NameField
from patients.dates import WRITTEN
from prescriptions.models import LONGEST_BECAUSE, LONGEST_FILTER_NAME
from prescriptions.today import MINE, NOBODY, Chosen

LONGEST_SNOOZE = timedelta(days=60)
USUAL_SNOOZE = timedelta(days=7)


class ChooseForm(forms.Form):
    """Whose patients, and with which tag; what it does not know, it leaves out."""

    who = forms.ChoiceField(label="Therapist in charge", required=False)
    tag = forms.ChoiceField(label="Tag", required=False)

    def __init__(
        self,
        *args: Any,
        therapists: Sequence[tuple[int, str]],
        tags: Sequence[str],
        user_id: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        who: Any = self.fields["who"]
        who.choices = [
            ("", "Everyone"),
            (MINE, "Me"),
            (NOBODY, "Nobody yet"),
            *((str(key), name) for key, name in therapists if key != user_id),
        ]
        tag: Any = self.fields["tag"]
        tag.choices = [("", "Any"), *((word, word) for word in tags)]

    @property
    def chosen(self) -> Chosen:
        if not self.is_bound:
            return Chosen()
        self.is_valid()
        known = self.cleaned_data
        return Chosen(known.get("who", ""), known.get("tag", ""))


class SnoozeForm(forms.Form):
    until = forms.DateField(
        label="Until the morning of",
        input_formats=WRITTEN,
        widget=DateInput,
        error_messages={"invalid": "Write the date like 2026-05-17 or 17 May 2026."},
    )
    because = LineField(
        label="Why",
        max_length=LONGEST_BECAUSE,
        help_text="For example: on holiday, or spoken to on the phone.",
        error_messages={"required": "Say why: a colleague may look at the list as well."},
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"until": today + USUAL_SNOOZE})
        super().__init__(*args, **kwargs)
        self.earliest, self.latest = today + timedelta(days=1), today + LONGEST_SNOOZE
        self.fields["until"].widget.attrs |= {
            "min": self.earliest.isoformat(),
            "max": self.latest.isoformat(),
        }

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if until < self.earliest:
            raise forms.ValidationError("Choose a day that is to come.")
        if until > self.latest:
            raise forms.ValidationError(f"Choose a day within {LONGEST_SNOOZE.days} days.")
        return until


class SaveFilterForm(forms.Form):
    name = NameField(
        label="Name of this filter",
        max_length=LONGEST_FILTER_NAME,
        error_messages={"required": "Give the filter a name."},
    )


class SeenForm(forms.Form):
    """When the page was made: what came in since is not dealt with by a press on it."""

    seen_at = forms.DateTimeField()
