"""The texts of exercises and education pages in the language of whoever reads them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from clinics.models import Clinic
from exercises.content import ENGLISH, PatientWords, ToldPage, education
from exercises.content.translations import figure_in, reading_way
from exercises.models import (
    EducationReview,
    ExerciseEdition,
    ExerciseTranslation,
    Load,
)
from exercises.vocabulary import Language


@dataclass(frozen=True)
class TranslatedText:
    """An edition as a patient reads it in another language; its parts are named as the edition's.

    Where and which way it loads, and how it moves, comes from the edition.
    """

    original: ExerciseEdition
    translation: ExerciseTranslation
    awaits_review: bool

    def __str__(self) -> str:
        return self.name

    @property
    def pk(self) -> int:
        return self.original.pk

    @property
    def language(self) -> str:
        return self.translation.language

    @property
    def reads(self) -> str:
        return reading_way(self.language)

    @property
    def name(self) -> str:
        return self.translation.name

    @property
    def summary(self) -> str:
        return self.translation.summary

    @property
    def direction_note(self) -> str:
        return self.translation.direction_note

    @property
    def steps(self) -> list[str]:
        return self.translation.steps

    @property
    def should_feel(self) -> list[str]:
        return self.translation.should_feel

    @property
    def stop_for(self) -> list[str]:
        return self.translation.stop_for

    @property
    def take_care(self) -> list[str]:
        return self.translation.cautions

    @cached_property
    def figure(self) -> dict[str, Any]:
        return figure_in(self.original.figure, self.translation.figure_words)

    @property
    def mode(self) -> str:
        return self.original.mode

    @property
    def hold_seconds(self) -> int:
        return self.original.hold_seconds

    @property
    def original_parts(self) -> list[tuple[str, Sequence[str]]]:
        """The English beside it, part by part, for whoever wants to read that instead."""
        original = PatientWords.of(self.original)
        parts = (
            ("How to do it", original.steps),
            ("You should feel", original.should_feel),
            ("Stop for", original.stop_for),
            ("Take care", original.cautions),
        )
        return [(title, lines) for title, lines in parts if lines]

    @property
    def primary_load(self) -> Load | None:
        return self.original.primary_load


@dataclass(frozen=True)
class ShownPage:
    """A page of patient education in one language, and whether a clinician has yet to sign it."""

    told: ToldPage
    awaits_review: bool


def texts_in(
    editions: Iterable[ExerciseEdition], language: str, *, clinic: Clinic
) -> "dict[int, ExerciseEdition | TranslatedText]":
    """Each edition as the clinic's patients read it in this language, by the edition's key.

    One query, and none for English. What is not translated stays the English edition itself;
    of several translations it is the newest that the clinic has signed, else the newest.
    """
    by_key: dict[int, ExerciseEdition | TranslatedText] = {one.pk: one for one in editions}
    spoken = language_of(language)
    if spoken == ENGLISH or not by_key:
        return by_key
    found = ExerciseTranslation.objects.filter(edition__in=list(by_key)).into(spoken)
    originals = dict(by_key)
    for translation in found.with_word_of(clinic).best_last():
        original = originals[translation.edition_id]
        if isinstance(original, ExerciseEdition):
            text = TranslatedText(original, translation, awaits_review=not translation.is_signed)
            by_key[original.pk] = text
    return by_key


def tell_in(editions: Iterable[ExerciseEdition], language: str, *, clinic: Clinic) -> bool:
    """Let each edition's `told` be its text in this language; whether one awaits review.

    One query, and none for English.
    """
    editions = list(editions)
    texts = texts_in(editions, language, clinic=clinic)
    for edition in editions:
        edition.told = texts[edition.pk]
    return any(text.awaits_review for text in texts.values())


def education_in(language: str, *, clinic: Clinic) -> list[ShownPage]:
    """The education pages as the clinic's patients read them. One query, and none for English."""
    pages = education(language_of(language))
    if not any(page.is_translated for page in pages):
        return [ShownPage(page, awaits_review=False) for page in pages]
    reviews = EducationReview.objects.of(clinic).into(language_of(language))
    signed = set(reviews.values_list("slug", "fingerprint"))
    return [
        ShownPage(
            page,
            awaits_review=page.is_translated and (page.page.slug, page.fingerprint) not in signed,
        )
        for page in pages
    ]


def what_is_told(
    editions: Iterable[ExerciseEdition], language: str, *, clinic: Clinic
) -> list[Any]:
    """Another value once one of these editions, or an education page, is told otherwise.

    Two queries, and none for English.
    """
    texts = texts_in(editions, language, clinic=clinic).values()
    translated = [text for text in texts if isinstance(text, TranslatedText)]
    pages = education_in(language, clinic=clinic)
    return [
        *([text.translation.pk, text.awaits_review] for text in translated),
        *([page.told.fingerprint, page.awaits_review] for page in pages),
    ]


@dataclass(frozen=True)
class State:
    """How far a text is in one language: not translated, awaiting review, or signed."""

    language: Language
    is_translated: bool
    is_signed: bool


def states_of(edition: ExerciseEdition, clinic: Clinic) -> list[State]:
    """For each language how far the newest translation of an edition is; one query."""
    rows = edition.translations.with_word_of(clinic).order_by("number").only("language")
    newest = {row.language: row.is_signed for row in rows}
    return [
        State(language, language.value in newest, newest.get(language.value, False))
        for language in Language
    ]


def page_states_of(slug: str, clinic: Clinic) -> list[State]:
    """The same for an education page."""
    reviews = EducationReview.objects.of(clinic).filter(slug=slug)
    signed = set(reviews.values_list("language", "fingerprint"))
    pages = {
        (language, told.page.slug): told for language in Language for told in education(language)
    }
    return [
        State(language, told.is_translated, (told.language, told.fingerprint) in signed)
        for language in Language
        if (told := pages.get((language, slug)))
    ]


def language_of(code: str) -> str:
    """The language of a code such as es-MX where texts may be translated into it, else English."""
    main = code.lower().partition("-")[0]
    return main if main in list(Language) else ENGLISH
