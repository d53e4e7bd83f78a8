from typing import Any

from django import forms

from clinics.forms import LineField
from clinics.text import folded, one_line
from patients.models import Erasure, Patient


class AskErasureForm(forms.Form):
    """Why a record shall be erased."""

    reason = forms.ChoiceField(
        choices=Erasure.Reason.choices, widget=forms.RadioSelect, label="Why"
    )


class EraseForm(forms.Form):
    """The last word before a record is gone.

    With `is_early` it asks for the legal reason: the clinic would keep the record for longer.
    """

    legal_reason = LineField(
        max_length=500,
        label="Legal reason for erasing it before that day",
        help_text="The law or the order, for example “GDPR Art. 17(1)(d)”. It stays on the"
        " certificate: write no name.",
    )
    confirmed_by = LineField(max_length=200)

    def __init__(self, *args: Any, patient: Patient, is_early: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patient = patient
        if not is_early:
            del self.fields["legal_reason"]
        word = "record number" if patient.record_number else "name"
        self.fields["confirmed_by"].label = f"Type the patient’s {word} to go on"

    def clean_confirmed_by(self) -> str:
        written: str = self.cleaned_data["confirmed_by"]
        expected = self._patient.record_number or self._patient.name
        if folded(written) != folded(one_line(expected)):
            raise forms.ValidationError("That is not what stands on this record.")
        return written
