"""A chart ready for its template: every place worked out, every word said, and its table."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from prescriptions.charts.told import MarkKind

SPARK_HEIGHT = 28  # pixels


@dataclass(frozen=True)
class Point:
    x: str
    y: str


@dataclass(frozen=True)
class Stroke:
    x1: str
    y1: str
    x2: str
    y2: str


@dataclass(frozen=True)
class Box:
    """A part of a column; `kind` names its filling."""

    kind: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Line:
    """A line across the plot, with the words of its label, each with its own height."""

    y: str
    words: tuple[tuple[str, str], ...]
    is_foot: bool


@dataclass(frozen=True)
class DrawnSeries:
    name: str
    sign: str
    points: tuple[Point, ...]
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True)
class DrawnLane:
    title: str
    title_y: str
    lines: tuple[Line, ...]
    series: tuple[DrawnSeries, ...] = ()
    stems: tuple[Stroke, ...] = ()
    boxes: tuple[Box, ...] = ()
    skips: tuple[Point, ...] = ()
    skips_y: str = ""


@dataclass(frozen=True)
class SignRow:
    """The signs of one kind, in a row below the time axis."""

    kind: MarkKind
    y: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class DrawnTick:
    x: str
    word: str
    is_minor: bool


@dataclass(frozen=True)
class Hover:
    """A day's column, with what a pointer that rests on it is told."""

    x: str
    width: str
    words: str


@dataclass(frozen=True)
class TableRow:
    day: date
    cells: tuple[str, ...]
    marks: str


@dataclass(frozen=True)
class Chart:
    """A picture and its table; `name` is its own on the page, for ids."""

    name: str
    title: str
    summary: str
    height: str
    plot_foot: str
    ticks_y: str
    lanes: tuple[DrawnLane, ...]
    ticks: tuple[DrawnTick, ...]
    sign_rows: tuple[SignRow, ...]
    hovers: tuple[Hover, ...]
    head: tuple[str, ...]
    rows: tuple[TableRow, ...]
    key: tuple[tuple[str, str], ...]  # the sign and the word of each thing drawn
    has_marks: bool

    @property
    def cells_with_head(self) -> Iterator[tuple[TableRow, list[tuple[str, str]]]]:
        """Each row with its cells, each cell with the word above it."""
        for row in self.rows:
            yield row, list(zip(self.head, row.cells, strict=True))


@dataclass(frozen=True)
class Spark:
    """A line as small as a word: one number a day, with its meaning in words."""

    words: str
    points: tuple[Point, ...]
    strokes: tuple[Stroke, ...]
    last: Point | None
    foot: str
    height: str = str(SPARK_HEIGHT)
