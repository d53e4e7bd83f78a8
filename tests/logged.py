"""What a test has made Bearing log, as the formatter writes it, and whether it tells of anybody."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection

from config.logs import AsJson

# Secrets of links and codes are long, and have digits and capitals among small letters.
TOKEN = re.compile(r"(?=[\w-]*\d)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{20,}")


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(AsJson())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logged(*, level: int = logging.INFO) -> Iterator[list[str]]:
    """The lines of everything that is logged meanwhile, from this level on."""
    root, kept = logging.getLogger(), Kept()
    before = root.level
    root.addHandler(kept)
    root.setLevel(level)
    try:
        yield kept.lines
    finally:
        root.removeHandler(kept)
        root.setLevel(before)


def told_of_somebody(lines: Iterable[str], *, words: Iterable[str] = ()) -> list[str]:
    """Lines with a patient's name or e-mail address, one of the words, or a token."""
    from tests.conftest import as_login

    with as_login("migrator"), connection.cursor() as cursor:
        cursor.execute("SELECT name FROM patients_patient")
        names = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT email FROM patients_patient WHERE email <> ''")
        names |= {email for (email,) in cursor.fetchall()}
    names |= set(words)
    return [
        line for line in lines if TOKEN.search(line) or any(name in line for name in names if name)
    ]
