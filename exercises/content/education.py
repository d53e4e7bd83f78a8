from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from exercises.content.records import (
    FACT_ID,
    EducationFact,
    EducationPage,
    EducationSection,
    Standing,
)
from exercises.content.sources import CATALOGUE, load_sources
from exercises.content.tables import CatalogueError, Table


@cache
def load_education() -> tuple[EducationPage, ...]:
    """The education pages in the order they are read."""
    pages = {
        path.name: parse_education_page(path.read_text(encoding="utf-8"), path.name)
        for path in sorted((CATALOGUE / "education").glob("*.toml"))
    }
    check_education(pages)
    return tuple(sorted(pages.values(), key=lambda page: page.order))


def sections_of(
    page: EducationPage, pages: Iterable[EducationPage]
) -> list[tuple[EducationSection, list[tuple[EducationPage, EducationFact]]]]:
    """The sections of a page, each with the facts it names that stand on other pages."""
    found = {fact.id: (there, fact) for there in pages for fact in there.facts}
    return [(section, [found[wanted] for wanted in section.see]) for section in page.sections]


def parse_education_page(text: str, origin: str) -> EducationPage:
    """Read one education page; its slug is the name of the file."""
    table = Table.of(text, origin)
    page = EducationPage(
        slug=Path(origin).stem,
        order=table.whole("order", 1, 99),
        title=table.text("title"),
        introduction=table.text("introduction"),
        sections=tuple(_section(row) for row in table.tables("sections")),
        therapist_notes=table.statements("therapist_notes", load_sources(), optional=True),
        **table.review(),
    )
    table.done()
    return page


def check_education(pages: Mapping[str, EducationPage]) -> None:
    """Check that every fact stands once and every `see` finds one; `pages` are by file name."""
    seen: set[str] = set()
    for origin, page in pages.items():
        for fact in page.facts:
            if fact.id in seen:
                raise CatalogueError(origin, "sections.facts", f"{fact.id} stands twice")
            seen.add(fact.id)
    for origin, page in pages.items():
        for wanted in (wanted for section in page.sections for wanted in section.see):
            if wanted not in seen:
                raise CatalogueError(origin, "sections.see", f"there is no fact {wanted}")


def _section(table: Table) -> EducationSection:
    section = EducationSection(
        heading=table.text("heading"),
        text=table.text("text", optional=True),
        plain=table.text("plain", optional=True),
        facts=tuple(_education_fact(row) for row in table.tables("facts", optional=True)),
        see=table.texts("see", optional=True),
        muscles=table.texts("muscles", optional=True),
        notes=table.statements("notes", load_sources(), optional=True),
    )
    table.done()
    return section


def _education_fact(table: Table) -> EducationFact:
    fact = EducationFact(
        id=table.text("id"),
        text=table.text("text"),
        standing=table.term("standing", Standing),
        evidence=table.statement("evidence", load_sources(), optional=True),
        plain=table.text("plain", optional=True),
    )
    table.done()
    if not FACT_ID.fullmatch(fact.id):
        raise table.error("id", f"{fact.id} is not a fact id such as G1")
    if not fact.evidence and fact.standing is not Standing.NOT_ASSESSED:
        raise table.error("evidence", f"is missing for {fact.standing.value}")
    return fact
