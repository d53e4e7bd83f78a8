"""What must be the same after a restore: every row, and every wall around the rows.

    python -m scripts.operations.facts take FILE      write down what DUMP_DATABASE_URL shows
    python -m scripts.operations.facts compare FILE   say what differs now; exits with 1 if any does

`compare` also signs in as APP_DATABASE_URL does and demands that it sees no row of any clinic.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from scripts.operations import postgres

Facts = dict[str, dict[str, Any]]
Connection = psycopg.Connection[TupleRow]
# Each question answers with a name and what stands under it.
ABOUT = {
    "walls": """
        SELECT relname, concat_ws(' ', relrowsecurity, relforcerowsecurity, relowner::regrole)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'""",
    "policies": """
        SELECT tablename || '.' || policyname,
            concat_ws(' | ', permissive, roles::text, cmd, qual, with_check)
        FROM pg_policies WHERE schemaname = 'public'""",
    "constraints": """
        SELECT conrelid::regclass || '.' || conname,
            pg_get_constraintdef(oid) || CASE WHEN convalidated THEN '' ELSE ' unproved' END
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0""",
    "triggers": """
        SELECT tgrelid::regclass || '.' || tgname, concat_ws(' ', tgenabled, pg_get_triggerdef(oid))
        FROM pg_trigger WHERE NOT tgisinternal""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": """
        SELECT oid::regprocedure::text, md5(pg_get_functiondef(oid)) || ' ' || proowner::regrole
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'""",
    "rights": """
        SELECT relname || ' to ' || grantee::regrole,
            string_agg(privilege_type, ' ' ORDER BY privilege_type)
        FROM pg_class, aclexplode(relacl)
        WHERE relnamespace = 'public'::regnamespace AND grantee <> 0 GROUP BY relname, grantee""",
    "logins": """
        SELECT rolname, concat_ws(' ', rolcanlogin, rolsuper, rolbypassrls, rolinherit, rolcreatedb)
        FROM pg_roles WHERE rolname LIKE 'bearing%'""",
}
# Each row's hash, summed: whatever order they come in, and a doubled row does not cancel out.
ROWS = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {} AS t"
# PostgreSQL may leave numbers out after a crash, and must never give one twice.
SEQUENCES = """
    SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = 'public'"""


def take(connection: Connection) -> Facts:
    """What stands in the database, as one snapshot. The login has to see every row."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return take_here(connection)


def take_here(connection: Connection) -> Facts:
    """The same, in the transaction and the snapshot of the caller."""
    connection.execute("SET LOCAL TIME ZONE 'UTC'")
    connection.execute("SET LOCAL statement_timeout = 0")
    connection.execute("SET LOCAL row_security = off")  # an error rather than fewer rows
    facts: Facts = {
        subject: dict(sorted(connection.execute(question.encode()).fetchall()))
        for subject, question in ABOUT.items()
    }
    facts["rows"] = {table: _rows(connection, table) for table in facts["walls"]}
    facts["sequences"] = dict(sorted(connection.execute(SEQUENCES.encode()).fetchall()))
    return facts


def differences(before: Facts, now: Facts) -> Iterator[str]:
    """One line for everything that is not as it was."""
    for subject, stood in before.items():
        stands = now.get(subject, {})
        for name in sorted(stood.keys() | stands.keys()):
            was, is_now = stood.get(name), stands.get(name)
            if subject == "sequences":
                if is_now is None or is_now < (was or 0):
                    yield f"sequences: {name} stands at {is_now}, it stood at {was}"
            elif was != is_now and _plain(was) != _plain(is_now):
                yield f"{subject}: {name} was {was} and is {is_now}"


def seen_without_a_clinic(app: Connection) -> Iterator[str]:
    """The walled tables that show a clinic's row to the web's login although it named no clinic."""
    walled = app.execute(
        "SELECT c.relname, EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid"
        " AND attname = 'clinic_id') FROM pg_class AS c"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity ORDER BY 1"
    ).fetchall()
    if not walled:
        yield "no table has row-level security"
    for table, has_clinic in walled:
        of_a_clinic = sql.SQL(" WHERE clinic_id IS NOT NULL" if has_clinic else "")
        question = sql.SQL("SELECT count(*) FROM {}{}").format(sql.Identifier(table), of_a_clinic)
        seen = app.execute(question).fetchone()
        if seen and seen[0]:
            yield f"{table} shows {seen[0]} rows to the web's login, which named no clinic"


def count_of_rows(facts: Facts) -> int:
    return sum(count for count, _ in facts["rows"].values())


def write(facts: Facts, file: Path) -> None:
    file.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


def read(file: Path) -> Facts:
    facts: Facts = json.loads(file.read_text())
    return facts


def compare(before: Facts, *, whole: str, app: str) -> list[str]:
    """All that is wrong with the database at these two addresses."""
    with psycopg.connect(whole, autocommit=True) as connection:
        wrong = list(differences(before, take(connection)))
    with psycopg.connect(app, autocommit=True) as connection:
        return wrong + list(seen_without_a_clinic(connection))


def _plain(stands: Any) -> Any:
    """Without casts and brackets, which a server writes anew when it reads what pg_dump wrote."""
    return re.sub(r"::[a-z ]+(\[\])?|[()]", "", stands) if isinstance(stands, str) else stands


def _rows(connection: Connection, table: str) -> list[object]:
    found = connection.execute(sql.SQL(ROWS).format(sql.Identifier(table))).fetchone()
    return list(found or ())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.operations.facts")
    parser.add_argument("action", choices=["take", "compare"])
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    try:
        whole = postgres.address("DUMP_DATABASE_URL")
        if given.action == "take":
            with psycopg.connect(whole, autocommit=True) as connection:
                write(take(connection), given.file)
            return
        before = read(given.file)
        wrong = compare(before, whole=whole, app=postgres.address("APP_DATABASE_URL"))
    except (postgres.OperationError, psycopg.Error) as error:
        sys.exit(str(error))
    print("\n".join(wrong) or f"All {count_of_rows(before)} rows and every wall are as they were.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
