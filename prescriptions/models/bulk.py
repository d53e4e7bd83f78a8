"""A clinic's data on their way to another system: what was asked for, and the files so far."""

from typing import Self, cast
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from clinics.models import ApiToken, ClinicModel, ClinicQuerySet, SameClinicForeignKey
from patients.models.direction import one_of


class BulkExportQuerySet(ClinicQuerySet):
    def going(self) -> Self:
        return self.filter(state=BulkExport.State.GOING)

    def asked_with(self, token: ApiToken) -> Self:
        return self.filter(token=token)

    def named(self, uuid: UUID) -> "BulkExport | None":
        return cast("BulkExport | None", self.filter(uuid=uuid).first())

    def with_parts(self) -> Self:
        """With its files, less what is in them."""
        parts = models.Prefetch("parts", BulkPart.objects.defer("content").order_by("number"))
        return self.prefetch_related(parts)


class BulkExport(ClinicModel):
    """An export of the whole clinic over FHIR, and how far it has come.

    `place` counts the sources that are written; `after` is the last row of the one in hand. A
    worker that is killed loses no more than the part that it was writing.
    """

    class State(models.TextChoices):
        GOING = "going", "Going on"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        GIVEN_UP = "given_up", "Given up"

    uuid = models.UUIDField()
    token = SameClinicForeignKey(ApiToken, related_name="+")
    request = models.CharField(max_length=2000)
    kinds = ArrayField(models.CharField(max_length=40))
    since = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.GOING)
    place = models.PositiveSmallIntegerField(default=0)
    after = models.BigIntegerField(default=0)
    written = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = BulkExportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "uuid"], name="bulk_export_once"),
            models.UniqueConstraint(
                fields=["clinic"], condition=Q(state="going"), name="one_bulk_export_at_a_time"
            ),
            one_of("state", ["going", "done", "failed", "given_up"], "bulk_export_state"),
            models.CheckConstraint(
                condition=Q(state="going", ended_at=None)
                | (~Q(state="going") & Q(ended_at__isnull=False)),
                name="bulk_export_ended_at",
            ),
        ]

    def __str__(self) -> str:
        return f"export of {self.asked_at:%Y-%m-%d %H:%M}"


class BulkPart(ClinicModel):
    """Some resources of one type, one a line, compressed with gzip."""

    export = SameClinicForeignKey(BulkExport, models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    resources = models.PositiveIntegerField()
    content = models.BinaryField()

    objects = ClinicQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "export", "number"], name="bulk_part_number_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, part {self.number}"
