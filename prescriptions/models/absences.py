"""Days on which a patient was away from the programme, and why."""

from datetime import date, timedelta
from typing import Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q
from django.utils import timezone

from clinics.models import SameClinicForeignKey, User
from patients.models import OfPatientQuerySet, PatientModel
from patients.models.direction import one_of
from prescriptions.models.programme import EARLIEST, LATEST

LONGEST_ABSENCE = timedelta(days=365)


class AbsenceReason(models.TextChoices):
    AWAY = "away", "Away"
    UNWELL = "unwell", "Unwell"
    OTHER = "other", "Another reason"


class AbsenceQuerySet(OfPatientQuerySet):
    def standing(self) -> Self:
        """What counts: not taken back, and no other stands for it."""
        return self.filter(corrections=None, is_withdrawal=False)

    def between(self, first: date, last: date) -> Self:
        """Those with a day among these, both included."""
        return self.filter(first_day__lte=last, last_day__gte=first)

    def told_of(self, patient: str, since: date) -> ArraySubquery:
        """First and last day, as text, of what ends on this day or later, for each of a query."""
        days = Func(
            "first_day", "last_day", function="json_build_array", output_field=models.Field()
        )
        mine = self.standing().filter(patient=OuterRef(patient), last_day__gte=since)
        return ArraySubquery(mine.order_by("first_day").values(days=days))

    def with_history(self) -> Self:
        """With who wrote each, and `is_overtaken`: another one stands for it."""
        later = Absence.objects.filter(clinic=OuterRef("clinic"), corrects=OuterRef("pk"))
        return self.select_related("written_by").annotate(is_overtaken=Exists(later))


class Absence(PatientModel):
    """Days taken out of what was planned. Kept as written; a correction is a new row."""

    first_day = models.DateField()
    last_day = models.DateField()
    reason = models.CharField(max_length=6, choices=AbsenceReason)
    remark = models.CharField(max_length=200, blank=True)
    # Made with the page: however often the form is sent, the absence is stored once.
    client_uuid = models.UUIDField()
    corrects = SameClinicForeignKey("self", null=True, blank=True, related_name="corrections")
    # A correction that takes the absence back; its days are those of the first.
    is_withdrawal = models.BooleanField(default=False)
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    written_at = models.DateTimeField(default=timezone.now)

    objects = AbsenceQuerySet.as_manager()

    # Annotation of `with_history`.
    is_overtaken: bool

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "client_uuid"], name="absence_once"
            ),
            models.UniqueConstraint(fields=["clinic", "corrects"], name="absence_corrected_once"),
            models.CheckConstraint(
                condition=Q(is_withdrawal=False) | Q(corrects__isnull=False),
                name="absence_withdrawal_of_an_absence",
            ),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day"))
                & Q(last_day__lte=F("first_day") + LONGEST_ABSENCE),
                name="absence_days_in_order",
            ),
            models.CheckConstraint(
                condition=Q(first_day__range=(EARLIEST, LATEST))
                & Q(last_day__range=(EARLIEST, LATEST)),
                name="absence_dates_of_this_age",
            ),
            one_of("reason", AbsenceReason.values, "absence_reason"),
        ]
        indexes = [
            models.Index("clinic", "patient", F("last_day").desc(), name="absence_of_patient")
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display().lower()} from {self.first_day} to {self.last_day}"
