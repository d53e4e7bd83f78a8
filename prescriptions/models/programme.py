from collections.abc import Sequence
from datetime import date
from typing import Self, cast

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinics.models import SameClinicForeignKey, User
from exercises.dosage import Dosage
from exercises.models import ExerciseEdition, amount, dosage_in_range
from exercises.vocabulary import Side
from patients.models import OfPatientQuerySet, Patient, PatientModel, PatientQuerySet
from prescriptions.changes import days_in_words

EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]  # ISO weekdays, Monday is 1
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


def every_day() -> list[int]:
    return EVERY_DAY.copy()


class PrescriptionQuerySet(OfPatientQuerySet):
    def open(self) -> Self:
        return self.filter(ended_on=None)

    def open_first(self) -> Self:
        courses = self.select_related("ended_by")
        return courses.order_by(F("ended_on").desc(nulls_first=True), "-pk")

    def with_patient(self) -> Self:
        return self.select_related("patient__clinic")


class Prescription(PatientModel):
    """The home programme of one patient, in editions. Ended, never deleted."""

    prescribed_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    ended_because = models.CharField(max_length=500, blank=True)

    objects = PrescriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient"],
                condition=Q(ended_on=None),
                name="one_open_prescription",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None, ended_by=None)
                | Q(ended_on__isnull=False, ended_by__isnull=False),
                name="ended_on_and_ended_by_together",
            ),
        ]
        indexes = [models.Index("clinic", "patient", name="prescription_of_patient")]

    def __str__(self) -> str:
        return f"prescription {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("prescriptions:detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.ended_on is None


class PrescriptionEditionQuerySet(OfPatientQuerySet):
    def published(self) -> Self:
        return self.exclude(published_at=None)

    def drafts(self) -> Self:
        return self.filter(published_at=None)

    def in_force_on(self, day: date) -> Self:
        """Of each open course the newest published edition that has begun by this day."""
        begun = PrescriptionEdition.objects.published().filter(starts_on__lte=day)
        newer = begun.filter(
            clinic=models.OuterRef("clinic"),
            prescription=models.OuterRef("prescription"),
            number__gt=models.OuterRef("number"),
        )
        return (
            self.published()
            .filter(prescription__ended_on=None, starts_on__lte=day)
            .filter(~models.Exists(newer))
        )

    def upcoming_on(self, day: date) -> Self:
        """Published for later, the next first; of two that begin on one day, the newer."""
        later = self.published().filter(prescription__ended_on=None, starts_on__gt=day)
        return later.order_by("starts_on", "-number")

    def valid_between(self, first: date, last: date) -> Self:
        """Published, begun by the last of these days, and neither replaced nor ended by the first.

        One that was replaced before its own first day may be among them.
        """
        newer = PrescriptionEdition.objects.published().filter(
            clinic=models.OuterRef("clinic"),
            prescription=models.OuterRef("prescription"),
            number__gt=models.OuterRef("number"),
            starts_on__lte=first,
        )
        return (
            self.published()
            .filter(Q(prescription__ended_on=None) | Q(prescription__ended_on__gt=first))
            .filter(~models.Exists(newer), starts_on__lte=last)
        )

    def of_patients(self, patients: Sequence[Patient] | PatientQuerySet) -> Self:
        return self.filter(patient__in=patients)

    def of_others_than(self, patient: Patient) -> Self:
        return self.exclude(patient=patient)

    def with_patient(self) -> Self:
        return self.select_related("patient__clinic")

    def before(self, edition: "PrescriptionEdition") -> "PrescriptionEdition | None":
        """The published edition that this one replaced."""
        same_course = self.filter(prescription=edition.prescription_id, number__lt=edition.number)
        return cast("PrescriptionEdition | None", same_course.order_by("-number").first())

    def with_lines(self) -> Self:
        """With all that a therapist reads of the lines."""
        return self._with(PrescribedExercise.objects.with_exercises())

    def with_texts(self) -> Self:
        """With what a patient reads of the lines: how to do each, not what goes with it."""
        return self._with(PrescribedExercise.objects.with_texts())

    def with_names(self) -> Self:
        """With just what a session is logged by."""
        return self._with(PrescribedExercise.objects.with_names())

    def with_days(self, *, and_loads: bool) -> Self:
        """With the days of each line and no text; `and_loads` with what pauses are about."""
        lines = PrescribedExercise.objects.only("edition", "exercise_edition", "weekdays")
        if and_loads:
            editions = ExerciseEdition.objects.only("exercise").prefetch_related("loads")
            lines = lines.prefetch_related(models.Prefetch("exercise_edition", queryset=editions))
        return self.prefetch_related(models.Prefetch("lines", queryset=lines))

    def _with(self, lines: "PrescribedExerciseQuerySet") -> Self:
        lines_of_each = models.Prefetch("lines", queryset=lines)
        return self.select_related("prescription").prefetch_related(lines_of_each)

    def newest_first(self) -> Self:
        return self.order_by("-number")

    def last_published_first(self) -> Self:
        """Over all courses."""
        return self.published().order_by("-published_at", "-pk")

    def last_of_each_patient(self) -> Self:
        """The newest published edition of each patient, whether its course goes on or not."""
        newest = self.published().order_by("patient", "-published_at", "-pk")
        return newest.distinct("patient")


class PrescriptionEdition(PatientModel):
    """One state of the programme. A draft may change; publishing freezes it for ever."""

    prescription = SameClinicForeignKey(Prescription, related_name="editions")
    number = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    review_on = models.DateField(null=True, blank=True)
    reason = models.CharField("what changed and why", max_length=1000, blank=True)
    # In the therapist's words, for the patient.
    avoid = models.CharField("what to avoid, and why", max_length=1000, blank=True)
    if_worse = models.CharField("what to do if it gets worse", max_length=1000, blank=True)
    # The therapist's rule, set before anything happens: a red log pauses its exercise.
    pauses_on_red = models.BooleanField("pause a stretch after a bad log", default=True)
    # Counts the saves of a draft, so that one therapist cannot overwrite another unseen.
    version = models.PositiveIntegerField(default=1)
    edited_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    edited_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)
    # As the patient reads it; the audit trail knows the person.
    published_by_name = models.CharField(max_length=200, blank=True)

    objects = PrescriptionEditionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "prescription", "number"], name="prescription_edition_number_once"
            ),
            models.UniqueConstraint(
                fields=["clinic", "prescription"],
                condition=Q(published_at=None),
                name="one_open_draft",
            ),
            models.CheckConstraint(
                condition=Q(review_on=None) | Q(review_on__gte=F("starts_on")),
                name="review_not_before_start",
            ),
            models.CheckConstraint(
                condition=Q(starts_on__range=(EARLIEST, LATEST))
                & (Q(review_on=None) | Q(review_on__range=(EARLIEST, LATEST))),
                name="edition_dates_of_this_age",
            ),
            models.CheckConstraint(
                condition=Q(number=1) | Q(published_at=None) | ~Q(reason=""),
                name="later_editions_say_why",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None, published_by_name="")
                | (Q(published_at__isnull=False) & ~Q(published_by_name="")),
                name="published_by_somebody",
            ),
        ]
        indexes = [models.Index("clinic", "patient", name="edition_of_patient")]

    def __str__(self) -> str:
        return f"edition {self.number}"

    @property
    def is_draft(self) -> bool:
        return self.published_at is None

    def planned_on(self, day: date) -> "list[PrescribedExercise]":
        """The exercises for this day of the week, in their order."""
        return [line for line in self.lines.all() if line.is_planned_on(day)]

    def is_in_force_on(self, day: date) -> bool:
        """Whether it has begun and its course goes on; a newer one may have replaced it."""
        return self.prescription.is_open and self.starts_on <= day

    def is_open_on(self, day: date) -> bool:
        """Whether a session of this day may be logged; the course has to be loaded with it."""
        ended_on = self.prescription.ended_on
        return self.starts_on <= day and (ended_on is None or day <= ended_on)


class PrescribedExerciseQuerySet(OfPatientQuerySet):
    def with_exercises(self) -> Self:
        return (
            self.select_related(
                "exercise_edition__exercise", "exercise_edition__companion__current"
            )
            .prefetch_related(
                "exercise_edition__loads", "exercise_edition__companion__current__loads"
            )
            .order_by("order", "pk")
        )

    def with_texts(self) -> Self:
        return self.with_names().prefetch_related("exercise_edition__loads")

    def with_names(self) -> Self:
        return self.select_related("exercise_edition").order_by("order", "pk")

    def published(self) -> Self:
        return self.exclude(edition__published_at=None)

    def last_published_of_each(self) -> Self:
        """Of each exercise the line that was published last."""
        published = self.published().select_related("exercise_edition")
        exercise = "exercise_edition__exercise"
        return published.order_by(exercise, "-edition__published_at", "-pk").distinct(exercise)


class PrescribedExercise(PatientModel):
    """One line of an edition: which exercise, how much, which side, and why in this direction."""

    edition = SameClinicForeignKey(PrescriptionEdition, models.CASCADE, related_name="lines")
    exercise_edition = models.ForeignKey(
        ExerciseEdition, models.PROTECT, related_name="+", db_index=False
    )
    order = models.PositiveSmallIntegerField()
    sets = amount("sets")
    repetitions = amount("repetitions")
    hold_seconds = amount("hold_seconds")
    times_per_day = amount("times_per_day")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=every_day)
    side = models.CharField(max_length=5, choices=Side.choices(), default=Side.NONE.value)
    direction_note = models.TextField(max_length=1000)
    soon_after_waking = models.BooleanField("within two hours of waking", default=False)
    # What the therapist has written down to go on despite a finding: by rule, by field.
    recorded = models.JSONField(default=dict, blank=True)

    objects = PrescribedExerciseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "edition", "order"], name="line_order_once"),
            models.UniqueConstraint(
                fields=["clinic", "edition", "exercise_edition", "side"],
                name="line_exercise_and_side_once",
            ),
            *dosage_in_range("line"),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=EVERY_DAY) & ~Q(weekdays=[]),
                name="line_weekdays",
            ),
            models.CheckConstraint(
                condition=Q(side__in=[side.value for side in Side]), name="line_side"
            ),
            models.CheckConstraint(condition=~Q(direction_note=""), name="line_has_a_note"),
        ]

    def __str__(self) -> str:
        return f"{self.exercise_edition}: {self.dosage}"

    @property
    def name(self) -> str:
        """The exercise, and its side where it has one."""
        if self.side == Side.NONE:
            return self.exercise_edition.name
        return f"{self.exercise_edition.name} ({Side(self.side).label.lower()})"

    @property
    def told_name(self) -> str:
        """The same in the words of the patient; `name` is what the clinic reads."""
        name = str(self.exercise_edition.told.name)
        return name if self.side == Side.NONE else f"{name} ({_(Side(self.side).label).lower()})"

    @property
    def told_note(self) -> str:
        """The direction note as the therapist wrote it, or else as the exercise says it."""
        own = self.exercise_edition
        is_its_own = self.direction_note == own.direction_note
        return str(own.told.direction_note) if is_its_own else self.direction_note

    @property
    def dosage(self) -> Dosage:
        return Dosage(self.sets, self.repetitions, self.hold_seconds, self.times_per_day)

    @property
    def days_in_words(self) -> str:
        return days_in_words(self.weekdays)

    def is_planned_on(self, day: date) -> bool:
        return day.isoweekday() in self.weekdays
