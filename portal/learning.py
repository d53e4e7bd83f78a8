"""What the patient may read besides the programme: about backs, and about their own direction."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from exercises.content import Strength, load_sources, sections_of
from exercises.translations import ShownPage, education_in
from exercises.vocabulary import Direction, Region
from patients.lights import Light, standing
from patients.models import DirectionTest, Episode
from patients.models.direction import EpisodeChange
from portal.access import PatientRequest, patient_only


@dataclass(frozen=True)
class Tried:
    """One direction that was tested: what came of it, and what that is worth today."""

    test: DirectionTest
    now: Light

    @property
    def light(self) -> Light:
        """What the test showed then."""
        return Light(self.test.light)

    @property
    def is_old(self) -> bool:
        return self.now is Light.STALE

    @property
    def region(self) -> Region:
        return Region(self.test.region)

    @property
    def direction(self) -> Direction:
        return Direction(self.test.direction)


@require_safe
@patient_only
def learn(request: PatientRequest) -> HttpResponse:
    """The pages of patient education."""
    return render(request, "portal/learn.html", {"pages": _pages(request).values()})


@require_safe
@patient_only
def page(request: PatientRequest, slug: str) -> HttpResponse:
    """One page of patient education, with how far each point is backed."""
    pages = _pages(request)
    if slug not in pages:
        raise Http404
    told = pages[slug].told
    context = {
        "shown": pages[slug],
        "page": told.page,
        "sections": sections_of(told.page, [shown.told.page for shown in pages.values()]),
        "sources": [load_sources()[key] for key in told.page.source_keys],
        "strengths": list(Strength),
    }
    return render(request, "portal/learn_page.html", context)


@require_safe
@patient_only
def why(request: PatientRequest) -> HttpResponse:
    """The patient's confirmed direction, what it rests on and since when; no diagnosis."""
    mine = Episode.objects.of_patient(request.patient).open()
    episode = mine.as_the_patient_reads_it().first()
    context: dict[str, Any] = {"tried": _tried(request, episode) if episode else []}
    if episode and episode.preference:
        context["region"], context["direction"] = episode.preference
        changes = EpisodeChange.objects.of_patient(request.patient).of_episode(episode)
        context["since"] = changes.last_preference_at()
    return render(request, "portal/why.html", context)


@require_safe
@patient_only
def more(request: PatientRequest) -> HttpResponse:
    """Everything that has no place of its own under the thumb."""
    return render(request, "portal/more.html")


def _pages(request: PatientRequest) -> dict[str, ShownPage]:
    """By slug, the pages in the language of the patient."""
    shown = education_in(get_language() or "", clinic=request.clinic)
    return {one.told.page.slug: one for one in shown}


def _tried(request: PatientRequest, episode: Episode) -> list[Tried]:
    """The newest test of each direction, with what it is worth today."""
    today = request.patient.local_date(timezone.now())
    tests = DirectionTest.objects.of_patient(request.patient).of_episode(episode)
    return [
        Tried(
            test,
            standing(
                Light(test.light),
                tested_on=request.patient.local_date(test.at),
                today=today,
                valid_days=request.clinic.thresholds.test_valid_days,
                is_overtaken=episode.overtakes(test),
            ),
        )
        for test in tests.as_the_patient_reads_it().latest_of_each()
    ]
