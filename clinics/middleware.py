"""What is asked of every request of staff: signed in, not for too long, and not locked."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from clinics import sessions

# Doors of the portal, where patients hold a link, and of other systems, which show a token.
DOORS_OF_OTHERS = {"patient", "doorstep", "link", "anyone", "token", "open"}
OPEN_WHEN_LOCKED = {"clinics:locked", "clinics:lock", "account_logout"}
# Read by lock.js, which covers the page and loses nothing of it.
SESSION_IS = "X-Session"


class StaffSessionMiddleware:
    """Ends a session that is too old, refuses a locked one, and notes what a hand did."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: Any, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if getattr(view, "door", None) in DOORS_OF_OTHERS or not request.user.is_authenticated:
            return None
        if sessions.is_over(request.session):
            logout(request)
        elif sessions.is_locked(request.session):
            if request.resolver_match.view_name not in OPEN_WHEN_LOCKED:
                return _locked(request)
        elif _is_a_page(request):
            sessions.note_activity(request.session)
        return None


class SignInMiddleware(LoginRequiredMiddleware):
    """Django's, and whoever was signed out on a form comes back to the page with the form."""

    def handle_no_permission(  # type: ignore[override]
        self, request: Any, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        if request.htmx:
            return HttpResponse(status=401, headers={SESSION_IS: "ended"})
        if request.method not in {"GET", "HEAD"}:
            return redirect_to_login(came_from(request))
        return super().handle_no_permission(request, view_func)


def came_from(request: HttpRequest) -> str:
    """The page of ours that was open: what is asked for, or where a form was sent from."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    page = urlsplit(request.headers.get("Referer", ""))
    is_ours = page.netloc == request.get_host()
    return page._replace(scheme="", netloc="", fragment="").geturl() if is_ours else "/"


def _is_a_page(request: HttpRequest) -> bool:
    """Whether somebody opened a page or sent a form; what scripts ask for is no sign of a hand."""
    return not request.htmx and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"  # type: ignore[attr-defined]


def _locked(request: HttpRequest) -> HttpResponse:
    if not _is_a_page(request):
        return HttpResponse(status=401, headers={SESSION_IS: "locked"})
    return redirect(f"{reverse('clinics:locked')}?{urlencode({'next': came_from(request)})}")
