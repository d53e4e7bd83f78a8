"""Every act on the library: one writer for the catalogue's files and for a clinic's exercises."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from clinics import audit
from clinics.actors import CanAct
from clinics.models import Clinic, User
from exercises.content import (
    CatalogueError,
    ExerciseRecord,
    LoadRecord,
    PatientWords,
    ToldPage,
    Translation,
    check_translation,
)
from exercises.models import (
    NAME_LENGTH,
    EducationReview,
    Exercise,
    ExerciseEdition,
    ExerciseTranslation,
    Load,
    TranslationReview,
)
from exercises.vocabulary import Direction, Language, Range, Region, Role

# Columns that say what an edition is, not what the exercise says.
_NOT_TEXT = {
    "id", "clinic", "exercise", "number", "published_at", "published_by", "fingerprint",
    "search_text", "search_vector",
}  # fmt: skip
# Who has checked one text has not checked the next.
UNREVIEWED: dict[str, Any] = {"reviewer": "", "reviewed_on": None, "review_due": None}


class NameTaken(Exception):
    """The clinic has an exercise by this name."""


class NoDraft(Exception):
    """The draft was published or discarded in the meantime."""


class NotOurs(Exception):
    """A shared exercise is read-only; copy it to change it."""


class NotPublished(Exception):
    """Only a published text is translated: a draft may still change."""


class AnotherShape(Exception):
    """A list of the translation has another number of lines than the original."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


class AlreadySigned(Exception):
    """The clinic has signed this translation."""


@dataclass(frozen=True)
class Loaded:
    """What loading the catalogue did; `stale` names translations whose English has changed."""

    exercises: int
    new_editions: int
    new_translations: int = 0
    stale: tuple[str, ...] = ()


@transaction.atomic
def load_catalogue(
    *, records: Iterable[ExerciseRecord], translations: Iterable[Translation] = (), at: datetime
) -> Loaded:
    """Bring the shared catalogue up to its files; a new edition only where the text changed.

    Raises CatalogueError for a translation that does not fit the exercise that it names.
    """
    records = list(records)
    exercises = {
        record.code: Exercise.objects.get_or_create(clinic=None, code=record.code)[0]
        for record in records
    }
    made = sum(_load(exercises[record.code], record, exercises, at) for record in records)
    by_code = {record.code: record for record in records}
    fresh: list[Translation] = []
    stale: list[Translation] = []
    for translation in translations:
        if translation.code not in by_code:
            raise CatalogueError(
                translation.origin, "code", f"there is no exercise {translation.code}"
            )
        is_fresh = check_translation(translation, by_code[translation.code])
        (fresh if is_fresh else stale).append(translation)
    translated = sum(_load_translation(exercises[one.code].text, one, at) for one in fresh)
    due = (f"{one.origin} ({PatientWords.of(by_code[one.code]).fingerprint})" for one in stale)
    return Loaded(len(records), made, translated, tuple(due))


@transaction.atomic
def create(
    *, clinic: Clinic, text: dict[str, Any], loads: Iterable[LoadRecord], by: User
) -> ExerciseEdition:
    """Add an exercise of the clinic, as the draft of its first edition. Raises NameTaken."""
    exercise = _new_exercise(clinic, text["name"])
    draft = _write(ExerciseEdition(clinic=clinic, exercise=exercise, number=1), text, loads)
    _audit(by, "added an exercise", exercise)
    return draft


@transaction.atomic
def copy(*, original: Exercise, clinic: Clinic, by: User) -> ExerciseEdition:
    """A copy of a shared or own exercise, as a draft that the clinic may change.

    While a copy waits to be published, asking again gives that one.
    """
    waiting = ExerciseEdition.objects.of(clinic).unpublished_copies_of(original).first()
    if waiting is not None:
        return waiting
    source = original.editions.current().with_loads().get()
    text = text_of(source) | UNREVIEWED | {"name": _free_name(clinic, source.name)}
    draft = create(clinic=clinic, text=text, loads=loads_of(source), by=by)
    draft.exercise.copied_from = original
    draft.exercise.save(update_fields=["copied_from"])
    return draft


@transaction.atomic
def save_draft(
    *,
    exercise: Exercise,
    number: int,
    text: dict[str, Any],
    loads: Iterable[LoadRecord],
    by: User,
) -> ExerciseEdition:
    """Store the draft of edition `number`; what `text` leaves out stays as the last edition has it.

    Raises NotOurs for a shared exercise, and NoDraft when that edition is a draft no longer.
    """
    if exercise.is_shared:
        raise NotOurs
    _lock(exercise.pk)
    last = exercise.editions.with_loads().newest_first()[0]
    if number != next_number(last):
        raise NoDraft
    if last.is_draft:
        last.loads.all().delete()
        draft = _write(last, text, loads)
    else:
        draft = ExerciseEdition(clinic=exercise.clinic, exercise=exercise, number=number)
        draft = _write(draft, text_of(last) | UNREVIEWED | text, loads)
    _audit(by, "saved a draft of an exercise", exercise, number=number)
    return draft


@transaction.atomic
def publish(*, draft: ExerciseEdition, by: User, at: datetime) -> ExerciseEdition:
    """Freeze the draft; from now on it is what therapists prescribe. Raises NoDraft."""
    locked = _locked_draft(draft)
    locked.published_at, locked.published_by = at, by
    locked.save(update_fields=["published_at", "published_by"])
    locked.exercise.current = locked
    locked.exercise.save(update_fields=["current"])
    _audit(by, "published an exercise", locked.exercise, number=locked.number)
    return locked


@transaction.atomic
def discard(*, draft: ExerciseEdition, by: User) -> None:
    """Throw the draft away, and with it an exercise that was never published. Raises NoDraft."""
    locked = _locked_draft(draft)
    exercise = locked.exercise
    _audit(by, "discarded a draft of an exercise", exercise, number=locked.number)
    locked.delete()
    if exercise.current_id is None:
        exercise.delete()


@transaction.atomic
def archive(*, exercise: Exercise, by: User, at: datetime) -> None:
    """Take a clinic's exercise out of the library; programmes that hold it keep it."""
    if exercise.is_shared:
        raise NotOurs
    if Exercise.objects.active().filter(pk=exercise.pk).update(archived_at=at):
        _audit(by, "archived an exercise", exercise)


@transaction.atomic
def restore(*, exercise: Exercise, by: User) -> None:
    """Put an archived exercise back into the library."""
    if exercise.is_shared:
        raise NotOurs
    if Exercise.objects.archived().filter(pk=exercise.pk).update(archived_at=None):
        _audit(by, "restored an exercise", exercise)


@transaction.atomic
def translate(
    *, edition: ExerciseEdition, language: Language, words: PatientWords, by: User, at: datetime
) -> ExerciseTranslation:
    """Keep a translation of a clinic's own exercise; the same words again make no new one.

    Raises NotOurs for a shared exercise, NotPublished for a draft, and AnotherShape.
    """
    if edition.clinic_id is None:
        raise NotOurs
    if edition.is_draft:
        raise NotPublished
    if part := words.differs_in_shape(PatientWords.of(edition)):
        raise AnotherShape(part)
    _lock(edition.exercise_id)
    last = _last_translation(edition, language)
    if last is not None and last.words == words:
        return last
    written = _write_translation(edition, language, words, after=last, at=at, by=by)
    audit.record(
        clinic_id=edition.clinic_id,
        by=by,
        verb="translated an exercise",
        target=written,
        language=language.value,
        number=written.number,
    )
    return written


@transaction.atomic
def sign_translation(
    *,
    translation: ExerciseTranslation,
    clinic: Clinic,
    reviewer: str,
    licence: str,
    by: User,
    at: datetime,
) -> TranslationReview:
    """Say for the clinic that a clinician has read it beside the original. Raises AlreadySigned."""
    review = TranslationReview(
        clinic=clinic,
        translation=translation,
        reviewer=reviewer,
        licence=licence,
        signed_at=at,
        signed_by=by,
    )
    _sign(review, once="translation_once")
    audit.record(
        clinic_id=clinic.pk,
        by=by,
        verb="signed a translation",
        target=translation,
        language=translation.language,
        number=translation.number,
        reviewer=reviewer,
        licence=licence,
    )
    return review


@transaction.atomic
def sign_page(
    *, told: ToldPage, clinic: Clinic, reviewer: str, licence: str, by: User, at: datetime
) -> EducationReview:
    """The same for a translated education page, as it reads now. Raises AlreadySigned."""
    review = EducationReview(
        clinic=clinic,
        slug=told.page.slug,
        language=told.language,
        fingerprint=told.fingerprint,
        reviewer=reviewer,
        licence=licence,
        signed_at=at,
        signed_by=by,
    )
    _sign(review, once="education_once")
    audit.record(
        clinic_id=clinic.pk,
        by=by,
        verb="signed a translated page",
        target=review,
        language=told.language,
        page=told.page.slug,
        reviewer=reviewer,
        licence=licence,
    )
    return review


def next_number(last: ExerciseEdition) -> int:
    """The number of the edition that is written next, or is being written."""
    return last.number if last.is_draft else last.number + 1


def text_of(edition: ExerciseEdition) -> dict[str, Any]:
    """Everything an edition says, by field; its loads apart."""
    return {
        field.name: getattr(edition, field.name)
        for field in ExerciseEdition._meta.concrete_fields
        if field.name not in _NOT_TEXT
    }


def loads_of(edition: ExerciseEdition) -> list[LoadRecord]:
    return [
        LoadRecord(
            region=Region(load.region),
            direction=Direction(load.direction),
            range=Range(load.range),
            role=Role(load.role),
        )
        for load in edition.loads.all()
    ]


def _load(
    exercise: Exercise, record: ExerciseRecord, exercises: dict[str, Exercise], at: datetime
) -> bool:
    current = exercise.current
    if current is not None and current.fingerprint == record.fingerprint:
        return False
    draft = ExerciseEdition(
        exercise=exercise,
        number=current.number + 1 if current else 1,
        fingerprint=record.fingerprint,
    )
    text = _text_of_record(record) | {"companion": exercises.get(record.companion)}
    draft = _write(draft, text, record.loads)
    draft.published_at = at
    draft.save(update_fields=["published_at"])
    exercise.current = draft
    exercise.save(update_fields=["current"])
    return True


def _load_translation(edition: ExerciseEdition, translation: Translation, at: datetime) -> bool:
    last = _last_translation(edition, translation.language)
    if last is not None and last.words == translation.words:
        return False
    _write_translation(edition, translation.language, translation.words, after=last, at=at)
    return True


def _last_translation(edition: ExerciseEdition, language: Language) -> ExerciseTranslation | None:
    return edition.translations.into(language).newest_first().first()


def _write_translation(
    edition: ExerciseEdition,
    language: Language,
    words: PatientWords,
    *,
    after: ExerciseTranslation | None,
    at: datetime,
    by: User | None = None,
) -> ExerciseTranslation:
    return ExerciseTranslation.objects.create(
        clinic_id=edition.clinic_id,
        edition=edition,
        language=language.value,
        number=after.number + 1 if after else 1,
        written_at=at,
        written_by=by,
        **{name: _listed(value) for name, value in asdict(words).items()},
    )


def _sign(review: TranslationReview | EducationReview, *, once: str) -> None:
    try:
        with transaction.atomic():
            review.save()
    except IntegrityError as error:
        if once not in str(error):
            raise
        raise AlreadySigned from error


def _text_of_record(record: ExerciseRecord) -> dict[str, Any]:
    """A record of the catalogue's files as the columns of an edition."""
    same = {
        name: _listed(getattr(record, name))
        for name in (
            "name", "synonyms", "summary", "mode", "equipment", "optional_equipment", "demands",
            "companion_optional", "companion_note", "side", "one_side_only", "max_hold_seconds",
            "hold_message", "direction_note", "steps", "should_feel", "stop_for", "cautions",
            "plain_cautions", "easier", "harder", "other_versions", "tissues", "background",
            "interpreted", "figure", "licence", "reviewer", "reviewed_on", "review_due",
        )
    }  # fmt: skip
    return same | {
        "position": record.start_position,
        "start": record.start_position_note,
        **record.dosage.as_fields(),
        "doses": [row.as_json() for row in record.doses],
        "dose_range": record.dose_range.as_json(),
        "facts": [fact.as_json() for fact in record.facts],
        "remarks": {
            name: _listed(getattr(record, name))
            for name in ("loads_note", "mode_note", "equipment_note", "demands_note", "pair",
                         "progresses_to", "held_version")
        },
    }  # fmt: skip


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _write(
    edition: ExerciseEdition, text: dict[str, Any], loads: Iterable[LoadRecord]
) -> ExerciseEdition:
    for name, value in text.items():
        setattr(edition, name, value)
    edition.search_text = edition.words_to_find_it_by()
    edition.save()
    Load.objects.bulk_create(
        Load(clinic_id=edition.clinic_id, edition=edition, **asdict(load)) for load in loads
    )
    return edition


def _lock(exercise_id: int) -> None:
    """Let one act at a time change an exercise and its draft."""
    if Exercise.objects.select_for_update().filter(pk=exercise_id).first() is None:
        raise NoDraft


def _locked_draft(draft: ExerciseEdition) -> ExerciseEdition:
    _lock(draft.exercise_id)
    still = ExerciseEdition.objects.drafts().filter(pk=draft.pk).select_related("exercise").first()
    if still is None:
        raise NoDraft
    return still


def _new_exercise(clinic: Clinic, name: str) -> Exercise:
    try:
        with transaction.atomic():
            return Exercise.objects.create(clinic=clinic, code=_free_code(clinic, name))
    except IntegrityError as error:
        # The same form, sent twice at once: both found the same code free.
        if "exercise_code_once" not in str(error):
            raise
        raise NameTaken from error


def _free_code(clinic: Clinic, name: str) -> str:
    """A readable code that the clinic has not used yet."""
    stem = slugify(name, allow_unicode=True)[:30] or "exercise"
    taken = set(Exercise.objects.of(clinic).values_list("code", flat=True))
    if stem not in taken:
        return stem
    return next(f"{stem}-{n}" for n in range(2, len(taken) + 3) if f"{stem}-{n}" not in taken)


def _free_name(clinic: Clinic, name: str) -> str:
    """The name of a copy, which the clinic has not used yet."""
    taken = {text.name.casefold() for text in ExerciseEdition.objects.of(clinic).in_use()}
    endings = [" (our version)", *(f" (our version {n})" for n in range(2, len(taken) + 2))]
    names = [f"{name[: NAME_LENGTH - len(ending)].rstrip()}{ending}" for ending in endings]
    return next(name for name in names if name.casefold() not in taken)


def _audit(by: CanAct, verb: str, exercise: Exercise, **detail: Any) -> None:
    if exercise.clinic_id is None:
        raise NotOurs
    audit.record(clinic_id=exercise.clinic_id, by=by, verb=verb, target=exercise, **detail)
