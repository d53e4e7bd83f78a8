from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from clinics import actions
from clinics.access import (
    CHOSEN_CLINIC,
    Can,
    PersonRequest,
    StaffRequest,
    confirmed,
    following,
    person,
    staff,
)
from clinics.audit_alarms import last_alarms
from clinics.audit_trail import check_newest, last_check
from clinics.forms import AuditSearchForm, ChooseClinicForm, NumbersForm, SettingsForm
from clinics.models import AuditEvent, Clinic, Membership
from clinics.pages import newest_page
from clinics.telling import audit_csv, audit_lines

TOUCHED_SHOWN = 200
# As much of the chain as a page can walk each time it is opened; the whole is for the night.
LINES_CHECKED = 500
LINES_EXPORTED = 50_000


@require_http_methods(["GET", "POST"])
@person
def choose(request: PersonRequest) -> HttpResponse:
    """Choose one of the clinics one works in; everything afterwards happens in that one."""
    memberships = Membership.objects.active().of_user(request.user).with_clinics()
    data = request.POST if request.method == "POST" else None
    form = ChooseClinicForm(data, memberships=memberships)
    if form.is_valid():
        request.session[CHOSEN_CLINIC] = form.cleaned_data["membership"].clinic_id
        return HttpResponseRedirect(following(request))
    context = {"memberships": memberships, "form": form, "following": following(request)}
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
    """Who saw and did what, newest first, and whether the trail is whole."""
    before = request.GET.get("before")
    form = AuditSearchForm(request.GET or None, clinic=request.clinic)
    found = form.found(AuditEvent.objects.of(request.clinic))
    page = newest_page(found.with_lines(), before=before)
    touched = found.patients_touched(most=TOUCHED_SHOWN + 1) if form.one_person else []
    context = {
        "form": form,
        "lines": audit_lines(page.rows),
        "page": page,
        "before": before,
        "touched": touched[:TOUCHED_SHOWN],
        "touched_more": len(touched) > TOUCHED_SHOWN,
        "newest": check_newest(request.clinic.pk, lines=LINES_CHECKED),
        "lines_checked": LINES_CHECKED,
        "checked": last_check(request.clinic),
        "alarms": last_alarms(request.clinic, at=timezone.now()),
    }
    return render(request, "clinics/audit.html", context)


@require_safe
@staff(Can.EXPORT)
@confirmed
def audit_export(request: StaffRequest) -> HttpResponse:
    """What was found in the audit trail, as a file for a spreadsheet."""
    form = AuditSearchForm(request.GET or None, clinic=request.clinic)
    found = form.found(AuditEvent.objects.of(request.clinic)).with_lines().order_by("-pk")
    events = list(found[: LINES_EXPORTED + 1])
    if (form.is_bound and not form.is_valid()) or len(events) > LINES_EXPORTED:
        messages.error(
            request, f"Choose a shorter time: one file holds up to {LINES_EXPORTED:,} lines."
        )
        return redirect(f"{reverse('clinics:audit')}?{request.GET.urlencode()}")
    actions.note_audit_export(
        clinic=request.clinic, by=request.user, lines=len(events), asked=form.asked
    )
    response = HttpResponse(audit_csv(events), content_type="text/csv; charset=utf-8")
    name = f"audit-trail-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
