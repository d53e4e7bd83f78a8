"""Alerts: seen, opened, answered and closed with a note; and pauses, lifted."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, staff
from clinics.pages import newest_page
from prescriptions import watch
from prescriptions.alert_forms import CloseForm
from prescriptions.alerts import (
    AlertRow,
    log_behind,
    open_alerts,
    paused_in_words,
    pauses_of,
    rows,
)
from prescriptions.models import Alert, Pause, Tier


@require_safe
@staff(Can.VIEW)
def alerts(request: StaffRequest) -> HttpResponse:
    """All open alerts of the clinic, the newest first, or those of one tier."""
    asked = request.GET.get("tier", "")
    tier = next((tier for tier in Tier if str(tier.value) == asked), None)
    before = request.GET.get("before")
    page = newest_page(open_alerts(request.clinic, tier=tier), before=before)
    context = {
        "rows": rows(page.rows, now=timezone.now()),
        "page": page,
        "before": before,
        "tier": tier,
        "tiers": Tier.choices,
    }
    return render(request, "prescriptions/alerts.html", context)


@require_safe
@staff(Can.VIEW)
def alert(request: StaffRequest, pk: int) -> HttpResponse:
    """One alert with the log behind it; looking at the page does not open it."""
    return _page(request, _alert(request, pk))


@require_POST
@staff(Can.ATTEND)
def look(request: StaffRequest, pk: int) -> HttpResponse:
    """Somebody is looking: the clock stops."""
    shown = _alert(request, pk)
    watch.open_alert(alert=shown, by=request.user, at=timezone.now())
    return redirect("prescriptions:alert", shown.pk)


@require_POST
@staff(Can.ATTEND)
def close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close an alert with its note, and lift the pauses named in the same act."""
    shown = _alert(request, pk)
    form = CloseForm(request.POST, paused=pauses_of(shown.patient))
    if not form.is_valid():
        return _page(request, shown, form)
    try:
        watch.close_alert(
            alert=shown,
            contact=form.cleaned_data["contact"],
            decision=form.cleaned_data["decision"],
            lifting=form.lifted,
            by=request.user,
            at=timezone.now(),
        )
    except watch.AlreadyClosed:
        messages.error(request, "This alert was closed already. Your note was not stored.")
    else:
        messages.success(request, "The alert is closed.")
    return redirect("prescriptions:alert", shown.pk)


@require_http_methods(["GET", "POST"])
@staff(Can.ATTEND)
def lift(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a paused exercise or direction go on, once it is confirmed."""
    pauses = Pause.objects.of(request.clinic)
    pause = get_object_or_404(pauses.select_related("patient", "exercise__current"), pk=pk)
    name = paused_in_words(pause)
    if pause.lifted_at is not None:
        messages.info(request, f"{name} was let go on already.")
        return redirect(pause.patient)
    if request.method == "POST":
        watch.lift(pause=pause, by=request.user, at=timezone.now())
        messages.success(request, f"{name} goes on.")
        return redirect(pause.patient)
    context = {"patient": pause.patient, "pause": pause, "name": name}
    return render(request, "prescriptions/alert_lift.html", context)


def _alert(request: StaffRequest, pk: int) -> Alert:
    found = Alert.objects.of(request.clinic).select_related(
        "patient__clinic", "opened_by", "closed_by"
    )
    shown: Alert = get_object_or_404(found, pk=pk)
    return shown


def _page(request: StaffRequest, shown: Alert, form: CloseForm | None = None) -> HttpResponse:
    paused = pauses_of(shown.patient)
    context = {
        "alert": shown,
        "row": AlertRow(shown, timezone.now()),
        "patient": shown.patient,
        "behind": log_behind(shown),
        "paused": paused,
        "form": form or CloseForm(paused=paused),
    }
    return render(request, "prescriptions/alert.html", context)
