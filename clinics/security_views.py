"""One's own sign-in: its factors, its sessions, and the lock of an idle screen."""

from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.core.ratelimit import consume_or_429
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import begin_authentication
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView
from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics import actions, second_factor, sessions
from clinics.access import (
    Can,
    PersonRequest,
    StaffRequest,
    confirmed,
    following,
    person,
    staff,
)
from clinics.forms import SignInRulesForm
from clinics.middleware import came_from
from clinics.models import Clinic
from clinics.second_factor_forms import PasskeyAgainForm

HTML, JSON = "text/html", "application/json"
AFTERWARDS = "after_second_step"
SOMEBODY_ELSE = "Somebody else has signed in on this browser. Open the page anew."


@require_safe
@person
def security(request: PersonRequest) -> HttpResponse:
    """What one signs in with, and where one is signed in."""
    factors = second_factor.factors_of(request.user)
    codes = Authenticator.objects.filter(
        user=request.user, type=Authenticator.Type.RECOVERY_CODES
    ).first()
    context = {
        "passkeys": [one for one in factors if one.type == Authenticator.Type.WEBAUTHN],
        "app": next((one for one in factors if one.type == Authenticator.Type.TOTP), None),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "has_factor": bool(factors),
        "sessions": sessions.of(request, request.user),
    }
    return render(request, "clinics/security.html", context)


@require_safe
@person
def second_step(request: PersonRequest) -> HttpResponse:
    """Where those come to who have no second factor yet, or have set one up just now."""
    if second_factor.is_given(request):
        return HttpResponseRedirect(request.session.pop(AFTERWARDS, following(request)))
    request.session[AFTERWARDS] = following(request)
    return render(request, "clinics/second_step.html")


@require_safe
@staff(Can.ADMINISTER)
def sign_in_rules(request: StaffRequest) -> HttpResponse:
    """How the clinic's staff sign in."""
    return _rules_page(request, SignInRulesForm(instance=request.clinic))


@require_POST
@staff(Can.ADMINISTER)
@confirmed
def change_sign_in_rules(request: StaffRequest) -> HttpResponse:
    # A second copy for the form, which changes its own before anything is stored.
    clinic = Clinic.objects.get(pk=request.clinic.pk)
    form = SignInRulesForm(request.POST, instance=clinic)
    if not form.is_valid():
        return _rules_page(request, form)
    actions.change_settings(clinic=request.clinic, by=request.user, **form.changes)
    messages.success(request, "The rules are saved.")
    return redirect("clinics:sign_in_rules")


def _rules_page(request: StaffRequest, form: SignInRulesForm) -> HttpResponse:
    return render(request, "clinics/sign_in_rules.html", {"form": form})


@require_POST
@person
def end_session(request: PersonRequest) -> HttpResponse:
    if sessions.end(request.user, request.POST.get("session", "")):
        messages.success(request, "That browser is signed out.")
    return redirect("clinics:security")


@require_POST
@person
def end_other_sessions(request: PersonRequest) -> HttpResponse:
    sessions.end_others(request, request.user)
    messages.success(request, "You are signed out everywhere else.")
    return redirect("clinics:security")


@require_POST
@person
def lock(request: PersonRequest) -> HttpResponse:
    """Lock this browser until its owner is back; the scripts of a page have covered it already."""
    sessions.lock(request.session)
    if _wants_data(request):
        return HttpResponse(status=204)
    return redirect(f"{reverse('clinics:locked')}?{urlencode({'next': came_from(request)})}")


@require_POST
@person
def active(request: PersonRequest) -> HttpResponse:
    """A page tells that somebody used it, though it asked for nothing."""
    sessions.note_activity(request.session)
    return JsonResponse({"user": request.user.pk})


@never_cache
@require_http_methods(["GET", "POST"])
@person
def locked(request: PersonRequest) -> HttpResponse:
    """Back to a locked screen by password or passkey; the cover of a page asks here by script."""
    form = _unlocking_form(request)
    if request.method == "POST":
        if request.POST.get("user", str(request.user.pk)) != str(request.user.pk):
            return JsonResponse({"problem": SOMEBODY_ELSE}, status=409)
        if too_many := consume_or_429(request, action="reauthenticate", user=request.user):
            return too_many
        if form.is_valid():
            _confirm(request, form)
            if _wants_data(request):
                return JsonResponse({"user": request.user.pk})
            return HttpResponseRedirect(following(request))
    if _wants_data(request):
        return _as_data(request, form)
    context = {"form": form, "following": following(request)}
    return render(request, "clinics/locked.html", context)


def _unlocking_form(request: PersonRequest) -> Any:
    data = request.POST if request.method == "POST" else None
    if data and "credential" in data:
        return PasskeyAgainForm(data, user=request.user)
    return ReauthenticateForm(data, user=request.user)


def _confirm(request: PersonRequest, form: Any) -> None:
    if isinstance(form, PasskeyAgainForm):
        form.save()
    else:
        reauthenticate_by_password(request)


def _as_data(request: PersonRequest, form: forms.Form) -> HttpResponse:
    """What is wrong with what was sent; or the question for a passkey, where there is one."""
    if form.is_bound:
        problem = next(iter(form.errors.values()))[0]
        return JsonResponse({"problem": problem}, status=422)
    has_passkey = Authenticator.objects.filter(
        user=request.user, type=Authenticator.Type.WEBAUTHN
    ).exists()
    return JsonResponse({"request": begin_authentication(request.user) if has_passkey else None})


def _wants_data(request: PersonRequest) -> bool:
    return request.get_preferred_type([HTML, JSON]) == JSON


class PasskeyAgainView(ReauthenticateWebAuthnView):
    """django-allauth's, which would send a failed try to the page for signing in."""

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        for problem in form.errors.get("credential", []):
            messages.error(self.request, str(problem))
        return HttpResponseRedirect(self.request.get_full_path())


passkey_again = PasskeyAgainView.as_view()
