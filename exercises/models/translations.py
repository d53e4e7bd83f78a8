"""What patients read in other languages, and which of it a clinic has signed."""

from collections.abc import Sequence
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from clinics.models import Clinic, ClinicModel, ClinicQuerySet, User
from exercises.content import PatientWords, ToldPage
from exercises.content.translations import LISTS, TEXTS
from exercises.models.catalogue import NAME_LENGTH, ExerciseEdition
from exercises.models.columns import lines
from exercises.vocabulary import Language


class ExerciseTranslationQuerySet(ClinicQuerySet):
    def into(self, language: str) -> Self:
        return self.filter(language=language)

    def with_word_of(self, clinic: Clinic) -> Self:
        """With `is_signed`: whether the clinic has signed it."""
        reviews = TranslationReview.objects.of(clinic).filter(translation=OuterRef("pk"))
        return self.annotate(is_signed=Exists(reviews))

    def newest_first(self) -> Self:
        return self.select_related("written_by").order_by("-number")

    def best_last(self) -> Self:
        """What patients read comes last: the newest that is signed, else the newest."""
        return self.order_by("is_signed", "number")


class ExerciseTranslation(models.Model):
    """What patients read of one edition, in another language, line for line.

    It is kept as it was written: a correction is the next number, and awaits its own review.
    What the statements rest on is said by the edition alone.
    """

    clinic = models.ForeignKey(
        Clinic, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    edition = models.ForeignKey(
        ExerciseEdition, models.PROTECT, related_name="translations", db_index=False
    )
    language = models.CharField(max_length=10, choices=Language.choices())
    number = models.PositiveSmallIntegerField()
    written_at = models.DateTimeField()
    # Nobody: it was loaded from the catalogue's files.
    written_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    name = models.CharField(max_length=NAME_LENGTH)
    summary = models.TextField(max_length=500)
    direction_note = models.TextField(max_length=1000)
    steps = lines()
    should_feel = lines()
    stop_for = lines()
    # What patients read of the cautions.
    cautions = lines()
    # What the figure shows, as a whole, at its start and at its end, then its marks.
    figure_words = lines()

    is_signed: bool  # where a query asked for it

    objects = ExerciseTranslationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "language", "number"], name="translation_number_once"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="translation_has_a_name"),
            models.CheckConstraint(condition=~Q(language="en"), name="translation_not_english"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language}, {self.number})"

    @property
    def words(self) -> PatientWords:
        parts: dict[str, Any] = {part: getattr(self, part) for part in TEXTS}
        parts |= {part: tuple(getattr(self, part)) for part in LISTS}
        return PatientWords(**parts)


class TranslationReviewQuerySet(ClinicQuerySet):
    def on(self, translations: "Sequence[ExerciseTranslation]") -> Self:
        return self.filter(translation__in=translations)


class EducationReviewQuerySet(ClinicQuerySet):
    def on(self, told: ToldPage) -> Self:
        """On the page as it reads now."""
        same = {"slug": told.page.slug, "language": told.language, "fingerprint": told.fingerprint}
        return self.filter(**same)

    def into(self, language: str) -> Self:
        return self.filter(language=language)


class Signature(ClinicModel):
    """A clinician of the clinic has read a translation beside its original. Never withdrawn."""

    reviewer = models.CharField(max_length=200)
    licence = models.CharField(max_length=200)
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.reviewer}, {self.licence}"


class TranslationReview(Signature):
    """A clinic's word on one translation of an exercise."""

    translation = models.ForeignKey(
        ExerciseTranslation, models.PROTECT, related_name="reviews", db_index=False
    )

    objects = TranslationReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "translation"], name="translation_once"),
            models.CheckConstraint(
                condition=~Q(reviewer="") & ~Q(licence=""), name="translation_review_by_whom"
            ),
        ]


class EducationReview(Signature):
    """A clinic's word on one translated page of patient education, as it read on that day."""

    slug = models.CharField(max_length=60)
    language = models.CharField(max_length=10, choices=Language.choices())
    # Of the translated words and of the English beside them.
    fingerprint = models.CharField(max_length=64)

    objects = EducationReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "slug", "language", "fingerprint"], name="education_once"
            ),
            models.CheckConstraint(
                condition=~Q(reviewer="") & ~Q(licence=""), name="education_review_by_whom"
            ),
        ]
