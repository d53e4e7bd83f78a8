"""What the patient sees. Every query starts from `request.patient`."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.marking import translatable
from clinics.pages import newest_page
from patients.models import RaisedFlag
from patients.models.direction import RaisedFlagQuerySet
from patients.redflags import BY_CODE, Urgency, most_urgent
from portal.access import PatientRequest, anyone, patient_only
from portal.daily import today_of
from portal.following import Consequence, consequences, pauses_of, stretches
from portal.forms import (
    KeyForm,
    PlayedForm,
    StillWorseForm,
    asked_about,
    entry_forms,
    played_forms,
)
from portal.languages import tell
from portal.measures import due_measures
from portal.offline import shown_day
from portal.player import session_key, to_play
from portal.screen import ScreenForm, none_of_these, said_none
from portal.today import day_state
from prescriptions import actions, watch
from prescriptions.models import (
    CORRECTABLE_FOR,
    FollowUp,
    Pause,
    PrescribedExercise,
    PrescriptionEdition,
    SessionLog,
)

TOO_LATE = translatable(
    "A log can be changed for seven days. Tell your therapist what was different."
)
INJURED = translatable(
    "We told the clinic about your fall or injury. Someone looks at it today or on the next working"
    " day. Call the clinic if you feel worse. Do only what feels safe."
)


@require_safe
@patient_only
def today(request: PatientRequest) -> HttpResponse:
    codes = list(_open_flags(request).order_by("raised_at", "pk").values_list("code", flat=True))
    if codes:
        return _stopped(request, codes)
    now, day = timezone.now(), shown_day(request)
    mine = today_of(request.patient, day)
    editions = PrescriptionEdition.objects.of_patient(request.patient)
    follow_ups = list(FollowUp.objects.of_patient(request.patient).due(now).with_exercises())
    tell(
        [
            *(one.entry.prescribed_exercise for one in follow_ups),
            *(mine.edition.lines.all() if mine.edition else ()),
        ],
        clinic=request.clinic,
    )
    context: dict[str, Any] = {
        "day": day,
        "today": mine,
        "edition": mine.edition,
        "upcoming": None if mine.edition else editions.upcoming_on(day).first(),
        "logged": mine.logged,
        "follow_ups": follow_ups,
        "measures": due_measures(request.patient, day),
        "hours": request.clinic.thresholds.asked_again_after_hours,
    }
    if mine.edition:
        limits = watch.limits_of(request.clinic.thresholds)
        pauses = pauses_of(request.patient)
        context["stretches"] = stretches(mine.edition.planned_on(day), mine.turns, pauses, limits)
        context["day_state"] = day_state(
            [one.turn for one in context["stretches"] if not one.why_paused]
        )
        context["can_log"] = bool(_lines_to_log(mine.edition, day, pauses))
        context["can_play"] = bool(to_play(mine.edition, day, pauses))
    return render(request, "portal/today.html", context)


@require_safe
@patient_only
def player(request: PatientRequest) -> HttpResponse:
    """All stretches of the day on one page, which then plays them without the network.

    Whoever has none to play finds on the page Today why.
    """
    day = shown_day(request)
    editions = PrescriptionEdition.objects.of_patient(request.patient).with_texts()
    edition = None if _open_flags(request).exists() else editions.in_force_on(day).first()
    lines = to_play(edition, day, pauses_of(request.patient)) if edition else []
    if edition is None or not lines:
        return redirect("portal:today")
    tell(lines, clinic=request.clinic)
    logs = SessionLog.objects.of_patient(request.patient).standing().on_day(day)
    context = {
        "day": day,
        "edition": edition,
        "played": [PlayedForm(line=line) for line in lines],
        "session_key": session_key(edition, day, logs.count()),
    }
    return render(request, "portal/player.html", context)


def _open_flags(request: PatientRequest) -> RaisedFlagQuerySet:
    return RaisedFlag.objects.of_patient(request.patient).open()


def _stopped(request: PatientRequest, codes: list[str]) -> HttpResponse:
    """What the patient sees instead of any stretch while a red flag is open."""
    urgency = most_urgent(codes)
    flags = [BY_CODE[code] for code in dict.fromkeys(codes)]
    signs = [flag.for_patients for flag in flags if flag.urgency is urgency and flag.for_patients]
    page = "portal/stop.html" if urgency is Urgency.EMERGENCY else "portal/pause.html"
    return render(request, page, {"signs": signs})


@require_POST
@patient_only
def understood(request: PatientRequest) -> HttpResponse:
    """The patient has read what to do. Nothing opens by it: a therapist clears the flag."""
    watch.note_understood(by=request.patient)
    messages.info(request, _("Noted. Please call now if you have not done so."))
    return redirect("portal:help")


@require_http_methods(["GET", "POST"])
@patient_only
def log(request: PatientRequest, pk: int) -> HttpResponse:
    """Ask for red flags, then log a session of one edition.

    It is the edition the page showed, even when a newer one came since.
    """
    editions = PrescriptionEdition.objects.of_patient(request.patient).published()
    # The page that only asks has all stretches of the day on it; what is sent names its own.
    editions = editions.with_names() if request.method == "POST" else editions.with_texts()
    edition = get_object_or_404(editions, pk=pk)
    if not edition.is_open_on(request.patient.local_date(timezone.now())):
        messages.error(
            request, _("This programme is not open. Ask your therapist what to do next.")
        )
        return redirect("portal:today")
    return _log(request, edition)


@require_http_methods(["GET", "POST"])
@patient_only
def correct(request: PatientRequest, pk: int) -> HttpResponse:
    """Ask for red flags, then say anew what an earlier log says; the first is kept."""
    mine = SessionLog.objects.of_patient(request.patient).standing().with_entries()
    first = get_object_or_404(mine, pk=pk)
    if not first.may_be_corrected(timezone.now()):
        messages.error(request, _(TOO_LATE))
        return redirect("portal:logs")
    editions = PrescriptionEdition.objects.of_patient(request.patient).with_names()
    return _log(request, editions.get(pk=first.edition_id), first=first)


@require_http_methods(["GET", "POST"])
@patient_only
def take_back(request: PatientRequest, pk: int) -> HttpResponse:
    """Take an earlier log back, after asking."""
    mine = SessionLog.objects.of_patient(request.patient).standing().with_entries()
    log = get_object_or_404(mine, pk=pk)
    if request.method != "POST":
        awaits_review = tell(_exercises_of([log]), clinic=request.clinic)
        context = {"log": log, "awaits_review": awaits_review}
        return render(request, "portal/take_back.html", context)
    try:
        actions.withdraw_session(log=log, received_at=timezone.now(), by=request.patient)
    except actions.TooLate:
        messages.error(request, _(TOO_LATE))
    else:
        messages.success(request, _("Taken back. Your therapist can see that you did."))
    return redirect("portal:logs")


def _log(
    request: PatientRequest, edition: PrescriptionEdition, *, first: SessionLog | None = None
) -> HttpResponse:
    now = timezone.now()
    screen = ScreenForm(request.POST if "answer" in request.POST else None)
    if screen.is_valid() and screen.cleaned_data["injured"]:
        watch.report_injury(patient=request.patient, at=now)
        messages.warning(request, _(INJURED))
    if screen.is_valid() and screen.codes:
        watch.report_red_flags(patient=request.patient, codes=screen.codes, at=now)
        return redirect("portal:today")
    if _open_flags(request).exists():
        if request.method == "POST":
            messages.warning(request, _("Your stretches are paused. What you sent was not saved."))
        return redirect("portal:today")
    is_both = screen.is_valid() and "line" in request.POST
    is_a_log = is_both or said_none(request.POST.get("none_of_these", ""), request.patient)
    if not (is_a_log or screen.is_valid()):
        return _screen(request, edition, first, screen)
    return _log_form(request, edition, first, request.POST if is_a_log else None)


def _screen(
    request: PatientRequest,
    edition: PrescriptionEdition,
    first: SessionLog | None,
    screen: ScreenForm,
) -> HttpResponse:
    """The red-flag question; with it the whole log, for scripts, unless the player has sent one."""
    played = played_forms(edition.lines.all(), request.POST)
    context: dict[str, Any] = {"form": screen, "played": played}
    if first is None and not screen.is_bound and not played:
        lines = _lines_to_log(edition, shown_day(request), pauses_of(request.patient))
        tell(lines, clinic=request.clinic)
        context |= {
            "edition": edition,
            "entries": entry_forms(lines),
            "injured": _(INJURED),
        }
    return render(request, "portal/screen.html", context)


def _log_form(
    request: PatientRequest,
    edition: PrescriptionEdition,
    first: SessionLog | None,
    data: QueryDict | None,
) -> HttpResponse:
    """The log form of a patient who has just said none to the red flags, or what came of it."""
    now = timezone.now()
    played = [] if first else played_forms(edition.lines.all(), request.POST)
    lines = (
        asked_about(edition, data)
        or [form.line for form in played]
        or (
            _lines_of(edition, first)
            if first
            else _lines_to_log(edition, request.patient.local_date(now), pauses_of(request.patient))
        )
    )
    if not lines:
        messages.error(request, _("All your stretches are paused. There is nothing to log."))
        return redirect("portal:today")
    key, entries = KeyForm(data), entry_forms(lines, data, first=first, played=played)
    if data is None or not all([key.is_valid(), *(form.is_valid() for form in entries)]):
        # A key that cannot be read never could be; with a new one the answers can be sent again.
        key = key if key.is_valid() else KeyForm()
        tell(lines, clinic=request.clinic)
        context = {
            "key": key,
            "entries": entries,
            "is_again": data is not None,
            "first": first,
            "is_played": bool(played),
            "none_of_these": none_of_these(request.patient),
        }
        return render(request, "portal/log.html", context)
    said: dict[str, Any] = {
        "entries": [form.report() for form in entries],
        "client_uuid": key.cleaned_data["client_uuid"],
        "received_at": now,
        "by": request.patient,
    }
    try:
        stored = (
            actions.correct_session(log=first, **said)
            if first
            else actions.record_session(edition=edition, done_at=now, **said)
        )
    except (actions.LogDiffers, actions.AlreadyCorrected):
        messages.error(
            request, _("This session is saved already, with other answers. See it below.")
        )
        return redirect("portal:logs")
    if _what_followed(request, stored):
        return redirect("portal:saved", stored.pk)
    messages.success(request, _("Saved. Your therapist can see it."))
    return redirect("portal:today")


def _lines_of(edition: PrescriptionEdition, log: SessionLog) -> list[PrescribedExercise]:
    said = {entry.prescribed_exercise_id for entry in log.entries.all()}
    return [line for line in edition.lines.all() if line.pk in said]


def _exercises_of(logs: Iterable[SessionLog]) -> list[PrescribedExercise]:
    return [entry.prescribed_exercise for log in logs for entry in log.entries.all()]


def _lines_to_log(
    edition: PrescriptionEdition, day: date, pauses: Sequence[Pause]
) -> list[PrescribedExercise]:
    """What is planned for the day, or else everything, without what is paused."""
    planned = edition.planned_on(day) or edition.lines.all()
    return [line for line in planned if not watch.is_paused(line, pauses)]


def _what_followed(request: PatientRequest, log: SessionLog) -> list[Consequence]:
    return consequences(log, request.patient, watch.limits_of(request.clinic.thresholds))


@require_safe
@patient_only
def saved(request: PatientRequest, pk: int) -> HttpResponse:
    """What follows from one log: what is paused and why, who looks when, what is asked again."""
    log = get_object_or_404(SessionLog.objects.of_patient(request.patient), pk=pk)
    to_come = FollowUp.objects.of_patient(request.patient).of_log(log).to_come(timezone.now())
    found = _what_followed(request, log)
    context = {
        "awaits_review": tell(
            [one.entry.prescribed_exercise for one in found if one.is_looked_at],
            clinic=request.clinic,
        ),
        "looked_at": [one for one in found if one.is_looked_at],
        "asked_later": set(to_come.values_list("asked", flat=True)),
        "hours": request.clinic.thresholds.asked_again_after_hours,
    }
    return render(request, "portal/saved.html", context)


@require_POST
@patient_only
def follow_up(request: PatientRequest, pk: int) -> HttpResponse:
    """Take the answer to "still worse than before you started?"."""
    now = timezone.now()
    asked = FollowUp.objects.of_patient(request.patient).asked_by(now).with_exercises()
    question = get_object_or_404(asked, pk=pk)
    form = StillWorseForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please press Yes or No."))
        return redirect("portal:today")
    try:
        watch.answer(
            follow_up=question,
            still_worse=form.cleaned_data["still_worse"],
            at=now,
            by=request.patient,
        )
    except watch.AlreadyAnswered:
        messages.info(request, _("You answered this already. Your first answer counts."))
        return redirect("portal:today")
    log = question.entry.log
    if any(one.is_looked_at for one in _what_followed(request, log)):
        return redirect("portal:saved", log.pk)
    messages.success(request, _("Thank you. Your therapist can see it."))
    return redirect("portal:today")


@require_safe
@patient_only
def logs(request: PatientRequest) -> HttpResponse:
    mine = SessionLog.objects.of_patient(request.patient).standing().with_entries()
    page = newest_page(mine, before=request.GET.get("before"), size=20)
    since = timezone.now() - CORRECTABLE_FOR
    context = {
        "page": page,
        "correctable_since": since,
        "awaits_review": tell(_exercises_of(page.rows), clinic=request.clinic),
    }
    return render(request, "portal/logs.html", context)


@require_safe
@anyone
def when_to_get_help(request: HttpRequest) -> HttpResponse:
    """The emergency list: always within reach, signed in or not."""
    return render(request, "portal/help.html")
