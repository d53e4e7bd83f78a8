"""The library: what the exercises say, in English and in other languages."""

from exercises.models.catalogue import (
    NAME_LENGTH,
    Exercise,
    ExerciseEdition,
    ExerciseQuerySet,
    Load,
    words_of,
)
from exercises.models.columns import amount, dosage_in_range
from exercises.models.translations import (
    EducationReview,
    ExerciseTranslation,
    TranslationReview,
)

__all__ = [
    "NAME_LENGTH",
    "EducationReview",
    "Exercise",
    "ExerciseEdition",
    "ExerciseQuerySet",
    "ExerciseTranslation",
    "Load",
    "TranslationReview",
    "amount",
    "dosage_in_range",
    "words_of",
]
