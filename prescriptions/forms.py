from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, cast

from django import forms
from django.http import QueryDict

from clinics.forms import LineField, NameField, ParagraphsField
from exercises.dosage import LABELS, LIMITS, Dosage
from exercises.models import Exercise, ExerciseEdition, ExerciseQuerySet
from exercises.vocabulary import Side
from prescriptions import checks, facts
from prescriptions.actions import LinePlan
from prescriptions.changes import DAY_NAMES
from prescriptions.models import (
    TEMPLATE_NAME_LENGTH,
    PrescribedExercise,
    PrescriptionEdition,
    every_day,
)
from prescriptions.placeholders import left_open, with_side
from prescriptions.record_forms import PREFIX, RECORD, DateInput

MOST_LINES = 30
MOST_RECORDS = 100  # fields beside findings, of one line
LATEST_START = timedelta(days=366)
DAYS = [(str(day), name) for day, name in enumerate(DAY_NAMES, start=1)]


NOTHING: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


class ProgrammeForm(forms.ModelForm):
    """When a programme starts and is reviewed, and why it changed; `version` is what was opened."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    class Meta:
        model = PrescriptionEdition
        fields = ["starts_on", "review_on", "reason", "avoid", "if_worse", "pauses_on_red"]
        field_classes = {
            "reason": ParagraphsField,
            "avoid": ParagraphsField,
            "if_worse": ParagraphsField,
        }
        widgets = {
            "starts_on": DateInput(),
            "review_on": DateInput(),
            "reason": forms.Textarea(attrs={"rows": 2}),
            "avoid": forms.Textarea(attrs={"rows": 2}),
            "if_worse": forms.Textarea(attrs={"rows": 2}),
        }
        labels = {
            "starts_on": "Starts on",
            "review_on": "Review on",
            "pauses_on_red": "Pause a stretch by itself after a bad log",
        }
        help_texts = {
            "review_on": "When you want to look at it again. May be left open.",
            "avoid": "Which movement, and why: the patient reads it above the stretches.",
            "if_worse": "What the patient should do.",
            "pauses_on_red": "The patient is told that this is your rule, and who will look when.",
        }

    def __init__(self, *args: Any, today: date, publishing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.initial.setdefault("version", self.instance.version)
        if self.instance.number == 1:
            del self.fields["reason"]
        elif publishing:
            self.fields["reason"].required = True
            self.fields["reason"].error_messages["required"] = (
                "Say what changed and why: it is kept with the edition."
            )

    def clean_starts_on(self) -> date:
        day: date = self.cleaned_data["starts_on"]
        if day < self.today and day != self.instance.starts_on:
            raise forms.ValidationError("Choose today or a later day.")
        if day > self.today + LATEST_START:
            raise forms.ValidationError("Choose a day within the next year.")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts_on, review_on = cleaned.get("starts_on"), cleaned.get("review_on")
        if starts_on and review_on and not starts_on <= review_on <= starts_on + LATEST_START:
            self.add_error("review_on", "Choose a day after the start, within a year of it.")
        return cleaned


class LineForm(forms.Form):
    """One exercise of the programme on the page."""

    exercise = forms.IntegerField(widget=forms.HiddenInput)
    side = forms.ChoiceField(choices=Side.choices(), required=False)
    weekdays = forms.TypedMultipleChoiceField(
        label="Days",
        choices=DAYS,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day."},
    )
    direction_note = ParagraphsField(
        label="Direction note",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The patient reads this with the stretch.",
    )

    soon_after_waking = forms.BooleanField(label="Within two hours of waking", required=False)

    field_order = ["exercise", *LIMITS, "side", "weekdays", "soon_after_waking", "direction_note"]

    def __init__(
        self,
        *args: Any,
        exercises: Mapping[int, Exercise],
        publishing: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.publishing = publishing
        # A line of which nothing came is a broken page, not one left open.
        self.empty_permitted = False
        self.exercises = exercises
        for name, limit in LIMITS.items():
            self.fields[name] = forms.IntegerField(
                label=LABELS[name], min_value=limit.least, max_value=limit.most
            )
        self.order_fields(self.field_order)

    @property
    def shown(self) -> Exercise | None:
        """The exercise of this line, also while the rest of it is wrong; None for a strange key."""
        key = as_key(self["exercise"].value())
        return self.exercises.get(key) if key else None

    def clean_exercise(self) -> Exercise:
        if self.shown is None:
            raise forms.ValidationError("There is no such exercise in your library.")
        return self.shown

    def clean_side(self) -> str:
        return self.cleaned_data["side"] or Side.NONE.value

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        note, side = cleaned.get("direction_note"), cleaned.get("side")
        if note and side is not None:
            cleaned["direction_note"] = with_side(note, "" if side == Side.NONE else side)
            open_words = left_open(cleaned["direction_note"])
            if self.publishing and open_words:
                words = " and ".join(open_words)
                self.add_error("direction_note", f"Write out {words}, or choose the side.")
        return cleaned

    @property
    def dosage(self) -> Dosage | None:
        """As it is typed now; None while a field holds no number that can be."""
        typed = {name: as_key(self[name].value()) for name in LIMITS}
        amounts = {
            name: number
            for name, number in typed.items()
            if number is not None and LIMITS[name].least <= number <= LIMITS[name].most
        }
        return Dosage(**amounts) if amounts.keys() == typed.keys() else None

    @property
    def days(self) -> list[int]:
        """The weekdays as they are ticked now."""
        ticked = self["weekdays"].value() or []
        return [day for day in map(as_key, ticked) if day is not None]

    def planned(self) -> checks.Planned:
        """The line as the checks see it now; no hold while the field holds no number."""
        if self.shown is None:
            raise LookupError("a line of a strange exercise is not checked")
        return facts.planned(
            self.shown.text,
            hold_seconds=as_key(self["hold_seconds"].value()) or 0,
            soon_after_waking=bool(self["soon_after_waking"].value()),
        )

    @property
    def recorded(self) -> Mapping[str, Mapping[str, Any]]:
        """What is stored beside its findings."""
        stored: Mapping[str, Mapping[str, Any]] = self.initial.get("recorded", {})
        return stored

    def plan(self, recorded: Mapping[str, Mapping[str, Any]] = NOTHING) -> LinePlan:
        """The line as an action takes it, with what stands beside its findings."""
        cleaned = self.cleaned_data
        return LinePlan(
            exercise=cleaned["exercise"],
            dosage=Dosage(**{name: cleaned[name] for name in LIMITS}),
            direction_note=cleaned["direction_note"],
            weekdays=cleaned["weekdays"],
            side=cleaned["side"],
            soon_after_waking=cleaned["soon_after_waking"],
            recorded=recorded,
        )


class BaseLineFormSet(forms.BaseFormSet):
    default_error_messages = {
        **forms.BaseFormSet.default_error_messages,
        "too_many_forms": f"A programme has at most {MOST_LINES} exercises.",
    }

    def clean(self) -> None:
        seen: set[tuple[int, str]] = set()
        for form in self.forms:
            exercise = form.cleaned_data.get("exercise") if form.is_valid() else None
            if exercise is None:
                continue
            key = (exercise.pk, form.cleaned_data["side"])
            if key in seen:
                form.add_error("side", "This exercise is here twice for the same side.")
            seen.add(key)


_LineFormSet = forms.formset_factory(
    LineForm,
    formset=BaseLineFormSet,
    extra=0,
    max_num=MOST_LINES,
    absolute_max=MOST_LINES + 1,
    validate_max=True,
)


def line_forms(data: QueryDict | None = None, **kwargs: Any) -> BaseLineFormSet:
    """The lines of a page as forms."""
    formset: Any = _LineFormSet(data, prefix=PREFIX, **kwargs)
    return cast("BaseLineFormSet", formset)


class EndForm(forms.Form):
    because = ParagraphsField(
        label="Why does it end?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the record. The patient does not see it.",
    )


class AddForm(forms.Form):
    """An exercise that comes along from the library page."""

    def __init__(self, *args: Any, library: ExerciseQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["exercise"] = forms.ModelChoiceField(queryset=library)


class PatientKeyForm(forms.Form):
    """Whose draft the page showed; needed only when the draft itself is gone."""

    patient = forms.IntegerField(min_value=1, max_value=2**63 - 1)

    def key(self) -> int | None:
        return self.cleaned_data["patient"] if self.is_valid() else None


class PickerForm(forms.Form):
    """The search for an exercise, beside the programme."""

    q = LineField(label="Find an exercise", max_length=100, required=False)
    hide_blocked = forms.BooleanField(label="Hide what is blocked", required=False)

    def asked(self) -> tuple[str, bool]:
        """The words to look for, and whether blocked exercises stay out."""
        if not self.is_valid():
            return "", False
        return self.cleaned_data["q"], self.cleaned_data["hide_blocked"]


class CopyForm(forms.Form):
    """The search for another patient whose programme is copied."""

    whose = LineField(label="Copy from another patient", max_length=100, required=False)

    def asked(self) -> str:
        return self.cleaned_data["whose"] if self.is_valid() else ""


class KeepTemplateForm(forms.Form):
    """What is on the desk, as a template."""

    name = NameField(label="Name of the template", max_length=TEMPLATE_NAME_LENGTH)
    is_shared = forms.BooleanField(label="For the whole clinic", required=False)
    with_notes = forms.BooleanField(
        label="Keep my notes",
        required=False,
        help_text="The patient’s name becomes {name}. See that nothing else is about the patient.",
    )

    use_required_attribute = False
    prefix = "template"


class RenameForm(forms.Form):
    name = NameField(label="Name", max_length=TEMPLATE_NAME_LENGTH)


def line_data(line: PrescribedExercise) -> dict[str, Any]:
    """What a stored line's fields begin with."""
    return text_data(line.exercise_edition) | {
        **line.dosage.as_fields(),
        "side": line.side,
        "weekdays": [str(day) for day in line.weekdays],
        "direction_note": line.direction_note,
        "soon_after_waking": line.soon_after_waking,
        "recorded": line.recorded,
    }


def text_data(text: ExerciseEdition) -> dict[str, Any]:
    """What the fields of a new line begin with: as the exercise's own text has it."""
    return {
        "exercise": text.exercise_id,
        **text.dosage.as_fields(),
        "side": text.side,
        "weekdays": [str(day) for day in every_day()],
        "direction_note": text.direction_note,
    }


def plan_data(plan: LinePlan) -> dict[str, Any]:
    """What the fields of a line that is brought in begin with."""
    return {
        "exercise": plan.exercise.pk,
        **plan.dosage.as_fields(),
        "side": plan.side,
        "weekdays": [str(day) for day in plan.weekdays],
        "direction_note": plan.direction_note,
        "soon_after_waking": ["on"] if plan.soon_after_waking else [],
    }


def as_key(value: object) -> int | None:
    """A key as it was posted, or None when it can be none."""
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 19 else None


def exercise_keys(rows: Iterable[Mapping[str, Any]]) -> list[int]:
    """The exercises named by the lines on the page."""
    named = (row["exercise"] for row in rows)
    firsts = (value[0] if isinstance(value, list) and value else value for value in named)
    return [key for key in map(as_key, firsts) if key is not None]


def rows_of(data: QueryDict) -> list[dict[str, list[str]]]:
    """The lines of a posted page, as they were typed, in their order.

    A count that cannot be is taken for too many: it must never empty a programme.
    """
    total = as_key(data.get(f"{PREFIX}-TOTAL_FORMS"))
    number = MOST_LINES + 1 if total is None else min(total, MOST_LINES + 1)
    return [
        {name: data.getlist(f"{PREFIX}-{place}-{name}") for name in _names(data, place)}
        for place in range(number)
    ]


def _names(data: QueryDict, place: int) -> list[str]:
    """The fields of one line, with those that stand beside its findings."""
    always = ["exercise", *LIMITS, "side", "weekdays", "soon_after_waking", "direction_note"]
    begin = f"{PREFIX}-{place}-"
    records = [name.removeprefix(begin) for name in data if name.startswith(f"{begin}{RECORD}-")]
    return [*always, *records[:MOST_RECORDS]]


def posted_rows(rows: Iterable[Mapping[str, Any]]) -> QueryDict:
    """The same lines as a browser would post them, numbered anew."""
    data = QueryDict(mutable=True)
    rows = list(rows)
    for name, value in (("TOTAL_FORMS", len(rows)), ("INITIAL_FORMS", 0)):
        data[f"{PREFIX}-{name}"] = str(value)
    for place, row in enumerate(rows):
        for name, value in row.items():
            values = value if isinstance(value, list) else [str(value)]
            if values:
                data.setlist(f"{PREFIX}-{place}-{name}", values)
    return data
