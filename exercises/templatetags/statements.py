"""Statements on pages: what is said, and what it rests on as links to the page's own lists."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.translation import get_language

from exercises.content import (
    Mark,
    Standing,
    Statement,
    load_sources,
    standing_words,
)

register = template.Library()

# How loudly each standing speaks; the word itself is always there.
TONES = {
    Standing.SUPPORTED: "ok",
    Standing.PARTLY: "info",
    Standing.CONTESTED: "blocked",
    Standing.UNSOURCED: "caution",
    Standing.TEACHING_PICTURE: "draft",
}


@register.inclusion_tag("exercises/_statement.html")
def statement(raw: str) -> dict[str, Any]:
    """One statement with its sources, the facts it repeats, and its marks in words."""
    said = Statement.parse(raw)
    return {"text": said.text, "facts": said.facts} | _basis(said.sources, said.marks)


@register.inclusion_tag("exercises/_statements.html")
def statements(raws: Sequence[str], style: str = "") -> dict[str, Any]:
    """A list of statements; `style` is the class of the list."""
    return {"raws": raws, "style": style}


@register.inclusion_tag("exercises/_rests_on.html")
def rests_on(sources: Sequence[str], marks: Sequence[str]) -> dict[str, Any]:
    """Sources and marks alone, as a row of a table has them."""
    return _basis(sources, [Mark(mark) for mark in marks])


@register.filter
def said(raw: str) -> str:
    """The statement alone, as a patient reads it."""
    return Statement.parse(raw).text


@register.filter
def label_in(standing: Standing, language: str) -> str:
    """How far an education fact is backed, in the words of a language."""
    return standing_words(language).labels[standing]


@register.filter
def explained_in(standing: Standing, language: str) -> str:
    """How a reader is to take the fact, in the words of a language."""
    return standing_words(language).explanations[standing]


@register.filter
def tone(standing: Standing) -> str:
    """The class of the badge of an education fact."""
    return TONES.get(standing, "")


@register.filter
def standing_label(standing: Standing) -> str:
    """How far a fact is backed, in a word of the page's language."""
    return standing_words(get_language() or "").labels[standing]


@register.filter
def standing_explanation(standing: Standing) -> str:
    """The same in a sentence."""
    return standing_words(get_language() or "").explanations[standing]


def _basis(sources: Sequence[str], marks: Sequence[Mark]) -> dict[str, Any]:
    known = load_sources()
    return {
        "sources": [(key, key in known) for key in sources],
        "marks": [mark.label for mark in marks],
    }
