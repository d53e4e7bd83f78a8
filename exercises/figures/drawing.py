"""The picture of an exercise, from the figure that its record carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi
from typing import Any

from exercises.figures import marks, props
from exercises.figures.person import person
from exercises.figures.pose import Body, Pose, between
from exercises.figures.shapes import number as n
from exercises.figures.svg import Beat, Palette, Pen, labelled

WIDTH, HEIGHT = 300, 200
MARGIN = 10
FRAMES = 8  # between start and end; the browser fills what lies between two of them

Scene = Mapping[str, Any]


@dataclass(frozen=True)
class Tempo:
    """Seconds on the way there, at the end, on the way back and at the start, for show."""

    go: float = 2
    stay: float = 1
    back: float = 2
    rest: float = 0.6

    @classmethod
    def of(cls, mode: str, hold_seconds: int) -> "Tempo":
        """What a dosage looks like: a hold is shortened, and what is not held is only touched."""
        if mode == "sustained":
            return cls(stay=4)
        return cls(stay=min(max(hold_seconds, 0.6), 2.5))


def still(scene: Scene, moment: str, *, palette: Palette | None = None) -> str:
    """The start or the end of an exercise as SVG; empty where there is no figure."""
    return on_the_way(scene, 1.0 if moment == "end" else 0.0, palette=palette)


def on_the_way(scene: Scene, share: float, *, palette: Palette | None = None) -> str:
    """The body after this share of the way from start to end, from 0 to 1."""
    if not is_drawn(scene):
        return ""
    return _picture(scene, _bodies(scene, share), Pen(palette))


def on_a_desk(scene: Scene, moment: str, desk: "Frame") -> str:
    """A still that keeps its scale and place whatever the pose: for the editor."""
    return _picture(scene, _bodies(scene, 1.0 if moment == "end" else 0.0), Pen(), desk)


def loop(scene: Scene, tempo: Tempo, *, palette: Palette | None = None) -> str:
    """The movement from start to end and back, over and over; a still where nothing moves."""
    if not is_drawn(scene) or "end" not in scene:
        return still(scene, "start", palette=palette)
    shares = [(1 - cos(pi * step / FRAMES)) / 2 for step in range(FRAMES + 1)]
    bodies = _bodies(scene, *shares)
    return _picture(scene, bodies, Pen(palette, _beat(tempo)))


def is_drawn(scene: Scene) -> bool:
    """Whether there is a pose to draw; a clinic's own exercise may have none."""
    return "at" in scene.get("start", {})


def _bodies(scene: Scene, *shares: float) -> list[Body]:
    """The body after each of these shares of the way from start to end."""
    start = Pose.of(scene["start"])
    end = Pose.of(scene["end"]) if "end" in scene else start
    return [Body(between(start, end, share)) for share in shares]


def _beat(tempo: Tempo) -> Beat:
    there = list(range(FRAMES + 1))
    frames = [*there, *reversed(there), 0]
    times = [tempo.go * frame / FRAMES for frame in there]
    times += [tempo.go + tempo.stay + tempo.back * frame / FRAMES for frame in there]
    seconds = times[-1] + tempo.rest
    return Beat(tuple(time / seconds for time in [*times, seconds]), tuple(frames), seconds)


def _picture(scene: Scene, bodies: list[Body], pen: Pen, frame: "Frame | None" = None) -> str:
    insets = [mark for mark in scene["marks"] if mark["kind"] in marks.INSETS]
    frame = frame or Frame.around(scene, insets)
    parts = [
        _floor(frame, _ground(scene), pen),
        *(props.draw(prop, pen, frame.sides) for prop in scene["props"] if not prop["in_front"]),
        person(bodies, pen),
        *(props.draw(prop, pen, frame.sides) for prop in scene["props"] if prop["in_front"]),
        *(marks.draw(mark, pen) for mark in scene["marks"] if mark not in insets),
    ]
    inner = f'<g transform="{frame.transform}">{"".join(parts)}</g>'
    for mark in insets:
        inner += marks.inset(mark, scene, bodies, pen)
    return labelled(scene["alt"], inner, size=(WIDTH, HEIGHT), moving=pen.beat is not None)


def _floor(frame: "Frame", ground: float, pen: Pen) -> str:
    left, right = (n(side) for side in frame.sides)
    return f'<path{pen.paint("floor", width=1.2)} d="M{left} {n(-ground)}H{right}"/>'


@dataclass(frozen=True)
class Frame:
    """What part of the world the picture shows, and how large."""

    scale: float
    x: float  # where the world's origin is in the picture
    y: float

    @classmethod
    def around(cls, scene: Scene, insets: list[Any]) -> "Frame":
        left, bottom, right, top = _space(scene)
        width, height = right - left, max(top - bottom, 1)
        # An inset stands in a corner above a figure that lies, and beside one that stands.
        room_x = WIDTH - 2 * MARGIN - (marks.SIDE if insets and height > width else 0)
        room_y = HEIGHT - 2 * MARGIN
        scale = min(room_x / width, room_y / height, 1.6)
        return cls(
            scale=round(scale, 3),
            x=round(MARGIN + room_x / 2 - scale * (left + right) / 2, 1),
            y=round(HEIGHT - MARGIN + scale * bottom, 1),
        )

    @classmethod
    def desk(cls, scene: Scene) -> "Frame":
        """The frame in which the editor shows a scene: with room around it to move."""
        tight = cls.around(scene, [])
        share = 0.8
        return cls(
            scale=round(tight.scale * share, 3),
            x=round(WIDTH / 2 + share * (tight.x - WIDTH / 2), 1),
            y=tight.y,
        )

    @property
    def transform(self) -> str:
        return f"translate({n(self.x)} {n(self.y)})scale({self.scale})"

    @property
    def sides(self) -> tuple[float, float]:
        """Where the picture ends on the left and on the right, in the body's centimetres."""
        return (4 - self.x) / self.scale, (WIDTH - 4 - self.x) / self.scale


def _space(scene: Scene) -> props.Box:
    """The room that the body takes on its whole way, with all that stands around it."""
    boxes = [props.box_of(prop) for prop in scene["props"] if prop["name"] != "mat"]
    boxes.append((0, _ground(scene), 0, 0))
    boxes += [(x, y, x, y) for mark in scene["marks"] for x, y in mark.get("points", ())]
    for body in _bodies(scene, 0, 0.25, 0.5, 0.75, 1):
        boxes += [(x - 8, y, x + 8, y + 5) for x, y in body.points.values()]
    lefts, _, rights, tops = zip(*boxes, strict=True)
    return min(lefts), _ground(scene), max(rights), max(tops)


def _ground(scene: Scene) -> float:
    """Where the floor is: below a mat or a bed on which the body's own zero lies."""
    return min([0.0, *(prop["at"][1] for prop in scene["props"])])
