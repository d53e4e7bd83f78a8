"""How patients come into the portal, who uses a shared phone, and how they leave."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics import tenancy
from patients import actions, mails, pins, signing_in
from patients.actions import Credentials, InvitationRefused
from patients.models import Device
from patients.models.access import DeviceQuerySet
from patients.signing_in import CodeRefused
from patients.tries import TooSoon
from portal.access import (
    PatientRequest,
    device_of,
    doorstep,
    keep,
    link_holder,
    patient_only,
    sign_in,
    sign_out,
    signed_in,
    unlock,
    who_of,
    whose,
)
from portal.devices import device_label
from portal.entering_forms import CodeForm, EmailForm, MailedCodeForm, PinForm
from portal.network import network_of

ASKED_COOKIE = "bearing_asked"
ASKED_PATH = "/my/new-phone/"


@require_http_methods(["GET", "POST"])
@link_holder
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """The link that a therapist gave. Looking at it changes nothing; the button uses it up."""
    now = timezone.now()
    try:
        with tenancy.inside(actions.clinic_of(token)):
            if request.method != "POST":
                invitation = actions.find_invitation(token=token, at=now)
                return render(request, "portal/enter.html", {"clinic": invitation.patient.clinic})
            credentials = actions.accept_invitation(token=token, label=_label(request), at=now)
    except InvitationRefused:
        return render(request, "portal/refused.html", status=404)
    return _let_in(request, [credentials])


@require_http_methods(["GET", "POST"])
@doorstep
def code(request: HttpRequest) -> HttpResponse:
    """The code that is printed beside the link, with the birth date."""
    form = CodeForm(request.POST or None)
    context = {"form": form}
    if not form.is_valid():
        return render(request, "portal/code.html", context)
    try:
        credentials = signing_in.sign_in_with_code(
            code=form.cleaned_data["code"],
            birth_date=form.cleaned_data["birth_date"],
            address=network_of(request),
            label=_label(request),
            at=timezone.now(),
        )
    except CodeRefused:
        return render(request, "portal/code.html", context | {"is_refused": True})
    except TooSoon as wait:
        return _later(request, "portal/code.html", context, wait)
    return _let_in(request, [credentials])


@require_http_methods(["GET", "POST"])
@doorstep
def new_phone(request: HttpRequest) -> HttpResponse:
    """Ask for a code by e-mail. What is done, shown and sent tells nobody who is a patient.

    A message goes to every address: to one that nobody has, it says so. So the answer takes as
    long, and whoever mistook the address learns it.
    """
    form = EmailForm(request.POST or None)
    context: dict[str, object] = {"form": form}
    if not form.is_valid():
        return render(request, "portal/new_phone.html", context)
    email = form.cleaned_data["email"]
    try:
        secret, digits = signing_in.make_mailed_code(
            email=email, address=network_of(request), at=timezone.now()
        )
        mails.send_code(to=email, code=digits if signing_in.patients_of(email) else None)
    except TooSoon as wait:
        return _later(request, "portal/new_phone.html", context, wait)
    except mails.NotSent:
        context = {"form": form, "is_not_sent": True}
        return render(request, "portal/new_phone.html", context, status=503)
    response = redirect("portal:mailed_code")
    response.set_signed_cookie(
        ASKED_COOKIE,
        f"{secret} {email}",
        salt=ASKED_COOKIE,
        max_age=signing_in.MAILED_CODE_LASTS,
        path=ASKED_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_http_methods(["GET", "POST"])
@doorstep
def mailed_code(request: HttpRequest) -> HttpResponse:
    """Type the code from the e-mail, on the browser that asked for it."""
    lasts = signing_in.MAILED_CODE_LASTS
    asked = request.get_signed_cookie(ASKED_COOKIE, default="", salt=ASKED_COOKIE, max_age=lasts)
    if not asked:
        return redirect("portal:new_phone")
    secret, _space, email = asked.partition(" ")
    form = MailedCodeForm(request.POST or None)
    context = {"form": form, "email": email}
    if not form.is_valid():
        return render(request, "portal/mailed_code.html", context)
    try:
        credentials = signing_in.sign_in_with_mailed_code(
            email=email,
            secret=secret,
            code=form.cleaned_data["code"],
            address=network_of(request),
            label=_label(request),
            at=timezone.now(),
        )
    except CodeRefused:
        return render(request, "portal/mailed_code.html", context | {"is_refused": True})
    except TooSoon as wait:
        return _later(request, "portal/mailed_code.html", context, wait)
    response = _let_in(request, credentials)
    response.delete_cookie(ASKED_COOKIE, path=ASKED_PATH)
    return response


@require_http_methods(["GET", "POST"])
@doorstep
def people(request: HttpRequest) -> HttpResponse:
    """Who is signed in on this phone; a button says who uses it now."""
    here = signed_in(request)
    found = [(one, _person(one)) for one in here]
    if request.method == "POST":
        who = request.POST.get("who")
        chosen = [one for one, person in found if person and person["who"] == who]
        response = redirect("portal:today" if chosen else "portal:people")
        keep(response, [*chosen, *(one for one in here if one not in chosen)])
        return response
    shown = [person for _one, person in found if person]
    return render(request, "portal/people.html", {"people": shown})


@require_safe
@patient_only
def phones(request: PatientRequest) -> HttpResponse:
    """The phones on which this patient is signed in."""
    address = f"{settings.SITE_URL}{reverse('portal:new_phone')}".partition("://")[2]
    context = {"phones": _phones(request), "address": address}
    return render(request, "portal/phones.html", context)


@require_POST
@patient_only
def sign_out_phone(request: PatientRequest, pk: int) -> HttpResponse:
    """Sign out one of the patient's phones, which may be this one."""
    device = get_object_or_404(_phones(request), pk=pk)
    if device == request.device:
        return _leave(request)
    actions.revoke_device(device=device, at=timezone.now(), by=request.patient)
    messages.success(request, _("That phone is signed out."))
    return redirect("portal:phones")


@require_POST
@patient_only
def sign_out_others(request: PatientRequest) -> HttpResponse:
    """Sign out every phone of the patient but this one."""
    for device in _phones(request):
        if device != request.device:
            actions.revoke_device(device=device, at=timezone.now(), by=request.patient)
    messages.success(request, _("All other phones are signed out."))
    return redirect("portal:phones")


@require_http_methods(["GET", "POST"])
@patient_only
def choose_pin(request: PatientRequest) -> HttpResponse:
    """Choose a PIN for this phone, where there is none yet."""
    if request.device.pin_hash:
        return redirect("portal:phones")
    form = PinForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "portal/pin.html", {"form": form})
    pins.choose(device=request.device, pin=form.cleaned_data["pin"])
    messages.success(request, _("This phone asks for the PIN from now on."))
    response = redirect("portal:phones")
    unlock(response, request.device)
    return response


@require_POST
@doorstep
def type_pin(request: HttpRequest) -> HttpResponse:
    """Open a locked phone, or take its PIN away; both need the PIN."""
    credentials = whose(request, signed_in(request))
    device = credentials and _device(credentials)
    if credentials is None or device is None or not device.pin_hash:
        return redirect("portal:today")
    form = PinForm(request.POST)
    is_right = form.is_valid() and pins.is_right(
        credentials=credentials, device=device, pin=form.cleaned_data["pin"], at=timezone.now()
    )
    if not is_right:
        is_over = _device(credentials) is None
        context = {"is_wrong": not is_over, "is_over": is_over}
        return render(request, "portal/locked.html", context, status=401)
    if "remove" in request.POST:
        with tenancy.inside(credentials.clinic_id, patient_id=credentials.patient_id):
            pins.remove(device=device)
        messages.success(request, _("This phone does not ask for a PIN any more."))
    response = redirect("portal:phones" if "remove" in request.POST else "portal:today")
    unlock(response, device)
    return response


@require_POST
@patient_only
def leave(request: PatientRequest) -> HttpResponse:
    """Sign this phone out."""
    return _leave(request)


def _leave(request: PatientRequest) -> HttpResponse:
    actions.revoke_device(device=request.device, at=timezone.now(), by=request.patient)
    response = render(request, "portal/left.html")
    sign_out(request, response)
    return response


def _let_in(request: HttpRequest, credentials: list[Credentials]) -> HttpResponse:
    """On to the programme, or to the choice of several people.

    Sign-ins that had to make room on this browser end.
    """
    response = redirect("portal:today" if len(credentials) == 1 else "portal:people")
    for gone in sign_in(response, *credentials, beside=signed_in(request)):
        with tenancy.inside(gone.clinic_id, patient_id=gone.patient_id):
            device = device_of(gone)
            if device is not None:
                actions.revoke_device(device=device, at=timezone.now(), by=device.patient)
    return response


def _later(
    request: HttpRequest, page: str, context: Mapping[str, object], wait: TooSoon
) -> HttpResponse:
    """The page again, with the time to wait."""
    minutes = -(-wait.seconds // 60)
    response = render(request, page, {**context, "minutes": minutes}, status=429)
    response["Retry-After"] = str(wait.seconds)
    return response


def _person(credentials: Credentials) -> dict[str, str] | None:
    device = _device(credentials)
    if device is None:
        return None
    patient = device.patient
    return {"who": who_of(device), "name": patient.name, "clinic": patient.clinic.name}


def _device(credentials: Credentials) -> Device | None:
    with tenancy.inside(credentials.clinic_id, patient_id=credentials.patient_id):
        return device_of(credentials)


def _phones(request: PatientRequest) -> DeviceQuerySet:
    mine = Device.objects.of_patient(request.patient)
    return mine.open_at(timezone.now()).last_seen_first()


def _label(request: HttpRequest) -> str:
    return device_label(request.headers.get("User-Agent", ""))
