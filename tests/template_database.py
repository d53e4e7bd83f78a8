"""One migrated database with the catalogue, made once for a state of the code, and copied.

Migrating takes many seconds, a copy less than one. The next state of the code makes its own and
drops the last one. Everything here runs as the migrator.
"""

import fcntl
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test.utils import setup_databases, teardown_databases

from config import embedded
from tests.make import shared_catalogue

PREFIX = "test_bearing_of_"
MADE_FROM = ("*.py", "*.toml")
APPS = ("clinics", "config", "exercises", "patients", "prescriptions")
# What only answers a browser leaves nothing in the template.
PAGES = ("forms", "urls", "views")
OWN = "WHERE clinic_id IS NOT NULL"
MANY = 5000  # rows; a new copy is cheaper than to delete so many


def copy_to(name: str) -> None:
    """Make the database `name`."""
    with _template() as template:
        _run(f"CREATE DATABASE {name} TEMPLATE {template}")


def make() -> None:
    """Make the template, if this state of the code has none."""
    with _template():
        pass


@contextmanager
def _template() -> Iterator[str]:
    """Its name; of those who need it at once, one makes it, and one copies it at a time."""
    template = PREFIX + _digest()
    with (embedded.VAR / "test_template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if template not in _templates():
            for old in _templates():
                drop(old)
            _make(template)
        yield template


def drop(name: str) -> None:
    _run(f"DROP DATABASE IF EXISTS {name}")


class Cleaner:
    """Takes out of a copy what a test has left in it.

    To delete the few rows of a test costs a tenth of emptying every table and loading the
    catalogue again.
    """

    def __init__(self) -> None:
        """For the database that is connected, which is a fresh copy."""
        with connection.cursor() as cursor:
            self.tables = _column(
                cursor, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            )
            self.filled = list(_counts(cursor, self.tables))
            self.of_clinics = _column(
                cursor,
                "SELECT table_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND column_name = 'clinic_id'",
            ) & set(self.filled)
            self.before = self._digest(cursor)

    def clean(self) -> bool:
        """Delete; whether the database then holds what the template does, and nothing else."""
        with transaction.atomic(), connection.cursor() as cursor:
            left = _counts(cursor, self.tables - set(self.filled))
            if MANY in left.values():
                return False
            _delete(cursor, {**dict.fromkeys(left, ""), **dict.fromkeys(self.of_clinics, OWN)})
            return self._digest(cursor) == self.before

    def _digest(self, cursor: CursorWrapper) -> list[tuple]:
        """What stands in the tables that the template fills."""
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}', md5(string_agg(it::text, '' ORDER BY it::text)) FROM {table} it"
                for table in self.filled
            )
        )
        return cursor.fetchall()


def _counts(cursor: CursorWrapper, tables: Iterable[str]) -> dict[str, int]:
    """How many rows each table has, up to MANY, of those that have any."""
    questions = (
        f"SELECT '{it}', count(*) FROM (SELECT FROM {it} LIMIT {MANY}) AS found"
        for it in sorted(tables)
    )
    cursor.execute(" UNION ALL ".join(questions))
    return {table: number for table, number in cursor.fetchall() if number}


def _delete(cursor: CursorWrapper, tables: Mapping[str, str]) -> None:
    """Delete rows of several tables at once, so that none is left without what it refers to."""
    # What is only ever added to keeps its rows by triggers.
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    deletions = [f"_{at} AS (DELETE FROM {it} {tables[it]})" for at, it in enumerate(tables)]
    cursor.execute(f"WITH {', '.join(deletions)} SELECT")
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _column(cursor: CursorWrapper, question: str) -> set[str]:
    cursor.execute(question)
    return {value for (value,) in cursor.fetchall()}


def _make(template: str) -> None:
    # Under another name until it is whole: a run that is cut short leaves none to copy.
    unfinished = f"test_bearing_unfinished_{template.removeprefix(PREFIX)}"
    drop(unfinished)
    connection.settings_dict["TEST"]["NAME"] = unfinished
    made = setup_databases(verbosity=0, interactive=False)
    shared_catalogue()
    connection.close()
    teardown_databases(made, verbosity=0, keepdb=True)
    _run(f"ALTER DATABASE {unfinished} RENAME TO {template}")


@cache
def _digest() -> str:
    """Of everything that migrations and the catalogue are made from, and a bit more."""
    base = Path(settings.BASE_DIR)
    found = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(
        path for app in APPS for pattern in MADE_FROM for path in (base / app).rglob(pattern)
    ):
        parts = path.relative_to(base).with_suffix("").parts
        if not any(part.endswith(PAGES) for part in parts):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _templates() -> list[str]:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        return [name for (name,) in cursor.fetchall()]


def _run(statement: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
