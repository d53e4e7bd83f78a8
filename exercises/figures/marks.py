"""What is drawn besides the body: where it goes, what stays down, and small pictures of it."""

from collections.abc import Mapping, Sequence
from math import atan2, cos, sin
from typing import Any

from exercises.figures import front, props
from exercises.figures.person import limb, person, trunk
from exercises.figures.pose import Body, Pose
from exercises.figures.shapes import number as n
from exercises.figures.svg import Pen

KINDS = ("arrow", "hold_down", "dot", "enlarged", "crossed_out", "front_view")
INSETS = ("enlarged", "crossed_out", "front_view")
SIDE = 84  # of an inset, in units of the picture


def draw(mark: Mapping[str, Any], pen: Pen) -> str:
    """An arrow, a point that stays down, or the point that the body turns about."""
    kind = mark["kind"]
    if kind == "arrow":
        return arrow(mark["points"], pen)
    x, y = mark["at"]
    if kind == "dot":
        return f'<circle{pen.paint("arrow", width=2)} cx="{n(x)}" cy="{n(-y)}" r="4"/>'
    return arrow([(x, y + 16), (x, y + 8), (x, y)], pen) + (
        f'<path{pen.paint("arrow", width=2.6)} d="M{n(x - 9)} {n(-y + 2.5)}h18"/>'
    )


def arrow(points: Sequence[Sequence[float]], pen: Pen) -> str:
    """From the first point to the last, bent towards the one between."""
    (x0, y0), (x1, y1), (x2, y2) = points
    way = atan2(y2 - y1, x2 - x1)
    barbs = [(x2 - 6.5 * cos(way + side), y2 - 6.5 * sin(way + side)) for side in (0.55, -0.55)]
    return (
        f'<path{pen.paint("arrow", width=2.6)} d="M{n(x0)} {n(-y0)}Q{n(x1)} {n(-y1)} '
        f"{n(x2)} {n(-y2)}M{n(barbs[0][0])} {n(-barbs[0][1])}L{n(x2)} {n(-y2)}"
        f'L{n(barbs[1][0])} {n(-barbs[1][1])}"/>'
    )


def inset(
    mark: Mapping[str, Any],
    scene: Mapping[str, Any],
    bodies: Sequence[Body],
    pen: Pen,
) -> str:
    """A small picture in a frame of its own, in a corner at the top."""
    if mark["kind"] == "front_view":
        window, inner = front.WINDOW, front.draw(mark, pen)
    else:
        x, y, side = mark["window"]
        window = (x, -y - side, side)
        inner = "".join(props.draw(prop, pen, (x - side, x + 2 * side)) for prop in scene["props"])
        if mark["kind"] == "crossed_out":
            inner += person([Body(Pose.of(mark["pose"], what_not_to_do=True))], pen)
        else:
            # The arm lies below the trunk here: a hand under the back shows in the gap.
            inner += limb(bodies, "near_arm", pen) + trunk(bodies, pen)
    left, top, side = window
    x, y = (6 if mark["corner"] == "left" else 294 - SIDE), 6
    place = f'x="{n(x)}" y="{n(y)}" width="{SIDE}" height="{SIDE}"'
    picture = (
        f'<rect{pen.paint("paper")} {place} rx="4"/>'
        f'<svg class="inset" {place} viewBox="{n(left)} {n(top)} {n(side)} {n(side)}">'
        f"{inner}</svg>"
        f'<rect{pen.paint("frame")} {place} rx="4"/>'
    )
    if mark["kind"] == "crossed_out":
        picture += (
            f'<path{pen.paint("stop", width=3.5)} d="M{n(x + 8)} {n(y + 8)}l{SIDE - 16} '
            f'{SIDE - 16}M{n(x + SIDE - 8)} {n(y + 8)}l{16 - SIDE} {SIDE - 16}"/>'
        )
    return picture
