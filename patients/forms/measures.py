"""Forms about outcome measures: what a clinic adds, when a measure is asked, and the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from clinics.forms import DateInput, LineField
from patients.dates import WRITTEN
from patients.forms.days import DayField, limit_day
from patients.measure_actions import Said
from patients.measure_definition import (
    LONGEST_FILE,
    BadDefinition,
    Definition,
    Item,
    Kind,
    parse,
    shipped,
)
from patients.measure_due import Times
from patients.models import LONGEST_ACTIVITY, MOST_WEEKS, MeasurePlan, Patient

SKIP = ""
YES, NO = "1", "0"


class DefinitionForm(forms.Form):
    """The text of a measure; all that is wrong with it is said beside it.

    The site takes no files: the page reads one into the text, see static/js/text_of_file.js.
    """

    text = forms.CharField(
        label="Definition",
        required=False,
        max_length=LONGEST_FILE,
        strip=False,
        widget=forms.Textarea({"rows": 24, "spellcheck": "false", "class": "code"}),
        help_text="TOML, as described below.",
    )
    is_licensed = forms.BooleanField(
        label="The clinic has the right to use this measure",
        help_text="The clinic answers for the licence, its terms and its costs. Bearing does not"
        " check it.",
    )

    definition: Definition
    source: str

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        text = cleaned.get("text", "").replace("\r\n", "\n")
        if "text" in self.errors:
            return cleaned
        if not text.strip():
            self.add_error("text", "Paste a definition, or choose a file.")
            return cleaned
        try:
            self.definition = parse(text, file="the text")
        except BadDefinition as bad:
            for problem in bad.problems:
                self.add_error("text", str(problem))
            return cleaned
        if self.definition.key in shipped():
            self.add_error("text", f"The key {self.definition.key} is that of a shipped measure.")
        self.source = text
        return cleaned


class AskForm(forms.Form):
    """Which measure is asked, and when."""

    key = forms.ChoiceField(label="Measure", widget=forms.RadioSelect)
    schedule = forms.ChoiceField(
        label="When",
        choices=[
            ("once", "Once"),
            ("weeks", "Every few weeks"),
            ("review", "At the start and at the review"),
        ],
        initial="once",
        widget=forms.RadioSelect,
    )
    starts_on = forms.DateField(label="From", widget=DateInput, input_formats=WRITTEN)
    every_weeks = forms.IntegerField(
        label="Weeks in between",
        required=False,
        min_value=1,
        max_value=MOST_WEEKS,
        initial=2,
        help_text="For: every few weeks.",
    )
    review_on = forms.DateField(
        label="Review on",
        required=False,
        widget=DateInput,
        input_formats=WRITTEN,
        help_text="For: at the start and at the review.",
    )
    until = forms.DateField(
        label="Until",
        required=False,
        widget=DateInput,
        input_formats=WRITTEN,
        help_text="The last day on which it is asked. May be left open.",
    )

    def __init__(
        self,
        *args: Any,
        offered: Sequence[Definition],
        today: date,
        review_on: date | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.initial = {"starts_on": today, "review_on": review_on, **self.initial}
        choice: Any = self.fields["key"]
        choice.choices = [(one.key, f"{one.title} ({one.short}): {one.about}") for one in offered]

    @property
    def times(self) -> Times:
        """Only for a valid form."""
        said = self.cleaned_data
        schedule = said["schedule"]
        return Times(
            schedule,
            said["starts_on"],
            said["every_weeks"] if schedule == MeasurePlan.Schedule.WEEKS else None,
            said["review_on"] if schedule == MeasurePlan.Schedule.REVIEW else None,
            said["until"],
        )

    def clean_starts_on(self) -> date:
        starts_on: date = self.cleaned_data["starts_on"]
        if starts_on < self.today:
            raise forms.ValidationError("This day is over.")
        return starts_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts_on, schedule = cleaned.get("starts_on"), cleaned.get("schedule")
        if schedule == MeasurePlan.Schedule.WEEKS and not cleaned.get("every_weeks"):
            self.add_error("every_weeks", "Say how many weeks lie in between.")
        if schedule == MeasurePlan.Schedule.REVIEW and not cleaned.get("review_on"):
            self.add_error("review_on", "Say on which day the review is.")
        if starts_on is None:
            return cleaned
        review_on, until = cleaned.get("review_on"), cleaned.get("until")
        if schedule == MeasurePlan.Schedule.REVIEW and review_on and review_on <= starts_on:
            self.add_error("review_on", "The review comes after the first day.")
        if until and until < starts_on:
            self.add_error("until", "This is before the first day.")
        return cleaned


class OpenRadioSelect(forms.RadioSelect):
    """Radios of which none is chosen until somebody does, not even the one without a value."""

    def format_value(self, value: Any) -> list[str]:
        return [] if value is None else list(super().format_value(value) or [])


@dataclass(frozen=True)
class Row:
    """An item on the page, with its fields; `words` names an activity that is there already."""

    item: Item
    number: int
    value: forms.BoundField
    words: str = ""
    naming: forms.BoundField | None = None
    missed: forms.BoundField | None = None


class AnswersForm(forms.Form):
    """The answers to a measure. Every item is answered or skipped; nothing is chosen beforehand.

    `activities` are the words in which the patient named them before. Staff, who copy a paper, may
    also say that a statement was passed over.
    """

    client_uuid = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        definition: Definition,
        activities: Sequence[str] = (),
        is_for_staff: bool = False,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self.definition, self.activities = definition, activities
        self.is_for_staff = is_for_staff
        asked = definition.activity
        self.number_of_activities = (len(activities) or asked.at_most) if asked else 0
        for item in definition.items:
            if item.kind is Kind.ACTIVITY:
                self._add_activities(item)
            elif item.kind is Kind.TICK:
                self._add_tick(item)
            else:
                self.fields[f"a_{item.key}"] = _choice_of(item)
        if definition.is_of_ticks:
            self.fields["none"] = forms.BooleanField(
                label=_("None of these describes me today"), required=False
            )

    @property
    def rows(self) -> list[Row]:
        rows = []
        for number, item in enumerate(self.definition.items, start=1):
            if item.kind is not Kind.ACTIVITY:
                missed = self[f"m_{item.key}"] if f"m_{item.key}" in self.fields else None
                rows.append(Row(item, number, self[f"a_{item.key}"], missed=missed))
                continue
            for place in range(self.number_of_activities):
                words = self.activities[place] if self.activities else ""
                naming = None if words else self[f"w_{place}"]
                rows.append(Row(item, place + 1, self[f"r_{place}"], words, naming))
        return rows

    @property
    def said(self) -> Said:
        """Only for a valid form."""
        cleaned, answers = self.cleaned_data, {}
        for item in self.definition.items:
            if item.kind is Kind.TICK:
                is_missed = cleaned.get(f"m_{item.key}", False)
                answers[item.key] = None if is_missed else int(cleaned[f"a_{item.key}"])
            elif item.kind is not Kind.ACTIVITY:
                answers[item.key] = cleaned[f"a_{item.key}"]
        named = {
            words: cleaned[f"r_{place}"]
            for place in range(self.number_of_activities)
            if (words := self._words(place))
        }
        return Said(answers, named)

    @property
    def typed(self) -> dict[str, Any]:
        """What was put in so far, to be shown again; also of a form that is not complete."""
        names = [name for name in self.fields if name in self.data]
        return {name: str(self.data[name])[:LONGEST_ACTIVITY] for name in names}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for row in self.rows:
            # Ticks may stay blank, and so may the lines for further activities.
            is_free = row.item.kind is Kind.TICK or (row.naming and not row.naming.data)
            if not is_free and row.value.html_name not in self.data:
                self.add_error(row.value.name, _("Choose an answer, or press Skip."))
            if row.naming and not row.naming.data and row.value.data:
                self.add_error(row.naming.name, _("Say which activity this is."))
        named = [self._words(place) for place in range(self.number_of_activities)]
        if self.definition.activity and not any(named) and not self.errors:
            self.add_error("w_0", _("Name one activity at least."))
        if len(set(filter(None, named))) < len(list(filter(None, named))):
            raise forms.ValidationError(_("An activity is named twice."))
        if self.definition.is_of_ticks:
            self._check_ticks(cleaned)
        return cleaned

    def _check_ticks(self, cleaned: dict[str, Any]) -> None:
        """A form of ticks that is left blank is a 0: it has to be meant."""
        keys = [item.key for item in self.definition.items]
        is_any = any(cleaned.get(f"a_{key}") or cleaned.get(f"m_{key}") for key in keys)
        if is_any and cleaned.get("none"):
            self.add_error("none", _("You ticked a line above. Which one is right?"))
        if not is_any and not cleaned.get("none"):
            self.add_error("none", _("Tick what is so today, or tick this line."))
        for key in keys:
            if cleaned.get(f"a_{key}") and cleaned.get(f"m_{key}"):
                self.add_error(f"m_{key}", "It is ticked. Which one is right?")

    def _words(self, place: int) -> str:
        if self.activities:
            return self.activities[place]
        words: str = self.cleaned_data.get(f"w_{place}", "")
        return words

    def _add_tick(self, item: Item) -> None:
        self.fields[f"a_{item.key}"] = forms.BooleanField(label=item.text, required=False)
        if self.is_for_staff:
            self.fields[f"m_{item.key}"] = forms.BooleanField(label="Passed over", required=False)

    def _add_activities(self, item: Item) -> None:
        for place in range(self.number_of_activities):
            if not self.activities:
                self.fields[f"w_{place}"] = LineField(
                    label=item.text, required=False, max_length=LONGEST_ACTIVITY
                )
            self.fields[f"r_{place}"] = _choice_of(item)


def _choice_of(item: Item) -> forms.TypedChoiceField:
    if item.kind is Kind.YES_NO:
        choices: list[tuple[str, Any]] = [(YES, _("Yes")), (NO, _("No"))]
    elif item.options:
        choices = [(str(option.points), option.text) for option in item.options]
    else:
        choices = [(str(point), str(point)) for point in item.points]
    return forms.TypedChoiceField(
        label=item.text,
        choices=[*choices, (SKIP, _("Skip"))],
        coerce=int,
        empty_value=None,
        required=False,
        widget=OpenRadioSelect,
    )


class EnteredOnForm(forms.Form):
    """On which day answers were taken in the clinic."""

    on = DayField(label="Answered on", too_early="This is before the patient was born.")

    def __init__(self, *args: Any, patient: Patient, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"on": today, **self.initial}
        limit_day(self, "on", earliest=patient.birth_date, latest=today)
