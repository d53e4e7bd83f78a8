from datetime import datetime
from typing import Self, cast

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from clinics import tenancy
from clinics.models import Clinic, User
from patients.models.people import OfPatientQuerySet, PatientModel


class InvitationQuerySet(OfPatientQuerySet):
    def open_at(self, now: datetime) -> Self:
        """Neither used nor revoked nor past its time."""
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=now)

    def not_used(self) -> Self:
        return self.filter(used_at=None, revoked_at=None)

    def newest_first(self) -> Self:
        return self.select_related("created_by").order_by("-pk")


class Invitation(PatientModel):
    """A link that opens the portal once. Only the hash of its token is kept."""

    token_hash = models.CharField(max_length=64)
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


class DeviceQuerySet(OfPatientQuerySet):
    def active(self) -> Self:
        return self.filter(revoked_at=None)

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

    objects = DeviceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "secret_hash"], name="device_secret_once"),
        ]
        indexes = [models.Index("clinic", "patient", name="device_of_patient")]

    def __str__(self) -> str:
        return self.label
