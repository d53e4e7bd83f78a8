"""What happened until yesterday. Plain Python from a fixed seed: no database, no clock."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from prescriptions.models import Moment, Outcome
from prescriptions.responses import MOST_PAIN
from prescriptions.sample.annas_patients import ANNAS_PATIENTS
from prescriptions.sample.courses import Habits, Line, Person, Visit
from prescriptions.sample.davids_patients import DAVIDS_PATIENTS
from prescriptions.sample.staff import TIME_ZONE

# The first is the one whose portal can be opened.
PEOPLE = (*ANNAS_PATIENTS, *DAVIDS_PATIENTS)
SEED = "the sample clinic"
ZONE = ZoneInfo(TIME_ZONE)
ONE_DAY = timedelta(days=1)
REASONS = {
    Outcome.PART: ("Ran out of time.", "It began to pull too much.", "Tired, half today.", ""),
    Outcome.NO: ("No time.", "Too tired.", "We had visitors.", "", ""),
}

Pain = dict[Moment, int | None]


@dataclass(frozen=True)
class Entry:
    place: int  # of the line in its edition, from 0
    outcome: Outcome
    repetitions: int | None
    pain: Pain
    comment: str


@dataclass(frozen=True)
class Session:
    done_at: datetime
    client_uuid: UUID
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Chapter:
    """A visit, and the sessions from the day after it up to the day of the next."""

    visit: Visit
    at: datetime
    starts_on: date
    review_on: date
    sessions: tuple[Session, ...]


@dataclass(frozen=True)
class PatientStory:
    person: Person
    chapters: tuple[Chapter, ...]


def story(today: date) -> list[PatientStory]:
    """What happened to everybody, up to and with the day before `today` in the clinic's zone."""
    return [PatientStory(person, tuple(_chapters(person, today))) for person in PEOPLE]


def _chapters(person: Person, today: date) -> Iterator[Chapter]:
    days = [_workday(today - timedelta(days=visit.days_ago)) for visit in person.visits]
    until = [*days[1:], today - ONE_DAY]
    diary = _Diary(person, today, days[0] + ONE_DAY)
    in_force: Sequence[Line] = ()
    for visit, day, last_day in zip(person.visits, days, until, strict=True):
        if visit.ends_because:
            in_force = ()
        elif visit.programme and not visit.is_draft:
            in_force = visit.programme
        yield Chapter(
            visit=visit,
            at=datetime.combine(day, person.appointment, ZONE),
            starts_on=day + ONE_DAY,
            review_on=_workday(day + timedelta(days=visit.review_after)),
            sessions=tuple(diary.sessions(in_force, _days_between(day + ONE_DAY, last_day))),
        )


class _Diary:
    """What one patient does and feels, day after day."""

    def __init__(self, person: Person, today: date, first_day: date) -> None:
        self.chance = Random(f"{SEED} {person.record_number}")  # noqa: S311 - no secret: a story
        self.habits = person.habits
        self.today, self.first_day = today, first_day
        self.remarks = list(person.habits.remarks) if person.habits else []

    def sessions(self, lines: Sequence[Line], days: Iterable[date]) -> Iterator[Session]:
        if self.habits is None:
            return
        for day in days:
            if self._is_logging_on(day, self.habits):
                yield from self._sessions_of(day, lines, self.habits)

    def _is_logging_on(self, day: date, habits: Habits) -> bool:
        # Half of what is missed is missed by the day, the other half session by session.
        whole_day_missed = self.chance.random() < (1 - habits.keeps) / 2
        days_ago = (self.today - day).days
        return not whole_day_missed and days_ago >= habits.last_log and days_ago not in habits.away

    def _sessions_of(self, day: date, lines: Sequence[Line], habits: Habits) -> Iterator[Session]:
        share = habits.keeps / (1 - (1 - habits.keeps) / 2)
        for number, usual_time in enumerate(habits.times, start=1):
            planned = [
                (place, line)
                for place, line in enumerate(lines)
                if day.isoweekday() in line.weekdays and number <= line.dosage.times_per_day
            ]
            if planned and self.chance.random() < share:
                yield Session(
                    done_at=self._around(day, usual_time),
                    client_uuid=UUID(int=self.chance.getrandbits(128), version=4),
                    entries=tuple(self._entries(day, planned, habits)),
                )

    def _around(self, day: date, usual: time) -> datetime:
        moment = datetime.combine(day, usual, ZONE)
        return moment + timedelta(seconds=self.chance.randint(-25 * 60, 25 * 60))

    def _entries(
        self, day: date, planned: Sequence[tuple[int, Line]], habits: Habits
    ) -> Iterator[Entry]:
        last_day = self.today - timedelta(days=habits.last_log)
        usual = _usual_pain(habits.pain, (day - self.first_day) / (last_day - self.first_day))
        now = _on_scale(round(usual + self.chance.choice((-0.6, 0, 0, 0.6))))
        for place, line in planned:
            outcome = self._outcome(habits)
            before, now = now, now if outcome is Outcome.NO else self._after(now, habits)
            yield Entry(
                place=place,
                outcome=outcome,
                repetitions=self._repetitions(line, outcome),
                pain=self._pain(before, now, outcome, habits),
                comment=self._comment(day, line.code, outcome),
            )

    def _outcome(self, habits: Habits) -> Outcome:
        if self.chance.random() >= habits.falls_short:
            return Outcome.DONE
        return self.chance.choice((Outcome.PART, Outcome.PART, Outcome.NO))

    def _after(self, before: int, habits: Habits) -> int:
        return _on_scale(before - habits.relief * self.chance.choice((0, 1, 1)))

    def _repetitions(self, line: Line, outcome: Outcome) -> int | None:
        planned = line.dosage.sets * line.dosage.repetitions
        if outcome is Outcome.NO:
            return None
        return planned if outcome is Outcome.DONE else self.chance.randint(1, planned - 1)

    def _pain(self, before: int, after: int, outcome: Outcome, habits: Habits) -> Pain:
        if outcome is Outcome.NO:
            return {}  # not asked of what was not done
        during = _on_scale(max(before, after) + self.chance.choice((0, 0, 1)))
        answers = {Moment.BEFORE: before, Moment.DURING: during, Moment.AFTER: after}
        return {
            moment: None if self.chance.random() < habits.skips else pain
            for moment, pain in answers.items()
        }

    def _comment(self, day: date, code: str, outcome: Outcome) -> str:
        if outcome is not Outcome.DONE:
            return self.chance.choice(REASONS[outcome])
        for remark in self.remarks:
            if remark.code == code and day >= self.today - timedelta(days=remark.days_ago):
                self.remarks.remove(remark)
                return remark.words
        return ""


def _workday(day: date) -> date:
    """This day, or the Friday before it when it is a weekend."""
    return day - max(day.isoweekday() - 5, 0) * ONE_DAY


def _days_between(first: date, last: date) -> list[date]:
    """Both included."""
    return [first + number * ONE_DAY for number in range((last - first).days + 1)]


def _usual_pain(points: Sequence[int], progress: float) -> float:
    """Pain on the line through the points, at `progress` 0–1 of the way from first to last."""
    place = progress * (len(points) - 1)
    left = min(int(place), len(points) - 2)
    return points[left] + (points[left + 1] - points[left]) * (place - left)


def _on_scale(pain: int) -> int:
    return min(max(pain, 0), MOST_PAIN)
