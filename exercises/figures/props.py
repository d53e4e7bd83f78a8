"""What a body lies, sits, leans or kneels on, drawn from a name, a place and a size in cm."""

from collections.abc import Callable, Mapping
from typing import Any

from exercises.figures.shapes import number as n
from exercises.figures.svg import Pen

Box = tuple[float, float, float, float]  # left, bottom, right, top


def box_of(prop: Mapping[str, Any]) -> Box:
    """The space that a prop takes."""
    (x, y), (width, height) = prop["at"], prop["size"]
    return x, y, x + width, y + height


def draw(prop: Mapping[str, Any], pen: Pen, sides: tuple[float, float]) -> str:
    """A prop; `at` is its lower left corner. A mat ends inside the picture's sides."""
    left, bottom, right, top = box_of(prop)
    if prop["name"] == "mat":
        left, right = max(left, sides[0] + 4), min(right, sides[1] - 4)
    return DRAWN[prop["name"]]((left, bottom, right, top), pen)


def _slab(left: float, bottom: float, right: float, top: float, paint: str, r: float = 2) -> str:
    return (
        f'<rect{paint} x="{n(left)}" y="{n(-top)}" width="{n(right - left)}" '
        f'height="{n(top - bottom)}" rx="{n(r)}"/>'
    )


def _mat(box: Box, pen: Pen) -> str:
    return _slab(*box, pen.paint("mat"), 1.5)


def _wall(box: Box, pen: Pen) -> str:
    return _slab(*box, pen.paint("prop"), 0)


def _door(box: Box, pen: Pen) -> str:
    left, bottom, right, top = box
    return _slab(*box, pen.paint("prop"), 0.5) + _slab(
        left + 2, bottom, right - 2, top - 2, pen.paint("soft"), 0
    )


def _chair(box: Box, pen: Pen) -> str:
    """A firm chair that faces right: seat at 44 cm, its back as high as the box."""
    left, bottom, right, top = box
    seat = bottom + 44
    wood, far = pen.paint("prop"), pen.paint("prop-far")
    return (
        _slab(left + 7, bottom + 3, left + 10, seat, far, 1)
        + _slab(right - 7, bottom + 3, right - 4, seat, far, 1)
        + _slab(left, bottom, left + 4, top, wood, 1.5)
        + _slab(right - 4, bottom, right, seat, wood, 1)
        + _slab(left, seat - 5, right, seat, wood, 2)
    )


def _stool(box: Box, pen: Pen) -> str:
    """A chair seen from the side without a back, or a low table."""
    left, bottom, right, top = box
    wood, far = pen.paint("prop"), pen.paint("prop-far")
    return (
        _slab(left + 6, bottom + 3, left + 9, top, far, 1)
        + _slab(right - 9, bottom + 3, right - 6, top, far, 1)
        + _slab(left + 1, bottom, left + 5, top, wood, 1)
        + _slab(right - 5, bottom, right - 1, top, wood, 1)
        + _slab(left, top - 5, right, top, wood, 2)
    )


def _bed(box: Box, pen: Pen) -> str:
    left, bottom, right, top = box
    wood = pen.paint("prop")
    return (
        _slab(left + 4, bottom, left + 9, top - 20, wood, 1)
        + _slab(right - 9, bottom, right - 4, top - 20, wood, 1)
        + _slab(left, top - 26, right, top - 14, wood, 2)
        + _slab(left + 1, top - 18, right - 1, top, pen.paint("soft"), 5)
    )


def _pillow(box: Box, pen: Pen) -> str:
    left, bottom, right, top = box
    return _slab(*box, pen.paint("soft"), min(right - left, top - bottom) / 2)


def _roll(box: Box, pen: Pen) -> str:
    """A rolled towel or a foam roller, seen from its end."""
    left, bottom, right, top = box
    x, y, r = (left + right) / 2, -(bottom + top) / 2, (right - left) / 2
    return "".join(
        f'<circle{pen.paint(paint)} cx="{n(x)}" cy="{n(y)}" r="{n(radius)}"/>'
        for paint, radius in (("prop", r), ("soft", r * 0.72), ("prop", r * 0.4))
    )


DRAWN: dict[str, Callable[[Box, Pen], str]] = {
    "mat": _mat,
    "wall": _wall,
    "doorway": _door,
    "chair": _chair,
    "stool": _stool,
    "table": _stool,
    "bed": _bed,
    "pillow": _pillow,
    "cushion": _pillow,
    "towel": _roll,
    "roller": _roll,
}
