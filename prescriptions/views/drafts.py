"""The therapist's desk: one draft, changed line by line, saved and published."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, may, staff
from exercises.dosage import LIMITS
from exercises.models import Exercise
from patients.forms import SearchForm
from patients.models import Patient
from prescriptions import actions, checks, facts, reuse
from prescriptions.desk import Move, Row, joined
from prescriptions.forms import (
    AddForm,
    BaseLineFormSet,
    KeepTemplateForm,
    PatientKeyForm,
    ProgrammeForm,
    exercise_keys,
    line_data,
    plan_data,
    posted_rows,
    rows_of,
    text_data,
)
from prescriptions.models import PrescribedExercise, PrescriptionEdition, ProgrammeTemplate
from prescriptions.telling import (
    DeskLine,
    compasses_of,
    desk_lines,
    last_dosages,
    with_last_dosages,
)
from prescriptions.views.desk_parts import (
    NOT_IN_LIBRARY,
    copyable_by,
    draft_or_404,
    forms_of_rows,
    long_programme_of,
    picked,
    today_of,
)

PATIENTS_OFFERED = 20
TEMPLATES_OFFERED = 30
WHY_NOT_PUBLISHED = {
    actions.NothingPrescribed: "Add at least one exercise before you publish.",
    actions.Blocked: "Not published: look at what is blocked below.",
}
MAY_NOT_OVERRIDE = "Not published: your role may not go on despite a finding."
NOTHING_BROUGHT = {
    "template": "There is no such template any more.",
    "again": "This patient has had no programme yet.",
    "copy": "That programme is not there any more.",
}


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


@require_POST
@staff(Can.PRESCRIBE)
def keep(request: StaffRequest, pk: int) -> HttpResponse:
    """Store what is typed while it is being typed; the answer is for the page's script.

    200 with the new version; 422 while a field is wrong, which is named; 409 when somebody else
    stored or closed the draft, and then nothing is stored.
    """
    editions = PrescriptionEdition.objects.of(request.clinic).with_patient().with_lines()
    draft = get_object_or_404(editions, pk=pk)
    rows = rows_of(request.POST)
    lines = forms_of_rows(request, rows)
    form = ProgrammeForm(request.POST, instance=draft, today=today_of(draft.patient))
    record = facts.record_of(draft.patient, today=today_of(draft.patient))
    desk = desk_lines(lines.forms, record, data=posted_rows(rows))
    if not draft.is_draft:
        return JsonResponse({}, status=409)
    if not all([form.is_valid(), lines.is_valid(), *(line.is_valid for line in desk)]):
        return JsonResponse(_first_problem(form, lines, desk), status=422)
    try:
        saved = _store(request, draft, form, desk)
    except actions.DraftChanged:
        saved = editions.drafts().one(pk)
        if saved is None or not _is_stored(request, saved, lines):
            return JsonResponse({}, status=409)
    at = date_format(timezone.localtime(saved.edited_at), "H:i")
    return JsonResponse({"version": saved.version, "at": at})


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
    lines = forms_of_rows(request, [line_data(line) for line in draft.lines.all()], as_stored=True)
    record = facts.record_of(draft.patient, today=today_of(draft.patient))
    return _page(request, draft, lines=lines, desk=desk_lines(lines.forms, record), record=record)


def _work(request: StaffRequest, pk: int, draft: PrescriptionEdition | None) -> HttpResponse:
    """One press of a button on the desk."""
    move = Move.parse(request.POST.get("do", "save"))
    publishing = move.verb == "publish"
    rows = _rows_after(request, move, draft)
    if draft is None:
        return _conflict(request, pk, rows)
    form = ProgrammeForm(
        request.POST,
        instance=draft,
        today=today_of(draft.patient),
        publishing=publishing,
    )
    lines = forms_of_rows(request, rows, publishing=publishing)
    desk = desk_lines(
        lines.forms,
        facts.record_of(draft.patient, today=today_of(draft.patient)),
        data=posted_rows(rows),
        publishing=publishing,
    )
    keeping = KeepTemplateForm(request.POST) if move.verb == "keep_template" else None
    if not all(
        [
            form.is_valid(),
            lines.is_valid(),
            *(line.is_valid for line in desk),
            keeping is None or keeping.is_valid(),
        ]
    ):
        return _page(request, draft, form=form, lines=lines, desk=desk, keeping=keeping)
    if publishing and any(line.recorded for line in desk) and not may(request, Can.OVERRIDE):
        messages.error(request, MAY_NOT_OVERRIDE)
        return _page(request, draft, form=form, lines=lines, desk=desk)
    try:
        _store(request, draft, form, desk, publishing=publishing)
    except actions.DraftChanged:
        return _conflict(request, pk, rows)
    except (actions.NothingPrescribed, actions.Blocked) as refusal:
        messages.error(request, WHY_NOT_PUBLISHED[type(refusal)])
        return _page(request, draft, form=form, lines=lines, desk=desk)
    if publishing:
        messages.success(request, f"Edition {draft.number} is published.")
        return redirect(draft.patient)
    if keeping is not None:
        _keep_template(request, draft, desk, keeping)
    if move.verb == "save":
        messages.success(request, "The draft is saved.")
    asked = urlencode(
        [(name, typed) for name in ("q", "whose") if (typed := request.POST.get(name))]
    )
    return redirect(f"{request.path}{'?' if asked else ''}{asked}{_place_to_look(move)}")


def _rows_after(request: StaffRequest, move: Move, draft: PrescriptionEdition | None) -> list[Row]:
    """The lines on the page after a press of a button."""
    rows: list[Row] = list(rows_of(request.POST))
    if move.verb in NOTHING_BROUGHT:
        return joined(rows, _brought(request, move, draft)) if draft else rows
    if move.verb == "repeat":
        return move.applied_to(rows, _dosage_to_repeat(rows, move.number, draft))
    library = Exercise.objects.visible_to(request.clinic).published().with_current()
    added = library.one(move.number) if move.verb == "add" else None
    if move.verb == "add" and added is None:
        messages.error(request, NOT_IN_LIBRARY)
    return move.applied_to(rows, text_data(added.text) if added else None)


def _brought(request: StaffRequest, move: Move, draft: PrescriptionEdition) -> list[Row]:
    """The lines of a template, of the last programme or of another patient's."""
    into: dict[str, Any] = {"draft": draft, "clinic": request.clinic, "by": request.user}
    editions = PrescriptionEdition.objects.of(request.clinic).published().with_lines()
    plans = None
    match move.verb:
        case "template":
            templates = ProgrammeTemplate.objects.of(request.clinic).usable_by(request.user)
            template = templates.active().with_lines().one(move.number)
            if template is not None:
                plans = reuse.from_template(template=template, **into)
        case "again":
            last = editions.of_patient(draft.patient).last_published_first().first()
            if last is not None:
                plans = reuse.as_last_time(last=last, **into)
        case "copy":
            patients = Patient.objects.of(request.clinic).active()
            theirs = editions.of_patients(patients).one(move.number)
            if theirs is not None:
                plans = reuse.from_another(theirs=theirs, **into)
    if plans is None:
        messages.error(request, NOTHING_BROUGHT[move.verb])
    return [plan_data(plan) for plan in plans or []]


def _dosage_to_repeat(
    rows: Sequence[Row], place: int, draft: PrescriptionEdition | None
) -> Row | None:
    """What the patient last had of the exercise at this place, or else the line above it."""
    if draft is None or place >= len(rows):
        return None
    (key,) = exercise_keys([rows[place]]) or [0]
    last = last_dosages(draft.patient).get(key)
    if last is not None:
        return {name: [str(amount)] for name, amount in last.as_fields().items()}
    return {name: rows[place - 1][name] for name in LIMITS} if place else None


def _keep_template(
    request: StaffRequest,
    draft: PrescriptionEdition,
    desk: Sequence[DeskLine],
    form: KeepTemplateForm,
) -> None:
    try:
        template = reuse.keep_template(
            lines=[line.form.plan() for line in desk],
            patient=draft.patient,
            by=request.user,
            at=timezone.now(),
            **form.cleaned_data,
        )
    except reuse.NameTaken:
        messages.error(request, "The draft is saved. There is a template of this name already.")
    except reuse.NothingToKeep:
        messages.error(request, "Add an exercise before you keep the programme as a template.")
    else:
        messages.success(request, f"Kept as the template “{template}”.")


def _first_problem(
    form: ProgrammeForm, lines: BaseLineFormSet, desk: Sequence[DeskLine]
) -> dict[str, str]:
    """The first field that is wrong, and why."""
    forms = [*lines.forms, *(found.form for line in desk for found in line.findings), form]
    for one in forms:
        for name, errors in one.errors.items():
            return {"field": one[name].id_for_label, "problem": f"{one[name].label}: {errors[0]}"}
    return {"field": "", "problem": " ".join(map(str, lines.non_form_errors()))}


@require_http_methods(["GET", "POST"])
@staff(Can.PRESCRIBE)
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    draft = draft_or_404(request, pk)
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
    publishing: bool = False,
) -> PrescriptionEdition:
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
    return saved


def _conflict(request: StaffRequest, pk: int, rows: Sequence[Row]) -> HttpResponse:
    """Somebody saved, published or discarded the draft: show theirs beside what was typed here.

    Nothing is stored until the therapist decides. The draft to go on with is the one there is
    now, or a new one. What is stored just as it is on the page was sent twice, and is no conflict.
    """
    lines = forms_of_rows(request, rows)
    opened = PrescriptionEdition.objects.of(request.clinic).with_patient().with_lines().one(pk)
    if opened is not None and _is_stored(request, opened, lines):
        messages.info(request, "This was stored already.")
        return redirect("prescriptions:edit", pk) if opened.is_draft else redirect(opened.patient)
    patient = get_object_or_404(
        Patient.objects.of(request.clinic).active().with_clinic(),
        pk=PatientKeyForm(request.POST).key(),
    )
    now = timezone.now()
    begun = actions.start_draft(
        patient=patient, starts_on=today_of(patient), by=request.user, at=now
    )
    editions = PrescriptionEdition.objects.of(request.clinic).drafts().with_patient().with_lines()
    theirs = editions.get(pk=begun.pk)
    data = request.POST.copy()
    data["version"] = str(theirs.version)
    form = ProgrammeForm(data, instance=theirs, today=today_of(patient))
    lines = forms_of_rows(request, rows)
    record = facts.record_of(patient, today=today_of(patient))
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
    form = ProgrammeForm(request.POST, instance=edition, today=today_of(edition.patient))
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
    keeping: KeepTemplateForm | None = None,
    status: int = 200,
) -> HttpResponse:
    record = record or facts.record_of(draft.patient, today=today_of(draft.patient))
    asked = request.GET if request.method == "GET" else request.POST
    editions = PrescriptionEdition.objects.of_patient(draft.patient)
    templates = ProgrammeTemplate.objects.of(request.clinic).usable_by(request.user)
    context = {
        "patient": draft.patient,
        "draft": draft,
        "form": form or ProgrammeForm(instance=draft, today=today_of(draft.patient)),
        "lines": lines,
        "desk": with_last_dosages(desk, draft.patient),
        "record": record,
        "compasses": compasses_of(record),
        "long_programme": long_programme_of(request, lines),
        "templates": templates.active().counted().by_name()[:TEMPLATES_OFFERED],
        "last": editions.last_published_first().first(),
        "keeping": keeping or KeepTemplateForm(),
        "stored": stored,
        "is_gone": opened is not None and opened != draft.pk,
        **picked(request, asked, record),
        **copyable_by(request, asked, draft),
    }
    return render(request, "prescriptions/edit.html", context, status=status)


def _place_to_look(move: Move) -> str:
    places = {"save": "", "search": "#picker", "keep_template": "#again"}
    return places.get(move.verb, "#lines")
