"""The rule of due times, over zones, years and changes of clock."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prescriptions.reminding import (
    MOST_TRIES,
    Choice,
    Kind,
    Standing,
    due_between,
    is_still_sensible,
    moment_of,
    pause_after,
)

ALL_WEEK = (1, 2, 3, 4, 5, 6, 7)
NEW_YORK = ZoneInfo("America/New_York")
DAY = timedelta(days=1)
# Zones with changes of clock in the north and the south, of half an hour, at midnight, over the
# date line, and none at all.
ZONES = [
    "America/New_York",
    "Europe/London",
    "Europe/Vienna",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "America/Asuncion",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Africa/Cairo",
    "America/Nuuk",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "UTC",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
walls = st.builds(time, st.integers(0, 23), st.integers(0, 59))
days = st.dates(date(2005, 1, 1), date(2037, 12, 31))


def every_day(*times: time, **more: object) -> Choice:
    return Choice(times=times, weekdays=ALL_WEEK, **more)


def firsts(choice: Choice, zone: ZoneInfo, first: date, last: date) -> list[datetime]:
    """The local times of the first reminders from one day to another, both included."""
    after = datetime.combine(first, time(), UTC) - 2 * DAY
    until = datetime.combine(last, time(), UTC) + 2 * DAY
    found = due_between(choice, zone, after=after, until=until)
    return [
        due.at.astimezone(zone)
        for due in found
        if due.kind is Kind.FIRST and first <= due.day <= last
    ]


def test_nine_stays_nine_when_the_clock_changes():
    found = firsts(every_day(time(9)), NEW_YORK, date(2026, 3, 7), date(2026, 3, 9))
    assert [moment.strftime("%d %H:%M") for moment in found] == ["07 09:00", "08 09:00", "09 09:00"]
    in_utc = [moment.astimezone(UTC) for moment in found]
    assert [later - earlier for earlier, later in pairwise(in_utc)] == [
        timedelta(hours=23),
        timedelta(hours=24),
    ]


def test_a_time_that_is_left_out_goes_at_the_next_minute_there_is():
    (found,) = firsts(every_day(time(2, 30)), NEW_YORK, date(2026, 3, 8), date(2026, 3, 8))
    assert found.strftime("%H:%M %Z") == "03:00 EDT"


def test_two_times_that_are_left_out_together_go_once():
    choice = every_day(time(2, 15), time(2, 45))
    assert len(firsts(choice, NEW_YORK, date(2026, 3, 8), date(2026, 3, 8))) == 1


def test_a_time_that_comes_twice_goes_the_first_time():
    (found,) = firsts(every_day(time(1, 30)), NEW_YORK, date(2026, 11, 1), date(2026, 11, 1))
    assert found.strftime("%H:%M %Z") == "01:30 EDT"


def test_a_day_that_a_zone_has_left_out_has_no_reminder():
    apia = ZoneInfo("Pacific/Apia")
    found = firsts(every_day(time(9)), apia, date(2011, 12, 29), date(2011, 12, 31))
    assert [moment.day for moment in found] == [29, 31]
    assert moment_of(date(2011, 12, 30), time(9), apia) is None


def test_a_change_at_midnight_keeps_the_day():
    havana = ZoneInfo("America/Havana")
    found = moment_of(date(2026, 3, 8), time(0, 30), havana)
    assert found.astimezone(havana).strftime("%d %H:%M") == "08 01:00"


def test_only_the_chosen_days():
    choice = Choice(times=(time(9),), weekdays=(1, 3))
    found = firsts(choice, NEW_YORK, date(2026, 5, 18), date(2026, 5, 24))
    assert [moment.isoweekday() for moment in found] == [1, 3]


def test_a_pause_ends_on_its_day():
    choice = every_day(time(9), paused_until=date(2026, 5, 20))
    found = firsts(choice, NEW_YORK, date(2026, 5, 18), date(2026, 5, 21))
    assert [moment.day for moment in found] == [20, 21]


@pytest.mark.parametrize(
    ("begin", "end", "wall", "is_quiet"),
    [
        (time(21), time(7), time(21), True),
        (time(21), time(7), time(23, 59), True),
        (time(21), time(7), time(0), True),
        (time(21), time(7), time(6, 59), True),
        (time(21), time(7), time(7), False),
        (time(21), time(7), time(20, 59), False),
        (time(12), time(14), time(12), True),
        (time(12), time(14), time(14), False),
        (time(12), time(14), time(11, 59), False),
        (None, None, time(3), False),
    ],
)
def test_quiet_hours_may_go_over_midnight(begin, end, wall, is_quiet):
    choice = every_day(time(9), quiet_from=begin, quiet_until=end)
    assert choice.is_quiet_at(wall) is is_quiet


def dues(choice: Choice, day: date) -> list[tuple[str, str]]:
    found = due_between(
        choice,
        NEW_YORK,
        after=datetime.combine(day, time(), NEW_YORK),
        until=datetime.combine(day + DAY, time(), NEW_YORK),
    )
    return [(due.kind.value, f"{due.at.astimezone(NEW_YORK):%H:%M}") for due in found]


SOME_DAY = date(2026, 5, 20)
TWO_HOURS = timedelta(hours=2)


def test_a_second_one_some_hours_later():
    choice = every_day(time(9), again_after=TWO_HOURS)
    assert dues(choice, SOME_DAY) == [("first", "09:00"), ("again", "11:00")]


def test_no_second_one_in_quiet_hours_nor_after_midnight():
    quiet = {"quiet_from": time(21), "quiet_until": time(7)}
    late = every_day(time(20), again_after=TWO_HOURS, **quiet)
    assert dues(late, SOME_DAY) == [("first", "20:00")]
    later = every_day(time(23), again_after=TWO_HOURS)
    assert dues(later, SOME_DAY) == [("first", "23:00")]


def test_no_second_one_when_the_next_time_comes_first():
    choice = every_day(time(9), time(11), again_after=TWO_HOURS)
    assert dues(choice, SOME_DAY) == [("first", "09:00"), ("first", "11:00"), ("again", "13:00")]


def test_a_time_in_quiet_hours_does_not_go_nor_does_its_second():
    quiet = {"quiet_from": time(8), "quiet_until": time(10)}
    assert dues(every_day(time(9), again_after=TWO_HOURS, **quiet), SOME_DAY) == []


NINE = datetime(2026, 5, 20, 13, 0, tzinfo=UTC)
FINE = {"is_in_force": True, "is_planned": True, "has_open_flag": False}


@pytest.mark.parametrize(
    ("kind", "standing", "is_wanted"),
    [
        (Kind.FIRST, Standing(**FINE), True),
        (Kind.FIRST, Standing(**FINE | {"is_in_force": False}), False),
        (Kind.FIRST, Standing(**FINE | {"is_planned": False}), False),
        (Kind.FIRST, Standing(**FINE | {"has_open_flag": True}), False),
        (Kind.FIRST, Standing(**FINE, last_done_at=NINE), True),
        (Kind.AGAIN, Standing(**FINE), True),
        (Kind.AGAIN, Standing(**FINE, last_done_at=NINE - timedelta(seconds=1)), True),
        (Kind.AGAIN, Standing(**FINE, last_done_at=NINE), False),
        (Kind.AGAIN, Standing(**FINE, last_done_at=NINE + timedelta(hours=1)), False),
    ],
)
def test_a_reminder_is_wanted_when_there_is_something_to_be_reminded_of(kind, standing, is_wanted):
    assert standing.wants(kind, first_at=NINE) is is_wanted


@pytest.mark.parametrize(
    ("late", "is_sensible"),
    [(timedelta(0), True), (timedelta(hours=2), True), (timedelta(hours=2, seconds=1), False)],
)
def test_a_late_one_goes_while_it_helps(late, is_sensible):
    choice = every_day(time(9))
    assert is_still_sensible(choice, NEW_YORK, due_at=NINE, now=NINE + late) is is_sensible


def test_a_late_one_does_not_go_in_quiet_hours():
    choice = every_day(time(9), quiet_from=time(10), quiet_until=time(12))
    assert not is_still_sensible(choice, NEW_YORK, due_at=NINE, now=NINE + timedelta(hours=1))


def test_what_was_chosen_may_not_be_any_more():
    choice = every_day(time(9))
    assert choice.has(Kind.FIRST, SOME_DAY, time(9))
    assert not choice.has(Kind.FIRST, SOME_DAY, time(10))
    assert not choice.has(Kind.AGAIN, SOME_DAY, time(9))
    assert every_day(time(9), again_after=TWO_HOURS).has(Kind.AGAIN, SOME_DAY, time(9))
    assert not every_day(time(9), paused_until=SOME_DAY + DAY).has(Kind.FIRST, SOME_DAY, time(9))
    assert not Choice((time(9),), weekdays=(1,)).has(Kind.FIRST, SOME_DAY, time(9))


def test_five_tries_with_growing_pauses_and_no_more():
    pauses = [pause_after(tries) for tries in range(1, MOST_TRIES)]
    assert None not in pauses
    assert pauses == sorted(pauses)
    assert pause_after(MOST_TRIES) is None


@given(zones, days, walls)
def test_each_day_there_is_has_its_reminder_once(zone, day, wall):
    found = firsts(every_day(wall), zone, day, day + 3 * DAY)
    there_are = [
        number for number in range(4) if moment_of(day + number * DAY, time(12), zone) is not None
    ]
    assert len(found) == len(there_are)
    assert len({moment.astimezone(UTC) for moment in found}) == len(found)


@given(zones, days, walls)
def test_the_clock_shows_the_chosen_time_or_has_just_jumped_over_it(zone, day, wall):
    moment = moment_of(day, wall, zone)
    if moment is None:
        assert zone.key == "Pacific/Apia"
        return
    chosen, shown = datetime.combine(day, wall), moment.astimezone(zone).replace(tzinfo=None)
    if shown != chosen:
        before = (moment - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
        assert before < chosen < shown
    # Nowhere in the hours before did the clock show that time or a later one of the day.
    for minutes in range(1, 181, 7):
        earlier = (moment - timedelta(minutes=minutes)).astimezone(zone).replace(tzinfo=None)
        assert earlier.date() != day or earlier < chosen


@given(zones, days, walls, walls, st.integers(0, 6), st.lists(st.integers(0, 4320), max_size=6))
def test_however_time_is_cut_nothing_is_lost_or_doubled(zone, day, one, other, hours, cuts):
    choice = every_day(one, other, again_after=timedelta(hours=hours) if hours else None)
    begin = datetime.combine(day, time(), UTC)
    points = [begin, *(begin + timedelta(minutes=cut) for cut in sorted(cuts)), begin + 3 * DAY]
    in_parts = [
        due
        for after, until in pairwise(points)
        for due in due_between(choice, zone, after=after, until=until)
    ]
    assert in_parts == due_between(choice, zone, after=points[0], until=points[-1])
    assert len({(due.kind, due.day, due.time) for due in in_parts}) == len(in_parts)


@given(zones, days, walls, walls, walls, st.integers(1, 6))
def test_nothing_is_due_in_quiet_hours_or_in_a_pause(zone, day, wall, begin, end, hours):
    choice = every_day(
        wall,
        quiet_from=begin,
        quiet_until=end,
        again_after=timedelta(hours=hours),
        paused_until=day + DAY,
    )
    after = datetime.combine(day - DAY, time(), UTC)
    for due in due_between(choice, zone, after=after, until=after + 4 * DAY):
        assert not choice.is_quiet_at(due.at.astimezone(zone).time())
        assert due.day > day
