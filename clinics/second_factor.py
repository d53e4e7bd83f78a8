"""The second step of signing in: a passkey, or a code of an app, beside the password.

Whoever has one is asked for it at sign-in by django-allauth. What is here says who must have one,
keeps in the session that it was given, and lets no code of an app count twice.
"""

from datetime import datetime, timedelta
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from clinics import sessions
from clinics.models import Membership, User

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
GIVEN_BY = "second_factor_given_by"
SPENT = "spent"


def is_given(request: HttpRequest) -> bool:
    """Whether this person gave a second factor in this session."""
    return request.session.get(GIVEN_BY) == request.user.pk


def needed_from(membership: Membership) -> datetime:
    """From when on somebody sees no patient without one; at once for admins and operators."""
    has_grace = membership.role in (Membership.Role.THERAPIST, Membership.Role.ASSISTANT)
    days = 0 if not has_grace else membership.clinic.second_factor_grace_days
    return membership.started_at + timedelta(days=days)


def ask(request: HttpRequest) -> HttpResponse:
    """On to the page that sets one up, and from there to where the person was going."""
    following = request.get_full_path() if request.method == "GET" else "/"
    address = f"{reverse('clinics:second_step')}?{urlencode({'next': following})}"
    # htmx would put that page into a corner of this one.
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)  # type: ignore[attr-defined]


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the person has said who they are a few minutes ago, at sign-in or since."""
    since = timezone.now().timestamp() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    records = get_authentication_records(request, request.user)
    return any(record["at"] > since for record in records)


def factors_of(user: User) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=user, type__in=FACTORS).order_by("pk"))


def take_away(user: User) -> None:
    """All of them, and the recovery codes."""
    Authenticator.objects.filter(user=user).delete()


@transaction.atomic
def spend(authenticator: Authenticator, code: str) -> bool:
    """Use up a code of an app, and all before it; False when it was used up already.

    A recovery code is crossed out by django-allauth itself.
    """
    if authenticator.type != Authenticator.Type.TOTP:
        return True
    locked = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    counter = _counter(decrypt(locked.data["secret"]), code)
    if counter is None or counter <= locked.data.get(SPENT, -1):
        return False
    locked.data[SPENT] = counter
    locked.save(update_fields=["data"])
    return True


def _counter(secret: str, code: str) -> int | None:
    """In which step of time the code is the right one, among those that count now."""
    for counter in totp.yield_hotp_counters_from_time():
        expected = totp.format_hotp_value(totp.hotp_value(secret, counter))
        if compare_user_code(actual=code, expected=expected):
            return counter
    return None


# Told by django-allauth


def note_used(request: HttpRequest, user: User, **kwargs: Any) -> None:
    request.session[GIVEN_BY] = user.pk


def note_added(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """A new factor opens what was closed: another session, and nobody stays signed in elsewhere."""
    if authenticator.type not in FACTORS:
        return
    spend(authenticator, request.POST.get("code", ""))
    request.session[GIVEN_BY] = user.pk
    request.session.cycle_key()
    sessions.end_others(request, user)


def note_changed(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Removed, or recovery codes made anew."""
    if not factors_of(user):
        request.session.pop(GIVEN_BY, None)
    sessions.end_others(request, user)


def note_new_password(request: HttpRequest, user: User, **kwargs: Any) -> None:
    sessions.end_others(request, user)
