import json
from copy import deepcopy

import pytest
from django.urls import reverse
from hypothesis import given

from clinics.tenancy import inside
from exercises import actions
from exercises.figures import editing
from exercises.figures.pose import Body, Pose, PoseError, between
from exercises.models import ExerciseEdition
from tests import make
from tests.exercises import library
from tests.exercises.test_figures_pose import MOVING, poses

FIGURES = {record.code: record.figure for record in make.catalogue_files()}
PREVIEW = reverse("exercises:figure_preview")


def sent(figure=None, **changes):
    return {**deepcopy(editing.editable(figure or {})), "alt": "Person stands.", **changes}


@pytest.mark.parametrize("scene", MOVING)
def test_the_editor_begins_with_the_pose_that_is_drawn(scene):
    shown = editing.editable(scene)
    for moment in ("start", "end"):
        drawn = Body(Pose.of(scene[moment])).points
        for joint, point in Body(Pose.of(shown[moment])).points.items():
            assert point == pytest.approx(drawn[joint], abs=0.5), joint


def test_the_first_drawing_begins_upright():
    assert editing.editable({})["start"] == editing.editable({})["end"]
    assert Body(Pose.of(editing.editable({})["end"])).points["near_ankle"] == pytest.approx((0, 7))


def test_what_the_editor_sends_back_keeps_all_that_stands_around():
    figure = FIGURES["REIL"]
    again = editing.edited(figure, editing.editable(figure))
    for kept in ("alt", "note", "props", "marks", "stages"):
        assert again[kept] == figure[kept]


def test_a_hand_that_does_not_move_stays_put_on_the_way():
    again = editing.edited(FIGURES["REIL"], editing.editable(FIGURES["REIL"]))
    for tenth in range(11):
        body = Body(between(Pose.of(again["start"]), Pose.of(again["end"]), tenth / 10))
        assert body.points["near_wrist"] == pytest.approx((44, 2), abs=0.5)


@given(poses())
def test_any_pose_the_body_can_take_is_stored_as_it_is(pose):
    body = Body(pose)
    row = {
        "at": list(pose.at),
        "lean": pose.lean,
        "spine": dict(pose.spine),
        **{
            name: {
                joint: body.bends[f"{name.partition('_')[0]}_{joint}"]
                for joint in editing._ranges(name)
            }
            for name in pose.limbs
        },
    }
    stored = editing.edited({}, sent(start=row, end=row))
    for joint, point in Body(Pose.of(stored["end"])).points.items():
        assert point == pytest.approx(body.points[joint], abs=0.5)


@pytest.mark.parametrize(
    ("path", "value", "joint"),
    [
        (("end", "near_leg", "knee"), -20, "near knee: bends -20°"),
        (("end", "near_arm", "elbow"), 170, "near elbow: bends 170°"),
        (("start", "spine", "t6"), 80, "t6: bends 80°"),
        (("start", "lean"), "much", "hip: cannot be read"),
        (("start", "lean"), float("nan"), "hip: cannot be read"),
        (("start", "at"), [0], "figure: cannot be read"),
        (("start", "at"), [0, 10**9], "figure: cannot be read"),
        (("start", "near_leg"), 3, "near leg: cannot be read"),
        (("start",), None, "figure: cannot be read"),
        (("alt",), None, "figure: cannot be read"),
    ],
)
def test_a_pose_that_cannot_be_is_refused_with_the_joint(path, value, joint):
    said = sent()
    *way, last = path
    place = said
    for step in way:
        place = place[step]
    place[last] = value
    with pytest.raises(PoseError) as caught:
        editing.edited({}, said)
    assert str(caught.value).startswith(joint)


@pytest.mark.parametrize("said", [None, 1, "x", []])
def test_what_is_no_drawing_is_refused(said):
    with pytest.raises(PoseError):
        editing.edited({}, said)


def test_only_known_joints_are_stored():
    said = sent()
    said["start"]["tail"] = said["start"]["spine"]["tail"] = said["start"]["near_leg"]["tail"] = 9
    said["more"] = 9
    assert "tail" not in json.dumps(editing.edited({}, said))
    assert "more" not in editing.edited({}, said)


@pytest.mark.django_db
def test_the_drawing_is_saved_with_the_draft(admin, clinic):
    figure = sent()
    figure["end"]["near_arm"]["shoulder"] = 90
    admin.post(reverse("exercises:create"), library.posted(save="", figure=json.dumps(figure)))
    with inside(clinic.pk):
        draft = ExerciseEdition.objects.of(clinic).get()
    assert draft.figure["alt"] == "Person stands."
    assert draft.figure["end"]["near_arm"]["shoulder"] == 90


@pytest.mark.django_db
def test_saving_the_text_leaves_the_drawing_as_it_is(admin, clinic):
    with inside(clinic.pk):
        copy = actions.copy(original=make.exercise("FIL"), clinic=clinic, by=make.founder(clinic))
    admin.post(
        reverse("exercises:edit", args=[copy.exercise_id]), library.posted(save="", figure="")
    )
    with inside(clinic.pk):
        copy.refresh_from_db()
    assert copy.summary == "You bend, and come back."
    assert copy.figure == FIGURES["FIL"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda figure: figure["end"]["near_leg"].update(knee=-20), "near knee: bends -20°"),
        (lambda figure: figure.update(alt=" "), "say in words what it shows"),
    ],
)
def test_a_wrong_drawing_is_told_and_nothing_is_stored(admin, clinic, change, said):
    figure = sent()
    change(figure)
    response = admin.post(
        reverse("exercises:create"), library.posted(save="", figure=json.dumps(figure))
    )
    assert said in response.content.decode()
    with inside(clinic.pk):
        assert not ExerciseEdition.objects.of(clinic).exists()


@pytest.mark.django_db
def test_the_preview_draws_and_stores_nothing(admin, clinic):
    answer = admin.post(PREVIEW, {"figure": json.dumps(sent())}).json()
    assert set(answer) == {"start", "end", "loop"}
    assert all(svg.startswith("<svg") for svg in answer.values())
    with inside(clinic.pk):
        assert not ExerciseEdition.objects.of(clinic).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("figure", ["", "{", "{}", "3"])
def test_the_preview_says_what_is_wrong(admin, figure):
    assert "cannot be read" in admin.post(PREVIEW, {"figure": figure}).json()["error"]


@pytest.mark.django_db
def test_the_preview_names_the_joint(admin):
    figure = sent()
    figure["end"]["near_leg"]["knee"] = 170
    answer = admin.post(PREVIEW, {"figure": json.dumps(figure)}).json()
    assert answer == {"error": "near knee: bends 170°; it can go from 0° to 165°"}


@pytest.mark.django_db
def test_the_preview_knows_no_exercise_of_another_clinic(admin):
    theirs = library.exercise(of=make.clinic())
    answer = admin.post(PREVIEW, {"figure": json.dumps(sent()), "exercise": theirs.pk}).json()
    assert answer == {"error": "The drawing cannot be read."}
