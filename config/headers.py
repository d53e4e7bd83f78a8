"""What every answer says to the browser, whoever asked and whatever was answered, in one place.

The content policy is in the settings; django-csp writes it, with another nonce in every answer.
"""

from collections.abc import Callable
from http.cookies import SimpleCookie

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]
PORTAL = "/my/"
# What a page may ask of the device; messages, speech, vibration and a lit screen are not among it.
PERMISSIONS = ", ".join(
    f"{what}=()"
    for what in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)
NOT_KEPT = "private, no-store"
# Whoever uses the browser next finds no page by going back. Not "storage": there the phone of a
# patient, who may share the browser, holds logs that were not sent yet; our scripts clear the rest.
CLEARED = '"cache"'
SIGN_OUTS = {"account_logout", "portal:leave", "portal:sign_out_phone"}
# Django does not know what the browser calls a cookie that is bound to this host and to HTTPS.
HOST_ONLY = "__Host-"
SAME = "same-origin"


def nonce(request: HttpRequest) -> dict[str, object]:
    """For templates: what each script of this answer has to carry, as django-htmx asks for it."""
    return {"csp_nonce": request.csp_nonce}  # type: ignore[attr-defined]


class Headers:
    """Middleware: the headers that Django itself does not set."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response["Cross-Origin-Resource-Policy"] = SAME
        response["Permissions-Policy"] = PERMISSIONS
        if request.path.startswith(PORTAL):
            # Addresses hold the secret of a link.
            response["Referrer-Policy"] = "no-referrer"
        if not _is_static(request, response):
            response["Cache-Control"] = NOT_KEPT
        if _is_sign_out(request):
            response["Clear-Site-Data"] = CLEARED
        return response


class HostOnlyCookies:
    """Middleware: over HTTPS the browser knows each cookie as `__Host-…`, whoever sets it.

    Such a cookie comes from this very host and over HTTPS, or the browser does not take it; one
    without the prefix may be from a neighbouring host, and is not looked at.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.IS_HTTPS:
            return self.get_response(request)
        request.COOKIES = {
            name.removeprefix(HOST_ONLY): value
            for name, value in request.COOKIES.items()
            if name.startswith(HOST_ONLY)
        }
        response = self.get_response(request)
        named: SimpleCookie = SimpleCookie()
        for name, cookie in response.cookies.items():
            prefixed = HOST_ONLY + name
            named[prefixed] = cookie.value
            for attribute, setting in cookie.items():
                named[prefixed][attribute] = setting
            named[prefixed]["path"] = "/"
            named[prefixed]["secure"] = True
        response.cookies = named
        return response


class WithheldOrigin:
    """Middleware: where a form of the portal comes from, when the browser was told not to say.

    With `no-referrer` a form sends `Origin: null`, which Django refuses. It is taken for ours when
    what the browser says of the sender's site does not speak against it; the form's token is asked
    for as everywhere.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_withheld = request.headers.get("Origin") == "null" and request.path.startswith(PORTAL)
        if is_withheld and request.headers.get("Sec-Fetch-Site", SAME) == SAME:
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
        return self.get_response(request)


def _is_static(request: HttpRequest, response: HttpResponseBase) -> bool:
    return request.path.startswith(settings.STATIC_URL) and response.status_code < 400


def _is_sign_out(request: HttpRequest) -> bool:
    match = request.resolver_match
    return request.method == "POST" and match is not None and match.view_name in SIGN_OUTS
