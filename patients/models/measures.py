"""Outcome measures: which are asked of whom and when, and what was answered. Answers are kept."""

from datetime import date
from typing import Self

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from clinics.models import ClinicModel, ClinicQuerySet, SameClinicForeignKey, User
from patients.measure_definition import (
    LONGEST_FILE,
    LONGEST_KEY,
    LONGEST_TITLE,
    MOST_POINTS,
    Definition,
    read,
)
from patients.measure_due import Times, due_from, is_due, next_occasion
from patients.measure_scoring import Score, score
from patients.models.people import OfPatientQuerySet, PatientModel

LONGEST_ACTIVITY = 120
MOST_WEEKS = 26


class MeasureEditionQuerySet(ClinicQuerySet):
    def own(self) -> Self:
        """Those that the clinic added, not the shipped ones that it asks."""
        return self.filter(is_shipped=False)

    def with_people(self) -> Self:
        return self.select_related("added_by")

    def of_measure(self, key: str) -> Self:
        """The newest edition first."""
        return self.filter(key=key).order_by("-edition")

    def newest_of_each(self) -> Self:
        return self.order_by("key", "-edition").distinct("key")

    def by_title(self) -> Self:
        return self.order_by("title", "-edition")


class MeasureEdition(ClinicModel):
    """One edition of a measure as a clinic uses it: the whole text, which never changes.

    A shipped measure gets its row when the clinic first asks it, so that a newer version of the
    product changes nothing under a patient.
    """

    key = models.CharField(max_length=LONGEST_KEY)
    edition = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=LONGEST_TITLE)
    language = models.CharField(max_length=8)
    text = models.TextField(max_length=LONGEST_FILE)
    digest = models.CharField(max_length=64)
    is_shipped = models.BooleanField(default=False)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    added_at = models.DateTimeField(default=timezone.now)

    objects = MeasureEditionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "key", "edition"], name="measure_edition_once"
            ),
            models.CheckConstraint(
                condition=~Q(key="") & ~Q(title="") & ~Q(text=""), name="measure_edition_says_all"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def definition(self) -> Definition:
        return read(self.text)


class MeasurePlanQuerySet(OfPatientQuerySet):
    def open(self) -> Self:
        return self.filter(stopped_at=None)

    def with_editions(self) -> Self:
        return self.select_related("edition")

    def with_answered_days(self) -> Self:
        """With the days on which the plan was answered; what was corrected since counts too."""
        return self.annotate(
            answered_days=ArrayAgg("responses__local_date", filter=Q(responses__isnull=False))
        )

    def with_patient(self) -> Self:
        return self.select_related("patient__clinic")

    def oldest_first(self) -> Self:
        return self.order_by("asked_at", "pk")


class MeasurePlan(PatientModel):
    """That a measure is asked of a patient, and when. Stopped, never changed."""

    class Schedule(models.TextChoices):
        ONCE = "once", "Once"
        WEEKS = "weeks", "Every few weeks"
        REVIEW = "review", "At the start and at the review"

    edition = SameClinicForeignKey(MeasureEdition, related_name="+")
    key = models.CharField(max_length=LONGEST_KEY)  # of the edition: one open plan for each
    schedule = models.CharField(max_length=6, choices=Schedule)
    starts_on = models.DateField()
    every_weeks = models.PositiveSmallIntegerField(null=True, blank=True)
    review_on = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField(default=timezone.now)
    stopped_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects = MeasurePlanQuerySet.as_manager()

    # Annotation of `with_answered_days`.
    answered_days: list[date] | None

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "key"],
                condition=Q(stopped_at=None),
                name="one_open_plan_of_a_measure",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None, stopped_by=None)
                | Q(stopped_at__isnull=False, stopped_by__isnull=False),
                name="measure_plan_stopped_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(schedule="once", every_weeks=None, review_on=None)
                | Q(
                    schedule="weeks",
                    every_weeks__isnull=False,
                    every_weeks__range=(1, MOST_WEEKS),
                    review_on=None,
                )
                | Q(
                    schedule="review",
                    every_weeks=None,
                    review_on__isnull=False,
                    review_on__gt=F("starts_on"),
                ),
                name="measure_plan_has_its_times",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("starts_on")),
                name="measure_plan_days_in_order",
            ),
        ]
        indexes = [models.Index("clinic", "patient", name="measure_plan_of_patient")]

    def __str__(self) -> str:
        return f"{self.key}, {self.get_schedule_display().lower()}"

    @property
    def times(self) -> Times:
        return Times(
            self.Schedule(self.schedule).value,  # type: ignore[arg-type]
            self.starts_on,
            self.every_weeks,
            self.review_on,
            self.until,
        )

    def is_due_on(self, day: date) -> bool:
        """Needs `with_answered_days`."""
        if self.stopped_at is not None:
            return False
        return is_due(self.times, day, answered_on=self.answered_days or [])

    def due_from(self, day: date) -> date | None:
        """Needs `with_answered_days`."""
        return due_from(self.times, day, answered_on=self.answered_days or [])

    def next_after(self, day: date) -> date | None:
        return next_occasion(self.times, day)


class NamedActivityQuerySet(OfPatientQuerySet):
    def of_measure(self, key: str) -> Self:
        return self.filter(key=key).order_by("pk")

    def words(self) -> list[str]:
        return list(self.values_list("words", flat=True))


class NamedActivity(PatientModel):
    """An activity in the patient's own words, asked again each time. Kept as named."""

    key = models.CharField(max_length=LONGEST_KEY)  # of the measure
    words = models.CharField(max_length=LONGEST_ACTIVITY)
    named_at = models.DateTimeField(default=timezone.now)
    # Who of the staff wrote it down; empty for the patient.
    named_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = NamedActivityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "named activities"
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "key", "words"], name="activity_named_once"
            ),
            models.CheckConstraint(condition=~Q(words=""), name="activity_says_something"),
        ]

    def __str__(self) -> str:
        return self.words


class MeasureResponseQuerySet(OfPatientQuerySet):
    def standing(self) -> Self:
        """What counts: no correction stands for it."""
        return self.filter(corrections=None)

    def with_answers(self) -> Self:
        answers = MeasureAnswer.objects.select_related("activity").order_by("pk")
        return self.select_related("edition", "entered_by").prefetch_related(
            models.Prefetch("answers", queryset=answers)
        )

    def oldest_first(self) -> Self:
        return self.order_by("local_date", "answered_at", "pk")


class MeasureResponse(PatientModel):
    """A measure, answered once. A correction is another row, which says what it stands for."""

    edition = SameClinicForeignKey(MeasureEdition, related_name="+")
    plan = SameClinicForeignKey(MeasurePlan, null=True, blank=True, related_name="responses")
    # Made with the form: however often it is sent, it is stored once.
    client_uuid = models.UUIDField()
    # Of what was sent, so that another content under the same key is noticed.
    digest = models.CharField(max_length=64)
    answered_at = models.DateTimeField()
    local_date = models.DateField()
    # The patient would rather not answer this time: nothing was answered, and nothing is asked.
    is_declined = models.BooleanField(default=False)
    corrects = SameClinicForeignKey("self", null=True, blank=True, related_name="corrections")
    # Who of the staff entered it; empty for what the patient answered in the portal.
    entered_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = MeasureResponseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "client_uuid"], name="measure_response_once"
            ),
            models.UniqueConstraint(
                fields=["clinic", "corrects"], name="measure_response_corrected_once"
            ),
        ]
        indexes = [
            models.Index("clinic", "patient", "local_date", name="measure_response_by_day"),
            models.Index("clinic", "plan", name="measure_response_of_plan"),
        ]

    def __str__(self) -> str:
        return f"answers of {self.local_date}"

    @property
    def score(self) -> Score:
        """Needs `with_answers`."""
        given = {(one.item, one.activity_id): one.value for one in self.answers.all()}
        return score(self.edition.definition, given)


class MeasureAnswerQuerySet(OfPatientQuerySet):
    pass


class MeasureAnswer(PatientModel):
    """The answer to one item: 0 is an answer, no value is a skip, no row was not asked."""

    response = SameClinicForeignKey(MeasureResponse, models.CASCADE, related_name="answers")
    item = models.CharField(max_length=LONGEST_KEY)
    activity = SameClinicForeignKey(NamedActivity, null=True, blank=True, related_name="+")
    value = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = MeasureAnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "response", "item", "activity"],
                nulls_distinct=False,
                name="measure_answer_once",
            ),
            models.CheckConstraint(
                condition=Q(value=None) | Q(value__lte=MOST_POINTS), name="measure_answer_value"
            ),
            models.CheckConstraint(condition=~Q(item=""), name="measure_answer_of_an_item"),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {'skipped' if self.value is None else self.value}"


class MeasureDraftQuerySet(OfPatientQuerySet):
    def of_plan(self, plan: MeasurePlan) -> Self:
        return self.filter(plan=plan)


class MeasureDraft(PatientModel):
    """What a patient has put in and not sent: it is gone on with, never scored, then deleted."""

    plan = SameClinicForeignKey(MeasurePlan, related_name="+")
    said = models.JSONField(default=dict)  # the fields of the form as they were typed
    kept_at = models.DateTimeField(default=timezone.now)

    objects = MeasureDraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "patient", "plan"], name="measure_draft_once")
        ]

    def __str__(self) -> str:
        return f"begun {self.kept_at:%Y-%m-%d}"
