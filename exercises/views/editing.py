"""The library as a clinic's admins write it. Only the clinic's own; a shared one is copied."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, staff
from exercises import actions, changes
from exercises.forms import NAME_TAKEN, ExerciseForm, FigurePreviewForm
from exercises.models import Exercise, ExerciseEdition

ROWS_PER_PAGE = 60
NO_DRAFT = "This draft was already published or discarded."
OUTDATED = (
    "Somebody published this draft while you were writing. Your text is still here: "
    "save it again to begin the next edition with it."
)


@require_safe
@staff(Can.KEEP_LIBRARY)
def own(request: StaffRequest) -> HttpResponse:
    """The clinic's own exercises: drafts, published and archived ones."""
    exercises = Exercise.objects.of(request.clinic).with_drafts().order_by("-pk")
    page = Paginator(exercises, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "exercises/own.html", {"page": page})


@require_http_methods(["GET", "POST"])
@staff(Can.KEEP_LIBRARY)
def create(request: StaffRequest) -> HttpResponse:
    """Add an exercise of the clinic; it begins as a draft."""
    form = ExerciseForm(request.POST or None, clinic=request.clinic, today=timezone.localdate())
    if request.method == "POST" and form.is_valid():
        try:
            draft = actions.create(
                clinic=request.clinic, text=form.text, loads=form.loads.records, by=request.user
            )
        except actions.NameTaken:
            form.add_error("name", NAME_TAKEN)
        else:
            return _saved(request, draft)
    return render(request, "exercises/form.html", {"form": form, "number": 1})


@require_POST
@staff(Can.KEEP_LIBRARY)
def figure_preview(request: StaffRequest) -> HttpResponse:
    """The drawing as the editor has it now, or which joint is wrong and why. Stores nothing."""
    form = FigurePreviewForm(request.POST, clinic=request.clinic)
    if not form.is_valid():
        return JsonResponse({"error": form.problem})
    return JsonResponse(form.pictures)


@require_POST
@staff(Can.KEEP_LIBRARY)
def copy(request: StaffRequest, pk: int) -> HttpResponse:
    """Begin the clinic's own version of an exercise."""
    published = Exercise.objects.visible_to(request.clinic).published()
    original = get_object_or_404(published, pk=pk)
    try:
        draft = actions.copy(original=original, clinic=request.clinic, by=request.user)
    except actions.NameTaken:
        messages.info(request, "A copy is being made already.")
        return redirect("exercises:own")
    messages.success(request, "This is your copy. Change what you want, then publish it.")
    return redirect("exercises:edit", draft.exercise_id)


@require_http_methods(["GET", "POST"])
@staff(Can.KEEP_LIBRARY)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Write the draft of the next edition; what is published stays as it is."""
    exercise = get_object_or_404(Exercise.objects.of(request.clinic).active(), pk=pk)
    last = exercise.editions.with_loads().newest_first()[0]
    number = actions.next_number(last)
    form = ExerciseForm(
        request.POST or None,
        clinic=request.clinic,
        today=timezone.localdate(),
        instance=last,
        initial={} if last.is_draft else actions.UNREVIEWED,
        loads=actions.loads_of(last),
    )
    if request.method == "POST" and form.is_valid():
        try:
            draft = actions.save_draft(
                exercise=exercise,
                number=_number_in(request),
                text=form.text,
                loads=form.loads.records,
                by=request.user,
            )
        except actions.NoDraft:
            form.add_error(None, OUTDATED)
        else:
            return _saved(request, draft)
    return render(
        request, "exercises/form.html", {"form": form, "exercise": exercise, "number": number}
    )


@require_http_methods(["GET", "POST"])
@staff(Can.KEEP_LIBRARY)
def publish(request: StaffRequest, pk: int) -> HttpResponse:
    """Show what the draft changes, then make it what therapists prescribe."""
    exercise = get_object_or_404(Exercise.objects.of(request.clinic).active(), pk=pk)
    draft = exercise.editions.drafts().with_loads().first()
    if draft is None:
        messages.info(request, NO_DRAFT)
        return redirect(exercise)
    if request.method == "POST":
        return _publish(request, exercise, draft)
    current = exercise.editions.current().with_loads().first()
    changed = changes.between(current, draft) if current else []
    context = {"draft": draft, "current": current, "changes": changed}
    return render(request, "exercises/publish.html", context)


@require_http_methods(["GET", "POST"])
@staff(Can.KEEP_LIBRARY)
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask, then throw the draft away; an exercise that was never published goes with it."""
    exercise = get_object_or_404(Exercise.objects.of(request.clinic), pk=pk)
    draft = exercise.editions.drafts().first()
    if draft is None:
        messages.info(request, NO_DRAFT)
        return redirect(exercise)
    if request.method == "GET":
        return render(request, "exercises/discard.html", {"exercise": exercise, "draft": draft})
    try:
        actions.discard(draft=draft, by=request.user)
    except actions.NoDraft:
        messages.info(request, NO_DRAFT)
    else:
        messages.success(request, "The draft is discarded.")
    return redirect("exercises:own")


@require_POST
@staff(Can.KEEP_LIBRARY)
def archive(request: StaffRequest, pk: int) -> HttpResponse:
    """Take an exercise out of the library. It can be restored."""
    exercise = get_object_or_404(Exercise.objects.of(request.clinic).ever_published(), pk=pk)
    actions.archive(exercise=exercise, by=request.user, at=timezone.now())
    messages.success(request, "Archived. Programmes that hold it keep it.")
    return redirect(exercise)


@require_POST
@staff(Can.KEEP_LIBRARY)
def restore(request: StaffRequest, pk: int) -> HttpResponse:
    """Put an archived exercise back into the library."""
    exercise = get_object_or_404(Exercise.objects.of(request.clinic), pk=pk)
    actions.restore(exercise=exercise, by=request.user)
    messages.success(request, "The exercise is in the library again.")
    return redirect(exercise)


def _publish(request: StaffRequest, exercise: Exercise, draft: ExerciseEdition) -> HttpResponse:
    if _number_in(request) != draft.number:
        messages.warning(request, "This is another draft than the one you read. Please read it.")
        return redirect("exercises:publish", exercise.pk)
    try:
        actions.publish(draft=draft, by=request.user, at=timezone.now())
    except actions.NoDraft:
        messages.info(request, NO_DRAFT)
    else:
        messages.success(request, f"Edition {draft.number} is published.")
    return redirect(exercise)


def _saved(request: StaffRequest, draft: ExerciseEdition) -> HttpResponse:
    """On to where the pressed button leads."""
    if "publish" in request.POST:
        return redirect("exercises:publish", draft.exercise_id)
    messages.success(request, "The draft is saved. Therapists see it once it is published.")
    return redirect("exercises:edit", draft.exercise_id)


def _number_in(request: StaffRequest) -> int:
    """The number of the edition that was on the page; 0 when there was none."""
    number = request.POST.get("number", "")
    return int(number) if number.isdecimal() and len(number) < 6 else 0
