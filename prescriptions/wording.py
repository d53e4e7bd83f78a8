"""Sentences that are put together for patients, in the language of whoever reads them."""

from collections.abc import Sequence

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exercises.dosage import Dosage
from exercises.models import Load
from exercises.vocabulary import Direction, Region
from prescriptions.models import Moment, SessionEntry


def dosage_in_words(dosage: Dosage) -> str:
    """As it is read aloud: 2 sets of 10 repetitions, hold 5 s, 3 times a day."""
    words = _repetitions(dosage.repetitions)
    if dosage.sets > 1:
        words = _sets(dosage.sets, words)
    if dosage.hold_seconds:
        hold = _seconds(dosage.hold_seconds)
        words = _("%(repetitions)s, hold %(hold)s") % {"repetitions": words, "hold": hold}
    times = _times(dosage.times_per_day)
    return _("%(repetitions)s, %(times)s") % {"repetitions": words, "times": times}


def load_in_words(load: Load) -> str:
    """Where and which way: Low back: bend forward."""
    words = {"region": _(Region(load.region).plain), "way": _(Direction(load.direction).plain)}
    return _("%(region)s: %(way)s") % words


def days_in_words(weekdays: Sequence[int]) -> str:
    """ISO weekdays: every day, or Mon, Wed, Fri."""
    if len(set(weekdays)) == len(WEEKDAYS_ABBR):
        return _("every day")
    return _(", ").join(day_name(day) for day in sorted(set(weekdays)))


def day_name(day: int) -> str:
    """The short name of an ISO weekday."""
    return str(WEEKDAYS_ABBR[day - 1])


def pain_in_words(entry: SessionEntry) -> str:
    """Before, during and after: a number, skipped, or a dash where it was not asked."""
    return _(", ").join(_pain(entry, moment) for moment in Moment)


def _pain(entry: SessionEntry, moment: Moment) -> str:
    if moment in entry.pain_skipped:
        return _("skipped")
    pain = entry.pain(moment)
    return "–" if pain is None else str(pain)


def _repetitions(count: int) -> str:
    return ngettext("%(count)d repetition", "%(count)d repetitions", count) % {"count": count}


def _sets(count: int, repetitions: str) -> str:
    words = ngettext("%(count)d set of %(repetitions)s", "%(count)d sets of %(repetitions)s", count)
    return words % {"count": count, "repetitions": repetitions}


def _seconds(seconds: int) -> str:
    if seconds < 120 or seconds % 60:
        return _("%(count)d s") % {"count": seconds}
    return _("%(count)d min") % {"count": seconds // 60}


def _times(count: int) -> str:
    if count == 1:
        return _("once a day")
    if count == 2:
        return _("twice a day")
    return ngettext("%(count)d time a day", "%(count)d times a day", count) % {"count": count}
