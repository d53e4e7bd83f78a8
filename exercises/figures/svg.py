"""Writes SVG: paints, places, and the movement of both.

A paint is a class that css/figures.css colours, or the colour itself where a palette is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from exercises.figures.body import Point
from exercises.figures.shapes import Layer, number

# For pages that cannot read a style sheet: colours of the light scheme.
LIGHT = {
    "skin": "#e2b08e",
    "skin-far": "#c08f70",
    "shirt": "#3d9a92",
    "sleeve": "#358a83",
    "sleeve-far": "#2a6f69",
    "trousers": "#3c5468",
    "trousers-far": "#2b3d4d",
    "hair": "#3d2f2a",
    "line": "#5b3d30",
    "edge": "#1c3440",
    "mat": "#cfe3df",
    "prop": "#d9c9ae",
    "prop-far": "#bba98b",
    "soft": "#f0e6d4",
    "floor": "#9fb2b0",
    "arrow": "#b3470e",
    "stop": "#a5231c",
    "paper": "#fff",
    "frame": "#9fb2b0",
}
STROKED = {"line", "floor", "arrow", "stop", "frame"}
Palette = Mapping[str, str]


@dataclass(frozen=True)
class Beat:
    """When each frame is shown: its share of the whole time, which is in seconds."""

    times: tuple[float, ...]
    frames: tuple[int, ...]
    seconds: float

    def animated(self, attribute: str, values: Sequence[str], kind: str = "") -> str:
        """An element that leads the attribute through the values, one for each frame."""
        shown = [values[frame] for frame in self.frames]
        name = f'animateTransform type="{kind}"' if kind else "animate"
        times = ";".join(f"{time:.3f}".rstrip("0").rstrip(".") for time in self.times)
        return (
            f'<{name} attributeName="{attribute}" values="{";".join(shown)}" keyTimes="{times}" '
            f'dur="{number(self.seconds)}s" repeatCount="indefinite"/>'
        )


@dataclass(frozen=True)
class Pen:
    """How to draw: with which colours, if not by class, and to which beat, if it moves."""

    palette: Palette | None = None
    beat: Beat | None = None

    def paint(self, name: str, *, width: float = 1.0) -> str:
        """The attributes that colour a shape."""
        if self.palette is None:
            stroke = f' stroke-width="{number(width)}"' if name in STROKED else ""
            return f' class="{name}"{stroke}'
        colour = self.palette[name]
        if name in STROKED:
            ends = ' stroke-linecap="round" stroke-linejoin="round"'
            return f' fill="none" stroke="{colour}" stroke-width="{number(width)}"{ends}'
        return f' fill="{colour}"'

    def edge(self, inner: str) -> str:
        """The same shapes as a dark rim, to lie below them."""
        if self.palette is None:
            return f'<g class="edge">{inner}</g>'
        return f'<g fill="{self.palette["edge"]}" {self._rim}>{inner}</g>'

    def layers(self, layers: Sequence[Layer], *, is_rim: bool, is_far: bool = False) -> str:
        parts = []
        for name, data in layers:
            paint = "" if is_rim else self.paint(f"{name}-far" if is_far else name)
            if not (is_rim and name in STROKED):
                parts.append(f'<path{paint} d="{data}"/>')
        return "".join(parts)

    def rimmed(self, name: str, frames: Sequence[str]) -> str:
        """One shape with its rim, which changes its data from frame to frame."""
        inner = ""
        if self.beat and len(set(frames)) > 1:
            inner = self.beat.animated("d", frames)
        if self.palette is None:
            paint = f' class="{name} rim"'
        else:
            paint = f'{self.paint(name)} {self._rim} paint-order="stroke"'
        return f'<path{paint} d="{frames[0]}">{inner}</path>'

    @property
    def _rim(self) -> str:
        return (
            f'stroke="{(self.palette or LIGHT)["edge"]}" stroke-width="1.8" stroke-linejoin="round"'
        )

    def placed(self, points: Sequence[Point], turns: Sequence[float], inner: str) -> str:
        """What is inside, moved to a point and turned there; one of each, or one a frame."""
        places = [f"{number(x)} {number(-y)}" for x, y in points]
        turned = [number(turn) for turn in turns]
        if len({*places}) == len({*turned}) == 1:
            return f'<g transform="translate({places[0]})rotate({turned[0]})">{inner}</g>'
        return self._moved("translate", places, self._moved("rotate", turned, inner))

    def shortened(self, shares: Sequence[float], inner: str) -> str:
        """What is inside as it looks when it points out of the picture."""
        values = [f"1 {share:.2f}" for share in shares]
        return inner if set(values) == {"1 1.00"} else self._moved("scale", values, inner)

    def _moved(self, kind: str, values: Sequence[str], inner: str) -> str:
        if self.beat and len(set(values)) > 1:
            inner = self.beat.animated("transform", values, kind) + inner
        return f'<g transform="{kind}({values[0]})">{inner}</g>'


def labelled(alt: str, inner: str, *, size: tuple[int, int], moving: bool) -> str:
    """The whole picture with its text alternative."""
    width, height = size
    kind = " drawing-loop" if moving else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing{kind}" role="img" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<title>{escape(alt)}</title>{inner}</svg>"
    )
