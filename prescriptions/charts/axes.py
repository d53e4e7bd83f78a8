"""The two axes of a chart: days across, whole numbers upwards."""

from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)
MONDAY = 1
# From here on weeks would stand too close.
MOST_DAYS_BY_WEEK = 120
# A tick nearer to the end has no room for its word: days, and a share of a long axis.
DAYS_FOR_A_WORD = 7
ROOM_FOR_A_MONTH = 0.06


@dataclass(frozen=True)
class Tick:
    """The beginning of a week or a month; `word` is empty where it would run out of the picture."""

    x: float
    word: str
    is_minor: bool  # left out on a narrow screen


@dataclass(frozen=True)
class TimeAxis:
    """Whole days side by side, each in a column of the same width, however long its hours."""

    first: date
    number: int

    @property
    def last(self) -> date:
        return self.first + (self.number - 1) * ONE_DAY

    @property
    def days(self) -> list[date]:
        return [self.first + place * ONE_DAY for place in range(self.number)]

    @property
    def column(self) -> float:
        """How wide a day is, in per cent."""
        return 100 / self.number

    def edge(self, day: date) -> float:
        """Where the column of the day begins. Raises ValueError for a day off the axis."""
        place = (day - self.first).days
        if not 0 <= place < self.number:
            raise ValueError(f"{day} is not between {self.first} and {self.last}")
        return place * self.column

    def middle(self, day: date) -> float:
        return self.edge(day) + self.column / 2

    @property
    def ticks(self) -> list[Tick]:
        """Every Monday; of many weeks the first day of each month."""
        is_long = self.number > MOST_DAYS_BY_WEEK
        begins = [
            day for day in self.days if (day.day == 1 if is_long else day.isoweekday() == MONDAY)
        ]
        return [
            Tick(self.edge(day), self._word(day, is_long=is_long), is_minor=bool(number % 2))
            for number, day in enumerate(begins)
        ]

    def _word(self, day: date, *, is_long: bool) -> str:
        left = (self.last - day).days + 1
        if is_long:
            return f"{day:%b}" if left >= self.number * ROOM_FOR_A_MONTH else ""
        return f"{day:%-d %b}" if left >= DAYS_FOR_A_WORD else ""


@dataclass(frozen=True)
class Scale:
    """Whole numbers from 0 at the foot to `most` at the top, `step` pixels apart."""

    most: int
    step: float
    top: float = 0

    @property
    def foot(self) -> float:
        return self.top + self.most * self.step

    def y(self, value: int) -> float:
        """Raises ValueError for a number that is not on the scale."""
        if not 0 <= value <= self.most:
            raise ValueError(f"{value} is not between 0 and {self.most}")
        return self.top + (self.most - value) * self.step
