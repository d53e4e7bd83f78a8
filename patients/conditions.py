"""Conditions on file, and which loads and demands they speak against. Plain Python.

The matrix of section 3.6 of docs/clinical.md.
"""

from dataclasses import dataclass
from enum import IntEnum

from exercises.vocabulary import Demand, Direction, Range, Region, Term


class Condition(Term):
    RECENT_SPINAL_SURGERY = "recent_spinal_surgery"
    SPINAL_FRACTURE_OR_OSTEOPOROSIS = "spinal_fracture_or_osteoporosis"
    SPONDYLOLISTHESIS = "spondylolisthesis"
    STENOSIS = "stenosis"
    POSTERIOR_HIP_PRECAUTIONS = "posterior_hip_precautions"
    PREGNANCY = "pregnancy"
    SHOULDER = "shoulder"
    KNEE = "knee"
    WRIST = "wrist"
    RECENT_ABDOMINAL_SURGERY = "recent_abdominal_surgery"
    CANNOT_REACH_THE_FLOOR = "cannot_reach_the_floor"

    @property
    def label(self) -> str:
        return _LABELS[self]


class Effect(IntEnum):
    CAUTION = 1
    BLOCKED = 2


@dataclass(frozen=True)
class OnLoad:
    """A condition against a movement: the regions, and the direction and range where it matters."""

    condition: Condition
    effect: Effect
    regions: frozenset[Region]
    direction: Direction | None = None  # None means any
    range: Range | None = None
    source: str = ""

    def fits(self, region: Region, direction: Direction, range: Range) -> bool:
        """Whether a load of an exercise is one that the condition speaks against."""
        return (
            region in self.regions
            and direction is not Direction.NONE
            and self.direction in (None, direction)
            and self.range in (None, range)
        )


@dataclass(frozen=True)
class OnDemand:
    """A condition against what an exercise asks of the body."""

    condition: Condition
    effect: Effect
    demand: Demand
    source: str = ""


SPINE = frozenset(
    {Region.CERVICAL, Region.THORACIC_UPPER, Region.THORACIC, Region.LUMBAR, Region.PELVIS}
)
BACK = frozenset({Region.THORACIC_UPPER, Region.THORACIC, Region.LUMBAR})
LUMBAR = frozenset({Region.LUMBAR})
THORACIC = frozenset({Region.THORACIC_UPPER, Region.THORACIC})

_C, _D = Condition, Demand
LOADS = [
    OnLoad(_C.RECENT_SPINAL_SURGERY, Effect.BLOCKED, SPINE, source="SBR, TOTALBACK"),
    OnLoad(
        _C.SPINAL_FRACTURE_OR_OSTEOPOROSIS, Effect.BLOCKED, BACK,
        Direction.FLEXION, Range.END, "SINAKI84, ROS",
    ),
    OnLoad(
        _C.SPINAL_FRACTURE_OR_OSTEOPOROSIS, Effect.CAUTION, LUMBAR,
        Direction.FLEXION, Range.MID, "SSS, NOF",
    ),
    OnLoad(
        _C.SPINAL_FRACTURE_OR_OSTEOPOROSIS, Effect.CAUTION, THORACIC,
        Direction.EXTENSION, Range.END, "SSS, NOF",
    ),
    OnLoad(
        _C.SPONDYLOLISTHESIS, Effect.BLOCKED, LUMBAR, Direction.EXTENSION, Range.END, "SINAKI89"
    ),
    OnLoad(_C.SPONDYLOLISTHESIS, Effect.CAUTION, LUMBAR, Direction.EXTENSION, Range.MID, "FPN"),
    OnLoad(
        _C.STENOSIS, Effect.CAUTION, LUMBAR, Direction.EXTENSION, Range.END, "PP-LSS, TOTALBACK"
    ),
]  # fmt: skip
DEMANDS = [
    OnDemand(_C.POSTERIOR_HIP_PRECAUTIONS, Effect.BLOCKED, _D.HIP_FLEXION_OVER_90, "HIP, HIP2"),
    OnDemand(_C.PREGNANCY, Effect.CAUTION, _D.SUPINE, "ACOG"),
    OnDemand(_C.PREGNANCY, Effect.BLOCKED, _D.PRONE, "FITRO-C"),
    OnDemand(_C.SHOULDER, Effect.CAUTION, _D.SHOULDER_ABDUCTED_EXTERNAL_ROTATION, "REB"),
    OnDemand(_C.SHOULDER, Effect.CAUTION, _D.SHOULDER_OVERHEAD, "REB"),
    OnDemand(_C.KNEE, Effect.CAUTION, _D.DEEP_KNEELING, "FLUID"),
    OnDemand(_C.WRIST, Effect.CAUTION, _D.WRIST_WEIGHT_BEARING, "FITRO-C, COBRA"),
    OnDemand(_C.RECENT_ABDOMINAL_SURGERY, Effect.CAUTION, _D.PRONE, "FITRO-C"),
    OnDemand(_C.CANNOT_REACH_THE_FLOOR, Effect.CAUTION, _D.FLOOR_TRANSFER, "PROPOSED"),
]
_LABELS = {
    _C.RECENT_SPINAL_SURGERY: "Recent spinal surgery without written clearance",
    _C.SPINAL_FRACTURE_OR_OSTEOPOROSIS: "Spinal fracture or high-risk osteoporosis",
    _C.SPONDYLOLISTHESIS: "Symptomatic spondylolisthesis or pars defect",
    _C.STENOSIS: "Stenosis with leg symptoms",
    _C.POSTERIOR_HIP_PRECAUTIONS: "Posterior hip precautions",
    _C.PREGNANCY: "Pregnancy after the first trimester",
    _C.SHOULDER: "Shoulder instability or frozen shoulder",
    _C.KNEE: "Knee problem or replacement",
    _C.WRIST: "Wrist or carpal tunnel problem",
    _C.RECENT_ABDOMINAL_SURGERY: "Recent abdominal surgery",
    _C.CANNOT_REACH_THE_FLOOR: "Cannot get to or from the floor",
}
