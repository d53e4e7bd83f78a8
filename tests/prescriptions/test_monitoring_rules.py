"""Windows, days with data and minutes, each counted a second time in another way."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.content.tables import CatalogueError
from prescriptions.monitoring import days, minutes, rules
from prescriptions.monitoring.days import Came, Log, Window
from prescriptions.monitoring.minutes import Span, Stretch
from prescriptions.monitoring.rules import Band

NEW_YORK, SYDNEY = ZoneInfo("America/New_York"), ZoneInfo("Australia/Sydney")
RULES = rules.all_rules()[2026]
START = date(2026, 3, 1)
FILE = (Path(rules.HERE) / "years" / "2026.toml").read_text()


def always(day: date) -> rules.Rules:
    return RULES


def at(day: date, hour: int = 12, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.combine(day, time(hour), zone)


def log(key: int = 1, day: date = START, **more: object) -> Log:
    done = at(day)
    return Log(
        **{"key": key, "day": day, "done_at": done, "received_at": done}
        | {"came": Came.PORTAL}
        | more
    )


# The rules are data, with their year and source.


def test_every_year_names_its_sources_and_what_was_not_read():
    assert set(rules.all_rules()) == {2025, 2026}
    for year in rules.all_rules().values():
        assert year.sources
        assert all(source.address.startswith("https://") for source in year.sources)
    assert not all(source.is_verified for source in RULES.sources)


def test_the_shorter_bands_came_with_2026():
    last, now = rules.rules_on(date(2025, 12, 31)), rules.rules_on(date(2026, 1, 1))
    assert [str(band) for band in last.day_bands] == ["16–30"]
    assert [str(band) for band in now.day_bands] == ["2–15", "16–30"]
    assert last.minute_band(12) is None
    assert now.minute_band(12) == Band(10, 19)


def test_a_year_without_a_file_has_no_rules():
    assert rules.rules_on(date(2024, 12, 31)) is None
    assert rules.rules_on(date(2027, 1, 1)) is None


@pytest.mark.parametrize(
    ("was", "becomes", "field"),
    [
        ("year = 2026", "year = 2027", "year"),
        ("[[2, 15], [16, 30]]", "[[2, 14], [16, 30]]", "day_bands"),
        ("[[2, 15], [16, 30]]", "[[16, 30], [2, 15]]", "day_bands"),
        ("[[2, 15], [16, 30]]", "[[2, 15], [16, 31]]", "day_bands"),
        ("[[10, 19], [20, 39]]", "[[10, 19], [20]]", "minute_bands"),
        ('checked = "verified"', 'checked = "surely"', "sources[1].checked"),
        ("live_contacts = 1", "live_contacts = 1\nbillable = true", "billable"),
    ],
)
def test_a_wrong_file_names_its_field(was, becomes, field):
    assert was in FILE
    with pytest.raises(CatalogueError) as caught:
        rules.parse(FILE.replace(was, becomes, 1), "2026.toml")
    assert caught.value.field == field


@given(number=st.integers(0, 2000))
def test_bands_of_minutes_follow_each_other_for_ever(number):
    band = RULES.minute_band(number)
    if number < 10:
        expected = None
    elif number < 20:
        expected = Band(10, 19)
    else:
        expected = Band(number // 20 * 20, number // 20 * 20 + 19)
    assert band == expected
    following = RULES.next_minutes(number)
    assert following.least == next(n for n in [10, *range(20, 2100, 20)] if n > number)
    assert RULES.minute_band(following.least) == following
    assert RULES.minute_band(following.least - 1) == band
    assert RULES.further_steps(number) == len([n for n in range(40, 2001, 20) if n <= number])


@pytest.mark.parametrize(
    ("number", "band", "needed"),
    [(0, None, 2), (1, None, 1), (2, "2–15", 14), (15, "2–15", 1), (16, "16–30", None)],
)
def test_bands_of_days(number, band, needed):
    found = RULES.day_band(number)
    assert (str(found) if found else None) == band
    following = RULES.next_days(number)
    assert (following.least - number if following else None) == needed


def test_the_wording_of_a_consent_has_a_version():
    assert list(rules.wordings()) == ["2026-1"]
    assert "you may stop at any time" in rules.wordings()["2026-1"]


# Windows are fixed at the start.


def test_windows_follow_each_other_without_a_gap():
    found = days.windows([START], until=date(2026, 6, 1), rules_on=always)
    assert [(window.number, window.first, window.last) for window in found] == [
        (1, date(2026, 3, 1), date(2026, 3, 30)),
        (2, date(2026, 3, 31), date(2026, 4, 29)),
        (3, date(2026, 4, 30), date(2026, 5, 29)),
        (4, date(2026, 5, 30), date(2026, 6, 28)),
    ]


@given(start=st.dates(date(2026, 1, 1), date(2026, 12, 31)), ahead=st.integers(0, 800))
def test_every_day_since_the_start_is_in_just_one_window(start, ahead):
    until = start + timedelta(days=ahead)
    found = days.windows([start], until=until, rules_on=always)
    held = [window for window in found if window.holds(until)]
    assert [window.number for window in held] == [ahead // 30 + 1]
    assert sum((window.last - window.first).days + 1 for window in found) == 30 * len(found)


@given(
    starts=st.lists(st.dates(date(2026, 1, 1), date(2026, 6, 30)), min_size=1, max_size=4),
    day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_windows_of_several_series_never_overlap(starts, day):
    found = days.windows(starts, until=day, rules_on=always)
    held = [window for window in found if window.holds(day)]
    assert len(held) == (1 if min(starts) <= day else 0)
    # The same day of the same series, counted from its own first day.
    if held:
        series = max(start for start in starts if start <= day)
        assert held[0].number == (day - series).days // 30 + 1
    assert all(window.is_cut_short == ((window.last - window.first).days < 29) for window in found)


def test_a_window_goes_by_the_rules_of_its_first_day():
    found = days.windows([date(2025, 12, 10)], until=date(2026, 2, 1), rules_on=rules.rules_on)
    assert [window.rules.year for window in found] == [2025, 2026]
    assert found[0].last == date(2026, 1, 8)


def test_where_no_rules_are_on_file_no_window_is_guessed():
    assert days.windows([date(2024, 3, 1)], until=date(2026, 3, 1), rules_on=rules.rules_on) == []
    found = days.windows([date(2026, 12, 20)], until=date(2027, 6, 1), rules_on=rules.rules_on)
    assert [window.first for window in found] == [date(2026, 12, 20)]


# Days with data.


def test_a_day_with_two_logs_is_one_day():
    told = days.sessions([log(1), log(2)])
    assert [(one.day, len(one.sessions)) for one in days.data_days(told)] == [(START, 2)]


def test_what_staff_wrote_down_in_the_clinic_was_not_sent_by_the_patient():
    by_staff = log(1, came=Came.CLINIC, by="Anna")
    assert days.data_days(days.sessions([by_staff])) == []
    # A correction by the patient does not turn it into a log that the patient sent.
    corrected = log(2, corrects=1, received_at=at(START, 20))
    assert days.data_days(days.sessions([by_staff, corrected])) == []


def test_a_log_sent_late_counts_on_the_day_it_was_done():
    late = log(1, came=Came.PHONE, received_at=at(START + timedelta(days=40)))
    (told,) = days.sessions([late])
    assert days.data_days([told])[0].day == START
    assert told.first.received_at == at(START + timedelta(days=40))


def test_a_correction_stands_for_the_log_and_both_are_kept():
    logs = [log(1), log(2, corrects=1), log(3, corrects=2)]
    (told,) = days.sessions(reversed(logs))
    assert [one.key for one in told.said] == [1, 2, 3]
    assert told.stands.key == 3
    assert [one.day for one in days.data_days([told])] == [START]


def test_what_was_taken_back_no_longer_counts():
    logs = [log(1), log(2, corrects=1, is_withdrawal=True)]
    (told,) = days.sessions(logs)
    assert told.is_withdrawn
    assert days.data_days([told]) == []
    # Another log of the day keeps the day.
    assert len(days.data_days(days.sessions([*logs, log(3)]))) == 1


# What came after a log: for each further row, whether it takes the log back.
THEN = {"": [], "corrected": [False], "taken back": [True], "corrected twice": [False, False]}
histories = st.lists(
    st.tuples(
        st.integers(0, 70),  # the day
        st.sampled_from(Came),
        st.integers(0, 60),  # days until it was received
        st.sampled_from(list(THEN)),
    ),
    max_size=25,
)


def logs_of(history) -> list[Log]:
    logs, key = [], 0
    for day, came, late, then in history:
        key += 1
        done = START + timedelta(days=day)
        first = log(key, done, came=came, received_at=at(done) + timedelta(days=late))
        logs.append(first)
        for last in {
            "": [],
            "corrected": [False],
            "taken back": [True],
            "corrected twice": [False, False],
        }[then]:
            key += 1
            logs.append(
                replace(first, key=key, came=Came.PORTAL, corrects=key - 1, is_withdrawal=last)
            )
    return logs


@given(history=histories)
def test_days_with_data_are_the_same_counted_from_raw_rows(history):
    """Twice: once by the rules, once straight from what happened."""
    expected = {
        START + timedelta(days=day)
        for day, came, _, then in history
        if came is not Came.CLINIC and then != "taken back"
    }
    found = days.data_days(days.sessions(logs_of(history)))
    assert [one.day for one in found] == sorted(expected)
    for window in days.windows([START], until=START + timedelta(days=70), rules_on=always):
        inside = days.in_window(window, found)
        offset = (window.first - START).days
        assert len(inside) == sum((day - START).days // 30 == offset // 30 for day in expected)


@given(history=histories, ahead=st.integers(0, 29))
def test_what_is_missing_is_what_would_reach_the_band(history, ahead):
    """Whoever logs on each day that is left reaches the band just when that is said."""
    today = START + timedelta(days=ahead)
    window = Window(1, START, START + timedelta(days=29), RULES)
    having = {one.day for one in days.data_days(days.sessions(logs_of(history)))}
    having = {day for day in having if day <= today}
    found = [days.DataDay(day, ()) for day in having]
    missing = days.missing_days(window, found, today=today)
    if len(having) >= 16:
        assert missing is None
        return
    possible = having | {today + timedelta(days=more) for more in range(30 - ahead)}
    wanted = 2 if len(having) < 2 else 16
    assert missing.band.least == wanted
    assert missing.number == wanted - len(having)
    assert missing.until == window.last
    assert missing.can_be_reached == (len(possible) >= wanted)


# Minutes.

MIDNIGHT = datetime(2026, 3, 1, tzinfo=NEW_YORK)
MONTH = minutes.month_of(START, NEW_YORK)


def stretch(key: int, begin: datetime, length: timedelta, person: int = 1) -> Stretch:
    return Stretch(key, person, "pt", begin, begin + length)


def test_time_over_midnight_counts_whole():
    begin = datetime(2026, 3, 10, 23, 50, tzinfo=NEW_YORK)
    parts = minutes.counted([stretch(1, begin, timedelta(minutes=20))], within=MONTH)
    assert minutes.seconds_of(parts, [1]) == 20 * 60


def test_time_over_the_end_of_a_month_is_shared_between_the_months():
    begin = datetime(2026, 3, 31, 23, 50, tzinfo=NEW_YORK)
    entry = stretch(1, begin, timedelta(minutes=25))
    april = minutes.month_of(date(2026, 4, 1), NEW_YORK)
    assert minutes.seconds_of(minutes.counted([entry], within=MONTH), [1]) == 10 * 60
    assert minutes.seconds_of(minutes.counted([entry], within=april), [1]) == 15 * 60


def test_the_month_is_the_clinics():
    """The evening of the 31st in New York is April in Sydney already."""
    begin = datetime(2026, 3, 31, 20, tzinfo=NEW_YORK)
    entry = stretch(1, begin, timedelta(minutes=30))
    in_sydney = minutes.month_of(START, SYDNEY)
    assert minutes.seconds_of(minutes.counted([entry], within=MONTH), [1]) == 30 * 60
    assert minutes.counted([entry], within=in_sydney) == {}


def test_a_night_with_a_change_of_clock_is_as_long_as_it_was():
    begin = datetime(2026, 3, 8, 1, 30, tzinfo=NEW_YORK)
    end = datetime(2026, 3, 8, 3, 30, tzinfo=NEW_YORK)
    parts = minutes.counted([Stretch(1, 1, "pt", begin, end)], within=MONTH)
    assert minutes.seconds_of(parts, [1]) == 60 * 60


def test_no_moment_of_one_person_counts_twice():
    first = stretch(7, MIDNIGHT, timedelta(minutes=20))
    second = stretch(8, MIDNIGHT + timedelta(minutes=10), timedelta(minutes=20))
    inside = stretch(9, MIDNIGHT + timedelta(minutes=5), timedelta(minutes=2))
    parts = minutes.counted([inside, second, first], within=MONTH)
    assert [minutes.seconds_of(parts, [key]) for key in (7, 8, 9)] == [1200, 600, 0]


def test_two_people_who_work_at_once_both_count_and_it_is_told():
    one = stretch(1, MIDNIGHT, timedelta(minutes=20))
    other = stretch(2, MIDNIGHT + timedelta(minutes=15), timedelta(minutes=10), person=2)
    parts = minutes.counted([one, other], within=MONTH)
    assert minutes.seconds_of(parts, [1, 2]) == 30 * 60
    assert minutes.at_once(parts.values()) == 5 * 60


entries = st.lists(
    st.tuples(
        st.integers(-200, 31 * 24 * 60),  # from the beginning of the month, in minutes
        st.integers(1, 300),
        st.integers(1, 3),
    ),
    max_size=12,
)


@given(entries=entries)
def test_time_is_the_same_counted_minute_by_minute(entries):
    """Each person's month as a set of minutes: what is in it twice is in it once."""
    begin = MONTH.begin.astimezone(UTC)
    stretches = [
        stretch(key, begin + timedelta(minutes=start), timedelta(minutes=length), person)
        for key, (start, length, person) in enumerate(entries)
    ]
    whole = minutes.seconds(MONTH) // 60
    worked = {person: set() for person in (1, 2, 3)}
    for start, length, person in entries:
        worked[person] |= set(range(max(0, start), max(0, min(start + length, whole))))
    parts = minutes.counted(stretches, within=MONTH)
    keys = {person: [one.key for one in stretches if one.person == person] for person in worked}
    for person, theirs in worked.items():
        assert minutes.seconds_of(parts, keys[person]) == 60 * len(theirs)
    in_two = set.union(*(worked[a] & worked[b] for a, b in [(1, 2), (1, 3), (2, 3)]))
    assert minutes.at_once(parts.values()) == 60 * len(in_two)
    for one in stretches:
        if one.key in parts:
            part = parts[one.key]
            assert one.begin <= part.begin < part.end <= one.end


@given(entries=entries)
def test_the_months_share_what_was_worked_and_lose_none(entries):
    begin = MONTH.begin.astimezone(UTC)
    stretches = [
        stretch(key, begin + timedelta(minutes=start), timedelta(minutes=length), person)
        for key, (start, length, person) in enumerate(entries)
    ]
    whole = Span(begin - timedelta(days=60), begin + timedelta(days=90))
    months = [minutes.month_of(date(2026, month, 1), NEW_YORK) for month in (2, 3, 4)]
    keys = range(len(entries))
    apart = [minutes.seconds_of(minutes.counted(stretches, within=one), keys) for one in months]
    together = minutes.seconds_of(minutes.counted(stretches, within=whole), keys)
    assert sum(apart) == together


def test_a_timer_ends_at_the_last_sign_of_work_once_it_was_idle_too_long():
    idle, now = timedelta(minutes=5), MIDNIGHT + timedelta(minutes=30)
    just = now - idle
    assert minutes.cut_off(active_at=just, now=now, idle=idle) == (now, False)
    before = just - timedelta(seconds=1)
    assert minutes.cut_off(active_at=before, now=now, idle=idle) == (before, True)


def test_what_is_missing_of_the_minutes():
    missing = minutes.missing_minutes(RULES, 14, day=date(2026, 2, 10))
    assert (missing.number, missing.band, missing.until) == (6, Band(20, 39), date(2026, 2, 28))


@pytest.mark.parametrize(("number", "words"), [(0, "0 min"), (60, "1 min"), (754, "12 min 34 s")])
def test_seconds_in_words(number, words):
    assert minutes.in_words(number) == words
