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
from exercises.content import ExerciseRecord, LoadRecord
from exercises.models import NAME_LENGTH, Exercise, ExerciseEdition, Load
from exercises.vocabulary import Direction, Range, Region, Role

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


@dataclass(frozen=True)
class Loaded:
    """What loading the catalogue did."""

    exercises: int
    new_editions: int


@transaction.atomic
def load_catalogue(*, records: Iterable[ExerciseRecord], at: datetime) -> Loaded:
    """Bring the shared catalogue up to its files; a new edition only where the text changed."""
    records = list(records)
    exercises = {
        record.code: Exercise.objects.get_or_create(clinic=None, code=record.code)[0]
        for record in records
    }
    made = sum(_load(exercises[record.code], record, exercises, at) for record in records)
    return Loaded(len(records), made)


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


def _text_of_record(record: ExerciseRecord) -> dict[str, Any]:
    """A record of the catalogue's files as the columns of an edition."""
    same = {
        name: _listed(getattr(record, name))
        for name in (
            "name", "synonyms", "summary", "mode", "equipment", "optional_equipment", "demands",
            "companion_optional", "companion_note", "side", "one_side_only", "max_hold_seconds",
            "hold_message", "direction_note", "steps", "should_feel", "stop_for", "cautions",
            "easier", "harder", "other_versions", "tissues", "background", "interpreted", "figure",
            "licence", "reviewer", "reviewed_on", "review_due",
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
