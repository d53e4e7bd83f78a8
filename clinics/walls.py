"""Migration operations that put a table behind the walls between clinics.

Every table that belongs to a clinic gets, in the migration that follows its making: row-level
security, forced; a policy on `clinic_id`; references that carry the clinic with them; and just
the rights that the run-time login and the portal's role need.
"""

from collections.abc import Sequence

from django.db.migrations.operations import RunSQL

APP = "bearing_app"
PORTAL = "bearing_portal"
CLINIC_NOW = "(SELECT NULLIF(current_setting('app.clinic_id', true), '')::bigint)"
USER_NOW = "(SELECT NULLIF(current_setting('app.user_id', true), '')::bigint)"
PATIENT_NOW = "(SELECT NULLIF(current_setting('app.patient_id', true), '')::bigint)"
# In a trigger that keeps rows: one patient's are let go of, inside bearing_erase_patient and
# nowhere else. Nobody signs in as bearing_owner; the function that runs as it says whose they are.
ERASING = """
    current_user = 'bearing_owner'
    AND to_jsonb(OLD) ->> 'patient_id' = NULLIF(current_setting('app.erasing', true), '')
"""
ALL_RIGHTS = "SELECT, INSERT, UPDATE, DELETE"


def clinic_table(table: str, *, rights: str = ALL_RIGHTS, key: Sequence[str] = ()) -> RunSQL:
    """Show and accept only rows of the current clinic.

    `key` names further columns that children refer to together with (clinic_id, id).
    """
    return RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY {table}_clinic ON {table}
            USING (clinic_id = {CLINIC_NOW}) WITH CHECK (clinic_id = {CLINIC_NOW});
        ALTER TABLE {table} ADD CONSTRAINT {table}_key UNIQUE ({_columns("clinic_id", *key, "id")});
        GRANT {rights} ON {table} TO {APP};
        """,
        RunSQL.noop,
    )


def shared_or_clinic_table(table: str) -> RunSQL:
    """Like `clinic_table`, and rows without a clinic are read by everybody, written by none."""
    return RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY {table}_clinic ON {table}
            USING (clinic_id = {CLINIC_NOW}) WITH CHECK (clinic_id = {CLINIC_NOW});
        CREATE POLICY {table}_shared ON {table} FOR SELECT USING (clinic_id IS NULL);
        GRANT {ALL_RIGHTS} ON {table} TO {APP};
        GRANT SELECT ON {table} TO {PORTAL};
        """,
        RunSQL.noop,
    )


def open_table(table: str, *, rights: str = ALL_RIGHTS) -> RunSQL:
    """A table of no clinic (people, for example): rights without a policy."""
    return RunSQL(f"GRANT {rights} ON {table} TO {APP}", RunSQL.noop)


def same_clinic(
    child: str, column: str, parent: str, *, parent_column: str = "id", key: Sequence[str] = ()
) -> RunSQL:
    """A reference that can only point at a row of the same clinic (and the same further `key`)."""
    here = _columns("clinic_id", *key, column)
    there = _columns("clinic_id", *key, parent_column)
    return RunSQL(
        f"""
        ALTER TABLE {child} ADD CONSTRAINT {child}_{column}_same_clinic
            FOREIGN KEY ({here}) REFERENCES {parent} ({there});
        """,
        RunSQL.noop,
    )


def portal_may(table: str, rights: str, *, rows: str) -> RunSQL:
    """Rights of the portal's role, on the rows of the patient of this request and no others."""
    return RunSQL(
        f"""
        GRANT {rights} ON {table} TO {PORTAL};
        CREATE POLICY {table}_patient ON {table} AS RESTRICTIVE TO {PORTAL}
            USING ({rows}) WITH CHECK ({rows});
        """,
        RunSQL.noop,
    )


def append_only(table: str) -> RunSQL:
    """Refuse to change or delete a row, whoever asks; a correction is a new row."""
    return RunSQL(
        f"""
        REVOKE UPDATE, DELETE ON {table} FROM {APP};
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION bearing_refuse_change();
        """,
        RunSQL.noop,
    )


def frozen_when(table: str, condition: str) -> RunSQL:
    """Refuse to change or delete a row for which `condition` on OLD holds."""
    return RunSQL(
        f"""
        CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION bearing_refuse_change();
        """,
        RunSQL.noop,
    )


def frozen_with(child: str, column: str, parent: str, condition: str) -> RunSQL:
    """Refuse to add, change or delete a child of a parent for which `condition` on it holds."""
    return RunSQL(
        f"""
        CREATE FUNCTION {child}_frozen() RETURNS trigger LANGUAGE plpgsql
            SET search_path = public, pg_temp AS $$
        BEGIN
            IF EXISTS (SELECT FROM {parent} AS parent WHERE parent.id IN (
                    CASE WHEN TG_OP <> 'INSERT' THEN OLD.{column} END,
                    CASE WHEN TG_OP <> 'DELETE' THEN NEW.{column} END)
                AND {condition}) THEN
                RAISE EXCEPTION '% belongs to something published and cannot be changed',
                    TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation',
                    CONSTRAINT = '{child}_frozen';
            END IF;
            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        END $$;
        CREATE TRIGGER {child}_frozen BEFORE INSERT OR UPDATE OR DELETE ON {child}
            FOR EACH ROW EXECUTE FUNCTION {child}_frozen();
        """,
        RunSQL.noop,
    )


def reachable(child: str, column: str, parent: str, *, exactly: bool = False) -> RunSQL:
    """A reference into a table that is shared or a clinic's: to a shared row, or to one's own.

    `exactly` asks for the same clinic, also when that is none: a part of the same thing.
    """
    belongs = "parent.clinic_id IS NOT DISTINCT FROM NEW.clinic_id"
    if not exactly:
        belongs = f"(parent.clinic_id IS NULL OR {belongs})"
    name = f"{child}_{column}_reachable"
    return RunSQL(
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
            SET search_path = public, pg_temp AS $$
        BEGIN
            IF NEW.{column} IS NOT NULL AND NOT EXISTS (
                SELECT FROM {parent} AS parent WHERE parent.id = NEW.{column} AND {belongs}
            ) THEN
                RAISE EXCEPTION 'there is no such row in {parent}'
                    USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '{name}';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {column}, clinic_id ON {child}
            FOR EACH ROW EXECUTE FUNCTION {name}();
        """,
        RunSQL.noop,
    )


REFUSE_CHANGE = RunSQL(
    """
    CREATE FUNCTION bearing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a row of % is kept: it cannot be changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
    END $$;
    """,
    "DROP FUNCTION bearing_refuse_change()",
)


def _columns(*names: str) -> str:
    return ", ".join(names)
