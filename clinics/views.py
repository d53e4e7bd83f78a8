from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from clinics import actions
from clinics.access import CHOSEN_CLINIC, Can, PersonRequest, StaffRequest, person, staff
from clinics.forms import ChooseClinicForm, NumbersForm, SettingsForm
from clinics.models import AuditEvent, Clinic, Membership
from clinics.pages import newest_page
from clinics.telling import audit_lines


@require_http_methods(["GET", "POST"])
@person
def choose(request: PersonRequest) -> HttpResponse:
    """Choose one of the clinics one works in; everything afterwards happens in that one."""
    memberships = Membership.objects.active().of_user(request.user).with_clinics()
    data = request.POST if request.method == "POST" else None
    form = ChooseClinicForm(data, memberships=memberships)
    following = _following(request)
    if form.is_valid():
        request.session[CHOSEN_CLINIC] = form.cleaned_data["membership"].clinic_id
        return HttpResponseRedirect(following)
    context = {"memberships": memberships, "form": form, "following": following}
    return render(request, "clinics/choose.html", context)


@require_http_methods(["GET", "POST"])
@staff(Can.ADMINISTER)
def settings(request: StaffRequest) -> HttpResponse:
    # A second copy for the form, which changes its own before anything is stored.
    clinic = Clinic.objects.get(pk=request.clinic.pk)
    data = request.POST if request.method == "POST" else None
    is_numbers = data is not None and data.get("do") == "numbers"
    form = SettingsForm(None if is_numbers else data, instance=clinic)
    numbers = NumbersForm(data if is_numbers else None, clinic=request.clinic)
    if is_numbers and numbers.is_valid():
        kept = request.clinic.thresholds_set | numbers.changes
        actions.change_settings(clinic=request.clinic, by=request.user, thresholds_set=kept)
        messages.success(request, "The numbers are saved.")
        return redirect("clinics:settings")
    if form.is_valid():
        actions.change_settings(clinic=request.clinic, by=request.user, **form.changes)
        messages.success(request, "The settings are saved.")
        return redirect("clinics:settings")
    context = {"form": form, "numbers": numbers}
    return render(request, "clinics/settings.html", context)


@require_safe
@staff(Can.READ_TRAIL)
def audit_trail(request: StaffRequest) -> HttpResponse:
    """Who did what, newest first."""
    before = request.GET.get("before")
    page = newest_page(AuditEvent.objects.of(request.clinic), before=before)
    context = {"lines": audit_lines(page.rows), "page": page, "before": before}
    return render(request, "clinics/audit.html", context)


def _following(request: PersonRequest) -> str:
    """Where the person was going: an address of ours, otherwise the first page."""
    following = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = following.startswith("/") and url_has_allowed_host_and_scheme(following, None)
    return following if is_ours else "/"
