"""The library as therapists read it."""

from django.core.paginator import Paginator
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from clinics.access import Can, StaffRequest, may, staff
from exercises.content import Strength, load_education, load_sources, sections_of
from exercises.forms import LibraryForm
from exercises.models import Exercise
from exercises.translations import page_states_of, states_of

ROWS_PER_PAGE = 60


@require_safe
@staff(Can.VIEW)
def library(request: StaffRequest) -> HttpResponse:
    """Every exercise that may be prescribed, found by word, direction, position and equipment."""
    form = LibraryForm(request.GET)
    exercises = Exercise.objects.visible_to(request.clinic).published().with_picture().by_name()
    # Found and counted in one query: a library is some hundred short rows.
    pages = Paginator(list(form.found(exercises)), ROWS_PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    prefetch_related_objects(list(page), "current__loads")
    headers = request.headers
    is_part = "HX-Request" in headers and "HX-History-Restore-Request" not in headers
    response = render(
        request,
        "exercises/_rows.html" if is_part else "exercises/library.html",
        {
            "page": page,
            "form": form,
            "is_part": is_part,
            "is_admin": may(request, Can.KEEP_LIBRARY),
        },
    )
    response["Vary"] = "HX-Request"
    return response


@require_safe
@staff(Can.VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """What the exercise says now; for admins also one that is archived or not yet published."""
    exercises = Exercise.objects.visible_to(request.clinic).with_origin()
    if not may(request, Can.KEEP_LIBRARY):
        exercises = exercises.published()
    exercise = get_object_or_404(exercises, pk=pk)
    return _text(request, exercise, number=None)


@require_safe
@staff(Can.VIEW)
def edition(request: StaffRequest, pk: int, number: int) -> HttpResponse:
    """What one edition says, also of an archived exercise: a programme may hold it."""
    exercise = get_object_or_404(Exercise.objects.visible_to(request.clinic).with_origin(), pk=pk)
    return _text(request, exercise, number=number)


@require_safe
@staff(Can.VIEW)
def education(request: StaffRequest) -> HttpResponse:
    """The pages of patient education."""
    return render(request, "exercises/education.html", {"pages": load_education()})


@require_safe
@staff(Can.VIEW)
def education_page(request: StaffRequest, slug: str) -> HttpResponse:
    """One page of patient education, with how far each point is backed."""
    pages = {page.slug: page for page in load_education()}
    if slug not in pages:
        raise Http404
    page = pages[slug]
    context = {
        "page": page,
        "sections": sections_of(page, load_education()),
        "sources": [load_sources()[key] for key in page.source_keys],
        "strengths": list(Strength),
        "translations": page_states_of(slug, request.clinic),
    }
    return render(request, "exercises/education_page.html", context)


def _text(request: StaffRequest, exercise: Exercise, *, number: int | None) -> HttpResponse:
    """One edition; without a number the current one or, where none is published, the draft."""
    is_admin = may(request, Can.KEEP_LIBRARY)
    readable = exercise.editions.all() if is_admin else exercise.editions.published()
    texts = readable.with_loads().newest_first()
    if number is not None:
        texts = texts.numbered(number)
    elif exercise.current_id:
        texts = texts.current()
    shown = texts.first()
    if shown is None:
        raise Http404
    editions = list(readable.as_history())
    context = {
        "exercise": exercise,
        "edition": shown,
        "editions": editions,
        "draft": next((one for one in editions if one.is_draft), None),
        "is_current": shown.pk == exercise.current_id,
        "sources": [load_sources()[key] for key in shown.source_keys if key in load_sources()],
        "strengths": list(Strength),
        "translations": states_of(shown, request.clinic),
        "is_admin": is_admin,
        "may_prescribe": may(request, Can.PRESCRIBE),
    }
    return render(request, "exercises/detail.html", context)
