"""Draws a chart: from what is told to where each point, line and sign of the picture stands."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from textwrap import wrap

from prescriptions.adherence import Tally
from prescriptions.charts.axes import Scale, TimeAxis
from prescriptions.charts.drawn import (
    SPARK_HEIGHT,
    Box,
    Chart,
    DrawnLane,
    DrawnSeries,
    DrawnTick,
    Hover,
    Line,
    Point,
    SignRow,
    Spark,
    Stroke,
    TableRow,
)
from prescriptions.charts.told import Lane, Mark, MarkKind, Series

LANE_TITLE = 22  # pixels above the first line of a lane
SKIP_ROW = 16
LANE_GAP = 12
TICK_ROW = 22
SIGN_ROW = 18
LINE_HEIGHT = 12  # of a label that is broken into several lines
LONGEST_LABEL_LINE = 16
SPARK_ROOM = 3  # above the highest and below the lowest point
NO_ANSWER = "–"


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
