from datetime import date, datetime, timedelta
from typing import Self, cast

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from clinics import tenancy
from clinics.models import Clinic, User
from patients.models.people import OfPatientQuerySet, PatientModel

# How long a phone stays signed in that is not used, and how many people on one phone.
STAYS_SIGNED_IN = timedelta(days=90)
MOST_PEOPLE = 5
# A printed code can be read over a shoulder: it lasts less long than the link beside it.
CODE_LASTS = timedelta(days=7)


class InvitationQuerySet(OfPatientQuerySet):
    def open_at(self, now: datetime) -> Self:
        """Neither used nor revoked nor past its time."""
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=now)

    def code_open_at(self, now: datetime) -> Self:
        """Those whose printed code still works."""
        return self.open_at(now).filter(created_at__gt=now - CODE_LASTS)

    def with_code(self, code_hash: str, birth_date: date) -> "Invitation | None":
        """The invitation of this code, when its patient was born on this day."""
        ours = self.filter(
            clinic=tenancy.current_clinic_id(),
            code_hash=code_hash,
            patient__birth_date=birth_date,
            patient__archived_at=None,
        )
        return cast("Invitation | None", ours.select_related("patient__clinic").first())

    def not_used(self) -> Self:
        return self.filter(used_at=None, revoked_at=None)

    def newest_first(self) -> Self:
        return self.select_related("created_by").order_by("-pk")


class Invitation(PatientModel):
    """A link and a short code; one of them opens the portal, once. Only their hashes are kept."""

    token_hash = models.CharField(max_length=64)
    # Null for invitations of before there were codes.
    code_hash = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "token_hash"], name="invitation_token_once"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="invitation_expires_later"
            ),
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(revoked_at=None),
                name="invitation_used_or_revoked_not_both",
            ),
        ]
        indexes = [models.Index("clinic", "patient", name="invitation_of_patient")]

    def __str__(self) -> str:
        return f"invitation of {self.created_at:%Y-%m-%d}"

    @property
    def code_expires_at(self) -> datetime:
        return min(self.created_at + CODE_LASTS, self.expires_at)


class DeviceQuerySet(OfPatientQuerySet):
    def active(self) -> Self:
        return self.filter(revoked_at=None)

    def open_at(self, now: datetime) -> Self:
        """Neither signed out nor left unused for too long."""
        return self.active().filter(last_seen_at__gt=now - STAYS_SIGNED_IN)

    def last_seen_first(self) -> Self:
        return self.order_by("-last_seen_at", "-pk")

    def with_patient(self) -> Self:
        """With just the columns of the patient that the portal may read."""
        return self.select_related("patient__clinic").only(
            *(field.name for field in Device._meta.concrete_fields),
            "patient__name",
            "patient__time_zone",
            "patient__language",
            "patient__archived_at",
            "patient__last_logged_at",
            "patient__unread_by_patient",
            "patient__measures_due_on",
            *(f"patient__clinic__{field.name}" for field in Clinic._meta.concrete_fields),
        )

    def with_secret(self, secret_hash: str) -> "Device | None":
        ours = self.filter(clinic=tenancy.current_clinic_id(), secret_hash=secret_hash)
        return cast("Device | None", ours.first())


class Device(PatientModel):
    """A phone or browser on which the patient is signed in to the portal."""

    secret_hash = models.CharField(max_length=64)
    label = models.CharField(max_length=80)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # Asked for on this phone before anything is shown; empty when the patient wants none.
    pin_hash = models.CharField(max_length=128, blank=True)
    pin_tries = models.PositiveSmallIntegerField(default=0)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "secret_hash"], name="device_secret_once"),
            models.CheckConstraint(condition=Q(pin_tries__lte=5), name="device_most_pin_tries"),
        ]
        indexes = [models.Index("clinic", "patient", name="device_of_patient")]

    def __str__(self) -> str:
        return self.label


class MailedCodeQuerySet(models.QuerySet):
    def open_at(self, now: datetime) -> Self:
        return self.filter(used_at=None, expires_at__gt=now)

    def of_browser(self, browser_hash: str) -> Self:
        return self.filter(browser_hash=browser_hash)


class MailedCode(models.Model):
    """The six digits last sent to an e-mail address, for the browser that asked for them.

    There is a row for every address that was asked for, also for those that no patient has. It
    belongs to no clinic: a patient of two has one address.
    """

    MOST_TRIES = 5

    email_hash = models.CharField(max_length=64, unique=True)
    browser_hash = models.CharField(max_length=64)
    code_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = MailedCodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="mailed_code_expires_later"
            ),
            models.CheckConstraint(condition=Q(tries__lte=5), name="mailed_code_most_tries"),
        ]
        indexes = [
            models.Index("browser_hash", name="mailed_code_of_browser"),
            models.Index("expires_at", name="mailed_code_expires"),
        ]

    def __str__(self) -> str:
        return f"mailed code of {self.created_at:%Y-%m-%d}"


class TriesQuerySet(models.QuerySet):
    def standing(self, now: datetime) -> Self:
        return self.filter(forget_at__gt=now)

    def take_one_off(self, key: str) -> None:
        self.filter(key=key, count__gt=0).update(count=F("count") - 1)

    def forget(self, now: datetime, *, most: int) -> None:
        """Remove what no longer counts, without waiting for anybody who counts just now."""
        old = self.filter(forget_at__lte=now).select_for_update(skip_locked=True)
        self.filter(key__in=list(old.values_list("key", flat=True)[:most])).delete()


class Tries(models.Model):
    """How often something was tried. The key is a keyed hash: of an address, a code, an e-mail."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    last_at = models.DateTimeField()
    forget_at = models.DateTimeField()

    objects = TriesQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("forget_at", name="tries_forget_at")]

    def __str__(self) -> str:
        return f"{self.count} tries"
