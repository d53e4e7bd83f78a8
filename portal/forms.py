from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _

from clinics.forms import ParagraphsField
from patients.forms.bodymap import BodyMapField
from prescriptions.actions import EntryReport
from prescriptions.models import (
    Moment,
    Outcome,
    PrescribedExercise,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
    WhyNot,
)
from prescriptions.responses import MOST_PAIN, Ease, Feel

SKIP = ""
SCALE = [*((str(pain), str(pain)) for pain in range(MOST_PAIN + 1)), (SKIP, _("Skip"))]
QUESTIONS = {
    Moment.BEFORE: _("Pain right before"),
    Moment.DURING: _("Worst pain during"),
    Moment.AFTER: _("Pain right after"),
}
SCALE_HELP = _("0 is no pain. 10 is the worst pain you can think of.")
ANSWERS = [
    (Outcome.DONE.value, _("Yes")),
    (Outcome.PART.value, _("Some")),
    (Outcome.NO.value, _("No")),
]
FEELS = [
    (Feel.STRETCH_ONLY.value, _("Just a stretch")),
    (Feel.EASED.value, _("It eased")),
    (Feel.SAME.value, _("The same")),
    (Feel.WORSE.value, _("Worse")),
    (Feel.MOVED_UP.value, _("It moved up toward my back")),
    (Feel.MOVED_DOWN.value, _("It moved down, away from my back")),
    (SKIP, _("Skip")),
]
EASES = [
    (Ease.EASIER.value, _("Easier")),
    (Ease.SAME.value, _("Same")),
    (Ease.STIFFER.value, _("Stiffer")),
    (SKIP, _("Skip")),
]
NO_PAIN, SOME_PAIN = "none", "some"
ANY_PAIN = [(NO_PAIN, _("No pain")), (SOME_PAIN, _("Some pain"))]
PLACES = ("zones_before", "zones_after", "numb_before", "numb_after")
MOST_REPETITIONS = 2000
QUICK = "all_done"  # the name of the button "I did all, no pain"
WHY_NOT = [*((value, gettext_lazy(label)) for value, label in WhyNot.choices), (SKIP, _("Skip"))]


class KeyForm(forms.Form):
    """The key under which the log is stored once, however often it is sent."""

    client_uuid = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class StillWorseForm(forms.Form):
    """The answer to "still worse than before you started?"."""

    still_worse = forms.TypedChoiceField(
        choices=[("yes", _("Yes")), ("no", _("No"))], coerce=lambda answer: answer == "yes"
    )


class PlayedForm(forms.Form):
    """What the player counted of one exercise, and whether it was stopped because it hurt."""

    counted = forms.IntegerField(min_value=0, max_value=MOST_REPETITIONS, widget=forms.HiddenInput)
    hurts = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, line: PrescribedExercise) -> None:
        super().__init__(data, prefix=f"played{line.pk}")
        self.line = line

    def as_typed(self) -> dict[str, Any]:
        """What the patient would type for it, only for a valid form; no count is no answer."""
        counted = self.cleaned_data["counted"]
        if self.cleaned_data["hurts"]:
            return {
                "outcome": Outcome.PART,
                "why_not": WhyNot.PAIN,
                "repetitions": counted,
                "any_pain": SOME_PAIN,
            }
        if not counted:
            return {}
        is_all = counted >= self.line.sets * self.line.repetitions
        return {"outcome": Outcome.DONE if is_all else Outcome.PART, "repetitions": counted}


def played_forms(lines: Iterable[PrescribedExercise], data: QueryDict) -> list[PlayedForm]:
    """What the player sent about these lines; what it did not send, or is nonsense, is left out."""
    sent = [PlayedForm(data, line=line) for line in lines]
    return [form for form in sent if form.is_valid()]


class EntryForm(forms.Form):
    """What the patient says about one exercise."""

    outcome = forms.ChoiceField(
        label=_("Did you do it?"),
        choices=ANSWERS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Tell us if you did this one.")},
    )
    # No number for each moment has to be given for a session that did not hurt at all.
    any_pain = forms.ChoiceField(
        label=_("Any pain before, during or after?"),
        choices=ANY_PAIN,
        required=False,
        widget=forms.RadioSelect,
    )
    why_not = forms.ChoiceField(
        label=_("If not all of it: why?"),
        choices=WHY_NOT,
        required=False,
        initial=SKIP,
        widget=forms.RadioSelect,
    )
    repetitions = forms.IntegerField(
        label=_("How many did you do?"),
        required=False,
        min_value=0,
        max_value=MOST_REPETITIONS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    feel = forms.ChoiceField(
        label=_("How did it feel?"),
        choices=FEELS,
        required=False,
        initial=SKIP,
        widget=forms.RadioSelect,
    )
    ease = forms.ChoiceField(
        label=_("Can you move more easily now?"),
        choices=EASES,
        required=False,
        initial=SKIP,
        widget=forms.RadioSelect,
    )
    zones_before = BodyMapField(label=_("Where was the pain before?"))
    new = forms.BooleanField(label=_("There was no pain before"), required=False)
    zones_after = BodyMapField(label=_("Where is the pain now?"))
    gone = forms.BooleanField(label=_("The pain is gone now"), required=False)
    numb_before = BodyMapField(label=_("Where was it numb or tingling before?"), layer="numbness")
    numb_after = BodyMapField(label=_("Where is it numb or tingling now?"), layer="numbness")
    comment = ParagraphsField(
        label=_("A word about it"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        line: PrescribedExercise,
        said: SessionEntry | None = None,
        played: PlayedForm | None = None,
    ) -> None:
        known = _as_typed(said) if said else played.as_typed() if played else None
        super().__init__(data, prefix=f"line{line.pk}", initial=known)
        self.line = line
        self.hurts = bool(played and played.cleaned_data["hurts"])
        self.fields["repetitions"].initial = self.total
        for moment, question in QUESTIONS.items():
            self.fields[f"pain_{moment}"] = forms.TypedChoiceField(
                label=question,
                choices=SCALE,
                coerce=int,
                empty_value=None,
                required=False,
                initial=SKIP,
                widget=forms.RadioSelect,
                help_text=SCALE_HELP if moment is Moment.BEFORE else "",
            )
        self.order_fields(
            [
                "outcome",
                "why_not",
                "repetitions",
                "any_pain",
                *(f"pain_{moment}" for moment in Moment),
                "feel",
                "ease",
            ]
        )

    @property
    def total(self) -> int:
        """How many repetitions were prescribed, over all sets."""
        return self.line.repetitions * self.line.sets

    @property
    def has_more(self) -> bool:
        """Whether more than the short answers is there to be seen."""
        return self.has_places or self.has_numb_places or self._has("feel", "ease", "comment")

    @property
    def has_places(self) -> bool:
        """Whether the page shows again where the pain was and is."""
        return self._has("zones_before", "new", "zones_after", "gone")

    @property
    def has_numb_places(self) -> bool:
        return self._has("numb_before", "numb_after")

    def _has(self, *names: str) -> bool:
        return any(self[name].value() or self[name].errors for name in names)

    def clean(self) -> dict[str, Any]:
        """Say what does not fit together.

        A place that is left open must read neither as gone nor as new: it is asked for.
        """
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("any_pain") == NO_PAIN:
            if any(cleaned.get(f"pain_{moment}") for moment in Moment):
                self.add_error(
                    "any_pain", _("You pressed “No pain” and gave a number. Which one is right?")
                )
            cleaned |= {f"pain_{moment}": 0 for moment in Moment}
        was, is_now = cleaned.get("zones_before"), cleaned.get("zones_after")
        is_gone = cleaned.get("gone") or cleaned.get("pain_after") == 0
        is_new = cleaned.get("new") or cleaned.get("pain_before") == 0
        if was and not is_now and not is_gone:
            self.add_error(
                "zones_after", _("Tick where the pain is now, or “The pain is gone now”.")
            )
        if is_now and not was and not is_new:
            self.add_error("zones_before", _("Tick where it was, or “There was no pain before”."))
        if is_now and cleaned.get("gone"):
            self.add_error("gone", _("You ticked where the pain is now. Which one is right?"))
        if was and cleaned.get("new"):
            self.add_error("new", _("You ticked where the pain was before. Which one is right?"))
        return cleaned

    def report(self) -> EntryReport:
        """The answers as an action takes them; only for a valid form.

        Of a stretch that was not done, pain that was not answered counts as not asked.
        """
        cleaned = self.cleaned_data
        outcome = Outcome(cleaned["outcome"])
        pain = {moment: cleaned[f"pain_{moment}"] for moment in Moment}
        if outcome is Outcome.NO:
            pain = {moment: value for moment, value in pain.items() if value is not None}
        return EntryReport(
            prescribed_exercise_id=self.line.pk,
            outcome=outcome,
            repetitions=None if outcome is Outcome.NO else cleaned["repetitions"],
            pain=pain,
            comment=cleaned["comment"],
            feel=cleaned["feel"],
            ease=cleaned["ease"],
            why_not="" if outcome is Outcome.DONE else cleaned["why_not"],
            zones_before=tuple(cleaned["zones_before"]),
            zones_after=tuple(cleaned["zones_after"]),
            numb_before=tuple(cleaned["numb_before"]),
            numb_after=tuple(cleaned["numb_after"]),
        )


def entry_forms(
    lines: Sequence[PrescribedExercise],
    data: QueryDict | None = None,
    *,
    first: SessionLog | None = None,
    played: Sequence[PlayedForm] = (),
) -> list[EntryForm]:
    """One form for each line, filled with what `first` says or with what was just `played`.

    When the patient pressed "I did all, no pain", that one word answers them all.
    """
    if data is not None and QUICK in data:
        data = all_done(lines, data)
    said = {entry.prescribed_exercise_id: entry for entry in first.entries.all()} if first else {}
    counts = {form.line.pk: form for form in played}
    return [
        EntryForm(data, line=line, said=said.get(line.pk), played=counts.get(line.pk))
        for line in lines
    ]


def asked_about(edition: PrescriptionEdition, data: QueryDict | None) -> list[PrescribedExercise]:
    """What the page asked about, also when it was opened before midnight or before a pause."""
    keys = data.getlist("line") if data else []
    return [line for line in edition.lines.all() if str(line.pk) in keys]


def all_done(lines: Iterable[PrescribedExercise], data: QueryDict) -> QueryDict:
    """What "I did all, no pain" says of these lines, as if each answer had been typed."""
    typed = data.copy()
    for line in lines:
        form = EntryForm(line=line)
        typed[form.add_prefix("outcome")] = Outcome.DONE.value
        typed[form.add_prefix("repetitions")] = str(form.total)
        typed[form.add_prefix("any_pain")] = NO_PAIN
    return typed


def _as_typed(entry: SessionEntry) -> dict[str, Any]:
    """A stored entry as it was typed, for a patient who corrects it."""
    pain = {f"pain_{moment}": entry.pain(moment) for moment in Moment}
    answered = set(pain.values())
    any_pain = NO_PAIN if answered == {0} else SOME_PAIN if answered != {None} else ""
    places = {name: getattr(entry, name) for name in PLACES}
    return {
        "outcome": entry.outcome,
        "why_not": entry.why_not,
        "repetitions": entry.repetitions,
        "any_pain": any_pain,
        "feel": entry.feel,
        "ease": entry.ease,
        "new": bool(entry.zones_after and not entry.zones_before),
        "gone": bool(entry.zones_before and not entry.zones_after),
        "comment": entry.comment,
        **{name: SKIP if value is None else value for name, value in pain.items()},
        **places,
    }
