from datetime import datetime, timedelta
from functools import cache
from typing import Any, Self, cast
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.module_loading import import_string

from clinics.actors import Actor, ActorKind
from clinics.scopes import Scope
from clinics.thresholds import Thresholds, thresholds_from

LONGEST_OPERATOR_ACCESS = timedelta(minutes=60)
STAFF_INVITATION_LASTS = timedelta(hours=72)
API_TOKEN_LASTS_AT_MOST = timedelta(days=366)
# As long as a clinic in the United States has to keep what documents its handling of records.
AUDIT_YEARS = 6
LONGEST_GRACE_DAYS = 14
IDLE_MINUTES_SPAN = (5, 30)
DEFAULT_IDLE_MINUTES = 15
RECORD_YEARS = 10

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


class StaffSessionQuerySet(models.QuerySet["StaffSession"]):
    def of(self, user: User) -> Self:
        return self.filter(user=user)

    def but(self, session_key: str | None) -> Self:
        return self.exclude(session_key=session_key)

    def ended(self) -> Self:
        return self.filter(expire_date__lte=timezone.now())


class StaffSession(AbstractBaseSession):
    """A browser that somebody is signed in on; sessions are listed, locked and ended by this row.

    The columns beyond Django's are written one by one, never with what the session holds: a
    request that began before a lock cannot undo it.
    """

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    active_at = models.DateTimeField(default=timezone.now)
    locked_at = models.DateTimeField(null=True)

    objects = BaseSessionManager.from_queryset(StaffSessionQuerySet)()  # type: ignore[misc]

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return import_string(f"{settings.SESSION_ENGINE}.SessionStore")

    def save(self, *args: Any, force_update: bool = False, **kwargs: Any) -> None:
        if force_update:
            kwargs["update_fields"] = ["session_data", "expire_date", "user"]
        super().save(*args, force_update=force_update, **kwargs)


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
    # Of the United States: records of consent, data days and minutes. Off, it is not there at all.
    has_remote_monitoring = models.BooleanField(
        "records of remote monitoring are kept", default=False, db_default=False
    )
    # What the handouts are printed on.
    paper = models.CharField(max_length=6, choices=Paper, default=Paper.LETTER)
    # Nothing younger can be taken out of the audit trail, and older lines only by the operator.
    audit_years = models.PositiveSmallIntegerField(
        "years that the audit trail is kept",
        default=AUDIT_YEARS,
        db_default=AUDIT_YEARS,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )
    # Days from joining until somebody needs a second step to sign in; admins have none.
    second_factor_grace_days = models.PositiveSmallIntegerField("days without it", default=0)
    # After so long without a hand on it a page is locked.
    idle_minutes = models.PositiveSmallIntegerField("minutes", default=DEFAULT_IDLE_MINUTES)
    # For how long after the last contact records are kept: the clinic's own decision, by the law
    # of its place.
    record_years = models.PositiveSmallIntegerField(
        "years that records are kept",
        default=RECORD_YEARS,
        db_default=RECORD_YEARS,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    # The numbers of `thresholds` that this clinic has set.
    thresholds_set = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(paper__in=["Letter", "A4"]), name="clinic_paper"),
            models.CheckConstraint(
                condition=Q(audit_years__range=(1, 30)), name="clinic_audit_years"
            ),
            models.CheckConstraint(
                condition=Q(second_factor_grace_days__lte=LONGEST_GRACE_DAYS),
                name="clinic_second_factor_grace",
            ),
            models.CheckConstraint(
                condition=Q(idle_minutes__range=IDLE_MINUTES_SPAN), name="clinic_idle_minutes"
            ),
            models.CheckConstraint(
                condition=Q(record_years__range=(1, 100)), name="clinic_record_years"
            ),
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


class ApiTokenQuerySet(ClinicQuerySet):
    def open_at(self, now: datetime) -> Self:
        """Neither revoked nor past its time."""
        return self.filter(revoked_at=None, expires_at__gt=now)

    def with_hash(self, token_hash: str) -> "ApiToken | None":
        """The token of this hash, revoked or not, with its clinic."""
        found = self.select_related("clinic").filter(token_hash=token_hash).first()
        return cast("ApiToken | None", found)

    def open_first(self) -> Self:
        return self.select_related("made_by", "revoked_by").order_by(
            F("revoked_at").desc(nulls_first=True), "-made_at", "-pk"
        )


class ApiToken(ClinicModel):
    """What another system shows to read or write in one clinic. Only its hash is kept.

    What it opens is fixed when it is made; afterwards it is used, and revoked once for ever.
    """

    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64)
    # The last letters of the token, by which two of them are told apart.
    ending = models.CharField(max_length=4)
    scopes = ArrayField(models.CharField(max_length=20))
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # To the minute; see api_tokens.note_use.
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.CharField(max_length=45, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "token_hash"], name="api_token_once"),
            # A nervous finger makes one; and the trail's name says which it was.
            models.UniqueConstraint(
                fields=["clinic", "name"],
                condition=Q(revoked_at=None),
                name="api_token_name_once",
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=[scope.value for scope in Scope]) & ~Q(scopes=[]),
                name="api_token_scopes",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("made_at"))
                & Q(expires_at__lte=F("made_at") + API_TOKEN_LASTS_AT_MOST),
                name="api_token_for_a_time",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="api_token_revoked_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="api_token_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.TOKEN, self.pk, self.name)

    def is_open_at(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    def may(self, scope: Scope) -> bool:
        return scope.value in self.scopes

    @property
    def meanings(self) -> list[str]:
        """What it opens, in sentences."""
        return [scope.meaning for scope in Scope if self.may(scope)]


class AuditKind(models.TextChoices):
    """What an event is, so that one sort can be searched for."""

    LOOK = "look", "Looked at"
    ACT = "act", "Made or changed"
    EXPORT = "export", "Printed or exported"
    OVERRIDE = "override", "Went on despite a finding"
    SIGN_IN = "sign-in", "Signed in or out"
    REFUSED = "refused", "Was refused"
    TRAIL = "trail", "About the trail itself"


class AuditEventQuerySet(ClinicQuerySet):
    def acts(self) -> Self:
        """Without those that somebody leaves by looking only."""
        return self.exclude(kind__in=[AuditKind.LOOK, AuditKind.REFUSED])

    def of_kind(self, *kinds: AuditKind) -> Self:
        return self.filter(kind__in=kinds)

    def by_staff(self, user_id: int) -> Self:
        return self.filter(actor_kind=ActorKind.STAFF, actor_id=user_id)

    def patients_touched(self, *, most: int) -> list[int]:
        """The numbers of the patients whom these events are about, each once."""
        about = self.exclude(patient_id=None).order_by("patient_id").values_list("patient_id")
        return [pk for (pk,) in about.distinct()[:most]]

    def with_lines(self) -> Self:
        """Each with its `line` in the chain, and the `hash` that stands there."""
        links = AuditLink.objects.filter(clinic=OuterRef("clinic"), event_id=OuterRef("pk"))
        return self.annotate(
            line=Subquery(links.values("seq")), line_hash=Subquery(links.values("hash"))
        )


class AuditEvent(ClinicModel):
    """Who did or saw what, when and from where.

    Holds no reference but the clinic, so it outlives what it describes.
    """

    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=10, choices=AuditKind, default=AuditKind.ACT)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices())
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200)
    # What a member of staff was in the clinic on the day.
    role = models.CharField(max_length=20, blank=True, default="")
    # From where: empty for what no request asked for, such as the work of the night.
    address = models.CharField(max_length=45, blank=True, default="")
    browser = models.CharField(max_length=60, blank=True, default="")
    verb = models.CharField(max_length=60)
    target = models.CharField(max_length=60)
    target_id = models.BigIntegerField(null=True)
    patient_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)
    # Made by the database: of what an erasure takes away the chain holds this digest, and what
    # it is salted with goes too. An erased line has none.
    salt = models.CharField(max_length=64, default="", editable=False)
    digest = models.CharField(max_length=64, default="", editable=False)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        indexes = [
            # Whether somebody looked within the hour, and which patients one person touched.
            models.Index(fields=["clinic", "actor_id", "at"], name="audit_by_actor"),
            models.Index(
                fields=["clinic", "patient_id", "at"],
                name="audit_by_patient",
                condition=Q(patient_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.verb} {self.target}"


class AuditLink(ClinicModel):
    """The place of one event in the clinic's chain; written by the database at the commit."""

    seq = models.BigIntegerField()  # 1, 2, 3 …, without a gap
    event_id = models.BigIntegerField()
    previous = models.CharField(max_length=64)  # the hash of the link before; empty for the first
    hash = models.CharField(max_length=64)

    objects = ClinicQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "seq"], name="one_link_per_place"),
            models.UniqueConstraint(fields=["clinic", "event_id"], name="one_link_per_event"),
        ]

    def __str__(self) -> str:
        return f"line {self.seq}"


class AuditHead(ClinicModel):
    """The end of a clinic's chain: who adds a link holds this row until the commit is done."""

    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    objects = ClinicQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic"], name="one_audit_head_per_clinic"),
        ]

    def __str__(self) -> str:
        return f"up to line {self.seq}"


class FailedSignIn(models.Model):
    """A try to sign in that no clinic's trail can hold: nobody works anywhere by that address.

    The web writes these and cannot read them. Of what was typed only a keyed hash is kept.
    """

    at = models.DateTimeField(default=timezone.now)
    user_id = models.BigIntegerField(null=True)
    typed_hash = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} from {self.address}"
