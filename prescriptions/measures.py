"""A patient's outcome measures as the page shows them: scores over time, and what a change says."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from patients.measure_definition import Change, Definition, Method
from patients.measure_scoring import Score, Verdict, as_written, change_in_words, verdicts
from patients.models import MeasurePlan, MeasureResponse, NamedActivity, Patient
from prescriptions.charts import Chart, Lane, Said, Series, TimeAxis, line_chart
from prescriptions.charts.drawn import DrawnLane, Stroke

# As many as a measure a week leaves in two years, twice; the page says where older ones are.
MOST_RESPONSES = 200
FEWEST_DAYS = 28  # on the time axis
PLOT_HEIGHT = 150  # pixels
WORDS_ON_THE_AXIS = 6
TENTHS = 10


@dataclass(frozen=True)
class Row:
    """One time at which the measure was answered; `change` is told from the first score."""

    response: MeasureResponse
    score: Score | None  # None where the patient would rather not answer
    change: str
    ratings: Sequence[tuple[str, str]]  # of each activity

    @property
    def score_in_words(self) -> str:
        return "rather not this time" if self.score is None else self.score.in_words


@dataclass(frozen=True)
class Told:
    """One measure of one patient, the newest answers last."""

    definition: Definition
    plan: MeasurePlan | None
    is_due: bool
    next_on: date | None
    rows: Sequence[Row]
    chart: Chart | None
    verdicts: Sequence[Verdict]
    first_to_last: str  # "12 on 3 May, 7 on 31 May"; empty with less than two scores
    why_no_change: str
    activities: Sequence["ActivityTold"]


@dataclass(frozen=True)
class ActivityTold:
    """An activity the patient named, from its first rating to its last."""

    words: str
    first: int | None
    last: int | None
    verdicts: Sequence[Verdict]


def measures_of(patient: Patient, *, today: date) -> tuple[list[Told], bool]:
    """All measures that are asked or were answered, in four queries; whether older answers exist.

    A corrected answer is left out; its correction stands for it, on the day of the first.
    """
    plans = list(
        MeasurePlan.objects.of_patient(patient)
        .open()
        .with_editions()
        .with_answered_days()
        .oldest_first()
    )
    standing = MeasureResponse.objects.of_patient(patient).standing().with_answers()
    newest = list(standing.oldest_first().reverse()[: MOST_RESPONSES + 1])
    responses = newest[MOST_RESPONSES - 1 :: -1] if len(newest) > MOST_RESPONSES else newest[::-1]
    by_key: dict[str, list[MeasureResponse]] = defaultdict(list)
    for plan in plans:
        by_key[plan.key] = []
    for response in responses:
        by_key[response.edition.key].append(response)
    asked = {plan.key: plan for plan in plans}
    told = [tell(answered, plan=asked.get(key), today=today) for key, answered in by_key.items()]
    return told, len(newest) > MOST_RESPONSES


def tell(responses: Sequence[MeasureResponse], *, plan: MeasurePlan | None, today: date) -> Told:
    """One measure from its answers, the oldest first. Needs at least one answer, or the plan."""
    edition = responses[-1].edition if responses else plan.edition  # type: ignore[union-attr]
    definition = edition.definition
    scored = [one for one in responses if not one.is_declined and one.score.is_scored]
    rows = [_row(one, scored[0] if scored else None) for one in responses]
    first, last = (scored[0], scored[-1]) if len(scored) > 1 else (None, None)
    found: Sequence[Verdict] = ()
    first_to_last, why_not = "", ""
    if first is not None and last is not None:
        first_to_last = f"{_at(first)}, {_at(last)}"
        why_not = _why_not_compared(first, last)
        if not why_not:
            found = verdicts(
                definition, _value(first), _value(last), limits=definition.of_the_score
            )
    return Told(
        definition=definition,
        plan=plan,
        is_due=plan is not None and plan.is_due_on(today),
        next_on=plan.next_after(today) if plan else None,
        rows=rows[::-1],
        chart=_chart(definition, responses, today) if scored else None,
        verdicts=found,
        first_to_last=first_to_last,
        why_no_change=why_not,
        activities=_activities(definition, responses),
    )


def _row(response: MeasureResponse, first: MeasureResponse | None) -> Row:
    if response.is_declined:
        return Row(response, None, "", ())
    score, change = response.score, ""
    if first is not None and score.value is not None and first.pk != response.pk:
        change = _why_not_compared(first, response)
        if not change:
            definition = response.edition.definition
            difference = score.value - _value(first)
            # How a change is told does not depend on any limit.
            is_better = (difference > 0) == (definition.higher_is == "better")
            change = change_in_words(difference, is_better)
    ratings = [
        (one.activity.words, "skipped" if one.value is None else str(one.value))
        for one in response.answers.all()
        if one.activity is not None
    ]
    return Row(response, score, change, ratings)


def _why_not_compared(first: MeasureResponse, later: MeasureResponse) -> str:
    """Numbers are compared only where the same was asked in the same words."""
    if first.edition_id != later.edition_id:
        return "not compared: another edition of the measure"
    if _slots(first) != _slots(later):
        return "not compared: other activities or items were answered"
    return ""


def _slots(response: MeasureResponse) -> set[tuple[str, int | None]]:
    return {(one.item, one.activity_id) for one in response.answers.all() if one.value is not None}


def _value(response: MeasureResponse) -> Fraction:
    value = response.score.value
    if value is None:
        raise ValueError("there is no score")
    return value


def _at(response: MeasureResponse) -> str:
    return f"{response.score.in_words} on {response.local_date:%-d %b %Y}"


def _activities(definition: Definition, responses: Sequence[MeasureResponse]) -> list[ActivityTold]:
    """Each activity by itself, since each has a published change of its own."""
    said: dict[NamedActivity, list[int]] = defaultdict(list)
    for response in responses:
        for one in response.answers.all():
            if one.activity is not None and one.value is not None:
                said[one.activity].append(one.value)
    return [
        ActivityTold(
            activity.words,
            ratings[0],
            ratings[-1],
            _of_one(definition, definition.of_one_item, ratings),
        )
        for activity, ratings in said.items()
    ]


def _of_one(
    definition: Definition, limits: Sequence[Change], ratings: Sequence[int]
) -> list[Verdict]:
    if len(ratings) < 2:
        return []
    return verdicts(definition, Fraction(ratings[0]), Fraction(ratings[-1]), limits=limits)


# The chart


def _chart(definition: Definition, responses: Sequence[MeasureResponse], today: date) -> Chart:
    """Scores by day, joined from one to the next; a day without a score is a gap."""
    first, last = responses[0].local_date, max(responses[-1].local_date, today)
    number = max((last - first).days + 1, FEWEST_DAYS)
    axis = TimeAxis(last - timedelta(days=number - 1), number)
    # A mean has tenths, and the charts stand on whole numbers.
    parts = TENTHS if definition.scoring.method in {Method.MEAN, Method.PERCENT} else 1
    most = definition.scoring.highest * parts
    lane = Lane(
        f"Score, {definition.scoring.lowest} to {definition.scoring.highest};"
        f" higher is {definition.higher_is}",
        (Series("Score", "dot", _said(responses, parts), is_joined=False),),
        most,
        PLOT_HEIGHT / most,
        {part: as_written(Fraction(part, parts)) for part in (0, most // 2, most)},
        word=lambda value: as_written(Fraction(value, parts)),
    )
    chart = line_chart(
        f"measure-{definition.key}", definition.title, axis=axis, lanes=[lane], marks=[]
    )
    every = max(len(chart.ticks) // WORDS_ON_THE_AXIS, 1)
    return replace(
        chart,
        lanes=tuple(_joined(one) for one in chart.lanes),
        ticks=tuple(
            replace(tick, is_minor=bool(place // every % 2))
            for place, tick in enumerate(chart.ticks)
            if place % every == 0
        ),
    )


def _said(responses: Sequence[MeasureResponse], parts: int) -> Mapping[date, Said]:
    """The last answer of each day; None where the patient would rather not."""
    said: dict[date, Said] = {}
    for response in responses:
        if response.is_declined:
            said.setdefault(response.local_date, Said((None,)))
        elif response.score.is_scored:
            tenths = (_value(response) * parts + Fraction(1, 2)).__floor__()
            said[response.local_date] = Said((tenths,))
    return said


def _joined(lane: DrawnLane) -> DrawnLane:
    """Weeks lie between two answers: the line goes from each to the next all the same."""
    return replace(
        lane,
        series=tuple(
            replace(
                one,
                strokes=tuple(Stroke(a.x, a.y, b.x, b.y) for a, b in pairwise(one.points)),
            )
            for one in lane.series
        ),
    )
