"""The colours of text stand out from every ground they are put on, light and dark."""

import re
from itertools import product
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parent.parent / "static" / "css"
ROOT_BLOCK = re.compile(r":root \{(.*?)\}", re.DOTALL)
COLOUR = re.compile(r"--([\w-]+):\s*(#\w+);")
GROUNDS = ("page", "surface", "sunken")
TEXTS = ("ink", "soft", "accent", "accent-deep", "ok", "caution", "danger", "info")
STATES = ("ok", "caution", "danger", "info")
TEXT_ON_GROUND = [
    *product(TEXTS, GROUNDS),
    *((state, f"{state}-tint") for state in STATES),
    *(("ink", f"{state}-tint") for state in STATES),
    *product(("accent", "accent-deep"), ["accent-tint"]),
    *product(["on-accent"], ("accent", "accent-deep", "danger")),
]
EDGES_ON_GROUND = [*product(("edge", "focus"), GROUNDS)]


def tokens(*files: str, dark: bool) -> dict[str, str]:
    """The colours by name: those of a later file, and of the dark scheme, go before."""
    found = {}
    for file in files:
        light, *others = ROOT_BLOCK.findall((CSS / file).read_text())
        found |= COLOUR.findall(light)
        # Of what follows, the first is the dark scheme, and paper comes last.
        found |= COLOUR.findall(others[0]) if dark else {}
    return found


def luminance(colour: str) -> float:
    """As WCAG 2 defines it, of "#abc" or "#aabbcc"; between 0 and 1."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def too_close(colours: dict[str, str], pairs: list[tuple[str, str]], least: float) -> list[str]:
    found = {pair: ratio(*(colours[name] for name in pair)) for pair in pairs}
    return [
        f"{text} on {ground}: {is_now:.2f}"
        for (text, ground), is_now in found.items()
        if is_now < least
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out(dark):
    colours = tokens("base.css", dark=dark)
    assert too_close(colours, TEXT_ON_GROUND, 4.5) == []
    assert too_close(colours, EDGES_ON_GROUND, 3) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_with_more_contrast_text_stands_out_more(dark):
    colours = tokens("base.css", "contrast.css", dark=dark)
    assert too_close(colours, TEXT_ON_GROUND, 7) == []
    assert too_close(colours, [*EDGES_ON_GROUND, *product(["line"], GROUNDS)], 4.5) == []


def test_the_ratio_is_that_of_wcag():
    assert ratio("#fff", "#000000") == pytest.approx(21)
    assert ratio("#777", "#fff") == pytest.approx(4.48, abs=0.01)
