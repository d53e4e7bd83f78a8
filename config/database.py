"""The logins of the database, and how each part of Bearing reaches it.

    python -m config.database prepare [--testing]   make everything that migrations stand on
    python -m config.database script                print the same for an administrator to run

Where the database is:

    APP_DATABASE_URL and MIGRATOR_DATABASE_URL   logins that an administrator has made (production)
    DATABASE_URL                                 a login that may make ours, normally a superuser
    nothing                                      the embedded PostgreSQL
"""

import argparse
import json
import os
import secrets
import sys
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from config import embedded

DATABASE = "bearing"
OLDEST_SERVER = 15
PASSWORDS_FILE = embedded.VAR / "logins.json"
# How PostgreSQL lists what a role may do, and how one says it in CREATE ROLE.
ATTRIBUTES = {
    "rolcanlogin": "LOGIN",
    "rolinherit": "INHERIT",
    "rolsuper": "SUPERUSER",
    "rolbypassrls": "BYPASSRLS",
    "rolcreatedb": "CREATEDB",
    "rolcreaterole": "CREATEROLE",
    "rolreplication": "REPLICATION",
}
ROLES = {
    "bearing_owner": {"INHERIT"},  # owns every table; nobody signs in as it
    "bearing_migrator": {"LOGIN", "INHERIT", "BYPASSRLS", "CREATEDB"},  # migrations, the catalogue
    "bearing_app": {"LOGIN"},  # the web
    "bearing_portal": {"LOGIN", "INHERIT"},  # what the web becomes for a patient's request
    "bearing_dump": {"LOGIN", "INHERIT", "BYPASSRLS"},  # backups
}
LOGINS = {"app": "bearing_app", "migrator": "bearing_migrator"}  # those that Django uses
WITH_PASSWORD = [role for role, attributes in ROLES.items() if "LOGIN" in attributes]
LIMITS = """
ALTER ROLE bearing_migrator SET lock_timeout = '3s';
ALTER ROLE bearing_app SET statement_timeout = '15s';
ALTER ROLE bearing_app SET lock_timeout = '3s';
ALTER ROLE bearing_app SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE bearing_dump SET default_transaction_read_only = on;
"""
# The web has none of the portal's rights until it says SET ROLE.
MEMBERSHIPS = """
GRANT bearing_owner TO bearing_migrator;
GRANT bearing_portal TO bearing_app WITH INHERIT FALSE, SET TRUE;
"""
# Before PostgreSQL 16 it is only the NOINHERIT of bearing_app that says so.
MEMBERSHIPS_BEFORE_16 = """
GRANT bearing_owner TO bearing_migrator;
GRANT bearing_portal TO bearing_app;
"""
# The rights on a table are given by the migration that makes it.
SCHEMA_RIGHTS = """
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO bearing_owner, bearing_migrator;
GRANT USAGE ON SCHEMA public TO bearing_app, bearing_portal, bearing_dump;
ALTER DEFAULT PRIVILEGES FOR ROLE bearing_migrator IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO bearing_app, bearing_portal;
ALTER DEFAULT PRIVILEGES FOR ROLE bearing_migrator IN SCHEMA public
    GRANT SELECT ON SEQUENCES TO bearing_dump;
ALTER DEFAULT PRIVILEGES FOR ROLE bearing_migrator IN SCHEMA public
    GRANT SELECT ON TABLES TO bearing_dump;
"""

Parameters = dict[str, Any]  # in libpq's words: host, port, dbname, user, password and others
Connection = psycopg.Connection[TupleRow]


class DatabaseSetupError(Exception):
    """Why the database cannot be used as it is, in one line."""


def connection_settings(login: str, *, testing: bool = False) -> dict[str, object]:
    """An entry of Django's DATABASES for the login "app" or "migrator"; connects to nothing."""
    parameters = _parameters(login, testing=testing)
    name = parameters.pop("dbname")
    settings: dict[str, object] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": parameters.pop("user", ""),
        "PASSWORD": parameters.pop("password", ""),
        "HOST": parameters.pop("host", ""),
        "PORT": parameters.pop("port", ""),
        "CONN_MAX_AGE": 600,  # seconds
        "CONN_HEALTH_CHECKS": True,
    }
    options: dict[str, object] = {"connect_timeout": 5, **parameters}  # seconds
    if testing:
        settings["TEST"] = {"TEMPLATE": _template_for_tests(name)}
    elif login == "app":
        # The pool keeps the connections, so Django itself must not.
        settings["CONN_MAX_AGE"] = 0
        options["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
    return settings | {"OPTIONS": options}


def conninfo(login: str) -> str:
    """The address of the database for one login, with its password."""
    return make_conninfo(**_parameters(login, testing=False))


def is_embedded() -> bool:
    """Whether no address is given, so that we run the server ourselves."""
    return not any(_given(variable) for variable in ("DATABASE_URL", *map(_variable, LOGINS)))


def prepare(*, testing: bool = False) -> None:
    """Make the server run, and make the logins, the database and its schema's rights.

    Changes nothing where all is there. Raises DatabaseSetupError or EmbeddedError.
    """
    try:
        if _logins_are_given():
            _prepare_with_given_logins(testing=testing)
        else:
            _prepare_as_administrator(testing=testing)
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseSetupError(
            f"The login of DATABASE_URL may not do what Bearing needs ({_in_one_line(error)}). Let"
            " an administrator run what `python -m config.database script` prints, and set"
            " MIGRATOR_DATABASE_URL and APP_DATABASE_URL instead"
        ) from error
    except psycopg.Error as error:
        raise DatabaseSetupError(f"The database is not ready: {_in_one_line(error)}") from error


def script() -> str:
    """What `prepare` does, as statements that an administrator can give to psql."""
    name = sql.Identifier(_administrator(testing=False)["dbname"]).as_string()
    return "\n".join(
        [
            *(f"{_create_role(role)};" for role in ROLES),
            MEMBERSHIPS_BEFORE_16.strip(),
            LIMITS.strip(),
            f"CREATE DATABASE {name} OWNER bearing_owner TEMPLATE template0 ENCODING 'UTF8';",
            f"\\connect {name}",
            SCHEMA_RIGHTS.strip(),
            *(f"\\password {role}" for role in WITH_PASSWORD),
        ]
    )


def _given(variable: str) -> Parameters | None:
    """An address from the environment, taken to pieces."""
    address = os.environ.get(variable)
    if not address:
        return None
    try:
        return {"dbname": DATABASE, **conninfo_to_dict(address)}
    except psycopg.Error:
        # The driver's own message would repeat the password.
        form = "postgresql://login:password@host:5432/bearing"
        raise DatabaseSetupError(f"{variable} is not an address like {form}") from None


def _logins_are_given() -> bool:
    """Whether an administrator has made the logins, so that we need not and cannot."""
    given = [_given(_variable(login)) for login in LOGINS]
    return any(given) and not _given("DATABASE_URL")


def _variable(login: str) -> str:
    return f"{login.upper()}_DATABASE_URL"


def _parameters(login: str, *, testing: bool) -> Parameters:
    role = LOGINS[login]
    if given := _given(_variable(login)):
        return given
    if _logins_are_given():
        raise DatabaseSetupError(f"{_variable(login)} has to be set too, or DATABASE_URL instead")
    parameters = _administrator(testing=testing) | {"user": role}
    if _given("DATABASE_URL"):
        parameters["password"] = _stored_passwords(parameters).get(role, "")
    return parameters


def _administrator(*, testing: bool) -> Parameters:
    if given := _given("DATABASE_URL"):
        return given
    return {
        "host": str(embedded.local_cluster(testing=testing).socket_dir),
        "port": str(embedded.PORT),
        "dbname": DATABASE,
        "user": embedded.SUPERUSER,
    }


def _template_for_tests(name: str) -> str:
    """An empty database with the schema's rights, from which Django makes the one for tests."""
    return f"{name}_template"


def _connected(parameters: Parameters, **changes: str) -> Connection:
    # Said outright, because a server whose own databases are SQL_ASCII would say another.
    ours: Parameters = {"client_encoding": "UTF8", "connect_timeout": 5}  # seconds
    return psycopg.connect(**{**ours, **parameters, **changes}, autocommit=True)


def _prepare_with_given_logins(*, testing: bool) -> None:
    """Only see that they work: the rest was the administrator's task."""
    for parameters in [_parameters(login, testing=testing) for login in LOGINS]:
        with _connected(parameters) as connection:
            _require_new_enough(connection)
    if testing:
        migrator = _parameters("migrator", testing=True)
        _make_database(migrator, _template_for_tests(migrator["dbname"]))


def _prepare_as_administrator(*, testing: bool) -> None:
    if is_embedded():
        embedded.local_cluster(testing=testing).start()
    administrator = _administrator(testing=testing)
    name = administrator["dbname"]
    if testing:
        name = _template_for_tests(name)
    with _connected(administrator, dbname="postgres") as connection:
        # Roles belong to the whole server, so two that prepare must take turns.
        connection.execute("SELECT pg_advisory_lock(hashtext('bearing_prepare'))")
        _require_new_enough(connection)
        _make_roles(connection)
        _make_database(administrator, name)
        if not is_embedded():
            _make_passwords(connection, administrator | {"dbname": name})


def _require_new_enough(connection: Connection) -> None:
    if connection.info.server_version < OLDEST_SERVER * 10_000:
        version = connection.info.parameter_status("server_version")
        raise DatabaseSetupError(f"PostgreSQL {OLDEST_SERVER} or newer is needed, not {version}")


def _make_roles(connection: Connection) -> None:
    is_16 = connection.info.server_version >= 16_00_00
    with connection.transaction():
        if is_16:  # lets a login that is no superuser work with the roles it makes
            connection.execute("SET LOCAL createrole_self_grant = 'set, inherit'")
        there = _attributes_of_roles(connection)
        for role, wanted in ROLES.items():
            if role not in there:
                _execute(connection, _create_role(role))
            elif differing := wanted ^ there[role]:
                _execute(connection, f"ALTER ROLE {role} {_clause(differing, wanted)}")
        _execute(connection, MEMBERSHIPS if is_16 else MEMBERSHIPS_BEFORE_16)
        _execute(connection, LIMITS)


def _attributes_of_roles(connection: Connection) -> dict[str, set[str]]:
    columns = sql.SQL(", ").join(map(sql.Identifier, ATTRIBUTES))
    query = sql.SQL("SELECT rolname, {} FROM pg_roles WHERE rolname = ANY(%s)").format(columns)
    rows = connection.execute(query, [list(ROLES)])
    return {
        name: {word for word, is_set in zip(ATTRIBUTES.values(), flags, strict=True) if is_set}
        for name, *flags in rows
    }


def _create_role(role: str) -> str:
    return f"CREATE ROLE {role} {_clause(ATTRIBUTES.values(), ROLES[role])}"


def _clause(attributes: Iterable[str], wanted: set[str]) -> str:
    """For example "LOGIN NOINHERIT"."""
    return " ".join(word if word in wanted else f"NO{word}" for word in attributes)


def _make_database(maker: Parameters, name: str) -> None:
    """Make the database if it is missing, and give the schema's rights in it."""
    with _connected(maker, dbname="postgres") as connection:
        is_there = "SELECT FROM pg_database WHERE datname = %s"
        if not connection.execute(is_there, [name]).rowcount:
            # Sorted by code point and folded for every script, where the server can.
            locale = (
                "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
                if connection.info.server_version >= 17_00_00
                else "LOCALE 'C.UTF-8'"
            )
            statement = "CREATE DATABASE {} OWNER bearing_owner TEMPLATE template0 ENCODING 'UTF8' "
            connection.execute(sql.SQL(statement + locale).format(sql.Identifier(name)))
    with _connected(maker, dbname=name) as connection:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise DatabaseSetupError(f"The database {name} must be made with UTF8, not {encoding}")
        _execute(connection, SCHEMA_RIGHTS)


def _make_passwords(connection: Connection, database: Parameters) -> None:
    """Keep the passwords that work; set all anew when one is missing or refused."""
    passwords = _stored_passwords(database)
    if all(
        role in passwords and not _refusal(database, role, passwords[role])
        for role in WITH_PASSWORD
    ):
        return
    passwords = {role: secrets.token_urlsafe(32) for role in WITH_PASSWORD}
    for role, password in passwords.items():
        # Encrypted here, so that no log of the server's can show it.
        encrypted = connection.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        )
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(role), encrypted.decode()))
    _store_passwords(database, passwords)
    for role, password in passwords.items():
        if refusal := _refusal(database, role, password):
            raise DatabaseSetupError(f"The server does not let {role} in by password: {refusal}")


def _refusal(database: Parameters, role: str, password: str) -> str:
    try:
        _connected(database, user=role, password=password).close()
    except psycopg.OperationalError as error:
        return _in_one_line(error)
    return ""


def _stored_passwords(server: Parameters) -> dict[str, str]:
    return _read_passwords_file().get(_key(server), {})


def _store_passwords(server: Parameters, passwords: dict[str, str]) -> None:
    content = json.dumps(_read_passwords_file() | {_key(server): passwords}, indent=2)
    unfinished = PASSWORDS_FILE.with_suffix(".unfinished")
    try:
        PASSWORDS_FILE.parent.mkdir(exist_ok=True)
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text(content)
        unfinished.replace(PASSWORDS_FILE)
    except OSError as error:
        reason = f"{error.strerror}: {PASSWORDS_FILE}"
        raise DatabaseSetupError(f"The passwords of the logins cannot be kept: {reason}") from error


def _read_passwords_file() -> dict[str, dict[str, str]]:
    try:
        content: dict[str, dict[str, str]] = json.loads(PASSWORDS_FILE.read_text())
    except (OSError, ValueError):
        return {}  # gone or damaged: the passwords are set anew
    return content


def _key(server: Parameters) -> str:
    """Logins belong to a server, whichever of its databases we use."""
    return f"{server.get('host', '')}:{server.get('port', '')}"


def _execute(connection: Connection, statements: str) -> None:
    """Run statements that are wholly ours."""
    connection.execute(statements.encode())


def _in_one_line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m config.database")
    parser.add_argument("action", choices=["prepare", "script"])
    parser.add_argument("--testing", action="store_true", help="prepare the database for tests")
    given = parser.parse_args()
    try:
        if given.action == "prepare":
            prepare(testing=given.testing)
        else:
            print(script())
    except (DatabaseSetupError, embedded.EmbeddedError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
