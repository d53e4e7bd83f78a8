"""Where a request comes from: known to whatever is written down while it is answered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from clinics.network import ip_of

# The first mark that a browser's own words hold: most of them name others too.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


@dataclass
class Origin:
    """From where somebody acts; the door fills in as what."""

    address: str = ""
    browser: str = ""
    role: str = ""


_origin: ContextVar[Origin | None] = ContextVar("bearing_origin", default=None)


def current() -> Origin:
    """The origin of the request in hand; empty for work that no request asked for."""
    return _origin.get() or Origin()


@contextmanager
def coming_from(request: HttpRequest) -> Iterator[None]:
    token = _origin.set(Origin(ip_of(request), browser_of(request.headers.get("User-Agent", ""))))
    try:
        yield
    finally:
        _origin.reset(token)


class OriginMiddleware:
    """Let everything that a request does know where the request came from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with coming_from(request):
            return self.get_response(request)


def browser_of(user_agent: str) -> str:
    """The family of a browser and its system, such as "Firefox on Windows"; it may be a lie."""
    family = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return " on ".join(filter(None, (family, system)))
