from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from exercises.content.records import FACT_ID, KEY, Mark, Source, Strength
from exercises.content.tables import Table

CATALOGUE = Path(__file__).parent.parent / "catalogue"


@cache
def load_sources() -> Mapping[str, Source]:
    """The sources of the catalogue by key."""
    path = CATALOGUE / "sources.toml"
    return parse_sources(path.read_text(encoding="utf-8"), path.name)


def parse_sources(text: str, origin: str) -> Mapping[str, Source]:
    """Read the file of sources: one table for each key."""
    whole = Table.of(text, origin)
    sources = {}
    for key in whole.names():
        if not KEY.fullmatch(key) or FACT_ID.fullmatch(key) or key in list(Mark):
            raise whole.error(key, "cannot be a source key")
        row = whole.table(key)
        sources[key] = Source(
            key=key,
            strength=row.term("strength", Strength),
            address=row.text("address"),
            note=row.text("note", optional=True),
        )
        row.done()
    return MappingProxyType(sources)
