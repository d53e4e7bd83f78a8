"""What the first page is made of: each logged day in one row, what was put aside, saved filters."""

from datetime import date
from typing import Self, cast

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from clinics.models import ClinicModel, ClinicQuerySet, User
from patients.models import OfPatientQuerySet, Patient, PatientModel
from prescriptions.responses import MOST_PAIN

LONGEST_BECAUSE = 200
LONGEST_FILTER_NAME = 60
LONGEST_WHO = 20


class LoggedDayQuerySet(OfPatientQuerySet):
    def of_patients(self, keys: "list[int]") -> Self:
        return self.filter(patient__in=keys)

    def since(self, day: date) -> Self:
        return self.filter(local_date__gte=day)

    def last_day_of(self, patient: str) -> models.Subquery:
        """The last logged day of the patient that the outer query names."""
        mine = self.filter(clinic=models.OuterRef("clinic"), patient=models.OuterRef(patient))
        return models.Subquery(mine.order_by("-local_date").values("local_date")[:1])


class LoggedDay(PatientModel):
    """What the logs that count say of one local date of one patient, rolled up.

    Written by the database with each log, entry and response, corrections and late logs among
    them, and by nobody else: see migration 0015. A day whose logs were all taken back has no row.
    """

    local_date = models.DateField()
    logs = models.PositiveIntegerField()
    entries = models.PositiveIntegerField()
    # Entries whose newest response has this colour.
    red = models.PositiveIntegerField()
    amber = models.PositiveIntegerField()
    # The highest answer of the day, over exercises and moments; empty where none was given.
    worst_pain = models.PositiveSmallIntegerField(null=True, blank=True)
    # When the newest of these logs came in, and when an entry last turned red or amber.
    told_at = models.DateTimeField()
    worse_at = models.DateTimeField(null=True, blank=True)

    objects = LoggedDayQuerySet.as_manager()

    class Meta:
        constraints = [
            # Its index also finds the last days of each patient.
            models.UniqueConstraint(
                fields=["clinic", "patient", "local_date"], name="logged_day_once"
            ),
            models.CheckConstraint(condition=Q(logs__gte=1), name="logged_day_has_a_log"),
            models.CheckConstraint(
                condition=Q(worst_pain=None) | Q(worst_pain__lte=MOST_PAIN),
                name="logged_day_worst_pain",
            ),
            models.CheckConstraint(
                condition=Q(red=0, amber=0, worse_at=None)
                | (~Q(red=0, amber=0) & Q(worse_at__isnull=False)),
                name="logged_day_worse_at",
            ),
        ]

    def __str__(self) -> str:
        return f"logged on {self.local_date}"


class PutAsideQuerySet(OfPatientQuerySet):
    def told_newest_of(self, patient: str, *columns: str) -> models.Subquery:
        """These columns of the newest row of the patient that the outer query names, as a list."""
        mine = self.filter(clinic=models.OuterRef("clinic"), patient=models.OuterRef(patient))
        # psycopg reads json by itself; times come as text.
        told = models.Func(*columns, function="json_build_array", output_field=models.Field())
        return models.Subquery(mine.order_by("-pk").values(told=told)[:1])

    def newest_of(self, patient: Patient) -> "PutAside | None":
        return cast("PutAside | None", self.of_patient(patient).order_by("-pk").first())


class PutAside(PatientModel):
    """That somebody of the staff put a patient aside on the first page, or took them back.

    Kept as written: the newest row is what holds, and the older ones are its history.
    """

    class Act(models.TextChoices):
        DONE = "done", "Done"
        SNOOZED = "snoozed", "Snoozed"
        BACK = "back", "Brought back"

    act = models.CharField(max_length=7, choices=Act)
    # What was known by then is done; kept when the patient is snoozed afterwards.
    done_at = models.DateTimeField(null=True, blank=True)
    # Snoozed until the morning of this day, and why.
    until = models.DateField(null=True, blank=True)
    because = models.CharField("why", max_length=LONGEST_BECAUSE, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    objects = PutAsideQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(act="done", done_at__isnull=False, until=None, because="")
                | (Q(act="snoozed", until__isnull=False) & ~Q(because=""))
                | Q(act="back", done_at=None, until=None, because=""),
                name="put_aside_as_its_act_says",
            ),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(done_at__lte=F("at")), name="done_not_in_the_future"
            ),
        ]
        indexes = [
            models.Index("clinic", "patient", F("id").desc(), name="put_aside_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()} on {self.at:%Y-%m-%d}"


class SavedFilterQuerySet(ClinicQuerySet):
    def of_user(self, user: User) -> Self:
        return self.filter(user=user).order_by("name")


class SavedFilter(ClinicModel):
    """A choice of patients that one member of staff looks at again and again."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=LONGEST_FILTER_NAME)
    # As the address of the page says them; empty for all.
    who = models.CharField(max_length=LONGEST_WHO, blank=True)
    tag = models.CharField(max_length=40, blank=True)
    saved_at = models.DateTimeField(default=timezone.now)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "user", "name"], name="saved_filter_once"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_filter_has_a_name"),
            models.CheckConstraint(
                condition=~Q(who="", tag=""), name="saved_filter_narrows_something"
            ),
        ]

    def __str__(self) -> str:
        return self.name
