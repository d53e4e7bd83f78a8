"""A pose of the body seen from the side, facing right: what bends how far, and where it stands.

A limb is given by its bends, or by the point that its wrist or ankle touches; the bends that
reach the point are then worked out, so that a hand or foot can stay put while the body moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import acos, atan2, cos, degrees, dist, hypot, radians
from typing import Any

from exercises.figures.body import (
    ARM,
    ARM_RANGES,
    FOOT,
    HAND,
    HEAD,
    LEG,
    LEG_RANGES,
    SHOULDER_BELOW_C7,
    SPINE,
    SPINE_RANGES,
    Point,
    down,
    plus,
    up,
)

LIMBS = ("near_leg", "far_leg", "near_arm", "far_arm")
SLACK = 0.5  # cm by which points may miss a segment's length
ANCHORS = ("hip", "c7", "near_knee", "near_ankle", "near_wrist")


class PoseError(ValueError):
    """A pose that this body cannot take: names the joint and what is wrong with it."""

    def __init__(self, joint: str, problem: str) -> None:
        super().__init__(f"{joint.replace('_', ' ')}: {problem}")
        self.joint = joint
        self.problem = problem


@dataclass(frozen=True)
class Limb:
    """Two segments and a hand or foot.

    `reach` is where wrist or ankle is, and `flat` then the turn of hand or foot against the
    floor. `sideways` is how far each segment points out of the picture: it looks shorter.
    """

    bends: tuple[float, float, float] = (0, 0, 0)
    reach: Point | None = None
    flat: float = 0
    sideways: tuple[float, float] = (0, 0)


@dataclass(frozen=True)
class Pose:
    """`lean` is the turn of the pelvis: 0 upright, 90 face down, -90 on the back."""

    at: Point
    lean: float = 0
    spine: Mapping[str, float] = field(default_factory=dict)
    limbs: Mapping[str, Limb] = field(default_factory=dict)
    anchor: str = "hip"

    @classmethod
    def from_points(cls, points: Mapping[str, Point]) -> "Pose":
        """The pose in which a body, all in the plane of the picture, has its joints at these
        points. Raises PoseError where a segment has the wrong length or a joint is past its range.
        """
        check_lengths(points)
        turns = {start: _turn(points[start], points[end]) for start, end in _SPINE_STEPS}
        joints = list(turns)
        spine = {joint: _bend(turns[joint] - turns[below]) for below, joint in pairwise(joints)}
        limbs = {}
        for name in LIMBS:
            first, middle, last = _joints(name)
            side, kind = name.split("_")
            tip = points[f"{side}_{'toes' if kind == 'leg' else 'fingers'}"]
            fold = 1 if kind == "leg" else -1
            body = turns["hip" if kind == "leg" else "t6"]
            upper, lower, end = (
                _turn(to, at)  # a limb hangs: it is measured from its lower end
                for at, to in pairwise([points[first], points[middle], points[last], tip])
            )
            end += 90 if kind == "leg" else 0
            bends = (
                _bend(body - upper, _middle(first)),
                _bend(fold * (lower - upper), _middle(middle)),
                _bend(fold * (end - lower)),
            )
            limbs[name] = Limb(bends=bends)
        pose = cls(at=points["hip"], lean=turns["hip"], spine=spine, limbs=limbs)
        pose.check()
        return pose

    @classmethod
    def of(cls, said: Mapping[str, Any], *, what_not_to_do: bool = False) -> "Pose":
        """The pose that a record says. Raises PoseError; a pose that shows what not to do may
        bend a joint past its range."""
        pose = cls(
            at=_point(said["at"]),
            lean=said.get("lean", 0),
            spine={joint: said.get("spine", {}).get(joint, 0) for joint in SPINE_RANGES},
            limbs={name: _limb(name, said) for name in LIMBS},
            anchor=said.get("anchor", "hip"),
        )
        if pose.anchor not in ANCHORS:
            raise PoseError("anchor", f"{pose.anchor!r} is not one of {', '.join(ANCHORS)}")
        if not what_not_to_do:
            pose.check()
        return pose

    def check(self) -> None:
        """Raise PoseError for the first joint past its range."""
        # The spine first: a back bent too far takes the hands away from what they reach for.
        _check_bends(self.spine)
        _check_bends(Body(self).bends)


class Body:
    """A pose worked out: where each joint is and how each segment is turned.

    `turns` are degrees clockwise from standing upright, `bends` those between two segments.
    """

    def __init__(self, pose: Pose) -> None:
        self.turns: dict[str, float] = {}
        self.points: dict[str, Point] = {}
        self.bends: dict[str, float] = dict(pose.spine)
        self.seen: dict[str, float] = {}
        self._spine(pose)
        self._stand(pose)
        for name in LIMBS:
            self._limb(name, pose)
        self._tips()

    def _spine(self, pose: Pose) -> None:
        at, turn = (0.0, 0.0), pose.lean
        for joint, length in SPINE.items():
            turn += pose.spine.get(joint, 0)
            self.points[joint], self.turns[joint] = at, turn
            at = plus(at, up(turn, length))
        self.points["skull"] = at
        self.turns["skull"] = turn + pose.spine.get("skull", 0)
        self.points["shoulder"] = plus(self.points["c7"], up(self.turns["t6"], -SHOULDER_BELOW_C7))

    def _stand(self, pose: Pose) -> None:
        """Move the body so that its anchor is where the pose says."""
        now = self.points.get(pose.anchor)
        if now is None:
            name = "near_arm" if pose.anchor == "near_wrist" else "near_leg"
            if pose.limbs[name].reach:
                raise PoseError(pose.anchor, "cannot hold the body up and reach for a point")
            self._limb(name, pose)
            now = self.points[pose.anchor]
        by = pose.at[0] - now[0], pose.at[1] - now[1]
        self.points = {joint: plus(point, by) for joint, point in self.points.items()}

    def _limb(self, name: str, pose: Pose) -> None:
        limb = pose.limbs.get(name, Limb())
        kind = name.partition("_")[2]
        lengths = self._seen(name, limb)
        root = self.points["hip" if kind == "leg" else "shoulder"]
        body = pose.lean if kind == "leg" else self.turns["t6"]
        fold = 1 if kind == "leg" else -1  # a knee folds backward, an elbow forward
        bends = limb.bends
        if limb.reach:
            bends = _reaching(name, root, limb.reach, lengths, body, fold, limb.flat)
        turn = body
        at = root
        for joint, bend, way, length in zip(
            _joints(name), bends, (-1, fold, fold), (*lengths, 0), strict=True
        ):
            turn += way * bend
            self.points[joint], self.turns[joint], self.bends[joint] = at, turn, bend
            at = plus(at, down(turn, length))

    def _tips(self) -> None:
        """Crown, fingers and toes, which end the body."""
        self.points["crown"] = plus(self.points["skull"], up(self.turns["skull"], HEAD))
        for side in ("near", "far"):
            wrist, ankle = f"{side}_wrist", f"{side}_ankle"
            self.points[f"{side}_fingers"] = plus(self.points[wrist], down(self.turns[wrist], HAND))
            # A foot points forward where the leg points down.
            self.points[f"{side}_toes"] = plus(
                self.points[ankle], down(self.turns[ankle] - 90, FOOT)
            )

    def _seen(self, name: str, limb: Limb) -> tuple[float, float]:
        """How long the segments look, and by joint which share of their length that is."""
        first, middle, _ = _joints(name)
        upper, lower = (LEG if name.endswith("leg") else ARM).values()
        self.seen[first], self.seen[middle] = (cos(radians(angle)) for angle in limb.sideways)
        return upper * self.seen[first], lower * self.seen[middle]


def between(start: Pose, end: Pose, share: float) -> Pose:
    """The pose on the way from start to end: bends change evenly, so no limb changes length."""
    bodies = Body(start), Body(end)

    def mixed(one: float, other: float) -> float:
        return one + (other - one) * share

    def limb(name: str) -> Limb:
        one, other = start.limbs[name], end.limbs[name]
        sideways = (
            mixed(one.sideways[0], other.sideways[0]),
            mixed(one.sideways[1], other.sideways[1]),
        )
        if one.reach and other.reach:
            reach = mixed(one.reach[0], other.reach[0]), mixed(one.reach[1], other.reach[1])
            return Limb(reach=reach, flat=mixed(one.flat, other.flat), sideways=sideways)
        pairs = [(bodies[0].bends[joint], bodies[1].bends[joint]) for joint in _joints(name)]
        shoulder, elbow, wrist = (mixed(*pair) for pair in pairs)
        return Limb(bends=(shoulder, elbow, wrist), sideways=sideways)

    if start.anchor != end.anchor:
        raise PoseError(end.anchor, f"holds the end of the movement, {start.anchor} its start")
    return Pose(
        at=(mixed(start.at[0], end.at[0]), mixed(start.at[1], end.at[1])),
        lean=mixed(start.lean, end.lean),
        spine={joint: mixed(start.spine[joint], end.spine[joint]) for joint in start.spine},
        limbs={name: limb(name) for name in LIMBS},
        anchor=start.anchor,
    )


def range_of(joint: str) -> tuple[int, int]:
    """How far a joint bends, in degrees."""
    bare = joint.removeprefix("near_").removeprefix("far_")
    ranges = SPINE_RANGES if bare == joint else LEG_RANGES | ARM_RANGES
    return ranges[bare]


def check_lengths(points: Mapping[str, Point]) -> None:
    """Raise PoseError, naming the joint, where points miss the body's own lengths."""
    for start, end, length in SEGMENTS:
        found = dist(points[start], points[end])
        if abs(found - length) > SLACK:
            raise PoseError(
                end, f"is {found:.0f} cm from the {start.replace('_', ' ')}, not {length:.0f} cm"
            )


def _check_bends(bends: Mapping[str, float]) -> None:
    for joint, bend in bends.items():
        least, most = range_of(joint)
        if not least - 0.5 <= bend <= most + 0.5:
            raise PoseError(joint, f"bends {bend:.0f}°; it can go from {least}° to {most}°")


def _joints(name: str) -> tuple[str, str, str]:
    side, kind = name.split("_")
    first, middle, last = LEG_RANGES if kind == "leg" else ARM_RANGES
    return f"{side}_{first}", f"{side}_{middle}", f"{side}_{last}"


def _limb(name: str, said: Mapping[str, Any]) -> Limb:
    """A far limb that is not described does what the near one does."""
    row = said.get(name) or said.get(name.replace("far", "near")) or {}
    end = "ankle" if name.endswith("leg") else "wrist"
    upper, lower = row.get("sideways", (0, 0))
    if f"{end}_at" in row:
        return Limb(
            reach=_point(row[f"{end}_at"]), flat=row.get("turn", 0), sideways=(upper, lower)
        )
    first, middle, last = (joint.partition("_")[2] for joint in _joints(name))
    bends = row.get(first, 0), row.get(middle, 0), row.get(last, 0)
    return Limb(bends=bends, sideways=(upper, lower))


def _point(said: Any) -> Point:
    return float(said[0]), float(said[1])


def _reaching(
    name: str,
    root: Point,
    goal: Point,
    lengths: tuple[float, ...],
    body: float,
    fold: int,
    flat: float,
) -> tuple[float, float, float]:
    """The bends that bring wrist or ankle to the goal, and hand or foot to its turn."""
    upper, lower = lengths
    first, middle, _ = _joints(name)
    if min(lengths) <= 0:
        raise PoseError(first, "points out of the picture and cannot reach for a point in it")
    far = hypot(goal[0] - root[0], goal[1] - root[1])
    if far > upper + lower + SLACK:
        raise PoseError(middle, f"cannot reach that far: {far:.0f} of {upper + lower:.0f} cm")
    far = max(min(far, upper + lower - 1e-9), abs(upper - lower) + 1e-9)
    straight = degrees(atan2(-(goal[0] - root[0]), -(goal[1] - root[1])))
    inner = degrees(acos((upper**2 + far**2 - lower**2) / (2 * upper * far)))
    bent = 180 - degrees(acos((upper**2 + lower**2 - far**2) / (2 * upper * lower)))
    turn = straight - fold * inner
    last = _bend(fold * (flat - turn - fold * bent))
    return _bend(body - turn, _middle(first)), bent, last


def _middle(joint: str) -> float:
    return sum(range_of(joint)) / 2


def _turn(start: Point, end: Point) -> float:
    """How far a segment leans forward on its way up from start to end."""
    return degrees(atan2(end[0] - start[0], end[1] - start[1]))


def _bend(angle: float, middle: float = 0) -> float:
    """The same angle, not more than half a turn away from the middle of the joint's range."""
    return (angle - middle + 180) % 360 - 180 + middle


_SPINE_STEPS = list(pairwise([*SPINE, "skull", "crown"]))
# Every segment of the body: the joints at its ends, and its length.
SEGMENTS: list[tuple[str, str, float]] = [
    *(
        (start, end, length)
        for (start, end), length in zip(_SPINE_STEPS, [*SPINE.values(), HEAD], strict=True)
    ),
    ("c7", "shoulder", SHOULDER_BELOW_C7),
    *[
        segment
        for side in ("near", "far")
        for segment in (
            ("hip", f"{side}_hip", 0),
            ("shoulder", f"{side}_shoulder", 0),
            (f"{side}_hip", f"{side}_knee", LEG["hip"]),
            (f"{side}_knee", f"{side}_ankle", LEG["knee"]),
            (f"{side}_shoulder", f"{side}_elbow", ARM["shoulder"]),
            (f"{side}_elbow", f"{side}_wrist", ARM["elbow"]),
            (f"{side}_ankle", f"{side}_toes", FOOT),
            (f"{side}_wrist", f"{side}_fingers", HAND),
        )
    ],
]
