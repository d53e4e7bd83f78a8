"""What is recorded of remote monitoring: consent, set-up, minutes of staff, live contact.

All of it is kept as written. A correction is a new row that says which one it stands for, and why.
"""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from clinics.models import SameClinicForeignKey, User
from patients.models import OfPatientQuerySet, PatientModel
from patients.models.direction import one_of

LONGEST_REASON = 300  # letters
LONGEST_WORDS = 300
LONGEST_STRETCH = timedelta(hours=12)
MOST_CONTACT_MINUTES = 240


class Credential(models.TextChoices):
    """What somebody worked as; kept with each entry, since it can change."""

    PT = "pt", "Physical therapist"
    PTA = "pta", "Physical therapist assistant"
    OT = "ot", "Occupational therapist"
    OTA = "ota", "Occupational therapy assistant"
    PHYSICIAN = "physician", "Physician or other qualified practitioner"
    STAFF = "staff", "Clinical staff without one of these"


class MonitoringRecordQuerySet(OfPatientQuerySet):
    def standing(self) -> Self:
        """What counts: not taken back, and no correction stands for it."""
        return self.filter(corrections=None, is_taken_back=False)

    def in_order(self) -> Self:
        """All that was ever written, in the order of writing, with who wrote it.

        Each has `corrected_by`: the key of the entry that stands for it, or None.
        """
        corrected_by = F("corrections__pk")
        return self.annotate(corrected_by=corrected_by).select_related("recorded_by").order_by("pk")


class MonitoringRecord(PatientModel):
    """One entry of the evidence, of any kind."""

    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    recorded_at = models.DateTimeField(default=timezone.now)
    # Made with the form: however often it is sent, the entry is stored once.
    client_uuid = models.UUIDField()
    corrects_id: int | None
    corrects = SameClinicForeignKey("self", null=True, blank=True, related_name="corrections")
    reason = models.CharField(max_length=LONGEST_REASON, blank=True)
    # A correction that leaves nothing: what was written never happened.
    is_taken_back = models.BooleanField(default=False)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "client_uuid"], name="%(class)s_once"
            ),
            models.UniqueConstraint(fields=["clinic", "corrects"], name="%(class)s_corrected_once"),
            models.CheckConstraint(
                condition=Q(corrects=None, reason="", is_taken_back=False)
                | (Q(corrects__isnull=False) & ~Q(reason="")),
                name="%(class)s_corrected_with_a_reason",
            ),
        ]


class MonitoringConsent(MonitoringRecord):
    """That the patient agreed to be monitored, or no longer does, by these words."""

    class Kind(models.TextChoices):
        GIVEN = "given", "Gave consent"
        WITHDRAWN = "withdrawn", "Withdrew consent"

    class Way(models.TextChoices):
        SPOKEN = "spoken", "Spoken, in the clinic"
        SIGNED = "signed", "Signed on paper"
        CALL = "call", "Spoken, by phone or video"
        WRITTEN = "written", "Written, by message or e-mail"

    kind = models.CharField(max_length=9, choices=Kind)
    on = models.DateField()
    way = models.CharField(max_length=7, choices=Way)
    # The patient, or whoever may speak for them.
    given_by = models.CharField(max_length=200)
    # Which words were agreed to; empty for a withdrawal, which needs none.
    wording = models.CharField(max_length=20, blank=True)

    objects = MonitoringRecordQuerySet.as_manager()

    class Meta(MonitoringRecord.Meta):
        constraints = [
            *MonitoringRecord.Meta.constraints,
            one_of("kind", ["given", "withdrawn"], "consent_kind"),
            one_of("way", ["spoken", "signed", "call", "written"], "consent_way"),
            models.CheckConstraint(
                condition=(Q(kind="given") & ~Q(wording="")) | Q(kind="withdrawn", wording=""),
                name="consent_to_words",
            ),
            models.CheckConstraint(condition=~Q(given_by=""), name="consent_by_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.on}"


class MonitoringSetup(MonitoringRecord):
    """That somebody set the portal up with the patient and showed how it is used."""

    on = models.DateField()
    done_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    what = models.CharField(max_length=LONGEST_WORDS)
    # The first day of the first 30-day window, fixed for good; empty for teaching that starts none.
    windows_from = models.DateField(null=True, blank=True)

    objects = MonitoringRecordQuerySet.as_manager()

    class Meta(MonitoringRecord.Meta):
        constraints = [
            *MonitoringRecord.Meta.constraints,
            models.CheckConstraint(condition=~Q(what=""), name="setup_says_what"),
        ]

    def __str__(self) -> str:
        return f"set-up on {self.on}"


class WorkTimeQuerySet(MonitoringRecordQuerySet):
    def with_people(self) -> Self:
        """In the order of writing, each with who worked."""
        return self.in_order().select_related("user")

    def during(self, begin: datetime, end: datetime) -> Self:
        """Those with a moment between `begin` and `end`."""
        return self.filter(
            started_at__gte=begin - LONGEST_STRETCH, started_at__lt=end, stopped_at__gt=begin
        )


class WorkTime(MonitoringRecord):
    """A stretch of time that somebody worked on this patient's monitoring."""

    class How(models.TextChoices):
        BUTTON = "button", "Timer, stopped by hand"
        IDLE = "idle", "Timer, ended at the idle cut-off"
        TYPED = "typed", "Typed in"

    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    credential = models.CharField(max_length=9, choices=Credential)
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField()
    how = models.CharField(max_length=6, choices=How)
    # Of a timer: the cut-off that was in force.
    idle_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    what = models.CharField(max_length=LONGEST_WORDS, blank=True)

    objects = WorkTimeQuerySet.as_manager()

    class Meta(MonitoringRecord.Meta):
        constraints = [
            *MonitoringRecord.Meta.constraints,
            one_of("credential", Credential.values, "worktime_credential"),
            one_of("how", ["button", "idle", "typed"], "worktime_how"),
            models.CheckConstraint(
                condition=Q(
                    stopped_at__gt=F("started_at"),
                    stopped_at__lte=F("started_at") + LONGEST_STRETCH,
                ),
                name="worktime_in_order",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__lte=F("recorded_at")), name="worktime_not_from_the_future"
            ),
            models.CheckConstraint(
                condition=Q(how="typed", idle_minutes=None)
                | Q(how__in=["button", "idle"], idle_minutes__isnull=False),
                name="worktime_cut_off_of_a_timer",
            ),
        ]
        # What else somebody did in a month, so that no minute counts twice.
        indexes = [models.Index("clinic", "user", "started_at", name="worktime_of_a_person")]

    def __str__(self) -> str:
        return f"{self.user} from {self.started_at:%Y-%m-%d %H:%M}"


class WorkTimerQuerySet(OfPatientQuerySet):
    def of_user(self, user: User) -> Self:
        return self.filter(user=user)


class WorkTimer(PatientModel):
    """A timer that runs. When it stops it becomes a `WorkTime`, and this row goes."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    credential = models.CharField(max_length=9, choices=Credential)
    started_at = models.DateTimeField()
    # The last sign of a hand on one of this patient's pages.
    active_at = models.DateTimeField()
    idle_minutes = models.PositiveSmallIntegerField()
    client_uuid = models.UUIDField()

    objects = WorkTimerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "user"], name="one_timer_per_person"),
            models.CheckConstraint(
                condition=Q(active_at__gte=F("started_at")), name="worktimer_in_order"
            ),
            models.CheckConstraint(
                condition=Q(idle_minutes__range=(1, 60)), name="worktimer_idle_minutes"
            ),
            one_of("credential", Credential.values, "worktimer_credential"),
        ]

    def __str__(self) -> str:
        return f"timer of {self.user} since {self.started_at:%Y-%m-%d %H:%M}"


class LiveContact(MonitoringRecord):
    """That staff and the patient spoke with each other, both at the same time."""

    class Way(models.TextChoices):
        PHONE = "phone", "Phone call"
        VIDEO = "video", "Video call"
        PERSON = "person", "In person"

    class Whom(models.TextChoices):
        PATIENT = "patient", "The patient"
        CAREGIVER = "caregiver", "A caregiver"

    at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField()
    way = models.CharField(max_length=6, choices=Way)
    whom = models.CharField(max_length=9, choices=Whom)
    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    what = models.CharField(max_length=LONGEST_WORDS, blank=True)

    objects = MonitoringRecordQuerySet.as_manager()

    class Meta(MonitoringRecord.Meta):
        constraints = [
            *MonitoringRecord.Meta.constraints,
            one_of("way", ["phone", "video", "person"], "livecontact_way"),
            one_of("whom", ["patient", "caregiver"], "livecontact_whom"),
            models.CheckConstraint(
                condition=Q(minutes__range=(1, MOST_CONTACT_MINUTES)), name="livecontact_minutes"
            ),
            models.CheckConstraint(
                condition=Q(at__lte=F("recorded_at")), name="livecontact_not_from_the_future"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_way_display()} on {self.at:%Y-%m-%d}"
