"""What every migrate ends with: tables belong to an owner that nobody signs in as."""

from typing import Any

from django.db import connections

from clinics.walls import ALL_RIGHTS, APP

# Tables of libraries, which have no migration of ours: what they hold is of no clinic.
LIBRARY_TABLES = {
    "account_emailaddress": ALL_RIGHTS,
    "account_emailconfirmation": ALL_RIGHTS,
    "auth_group": "SELECT",
    "auth_group_permissions": "SELECT",
    "auth_permission": "SELECT",
    "django_content_type": "SELECT",
    "django_migrations": "SELECT",
    "django_session": ALL_RIGHTS,
    "mfa_authenticator": ALL_RIGHTS,
}


def hand_over(using: str = "default", **kwargs: Any) -> None:
    """Give the run-time login its rights on library tables, and all tables to bearing_owner."""
    with connections[using].cursor() as cursor:
        for table, rights in LIBRARY_TABLES.items():
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
            if cursor.fetchone()[0]:
                cursor.execute(f"GRANT {rights} ON {table} TO {APP}")
        cursor.execute("REASSIGN OWNED BY bearing_migrator TO bearing_owner")
