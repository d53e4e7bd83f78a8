"""What holds for every patient and every programme, whatever the facts."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.vocabulary import Demand, Direction, Range, Region
from patients.bodymap import BodyMap
from patients.conditions import Condition
from patients.episodes import Phase
from patients.lights import GIVEN_BY_A_TEST, Light
from prescriptions.checks import (
    Load,
    OnFile,
    Paused,
    Planned,
    Record,
    Tested,
    Verdict,
    check,
    check_one,
    verdict,
)

TODAY = date(2026, 5, 20)
fixed = settings(max_examples=60)

# Few regions and directions, so that facts and exercises meet often.
REGIONS = [Region.LUMBAR, Region.THORACIC, Region.THORACIC_UPPER, Region.HIP]
DIRECTIONS = [
    Direction.FLEXION, Direction.EXTENSION, Direction.SIDE_GLIDE_LEFT, Direction.NONE,
]  # fmt: skip
CODES = "ABCDE"
LOADS = [Load(*one) for one in product(REGIONS, DIRECTIONS, Range)]
WAYS = sorted({load.movement for load in LOADS})
DAYS = [TODAY - timedelta(days=ago) for ago in (0, 1, 14, 15, 40)]
TESTS = [Tested(light, day, "produced", "worse") for light in GIVEN_BY_A_TEST for day in DAYS]
ON_FILE = [OnFile(condition, TODAY, "referral") for condition in Condition]
PAUSES = [
    *[Paused(TODAY, "pain", code=code) for code in CODES],
    *[Paused(TODAY, "a spread", way=movement) for movement in WAYS],
]
FLAGS = ["bladder", "fever", "lump"]


def some(facts: Sequence, most: int) -> st.SearchStrategy[tuple]:
    return st.lists(st.sampled_from(facts), max_size=most).map(tuple)


def exercises(companions: st.SearchStrategy) -> st.SearchStrategy[Planned]:
    return st.builds(
        Planned,
        code=st.sampled_from(CODES),
        name=st.just("Exercise"),
        loads=some(LOADS, 3),
        demands=some(list(Demand), 2).map(frozenset),
        hold_seconds=st.integers(0, 4),
        max_hold_seconds=st.sampled_from([None, 2]),
        soon_after_waking=st.booleans(),
        companion=companions,
        companion_is_optional=st.booleans(),
    )


ways = st.sampled_from(WAYS)
companions = exercises(st.none())
lines = exercises(st.none() | companions)
programmes = st.lists(lines, max_size=3)
records = st.builds(
    Record,
    today=st.just(TODAY),
    # Mostly screened and without a flag, so that the other rules decide.
    screened_on=st.sampled_from([TODAY, TODAY, TODAY, None]),
    open_flags=st.sampled_from([(), (), (), ("bladder",)]),
    phase=st.sampled_from(Phase),
    preference=st.none() | ways,
    tests=st.dictionaries(ways, st.sampled_from(TESTS), max_size=4),
    conditions=some(ON_FILE, 2),
    paused=some(PAUSES, 2),
    reach=st.dictionaries(st.sampled_from(BodyMap), st.integers(0, 6)),
)


def verdicts(programme: list[Planned], record: Record) -> list[Verdict]:
    return [verdict(findings) for findings in check(programme, record)]


def said(findings: list) -> set[tuple]:
    return {(found.rule, found.verdict, found.message) for found in findings}


# Adding a worse fact.


def a_flag(record: Record, data: st.DataObject) -> Record:
    return replace(record, open_flags=(*record.open_flags, data.draw(st.sampled_from(FLAGS))))


def a_condition(record: Record, data: st.DataObject) -> Record:
    return replace(record, conditions=(*record.conditions, data.draw(st.sampled_from(ON_FILE))))


def a_pause(record: Record, data: st.DataObject) -> Record:
    return replace(record, paused=(*record.paused, data.draw(st.sampled_from(PAUSES))))


def a_red_test(record: Record, data: st.DataObject) -> Record:
    red = replace(data.draw(st.sampled_from(TESTS)), light=Light.RED)
    return replace(record, tests={**record.tests, data.draw(ways): red})


def a_further_reach(record: Record, data: st.DataObject) -> Record:
    body_map, further = data.draw(st.sampled_from(BodyMap)), data.draw(st.integers(1, 6))
    reached = min(6, record.reach.get(body_map, 0) + further)
    return replace(record, reach={**record.reach, body_map: reached})


def no_screen(record: Record, data: st.DataObject) -> Record:
    return replace(record, screened_on=None)


def time_that_passed(record: Record, data: st.DataObject) -> Record:
    return replace(record, today=TODAY + timedelta(days=data.draw(st.integers(1, 30))))


def an_event(record: Record, data: st.DataObject) -> Record:
    """Such as a new injury: it overtakes every test."""
    tests = {movement: replace(test, is_overtaken=True) for movement, test in record.tests.items()}
    return replace(record, tests=tests)


@pytest.mark.parametrize(
    "worse",
    [
        a_flag,
        a_condition,
        a_pause,
        a_red_test,
        a_further_reach,
        no_screen,
        time_that_passed,
        an_event,
    ],
)
def test_a_worse_fact_never_makes_a_verdict_milder(worse):
    @given(programmes, records, st.data())
    @fixed
    def holds(programme, record, data):
        before = verdicts(programme, record)
        after = verdicts(programme, worse(record, data))
        assert all(now >= was for now, was in zip(after, before, strict=True))

    holds()


WHAT_A_TEST_ANSWERS = {"V4", "V7", "V8", "V9", "V10", "V11", "V12", "V13"}


@given(lines, records, ways)
@fixed
def test_a_fresh_green_test_takes_back_nothing_but_what_a_test_answers(line, record, movement):
    green = {movement: Tested(Light.GREEN, TODAY, "abolished", "better")}
    before = check_one(line, record)
    after = check_one(line, replace(record, tests={**record.tests, **green}))
    assert said(after) <= said(before)
    assert {found.rule for found in before if found not in after} <= WHAT_A_TEST_ANSWERS


@given(records, st.sampled_from(ON_FILE), some(LOADS, 3))
@fixed
def test_a_fresh_green_test_waives_cautions_on_that_load_only(record, on_file, loads):
    line = Planned("A", "Exercise", loads, frozenset(Demand))
    green = {load.movement: Tested(Light.GREEN, TODAY, "abolished", "better") for load in loads}
    record = replace(record, conditions=(on_file,))
    untested = check_one(line, replace(record, tests={}))
    tested = check_one(line, replace(record, tests=green))
    blocks = {found for found in untested if found.rule == "V3"}
    on_demands = set(check_one(replace(line, loads=()), record))
    assert blocks <= set(tested)
    assert {found for found in tested if found.rule == "V8"} <= on_demands <= set(tested)


# Order.


@given(programmes, records, st.randoms(use_true_random=False))
@fixed
def test_the_order_of_facts_does_not_matter(programme, record, random):
    def shuffled(facts: tuple) -> tuple:
        return tuple(random.sample(facts, len(facts)))

    again = replace(
        record,
        open_flags=shuffled(record.open_flags),
        tests=dict(shuffled(tuple(record.tests.items()))),
        conditions=shuffled(record.conditions),
        paused=shuffled(record.paused),
        reach=dict(shuffled(tuple(record.reach.items()))),
    )
    first, second = check(programme, record), check(programme, again)
    assert [said(findings) for findings in first] == [said(findings) for findings in second]


@given(programmes, records, st.randoms(use_true_random=False))
@fixed
def test_the_order_of_lines_matters_only_to_what_follows(programme, record, random):
    order = random.sample(range(len(programme)), len(programme))
    first, second = check(programme, record), check([programme[at] for at in order], record)

    def without_v15(findings: list) -> set[tuple]:
        return {(found.rule, found.verdict) for found in findings if found.rule != "V15"}

    for place, at in enumerate(order):
        assert without_v15(second[place]) == without_v15(first[at])


@given(programmes, records, lines)
@fixed
def test_one_more_line_takes_back_nothing_but_the_missing_companion(programme, record, added):
    before, after = check(programme, record), check([*programme, added], record)
    for was, now in zip(before, after, strict=False):
        gone = {found.rule for found in was} - {found.rule for found in now}
        assert gone <= {"V15"}


# The companion.


@given(programmes, records)
@fixed
def test_a_companion_in_the_programme_is_checked_like_any_other_line(programme, record):
    usual = [line.companion for line in programme if line.companion]
    for companion, findings in zip(
        usual, check([*programme, *usual], record)[len(programme) :], strict=True
    ):
        assert set(check_one(companion, record)) == {
            found for found in findings if found.rule != "V19"
        }


@given(programmes, records, companions, st.booleans())
@fixed
def test_a_blocked_companion_is_said_wherever_it_is_usual(programme, record, usual, follows):
    leads = Planned("LEADS", "Exercise", companion=usual)
    programme = [*programme, leads, *([usual] if follows else [])]
    findings = check(programme, record)[-2 if follows else -1]
    rules = {found.rule for found in findings}
    if verdict(check_one(leads, record)) >= Verdict.BLOCKED:
        assert not rules & {"V15", "V16"}
    elif verdict(check_one(usual, record)) >= Verdict.BLOCKED:
        assert rules & {"V15", "V16"} == {"V16"}
        assert verdict(findings) >= Verdict.CAUTION
    else:
        assert rules & {"V15", "V16"} == (set() if follows else {"V15"})


# Always.


@given(programmes, records, st.lists(st.sampled_from(FLAGS), min_size=1).map(tuple))
@fixed
def test_an_open_flag_stops_every_line(programme, record, open_flags):
    findings = check(programme, replace(record, open_flags=open_flags))
    for found in findings:
        assert verdict(found) is Verdict.STOP
        assert not any(one.can_be_overridden for one in found if one.verdict is Verdict.STOP)


@given(programmes, records)
@fixed
def test_the_same_facts_give_the_same_findings(programme, record):
    assert check(programme, record) == check(deepcopy(programme), deepcopy(record))


@given(programmes, records)
@fixed
def test_findings_belong_to_their_line_and_the_most_severe_is_first(programme, record):
    checked = check(programme, record)
    assert len(checked) == len(programme)
    for line, findings in zip(programme, checked, strict=True):
        severity = [found.verdict for found in findings]
        assert severity == sorted(severity, reverse=True)
        assert {found.code for found in findings} <= {line.code}
        assert len(set(findings)) == len(findings)
        assert all(found.message and found.message[0].isupper() for found in findings)


@given(programmes, records)
@fixed
def test_only_three_rules_cannot_be_overridden(programme, record):
    for findings in check(programme, record):
        for found in findings:
            assert found.can_be_overridden is (found.rule not in {"V1", "V2", "V14"})
