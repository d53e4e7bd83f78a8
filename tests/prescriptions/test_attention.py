"""Who is on the list of the first page, and why; no database, the day passed in."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prescriptions.attention import (
    DONE_ANSWERS,
    ORDER,
    TITLES,
    Aside,
    Day,
    Facts,
    Limits,
    OpenAlert,
    Planned,
    Why,
    look,
    reasons,
)

TODAY = date(2026, 5, 20)
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 5, 20, 15, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LONG_AGO = NOW - 300 * DAY
EVERY_DAY = frozenset(range(1, 8))
LIMITS = Limits()
BLAME = {"fail", "miss", "refus", "complian", "adheren", "ignor", "lazy", "should", "neglect"}


def facts(**known) -> Facts:
    return Facts(**{"today": TODAY, "zone": NEW_YORK, "recorded_at": LONG_AGO, **known})


def day(ago: int, worst: int | None = 3, *, red=0, amber=0, entries=4) -> Day:
    told = NOW - ago * DAY
    worse_at = told if red or amber else None
    return Day(TODAY - ago * DAY, entries, red, amber, worst, told, worse_at)


def days(*told: Day) -> tuple[Day, ...]:
    return tuple(sorted(told, key=lambda one: one.day))


def alert(tier=1, *, ago=HOUR, key=1, message="Look at it.") -> OpenAlert:
    return OpenAlert(key, tier, message, NOW - ago)


def plan(*, since=30, until: int | None = None, review: int | None = None, on=EVERY_DAY) -> Planned:
    """Days ago; a negative number is to come."""
    return Planned(
        on,
        TODAY - since * DAY,
        None if until is None else TODAY - until * DAY,
        None if review is None else TODAY - review * DAY,
    )


def whys(known: Facts, limits: Limits = LIMITS) -> list[Why]:
    return [one.why for one in reasons(known, limits)]


def words(known: Facts, why: Why) -> str:
    (found,) = [one.words for one in reasons(known, LIMITS) if one.why is why]
    return found


# Each reason and its edges


def test_of_a_patient_of_whom_nothing_is_known_nothing_is_said():
    assert reasons(facts(), LIMITS) == []


@pytest.mark.parametrize(
    ("tier", "why"),
    [(0, Why.ALERT), (1, Why.ALERT), (2, Why.ALERT), (3, Why.WEEKLY), (4, Why.BETTER)],
)
def test_an_open_alert_stands_where_its_tier_belongs(tier, why):
    assert whys(facts(alerts=[alert(tier)])) == [why]


def test_the_most_urgent_alert_speaks_and_the_others_are_counted():
    known = facts(alerts=[alert(2, key=1), alert(0, key=2, message="Emergency."), alert(1, key=3)])
    assert words(known, Why.ALERT) == "Emergency. And 2 more alerts."


@pytest.mark.parametrize(
    ("logged", "is_worse"),
    [
        pytest.param(days(day(6, red=1)), True, id="the last day of the week"),
        pytest.param(days(day(7, red=1)), False, id="a day earlier"),
        pytest.param(days(day(1, amber=1)), True, id="amber"),
        pytest.param(days(day(2, red=1), day(1)), False, id="followed by a better day"),
        pytest.param(days(day(2), day(1, red=1)), True, id="after a better day"),
        pytest.param((), False, id="nothing logged"),
    ],
)
def test_the_last_logged_day_says_whether_it_is_worse(logged, is_worse):
    assert (Why.WORSE in whys(facts(days=logged))) is is_worse


def test_a_worse_day_says_on_what_it_is_based():
    known = facts(days=days(day(1, 7, red=1, amber=2)))
    assert words(known, Why.WORSE) == (
        "Red in 1 and amber in 2 of 4 answers on Tue 19 May, worst pain 7."
    )
    known = facts(days=days(day(1, None, amber=1, entries=1)))
    assert words(known, Why.WORSE) == "Amber in 1 of 1 answer on Tue 19 May."


WEEK_BEFORE = [day(ago, 3) for ago in (8, 9, 13)]


@pytest.mark.parametrize(
    ("logged", "is_worse"),
    [
        pytest.param([day(1, 5), day(2, 5), day(3, 5)], True, id="as much as counts"),
        pytest.param([day(1, 5), day(2, 5), day(3, 4)], False, id="a little less"),
        pytest.param([day(0, 9), day(2, 9)], False, id="answered on two days only"),
        pytest.param([day(1, 9), day(2, 9), day(3, None)], False, id="a day without an answer"),
        pytest.param([day(1, 0), day(2, 8), day(3, 8)], True, id="a zero counts as an answer"),
    ],
)
def test_pain_that_is_higher_than_a_week_ago_is_worse(logged, is_worse):
    assert (Why.WORSE in whys(facts(days=days(*WEEK_BEFORE, *logged)))) is is_worse


def test_a_rise_says_both_averages_and_over_how_many_days():
    known = facts(days=days(*WEEK_BEFORE, day(0, 6), day(1, 5), day(2, 6)))
    assert words(known, Why.WORSE) == (
        "Worst pain of the day 5.7 on average over 3 days, 3.0 over 3 days of the week before."
    )


@pytest.mark.parametrize(
    ("last", "is_quiet"), [(4, False), (5, True)], ids=["three days since", "four days since"]
)
def test_planned_days_without_a_log_are_counted_up_to_yesterday(last, is_quiet):
    known = facts(plans=[plan()], last_logged=TODAY - last * DAY)
    assert (Why.STOPPED in whys(known)) is is_quiet


def test_only_days_that_asked_for_a_session_count():
    weekends = frozenset({6, 7})
    assert whys(facts(plans=[plan(on=weekends)], last_logged=TODAY - 10 * DAY)) == []
    quiet = facts(plans=[plan(on=weekends)], last_logged=TODAY - 14 * DAY)
    assert words(quiet, Why.STOPPED) == (
        "Last log Wed 6 May. Sessions were planned on 4 days since."
    )


def test_days_between_two_programmes_do_not_count():
    before, now = plan(since=20, until=9), plan(since=2)
    assert Why.STOPPED not in whys(facts(plans=[before, now], last_logged=TODAY - 10 * DAY))


def test_without_a_programme_in_force_nobody_has_stopped():
    ended, to_come = plan(since=30, until=0), plan(since=-1)
    assert Why.STOPPED not in whys(facts(plans=[ended, to_come], last_logged=TODAY - 20 * DAY))


def test_who_never_logged_is_told_from_the_first_day_of_the_programme():
    assert words(facts(plans=[plan(since=6)]), Why.STOPPED) == (
        "No log yet; the programme began on Thu 14 May. Sessions were planned on 6 days since."
    )


def test_what_is_long_ago_is_counted_over_four_weeks():
    known = facts(plans=[plan(since=200)], last_logged=TODAY - 100 * DAY)
    assert words(known, Why.STOPPED) == (
        "Last log Mon 9 Feb. Sessions were planned on 28 of the last 28 days."
    )


@pytest.mark.parametrize(("review", "is_due"), [(0, True), (3, True), (-1, False)])
def test_a_review_is_due_from_its_day_on(review, is_due):
    known = facts(plans=[plan(review=review)], last_logged=TODAY)
    assert (Why.REVIEW in whys(known)) is is_due


def test_the_review_of_a_programme_that_was_replaced_is_not_due():
    before, now = plan(since=20, until=5, review=2), plan(since=5)
    assert whys(facts(plans=[before, now], last_logged=TODAY)) == []


def test_a_review_says_its_day():
    known = facts(plans=[plan(review=2)], last_logged=TODAY)
    assert words(known, Why.REVIEW) == "Review planned for Mon 18 May, 2 days ago."
    known = facts(plans=[plan(review=0)], last_logged=TODAY)
    assert words(known, Why.REVIEW) == "Review planned for today."


def test_a_message_waits_since_a_time_of_the_patients_own_day():
    known = facts(unread=2, waiting_since=datetime(2026, 5, 20, 2, 5, tzinfo=UTC))
    assert words(known, Why.MESSAGE) == "2 messages unread since Tue 19 May, 22:05."


@pytest.mark.parametrize(
    ("ago", "plans", "is_new"),
    [
        pytest.param(13, [], True, id="the last day"),
        pytest.param(14, [], False, id="a day later"),
        pytest.param(1, [plan(since=0)], False, id="with a programme"),
        pytest.param(1, [plan(since=-2)], False, id="with one to come"),
        pytest.param(1, [plan(since=1, until=0)], True, id="whose programme has ended"),
    ],
)
def test_a_new_patient_waits_for_a_programme(ago, plans, is_new):
    known = facts(recorded_at=NOW - ago * DAY, plans=plans)
    assert (Why.NEW in whys(known)) is is_new


# Put aside


WORSE = facts(days=days(day(1, red=1)))


def test_done_answers_what_was_known_and_nothing_newer():
    assert look(WORSE, LIMITS, Aside(NOW, done_at=NOW)).reasons == ()
    assert look(WORSE, LIMITS, Aside(NOW, done_at=NOW - 2 * DAY)).why is Why.WORSE


@pytest.mark.parametrize(("later", "is_told"), [(0, False), (6, False), (7, True)])
def test_who_goes_on_without_a_log_is_told_again_after_a_week(later, is_told):
    quiet = facts(plans=[plan()], last_logged=TODAY - 6 * DAY)
    known = replace(quiet, today=TODAY + later * DAY)
    assert (look(known, LIMITS, Aside(NOW, done_at=NOW)).why is Why.STOPPED) is is_told


def test_a_snooze_hides_until_its_day_and_no_longer():
    review = facts(plans=[plan(review=1)], last_logged=TODAY)
    assert look(review, LIMITS, Aside(NOW, until=TODAY + DAY)).why is None
    assert look(review, LIMITS, Aside(NOW, until=TODAY)).why is Why.REVIEW


def test_what_is_snoozed_is_told_as_hidden():
    review = facts(plans=[plan(review=1)], last_logged=TODAY)
    hidden = look(review, LIMITS, Aside(NOW, until=TODAY + DAY)).hidden
    assert [one.why for one in hidden] == [Why.REVIEW]


@pytest.mark.parametrize("tier", [0, 1, 2])
def test_an_open_alert_is_hidden_by_nothing(tier):
    known = facts(alerts=[alert(tier)])
    for aside in (Aside(NOW, until=TODAY + 30 * DAY), Aside(NOW, done_at=NOW)):
        assert look(known, LIMITS, aside).why is Why.ALERT


@pytest.mark.parametrize("tier", [3, 4])
def test_alerts_that_do_not_press_can_be_snoozed_and_are_not_done(tier):
    known = facts(alerts=[alert(tier)])
    assert look(known, LIMITS, Aside(NOW, until=TODAY + DAY)).why is None
    assert look(known, LIMITS, Aside(NOW, done_at=NOW)).why is not None


@pytest.mark.parametrize(
    "newer",
    [
        pytest.param({"alerts": [alert(1, ago=HOUR)]}, id="an alert"),
        pytest.param({"days": days(day(0, red=1))}, id="a worse log"),
        pytest.param({"unread": 1, "waiting_since": NOW - HOUR}, id="a message"),
    ],
)
def test_something_new_ends_a_snooze_and_all_comes_back(newer):
    known = facts(plans=[plan(review=5)], last_logged=TODAY, **newer)
    snoozed = Aside(NOW - 2 * HOUR, until=TODAY + 9 * DAY)
    assert Why.REVIEW in [one.why for one in look(known, LIMITS, snoozed).reasons]
    told_before = Aside(NOW + HOUR, until=TODAY + 9 * DAY)
    assert Why.REVIEW not in [one.why for one in look(known, LIMITS, told_before).reasons]


def test_a_day_that_comes_by_itself_does_not_end_a_snooze():
    known = facts(plans=[plan(review=0)], last_logged=TODAY)
    assert look(known, LIMITS, Aside(NOW - 5 * DAY, until=TODAY + DAY)).why is None


# Whatever is known

moments = st.integers(0, 40 * 24).map(lambda hours: NOW - hours * HOUR)
alerts = st.builds(OpenAlert, st.integers(1, 9), st.integers(0, 4), st.just("Look."), moments)


@st.composite
def logged_days(draw) -> tuple[Day, ...]:
    found = []
    for ago in sorted(draw(st.sets(st.integers(0, 13))), reverse=True):
        red, amber = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        worst = draw(st.none() | st.integers(0, 10))
        found.append(day(ago, worst, red=red, amber=amber, entries=red + amber + 1))
    return tuple(found)


plans = st.builds(
    lambda on, since, length, review: plan(
        on=frozenset(on),
        since=since,
        until=None if length is None else since - length,
        review=None if review is None else since - review,
    ),
    st.sets(st.integers(1, 7), min_size=1),
    st.integers(-5, 60),
    st.none() | st.integers(1, 40),
    st.none() | st.integers(0, 40),
)


@st.composite
def any_facts(draw) -> Facts:
    logged = draw(logged_days())
    earlier = st.none() | st.integers(14, 90).map(lambda ago: TODAY - ago * DAY)
    unread = draw(st.integers(0, 3))
    return facts(
        alerts=draw(st.lists(alerts, max_size=4)),
        days=logged,
        last_logged=logged[-1].day if logged else draw(earlier),
        plans=draw(st.lists(plans, max_size=3)),
        recorded_at=draw(moments),
        unread=unread,
        waiting_since=draw(moments) if unread else None,
    )


asides = st.none() | st.builds(
    Aside,
    moments,
    st.none() | moments,
    st.none() | st.integers(-3, 20).map(lambda ahead: TODAY + ahead * DAY),
)
limits = st.builds(
    Limits,
    st.integers(1, 5),
    st.integers(1, 14),
    st.integers(1, 7),
    st.integers(1, 7),
    st.integers(1, 60),
)


@settings(max_examples=100)
@given(any_facts(), limits, asides)
def test_each_reason_stands_once_and_the_most_pressing_first(known, numbers, aside):
    found = [one.why for one in look(known, numbers, aside).reasons]
    assert len(found) == len(set(found))
    assert found == sorted(found, key=ORDER.index)


@settings(max_examples=100)
@given(any_facts(), limits, asides)
def test_what_stands_and_what_is_hidden_is_all_there_is(known, numbers, aside):
    looked = look(known, numbers, aside)
    both = sorted([*looked.reasons, *looked.hidden], key=lambda one: one.rank)
    assert both == reasons(known, numbers)


@settings(max_examples=100)
@given(any_facts(), limits, asides)
def test_an_alert_that_presses_always_comes_first(known, numbers, aside):
    presses = any(one.tier <= 2 for one in known.alerts)
    assert (look(known, numbers, aside).why is Why.ALERT) is presses


@settings(max_examples=100)
@given(any_facts(), limits, asides)
def test_a_worse_log_after_the_press_is_never_hidden(known, numbers, aside):
    pressed = max((at for at in (aside and aside.at, aside and aside.done_at) if at), default=None)
    for one in look(known, numbers, aside).hidden:
        assert pressed is not None
        assert one.why is not Why.WORSE or one.since <= pressed


@settings(max_examples=100)
@given(any_facts(), limits, moments)
def test_done_answers_only_what_it_may(known, numbers, at):
    hidden = look(known, numbers, Aside(NOW, done_at=at)).hidden
    assert {one.why for one in hidden} <= DONE_ANSWERS
    assert all(one.since <= at for one in hidden)


@settings(max_examples=100)
@given(any_facts(), limits)
def test_a_larger_number_of_quiet_days_puts_nobody_on_the_list(known, numbers):
    patient = replace(numbers, quiet_days=numbers.quiet_days + 1)
    if Why.STOPPED in whys(known, patient):
        assert Why.STOPPED in whys(known, numbers)


@settings(max_examples=100)
@given(any_facts(), limits)
def test_the_days_without_a_log_are_those_that_one_counts_by_hand(known, numbers):
    by_hand = 0
    for ago in range(1, 29):
        one = TODAY - ago * DAY
        was_planned = any(
            plan.from_day <= one
            and (plan.until is None or one < plan.until)
            and one.isoweekday() in plan.weekdays
            for plan in known.plans
        )
        by_hand += was_planned and (known.last_logged is None or known.last_logged < one)
    in_force = any(plan.holds_on(TODAY) for plan in known.plans)
    assert (Why.STOPPED in whys(known, numbers)) is (in_force and by_hand >= numbers.quiet_days)


@settings(max_examples=100)
@given(any_facts(), limits)
def test_every_line_says_a_fact_and_blames_nobody(known, numbers):
    for one in reasons(known, numbers):
        told = one.words.lower()
        assert not any(word in told for word in BLAME)
        assert one.alert or any(letter.isdigit() for letter in told) or "today" in told
        assert "\n" not in told


def test_every_reason_has_a_title():
    assert set(TITLES) == set(Why)


def test_days_away_are_not_counted_as_days_without_a_log():
    known = {"plans": [plan(since=30)], "last_logged": TODAY - 12 * DAY}
    assert Why.STOPPED in whys(facts(**known))
    away = [(TODAY - 11 * DAY, TODAY)]
    assert Why.STOPPED not in whys(facts(**known, away=away))
    some = [(TODAY - 11 * DAY, TODAY - 6 * DAY)]
    found = look(facts(**known, away=some), Limits())
    assert "planned on 5 days since" in found.reasons[0].words
