"""Tokens with which other systems read and write in one clinic, and the door that asks for them.

A token carries the number of its clinic in front, which says only where to look: it is found inside
that clinic or nowhere, so no query ever crosses the walls. It is kept as a hash and shown once.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import wraps
from typing import NamedTuple

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from clinics import audit, origin, reads, tenancy, tokens
from clinics.models import ApiToken, Clinic, User
from clinics.scopes import Scope

# By it a token is known for what it is, also by programs that look for lost secrets.
PREFIX = "bearing-"
RANDOM_BYTES = 32
ENDING = 4  # letters shown in the list
NOTED_AGAIN_AFTER = timedelta(minutes=1)
SCHEME = "Bearer"
LONGEST = 200  # characters; a token of ours is far shorter

UNKNOWN = "Send a token of this clinic that is neither revoked nor past its time."
NOT_FOUND = "There is nothing here by this address."

View = Callable[..., HttpResponseBase]
# How an answer that refuses is written: status and reason.
Refusal = Callable[[int, str], HttpResponse]


class NameTaken(Exception):
    """A token of this name is not revoked yet."""


class MissingScope(PermissionDenied):
    """The token does not open this."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"The token lacks the scope {scope}.")
        self.scope = scope


class Made(NamedTuple):
    """A token, and the secret itself, which is shown once and kept nowhere."""

    token: ApiToken
    secret: str


class TokenRequest(HttpRequest):
    """What a view behind `token_only` receives."""

    token: ApiToken
    clinic: Clinic


@transaction.atomic
def make(
    *, clinic: Clinic, name: str, scopes: Iterable[Scope], expires_at: datetime, by: User,
    at: datetime,
) -> Made:  # fmt: skip
    """Make a token; `expires_at` is at most a year away. Raises NameTaken."""
    secret = PREFIX + tokens.new_token(clinic.pk, random_bytes=RANDOM_BYTES)
    try:
        with transaction.atomic():
            token = ApiToken.objects.create(
                clinic=clinic,
                name=name,
                token_hash=tokens.hash_of(secret),
                ending=secret[-ENDING:],
                scopes=[scope.value for scope in scopes],
                made_by=by,
                made_at=at,
                expires_at=expires_at,
            )
    except IntegrityError as error:
        if "api_token_name_once" not in str(error):
            raise
        raise NameTaken from error
    _audit(token, by, "made an API token", scopes=token.scopes, until=expires_at.isoformat())
    return Made(token, secret)


@transaction.atomic
def revoke(*, token: ApiToken, by: User, at: datetime) -> bool:
    """Close a token from the next request on; False when it was closed already."""
    standing = ApiToken.objects.of(token.clinic).filter(pk=token.pk, revoked_at=None)
    is_closed = bool(standing.update(revoked_at=at, revoked_by=by))
    if is_closed:
        _audit(token, by, "revoked an API token")
    return is_closed


def note_use(token: ApiToken, *, at: datetime) -> None:
    """Write down when and from where the token was used; to the minute, so most uses write nothing.

    Costs one statement, or none.
    """
    if token.last_used_at is None or at - token.last_used_at >= NOTED_AGAIN_AFTER:
        standing = ApiToken.objects.filter(clinic=token.clinic_id, pk=token.pk, revoked_at=None)
        standing.update(last_used_at=at, last_used_from=origin.current().address)


def require(request: TokenRequest, scope: Scope) -> None:
    """Raise MissingScope unless the token of this request opens `scope`."""
    if not request.token.may(scope):
        raise MissingScope(scope)


def bearer_of(request: HttpRequest) -> str:
    """The token that a request shows in its Authorization header; empty without one."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    return shown.strip()[:LONGEST] if scheme.lower() == SCHEME.lower() else ""


def as_json(status: int, reason: str) -> HttpResponse:
    """A refusal as `{"detail": …}`."""
    return JsonResponse({"detail": reason}, status=status)


def token_only(scope: Scope | None = None, *, refused: Refusal = as_json) -> Callable[[View], View]:
    """Let in whoever shows a token that opens `scope`; without one the view asks by `require`.

    The view runs in one transaction inside the token's clinic, and finds `request.token` and
    `request.clinic`. Cookies are not looked at. Answers 401 without a good token, 403 without the
    scope and 404 for what the view does not find, as `refused` writes them; how many requests may
    come is counted in config/limits.py.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        def enter(request: TokenRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            try:
                response = _inside(request, scope, view, *args, **kwargs)
            except MissingScope as missing:
                response = refused(403, str(missing))
                response["WWW-Authenticate"] = (
                    f'{SCHEME} error="insufficient_scope", scope="{missing.scope}"'
                )
            except PermissionDenied as denied:
                response = refused(403, str(denied) or "The token does not open this.")
            except Http404 as not_there:
                response = refused(404, str(not_there) or NOT_FOUND)
            if response is None:
                response = refused(401, UNKNOWN)
                response["WWW-Authenticate"] = f'{SCHEME} realm="Bearing"'
            return response

        enter.door = "token"  # type: ignore[attr-defined]
        enter.refused = refused  # type: ignore[attr-defined]
        return enter

    return decorate


def _inside(
    request: TokenRequest, scope: Scope | None, view: View, *args: object, **kwargs: object
) -> HttpResponseBase | None:
    """The view's answer to the token of this request; None when it shows none that is open."""
    shown, now = bearer_of(request), timezone.now()
    try:
        clinic_id = tokens.clinic_of(shown.removeprefix(PREFIX))
    except tokens.NotAToken:
        return None
    with reads.refusals(request) as asking, tenancy.inside(clinic_id):
        found = ApiToken.objects.filter(clinic=clinic_id).with_hash(tokens.hash_of(shown))
        if found is None:
            return None
        if not found.is_open_at(now):
            reads.refused(request, clinic_id=clinic_id, by=found)
            return None
        asking.known_as(found, clinic_id=clinic_id)
        request.token, request.clinic = found, found.clinic
        note_use(found, at=now)
        if scope is not None:
            require(request, scope)
        with timezone.override(found.clinic.zone):
            response = view(request, *args, **kwargs)
        return reads.seen(request, response, clinic_id=clinic_id, by=found)


def _audit(token: ApiToken, by: User, verb: str, **detail: object) -> None:
    audit.record(
        clinic_id=token.clinic_id,
        by=by,
        verb=verb,
        target=token,
        patient_id=None,
        name=token.name,
        **detail,
    )
