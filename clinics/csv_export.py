"""CSV that a spreadsheet shows and does not run."""

import csv
import io
from collections.abc import Iterable, Sequence
from unicodedata import normalize

# A cell that begins so is taken for a formula; full-width forms are folded to these by some.
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: object) -> str:
    """The text of a cell; with an apostrophe in front where it would be taken for a formula."""
    text = "" if value is None else str(value)
    begins = normalize("NFKC", text[:1])
    # Some spreadsheets pass over blanks before they look.
    first = normalize("NFKC", text.lstrip(" \u00a0\u200b\ufeff")[:1])
    return f"'{text}" if begins in BEGINS_A_FORMULA or first in BEGINS_A_FORMULA else text


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A whole file, every cell quoted; it begins with the mark that tells Excel it is UTF-8."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(map(cell, header))
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()
