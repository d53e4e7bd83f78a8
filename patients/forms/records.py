from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet

from clinics.forms import (
    EditForm,
    LineField,
    LongSelect,
    NameField,
    ParagraphsField,
    PhoneField,
    time_zone_choices,
)
from clinics.models import Clinic, Membership, User
from clinics.text import folded, one_line
from patients.actions import RecordNumberTaken, SamePerson
from patients.dates import WRITTEN
from patients.models import (
    EARLIEST_BIRTH,
    LONGEST_TAG,
    MOST_TAGS,
    Note,
    Patient,
    PatientQuerySet,
)

ME = "me"


class TagsField(forms.CharField):
    """Words separated by commas, each once however it is written."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        words = [one_line(word) for word in (value or "").split(",")]
        return list({folded(word): word for word in reversed(words) if folded(word)}.values())[::-1]

    def validate(self, value: Any) -> None:
        if len(value) > MOST_TAGS:
            raise forms.ValidationError(f"At most {MOST_TAGS} tags.")
        if any(len(word) > LONGEST_TAG for word in value):
            raise forms.ValidationError(f"A tag has at most {LONGEST_TAG} letters.")

    def run_validators(self, value: Any) -> None:
        for word in value:
            super().run_validators(word)


class PatientForm(EditForm):
    """The data of a record. `same` holds those of whom somebody has to say who they are."""

    birth_date = forms.DateField(
        input_formats=WRITTEN,
        error_messages={"invalid": "Write the date like 1980-05-17 or 17 May 1980."},
    )
    time_zone = forms.ChoiceField(
        required=False,
        help_text="Decides what counts as one day in this patient’s logs.",
        widget=LongSelect,
    )
    tags = TagsField(
        required=False,
        help_text="Your own words to find patients by, separated by commas. Patients do not see"
        " them.",
    )

    class Meta:
        model = Patient
        fields = [
            "name",
            "birth_date",
            "record_number",
            "email",
            "phone",
            "therapist",
            "language",
            "time_zone",
            "tags",
        ]
        field_classes = {"name": NameField, "record_number": LineField, "phone": PhoneField}
        help_texts = {
            "record_number": "The number in your own system, if there is one.",
            "language": "Of the pages and messages for this patient.",
        }

    def __init__(self, *args: Any, clinic: Clinic, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clinic, self.today = clinic, today
        self.instance.clinic = clinic
        self.same: Sequence[Patient] = []
        span = {"min": EARLIEST_BIRTH.isoformat(), "max": today.isoformat()}
        birth_date = forms.DateInput({"type": "date", **span}, format="%Y-%m-%d")
        self.fields["birth_date"].widget = birth_date
        therapist: Any = self.fields["therapist"]
        therapist.queryset = _who_may_be_in_charge(self.instance)
        therapist.empty_label = "Nobody yet"
        as_clinic = ("", f"As the clinic: {clinic.time_zone.replace('_', ' ')}")
        language: Any = self.fields["language"]
        language.choices = [("", "As the patient’s phone"), *settings.LANGUAGES]
        time_zone: Any = self.fields["time_zone"]
        time_zone.choices = [as_clinic, *time_zone_choices()]
        for field in self.fields.values():
            # The person at the keyboard is not the one described.
            field.widget.attrs["autocomplete"] = "off"

    @property
    def other_than(self) -> list[int]:
        """Keys of those shown before, of whom the person now says that they are somebody else."""
        keys = self.data.get("other_than", "").split(",")
        return [int(key) for key in keys if key.isdecimal() and len(key) < 19]

    @property
    def same_keys(self) -> str:
        """What the browser sends back as `other_than`: those shown now and those before."""
        return ",".join(str(key) for key in [*self.other_than, *(one.pk for one in self.same)])

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Show in the form why an action refused what the form could not know."""
        try:
            yield
        except RecordNumberTaken:
            self.add_error("record_number", "Another patient has this record number.")
        except SamePerson as found:
            self.same = found.patients
            self.add_error(None, "A patient with this name and birth date is already recorded.")

    def clean_birth_date(self) -> date:
        birth_date = self.cleaned_data["birth_date"]
        if birth_date > self.today:
            raise forms.ValidationError("This date is in the future.")
        if birth_date < EARLIEST_BIRTH:
            raise forms.ValidationError(f"The year has to be {EARLIEST_BIRTH.year} or later.")
        return birth_date

    def clean_record_number(self) -> str:
        # `clinic` is not a form field, so Django skips the constraint that includes it.
        number = self.cleaned_data["record_number"]
        holders = Patient.objects.of(self.clinic).exclude(pk=self.instance.pk)
        holder = holders.filter(record_number=number).first() if number else None
        if holder is not None:
            archived = " (archived)" if holder.is_archived else ""
            raise forms.ValidationError(f"{holder}{archived} has this record number.")
        return number


class NoteForm(forms.ModelForm):
    client_uuid = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    class Meta:
        model = Note
        fields = ["text"]
        labels = {"text": "New note"}
        help_texts = {"text": "Notes are kept as written. To correct one, add another."}
        field_classes = {"text": ParagraphsField}
        widgets = {"text": forms.Textarea({"rows": 4})}
        error_messages = {"text": {"required": "Write the note first."}}


class SearchForm(forms.Form):
    """Finds patients by what is typed and by therapist; what it does not know, it leaves out."""

    q = LineField(
        label="Name, birth date or record number",
        max_length=200,
        required=False,
        widget=forms.SearchInput({"autocomplete": "off"}),
    )
    therapist = forms.ChoiceField(
        label="Therapist in charge",
        required=False,
        error_messages={"invalid_choice": "Choose somebody who works here."},
    )

    def __init__(self, *args: Any, clinic: Clinic, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        colleagues = Membership.objects.of(clinic).who_prescribe().with_people()
        therapist: Any = self.fields["therapist"]
        therapist.choices = [
            ("", "Everyone"),
            (ME, "Me"),
            *((str(one.user_id), one.user.name) for one in colleagues if one.user_id != user.pk),
        ]

    @property
    def is_asking(self) -> bool:
        """Whether anything narrows the list."""
        return self.is_bound and any(self._known.values())

    def found(self, patients: PatientQuerySet) -> PatientQuerySet:
        if not self.is_bound:
            return patients
        therapist = self._known.get("therapist")
        if therapist:
            patients = patients.treated_by(self.user.pk if therapist == ME else int(therapist))
        return patients.search(self._known.get("q", ""))

    @property
    def _known(self) -> dict[str, str]:
        """The valid part of what was sent."""
        self.is_valid()
        return self.cleaned_data


def _who_may_be_in_charge(patient: Patient) -> QuerySet[User]:
    """Those who prescribe in the clinic, and who is in charge now even if they have left."""
    keys = Membership.objects.of(patient.clinic).who_prescribe().values("user")
    return User.objects.filter(Q(pk__in=keys) | Q(pk=patient.therapist_id)).order_by("name", "pk")
