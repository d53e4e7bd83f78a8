from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prescriptions import rules
from prescriptions.rules import Finding, Planned, Verdict

REIL = Planned(
    "REIL",
    "Repeated Extension in Lying",
    hold_seconds=0,
    max_hold_seconds=2,
    hold_message="This one is repeated, not held.",
)
FIL = Planned(
    "FIL",
    "Flexion in Lying",
    hold_seconds=5,
    companion_code="REIL",
    companion_name="Repeated Extension in Lying",
)
TILT = Planned("TILT", "Pelvic Tilt", hold_seconds=10)

fixed = settings(derandomize=True, max_examples=60)
planned = st.builds(
    Planned,
    code=st.sampled_from(["FIL", "REIL", "TILT", "KLF"]),
    name=st.just("Exercise"),
    hold_seconds=st.integers(0, 1800),
    max_hold_seconds=st.none() | st.integers(0, 1800),
    hold_message=st.sampled_from(["", "Not held."]),
    companion_code=st.sampled_from(["", "REIL", "FIL"]),
    companion_name=st.just("Companion"),
)
programmes = st.lists(planned, max_size=5)


def fired(*programme: Planned) -> list[tuple[str, str]]:
    return [(finding.rule, finding.code) for finding in rules.check(programme)]


# V14: what is repeated is not held.


@pytest.mark.parametrize(
    ("hold", "blocked"),
    [
        pytest.param(0, False, id="no hold"),
        pytest.param(2, False, id="at the limit"),
        pytest.param(3, True, id="a second beyond"),
        pytest.param(30, True, id="30 s"),
        pytest.param(1800, True, id="the longest that can be typed"),
    ],
)
def test_a_repeated_exercise_is_not_held_beyond_its_limit(hold, blocked):
    found = rules.check([replace(REIL, hold_seconds=hold)])
    assert [(finding.rule, finding.verdict) for finding in found] == (
        [("V14", Verdict.BLOCKED)] if blocked else []
    )


def test_a_limit_of_zero_is_a_limit():
    never_held = replace(REIL, max_hold_seconds=0)
    assert fired(never_held) == []
    assert fired(replace(never_held, hold_seconds=1)) == [("V14", "REIL")]


def test_without_a_limit_any_hold_goes():
    assert fired(replace(TILT, hold_seconds=1800)) == []


def test_a_hold_that_is_too_long_says_why_and_what_to_do():
    (found,) = rules.check([replace(REIL, hold_seconds=30)])
    assert found.message == "This one is repeated, not held."
    assert found.advice == "Set the hold to 2 s or less."
    assert found.basis == "Rule V14"


def test_an_exercise_without_a_message_of_its_own_is_named():
    (found,) = rules.check([replace(REIL, hold_seconds=30, hold_message="")])
    assert found.message == "Repeated Extension in Lying is repeated, not held."


# V15: what usually follows.


@pytest.mark.parametrize(
    ("programme", "missing"),
    [
        pytest.param([FIL], 1, id="alone"),
        pytest.param([FIL, REIL], 0, id="at once after it"),
        pytest.param([FIL, TILT, REIL], 0, id="later"),
        pytest.param([REIL, FIL], 1, id="before it"),
        pytest.param([FIL, REIL, FIL], 1, id="after the first, not after the second"),
        pytest.param([FIL, FIL, REIL], 0, id="one for two"),
        pytest.param([FIL, TILT, FIL], 2, id="two without"),
        pytest.param([TILT, REIL], 0, id="nobody asked for one"),
    ],
)
def test_a_companion_comes_after_its_exercise(programme, missing):
    assert fired(*programme) == [("V15", "FIL")] * missing


def test_an_exercise_is_not_its_own_companion():
    twin = replace(FIL, companion_code="FIL")
    assert fired(twin) == [("V15", "FIL")]
    assert fired(twin, twin) == [("V15", "FIL")]


def test_a_missing_companion_is_a_caution_that_names_both():
    (found,) = rules.check([FIL])
    assert found.verdict is Verdict.CAUTION
    assert "Flexion in Lying is usually followed by Repeated Extension in Lying" in found.message
    assert "Add Repeated Extension in Lying after it" in found.advice


# The programme as a whole.


def test_every_finding_is_told_in_the_order_of_the_programme():
    held = replace(REIL, hold_seconds=30)
    both = replace(FIL, max_hold_seconds=1)
    assert fired(held, both) == [("V14", "REIL"), ("V14", "FIL"), ("V15", "FIL")]


def test_an_empty_programme_has_no_conflict():
    assert rules.check([]) == []


def finding(severity: Verdict) -> Finding:
    return Finding("V0", severity, "X", "Why.", "What to do.")


@pytest.mark.parametrize(
    ("severities", "decides"),
    [
        pytest.param([], Verdict.ALLOWED, id="nothing found"),
        pytest.param([Verdict.CAUTION], Verdict.CAUTION, id="one"),
        pytest.param([Verdict.CAUTION, Verdict.BLOCKED, Verdict.CAUTION], Verdict.BLOCKED, id="3"),
        pytest.param([Verdict.STOP, Verdict.BLOCKED], Verdict.STOP, id="stop is above all"),
    ],
)
def test_the_most_severe_finding_decides(severities, decides):
    assert rules.verdict([finding(severity) for severity in severities]) is decides


def test_verdicts_are_said_in_plain_words():
    assert [verdict.word for verdict in Verdict] == ["allowed", "caution", "blocked", "stop"]


# What holds for any programme.


@fixed
@given(programmes.filter(len), st.data())
def test_a_longer_hold_is_never_judged_more_mildly(programme, data):
    place = data.draw(st.integers(0, len(programme) - 1))
    more = data.draw(st.integers(0, 1800))
    longer = programme.copy()
    longer[place] = replace(longer[place], hold_seconds=longer[place].hold_seconds + more)
    assert rules.verdict(rules.check(longer)) >= rules.verdict(rules.check(programme))
    assert len(rules.check(longer)) >= len(rules.check(programme))


@fixed
@given(programmes.flatmap(lambda lines: st.tuples(st.just(lines), st.permutations(lines))))
def test_the_order_of_the_others_does_not_matter_for_a_hold(two_orders):
    one, other = (
        sorted(str(finding) for finding in rules.check(programme) if finding.rule == "V14")
        for programme in two_orders
    )
    assert one == other


@fixed
@given(programmes)
def test_a_companion_at_the_end_is_after_all_who_ask_for_it(programme):
    last = [Planned(code, "Last", hold_seconds=0) for code in ("REIL", "FIL")]
    assert "V15" not in {finding.rule for finding in rules.check([*programme, *last])}


@fixed
@given(programmes, planned)
def test_one_exercise_more_never_hides_a_hold_that_is_too_long(programme, another):
    before = [finding for finding in rules.check(programme) if finding.rule == "V14"]
    after = [finding for finding in rules.check([*programme, another]) if finding.rule == "V14"]
    assert after[: len(before)] == before
