"""What staff write down of a session that was done in the clinic."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.http import QueryDict

from clinics.forms import LineField
from patients.forms.days import DayField, limit_day
from prescriptions.actions import EntryReport
from prescriptions.models import (
    Moment,
    Outcome,
    PrescribedExercise,
    PrescriptionEdition,
    WhyNot,
)
from prescriptions.responses import MOST_PAIN

NOT_TODAY = ""
OUTCOMES = [*Outcome.choices, (NOT_TODAY, "Left out")]
NOT_ASKED = ""
SCALE = [(NOT_ASKED, "Not asked"), *((str(pain), str(pain)) for pain in range(MOST_PAIN + 1))]
MOST_DAYS_AGO = timedelta(days=7)


class WhenForm(forms.Form):
    """When it was done, by the clinic's clock, and the key under which it is stored once."""

    client_uuid = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    day = DayField(too_early="Only the last seven days of this edition can be logged here.")
    at = forms.TimeField(label="Time", widget=forms.TimeInput({"type": "time"}, format="%H:%M"))

    def __init__(
        self, data: QueryDict | None, *, edition: PrescriptionEdition, now: datetime
    ) -> None:
        here = now.astimezone(edition.patient.clinic.zone)
        super().__init__(data, initial={"day": here.date(), "at": here.time()})
        self.edition, self.now, self.zone = edition, now, here.tzinfo
        earliest = max(here.date() - MOST_DAYS_AGO, edition.starts_on)
        limit_day(self, "day", earliest=earliest, latest=here.date())

    @property
    def done_at(self) -> datetime:
        """The moment; only for a valid form."""
        return self._moment(self.cleaned_data["day"], self.cleaned_data["at"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "day" in cleaned and "at" in cleaned:
            moment = self._moment(cleaned["day"], cleaned["at"])
            if moment > self.now:
                self.add_error("at", "This time is in the future.")
            elif not self.edition.is_open_on(self.edition.patient.local_date(moment)):
                self.add_error("day", "The programme was not open on this day.")
        return cleaned

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at.replace(second=0, microsecond=0), self.zone)


class ClinicEntryForm(forms.Form):
    """How one exercise went; what was left out of this session says so, and is not stored."""

    outcome = forms.ChoiceField(
        label="How it went",
        choices=OUTCOMES,
        required=False,
        initial=NOT_TODAY,
        widget=forms.RadioSelect,
    )
    why_not = forms.ChoiceField(
        label="If not all of it: why?",
        choices=[("", "Not said"), *WhyNot.choices],
        required=False,
    )
    comment = LineField(label="A word about it", required=False, max_length=500)

    def __init__(self, data: QueryDict | None = None, *, line: PrescribedExercise) -> None:
        super().__init__(data, prefix=f"line{line.pk}")
        self.line = line
        for moment in Moment:
            self.fields[f"pain_{moment}"] = forms.TypedChoiceField(
                label=f"Pain {moment}",
                choices=SCALE,
                coerce=int,
                empty_value=None,
                required=False,
            )

    @property
    def is_left_out(self) -> bool:
        return self.cleaned_data["outcome"] == NOT_TODAY

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        said = [name for name in cleaned if name != "outcome" and cleaned[name] not in ("", None)]
        if cleaned.get("outcome") == NOT_TODAY and said:
            self.add_error("outcome", "You wrote something about it. Say how it went.")
        return cleaned

    def report(self) -> EntryReport:
        """The answers as an action takes them; only for a valid form that is not left out."""
        cleaned, outcome = self.cleaned_data, Outcome(self.cleaned_data["outcome"])
        pain = {moment: cleaned[f"pain_{moment}"] for moment in Moment}
        return EntryReport(
            prescribed_exercise_id=self.line.pk,
            outcome=outcome,
            repetitions=None,
            pain={moment: value for moment, value in pain.items() if value is not None},
            comment=cleaned["comment"],
            why_not="" if outcome is Outcome.DONE else cleaned["why_not"],
        )


def reports(entries: Sequence[ClinicEntryForm]) -> list[EntryReport]:
    """What was done, of valid forms."""
    return [entry.report() for entry in entries if not entry.is_left_out]
