"""Draws the body: far limbs first, then trunk, head and near limbs, each over its own rim."""

from collections.abc import Sequence

from exercises.figures.body import ARM, LEG, Point, plus
from exercises.figures.pose import Body
from exercises.figures.shapes import (
    FOOT,
    FOREARM,
    HAND,
    HEAD,
    NECK,
    PELVIS,
    SHANK,
    SHOULDER,
    THIGH,
    UPPER_ARM,
    Layer,
    shirt,
    smooth,
)
from exercises.figures.svg import Pen

# The far side of the body is a little further up and on, so that both sides can be seen.
FAR: Point = (3.6, 2.2)

_LEG = (THIGH, SHANK, FOOT)
_ARM = (UPPER_ARM, FOREARM, HAND)


def person(bodies: Sequence[Body], pen: Pen) -> str:
    """The body in each frame, seen from the side."""
    return "".join(
        [
            limb(bodies, "far_arm", pen),
            limb(bodies, "far_leg", pen),
            _placed(bodies, "c7", _solid(NECK, pen), pen),
            trunk(bodies, pen),
            _placed(bodies, "skull", _solid(HEAD, pen), pen),
            limb(bodies, "near_arm", pen),
        ]
    )


def trunk(bodies: Sequence[Body], pen: Pen) -> str:
    """Shirt, pelvis and near leg; the last two are one garment, with one rim around both."""
    pelvis = [_placed(bodies, "hip", pen.layers(PELVIS, is_rim=rim), pen) for rim in (True, False)]
    shirts = [smooth(shirt(body)) for body in bodies]
    return pen.rimmed("shirt", shirts) + limb(bodies, "near_leg", pen, over=pelvis)


def _solid(layers: Sequence[Layer], pen: Pen) -> str:
    """Layers of which the first makes up the outline."""
    (name, outline), *rest = layers
    return pen.rimmed(name, [outline]) + pen.layers(rest, is_rim=False)


def _placed(bodies: Sequence[Body], joint: str, inner: str, pen: Pen) -> str:
    points = [body.points[joint] for body in bodies]
    return pen.placed(points, [body.turns[joint] for body in bodies], inner)


def limb(bodies: Sequence[Body], name: str, pen: Pen, *, over: Sequence[str] = ("", "")) -> str:
    """A limb over its rim; `over` are the rim and the body of what it belongs to."""
    rim, body = (_segments(bodies, name, pen, is_rim=is_rim) for is_rim in (True, False))
    return pen.edge(over[0] + rim) + over[1] + body


def _segments(bodies: Sequence[Body], name: str, pen: Pen, *, is_rim: bool) -> str:
    """A limb, each segment hanging on the one above it."""
    side, kind = name.split("_")
    is_far = side == "far"
    parts = _LEG if kind == "leg" else _ARM
    first, second = (LEG if kind == "leg" else ARM).values()
    root, middle, last = (
        f"{side}_{joint}"
        for joint in (("hip", "knee", "ankle") if kind == "leg" else ("shoulder", "elbow", "wrist"))
    )
    upper, lower, tip = (pen.layers(part, is_rim=is_rim, is_far=is_far) for part in parts)
    seen = [[body.seen[joint] for body in bodies] for joint in (root, middle)]
    tip = pen.placed(
        [(0, -second * share) for share in seen[1]], _turned(bodies, middle, last), tip
    )
    lower = pen.shortened(seen[1], lower) + tip
    lower = pen.placed(
        [(0, -first * share) for share in seen[0]], _turned(bodies, root, middle), lower
    )
    upper = pen.shortened(seen[0], upper)
    if kind == "arm" and min(seen[0]) < 1:
        upper += pen.layers(SHOULDER, is_rim=is_rim, is_far=is_far)
    points = [body.points[root] for body in bodies]
    if is_far:
        points = [plus(point, FAR) for point in points]
    # The lower segment lies under the upper one at a knee, and over it at an elbow.
    inner = lower + upper if kind == "leg" else upper + lower
    return pen.placed(points, [body.turns[root] for body in bodies], inner)


def _turned(bodies: Sequence[Body], above: str, joint: str) -> list[float]:
    return [body.turns[joint] - body.turns[above] for body in bodies]
