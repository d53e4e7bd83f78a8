"""The parts of the drawn body, each as path data in centimetres around its own joint.

x points to the front of the body and y downwards, as SVG has it; a limb hangs straight down.
"""

from exercises.figures.body import SPINE, Point, plus, up
from exercises.figures.pose import Body

# A layer is a paint and a path; later layers lie on top.
Layer = tuple[str, str]

THIGH: list[Layer] = [
    (
        "trousers",
        "M8.6 0C8.8 13 7 28 5.8 40C5.3 46.5-5.2 47-5.8 41C-6.6 30-9 16-9.2 0C-9.2-9 8.6-9 8.6 0Z",
    ),
]
SHANK: list[Layer] = [
    ("skin", "M3.7 30L3.3 40C3.2 43.5-3.2 43.5-3.3 40L-4 30Z"),
    (
        "trousers",
        "M5.8 0C6.2 12 5.4 24 4.5 34.5C2 35.5-2.4 35.5-4.7 34.5C-5 29-8.4 22-7.7 11"
        "C-7.3 5-6.4 3-5.9-1C-5.2-7.6 5.5-7.6 5.8 0Z",
    ),
]
FOOT: list[Layer] = [
    (
        "skin",
        "M-3.3-1C-3.4 1.5-5.8 2.6-5.8 5C-5.8 7-4.3 7-2.6 7C0 6.9 1.5 6 4 6C7 6 8.5 7 11 7L15 7"
        "C17.6 7 17.7 4.6 15.6 3.9C11 2.4 6 1.2 3.3-2Z",
    ),
]
UPPER_ARM: list[Layer] = [
    ("skin", "M4.2 0C4.3 10 3.9 20 3.5 28C3.3 32.4-3.4 32.4-3.6 28C-4.1 20-4.6 10-4.6 0Z"),
    (
        "sleeve",
        "M5.3 0C5.6 6 5.4 11 5 16.5C2 17.6-2.4 17.6-5.1 16.5C-5.5 11-5.8 6-5.7 0"
        "C-5.6-7.4 5.1-7.4 5.3 0Z",
    ),
]
# The end of an arm that points out of the picture.
SHOULDER: list[Layer] = [("sleeve", "M-5.6 0A5.6 5.6 0 0 1 5.4 0A5.6 5.6 0 0 1-5.6 0Z")]
FOREARM: list[Layer] = [
    (
        "skin",
        "M3.5 0C4.3 6 3.2 17 2.4 25C2.2 27.6-2.2 27.6-2.4 25C-3 17-4.4 8-3.6 0"
        "C-3.4-4.7 3.3-4.7 3.5 0Z",
    ),
]
HAND: list[Layer] = [
    (
        "skin",
        "M2.3-1C2.6 1 4.8 3.2 5 6.6C5 8.6 3.6 8.8 3.2 7.4C3 10 2.4 15.8 .2 16"
        "C-1.8 16-2.2 12-2.5 9C-2.7 6-2.8 3-2.4-1Z",
    ),
]
NECK: list[Layer] = [("skin", "M5.2 5C4.6-2 4.2-7 5.4-12L-5.2-12C-5-6-5.8 0-7 5Z")]
PELVIS: list[Layer] = [
    (
        "trousers",
        "M9.6-10C10-4 9.6 3 8.4 7C3 11-5 11.5-9.4 8C-13.6 4.5-12.8-3-9-10C-3-8.8 4-8.8 9.6-10Z",
    ),
]
HEAD: list[Layer] = [
    (
        "skin",
        "M-5.4 1.5C-8.6-2-9.6-8-8.4-12.5C-6.8-18 -2-20 2-19.6C7-19.2 9.6-16 9.9-11.6"
        "C10-10.4 9.7-9.8 9.9-9L12-5.6C12.3-4.9 11.6-4.5 10.4-4.4C10.7-3.6 10.7-3 10.2-2.5"
        "C10.5-1.8 10.4-1.3 10-.8C10.2 .6 9.6 2.2 7.8 2.4C5.6 2.6 4.6 2.2 3 2.6"
        "C.5 3.6-3 3.4-5.4 1.5Z",
    ),
    (
        "hair",
        "M-6 .6C-9.8-3-11.2-10-8.8-15C-6-20.6 1-22.4 6-20C8.8-18.6 10.2-16 10-13.4"
        "C7-13.6 4.2-15 2.4-14.4C1-13.6 2.4-10 1.2-8.2C.2-9.6-1.8-9.4-2.2-7.6"
        "C-2.5-6-1.4-4.6-.6-3.6C-1.6-1-3.6 .8-6 .6Z",
    ),
    ("line", "M6-9.2C6.8-8.4 7.8-8.4 8.6-9.2M10.2-2.5C9.2-2.1 8.6-2.1 7.9-2.4"),
]

# Where the shirt's outline runs: the joint, the share of the way to the next one, and how far
# from the spine its front and back are.
_SHIRT = [
    ("hip", 0.2, 6.5, 7.5),
    ("l5", 0.0, 9.8, 9.2),
    ("l5", 0.5, 9.6, 8.4),
    ("t12", 0.0, 10.3, 8.8),
    ("t12", 0.5, 11.2, 9.6),
    ("t6", 0.0, 11.2, 10.2),
    ("t6", 0.5, 9.8, 9.6),
    ("c7", 0.0, 5.6, 6.6),
]


def shirt(body: Body) -> list[Point]:
    """The outline of the shirt along the curve of the spine, down the front and up the back."""
    joints = [*SPINE, "skull"]
    front, back = [], []
    for joint, share, ahead, behind in _SHIRT:
        index = joints.index(joint)
        turn = body.turns[joint]
        if share == 0:
            turn = (turn + body.turns[joints[index - 1]]) / 2
        at = plus(body.points[joint], up(body.turns[joint], share * SPINE[joint]))
        front.append(plus(at, up(turn + 90, ahead)))
        back.append(plus(at, up(turn - 90, behind)))
    return [*reversed(front), *back]


def smooth(points: list[Point]) -> str:
    """A closed curve through the points as path data, with y turned downwards."""
    flipped = [(x, -y) for x, y in points]
    count = len(flipped)
    parts = [f"M{number(flipped[0][0])} {number(flipped[0][1])}"]
    for index in range(count):
        before, one, two, after = (flipped[(index + step) % count] for step in (-1, 0, 1, 2))
        values = (
            one[0] + (two[0] - before[0]) / 6, one[1] + (two[1] - before[1]) / 6,
            two[0] - (after[0] - one[0]) / 6, two[1] - (after[1] - one[1]) / 6,
            *two,
        )  # fmt: skip
        parts.append("C" + " ".join(number(value) for value in values))
    return "".join(parts) + "Z"


def number(value: float) -> str:
    """A coordinate with one decimal, as short as it can be written."""
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
