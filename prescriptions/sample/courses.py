"""What the sample patients were prescribed and how they took to it: plain values, days ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from clinics.models import Membership
from exercises.dosage import Dosage
from exercises.vocabulary import Direction, Region
from patients.assessments import Tested
from patients.episodes import Phase
from prescriptions.models import EVERY_DAY

WORKDAYS = (1, 2, 3, 4, 5)  # ISO: Monday is 1


@dataclass(frozen=True)
class Colleague:
    name: str
    email: str
    role: Membership.Role


@dataclass(frozen=True)
class Line:
    """One exercise of a programme, named by its code in the shared catalogue."""

    code: str
    dosage: Dosage
    note: str  # the direction note, as the patient reads it
    weekdays: Sequence[int] = tuple(EVERY_DAY)


@dataclass(frozen=True)
class Visit:
    """One appointment: what the therapist wrote, and the new programme, if there was one."""

    days_ago: int
    note: str
    programme: tuple[Line, ...] = ()
    reason: str = ""  # what changed and why; the first edition needs none
    is_draft: bool = False  # written, but not published yet
    review_after: int = 14  # days
    ends_because: str = ""
    tested: tuple[Tested, ...] = ()
    preference: tuple[Region, Direction] | None = None  # confirmed at this visit
    phase: Phase | None = None  # entered at this visit


@dataclass(frozen=True)
class Remark:
    """What the patient wrote about one exercise, on this day or at the next session with it."""

    days_ago: int
    code: str
    words: str


@dataclass(frozen=True)
class Habits:
    """How a patient keeps to the programme, and what they feel."""

    times: tuple[time, ...]  # of the sessions of a day, more or less
    keeps: float  # share of the planned sessions that are done and logged
    pain: tuple[int, ...]  # usual pain before a session, evenly spread from first day to last
    relief: int = 1  # how much lower pain is after a session; below 0 it is higher
    skips: float = 0.05  # share of the questions about pain that are not answered
    falls_short: float = 0.1  # share of exercises that are done in part or not at all
    away: range = range(0)  # days ago
    last_log: int = 1  # days ago
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Person:
    """One sample patient. Without a device nobody has opened the portal yet."""

    name: str
    birth_date: date
    record_number: str
    therapist: Colleague
    appointment: time
    visits: tuple[Visit, ...]
    email: str = ""
    phone: str = ""
    device: str = ""
    habits: Habits | None = None


def dose(repetitions: int, *, times: int, hold: int = 0, sets: int = 1) -> Dosage:
    """Repetitions, `times` a day, `hold` in seconds."""
    return Dosage(sets, repetitions, hold, times)
