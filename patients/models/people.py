from datetime import UTC, date, datetime, time
from typing import Self
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils import timezone

from clinics.actors import Actor, ActorKind
from clinics.models import (
    ClinicModel,
    ClinicQuerySet,
    SameClinicForeignKey,
    User,
    validate_time_zone,
)
from clinics.text import folded, one_line
from patients.dates import as_date

EARLIEST_BIRTH = date(1900, 1, 1)
LONGEST_SEARCH_NAME = 800
LONGEST_TAG = 40
MOST_TAGS = 8  # of one patient
# More words than a name has would only make the search slow.
MOST_SEARCH_WORDS = 10


def search_name_of(name: str) -> str:
    """The name as it is searched and compared; folding can make it longer."""
    return folded(name)[:LONGEST_SEARCH_NAME]


class PatientQuerySet(ClinicQuerySet):
    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)

    def with_clinic(self) -> Self:
        return self.select_related("clinic", "therapist")

    def hold(self, pk: int) -> None:
        """Keep everybody else from this record until the transaction ends.

        Every act on what is known of a patient, or prescribed, begins with it: so no programme is
        published beside a worse fact, and two acts never wait for each other.
        """
        self.select_for_update(no_key=True).only("pk").get(pk=pk)

    def search(self, text: str) -> Self:
        """By words of the name in any order, birth date, or the beginning of the record number."""
        day = as_date(text)
        if day is not None:
            return self.filter(birth_date=day)
        by_name = Q()
        for word in folded(text).split()[:MOST_SEARCH_WORDS]:
            by_name &= Q(search_name__contains=word)
        if not by_name:
            return self
        return self.filter(by_name | Q(record_number__istartswith=one_line(text)))

    def treated_by(self, user_id: int) -> Self:
        return self.filter(therapist=user_id)

    def same_person(self, *, name: str, birth_date: date) -> Self:
        """Those of the same name, however it is written, and the same birth date."""
        return self.filter(search_name=search_name_of(name), birth_date=birth_date)

    def last_archived_first(self) -> Self:
        return self.select_related("therapist").order_by("-archived_at", "-pk")

    def with_last_contact(self) -> Self:
        """With `last_contact`: the last log, the last note, the archiving, or the recording."""
        noted = Note.objects.filter(patient=models.OuterRef("pk")).order_by("-pk")
        return self.annotate(
            # Of several moments PostgreSQL takes the greatest that there is.
            last_contact=Greatest(
                "created_at", "archived_at", "last_logged_at", noted.values("written_at")[:1]
            )
        )

    def quiet_since(self, day: date) -> Self:
        """Those with whom there was no contact on the day or later (UTC), the longest first."""
        midnight = datetime.combine(day, time(), UTC)
        return (
            self.with_last_contact()
            .filter(last_contact__lt=midnight)
            .order_by("last_contact", "pk")
        )

    def longest_waiting_first(self) -> Self:
        """Those with messages that nobody of the staff has read."""
        return (
            self.filter(waiting_since__isnull=False)
            .select_related("therapist")
            .order_by("waiting_since", "pk")
        )

    def last_log_first(self) -> Self:
        return self.select_related("therapist").order_by(
            F("last_logged_at").desc(nulls_last=True), "-pk"
        )


class Patient(ClinicModel):
    """A person whom the clinic treats."""

    name = models.CharField(max_length=200)
    # The folded name, by which patients are found; written with the name.
    search_name = models.CharField(max_length=LONGEST_SEARCH_NAME, editable=False)
    birth_date = models.DateField()
    record_number = models.CharField(max_length=40, blank=True)
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField(max_length=40, blank=True)
    therapist = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="therapist in charge",
    )
    # Empty means the clinic's.
    time_zone = models.CharField(max_length=64, blank=True, validators=[validate_time_zone])
    # Empty means what the patient's own phone asks for.
    language = models.CharField(max_length=8, blank=True, choices=settings.LANGUAGES)
    # The clinic's own words by which staff sort patients; patients do not see them.
    tags = ArrayField(models.CharField(max_length=LONGEST_TAG), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)
    # Written with every session log, so that the first page need not look for it.
    last_logged_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Written with every message and reading of one, for the same reason. Staff read together:
    # what one of them has read is read.
    unread_by_staff = models.PositiveIntegerField(default=0, editable=False)
    unread_by_patient = models.PositiveIntegerField(default=0, editable=False)
    # When the oldest message was written that no member of staff has read.
    waiting_since = models.DateTimeField(null=True, blank=True, editable=False)
    # Only of those found by `with_last_contact`.
    last_contact: datetime
    # The first day on which an outcome measure may be due, so that most days nobody looks.
    measures_due_on = models.DateField(null=True, blank=True, editable=False)

    objects = PatientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "record_number"],
                condition=~Q(record_number=""),
                name="record_number_once_per_clinic",
            ),
            models.CheckConstraint(condition=~Q(search_name=""), name="patient_has_a_name"),
            models.CheckConstraint(
                condition=Q(language__in=["", *(code for code, _ in settings.LANGUAGES)]),
                name="patient_language",
            ),
            models.CheckConstraint(
                condition=Q(tags__len__lte=MOST_TAGS) & ~Q(tags__contains=[""]),
                name="patient_tags",
            ),
            models.CheckConstraint(
                condition=Q(birth_date__gte=EARLIEST_BIRTH), name="born_after_1900"
            ),
            models.CheckConstraint(
                condition=Q(unread_by_staff=0, waiting_since=None)
                | Q(unread_by_staff__gt=0, waiting_since__isnull=False),
                name="waits_while_unread",
            ),
        ]
        indexes = [
            models.Index("clinic", "birth_date", "search_name", name="patient_same_person"),
            models.Index(
                "clinic",
                F("last_logged_at").desc(nulls_last=True),
                F("id").desc(),
                condition=Q(archived_at=None),
                name="patient_last_log_first",
            ),
            models.Index(
                "clinic",
                "waiting_since",
                condition=Q(waiting_since__isnull=False),
                name="patient_longest_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("patient", args=[self.pk])

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.PATIENT, self.pk, self.name)

    @property
    def given_name(self) -> str:
        """The first word of the name: enough to tell who uses a shared phone."""
        return self.name.split()[0]

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    def age_on(self, day: date) -> int:
        """Age in whole years."""
        birthday_still_ahead = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - birthday_still_ahead

    @property
    def zone(self) -> ZoneInfo:
        """The patient's own time zone, or the clinic's."""
        return ZoneInfo(self.time_zone or self.clinic.time_zone)

    def local_date(self, moment: datetime) -> date:
        """The date on the patient's own calendar at this moment (aware datetime)."""
        return moment.astimezone(self.zone).date()


class OfPatientQuerySet(ClinicQuerySet):
    """Rows about one patient; the clinic is said first all the same."""

    def of_patient(self, patient: Patient) -> Self:
        return self.filter(clinic=patient.clinic_id, patient=patient)


class PatientModel(ClinicModel):
    """A row about one patient. The reference carries the clinic, see `SameClinicForeignKey`."""

    patient = SameClinicForeignKey(Patient, related_name="+")

    class Meta:
        abstract = True


class NoteQuerySet(OfPatientQuerySet):
    def newest_first(self) -> Self:
        return self.select_related("written_by").order_by("-pk")


class Note(PatientModel):
    """What staff wrote about a patient. Kept as written; a correction is another note."""

    text = models.TextField(max_length=10_000)
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    written_at = models.DateTimeField(default=timezone.now)
    # Made with the form: however often it is sent, the note is stored once.
    client_uuid = models.UUIDField(default=uuid4)

    objects = NoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "patient", "client_uuid"], name="note_once"),
            models.CheckConstraint(condition=~Q(text=""), name="note_says_something"),
        ]
        indexes = [models.Index("clinic", "patient", F("id").desc(), name="note_newest_first")]

    def __str__(self) -> str:
        return f"note of {self.written_at:%Y-%m-%d}"
