"""An outcome measure as its file says it: read from TOML, and refused where anything is amiss.

Shipped measures are the files of patients/measures/; a clinic adds a licensed one by a text of the
same kind. Plain Python: no database, no request, no clock. docs/measures.md describes the format.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from clinics.marking import translatable

FOLDER = Path(__file__).resolve().parent / "measures"
LANGUAGES = {
    "en": translatable("English"),
    "es": translatable("Spanish"),
    "ar": translatable("Arabic"),
}
LONGEST_FILE = 60_000  # characters
LONGEST_KEY = 40
LONGEST_TITLE = 120
LONGEST_TEXT = 2_000
MOST_ITEMS = 100
MOST_OPTIONS = 12
MOST_ACTIVITIES = 10
MOST_POINTS = 100
MOST_EDITIONS = 1_000
WHOLE_FILE = "the file"


class Kind(StrEnum):
    """How one item is answered."""

    SCALE = "scale"  # a whole number between two ends
    TICK = "tick"  # ticked, or left blank
    YES_NO = "yes_no"
    CHOICE = "choice"  # one of several, each with its points
    ACTIVITY = "activity"  # named by the patient, and then a scale for each


class Method(StrEnum):
    """What is made of the answers."""

    COUNT = "count"  # how many are ticked, or yes
    SUM = "sum"
    MEAN = "mean"
    PERCENT = "percent"  # the points in per cent of the most that the answered items could give


class Higher(StrEnum):
    """What a higher score means."""

    WORSE = "worse"
    BETTER = "better"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: in which file, at which key, and what to do about it."""

    file: str
    key: str
    words: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.words}"


class BadDefinition(Exception):
    """The text is no measure; `problems` says all that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True)
class Option:
    text: str
    points: int


@dataclass(frozen=True)
class Item:
    """One question. `least` and `most` are the points that an answer can give."""

    key: str
    text: str
    kind: Kind
    least: int
    most: int
    lowest_word: str = ""
    highest_word: str = ""
    options: tuple[Option, ...] = ()
    at_most: int = 1  # activities

    @property
    def points(self) -> list[int]:
        """Every answer there is."""
        if self.options:
            return [option.points for option in self.options]
        return list(range(self.least, self.most + 1))


@dataclass(frozen=True)
class Scoring:
    """The rule, in words too; `rule` says what becomes of partial answers."""

    method: Method
    lowest: int
    highest: int
    may_be_missing: int
    rule: str
    source: str


@dataclass(frozen=True)
class Change:
    """A change that is told from chance, or that patients call important, with its source."""

    name: str
    points: Fraction
    source: str
    address: str
    note: str
    is_of_one_item: bool


@dataclass(frozen=True)
class Definition:
    key: str
    edition: int
    title: str
    short: str
    language: str
    instructions: str
    again: str  # instructions where activities were named before
    about: str
    higher_is: Higher
    licence: str
    sources: tuple[str, ...]
    scoring: Scoring
    changes: tuple[Change, ...]
    items: tuple[Item, ...]

    @property
    def activity(self) -> Item | None:
        """The item whose activities the patient names."""
        return next((item for item in self.items if item.kind is Kind.ACTIVITY), None)

    @property
    def is_of_ticks(self) -> bool:
        """Whether a form left blank means something: that nothing of it is so."""
        return all(item.kind is Kind.TICK for item in self.items)

    @property
    def of_the_score(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if not change.is_of_one_item)

    @property
    def of_one_item(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.is_of_one_item)

    @property
    def language_in_words(self) -> str:
        return LANGUAGES[self.language]


@cache
def shipped() -> Mapping[str, tuple[Definition, str]]:
    """Every measure that comes with the product, by key, with its text."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        definition = parse(text, file=path.name)
        found[definition.key] = (definition, text)
    return found


@cache
def read(text: str) -> Definition:
    """A text that was accepted before. Kept, because a page reads the same few again and again."""
    return parse(text)


def parse(text: str, *, file: str = WHOLE_FILE) -> Definition:
    """The measure that the text describes. Raises BadDefinition with everything that is wrong."""
    if len(text) > LONGEST_FILE:
        words = f"has more than {LONGEST_FILE} characters"
        raise BadDefinition([Problem(file, WHOLE_FILE, words)])
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        words = f"is not TOML: {error or 'it is nested too deeply'}"
        raise BadDefinition([Problem(file, WHOLE_FILE, words)]) from error
    reader = _Table(table, "", file, [])
    definition = _definition(reader)
    if reader.problems:
        raise BadDefinition(reader.problems)
    return definition


class _Table:
    """A table of the file; what is missing, of another type or unknown is noted, not raised."""

    def __init__(
        self, values: Mapping[str, Any], where: str, file: str, problems: list[Problem]
    ) -> None:
        self.values, self.where, self.file, self.problems = values, where, file, problems
        self.known: set[str] = set()

    def wrong(self, key: str, words: str) -> None:
        self.problems.append(Problem(self.file, f"{self.where}{key}", words))

    def text(self, key: str, *, most: int = LONGEST_TEXT, needed: bool = True) -> str:
        value = self._take(key, str, "a text", needed=needed)
        value = " ".join((value or "").split())
        if needed and isinstance(self.values.get(key), str) and not value:
            self.wrong(key, "says nothing")
        if len(value) > most:
            self.wrong(key, f"has more than {most} characters")
        if any(not char.isprintable() for char in value):
            self.wrong(key, "has a character that nobody can see")
        return value

    def number(self, key: str, least: int, most: int) -> int:
        value = self._take(key, int, "a whole number")
        if value is None:
            return least
        if not least <= value <= most:
            self.wrong(key, f"has to be from {least} to {most}")
            return least
        return int(value)

    def points(self, key: str) -> Fraction:
        value = self._take(key, (int, Decimal), "a number")
        if value is None:
            return Fraction(1)
        if isinstance(value, Decimal) and not value.is_finite():
            self.wrong(key, "has to be a number")
            return Fraction(1)
        if not 0 < value <= MOST_POINTS:
            self.wrong(key, f"has to be above 0 and at most {MOST_POINTS}")
            return Fraction(1)
        return Fraction(value)

    def one_of(self, key: str, kinds: Sequence[str], default: str = "") -> str:
        value = self.text(key, needed=not default) or default
        if value and value not in kinds:
            self.wrong(key, f"has to be one of: {', '.join(kinds)}")
        return value if value in kinds else kinds[0]

    def table(self, key: str) -> "_Table":
        value = self._take(key, dict, "a table")
        return _Table(value or {}, f"{self.where}{key}.", self.file, self.problems)

    def tables(self, key: str, *, most: int, needed: bool = True) -> Iterator["_Table"]:
        values = self._take(key, list, f"a list: [[{key}]]", needed=needed) or []
        if needed and key in self.values and not values:
            self.wrong(key, "is empty")
        if len(values) > most:
            self.wrong(key, f"has more than {most} entries")
        for number, value in enumerate(values[:most], start=1):
            where = f"{self.where}{key}[{number}]"
            if isinstance(value, dict):
                yield _Table(value, f"{where}.", self.file, self.problems)
            else:
                self.problems.append(Problem(self.file, where, "has to be a table"))

    def texts(self, key: str, *, most: int) -> tuple[str, ...]:
        values = self._take(key, list, "a list of texts") or []
        if key in self.values and not (values and all(isinstance(one, str) for one in values)):
            self.wrong(key, "has to be a list of texts, at least one")
            return ()
        if len(values) > most:
            self.wrong(key, f"has more than {most} entries")
        return tuple(" ".join(one.split()) for one in values)

    def finish(self) -> None:
        """Call it last: what nobody asked for is a slip of the pen, or something not supported."""
        for key in self.values:
            if key not in self.known:
                self.wrong(key, "is not known here")

    def _take(
        self, key: str, kind: type | tuple[type, ...], word: str, *, needed: bool = True
    ) -> Any:
        self.known.add(key)
        if key not in self.values:
            if needed:
                self.wrong(key, "is missing")
            return None
        value = self.values[key]
        # In Python true is a number; here it is not.
        if not isinstance(value, kind) or isinstance(value, bool):
            self.wrong(key, f"has to be {word}")
            return None
        return value


def _definition(table: _Table) -> Definition:
    key = table.text("key", most=LONGEST_KEY)
    if key and not (key.isascii() and key.replace("_", "a").isalnum() and key == key.lower()):
        table.wrong("key", "has to be of small letters, digits and _")
    items = [_item(one) for one in table.tables("items", most=MOST_ITEMS)]
    _items_fit_together(table, items)
    scoring = _scoring(table.table("scoring"), items)
    definition = Definition(
        key=key,
        edition=table.number("edition", 1, MOST_EDITIONS),
        title=table.text("title", most=LONGEST_TITLE),
        short=table.text("short", most=20),
        language=table.one_of("language", list(LANGUAGES)),
        instructions=table.text("instructions"),
        again=table.text("again", needed=False),
        about=table.text("about", most=300),
        higher_is=Higher(table.one_of("higher_is", list(Higher))),
        licence=table.text("licence"),
        sources=table.texts("sources", most=10),
        scoring=scoring,
        changes=tuple(
            _change(one, scoring) for one in table.tables("change", most=6, needed=False)
        ),
        items=tuple(items),
    )
    table.finish()
    return definition


def _item(table: _Table) -> Item:
    key = table.text("key", most=LONGEST_KEY)
    kind = Kind(table.one_of("kind", list(Kind)))
    item = _MADE[kind](table, key, table.text("text"), kind)
    table.finish()
    return item


def _scale(table: _Table, key: str, text: str, kind: Kind) -> Item:
    least = table.number("lowest", 0, MOST_POINTS)
    most = table.number("highest", 0, MOST_POINTS)
    if least >= most:
        table.wrong("highest", "has to be above lowest")
    return Item(
        key,
        text,
        kind,
        least,
        max(least, most),
        lowest_word=table.text("lowest_word", most=200),
        highest_word=table.text("highest_word", most=200),
        at_most=table.number("at_most", 1, MOST_ACTIVITIES) if kind is Kind.ACTIVITY else 1,
    )


def _yes_or_no(table: _Table, key: str, text: str, kind: Kind) -> Item:
    return Item(key, text, kind, 0, 1)


def _choice(table: _Table, key: str, text: str, kind: Kind) -> Item:
    options = []
    for one in table.tables("options", most=MOST_OPTIONS):
        options.append(Option(one.text("text"), one.number("points", 0, MOST_POINTS)))
        one.finish()
    points = [option.points for option in options]
    if len(options) < 2:
        table.wrong("options", "needs at least two")
    if len(set(points)) < len(points):
        table.wrong("options", "have the same points twice, so that an answer could not be told")
    return Item(
        key, text, kind, min(points, default=0), max(points, default=1), options=tuple(options)
    )


_MADE: Mapping[Kind, Callable[[_Table, str, str, Kind], Item]] = {
    Kind.SCALE: _scale,
    Kind.ACTIVITY: _scale,
    Kind.TICK: _yes_or_no,
    Kind.YES_NO: _yes_or_no,
    Kind.CHOICE: _choice,
}


def _items_fit_together(table: _Table, items: Sequence[Item]) -> None:
    keys = [item.key for item in items]
    for number, key in enumerate(keys, start=1):
        if key and key in keys[: number - 1]:
            table.wrong(f"items[{number}].key", f"{key} is there already")
        if key and not (key.isascii() and key.replace("_", "a").isalnum()):
            table.wrong(f"items[{number}].key", "has to be of letters, digits and _")
    activities = [item for item in items if item.kind is Kind.ACTIVITY]
    if activities and len(items) > 1:
        table.wrong("items", "an item of the kind activity stands alone")


def _scoring(table: _Table, items: Sequence[Item]) -> Scoring:
    before = len(table.problems)
    method = Method(table.one_of("method", list(Method)))
    scoring = Scoring(
        method=method,
        lowest=table.number("lowest", 0, MOST_POINTS * MOST_ITEMS),
        highest=table.number("highest", 0, MOST_POINTS * MOST_ITEMS),
        may_be_missing=table.number("may_be_missing", 0, MOST_ITEMS),
        rule=table.text("rule"),
        source=table.text("source"),
    )
    if items and len(table.problems) == before:
        _scoring_fits(table, scoring, items)
    table.finish()
    return scoring


def _scoring_fits(table: _Table, scoring: Scoring, items: Sequence[Item]) -> None:
    method = scoring.method
    if method is Method.COUNT and any(one.kind not in {Kind.TICK, Kind.YES_NO} for one in items):
        table.wrong("method", "count is for items that are ticked, or answered with yes or no")
        return
    if method in {Method.COUNT, Method.SUM} and scoring.may_be_missing:
        table.wrong(
            "may_be_missing",
            "has to be 0: what is missing would count as nothing. A mean or a percent can be made"
            " of the answers that are there",
        )
    if scoring.may_be_missing >= len(items) and scoring.may_be_missing:
        table.wrong("may_be_missing", "has to leave at least one item")
    if method is Method.SUM and any(one.kind is Kind.ACTIVITY for one in items):
        table.wrong("method", "activities are as many as the patient names: use mean")
        return
    if method is Method.PERCENT and any(one.least for one in items):
        table.wrong("method", "percent is for items that begin at 0")
        return
    expected = _range(method, items)
    if (scoring.lowest, scoring.highest) != expected:
        table.wrong(
            "lowest",
            f"and highest say {scoring.lowest} to {scoring.highest}, and the items give"
            f" {expected[0]} to {expected[1]}",
        )


def _range(method: Method, items: Sequence[Item]) -> tuple[int, int]:
    """The lowest and highest score that answers to all items can give."""
    least, most = [one.least for one in items], [one.most for one in items]
    if method is Method.PERCENT:
        return 0, 100
    if method is Method.MEAN:
        # Whole numbers, as every mean of whole ends of the same scale is.
        return sum(least) // len(least), -(-sum(most) // len(most))
    return sum(least), sum(most)


def _change(table: _Table, scoring: Scoring) -> Change:
    change = Change(
        name=table.text("name", most=LONGEST_TITLE),
        points=table.points("points"),
        source=table.text("source"),
        address=table.text("address", most=200, needed=False),
        note=table.text("note", needed=False),
        is_of_one_item=table.one_of("of", ["score", "item"], default="score") == "item",
    )
    if change.address and not change.address.startswith("https://"):
        table.wrong("address", "has to begin with https://")
    if change.points > scoring.highest - scoring.lowest:
        table.wrong("points", "is more than the whole range of the score")
    table.finish()
    return change
