from datetime import datetime, timedelta
from functools import cache
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from clinics.actors import Actor, ActorKind
from clinics.thresholds import Thresholds, thresholds_from

LONGEST_OPERATOR_ACCESS = timedelta(minutes=60)
STAFF_INVITATION_LASTS = timedelta(hours=72)
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
        """Those that open the door now: not ended, not locked, not past their time."""
        is_in_time = Q(ends_at=None) | Q(ends_at__gt=timezone.now())
        return self.filter(is_in_time, ended_at=None, locked_at=None)

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
    """What a person may do in one clinic. Ended, never deleted: the record names people.

    Locked, it waits for an admin of the clinic to restore it. An operator's is only ever for a
    time, which is set when it begins and ends by itself.
    """

    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        THERAPIST = "therapist", "Therapist"
        ASSISTANT = "assistant", "Assistant"
        OPERATOR = "operator", "Operator"

    class State(models.TextChoices):
        WORKING = "working", "Works here"
        LOCKED = "locked", "Locked"
        ENDED = "ended", "Worked here before"

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    locked_at = models.DateTimeField(null=True, blank=True)
    # Of an operator: until when, and why the clinic was entered.
    ends_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "user"], name="one_membership_per_clinic"),
            models.CheckConstraint(
                condition=Q(role__in=["admin", "therapist", "assistant", "operator"]),
                name="membership_role",
            ),
            models.CheckConstraint(
                condition=Q(locked_at=None) | Q(ended_at=None), name="membership_locked_or_ended"
            ),
            models.CheckConstraint(
                condition=(~Q(role="operator") & Q(ends_at=None, reason=""))
                | (
                    Q(role="operator", ends_at__isnull=False)
                    & ~Q(reason="")
                    & Q(ends_at__lte=F("started_at") + LONGEST_OPERATOR_ACCESS)
                ),
                name="membership_of_operator_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.clinic}"

    @property
    def state(self) -> "Membership.State":
        if self.ended_at or (self.ends_at and self.ends_at <= timezone.now()):
            return Membership.State.ENDED
        return Membership.State.LOCKED if self.locked_at else Membership.State.WORKING


class StaffInvitationQuerySet(ClinicQuerySet):
    def waiting(self) -> Self:
        """Neither accepted nor withdrawn; it may be past its time, and can be sent again."""
        return self.filter(accepted_at=None, withdrawn_at=None)

    def open_at(self, now: datetime) -> Self:
        return self.waiting().filter(expires_at__gt=now)


class StaffInvitation(ClinicModel):
    """A mailed link with which a person joins the clinic, once. Only its hash is kept."""

    email = models.EmailField()
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20, choices=Membership.Role)
    token_hash = models.CharField(max_length=64)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    # What came of it.
    membership = SameClinicForeignKey(Membership, null=True, blank=True, related_name="invitations")

    objects = StaffInvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="invited_once",
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invited_in_lower_case"),
            models.CheckConstraint(
                condition=Q(role__in=["admin", "therapist", "assistant"]), name="invited_role"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, membership=None)
                | Q(accepted_at__isnull=False, membership__isnull=False, withdrawn_at=None),
                name="invited_accepted_once",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("sent_at") + STAFF_INVITATION_LASTS),
                name="invited_for_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.name}"


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
