"""Pages of a list that only grows: by key, never counted, so the first costs the same always."""

from typing import Any, NamedTuple

from django.db.models import Model, QuerySet

ROWS_PER_PAGE = 50
LONGEST_KEY = 18  # digits; every key of this length fits a bigint


class NewestPage(NamedTuple):
    rows: list[Any]
    older_than: int | None  # the key to ask for next; None on the last page


def newest_page(
    rows: QuerySet[Model], *, before: str | None, size: int = ROWS_PER_PAGE
) -> NewestPage:
    """The newest `size` rows, or those older than the key `before`; what is no key is ignored."""
    if before and before.isdecimal() and len(before) <= LONGEST_KEY:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.order_by("-pk")[: size + 1])
    return NewestPage(found[:size], found[size - 1].pk if len(found) > size else None)
