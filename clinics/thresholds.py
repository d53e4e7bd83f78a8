"""The numbers that no source fixes: a clinic's settings, with proposed defaults. Plain Python."""

from dataclasses import dataclass, fields
from typing import NamedTuple


class Span(NamedTuple):
    """What a clinic may set a number to."""

    least: int
    most: int


@dataclass(frozen=True)
class Thresholds:
    """One clinic's numbers. Units are in the names or the labels."""

    test_valid_days: int = 14
    settles_within_minutes: int = 5
    change_that_counts: int = 2
    too_much_pain_during: int = 6
    alarming_pain_after: int = 8
    asked_again_after_hours: int = 2
    good_logs_in_a_row: int = 3
    low_adherence_percent: int = 50
    many_exercises: int = 4
    many_minutes_a_day: int = 20
    answers_within_days: int = 2
    timer_idle_minutes: int = 5
    quiet_days: int = 4
    worse_within_days: int = 7
    answered_days: int = 3
    new_for_days: int = 14


SPANS = {
    "test_valid_days": Span(1, 90),
    "settles_within_minutes": Span(1, 60),
    "change_that_counts": Span(1, 5),
    "too_much_pain_during": Span(1, 10),
    "alarming_pain_after": Span(1, 10),
    "asked_again_after_hours": Span(1, 12),
    "good_logs_in_a_row": Span(2, 10),
    "low_adherence_percent": Span(10, 90),
    "many_exercises": Span(1, 30),
    "many_minutes_a_day": Span(5, 240),
    "answers_within_days": Span(1, 10),
    "timer_idle_minutes": Span(1, 30),
    "quiet_days": Span(1, 14),
    "worse_within_days": Span(1, 7),
    "answered_days": Span(1, 7),
    "new_for_days": Span(1, 60),
}
LABELS = {
    "test_valid_days": "Days until a direction test is old",
    "settles_within_minutes": "Minutes within which symptoms settle after a test",
    "change_that_counts": "Points of pain that count as a change",
    "too_much_pain_during": "Worst pain during (0–10) that turns a log amber",
    "alarming_pain_after": "Pain after (0–10) that alerts a therapist",
    "asked_again_after_hours": "Hours until a patient who felt worse is asked again",
    "good_logs_in_a_row": "Good logs in a row that are good news",
    "low_adherence_percent": "Percent of planned sessions below which it is told",
    "many_exercises": "Exercises in a programme beyond which it is said to be long",
    "many_minutes_a_day": "Minutes a day beyond which a programme is said to be long",
    "answers_within_days": "Working days within which a patient’s message is answered",
    "timer_idle_minutes": "Minutes without a sign of work after which a monitoring timer ends",
    "quiet_days": "Planned days without a log after which a patient is on Today",
    "worse_within_days": "Days for which a worse log keeps a patient on Today",
    "answered_days": "Days with answers in a week that are enough to compare it",
    "new_for_days": "Days for which a new patient without a programme is on Today",
}
NAMES = tuple(field.name for field in fields(Thresholds))


def thresholds_from(stored: dict[str, int]) -> Thresholds:
    """A clinic's numbers: those it has set, and the defaults for the rest."""
    return Thresholds(**{name: stored[name] for name in NAMES if name in stored})
