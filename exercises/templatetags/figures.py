"""Drawn figures on pages; what is not drawn leaves no trace, except a word to staff."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.utils.safestring import mark_safe

from exercises.figures import drawing
from exercises.models import ExerciseEdition

register = template.Library()


@register.inclusion_tag("exercises/_figure.html")
def figure(edition: ExerciseEdition, moment: str) -> dict[str, Any]:
    """The figure of an edition: "start", "end", "both" side by side, or "loop" with its button."""
    tempo = drawing.Tempo.of(edition.mode, edition.hold_seconds)
    return _pictures(edition.figure, moment, tempo)


@register.filter
def is_drawn(edition: ExerciseEdition) -> bool:
    """Whether an edition has a figure; a patient is not told of one that is missing."""
    return drawing.is_drawn(edition.figure)


@register.inclusion_tag("exercises/_figure_stages.html")
def figure_stages(edition: ExerciseEdition, versions: str) -> dict[str, Any]:
    """The drawn versions under "easier" or "harder", each as it ends."""
    stages = edition.figure.get("stages", [])
    return {
        "pictures": [
            (_still(stage, "end"), stage["words"]) for stage in stages if stage["list"] == versions
        ]
    }


def _pictures(scene: Mapping[str, Any], moment: str, tempo: drawing.Tempo) -> dict[str, Any]:
    if not drawing.is_drawn(scene):
        return {"moment": "none"}
    shown: dict[str, Any] = {"moment": moment if "end" in scene else "start"}
    if moment == "both":
        shown["hints"] = [mark["text"] for mark in scene["marks"]]
    for name in ("start", "end"):
        if moment in {name, "both"} or (moment == "loop" and name == "start"):
            shown[name] = _still(scene, name)
    if moment == "loop":
        shown["loop"] = mark_safe(drawing.loop(scene, tempo))  # noqa: S308 - written by us
    return shown


def _still(scene: Mapping[str, Any], moment: str) -> str:
    return _drawn(json.dumps(scene), moment)


@lru_cache(maxsize=256)
def _drawn(scene: str, moment: str) -> str:
    """A still, drawn once: a library shows the same ones again and again."""
    return mark_safe(drawing.still(json.loads(scene), moment))  # noqa: S308 - written by us


@register.filter
def as_json(value: object) -> str:
    """A value for a data attribute, to be escaped like any text."""
    return json.dumps(value)
