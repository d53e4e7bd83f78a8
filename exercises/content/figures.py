"""Reads the figure of an exercise: its poses, what stands around it, and its other versions.

Lengths are centimetres with the floor at 0, angles degrees: drawing guides, not measurements.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from exercises.content.tables import Table
from exercises.figures.body import ARM_RANGES, FRONT_RANGES, LEG_RANGES, SPINE_RANGES
from exercises.figures.marks import INSETS, KINDS
from exercises.figures.pose import ANCHORS, LIMBS, Pose, PoseError, between
from exercises.figures.props import DRAWN

_MOMENTS = ("start", "end")
VERSIONS = ("easier", "harder")


def read_figure(table: Table, versions: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The main scene, and one for each of the exercise's versions that looks different."""
    note = table.statement("note", ())
    stages = table.tables("stages", optional=True)
    figure = _scene(table, {})
    return figure | {"note": note, "stages": [_stage(row, figure, versions) for row in stages]}


def _stage(
    table: Table, figure: dict[str, Any], versions: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """A version under `easier` or `harder`, by the number of its line; says only what differs."""
    name = table.text("list")
    if name not in VERSIONS:
        raise table.error("list", f"{name!r} is not one of {', '.join(VERSIONS)}")
    line = table.whole("line", 1, len(versions[name]))
    return _scene(table, figure) | {"list": name, "words": versions[name][line - 1]}


def _scene(table: Table, base: dict[str, Any]) -> dict[str, Any]:
    scene: dict[str, Any] = {"alt": table.text("alt")}
    moves = not table.take("still", bool, default=False)
    for moment in _MOMENTS if moves else _MOMENTS[:1]:
        scene[moment] = _pose(table, moment, base)
    for name, read in (("props", _prop), ("marks", _mark)):
        if table.has(name):
            scene[name] = [read(row) for row in table.tables(name)]
        else:
            scene[name] = (
                [] if table.take(f"no_{name}", bool, default=False) else base.get(name, [])
            )
    table.done()
    if moves:
        _check_way(table, scene)
    return scene


def _check_way(table: Table, scene: dict[str, Any]) -> None:
    start, end = (Pose.of(scene[moment]) for moment in _MOMENTS)
    try:
        for tenth in range(11):
            between(start, end, tenth / 10).check()
    except PoseError as error:
        raise table.error(f"end.{error.joint}", f"on the way: {error.problem}") from error


def _pose(table: Table, name: str, base: dict[str, Any]) -> dict[str, Any]:
    """A pose, checked. `like` names the pose of the main scene that it departs from."""
    if name not in base and not table.has(name):
        raise table.error(name, "is missing")
    row = table.table(name) if table.has(name) else None
    if row is None:
        return base[name]
    like = row.text("like", optional=True) or (name if base else "")
    if like not in {"", "nothing", *base}:
        raise row.error("like", f"there is no pose {like!r} in the main scene")
    pose = {} if like in {"", "nothing"} else dict(base[like])
    pose |= _said(row, fresh=not pose)
    row.done()
    try:
        Pose.of(pose)
    except PoseError as error:
        raise table.error(f"{name}.{error.joint}", error.problem) from error
    return pose


def _said(row: Table, *, fresh: bool) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if fresh or row.has("description"):
        said["description"] = row.text("description")
    if fresh or row.has("at"):
        said["at"] = row.numbers("at", 2)
    if row.has("lean"):
        said["lean"] = row.number("lean")
    if row.has("anchor"):
        said["anchor"] = row.text("anchor")
        if said["anchor"] not in ANCHORS:
            raise row.error("anchor", f"{said['anchor']!r} is not one of {', '.join(ANCHORS)}")
    if row.has("spine"):
        said["spine"] = _bends(row.table("spine"), SPINE_RANGES)
    for limb in LIMBS:
        if row.has(limb):
            said[limb] = _limb(row.table(limb), limb)
    return said


def _limb(table: Table, name: str) -> dict[str, Any]:
    end, ranges = ("ankle", LEG_RANGES) if name.endswith("leg") else ("wrist", ARM_RANGES)
    limb: dict[str, Any] = {}
    if table.has("sideways"):
        limb["sideways"] = table.numbers("sideways", 2)
    if not table.has(f"{end}_at"):
        return limb | _bends(table, ranges)
    limb[f"{end}_at"] = table.numbers(f"{end}_at", 2)
    if table.has("turn"):
        limb["turn"] = table.number("turn")
    table.done()
    return limb


def _bends(table: Table, ranges: dict[str, tuple[int, int]]) -> dict[str, float]:
    bends = {joint: table.number(joint) for joint in ranges if table.has(joint)}
    table.done()
    return bends


def _prop(table: Table) -> dict[str, Any]:
    prop = {
        "name": table.text("name"),
        "at": table.numbers("at", 2),
        "size": table.numbers("size", 2),
        "in_front": table.take("in_front", bool, default=False),
    }
    table.done()
    if prop["name"] not in DRAWN:
        raise table.error("name", f"{prop['name']!r} is not one of {', '.join(DRAWN)}")
    return prop


def _mark(table: Table) -> dict[str, Any]:
    kind = table.text("kind")
    if kind not in KINDS:
        raise table.error("kind", f"{kind!r} is not one of {', '.join(KINDS)}")
    mark: dict[str, Any] = {"kind": kind, "text": table.text("text")}
    if kind in INSETS:
        mark["corner"] = table.text("corner", optional=True) or "right"
        if mark["corner"] not in {"left", "right"}:
            raise table.error("corner", f"{mark['corner']!r} is not left or right")
    if kind == "arrow":
        mark["points"] = table.points("points", 3)
    elif kind not in INSETS:
        mark["at"] = table.numbers("at", 2)
    elif kind == "front_view":
        for arm in ("left_arm", "right_arm"):
            mark[arm] = _front_arm(table.table(arm))
    else:
        mark["window"] = table.numbers("window", 3)
        if kind == "crossed_out":
            wrong = table.table("pose")
            mark["pose"] = _said(wrong, fresh=True)
            wrong.done()
    table.done()
    return mark


def _front_arm(table: Table) -> dict[str, float]:
    arm = {joint: table.number(joint) for joint in FRONT_RANGES}
    table.done()
    for joint, (least, most) in FRONT_RANGES.items():
        if not least <= arm[joint] <= most:
            raise table.error(joint, f"bends {arm[joint]}°; it can go from {least}° to {most}°")
    return arm
