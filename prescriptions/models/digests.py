"""E-mails to staff about what waits: who wants them, and which were sent."""

from datetime import date, datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from clinics.models import ClinicModel, ClinicQuerySet, User
from patients.models.direction import one_of

MOST_TRIES = 4
# A process that has a row for longer than this has died: sending gives up after ten seconds.
HELD_FOR = timedelta(minutes=2)


class HowOften(models.TextChoices):
    NEVER = "never", "Never"
    DAY = "day", "Every morning"
    WEEK = "week", "Every Monday morning"


class DigestChoiceQuerySet(ClinicQuerySet):
    def of_user(self, user: User) -> Self:
        return self.filter(user=user)

    def wanted_on(self, day: date) -> Self:
        """Those who want an e-mail on this day."""
        often = [HowOften.DAY, HowOften.WEEK] if day.isoweekday() == 1 else [HowOften.DAY]
        return self.filter(how_often__in=often)


class DigestChoice(ClinicModel):
    """How often a member wants to hear what waits in this clinic. None: never."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    how_often = models.CharField(max_length=5, choices=HowOften, default=HowOften.NEVER)
    chosen_at = models.DateTimeField(default=timezone.now)

    objects = DigestChoiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "user"], name="digest_choice_once"),
            one_of("how_often", HowOften.values, "digest_choice_how_often"),
        ]

    def __str__(self) -> str:
        return str(self.get_how_often_display())


class DigestQuerySet(ClinicQuerySet):
    def to_send(self, *, day: date, now: datetime) -> Self:
        """Of this day, not sent, not held by somebody who is sending, and not given up."""
        is_free = Q(held_at=None) | Q(held_at__lt=now - HELD_FOR)
        waiting = self.filter(is_free, sent_at=None, on_day=day, tries__lt=MOST_TRIES)
        return waiting.order_by("pk")


class Digest(ClinicModel):
    """One e-mail to one member about one local day or week, written once and then sent."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    how_often = models.CharField(max_length=5, choices=HowOften)
    on_day = models.DateField()  # of the clinic's calendar; of a week its Monday
    written_at = models.DateTimeField(default=timezone.now)
    held_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = DigestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "user", "how_often", "on_day"], name="digest_once"
            ),
            models.CheckConstraint(
                condition=Q(how_often__in=[HowOften.DAY, HowOften.WEEK]), name="digest_how_often"
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(tries__gte=1), name="digest_sent_after_a_try"
            ),
        ]
        indexes = [
            models.Index("clinic", "on_day", condition=Q(sent_at=None), name="digest_to_send")
        ]

    def __str__(self) -> str:
        return f"{self.get_how_often_display()}, {self.on_day}"
