"""The first page of a therapist: who needs them today, handled one after the other."""

from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, following, may, staff
from patients.models import Patient
from prescriptions import aside
from prescriptions.models import Alert, SavedFilter
from prescriptions.today import (
    MINE,
    Chosen,
    filters_of,
    rows_of,
    tags_of,
    therapists_of,
    today_of,
)
from prescriptions.today_forms import ChooseForm, SaveFilterForm, SeenForm, SnoozeForm


@require_safe
@staff(Can.VIEW)
def today(request: StaffRequest) -> HttpResponse:
    """Who needs somebody today, the most pressing first, each with one line that says why."""
    now = timezone.now()
    everybody = rows_of(request.clinic, now=now)
    form = ChooseForm(
        request.GET or None,
        therapists=therapists_of(everybody),
        tags=tags_of(everybody),
        user_id=request.user.pk,
    )
    chosen = form.chosen
    context = {
        "today": today_of(everybody, chosen=chosen, user=request.user),
        "patients": len(everybody),
        "waiting": sum(row.facts.unread > 0 for row in everybody),
        "form": form,
        "chosen": chosen,
        "is_mine": chosen == Chosen(who=MINE),
        "filters": [
            (kept, _address(kept.who, kept.tag), chosen == Chosen(kept.who, kept.tag))
            for kept in filters_of(request.clinic, request.user)
        ],
        "save_form": SaveFilterForm(),
        "back": "" if chosen == Chosen() else f"?{urlencode({'next': request.get_full_path()})}",
        "seen_at": now.isoformat(),
        "day": timezone.localdate(now, timezone=request.clinic.zone),
        "may_attend": may(request, Can.ATTEND),
        "may_prescribe": may(request, Can.PRESCRIBE),
    }
    return render(request, "prescriptions/today.html", context)


@require_POST
@staff(Can.ATTEND)
def done(request: StaffRequest, pk: int) -> HttpResponse:
    """What stood on the page is dealt with; what came in since stays."""
    patient = _find(request, pk)
    now = timezone.now()
    form = SeenForm(request.POST)
    seen_at: datetime = form.cleaned_data["seen_at"] if form.is_valid() else now
    aside.done(patient=patient, seen_at=seen_at, by=request.user, at=now)
    if Alert.objects.of_patient(patient).open().exists():
        messages.info(request, f"{patient}: done, but for the open alert. Close that with a note.")
    else:
        messages.success(request, f"{patient}: done. Under “Put aside” you can bring it back.")
    return redirect(following(request))


@require_http_methods(["GET", "POST"])
@staff(Can.ATTEND)
def snooze(request: StaffRequest, pk: int) -> HttpResponse:
    """Put a patient aside until a day, with the reason."""
    patient = _find(request, pk)
    now = timezone.now()
    form = SnoozeForm(
        request.POST if request.method == "POST" else None, today=patient.local_date(now)
    )
    if form.is_valid():
        aside.snooze(patient=patient, by=request.user, at=now, **form.cleaned_data)
        until = form.cleaned_data["until"]
        messages.success(request, f"{patient} is put aside until {until:%-d %B}.")
        return redirect(following(request))
    context = {"patient": patient, "form": form, "next": following(request)}
    return render(request, "prescriptions/today_snooze.html", context)


@require_POST
@staff(Can.ATTEND)
def bring_back(request: StaffRequest, pk: int) -> HttpResponse:
    patient = _find(request, pk)
    aside.bring_back(patient=patient, by=request.user, at=timezone.now())
    messages.success(request, f"{patient} is back on the list.")
    return redirect(following(request))


@require_POST
@staff(Can.VIEW)
def save_filter(request: StaffRequest) -> HttpResponse:
    """Keep what the page shows under a name, for whoever asks."""
    everybody = rows_of(request.clinic, now=timezone.now())
    choice = ChooseForm(
        request.POST,
        therapists=therapists_of(everybody),
        tags=tags_of(everybody),
        user_id=request.user.pk,
    ).chosen
    form = SaveFilterForm(request.POST)
    address = _address(choice.who, choice.tag)
    if choice == Chosen():
        messages.error(request, "Choose a therapist or a tag first; then save it as a filter.")
    elif not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["name"])))
    else:
        try:
            aside.save_filter(
                clinic=request.clinic,
                name=form.cleaned_data["name"],
                who=choice.who,
                tag=choice.tag,
                by=request.user,
            )
        except aside.TooMany:
            messages.error(request, "You have many filters already. Remove one first.")
        else:
            messages.success(request, "The filter is saved.")
    return redirect(address)


@require_POST
@staff(Can.VIEW)
def forget_filter(request: StaffRequest, pk: int) -> HttpResponse:
    mine = SavedFilter.objects.of(request.clinic).of_user(request.user)
    aside.forget_filter(kept=get_object_or_404(mine, pk=pk), by=request.user)
    messages.success(request, "The filter is removed.")
    return redirect("home")


def _find(request: StaffRequest, pk: int) -> Patient:
    """The active patient of this key; 404 for any other."""
    active = Patient.objects.of(request.clinic).active().with_clinic()
    found: Patient = get_object_or_404(active, pk=pk)
    return found


def _address(who: str, tag: str) -> str:
    asked = urlencode({name: word for name, word in (("who", who), ("tag", tag)) if word})
    return f"{reverse('home')}?{asked}" if asked else reverse("home")
