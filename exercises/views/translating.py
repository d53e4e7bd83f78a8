"""Translations beside their originals: all staff read them, an admin writes and signs them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, may, staff
from exercises import actions
from exercises.content import PatientWords, Strength, ToldPage, education, load_sources
from exercises.content.translations import words_of_figure
from exercises.forms import SignForm, TranslationForm
from exercises.models import EducationReview, Exercise, ExerciseEdition, TranslationReview
from exercises.vocabulary import Language

SIGNED = "Signed. Your clinic's patients read it without the notice from now on."
ALREADY_SIGNED = "Your clinic had signed this translation already."
ANOTHER = "This is another translation than the one you read. Please read it."


@dataclass(frozen=True)
class Part:
    """One part of a text: its lines, each original beside its translation."""

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    is_numbered: bool = False


@require_safe
@staff(Can.VIEW)
def translation(request: StaffRequest, pk: int, number: int, language: str) -> HttpResponse:
    """The newest translation of an edition, line by line beside the English."""
    return _translation(request, _edition(request, pk, number), _spoken(language), SignForm())


@require_POST
@staff(Can.KEEP_LIBRARY)
def sign(request: StaffRequest, pk: int, number: int, language: str) -> HttpResponse:
    """Sign for the clinic the very translation that was on the page."""
    edition, spoken = _edition(request, pk, number), _spoken(language)
    newest = edition.translations.into(spoken).newest_first().first()
    if newest is None:
        raise Http404
    form = SignForm(request.POST)
    if not form.is_valid():
        return _translation(request, edition, spoken, form)
    if form.cleaned_data["what"] != str(newest.number):
        messages.warning(request, ANOTHER)
        return redirect("exercises:translation", pk, number, language)
    try:
        actions.sign_translation(
            translation=newest,
            clinic=request.clinic,
            by=request.user,
            at=timezone.now(),
            **form.signature,
        )
    except actions.AlreadySigned:
        messages.info(request, ALREADY_SIGNED)
    else:
        messages.success(request, SIGNED)
    return redirect("exercises:translation", pk, number, language)


@require_http_methods(["GET", "POST"])
@staff(Can.KEEP_LIBRARY)
def translate(request: StaffRequest, pk: int, number: int, language: str) -> HttpResponse:
    """Write a translation of a clinic's own exercise; each one saved awaits its review."""
    edition, spoken = _edition(request, pk, number), _spoken(language)
    if edition.clinic_id is None:
        raise Http404
    last = edition.translations.into(spoken).newest_first().first()
    form = TranslationForm(
        request.POST or None,
        language=spoken,
        original=PatientWords.of(edition),
        last=last.words if last else None,
    )
    if request.method == "POST" and form.is_valid():
        actions.translate(
            edition=edition,
            language=spoken,
            words=form.words,
            by=request.user,
            at=timezone.now(),
        )
        messages.success(request, "The translation is kept. It awaits review by a clinician.")
        return redirect("exercises:translation", pk, number, language)
    context = {"edition": edition, "spoken": spoken, "form": form}
    return render(request, "exercises/translate.html", context)


@require_safe
@staff(Can.VIEW)
def education_translation(request: StaffRequest, slug: str, language: str) -> HttpResponse:
    """A translated page of patient education, line by line beside the English."""
    return _page(request, _told(slug, _spoken(language)), SignForm())


@require_POST
@staff(Can.KEEP_LIBRARY)
def sign_education(request: StaffRequest, slug: str, language: str) -> HttpResponse:
    """Sign for the clinic the page as it read when it was opened."""
    told = _told(slug, _spoken(language))
    form = SignForm(request.POST)
    if not form.is_valid():
        return _page(request, told, form)
    if form.cleaned_data["what"] != told.fingerprint:
        messages.warning(request, ANOTHER)
        return redirect("exercises:education_translation", slug, language)
    try:
        actions.sign_page(
            told=told,
            clinic=request.clinic,
            by=request.user,
            at=timezone.now(),
            **form.signature,
        )
    except actions.AlreadySigned:
        messages.info(request, ALREADY_SIGNED)
    else:
        messages.success(request, SIGNED)
    return redirect("exercises:education_translation", slug, language)


def _translation(
    request: StaffRequest, edition: ExerciseEdition, language: Language, form: SignForm
) -> HttpResponse:
    history = list(edition.translations.into(language).newest_first())
    reviews = TranslationReview.objects.of(request.clinic).on(history)
    by_translation = {review.translation_id: review for review in reviews}
    newest = history[0] if history else None
    keys = [key for key in edition.source_keys if key in load_sources()]
    context = {
        "edition": edition,
        "spoken": language,
        "newest": newest,
        "review": newest and by_translation.get(newest.pk),
        "history": [(one, by_translation.get(one.pk)) for one in history],
        "parts": list(_parts(edition, newest.words)) if newest else [],
        "sources": [load_sources()[key] for key in keys],
        "strengths": list(Strength),
        "form": form,
        "what": newest and newest.number,
        "is_admin": may(request, Can.KEEP_LIBRARY),
    }
    return render(request, "exercises/translation.html", context)


def _page(request: StaffRequest, told: ToldPage, form: SignForm) -> HttpResponse:
    context = {
        "told": told,
        "spoken": Language(told.language),
        "review": EducationReview.objects.of(request.clinic).on(told).first(),
        "parts": list(_parts_of_page(told)),
        "sources": [load_sources()[key] for key in told.page.source_keys],
        "strengths": list(Strength),
        "form": form,
        "what": told.fingerprint,
        "is_admin": may(request, Can.KEEP_LIBRARY),
    }
    return render(request, "exercises/education_translation.html", context)


def _parts(edition: ExerciseEdition, words: PatientWords) -> Iterator[Part]:
    yield Part(
        "In short",
        [
            (edition.name, words.name),
            (edition.summary, words.summary),
            (edition.direction_note, words.direction_note),
        ],
    )
    yield Part("Steps", _beside(edition.steps, words.steps), is_numbered=True)
    yield Part("Should feel", _beside(edition.should_feel, words.should_feel))
    yield Part("Stop for", _beside(edition.stop_for, words.stop_for))
    yield Part("Take care", _beside(edition.take_care, words.cautions))
    shown = list(words_of_figure(edition.figure))
    yield Part("What the figure shows", _beside(shown, words.figure_words))


def _beside(originals: list[str], lines: tuple[str, ...]) -> list[tuple[str, str]]:
    return list(zip(originals, lines, strict=True))


def _parts_of_page(told: ToldPage) -> Iterator[Part]:
    english, page = told.original, told.page
    yield Part("Page", [(english.title, page.title), (english.introduction, page.introduction)])
    for there, here in zip(english.sections, page.sections, strict=True):
        lines = [(there.heading, here.heading), (there.text, here.text)]
        for theirs, ours in zip(there.facts, here.facts, strict=True):
            lines += [(f"{theirs.id}: {theirs.text}", ours.text), (theirs.evidence, ours.evidence)]
        lines += zip(there.muscles, here.muscles, strict=True)
        lines += zip(there.notes, here.notes, strict=True)
        yield Part(there.heading, [line for line in lines if line[0]])


def _edition(request: StaffRequest, pk: int, number: int) -> ExerciseEdition:
    exercise = get_object_or_404(Exercise.objects.visible_to(request.clinic), pk=pk)
    published = exercise.editions.published()
    return get_object_or_404(published.numbered(number))


def _spoken(language: str) -> Language:
    if language not in list(Language):
        raise Http404
    return Language(language)


def _told(slug: str, language: Language) -> ToldPage:
    pages = {told.page.slug: told for told in education(language) if told.is_translated}
    if slug not in pages:
        raise Http404
    return pages[slug]
