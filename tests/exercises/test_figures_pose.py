from math import cos, dist, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.figures.body import ARM_RANGES, LEG_RANGES, SPINE_RANGES
from exercises.figures.pose import LIMBS, SEGMENTS, Body, Limb, Pose, PoseError, between
from tests import make

STANDING = {"at": [0, 88]}
SCENES = [
    pytest.param(scene, id=f"{record.code} {scene.get('words', '')}")
    for record in make.catalogue_files()
    for scene in (record.figure, *record.figure["stages"])
]
MOVING = [case for case in SCENES if "end" in case.values[0]]


def bends(ranges):
    return st.tuples(*(st.integers(least, most) for least, most in ranges.values()))


@st.composite
def poses(draw):
    ranges = {name: LEG_RANGES if name.endswith("leg") else ARM_RANGES for name in LIMBS}
    return Pose(
        at=(draw(st.integers(-100, 100)), draw(st.integers(0, 150))),
        lean=draw(st.integers(-110, 110)),
        spine=dict(zip(SPINE_RANGES, draw(bends(SPINE_RANGES)), strict=True)),
        limbs={name: Limb(bends=draw(bends(ranges[name]))) for name in LIMBS},
    )


def assert_whole(body):
    for start, end, length in SEGMENTS:
        seen = length * body.seen.get(start, 1)
        assert dist(body.points[start], body.points[end]) == pytest.approx(abs(seen)), end


def test_who_stands_straight_has_everything_above_the_feet():
    body = Body(Pose.of(STANDING))
    assert body.points["near_ankle"] == pytest.approx((0, 7))
    assert body.points["crown"] == pytest.approx((0, 88 + 66 + 19))
    assert body.points["near_toes"] == pytest.approx((17, 7))
    assert body.points["near_fingers"][0] == pytest.approx(0)


@pytest.mark.parametrize(
    ("said", "joint", "where"),
    [
        ({"lean": 90}, "c7", (57, 88)),  # face down, head right
        ({"lean": -90}, "c7", (-57, 88)),  # on the back, head left
        ({"near_leg": {"hip": 90}}, "near_knee", (41, 88)),  # the knee goes forward
        ({"near_leg": {"knee": 90}}, "near_ankle", (-40, 47)),  # the heel goes backward
        ({"near_arm": {"shoulder": 90}}, "near_elbow", (28, 141)),
        ({"near_arm": {"elbow": 90}}, "near_wrist", (25, 113)),  # the hand goes forward
        ({"near_arm": {"shoulder": 90, "sideways": [60, 0]}}, "near_elbow", (14, 141)),
        ({"anchor": "near_ankle", "at": [5, 7]}, "hip", (5, 88)),
    ],
)
def test_a_bend_goes_the_way_a_body_bends(said, joint, where):
    assert Body(Pose.of(STANDING | said)).points[joint] == pytest.approx(where)


@given(st.integers(30, 80), st.integers(-20, 60))
def test_a_planted_foot_stays_where_it_is(height, forward):
    pose = {"at": [0, height], "near_leg": {"ankle_at": [forward * 0.4, 7]}}
    try:
        body = Body(Pose.of(pose))
    except PoseError:
        return  # too deep for a hip
    assert body.points["near_ankle"] == pytest.approx((forward * 0.4, 7))
    assert body.turns["near_ankle"] % 360 == pytest.approx(0, abs=1e-6) or body.turns[
        "near_ankle"
    ] % 360 == pytest.approx(360, abs=1e-6)


@given(poses(), poses(), st.floats(0, 1))
def test_limbs_keep_their_length_on_the_whole_way(start, end, share):
    assert_whole(Body(between(start, end, share)))


@pytest.mark.parametrize("scene", MOVING)
def test_limbs_of_the_catalogue_keep_their_length_on_the_whole_way(scene):
    start, end = Pose.of(scene["start"]), Pose.of(scene["end"])
    for tenth in range(11):
        assert_whole(Body(between(start, end, tenth / 10)))


@pytest.mark.parametrize("scene", SCENES)
def test_nobody_sinks_into_the_floor(scene):
    for moment in {"start", "end"} & set(scene):
        for joint, (_, height) in Body(Pose.of(scene[moment])).points.items():
            assert height > -1, joint


@pytest.mark.parametrize("code", ["REIL"])
def test_the_hips_of_a_press_up_stay_down(code):
    figure = next(record.figure for record in make.catalogue_files() if record.code == code)
    for share in (0, 0.25, 0.5, 0.75, 1):
        body = Body(between(Pose.of(figure["start"]), Pose.of(figure["end"]), share))
        assert body.points["hip"] == (0, 10)
        assert body.points["near_wrist"] == pytest.approx((44, 2))


@given(poses())
def test_the_points_of_a_pose_give_the_pose_back(pose):
    again = Body(Pose.from_points(Body(pose).points))
    for joint, point in Body(pose).points.items():
        assert again.points[joint] == pytest.approx(point, abs=1e-6)


@pytest.mark.parametrize(
    ("moved", "joint", "problem"),
    [
        ("near_knee", "near knee", "cm from the near hip, not 41 cm"),
        ("skull", "skull", "cm from the c7, not 9 cm"),
        ("far_fingers", "far fingers", "cm from the far wrist, not 16 cm"),
        ("near_hip", "near hip", "cm from the hip, not 0 cm"),
    ],
)
def test_points_that_stretch_a_limb_are_refused_with_the_joint(moved, joint, problem):
    points = Body(Pose.of(STANDING)).points
    x, y = points[moved]
    with pytest.raises(PoseError, match=problem) as caught:
        Pose.from_points(points | {moved: (x + 5, y + 5)})
    assert str(caught.value).startswith(f"{joint}: ")


@pytest.mark.parametrize(
    ("said", "joint"),
    [
        ({"near_leg": {"knee": -5}}, "near_knee"),
        ({"near_leg": {"knee": 175}}, "near_knee"),
        ({"far_leg": {"hip": 150}}, "far_hip"),
        ({"near_arm": {"elbow": 160}}, "near_elbow"),
        ({"near_arm": {"shoulder": -80}}, "near_shoulder"),
        ({"spine": {"t12": -60}}, "t12"),
        ({"near_leg": {"ankle_at": [90, 7]}}, "near_knee"),
        ({"near_arm": {"wrist_at": [20, 120], "sideways": [95, 0]}}, "near_shoulder"),
        ({"anchor": "near_ankle", "near_leg": {"ankle_at": [0, 7]}}, "near_ankle"),
        ({"anchor": "nose"}, "anchor"),
    ],
)
def test_a_pose_past_a_joint_is_refused_with_its_name(said, joint):
    with pytest.raises(PoseError) as caught:
        Pose.of(STANDING | said)
    assert caught.value.joint == joint


def test_what_not_to_do_may_be_drawn():
    said = STANDING | {"spine": {"t12": -60}}
    assert Body(Pose.of(said, what_not_to_do=True)).bends["t12"] == -60


def test_a_movement_is_held_by_the_same_joint_all_the_way():
    with pytest.raises(PoseError, match="hip: holds the end"):
        between(Pose.of(STANDING | {"anchor": "c7"}), Pose.of(STANDING), 0.5)


def test_what_points_out_of_the_picture_looks_shorter():
    body = Body(Pose.of(STANDING | {"near_arm": {"sideways": [60, 30]}}))
    shoulder, elbow, wrist = (body.points[f"near_{j}"] for j in ("shoulder", "elbow", "wrist"))
    assert dist(shoulder, elbow) == pytest.approx(28 * cos(radians(60)))
    assert dist(elbow, wrist) == pytest.approx(25 * cos(radians(30)))
