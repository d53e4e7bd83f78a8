"""The worked cases of the decision table, each by its number."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from exercises.vocabulary import Direction, Region
from patients.bodymap import BodyMap
from patients.conditions import Condition
from patients.episodes import Phase
from patients.lights import Light
from prescriptions import checks
from prescriptions.checks import OnFile, Paused, Record, Tested, Verdict
from tests.programme import planned

TODAY = date(2026, 5, 20)
YESTERDAY = TODAY - timedelta(days=1)
BEND, ARCH = (Region.LUMBAR, Direction.FLEXION), (Region.LUMBAR, Direction.EXTENSION)
HEALTHY = Record(today=TODAY, screened_on=YESTERDAY)
LOCAL_PAIN = replace(HEALTHY, reach={BodyMap.LOW: 2})
LEG_PAIN = replace(HEALTHY, reach={BodyMap.LOW: 5})
ARM_PAIN = replace(HEALTHY, reach={BodyMap.UPPER: 5})


REIL = planned("REIL")
FIL, KLF = planned("FIL"), planned("KLF")
TILT, SUTE, DOOR, PILLOW = map(planned, ("TILT", "SUTE", "DOOR", "PILLOW"))


def a_test(light: Light, days_ago: int = 1) -> Tested:
    return Tested(light, TODAY - timedelta(days=days_ago), "no effect", "better")


def with_tests(record: Record = HEALTHY, **facts: object) -> Record:
    return replace(record, **facts)


def on_file(condition: Condition) -> tuple[OnFile, ...]:
    return (OnFile(condition, since=date(2026, 1, 1), source="referral"),)


ARCHING_HELPS = with_tests(
    preference=ARCH, phase=Phase.REDUCTION, tests={ARCH: a_test(Light.GREEN)}
)

# number: (record, item, follows, verdict, rules). Where the table names one rule, and a second
# one of the same severity fires as well by its own words, both are here.
CASES = {
    1: (HEALTHY, FIL, [REIL], Verdict.ALLOWED, set()),
    2: (HEALTHY, FIL, [], Verdict.CAUTION, {"V15"}),
    3: (LOCAL_PAIN, KLF, [], Verdict.CAUTION, {"V13"}),
    4: (LEG_PAIN, REIL, [], Verdict.BLOCKED, {"V12"}),
    5: (ARCHING_HELPS, REIL, [], Verdict.ALLOWED, set()),
    6: (ARCHING_HELPS, FIL, [], Verdict.BLOCKED, {"V6"}),
    7: (ARCHING_HELPS, TILT, [], Verdict.CAUTION, {"V7"}),
    8: (
        replace(
            ARCHING_HELPS,
            phase=Phase.RECOVERY_OF_FUNCTION,
            tests={ARCH: a_test(Light.GREEN), BEND: a_test(Light.AMBER, days_ago=0)},
        ),
        FIL,
        [REIL],
        Verdict.CAUTION,
        {"V6b", "V9"},  # the table names V6b; amber also asks for a review date
    ),
    9: (
        with_tests(tests={BEND: a_test(Light.RED, days_ago=30)}),
        KLF,
        [],
        Verdict.BLOCKED,
        {"V4"},
    ),
    10: (
        with_tests(
            preference=BEND,
            phase=Phase.REDUCTION,
            tests={BEND: a_test(Light.GREEN), ARCH: a_test(Light.RED)},
        ),
        FIL,
        [],
        Verdict.CAUTION,
        {"V16"},
    ),
    11: (with_tests(conditions=on_file(Condition.STENOSIS)), REIL, [], Verdict.CAUTION, {"V8"}),
    12: (
        with_tests(conditions=on_file(Condition.STENOSIS), tests={ARCH: a_test(Light.GREEN)}),
        REIL,
        [],
        Verdict.ALLOWED,
        set(),
    ),
    13: (
        with_tests(
            conditions=on_file(Condition.SPONDYLOLISTHESIS), tests={BEND: a_test(Light.GREEN)}
        ),
        FIL,
        [],
        Verdict.CAUTION,
        {"V16"},
    ),
    14: (
        with_tests(conditions=on_file(Condition.SPINAL_FRACTURE_OR_OSTEOPOROSIS)),
        FIL,
        [],
        Verdict.BLOCKED,
        {"V3"},
    ),
    15: (
        with_tests(conditions=on_file(Condition.POSTERIOR_HIP_PRECAUTIONS)),
        KLF,
        [],
        Verdict.BLOCKED,
        {"V3"},
    ),
    16: (HEALTHY, replace(REIL, hold_seconds=30), [], Verdict.BLOCKED, {"V14"}),
    17: (with_tests(open_flags=("bladder",)), TILT, [], Verdict.STOP, {"V1"}),
    18: (with_tests(screened_on=None), PILLOW, [], Verdict.BLOCKED, {"V2"}),
    19: (
        with_tests(tests={BEND: a_test(Light.EXPECTED), ARCH: a_test(Light.GREEN)}),
        FIL,
        [REIL],
        Verdict.CAUTION,
        {"V10"},
    ),
    20: (
        with_tests(tests={ARCH: a_test(Light.GREEN, days_ago=20)}),
        REIL,
        [],
        Verdict.CAUTION,
        {"V11"},
    ),
    21: (
        with_tests(paused=(Paused(YESTERDAY, "more pain", code="REIL"),)),
        REIL,
        [],
        Verdict.BLOCKED,
        {"V5"},
    ),
    22: (with_tests(conditions=on_file(Condition.SHOULDER)), DOOR, [], Verdict.CAUTION, {"V8"}),
    23: (HEALTHY, replace(FIL, soon_after_waking=True), [REIL], Verdict.CAUTION, {"V17"}),
    24: (with_tests(conditions=on_file(Condition.PREGNANCY)), PILLOW, [], Verdict.CAUTION, {"V8"}),
    25: (with_tests(LOCAL_PAIN, tests={ARCH: a_test(Light.RED)}), SUTE, [], Verdict.ALLOWED, set()),
    26: (
        with_tests(
            LOCAL_PAIN,
            tests={
                BEND: a_test(Light.NO_EFFECT),
                ARCH: a_test(Light.NO_EFFECT),
                (Region.THORACIC, Direction.FLEXION): a_test(Light.NO_EFFECT),
            },
        ),
        KLF,
        [],
        Verdict.ALLOWED,
        set(),
    ),
    27: (LEG_PAIN, SUTE, [], Verdict.ALLOWED, set()),
    28: (ARM_PAIN, SUTE, [], Verdict.BLOCKED, {"V12"}),
    29: (replace(ARCHING_HELPS, phase=Phase.MAINTAINED), KLF, [], Verdict.BLOCKED, {"V6"}),
}


def test_there_are_29_cases():
    assert sorted(CASES) == list(range(1, 30))


@pytest.mark.parametrize("number", CASES)
def test_worked_case(number):
    record, item, follows, verdict, fired = CASES[number]
    found = checks.check([item, *follows], record)[0]
    assert {finding.rule for finding in found} == fired
    assert checks.verdict(found) is verdict
