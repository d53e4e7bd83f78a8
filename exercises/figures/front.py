"""The upper body seen from the front, in a doorway: how the arms rest on its frame."""

from collections.abc import Mapping
from typing import Any

from exercises.figures.body import ARM
from exercises.figures.shapes import FOREARM, HAND, UPPER_ARM
from exercises.figures.shapes import number as n
from exercises.figures.svg import Pen

WINDOW = (-66.0, -110.0, 132.0)  # left, top and side in cm; the waist is at 0
SHOULDER = (17.0, 52.0)

_TRUNK = [
    ("trousers", "M-14.5 0L14.5 0L16.5 26L-16.5 26Z"),
    ("skin", "M-5.4-72L-5.4-56L5.4-56L5.4-72Z"),
    (
        "shirt",
        "M-7-58.5C-12-57.5-18-57-20-53C-19-40-16.5-32-15.5-22L-15 2L15 2L15.5-22"
        "C16.5-32 19-40 20-53C18-57 12-57.5 7-58.5C4-55.5-4-55.5-7-58.5Z",
    ),
]
_HEAD = [
    ("skin", "M-8.4-78C-8.4-66-4.5-62.4 0-62.4C4.5-62.4 8.4-66 8.4-78C8.4-90-8.4-90-8.4-78Z"),
    (
        "hair",
        "M-8.8-76C-11-92-4-95 0-95C4-95 11-92 8.8-76C8-80 7-83 4-85.5C0-83.5-5-84-7-82"
        "C-8-80-8.4-78-8.8-76Z",
    ),
    ("line", "M-4.2-76v.8M4.2-76v.8M-2.4-68C-1-67 1-67 2.4-68"),
]


def draw(mark: Mapping[str, Any], pen: Pen) -> str:
    """The body between the posts; each arm by how far it is lifted sideways and bent."""
    parts = [_post(-1, pen), _post(1, pen)]
    parts += [pen.edge(pen.layers(_TRUNK, is_rim=True)), pen.layers(_TRUNK, is_rim=False)]
    parts += [pen.edge(pen.layers(_HEAD, is_rim=True)), pen.layers(_HEAD, is_rim=False)]
    for side, name in ((-1, "right_arm"), (1, "left_arm")):
        arm = mark[name]
        parts += [
            pen.edge(_arm(side, arm, pen, is_rim=True)),
            _arm(side, arm, pen, is_rim=False),
        ]
    return "".join(parts)


def _post(side: int, pen: Pen) -> str:
    x = 44 if side > 0 else -66
    return f'<rect{pen.paint("prop")} x="{x}" y="-112" width="22" height="136"/>'


def _arm(side: int, arm: Mapping[str, float], pen: Pen, *, is_rim: bool) -> str:
    hand = pen.placed([(0, -ARM["elbow"])], [0], pen.layers(HAND, is_rim=is_rim))
    fore = pen.placed(
        [(0, -ARM["shoulder"])], [-arm["elbow"]], pen.layers(FOREARM, is_rim=is_rim) + hand
    )
    upper = pen.layers(UPPER_ARM, is_rim=is_rim) + fore
    turned = pen.placed([(0, 0)], [-arm["shoulder"]], upper)
    x, y = SHOULDER
    mirror = "scale(-1 1)" if side < 0 else ""
    return f'<g transform="translate({n(side * x)} {n(-y)}){mirror}">{turned}</g>'
