"""What checks and logs have led to: findings kept with an edition, overrides, pauses, alerts."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from clinics.models import SameClinicForeignKey, User
from exercises.models import Exercise
from exercises.vocabulary import Direction, Region
from patients.models import OfPatientQuerySet, PatientModel
from patients.models.direction import one_of
from prescriptions.checks import Verdict
from prescriptions.models.logs import SessionEntry
from prescriptions.models.programme import PrescribedExercise, PrescriptionEdition


class OfEditionQuerySet(OfPatientQuerySet):
    def of_edition(self, edition: PrescriptionEdition) -> Self:
        return self.filter(clinic=edition.clinic_id, edition=edition).order_by("pk")


class KeptFinding(PatientModel):
    """A finding that was shown when an edition was published, with the facts it used."""

    edition = SameClinicForeignKey(PrescriptionEdition, related_name="findings")
    prescribed_exercise = SameClinicForeignKey(PrescribedExercise, related_name="findings")
    rule = models.CharField(max_length=4)
    verdict = models.PositiveSmallIntegerField(
        choices=[(verdict.value, verdict.word) for verdict in Verdict]
    )
    message = models.CharField(max_length=500)
    facts = ArrayField(models.CharField(max_length=500), default=list, blank=True)
    rules_version = models.PositiveSmallIntegerField()
    shown_at = models.DateTimeField(default=timezone.now)

    objects = OfEditionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__lt=Verdict.STOP.value), name="no_stop_is_published"
            ),
        ]
        indexes = [models.Index("clinic", "edition", name="finding_of_edition")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"


class Override(PatientModel):
    """What a therapist wrote down to go on despite a finding."""

    edition = SameClinicForeignKey(PrescriptionEdition, related_name="overrides")
    prescribed_exercise = SameClinicForeignKey(PrescribedExercise, related_name="overrides")
    rule = models.CharField(max_length=4)
    # By the name of each thing the rule asks for; dates in ISO form.
    recorded = models.JSONField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    objects = OfEditionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "prescribed_exercise", "rule"], name="override_once_per_rule"
            ),
            models.CheckConstraint(
                condition=~Q(rule__in=["V1", "V2", "V14"]), name="rules_without_override"
            ),
        ]
        indexes = [models.Index("clinic", "edition", name="override_of_edition")]

    def __str__(self) -> str:
        return f"override of {self.rule}"


class PauseQuerySet(OfPatientQuerySet):
    def in_force(self) -> Self:
        return self.filter(lifted_at=None).select_related("exercise")

    def with_looks(self) -> Self:
        """With `is_looked_at`: a therapist closed the alert of the log behind it, none is open."""
        alerts = Alert.objects.filter(clinic=OuterRef("clinic"), entry=OuterRef("entry"))
        return self.annotate(is_looked_at=Exists(alerts) & ~Exists(alerts.open()))


class Pause(PatientModel):
    """One exercise, or every movement in one direction, paused by the patient's logs."""

    exercise = models.ForeignKey(
        Exercise, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    region = models.CharField(max_length=20, choices=Region.choices(), blank=True)
    direction = models.CharField(max_length=20, choices=Direction.choices(), blank=True)
    entry = SameClinicForeignKey(SessionEntry, related_name="pauses")
    because = models.CharField(max_length=300)
    since = models.DateTimeField(default=timezone.now)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = PauseQuerySet.as_manager()

    # Annotation of `with_looks`.
    is_looked_at: bool

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(exercise__isnull=False, region="", direction="")
                | (Q(exercise=None) & ~Q(region="") & ~Q(direction="")),
                name="pause_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["clinic", "patient", "exercise", "region", "direction"],
                condition=Q(lifted_at=None),
                nulls_distinct=False,
                name="paused_once",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="pause_lifted_by_somebody",
            ),
        ]
        indexes = [
            models.Index("clinic", "patient", condition=Q(lifted_at=None), name="pause_in_force"),
            models.Index("clinic", "patient", "since", name="pause_of_patient"),
        ]

    def __str__(self) -> str:
        return f"paused: {self.because}"


class Tier(models.IntegerChoices):
    """How soon somebody has to look."""

    EMERGENCY = 0, "Emergency"
    SOON = 1, "Same or next working day"
    URGENT = 2, "Urgent"
    WEEKLY = 3, "Weekly"
    GOOD_NEWS = 4, "Good news"


class AlertQuerySet(OfPatientQuerySet):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def newest_first(self) -> Self:
        return self.select_related("opened_by", "closed_by").order_by("-raised_at", "-pk")


class Alert(PatientModel):
    """Something a therapist has to look at: opened, answered, closed with a note."""

    tier = models.PositiveSmallIntegerField(choices=Tier)
    # Says which alert it is, so that the same thing is not raised twice while it is open.
    about = models.CharField(max_length=120)
    message = models.CharField(max_length=500)
    entry = SameClinicForeignKey(SessionEntry, null=True, blank=True, related_name="alerts")
    raised_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)
    opened_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    contact = models.CharField("how you reached the patient", max_length=300, blank=True)
    decision = models.CharField("what you decided", max_length=1000, blank=True)
    # A corrected log may take its alert back, in the open; a therapist still closes it.
    withdrawn_because = models.CharField(max_length=300, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "about"],
                condition=Q(closed_at=None),
                name="alert_open_once",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, decision="")
                | (Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(decision="")),
                name="alert_closed_with_a_note",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(opened_at__isnull=False),
                name="alert_opened_before_it_is_closed",
            ),
            one_of("tier", Tier.values, "alert_tier"),
        ]
        indexes = [
            models.Index(
                "clinic", "tier", "raised_at", condition=Q(closed_at=None), name="alert_pressing"
            ),
            models.Index("clinic", "patient", F("raised_at").desc(), name="alert_of_patient"),
        ]

    def __str__(self) -> str:
        return self.message
