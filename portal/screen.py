"""The red-flag question before each log, and its answer "none" as the log form carries it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _

from patients.models import Patient
from patients.redflags import ASKED_OF_PATIENTS, Urgency

NONE, SOME = "none", "some"
# A log form that was left open longer than this asks the question again.
ANSWER_HOLDS = timedelta(hours=6)
_SALT = "portal.none_of_these"


def _signs(urgency: Urgency) -> list[tuple[str, Any]]:
    return [
        (flag.code, gettext_lazy(flag.for_patients))
        for flag in ASKED_OF_PATIENTS
        if flag.urgency is urgency
    ]


class ScreenForm(forms.Form):
    """ "Since your last log, have you had any of these?": what is ticked, or none."""

    now = forms.MultipleChoiceField(
        label=_("Signs that need help now"),
        choices=_signs(Urgency.EMERGENCY),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    today = forms.MultipleChoiceField(
        label=_("Signs to call about today"),
        choices=_signs(Urgency.TODAY),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    # No red flag: the log goes on, and a therapist hears of it.
    injured = forms.BooleanField(
        label=_("I had a fall or an injury since my last log"), required=False
    )
    answer = forms.ChoiceField(
        choices=[(NONE, _("None of these")), (SOME, _("Yes, what I ticked"))]
    )

    @property
    def codes(self) -> list[str]:
        """The red flags that are ticked, the most urgent first; only for a valid form."""
        return [*self.cleaned_data["now"], *self.cleaned_data["today"]]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        has_signs = bool(cleaned.get("now") or cleaned.get("today"))
        is_ticked = has_signs or bool(cleaned.get("injured"))
        if has_signs and cleaned.get("answer") == NONE:
            raise forms.ValidationError(
                _("You ticked a sign and pressed “None of these”. Which one is right?")
            )
        if not is_ticked and cleaned.get("answer") == SOME:
            raise forms.ValidationError(_("Tick what you have, or press “None of these”."))
        return cleaned


def none_of_these(patient: Patient) -> str:
    """A signed note that this patient was asked just now and has none of the signs."""
    return signing.dumps(patient.pk, salt=_SALT)


def said_none(note: str, patient: Patient) -> bool:
    """Whether the note is ours, about this patient, and not too old."""
    try:
        about: int = signing.loads(note, salt=_SALT, max_age=ANSWER_HOLDS)
    except signing.BadSignature:
        return False
    return about == patient.pk
