"""One adult body, about 170 cm tall: the lengths of its segments and how far its joints go.

Lengths and ranges are drawing guides, not measurements of a patient.
"""

from math import cos, radians, sin

Point = tuple[float, float]

# The spine from the hip upwards: each joint with the segment above it.
SPINE = {"hip": 11.0, "l5": 16.0, "t12": 15.0, "t6": 15.0, "c7": 9.0}
SHOULDER_BELOW_C7 = 4.0
LEG = {"hip": 41.0, "knee": 40.0}
ARM = {"shoulder": 28.0, "elbow": 25.0}
HEAD = 19.0  # from the skull's joint with the neck to the crown
HAND = 16.0
FOOT = 17.0  # from the ankle to the tip of the toes
SOLE = 7.0  # from the ankle down to the floor

# Bends: forward, or in the way that folds the limb, is positive; 0 is standing straight.
SPINE_RANGES = {
    "l5": (-30, 45),
    "t12": (-35, 40),
    "t6": (-35, 40),
    "c7": (-45, 50),
    "skull": (-40, 45),
}
LEG_RANGES = {"hip": (-25, 140), "knee": (0, 165), "ankle": (-35, 75)}
ARM_RANGES = {"shoulder": (-60, 190), "elbow": (0, 152), "wrist": (-90, 90)}
FRONT_RANGES = {"shoulder": (0, 180), "elbow": (0, 150)}


# What an editor has to know of the body, by the joint at which each segment begins.
LENGTHS = {
    **SPINE,
    "skull": HEAD,
    "shoulder": SHOULDER_BELOW_C7,
    "thigh": LEG["hip"],
    "shank": LEG["knee"],
    "foot": FOOT,
    "upper_arm": ARM["shoulder"],
    "forearm": ARM["elbow"],
    "hand": HAND,
}


def down(turn: float, length: float) -> Point:
    """A step along a limb that hangs straight down at 0° and swings back as `turn` grows."""
    return -length * sin(radians(turn)), -length * cos(radians(turn))


def up(turn: float, length: float) -> Point:
    """A step along a spine that stands upright at 0° and leans forward as `turn` grows."""
    return length * sin(radians(turn)), length * cos(radians(turn))


def plus(one: Point, other: Point) -> Point:
    return one[0] + other[0], one[1] + other[1]
