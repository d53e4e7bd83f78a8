import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest

from exercises.vocabulary import Demand, Direction, Range, Region
from patients.bodymap import BodyMap
from patients.conditions import DEMANDS, LOADS, Condition, Effect
from patients.episodes import Phase
from patients.lights import Light
from prescriptions import checks
from prescriptions.checks import (
    Finding,
    Load,
    Needed,
    OnFile,
    Paused,
    Planned,
    Record,
    Tested,
    Verdict,
    check,
    check_one,
    checked_too_late,
    latest_check,
    verdict,
    way,
)

TODAY = date(2026, 5, 20)
YESTERDAY = TODAY - timedelta(days=1)
LUMBAR, THORACIC, UPPER = Region.LUMBAR, Region.THORACIC, Region.THORACIC_UPPER
FLEXION, EXTENSION, END, MID = Direction.FLEXION, Direction.EXTENSION, Range.END, Range.MID
BEND, ARCH = (LUMBAR, FLEXION), (LUMBAR, EXTENSION)
HEALTHY = Record(today=TODAY, screened_on=YESTERDAY)
SEVERITY = {
    **dict.fromkeys(["V1"], Verdict.STOP),
    **dict.fromkeys(["V2", "V3", "V4", "V5", "V6", "V12", "V14"], Verdict.BLOCKED),
    **dict.fromkeys(["V6b", "V7", "V8", "V9", "V10", "V11"], Verdict.CAUTION),
    **dict.fromkeys(["V13", "V15", "V16", "V17", "V19"], Verdict.CAUTION),
}


def exercise(code: str = "ITEM", *loads: Load, **more: object) -> Planned:
    return Planned(code=code, name=f"Exercise {code}", loads=loads, **more)


BENDS = exercise("BENDS", Load(*BEND, END))
BENDS_A_LITTLE = exercise("LITTLE", Load(*BEND, MID))
ARCHES = exercise("ARCHES", Load(*ARCH, END))
ARCHES_A_LITTLE = exercise("ARCHES_LITTLE", Load(*ARCH, MID))
ARCHES_HIGH_UP = exercise("HIGH", Load(UPPER, EXTENSION, END))
STRETCHES_A_HIP = exercise("HIP", Load(Region.HIP, Direction.NONE, END))
KEEPS_STILL = exercise("STILL", Load(LUMBAR, Direction.NEUTRAL, END))
EVERYTHING = [
    BENDS, BENDS_A_LITTLE, ARCHES, ARCHES_A_LITTLE, ARCHES_HIGH_UP, STRETCHES_A_HIP, KEEPS_STILL,
]  # fmt: skip


def healthy(**facts: object) -> Record:
    return replace(HEALTHY, **facts)


def latest(movement: tuple[Region, Direction], light: Light, days_ago: int = 1, **more: object):
    test = Tested(light, TODAY - timedelta(days=days_ago), "produced", "worse", **more)
    return {movement: test}


def on_file(*conditions: Condition) -> tuple[OnFile, ...]:
    return tuple(OnFile(one, since=date(2026, 1, 2), source="referral") for one in conditions)


def rules_of(planned: Planned, record: Record) -> set[str]:
    return {found.rule for found in check_one(planned, record)}


def only(findings: list[Finding], rule: str) -> Finding:
    """The one finding there is; it has the severity of its rule."""
    [found] = findings
    assert found.rule == rule
    assert found.verdict is SEVERITY[rule]
    assert verdict(findings) is SEVERITY[rule]
    return found


def only_one(planned: Planned, record: Record, rule: str) -> Finding:
    found = only(check_one(planned, record), rule)
    assert found.code == planned.code
    return found


# What has to be recorded to go on: the last column of the decision table.


@pytest.mark.parametrize(
    ("rule", "needed"),
    [
        ("V1", []),
        ("V2", []),
        ("V3", ["reason", "clearance_from", "clearance_on", "modified_range"]),
        ("V4", ["reason", "plan", "check_on"]),
        ("V5", ["reason", "contact", "decision"]),
        ("V6", ["reason", "check_on"]),
        ("V6b", ["check_on"]),
        ("V7", ["seen"]),
        ("V8", ["seen"]),
        ("V9", ["check_on"]),
        ("V10", ["pain_limit", "fades_within"]),
        ("V11", ["seen"]),
        ("V12", ["reason"]),
        ("V13", ["seen"]),
        ("V14", []),
        ("V15", ["reason"]),
        ("V16", ["decision"]),
        ("V17", ["seen"]),
        ("V19", ["reason"]),
    ],
)
def test_what_has_to_be_recorded_to_go_on(rule, needed):
    found = Finding(rule, SEVERITY[rule], "ITEM", "Why.")
    assert found.needed == tuple(Needed(one) for one in needed)
    assert found.can_be_overridden is bool(needed)


def test_a_stop_is_never_overridden_whatever_its_rule():
    assert not Finding("V3", Verdict.STOP, "ITEM", "Why.").can_be_overridden


V10 = Finding("V10", Verdict.CAUTION, "ITEM", "Why.")


@pytest.mark.parametrize(
    ("recorded", "is_enough"),
    [
        pytest.param({"V10": {"pain_limit": 3, "fades_within": "10 min"}}, True, id="all of it"),
        pytest.param({"V10": {"pain_limit": 0, "fades_within": "10 min"}}, True, id="no pain"),
        pytest.param({"V10": {"pain_limit": 3}}, False, id="one of two"),
        pytest.param({"V10": {"pain_limit": 3, "fades_within": ""}}, False, id="an empty line"),
        pytest.param({"V10": {"pain_limit": 3, "fades_within": " "}}, False, id="a blank"),
        pytest.param({"V10": {"pain_limit": 3, "fades_within": None}}, False, id="nothing"),
        pytest.param({"V9": {"pain_limit": 3, "fades_within": 10}}, False, id="for another rule"),
        pytest.param({}, False, id="no record"),
    ],
)
def test_to_go_on_all_that_is_needed_has_to_be_recorded(recorded, is_enough):
    assert checks.unanswered([V10], recorded) == ([] if is_enough else [V10])


def test_a_box_without_a_tick_is_no_answer():
    found = Finding("V13", Verdict.CAUTION, "ITEM", "Why.")
    assert checks.unanswered([found], {"V13": {"seen": False}}) == [found]
    assert checks.unanswered([found], {"V13": {"seen": True}}) == []


@pytest.mark.parametrize("rule", ["V1", "V2", "V14"])
def test_what_cannot_be_overridden_is_never_answered(rule):
    found = Finding(rule, SEVERITY[rule], "ITEM", "Why.")
    recorded = {rule: dict.fromkeys(Needed, "all there is")}
    assert checks.unanswered([V10, found], {**recorded, "V10": recorded[rule]}) == [found]


# V1 and V2: the patient.


@pytest.mark.parametrize("planned", EVERYTHING, ids=lambda planned: planned.code)
def test_v1_an_open_flag_stops_every_exercise(planned):
    found = only_one(planned, healthy(open_flags=("Bladder, 19 May",)), "V1")
    assert "Red-flag answer is open" in found.message
    assert found.facts == ("Bladder, 19 May",)
    assert not found.can_be_overridden


def test_v1_is_silent_without_an_open_flag():
    assert check_one(BENDS, HEALTHY) == []


@pytest.mark.parametrize("planned", EVERYTHING, ids=lambda planned: planned.code)
def test_v2_the_safety_screen_comes_first(planned):
    found = only_one(planned, healthy(screened_on=None), "V2")
    assert found.message == "Complete the safety screen first."
    assert not found.can_be_overridden


def test_v2_is_silent_on_the_day_of_the_screen():
    assert check_one(BENDS, healthy(screened_on=TODAY)) == []


# V3 and V8: conditions.


@pytest.mark.parametrize("entry", LOADS, ids=lambda entry: f"{entry.condition}-{entry.effect.name}")
def test_v3_and_v8_speak_for_every_row_of_the_matrix_on_loads(entry):
    region = min(entry.regions)
    load = Load(region, entry.direction or FLEXION, entry.range or END)
    record = healthy(conditions=on_file(entry.condition))
    rule = "V3" if entry.effect is Effect.BLOCKED else "V8"
    found = only_one(exercise("ITEM", load), record, rule)
    assert entry.condition.label in found.message
    assert load.words in found.message
    assert "2 Jan 2026" in found.facts[0]
    assert "referral" in found.facts[0]
    assert entry.source in found.facts[1]


@pytest.mark.parametrize(
    "entry", DEMANDS, ids=lambda entry: f"{entry.condition}-{entry.demand}-{entry.effect.name}"
)
def test_v3_and_v8_speak_for_every_row_of_the_matrix_on_demands(entry):
    planned = exercise(demands=frozenset({entry.demand}))
    rule = "V3" if entry.effect is Effect.BLOCKED else "V8"
    found = only_one(planned, healthy(conditions=on_file(entry.condition)), rule)
    assert entry.condition.label in found.message
    assert entry.demand.label.lower() in found.message
    assert entry.source in found.facts[1]
    others = frozenset(Demand) - {other.demand for other in DEMANDS if other != entry}
    harmless = exercise(demands=others - {entry.demand})
    assert check_one(harmless, healthy(conditions=on_file(entry.condition))) == []


@pytest.mark.parametrize(
    ("condition", "planned"),
    [
        (Condition.SPONDYLOLISTHESIS, BENDS),
        (Condition.SPONDYLOLISTHESIS, ARCHES_HIGH_UP),
        (Condition.STENOSIS, ARCHES_A_LITTLE),
        (Condition.SPINAL_FRACTURE_OR_OSTEOPOROSIS, ARCHES),
        (Condition.RECENT_SPINAL_SURGERY, STRETCHES_A_HIP),
        (Condition.PREGNANCY, ARCHES),
    ],
)
def test_v3_and_v8_are_silent_beside_the_row(condition, planned):
    assert check_one(planned, healthy(conditions=on_file(condition))) == []


def test_v3_needs_a_clearance_with_its_date_and_the_range():
    found = only_one(ARCHES, healthy(conditions=on_file(Condition.SPONDYLOLISTHESIS)), "V3")
    assert found.message.endswith("is normally avoided.")
    assert {Needed.CLEARANCE_FROM, Needed.CLEARANCE_ON, Needed.MODIFIED_RANGE} <= {*found.needed}


@pytest.mark.parametrize(
    ("test", "is_waived"),
    [
        pytest.param(latest(ARCH, Light.GREEN), True, id="fresh green"),
        pytest.param(latest(ARCH, Light.GREEN, 14), True, id="green of fourteen days"),
        pytest.param(latest(ARCH, Light.GREEN, 15), False, id="stale green"),
        pytest.param(latest(ARCH, Light.GREEN, is_overtaken=True), False, id="overtaken green"),
        pytest.param(latest(ARCH, Light.AMBER), False, id="amber"),
        pytest.param(latest(ARCH, Light.EXPECTED), False, id="expected"),
        pytest.param(latest(ARCH, Light.NO_EFFECT), False, id="no effect"),
        pytest.param(latest(BEND, Light.GREEN), False, id="green of another movement"),
        pytest.param({}, False, id="untested"),
    ],
)
def test_v8_only_a_fresh_green_waives_a_caution_on_a_load(test, is_waived):
    record = healthy(conditions=on_file(Condition.STENOSIS), tests=test)
    assert ("V8" not in rules_of(ARCHES, record)) is is_waived


def test_v8_green_never_waives_a_caution_on_a_demand():
    planned = exercise("ITEM", Load(*ARCH, END), demands=frozenset({Demand.PRONE}))
    record = healthy(
        conditions=on_file(Condition.RECENT_ABDOMINAL_SURGERY), tests=latest(ARCH, Light.GREEN)
    )
    only_one(planned, record, "V8")


def test_v3_green_never_waives_a_block():
    record = healthy(
        conditions=on_file(Condition.SPONDYLOLISTHESIS), tests=latest(ARCH, Light.GREEN)
    )
    only_one(ARCHES, record, "V3")


def test_v3_and_v8_both_speak_where_two_rows_fit():
    planned = exercise("ITEM", Load(*ARCH, END), demands=frozenset({Demand.PRONE}))
    record = healthy(conditions=on_file(Condition.STENOSIS, Condition.PREGNANCY))
    assert rules_of(planned, record) == {"V3", "V8"}


# V4 and V7: the direction made symptoms worse.


@pytest.mark.parametrize("days_ago", [0, 1, 400])
def test_v4_red_blocks_the_end_of_range_however_old(days_ago):
    found = only_one(ARCHES, healthy(tests=latest(ARCH, Light.RED, days_ago)), "V4")
    day = TODAY - timedelta(days=days_ago)
    assert found.message == (
        f"Lumbar spine extension made symptoms worse on {day:%-d %b %Y} (produced/worse)."
    )
    assert f"{day:%-d %b %Y}" in found.facts[0]


def test_v4_red_is_not_overtaken_by_an_event():
    only_one(ARCHES, healthy(tests=latest(ARCH, Light.RED, is_overtaken=True)), "V4")


@pytest.mark.parametrize("light", [Light.GREEN, Light.NO_EFFECT])
def test_v4_any_newer_test_replaces_red(light):
    assert check_one(ARCHES, healthy(tests=latest(ARCH, light, 0))) == []


def test_v4_is_silent_on_another_movement():
    record = healthy(tests=latest(ARCH, Light.RED))
    assert check_one(BENDS, record) == []
    assert check_one(ARCHES_HIGH_UP, record) == []
    assert check_one(STRETCHES_A_HIP, record) == []


def test_v4_the_upper_thoracic_spine_counts_as_thoracic():
    found = only_one(ARCHES_HIGH_UP, healthy(tests=latest((THORACIC, EXTENSION), Light.RED)), "V4")
    assert "Upper thoracic spine extension" in found.message
    assert way(UPPER, EXTENSION) == (THORACIC, EXTENSION)
    assert way(*ARCH) == ARCH


def test_v7_red_before_the_end_of_range_is_a_caution():
    found = only_one(ARCHES_A_LITTLE, healthy(tests=latest(ARCH, Light.RED)), "V7")
    assert found.message == "Gentle range only; lumbar spine extension was provocative."
    assert "new test" in found.advice
    assert "19 May 2026" in found.facts[0]


def test_v4_a_second_load_of_an_exercise_counts_as_well():
    planned = exercise("ITEM", Load(*BEND, END), Load(*ARCH, END))
    only_one(planned, healthy(tests=latest(ARCH, Light.RED)), "V4")


# V5: paused by home logs.


def test_v5_a_paused_exercise_is_blocked():
    pause = Paused(YESTERDAY, "more pain in the calf", code="ARCHES")
    found = only_one(ARCHES, healthy(paused=(pause,)), "V5")
    assert (
        found.message == "Paused on 19 May 2026 after the patient reported more pain in the calf."
    )
    assert "19 May 2026" in found.facts[0]


@pytest.mark.parametrize("planned", [BENDS, BENDS_A_LITTLE])
def test_v5_a_paused_direction_blocks_every_range_of_it(planned):
    only_one(planned, healthy(paused=(Paused(YESTERDAY, "a spread", way=BEND),)), "V5")


def test_v5_a_paused_direction_blocks_a_second_load():
    planned = exercise("ITEM", Load(THORACIC, FLEXION, MID), Load(*BEND, END))
    only_one(planned, healthy(paused=(Paused(YESTERDAY, "a spread", way=BEND),)), "V5")


@pytest.mark.parametrize(
    "pause",
    [
        pytest.param(Paused(YESTERDAY, "pain", code="BENDS"), id="another exercise"),
        pytest.param(Paused(YESTERDAY, "pain", way=BEND), id="another direction"),
        pytest.param(Paused(YESTERDAY, "pain", way=(THORACIC, EXTENSION)), id="another region"),
    ],
)
def test_v5_is_silent_on_what_is_not_paused(pause):
    assert check_one(ARCHES, healthy(paused=(pause,))) == []


# V6, V6b and V7: against the directional preference.


def prefers(movement: tuple[Region, Direction], phase: Phase) -> Record:
    return healthy(preference=movement, phase=phase)


@pytest.mark.parametrize("phase", Phase)
def test_v6_by_phase_at_the_end_of_range(phase):
    rules = {
        Phase.REDUCTION: {"V6"},
        Phase.MAINTAINED: {"V6"},
        Phase.RECOVERY_OF_FUNCTION: {"V6b"},
    }
    assert rules_of(BENDS, prefers(ARCH, phase)) == rules.get(phase, set())


@pytest.mark.parametrize("phase", Phase)
def test_v7_by_phase_before_the_end_of_range(phase):
    rules = {
        Phase.REDUCTION: {"V7"},
        Phase.MAINTAINED: {"V7"},
        Phase.RECOVERY_OF_FUNCTION: {"V6b"},
    }
    assert rules_of(BENDS_A_LITTLE, prefers(ARCH, phase)) == rules.get(phase, set())


def test_v6_names_the_phase_and_the_preference():
    found = only_one(BENDS, prefers(ARCH, Phase.MAINTAINED), "V6")
    assert found.message == "Opposite to the preferred direction while it is still settling."
    assert found.facts == ("phase maintained", "opposite of lumbar spine extension")


def test_v6b_says_what_has_to_follow():
    found = only_one(BENDS, prefers(ARCH, Phase.RECOVERY_OF_FUNCTION), "V6b")
    assert found.message == (
        "Reintroducing lumbar spine flexion. Follow with lumbar spine extension."
    )


def test_v7_says_that_it_is_the_opposite():
    found = only_one(BENDS_A_LITTLE, prefers(ARCH, Phase.REDUCTION), "V7")
    assert found.message == (
        "Gentle range only; lumbar spine flexion is opposite to the preferred direction."
    )


def test_v7_says_both_where_the_direction_is_red_and_the_opposite():
    record = replace(prefers(ARCH, Phase.REDUCTION), tests=latest(BEND, Light.RED))
    findings = check_one(BENDS_A_LITTLE, record)
    assert [found.rule for found in findings] == ["V7", "V7"]
    assert len({found.message for found in findings}) == 2


@pytest.mark.parametrize(
    ("preference", "planned"),
    [
        pytest.param(ARCH, ARCHES, id="the preference itself"),
        pytest.param((THORACIC, FLEXION), ARCHES, id="another region"),
        pytest.param((LUMBAR, Direction.SIDE_GLIDE_LEFT), ARCHES, id="another plane"),
        pytest.param(ARCH, KEEPS_STILL, id="a spine that is kept still"),
        pytest.param(ARCH, STRETCHES_A_HIP, id="no spinal load"),
    ],
)
def test_v6_is_silent_on_what_is_not_the_exact_opposite(preference, planned):
    assert check_one(planned, prefers(preference, Phase.REDUCTION)) == []


def test_v6_holds_for_side_glides_too():
    glides = exercise("ITEM", Load(LUMBAR, Direction.SIDE_GLIDE_RIGHT, END))
    only_one(glides, prefers((LUMBAR, Direction.SIDE_GLIDE_LEFT), Phase.REDUCTION), "V6")


def test_v6_the_upper_thoracic_spine_counts_as_thoracic():
    only_one(ARCHES_HIGH_UP, prefers((THORACIC, FLEXION), Phase.REDUCTION), "V6")


# V9, V10 and V11: what the last test said.


@pytest.mark.parametrize("planned", [BENDS, BENDS_A_LITTLE])
@pytest.mark.parametrize(("light", "rule"), [(Light.AMBER, "V9"), (Light.EXPECTED, "V10")])
def test_v9_and_v10_speak_of_their_light(planned, light, rule):
    found = only_one(planned, healthy(tests=latest(BEND, light, 14)), rule)
    assert "lumbar spine flexion" in found.message.lower()
    assert "6 May 2026" in found.facts[0]


def test_v9_asks_for_a_review_and_v10_for_a_limit():
    amber = only_one(BENDS, healthy(tests=latest(BEND, Light.AMBER)), "V9")
    assert amber.message == "Lumbar spine flexion has not settled yet."
    assert "24 to 48 hours" in amber.advice
    expected = only_one(BENDS, healthy(tests=latest(BEND, Light.EXPECTED)), "V10")
    assert expected.message.endswith("is expected and must fade.")
    assert "0–10" in expected.advice


@pytest.mark.parametrize("light", [Light.GREEN, Light.NO_EFFECT])
def test_green_and_no_effect_are_quiet(light):
    record = healthy(tests=latest(BEND, light), reach={BodyMap.LOW: 6})
    assert check_one(BENDS, record) == []


@pytest.mark.parametrize("light", [Light.GREEN, Light.AMBER, Light.EXPECTED, Light.NO_EFFECT])
def test_v11_takes_the_place_of_every_light_but_red_after_fourteen_days(light):
    assert "V11" not in rules_of(BENDS, healthy(tests=latest(BEND, light, 14)))
    found = only_one(BENDS, healthy(tests=latest(BEND, light, 15)), "V11")
    assert found.message == "Lumbar spine flexion was last tested 15 days ago. Retest."
    assert "5 May 2026" in found.facts[0]


@pytest.mark.parametrize(("days_ago", "ago"), [(0, "today"), (1, "yesterday"), (2, "2 days ago")])
def test_v11_says_so_when_something_overtook_the_test(days_ago, ago):
    record = healthy(tests=latest(BEND, Light.GREEN, days_ago, is_overtaken=True))
    found = only_one(BENDS, record, "V11")
    assert f"last tested {ago}, and something has happened since" in found.message


def test_v11_the_clinic_sets_how_long_a_test_is_valid():
    record = healthy(tests=latest(BEND, Light.GREEN, 8), test_valid_days=7)
    only_one(BENDS, record, "V11")
    assert check_one(BENDS, replace(record, test_valid_days=8)) == []


def test_v9_to_v11_are_silent_on_another_movement():
    for light, days_ago in ((Light.AMBER, 1), (Light.EXPECTED, 1), (Light.GREEN, 20)):
        assert check_one(BENDS, healthy(tests=latest(ARCH, light, days_ago))) == []


# V12 and V13: untested.


@pytest.mark.parametrize("rank", range(7))
@pytest.mark.parametrize(
    ("planned", "body_map", "limb"),
    [(BENDS, BodyMap.LOW, "leg"), (ARCHES_HIGH_UP, BodyMap.UPPER, "arm")],
)
def test_v12_and_v13_by_how_far_symptoms_reach(planned, body_map, limb, rank):
    findings = check_one(planned, healthy(reach={body_map: rank}))
    if rank == 0:
        assert findings == []
    elif rank <= 3:
        found = only(findings, "V13")
        assert found.message.endswith("is not tested.")
        assert f"rank {rank}" in found.facts[0]
    else:
        found = only(findings, "V12")
        assert f"Symptoms reach the {limb}" in found.message
        assert planned.loads[0].words in found.message
        assert f"rank {rank}" in found.facts[0]


@pytest.mark.parametrize("reach", [2, 6])
@pytest.mark.parametrize("planned", [BENDS_A_LITTLE, KEEPS_STILL, STRETCHES_A_HIP, ARCHES_HIGH_UP])
def test_v12_and_v13_are_silent_before_the_end_of_range_without_direction_and_elsewhere(
    planned, reach
):
    assert check_one(planned, healthy(reach={BodyMap.LOW: reach})) == []


def test_v12_and_v13_arm_pain_says_nothing_of_the_low_back():
    assert check_one(BENDS, healthy(reach={BodyMap.UPPER: 6})) == []


@pytest.mark.parametrize(
    ("light", "days_ago", "rules"),
    [
        (Light.GREEN, 1, set()),
        (Light.GREEN, 20, {"V11"}),
        (Light.AMBER, 1, {"V9"}),
        (Light.RED, 1, {"V4"}),
    ],
)
@pytest.mark.parametrize("reach", [2, 6])
def test_v12_and_v13_give_way_to_any_test_of_the_movement(light, days_ago, rules, reach):
    record = healthy(tests=latest(BEND, light, days_ago), reach={BodyMap.LOW: reach})
    assert rules_of(BENDS, record) == rules


def test_v12_a_test_of_another_movement_does_not_count():
    record = healthy(tests=latest(ARCH, Light.GREEN), reach={BodyMap.LOW: 6})
    only_one(BENDS, record, "V12")


# V14 and V17: the exercise itself.


@pytest.mark.parametrize(
    ("hold", "most", "fires"),
    [
        pytest.param(2, 2, False, id="as long as allowed"),
        pytest.param(3, 2, True, id="a second longer"),
        pytest.param(0, 0, False, id="no hold where none is allowed"),
        pytest.param(1, 0, True, id="a hold where none is allowed"),
        pytest.param(600, None, False, id="no limit"),
    ],
)
def test_v14_by_the_length_of_the_hold(hold, most, fires):
    planned = replace(ARCHES, hold_seconds=hold, max_hold_seconds=most)
    assert rules_of(planned, HEALTHY) == ({"V14"} if fires else set())


def test_v14_says_what_to_choose_instead_and_has_no_override():
    planned = replace(ARCHES, hold_seconds=30, max_hold_seconds=2)
    found = only_one(planned, HEALTHY, "V14")
    assert found.message == "Exercise ARCHES is repeated, not held."
    assert found.advice == "Set the hold to 2 s or less."
    assert found.facts == ("hold 30 s",)
    assert not found.can_be_overridden
    own = replace(planned, hold_message="Choose Prone on elbows to hold.")
    assert only_one(own, HEALTHY, "V14").message == "Choose Prone on elbows to hold."


@pytest.mark.parametrize(
    ("planned", "fires"),
    [
        pytest.param(BENDS, True, id="full bending of the low back"),
        pytest.param(BENDS_A_LITTLE, False, id="gentle bending"),
        pytest.param(ARCHES, False, id="arching"),
        pytest.param(exercise("T", Load(THORACIC, FLEXION, END)), False, id="the upper back"),
        pytest.param(
            exercise("TWO", Load(*ARCH, MID), Load(*BEND, END)), True, id="as a second load"
        ),
    ],
)
def test_v17_early_bending(planned, fires):
    early = replace(planned, soon_after_waking=True)
    assert rules_of(early, HEALTHY) == ({"V17"} if fires else set())
    assert check_one(planned, HEALTHY) == []
    for found in check_one(early, HEALTHY):
        assert found.message == "Early-morning bending: consider later."


# V15 and V16: the companion.

LEADS = replace(BENDS, companion=ARCHES)
OTHER = exercise("OTHER")


@pytest.mark.parametrize(
    ("programme", "fires"),
    [
        pytest.param([LEADS], True, id="removed"),
        pytest.param([LEADS, OTHER], True, id="another one follows"),
        pytest.param([ARCHES, LEADS], True, id="it comes before"),
        pytest.param([LEADS, ARCHES], False, id="straight after"),
        pytest.param([LEADS, OTHER, ARCHES], False, id="later"),
        pytest.param([replace(LEADS, companion_is_optional=True)], False, id="only offered"),
        pytest.param([BENDS], False, id="none is usual"),
    ],
)
def test_v15_the_companion_follows(programme, fires):
    place = next(place for place, planned in enumerate(programme) if planned.code == "BENDS")
    findings = check(programme, HEALTHY)[place]
    assert [found.rule for found in findings] == (["V15"] if fires else [])
    for found in findings:
        assert found.message == "Exercise BENDS is usually followed by Exercise ARCHES."
        assert found.verdict is Verdict.CAUTION


@pytest.mark.parametrize("programme", [[LEADS], [LEADS, ARCHES]])
def test_v16_a_companion_that_does_not_suit_is_not_asked_for(programme):
    record = healthy(tests=latest(ARCH, Light.RED), conditions=on_file(Condition.SPONDYLOLISTHESIS))
    found = only(check(programme, record)[0], "V16")
    assert found.message == (
        "Exercise ARCHES usually follows and does not suit this patient (V3, V4)."
    )
    assert len(found.facts) == 2


def test_v16_a_companion_in_the_programme_is_checked_like_any_other_line():
    record = healthy(tests=latest(ARCH, Light.RED))
    assert check([LEADS, ARCHES], record)[1] == check([ARCHES], record)[0]
    assert verdict(check([LEADS, ARCHES], record)[1]) is Verdict.BLOCKED


def test_v16_is_silent_when_the_companion_is_only_offered():
    record = healthy(tests=latest(ARCH, Light.RED))
    assert check([replace(LEADS, companion_is_optional=True)], record) == [[]]


def test_v16_names_only_the_rules_that_block():
    record = healthy(
        tests=latest(ARCH, Light.RED),
        conditions=on_file(Condition.STENOSIS),
    )
    assert "(V4)" in only(check([LEADS], record)[0], "V16").message


def test_v15_a_companion_with_a_caution_is_still_asked_for():
    record = healthy(tests=latest(ARCH, Light.AMBER))
    only(check([LEADS], record)[0], "V15")
    assert check([LEADS, ARCHES], record)[0] == []


def test_v15_and_v16_are_not_asked_of_what_cannot_be_prescribed():
    record = healthy(tests={**latest(BEND, Light.RED), **latest(ARCH, Light.RED)})
    only(check([LEADS], record)[0], "V4")
    only(check([LEADS], healthy(tests=latest(BEND, Light.RED)))[0], "V4")


def test_v15_is_asked_of_what_has_a_caution():
    record = healthy(tests=latest(BEND, Light.AMBER))
    assert [found.rule for found in check([LEADS], record)[0]] == ["V9", "V15"]


# V19: the whole programme.


def v19_of(*programme: Planned) -> list[str]:
    checked = check(programme, HEALTHY)
    return [
        planned.code
        for planned, findings in zip(programme, checked, strict=True)
        for found in findings
        if found.rule == "V19"
    ]


def test_v19_two_opposite_directions_are_said_on_both_lines():
    findings = check([BENDS, OTHER, ARCHES], HEALTHY)
    first, between, last = (only(found, "V19") if found else None for found in findings)
    assert first.message == (
        "Two opposite directions in one programme: Exercise BENDS and Exercise ARCHES."
    )
    assert last.message.endswith("Exercise ARCHES and Exercise BENDS.")
    assert between is None


def test_v19_is_said_once_where_two_lines_go_the_other_way():
    also = replace(ARCHES, code="ALSO", name="Exercise ALSO")
    found = only(check([BENDS, ARCHES, also], HEALTHY)[0], "V19")
    assert found.message.endswith("Exercise BENDS and Exercise ARCHES.")


def test_v19_an_exercise_that_stands_twice_is_said_once_on_each_line():
    assert v19_of(BENDS, BENDS, ARCHES) == ["BENDS", "BENDS", "ARCHES"]


@pytest.mark.parametrize(
    ("programme", "lines"),
    [
        pytest.param([BENDS], [], id="one line"),
        pytest.param([BENDS, BENDS], [], id="the same direction twice"),
        pytest.param([LEADS, ARCHES], [], id="a companion pair"),
        pytest.param([ARCHES, LEADS], [], id="a companion pair the other way round"),
        pytest.param(
            [replace(LEADS, companion_is_optional=True), ARCHES], [], id="an offered companion"
        ),
        pytest.param([BENDS_A_LITTLE, ARCHES], [], id="bending before the end of range"),
        pytest.param([BENDS, ARCHES_A_LITTLE], [], id="arching before the end of range"),
        pytest.param([BENDS, ARCHES_HIGH_UP], [], id="another region"),
        pytest.param(
            [
                exercise("LEFT", Load(LUMBAR, Direction.ROTATION_LEFT, END)),
                exercise("RIGHT", Load(LUMBAR, Direction.ROTATION_RIGHT, END)),
            ],
            [],
            id="left and right",
        ),
        pytest.param(
            [ARCHES_HIGH_UP, exercise("T", Load(THORACIC, FLEXION, END))],
            ["HIGH", "T"],
            id="the upper thoracic spine counts as thoracic",
        ),
        pytest.param(
            [LEADS, ARCHES, replace(ARCHES, code="MORE")],
            ["BENDS", "MORE"],
            id="one of two is the companion",
        ),
    ],
)
def test_v19_full_bending_and_full_arching_of_one_region(programme, lines):
    assert v19_of(*programme) == lines


def test_v19_is_said_of_blocked_lines_too():
    record = healthy(tests=latest(BEND, Light.RED))
    blocked, _ = check([BENDS, ARCHES], record)
    assert [found.rule for found in blocked] == ["V4", "V19"]


# V18, and how the findings come together.


def test_v18_nothing_fired_is_allowed():
    assert verdict([]) is Verdict.ALLOWED
    assert check([BENDS], HEALTHY) == [[]]
    assert check([], HEALTHY) == []


def test_all_rules_are_asked_and_the_most_severe_decides():
    planned = replace(LEADS, demands=frozenset({Demand.SUPINE}), soon_after_waking=True)
    record = Record(
        today=TODAY,
        open_flags=("Bladder",),
        phase=Phase.REDUCTION,
        preference=ARCH,
        tests=latest(BEND, Light.RED),
        conditions=on_file(Condition.PREGNANCY, Condition.SPINAL_FRACTURE_OR_OSTEOPOROSIS),
        paused=(Paused(YESTERDAY, "more pain", code="BENDS"),),
        reach={BodyMap.LOW: 6},
    )
    findings = check([planned, replace(ARCHES, code="MORE")], record)[0]
    assert [found.verdict.word for found in findings] == [
        "stop", *["blocked"] * 5, *["caution"] * 3,
    ]  # fmt: skip
    assert {found.rule for found in findings} == {
        "V1", "V2", "V3", "V4", "V5", "V6", "V8", "V17", "V19",
    }  # fmt: skip
    assert verdict(findings) is Verdict.STOP


def test_the_same_finding_is_not_said_twice():
    planned = exercise("ITEM", Load(*ARCH, END), Load(*ARCH, END))
    only_one(planned, healthy(tests=latest(ARCH, Light.RED)), "V4")


@pytest.mark.parametrize("rule", checks.EVERY_EXERCISE, ids=lambda rule: rule.__name__)
def test_every_rule_says_by_its_number_what_it_is(rule):
    assert rule.__doc__.startswith("V")


# How long it takes.


def a_full_record() -> Record:
    movements = [
        way(region, direction)
        for region in (Region.CERVICAL, THORACIC, LUMBAR)
        for direction in Direction
        if direction.opposite
    ][:20]
    lights = [Light.RED, Light.AMBER, Light.EXPECTED, Light.GREEN]
    tests: Mapping = {
        movement: Tested(lights[place % 4], TODAY - timedelta(days=place), "produced", "worse")
        for place, movement in enumerate(movements)
    }
    assert len(tests) == 20
    return Record(
        today=TODAY,
        screened_on=YESTERDAY,
        phase=Phase.REDUCTION,
        preference=ARCH,
        tests=tests,
        conditions=on_file(*list(Condition)[:8]),
        paused=(
            Paused(YESTERDAY, "more pain", code="ITEM1"),
            Paused(YESTERDAY, "a spread", way=BEND),
            Paused(YESTERDAY, "a spread", way=(THORACIC, FLEXION)),
        ),
        reach={BodyMap.LOW: 6, BodyMap.UPPER: 5},
    )


def a_full_programme() -> list[Planned]:
    return [
        exercise(
            f"ITEM{place}",
            Load(*(ARCH if place % 2 else BEND), END),
            Load(UPPER, EXTENSION, MID),
            demands=frozenset(Demand),
            soon_after_waking=True,
            hold_seconds=5,
            max_hold_seconds=2 if place == 3 else None,
            companion=replace(ARCHES, demands=frozenset(Demand)),
        )
        for place in range(8)
    ]


def test_a_programme_of_eight_is_checked_in_under_five_milliseconds():
    programme, record = a_full_programme(), a_full_record()
    assert sum(map(len, check(programme, record))) > 8 * 8
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        check(programme, record)
        taken.append(time.perf_counter() - began)
    assert min(taken) < 0.005


# When it is checked.


@pytest.mark.parametrize(("rule", "days"), [("V4", 3), ("V9", 2), ("V6", 90), ("V6b", 90)], ids=str)
def test_each_rule_says_by_when_somebody_looks_again(rule, days):
    assert latest_check(rule, TODAY) == TODAY + timedelta(days=days)


@pytest.mark.parametrize(("days", "is_late"), [(-1, True), (0, False), (3, False), (4, True)])
def test_a_check_is_neither_past_nor_later_than_its_rule_allows(days, is_late):
    found = Finding("V4", Verdict.BLOCKED, "FIL", "Worse.")
    recorded = {"V4": {"check_on": (TODAY + timedelta(days=days)).isoformat()}}
    assert checked_too_late([found], recorded, TODAY) == ([found] if is_late else [])


def test_what_needs_no_check_is_never_too_late():
    found = Finding("V15", Verdict.CAUTION, "FIL", "Usually followed.")
    assert checked_too_late([found], {}, TODAY) == []
