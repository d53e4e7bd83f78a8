"""A second server that holds every acknowledged write, and takes over when the first is lost.

python -m scripts.operations.standby make DATA     lay out its data; REPLICA_DATABASE_URL names
                                                   the first server. Then start PostgreSQL on it
python -m scripts.operations.standby wait-for      from now on no write is acknowledged before
                                                   the standby has it; DATABASE_URL: the first
python -m scripts.operations.standby do-without    acknowledge without it, when it is lost
python -m scripts.operations.standby promote       DATABASE_URL: the standby, which takes over.
                                                   Make sure first that the old one stays off
"""

import argparse
import sys
import time
from pathlib import Path

import psycopg

from scripts.operations import postgres
from scripts.operations.postgres import OperationError

SLOT = "bearing_standby"
WAITS = 60  # seconds


def make(data: Path, *, primary: str) -> None:
    """Copy the first server; its log is kept for us from here on, however long we are away."""
    postgres.run(
        "pg_basebackup",
        f"--pgdata={data}",
        "--write-recovery-conf",
        "--create-slot",
        f"--slot={SLOT}",
        "--wal-method=stream",
        "--checkpoint=fast",
        at=primary,
    )
    # A first server that was itself restored to a moment would take the copy there, and no further.
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = ''\nrecovery_target_time = ''\n")


def wait_for(*, primary: str) -> None:
    """Acknowledge nothing that the standby has not written down; returns once that is so."""
    with psycopg.connect(primary, autocommit=True) as connection:
        _set(connection, "'*'")
        until = time.monotonic() + WAITS
        while time.monotonic() < until:
            states = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchall()
            if ("sync",) in states:
                return
            time.sleep(0.1)
        _set(connection, "''")
    raise OperationError("No standby is connected: nothing was changed.")


def do_without(*, primary: str) -> None:
    """Go on alone: from here to the next `wait-for` a loss of the first server can lose writes."""
    with psycopg.connect(primary, autocommit=True) as connection:
        _set(connection, "''")


def promote(*, standby: str) -> None:
    """Let the standby take writes."""
    with psycopg.connect(standby, autocommit=True) as connection:
        # It has copied the setting, and would wait for a standby of its own for ever.
        _set(connection, "''")
        done = connection.execute("SELECT pg_promote(true, %s)", [WAITS]).fetchone()
        if done != (True,):
            raise OperationError(f"The standby did not take over within {WAITS} seconds.")


def _set(connection: "psycopg.Connection[psycopg.rows.TupleRow]", names: str) -> None:
    connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = {names}".encode())
    connection.execute("SELECT pg_reload_conf()")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.operations.standby")
    parser.add_argument("action", choices=["make", "wait-for", "do-without", "promote"])
    parser.add_argument("data", type=Path, nargs="?", help="with make: its new data folder")
    given = parser.parse_args()
    if (given.action == "make") != (given.data is not None):
        parser.error("make needs the data folder, the others none")
    try:
        if given.action == "make":
            make(given.data, primary=postgres.address("REPLICA_DATABASE_URL"))
        elif given.action == "wait-for":
            wait_for(primary=postgres.address("DATABASE_URL"))
        elif given.action == "do-without":
            do_without(primary=postgres.address("DATABASE_URL"))
        else:
            promote(standby=postgres.address("DATABASE_URL"))
    except (OperationError, psycopg.Error) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
