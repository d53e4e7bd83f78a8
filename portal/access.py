"""The patient door: a signed cookie names the device, and the database says if it may enter.

A phone can be shared. The cookie then names several people, the one who uses it now first; a page
belongs to one of them and says which, and what is sent from it is taken as theirs.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.cache import never_cache

from clinics import reads, tenancy
from clinics.models import Clinic
from patients import actions
from patients.actions import Credentials
from patients.models import MOST_PEOPLE, STAYS_SIGNED_IN, Device, Patient
from portal.languages import in_language, in_the_phones_language

View = Callable[..., HttpResponse]
COOKIE = "bearing_portal"
COOKIE_PATH = "/my/"
BETWEEN_PEOPLE = "~"
SAFE = {"GET", "HEAD"}
# Pages that send by script say in this header whose they are; forms, in a field `who`.
WHO_HEADER = "Bearing-Who"
# A phone with a PIN: the cookie ends with the browser, and when nothing was opened for so long.
UNLOCKED_COOKIE = "bearing_unlocked"
UNLOCKED_FOR = timedelta(minutes=5)
# Tells scripts that an answer of 401 means a locked phone, not one that is signed out.
LOCKED_HEADER = "Bearing-Locked"


class PatientRequest(HttpRequest):
    """What a view behind `patient_only` receives."""

    patient: Patient
    clinic: Clinic
    device: Device
    who: str
    is_shared: bool  # somebody else is signed in on this phone too
    is_locked: bool  # the phone's PIN has to be typed first


def patient_only(view: View) -> View:
    """Let in a device that a patient signed in on.

    The view runs in one transaction that sees this patient and nobody else.
    """

    @login_not_required
    @never_cache
    @in_the_phones_language
    @wraps(view)
    def enter(request: PatientRequest, *args: object, **kwargs: object) -> HttpResponse:
        request.is_locked = False
        response = _as_patient(request, view, *args, **kwargs)
        if response is None:
            page = "portal/locked.html" if request.is_locked else "portal/closed.html"
            response = render(request, page, status=401)
            if request.is_locked:
                response[LOCKED_HEADER] = "pin"
        return response

    enter.door = "patient"  # type: ignore[attr-defined]
    return enter


def anyone(view: View) -> View:
    """Let in whoever needs help. A patient who is signed in stays who they are."""

    @login_not_required
    @never_cache
    @in_the_phones_language
    @wraps(view)
    def enter(request: PatientRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = _as_patient(request, view, *args, **kwargs)
        return view(request, *args, **kwargs) if response is None else response

    enter.door = "anyone"  # type: ignore[attr-defined]
    return enter


def link_holder(view: View) -> View:
    """Let in whoever holds a link, and treat everybody alike, signed in or not."""

    @login_not_required
    @never_cache
    @in_the_phones_language
    @wraps(view)
    def enter(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return view(request, *args, **kwargs)

    enter.door = "link"  # type: ignore[attr-defined]
    return enter


def doorstep(view: View) -> View:
    """Let everybody stand here, with no clinic and no patient: it is where people come in."""
    enter = link_holder(view)
    enter.door = "doorstep"  # type: ignore[attr-defined]
    return enter


def who_of(device: Device) -> str:
    """Whose a page is, for the page and the phone's own store; it tells nobody else anything.

    It is the patient's, not the phone's: what waited on a phone while nobody was signed in goes
    out once the same person is signed in on it again.
    """
    return _who(device.clinic_id, device.patient_id)


def signed_in(request: HttpRequest) -> list[Credentials]:
    """The people who signed in on this browser, the one who uses it now first."""
    value = request.get_signed_cookie(COOKIE, default="", salt=COOKIE, max_age=STAYS_SIGNED_IN)
    return [_credentials(one) for one in value.split(BETWEEN_PEOPLE)] if value else []


def device_of(credentials: Credentials) -> Device | None:
    """The phone with the patient, when it is still signed in; as the portal's role sees it."""
    open_now = Device.objects.open_at(timezone.now()).with_patient()
    device = open_now.with_secret(actions.hash_of(credentials.secret))
    return device if device and not device.patient.is_archived else None


def keep(response: HttpResponse, people: Sequence[Credentials]) -> None:
    """Let the browser keep what opens the portal, signed, out of reach of scripts."""
    if not people:
        response.delete_cookie(COOKIE, path=COOKIE_PATH)
        return
    response.set_signed_cookie(
        COOKIE,
        BETWEEN_PEOPLE.join(f"{one.clinic_id}:{one.patient_id}:{one.secret}" for one in people),
        salt=COOKIE,
        max_age=STAYS_SIGNED_IN,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def sign_in(
    response: HttpResponse, *credentials: Credentials, beside: Sequence[Credentials] = ()
) -> list[Credentials]:
    """Make these the people who use the browser now, `beside` those who signed in before.

    Returns those of before who had to make room: one's own earlier sign-in, and whoever used the
    browser longest ago when there are too many.
    """
    people = list(credentials)
    people += [one for one in beside if not any(one.is_same_person(new) for new in credentials)]
    people = people[:MOST_PEOPLE]
    keep(response, people)
    return [one for one in beside if one not in people]


def sign_out(request: PatientRequest, response: HttpResponse) -> None:
    """Forget the person whom the request is from; the others stay."""
    keep(response, [one for one in signed_in(request) if _who(*one[:2]) != request.who])


def _as_patient(
    request: PatientRequest, view: View, *args: object, **kwargs: object
) -> HttpResponse | None:
    """The view's answer to the patient of this device; None when nobody is signed in on it."""
    people = signed_in(request)
    credentials = whose(request, people)
    if credentials is None:
        return None
    now = timezone.now()
    with (
        reads.refusals(request) as asking,
        tenancy.inside(credentials.clinic_id, patient_id=credentials.patient_id),
    ):
        device = device_of(credentials)
        if device is None:
            return None
        if device.pin_hash and request.method in SAFE and not _is_unlocked(request, device):
            request.is_locked = True
            return None
        is_noted = actions.seen(device=device, at=now)
        request.device, request.patient = device, device.patient
        request.clinic = device.patient.clinic
        asking.known_as(device.patient, clinic_id=request.clinic.pk, patient_id=device.patient.pk)
        request.who, request.is_shared = who_of(device), len(people) > 1
        with timezone.override(device.patient.zone), in_language(device.patient.language):
            response = view(request, *args, **kwargs)
    if device.pin_hash and _is_unlocked(request, device):
        unlock(response, device)
    if COOKIE in response.cookies:
        return response
    if "who" in request.POST and credentials != people[0]:
        # Whoever pressed the button is the one who uses the browser now.
        sign_in(response, credentials, beside=people)
    elif is_noted:
        keep(response, people)
    return response


def unlock(response: HttpResponse, device: Device) -> None:
    """Show this phone's pages for a while without asking for the PIN."""
    response.set_signed_cookie(
        UNLOCKED_COOKIE,
        str(device.pk),
        salt=UNLOCKED_COOKIE,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _is_unlocked(request: HttpRequest, device: Device) -> bool:
    unlocked = request.get_signed_cookie(
        UNLOCKED_COOKIE, default=None, salt=UNLOCKED_COOKIE, max_age=UNLOCKED_FOR
    )
    return unlocked == str(device.pk)


def whose(request: HttpRequest, people: Sequence[Credentials]) -> Credentials | None:
    """The person whom the request says it is from, or else the one who uses the browser now."""
    said = request.headers.get(WHO_HEADER, request.POST.get("who"))
    if said is None:
        return people[0] if people else None
    return next((one for one in people if said in _whos(*one[:2])), None)


def _who(clinic_id: int, patient_id: int) -> str:
    return _whos(clinic_id, patient_id)[0]


def _whos(clinic_id: int, patient_id: int) -> list[str]:
    """Today's, then those of older secret keys: with them waits what a phone has not sent yet."""
    value, keys = f"{clinic_id}:{patient_id}", [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [
        salted_hmac("portal.who", value, secret=key, algorithm="sha256").hexdigest()[:16]
        for key in keys
    ]


def _credentials(value: str) -> Credentials:
    clinic_id, patient_id, secret = value.split(":")
    return Credentials(int(clinic_id), int(patient_id), secret)
