from collections.abc import Sequence
from functools import cached_property
from typing import Any
from uuid import uuid4

from django import forms

from clinics.forms import LineField, ParagraphsField
from exercises.vocabulary import Direction, Region, Term
from patients.assessments import Tested, reading_of
from patients.bodymap import Movement, movement, zones
from patients.compass import DIRECTIONS, REGIONS
from patients.forms.bodymap import BodyMapField
from patients.lights import (
    GIVEN_BY_A_TEST,
    After,
    During,
    Light,
    Loading,
    Neuro,
    RangeChange,
    Reading,
    Series,
    TestPosition,
)
from patients.models import DirectionTest, Episode

WORST_PAIN = 10
MOST = 3600  # repetitions, or seconds held
LONGEST_SETTLING = 240  # minutes; a visit is over by then


class FocusedRadioSelect(forms.RadioSelect):
    """Where the keyboard is when the page opens: on the first choice."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        if option["index"] == "0":
            option["attrs"]["autofocus"] = True
        return option


class WhichForm(forms.Form):
    """What an address asks to test: after a stored test, or a direction; nonsense asks nothing."""

    after = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    region = forms.ChoiceField(choices=[(one.value, "") for one in REGIONS], required=False)
    direction = forms.ChoiceField(choices=[(one.value, "") for one in DIRECTIONS], required=False)

    @cached_property
    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class Where(Term):
    """Where symptoms were after the test, against before it."""

    SAME = "same"
    MOVED = "moved"
    GONE = "gone"


WHERE = [
    (Where.SAME.value, "In the same places"),
    (Where.MOVED.value, "In other places"),
    (Where.GONE.value, "Nowhere"),
]
# Answers that say that symptoms are still there, as they were or worse.
STILL_THERE = {After.NO_BETTER, After.NO_WORSE, After.NO_EFFECT, After.WORSE, After.PERIPHERALISED}
NOT_WORSE = {After.NO_BETTER, After.NO_WORSE, After.NO_EFFECT}
MOVED_AFTER = {After.CENTRALISED, After.PERIPHERALISED}


def _choose(term: type[Term], **kwargs: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        choices=term.choices(), coerce=term, widget=forms.RadioSelect, **kwargs
    )


class TestForm(forms.Form):
    """One direction test. `settles_within` is the clinic's limit in minutes."""

    client_uuid = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    region = forms.TypedChoiceField(
        choices=[(one.value, one.label) for one in REGIONS],
        coerce=Region,
        widget=forms.RadioSelect,
        initial=REGIONS[0].value,
    )
    direction = forms.TypedChoiceField(
        choices=[(one.value, one.label) for one in DIRECTIONS],
        coerce=Direction,
        widget=forms.RadioSelect,
    )
    position = _choose(TestPosition, initial=TestPosition.LYING.value)
    loading = _choose(Loading, initial=Loading.REPEATED.value)
    amount = forms.IntegerField(
        min_value=1, max_value=MOST, initial=10, label="Repetitions, or seconds held"
    )
    baseline_pain = forms.TypedChoiceField(
        label="Pain before",
        choices=[*((str(n), str(n)) for n in range(WORST_PAIN + 1)), ("", "Not asked")],
        coerce=int,
        empty_value=None,
        required=False,
        initial="",
        widget=forms.RadioSelect,
        help_text="0 is no pain, 10 is the worst pain the patient can imagine.",
    )
    zones_before = BodyMapField(label="Where it is before")
    during = _choose(During, label="During")
    after = _choose(After, label="After")
    settle_minutes = forms.IntegerField(
        label="Minutes until settled", required=False, min_value=0, max_value=LONGEST_SETTLING
    )
    not_settled = forms.BooleanField(label="Had not settled", required=False)
    where = forms.TypedChoiceField(
        label="Where it is after",
        choices=WHERE,
        coerce=Where,
        initial=Where.SAME.value,
        widget=forms.RadioSelect,
    )
    zones_after = BodyMapField(label="The places after")
    rom = _choose(RangeChange, label="Range of movement")
    neuro = _choose(Neuro, label="Neurological signs", initial=Neuro.NOT_CHECKED.value)
    dysfunction = forms.BooleanField(
        label="Dysfunction: a short tissue that is meant to be stretched", required=False
    )
    recheck = LineField(
        label="Movement to re-check",
        max_length=200,
        required=False,
        help_text="A movement or task that was limited before.",
    )
    light = forms.TypedChoiceField(
        label="Your light",
        choices=[("", "As computed"), *((one.value, one.label) for one in GIVEN_BY_A_TEST)],
        coerce=Light,
        empty_value=None,
        required=False,
        initial="",
        widget=forms.RadioSelect,
    )
    because = ParagraphsField(
        label="Why another light?",
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text="Both lights are kept, with your reason.",
    )

    def __init__(self, *args: Any, settles_within: int, focus_on: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settles_within = settles_within
        if focus_on and not self.is_bound:
            field: Any = self.fields[focus_on]
            field.widget = FocusedRadioSelect(choices=field.choices)
            field.widget.is_required = field.required

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self._missing("where", "zones_before", "zones_after"):
            self._clean_places()
        if not self._missing("after", "where", "zones_before", "zones_after"):
            self._clean_against_after()
        if not self._missing("after", "settle_minutes", "where", "zones_before", "zones_after"):
            self._clean_settling()
        is_changed = (
            cleaned.get("light") and self.reading and cleaned["light"] != self.reading.light
        )
        if is_changed and not cleaned.get("because"):
            self.add_error("because", "Say why the light is another than the computed one.")
        return cleaned

    @property
    def reading(self) -> Reading | None:
        """The computed light, as soon as all that counts for it is there."""
        counts = ["during", "after", "rom", "neuro", "settle_minutes", "not_settled", "where"]
        if not self.is_bound or self._missing(*counts, "zones_before", "zones_after"):
            return None
        return reading_of(
            self._series,
            before=self.cleaned_data["zones_before"],
            after=self._places_after,
            settles_within=self.settles_within,
        )

    @property
    def contradictions(self) -> list[str]:
        """What in the answers given so far does not fit together."""
        asked_again = ("settle_minutes", "not_settled", "where")
        return [str(told) for name in asked_again for told in self.errors.get(name, ())]

    @property
    def movement_in_words(self) -> str:
        """What is being tested; empty until region and direction are chosen."""
        if not self.is_bound or self._missing("region", "direction"):
            return ""
        region, direction = self.cleaned_data["region"], self.cleaned_data["direction"]
        return f"{region.label} {direction.label.lower()}"

    def tested(self) -> Tested:
        """The test as an action takes it; only for a valid form."""
        cleaned = self.cleaned_data
        return Tested(
            region=cleaned["region"],
            direction=cleaned["direction"],
            position=cleaned["position"],
            loading=cleaned["loading"],
            amount=cleaned["amount"],
            series=self._series,
            baseline_pain=cleaned["baseline_pain"],
            zones_before=cleaned["zones_before"],
            zones_after=self._places_after,
            recheck=cleaned["recheck"],
        )

    def _missing(self, *names: str) -> bool:
        """Whether one of these is wrong or not there yet."""
        return any(name in self.errors or name not in self.cleaned_data for name in names)

    @property
    def _series(self) -> Series:
        cleaned = self.cleaned_data
        return Series(
            during=cleaned["during"],
            after=cleaned["after"],
            settle_minutes=cleaned["settle_minutes"],
            rom=cleaned["rom"],
            neuro=cleaned["neuro"],
            dysfunction=cleaned["dysfunction"],
        )

    @property
    def _places_after(self) -> list[str]:
        where = self.cleaned_data["where"]
        if where is Where.SAME:
            return self.cleaned_data["zones_before"]
        return self.cleaned_data["zones_after"] if where is Where.MOVED else []

    @property
    def _has_spread(self) -> bool:
        before, after = self.cleaned_data["zones_before"], self._places_after
        return movement(zones(before), zones(after)) is Movement.PERIPHERALISING

    def _clean_places(self) -> None:
        if self.cleaned_data["where"] is Where.MOVED and not self.cleaned_data["zones_after"]:
            self.add_error("zones_after", "Mark where symptoms are now.")

    def _clean_against_after(self) -> None:
        """Where symptoms are, and what they were after, have to tell one story."""
        after, where = self.cleaned_data["after"], self.cleaned_data["where"]
        is_marked = bool(self.cleaned_data["zones_before"])
        if after is After.ABOLISHED and self._places_after:
            self.add_error("where", "Abolished symptoms are nowhere: choose that here.")
        elif after in MOVED_AFTER and is_marked and where is Where.SAME:
            self.add_error("where", f"Symptoms {after.label.lower()}: mark where they are now.")
        elif after in STILL_THERE and is_marked and where is Where.GONE:
            self.add_error("where", f"After is “{after.label.lower()}”, so symptoms are somewhere.")

    def _clean_settling(self) -> None:
        cleaned = self.cleaned_data
        minutes, not_settled = cleaned["settle_minutes"], cleaned["not_settled"]
        is_worse = cleaned["after"] in {After.WORSE, After.PERIPHERALISED} or self._has_spread
        if minutes is not None and not_settled:
            self.add_error("settle_minutes", "Give the minutes, or tick that it had not settled.")
        elif is_worse and minutes is None and not not_settled:
            self.add_error(
                "settle_minutes", "Symptoms were worse: how long until they settled, if they did?"
            )
        elif not_settled and not is_worse and cleaned["after"] in NOT_WORSE:
            self.add_error("not_settled", "What had not settled was worse after: say so there.")


def to_begin_with(episode: Episode, asked: dict[str, Any]) -> dict[str, Any]:
    """What the fields of a first test begin with."""
    return {"zones_before": episode.zones_now} | asked


def to_go_on_with(test: DirectionTest, direction: Direction) -> dict[str, Any]:
    """What the fields of the next test begin with: all that stays, and where symptoms are now."""
    return {
        "region": test.region,
        "direction": direction.value,
        "position": test.position,
        "loading": test.loading,
        "amount": test.amount,
        "baseline_pain": "" if test.baseline_pain is None else str(test.baseline_pain),
        "zones_before": _places_now(test),
        "recheck": test.recheck,
    }


def _places_now(test: DirectionTest) -> Sequence[str]:
    """Where symptoms are once the test is over: what settled is back where it was."""
    return test.zones_before if test.settle_minutes is not None else test.zones_after
