"""The therapist's desk: one draft, changed line by line, saved and published."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, staff
from exercises.models import Exercise
from patients.forms import SearchForm
from patients.models import Patient
from prescriptions import actions, checks, facts
from prescriptions.desk import Move, Row
from prescriptions.forms import (
    AddForm,
    BaseLineFormSet,
    PatientKeyForm,
    PickerForm,
    ProgrammeForm,
    exercise_keys,
    line_data,
    line_forms,
    posted_rows,
    rows_of,
    text_data,
)
from prescriptions.models import PrescribedExercise, PrescriptionEdition
from prescriptions.telling import DeskLine, desk_lines, picks

PICKED_AT_ONCE = 12
PATIENTS_OFFERED = 20
WHY_NOT_PUBLISHED = {
    actions.NothingPrescribed: "Add at least one exercise before you publish.",
    actions.Blocked: "Not published: look at what is blocked below.",
}
NOT_IN_LIBRARY = "That exercise is not in your library."


@require_POST
@staff(Can.PRESCRIBE)
def start(request: StaffRequest, pk: int) -> HttpResponse:
    """Open the patient's draft, or begin one; with `exercise`, add that exercise to it."""
    patient = get_object_or_404(Patient.objects.of(request.clinic).active().with_clinic(), pk=pk)
    now = timezone.now()
    draft = actions.start_draft(
        patient=patient, starts_on=patient.local_date(now), by=request.user, at=now
    )
    library = Exercise.objects.visible_to(request.clinic).published().with_current()
    form = AddForm(request.POST, library=library)
    if form.is_valid():
        added = form.cleaned_data["exercise"]
        try:
            actions.add_exercise(draft=draft, exercise=added, by=request.user, at=now)
        except actions.AlreadyThere:
            messages.info(request, f"{added} is in the programme already.")
    elif "exercise" in request.POST:
        messages.error(request, NOT_IN_LIBRARY)
    return redirect("prescriptions:edit", draft.pk)


@require_safe
@staff(Can.PRESCRIBE)
def for_whom(request: StaffRequest, pk: int) -> HttpResponse:
    """From an exercise of the library to the patient who should do it."""
    library = Exercise.objects.visible_to(request.clinic).published().with_current()
    exercise = get_object_or_404(library, pk=pk)
    form = SearchForm(request.GET or None, clinic=request.clinic, user=request.user)
    found = form.found(Patient.objects.of(request.clinic).active()).last_log_first()
    context = {"exercise": exercise, "form": form, "patients": found[:PATIENTS_OFFERED]}
    return render(request, "prescriptions/for_whom.html", context)


@require_safe
@staff(Can.PRESCRIBE)
def picker(request: StaffRequest, pk: int) -> HttpResponse:
    """The exercises found for the draft on the page, as they are typed."""
    drafts = PrescriptionEdition.objects.of(request.clinic).drafts().with_patient()
    draft = get_object_or_404(drafts, pk=pk)
    record = facts.record_of(draft.patient, today=_today(draft.patient))
    return render(request, "prescriptions/_picker.html", _picked(request, request.GET, record))


@require_POST
@staff(Can.PRESCRIBE)
def findings(request: StaffRequest, pk: int) -> HttpResponse:
    """What the checks say of the lines as they are typed now. Nothing is stored."""
    drafts = PrescriptionEdition.objects.of(request.clinic).drafts().with_patient()
    draft = get_object_or_404(drafts, pk=pk)
    rows = rows_of(request.POST)
    lines = _line_forms(request, rows)
    record = facts.record_of(draft.patient, today=_today(draft.patient))
    desk = desk_lines(lines.forms, record, data=posted_rows(rows))
    return render(request, "prescriptions/_all_findings.html", {"desk": desk})


@require_http_methods(["GET", "POST"])
@staff(Can.PRESCRIBE)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """The draft on the desk. Every button stores what is typed, if it can be stored."""
    editions = PrescriptionEdition.objects.of(request.clinic).with_patient().with_lines()
    draft = editions.drafts().one(pk)
    if request.method == "POST":
        return _work(request, pk, draft)
    if draft is None:
        return redirect("prescriptions:edition", get_object_or_404(editions, pk=pk).pk)
    lines = _line_forms(request, [line_data(line) for line in draft.lines.all()], as_stored=True)
    record = facts.record_of(draft.patient, today=_today(draft.patient))
    return _page(request, draft, lines=lines, desk=desk_lines(lines.forms, record), record=record)


def _work(request: StaffRequest, pk: int, draft: PrescriptionEdition | None) -> HttpResponse:
    """One press of a button on the desk."""
    move = Move.parse(request.POST.get("do", "save"))
    library = Exercise.objects.visible_to(request.clinic).published().with_current()
    added = library.one(move.number) if move.verb == "add" else None
    rows = move.applied_to(rows_of(request.POST), text_data(added.text) if added else None)
    if move.verb == "add" and added is None:
        messages.error(request, NOT_IN_LIBRARY)
    if draft is None:
        return _conflict(request, pk, rows)
    form = ProgrammeForm(
        request.POST,
        instance=draft,
        today=_today(draft.patient),
        publishing=move.verb == "publish",
    )
    lines = _line_forms(request, rows)
    desk = desk_lines(
        lines.forms,
        facts.record_of(draft.patient, today=_today(draft.patient)),
        data=posted_rows(rows),
        publishing=move.verb == "publish",
    )
    if not all([form.is_valid(), lines.is_valid(), *(line.is_valid for line in desk)]):
        return _page(request, draft, form=form, lines=lines, desk=desk)
    try:
        _store(request, draft, form, desk, publishing=move.verb == "publish")
    except actions.DraftChanged:
        return _conflict(request, pk, rows)
    except (actions.NothingPrescribed, actions.Blocked) as refusal:
        messages.error(request, WHY_NOT_PUBLISHED[type(refusal)])
        return _page(request, draft, form=form, lines=lines, desk=desk)
    if move.verb == "publish":
        messages.success(request, f"Edition {draft.number} is published.")
        return redirect(draft.patient)
    if move.verb == "save":
        messages.success(request, "The draft is saved.")
    asked = urlencode({"q": request.POST.get("q", "")}) if request.POST.get("q") else ""
    return redirect(f"{request.path}{'?' if asked else ''}{asked}{_place_to_look(move)}")


@require_http_methods(["GET", "POST"])
@staff(Can.PRESCRIBE)
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    drafts = PrescriptionEdition.objects.of(request.clinic).drafts().with_patient()
    draft = get_object_or_404(drafts, pk=pk)
    if request.method == "POST":
        try:
            actions.discard_draft(draft=draft, version=draft.version, by=request.user)
        except actions.DraftChanged:
            messages.error(request, "Somebody changed the draft just now. Look at it first.")
            return redirect("prescriptions:edit", draft.pk)
        messages.success(request, "The draft is discarded. What was published stays as it is.")
        return redirect(draft.patient)
    context = {"draft": draft, "patient": draft.patient}
    return render(request, "prescriptions/discard.html", context)


@transaction.atomic
def _store(
    request: StaffRequest,
    draft: PrescriptionEdition,
    form: ProgrammeForm,
    desk: Sequence[DeskLine],
    *,
    publishing: bool,
) -> None:
    now = timezone.now()
    saved = actions.save_draft(
        draft=draft,
        version=form.cleaned_data["version"],
        lines=[line.form.plan(line.recorded) for line in desk],
        starts_on=form.cleaned_data["starts_on"],
        review_on=form.cleaned_data["review_on"],
        reason=form.cleaned_data.get("reason", ""),
        by=request.user,
        at=now,
        avoid=form.cleaned_data["avoid"],
        if_worse=form.cleaned_data["if_worse"],
        pauses_on_red=form.cleaned_data["pauses_on_red"],
    )
    if publishing:
        actions.publish(draft=saved, version=saved.version, by=request.user, at=now)


def _conflict(request: StaffRequest, pk: int, rows: Sequence[Row]) -> HttpResponse:
    """Somebody saved, published or discarded the draft: show theirs beside what was typed here.

    Nothing is stored until the therapist decides. The draft to go on with is the one there is
    now, or a new one. What is stored just as it is on the page was sent twice, and is no conflict.
    """
    lines = _line_forms(request, rows)
    opened = PrescriptionEdition.objects.of(request.clinic).with_patient().with_lines().one(pk)
    if opened is not None and _is_stored(request, opened, lines):
        messages.info(request, "This was stored already.")
        return redirect("prescriptions:edit", pk) if opened.is_draft else redirect(opened.patient)
    patient = get_object_or_404(
        Patient.objects.of(request.clinic).active().with_clinic(),
        pk=PatientKeyForm(request.POST).key(),
    )
    now = timezone.now()
    begun = actions.start_draft(patient=patient, starts_on=_today(patient), by=request.user, at=now)
    editions = PrescriptionEdition.objects.of(request.clinic).drafts().with_patient().with_lines()
    theirs = editions.get(pk=begun.pk)
    data = request.POST.copy()
    data["version"] = str(theirs.version)
    form = ProgrammeForm(data, instance=theirs, today=_today(patient))
    lines = _line_forms(request, rows)
    record = facts.record_of(patient, today=_today(patient))
    return _page(
        request,
        theirs,
        form=form,
        lines=lines,
        desk=desk_lines(lines.forms, record, data=posted_rows(rows)),
        record=record,
        stored=list(theirs.lines.all()),
        opened=pk,
        status=409,
    )


def _is_stored(request: StaffRequest, edition: PrescriptionEdition, lines: BaseLineFormSet) -> bool:
    """Whether the edition says what the page says."""
    form = ProgrammeForm(request.POST, instance=edition, today=_today(edition.patient))
    if set(form.changed_data) - {"version"} or not lines.is_valid():
        return False
    stored = [actions.plan_of(line) for line in edition.lines.all()]
    return [line.plan() for line in lines.forms] == stored


def _page(
    request: StaffRequest,
    draft: PrescriptionEdition,
    *,
    lines: BaseLineFormSet,
    desk: Sequence[DeskLine],
    form: ProgrammeForm | None = None,
    record: checks.Record | None = None,
    stored: Sequence[PrescribedExercise] | None = None,
    opened: int | None = None,
    status: int = 200,
) -> HttpResponse:
    record = record or facts.record_of(draft.patient, today=_today(draft.patient))
    context = {
        "patient": draft.patient,
        "draft": draft,
        "form": form or ProgrammeForm(instance=draft, today=_today(draft.patient)),
        "lines": lines,
        "desk": desk,
        "record": record,
        "stored": stored,
        "is_gone": opened is not None and opened != draft.pk,
        **_picked(request, request.GET if request.method == "GET" else request.POST, record),
    }
    return render(request, "prescriptions/edit.html", context, status=status)


def _line_forms(
    request: StaffRequest, rows: Sequence[Row], *, as_stored: bool = False
) -> BaseLineFormSet:
    library = Exercise.objects.visible_to(request.clinic).with_current()
    form_kwargs = {"exercises": library.chosen(exercise_keys(rows))}
    if as_stored:
        return line_forms(initial=rows, form_kwargs=form_kwargs)
    return line_forms(posted_rows(rows), form_kwargs=form_kwargs)


def _picked(request: StaffRequest, data: QueryDict, record: checks.Record) -> dict[str, Any]:
    """Exercises found for this patient, each with what the checks say of it."""
    form = PickerForm(data)
    words, hides_blocked = form.asked()
    library = Exercise.objects.visible_to(request.clinic).published().with_current()
    found = picks(library.search(words).by_name(), record, hides_blocked=hides_blocked)
    return {"picker": form, "found": found[:PICKED_AT_ONCE]}


def _today(patient: Patient) -> date:
    return patient.local_date(timezone.now())


def _place_to_look(move: Move) -> str:
    return {"save": "", "search": "#picker"}.get(move.verb, "#lines")
