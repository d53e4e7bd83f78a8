"""When a session was done, whatever the phone's clock says."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from prescriptions.phone_time import CLOCK_MAY_BE_OFF, done_at

NOW = datetime(2026, 5, 20, 15, tzinfo=UTC)
YEAR = timedelta(days=365)
errors = st.timedeltas(-3 * YEAR, 3 * YEAR)
moments = errors.map(lambda away: NOW + away)


@given(moments, moments, moments, moments)
def test_it_is_never_in_the_future_and_never_before_the_programme(
    tapped_at, sent_at, received_at, begin
):
    earliest = min(begin, received_at)
    moment, _ = done_at(
        tapped_at=tapped_at, sent_at=sent_at, received_at=received_at, earliest=earliest
    )
    assert earliest <= moment <= received_at


@given(st.timedeltas(timedelta(), YEAR), errors)
def test_a_clock_that_stays_wrong_is_corrected_to_the_second(waited, error):
    moment, is_unsure = done_at(
        tapped_at=NOW + error,
        sent_at=NOW + waited + error,
        received_at=NOW + waited,
        earliest=NOW - YEAR,
    )
    is_off = abs(error) > CLOCK_MAY_BE_OFF
    assert is_unsure is is_off
    assert abs(moment - NOW) <= (timedelta() if is_off else CLOCK_MAY_BE_OFF)


@given(st.timedeltas(timedelta(), YEAR))
def test_a_right_clock_is_taken_as_it_is(waited):
    received_at = NOW + waited
    assert done_at(
        tapped_at=NOW, sent_at=received_at, received_at=received_at, earliest=NOW - YEAR
    ) == (NOW, False)
