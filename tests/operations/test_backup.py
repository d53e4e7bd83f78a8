import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scripts.operations import backup, postgres, restore

ARCHIVER = Path(postgres.__file__).with_name("archive_wal.sh")


@pytest.fixture
def base(tmp_path) -> Path:
    """What pg_basebackup leaves: files, and a list of them with their checksums."""
    return made(tmp_path / "base-20260520T150000Z", begins="0/5000028")


def made(folder: Path, *, begins: str) -> Path:
    folder.mkdir()
    (folder / "rows").write_text("rows")
    listed = {"Path": "rows", "Checksum": hashlib.sha256(b"rows").hexdigest()}
    manifest = {"Files": [listed], "WAL-Ranges": [{"Start-LSN": begins}]}
    (folder / "backup_manifest").write_text(json.dumps(manifest))
    return folder


def test_a_whole_backup_has_no_damage(base):
    assert list(backup.damages(base)) == []


def test_a_changed_file_and_a_missing_one_are_found(base):
    (base / "rows").write_text("rowz")
    assert list(backup.damages(base)) == ["rows is another"]
    (base / "rows").unlink()
    assert list(backup.damages(base)) == ["rows is missing"]


def test_what_is_damaged_is_not_restored(base, tmp_path):
    (base / "rows").write_text("rowz")
    with pytest.raises(postgres.OperationError, match="damaged"):
        restore.base(base, archive=tmp_path, into=tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_nothing_is_restored_over_what_is_there(base, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "precious").touch()
    with pytest.raises(postgres.OperationError, match="not empty"):
        restore.base(base, archive=tmp_path, into=data)
    assert [file.name for file in data.iterdir()] == ["precious"]


def test_a_restored_server_recovers_and_writes_into_no_archive(base, tmp_path):
    at = datetime(2026, 5, 20, 14, 2, 59, tzinfo=UTC)
    restore.base(base, archive=tmp_path / "it's here", into=tmp_path / "data", at=at)
    settings = (tmp_path / "data" / "postgresql.auto.conf").read_text()
    assert (tmp_path / "data" / "recovery.signal").exists()
    assert "recovery_target_time = '2026-05-20T14:02:59+00:00'" in settings
    assert "archive_mode = 'off'" in settings
    assert "synchronous_standby_names = ''" in settings
    assert settings.count("restore_command = 'cp ") == 1
    assert not settings.splitlines()[0].count("'") % 2, "every quote is closed"


def test_the_newest_are_kept_and_the_log_they_need(base, tmp_path):
    old = made(tmp_path / "base-20260513T150000Z", begins="0/2000028")
    archive = tmp_path / "archive"
    archive.mkdir()
    needed, old_piece = "000000010000000000000005", "000000010000000000000004"
    history, part = "00000002.history", ".000000010000000000000001.part"
    for name in (needed, old_piece, history, part):
        (archive / name).touch()
    assert set(backup.prune(tmp_path, archive, keep=1)) == {old, archive / old_piece}
    assert {piece.name for piece in archive.iterdir()} == {needed, history, part}
    assert base.exists()


def test_while_an_older_one_is_kept_its_log_is_too(base, tmp_path):
    made(tmp_path / "base-20260513T150000Z", begins="0/2000028")
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "000000010000000000000004").touch()
    assert backup.prune(tmp_path, archive, keep=2) == []


class Archiver:
    """A server that says whether it could archive."""

    def __init__(self, failing: tuple | None) -> None:
        self.failing = failing

    def __call__(self, _address):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def execute(self, _question):
        return self

    def fetchone(self):
        return self.failing


def late(tmp_path, monkeypatch, *, failing=None, after=timedelta()) -> list[str]:
    monkeypatch.setattr(backup.psycopg, "connect", Archiver(failing))
    now = datetime.now(UTC) + after
    return list(backup.late(tmp_path, tmp_path / "archive", at="", now=now))


def test_what_is_as_it_should_be_is_not_late(base, tmp_path, monkeypatch):
    (tmp_path / "dump-1").mkdir()
    (tmp_path / backup.RESTORED).touch()
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "piece").touch()
    assert late(tmp_path, monkeypatch) == []
    days = timedelta(days=9)
    assert any("base is older" in line for line in late(tmp_path, monkeypatch, after=days))
    days = timedelta(days=36)
    assert any("last_restore is older" in line for line in late(tmp_path, monkeypatch, after=days))
    minutes = timedelta(minutes=11)
    assert late(tmp_path, monkeypatch, after=minutes) == [
        f"Nothing has come into {tmp_path / 'archive'} for 10 minutes."
    ]
    failing = late(tmp_path, monkeypatch, failing=("0001",))
    assert failing == ["The server cannot archive 0001."]


def test_what_was_never_made_is_late(tmp_path, monkeypatch):
    (tmp_path / "archive").mkdir()
    said = late(tmp_path, monkeypatch)
    assert [line.split()[3] for line in said[:3]] == ["base", "dump", "last_restore"]
    assert len(said) == 4


def archived(piece: Path, archive: Path, name: str = "0001") -> int:
    command = ["sh", ARCHIVER, piece, name, archive]
    return subprocess.run(command).returncode  # noqa: S603


def test_a_piece_of_the_log_is_archived_once_and_never_replaced(tmp_path):
    piece, archive = tmp_path / "piece", tmp_path / "archive"
    archive.mkdir()
    piece.write_text("one")
    assert archived(piece, archive) == 0
    assert archived(piece, archive) == 0, "after a crash PostgreSQL asks again"
    piece.write_text("another")
    assert archived(piece, archive) != 0
    assert [(file.name, file.read_text()) for file in archive.iterdir()] == [("0001", "one")]


def test_without_an_archive_the_server_is_told(tmp_path):
    piece = tmp_path / "piece"
    piece.write_text("one")
    assert archived(piece, tmp_path / "not there") != 0
