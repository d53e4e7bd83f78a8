"""Reads a stick figure seen from the side.

Points are x, y with y upwards and the floor at 0, drawn in viewBox "0 0 300 200" with
svg_y = 182 - y. Lengths and angles are drawing guides, not measurements.
"""

from typing import Any

from exercises.content.tables import Table

# The points of each line of a pose, in order; the spine ends where the leg begins.
JOINTS = {
    "spine": ("skull", "c7", "t6", "t12", "l5", "hip"),
    "leg": ("hip", "knee", "ankle", "toe"),
    "front_leg": ("hip", "knee", "ankle", "toe"),
    "back_leg": ("hip", "knee", "ankle", "toe"),
    "arm": ("shoulder", "elbow", "hand"),
}
_JOINT_NAMES = frozenset(joint for joints in JOINTS.values() for joint in joints)
_HINTS = (
    "arrow",  # from where the joint starts to where it ends
    "curved_arrow",
    "hold_down",  # a small arrow down: this joint stays on the floor
    "dot",  # the point about which the body turns
    "hand",  # a hand drawn in the gap at this joint
    "inset",  # this joint enlarged
    "crossed_out",  # an inset of what not to do
    "small_picture",
    "front_view",
)


def read_figure(table: Table) -> dict[str, Any]:
    """The poses at start and end, what stands around them, and what else to draw."""
    figure = {
        "alt": table.text("alt"),
        "note": table.statement("note", ()),
        "start": _pose(table.table("start")),
        "end": _pose(table.table("end")),
        "props": [_prop(row) for row in table.tables("props", optional=True)],
        "hints": [_hint(row) for row in table.tables("hints", optional=True)],
    }
    table.done()
    return figure


def _pose(table: Table) -> dict[str, Any]:
    legs = ["leg"] if table.has("leg") else ["front_leg", "back_leg"]
    pose: dict[str, Any] = {
        "description": table.text("description"),
        "head": table.numbers("head", 3),  # x, y, radius
    }
    for line in ("spine", *legs, "arm"):
        pose[line] = table.points(line, len(JOINTS[line]))
    table.done()
    return pose


def _prop(table: Table) -> dict[str, Any]:
    prop: dict[str, Any] = {"name": table.text("name")}
    if table.has("centre"):
        prop |= {"shape": "ellipse", "centre": table.numbers("centre", 2)}
        prop |= {"radii": table.numbers("radii", 2)}
    else:
        prop |= {"shape": "line", "points": table.points("points", 2)}
    table.done()
    return prop


def _hint(table: Table) -> dict[str, Any]:
    hint = {
        "kind": table.text("kind"),
        "text": table.text("text"),
        "at": table.text("at", optional=True),
    }
    table.done()
    if hint["kind"] not in _HINTS:
        raise table.error("kind", f"{hint['kind']!r} is not one of {', '.join(_HINTS)}")
    if hint["at"] and hint["at"] not in _JOINT_NAMES:
        raise table.error("at", f"there is no joint {hint['at']}")
    return hint
