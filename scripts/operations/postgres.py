"""PostgreSQL's own programs against one server, with no password on any command line."""

import os
import shutil
import subprocess
from datetime import UTC, datetime

from psycopg.conninfo import conninfo_to_dict

from config import embedded

# What libpq reads from the environment; a command line can be read by everybody on the machine.
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


class OperationError(Exception):
    """Why something could not be done, in one line or a few."""


def address(variable: str) -> str:
    """The address of the database that a variable of the environment holds."""
    found = os.environ.get(variable)
    if not found:
        raise OperationError(f"Set {variable} (docs/operations.md says which login it names).")
    return found


def run(program: str, *arguments: object, at: str) -> str:
    """What the program printed. Raises OperationError with what it complained of."""
    given = conninfo_to_dict(at)
    there = {VARIABLES[name]: str(value) for name, value in given.items() if name in VARIABLES}
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    ran = subprocess.run(  # noqa: S603 - words of our own, and no shell
        [find(program), *map(str, arguments)],
        env={**ours, **there, "PGCONNECT_TIMEOUT": "5"},
        capture_output=True,
        text=True,
        umask=0o077,
    )
    if ran.returncode:
        raise OperationError(f"{program} has failed: {ran.stderr.strip() or ran.returncode}")
    return ran.stdout


def find(program: str) -> str:
    """The program: of PG_BIN or the embedded PostgreSQL, otherwise of the machine."""
    try:
        return str(embedded.program_folder() / program)
    except embedded.EmbeddedError:
        if found := shutil.which(program):
            return found
    raise OperationError(f"{program} is not installed: set PG_BIN to PostgreSQL's programs.")


def stamp() -> str:
    """Now, as part of a folder's name that sorts by time: 20261122T235900Z."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
