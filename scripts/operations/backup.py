"""Backups, and whether they can be relied on.

    python -m scripts.operations.backup base FOLDER    everything; the WAL archive goes on from it
    python -m scripts.operations.backup dump FOLDER    rows and logins, for any other server
    python -m scripts.operations.backup check FOLDER --archive ARCHIVE   exits with 1 if one is late
    python -m scripts.operations.backup prune FOLDER --archive ARCHIVE --keep 3

`base` signs in as REPLICA_DATABASE_URL says, `dump` and `check` as DUMP_DATABASE_URL.
"""

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from scripts.operations import facts, postgres
from scripts.operations.postgres import OperationError

DUMP, ROLES, FACTS = "bearing.dump", "roles.sql", "facts.json"
# Touched by a restore that was compared and found whole.
RESTORED = "last_restore"
OLDEST = {
    "base": timedelta(days=8),
    "dump": timedelta(days=8),
    RESTORED: timedelta(days=35),
}
OLDEST_PIECE = timedelta(minutes=10)


def base(folder: Path, *, at: str) -> Path:
    """A copy of the whole server, checked against its own list of files."""
    made = folder / f"base-{postgres.stamp()}"
    unfinished = made.with_name(f".{made.name}")
    postgres.run(
        "pg_basebackup",
        f"--pgdata={unfinished}",
        "--checkpoint=fast",
        "--wal-method=stream",
        "--manifest-checksums=SHA256",
        at=at,
    )
    damaged = list(damages(unfinished))
    if damaged:
        raise OperationError("The backup is damaged: " + "; ".join(damaged[:5]))
    return unfinished.rename(made)


def damages(base: Path) -> Iterator[str]:
    """The files of a base backup that are missing or not as its manifest says."""
    manifest = json.loads((base / "backup_manifest").read_text())
    for listed in manifest["Files"]:
        file = base / listed["Path"]
        if not file.is_file():
            yield f"{listed['Path']} is missing"
        elif _sha256(file) != listed["Checksum"]:
            yield f"{listed['Path']} is another"


def dump(folder: Path, *, at: str) -> Path:
    """All rows of one moment, the logins without their passwords, and what a restore must equal."""
    made = folder / f"dump-{postgres.stamp()}"
    unfinished = made.with_name(f".{made.name}")
    unfinished.mkdir(mode=0o700, parents=True)
    with psycopg.connect(at) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        file = f"--file={unfinished / DUMP}"
        postgres.run("pg_dump", "--format=custom", f"--snapshot={snapshot}", file, at=at)
        facts.write(facts.take_here(connection), unfinished / FACTS)
    roles = postgres.run("pg_dumpall", "--roles-only", "--no-role-passwords", at=at)
    (unfinished / ROLES).write_text(roles)
    return unfinished.rename(made)


def late(folder: Path, archive: Path, *, at: str, now: datetime) -> Iterator[str]:
    """What an operator has to look at today."""
    for kind, longest in OLDEST.items():
        made = sorted(folder.glob(f"{kind}*"))
        if not made:
            yield f"There is no {kind} in {folder}."
        elif now - _changed(made[-1]) > longest:
            yield f"The newest {kind} is older than {longest.days} days."
    with psycopg.connect(at) as connection:
        failing = connection.execute(
            "SELECT last_failed_wal FROM pg_stat_archiver"
            " WHERE last_failed_time > coalesce(last_archived_time, '-infinity')"
        ).fetchone()
    if failing:
        yield f"The server cannot archive {failing[0]}."
    pieces = [_changed(piece) for piece in archive.iterdir() if not piece.name.startswith(".")]
    if not pieces or now - max(pieces) > OLDEST_PIECE:
        yield f"Nothing has come into {archive} for {OLDEST_PIECE.seconds // 60} minutes."


def prune(folder: Path, archive: Path, *, keep: int) -> list[Path]:
    """Remove all but the newest `keep` of each kind, and the pieces of WAL that none needs."""
    removed = [old for kind in ("base", "dump") for old in sorted(folder.glob(f"{kind}-*"))[:-keep]]
    for old in removed:
        shutil.rmtree(old)
    oldest = min(folder.glob("base-*"), default=None)
    if oldest is not None:
        manifest = json.loads((oldest / "backup_manifest").read_text())
        begins = manifest["WAL-Ranges"][0]["Start-LSN"]
        removed += _pieces_before(begins, archive)
    return removed


def _pieces_before(lsn: str, archive: Path) -> list[Path]:
    """Remove pieces that end before a place in the log, on whichever timeline they are."""
    high, low = (int(part, 16) for part in lsn.split("/"))
    first = f"{high:08X}{low >> 24:08X}"  # pieces of 16 MB, as PostgreSQL makes them
    old = [
        piece
        for piece in archive.iterdir()
        if len(piece.name) >= 24 and not piece.name.startswith(".") and piece.name[8:24] < first
    ]
    for piece in old:
        piece.unlink()
    return old


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.operations.backup")
    parser.add_argument("action", choices=["base", "dump", "check", "prune"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--archive", type=Path, help="where pieces of WAL are kept")
    parser.add_argument("--keep", type=int, default=3, help="how many of each kind, at least 1")
    given = parser.parse_args()
    if given.action in {"check", "prune"} and (given.archive is None or given.keep < 1):
        parser.error("--archive is needed, and --keep is at least 1")
    try:
        if given.action == "base":
            print(base(given.folder, at=postgres.address("REPLICA_DATABASE_URL")))
        elif given.action == "dump":
            print(dump(given.folder, at=postgres.address("DUMP_DATABASE_URL")))
        elif given.action == "prune":
            print("\n".join(map(str, prune(given.folder, given.archive, keep=given.keep))))
        else:
            login = postgres.address("DUMP_DATABASE_URL")
            found = list(late(given.folder, given.archive, at=login, now=datetime.now(UTC)))
            print("\n".join(found) or "Backups and archive are as they should be.")
            sys.exit(bool(found))
    except (OperationError, psycopg.Error, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
