from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from clinics.actors import ActorKind
from clinics.models import (
    IDLE_MINUTES_SPAN,
    LONGEST_GRACE_DAYS,
    AuditEventQuerySet,
    AuditKind,
    Clinic,
    Membership,
    MembershipQuerySet,
    time_zone_names,
)
from clinics.text import folded, has_letters, one_line, paragraphs
from clinics.thresholds import LABELS, NAMES, SPANS, Thresholds

FEWEST_DIGITS = 3


@cache
def time_zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """All time zones, by part of the world: groups of value and label for a select."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for zone in sorted(time_zone_names()):
        area, _, place = zone.partition("/")
        label = (place or zone).replace("_", " ").replace("/", " – ")
        groups.setdefault(area if place else "Other", []).append((zone, label))
    return sorted(groups.items(), key=lambda group: group[0] == "Other")


class LongSelect(forms.Select):
    """A select of hundreds of choices; Django's own renders a template for each of them."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        widget = self.get_context(name, value, attrs)["widget"]
        groups = (
            format_html('<optgroup label="{}">{}</optgroup>', group, _options(choices))
            if group
            else _options(choices)
            for group, choices, _ in widget["optgroups"]
        )
        return format_html(
            '<select name="{}"{}>{}</select>',
            widget["name"],
            flatatt(widget["attrs"]),
            format_html_join("", "{}", ((group,) for group in groups)),
        )


def _options(choices: Iterable[dict[str, Any]]) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (choice["value"], flatatt({"selected": choice["selected"]}), choice["label"])
            for choice in choices
        ),
    )


class LineField(forms.CharField):
    """One line of text, kept without what nobody can see."""

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")


class DateInput(forms.DateInput):
    """A day, as the browser lets one choose it."""

    input_type = "date"

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class NameField(LineField):
    """What somebody or something is called, in any script."""

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not has_letters(value):
            raise forms.ValidationError("A name needs at least one letter.")


class PhoneField(LineField):
    """A telephone number as people write it."""

    widget = forms.TelInput

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and sum(map(str.isdecimal, value)) < FEWEST_DIGITS:
            raise forms.ValidationError("Write a telephone number, with its digits.")


class ParagraphsField(forms.CharField):
    """Several lines of text, kept as written."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        text = paragraphs(super().to_python(value) or "")
        return text if folded(text) else ""


class EditForm(forms.ModelForm):
    """Knows what was changed on the page, so that a colleague's change in the meantime stands."""

    instance: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            for name in self._meta.fields or ():
                self.fields[name].show_hidden_initial = True

    @property
    def changes(self) -> dict[str, Any]:
        """Values by field: all for a new row, for a stored one those changed on the page."""
        is_new = self.instance.pk is None
        return {
            name: self.cleaned_data[name]
            for name in self._meta.fields or ()
            if is_new or name in self.changed_data
        }


class ChooseClinicForm(forms.Form):
    membership = forms.ModelChoiceField(
        queryset=Membership.objects.none(),
        label="Clinic",
        error_messages={
            "required": "Choose one of your clinics.",
            "invalid_choice": "You do not work in that clinic. Choose one of yours.",
        },
    )

    def __init__(self, *args: Any, memberships: MembershipQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        membership: Any = self.fields["membership"]
        membership.queryset = memberships


class SettingsForm(EditForm):
    time_zone = forms.ChoiceField(
        choices=time_zone_choices,
        help_text="Decides what counts as one day in every log.",
        widget=LongSelect,
    )

    class Meta:
        model = Clinic
        fields = [
            "name",
            "phone",
            "time_zone",
            "emergency_number",
            "paper",
            "has_messages",
            "has_remote_monitoring",
            "audit_years",
            "record_years",
        ]
        field_classes = {"name": NameField, "phone": PhoneField, "emergency_number": PhoneField}
        help_texts = {
            "phone": "Shown to patients, who are told to call when a stretch hurts.",
            "emergency_number": "Shown to patients on the page “When to get help”.",
            "paper": "What handouts are printed on.",
            "audit_years": "From 1 to 30. Older lines are only ever taken out by the operator.",
            "record_years": "From 1 to 100, counted from the last contact, as the law of your place"
            " asks. Nothing is erased by itself.",
            "has_messages": "Switched off, what was written stays readable on both sides.",
            "has_remote_monitoring": "For the United States: each patient has a page with consent,"
            " set-up, days with data, minutes and live contact. It records, and does not advise on"
            " billing. Switched off, the page is gone and what was recorded is kept.",
        }


def _day(label: str) -> forms.DateField:
    # Far from the ends of the calendar, where a day has none before or after it.
    span = MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2999, 12, 31))
    return forms.DateField(required=False, label=label, widget=DateInput, validators=span)


class AuditSearchForm(forms.Form):
    """What to look for in the audit trail; everything may be left open."""

    person = forms.ChoiceField(required=False, label="Person")
    kind = forms.ChoiceField(
        required=False, label="What", choices=[("", "Everything"), *AuditKind.choices]
    )
    patient = forms.IntegerField(
        required=False,
        label="Patient’s number",
        min_value=1,
        max_value=2**63 - 1,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), "A number, as it stands in the trail."
        ),
    )
    since = _day("From")
    until = _day("Until")

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clinic = clinic
        person: Any = self.fields["person"]
        people = Membership.objects.of(clinic).with_people()
        person.choices = [
            ("", "Everybody"),
            *((str(member.user_id), member.user.name) for member in people),
            (ActorKind.PATIENT, "Patients"),
            (ActorKind.TOKEN, "Connected systems"),
            (ActorKind.SYSTEM, "Bearing itself"),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "Choose a day that is not before the first one.")
        return cleaned

    @property
    def is_asking(self) -> bool:
        return bool(self.asked)

    @property
    def one_person(self) -> int | None:
        """The number of the member of staff who is asked for."""
        chosen = self.cleaned_data.get("person", "") if self.is_valid() else ""
        return int(chosen) if chosen.isdecimal() else None

    @property
    def asked(self) -> dict[str, str]:
        """What is asked for, as it was typed."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}

    def found(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        """Those that are asked for, in days of the clinic; none while a field is wrong."""
        if not self.is_bound:
            return events
        if not self.is_valid():
            return events.none()
        asked = self.cleaned_data
        if self.one_person:
            events = events.by_staff(self.one_person)
        elif asked["person"]:
            events = events.filter(actor_kind=asked["person"])
        if asked["kind"]:
            events = events.filter(kind=asked["kind"])
        if asked["patient"]:
            events = events.filter(patient_id=asked["patient"])
        if asked["since"]:
            events = events.filter(at__gte=self._midnight(asked["since"]))
        if asked["until"]:
            events = events.filter(at__lt=self._midnight(asked["until"] + timedelta(days=1)))
        return events

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.clinic.zone)


class SignInRulesForm(EditForm):
    """How staff of the clinic sign in, and when a screen that nobody uses is locked."""

    class Meta:
        model = Clinic
        fields = ["second_factor_grace_days", "idle_minutes"]
        labels = {
            "second_factor_grace_days": "Days a new colleague may work without a second step",
            "idle_minutes": "Minutes until an unused screen is locked",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._whole_number("second_factor_grace_days", 0, LONGEST_GRACE_DAYS)
        self.fields[
            "second_factor_grace_days"
        ].help_text = "From 0 to 14, counted from the day they join. Admins always need it."
        self._whole_number("idle_minutes", *IDLE_MINUTES_SPAN)
        self.fields[
            "idle_minutes"
        ].help_text = (
            "From 5 to 30. What is on the screen is kept, and is back after a password or passkey."
        )

    def _whole_number(self, name: str, least: int, most: int) -> None:
        wanted = f"Write a whole number from {least} to {most}."
        self.fields[name] = forms.IntegerField(
            label=self.fields[name].label,
            min_value=least,
            max_value=most,
            show_hidden_initial=True,
            error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), wanted),
        )


class NumbersForm(forms.Form):
    """The numbers that no source fixes, each with its proposed default and its span."""

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in NAMES:
            span = SPANS[name]
            wanted = f"Write a whole number from {span.least} to {span.most}."
            self.fields[name] = forms.IntegerField(
                label=LABELS[name],
                initial=getattr(clinic.thresholds, name),
                min_value=span.least,
                max_value=span.most,
                # So that a colleague's change in the meantime stands.
                show_hidden_initial=True,
                help_text=f"Proposed default: {getattr(Thresholds(), name)}."
                f" From {span.least} to {span.most}.",
                error_messages=dict.fromkeys(
                    ("required", "invalid", "min_value", "max_value"), wanted
                ),
            )

    @property
    def changes(self) -> dict[str, int]:
        """What was changed on the page, by name."""
        return {name: self.cleaned_data[name] for name in self.changed_data}
