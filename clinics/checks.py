from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connection

MIGRATOR = "bearing_migrator"


def runtime_login_is_powerless(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse to serve with a database login that row-level security does not bind.

    The migrator, which may step over it, is only for migrations and the catalogue.
    """
    if not databases or connection.settings_dict["USER"] == MIGRATOR:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolbypassrls OR pg_has_role(oid, 'bearing_owner', 'MEMBER')"
            " FROM pg_roles WHERE rolname = current_user"
        )
        (is_powerful,) = cursor.fetchone()
    if not is_powerful:
        return []
    return [
        Error(
            "The database login of the web can step over the walls between clinics.",
            hint="Serve as bearing_app; python -m config.database prepare makes it.",
            id="clinics.E001",
        )
    ]
