"""What patients read in another language: checked against the English that it translates.

A translation says line for line what the English says, without the brackets: what a statement
rests on stays with the original. Each names the print of the English that it translates. Where
that has changed since, the translation is stale, and patients read the English meanwhile.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from exercises.content.education import load_education
from exercises.content.records import (
    EducationFact,
    EducationPage,
    EducationSection,
    Standing,
    Statement,
)
from exercises.content.sources import CATALOGUE
from exercises.content.tables import CatalogueError, Table
from exercises.vocabulary import Language, Term

ENGLISH = "en"
PRINT_LENGTH = 16  # characters
_MOMENTS = ("start", "end")
TermT = TypeVar("TermT", bound=Term)


class Told(Protocol):
    """What has texts that a patient reads: a record of the files, or a stored edition."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def direction_note(self) -> str: ...
    @property
    def steps(self) -> Sequence[str]: ...
    @property
    def should_feel(self) -> Sequence[str]: ...
    @property
    def stop_for(self) -> Sequence[str]: ...
    @property
    def take_care(self) -> Sequence[str]: ...
    @property
    def figure(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class PatientWords:
    """What a patient reads of one exercise, each list line for line; no brackets."""

    name: str
    summary: str
    direction_note: str
    steps: tuple[str, ...]
    should_feel: tuple[str, ...]
    stop_for: tuple[str, ...]
    cautions: tuple[str, ...]
    # What the figure shows, as a whole, at its start and at its end, then its marks.
    figure_words: tuple[str, ...]

    @classmethod
    def of(cls, told: Told) -> "PatientWords":
        return cls(
            name=told.name,
            summary=told.summary,
            direction_note=told.direction_note,
            steps=said(told.steps),
            should_feel=said(told.should_feel),
            stop_for=said(told.stop_for),
            cautions=said(told.take_care),
            figure_words=words_of_figure(told.figure),
        )

    @property
    def fingerprint(self) -> str:
        return _print_of(asdict(self))

    def differs_in_shape(self, original: "PatientWords") -> str:
        """The first part that has another number of lines than the original; empty if none has."""
        return next((part for part, own, other in self._lists(original) if own != other), "")

    def _lists(self, original: "PatientWords") -> Iterable[tuple[str, int, int]]:
        for part in LISTS:
            yield part, len(getattr(self, part)), len(getattr(original, part))


TEXTS = ("name", "summary", "direction_note")
LISTS = tuple(part.name for part in fields(PatientWords) if part.name not in TEXTS)


@dataclass(frozen=True)
class Translation:
    """One file: an exercise in another language, and the print of the English it translates."""

    language: Language
    code: str
    english: str
    words: PatientWords
    origin: str


@dataclass(frozen=True)
class StandingWords:
    """How far a fact is backed, in the words of one language: the label and what it means."""

    labels: Mapping[Standing, str]
    explanations: Mapping[Standing, str]


@dataclass(frozen=True)
class ToldPage:
    """A page of patient education in one language; sources and standings as in English.

    Both are `for_patients`.
    """

    page: EducationPage
    original: EducationPage
    language: str = ENGLISH

    @property
    def reads(self) -> str:
        return reading_way(self.language)

    @property
    def is_translated(self) -> bool:
        return self.language != ENGLISH

    @property
    def fingerprint(self) -> str:
        """Of what is signed: these words as a translation of that English."""
        both = (page_words(self.page), page_words(self.original))
        return _print_of({"page": both, "language": self.language})


def reading_way(language: str) -> str:
    """Which way a language is written: "ltr" or "rtl", as the HTML attribute `dir` has it."""
    return Language(language).reads if language in list(Language) else "ltr"


def said(raws: Iterable[str]) -> tuple[str, ...]:
    """Statements as a patient reads them, without what they rest on."""
    return tuple(Statement.parse(raw).text for raw in raws)


def words_of_figure(figure: Mapping[str, Any]) -> tuple[str, ...]:
    """The words of a figure in their order; none where none is drawn."""
    if not figure:
        return ()
    poses = (figure.get(moment, {}).get("description", "") for moment in _MOMENTS)
    marks = (mark["text"] for mark in figure.get("marks", []))
    return tuple(filter(None, (figure.get("alt", ""), *poses, *marks)))


def figure_in(figure: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """The same figure with these words, which stand in the order of `words_of_figure`."""
    said_instead = dict(zip(words_of_figure(figure), words, strict=True))
    turned = dict(figure)
    if "alt" in turned:
        turned["alt"] = said_instead.get(turned["alt"], "")
    for moment in _MOMENTS:
        if moment in turned:
            pose = dict(turned[moment])
            pose["description"] = said_instead.get(pose.get("description", ""), "")
            turned[moment] = pose
    if "marks" in turned:
        marks = figure["marks"]
        turned["marks"] = [mark | {"text": said_instead.get(mark["text"], "")} for mark in marks]
    return turned


def load_translations(folder: Path = CATALOGUE) -> list[Translation]:
    """Every translated exercise of the folder, language by language."""
    return [
        parse_translation(path.read_text(encoding="utf-8"), f"{language}/{path.name}", language)
        for language in Language
        for path in sorted((folder / language).glob("*.toml"))
        if path.name != "words.toml"
    ]


def parse_translation(text: str, origin: str, language: Language) -> Translation:
    """Read one translated exercise; `origin` names it in errors."""
    table = Table.of(text, origin)
    code, english = table.code("code"), _english(table)
    parts: dict[str, Any] = {part: table.text(part) for part in TEXTS}
    parts |= {part: _plain(table, part) for part in LISTS}
    table.done()
    return Translation(language, code, english, PatientWords(**parts), origin)


def check_translation(translation: Translation, original: Told) -> bool:
    """Whether it translates the English as it is now; False when it is stale.

    Raises CatalogueError when it claims to and a list has another number of lines.
    """
    english = PatientWords.of(original)
    if translation.english != english.fingerprint:
        return False
    if part := translation.words.differs_in_shape(english):
        own, other = len(getattr(translation.words, part)), len(getattr(english, part))
        raise CatalogueError(
            translation.origin, part, f"has {own} lines, and the English has {other}"
        )
    return True


@cache
def standing_words(language: str) -> StandingWords:
    """The words for each standing in this language, or in English where it is none of ours."""
    if language not in list(Language):
        return StandingWords(
            {standing: standing.label for standing in Standing},
            {standing: standing.explanation for standing in Standing},
        )
    path = CATALOGUE / language / "words.toml"
    return parse_words(path.read_text(encoding="utf-8"), f"{language}/{path.name}")


def parse_words(text: str, origin: str) -> StandingWords:
    """Read the words of one language: one for every standing."""
    whole = Table.of(text, origin)
    words = StandingWords(
        labels=_terms(whole, "standings", Standing),
        explanations=_terms(whole, "explanations", Standing),
    )
    whole.done()
    return words


@cache
def education(language: str) -> tuple[ToldPage, ...]:
    """The education pages in the order they are read, in this language where it is up to date."""
    return tuple(_told(page, language) for page in load_education())


@cache
def stale_pages() -> tuple[tuple[str, str], ...]:
    """The translated pages whose English has changed, each with the print to bring it up to."""
    return tuple(
        (f"{language}/education/{page.slug}.toml", page_fingerprint(page))
        for language in Language
        for page in load_education()
        if (path := _path(language, page.slug)).exists()
        and _english(Table.of(path.read_text(encoding="utf-8"), path.name))
        != page_fingerprint(page)
    )


def page_fingerprint(page: EducationPage) -> str:
    """The print of what patients read of a page."""
    return _print_of(page_words(page))


def page_words(page: EducationPage) -> dict[str, Any]:
    """Everything that patients read of a page, without brackets."""
    page = page.for_patients
    return {
        "title": page.title,
        "introduction": page.introduction,
        "sections": [
            {
                "heading": section.heading,
                "text": section.text,
                "muscles": section.muscles,
                "notes": said(section.notes),
                "facts": [
                    {"id": fact.id, "text": fact.text, "evidence": _one(fact.evidence)}
                    for fact in section.facts
                ],
            }
            for section in page.sections
        ],
    }


def parse_page(
    text: str, origin: str, language: Language, original: EducationPage
) -> ToldPage | None:
    """Read one translated page; None when its English has changed since."""
    table = Table.of(text, origin)
    if _english(table) != page_fingerprint(original):
        return None
    original = original.for_patients
    title, introduction = table.text("title"), table.text("introduction")
    rows = table.tables("sections")
    _same(table, "sections", rows, original.sections)
    page = replace(
        original,
        title=title,
        introduction=introduction,
        sections=tuple(map(_section, rows, original.sections)),
    )
    table.done()
    return ToldPage(page, original, language)


def _told(page: EducationPage, language: str) -> ToldPage:
    page = page.for_patients
    original = ToldPage(page, page)
    if language not in list(Language) or not (path := _path(language, page.slug)).exists():
        return original
    origin = f"{language}/education/{path.name}"
    text = path.read_text(encoding="utf-8")
    return parse_page(text, origin, Language(language), page) or original


def _path(language: str, slug: str) -> Path:
    return CATALOGUE / language / "education" / f"{slug}.toml"


def _section(table: Table, original: EducationSection) -> EducationSection:
    rows = table.tables("facts", optional=True)
    _same(table, "facts", rows, original.facts)
    section = replace(
        original,
        heading=table.text("heading"),
        text=_as_stated(table, "text", original.text),
        muscles=_as_many(table, "muscles", original.muscles),
        notes=_as_many(table, "notes", original.notes),
        facts=tuple(map(_fact, rows, original.facts)),
    )
    table.done()
    return section


def _fact(table: Table, original: EducationFact) -> EducationFact:
    if (found := table.text("id")) != original.id:
        raise table.error("id", f"is {found}, and the English has {original.id} here")
    fact = replace(
        original,
        text=table.text("text"),
        evidence=_as_stated(table, "evidence", original.evidence),
    )
    table.done()
    return fact


def _as_stated(table: Table, name: str, original: str) -> str:
    """The translated text with the brackets of the original; empty where that is."""
    if not original:
        return ""
    return _without_brackets(table, name, table.text(name)) + original[len(_one(original)) :]


def _as_many(table: Table, name: str, originals: Sequence[str]) -> tuple[str, ...]:
    lines = _plain(table, name)
    _same(table, name, lines, originals)
    pairs = zip(lines, originals, strict=True)
    return tuple(line + original[len(_one(original)) :] for line, original in pairs)


def _same(table: Table, name: str, own: Sequence[object], original: Sequence[object]) -> None:
    if len(own) != len(original):
        raise table.error(name, f"has {len(own)}, and the English has {len(original)}")


def _plain(table: Table, name: str) -> tuple[str, ...]:
    texts = table.texts(name, optional=True)
    return tuple(_without_brackets(table, name, text) for text in texts)


def _without_brackets(table: Table, name: str, text: str) -> str:
    if "[" in text or "]" in text:
        raise table.error(name, f"the sources stay with the English: {text!r}")
    return text


def _one(raw: str) -> str:
    return Statement.parse(raw).text


def _english(table: Table) -> str:
    text = table.text("english")
    if len(text) != PRINT_LENGTH:
        raise table.error("english", f"is not a print of {PRINT_LENGTH} characters")
    return text


def _terms(whole: Table, name: str, kind: type[TermT]) -> dict[TermT, str]:
    table = whole.table(name)
    words = {term: table.text(term.value) for term in kind}
    table.done()
    return words


def _print_of(words: object) -> str:
    canonical = json.dumps(words, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:PRINT_LENGTH]
