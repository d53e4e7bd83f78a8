from collections.abc import Sequence
from uuid import uuid4

from django import forms
from django.http import QueryDict

from clinics.forms import ParagraphsField
from prescriptions.actions import EntryReport
from prescriptions.models import Moment, Outcome, PrescribedExercise
from prescriptions.rules import MOST_PAIN

SKIP = ""
SCALE = [*((str(pain), str(pain)) for pain in range(MOST_PAIN + 1)), (SKIP, "Skip")]
QUESTIONS = {
    Moment.BEFORE: "Pain right before",
    Moment.DURING: "Worst pain during",
    Moment.AFTER: "Pain right after",
}
SCALE_HELP = "0 is no pain. 10 is the worst pain you can think of."
ANSWERS = [(Outcome.DONE.value, "Yes"), (Outcome.PART.value, "Some"), (Outcome.NO.value, "No")]


class KeyForm(forms.Form):
    """The key under which the log is stored once, however often it is sent."""

    client_uuid = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class EntryForm(forms.Form):
    """What the patient says about one exercise."""

    outcome = forms.ChoiceField(
        label="Did you do it?",
        choices=ANSWERS,
        widget=forms.RadioSelect,
        error_messages={"required": "Tell us if you did this one."},
    )
    repetitions = forms.IntegerField(
        label="How many did you do?",
        required=False,
        min_value=0,
        max_value=2000,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    comment = ParagraphsField(
        label="A word about it",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: QueryDict | None = None, *, line: PrescribedExercise) -> None:
        super().__init__(data, prefix=f"line{line.pk}")
        self.line = line
        self.fields["repetitions"].initial = line.repetitions * line.sets
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
            ["outcome", "repetitions", *(f"pain_{moment}" for moment in Moment), "comment"]
        )

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
        )


def entry_forms(
    lines: Sequence[PrescribedExercise], data: QueryDict | None = None
) -> list[EntryForm]:
    return [EntryForm(data, line=line) for line in lines]
