from datetime import date
from typing import Self

from django.db import models
from django.db.models import Q
from django.urls import reverse

from clinics.models import ClinicModel, ClinicQuerySet, User


class ErasureQuerySet(ClinicQuerySet):
    def open(self) -> Self:
        return self.filter(done_at=None)

    def done(self) -> Self:
        return self.exclude(done_at=None).order_by("pk")

    def newest_first(self) -> Self:
        return self.select_related("asked_by", "done_by").order_by("-pk")

    def of_number(self, number: int) -> Self:
        return self.filter(patient_number=number)


class Erasure(ClinicModel):
    """That a patient's data shall be erased, and once it is, the certificate of it.

    It names nobody: `patient_number` was the key of the record, and is no reference.
    """

    class Reason(models.TextChoices):
        ASKED = "asked", "The patient asked for it"
        OVERDUE = "overdue", "The time for which records are kept is over"
        ORDERED = "ordered", "A court or an authority ordered it"

    patient_number = models.BigIntegerField()
    reason = models.CharField(max_length=10, choices=Reason)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    # The day from which the clinic's own rule allows it.
    possible_from = models.DateField()
    # Why it was done before that day; a law or an order, never a name.
    legal_reason = models.CharField(max_length=500, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # How many rows of each table went.
    counts = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "patient_number"], name="erasure_once"),
            models.CheckConstraint(
                condition=Q(done_at=None, digest="") | (Q(done_at__isnull=False) & ~Q(digest="")),
                name="erasure_done_with_a_digest",
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("patients:certificate", args=[self.pk])

    def __str__(self) -> str:
        return f"erasure of patient {self.patient_number}"

    def is_possible_on(self, day: date) -> bool:
        return day >= self.possible_from
