"""What is known of a patient's direction and safety, and every act that adds to it."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from clinics.access import Can, StaffRequest, may, staff
from clinics.pages import newest_page
from exercises.vocabulary import Direction, Region
from patients import assessments
from patients.compass import REGIONS, Compass, Latest, Way, compass, next_direction
from patients.episodes import Phase
from patients.forms import (
    BeginForm,
    ClearanceForm,
    ConditionForm,
    EndConditionForm,
    EventForm,
    PhaseForm,
    PreferenceForm,
    ScreenForm,
    TestForm,
    WhichForm,
    to_begin_with,
    to_go_on_with,
)
from patients.lights import Light
from patients.models import (
    ConditionOnFile,
    DirectionTest,
    Episode,
    EpisodeChange,
    Patient,
    RaisedFlag,
    SafetyScreen,
)
from patients.views.page import find_patient, patient_page

TESTS_PER_PAGE = 20
CHANGES_SHOWN = 20
CLEARED_SHOWN = 5
CLOSED_IN_THE_MEANTIME = "This episode was closed in the meantime. Nothing was stored."


@require_safe
@staff(Can.VIEW)
def direction(request: StaffRequest, pk: int) -> HttpResponse:
    """All that is known of one patient's direction and safety."""
    patient = find_patient(request, pk)
    before = request.GET.get("before")
    tests = DirectionTest.objects.of_patient(patient).with_people()
    episodes = list(Episode.objects.of_patient(patient).with_people().newest_first())
    episode = episodes.pop(0) if episodes and episodes[0].is_open else None
    flags = RaisedFlag.objects.of_patient(patient)
    context: dict[str, Any] = {
        "episode": episode,
        "closed_episodes": episodes,
        "can_act": may(request, Can.ASSESS) and not patient.is_archived,
        "open_flags": sorted(flags.open(), key=lambda flag: flag.question.urgency),
        "cleared_flags": flags.cleared().newest_first()[:CLEARED_SHOWN],
        "conditions": ConditionOnFile.objects.of_patient(patient).newest_first(),
        "today": patient.local_date(timezone.now()),
        "page": newest_page(tests, before=before, size=TESTS_PER_PAGE),
        "before": before,
    }
    if episode is not None:
        screens = SafetyScreen.objects.of_episode(episode).with_people().newest_first()
        changes = EpisodeChange.objects.of_episode(episode).with_people().newest_first()
        compasses = _compasses(patient, episode)
        context |= {
            "screen": screens.first(),
            "changes": changes[:CHANGES_SHOWN],
            "compasses": [one for one in compasses if one.is_shown],
        }
    return patient_page(request, patient, "patients/direction.html", **context)


# The episode


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def begin_episode(request: StaffRequest, pk: int) -> HttpResponse:
    """Begin an episode, and go on to its safety screen."""
    patient = find_patient(request, pk)
    form = BeginForm(_sent(request), patient=patient, today=_today(patient))
    if form.is_valid():
        try:
            episode = assessments.open_episode(
                patient=patient, by=request.user, at=timezone.now(), **form.cleaned_data
            )
        except assessments.EpisodeIsOpen:
            messages.info(request, "An episode is open already. Close it before you begin another.")
            return redirect("patients:direction", patient.pk)
        messages.success(request, "The episode is open. It begins with the safety screen.")
        return redirect("patients:screen", episode.pk)
    return patient_page(request, patient, "patients/direction_begin.html", form=form)


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def close_episode(request: StaffRequest, pk: int) -> HttpResponse:
    episode = _episode(request, pk)
    if request.method == "POST":
        try:
            assessments.close_episode(episode=episode, by=request.user, at=timezone.now())
        except assessments.EpisodeIsClosed:
            messages.info(request, "This episode was closed already.")
        else:
            messages.success(request, "The episode is closed. Its record stays.")
        return redirect("patients:direction", episode.patient_id)
    if not episode.is_open:
        return _back_from_closed(request, episode)
    context = {"episode": episode, "patient": episode.patient}
    return render(request, "patients/direction_close.html", context)


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def change_phase(request: StaffRequest, pk: int) -> HttpResponse:
    episode = _episode(request, pk)

    def store(form: PhaseForm) -> None:
        phase: Phase = form.cleaned_data["phase"]
        assessments.change_phase(
            episode=episode,
            phase=phase,
            reason=form.cleaned_data["reason"],
            by=request.user,
            at=timezone.now(),
        )
        messages.success(request, f"The phase is now: {phase.label.lower()}.")

    form = PhaseForm(_sent(request), episode=episode)
    return _act(request, episode, form, store, "patients/direction_phase.html")


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def set_preference(request: StaffRequest, pk: int) -> HttpResponse:
    """Confirm the directional preference or withdraw it; the phase moves only if asked to."""
    episode = _episode(request, pk)

    def store(form: PreferenceForm) -> None:
        now, reason = timezone.now(), form.cleaned_data["reason"]
        assessments.set_preference(
            episode=episode, preference=form.way, reason=reason, by=request.user, at=now
        )
        if form.cleaned_data.get("begin_reduction"):
            assessments.change_phase(
                episode=episode, phase=Phase.REDUCTION, reason=reason, by=request.user, at=now
            )
        messages.success(request, _told_of_preference(form.way))

    compasses = _compasses(episode.patient, episode)
    form = PreferenceForm(_sent(request), episode=episode, compasses=compasses)
    return _act(request, episode, form, store, "patients/direction_preference.html")


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def note_event(request: StaffRequest, pk: int) -> HttpResponse:
    """Note what makes every test but a red one old at once."""
    episode = _episode(request, pk)

    def store(form: EventForm) -> None:
        assessments.note_event(
            episode=episode, by=request.user, at=timezone.now(), **form.cleaned_data
        )
        messages.success(request, "Noted. Tests from before it are stale now; red ones stay red.")

    form = EventForm(_sent(request), patient=episode.patient, today=_today(episode.patient))
    return _act(request, episode, form, store, "patients/direction_event.html")


# Safety


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def screen(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask the red-flag questions; every yes raises a flag."""
    episode = _episode(request, pk)

    def store(form: ScreenForm) -> None:
        assessments.record_screen(
            episode=episode,
            answers=form.answers,
            remark=form.cleaned_data["remark"],
            client_uuid=form.cleaned_data["client_uuid"],
            by=request.user,
            at=timezone.now(),
        )
        if form.answers:
            messages.error(request, "The screen is stored. A red flag is open: act on it now.")
        else:
            messages.success(request, "The safety screen is stored: no red flag.")

    form = ScreenForm(_sent(request))
    return _act(request, episode, form, store, "patients/direction_screen.html")


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def clear_flag(request: StaffRequest, pk: int) -> HttpResponse:
    """Document who assessed a red flag, when, and the outcome."""
    flag = get_object_or_404(RaisedFlag.objects.of(request.clinic).with_patient(), pk=pk)
    patient = flag.patient
    form = ClearanceForm(_sent(request), flag=flag, today=_today(patient))
    if request.method == "GET" and flag.is_cleared:
        return _back_from_cleared(request, flag)
    if form.is_valid():
        try:
            assessments.clear_flag(
                flag=flag, by=request.user, at=timezone.now(), **form.cleaned_data
            )
        except assessments.AlreadyCleared:
            return _back_from_cleared(request, flag)
        messages.success(request, "The red flag is cleared. Test again what was tested before.")
        return redirect("patients:direction", patient.pk)
    return patient_page(request, patient, "patients/direction_clear.html", form=form, flag=flag)


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def add_condition(request: StaffRequest, pk: int) -> HttpResponse:
    patient = find_patient(request, pk)
    form = ConditionForm(_sent(request), patient=patient, today=_today(patient))
    if form.is_valid():
        try:
            on_file = assessments.record_condition(
                patient=patient, by=request.user, at=timezone.now(), **form.cleaned_data
            )
        except assessments.AlreadyOnFile:
            form.add_error("condition", "This condition is on file already and has not ended.")
        else:
            messages.success(request, f"On file: {on_file}.")
            return redirect("patients:direction", patient.pk)
    return patient_page(request, patient, "patients/direction_condition.html", form=form)


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def end_condition(request: StaffRequest, pk: int) -> HttpResponse:
    on_file = get_object_or_404(ConditionOnFile.objects.of(request.clinic).with_patient(), pk=pk)
    patient = on_file.patient
    form = EndConditionForm(_sent(request), since=on_file.since, today=_today(patient))
    if on_file.until is not None:
        messages.info(request, f"{on_file} had ended already.")
        return redirect("patients:direction", patient.pk)
    if form.is_valid():
        until: date = form.cleaned_data["until"]
        assessments.end_condition(on_file=on_file, until=until, by=request.user, at=timezone.now())
        messages.success(request, f"{on_file} has ended.")
        return redirect("patients:direction", patient.pk)
    context = {"form": form, "on_file": on_file}
    return patient_page(request, patient, "patients/direction_condition_end.html", **context)


# Direction tests


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def direction_test(request: StaffRequest, pk: int) -> HttpResponse:
    """Test one direction. Its light is shown before it is stored, and `next` goes on at once."""
    episode = _episode(request, pk)
    if request.method == "GET" and not episode.is_open:
        return _back_from_closed(request, episode)
    patient = episode.patient
    previous, initial = _what_to_test(request, patient, episode)
    form = TestForm(
        _sent(request),
        settles_within=patient.clinic.thresholds.settles_within_minutes,
        initial=initial,
        focus_on=_first_to_fill(previous, initial),
    )
    if request.htmx:
        return render(request, "patients/_direction_reading.html", {"form": form})
    do = request.POST.get("do")
    if do != "check" and form.is_valid():
        try:
            test = _store(request, episode, form)
        except assessments.EpisodeIsClosed:
            form.add_error(None, CLOSED_IN_THE_MEANTIME)
        else:
            messages.success(request, f"Stored: {test}, {test.get_light_display().lower()}.")
            if do == "next":
                return redirect(f"{request.path}?after={test.pk}")
            return redirect("patients:direction", patient.pk)
    context = {
        "form": form,
        "episode": episode,
        "previous": previous,
        "is_screened": SafetyScreen.objects.of_episode(episode).exists(),
        "open_flags": RaisedFlag.objects.of_patient(patient).open().exists(),
    }
    return patient_page(request, patient, "patients/direction_test.html", **context)


def _store(request: StaffRequest, episode: Episode, form: TestForm) -> DirectionTest:
    return assessments.record_test(
        episode=episode,
        tested=form.tested(),
        settles_within=form.settles_within,
        light=form.cleaned_data["light"],
        because=form.cleaned_data["because"],
        client_uuid=form.cleaned_data["client_uuid"],
        by=request.user,
        at=timezone.now(),
    )


def _what_to_test(
    request: StaffRequest, patient: Patient, episode: Episode
) -> tuple[DirectionTest | None, dict[str, Any]]:
    """The test that was just stored, if this is the next one, and what the fields begin with."""
    if request.method == "POST":
        return None, {}
    asked = WhichForm(request.GET).asked
    key = asked.pop("after", None)
    previous = DirectionTest.objects.of_episode(episode).one(key) if key else None
    if previous is None:
        return None, to_begin_with(episode, asked)
    compasses = {one.region: one for one in _compasses(patient, episode)}
    needles = compasses[Region(previous.region)].needles
    following = next_direction(needles, after=Direction(previous.direction))
    return previous, to_go_on_with(previous, following)


def _first_to_fill(previous: DirectionTest | None, initial: dict[str, Any]) -> str:
    """The field the keyboard begins in; none where the therapist came for one direction."""
    if previous is not None:
        return "during"
    return "" if "direction" in initial else "direction"


# What these views share


def _sent(request: StaffRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _today(patient: Patient) -> date:
    return patient.local_date(timezone.now())


def _episode(request: StaffRequest, pk: int) -> Episode:
    return get_object_or_404(Episode.objects.of(request.clinic).with_patient(), pk=pk)


def _act(
    request: StaffRequest,
    episode: Episode,
    form: Any,
    store: Callable[[Any], None],
    template: str,
) -> HttpResponse:
    """One form about an open episode: stored and told, or shown again."""
    if request.method == "GET" and not episode.is_open:
        return _back_from_closed(request, episode)
    if form.is_valid():
        try:
            store(form)
        except assessments.EpisodeIsClosed:
            form.add_error(None, CLOSED_IN_THE_MEANTIME)
        else:
            return redirect("patients:direction", episode.patient_id)
    return patient_page(request, episode.patient, template, form=form, episode=episode)


def _back_from_closed(request: StaffRequest, episode: Episode) -> HttpResponse:
    messages.info(request, "This episode is closed. Its record stays as it is.")
    return redirect("patients:direction", episode.patient_id)


def _back_from_cleared(request: StaffRequest, flag: RaisedFlag) -> HttpResponse:
    messages.info(request, "This flag was cleared already. The first clearance stands.")
    return redirect("patients:direction", flag.patient_id)


def _told_of_preference(preference: Way | None) -> str:
    if preference is None:
        return "The directional preference is withdrawn. Look at the phase: is it still right?"
    region, way = preference
    return f"Directional preference: {region.label.lower()} {way.label.lower()}."


def _compasses(patient: Patient, episode: Episode) -> list[Compass]:
    """The compass of each region, red tests of earlier episodes included."""
    latest = {
        (Region(test.region), Direction(test.direction)): Latest(
            light=Light(test.light),
            on=patient.local_date(test.at),
            what=f"{test.get_during_display()}, then {test.get_after_display().lower()}",
            is_overtaken=episode.overtakes(test),
        )
        for test in DirectionTest.objects.of_patient(patient).latest_of_each()
    }
    return [
        compass(
            region,
            latest,
            today=_today(patient),
            valid_days=patient.clinic.thresholds.test_valid_days,
            preference=episode.preference,
        )
        for region in REGIONS
    ]
