"""A figure as the editor knows it: every limb by its bends; and back again, checked."""

from collections.abc import Mapping
from typing import Any

from exercises.figures.body import ARM_RANGES, LEG_RANGES, SPINE_RANGES
from exercises.figures.drawing import Frame, is_drawn
from exercises.figures.pose import LIMBS, Body, Pose, PoseError, between

MOMENTS = ("start", "end")
STAYS = 1.5  # cm: a hand or foot that moves less than this is meant to stay put
FURTHEST = 400  # cm from the middle of the picture
LONGEST_ALT = 300
_UPRIGHT = {
    "at": [0, 88],
    "near_leg": {"hip": 0, "knee": 0, "ankle": 0},
    "near_arm": {"shoulder": 6, "elbow": 8, "wrist": 0},
}
NEW: dict[str, Any] = {
    "alt": "",
    "note": "",
    "start": _UPRIGHT,
    "end": _UPRIGHT,
    "props": [],
    "marks": [],
    "stages": [],
}


def editable(figure: Mapping[str, Any]) -> dict[str, Any]:
    """What the editor starts from: alt text and two poses; upright where nothing is drawn."""
    figure = figure if is_drawn(figure) else NEW
    start = _as_bends(figure["start"])
    end = _as_bends(figure["end"]) if "end" in figure else start
    return {"alt": figure["alt"], "start": start, "end": end}


def desk(figure: Mapping[str, Any]) -> Frame:
    """How large the editor shows the figure, as long as it is edited."""
    return Frame.desk(figure if is_drawn(figure) else NEW)


def edited(figure: Mapping[str, Any], said: Any) -> dict[str, Any]:
    """The figure with what the editor sent; props, marks and versions stay. Raises PoseError."""
    figure = dict(figure) if is_drawn(figure) else dict(NEW)
    if not isinstance(said, dict) or not isinstance(said.get("alt"), str):
        raise PoseError("figure", "cannot be read")
    start, end = (_checked(said.get(moment)) for moment in MOMENTS)
    for name in LIMBS:
        _plant(name, start, end)
    for tenth in range(11):
        between(Pose.of(start), Pose.of(end), tenth / 10).check()
    return figure | {"alt": said["alt"].strip()[:LONGEST_ALT], "start": start, "end": end}


def _as_bends(said: Mapping[str, Any]) -> dict[str, Any]:
    body = Body(Pose.of(said))
    pose: dict[str, Any] = {
        "at": [round(value, 1) for value in body.points["hip"]],
        "lean": round(body.turns["hip"], 1),
        "spine": {joint: round(body.bends[joint], 1) for joint in SPINE_RANGES},
    }
    for name in LIMBS:
        if name in said or name.startswith("near"):
            side = name.partition("_")[0]
            pose[name] = {
                joint: round(body.bends[f"{side}_{joint}"], 1) for joint in _ranges(name)
            } | {"sideways": list(said.get(name, {}).get("sideways", (0, 0)))}
    return pose


def _checked(said: Any) -> dict[str, Any]:
    """A pose of numbers and known joints only, each within its range."""
    if not isinstance(said, dict):
        raise PoseError("figure", "cannot be read")
    pose: dict[str, Any] = {
        "at": _numbers(said.get("at"), 2, FURTHEST),
        "lean": _number("hip", said.get("lean"), 360),
        "spine": _bends(said.get("spine"), SPINE_RANGES),
    }
    for name in LIMBS:
        if name in said or name.startswith("near"):
            row = said.get(name)
            if not isinstance(row, dict):
                raise PoseError(name, "cannot be read")
            pose[name] = _bends(row, _ranges(name))
            pose[name]["sideways"] = _numbers(row.get("sideways", [0, 0]), 2, 180)
    Pose.of(pose)
    return pose


def _plant(name: str, start: dict[str, Any], end: dict[str, Any]) -> None:
    """Where a hand or foot is at the same place in both poses, keep it there on the way."""
    joint = f"{name.partition('_')[0]}_{'ankle' if name.endswith('leg') else 'wrist'}"
    if name not in start or name not in end:
        return
    bodies = [Body(Pose.of(pose)) for pose in (start, end)]
    (x, y), (other_x, other_y) = (body.points[joint] for body in bodies)
    if abs(x - other_x) > STAYS or abs(y - other_y) > STAYS:
        return
    for pose, body in zip((start, end), bodies, strict=True):
        where, turn = body.points[joint], body.turns[joint]
        pose[name] = {
            # Exact, because a straight limb bends by degrees where its end moves by a hair.
            f"{joint.partition('_')[2]}_at": [round(value, 6) for value in where],
            "turn": round(turn, 2),
            "sideways": pose[name]["sideways"],
        }


def _ranges(name: str) -> dict[str, tuple[int, int]]:
    return LEG_RANGES if name.endswith("leg") else ARM_RANGES


def _bends(said: Any, ranges: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    row = said if isinstance(said, dict) else {}
    return {joint: _number(joint, row.get(joint), 360) for joint in ranges}


def _numbers(said: Any, count: int, most: float) -> list[float]:
    values = said if isinstance(said, list) else []
    if len(values) != count:
        raise PoseError("figure", "cannot be read")
    return [_number("figure", value, most) for value in values]


def _number(joint: str, value: Any, most: float) -> float:
    if type(value) not in {int, float} or not -most <= value <= most:
        raise PoseError(joint, "cannot be read")
    return float(value)
