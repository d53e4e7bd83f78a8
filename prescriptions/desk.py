"""What a therapist does to the lines on the page before anything is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Move:
    """One press of a button: `save`, `publish`, `search`, `add:7`, `add:7:2`, `up:1`, `remove:0`.

    The first number names an exercise (add) or a place counted from 0; the second, of `add`, is
    the place to add at.
    """

    verb: str
    number: int = 0
    place: int | None = None

    @classmethod
    def parse(cls, pressed: str) -> "Move":
        """Read a button's value; anything unknown saves, which is always safe."""
        verb, *numbers = pressed.split(":")
        if not all(number.isdecimal() and len(number) < 19 for number in numbers):
            return cls("save")
        match verb, [int(number) for number in numbers]:
            case "add", [exercise]:
                return cls("add", exercise)
            case "add", [exercise, place]:
                return cls("add", exercise, place)
            case (("up" | "down" | "remove"), [place]):
                return cls(verb, place)
            case (("publish" | "search"), []):
                return cls(verb)
        return cls("save")

    def applied_to(self, rows: Sequence[Row], added: Row | None = None) -> list[Row]:
        """The rows after the press; a place that is not there changes nothing."""
        rows, place = list(rows), self.number
        if self.verb == "add" and added is not None:
            rows.insert(len(rows) if self.place is None else self.place, added)
        elif place < len(rows):
            match self.verb:
                case "remove":
                    del rows[place]
                case "up" if place > 0:
                    rows[place - 1], rows[place] = rows[place], rows[place - 1]
                case "down" if place + 1 < len(rows):
                    rows[place + 1], rows[place] = rows[place], rows[place + 1]
        return rows
