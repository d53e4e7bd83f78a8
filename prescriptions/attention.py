"""Who needs the therapist today, and why. Plain Python: no database, request or clock.

A patient is on the list at the most pressing of their reasons, with the others named. The order:

  alert     an alert of tier 0, 1 or 2 is open
  worse     the last logged day had a red or amber answer, or the worst pain of the days of this
            week is on average higher than a week ago, by as much as counts
  stopped   sessions were planned on several days, days away left out, and nothing logged since
  weekly    the alert for the week is open (tier 3)
  better    the good news is open (tier 4): time for progress?
  review    the day that the programme itself names for its review has come
  message   a message waits that nobody of the staff has read
  new       recorded lately, and no programme in force or to come

What is done is hidden until there is something new. What is snoozed is hidden until its day, or
until there is an alert, a worse log or a message that came after it was snoozed. Nothing hides an
open alert of tier 0, 1 or 2: it is closed with a note.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

ONE_DAY, WEEK = timedelta(days=1), timedelta(days=7)
# How far back days without a log are counted.
LOOKED_BACK = 28  # days
URGENT, WEEKLY = 2, 3  # the last tier that presses, and the one for the week


class Why(StrEnum):
    """Why a patient is on the list, the most pressing first."""

    ALERT = "alert"
    WORSE = "worse"
    STOPPED = "stopped"
    WEEKLY = "weekly"
    BETTER = "better"
    REVIEW = "review"
    MESSAGE = "message"
    NEW = "new"


TITLES = {
    Why.ALERT: "Alerts",
    Why.WORSE: "Worse",
    Why.STOPPED: "Stopped logging",
    Why.WEEKLY: "For the week",
    Why.BETTER: "Better: progress?",
    Why.REVIEW: "Review due",
    Why.MESSAGE: "Message waiting",
    Why.NEW: "New",
}
ORDER = tuple(Why)
# What "done" answers. An alert is closed with its note, a message is read.
DONE_ANSWERS = frozenset({Why.WORSE, Why.STOPPED, Why.REVIEW, Why.NEW})
# What ends a snooze when it comes after it.
ENDS_A_SNOOZE = frozenset({Why.ALERT, Why.WORSE, Why.MESSAGE})


@dataclass(frozen=True)
class Limits:
    """The clinic's numbers (proposed defaults). Pain is 0–10."""

    change_that_counts: int = 2
    quiet_days: int = 4
    worse_within_days: int = 7
    answered_days: int = 3
    new_for_days: int = 14


@dataclass(frozen=True)
class OpenAlert:
    key: int
    tier: int
    message: str
    raised_at: datetime
    opened_at: datetime | None = None
    opened_by: str = ""
    is_withdrawn: bool = False


class Day(NamedTuple):
    """The logs of one local date that count, rolled up; no `worst_pain` where none was said."""

    day: date
    entries: int
    red: int
    amber: int
    worst_pain: int | None
    told_at: datetime
    worse_at: datetime | None = None


@dataclass(frozen=True)
class Planned:
    """The weekdays of an edition (Monday is 1), and the days on which it holds."""

    weekdays: frozenset[int]
    from_day: date
    until: date | None = None  # the first day it no longer holds
    review_on: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.from_day <= day and (self.until is None or day < self.until)

    def asks_on(self, day: date) -> bool:
        return self.holds_on(day) and day.isoweekday() in self.weekdays


@dataclass(frozen=True)
class Facts:
    """What is known of one patient today, on their own calendar."""

    today: date
    zone: ZoneInfo
    recorded_at: datetime
    alerts: Sequence[OpenAlert] = ()
    days: Sequence[Day] = ()  # those of the last fourteen days that have logs, oldest first
    last_logged: date | None = None
    plans: Sequence[Planned] = ()  # of the last four weeks and to come
    unread: int = 0
    waiting_since: datetime | None = None
    away: Sequence[tuple[date, date]] = ()  # days out of the plan, both ends included


@dataclass(frozen=True)
class Reason:
    """One reason, in one line that says on what it is based, and since when it holds."""

    why: Why
    words: str
    since: datetime
    alert: OpenAlert | None = None

    @property
    def title(self) -> str:
        return TITLES[self.why]

    @property
    def rank(self) -> tuple[int, int, datetime]:
        tier = self.alert.tier if self.alert else 0
        return ORDER.index(self.why), tier, self.since


@dataclass(frozen=True)
class Aside:
    """What holds of a patient who was put aside."""

    at: datetime
    done_at: datetime | None = None
    until: date | None = None


@dataclass(frozen=True)
class Looked:
    """The reasons of one patient that stand, the most pressing first, and what is put aside."""

    reasons: tuple[Reason, ...] = ()
    hidden: tuple[Reason, ...] = ()

    @property
    def why(self) -> Why | None:
        return self.reasons[0].why if self.reasons else None

    @property
    def may_be_done(self) -> bool:
        """Whether "done" would answer anything here; a message that waits is marked as read."""
        return any(one.why in DONE_ANSWERS or one.why is Why.MESSAGE for one in self.reasons)


def look(facts: Facts, limits: Limits, aside: Aside | None = None) -> Looked:
    """What of this patient needs the therapist today."""
    found = reasons(facts, limits)
    left = standing(found, aside, today=facts.today)
    return Looked(tuple(left), tuple(one for one in found if one not in left))


def reasons(facts: Facts, limits: Limits) -> list[Reason]:
    """Every reason there is, the most pressing first, whatever was put aside."""
    return sorted(
        [
            *_alerts(facts),
            *_worse(facts, limits),
            *_stopped(facts, limits),
            *_review(facts),
            *_message(facts),
            *_new(facts, limits),
        ],
        key=lambda reason: reason.rank,
    )


def standing(found: Sequence[Reason], aside: Aside | None, *, today: date) -> list[Reason]:
    """Those of the reasons that are neither done nor snoozed."""
    if aside is None:
        return list(found)
    left = [one for one in found if not _is_done(one, aside, today)]
    is_snoozed = aside.until is not None and today < aside.until
    if is_snoozed and not any(_ends(one, aside) for one in left):
        return [one for one in left if one.why is Why.ALERT]
    return left


def _is_done(reason: Reason, aside: Aside, today: date) -> bool:
    done_at = aside.done_at
    if reason.why not in DONE_ANSWERS or done_at is None or reason.since > done_at:
        return False
    # Who goes on without a log is told again after a week.
    done_on = done_at.astimezone(reason.since.tzinfo).date()
    return reason.why is not Why.STOPPED or today - done_on < WEEK


def _ends(reason: Reason, aside: Aside) -> bool:
    return reason.why in ENDS_A_SNOOZE and reason.since > aside.at


def _alerts(facts: Facts) -> Iterator[Reason]:
    """One reason for those that press, one for the week, one for the good news."""
    by_why = {
        Why.ALERT: [one for one in facts.alerts if one.tier <= URGENT],
        Why.WEEKLY: [one for one in facts.alerts if one.tier == WEEKLY],
        Why.BETTER: [one for one in facts.alerts if one.tier > WEEKLY],
    }
    for why, alerts in by_why.items():
        if alerts:
            first = min(alerts, key=lambda one: (one.tier, one.raised_at, one.key))
            more = f" And {_counted(len(alerts) - 1, 'more alert')}." if len(alerts) > 1 else ""
            newest = max(one.raised_at for one in alerts)
            yield Reason(why, f"{first.message}{more}", newest, first)


def _worse(facts: Facts, limits: Limits) -> Iterator[Reason]:
    said = [one for one in (_worse_day(facts, limits), _rise(facts, limits)) if one]
    if said:
        words = " ".join(words for words, _ in said)
        yield Reason(Why.WORSE, words, max(since for _, since in said))


def _worse_day(facts: Facts, limits: Limits) -> tuple[str, datetime] | None:
    """The last logged day, if it is of these days and an answer was red or amber."""
    last = facts.days[-1] if facts.days else None
    is_recent = last is not None and (facts.today - last.day).days < limits.worse_within_days
    if last is None or not is_recent or last.worse_at is None:
        return None
    colours = [f"red in {last.red}"] * bool(last.red) + [f"amber in {last.amber}"] * bool(
        last.amber
    )
    pain = "" if last.worst_pain is None else f", worst pain {last.worst_pain}"
    of = _counted(last.entries, "answer")
    words = f"{' and '.join(colours)} of {of} on {_day(last.day)}{pain}."
    return words[0].upper() + words[1:], last.worse_at


def _rise(facts: Facts, limits: Limits) -> tuple[str, datetime] | None:
    """Whether pain is higher than a week ago; averages run over the days that were answered."""
    week_ago = facts.today - WEEK
    now = [one for one in facts.days if one.worst_pain is not None and one.day > week_ago]
    before = [
        one
        for one in facts.days
        if one.worst_pain is not None and week_ago - WEEK < one.day <= week_ago
    ]
    if min(len(now), len(before)) < limits.answered_days:
        return None
    mean, mean_before = _mean(now), _mean(before)
    # In whole numbers, so that a rise of exactly as much as counts does count.
    rise = _total(now) * len(before) - _total(before) * len(now)
    if rise < limits.change_that_counts * len(now) * len(before):
        return None
    highest = max(now, key=lambda one: (one.worst_pain or 0, -one.day.toordinal()))
    words = (
        f"Worst pain of the day {mean:.1f} on average over {_counted(len(now), 'day')},"
        f" {mean_before:.1f} over {_counted(len(before), 'day')} of the week before."
    )
    return words, highest.told_at


def _stopped(facts: Facts, limits: Limits) -> Iterator[Reason]:
    """Days that asked for a session since the last log, while a programme is in force."""
    last = facts.last_logged
    is_recent = last is not None and (facts.today - last).days <= limits.quiet_days
    if is_recent or not any(plan.holds_on(facts.today) for plan in facts.plans):
        return
    window = [facts.today - back * ONE_DAY for back in range(LOOKED_BACK, 0, -1)]
    quiet = [
        day
        for day in window
        if (last is None or day > last)
        and any(plan.asks_on(day) for plan in facts.plans)
        and not any(begin <= day <= end for begin, end in facts.away)
    ]
    if len(quiet) < limits.quiet_days:
        return
    begun = min(plan.from_day for plan in facts.plans)
    anchor = last or begun
    if last:
        told = f"Last log {_day(anchor)}."
    else:
        told = f"No log yet; the programme began on {_day(anchor)}."
    if anchor >= window[0]:
        told = f"{told} Sessions were planned on {_counted(len(quiet), 'day')} since."
        first = quiet[limits.quiet_days - 1] + ONE_DAY
    else:
        told = f"{told} Sessions were planned on {len(quiet)} of the last {LOOKED_BACK} days."
        first = anchor
    yield Reason(Why.STOPPED, told, _morning(first, facts))


def _review(facts: Facts) -> Iterator[Reason]:
    holding = [plan for plan in facts.plans if plan.holds_on(facts.today) and plan.review_on]
    due = [plan.review_on for plan in holding if plan.review_on and plan.review_on <= facts.today]
    if due:
        day = max(due)
        ago = (facts.today - day).days
        when = "today" if not ago else f"{_day(day)}, {_counted(ago, 'day')} ago"
        yield Reason(Why.REVIEW, f"Review planned for {when}.", _morning(day, facts))


def _message(facts: Facts) -> Iterator[Reason]:
    if facts.unread and facts.waiting_since is not None:
        at = facts.waiting_since.astimezone(facts.zone)
        waiting = f"{_counted(facts.unread, 'message')} unread since {_day(at.date())}, {at:%H:%M}."
        yield Reason(Why.MESSAGE, waiting, facts.waiting_since)


def _new(facts: Facts, limits: Limits) -> Iterator[Reason]:
    day = facts.recorded_at.astimezone(facts.zone).date()
    has_plan = any(plan.until is None or plan.until > facts.today for plan in facts.plans)
    if not has_plan and (facts.today - day).days < limits.new_for_days:
        yield Reason(Why.NEW, f"Recorded on {_day(day)}; no programme yet.", facts.recorded_at)


def _total(days: Iterable[Day]) -> int:
    return sum(one.worst_pain or 0 for one in days)


def _mean(days: Sequence[Day]) -> float:
    return _total(days) / len(days)


def _morning(day: date, facts: Facts) -> datetime:
    return datetime.combine(day, time(), facts.zone)


def _day(day: date) -> str:
    return f"{day:%a %-d %b}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
