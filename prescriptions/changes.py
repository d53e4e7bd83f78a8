"""What is different between two editions of a programme. Plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Kind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True)
class LineText:
    """One prescribed exercise in words, as both editions are compared by."""

    key: tuple[int, str]
    name: str
    dosage: str
    weekdays: tuple[int, ...]
    note: str
    text_number: int  # the edition of the exercise's own text


@dataclass(frozen=True)
class Change:
    kind: Kind
    name: str
    what: str = ""
    before: str = ""
    after: str = ""


def between(old: Sequence[LineText], new: Sequence[LineText]) -> list[Change]:
    """Added, removed, changed and moved exercises, in the order of the new edition."""
    before = {line.key: line for line in old}
    after = {line.key: line for line in new}
    changes: list[Change] = []
    for line in new:
        if line.key not in before:
            changes.append(Change(Kind.ADDED, line.name, after=line.dosage))
        else:
            changes += _changes_of(before[line.key], line)
    changes += [
        Change(Kind.REMOVED, line.name, before=line.dosage) for line in old if line.key not in after
    ]
    kept_before = [line.key for line in old if line.key in after]
    kept_after = [line.key for line in new if line.key in before]
    if kept_before != kept_after:
        order = ", ".join(after[key].name for key in kept_after)
        changes.append(Change(Kind.MOVED, "Order", after=order))
    return changes


def days_in_words(weekdays: Sequence[int]) -> str:
    """ISO weekdays as they are read: every day, or Mon, Wed, Fri."""
    if len(set(weekdays)) == len(DAY_NAMES):
        return "every day"
    return ", ".join(DAY_NAMES[day - 1] for day in sorted(set(weekdays)))


def _changes_of(old: LineText, new: LineText) -> list[Change]:
    compared = (
        ("dosage", old.dosage, new.dosage),
        ("days", days_in_words(old.weekdays), days_in_words(new.weekdays)),
        ("direction note", old.note, new.note),
        ("instructions", f"text {old.text_number}", f"text {new.text_number}"),
    )
    return [
        Change(Kind.CHANGED, new.name, what, before, after)
        for what, before, after in compared
        if before != after
    ]
