"""Programmes to begin with, kept by a therapist or a clinic. No word in them is about a patient."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from clinics.models import ClinicModel, ClinicQuerySet, SameClinicForeignKey, User
from exercises.dosage import Dosage
from exercises.models import Exercise, amount, dosage_in_range
from exercises.vocabulary import Side
from prescriptions.models.programme import EVERY_DAY, every_day

TEMPLATE_NAME_LENGTH = 120


class ProgrammeTemplateQuerySet(ClinicQuerySet):
    def usable_by(self, user: User) -> Self:
        """The clinic's and the therapist's own, never a colleague's."""
        return self.filter(Q(owner=None) | Q(owner=user))

    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)

    def by_name(self) -> Self:
        return self.order_by(Lower("name"), "pk")

    def counted(self) -> Self:
        """With `exercises`, how many lines each has."""
        return self.annotate(exercises=models.Count("lines"))

    def with_lines(self) -> Self:
        lines = TemplateLine.objects.select_related("exercise__current").order_by("order", "pk")
        return self.select_related("created_by").prefetch_related(models.Prefetch("lines", lines))


class ProgrammeTemplate(ClinicModel):
    """A programme without a patient. Renamed and archived by acts; its lines stay as kept."""

    name = models.CharField(max_length=TEMPLATE_NAME_LENGTH)
    # Empty for the whole clinic's.
    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ProgrammeTemplateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "clinic",
                "owner",
                Lower("name"),
                condition=Q(archived_at=None),
                name="template_name_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=~Q(name=""), name="template_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None


class TemplateLine(ClinicModel):
    """One exercise of a template: how much of it, on which days, and the note to begin with."""

    template = SameClinicForeignKey(ProgrammeTemplate, models.CASCADE, related_name="lines")
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="+", db_index=False)
    order = models.PositiveSmallIntegerField()
    sets = amount("sets")
    repetitions = amount("repetitions")
    hold_seconds = amount("hold_seconds")
    times_per_day = amount("times_per_day")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=every_day)
    # Empty where the side is chosen for each patient.
    side = models.CharField(
        max_length=5,
        blank=True,
        choices=[(side.value, side.label) for side in (Side.NONE, Side.BOTH)],
    )
    # With {name} and {side}; empty stands for the exercise's own note.
    note = models.TextField(max_length=1000, blank=True)
    soon_after_waking = models.BooleanField(default=False)

    objects = ClinicQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "template", "order"], name="template_line_order_once"
            ),
            models.UniqueConstraint(
                fields=["clinic", "template", "exercise", "side"],
                name="template_line_exercise_and_side_once",
            ),
            *dosage_in_range("template_line"),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=EVERY_DAY) & ~Q(weekdays=[]),
                name="template_line_weekdays",
            ),
            models.CheckConstraint(
                condition=Q(side__in=["", Side.NONE.value, Side.BOTH.value]),
                name="template_line_side_of_no_patient",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exercise}: {self.dosage}"

    @property
    def dosage(self) -> Dosage:
        return Dosage(self.sets, self.repetitions, self.hold_seconds, self.times_per_day)
