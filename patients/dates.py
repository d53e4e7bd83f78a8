"""Dates as people type them."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WRITTEN = ("%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y")


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which the day is over, there."""
    return datetime.combine(day + timedelta(days=1), time(), zone)


def morning_after(moment: datetime, zone: ZoneInfo) -> datetime:
    """Eight o'clock of the next day, there."""
    next_day = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(next_day, time(8), zone)


def as_date(text: str) -> date | None:
    """The date that the text is, in one of the usual ways of writing; None for anything else."""
    for form in WRITTEN:
        with suppress(ValueError):
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 (a date has no zone)
    return None
