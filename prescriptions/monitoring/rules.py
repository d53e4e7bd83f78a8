"""What is counted in which year, read from years/*.toml. Plain Python: no database, no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

from exercises.content.tables import Table

HERE = Path(__file__).parent
CHECKED = ("verified", "unverified")


@dataclass(frozen=True)
class Band:
    """From so many to so many, both included."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least}–{self.most}"


@dataclass(frozen=True)
class Source:
    """Where a rule was read, and whether it was read there at all."""

    what: str
    title: str
    address: str
    is_verified: bool
    note: str


@dataclass(frozen=True)
class Rules:
    """The numbers of one calendar year. Days are per window, minutes per calendar month."""

    year: int
    window_days: int
    day_bands: tuple[Band, ...]
    minute_bands: tuple[Band, ...]
    further_minutes: int
    live_contacts: int
    sources: tuple[Source, ...]

    def minute_band(self, minutes: int) -> Band | None:
        """The band of so many whole minutes, the further steps among them; None below the first."""
        last = self.minute_bands[-1].most
        if minutes <= last:
            return _within(self.minute_bands, minutes)
        step = (minutes - last - 1) // self.further_minutes
        return self._further(last + 1 + step * self.further_minutes)

    def further_steps(self, minutes: int) -> int:
        """How many further steps are begun by reaching so many: 3 for 85 where bands end at 39."""
        return max(0, (minutes - self.minute_bands[-1].most - 1) // self.further_minutes + 1)

    def next_minutes(self, minutes: int) -> Band:
        """The next band above so many minutes; there always is one more step."""
        above = next((band for band in self.minute_bands if band.least > minutes), None)
        reached = self.minute_band(minutes)
        return above or self._further((reached or self.minute_bands[-1]).most + 1)

    def _further(self, least: int) -> Band:
        return Band(least, least + self.further_minutes - 1)

    def day_band(self, days: int) -> Band | None:
        return _within(self.day_bands, days)

    def next_days(self, days: int) -> Band | None:
        """The next band above so many days; None in the last."""
        return next((band for band in self.day_bands if band.least > days), None)


RulesOn = Callable[[date], Rules | None]


def rules_on(day: date) -> Rules | None:
    """The rules of the day's year; None where none are on file, and then no band is told."""
    return all_rules().get(day.year)


@cache
def all_rules() -> dict[int, Rules]:
    """By year."""
    paths = sorted((HERE / "years").glob("*.toml"))
    return {
        rules.year: rules
        for rules in (parse(path.read_text(encoding="utf-8"), path.name) for path in paths)
    }


@cache
def wordings() -> dict[str, str]:
    """What patients agree to, by version, the newest last."""
    path = HERE / "consent" / "wordings.toml"
    whole = Table.of(path.read_text(encoding="utf-8"), path.name)
    return {name: " ".join(whole.table(name).take("text", str).split()) for name in whole.names()}


def parse(text: str, origin: str) -> Rules:
    """The rules of one file. Raises CatalogueError, which names the field."""
    whole = Table.of(text, origin)
    rules = Rules(
        year=whole.whole("year", 2020, 2100),
        window_days=whole.whole("window_days", 1, 366),
        day_bands=_bands(whole, "day_bands"),
        minute_bands=_bands(whole, "minute_bands"),
        further_minutes=whole.whole("further_minutes", 1, 1000),
        live_contacts=whole.whole("live_contacts", 0, 100),
        sources=tuple(_source(table) for table in whole.tables("sources")),
    )
    whole.done()
    if f"{rules.year}.toml" != origin:
        raise whole.error("year", "is not the year in the name of the file")
    if rules.day_bands[-1].most != rules.window_days:
        raise whole.error("day_bands", "do not end with the window")
    return rules


def _bands(whole: Table, name: str) -> tuple[Band, ...]:
    pairs = whole.take(name, list)
    bands = tuple(
        Band(*pair)
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and all(type(one) is int for one in pair)
    )
    ends = [end for band in bands for end in (band.least, band.most)]
    follow = all(later.least == earlier.most + 1 for earlier, later in pairwise(bands))
    if not bands or len(bands) < len(pairs) or ends != sorted(set(ends)) or not follow:
        raise whole.error(name, "are not bands of numbers, one after the other without a gap")
    return bands


def _source(table: Table) -> Source:
    checked = table.text("checked")
    if checked not in CHECKED:
        raise table.error("checked", f"{checked!r} is not one of {', '.join(CHECKED)}")
    source = Source(
        what=table.text("what"),
        title=table.text("title"),
        address=table.text("address"),
        is_verified=checked == "verified",
        note=table.text("note"),
    )
    table.done()
    return source


def _within(bands: tuple[Band, ...], number: int) -> Band | None:
    for band in bands:
        if band.least <= number <= band.most:
            return band
    return None
