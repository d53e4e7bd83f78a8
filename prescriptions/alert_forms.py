"""What a therapist writes down to close an alert."""

from collections.abc import Sequence
from typing import Any

from django import forms

from clinics.forms import LineField, ParagraphsField
from prescriptions.alerts import PausedThing
from prescriptions.models import Pause


class CloseForm(forms.Form):
    contact = LineField(
        label="How you reached the patient",
        max_length=300,
        help_text="For example: by phone at 10:40. If you could not, say what you tried.",
        error_messages={"required": "Say how you reached the patient, or what you tried."},
    )
    decision = ParagraphsField(
        label="What you decided",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what you decided."},
    )
    lift = forms.MultipleChoiceField(
        label="Let these go on again",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What you leave unticked stays paused.",
    )

    def __init__(self, *args: Any, paused: Sequence[PausedThing], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pauses = {str(thing.pause.pk): thing.pause for thing in paused}
        lift: Any = self.fields["lift"]
        lift.choices = [(str(thing.pause.pk), thing.name) for thing in paused]
        if not paused:
            del self.fields["lift"]

    @property
    def lifted(self) -> list[Pause]:
        return [self._pauses[key] for key in self.cleaned_data.get("lift", [])]
