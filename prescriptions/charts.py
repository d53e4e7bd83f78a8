"""Charts as geometry: where each point, line and sign of a picture stands. Plain Python.

Along the time axis a place is a share of the width in per cent, so that a chart fits every screen
while its words keep their size; up and down it is pixels from the top. The same dataclasses carry
the table that stands beside each picture, so that both tell the same numbers.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from textwrap import wrap

ONE_DAY = timedelta(days=1)
MONDAY = 1
LANE_TITLE = 22  # pixels above the first line of a lane
SKIP_ROW = 16
LANE_GAP = 12
TICK_ROW = 22
SIGN_ROW = 18
LINE_HEIGHT = 12  # of a label that is broken into several lines
LONGEST_LABEL_LINE = 16
# A tick nearer to the end has no room for its word.
DAYS_FOR_A_WORD = 7
SPARK_HEIGHT = 28
SPARK_ROOM = 3  # above the highest and below the lowest point
NO_ANSWER = "–"


# --- The two axes ---


@dataclass(frozen=True)
class Tick:
    """The beginning of a week; `word` is empty where it would run out of the picture."""

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
        """Every Monday."""
        mondays = [day for day in self.days if day.isoweekday() == MONDAY]
        return [
            Tick(
                self.edge(day),
                f"{day:%-d %b}" if (self.last - day).days >= DAYS_FOR_A_WORD - 1 else "",
                is_minor=bool(number % 2),
            )
            for number, day in enumerate(mondays)
        ]


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


# --- What is told ---


class MarkKind(StrEnum):
    """What is marked on the time axis, and the word beside its sign."""

    EDITION = "edition"
    TEST = "test"
    ALERT = "alert"

    @property
    def word(self) -> str:
        return MARK_KIND_WORDS[self]


MARK_KIND_WORDS = {
    MarkKind.EDITION: "New edition",
    MarkKind.TEST: "Direction test",
    MarkKind.ALERT: "Alert",
}


@dataclass(frozen=True)
class Mark:
    """Something that happened on a day and may explain what follows it."""

    kind: MarkKind
    day: date
    words: str


@dataclass(frozen=True)
class Said:
    """The answers of one day in their order; None for one that was skipped."""

    answers: tuple[int | None, ...]

    @property
    def worst(self) -> int | None:
        """The highest answer; None when nothing was answered."""
        return max((answer for answer in self.answers if answer is not None), default=None)

    @property
    def was_skipped(self) -> bool:
        return bool(self.answers) and self.worst is None

    def in_words(self, word: Callable[[int], str]) -> str:
        return ", ".join("skipped" if answer is None else word(answer) for answer in self.answers)


@dataclass(frozen=True)
class Series:
    """One line of answers; `sign` is the shape of its points: ring or dot."""

    name: str
    sign: str
    said: Mapping[date, Said]
    is_joined: bool = True  # points of days that follow each other are joined


@dataclass(frozen=True)
class Lane:
    """Series over one scale; two series are joined day by day, from the first to the second."""

    title: str
    series: tuple[Series, ...]
    most: int
    step: float
    labels: Mapping[int, str]
    word: Callable[[int], str] = str
    most_word: str = "highest"


@dataclass(frozen=True)
class Tally:
    """The sessions of one day: those of the plan, each counted once, and those beyond it."""

    done: int = 0
    part: int = 0
    refused: int = 0  # said that it was not done
    not_logged: int = 0
    open: int = 0  # planned for a day that is not over
    extra: int = 0  # done or partly done, and not planned

    @property
    def planned(self) -> int:
        return self.done + self.part + self.refused + self.not_logged + self.open

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{name: count + vars(other)[name] for name, count in vars(self).items()})


def tally(outcomes: Sequence[str], *, planned: int, is_open: bool) -> Tally:
    """One exercise on one day, from its outcomes ("done", "part", "no"); the best count first."""
    whole, part, refused = (outcomes.count(said) for said in ("done", "part", "no"))
    done = min(whole, planned)
    partly = min(part, planned - done)
    not_done = min(refused, planned - done - partly)
    left = planned - done - partly - not_done
    return Tally(
        done=done,
        part=partly,
        refused=not_done,
        not_logged=0 if is_open else left,
        open=left if is_open else 0,
        extra=whole + part - done - partly,
    )


# --- What is drawn ---


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


def line_chart(
    name: str, title: str, *, axis: TimeAxis, lanes: Sequence[Lane], marks: Sequence[Mark]
) -> Chart:
    """Answers by day, lane below lane. A day without an answer has no point, and no line to it."""
    drawn, foot = [], 0.0
    for lane in lanes:
        skipped = _skipped_days(lane, axis)
        scale = Scale(lane.most, lane.step, top=foot + LANE_TITLE)
        drawn.append(_drawn_lane(lane, axis, scale, skipped, title_y=foot + LANE_TITLE - 10))
        foot = scale.foot + (SKIP_ROW if skipped else 0) + LANE_GAP
    series = [(lane, one) for lane in lanes for one in lane.series]
    by_day = {
        day: tuple(
            one.said[day].in_words(lane.word) if day in one.said else NO_ANSWER
            for lane, one in series
        )
        for day in axis.days
        if any(day in one.said for _, one in series)
    }
    by_sign: dict[str, list[str]] = defaultdict(list)
    for _, one in series:
        by_sign[one.sign].append(one.name.lower())
    key = [(sign, ", ".join(names)) for sign, names in by_sign.items()]
    if any(lane.skips for lane in drawn):
        key.append(("skip", "skipped"))
    return _chart(
        name,
        title,
        summary=" ".join(
            [_days_answered(axis, [one for _, one in series])]
            + [_in_short(lane, one, axis) for lane, one in series]
        ).strip(),
        axis=axis,
        foot=foot - LANE_GAP,
        lanes=drawn,
        marks=marks,
        head=tuple(one.name for _, one in series),
        by_day=by_day,
        key=key,
    )


# Bottom up, as they are stacked, with the words of the key and of the table.
PARTS = {
    "done": "done",
    "part": "partly done",
    "refused": "said not done",
    "not_logged": "not logged",
    "open": "still open",
    "extra": "more than planned",
}
COLUMN_HEIGHT = 96
COLUMN_FILL = 0.7  # of the width of a day


def column_chart(
    name: str,
    title: str,
    *,
    axis: TimeAxis,
    tallies: Mapping[date, Tally],
    marks: Sequence[Mark],
    summary: str,
) -> Chart:
    """What was done of what was planned, a column for each day."""
    most = max((one.planned + one.extra for one in tallies.values()), default=0) or 1
    scale = Scale(most, COLUMN_HEIGHT / most, top=LANE_TITLE)
    boxes = tuple(
        box
        for day in axis.days
        if day in tallies
        for box in _boxes(tallies[day], axis.edge(day), axis.column, scale)
    )
    found = {box.kind for box in boxes}
    labels = {0: "0", most: str(most)}
    lane = DrawnLane("Sessions a day", _px(LANE_TITLE - 10), _lines(labels, scale), boxes=boxes)
    used = [part for part in PARTS if part in found]
    by_day = {
        day: (str(one.planned), *(str(vars(one)[part]) for part in used))
        for day, one in sorted(tallies.items())
        if one.planned or one.extra
    }
    return _chart(
        name,
        title,
        summary=summary,
        axis=axis,
        foot=scale.foot,
        lanes=[lane],
        marks=marks,
        head=("Planned", *(PARTS[part].capitalize() for part in used)),
        by_day=by_day,
        key=[(part, PARTS[part]) for part in used],
    )


@dataclass(frozen=True)
class Spark:
    """A line as small as a word: one number a day, with its meaning in words."""

    words: str
    points: tuple[Point, ...]
    strokes: tuple[Stroke, ...]
    last: Point | None
    foot: str
    height: str = str(SPARK_HEIGHT)


def spark(*, axis: TimeAxis, values: Mapping[date, int], most: int, what: str) -> Spark:
    """The line of one number a day, from 0 to `most`; `what` says which number it is."""
    step = (SPARK_HEIGHT - 2 * SPARK_ROOM) / most
    scale = Scale(most, step, top=SPARK_ROOM)
    days = [day for day in axis.days if day in values]
    points = tuple(_point(axis, scale, day, values[day]) for day in days)
    if days:
        highest = max(days, key=lambda day: values[day])
        told = (
            f"highest {values[highest]} on {_day(highest)}, last {values[days[-1]]} on"
            f" {_day(days[-1])}; answered on {_days(len(days))}"
        )
    else:
        told = f"no answer in {axis.number} days"
    return Spark(
        words=f"{what}: {told}.",
        points=points,
        strokes=_strokes(axis, scale, values),
        last=points[-1] if points else None,
        foot=_px(scale.foot),
    )


def _chart(
    name: str,
    title: str,
    *,
    summary: str,
    axis: TimeAxis,
    foot: float,
    lanes: Sequence[DrawnLane],
    marks: Sequence[Mark],
    head: tuple[str, ...],
    by_day: Mapping[date, tuple[str, ...]],
    key: Sequence[tuple[str, str]],
) -> Chart:
    """Put the time axis and the signs below the lanes, and the table beside them."""
    happened = {
        day: ". ".join(mark.words.rstrip(".") for mark in marks if mark.day == day)
        for day in axis.days
        if any(mark.day == day for mark in marks)
    }
    sign_rows: list[SignRow] = []
    signs_top = foot + TICK_ROW + SIGN_ROW / 2
    for kind in MarkKind:
        days = sorted({mark.day for mark in marks if mark.kind is kind})
        if days:
            y = _px(signs_top + len(sign_rows) * SIGN_ROW)
            points = tuple(Point(_percent(axis.middle(day)), y) for day in days)
            sign_rows.append(SignRow(kind, y, points))
    no_answers = (NO_ANSWER,) * len(head)
    rows = tuple(
        TableRow(day, by_day.get(day, no_answers), happened.get(day, ""))
        for day in axis.days
        if day in by_day or day in happened
    )
    return Chart(
        name=name,
        title=title,
        summary=summary,
        height=_px(foot + TICK_ROW + len(sign_rows) * SIGN_ROW),
        plot_foot=_px(foot),
        ticks_y=_px(foot + 15),
        lanes=tuple(lanes),
        ticks=tuple(DrawnTick(_percent(t.x), t.word, t.is_minor) for t in axis.ticks),
        sign_rows=tuple(sign_rows),
        hovers=tuple(
            Hover(_percent(axis.edge(row.day)), _percent(axis.column), _row_in_words(head, row))
            for row in rows
        ),
        head=head,
        rows=rows,
        key=tuple(key),
        has_marks=bool(happened),
    )


def _drawn_lane(
    lane: Lane, axis: TimeAxis, scale: Scale, skipped: Sequence[date], *, title_y: float
) -> DrawnLane:
    values = [_values(one, axis) for one in lane.series]
    series = tuple(
        DrawnSeries(
            one.name,
            one.sign,
            tuple(_point(axis, scale, day, value) for day, value in found.items()),
            _strokes(axis, scale, found) if one.is_joined else (),
        )
        for one, found in zip(lane.series, values, strict=True)
    )
    stems = tuple(
        Stroke(
            _percent(axis.middle(day)),
            _px(scale.y(first[day])),
            _percent(axis.middle(day)),
            _px(scale.y(second[day])),
        )
        for first, second in pairwise(values)
        for day in first
        if day in second and first[day] != second[day]
    )
    skips_y = _px(scale.foot + SKIP_ROW - 4)
    return DrawnLane(
        lane.title,
        _px(title_y),
        _lines(lane.labels, scale),
        series=series,
        stems=stems,
        skips=tuple(Point(_percent(axis.middle(day)), skips_y) for day in skipped),
        skips_y=skips_y,
    )


def _values(series: Series, axis: TimeAxis) -> dict[date, int]:
    """The worst answer of each day that has one."""
    worst = {day: series.said[day].worst for day in axis.days if day in series.said}
    return {day: value for day, value in worst.items() if value is not None}


def _skipped_days(lane: Lane, axis: TimeAxis) -> list[date]:
    """Days on which a question of this lane was asked and nobody answered it."""
    return [
        day
        for day in axis.days
        if any(day in one.said and one.said[day].was_skipped for one in lane.series)
    ]


def _strokes(axis: TimeAxis, scale: Scale, values: Mapping[date, int]) -> tuple[Stroke, ...]:
    """Lines between days that follow each other and both have a value."""
    return tuple(
        Stroke(
            _percent(axis.middle(day)),
            _px(scale.y(values[day])),
            _percent(axis.middle(following)),
            _px(scale.y(values[following])),
        )
        for day, following in pairwise(axis.days)
        if day in values and following in values
    )


def _boxes(one: Tally, edge: float, column: float, scale: Scale) -> Iterator[Box]:
    below = 0
    for part in PARTS:
        count = vars(one)[part]
        if count:
            top, bottom = scale.y(below + count), scale.y(below)
            yield Box(
                part,
                _percent(edge + column * (1 - COLUMN_FILL) / 2),
                _px(top),
                _percent(column * COLUMN_FILL),
                _px(bottom - top),
            )
            below += count


def _lines(labels: Mapping[int, str], scale: Scale) -> tuple[Line, ...]:
    return tuple(
        Line(_px(scale.y(value)), tuple(_broken(label, scale.y(value))), value == 0)
        for value, label in labels.items()
    )


def _broken(label: str, middle: float) -> Iterator[tuple[str, str]]:
    """The label in short lines, the whole of them centred beside its line of the plot."""
    lines = wrap(label, LONGEST_LABEL_LINE)
    top = middle + 4 - (len(lines) - 1) * LINE_HEIGHT / 2
    for number, line in enumerate(lines):
        yield line, _px(top + number * LINE_HEIGHT)


def _days_answered(axis: TimeAxis, series: Iterable[Series]) -> str:
    answered = {day for one in series for day in _values(one, axis)}
    return f"Answered on {_days(len(answered))}."


def _in_short(lane: Lane, series: Series, axis: TimeAxis) -> str:
    values = list(_values(series, axis).values())
    if not values:
        return ""
    first, last, highest = (lane.word(value) for value in (values[0], values[-1], max(values)))
    return f"{series.name}: first {first}, last {last}, {lane.most_word} {highest}."


def _row_in_words(head: Sequence[str], row: TableRow) -> str:
    told = [
        f"{name.lower()} {cell}"
        for name, cell in zip(head, row.cells, strict=True)
        if cell != NO_ANSWER
    ]
    return ". ".join(part for part in (f"{row.day:%a %-d %b}", ", ".join(told), row.marks) if part)


def _point(axis: TimeAxis, scale: Scale, day: date, value: int) -> Point:
    return Point(_percent(axis.middle(day)), _px(scale.y(value)))


def _percent(share: float) -> str:
    return f"{share:.3f}%"


def _px(pixels: float) -> str:
    return f"{pixels:.1f}"


def _day(day: date) -> str:
    return f"{day:%-d %b}"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
