import json

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config import database, embedded
from config.database import DatabaseSetupError
from config.embedded import Cluster

ADDRESSES = ["DATABASE_URL", "APP_DATABASE_URL", "MIGRATOR_DATABASE_URL"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server as an administrator would run it: only its superuser gets in without a password."""
    cluster = Cluster(tmp_path_factory.mktemp("server") / "pg", fast=True)
    cluster.start()
    (cluster.data / "pg_hba.conf").write_text(
        "local all postgres trust\nlocal all weak trust\nlocal all all scram-sha-256\n"
    )
    cluster.sql("SELECT pg_reload_conf()")
    yield cluster
    cluster.stop()


@pytest.fixture(autouse=True)
def _no_address(monkeypatch, tmp_path):
    for name in ADDRESSES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(database, "PASSWORDS_FILE", tmp_path / "var" / "logins.json")


@pytest.fixture
def prepared(server, monkeypatch):
    """The server, named by DATABASE_URL and prepared."""
    monkeypatch.setenv("DATABASE_URL", address(server))
    database.prepare()
    return server


def address(server: Cluster, **more: str) -> str:
    at = {"host": str(server.socket_dir), "port": str(embedded.PORT), "user": "postgres"}
    return make_conninfo(**at | more)


def connected(login: str) -> psycopg.Connection:
    return psycopg.connect(database.conninfo(login), autocommit=True)


def everything_that_prepare_makes(server: Cluster) -> list[str]:
    return [
        server.sql(query, "bearing")
        for query in (
            "SELECT rolname, rolcanlogin, rolinherit, rolsuper, rolbypassrls, rolcreatedb,"
            " rolcreaterole, rolreplication, rolpassword FROM pg_authid ORDER BY 1",
            "SELECT roleid::regrole, member::regrole, grantor::regrole, inherit_option,"
            " set_option, admin_option FROM pg_auth_members ORDER BY 1, 2",
            "SELECT setrole::regrole, setconfig FROM pg_db_role_setting ORDER BY 1",
            "SELECT datname, datdba::regrole, datacl FROM pg_database ORDER BY 1",
            "SELECT nspacl FROM pg_namespace WHERE nspname = 'public'",
            "SELECT defaclrole::regrole, defaclobjtype, defaclacl FROM pg_default_acl ORDER BY 2",
        )
    ]


def test_the_logins_may_do_exactly_this(prepared):
    rows = prepared.sql(
        "SELECT rolname, concat_ws(' ', CASE WHEN rolcanlogin THEN 'login' END,"
        " CASE WHEN rolinherit THEN 'inherit' END, CASE WHEN rolbypassrls THEN 'bypassrls' END,"
        " CASE WHEN rolcreatedb THEN 'createdb' END, CASE WHEN rolsuper THEN 'superuser' END,"
        " CASE WHEN rolcreaterole THEN 'createrole' END,"
        " CASE WHEN rolreplication THEN 'replication' END)"
        " FROM pg_roles WHERE rolname LIKE 'bearing%'"
    )
    assert dict(row.split("|") for row in rows.splitlines()) == {
        "bearing_owner": "inherit",
        "bearing_migrator": "login inherit bypassrls createdb",
        "bearing_app": "login",
        "bearing_portal": "login inherit",
        "bearing_dump": "login inherit bypassrls",
    }


def test_the_web_waits_for_nothing_longer_than_its_limits(prepared):
    with connected("app") as web:
        shown = [
            web.execute(f"SHOW {name}").fetchone()[0]
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert shown == ["15s", "3s", "30s"]


def test_preparing_twice_changes_nothing(prepared):
    before = everything_that_prepare_makes(prepared)
    passwords = database.PASSWORDS_FILE.read_text()
    database.prepare()
    assert everything_that_prepare_makes(prepared) == before
    assert database.PASSWORDS_FILE.read_text() == passwords


def test_preparing_again_takes_back_what_a_login_must_not_have(prepared):
    before = everything_that_prepare_makes(prepared)
    prepared.sql("ALTER ROLE bearing_app INHERIT BYPASSRLS SUPERUSER")
    prepared.sql("GRANT bearing_portal TO bearing_app WITH INHERIT TRUE")
    prepared.sql("GRANT CREATE ON SCHEMA public TO PUBLIC", "bearing")
    database.prepare()
    assert everything_that_prepare_makes(prepared) == before


def test_passwords_are_kept_for_the_owner_only(prepared):
    assert database.PASSWORDS_FILE.stat().st_mode & 0o777 == 0o600
    (passwords,) = json.loads(database.PASSWORDS_FILE.read_text()).values()
    assert set(passwords) == {"bearing_app", "bearing_migrator", "bearing_portal", "bearing_dump"}
    assert len(set(passwords.values())) == 4


@pytest.mark.parametrize("damage", ["gone", "broken", "refused"])
def test_passwords_that_do_not_work_are_set_anew(prepared, damage):
    if damage == "gone":
        database.PASSWORDS_FILE.unlink()
    elif damage == "broken":
        database.PASSWORDS_FILE.write_text("{")
    else:
        prepared.sql("ALTER ROLE bearing_app PASSWORD 'another'")
    with pytest.raises(psycopg.OperationalError):
        connected("app")
    database.prepare()
    with connected("app") as web:
        assert web.execute("SELECT current_user").fetchone() == ("bearing_app",)


def test_the_web_becomes_the_portal_only_by_saying_so(prepared):
    prepared.sql(
        "DROP TABLE IF EXISTS diary; CREATE TABLE diary ();"
        " GRANT SELECT ON diary TO bearing_portal",
        "bearing",
    )
    with connected("app") as web:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute("SELECT FROM diary")
        with web.transaction():
            web.execute("SET LOCAL ROLE bearing_portal")
            web.execute("SELECT FROM diary")
        assert web.execute("SELECT current_user").fetchone() == ("bearing_app",)


@pytest.mark.parametrize("role", ["bearing_migrator", "bearing_owner", "bearing_dump", "postgres"])
def test_the_web_cannot_become_anybody_stronger(prepared, role):
    with connected("app") as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(f"SET ROLE {role}")


@pytest.mark.parametrize("role", ["bearing_app", "bearing_portal"])
def test_neither_the_web_nor_the_portal_can_make_a_table(prepared, role):
    with connected("app") as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(f"SET ROLE {role}; CREATE TABLE mine ()")


def test_a_table_of_the_migrator_is_closed_to_the_web_until_its_migration_opens_it(prepared):
    with connected("migrator") as migrator, connected("app") as web:
        migrator.execute("DROP TABLE IF EXISTS patients; CREATE TABLE patients (id serial)")
        for verb in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            asked = "SELECT has_table_privilege('patients', %s)"
            assert web.execute(asked, [verb]).fetchone() == (False,)
        web.execute("SELECT nextval('patients_id_seq')")
    assert prepared.sql("SET ROLE bearing_dump; SELECT FROM patients", "bearing") == ""


def test_the_database_and_the_one_for_tests_belong_to_the_owner(prepared):
    database.prepare(testing=True)
    owners = prepared.sql(
        "SELECT datname, datdba::regrole, pg_encoding_to_char(encoding) FROM pg_database"
        " WHERE datname LIKE 'bearing%' ORDER BY 1"
    )
    assert owners.splitlines() == [
        "bearing|bearing_owner|UTF8",
        "bearing_template|bearing_owner|UTF8",
    ]


def test_the_migrator_makes_the_test_database_from_the_template(prepared):
    database.prepare(testing=True)
    template = database.connection_settings("migrator", testing=True)["TEST"]["TEMPLATE"]
    with connected("migrator") as migrator:
        migrator.execute(f'CREATE DATABASE test_bearing TEMPLATE "{template}"')
        try:
            rights = prepared.sql(
                "SELECT has_schema_privilege('bearing_app', 'public', 'USAGE'),"
                " has_schema_privilege('bearing_app', 'public', 'CREATE')",
                "test_bearing",
            )
            assert rights == "t|f"
        finally:
            migrator.execute("DROP DATABASE test_bearing")


def test_a_login_that_may_not_make_roles_is_told_the_way_out(server, monkeypatch):
    server.sql("DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN")
    monkeypatch.setenv("DATABASE_URL", address(server, user="weak"))
    with pytest.raises(DatabaseSetupError, match=r"may not .* config.database script"):
        database.prepare()


def test_the_administrators_script_makes_what_prepare_makes(prepared):
    """Run on the prepared server, it would change nothing but the passwords."""
    before = everything_that_prepare_makes(prepared)
    statements = [
        line
        for line in database.script().splitlines()
        if not line.startswith(("CREATE DATABASE", "\\"))
    ]
    undone = "REVOKE bearing_owner FROM bearing_migrator; REVOKE bearing_portal FROM bearing_app"
    prepared.sql(undone)
    prepared.sql("\n".join(s for s in statements if not s.startswith("CREATE ROLE")), "bearing")
    assert everything_that_prepare_makes(prepared) == before
    assert "CREATE ROLE bearing_app LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS" in database.script()


def test_an_older_server_is_refused(server, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", address(server))
    monkeypatch.setattr(database, "OLDEST_SERVER", 99)
    with pytest.raises(DatabaseSetupError, match=r"^PostgreSQL 99 or newer is needed, not \d+"):
        database.prepare()


def test_a_database_that_cannot_hold_every_script_is_refused(server, monkeypatch):
    server.sql("DROP DATABASE IF EXISTS plain")
    server.sql(
        "CREATE DATABASE plain TEMPLATE template0 ENCODING 'SQL_ASCII'"
        " LOCALE_PROVIDER libc LOCALE 'C'"
    )
    monkeypatch.setenv("DATABASE_URL", address(server, dbname="plain"))
    with pytest.raises(DatabaseSetupError, match="plain must be made with UTF8, not SQL_ASCII"):
        database.prepare()


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_unreadable_address_is_told_without_its_password(monkeypatch, name):
    for each in ADDRESSES:
        monkeypatch.setenv(each, "postgresql://me:SECRET@[bad/bearing")
    with pytest.raises(DatabaseSetupError, match="DATABASE_URL is not an address like") as told:
        database.prepare()
    assert "SECRET" not in str(told.value)


def test_a_server_that_is_away_is_told_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres@/bearing?host={tmp_path}")
    with pytest.raises(DatabaseSetupError, match=r"^The database is not ready: .+$") as told:
        database.prepare()
    assert "\n" not in str(told.value)


def test_given_logins_are_only_checked(prepared, monkeypatch):
    given = {f"{login.upper()}_DATABASE_URL": database.conninfo(login) for login in database.LOGINS}
    monkeypatch.delenv("DATABASE_URL")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    before = everything_that_prepare_makes(prepared)
    database.prepare()
    assert everything_that_prepare_makes(prepared) == before
    database.prepare(testing=True)


def test_one_given_login_without_the_other_is_told(monkeypatch):
    monkeypatch.setenv("APP_DATABASE_URL", "postgresql://bearing_app@db.example/bearing")
    with pytest.raises(DatabaseSetupError, match="MIGRATOR_DATABASE_URL has to be set too"):
        database.prepare()


class TestConnectionSettings:
    """Where Django connects to; nothing here connects."""

    def test_without_an_address_it_is_the_embedded_socket(self):
        settings = database.connection_settings("app")
        assert settings["HOST"] == str(embedded.local_cluster().socket_dir)
        assert settings["NAME"] == "bearing"
        assert settings["USER"] == "bearing_app"
        assert settings["PASSWORD"] == ""

    def test_tests_have_a_server_of_their_own(self):
        settings = database.connection_settings("migrator", testing=True)
        assert settings["HOST"] == str(embedded.local_cluster(testing=True).socket_dir)
        assert settings["USER"] == "bearing_migrator"
        assert settings["TEST"] == {"TEMPLATE": "bearing_template"}

    def test_with_database_url_it_is_our_login_and_not_the_administrators(self, monkeypatch):
        monkeypatch.setenv(
            "DATABASE_URL", "postgres://root:strong@db.example:6000/clinic?sslmode=require"
        )
        database._store_passwords({"host": "db.example", "port": "6000"}, {"bearing_app": "ours"})
        settings = database.connection_settings("app")
        assert {key: settings[key] for key in ("HOST", "PORT", "NAME", "USER", "PASSWORD")} == {
            "HOST": "db.example",
            "PORT": "6000",
            "NAME": "clinic",
            "USER": "bearing_app",
            "PASSWORD": "ours",
        }
        assert settings["OPTIONS"]["sslmode"] == "require"
        assert "strong" not in str(settings)

    def test_before_prepare_there_is_no_password_and_no_error(self, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgres://root:strong@db.example/clinic")
        assert database.connection_settings("app")["PASSWORD"] == ""

    def test_a_given_login_needs_no_other_address(self, monkeypatch):
        monkeypatch.setenv("APP_DATABASE_URL", "postgresql://bearing_app:own@db.example/clinic")
        settings = database.connection_settings("app")
        assert (settings["USER"], settings["PASSWORD"]) == ("bearing_app", "own")

    def test_the_web_has_a_pool_and_commands_and_tests_have_none(self):
        assert database.connection_settings("app")["CONN_MAX_AGE"] == 0
        pool = database.connection_settings("app")["OPTIONS"]["pool"]
        assert (pool["min_size"], pool["max_size"]) == (1, 8)
        for login, testing in (("migrator", False), ("app", True), ("migrator", True)):
            assert "pool" not in database.connection_settings(login, testing=testing)["OPTIONS"]

    def test_conninfo_says_the_same(self, monkeypatch):
        monkeypatch.setenv("APP_DATABASE_URL", "postgresql://bearing_app:own@db.example/clinic")
        assert conninfo_to_dict(database.conninfo("app")) == {
            "host": "db.example",
            "dbname": "clinic",
            "user": "bearing_app",
            "password": "own",
        }
