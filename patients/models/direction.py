"""What is known of direction and safety: episodes, screens, flags, conditions, tests."""

from datetime import date, datetime
from typing import Self
from uuid import uuid4

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q
from django.utils import timezone

from clinics.models import SameClinicForeignKey, User
from exercises.vocabulary import Direction, Region
from patients.bodymap import ZONES, Movement, movement, zones
from patients.conditions import Condition
from patients.episodes import Phase
from patients.lights import (
    GIVEN_BY_A_TEST,
    After,
    During,
    Light,
    Loading,
    Neuro,
    RangeChange,
    TestPosition,
)
from patients.models.people import OfPatientQuerySet, PatientModel
from patients.redflags import BY_CODE, RED_FLAGS, RedFlag, Urgency

ZONE_CODES = [zone.code for zone in ZONES]
FLAG_CODES = [flag.code for flag in RED_FLAGS]
# Only the spine has a direction that is tested; the upper thoracic spine counts as thoracic.
TESTED_REGIONS = [Region.CERVICAL, Region.THORACIC, Region.LUMBAR]
TESTED_DIRECTIONS = [
    direction for direction in Direction if direction not in (Direction.NEUTRAL, Direction.NONE)
]


def zones_field() -> ArrayField:
    """Codes of zones on the body map, such as low-5-L."""
    return ArrayField(models.CharField(max_length=12), default=list, blank=True)


def places(codes: list[str]) -> str:
    """Zones as they are read: left thigh, left lower leg or calf."""
    return ", ".join(place.label for place in zones(codes))


def one_of(field: str, terms: list, name: str) -> models.CheckConstraint:
    values = [getattr(term, "value", term) for term in terms]
    return models.CheckConstraint(condition=Q(**{f"{field}__in": values}), name=name)


def only_zones(prefix: str, *fields: str) -> list[models.CheckConstraint]:
    return [
        models.CheckConstraint(
            condition=Q(**{f"{field}__contained_by": ZONE_CODES}), name=f"{prefix}_{field}"
        )
        for field in fields
    ]


class AboutPatientQuerySet(OfPatientQuerySet):
    def with_patient(self) -> Self:
        """With what the header of a page about the patient shows."""
        return self.select_related("patient__clinic", "patient__therapist")


class EpisodeQuerySet(AboutPatientQuerySet):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def newest_first(self) -> Self:
        return self.order_by(F("closed_at").desc(nulls_first=True), "-pk")

    def with_people(self) -> Self:
        return self.select_related("opened_by", "closed_by")

    def as_the_patient_reads_it(self) -> Self:
        """With just the columns that the portal may read."""
        return self.only(
            "clinic", "patient", "preferred_region", "preferred_direction", "unsettled_at"
        )

    def with_safety(self) -> Self:
        """With `screened_at`, the time of the last safety screen, and `open_flags`, their codes."""
        here = {"clinic": OuterRef("clinic"), "patient": OuterRef("patient")}
        screens = SafetyScreen.objects.filter(**here, episode=OuterRef("pk")).newest_first()
        flags = RaisedFlag.objects.filter(**here).open().order_by("raised_at", "pk")
        return self.annotate(
            screened_at=models.Subquery(screens.values("at")[:1]),
            open_flags=ArraySubquery(flags.values("code")),
        )


class Episode(PatientModel):
    """One complaint from its beginning to its end. Its phase and preference change by acts only."""

    complaint = models.CharField(max_length=300)
    onset_on = models.DateField("began on", null=True, blank=True)
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    phase = models.CharField(max_length=30, choices=Phase.choices(), default=Phase.ASSESSMENT.value)
    # The confirmed directional preference; both empty while there is none.
    preferred_region = models.CharField(max_length=20, choices=Region.choices(), blank=True)
    preferred_direction = models.CharField(max_length=20, choices=Direction.choices(), blank=True)
    # Where symptoms are now: written with every test and every log that marked zones.
    zones_now = zones_field()
    # When something last happened that unsettles every test but a red one.
    unsettled_at = models.DateTimeField(null=True, blank=True)

    objects = EpisodeQuerySet.as_manager()

    # Annotations of `with_safety`.
    screened_at: datetime | None
    open_flags: list[str]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient"], condition=Q(closed_at=None), name="one_open_episode"
            ),
            models.CheckConstraint(condition=~Q(complaint=""), name="episode_has_a_complaint"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="episode_closed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(preferred_region="", preferred_direction="")
                | (
                    Q(preferred_region__in=[region.value for region in TESTED_REGIONS])
                    & Q(preferred_direction__in=[way.value for way in TESTED_DIRECTIONS])
                ),
                name="episode_preference_whole",
            ),
            one_of("phase", list(Phase), "episode_phase"),
            *only_zones("episode", "zones_now"),
        ]
        indexes = [models.Index("clinic", "patient", name="episode_of_patient")]

    def __str__(self) -> str:
        return self.complaint

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def overtakes(self, test: "DirectionTest") -> bool:
        """Whether something has happened since this test that makes it worthless.

        A new episode does: what another one showed is old, however short ago.
        """
        is_of_another = test.episode_id != self.pk
        return is_of_another or (self.unsettled_at is not None and test.at <= self.unsettled_at)

    @property
    def preference(self) -> tuple[Region, Direction] | None:
        """The confirmed directional preference, with its region."""
        if not self.preferred_region:
            return None
        return Region(self.preferred_region), Direction(self.preferred_direction)

    @property
    def preference_in_words(self) -> str:
        if self.preference is None:
            return ""
        region, direction = self.preference
        return f"{region.label} {direction.label.lower()}"


class OfEpisodeQuerySet(OfPatientQuerySet):
    def of_episode(self, episode: Episode) -> Self:
        return self.filter(clinic=episode.clinic_id, episode=episode)

    def newest_first(self) -> Self:
        return self.order_by("-at", "-pk")

    def with_people(self) -> Self:
        return self.select_related("by")


class EpisodeModel(PatientModel):
    """Something that was recorded about an episode, once and for ever."""

    episode = SameClinicForeignKey(Episode, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        abstract = True


class EpisodeChangeQuerySet(OfEpisodeQuerySet):
    def events(self, words: str, reason: str) -> Self:
        """Those that noted this event in these words."""
        return self.filter(what=EpisodeChange.What.EVENT, after=words, reason=reason)

    def last_preference_at(self) -> datetime | None:
        """When the directional preference was last confirmed or changed."""
        preferences = self.filter(what=EpisodeChange.What.PREFERENCE)
        found: datetime | None = preferences.aggregate(at=models.Max("at"))["at"]
        return found


class EpisodeChange(EpisodeModel):
    """A change of phase or preference, or an event that unsettled what was known."""

    class What(models.TextChoices):
        PHASE = "phase", "Phase"
        PREFERENCE = "preference", "Directional preference"
        EVENT = "event", "Event"

    what = models.CharField(max_length=12, choices=What)
    before = models.CharField(max_length=120, blank=True)
    after = models.CharField(max_length=120)
    reason = models.CharField(max_length=500, blank=True)

    objects = EpisodeChangeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("clinic", "episode", name="change_of_episode")]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.after}"


class SafetyScreen(EpisodeModel):
    """The red-flag questions, asked by a therapist; `answers` are those answered with yes."""

    answers = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    remark = models.TextField(max_length=1000, blank=True)
    # Made with the form: however often it is sent, the screen is stored once.
    client_uuid = models.UUIDField(default=uuid4)

    objects = OfEpisodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "episode", "client_uuid"], name="screen_once"
            ),
            models.CheckConstraint(
                condition=Q(answers__contained_by=FLAG_CODES), name="screen_answers"
            ),
        ]
        indexes = [models.Index("clinic", "episode", name="screen_of_episode")]

    def __str__(self) -> str:
        return f"safety screen of {self.at:%Y-%m-%d}"


class RaisedFlagQuerySet(AboutPatientQuerySet):
    def open(self) -> Self:
        """Those that nobody has cleared."""
        return self.filter(clearances=None)

    def cleared(self) -> Self:
        return self.exclude(clearances=None)

    def is_emergency_open(self) -> bool:
        """Whether one of them asks for help right now, and nobody has cleared it."""
        codes = [flag.code for flag in RED_FLAGS if flag.urgency is Urgency.EMERGENCY]
        return self.open().filter(code__in=codes).exists()

    def newest_first(self) -> Self:
        clearances = models.Prefetch("clearances", Clearance.objects.newest_first())
        return self.prefetch_related(clearances).order_by("-raised_at", "-pk")


class RaisedFlag(PatientModel):
    """One red flag answered with yes, on a screen or in the portal. Open until it is cleared."""

    class Source(models.TextChoices):
        SCREEN = "screen", "Safety screen"
        PORTAL = "portal", "The patient, in the portal"

    code = models.CharField(max_length=30)
    source = models.CharField(max_length=10, choices=Source)
    raised_at = models.DateTimeField(default=timezone.now)

    objects = RaisedFlagQuerySet.as_manager()

    class Meta:
        constraints = [one_of("code", FLAG_CODES, "flag_code")]
        indexes = [models.Index("clinic", "patient", name="flag_of_patient")]

    def __str__(self) -> str:
        return self.code

    @property
    def question(self) -> RedFlag:
        """The question that was answered with yes."""
        return BY_CODE[self.code]

    @property
    def is_emergency(self) -> bool:
        return self.question.urgency is Urgency.EMERGENCY

    @property
    def is_cleared(self) -> bool:
        return self.clearances.exists()


class ClearanceQuerySet(OfPatientQuerySet):
    def newest_first(self) -> Self:
        return self.select_related("recorded_by").order_by("-recorded_at", "-pk")


class Clearance(PatientModel):
    """Who assessed a red flag, when, and the outcome. Closes the flag; there is no other way."""

    flag = SameClinicForeignKey(RaisedFlag, related_name="clearances")
    assessed_by = models.CharField("who assessed it", max_length=200)
    assessed_on = models.DateField("on")
    outcome = models.TextField(max_length=1000)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = ClearanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "flag"], name="flag_cleared_once"),
            models.CheckConstraint(
                condition=~Q(assessed_by="") & ~Q(outcome=""), name="clearance_says_who_and_what"
            ),
        ]

    def __str__(self) -> str:
        return f"cleared by {self.assessed_by}"


class ConditionQuerySet(AboutPatientQuerySet):
    def on(self, day: date) -> Self:
        """Those that hold on this day."""
        return self.filter(since__lte=day).filter(Q(until=None) | Q(until__gte=day))

    def newest_first(self) -> Self:
        return self.order_by(F("until").desc(nulls_first=True), "-since", "-pk")


class ConditionOnFile(PatientModel):
    """A condition that speaks against some loads, with its source. Ended, never deleted."""

    condition = models.CharField(max_length=40, choices=Condition.choices())
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = ConditionQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "conditions on file"
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "patient", "condition"],
                condition=Q(until=None),
                name="condition_open_once",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="condition_dates_in_order"
            ),
            models.CheckConstraint(condition=~Q(source=""), name="condition_has_a_source"),
            one_of("condition", list(Condition), "condition_kind"),
        ]

    def __str__(self) -> str:
        return Condition(self.condition).label


class DirectionTestQuerySet(OfEpisodeQuerySet):
    def as_the_patient_reads_it(self) -> Self:
        """With just the columns that the portal may read."""
        return self.only("clinic", "patient", "episode", "region", "direction", "light", "at")

    def latest_of_each(self) -> Self:
        """The newest test of each movement."""
        return self.order_by("region", "direction", "-at", "-pk").distinct("region", "direction")


class DirectionTest(EpisodeModel):
    """One repeated or sustained test of a region and direction. A newer test replaces it."""

    region = models.CharField(max_length=20, choices=[(r.value, r.label) for r in TESTED_REGIONS])
    direction = models.CharField(
        max_length=20, choices=[(d.value, d.label) for d in TESTED_DIRECTIONS]
    )
    position = models.CharField(max_length=10, choices=TestPosition.choices())
    loading = models.CharField(max_length=10, choices=Loading.choices())
    # Repetitions, or seconds held.
    amount = models.PositiveSmallIntegerField()
    baseline_pain = models.PositiveSmallIntegerField(null=True, blank=True)
    zones_before = zones_field()
    zones_after = zones_field()
    during = models.CharField(max_length=20, choices=During.choices())
    after = models.CharField(max_length=20, choices=After.choices())
    # Minutes until back to baseline; empty means it had not settled.
    settle_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    rom = models.CharField("range", max_length=5, choices=RangeChange.choices())
    neuro = models.CharField(max_length=12, choices=Neuro.choices())
    dysfunction = models.BooleanField(default=False)
    recheck = models.CharField("movement to re-check", max_length=200, blank=True)

    computed_light = models.CharField(max_length=10, choices=Light.choices())
    computed_reason = models.CharField(max_length=300)
    rules_version = models.PositiveSmallIntegerField()
    # What the therapist decided; the same as computed, or changed with a reason.
    light = models.CharField(max_length=10, choices=Light.choices())
    changed_because = models.CharField(max_length=500, blank=True)
    # Made with the form: however often it is sent, the test is stored once.
    client_uuid = models.UUIDField(default=uuid4)

    objects = DirectionTestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "episode", "client_uuid"], name="test_once"),
            one_of("region", TESTED_REGIONS, "test_region"),
            one_of("direction", TESTED_DIRECTIONS, "test_direction"),
            one_of("light", GIVEN_BY_A_TEST, "test_light"),
            one_of("computed_light", GIVEN_BY_A_TEST, "test_computed_light"),
            models.CheckConstraint(
                condition=Q(light=F("computed_light")) | ~Q(changed_because=""),
                name="test_light_changed_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(baseline_pain=None) | Q(baseline_pain__lte=10), name="test_pain"
            ),
            models.CheckConstraint(
                condition=Q(amount__range=(1, 3600)), name="test_amount_in_range"
            ),
            *only_zones("test", "zones_before", "zones_after"),
        ]
        indexes = [
            models.Index(
                "clinic", "patient", "region", "direction", F("at").desc(), name="test_latest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_region_display()} {self.get_direction_display().lower()}"

    @property
    def is_changed(self) -> bool:
        """Whether the therapist decided another light than the computed one."""
        return self.light != self.computed_light

    @property
    def had_not_settled(self) -> bool:
        """Whether symptoms were worse and still so; no minutes mean nothing where they were not."""
        moved = movement(zones(self.zones_before), zones(self.zones_after))
        is_worse = self.after in (After.WORSE, After.PERIPHERALISED)
        is_worse = is_worse or moved is Movement.PERIPHERALISING
        return is_worse and self.settle_minutes is None

    @property
    def places_before(self) -> str:
        return places(self.zones_before)

    @property
    def places_after(self) -> str:
        return places(self.zones_after)
