"""What staff write down of remote monitoring; each form also corrects an entry or takes it back."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.http import QueryDict

from clinics.forms import LineField
from clinics.models import Membership, User
from patients.forms.days import DayField, limit_day
from patients.models import Patient
from prescriptions.models import (
    LONGEST_REASON,
    LONGEST_STRETCH,
    LONGEST_WORDS,
    MOST_CONTACT_MINUTES,
    Credential,
    LiveContact,
    MonitoringConsent,
    MonitoringRecord,
    MonitoringSetup,
    SessionLog,
    WorkTime,
)
from prescriptions.monitoring.report import had_consent
from prescriptions.monitoring.rules import wordings

ONE_DAY = timedelta(days=1)
LONGEST_AGO = timedelta(days=366)
TOO_EARLY = "A day of the last year can be recorded."
SET_UP, NO_WINDOW = "set-up", ""
CHOOSE = ("", "Choose")  # what happened is said, never taken for granted


class RecordForm(forms.Form):
    """What every entry has; `corrects` is the entry that a correction stands for."""

    client_uuid = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(
        self,
        data: QueryDict | None,
        *,
        patient: Patient,
        user: User,
        now: datetime,
        corrects: Any = None,
    ) -> None:
        super().__init__(data, initial=self.initial_of(corrects, patient) if corrects else None)
        self.patient, self.user, self.now, self.corrects = patient, user, now, corrects
        self.zone = patient.clinic.zone
        if corrects is not None:
            self.fields["is_taken_back"] = forms.BooleanField(
                label="This never happened: take the entry back", required=False
            )
            self.fields["reason"] = LineField(
                label="Why it is corrected", max_length=LONGEST_REASON
            )
        today = now.astimezone(self.zone).date()
        limit_day(self, "on", earliest=today - LONGEST_AGO, latest=today)
        self.fields["on"].initial = today

    @property
    def kept(self) -> dict[str, Any]:
        """What every action takes beside what the form is about."""
        common = {"client_uuid": self.cleaned_data["client_uuid"], "by": self.user, "at": self.now}
        if self.corrects is None:
            return common | {"patient": self.patient}
        reason = self.cleaned_data["reason"]
        return common | {"patient": self.patient, "corrects": self.corrects, "reason": reason}

    @property
    def is_taken_back(self) -> bool:
        return bool(self.cleaned_data.get("is_taken_back"))

    @property
    def key(self) -> UUID:
        found: UUID = self.cleaned_data["client_uuid"]
        return found

    @property
    def said(self) -> dict[str, Any]:
        """What the entry says, as its action takes it; only of a valid form."""
        raise NotImplementedError

    def initial_of(self, entry: Any, patient: Patient) -> dict[str, Any]:
        """What an entry says, as the form shows it."""
        raise NotImplementedError

    def moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at.replace(microsecond=0), self.zone)

    def colleagues(self) -> "forms.ModelChoiceField":
        """Whoever works in the clinic now, oneself chosen; of a correction also who it named."""
        people = User.objects.filter(
            pk__in=Membership.objects.of(self.patient.clinic).active().values("user")
        )
        if self.corrects is not None:
            people |= User.objects.filter(pk=self.initial["user"])
        return forms.ModelChoiceField(
            people.order_by("name", "pk"), initial=self.user.pk, label="Who", empty_label=None
        )


class ConsentForm(RecordForm):
    kind = forms.ChoiceField(
        label="What happened",
        choices=MonitoringConsent.Kind.choices,
        initial=MonitoringConsent.Kind.GIVEN,
        widget=forms.RadioSelect,
    )
    on = DayField(label="Day", too_early=TOO_EARLY)
    way = forms.ChoiceField(label="How", choices=[CHOOSE, *MonitoringConsent.Way.choices])
    given_by = LineField(
        label="Who said so", max_length=200, help_text="The patient, or whoever speaks for them."
    )

    def __init__(self, data: QueryDict | None, *, patient: Patient, **kwargs: Any) -> None:
        super().__init__(data, patient=patient, **kwargs)
        self.fields["given_by"].initial = patient.name
        self.wording, self.words = list(wordings().items())[-1]
        if self.corrects is not None and self.corrects.wording:
            self.wording = self.corrects.wording
            self.words = wordings()[self.wording]

    @property
    def said(self) -> dict[str, Any]:
        is_given = self.cleaned_data["kind"] == MonitoringConsent.Kind.GIVEN
        said = {name: self.cleaned_data[name] for name in ("kind", "on", "way", "given_by")}
        return said | {"wording": self.wording if is_given else ""}

    def initial_of(self, entry: MonitoringConsent, patient: Patient) -> dict[str, Any]:
        return {
            "kind": entry.kind,
            "on": entry.on,
            "way": entry.way,
            "given_by": entry.given_by,
        }


class SetupForm(RecordForm):
    on = DayField(label="Day", too_early=TOO_EARLY)
    what = LineField(
        label="What was set up and taught",
        max_length=LONGEST_WORDS,
        help_text="For example: portal opened on the patient’s phone; logging a session shown and"
        " tried out.",
    )

    def __init__(self, data: QueryDict | None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["user"] = self.colleagues()
        self.fields["windows"] = forms.ChoiceField(
            label="Where the first 30-day window begins",
            choices=self._choices(),
            required=False,
            widget=forms.RadioSelect,
            help_text="It is fixed with this entry. Further windows follow it without a gap.",
        )
        self.fields["windows"].initial = SET_UP
        self.order_fields(["client_uuid", "on", "user", "what", "windows"])

    def _choices(self) -> list[tuple[str, str]]:
        first = self._first_day_with_data()
        data = (
            [(first.isoformat(), f"On the first day with data, {first:%-d %b %Y}")] if first else []
        )
        return [
            ("set-up", "On the day of the set-up"),
            *data,
            (NO_WINDOW, "Nowhere: windows run already, or this was teaching only"),
        ]

    def _first_day_with_data(self) -> date | None:
        """The first on which the patient sent something while consent was on record."""
        consents = list(MonitoringConsent.objects.of_patient(self.patient).in_order())
        given = min((one.on for one in consents), default=None)
        if given is None:
            return None
        sent = SessionLog.objects.of_patient(self.patient).standing().filter(entered_by=None)
        sent_on = sent.since(given).order_by("local_date").values_list("local_date", flat=True)
        return next((day for day in sent_on.distinct()[:366] if had_consent(consents, day)), None)

    @property
    def said(self) -> dict[str, Any]:
        chosen = self.cleaned_data["windows"]
        windows_from = self.cleaned_data["on"] if chosen == SET_UP else None
        if chosen not in (SET_UP, NO_WINDOW):
            windows_from = date.fromisoformat(chosen)
        return {
            "on": self.cleaned_data["on"],
            "done_by": self.cleaned_data["user"],
            "what": self.cleaned_data["what"],
            "windows_from": windows_from,
        }

    def initial_of(self, entry: MonitoringSetup, patient: Patient) -> dict[str, Any]:
        first = entry.windows_from
        windows = first.isoformat() if first else NO_WINDOW
        return {
            "on": entry.on,
            "what": entry.what,
            "user": entry.done_by_id,
            "windows": SET_UP if first == entry.on else windows,
        }


class TimeForm(RecordForm):
    on = DayField(label="Day", too_early=TOO_EARLY)
    begins = forms.TimeField(label="From", widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    ends = forms.TimeField(
        label="Until",
        widget=forms.TimeInput({"type": "time"}, format="%H:%M"),
        help_text="Earlier than “from” is on the day after.",
    )
    credential = forms.ChoiceField(label="As what", choices=Credential.choices)
    what = LineField(label="What was done", max_length=LONGEST_WORDS)

    def __init__(self, data: QueryDict | None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["credential"].initial = last_credential(self.patient, self.user)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"on", "begins", "ends"} <= cleaned.keys():
            begins, ends = self._span(cleaned)
            if ends > self.now:
                self.add_error("ends", "This time is in the future.")
            elif ends - begins > LONGEST_STRETCH:
                self.add_error("ends", "One entry is twelve hours at most.")
        return cleaned

    def _span(self, cleaned: dict[str, Any]) -> tuple[datetime, datetime]:
        day, begins, ends = cleaned["on"], cleaned["begins"], cleaned["ends"]
        last = day if ends > begins else day + ONE_DAY
        return self.moment(day, begins), self.moment(last, ends)

    @property
    def said(self) -> dict[str, Any]:
        started_at, stopped_at = self._span(self.cleaned_data)
        return {
            # Who worked stays who worked, whoever corrects the entry.
            "user": self.corrects.user if self.corrects else self.user,
            "credential": self.cleaned_data["credential"],
            "started_at": started_at,
            "stopped_at": stopped_at,
            "what": self.cleaned_data["what"],
        }

    def initial_of(self, entry: WorkTime, patient: Patient) -> dict[str, Any]:
        begins, ends = (
            moment.astimezone(patient.clinic.zone)
            for moment in (entry.started_at, entry.stopped_at)
        )
        return {
            "on": begins.date(),
            "begins": begins.time(),
            "ends": ends.time(),
            "credential": entry.credential,
            "what": entry.what,
        }


class ContactForm(RecordForm):
    on = DayField(label="Day", too_early=TOO_EARLY)
    begins = forms.TimeField(label="At", widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    minutes = forms.IntegerField(
        label="Minutes", min_value=1, max_value=MOST_CONTACT_MINUTES, help_text="Whole minutes."
    )
    way = forms.ChoiceField(label="How", choices=[CHOOSE, *LiveContact.Way.choices])
    whom = forms.ChoiceField(label="With whom", choices=[CHOOSE, *LiveContact.Whom.choices])
    what = LineField(label="What it was about", max_length=LONGEST_WORDS, required=False)

    def __init__(self, data: QueryDict | None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["user"] = self.colleagues()
        self.order_fields(["client_uuid", "on", "begins", "minutes", "way", "whom", "user", "what"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_told = {"on", "begins"} <= cleaned.keys()
        if is_told and self.moment(cleaned["on"], cleaned["begins"]) > self.now:
            self.add_error("begins", "This time is in the future.")
        return cleaned

    @property
    def said(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {
            "at_moment": self.moment(cleaned["on"], cleaned["begins"]),
            **{name: cleaned[name] for name in ("minutes", "way", "whom", "user", "what")},
        }

    def initial_of(self, entry: LiveContact, patient: Patient) -> dict[str, Any]:
        at = entry.at.astimezone(patient.clinic.zone)
        return {
            "on": at.date(),
            "begins": at.time(),
            "minutes": entry.minutes,
            "way": entry.way,
            "whom": entry.whom,
            "user": entry.user_id,
            "what": entry.what,
        }


class TimerForm(forms.Form):
    """As what somebody begins to work."""

    credential = forms.ChoiceField(label="As what", choices=Credential.choices)


class StopForm(forms.Form):
    what = LineField(label="What you did", max_length=LONGEST_WORDS, required=False)


def last_credential(patient: Patient, user: User) -> str:
    """What the person worked as last in this clinic; a physical therapist at first."""
    mine = WorkTime.objects.of(patient.clinic).filter(user=user).order_by("-started_at", "-pk")
    return mine.values_list("credential", flat=True).first() or Credential.PT


def found_entry(kind: type[MonitoringRecord], patient: Patient, key: str) -> Any:
    """The standing entry of this patient by the key in an address; None for anything else."""
    manager: Any = kind._default_manager
    if not key.isdecimal() or len(key) > 18:
        return None
    return manager.of_patient(patient).standing().filter(pk=int(key)).first()
