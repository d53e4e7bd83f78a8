from dataclasses import replace

import pytest

from patients.bodymap import Movement, zone
from prescriptions.responses import (
    Colour,
    Ease,
    Feel,
    Limits,
    Report,
    Response,
    is_alarming,
    is_good_news,
    movement_of,
    new_or_worse_numbness,
    other_leg,
    pauses_the_direction,
    response,
    spread_down_the_leg,
    was_worse,
    weekly_note,
)

LIMITS = Limits()
BACK, BUTTOCK, THIGH, CALF, FOOT = map(
    zone, ("low-1-C", "low-3-L", "low-4-L", "low-5-L", "low-6-L")
)
OTHER_THIGH, OTHER_CALF, FOREARM = map(zone, ("low-4-R", "low-5-R", "upper-5-L"))
RED, AMBER, GREEN, NO_CHANGE = Colour.RED, Colour.AMBER, Colour.GREEN, Colour.NO_CHANGE
UNEVENTFUL = Report(before=3, during=3, after=3, feel=Feel.SAME, ease=Ease.SAME)
MOVED_OUT = replace(UNEVENTFUL, zones_before=(BUTTOCK,), zones_after=(THIGH,))
HURTS_MORE = replace(UNEVENTFUL, after=5)
FELT_WORSE = replace(UNEVENTFUL, feel=Feel.WORSE)
STILL_WORSE = [
    pytest.param((True, None), id="after two hours"),
    pytest.param((False, True), id="next morning"),
    pytest.param((None, True), id="next morning, two hours not answered"),
    pytest.param((True, True), id="both times"),
    pytest.param((True, False), id="after two hours only"),
]
NOT_ANSWERED = [
    pytest.param((), id="not asked again yet"),
    pytest.param((None, None), id="neither answered"),
    pytest.param((False, None), id="settled after two hours, the morning not answered"),
    pytest.param((None, False), id="settled next morning, two hours not answered"),
]


def report(**said: object) -> Report:
    return replace(UNEVENTFUL, **said)


def colour(given: Report, limits: Limits = LIMITS) -> Colour:
    return response(given, limits).colour


# Where symptoms moved.


@pytest.mark.parametrize(
    ("said", "moved"),
    [
        pytest.param({}, Movement.UNCHANGED, id="nothing marked"),
        pytest.param({"feel": None}, Movement.UNCHANGED, id="nothing said"),
        pytest.param({"feel": Feel.MOVED_UP}, Movement.CENTRALISING, id="moved up, they say"),
        pytest.param({"feel": Feel.MOVED_DOWN}, Movement.PERIPHERALISING, id="down, they say"),
        pytest.param({"feel": Feel.EASED}, Movement.UNCHANGED, id="eased is no movement"),
        pytest.param(
            {"zones_before": (CALF,), "zones_after": (CALF,), "feel": Feel.MOVED_UP},
            Movement.UNCHANGED,
            id="marked zones outweigh the word",
        ),
        pytest.param({"zones_before": (CALF,)}, Movement.ABOLISHED, id="pain went"),
        pytest.param(
            {"zones_before": (CALF,), "feel": Feel.MOVED_DOWN}, Movement.ABOLISHED, id="marked"
        ),
        pytest.param({"zones_after": (CALF,)}, Movement.PERIPHERALISING, id="pain came"),
        pytest.param(
            {"zones_before": (CALF,), "zones_after": (BUTTOCK,)}, Movement.CENTRALISING, id="up"
        ),
    ],
)
def test_where_pain_moved(said, moved):
    assert movement_of(report(**said)) is moved
    assert response(report(**said), LIMITS).movement is moved


@pytest.mark.parametrize(
    ("numb_before", "numb_after", "moved"),
    [
        pytest.param((CALF,), (FOOT,), Movement.PERIPHERALISING, id="numbness spread"),
        pytest.param((CALF,), (CALF,), Movement.UNCHANGED, id="numbness stayed"),
        pytest.param((CALF,), (), Movement.CENTRALISING, id="numbness went, pain moved up"),
        pytest.param((), (BUTTOCK,), Movement.PERIPHERALISING, id="numbness came up"),
        pytest.param((), (), Movement.CENTRALISING, id="no numbness at all"),
    ],
)
def test_the_worse_answer_of_pain_and_numbness_wins(numb_before, numb_after, moved):
    given = report(
        zones_before=(THIGH,),
        zones_after=(BUTTOCK,),
        numb_before=numb_before,
        numb_after=numb_after,
    )
    assert movement_of(given) is moved


def test_pain_that_spread_outweighs_numbness_that_went():
    given = replace(MOVED_OUT, numb_before=(CALF,))
    assert movement_of(given) is Movement.PERIPHERALISING


# Red.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((), (THIGH,), id="new"),
        pytest.param((THIGH,), (CALF,), id="further down"),
        pytest.param((THIGH,), (THIGH, OTHER_THIGH), id="in the other leg"),
        pytest.param((FOOT,), (FOOT, THIGH), id="over more of the leg"),
    ],
)
def test_new_or_worse_numbness_is_red_at_once_whatever_else_was_said(before, after):
    given = report(
        before=6, after=0, feel=Feel.EASED, numb_before=before, numb_after=after, still_worse=()
    )
    assert new_or_worse_numbness(given)
    red = response(given, LIMITS)
    assert (red.colour, red.is_final) == (RED, True)
    assert "numbness" in red.reason


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((), (), id="none"),
        pytest.param((THIGH,), (THIGH,), id="as before"),
        pytest.param((THIGH, CALF), (THIGH,), id="less"),
        pytest.param((CALF,), (), id="gone"),
    ],
)
def test_numbness_that_is_no_worse_is_not_red(before, after):
    given = report(numb_before=before, numb_after=after)
    assert not new_or_worse_numbness(given)
    assert colour(given) is not RED


@pytest.mark.parametrize("still_worse", STILL_WORSE)
@pytest.mark.parametrize(
    ("given", "reason"), [(MOVED_OUT, "further from the spine"), (HURTS_MORE, "rose by 2")]
)
def test_a_spread_or_two_points_more_is_red_when_it_has_not_settled(given, reason, still_worse):
    red = response(replace(given, still_worse=still_worse), LIMITS)
    assert (red.colour, red.is_final) == (RED, True)
    assert reason in red.reason
    assert "had not settled" in red.reason


def test_a_spread_in_the_patients_own_word_is_red_when_it_has_not_settled():
    assert colour(report(feel=Feel.MOVED_DOWN, still_worse=(True, True))) is RED


@pytest.mark.parametrize("still_worse", STILL_WORSE)
def test_feeling_worse_without_a_spread_or_two_points_is_amber_and_said_as_it_is(still_worse):
    given = response(replace(FELT_WORSE, after=4, still_worse=still_worse), LIMITS)
    assert (given.colour, given.is_final) == (AMBER, True)
    assert given.reason == "The patient felt worse and had not settled when asked again."


# Worse, and asked again.


@pytest.mark.parametrize("given", [MOVED_OUT, HURTS_MORE, FELT_WORSE])
@pytest.mark.parametrize("still_worse", NOT_ANSWERED)
def test_worse_is_amber_until_both_answers_are_there(given, still_worse):
    open_yet = response(replace(given, still_worse=still_worse), LIMITS)
    assert (open_yet.colour, open_yet.is_final) == (AMBER, False)


@pytest.mark.parametrize("given", [MOVED_OUT, HURTS_MORE, FELT_WORSE])
def test_worse_but_settled_is_amber(given):
    settled = response(replace(given, still_worse=(False, False)), LIMITS)
    assert (settled.colour, settled.is_final) == (AMBER, True)
    assert "and settled" in settled.reason


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param({}, False, id="uneventful"),
        pytest.param({"after": 4}, False, id="one point more"),
        pytest.param({"after": 5}, True, id="exactly two points more"),
        pytest.param({"after": 6}, True, id="three points more"),
        pytest.param({"after": None}, False, id="pain after not answered"),
        pytest.param({"before": None, "after": 9}, False, id="pain before not answered"),
        pytest.param({"before": 0, "after": 2}, True, id="no pain before"),
        pytest.param({"zones_before": (THIGH,), "zones_after": (CALF,)}, True, id="spread"),
        pytest.param({"zones_before": (CALF,), "zones_after": (THIGH,)}, False, id="moved up"),
        pytest.param(
            {"zones_before": (CALF,), "zones_after": (CALF,), "feel": Feel.MOVED_DOWN},
            True,
            id="moved down, they say, in spite of the marked zones",
        ),
        *[
            pytest.param({"feel": feel}, feel in (Feel.WORSE, Feel.MOVED_DOWN), id=f"felt {feel}")
            for feel in Feel
        ],
    ],
)
def test_who_is_asked_again(said, expected):
    assert was_worse(report(**said), LIMITS) is expected
    assert response(report(**said), LIMITS).is_final is not expected


def test_answers_that_were_not_asked_for_change_nothing():
    assert colour(report(after=4, still_worse=(True, True))) is NO_CHANGE


# The other colours, with their edges.


@pytest.mark.parametrize(
    ("said", "expected", "reason"),
    [
        pytest.param({}, NO_CHANGE, "No change", id="uneventful"),
        pytest.param({"during": 5}, NO_CHANGE, "No change", id="worst pain five"),
        pytest.param({"during": 6}, AMBER, "was 6", id="worst pain exactly six"),
        pytest.param({"during": 10}, AMBER, "was 10", id="worst pain ten"),
        pytest.param({"during": None}, NO_CHANGE, "No change", id="worst pain not answered"),
        pytest.param({"ease": Ease.STIFFER}, AMBER, "Stiffer", id="stiffer"),
        pytest.param({"ease": Ease.EASIER}, NO_CHANGE, "No change", id="easier alone"),
        pytest.param({"ease": None}, NO_CHANGE, "No change", id="stiffness not answered"),
        pytest.param({"after": 2}, NO_CHANGE, "No change", id="one point less"),
        pytest.param({"after": 1}, GREEN, "fell by 2", id="exactly two points less"),
        pytest.param({"after": 0}, GREEN, "fell by 3", id="three points less"),
        pytest.param({"after": None}, NO_CHANGE, "No change", id="pain after not answered"),
        pytest.param({"feel": Feel.MOVED_UP}, GREEN, "nearer", id="moved up"),
        pytest.param({"zones_before": (CALF,)}, GREEN, "went away", id="abolished"),
        pytest.param(
            {"zones_before": (CALF,), "zones_after": (THIGH,)}, GREEN, "nearer", id="centralising"
        ),
        pytest.param({"after": 1, "during": 6}, AMBER, "was 6", id="better, but too much during"),
        pytest.param({"after": 1, "ease": Ease.STIFFER}, AMBER, "Stiffer", id="but stiffer"),
        pytest.param({"zones_before": (CALF,), "during": 6}, AMBER, "was 6", id="gone, but six"),
        pytest.param({"feel": Feel.EASED}, NO_CHANGE, "No change", id="eased alone"),
    ],
)
def test_colour(said, expected, reason):
    given = response(report(**said), LIMITS)
    assert (given.colour, given.is_final) == (expected, True)
    assert reason in given.reason


def test_a_log_without_any_answer_is_no_change():
    assert colour(Report()) is NO_CHANGE


def test_every_number_is_a_setting_of_the_clinic():
    strict = Limits(change_that_counts=1, too_much_during=3, alarming_after=5)
    assert colour(report(after=4, still_worse=(True, None)), strict) is RED
    assert colour(report(after=2, during=2), strict) is GREEN
    assert colour(report(), strict) is AMBER
    assert is_alarming(report(before=5, after=5), response(report(), strict), strict)


# Alerts.


def answered(given: Colour) -> Response:
    return Response(given, Movement.UNCHANGED, "")


@pytest.mark.parametrize("given", Colour)
def test_a_red_log_is_alarming_and_no_other_colour_is(given):
    assert is_alarming(UNEVENTFUL, answered(given), LIMITS) is (given is RED)


@pytest.mark.parametrize(("after", "expected"), [(7, False), (8, True), (10, True), (None, False)])
def test_pain_of_eight_or_more_after_is_alarming(after, expected):
    given = report(before=9, after=after)
    assert is_alarming(given, response(given, LIMITS), LIMITS) is expected


SPREADS = [
    pytest.param((THIGH,), (CALF,), True, id="thigh to calf"),
    pytest.param((CALF,), (FOOT,), True, id="calf to foot"),
    pytest.param((CALF,), (CALF, OTHER_CALF), True, id="the other calf"),
    pytest.param((), (FOOT,), True, id="nowhere to foot"),
    pytest.param((BUTTOCK,), (THIGH,), False, id="above the knee"),
    pytest.param((CALF,), (CALF,), False, id="as before"),
    pytest.param((FOOT,), (CALF,), False, id="up the leg"),
    pytest.param((), (FOREARM,), False, id="an arm"),
]


def test_symptoms_that_come_up_in_the_other_leg_are_alarming():
    given = report(zones_before=(THIGH,), zones_after=(THIGH, OTHER_THIGH))
    assert is_alarming(given, answered(AMBER), LIMITS)
    stayed = report(zones_before=(THIGH, OTHER_THIGH), zones_after=(THIGH, OTHER_THIGH))
    assert not is_alarming(stayed, answered(AMBER), LIMITS)


@pytest.mark.parametrize(("before", "after", "expected"), SPREADS)
@pytest.mark.parametrize("layer", ["zones", "numb"])
def test_a_spread_below_the_knee_is_alarming_and_pauses_the_direction(
    layer, before, after, expected
):
    given = report(**{f"{layer}_before": before, f"{layer}_after": after})
    assert spread_down_the_leg(given) is expected
    assert is_alarming(given, answered(AMBER), LIMITS) is expected
    assert pauses_the_direction(given, 0, answered(AMBER)) is expected


@pytest.mark.parametrize(
    ("given", "red_before", "expected"),
    [
        pytest.param(RED, 0, False, id="the first red log"),
        pytest.param(RED, 1, True, id="the second red log"),
        pytest.param(RED, 2, True, id="the third red log"),
        pytest.param(AMBER, 1, False, id="amber after a red one"),
        pytest.param(GREEN, 2, False, id="green after two red ones"),
    ],
)
def test_two_red_logs_pause_the_direction(given, red_before, expected):
    assert pauses_the_direction(UNEVENTFUL, red_before, answered(given)) is expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            {"zones_before": (CALF,), "zones_after": (CALF, OTHER_THIGH)}, True, id="pain"
        ),
        pytest.param({"numb_before": (CALF,), "numb_after": (OTHER_THIGH,)}, True, id="numbness"),
        pytest.param({"zones_before": (CALF,), "numb_after": (OTHER_THIGH,)}, True, id="mixed"),
        pytest.param({"zones_before": (THIGH,), "zones_after": (CALF,)}, False, id="the same leg"),
        pytest.param({"zones_before": (BACK,), "zones_after": (THIGH,)}, False, id="no leg before"),
        pytest.param({}, False, id="nothing marked"),
    ],
)
def test_new_symptoms_in_the_other_leg_are_told_of(said, expected):
    assert other_leg(report(**said)) is expected


@pytest.mark.parametrize(
    ("colours", "expected"),
    [
        pytest.param([GREEN] * 3, True, id="three green"),
        pytest.param([GREEN] * 2, False, id="two green"),
        pytest.param([], False, id="no log"),
        pytest.param([RED, GREEN, GREEN, GREEN], True, id="the last three"),
        pytest.param([GREEN, GREEN, GREEN, NO_CHANGE], False, id="not the last one"),
        pytest.param([GREEN, AMBER, GREEN, GREEN], False, id="one between"),
    ],
)
def test_good_news_is_three_green_logs_in_a_row(colours, expected):
    assert is_good_news(colours, in_a_row=3) is expected


# The week.


@pytest.mark.parametrize(
    ("logged", "planned", "colours", "note"),
    [
        (0, 14, [], "No log for 7 days."),
        (6, 14, [], "Logged 6 of 14 planned in 7 days."),
        (7, 14, [], None),
        (7, 14, [Colour.NO_CHANGE], None),
        (7, 14, [Colour.NO_CHANGE] * 2, "No change in 2 answers over 14 days."),
        (7, 14, [Colour.NO_CHANGE, Colour.GREEN], None),
        (0, 0, [], None),
        (0, 0, [Colour.NO_CHANGE] * 2, "No change in 2 answers over 14 days."),
        (1, 14, [Colour.NO_CHANGE] * 2, "Logged 1 of 14 planned in 7 days."),
    ],
)
def test_what_a_week_tells(logged, planned, colours, note):
    assert weekly_note(colours, logged=logged, planned=planned, low_percent=50) == note
