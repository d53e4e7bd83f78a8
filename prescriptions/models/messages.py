"""What a patient and the clinic write to each other, and who has read how far."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from clinics.models import SameClinicForeignKey, User
from patients.models import OfPatientQuerySet, PatientModel
from prescriptions.models.logs import SessionLog
from prescriptions.models.programme import PrescribedExercise

LONGEST_MESSAGE = 2000  # letters


class MessageQuerySet(OfPatientQuerySet):
    def by_the_patient(self) -> Self:
        return self.filter(written_by=None)

    def by_staff(self) -> Self:
        return self.exclude(written_by=None)

    def after(self, pk: int) -> Self:
        """Those written later than the one of this key; 0 for all."""
        return self.filter(pk__gt=pk)

    def with_subjects(self) -> Self:
        """With the log, or the name of the stretch, that each is about."""
        return self.select_related("log", "stretch__exercise_edition").only(
            *(field.name for field in Message._meta.concrete_fields),
            "log__local_date",
            "stretch__side",
            "stretch__exercise_edition__name",
        )


class Message(PatientModel):
    """One message, about a log, a stretch of the programme, or neither. Kept as written."""

    text = models.CharField(max_length=LONGEST_MESSAGE)
    written_at = models.DateTimeField(default=timezone.now)
    # Nobody of the staff: the patient.
    written_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # As the patient reads it, who may not read the list of the staff.
    written_by_name = models.CharField(max_length=200, blank=True)
    log = SameClinicForeignKey(SessionLog, null=True, blank=True, related_name="+")
    stretch = SameClinicForeignKey(PrescribedExercise, null=True, blank=True, related_name="+")
    # Made with the page or on the phone: however often it is sent, the message is stored once.
    client_uuid = models.UUIDField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "client_uuid"], name="message_once"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="message_says_something"),
            models.CheckConstraint(
                condition=Q(written_by=None, written_by_name="")
                | (Q(written_by__isnull=False) & ~Q(written_by_name="")),
                name="message_of_somebody",
            ),
            models.CheckConstraint(
                condition=Q(log=None) | Q(stretch=None), name="message_about_one_thing"
            ),
        ]
        indexes = [
            models.Index("clinic", "patient", F("id").desc(), name="message_newest_first"),
        ]

    def __str__(self) -> str:
        return f"message of {self.written_at:%Y-%m-%d}"

    @property
    def is_the_patients(self) -> bool:
        return self.written_by_id is None


class MessagesReadQuerySet(OfPatientQuerySet):
    def by_staff(self) -> Self:
        return self.exclude(reader=None)

    def last_read_first(self) -> Self:
        return self.select_related("reader").order_by("-at", "-pk")


class MessagesRead(PatientModel):
    """How far somebody has read: one row for the patient, one for each member of staff."""

    # Nobody of the staff: the patient.
    reader = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    up_to = SameClinicForeignKey(Message, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = MessagesReadQuerySet.as_manager()

    class Meta:
        verbose_name = "reading of messages"
        verbose_name_plural = "readings of messages"
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "reader"],
                nulls_distinct=False,
                name="read_once_per_reader",
            ),
        ]

    def __str__(self) -> str:
        return f"read until {self.at:%Y-%m-%d %H:%M}"
