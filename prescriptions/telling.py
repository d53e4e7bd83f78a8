"""Gathers stored programmes and logs, and puts them into the words that pages show."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import takewhile
from typing import Any

from django.http import QueryDict

from clinics.thresholds import Thresholds
from exercises.dosage import Dosage
from exercises.models import Exercise
from patients.compass import REGIONS, Compass, Latest, compass
from patients.models import Patient, PatientQuerySet
from prescriptions import changes, checks, facts, watch
from prescriptions.adherence import Count, Line, Plan, Row, session_in_words, total
from prescriptions.desk import Workload, workload
from prescriptions.forms import LineForm
from prescriptions.models import (
    Moment,
    PrescribedExercise,
    Prescription,
    PrescriptionEdition,
    SessionLog,
)
from prescriptions.record_forms import RecordForm

Key = tuple[int, str]


@dataclass(frozen=True)
class Course:
    """One prescription with its editions, newest first."""

    prescription: Prescription
    draft: PrescriptionEdition | None
    current: PrescriptionEdition | None
    upcoming: PrescriptionEdition | None
    published: Sequence[PrescriptionEdition]


@dataclass(frozen=True)
class Week:
    """Seven days of logs, with how much of the plan was logged."""

    first: date
    last: date
    logs: Sequence[SessionLog]
    count: Count
    is_newest: bool

    @property
    def words(self) -> str:
        """For example: logged 12 of 14 planned, worst pain 4."""
        pain = worst_pain(self.logs)
        worst = "" if pain is None else f", worst pain {pain}"
        left_out = self.count.left_out_words
        return f"{self.count.words}{worst}{left_out and f'. {left_out}'}"


def weeks(days: Sequence[date], *, rows: Sequence[Row], logs: Sequence[SessionLog]) -> list[Week]:
    """The days in sevens, the newest first, without weeks that had neither plan nor log."""
    found: list[Week] = []
    for begin in range(len(days) - 7, -1, -7):
        span = slice(begin, begin + 7)
        first, last = days[span][0], days[span][-1]
        mine = [log for log in logs if first <= log.local_date <= last]
        count = total(Row(row.name, row.cells[span]) for row in rows)
        if mine or count.has_anything:
            found.append(Week(first, last, mine, count, is_newest=not found))
    return found


def worst_pain(logs: Iterable[SessionLog]) -> int | None:
    """The worst pain 0–10 in these logs; None when none was answered."""
    answered = (
        entry.pain(moment) for log in logs for entry in log.entries.all() for moment in Moment
    )
    return max((pain for pain in answered if pain is not None), default=None)


@dataclass(frozen=True)
class PatientRow:
    """One line of the first page."""

    patient: Patient
    edition: PrescriptionEdition | None
    last_log: SessionLog | None

    @property
    def worst_pain(self) -> int | None:
        return worst_pain([self.last_log] if self.last_log else [])

    @property
    def last_log_in_words(self) -> str:
        outcomes = [entry.outcome for entry in self.last_log.entries.all()] if self.last_log else []
        return session_in_words(outcomes)


def rows_for(
    patients: Sequence[Patient],
    editions: Iterable[PrescriptionEdition],
    logs: Iterable[SessionLog],
) -> list[PatientRow]:
    edition_of = {edition.patient_id: edition for edition in editions}
    log_of = {log.patient_id: log for log in logs}
    return [
        PatientRow(patient, edition_of.get(patient.pk), log_of.get(patient.pk))
        for patient in patients
    ]


@dataclass(frozen=True)
class DeskFinding:
    """A finding beside its line, with the fields for what it asks to write down."""

    finding: checks.Finding
    form: RecordForm


@dataclass(frozen=True)
class DeskLine:
    """One line on the therapist's desk: its fields, what it is, and what the checks say of it."""

    form: LineForm
    exercise: Exercise | None
    place: int  # from 0
    findings: Sequence[DeskFinding]
    offered: Exercise | None  # a companion that does not follow yet
    is_last: bool
    # What the patient was last prescribed of it, if ever.
    last: Dosage | None = None

    @property
    def following_place(self) -> int:
        return self.place + 1

    @property
    def is_valid(self) -> bool:
        return all(found.form.is_valid() for found in self.findings)

    @property
    def recorded(self) -> dict[str, dict[str, Any]]:
        """What is written down beside the findings, by rule; only for a valid line."""
        return {found.finding.rule: found.form.recorded for found in self.findings}


def desk_lines(
    forms: Sequence[LineForm],
    record: checks.Record,
    *,
    data: QueryDict | None = None,
    publishing: bool = False,
) -> list[DeskLine]:
    """The lines on the desk, checked as they are typed; the action checks again.

    `data` is what was posted, with the lines numbered as they are in `forms`.
    """
    shown = [(form, form.shown) for form in forms]
    known = [place for place, (_, exercise) in enumerate(shown) if exercise is not None]
    programme = [form.planned() for form, exercise in shown if exercise is not None]
    found = dict(zip(known, checks.check(programme, record), strict=True))
    return [
        DeskLine(
            form=form,
            exercise=exercise,
            place=place,
            findings=[
                DeskFinding(
                    finding,
                    RecordForm(
                        data,
                        finding=finding,
                        place=place,
                        today=record.today,
                        publishing=publishing,
                        stored=form.recorded.get(finding.rule),
                    ),
                )
                for finding in _one_of_each_rule(found.get(place, []))
            ],
            offered=_offered(exercise, [later for _, later in shown[place + 1 :]]),
            is_last=place + 1 == len(shown),
        )
        for place, (form, exercise) in enumerate(shown)
    ]


def with_last_dosages(desk: Iterable[DeskLine], patient: Patient) -> list[DeskLine]:
    """The same lines, each with the dosage that the patient last had of its exercise."""
    last = last_dosages(patient)
    return [
        replace(line, last=last.get(line.exercise.pk)) if line.exercise else line for line in desk
    ]


def last_dosages(patient: Patient) -> dict[int, Dosage]:
    """By exercise, what was published last of it for this patient."""
    lines = PrescribedExercise.objects.of_patient(patient).last_published_of_each()
    return {line.exercise_edition.exercise_id: line.dosage for line in lines}


@dataclass(frozen=True)
class LongProgramme:
    """Said when a programme asks more of the patient than most people keep up."""

    workload: Workload
    most_exercises: int
    most_minutes: int


def long_programme(forms: Iterable[LineForm], thresholds: Thresholds) -> LongProgramme | None:
    """What to say of the lines as they are typed; None while the programme is short."""
    asked = workload([(form.dosage, form.days) for form in forms])
    most = {"exercises": thresholds.many_exercises, "minutes": thresholds.many_minutes_a_day}
    if not asked.exceeds(**most):
        return None
    return LongProgramme(asked, most["exercises"], most["minutes"])


def compasses_of(record: checks.Record) -> list[Compass]:
    """The direction picture of the desk: each region of which something is known."""
    latest = {
        way: Latest(test.light, test.on, f"{test.during}, then {test.after}", test.is_overtaken)
        for way, test in record.tests.items()
    }
    found = [
        compass(
            region,
            latest,
            today=record.today,
            valid_days=record.test_valid_days,
            preference=record.preference,
        )
        for region in REGIONS
    ]
    return [one for one in found if one.is_shown]


@dataclass(frozen=True)
class Copyable:
    """Another patient's last programme, to copy from."""

    patient: Patient
    edition: PrescriptionEdition

    @property
    def names(self) -> str:
        return ", ".join(line.exercise_edition.name for line in self.edition.lines.all())


def copyable(patients: PatientQuerySet, *, than: Patient, most: int) -> list[Copyable]:
    """Those of the patients, other than this one, who have had a programme, by name."""
    editions = PrescriptionEdition.objects.of_patients(patients).of_others_than(than)
    found = [
        Copyable(edition.patient, edition)
        for edition in editions.last_of_each_patient().with_patient().with_names()[:most]
    ]
    return sorted(found, key=lambda one: (one.patient.search_name, one.patient.pk))


@dataclass(frozen=True)
class Pick:
    """An exercise of the library, and what the checks say of it for one patient."""

    exercise: Exercise
    findings: Sequence[checks.Finding]

    @property
    def verdict(self) -> checks.Verdict:
        return checks.verdict(self.findings)

    @property
    def why(self) -> str:
        """The most severe reason against it."""
        worst = max(self.findings, key=lambda finding: finding.verdict, default=None)
        return worst.message if worst else ""


def picks(
    exercises: Iterable[Exercise], record: checks.Record, *, hides_blocked: bool
) -> list[Pick]:
    """Exercises to choose from, each checked on its own before it is chosen."""
    found = [
        Pick(
            exercise, checks.check_one(facts.planned(text, hold_seconds=text.hold_seconds), record)
        )
        for exercise in exercises
        for text in [exercise.text]
    ]
    return [pick for pick in found if not hides_blocked or pick.verdict < checks.Verdict.BLOCKED]


def _one_of_each_rule(findings: Sequence[checks.Finding]) -> list[checks.Finding]:
    """One finding for each rule, in their order; several of one rule are told as one."""
    merged: dict[str, checks.Finding] = {}
    for finding in findings:
        first = merged.get(finding.rule)
        merged[finding.rule] = (
            finding
            if first is None
            else replace(
                first,
                message=f"{first.message} {finding.message}",
                facts=(*first.facts, *finding.facts),
            )
        )
    return list(merged.values())


def _offered(exercise: Exercise | None, following: Sequence[Exercise | None]) -> Exercise | None:
    companion = exercise.text.companion if exercise else None
    if companion is None or companion in following:
        return None
    return companion


def courses_of(patient: Patient, *, today: date) -> list[Course]:
    """All courses of a patient: the open one first, then the ended ones, the last first."""
    editions: dict[int, list[PrescriptionEdition]] = defaultdict(list)
    for edition in PrescriptionEdition.objects.of_patient(patient).with_lines().newest_first():
        editions[edition.prescription_id].append(edition)
    courses = Prescription.objects.of_patient(patient).open_first()
    return [_course(course, editions[course.pk], today) for course in courses]


def _course(
    prescription: Prescription, editions: Sequence[PrescriptionEdition], today: date
) -> Course:
    published = [edition for edition in editions if not edition.is_draft]
    begun = (edition for edition in published if edition.starts_on <= today)
    return Course(
        prescription=prescription,
        draft=next((edition for edition in editions if edition.is_draft), None),
        current=next(begun, None),
        upcoming=upcoming_of(published, today=today),
        published=published,
    )


def upcoming_of(
    published: Iterable[PrescriptionEdition], *, today: date
) -> PrescriptionEdition | None:
    """The edition of a course that comes into force next; `published` has the newest first."""
    # Behind the newest that has begun, none comes into force any more.
    later = takewhile(lambda edition: edition.starts_on > today, published)
    return min(later, key=lambda edition: edition.starts_on, default=None)


def changes_since(before: PrescriptionEdition, after: PrescriptionEdition) -> list[changes.Change]:
    return changes.between(
        [_in_words(line) for line in before.lines.all()],
        [_in_words(line) for line in after.lines.all()],
    )


def plans(editions: Sequence[PrescriptionEdition]) -> list[Plan]:
    """A patient's published editions as plans, in the order of their first days.

    Each holds until a newer one of its course begins or the course ends; one that was replaced
    before its first day never does.
    """
    found = []
    for edition in sorted(editions, key=lambda edition: (edition.starts_on, edition.pk)):
        ends = [
            other.starts_on
            for other in editions
            if other.prescription_id == edition.prescription_id and other.number > edition.number
        ]
        if edition.prescription.ended_on is not None:
            ends.append(edition.prescription.ended_on)
        lines = tuple(
            Line(
                key_of(line),
                line.name,
                line.times_per_day,
                frozenset(line.weekdays),
                watch.ways_of(line),
            )
            for line in edition.lines.all()
        )
        found.append(Plan(lines, edition.starts_on, min(ends, default=None)))
    return found


def outcomes(logs: Sequence[SessionLog]) -> Mapping[tuple[Key, date], list[str]]:
    """What was said of each exercise on each day."""
    said: dict[tuple[Key, date], list[str]] = defaultdict(list)
    for log in logs:
        for entry in log.entries.all():
            said[key_of(entry.prescribed_exercise), log.local_date].append(entry.outcome)
    return said


def key_of(line: PrescribedExercise) -> Key:
    """The same exercise on the same side, over all editions."""
    return line.exercise_edition.exercise_id, line.side


def _in_words(line: PrescribedExercise) -> changes.LineText:
    return changes.LineText(
        key=key_of(line),
        name=line.name,
        dosage=str(line.dosage),
        weekdays=tuple(line.weekdays),
        note=line.direction_note,
        text_number=line.exercise_edition.number,
    )
