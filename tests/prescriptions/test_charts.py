from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prescriptions.adherence import cell
from prescriptions.charts import (
    NO_ANSWER,
    PARTS,
    Lane,
    Mark,
    MarkKind,
    Said,
    Scale,
    Series,
    Tally,
    TimeAxis,
    column_chart,
    line_chart,
    spark,
    tally,
)
from prescriptions.charts.axes import MOST_DAYS_BY_WEEK

FIRST = date(2026, 5, 4)  # a Monday
AXIS = TimeAxis(FIRST, 14)
DAY = timedelta(days=1)

fixed = settings(max_examples=50)
axes = st.builds(TimeAxis, st.dates(date(2000, 1, 1), date(2190, 1, 1)), st.integers(1, 400))
scales = st.builds(Scale, most=st.integers(1, 200), step=st.floats(0.5, 40), top=st.floats(0, 500))
# What may be said on a day: asked once or more often, answered or skipped; or not asked at all.
answers = st.lists(st.none() | st.integers(0, 10), min_size=1, max_size=4).map(tuple)
histories = st.dictionaries(st.sampled_from(AXIS.days), answers.map(Said))


def pain(said, *, sign="dot", name="After", **more) -> Series:
    return Series(name, sign, said, **more)


def lane(*series: Series, step: float = 8) -> Lane:
    return Lane("Pain", series, 10, step, {0: "0", 10: "10"})


def chart_of(*series: Series, marks=()):
    return line_chart("pain", "Pain", axis=AXIS, lanes=[lane(*series)], marks=marks)


def value_at(y: str, *, step: float = 8) -> int:
    """The number that a drawn height stands for, read back from the picture."""
    top = 22  # below the lane's title
    value = 10 - (float(y) - top) / step
    assert value == pytest.approx(round(value))
    return round(value)


def day_at(x: str, axis: TimeAxis = AXIS) -> date:
    assert x.endswith("%")
    return axis.days[int(float(x[:-1]) / 100 * axis.number)]


def drawn(series) -> dict[date, int]:
    return {day_at(point.x): value_at(point.y) for point in series.points}


# The axes


@fixed
@given(axes)
def test_days_stand_side_by_side_and_fill_the_width(axis):
    edges = [axis.edge(day) for day in axis.days]
    assert edges[0] == 0
    assert edges[-1] + axis.column == pytest.approx(100)
    assert edges == sorted(set(edges))
    for day in axis.days:
        assert axis.edge(day) < axis.middle(day) < axis.edge(day) + axis.column
    assert (axis.days[0], axis.days[-1], len(axis.days)) == (axis.first, axis.last, axis.number)


@fixed
@given(axes, st.integers(1, 500))
def test_a_day_off_the_axis_has_no_place(axis, far):
    for day in (axis.first - far * DAY, axis.last + far * DAY):
        with pytest.raises(ValueError, match="is not between"):
            axis.middle(day)


@fixed
@given(axes.filter(lambda axis: axis.number > MOST_DAYS_BY_WEEK))
def test_ticks_of_many_weeks_are_the_first_days_of_months(axis):
    firsts = [day for day in axis.days if day.day == 1]
    assert [tick.x for tick in axis.ticks] == [axis.edge(day) for day in firsts]
    for day, tick in zip(firsts, axis.ticks, strict=True):
        assert tick.word in {"", f"{day:%b}"}


@fixed
@given(axes.filter(lambda axis: axis.number <= MOST_DAYS_BY_WEEK))
def test_ticks_are_the_mondays_and_their_words_have_room(axis):
    mondays = [day for day in axis.days if day.weekday() == 0]
    assert [tick.x for tick in axis.ticks] == [axis.edge(day) for day in mondays]
    for day, tick in zip(mondays, axis.ticks, strict=True):
        assert tick.word == (f"{day:%-d %b}" if axis.last - day >= 6 * DAY else "")
    assert [tick.is_minor for tick in axis.ticks] == [
        number % 2 == 1 for number in range(len(mondays))
    ]


@pytest.mark.parametrize("change", [date(2026, 3, 8), date(2026, 10, 25), date(2026, 11, 1)])
def test_the_day_on_which_the_clock_changes_is_as_wide_as_any(change):
    axis = TimeAxis(change - 3 * DAY, 7)
    widths = {
        round(axis.edge(following) - axis.edge(day), 9)
        for day, following in zip(axis.days, axis.days[1:], strict=False)
    }
    assert widths == {round(axis.column, 9)}


@fixed
@given(scales, st.data())
def test_a_larger_number_stands_higher_by_as_much_as_it_is_larger(scale, data):
    numbers = st.integers(0, scale.most)
    low, high = sorted([data.draw(numbers), data.draw(numbers)])
    assert scale.y(low) - scale.y(high) == pytest.approx((high - low) * scale.step)
    assert scale.y(0) == pytest.approx(scale.foot)
    assert scale.y(scale.most) == scale.top


@fixed
@given(scales, st.integers(1, 50))
def test_a_number_off_the_scale_has_no_place(scale, far):
    for value in (-far, scale.most + far):
        with pytest.raises(ValueError, match="is not between"):
            scale.y(value)


# Answers of one day


@pytest.mark.parametrize(
    ("said", "worst", "skipped", "words"),
    [
        pytest.param((3,), 3, False, "3", id="one"),
        pytest.param((0,), 0, False, "0", id="zero is an answer"),
        pytest.param((5, None, 1), 5, False, "5, skipped, 1", id="some skipped"),
        pytest.param((None,), None, True, "skipped", id="skipped"),
        pytest.param((0, None), 0, False, "0, skipped", id="zero and skipped"),
        pytest.param((), None, False, "", id="not asked"),
    ],
)
def test_the_worst_answer_of_a_day_speaks(said, worst, skipped, words):
    found = Said(said)
    assert (found.worst, found.was_skipped, found.in_words(str)) == (worst, skipped, words)


# Lines


@fixed
@given(histories)
def test_every_answer_is_a_point_and_nothing_else_is(said):
    (series,) = chart_of(pain(said)).lanes[0].series
    expected = {}
    for day, one in said.items():
        numbers = [answer for answer in one.answers if answer is not None]
        if numbers:
            expected[day] = max(numbers)
    assert drawn(series) == expected


@fixed
@given(histories)
def test_only_days_that_follow_each_other_are_joined(said):
    (series,) = chart_of(pain(said)).lanes[0].series
    points = drawn(series)
    joined = {
        (day_at(one.x1), value_at(one.y1), day_at(one.x2), value_at(one.y2))
        for one in series.strokes
    }
    assert joined == {
        (day, value, day + DAY, points[day + DAY])
        for day, value in points.items()
        if day + DAY in points
    }
    assert not chart_of(pain(said, is_joined=False)).lanes[0].series[0].strokes


@fixed
@given(histories)
def test_a_skip_is_a_cross_below_the_scale_and_never_a_zero(said):
    (found,) = chart_of(pain(said)).lanes
    crossed = {day_at(point.x) for point in found.skips}
    assert crossed == {day for day, one in said.items() if set(one.answers) == {None}}
    assert not crossed & set(drawn(found.series[0]))
    foot = max(float(line.y) for line in found.lines)
    assert all(float(point.y) > foot for point in found.skips)


@fixed
@given(histories, histories)
def test_before_and_after_are_joined_on_the_days_they_differ(before, after):
    (found,) = chart_of(pain(before, sign="ring", name="Before"), pain(after)).lanes
    first, second = (drawn(series) for series in found.series)
    stems = {day_at(one.x1): (value_at(one.y1), value_at(one.y2)) for one in found.stems}
    assert stems == {
        day: (first[day], second[day])
        for day in set(first) & set(second)
        if first[day] != second[day]
    }


@fixed
@given(histories, histories)
def test_the_table_tells_every_answer(before, after):
    chart = chart_of(pain(before, name="Before"), pain(after))
    assert chart.head == ("Before", "After")
    assert {row.day: row.cells for row in chart.rows} == {
        day: tuple(
            ", ".join("skipped" if one is None else str(one) for one in said[day].answers)
            if day in said
            else NO_ANSWER
            for said in (before, after)
        )
        for day in {**before, **after}
    }
    assert [row.day for row in chart.rows] == sorted(row.day for row in chart.rows)


@fixed
@given(histories)
def test_the_summary_counts_what_was_answered(said):
    summary = chart_of(pain(said)).summary
    worst = [said[day].worst for day in sorted(said) if said[day].worst is not None]
    assert summary.startswith(f"Answered on {len(worst)} day{'s' * (len(worst) != 1)}.")
    if worst:
        assert summary.endswith(f"After: first {worst[0]}, last {worst[-1]}, highest {max(worst)}.")


def test_lanes_stand_below_each_other_on_one_time_axis():
    said = {FIRST: Said((10,)), FIRST + DAY: Said((0,))}
    skipped = {FIRST: Said((None,))}
    chart = line_chart(
        "pain", "Pain", axis=AXIS, lanes=[lane(pain(said)), lane(pain(skipped))], marks=()
    )
    above, below = chart.lanes
    assert max(float(line.y) for line in above.lines) < float(below.title_y)
    assert max(float(point.y) for point in below.skips) < float(chart.height)
    assert float(chart.plot_foot) <= float(chart.ticks_y) < float(chart.height)
    assert {point.x for point in above.series[0].points} > {point.x for point in below.skips}


def test_a_long_label_is_broken_and_stays_beside_its_line():
    places = {0: "no pain", 3: "top of the shoulder or round the ribs"}
    found = line_chart("zone", "Zone", axis=AXIS, lanes=[Lane("Zone", (), 6, 32, places)], marks=())
    _, line = found.lanes[0].lines
    assert [words for words, _ in line.words] == ["top of the", "shoulder or", "round the ribs"]
    heights = [float(y) for _, y in line.words]
    assert heights[1] == pytest.approx(float(line.y) + 4)
    assert heights[0] < heights[1] < heights[2]


# Marks


def test_what_happened_is_signed_below_the_axis_and_told_in_the_table():
    marks = [
        Mark(MarkKind.ALERT, FIRST, "Alert: much pain"),
        Mark(MarkKind.TEST, FIRST, "Test: extension, green"),
        Mark(MarkKind.TEST, FIRST, "Test: flexion, red"),
        Mark(MarkKind.EDITION, FIRST + 2 * DAY, "Edition 2 begins"),
    ]
    chart = chart_of(pain({FIRST: Said((4,))}), marks=marks)
    assert [(row.kind, [day_at(point.x) for point in row.points]) for row in chart.sign_rows] == [
        (MarkKind.EDITION, [FIRST + 2 * DAY]),
        (MarkKind.TEST, [FIRST]),
        (MarkKind.ALERT, [FIRST]),
    ]
    heights = [float(row.y) for row in chart.sign_rows]
    assert float(chart.ticks_y) < heights[0] < heights[1] < heights[2] < float(chart.height)
    assert [(row.day, row.cells, row.marks) for row in chart.rows] == [
        (FIRST, ("4",), "Alert: much pain. Test: extension, green. Test: flexion, red"),
        (FIRST + 2 * DAY, (NO_ANSWER,), "Edition 2 begins"),
    ]
    assert [hover.words for hover in chart.hovers] == [
        "Mon 4 May. after 4. Alert: much pain. Test: extension, green. Test: flexion, red",
        "Wed 6 May. Edition 2 begins",
    ]


def test_a_chart_without_marks_says_so():
    assert not chart_of(pain({FIRST: Said((4,))})).has_marks
    assert not chart_of(pain({})).rows


def test_every_kind_of_mark_has_its_word():
    assert len({kind.word for kind in MarkKind}) == len(MarkKind)


def test_the_key_names_each_sign_once():
    before, after = pain({FIRST: Said((4,))}, sign="ring", name="Before"), pain({})
    during = pain({FIRST: Said((None,))}, name="During")
    assert chart_of(before, after, during).key == (
        ("ring", "before"),
        ("dot", "after, during"),
        ("skip", "skipped"),
    )


# What was done of the plan

outcomes = st.lists(st.sampled_from(["done", "part", "no"]), max_size=6)


@fixed
@given(outcomes, st.integers(0, 6), st.booleans())
def test_a_tally_and_the_cell_of_the_grid_tell_the_same(said, planned, is_today):
    today = FIRST if is_today else FIRST + DAY
    found = cell(FIRST, today=today, planned=planned, outcomes=said)
    counted = tally(said, planned=planned, is_open=found.mark == "open")
    assert counted.planned == found.planned
    assert counted.done + counted.part == min(found.done, found.planned)
    assert counted.done + counted.part + counted.extra == found.done
    assert min(vars(counted).values()) >= 0
    assert counted.done <= said.count("done")
    assert counted.refused <= said.count("no")
    assert not (counted.open and counted.not_logged)


@pytest.mark.parametrize(
    ("said", "planned", "expected"),
    [
        pytest.param(["part", "done"], 1, Tally(done=1, extra=1), id="the best counts"),
        pytest.param(["part"], 2, Tally(part=1, not_logged=1), id="a part is a part"),
        pytest.param(["no", "no"], 1, Tally(refused=1), id="twice not"),
        pytest.param(["done"], 0, Tally(extra=1), id="on a day off"),
        pytest.param([], 3, Tally(not_logged=3), id="nothing"),
    ],
)
def test_sessions_are_weighed_against_the_plan(said, planned, expected):
    assert tally(said, planned=planned, is_open=False) == expected


def test_tallies_add_up_part_by_part():
    one = Tally(done=1, part=2, refused=3, not_logged=4, open=5, extra=6)
    assert one + one == Tally(done=2, part=4, refused=6, not_logged=8, open=10, extra=12)
    assert one.planned == 15


tallies = st.dictionaries(
    st.sampled_from(AXIS.days), st.builds(Tally, *[st.integers(0, 9) for _ in PARTS])
)


@fixed
@given(tallies)
def test_columns_are_as_high_as_the_numbers_they_stand_for(found):
    chart = column_chart("done", "Done", axis=AXIS, tallies=found, marks=(), summary="")
    most = max((sum(vars(one).values()) for one in found.values()), default=0) or 1
    heights: dict[tuple[date, str], float] = {}
    for box in chart.lanes[0].boxes:
        heights[day_at(box.x), box.kind] = float(box.height) / 96 * most
    for day, one in found.items():
        for part in PARTS:
            # Drawn to a tenth of a pixel.
            assert heights.get((day, part), 0) == pytest.approx(vars(one)[part], abs=most / 900)
    assert {row.day for row in chart.rows} == {
        day for day, one in found.items() if sum(vars(one).values())
    }
    for row in chart.rows:
        told = dict(zip(chart.head, row.cells, strict=True))
        assert told.pop("Planned") == str(found[row.day].planned)
        said = {part: told.get(word.capitalize(), "0") for part, word in PARTS.items()}
        assert said == {part: str(vars(found[row.day])[part]) for part in PARTS}


@fixed
@given(tallies)
def test_columns_are_stacked_without_a_gap(found):
    chart = column_chart("done", "Done", axis=AXIS, tallies=found, marks=(), summary="")
    foot = {}
    for box in chart.lanes[0].boxes:
        top, height = float(box.y), float(box.height)
        assert top + height == pytest.approx(foot.get(box.x, 22 + 96), abs=0.11)
        foot[box.x] = top
        assert float(box.x[:-1]) + float(box.width[:-1]) < 100
    assert all(top >= 22 for top in foot.values())


# The line as small as a word


@fixed
@given(st.dictionaries(st.sampled_from(AXIS.days), st.integers(0, 10)))
def test_a_spark_draws_and_tells_the_same_numbers(values):
    found = spark(axis=AXIS, values=values, most=10, what="Worst pain")
    heights = {day_at(point.x): (25 - float(point.y)) / 2.2 for point in found.points}
    assert set(heights) == set(values)
    for day, value in values.items():
        assert heights[day] == pytest.approx(value, abs=0.03)
    assert len(found.strokes) == sum(day + DAY in values for day in values)
    if values:
        last = max(values)
        assert f"highest {max(values.values())} on" in found.words
        assert f"last {values[last]} on {last:%-d %b}; answered on {len(values)} day" in (
            found.words
        )
        assert day_at(found.last.x) == last
    else:
        assert found.words == "Worst pain: no answer in 14 days."
        assert found.last is None
