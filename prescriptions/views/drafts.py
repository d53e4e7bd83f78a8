"""The therapist's desk: one draft, changed line by line, saved and published."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, staff
from exercises.dosage import LIMITS
from exercises.models import Exercise
from patients.forms import SearchForm
from patients.models import Patient
from prescriptions import actions, checks, facts, reuse
from prescriptions.desk import Move, Row, joined
from prescriptions.forms import (
    AddForm,
    BaseLineFormSet,
    CopyForm,
    KeepTemplateForm,
    PatientKeyForm,
    PickerForm,
    ProgrammeForm,
    exercise_keys,
    line_data,
    line_forms,
    plan_data,
    posted_rows,
    rows_of,
    text_data,
)
from prescriptions.models import PrescribedExercise, PrescriptionEdition, ProgrammeTemplate
from prescriptions.telling import (
    DeskLine,
    LongProgramme,
    compasses_of,
    copyable,
    desk_lines,
    last_dosages,
    long_programme,
    picks,
    with_last_dosages,
)

PICKED_AT_ONCE = 12
PATIENTS_OFFERED = 20
TEMPLATES_OFFERED = 30
COPIED_FROM_AT_ONCE = 8
WHY_NOT_PUBLISHED = {
    actions.NothingPrescribed: "Add at least one exercise before you publish.",
    actions.Blocked: "Not published: look at what is blocked below.",
}
NOT_IN_LIBRARY = "That exercise is not in your library."
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


@require_safe
@staff(Can.PRESCRIBE)
def picker(request: StaffRequest, pk: int) -> HttpResponse:
    """The exercises found for the draft on the page, as they are typed."""
    draft = _draft_or_404(request, pk)
    record = facts.record_of(draft.patient, today=_today(draft.patient))
    return render(request, "prescriptions/_picker.html", _picked(request, request.GET, record))


@require_safe
@staff(Can.PRESCRIBE)
def line(request: StaffRequest, pk: int) -> HttpResponse:
    """One exercise as a new line for the page, which numbers it. Nothing is stored."""
    draft = _draft_or_404(request, pk)
    library = Exercise.objects.visible_to(request.clinic).published().with_current()
    form = AddForm(request.GET, library=library)
    if not form.is_valid():
        return HttpResponse(NOT_IN_LIBRARY, status=404)
    lines = _line_forms(request, [text_data(form.cleaned_data["exercise"].text)], as_stored=True)
    record = facts.record_of(draft.patient, today=_today(draft.patient))
    (added,) = with_last_dosages(desk_lines(lines.forms, record), draft.patient)
    return render(request, "prescriptions/_line.html", {"line": added})


@require_safe
@staff(Can.PRESCRIBE)
def others(request: StaffRequest, pk: int) -> HttpResponse:
    """The clinic's other patients whose programme can be copied, as they are looked for."""
    context = _copyable(request, request.GET, _draft_or_404(request, pk))
    return render(request, "prescriptions/_others.html", context)


@require_POST
@staff(Can.PRESCRIBE)
def findings(request: StaffRequest, pk: int) -> HttpResponse:
    """What the checks say of the lines as they are typed now. Nothing is stored."""
    draft = _draft_or_404(request, pk)
    rows = rows_of(request.POST)
    lines = _line_forms(request, rows)
    record = facts.record_of(draft.patient, today=_today(draft.patient))
    desk = desk_lines(lines.forms, record, data=posted_rows(rows))
    context = {"desk": desk, "long_programme": _long_programme(request, lines)}
    return render(request, "prescriptions/_all_findings.html", context)


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
    lines = _line_forms(request, rows)
    form = ProgrammeForm(request.POST, instance=draft, today=_today(draft.patient))
    record = facts.record_of(draft.patient, today=_today(draft.patient))
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
    lines = _line_forms(request, [line_data(line) for line in draft.lines.all()], as_stored=True)
    record = facts.record_of(draft.patient, today=_today(draft.patient))
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
        today=_today(draft.patient),
        publishing=publishing,
    )
    lines = _line_forms(request, rows, publishing=publishing)
    desk = desk_lines(
        lines.forms,
        facts.record_of(draft.patient, today=_today(draft.patient)),
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


def _draft_or_404(request: StaffRequest, pk: int) -> PrescriptionEdition:
    drafts = PrescriptionEdition.objects.of(request.clinic).drafts().with_patient()
    draft: PrescriptionEdition = get_object_or_404(drafts, pk=pk)
    return draft


@require_http_methods(["GET", "POST"])
@staff(Can.PRESCRIBE)
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    draft = _draft_or_404(request, pk)
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
    keeping: KeepTemplateForm | None = None,
    status: int = 200,
) -> HttpResponse:
    record = record or facts.record_of(draft.patient, today=_today(draft.patient))
    asked = request.GET if request.method == "GET" else request.POST
    editions = PrescriptionEdition.objects.of_patient(draft.patient)
    templates = ProgrammeTemplate.objects.of(request.clinic).usable_by(request.user)
    context = {
        "patient": draft.patient,
        "draft": draft,
        "form": form or ProgrammeForm(instance=draft, today=_today(draft.patient)),
        "lines": lines,
        "desk": with_last_dosages(desk, draft.patient),
        "record": record,
        "compasses": compasses_of(record),
        "long_programme": _long_programme(request, lines),
        "templates": templates.active().counted().by_name()[:TEMPLATES_OFFERED],
        "last": editions.last_published_first().first(),
        "keeping": keeping or KeepTemplateForm(),
        "stored": stored,
        "is_gone": opened is not None and opened != draft.pk,
        **_picked(request, asked, record),
        **_copyable(request, asked, draft),
    }
    return render(request, "prescriptions/edit.html", context, status=status)


def _line_forms(
    request: StaffRequest,
    rows: Sequence[Row],
    *,
    as_stored: bool = False,
    publishing: bool = False,
) -> BaseLineFormSet:
    library = Exercise.objects.visible_to(request.clinic).with_current()
    exercises = library.chosen(exercise_keys(rows))
    form_kwargs = {"exercises": exercises, "publishing": publishing}
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


def _copyable(request: StaffRequest, data: QueryDict, draft: PrescriptionEdition) -> dict[str, Any]:
    """Other patients found for the copy; nobody until somebody is asked for."""
    form = CopyForm(data)
    words = form.asked()
    others = Patient.objects.of(request.clinic).active().search(words)
    found = copyable(others, than=draft.patient, most=COPIED_FROM_AT_ONCE) if words else []
    return {"copying": form, "others": found, "is_looking": bool(words)}


def _long_programme(request: StaffRequest, lines: BaseLineFormSet) -> LongProgramme | None:
    return long_programme(lines.forms, request.clinic.thresholds)


def _today(patient: Patient) -> date:
    return patient.local_date(timezone.now())


def _place_to_look(move: Move) -> str:
    places = {"save": "", "search": "#picker", "keep_template": "#again"}
    return places.get(move.verb, "#lines")
