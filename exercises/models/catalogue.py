"""The exercises of all clinics and of each, what their editions say, and what these load."""

from collections.abc import Sequence
from functools import cached_property
from itertools import chain, zip_longest
from typing import Any, Self

from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Prefetch, Q
from django.urls import reverse
from django.utils import timezone

from clinics.models import Clinic, ClinicQuerySet, User
from clinics.text import folded
from exercises.content import ENGLISH, Statement
from exercises.dosage import LIMITS, Dosage
from exercises.models.columns import amount, dosage_in_range, lines, terms
from exercises.vocabulary import (
    Demand,
    Direction,
    Equipment,
    Mode,
    Position,
    Range,
    Region,
    Role,
    Side,
)

NAME_LENGTH = 120
# What a list shows of an exercise in words.
HEADLINE = ("name", "summary", "position", "equipment", "optional_equipment")
MOST_WORDS, LONGEST_WORD = 20, 60


def words_of(text: str) -> list[str]:
    """The folded words of a text, split alike for what is found and for what is searched."""
    return "".join(char if char.isalnum() else " " for char in folded(text)).split()


class ExerciseQuerySet(ClinicQuerySet):
    def visible_to(self, clinic: Clinic) -> Self:
        """The shared catalogue and the clinic's own, never another clinic's."""
        return self.filter(Q(clinic=None) | Q(clinic=clinic))

    def shared(self) -> Self:
        return self.filter(clinic=None)

    def published(self) -> Self:
        """What a therapist may prescribe: a published edition, not archived."""
        return self.filter(archived_at=None, current__isnull=False)

    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)

    def ever_published(self) -> Self:
        return self.filter(current__isnull=False)

    def with_headline(self) -> Self:
        """With what a list shows of the current text; the rest of it is long."""
        return self._with_parts(*HEADLINE)

    def with_picture(self) -> Self:
        """With the headline and what the drawing is made from."""
        return self._with_parts(*HEADLINE, "mode", "hold_seconds", "figure")

    def _with_parts(self, *parts: str) -> Self:
        return self.select_related("current").only(
            "clinic", "copied_from", "current__exercise", *(f"current__{part}" for part in parts)
        )

    def with_drafts(self) -> Self:
        """With the current text and, as `drafts`, the one that is being written, if any."""
        drafts = Prefetch("editions", ExerciseEdition.objects.drafts(), to_attr="drafts")
        return self.select_related("current").prefetch_related(drafts)

    def with_origin(self) -> Self:
        """With the exercise it was copied from, if any."""
        return self.select_related("current", "copied_from__current").only(
            "clinic", "archived_at", "current__name", "copied_from__current__name"
        )

    def with_current(self) -> Self:
        return self.select_related("current", "current__companion__current").prefetch_related(
            "current__loads", "current__companion__current__loads"
        )

    def chosen(self, keys: list[int]) -> "dict[int, Exercise]":
        """The published ones of these keys, each under its key."""
        exercises: Any = self.filter(pk__in=keys, current__isnull=False)
        return {exercise.pk: exercise for exercise in exercises}

    def search(self, text: str) -> Self:
        """By name, synonym, muscle or position; every word, the last one as it is being typed."""
        words = words_of(text)[:MOST_WORDS]
        if not words:
            return self.none() if text.strip() else self
        beginnings = " & ".join(f"{word[:LONGEST_WORD]}:*" for word in words)
        query = SearchQuery(beginnings, search_type="raw", config="simple")
        return self.filter(current__search_vector=query)

    def loading(self, region: str = "", direction: str = "") -> Self:
        """With one load in this region and direction, each left open when empty."""
        wanted = {"region": region, "direction": direction}
        wanted = {name: value for name, value in wanted.items() if value}
        if not wanted:
            return self
        return self.filter(current__in=Load.objects.filter(**wanted).values("edition"))

    def starting(self, position: str) -> Self:
        return self.filter(current__position=position) if position else self

    def needing_only(self, equipment: Sequence[str]) -> Self:
        """That need nothing beyond this equipment."""
        return self.filter(current__equipment__contained_by=list(equipment)) if equipment else self

    def by_name(self) -> Self:
        return self.order_by("current__name", "pk")


class Exercise(models.Model):
    """One entry of the catalogue: shared by all clinics, or a clinic's own.

    What it says is in its numbered editions; published text never changes under a patient.
    """

    clinic = models.ForeignKey(
        Clinic, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    code = models.CharField(max_length=40)
    copied_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="copies", db_index=False
    )
    # The newest published edition; empty until the first is published.
    current = models.ForeignKey(
        "ExerciseEdition", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ExerciseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "code"], name="exercise_code_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.current.name if self.current else self.code

    def get_absolute_url(self) -> str:
        return reverse("exercises:detail", args=[self.pk])

    @property
    def text(self) -> "ExerciseEdition":
        """What it says now. Raises LookupError while nothing is published."""
        if self.current is None:
            raise LookupError(f"{self.code} was never published")
        self.current.exercise = self  # known: nobody need ask for it again
        return self.current

    @property
    def is_shared(self) -> bool:
        return self.clinic_id is None


class ExerciseEditionQuerySet(ClinicQuerySet):
    def published(self) -> Self:
        return self.exclude(published_at=None)

    def drafts(self) -> Self:
        return self.filter(published_at=None)

    def current(self) -> Self:
        return self.filter(exercise__current=F("pk"))

    def numbered(self, number: int) -> Self:
        return self.filter(number=number)

    def in_use(self) -> Self:
        """What is being written and what is prescribed now; not the texts of the past."""
        return self.filter(Q(published_at=None) | Q(exercise__current=F("pk")))

    def unpublished_copies_of(self, original: Exercise) -> Self:
        return self.drafts().filter(exercise__copied_from=original, exercise__current=None)

    def with_loads(self) -> Self:
        return self.select_related("companion__current").prefetch_related("loads")

    def as_history(self) -> Self:
        """When which edition was published and by whom, the newest first, without the texts."""
        return (
            self.select_related("published_by")
            .only("exercise", "number", "published_at", "published_by__name")
            .newest_first()
        )

    def newest_first(self) -> Self:
        return self.order_by("-number")


class ExerciseEdition(models.Model):
    """One text of an exercise. A draft may change; what is published is kept as it is."""

    clinic = models.ForeignKey(
        Clinic, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    exercise = models.ForeignKey(Exercise, models.CASCADE, related_name="editions", db_index=False)
    number = models.PositiveSmallIntegerField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # What the text was loaded from: the same print, no new edition.
    fingerprint = models.CharField(max_length=64, blank=True)

    name = models.CharField(max_length=NAME_LENGTH)
    synonyms = lines()
    summary = models.TextField(max_length=500)
    mode = models.CharField(max_length=20, choices=Mode.choices())
    position = models.CharField("start position", max_length=30, choices=Position.choices())
    start = models.TextField("how to start", max_length=500, blank=True)
    equipment = terms(Equipment.choices())
    optional_equipment = terms(Equipment.choices())
    demands = terms(Demand.choices())
    companion = models.ForeignKey(
        Exercise, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # An optional companion is offered; any other is missed when it does not follow.
    companion_optional = models.BooleanField(default=False)
    companion_note = lines()
    side = models.CharField(max_length=5, choices=Side.choices(), default=Side.NONE.value)
    one_side_only = models.BooleanField(default=False)

    sets = amount("sets")
    repetitions = amount("repetitions")
    hold_seconds = amount("hold_seconds")
    times_per_day = amount("times_per_day")
    max_hold_seconds = models.PositiveSmallIntegerField(
        "longest hold allowed",
        null=True,
        blank=True,
        validators=[MaxValueValidator(LIMITS["hold_seconds"].most)],
    )
    # What to choose instead, for whoever wants to hold it longer.
    hold_message = models.CharField(max_length=300, blank=True)
    doses = models.JSONField(default=list, blank=True)
    dose_range = models.JSONField(default=dict, blank=True)

    direction_note = models.TextField(max_length=1000)
    steps = lines()
    should_feel = lines()
    stop_for = lines()
    cautions = lines()
    # For patients, one for each caution; none where they read the cautions themselves.
    plain_cautions = lines("cautions in plain words")
    easier = lines()
    harder = lines()
    tissues = lines()
    background = lines()
    other_versions = lines()
    # The facts of the first source, by their ids, and remarks on the terms above.
    facts = models.JSONField(default=list, blank=True)
    remarks = models.JSONField(default=dict, blank=True)
    interpreted = models.TextField(max_length=1000, blank=True)
    figure = models.JSONField(default=dict, blank=True)
    licence = models.TextField(max_length=500, blank=True)
    reviewer = models.CharField(max_length=200, blank=True)
    reviewed_on = models.DateField(null=True, blank=True)
    review_due = models.DateField(null=True, blank=True)

    # Folded words that the library finds the exercise by; written with the text itself.
    search_text = models.TextField(editable=False)
    search_vector = models.GeneratedField(
        expression=SearchVector("search_text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ExerciseEditionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["exercise", "number"], name="edition_number_once"),
            models.UniqueConstraint(
                fields=["exercise"],
                condition=Q(published_at=None),
                name="one_draft_edition_per_exercise",
            ),
            *dosage_in_range("edition"),
            models.CheckConstraint(
                condition=Q(max_hold_seconds=None) | Q(hold_seconds__lte=F("max_hold_seconds")),
                name="edition_hold_within_its_own_limit",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="edition_has_a_name"),
            models.CheckConstraint(
                condition=Q(plain_cautions__len=0) | Q(plain_cautions__len=F("cautions__len")),
                name="edition_plain_cautions_line_for_line",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("exercises:edition", args=[self.exercise_id, self.number])

    @property
    def is_draft(self) -> bool:
        return self.published_at is None

    @cached_property
    def told(self) -> Any:
        """The text a patient reads; this one, unless `translations.tell_in` found another."""
        return self

    @property
    def language(self) -> str:
        return ENGLISH

    @property
    def reads(self) -> str:
        """Which way it is written, as the HTML attribute `dir` has it."""
        return "ltr"

    @property
    def awaits_review(self) -> bool:
        """Only a translation waits for the clinic's word before patients are told that it does."""
        return False

    @property
    def take_care(self) -> list[str]:
        """What patients read of the cautions."""
        return self.plain_cautions or self.cautions

    @property
    def cautions_as_told(self) -> list[tuple[str, str]]:
        """Each caution with what patients read instead; empty where they read the caution."""
        return list(zip_longest(self.cautions, self.plain_cautions, fillvalue=""))

    @property
    def dosage(self) -> Dosage:
        return Dosage(self.sets, self.repetitions, self.hold_seconds, self.times_per_day)

    @property
    def primary_loads(self) -> "list[Load]":
        return [load for load in self.loads.all() if load.role == Role.PRIMARY]

    @property
    def primary_load(self) -> "Load | None":
        return next(iter(self.primary_loads), None)

    @property
    def equipment_labels(self) -> list[str]:
        return [Equipment(term).label for term in self.equipment]

    @property
    def optional_equipment_labels(self) -> list[str]:
        return [Equipment(term).label for term in self.optional_equipment]

    @property
    def demand_labels(self) -> list[str]:
        return [Demand(term).label for term in self.demands]

    @property
    def source_keys(self) -> list[str]:
        """The sources that the text rests on, in alphabetical order."""
        lists = (
            self.companion_note, self.steps, self.should_feel, self.stop_for, self.cautions,
            self.easier, self.harder, self.tissues, self.background, self.other_versions,
            *([fact["text"], *fact["parts"]] for fact in self.facts),
            [remark for remark in self.remarks.values() if isinstance(remark, str)],
            [self.start, self.hold_message, self.interpreted],
        )  # fmt: skip
        said = (Statement.parse(raw).sources for raw in chain.from_iterable(lists))
        return sorted(
            {*chain.from_iterable(said), *chain.from_iterable(row["sources"] for row in self.doses)}
        )

    def words_to_find_it_by(self) -> str:
        """Name, synonyms, tissues and start position, folded."""
        position = Position(self.position)
        bare = (Statement.parse(tissue).text for tissue in self.tissues)
        said = [self.name, *self.synonyms, *bare, position.value, position.label]
        return " ".join(words_of(" ".join(said)))


class Load(models.Model):
    """Where, which way and how far one edition of an exercise loads the body."""

    clinic = models.ForeignKey(
        Clinic, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    edition = models.ForeignKey(
        ExerciseEdition, models.CASCADE, related_name="loads", db_index=False
    )
    region = models.CharField(max_length=20, choices=Region.choices())
    direction = models.CharField(max_length=20, choices=Direction.choices())
    range = models.CharField(max_length=5, choices=Range.choices())
    role = models.CharField(max_length=10, choices=Role.choices())

    objects = ClinicQuerySet.as_manager()

    class Meta:
        ordering = ["role", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "region", "direction"], name="load_once_per_direction"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__in": [term.value for term in terms]}),
                    name=f"load_{field}",
                )
                for field, terms in (
                    ("region", Region),
                    ("direction", Direction),
                    ("range", Range),
                    ("role", Role),
                )
            ),
        ]

    def __str__(self) -> str:
        """As a therapist says it: Lumbar spine flexion, end range."""
        return f"{self.movement}, {Range(self.range).label.lower()}"

    @property
    def movement(self) -> str:
        """Where and which way: Lumbar spine flexion; or Shoulder, no spinal load."""
        region = Region(self.region).label
        if self.direction == Direction.NONE:
            return f"{region}, no spinal load"
        return f"{region} {Direction(self.direction).label.lower()}"

    @property
    def plain_words(self) -> str:
        """As a patient reads it: Low back: bend forward."""
        return f"{Region(self.region).plain}: {Direction(self.direction).plain}"
