"""What two of the sample patients answered to outcome measures: plain values, and their telling."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from clinics import tenancy
from clinics.models import User
from patients import measure_actions
from patients.measure_actions import Said
from patients.measure_definition import shipped
from patients.measure_due import Times
from patients.models import Patient

ANSWERED_AT = timedelta(hours=20)  # after midnight of the patient's day


@dataclass(frozen=True)
class Course:
    """A measure asked every few weeks from the first visit, and what was said each time.

    Each answer is how many statements were ticked, or a rating for each activity or item. The last
    time is left open: it waits in the portal.
    """

    key: str
    every_weeks: int
    ticked: tuple[int, ...] = ()
    ratings: tuple[Mapping[str, int | None], ...] = ()


WRITE, SIT, CARRY = "Writing at my laptop", "Sitting through a lecture", "Carrying my rucksack"
COURSES: Mapping[str, tuple[Course, ...]] = {
    "RV-1041": (
        Course("rmdq", 2, ticked=(15, 12, 8, 6)),
        Course("nprs", 1, ratings=tuple({"now": pain} for pain in (6, 5, 5, 4, 3, 3, 2, 2))),
    ),
    "RV-1052": (
        Course(
            "psfs",
            3,
            ratings=(
                {WRITE: 2, SIT: 3, CARRY: 4},
                {WRITE: 4, SIT: 4, CARRY: None},
                {WRITE: 6, SIT: 5, CARRY: 6},
            ),
        ),
    ),
}


def tell(patient: Patient, *, first_visit: datetime, today: datetime, by: User) -> None:
    """Ask and answer what the courses of this patient say, up to and with the day before today."""
    for course in COURSES.get(patient.record_number, ()):
        # Asked at the visit, by the therapist; answered by the patient, with the portal's rights.
        chance = Random(f"the sample clinic {patient.record_number} {course.key}")  # noqa: S311
        start = patient.local_date(first_visit)
        plan = measure_actions.ask(
            patient=patient,
            key=course.key,
            times=Times("weeks", start, every_weeks=course.every_weeks),
            by=by,
            at=first_visit,
        )
        for number, said in enumerate(_said(course, chance)):
            day = start + timedelta(weeks=number * course.every_weeks)
            at = datetime(day.year, day.month, day.day, tzinfo=patient.zone) + ANSWERED_AT
            key = UUID(int=chance.getrandbits(128), version=4)
            if at >= today:
                break
            with tenancy.inside(patient.clinic_id, patient_id=patient.pk):
                measure_actions.answer(
                    plan=plan, patient=patient, said=said, client_uuid=key, at=at
                )


def _said(course: Course, chance: Random) -> list[Said]:
    if course.ratings:
        is_named = shipped()[course.key][0].activity is not None
        return [Said(activities=one) if is_named else Said(one) for one in course.ratings]
    # What goes first stays gone: each time the same statements, and fewer of them.
    keys = [item.key for item in shipped()[course.key][0].items]
    order = chance.sample(keys, len(keys))
    return [Said({key: int(key in order[:number]) for key in keys}) for number in course.ticked]
