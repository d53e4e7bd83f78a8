"""What a request may be: not too many of them, not too large, and nothing that cannot be stored."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple, NoReturn

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone

from clinics import api_tokens, tokens
from patients import tries
from patients.tries import TooSoon
from portal.failures import too_many
from portal.network import network_of

Answer = Callable[[HttpRequest], HttpResponseBase]
NUL = "\x00"
MINUTE = timedelta(minutes=1)


class Most(NamedTuple):
    """So many requests from one network address in so long a time."""

    requests: int
    within: timedelta


# By door. Thirty people of a clinic share an address: each limit has room for all of them at once,
# and beyond it stand the limits of what is guessed, by account and by code.
LIMITS = {
    "anyone": Most(600, MINUTE),
    "link": Most(120, MINUTE),
    "doorstep": Most(120, MINUTE),
    "account": Most(240, MINUTE),
    "token": Most(1200, MINUTE),
    "open": Most(240, MINUTE),
}
# And one token, from wherever it is shown: two systems of a clinic may share an address.
OF_ONE_TOKEN = Most(600, MINUTE)
# These doors let in only who has signed in; whoever has not is sent away before anything is done.
OF_THE_SIGNED_IN = {"staff", "person", "patient"}


class Limits:
    """Middleware: each address that is open without signing in has its limit.

    Counted in PostgreSQL, so that all processes count together.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        door = door_of(view)
        if door in OF_THE_SIGNED_IN:
            return None
        try:
            _count(door, network_of(request), LIMITS[door])
            if door == "token" and (shown := api_tokens.bearer_of(request)):
                _count("one token", tokens.hash_of(shown), OF_ONE_TOKEN)
        except TooSoon as wait:
            return _too_many(request, view, wait.seconds)
        return None


class Readable:
    """Middleware: reads what was sent, before any view does.

    A NUL is taken out, because PostgreSQL stores none; an address with one does not exist. What is
    too large or has too many fields is refused here: the page that says so reads no form.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        if NUL in request.path_info:
            raise Http404
        try:
            request.GET = _without_nul(request.GET)
            request.POST = _without_nul(request.POST)
        except SuspiciousOperation:
            request.GET = request.POST = QueryDict()
            raise
        return self.get_response(request)


class NoUploads(FileUploadHandler):
    """Refuses every file: nothing of ours takes one."""

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SuspiciousOperation("a file was sent")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None


def _count(door: str, of: str, most: Most) -> None:
    tries.count_a_request(
        door=door, address=of, most=most.requests, within=most.within, at=timezone.now()
    )


def _too_many(request: HttpRequest, view: object, seconds: int) -> HttpResponse:
    """Status 429; a program reads it as its door writes what it refuses."""
    refused: api_tokens.Refusal | None = getattr(view, "refused", None)
    if refused is None:
        return too_many(request, seconds=seconds)
    response = refused(429, f"Too many requests. Ask again in {seconds} seconds.")
    response["Retry-After"] = str(seconds)
    return response


def door_of(view: Callable[..., object]) -> str:
    """Whom a view lets in; those without a door of ours are the pages of signing in."""
    return getattr(view, "door", "account")


def _without_nul(sent: QueryDict) -> QueryDict:
    if not any(NUL in text for name, values in sent.lists() for text in (name, *values)):
        return sent
    cleaned = QueryDict(mutable=True)
    for name, values in sent.lists():
        cleaned.setlist(name.replace(NUL, ""), [text.replace(NUL, "") for text in values])
    cleaned._mutable = False
    return cleaned
