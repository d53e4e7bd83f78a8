from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms

from clinics.forms import LineField, ParagraphsField
from exercises.vocabulary import Region
from patients.compass import REGIONS, Compass, Needle, Way
from patients.episodes import Event, Phase
from patients.forms.days import DayField, limit_day
from patients.lights import Light
from patients.models import Episode, Patient

NO_PREFERENCE = "none"


class BeginForm(forms.Form):
    complaint = LineField(
        max_length=300,
        help_text="What brings the patient here, in a few words: low back and left leg pain.",
    )
    onset_on = DayField(
        label="Began on",
        required=False,
        too_early="This is before the patient was born.",
        help_text="As well as the patient remembers. May be left open.",
    )

    def __init__(self, *args: Any, patient: Patient, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_day(self, "onset_on", earliest=patient.birth_date, latest=today)


PHASE_HINTS = {
    Phase.ASSESSMENT: "directions are being tested",
    Phase.REDUCTION: "the preference is confirmed and is the treatment",
    Phase.MAINTAINED: "symptoms are gone or stable",
    Phase.RECOVERY_OF_FUNCTION: "the opposite direction is brought back, step by step",
    Phase.PREVENTION: "free of symptoms; every direction is allowed",
}


class PhaseForm(forms.Form):
    phase = forms.TypedChoiceField(
        choices=[(phase.value, f"{phase.label}: {PHASE_HINTS[phase]}") for phase in Phase],
        coerce=Phase,
        widget=forms.RadioSelect,
    )
    reason = ParagraphsField(
        label="Why?",
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        help_text="Kept with the episode.",
    )

    def __init__(self, *args: Any, episode: Episode, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"phase": episode.phase}
        self.episode = episode

    def clean_phase(self) -> Phase:
        phase: Phase = self.cleaned_data["phase"]
        if phase == self.episode.phase:
            raise forms.ValidationError("The episode is in this phase already.")
        return phase


class PreferenceForm(forms.Form):
    """Confirms a directional preference, or takes it back. The phase moves only if told to."""

    preference = forms.ChoiceField(label="Directional preference")
    reason = ParagraphsField(
        label="Why?",
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text="Needed when the latest test of the direction is not green, and to withdraw.",
    )
    begin_reduction = forms.BooleanField(
        label="Move the episode to the phase Reduction as well",
        required=False,
        help_text="Bearing never changes the phase by itself.",
    )

    def __init__(
        self, *args: Any, episode: Episode, compasses: Iterable[Compass], **kwargs: Any
    ) -> None:
        present = _code(episode.preference) if episode.preference else ""
        super().__init__(*args, **kwargs)
        self.initial = {"preference": present}
        self.episode, self.present = episode, present
        self.needles = {
            _code((compass.region, needle.direction)): (compass.region, needle)
            for compass in compasses
            for needle in compass.needles
        }
        preference: Any = self.fields["preference"]
        preference.choices = [
            (NO_PREFERENCE, "None: withdraw it") if present else ("", "Choose a direction"),
            *((region.label, self._choices_in(region)) for region in REGIONS),
        ]
        if episode.phase == Phase.REDUCTION:
            del self.fields["begin_reduction"]

    @property
    def way(self) -> Way | None:
        """The preference that was chosen; None to withdraw it."""
        chosen = self.cleaned_data["preference"]
        if chosen == NO_PREFERENCE:
            return None
        region, needle = self.needles[chosen]
        return region, needle.direction

    def clean_preference(self) -> str:
        chosen: str = self.cleaned_data["preference"]
        if chosen == self.present:
            raise forms.ValidationError("This is the directional preference already.")
        return chosen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = cleaned.get("preference")
        if not chosen or "reason" not in cleaned:
            return cleaned
        if chosen == NO_PREFERENCE:
            if not cleaned["reason"]:
                self.add_error("reason", "Say why the preference is withdrawn.")
            if cleaned.get("begin_reduction"):
                self.add_error(
                    "begin_reduction", "Reduction begins with a preference, not without one."
                )
        elif self.needles[chosen][1].now is not Light.GREEN and not cleaned["reason"]:
            state = self.needles[chosen][1].word.lower()
            self.add_error("reason", f"This direction is {state}: say why it is preferred.")
        return cleaned

    def _choices_in(self, region: Region) -> list[tuple[str, str]]:
        return [
            (code, f"{region.label} {_in_words(needle)}")
            for code, (of_region, needle) in self.needles.items()
            if of_region is region
        ]


def _code(way: Way) -> str:
    region, direction = way
    return f"{region.value}:{direction.value}"


def _in_words(needle: Needle) -> str:
    state = needle.word.lower()
    if needle.latest is not None:
        state += f", tested on {needle.latest.on:%-d %b %Y}"
    return f"{needle.direction.label.lower()} ({state})"


class EventForm(forms.Form):
    event = forms.TypedChoiceField(
        label="What happened?",
        # That a flag was cleared is noted with the clearance.
        choices=[(one.value, one.label) for one in Event if one is not Event.FLAG_CLEARED],
        coerce=Event,
        widget=forms.RadioSelect,
    )
    on = DayField(label="On which day?", too_early="This is before the patient was born.")
    reason = ParagraphsField(
        label="What is known of it",
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, *args: Any, patient: Patient, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"on": today}
        limit_day(self, "on", earliest=patient.birth_date, latest=today)
