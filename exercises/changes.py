"""What is different between two editions of an exercise."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from exercises.actions import text_of
from exercises.models import ExerciseEdition


@dataclass(frozen=True)
class Change:
    """One part of the text, with the lines that went and the lines that came."""

    part: str
    removed: tuple[str, ...]
    added: tuple[str, ...]


def between(old: ExerciseEdition, new: ExerciseEdition) -> list[Change]:
    """The parts that changed, in the order of the page on which they are written."""
    before, after = _in_words(old), _in_words(new)
    changed = [
        _change(part, before[part], after[part]) for part in after if before[part] != after[part]
    ]
    if old.figure != new.figure:
        changed.append(Change("Drawing", _shown(old), _shown(new)))
    return changed


def _shown(edition: ExerciseEdition) -> tuple[str, ...]:
    """What the drawing shows, in words; the same words may stand for another pose."""
    return (edition.figure["alt"],) if edition.figure else ()


def _change(part: str, before: list[str], after: list[str]) -> Change:
    removed = tuple(line for line in before if line not in after)
    added = tuple(line for line in after if line not in before)
    # No line went and none came: they are in another order.
    return (
        Change(part, removed, added)
        if removed or added
        else Change(part, tuple(before), tuple(after))
    )


def _in_words(edition: ExerciseEdition) -> dict[str, list[str]]:
    text = text_of(edition)
    words = {
        str(field.verbose_name).capitalize(): _lines(field, text[field.name])
        for field in ExerciseEdition._meta.concrete_fields
        if field.name in text and not isinstance(field, models.JSONField)
    }
    return words | {"Loads": [str(load) for load in edition.loads.all()]}


def _lines(field: Any, value: Any) -> list[str]:
    """The value of one column as a reader sees it, line by line."""
    if value is None or value == "" or value is False:
        return []
    if value is True:
        return ["Yes"]
    labels = dict(getattr(field, "base_field", field).choices or ())
    values = value if isinstance(field, ArrayField) else [value]
    return [str(labels.get(one, one)) for one in values]
