"""What is answered when something is refused, not found or broken.

Below the portal's address a patient reads it in their own language; elsewhere staff read theirs.
"""

from dataclasses import dataclass

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import csrf, defaults

from clinics.api_tokens import Refusal, as_json
from clinics.marking import translatable
from portal.access import COOKIE_PATH, anyone, link_holder
from portal.languages import in_language, in_the_phones_language
from prescriptions.fhir.outcome import as_outcome

PAGE = "portal/failed.html"
# Programs read a refusal as the addresses that they ask write it.
FOR_PROGRAMS: dict[str, Refusal] = {"/fhir/": as_outcome, "/api/": as_json}


@dataclass(frozen=True)
class Failure:
    """One kind of failure, in words for patients."""

    status: int
    heading: str
    text: str


NOT_UNDERSTOOD = Failure(
    400,
    translatable("That did not work"),
    translatable("Nothing was saved. Go to Today and try once more."),
)
FORBIDDEN = Failure(
    403,
    translatable("This page is not open to you"),
    translatable("Go to Today. There you find what is yours."),
)
OPEN_TOO_LONG = Failure(
    403,
    translatable("The page was open too long"),
    translatable("To keep you safe, nothing was saved. Go to Today and try once more."),
)
NOT_FOUND = Failure(
    404,
    translatable("We cannot find this page"),
    translatable("The address may be wrong, or the page is gone. Your stretches are on Today."),
)
TOO_MANY = Failure(
    429,
    translatable("Too many tries"),
    translatable("Please wait a minute, then try again."),
)
BROKEN = Failure(
    500,
    translatable("Something went wrong on our side"),
    translatable(
        "It is not your fault. What you sent may not be saved. Wait a minute, then look on Today"
        " before you send it again."
    ),
)


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Status 400, or 413 for what is too large to be read."""
    if refused := _for_programs(request):
        response = refused(400, "The request cannot be read.")
    elif _is_a_patients(request):
        response = _failed(request, NOT_UNDERSTOOD)
    else:
        response = defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        response.status_code = 413
    return response


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Status 403."""
    if refused := _for_programs(request):
        return refused(403, "This is not open to you.")
    if _is_a_patients(request):
        return _failed(request, FORBIDDEN)
    return defaults.permission_denied(request, exception)


def open_too_long(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Status 403, for a form whose token is not that of the browser."""
    if _is_a_patients(request):
        return _failed(request, OPEN_TOO_LONG)
    return csrf.csrf_failure(request, reason)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Status 404."""
    if refused := _for_programs(request):
        return refused(404, "There is nothing here by this address.")
    if _is_a_patients(request):
        return _failed(request, NOT_FOUND)
    return defaults.page_not_found(request, exception)


def too_many(request: HttpRequest, *, seconds: int = 60) -> HttpResponse:
    """Status 429, with the seconds to wait."""
    if _is_a_patients(request):
        response = _alike_for_all(request, TOO_MANY)
    else:
        response = render(request, "429.html", status=429)
    response["Retry-After"] = str(seconds)
    return response


def broken(request: HttpRequest) -> HttpResponse:
    """Status 500. A number for the clinic's question is all that is said of what broke."""
    if refused := _for_programs(request):
        reference = getattr(request, "reference", "")
        return refused(500, f"Something went wrong on our side; the log knows it as {reference}.")
    if _is_a_patients(request):
        return _broken(request)
    return HttpResponseServerError(render_to_string("500.html", _told_of(request)))


def _for_programs(request: HttpRequest) -> Refusal | None:
    """How a refusal is written below this address; None where people read it."""
    found = (refused for begin, refused in FOR_PROGRAMS.items() if request.path.startswith(begin))
    return next(found, None)


def _is_a_patients(request: HttpRequest) -> bool:
    return request.path.startswith(COOKIE_PATH)


@anyone
def _failed(request: HttpRequest, failure: Failure) -> HttpResponse:
    return render(request, PAGE, {"failure": failure}, status=failure.status)


@link_holder
def _alike_for_all(request: HttpRequest, failure: Failure) -> HttpResponse:
    """Without a look at who it is: too many ask already."""
    return render(request, PAGE, {"failure": failure}, status=failure.status)


@in_the_phones_language
def _broken(request: HttpRequest) -> HttpResponse:
    """Asks the database nothing: it may be what is broken.

    Who the patient is stands in the request where the failed view had found out.
    """
    patient = getattr(request, "patient", None)
    with in_language(patient.language if patient else ""):
        # Without the context processors: these would look for messages in the session.
        return HttpResponseServerError(
            render_to_string(PAGE, {**_told_of(request), "failure": BROKEN})
        )


def _told_of(request: HttpRequest) -> dict[str, object]:
    """The number under which the log knows the request; only machines read the rest there."""
    return {"request": request, "reference": getattr(request, "reference", "")}
