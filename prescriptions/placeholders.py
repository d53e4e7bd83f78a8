"""Words in a note that stand for what differs from patient to patient. Plain Python."""

import re

NAME, SIDE = "{name}", "{side}"
FEWEST_LETTERS = 2  # a single letter of a name is not replaced


def left_open(note: str) -> list[str]:
    """The placeholders that nothing has been put in for."""
    return [placeholder for placeholder in (NAME, SIDE) if placeholder in note]


def with_side(note: str, side: str) -> str:
    """The note for this side: left, right or both; without one the placeholder stays."""
    return note.replace(SIDE, side) if side else note


def for_patient(note: str, name: str) -> str:
    """The note with what the patient is called: the first word of the name."""
    return note.replace(NAME, (name.split() or [""])[0])


def without_name(note: str, name: str) -> str:
    """The note with {name} wherever the patient is named, in full or by a part of the name."""
    parts = [part for part in name.split() if len(part) >= FEWEST_LETTERS]
    words = [r"\s+".join(map(re.escape, name.split())), *map(re.escape, parts)]
    named = "|".join(word for word in words if word)
    if not named:
        return note
    return re.sub(rf"(?<!\w)(?:{named})(?!\w)", NAME, note, flags=re.IGNORECASE)
