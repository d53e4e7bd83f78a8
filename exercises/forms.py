from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Field, Fieldset, Layout, Row
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse_lazy

from clinics.models import Clinic
from exercises.content import LoadRecord, PatientWords
from exercises.content.translations import LISTS
from exercises.dosage import LABELS, LIMITS
from exercises.fields import LinesField, StatementsField, refuse_invisible
from exercises.figures import body, drawing, editing
from exercises.figures.pose import PoseError
from exercises.models import NAME_LENGTH, Exercise, ExerciseEdition, ExerciseQuerySet
from exercises.vocabulary import (
    Demand,
    Direction,
    Equipment,
    Language,
    Mode,
    Position,
    Range,
    Region,
    Role,
    Term,
)

NAME_TAKEN = "Your library has an exercise by this name; it may be archived or a draft."
NOTHING = "nothing"
MOST_LOADS = 4
REVIEW_LASTS_AT_MOST = timedelta(days=5 * 366)
MODES_EXPLAINED = "Repeated: in and out. Sustained: held. Dynamic: smooth, inside the range."


class LibraryForm(forms.Form):
    """The search of the library. A field that cannot be read is told, and narrows nothing."""

    q = forms.CharField(
        label="Name, muscle or position",
        max_length=100,
        required=False,
        widget=forms.SearchInput(attrs={"autocomplete": "off"}),
    )
    region = forms.ChoiceField(choices=[("", "Any region"), *Region.choices()], required=False)
    direction = forms.ChoiceField(
        choices=[("", "Any direction"), *Direction.choices()], required=False
    )
    position = forms.ChoiceField(
        label="Start position", choices=[("", "Any position"), *Position.choices()], required=False
    )
    equipment = forms.ChoiceField(
        choices=[
            ("", "Any"),
            (NOTHING, "No equipment"),
            *((term.value, f"Only a {term.label.lower()}") for term in Equipment),
        ],
        required=False,
    )

    def found(self, exercises: ExerciseQuerySet) -> ExerciseQuerySet:
        """Those that answer every field."""
        self.is_valid()
        wanted = {name: self.cleaned_data.get(name, "") for name in self.fields}
        # No exercise names "nothing", so only those without equipment need no more than that.
        equipment = [wanted["equipment"]] if wanted["equipment"] else []
        return (
            exercises.search(wanted["q"])
            .loading(region=wanted["region"], direction=wanted["direction"])
            .starting(wanted["position"])
            .needing_only(equipment)
        )

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_method = "get"
        helper.form_class = "filters"
        helper.attrs = {
            "role": "search",
            "hx-get": reverse_lazy("exercises:library"),
            "hx-target": "#results",
            "hx-trigger": "input changed delay:300ms from:#id_q, change, submit",
            "hx-replace-url": "true",
        }
        helper.layout = Layout(
            Field("q", wrapper_class="grow"),
            "region",
            "direction",
            "position",
            "equipment",
            Div(
                HTML('<button class="btn btn-primary">Search</button>'),
                HTML('<a class="btn btn-quiet" href="{% url "exercises:library" %}">Clear</a>'),
                css_class="actions",
            ),
        )
        return helper


def _term(kind: type[Term], **kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(choices=[("", "Choose"), *kind.choices()], **kwargs)


def _terms(kind: type[Term], **kwargs: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=kind.choices(), required=False, widget=forms.CheckboxSelectMultiple, **kwargs
    )


class LoadForm(forms.Form):
    """One place that the exercise loads; a row without region and direction is left out."""

    region = _term(Region, required=False)
    direction = _term(Direction, required=False)
    range = _term(Range, required=False)
    role = _term(Role, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors or not (cleaned["region"] or cleaned["direction"]):
            return cleaned
        for name in [name for name, value in cleaned.items() if not value]:
            self.add_error(name, "Choose one.")
        if self.errors:
            return cleaned
        is_spine = cleaned["region"] not in {Region.HIP, Region.SHOULDER}
        is_moved = cleaned["direction"] != Direction.NONE
        if is_spine and not is_moved:
            self.add_error("direction", "This region belongs to the spine: say which way.")
        elif is_moved and not is_spine:
            self.add_error("direction", "Choose “No spinal load” for a hip or a shoulder.")
        return cleaned

    @property
    def record(self) -> LoadRecord | None:
        cleaned = self.cleaned_data
        if not cleaned.get("region"):
            return None
        return LoadRecord(
            region=Region(cleaned["region"]),
            direction=Direction(cleaned["direction"]),
            range=Range(cleaned["range"]),
            role=Role(cleaned["role"]),
        )


class BaseLoadFormSet(forms.BaseFormSet):
    def clean(self) -> None:
        if any(self.errors):
            return
        loads = self.records
        if not loads:
            raise ValidationError("Say at least once where and which way it loads the body.")
        if all(load.role is not Role.PRIMARY for load in loads):
            raise ValidationError("Make one of the loads primary: it is what the exercise is for.")
        seen = set()
        for form, load in [(form, form.record) for form in self.forms if form.record]:
            if (load.region, load.direction) in seen:
                form.add_error("direction", "This region and direction are here twice.")
            seen.add((load.region, load.direction))

    @property
    def records(self) -> list[LoadRecord]:
        return [form.record for form in self.forms if form.record is not None]


LoadFormSet = cast(
    "type[BaseLoadFormSet]",
    forms.formset_factory(
        LoadForm,
        formset=BaseLoadFormSet,
        extra=MOST_LOADS,
        max_num=MOST_LOADS,
        absolute_max=MOST_LOADS + 1,
        validate_max=True,
    ),
)


class ExerciseForm(forms.ModelForm):
    """The text of a clinic's exercise, its loads included. Stores nothing: an action does."""

    synonyms = LinesField(longest=120, rows=5, required=False, help_text="One per line.")
    mode = _term(Mode, label="Way of loading", help_text=MODES_EXPLAINED)
    position = _term(Position, label="Start position")
    equipment = _terms(Equipment, label="Needs")
    optional_equipment = _terms(Equipment, label="May use")
    demands = _terms(
        Demand, label="What it asks of the body", help_text="Contraindications are found by these."
    )
    companion_note = StatementsField(label="Why", rows=2, required=False)
    steps = StatementsField(rows=8, help_text="One per line, in short words: patients read them.")
    should_feel = StatementsField(rows=3, required=False)
    stop_for = StatementsField(rows=3, help_text="One per line: when the patient must stop.")
    cautions = StatementsField(rows=6, required=False, help_text="One per line: for therapists.")
    plain_cautions = LinesField(
        label="Cautions in plain words",
        rows=6,
        required=False,
        help_text="For patients: one line for each caution, in the same order. "
        "Empty: patients read the cautions themselves.",
    )
    easier = StatementsField(label="Easier versions", rows=3, required=False)
    harder = StatementsField(label="Harder versions", rows=3, required=False)
    tissues = StatementsField(label="What it stretches or works", rows=3, required=False)
    background = StatementsField(rows=6, required=False)
    # Filled by the editor of the drawing once something was moved; empty leaves it as it is.
    figure = forms.JSONField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = ExerciseEdition
        fields = [
            "name", "synonyms", "summary", "mode", "side", "direction_note", "position", "start",
            "steps", "should_feel", "stop_for", "cautions", "plain_cautions", "equipment",
            "optional_equipment", "demands", *LIMITS, "max_hold_seconds", "hold_message",
            "companion", "companion_optional", "companion_note", "easier", "harder", "tissues",
            "background", "reviewer", "reviewed_on", "review_due",
        ]  # fmt: skip
        labels = {
            "side": "Side it is written for",
            "start": "How to start",
            "max_hold_seconds": "Longest hold allowed (s)",
            "hold_message": "What to do instead of a longer hold",
            "companion_optional": "It may also be done without the other",
            "reviewer": "Checked by",
            "reviewed_on": "Checked on",
            "review_due": "Check again by",
        }
        help_texts = {
            "direction_note": "What the direction means to the patient. "
            "The prescription starts from it.",
            "max_hold_seconds": "Leave it empty when there is none.",
            "reviewer": "The licensed physical therapist, with the licence.",
        }
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 3}),
            "start": forms.Textarea(attrs={"rows": 2}),
            "direction_note": forms.Textarea(attrs={"rows": 3}),
            "reviewed_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "review_due": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        clinic: Clinic,
        today: date,
        instance: ExerciseEdition | None = None,
        loads: Sequence[LoadRecord] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(data, instance=instance, **kwargs)
        self.instance.clinic = clinic
        self.today = today
        # Rows that were sent stand for themselves: beside an `initial`, unchanged ones would go.
        shown = [asdict(load) for load in loads] if data is None else None
        self.loads = LoadFormSet(data, initial=shown, prefix="loads")
        companions = Exercise.objects.visible_to(clinic).published().with_headline().by_name()
        self.fields["companion"] = forms.ModelChoiceField(
            label="Follow it with",
            queryset=companions.exclude(pk=self.instance.exercise_id),
            required=False,
            empty_label="No other exercise",
        )
        for name, limit in LIMITS.items():
            self.fields[name] = forms.IntegerField(
                label=LABELS[name],
                initial=limit.default,
                min_value=limit.least,
                max_value=limit.most,
            )
        for field in self.fields.values():
            if isinstance(field, StatementsField):
                field.facts = [fact["id"] for fact in self.instance.facts]
            elif type(field) is forms.CharField:
                field.validators.append(refuse_invisible)
                field.widget.attrs["dir"] = "auto"
        self.order_fields(self._meta.fields)

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        texts = ExerciseEdition.objects.of(self.instance.clinic).in_use().filter(name__iexact=name)
        if texts.exclude(exercise=self.instance.exercise_id).exists():
            raise ValidationError(NAME_TAKEN)
        return name

    def clean_reviewed_on(self) -> date | None:
        day: date | None = self.cleaned_data["reviewed_on"]
        if day and not self.today - REVIEW_LASTS_AT_MOST <= day <= self.today:
            raise ValidationError("Choose a day of the last five years, today at the latest.")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._check_hold(cleaned)
        self._check_review(cleaned)
        self._check_cautions(cleaned)
        self._check_figure(cleaned)
        if cleaned.get("companion_optional") and not cleaned.get("companion"):
            self.add_error("companion_optional", "Choose the other exercise first, or untick this.")
        if not self.loads.is_valid():
            self.add_error(None, "Please look at “Where and which way” below.")
        return cleaned

    def _check_hold(self, cleaned: dict[str, Any]) -> None:
        hold, longest = cleaned.get("hold_seconds"), cleaned.get("max_hold_seconds")
        if hold is not None and longest is not None and hold > longest:
            self.add_error("hold_seconds", f"Longer than the longest hold allowed, {longest} s.")
        if (
            cleaned.get("hold_message")
            and longest is None
            and "max_hold_seconds" not in self.errors
        ):
            self.add_error("hold_message", "Set the longest hold allowed, or empty this.")

    def _check_review(self, cleaned: dict[str, Any]) -> None:
        done, due = cleaned.get("reviewed_on"), cleaned.get("review_due")
        if bool(cleaned.get("reviewer")) != bool(done) and "reviewed_on" not in self.errors:
            self.add_error("reviewer", "Say who checked the text and when, or leave both empty.")
        if due and done and not done < due <= done + REVIEW_LASTS_AT_MOST:
            self.add_error("review_due", "Choose a day within five years of the check.")
        elif due and not done:
            self.add_error("review_due", "Say first when the text was checked.")

    def _check_cautions(self, cleaned: dict[str, Any]) -> None:
        cautions, plain = cleaned.get("cautions"), cleaned.get("plain_cautions")
        if plain and cautions is not None and len(plain) != len(cautions):
            self.add_error(
                "plain_cautions",
                f"Write {len(cautions)} lines, as there are cautions, or none;"
                f" these are {len(plain)}.",
            )

    def _check_figure(self, cleaned: dict[str, Any]) -> None:
        said = cleaned.get("figure")
        cleaned["figure"] = self.instance.figure
        if "figure" in self.errors or said is None:
            return
        try:
            cleaned["figure"] = editing.edited(self.instance.figure, said)
        except PoseError as error:
            self.add_error(None, f"Drawing: {error}.")
        else:
            if not cleaned["figure"]["alt"]:
                self.add_error(None, "Drawing: say in words what it shows.")

    @property
    def drawing(self) -> dict[str, Any]:
        """What the editor of the drawing starts from, with the body that it moves."""
        return {
            "figure": editing.editable(self.instance.figure),
            "ranges": body.SPINE_RANGES | body.LEG_RANGES | body.ARM_RANGES,
            "lengths": body.LENGTHS,
            "exercise": self.instance.exercise_id,
            "desk": asdict(editing.desk(self.instance.figure)),
        }

    @property
    def text(self) -> dict[str, Any]:
        """What an action stores; only for a valid form."""
        return self.cleaned_data

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.layout = Layout(
            Fieldset("What it is", "name", "synonyms", "summary"),
            Fieldset(
                "Where and which way",
                HTML('{% include "exercises/_loads.html" with loads=form.loads %}'),
                Row("mode", "side"),
                "direction_note",
            ),
            Fieldset(
                "How it is done",
                *("position", "start", "steps", "should_feel", "stop_for"),
                *("cautions", "plain_cautions"),
            ),
            Fieldset(
                "Drawing",
                HTML('{% include "exercises/_figure_editor.html" with drawing=form.drawing %}'),
                "figure",
            ),
            Fieldset(
                "What it needs",
                Field("equipment", wrapper_class="columns-2"),
                Field("optional_equipment", wrapper_class="columns-2"),
                Field("demands", wrapper_class="columns-2"),
            ),
            Fieldset(
                "How much",
                Row(*LIMITS, "max_hold_seconds", css_class="dose"),
                "hold_message",
            ),
            Fieldset("What goes with it", "companion", "companion_optional", "companion_note"),
            Fieldset("For therapists", "easier", "harder", "tissues", "background"),
            Fieldset("Check by a therapist", "reviewer", Row("reviewed_on", "review_due")),
        )
        return helper


class FigurePreviewForm(forms.Form):
    """A drawing that is being edited, and the exercise, if stored, whose props it keeps."""

    figure = forms.JSONField()
    exercise = forms.ModelChoiceField(queryset=Exercise.objects.none(), required=False)

    def __init__(self, data: QueryDict, *, clinic: Clinic) -> None:
        super().__init__(data)
        field = cast("forms.ModelChoiceField", self.fields["exercise"])
        field.queryset = Exercise.objects.of(clinic).active()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        exercise = cleaned["exercise"]
        self.stored = exercise.editions.newest_first()[0].figure if exercise else {}
        try:
            scene = editing.edited(self.stored, cleaned["figure"])
        except PoseError as error:
            raise ValidationError(str(error)) from error
        self.scene = scene | {"alt": scene["alt"] or "The drawing as it is now"}
        return cleaned

    @property
    def problem(self) -> str:
        return str(next(iter(self.non_field_errors()), "The drawing cannot be read."))

    @property
    def pictures(self) -> dict[str, str]:
        """Both ends at a scale that stays, and the loop; only for a valid form."""
        desk = editing.desk(self.stored)
        return {
            "start": drawing.on_a_desk(self.scene, "start", desk),
            "end": drawing.on_a_desk(self.scene, "end", desk),
            "loop": drawing.loop(self.scene, drawing.Tempo()),
        }


class TranslationForm(forms.Form):
    """The patient's words of an exercise in another language, line for line as in English."""

    name = forms.CharField(max_length=NAME_LENGTH)
    summary = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    direction_note = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    steps = LinesField(rows=10)
    should_feel = LinesField(rows=4)
    stop_for = LinesField(rows=4)
    cautions = LinesField(label="Take care", rows=8)
    figure_words = LinesField(label="What the figure shows", rows=6)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        language: Language,
        original: PatientWords,
        last: PatientWords | None,
    ) -> None:
        super().__init__(data)
        self.original = original
        for name in [name for name in LISTS if not getattr(original, name)]:
            del self.fields[name]
        for name, field in self.fields.items():
            if last is not None:
                said = getattr(last, name)
                field.initial = said if isinstance(said, str) else list(said)
            if name in LISTS:
                field.help_text = f"One per line: {len(getattr(original, name))}."
            else:
                field.validators.append(refuse_invisible)
            field.validators.append(_refuse_brackets)
            field.widget.attrs |= {"lang": language.value, "dir": language.reads}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in LISTS:
            lines, wanted = cleaned.get(name), len(getattr(self.original, name))
            if lines is not None and len(lines) != wanted:
                self.add_error(
                    name, f"Write {wanted} lines, as in English; these are {len(lines)}."
                )
        return cleaned

    @property
    def words(self) -> PatientWords:
        """What was written; only for a valid form."""
        said = {name: self.cleaned_data.get(name, ()) for name in LISTS}
        return PatientWords(**self.cleaned_data | {name: tuple(said[name]) for name in LISTS})

    @property
    def beside(self) -> list[tuple[forms.BoundField, Sequence[str]]]:
        """Each field with the English lines that it translates."""
        originals = {name: getattr(self.original, name) for name in self.fields}
        return [
            (self[name], [said] if isinstance(said, str) else said)
            for name, said in originals.items()
        ]

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        return helper


def _refuse_brackets(text: str) -> None:
    if "[" in text or "]" in text:
        raise ValidationError("Leave the brackets out: the sources stay with the English.")


class SignForm(forms.Form):
    """A clinician's word that a translation says what the original says."""

    reviewer = forms.CharField(label="Name of the clinician", max_length=200)
    licence = forms.CharField(
        label="Licence", max_length=200, help_text="Kind, number and place of the licence."
    )
    has_read = forms.BooleanField(
        label="This clinician has read each line beside the English, and it says the same.",
        error_messages={"required": "Tick this once every line has been read."},
    )
    # Which translation was on the page.
    what = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        for name in ("reviewer", "licence"):
            self.fields[name].validators.append(refuse_invisible)
            self.fields[name].widget.attrs["dir"] = "auto"

    @property
    def signature(self) -> dict[str, str]:
        """Who signs, and with which licence; only for a valid form."""
        return {name: self.cleaned_data[name] for name in ("reviewer", "licence")}

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.layout = Layout(Row("reviewer", "licence"), "has_read")
        return helper
