"""On which browsers somebody is signed in, since when, and whether the screen there is locked."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from clinics import tenancy
from clinics.models import DEFAULT_IDLE_MINUTES, Membership, StaffSession, User
from clinics.network import ip_of
from clinics.origin import browser_of
from clinics.session_store import SessionStore

CHOSEN_CLINIC = "clinic_id"
BEGAN = "began"
IDLE_MINUTES = "idle_minutes"
LONGEST = timedelta(seconds=settings.SESSION_COOKIE_AGE)
# A page tells of a hand on it this often; the server waits that much longer than the page.
TOLD_EVERY = timedelta(minutes=1)
NOTED_EVERY = timedelta(seconds=30)


class SignedInOn(NamedTuple):
    """One browser, as its owner reads of it; `name` stands for the key, which no page shows."""

    name: str
    browser: str
    address: str
    began_at: datetime
    active_at: datetime
    is_this: bool


def begin(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Note at sign-in from where and when; what ended of this person's sessions is tidied away."""
    request.session[BEGAN] = {
        "at": timezone.now().timestamp(),
        "address": ip_of(request),
        "browser": browser_of(request.headers.get("User-Agent", "")) or "A browser",
    }
    StaffSession.objects.of(user).ended().delete()
    choose_the_only_clinic(request, user)


def choose_the_only_clinic(request: HttpRequest, user: User) -> None:
    """Spare those who work in one clinic the choice, at sign-in."""
    with tenancy.known_as(user.pk):
        clinic_ids = list(
            Membership.objects.active().of_user(user).values_list("clinic_id", flat=True)[:2]
        )
    if len(clinic_ids) == 1:
        request.session[CHOSEN_CLINIC] = clinic_ids[0]


def renew(request: HttpRequest, *, reauthenticated: bool = False, **kwargs: Any) -> None:
    """Whoever says again who they are gets a session of another name, which is not locked."""
    if reauthenticated:
        request.session.cycle_key()


def is_over(session: SessionStore) -> bool:
    """Whether the longest time has passed since sign-in, however much was done since."""
    began = session.get(BEGAN)
    return began is None or timezone.now().timestamp() - began["at"] >= LONGEST.total_seconds()


def is_locked(session: SessionStore) -> bool:
    row = session.row
    if row is None:
        return False
    idle = timedelta(minutes=session.get(IDLE_MINUTES, DEFAULT_IDLE_MINUTES))
    return row.locked_at is not None or timezone.now() - row.active_at >= idle + TOLD_EVERY


def lock(session: SessionStore) -> None:
    StaffSession.objects.filter(pk=session.session_key).update(locked_at=timezone.now())


def note_activity(session: SessionStore) -> None:
    """A hand was on it just now; written once in half a minute."""
    now, row = timezone.now(), session.row
    if row is not None and now - row.active_at >= NOTED_EVERY:
        StaffSession.objects.filter(pk=row.pk).update(active_at=now)


def keep_to(session: SessionStore, *, idle_minutes: int) -> None:
    """Lock after the minutes of the clinic that is open."""
    if session.get(IDLE_MINUTES, DEFAULT_IDLE_MINUTES) != idle_minutes:
        session[IDLE_MINUTES] = idle_minutes


def of(request: HttpRequest, user: User) -> list[SignedInOn]:
    """The browser of this request first, then the last used."""
    return sorted(
        (_told(row, request.session.session_key) for row in _living(user)),
        key=lambda one: (one.is_this, one.active_at),
        reverse=True,
    )


def end(user: User, name: str) -> bool:
    """End the session of this name; False when the person has none such."""
    for row in _living(user):
        if _name(row) == name:
            row.delete()
            return True
    return False


def end_others(request: HttpRequest, user: User) -> None:
    """End all sessions of a person but the one of this request."""
    StaffSession.objects.of(user).but(request.session.session_key).delete()


def end_all(user: User, *, clinic_id: int | None = None) -> int:
    """Sign a person out everywhere, or where one clinic is open; returns on how many browsers."""
    rows = StaffSession.objects.of(user)
    if clinic_id is not None:
        here = [row.pk for row in rows if row.get_decoded().get(CHOSEN_CLINIC) == clinic_id]
        rows = rows.filter(pk__in=here)
    return rows.delete()[0]


def _living(user: User) -> list[StaffSession]:
    rows = StaffSession.objects.of(user).filter(expire_date__gt=timezone.now())
    return [row for row in rows if BEGAN in row.get_decoded()]


def _told(row: StaffSession, current: str | None) -> SignedInOn:
    began = row.get_decoded()[BEGAN]
    return SignedInOn(
        name=_name(row),
        browser=began["browser"],
        address=began["address"],
        began_at=datetime.fromtimestamp(began["at"], UTC),
        active_at=row.active_at,
        is_this=row.pk == current,
    )


def _name(row: StaffSession) -> str:
    return salted_hmac("clinics.sessions", row.pk).hexdigest()[:20]
