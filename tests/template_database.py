"""One migrated database with the catalogue, made once for a state of the code, and copied.

Migrating takes many seconds, a copy less than one. The next state of the code makes its own and
drops the last one. Everything here runs as the migrator.
"""

import fcntl
import hashlib
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from config import embedded
from tests import make

PREFIX = "test_bearing_of_"
MADE_FROM = ("*.py", "*.toml")
APPS = ("clinics", "config", "exercises", "patients", "prescriptions")
# What only answers a browser leaves nothing in the template.
PAGES = ("forms", "urls", "views")


def copy_to(name: str) -> None:
    """Make the database `name`; of those who need the template at once, one makes it."""
    template = PREFIX + _digest()
    with (embedded.VAR / "test_template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if template not in _templates():
            for old in _templates():
                drop(old)
            _make(template)
        _run(f"CREATE DATABASE {name} TEMPLATE {template}")


def drop(name: str) -> None:
    _run(f"DROP DATABASE IF EXISTS {name}")


def _make(template: str) -> None:
    # Under another name until it is whole: a run that is cut short leaves none to copy.
    unfinished = f"test_bearing_unfinished_{template.removeprefix(PREFIX)}"
    drop(unfinished)
    connection.settings_dict["TEST"]["NAME"] = unfinished
    made = setup_databases(verbosity=0, interactive=False)
    make.shared_catalogue()
    _let_tests_empty_the_audit_trail()
    connection.close()
    teardown_databases(made, verbosity=0, keepdb=True)
    _run(f"ALTER DATABASE {unfinished} RENAME TO {template}")


def _let_tests_empty_the_audit_trail() -> None:
    with connection.cursor() as cursor:
        for table in ("auditevent", "auditlink"):
            cursor.execute(
                f"ALTER TABLE clinics_{table} DISABLE TRIGGER clinics_{table}_no_truncate"
            )


def _digest() -> str:
    """Of everything that migrations and the catalogue are made from, and a bit more."""
    base = Path(settings.BASE_DIR)
    found = hashlib.sha256()
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
