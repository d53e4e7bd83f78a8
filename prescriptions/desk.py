"""What a therapist does to the lines on the page before anything is stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exercises.dosage import Dosage

Row = Mapping[str, Any]
# Verbs of buttons, by what their number names.
OF_NOTHING = ("save", "publish", "search", "again", "keep_template")
OF_A_PLACE = ("up", "down", "remove", "repeat")
OF_A_KEY = ("template", "copy")

# Estimates for the workload: there and back beside the hold, and the breath between two sets.
SECONDS_PER_REPETITION = 4
SECONDS_BETWEEN_SETS = 20


@dataclass(frozen=True)
class Move:
    """One press of a button: `save`, `again`, `add:7`, `add:7:2`, `up:1`, `template:5`, …

    The first number names an exercise (add), a template or an edition (copy), or a place counted
    from 0; the second, of `add`, is the place to add at.
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
            case (_, [number]) if verb in (*OF_A_PLACE, *OF_A_KEY):
                return cls(verb, number)
            case (_, []) if verb in OF_NOTHING:
                return cls(verb)
        return cls("save")

    def applied_to(self, rows: Sequence[Row], added: Row | None = None) -> list[Row]:
        """The rows after the press; a place that is not there changes nothing.

        `added` is the row to add, or the dosage to repeat.
        """
        rows, place = list(rows), self.number
        if self.verb == "add" and added is not None:
            rows.insert(len(rows) if self.place is None else self.place, added)
        elif place < len(rows):
            match self.verb:
                case "repeat" if added is not None:
                    rows[place] = {**rows[place], **added}
                case "remove":
                    del rows[place]
                case "up" if place > 0:
                    rows[place - 1], rows[place] = rows[place], rows[place - 1]
                case "down" if place + 1 < len(rows):
                    rows[place + 1], rows[place] = rows[place], rows[place + 1]
        return rows


def joined(rows: Sequence[Row], more: Iterable[Row]) -> list[Row]:
    """The rows with those of `more` whose exercise and side are not there yet."""
    found, there = list(rows), {_key(row) for row in rows}
    for row in more:
        if _key(row) not in there:
            found.append(row)
            there.add(_key(row))
    return found


def _key(row: Row) -> tuple[str, str]:
    return _first(row.get("exercise")), _first(row.get("side", "")) or "none"


def _first(value: Any) -> str:
    """A posted value is a list."""
    return str((value or [""])[0] if isinstance(value, list) else value)


@dataclass(frozen=True)
class Workload:
    """What a programme asks of the patient: how many exercises, and minutes on the fullest day."""

    exercises: int
    minutes: int

    def exceeds(self, *, exercises: int, minutes: int) -> bool:
        return self.exercises > exercises or self.minutes > minutes


def seconds_a_day(dosage: Dosage) -> int:
    """About how long one exercise takes on a day on which it is planned."""
    repetition = SECONDS_PER_REPETITION + dosage.hold_seconds
    pauses = (dosage.sets - 1) * SECONDS_BETWEEN_SETS
    return (dosage.sets * dosage.repetitions * repetition + pauses) * dosage.times_per_day


def workload(lines: Sequence[tuple[Dosage | None, Sequence[int]]]) -> Workload:
    """Of lines as dosage and ISO weekdays; a dosage that is not typed yet counts for nothing."""
    days = [
        sum(seconds_a_day(dosage) for dosage, weekdays in lines if dosage and day in weekdays)
        for day in range(1, 8)
    ]
    return Workload(len(lines), round(max(days) / 60))
