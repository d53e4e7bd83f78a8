"""The patient door: a signed cookie names the device, and the database says if it may enter."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from clinics import tenancy
from clinics.models import Clinic
from patients import actions
from patients.actions import Credentials
from patients.models import Device, Patient
from portal.languages import in_language, in_the_phones_language

View = Callable[..., HttpResponse]
COOKIE = "bearing_portal"
COOKIE_PATH = "/my/"
STAYS_SIGNED_IN = timedelta(days=90)


class PatientRequest(HttpRequest):
    """What a view behind `patient_only` receives."""

    patient: Patient
    clinic: Clinic
    device: Device


def patient_only(view: View) -> View:
    """Let in a device that a patient signed in on.

    The view runs in one transaction that sees this patient and nobody else.
    """

    @login_not_required
    @never_cache
    @in_the_phones_language
    @wraps(view)
    def enter(request: PatientRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = _as_patient(request, view, *args, **kwargs)
        if response is None:
            return render(request, "portal/closed.html", status=401)
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


def sign_in(response: HttpResponse, credentials: Credentials) -> None:
    """Let the browser keep what opens the portal, signed, out of reach of scripts."""
    clinic_id, patient_id, secret = credentials
    response.set_signed_cookie(
        COOKIE,
        f"{clinic_id}:{patient_id}:{secret}",
        salt=COOKIE,
        max_age=STAYS_SIGNED_IN,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def sign_out(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, path=COOKIE_PATH)


def _as_patient(
    request: PatientRequest, view: View, *args: object, **kwargs: object
) -> HttpResponse | None:
    """The view's answer to the patient of this device; None when nobody is signed in on it."""
    credentials = _credentials(request)
    if credentials is None:
        return None
    with tenancy.inside(credentials.clinic_id, patient_id=credentials.patient_id):
        secret_hash = actions.hash_of(credentials.secret)
        device = Device.objects.active().with_patient().with_secret(secret_hash)
        if device is None or device.patient.is_archived:
            return None
        actions.seen(device=device, at=timezone.now())
        request.device, request.patient = device, device.patient
        request.clinic = device.patient.clinic
        with timezone.override(device.patient.zone), in_language(device.patient.language):
            return view(request, *args, **kwargs)


def _credentials(request: HttpRequest) -> Credentials | None:
    value = request.get_signed_cookie(COOKIE, default=None, salt=COOKIE, max_age=STAYS_SIGNED_IN)
    if value is None:
        return None
    clinic_id, patient_id, secret = value.split(":")
    return Credentials(int(clinic_id), int(patient_id), secret)
