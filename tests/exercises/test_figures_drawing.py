import gzip
import re
from xml.etree import ElementTree

import pytest

from exercises.figures import drawing
from exercises.figures.svg import LIGHT
from tests import make
from tests.exercises.test_figures_pose import MOVING, SCENES

SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 6 * 1024
FIGURES = {record.code: record.figure for record in make.catalogue_files()}
MOMENTS = ("start", "end", "loop")


def drawn(scene, moment, palette=None):
    if moment == "loop":
        return drawing.loop(scene, drawing.Tempo(), palette=palette)
    return drawing.still(scene, moment, palette=palette)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("palette", [None, LIGHT], ids=["classes", "colours"])
def test_a_picture_is_small_and_well_formed_and_says_what_it_shows(scene, moment, palette):
    svg = drawn(scene, moment, palette)
    assert len(gzip.compress(svg.encode())) < LARGEST
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == scene["alt"]
    assert (root.get("viewBox"), root.get("width"), root.get("height")) == (
        "0 0 300 200",
        "300",
        "200",
    )
    for element in root.iter():
        assert not {"style", "id"} & set(element.keys())
        assert element.tag not in {f"{SVG}style", f"{SVG}script", f"{SVG}image"}
        assert not [name for name in element.keys() if name.startswith("on")]  # noqa: SIM118


@pytest.mark.parametrize("scene", SCENES)
def test_a_picture_with_a_palette_needs_no_style_sheet(scene):
    root = ElementTree.fromstring(drawn(scene, "end", LIGHT))  # noqa: S314 - our own
    named = {element.get("class") for element in root.iter()} - {None}
    assert named <= {"drawing", "inset"}


@pytest.mark.parametrize("scene", MOVING)
def test_a_loop_begins_as_the_start_still(scene):
    loop = re.sub(r"<animate[^>]*/>", "", drawn(scene, "loop"))
    shapes = re.findall(r' d="([^"]+)"', loop)
    # The still leaves out what only shows while an arm points out of the picture.
    assert set(re.findall(r' d="([^"]+)"', drawn(scene, "start"))) <= set(shapes)


@pytest.mark.parametrize("scene", MOVING)
def test_each_value_of_a_loop_has_its_time(scene):
    root = ElementTree.fromstring(drawn(scene, "loop"))  # noqa: S314 - our own
    moving = [e for e in root.iter() if e.tag in {f"{SVG}animate", f"{SVG}animateTransform"}]
    assert moving
    for element in moving:
        values, times = (element.get(name).split(";") for name in ("values", "keyTimes"))
        assert len(values) == len(times)
        assert (times[0], times[-1]) == ("0", "1")
        assert [float(time) for time in times] == sorted(float(time) for time in times)
        assert values[0] == values[-1]
        shapes = {re.sub(r"-?[\d.]+", "0", value).replace(" ", "") for value in values}
        assert len(shapes) == 1, "a browser cannot go from one to the other"


def test_what_stands_still_has_no_loop():
    resting = next(stage for stage in FIGURES["REIL"]["stages"] if "end" not in stage)
    assert drawn(resting, "loop") == drawn(resting, "start") == drawn(resting, "end")


@pytest.mark.parametrize("figure", [{}, {"start": {"head": [88, 10, 10], "spine": [[98, 10]]}}])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_figure_without_a_pose_draws_nothing(figure, moment):
    assert drawn(figure, moment) == ""


@pytest.mark.parametrize(
    ("mode", "hold", "stay"),
    [("repeated", 0, 0.6), ("repeated", 1, 1), ("dynamic", 5, 2.5), ("sustained", 30, 4)],
)
def test_a_hold_is_shortened_for_show(mode, hold, stay):
    tempo = drawing.Tempo.of(mode, hold)
    assert tempo == drawing.Tempo(go=2, stay=stay, back=2)


def test_the_tempo_is_the_length_of_the_loop():
    svg = drawing.loop(FIGURES["FIL"], drawing.Tempo(go=2, stay=4, back=2, rest=1))
    assert set(re.findall(r'dur="([^"]+)"', svg)) == {"9s"}


def test_words_in_a_text_alternative_are_only_words():
    figure = FIGURES["FIL"] | {"alt": '<script>"&'}
    assert "<title>&lt;script&gt;&quot;&amp;</title>" in drawn(figure, "start")
    assert "<script" not in drawn(figure, "start")


def test_every_exercise_is_drawn_with_its_other_versions():
    assert {code: len(figure["stages"]) for code, figure in FIGURES.items()} == {
        "DOOR": 4,
        "FIL": 5,
        "KLF": 3,
        "PILLOW": 6,
        "REIL": 4,
        "SUTE": 4,
        "TILT": 4,
    }


@pytest.mark.parametrize(
    ("code", "kind"), [("TILT", "enlarged"), ("REIL", "crossed_out"), ("DOOR", "front_view")]
)
def test_what_the_side_view_cannot_show_has_a_picture_of_its_own(code, kind):
    assert kind in {mark["kind"] for mark in FIGURES[code]["marks"]}
    assert 'class="inset"' in drawn(FIGURES[code], "end")
