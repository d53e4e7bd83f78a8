from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from clinics.marking import translatable
from clinics.models import SameClinicForeignKey, User
from patients.bodymap import Movement
from patients.models import OfPatientQuerySet, Patient, PatientModel
from patients.models.direction import one_of, only_zones, zones_field
from prescriptions.models.programme import PrescribedExercise, PrescriptionEdition
from prescriptions.responses import MOST_PAIN, Colour, Ease, Feel

# How long a patient may correct or take back what they logged.
CORRECTABLE_FOR = timedelta(days=7)
# A log that comes later than this after the session was sent late, from a phone without a network.
LATE_AFTER = timedelta(hours=1)
UTC_OFFSETS = (-14 * 60, 14 * 60)  # minutes; no place on earth is further from UTC


def around(first: date, last: date) -> tuple[datetime, datetime]:
    """From when until when these dates last, wherever somebody lives."""
    # No place on earth is a day away from UTC.
    begin = datetime.combine(first - timedelta(days=1), time(), UTC)
    return begin, datetime.combine(last + timedelta(days=2), time(), UTC)


class SessionLogQuerySet(OfPatientQuerySet):
    def standing(self) -> Self:
        """What counts: not taken back, and no correction stands for it."""
        return self.filter(corrections=None, is_withdrawal=False)

    def not_withdrawals(self) -> Self:
        """What says something: also what was corrected since, not the taking back itself."""
        return self.filter(is_withdrawal=False)

    def on_day(self, day: date) -> Self:
        return self.filter(local_date=day)

    def since(self, day: date) -> Self:
        return self.filter(local_date__gte=day)

    def between(self, first: date, last: date) -> Self:
        """Of these local dates, both included; the index on the time keeps older logs unread."""
        begin, end = around(first, last)
        return self.filter(local_date__range=(first, last), done_at__gte=begin, done_at__lt=end)

    def with_writers(self) -> Self:
        """With who wrote down what was done in the clinic; the portal may not read it."""
        return self.select_related("entered_by")

    def with_entries(self) -> Self:
        named = SessionEntry.objects.with_names()
        return self.prefetch_related(models.Prefetch("entries", queryset=named))

    def last_of(self, patients: Sequence[Patient]) -> Self:
        """The newest log of each of these patients."""
        return (
            self.filter(patient__in=patients)
            .order_by("patient", "-done_at", "-pk")
            .distinct("patient")
        )

    def newest_first(self) -> Self:
        return self.order_by("-done_at", "-pk")

    def oldest_first(self) -> Self:
        return self.order_by("done_at", "pk")


class SessionLog(PatientModel):
    """What a patient did and felt, once. Kept as sent."""

    edition = SameClinicForeignKey(PrescriptionEdition, related_name="logs")
    # Made on the phone: however often the log is sent, it is stored once.
    client_uuid = models.UUIDField()
    # Of what was sent, so that another content under the same key is noticed.
    digest = models.CharField(max_length=64)
    done_at = models.DateTimeField()
    local_date = models.DateField()
    received_at = models.DateTimeField(default=timezone.now)
    # Of a log that waited on the phone: what the phone's clock showed at the tap, and where it was
    # in minutes east of UTC. When that clock was off, `done_at` is reckoned and unsure.
    tapped_at = models.DateTimeField(null=True, blank=True)
    utc_offset = models.SmallIntegerField(null=True, blank=True)
    is_time_unsure = models.BooleanField(default=False)
    # A correction says which log it stands for; the first is kept.
    corrects = SameClinicForeignKey("self", null=True, blank=True, related_name="corrections")
    # A correction without entries: the patient takes the log back.
    is_withdrawal = models.BooleanField(default=False)
    # Of a session in the clinic: who of the staff wrote it down. Empty for what a patient logs.
    entered_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = SessionLogQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "client_uuid"], name="session_log_once"
            ),
            models.UniqueConstraint(fields=["clinic", "corrects"], name="log_corrected_once"),
            models.CheckConstraint(
                condition=Q(is_withdrawal=False) | Q(corrects__isnull=False),
                name="log_withdrawal_of_a_log",
            ),
            models.CheckConstraint(
                condition=Q(received_at__gte=F("done_at") - timedelta(days=1)),
                name="log_not_from_the_future",
            ),
            models.CheckConstraint(
                condition=Q(tapped_at=None, utc_offset=None)
                | Q(
                    tapped_at__isnull=False,
                    utc_offset__isnull=False,
                    utc_offset__range=UTC_OFFSETS,
                ),
                name="log_phone_time",
            ),
        ]
        indexes = [
            models.Index("clinic", "patient", F("done_at").desc(), name="log_newest_first"),
        ]

    def __str__(self) -> str:
        return f"session of {self.local_date}"

    @property
    def is_late(self) -> bool:
        """Whether it waited on a phone; a correction, or the clinic's log, may come at any time."""
        is_from_a_phone = self.corrects_id is None and self.entered_by_id is None
        return is_from_a_phone and self.received_at - self.done_at > LATE_AFTER

    def may_be_corrected(self, now: datetime) -> bool:
        return now - self.done_at <= CORRECTABLE_FOR


class Outcome(models.TextChoices):
    DONE = "done", translatable("Done")
    PART = "part", translatable("Part")
    NO = "no", translatable("Not done")


class WhyNot(models.TextChoices):
    """Why an exercise was done in part or not at all."""

    PAIN = "pain", translatable("Pain")
    TIME = "time", translatable("No time")
    FORGOT = "forgot", translatable("Forgot")
    UNSURE = "unsure", translatable("Not sure how")
    FELT_FINE = "felt_fine", translatable("Felt fine")


class Moment(StrEnum):
    """When pain is asked for."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class SessionEntryQuerySet(OfPatientQuerySet):
    def of_days(self, first: date, last: date) -> Self:
        """Of the logs that count on these local dates, both included, each with its log."""
        begin, end = around(first, last)
        return (
            self.with_names()
            .select_related("log")
            .filter(log__corrections=None, log__is_withdrawal=False)
            .filter(log__local_date__range=(first, last))
            .filter(log__done_at__gte=begin, log__done_at__lt=end)
        )

    def oldest_first(self) -> Self:
        return self.order_by("log__done_at", "log", "prescribed_exercise__order", "pk")

    def with_names(self) -> Self:
        """With the name of each exercise, not its whole text."""
        return (
            self.select_related("prescribed_exercise__exercise_edition")
            .only(
                *(field.name for field in SessionEntry._meta.concrete_fields),
                "prescribed_exercise__side",
                "prescribed_exercise__exercise_edition__name",
                "prescribed_exercise__exercise_edition__exercise",
            )
            .order_by("prescribed_exercise__order", "pk")
        )


class SessionEntry(PatientModel):
    """One exercise of a session log.

    Pain is 0–10. An empty value means skipped when the moment is among `pain_skipped`, and not
    asked when it is not.
    """

    log = SameClinicForeignKey(SessionLog, models.CASCADE, related_name="entries")
    prescribed_exercise = SameClinicForeignKey(PrescribedExercise, related_name="entries")
    outcome = models.CharField(max_length=4, choices=Outcome)
    why_not = models.CharField(max_length=9, choices=WhyNot, blank=True)
    repetitions = models.PositiveSmallIntegerField(null=True, blank=True)
    pain_before = models.PositiveSmallIntegerField(null=True, blank=True)
    pain_during = models.PositiveSmallIntegerField(null=True, blank=True)
    pain_after = models.PositiveSmallIntegerField(null=True, blank=True)
    pain_skipped = ArrayField(models.CharField(max_length=6), default=list, blank=True)
    comment = models.CharField(max_length=500, blank=True)
    zones_before = zones_field()
    zones_after = zones_field()
    numb_before = zones_field()
    numb_after = zones_field()
    feel = models.CharField(max_length=12, choices=Feel.choices(), blank=True)
    ease = models.CharField(max_length=8, choices=Ease.choices(), blank=True)

    objects = SessionEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "session entries"
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "log", "prescribed_exercise"], name="entry_once_per_exercise"
            ),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="entry_outcome"),
            one_of("why_not", ["", *WhyNot.values], "entry_why_not"),
            models.CheckConstraint(
                condition=Q(why_not="") | ~Q(outcome=Outcome.DONE), name="entry_why_not_if_not_done"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"pain_{moment}": None})
                    | (
                        Q(**{f"pain_{moment}__lte": MOST_PAIN})
                        & ~Q(pain_skipped__contains=[moment.value])
                    ),
                    name=f"entry_pain_{moment}",
                )
                for moment in Moment
            ),
            models.CheckConstraint(
                condition=Q(pain_skipped__contained_by=[moment.value for moment in Moment]),
                name="entry_pain_skipped",
            ),
            *only_zones("entry", "zones_before", "zones_after", "numb_before", "numb_after"),
            one_of("feel", ["", *Feel], "entry_feel"),
            one_of("ease", ["", *Ease], "entry_ease"),
            models.CheckConstraint(
                condition=Q(repetitions=None) | Q(repetitions__lte=2000),
                name="entry_repetitions",
            ),
        ]
        indexes = [
            # Pages of what one patient logged, for other systems, in the order of recording.
            models.Index("clinic", "patient", "id", name="entry_of_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.prescribed_exercise.exercise_edition}: {self.get_outcome_display()}"

    @property
    def exercise_name(self) -> str:
        return str(self.prescribed_exercise.name)

    @property
    def told_name(self) -> str:
        """The same in the words of the patient."""
        return str(self.prescribed_exercise.told_name)

    @property
    def pain_in_words(self) -> str:
        """Before, during and after: a number, skipped, or a dash where it was not asked."""
        answers = ((self.pain(moment), moment in self.pain_skipped) for moment in Moment)
        return ", ".join(
            "skipped" if skipped else "–" if pain is None else str(pain)
            for pain, skipped in answers
        )

    def pain(self, moment: Moment) -> int | None:
        """Pain 0–10 at the moment; None when it was skipped or not asked."""
        value: int | None = getattr(self, f"pain_{moment}")
        return value


class Later(models.TextChoices):
    """When a patient who felt worse is asked again."""

    TWO_HOURS = "two_hours", "after two hours"
    NEXT_MORNING = "next_morning", "next morning"


class FollowUpQuerySet(OfPatientQuerySet):
    def due(self, now: datetime) -> Self:
        """Those to be asked now: their time has come and nobody has answered."""
        return self.asked_by(now).filter(answers=None).order_by("due_at", "pk")

    def asked_by(self, now: datetime) -> Self:
        """Those whose time has come, answered or not."""
        return self._standing().filter(due_at__lte=now)

    def to_come(self, now: datetime) -> Self:
        return self._standing().filter(due_at__gt=now, answers=None)

    def _standing(self) -> Self:
        """Without those about a log that was corrected or taken back."""
        return self.filter(entry__log__corrections=None)

    def of_log(self, log: SessionLog) -> Self:
        return self.filter(entry__log=log)

    def with_exercises(self) -> Self:
        """With the log and the exercise that each question is about."""
        return self.select_related(
            "entry__log",
            "entry__prescribed_exercise__edition",
            "entry__prescribed_exercise__exercise_edition",
        )


class FollowUp(PatientModel):
    """The question "still worse than before you started?", asked because an entry was worse."""

    entry = SameClinicForeignKey(SessionEntry, related_name="follow_ups")
    asked = models.CharField(max_length=12, choices=Later)
    due_at = models.DateTimeField()

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "entry", "asked"], name="asked_once"),
            one_of("asked", Later.values, "follow_up_asked"),
        ]
        indexes = [models.Index("clinic", "patient", "due_at", name="follow_up_due")]

    def __str__(self) -> str:
        return f"asked {self.get_asked_display()}"


class FollowUpAnswerQuerySet(OfPatientQuerySet):
    def of_entry(self, entry: SessionEntry) -> Self:
        return self.filter(clinic=entry.clinic_id, follow_up__entry=entry)


class FollowUpAnswer(PatientModel):
    """What the patient answered when asked again."""

    follow_up = SameClinicForeignKey(FollowUp, related_name="answers")
    still_worse = models.BooleanField()
    answered_at = models.DateTimeField()

    objects = FollowUpAnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "follow_up"], name="answered_once"),
        ]

    def __str__(self) -> str:
        return "still worse" if self.still_worse else "settled"


class EntryResponseQuerySet(OfPatientQuerySet):
    """Responses; those to logs that were corrected or taken back are left out by each question."""

    def latest_of_each(self) -> Self:
        return self.order_by("entry", "-pk").distinct("entry")

    def of_exercise(self, exercise: int) -> Self:
        return self._standing().filter(
            entry__prescribed_exercise__exercise_edition__exercise=exercise
        )

    def of_course(self, prescription: int) -> Self:
        return self.filter(entry__log__edition__prescription=prescription)

    def since(self, day: date) -> Self:
        return self._standing().filter(entry__log__local_date__gte=day)

    def after(self, done_at: datetime | None) -> Self:
        """Those to logs that were done later; all of them without a time."""
        return self.filter(entry__log__done_at__gt=done_at) if done_at else self

    def newest_of_each(self) -> Self:
        """The last word on each entry, the entry that was done last first."""
        newest = ("-entry__log__done_at", "-entry")
        return self.order_by(*newest, "-pk").distinct(*(name.strip("-") for name in newest))

    def _standing(self) -> Self:
        return self.filter(entry__log__corrections=None)


class EntryResponse(PatientModel):
    """What the rules say of one entry, as far as it could be said then; the newest counts."""

    entry = SameClinicForeignKey(SessionEntry, related_name="responses")
    colour = models.CharField(max_length=10, choices=Colour.choices())
    movement = models.CharField(max_length=16, choices=Movement.choices())
    reason = models.CharField(max_length=300)
    is_final = models.BooleanField()
    rules_version = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)

    objects = EntryResponseQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("colour", list(Colour), "response_colour"),
            one_of("movement", list(Movement), "response_movement"),
        ]
        indexes = [models.Index("clinic", "entry", F("id").desc(), name="response_latest")]

    def __str__(self) -> str:
        return f"{self.get_colour_display()}: {self.reason}"
