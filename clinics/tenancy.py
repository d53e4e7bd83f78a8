"""Which clinic the database shows: row-level security answers to what is set here alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connection, transaction


class NoClinic(RuntimeError):
    """No clinic, or a second one inside the transaction of the first."""


class Context(NamedTuple):
    clinic_id: int | None = None
    user_id: int | None = None
    patient_id: int | None = None


NOBODY = Context()
PORTAL_ROLE = "bearing_portal"
# Kept on Django's connection, so that each thread knows its own.
_ATTRIBUTE = "bearing_context"


@contextmanager
def inside(
    clinic_id: int, *, user_id: int | None = None, patient_id: int | None = None
) -> Iterator[None]:
    """One transaction in one clinic; web, commands and tests all come through here.

    With `patient_id` the transaction runs as the portal's role, which sees one patient only.
    Raises NoClinic for anything but a positive int, or for a second clinic inside the first.
    """
    if type(clinic_id) is not int or clinic_id <= 0:
        raise NoClinic(f"a clinic id is a positive int of our own making, not {clinic_id!r}")
    outer = _current()
    if outer.clinic_id not in (None, clinic_id):
        raise NoClinic("one transaction, one clinic")
    with _context(Context(clinic_id, user_id, patient_id)):
        yield


@contextmanager
def known_as(user_id: int) -> Iterator[None]:
    """One transaction of a person who has not chosen a clinic yet: shows their memberships only."""
    with _context(Context(user_id=user_id)):
        yield


def clinic_ids() -> list[int]:
    """The number of every clinic, for work that goes from one to the next; nothing else of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT bearing_clinic_ids()")
        return [clinic_id for (clinic_id,) in cursor.fetchall()]


def current_clinic_id() -> int | None:
    return _current().clinic_id


def _current() -> Context:
    return getattr(connection, _ATTRIBUTE, NOBODY)


@contextmanager
def _context(context: Context) -> Iterator[None]:
    outer, is_nested = _current(), connection.in_atomic_block
    with transaction.atomic():
        _set_local(context)
        setattr(connection, _ATTRIBUTE, context)
        try:
            yield
        finally:
            setattr(connection, _ATTRIBUTE, outer)
        if is_nested:
            # A released savepoint keeps SET LOCAL until the outer transaction ends.
            _set_local(outer)


def _set_local(context: Context) -> None:
    role = "none" if context.patient_id is None else PORTAL_ROLE
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.clinic_id', %s, true), set_config('app.user_id', %s, true),"
            " set_config('app.patient_id', %s, true), set_config('role', %s, true)",
            [*("" if key is None else str(key) for key in context), role],
        )
