import pytest
from django.db import OperationalError, connection, migrations, models
from psycopg import errors

from scripts.operations import upgrade
from tests.conftest import as_login


def migration(*operations) -> migrations.Migration:
    made = migrations.Migration("0099_new", "patients")
    made.operations = list(operations)
    return made


def breaks(*operations) -> list[str]:
    return list(upgrade.old_version_breaks(migration(*operations)))


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(migrations.RemoveField("note", "text"), id="remove a field"),
        pytest.param(migrations.DeleteModel("Note"), id="delete a table"),
        pytest.param(migrations.RenameField("note", "text", "words"), id="rename a field"),
        pytest.param(
            migrations.AddField("note", "kind", models.CharField(default="")),
            id="a field that only the new version fills",
        ),
    ],
)
def test_what_the_old_version_could_not_go_on_with_waits_for_its_end(operation):
    (said,) = breaks(operation)
    assert said.startswith("patients.0099_new: ")


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(migrations.AddField("note", "kind", models.CharField(null=True)), id="null"),
        pytest.param(
            migrations.AddField("note", "kind", models.CharField(db_default="")), id="db_default"
        ),
        pytest.param(migrations.CreateModel("Other", [("id", models.BigAutoField())]), id="new"),
        pytest.param(migrations.RunSQL("SELECT 1"), id="SQL is not understood and let through"),
    ],
)
def test_what_the_old_version_does_not_notice_goes_ahead(operation):
    assert breaks(operation) == []


def test_a_new_table_may_have_all_its_fields():
    table = migrations.CreateModel("Other", [("id", models.BigAutoField())])
    assert breaks(table, migrations.AddField("other", "kind", models.CharField())) == []


@pytest.mark.django_db
def test_nothing_waits_when_all_is_applied():
    assert upgrade.waiting() == []


def locked(times: int, cause: Exception):
    """A `migrate` that fails so often before it goes through."""
    left = [times]

    def migrate(*_, **__):
        if left[0]:
            left[0] -= 1
            raise OperationalError from cause

    return migrate


@pytest.fixture
def _no_pause(monkeypatch):
    monkeypatch.setattr(upgrade, "PAUSE", 0)


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_pause")
def test_a_lock_that_is_not_to_be_had_is_tried_for_again(monkeypatch):
    monkeypatch.setattr(connection, "close", lambda: None)
    monkeypatch.setattr(upgrade, "call_command", locked(3, errors.LockNotAvailable()))
    assert upgrade.migrate() == 3
    monkeypatch.setattr(upgrade, "call_command", locked(upgrade.TRIES, errors.LockNotAvailable()))
    with pytest.raises(SystemExit, match="nothing is half done"):
        upgrade.migrate()


@pytest.mark.django_db
def test_another_failure_is_not_hidden(monkeypatch):
    monkeypatch.setattr(upgrade, "call_command", locked(1, errors.DiskFull()))
    with pytest.raises(OperationalError):
        upgrade.migrate()


@pytest.mark.django_db(transaction=True)
def test_the_short_wait_for_a_lock_counts_before_the_logins_own(transactional_db, monkeypatch):
    """Which is seconds; everybody who reads would queue behind a migration for so long."""
    monkeypatch.setenv("PGOPTIONS", f"-c lock_timeout={upgrade.LOCK_TIMEOUT}")
    with as_login("migrator"), connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("200ms",)
