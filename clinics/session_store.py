"""Where Django keeps sessions: in `StaffSession`, whose row says who is signed in there."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db

from clinics.models import StaffSession


class SessionStore(db.SessionStore):
    # As it was read at the beginning of the request; the row of a new session is not read.
    row: StaffSession | None = None

    @classmethod
    def get_model_class(cls) -> type[StaffSession]:
        return StaffSession

    def create_model_instance(self, data: dict[str, Any]) -> StaffSession:
        instance: Any = super().create_model_instance(data)
        instance.user_id = data.get(SESSION_KEY)
        return instance

    def _get_session_from_db(self) -> StaffSession | None:
        self.row = super()._get_session_from_db()  # type: ignore[misc]
        return self.row
