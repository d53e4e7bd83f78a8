"""Reminders: what a patient chose, where they go, and each one that was due."""

from datetime import datetime, timedelta
from typing import Self, cast

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinics import tenancy
from clinics.models import SameClinicForeignKey
from patients.models import Device, OfPatientQuerySet, PatientModel
from patients.models.direction import one_of
from prescriptions.models.programme import EVERY_DAY, every_day
from prescriptions.reminding import MOST_TRIES, Choice, Kind

MOST_TIMES = 3
LONGEST_WAIT = 6  # hours until the second reminder


class ReminderPlanQuerySet(OfPatientQuerySet):
    def to_look_at(self, clinic_id: int, now: datetime) -> Self:
        """Those that may have something due, without those that another process looks at."""
        return (
            self.filter(clinic=clinic_id, is_on=True, look_again_at__lte=now)
            .filter(patient__archived_at=None)
            .select_related("patient__clinic")
            .select_for_update(of=("self",), skip_locked=True)
            .order_by("look_again_at", "pk")
        )


class ReminderPlan(PatientModel):
    """What a patient chose about reminders: one row each."""

    is_on = models.BooleanField(default=True)
    times = ArrayField(models.TimeField())
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=every_day)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    again_after_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    # The day on which reminders begin again.
    paused_until = models.DateField(null=True, blank=True)
    by_email = models.BooleanField(default=False)
    changed_at = models.DateTimeField(default=timezone.now)
    # Every due time up to here has its row, or was not wanted.
    looked_until = models.DateTimeField(default=timezone.now)
    # The next due time, and never far away: a time zone may change meanwhile.
    look_again_at = models.DateTimeField(default=timezone.now)

    objects = ReminderPlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "patient"], name="one_reminder_plan"),
            models.CheckConstraint(
                condition=Q(times__len__range=(1, MOST_TIMES)), name="reminder_times"
            ),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=EVERY_DAY) & ~Q(weekdays=[]),
                name="reminder_weekdays",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False)
                & ~Q(quiet_from=F("quiet_until")),
                name="reminder_quiet_hours",
            ),
            models.CheckConstraint(
                condition=Q(again_after_hours=None) | Q(again_after_hours__range=(1, LONGEST_WAIT)),
                name="reminder_again_after",
            ),
        ]
        indexes = [
            models.Index(
                "clinic", "look_again_at", condition=Q(is_on=True), name="reminder_plan_to_look_at"
            )
        ]

    def __str__(self) -> str:
        return f"reminders at {', '.join(f'{wall:%H:%M}' for wall in self.times)}"

    @property
    def choice(self) -> Choice:
        hours = self.again_after_hours
        return Choice(
            times=tuple(self.times),
            weekdays=tuple(self.weekdays),
            quiet_from=self.quiet_from,
            quiet_until=self.quiet_until,
            again_after=None if hours is None else timedelta(hours=hours),
            paused_until=self.paused_until,
        )


class PushSubscriptionQuerySet(OfPatientQuerySet):
    def active(self) -> Self:
        """Where a message may still go: neither ended here nor signed out of the portal."""
        return self.filter(ended_at=None, device__revoked_at=None)

    def on_device(self, device: Device) -> Self:
        return self.filter(device=device)

    def with_devices(self) -> Self:
        return self.select_related("device").order_by("-pk")


class PushSubscription(PatientModel):
    """Where the push service of a browser takes messages for one device, and its keys."""

    device = SameClinicForeignKey(Device, related_name="push_subscriptions")
    endpoint = models.CharField(max_length=1000)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = PushSubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "endpoint"],
                condition=Q(ended_at=None),
                name="push_subscription_once",
            ),
            models.CheckConstraint(
                condition=~Q(endpoint="") & ~Q(p256dh="") & ~Q(auth=""),
                name="push_subscription_is_whole",
            ),
        ]
        indexes = [models.Index("clinic", "patient", name="push_subscription_of_patient")]

    def __str__(self) -> str:
        return f"messages on {self.device}"


class CalendarAddressQuerySet(OfPatientQuerySet):
    def open(self) -> Self:
        return self.filter(revoked_at=None)

    def with_secret(self, secret_hash: str) -> "CalendarAddress | None":
        ours = self.filter(clinic=tenancy.current_clinic_id(), secret_hash=secret_hash)
        found = ours.filter(patient__archived_at=None).select_related("patient__clinic").first()
        return cast("CalendarAddress | None", found)


class CalendarAddress(PatientModel):
    """A private address under which a calendar reads the patient's times. Only its hash is kept."""

    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = CalendarAddressQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "calendar addresses"
        constraints = [
            models.UniqueConstraint(fields=["clinic", "secret_hash"], name="calendar_secret_once"),
            models.UniqueConstraint(
                fields=["clinic", "patient"],
                condition=Q(revoked_at=None),
                name="one_open_calendar_address",
            ),
        ]

    def __str__(self) -> str:
        return f"calendar address of {self.created_at:%Y-%m-%d}"


class Way(models.TextChoices):
    PUSH = "push", _("Message on a phone")
    EMAIL = "email", _("E-mail")


class State(models.TextChoices):
    """What has become of a reminder. Only the first two can still change."""

    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    UNKNOWN = "unknown", "Perhaps sent: the sender was cut off"
    PARKED = "parked", "Given up after several tries"
    MISSED = "missed", "Too late to be of use"
    STOPPED = "stopped", "No longer wanted"


class ReminderQuerySet(OfPatientQuerySet):
    def to_send(self, clinic_id: int, now: datetime) -> Self:
        open_ones = self.filter(clinic=clinic_id, state__in=[State.WAITING, State.SENDING])
        return open_ones.filter(try_at__lte=now).order_by("try_at", "pk")

    def free(self) -> Self:
        """Locked for this process; those that another one holds are passed over."""
        return self.select_for_update(of=("self",), skip_locked=True).select_related(
            "patient__clinic", "subscription__device"
        )

    def newest_first(self) -> Self:
        return self.order_by("-due_at", "-pk")


class Reminder(PatientModel):
    """One reminder by one way: written once for each due time, then sent."""

    kind = models.CharField(max_length=5, choices=[(kind.value, kind.name) for kind in Kind])
    # The day and time on the patient's own clock that it was chosen for.
    local_date = models.DateField()
    local_time = models.TimeField()
    way = models.CharField(max_length=5, choices=Way)
    subscription = SameClinicForeignKey(
        PushSubscription, null=True, blank=True, related_name="reminders"
    )
    due_at = models.DateTimeField()
    first_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    # From when a process may take it: after a pause, or when the one that has it is overdue.
    try_at = models.DateTimeField()
    # A try ended without an answer: it may have arrived, and arrive again under the same key.
    is_unsure = models.BooleanField(default=False)
    # The kind of the last failure, without what it said: that may name an address.
    failure = models.CharField(max_length=60, blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "clinic",
                    "patient",
                    "kind",
                    "local_date",
                    "local_time",
                    "way",
                    "subscription",
                ],
                nulls_distinct=False,
                name="reminder_once",
            ),
            models.CheckConstraint(
                condition=Q(way="push", subscription__isnull=False)
                | Q(way="email", subscription=None),
                name="reminder_goes_somewhere",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | (~Q(state="sent") & Q(sent_at=None)),
                name="reminder_sent_at_some_time",
            ),
            models.CheckConstraint(condition=Q(tries__lte=MOST_TRIES), name="reminder_tries"),
            one_of("kind", [kind.value for kind in Kind], "reminder_kind"),
            one_of("state", State.values, "reminder_state"),
        ]
        indexes = [
            models.Index(
                "clinic",
                "try_at",
                "id",
                condition=Q(state__in=["waiting", "sending"]),
                name="reminder_to_send",
            ),
            models.Index("clinic", "patient", F("due_at").desc(), name="reminder_of_patient"),
        ]

    def __str__(self) -> str:
        return f"reminder of {self.local_date} {self.local_time:%H:%M}"
