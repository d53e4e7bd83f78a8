"""Each number of the progress page, counted anew from the raw rows."""

import csv
import io
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from random import Random
from uuid import uuid4

import pytest

from clinics.tenancy import inside
from patients.models import Patient, RaisedFlag
from prescriptions import actions
from prescriptions.models import (
    Absence,
    Moment,
    Outcome,
    Pause,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from prescriptions.note import progress_note
from prescriptions.numbers import numbers_csv
from prescriptions.progress import last_days, progress_of
from prescriptions.review import review_of
from prescriptions.sample import clinic as sample
from tests import make
from tests.prescriptions.test_progress import publish

DAY = timedelta(days=1)
THORACIC = {"thoracic_upper": "thoracic"}


@pytest.fixture
def sample_patients(db):
    """The patients of the sample, one of them with an absence."""
    make.shared_catalogue()
    clinic_id = sample.make(today=make.TODAY)
    with inside(clinic_id):
        patients = list(Patient.objects.with_clinic().filter(clinic=clinic_id).order_by("pk"))
    for patient in patients[::2]:
        make.absence(of=patient, first_day=make.TODAY - 6 * DAY, last_day=make.TODAY - 4 * DAY)
    return patients


def counted(patient, first: date, last: date, today: date) -> dict[str, tuple[int, int, int]]:
    """Logged, planned and in part of each exercise by its name, from one row after the other."""
    editions = PrescriptionEdition.objects.of_patient(patient).exclude(published_at=None)
    editions = list(editions.select_related("prescription").order_by("number"))
    raw = list(SessionLog.objects.of_patient(patient))
    replaced = {log.corrects_id for log in raw}
    standing = [log for log in raw if log.pk not in replaced and not log.is_withdrawal]
    entries = list(
        SessionEntry.objects.filter(log__in=standing).select_related(
            "log", "prescribed_exercise__exercise_edition"
        )
    )
    away = [
        one
        for one in Absence.objects.of_patient(patient)
        if not one.is_withdrawal and not one.corrections.exists()
    ]
    spans = [
        (patient.local_date(one.since), one.lifted_at and patient.local_date(one.lifted_at), one)
        for one in Pause.objects.of_patient(patient)
    ]
    for flag in RaisedFlag.objects.of_patient(patient):
        cleared = flag.clearances.first()
        until = cleared and patient.local_date(cleared.recorded_at)
        spans.append((patient.local_date(flag.raised_at), until, None))
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    day = first
    while day <= last:
        valid = {}
        for edition in editions:
            ended_on = edition.prescription.ended_on
            if edition.starts_on <= day and (ended_on is None or day < ended_on):
                valid[edition.prescription_id] = edition
        for edition in valid.values():
            for line in edition.lines.all():
                if day.isoweekday() not in line.weekdays:
                    continue
                text = line.exercise_edition
                said = [
                    entry.outcome
                    for entry in entries
                    if entry.log.local_date == day
                    and entry.prescribed_exercise.side == line.side
                    and entry.prescribed_exercise.exercise_edition.exercise_id == text.exercise_id
                ]
                asked = line.times_per_day
                mine = [span for span in spans if is_about(span[2], text)]
                if any(one.first_day <= day <= one.last_day for one in away) or any(
                    since < day and (until is None or day < until) for since, until, _ in mine
                ):
                    asked = 0
                elif any(day in (since, until) for since, until, _ in mine) or day >= today:
                    asked = min(asked, len(said))
                best = sorted(said, key=["done", "part", "no"].index)[:asked]
                of_line = sums[line.name]
                of_line[0] += sum(outcome != "no" for outcome in best)
                of_line[1] += asked
                of_line[2] += best.count("part")
        day += DAY
    return {name: (one[0], one[1], one[2]) for name, one in sums.items()}


def is_about(pause, text) -> bool:
    if pause is None or pause.exercise_id == text.exercise_id:
        return True
    ways = {(THORACIC.get(a.region, a.region), a.direction) for a in text.loads.all()}
    return pause.exercise_id is None and (
        (THORACIC.get(pause.region, pause.region), pause.direction) in ways
    )


def test_every_number_of_the_sample_is_counted_anew(sample_patients, subtests):
    some = changes = 0
    for patient, today in product(sample_patients, (make.TODAY, make.TODAY - 9 * DAY)):
        with subtests.test(f"{patient.name} on {today}"), inside(patient.clinic_id):
            axis = last_days(today, 56)
            found = progress_of(patient, today=today, axis=axis)
            expected = counted(patient, axis.first, axis.last, today)
            shown = {
                one.name: (one.count.logged, one.count.planned, one.count.in_part)
                for one in found.counts
            }
            assert {name: of for name, of in shown.items() if any(of)} == {
                name: of for name, of in expected.items() if any(of)
            }
            sums = [sum(of) for of in zip(*expected.values(), strict=True)] or [0, 0, 0]
            total = found.total
            assert [total.logged, total.planned, total.in_part] == sums
            some += total.planned

            raw = list(
                SessionEntry.objects.of_patient(patient)
                .filter(log__corrections=None, log__local_date__range=(axis.first, axis.last))
                .select_related("log", "prescribed_exercise__exercise_edition")
            )
            for one in found.hurting:
                pains = [
                    [entry.pain_during, entry.pain_after]
                    for entry in raw
                    if entry.exercise_name == one.name
                    and (
                        entry.pain_during is not None
                        or entry.pain_after is not None
                        or {"during", "after"} & set(entry.pain_skipped)
                    )
                ]
                assert one.asked == len(pains)
                assert one.hurt == sum(max(a or 0, b or 0) > 0 for a, b in pains)
                assert one.not_answered == sum(a is None and b is None for a, b in pains)
            for compared in found.overall:
                told = defaultdict(list)
                for entry in raw:
                    pain = getattr(entry, f"pain_{compared.moment}")
                    if pain is not None:
                        told[entry.log.local_date].append(pain)
                days = sorted(told)
                number = min(7, len(days) // 2)
                if number < 3:
                    assert compared.change.first is None
                    continue
                for window, chosen in (
                    (compared.change.first, days[:number]),
                    (compared.change.last, days[-number:]),
                ):
                    pains = [pain for day in chosen for pain in told[day]]
                    assert window.average == Fraction(sum(pains), len(pains))
                    assert window.answers == len(pains)
                    changes += 1
            on_paper = progress_note(review_of(patient, found, today=today))
            assert found.done.summary in on_paper
            assert patient.name not in on_paper
            rows = list(csv.reader(io.StringIO(numbers_csv(found).removeprefix("\ufeff"))))
            cells = {(part, about, what): value for part, about, _, what, value in rows[1:]}
            assert cells["Sessions", "All stretches", "Planned"] == str(sums[1])
            assert cells["Sessions", "All stretches", "Logged"] == str(sums[0])
            day_by_day = [row for row in rows if row[0] == "Day by day" and row[3] == "Done"]
            done = sum(int(row[4]) for row in day_by_day if row[1] == "Done and planned")
            assert done == sums[0] - sums[2]
    assert some > 100
    assert changes > 4


@pytest.mark.parametrize("seed", range(2))
def test_a_random_history_is_counted_anew(clinic, seed):
    """Over a change of the clock, editions, late, corrected and withdrawn logs, and absences."""
    chance = Random(seed)
    patient = make.patient(of=clinic, time_zone=chance.choice(["America/New_York", "Asia/Tokyo"]))
    first_day = make.TODAY - 85 * DAY
    editions = [
        publish(
            patient,
            starts_on=make.TODAY - back * DAY,
            lines=[
                replace(
                    make.line(code, times_per_day=chance.randint(1, 3)),
                    weekdays=sorted(chance.sample(range(1, 8), chance.randint(2, 7))),
                )
                for code in ("TILT", "FIL", "REIL")[: chance.randint(1, 3)]
            ],
        )
        for back in (85, 45, 20)
    ]
    for back in range(84, -1, -1):
        for _ in range(chance.randint(0, 2)):
            at = make.NOW.replace(hour=chance.randint(0, 23)) - back * DAY
            if at > make.NOW:
                continue
            day = patient.local_date(at)
            valid = [one for one in editions if one.starts_on <= day]
            if valid:
                tell(patient, valid[-1], at, chance)
    for _ in range(3):
        begin = first_day + chance.randint(0, 80) * DAY
        make.absence(of=patient, first_day=begin, last_day=begin + chance.randint(0, 6) * DAY)
    with inside(patient.clinic_id):
        patient = Patient.objects.with_clinic().get(pk=patient.pk)
        axis = last_days(make.TODAY, 84)
        found = progress_of(patient, today=make.TODAY, axis=axis)
        expected = counted(patient, axis.first, axis.last, make.TODAY)
        assert {
            one.name: (one.count.logged, one.count.planned, one.count.in_part)
            for one in found.counts
            if one.count.planned
        } == {name: of for name, of in expected.items() if of[1]}
        logs = SessionLog.objects.of_patient(patient)
        assert logs.filter(is_withdrawal=True).exists()
        assert logs.filter(corrects__isnull=False, is_withdrawal=False).exists()
        assert found.total.left_out


def tell(patient, edition, at, chance) -> None:
    """Log a session, some of it late; correct some, take some back."""
    with inside(patient.clinic_id):
        edition = PrescriptionEdition.objects.with_lines().get(pk=edition.pk)
        said = [report(line, chance) for line in edition.lines.all()]
        log = actions.record_session(
            edition=edition,
            entries=said,
            client_uuid=uuid4(),
            done_at=at,
            received_at=at + chance.choice([timedelta(), timedelta(days=2)]),
            by=patient,
        )
        what = chance.random()
        if what < 0.15:
            actions.withdraw_session(log=log, received_at=at + DAY, by=patient)
        elif what < 0.3:
            actions.correct_session(
                log=log,
                entries=[report(line, chance) for line in edition.lines.all()],
                client_uuid=uuid4(),
                received_at=at + DAY,
                by=patient,
            )


def report(line, chance) -> actions.EntryReport:
    pain = {moment: chance.choice([None, *range(7)]) for moment in Moment if chance.random() < 0.8}
    return actions.EntryReport(line.pk, chance.choice(list(Outcome)), line.repetitions, pain, "")
