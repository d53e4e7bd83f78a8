"""Bring the database to this version while the version before still serves from it.

    python -m scripts.operations.upgrade [--contract]

A migration that has to wait for a lock lets go at once and is tried again, so that nobody queues
behind it. One that takes away what the old version still uses is refused until `--contract` says
that no old version runs any more. Needs MIGRATOR_DATABASE_URL.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator

import django
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations import Migration, operations
from django.db.migrations.executor import MigrationExecutor
from django.db.models import NOT_PROVIDED

LOCK_TIMEOUT = "200ms"
TRIES = 100
PAUSE = 0.5  # seconds
LOCK_NOT_AVAILABLE = "55P03"

TAKES_AWAY = (
    operations.RemoveField,
    operations.DeleteModel,
    operations.RenameField,
    operations.RenameModel,
    operations.AlterModelTable,
)


def waiting() -> list[Migration]:
    """The migrations that this version has and the database has not, in their order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [migration for migration, _is_backwards in plan]


def old_version_breaks(migration: Migration) -> Iterator[str]:
    """What in a migration the version before could not go on with."""
    made_here = {
        operation.name_lower
        for operation in migration.operations
        if isinstance(operation, operations.CreateModel)
    }
    for operation in migration.operations:
        if isinstance(operation, TAKES_AWAY):
            yield f"{migration}: {operation.describe()}"
        elif isinstance(operation, operations.AddField):
            field, is_new = operation.field, operation.model_name_lower in made_here
            is_filled = field.null or field.many_to_many or field.db_default is not NOT_PROVIDED
            if not is_new and not is_filled:
                yield f"{migration}: {operation.describe()}, which the old version does not fill"


def migrate() -> int:
    """Apply all that waits; returns how often a lock was not to be had at once."""
    for waited in range(TRIES):
        try:
            call_command("migrate", verbosity=1)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            connection.close()
            time.sleep(PAUSE)
        else:
            return waited
    raise SystemExit(f"A lock was not to be had in {TRIES} tries; nothing is half done. Try later.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.operations.upgrade")
    parser.add_argument("--contract", action="store_true", help="no old version runs any more")
    given = parser.parse_args()
    # Before the login's own limit, which is longer.
    os.environ["PGOPTIONS"] = f"-c lock_timeout={LOCK_TIMEOUT}"
    os.environ["BEARING_LOGIN"] = "migrator"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    breaks = [line for migration in waiting() for line in old_version_breaks(migration)]
    if breaks and not given.contract:
        sys.exit("\n".join(["The version before would fail with this:", *breaks]))
    print(f"Up to date; waited for a lock {migrate()} times.")


if __name__ == "__main__":
    main()
