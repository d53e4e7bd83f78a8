"""Reads TOML tables strictly: every field must be known, of its kind, and present."""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from exercises.content.records import Statement
from exercises.vocabulary import Term

_CODE = re.compile(r"[A-Z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")

T = TypeVar("T")
TermT = TypeVar("TermT", bound=Term)


class CatalogueError(ValueError):
    """A catalogue file is wrong: names the file, the field and what is wrong with it."""

    def __init__(self, origin: str, field_name: str, problem: str) -> None:
        super().__init__(f"{origin}: {field_name}: {problem}")
        self.origin = origin
        self.field = field_name
        self.problem = problem


class Table:
    """One TOML table, taken field by field; what is left in the end is unknown."""

    def __init__(self, values: Mapping[str, object], origin: str, path: str = "") -> None:
        self._left = dict(values)
        self._origin = origin
        self._path = path

    @classmethod
    def of(cls, text: str, origin: str) -> "Table":
        try:
            return cls(tomllib.loads(text), origin)
        except tomllib.TOMLDecodeError as error:
            raise CatalogueError(origin, "file", f"is not TOML: {error}") from error

    def error(self, name: str, problem: str) -> CatalogueError:
        return CatalogueError(self._origin, self._path + name, problem)

    def done(self) -> None:
        if self._left:
            raise self.error(next(iter(self._left)), "is not a field of the catalogue")

    def has(self, name: str) -> bool:
        return name in self._left

    def names(self) -> list[str]:
        return list(self._left)

    def is_table(self, name: str) -> bool:
        return isinstance(self._left[name], dict)

    def take(self, name: str, kind: type[T], *, default: T | None = None) -> T:
        if name not in self._left:
            if default is None:
                raise self.error(name, "is missing")
            return default
        value = self._left.pop(name)
        # Not isinstance: true is no whole number, and a time is no day.
        if type(value) is not kind:
            raise self.error(name, f"{value!r} is not {_KIND_NAMES[kind]}")
        return value

    def text(self, name: str, *, optional: bool = False) -> str:
        if optional and not self.has(name):
            return ""
        return self._stated(name, self.take(name, str))

    def texts(self, name: str, *, optional: bool = False) -> tuple[str, ...]:
        if optional and not self.has(name):
            return ()
        values = self.take(name, list)
        texts = tuple(self._stated(name, value) for value in values)
        if not texts:
            raise self.error(name, "is empty")
        if len(set(texts)) < len(texts):
            raise self.error(name, "says the same thing twice")
        return texts

    def _stated(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.error(name, f"{value!r} is not a text")
        if not value or value != value.strip():
            raise self.error(name, "is empty or has blanks around it")
        return value

    def statement(self, name: str, known: Collection[str], *, optional: bool = False) -> str:
        """A text whose trailing brackets name only known keys."""
        text = self.text(name, optional=optional)
        self._check_statements(name, [text] if text else [], known)
        return text

    def statements(
        self, name: str, known: Collection[str], *, optional: bool = False
    ) -> tuple[str, ...]:
        """Texts whose trailing brackets name only known keys."""
        texts = self.texts(name, optional=optional)
        self._check_statements(name, texts, known)
        return texts

    def keys(self, name: str, known: Collection[str]) -> tuple[str, ...]:
        """Known keys, written as texts."""
        keys = self.texts(name, optional=True)
        self._check_keys(name, keys, known)
        return keys

    def _check_statements(self, name: str, texts: Iterable[str], known: Collection[str]) -> None:
        for raw in texts:
            statement = Statement.parse(raw)
            if not statement.text or "[" in statement.text or "]" in statement.text:
                raise self.error(name, f"brackets stand only at the end, around keys: {raw!r}")
            self._check_keys(name, (*statement.sources, *statement.facts), known)

    def _check_keys(self, name: str, keys: Iterable[str], known: Collection[str]) -> None:
        for key in keys:
            if key not in known:
                raise self.error(name, f"there is no source or fact {key}")

    def term(self, name: str, kind: type[TermT]) -> TermT:
        return self._term(name, self.text(name), kind)

    def terms(self, name: str, kind: type[TermT]) -> tuple[TermT, ...]:
        texts = self.texts(name, optional=True)
        return tuple(self._term(name, text, kind) for text in texts)

    def _term(self, name: str, text: str, kind: type[TermT]) -> TermT:
        if text not in list(kind):
            raise self.error(name, f"{text!r} is not one of {', '.join(kind)}")
        return kind(text)

    def code(self, name: str, *, optional: bool = False) -> str:
        text = self.text(name, optional=optional)
        if text:
            self._check_code(name, text)
        return text

    def codes(self, name: str) -> tuple[str, ...]:
        texts = self.texts(name, optional=True)
        for text in texts:
            self._check_code(name, text)
        return texts

    def _check_code(self, name: str, text: str) -> None:
        if not _CODE.fullmatch(text):
            raise self.error(name, f"{text!r} is not a code such as FIL")

    def whole(self, name: str, least: int, most: int) -> int:
        value = self.take(name, int)
        if not least <= value <= most:
            raise self.error(name, f"{value} is not from {least} to {most}")
        return value

    def bounds(self, name: str) -> tuple[int, int] | None:
        if not self.has(name):
            return None
        match self.take(name, list):
            case [int(low), int(high)] if 0 <= low <= high:
                return low, high
        raise self.error(name, "is not a pair of the least and the most")

    def number(self, name: str) -> float:
        return self._numbers(name, [self._left.pop(name, None)], 1)[0]

    def numbers(self, name: str, count: int) -> list[float]:
        return self._numbers(name, self.take(name, list), count)

    def points(self, name: str, count: int) -> list[list[float]]:
        points = self.take(name, list)
        if len(points) != count:
            raise self.error(name, f"has {len(points)} points, not {count}")
        return [self._numbers(name, point, 2) for point in points]

    def _numbers(self, name: str, values: object, count: int) -> list[float]:
        numbers = values if isinstance(values, list) else []
        if len(numbers) != count or any(type(n) not in {int, float} for n in numbers):
            raise self.error(name, f"{values!r} is not {count} numbers")
        return numbers

    def review(self) -> dict[str, Any]:
        """When the text was checked, when it is due again, who signed it, and its licence."""
        review: dict[str, Any] = {
            "reviewed_on": self.take("reviewed_on", date),
            "review_due": self.take("review_due", date),
            # Empty until a licensed therapist has signed the text.
            "reviewer": self.take("reviewer", str),
            "licence": self.text("licence"),
        }
        if review["review_due"] <= review["reviewed_on"]:
            raise self.error("review_due", "is not after reviewed_on")
        return review

    def table(self, name: str) -> "Table":
        return self._inner(name, self.take(name, dict))

    def tables(self, name: str, *, optional: bool = False) -> list["Table"]:
        if optional and not self.has(name):
            return []
        rows = self.take(name, list)
        if not rows or not all(isinstance(row, dict) for row in rows):
            raise self.error(name, "is not a list of tables")
        return [self._inner(f"{name}[{number}]", row) for number, row in enumerate(rows, start=1)]

    def _inner(self, name: str, values: dict[str, object]) -> "Table":
        return Table(values, self._origin, f"{self._path}{name}.")


_KIND_NAMES: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    date: "a day",
    list: "a list",
    dict: "a table",
}
