"""What checking costs: four queries whatever the history, and a few milliseconds of Python."""

import statistics
import time
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from clinics.tenancy import inside
from exercises.vocabulary import Direction, Region
from patients.conditions import Condition
from patients.lights import After, During, Neuro, RangeChange
from patients.models import (
    Clearance,
    ConditionOnFile,
    DirectionTest,
    Episode,
    Patient,
    RaisedFlag,
)
from prescriptions import checks, facts
from prescriptions.models import (
    Pause,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from tests import make
from tests.make import NOW, TODAY

QUERIES_ALLOWED = 4
MILLISECONDS_ALLOWED = 25  # five times what the project asks of an idle machine
ROUNDS = 50
CODES = [exercise.code for exercise in make.catalogue_files()]
DIRECTIONS = [Direction.FLEXION, Direction.EXTENSION, Direction.ROTATION_LEFT]
LENGTHS = [1, 200]


def days_ago(days: int):
    return NOW - timedelta(days=days)


def fill(patient: Patient, edition: PrescriptionEdition, length: int) -> None:
    """`length` each of tests, logs, conditions, pauses and cleared flags."""
    line = edition.lines.all()[0]
    by = make.founder(patient.clinic)
    mine = {"clinic_id": patient.clinic_id, "patient": patient}
    episode = Episode.objects.of_patient(patient).open().get()
    DirectionTest.objects.bulk_create(
        DirectionTest(
            **mine,
            episode=episode,
            client_uuid=uuid4(),
            region=[Region.CERVICAL, Region.THORACIC, Region.LUMBAR][number % 3],
            direction=DIRECTIONS[number // 3 % 3],
            position="lying",
            loading="repeated",
            amount=10,
            during=During.DECREASED,
            after=After.BETTER,
            rom=RangeChange.SAME,
            neuro=Neuro.SAME,
            computed_light="green",
            computed_reason="Better.",
            rules_version=1,
            light="green",
            at=days_ago(number),
            by=by,
        )
        for number in range(length)
    )
    logs = SessionLog.objects.bulk_create(
        SessionLog(
            **mine,
            edition=edition,
            client_uuid=uuid4(),
            digest="x",
            done_at=days_ago(number),
            local_date=days_ago(number).date(),
        )
        for number in range(length)
    )
    entries = SessionEntry.objects.bulk_create(
        SessionEntry(**mine, log=log, prescribed_exercise=line, outcome="done") for log in logs
    )
    Pause.objects.bulk_create(
        Pause(
            **mine,
            entry=entry,
            exercise=line.exercise_edition.exercise,
            because="a spread",
            since=days_ago(number),
            lifted_at=None if number == 0 else days_ago(number - 1),
            lifted_by=None if number == 0 else by,
        )
        for number, entry in enumerate(entries)
    )
    ConditionOnFile.objects.bulk_create(
        ConditionOnFile(
            **mine,
            condition=list(Condition)[number % len(Condition)],
            since=days_ago(number + 1).date(),
            until=None if number < len(Condition) else days_ago(number).date(),
            source="Letter",
            recorded_by=by,
        )
        for number in range(length)
    )
    flags = RaisedFlag.objects.bulk_create(
        RaisedFlag(**mine, code="fever", source="portal", raised_at=days_ago(number))
        for number in range(length)
    )
    Clearance.objects.bulk_create(
        Clearance(
            **mine,
            flag=flag,
            assessed_by="Dr Lee",
            assessed_on=TODAY,
            outcome="A cold.",
            recorded_by=by,
        )
        for flag in flags
    )


@pytest.fixture(params=LENGTHS, ids=[f"history of {length}" for length in LENGTHS])
def programme(request, clinic) -> tuple[Patient, list]:
    """A patient with a history, and a draft of eight lines: the catalogue, one on each side."""
    patient = make.patient(of=clinic)
    edition = make.edition(of=patient)
    sides = [replace(make.line("DOOR"), side="left"), replace(make.line("DOOR"), side="right")]
    others = [make.line(code) for code in CODES if code != "DOOR"]
    draft = make.draft(of=patient, lines=[*others, *sides])
    with inside(clinic.pk):
        fill(patient, edition, request.param)
        lines = list(PrescriptionEdition.objects.with_lines().get(pk=draft.pk).lines.all())
        assert len(lines) == 8
        yield Patient.objects.with_clinic().get(pk=patient.pk), lines


def test_the_facts_of_eight_exercises_cost_at_most_four_queries(
    programme, django_assert_max_num_queries
):
    patient, lines = programme
    with django_assert_max_num_queries(QUERIES_ALLOWED):
        found = facts.findings_of(lines, patient=patient, today=TODAY)
    assert {finding.rule for of_line in found for finding in of_line} >= {"V3", "V5"}


def test_after_an_episode_they_cost_no_more(programme, django_assert_max_num_queries):
    patient, lines = programme
    by = make.founder(patient.clinic)
    Episode.objects.of_patient(patient).update(closed_at=NOW, closed_by=by)
    make.flag(of=patient)
    with django_assert_max_num_queries(QUERIES_ALLOWED):
        found = facts.findings_of(lines, patient=patient, today=TODAY)
    assert {finding.rule for of_line in found for finding in of_line} >= {"V1", "V2", "V5"}


def test_before_the_first_episode_they_cost_no_more(clinic, django_assert_max_num_queries):
    patient = make.patient(of=clinic)
    make.flag(of=patient)
    with inside(clinic.pk):
        patient = Patient.objects.with_clinic().get(pk=patient.pk)
        with django_assert_max_num_queries(QUERIES_ALLOWED):
            record = facts.record_of(patient, today=TODAY)
    assert record.open_flags
    assert record.screened_on is None


def test_eight_exercises_are_checked_in_milliseconds(programme):
    patient, lines = programme
    record = facts.record_of(patient, today=TODAY)
    spent = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        planned = [facts.planned(line.exercise_edition, hold_seconds=2) for line in lines]
        gathered = time.perf_counter()
        found = checks.check(planned, record)
        spent.append((time.perf_counter() - began, time.perf_counter() - gathered))
    assert sum(map(len, found)) > 8
    whole, rules = (statistics.median(one) * 1000 for one in zip(*spent, strict=True))
    print(f"8 exercises, {len(record.tests)} tests: {whole:.2f} ms, the rules {rules:.2f} ms")
    assert whole < MILLISECONDS_ALLOWED
