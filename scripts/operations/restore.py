"""Getting back what a backup holds.

    python -m scripts.operations.restore base BACKUP --archive ARCHIVE --into DATA [--at TIME]
    python -m scripts.operations.restore finish
    python -m scripts.operations.restore dump BACKUP

`base` makes the data folder of a server that goes on from the WAL archive to its end, or to just
before TIME (such as "2026-11-22 14:02:59+00:00"); start PostgreSQL on it, look at it, and `finish`
makes it an ordinary server again. `dump` fills the empty database and compares what came of it.
Both go to DATABASE_URL, which names an administrator.
"""

import argparse
import shlex
import shutil
import sys
from datetime import datetime
from pathlib import Path

import psycopg

from scripts.operations import backup, facts, postgres
from scripts.operations.postgres import OperationError

OF_A_RESTORE = (
    "restore_command",
    "recovery_target_time",
    "recovery_target_inclusive",
    "recovery_target_action",
    "synchronous_standby_names",
)


def base(made: Path, *, archive: Path, into: Path, at: datetime | None = None) -> None:
    """Lay out the data of a server that recovers when it is started, and then takes writes."""
    if into.exists() and any(into.iterdir()):
        raise OperationError(f"{into} is not empty: what is in it stays. Choose another folder.")
    damaged = list(backup.damages(made))
    if damaged:
        raise OperationError(f"{made} is damaged: " + "; ".join(damaged[:5]))
    shutil.copytree(made, into, symlinks=True, dirs_exist_ok=True)
    into.chmod(0o700)
    settings = {
        "restore_command": f"cp {shlex.quote(str(archive.resolve()))}/%f %p",
        # Until somebody has looked at it, it writes into no archive and waits for no standby.
        "archive_mode": "off",
        "synchronous_standby_names": "",
    }
    if at is not None:
        settings |= {
            "recovery_target_time": at.isoformat(),
            "recovery_target_inclusive": "off",
            "recovery_target_action": "promote",
        }
    with (into / "postgresql.auto.conf").open("a") as file:
        for name, value in settings.items():
            quoted = value.replace("'", "''")
            file.write(f"{name} = '{quoted}'\n")
    (into / "recovery.signal").touch()


def finish(*, administrator: str) -> None:
    """Forget how it was restored. It archives again once it is started anew: make a base backup."""
    with psycopg.connect(administrator, autocommit=True) as connection:
        (recovering,) = connection.execute("SELECT pg_is_in_recovery()").fetchone() or (True,)
        if recovering:
            raise OperationError("The server still recovers: wait until it takes writes.")
        for setting in OF_A_RESTORE:
            connection.execute(f"ALTER SYSTEM RESET {setting}".encode())
        connection.execute("ALTER SYSTEM SET archive_mode = on")
        connection.execute("SELECT pg_reload_conf()")


def dump(made: Path, *, administrator: str) -> None:
    """Fill an empty database whose logins are there (`python -m config.database script`)."""
    with psycopg.connect(administrator) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchone()
    if found != (0,):
        raise OperationError("The database is not empty: what is in it stays. Make another one.")
    postgres.run(
        "pg_restore",
        "--exit-on-error",
        "--single-transaction",
        "--dbname",
        psycopg.conninfo.conninfo_to_dict(administrator)["dbname"],
        made / backup.DUMP,
        at=administrator,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.operations.restore")
    kinds = parser.add_subparsers(dest="kind", required=True)
    whole = kinds.add_parser("base")
    whole.add_argument("backup", type=Path)
    whole.add_argument("--archive", type=Path, required=True)
    whole.add_argument("--into", type=Path, required=True, help="an empty folder, or a new one")
    whole.add_argument("--at", type=datetime.fromisoformat, help="stop before this moment")
    kinds.add_parser("finish")
    rows = kinds.add_parser("dump")
    rows.add_argument("backup", type=Path)
    given = parser.parse_args()
    if given.kind == "base" and given.at and given.at.tzinfo is None:
        parser.error("--at needs its zone, such as 2026-11-22 14:02:59+00:00")
    try:
        if given.kind == "base":
            base(given.backup, archive=given.archive, into=given.into, at=given.at)
            print(f"Start PostgreSQL on {given.into}. Then compare with {backup.FACTS} of a dump.")
            return
        administrator = postgres.address("DATABASE_URL")
        if given.kind == "finish":
            finish(administrator=administrator)
            print("Now start PostgreSQL anew, and make a base backup.")
            return
        dump(given.backup, administrator=administrator)
        wrong = facts.compare(
            facts.read(given.backup / backup.FACTS),
            whole=administrator,
            app=postgres.address("APP_DATABASE_URL"),
        )
        if not wrong:
            (given.backup.parent / backup.RESTORED).touch()
    except (OperationError, psycopg.Error, OSError) as error:
        sys.exit(str(error))
    print("\n".join(wrong) or "Restored, and all is as it was.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
