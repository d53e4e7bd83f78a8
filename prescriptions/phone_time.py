"""When a session was done, from what a phone's clock says of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Clocks of phones that set themselves are right to the second; sending takes part of a minute.
CLOCK_MAY_BE_OFF = timedelta(minutes=5)


@dataclass(frozen=True)
class PhoneTime:
    """What is kept of the phone's own clock; `utc_offset` is in minutes east of UTC."""

    tapped_at: datetime | None = None
    utc_offset: int | None = None
    is_unsure: bool = False


NO_PHONE = PhoneTime()


def done_at(
    *, tapped_at: datetime, sent_at: datetime, received_at: datetime, earliest: datetime
) -> tuple[datetime, bool]:
    """The moment of the tap as well as it can be told, and whether that is unsure.

    `tapped_at` and `sent_at` are by the phone's clock. One that is off when the log is sent is
    taken to have been off at the tap too. The answer is never before `earliest`, when the
    programme began, and never after `received_at`.
    """
    error = received_at - sent_at
    is_off = abs(error) > CLOCK_MAY_BE_OFF
    reckoned = tapped_at + error if is_off else tapped_at
    possible = min(max(reckoned, earliest), received_at)
    return possible, is_off or abs(possible - reckoned) > CLOCK_MAY_BE_OFF
