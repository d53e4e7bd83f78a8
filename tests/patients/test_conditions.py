from itertools import product

import pytest

from exercises.vocabulary import Demand, Direction, Range, Region
from patients.conditions import DEMANDS, LOADS, Condition, Effect

CAUTION, BLOCKED = Effect.CAUTION, Effect.BLOCKED
SPINE = ["cervical", "thoracic_upper", "thoracic", "lumbar", "pelvis"]
SPINAL = [direction for direction in Direction if direction is not Direction.NONE]
THORACIC = ["thoracic_upper", "thoracic"]
BACK = [*THORACIC, "lumbar"]

# The matrix, written out once more: condition, regions, directions, ranges, effect.
ON_LOAD = {
    "any load after recent spinal surgery": (
        "recent_spinal_surgery", SPINE, SPINAL, ["mid", "end"], BLOCKED,
    ),
    "full bending with a fracture or weak bones": (
        "spinal_fracture_or_osteoporosis", BACK, ["flexion"], ["end"], BLOCKED,
    ),
    "gentle bending with a fracture or weak bones": (
        "spinal_fracture_or_osteoporosis", ["lumbar"], ["flexion"], ["mid"], CAUTION,
    ),
    "full arching of the upper back with a fracture or weak bones": (
        "spinal_fracture_or_osteoporosis", THORACIC, ["extension"], ["end"], CAUTION,
    ),
    "full arching with a slipped vertebra": (
        "spondylolisthesis", ["lumbar"], ["extension"], ["end"], BLOCKED,
    ),
    "gentle arching with a slipped vertebra": (
        "spondylolisthesis", ["lumbar"], ["extension"], ["mid"], CAUTION,
    ),
    "full arching with stenosis": ("stenosis", ["lumbar"], ["extension"], ["end"], CAUTION),
}  # fmt: skip
ON_DEMAND = [
    ("posterior_hip_precautions", "hip_flexion_over_90", BLOCKED),
    ("pregnancy", "supine", CAUTION),
    ("pregnancy", "prone", BLOCKED),
    ("shoulder", "shoulder_abducted_external_rotation", CAUTION),
    ("shoulder", "shoulder_overhead", CAUTION),
    ("knee", "deep_kneeling", CAUTION),
    ("wrist", "wrist_weight_bearing", CAUTION),
    ("recent_abdominal_surgery", "prone", CAUTION),
    ("cannot_reach_the_floor", "floor_transfer", CAUTION),
]
EVERY_LOAD = list(product(Region, Direction, Range))


def effects_on(condition: Condition, region: Region, direction: Direction, range_: Range):
    return [
        entry.effect
        for entry in LOADS
        if entry.condition is condition and entry.fits(region, direction, range_)
    ]


@pytest.mark.parametrize("name", ON_LOAD)
def test_row_of_the_matrix_on_a_load(name):
    condition, regions, directions, ranges, effect = ON_LOAD[name]
    for region, direction, range_ in product(regions, directions, ranges):
        found = effects_on(
            Condition(condition), Region(region), Direction(direction), Range(range_)
        )
        assert found == [effect]


@pytest.mark.parametrize("condition", Condition)
def test_a_condition_speaks_against_no_other_load(condition):
    written = {
        load
        for of, regions, directions, ranges, _ in ON_LOAD.values()
        if of == condition
        for load in product(regions, directions, ranges)
    }
    fitting = {load for load in EVERY_LOAD if effects_on(condition, *load)}
    assert fitting == written


@pytest.mark.parametrize("region", Region)
def test_no_condition_on_a_load_speaks_against_a_stretch_without_spinal_load(region):
    for condition, range_ in product(Condition, Range):
        assert not effects_on(condition, region, Direction.NONE, range_)


@pytest.mark.parametrize("condition", Condition)
@pytest.mark.parametrize("demand", Demand)
def test_the_matrix_on_demands_and_nothing_else(condition, demand):
    found = [
        entry.effect for entry in DEMANDS if entry.condition is condition and entry.demand is demand
    ]
    assert found == [effect for of, on, effect in ON_DEMAND if (of, on) == (condition, demand)]


@pytest.mark.parametrize("condition", Condition)
def test_every_condition_has_a_label_and_speaks_against_something(condition):
    assert condition.label
    assert any(entry.condition is condition for entry in (*LOADS, *DEMANDS))


@pytest.mark.parametrize("entry", [*LOADS, *DEMANDS], ids=lambda entry: entry.condition.value)
def test_every_row_names_its_source(entry):
    assert entry.source
