"""How much of an exercise: sets, repetitions, hold in seconds, times a day."""

from dataclasses import asdict, dataclass
from typing import NamedTuple


class Limit(NamedTuple):
    """What can be typed at all; what is wise for one exercise is narrower."""

    default: int
    least: int
    most: int


LIMITS = {
    "sets": Limit(1, 1, 20),
    "repetitions": Limit(10, 1, 100),
    "hold_seconds": Limit(0, 0, 1800),
    "times_per_day": Limit(1, 1, 24),
}
LABELS = {
    "sets": "Sets",
    "repetitions": "Repetitions",
    "hold_seconds": "Hold (s)",
    "times_per_day": "Times a day",
}
UNITS = {
    "sets": ("set", "sets"),
    "repetitions": ("repetition", "repetitions"),
    "times_per_day": ("time a day", "times a day"),
}


@dataclass(frozen=True)
class Dosage:
    sets: int
    repetitions: int
    hold_seconds: int
    times_per_day: int

    def __str__(self) -> str:
        """As it is read aloud: 2 sets of 10 repetitions, hold 5 s, 3 times a day."""
        sets = "" if self.sets == 1 else f"{_counted('sets', self.sets)} of "
        hold = f", hold {_seconds(self.hold_seconds)}" if self.hold_seconds else ""
        repetitions = _counted("repetitions", self.repetitions)
        times = {1: "once a day", 2: "twice a day"}.get(
            self.times_per_day, _counted("times_per_day", self.times_per_day)
        )
        return f"{sets}{repetitions}{hold}, {times}"

    def as_fields(self) -> dict[str, int]:
        return asdict(self)


def _counted(field: str, amount: int) -> str:
    one, many = UNITS[field]
    return f"{amount} {one if amount == 1 else many}"


def _seconds(seconds: int) -> str:
    if seconds < 120 or seconds % 60:
        return f"{seconds} s"
    return f"{seconds // 60} min"
