from functools import cache
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from clinics.actors import Actor, ActorKind
from clinics.thresholds import Thresholds, thresholds_from

# Read from the disk each time it is asked for.
time_zone_names = cache(available_timezones)


def validate_time_zone(name: str) -> None:
    """Accept a name of the tz database, such as Europe/Vienna; raise ValidationError otherwise."""
    if name not in time_zone_names():
        raise ValidationError("Choose a time zone by its name, for example America/New_York.")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, name: str, password: str | None = None) -> "User":
        """Add a person; the address is kept in lower case, so that it is found as it is typed."""
        user = self.model(email=email.strip().lower(), name=name)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A member of staff, of one clinic or of several. Patients are not users."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="email_in_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.STAFF, self.pk, self.name)


class Paper(models.TextChoices):
    LETTER = "Letter", "US Letter, 8.5 × 11 in"
    A4 = "A4", "A4, 210 × 297 mm"


class Clinic(models.Model):
    """The tenant: every row of health data belongs to exactly one."""

    name = models.CharField(max_length=200)
    phone = models.CharField(max_length=40, blank=True)
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    emergency_number = models.CharField(max_length=20, default="911")
    # Without it patients read what was written and write nothing new.
    has_messages = models.BooleanField("patients and staff write messages", default=True)
    # What the handouts are printed on.
    paper = models.CharField(max_length=6, choices=Paper, default=Paper.LETTER)
    # The numbers of `thresholds` that this clinic has set.
    thresholds_set = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(paper__in=["Letter", "A4"]), name="clinic_paper"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def thresholds(self) -> Thresholds:
        return thresholds_from(self.thresholds_set)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class ClinicQuerySet(models.QuerySet):
    """Base for every query on a clinic's rows: the first word is always `of`."""

    def of(self, clinic: Clinic) -> Self:
        return self.filter(clinic=clinic)

    def one(self, pk: int) -> Any:
        """The row of this key, or None."""
        return self.filter(pk=pk).first()


class SameClinicForeignKey(models.ForeignKey):
    """A reference inside one clinic.

    The constraint carries the clinic and is made by `walls.same_clinic`; Django's own, which
    would accept a row of any clinic, is left out. Indexes are led by the clinic, so none here.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.setdefault("db_constraint", False)
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)


class ClinicModel(models.Model):
    """A row that belongs to exactly one clinic, for ever."""

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        abstract = True


class MembershipQuerySet(ClinicQuerySet):
    def active(self) -> Self:
        return self.filter(ended_at=None)

    def ended(self) -> Self:
        return self.exclude(ended_at=None)

    def of_user(self, user: User) -> Self:
        return self.filter(user=user)

    def who_prescribe(self) -> Self:
        """Those who may be in charge of a patient."""
        return self.active().filter(role__in=[Membership.Role.ADMIN, Membership.Role.THERAPIST])

    def with_clinics(self) -> Self:
        return self.select_related("clinic").order_by("clinic__name", "pk")

    def with_people(self) -> Self:
        return self.select_related("user").order_by("user__name", "pk")


class Membership(ClinicModel):
    """What a person may do in one clinic. Ended, never deleted: the record names people."""

    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        THERAPIST = "therapist", "Therapist"
        ASSISTANT = "assistant", "Assistant"

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "user"], name="one_membership_per_clinic"),
            models.CheckConstraint(
                condition=Q(role__in=["admin", "therapist", "assistant"]), name="membership_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.clinic}"


class AuditEvent(ClinicModel):
    """Who did what, when. Holds no reference but the clinic, so it outlives what it describes."""

    at = models.DateTimeField(default=timezone.now)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices())
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200)
    verb = models.CharField(max_length=60)
    target = models.CharField(max_length=60)
    target_id = models.BigIntegerField(null=True)
    patient_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)

    objects = ClinicQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.verb} {self.target}"
