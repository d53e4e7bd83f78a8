import pytest
from django.template import Context, Template
from django.urls import reverse

from clinics.tenancy import inside
from exercises import actions
from exercises.models import ExerciseEdition
from tests import make
from tests.exercises import library

pytestmark = pytest.mark.django_db


def shown(edition: ExerciseEdition, tag: str) -> str:
    template = Template("{% load figures %}{% " + tag + " %}")
    return template.render(Context({"edition": edition}))


@pytest.mark.parametrize(
    ("moment", "pictures", "loops"),
    [("start", 1, 0), ("end", 1, 0), ("both", 2, 0), ("loop", 2, 1)],
)
def test_the_tag_draws_what_it_is_asked_for(moment, pictures, loops):
    html = shown(make.exercise("FIL").current, f'figure edition "{moment}"')
    assert html.count("<svg") == pictures
    assert html.count("drawing-loop") == loops
    assert html.count("<button") == loops


def test_what_marks_mean_is_written_below_both_stills():
    html = shown(make.exercise("REIL").current, 'figure edition "both"')
    assert "Hips stay down" in html
    assert "No sharp bend at one spot" in html


def test_the_other_versions_are_drawn_with_their_words():
    html = shown(make.exercise("REIL").current, 'figure_stages edition "easier"')
    assert html.count("<figure>") == 3
    assert "<figcaption>Prop on the elbows for 2–3 min, 2–3 times a day.</figcaption>" in html


@pytest.mark.parametrize("figure", [{}, {"alt": "Old", "start": {"head": [88, 10, 10]}}])
def test_an_exercise_without_a_figure_says_so(clinic, figure):
    draft = library.draft(of=clinic)
    draft.figure = figure
    assert "No drawing yet" in shown(draft, 'figure edition "loop"')
    assert "<svg" not in shown(draft, 'figure edition "end"')
    assert shown(draft, 'figure_stages edition "easier"').strip() == ""


def test_the_library_shows_every_exercise_as_it_ends(therapist):
    html = therapist.get(reverse("exercises:library")).content.decode()
    assert html.count('class="drawing"') == 7
    assert "css/figures" in html


def test_the_page_of_an_exercise_shows_the_loop_and_both_ends(therapist):
    html = therapist.get(make.exercise("TILT").get_absolute_url()).content.decode()
    assert html.count("drawing-loop") == 1
    assert html.count("<figcaption>") == 2 + 4
    assert "drawing guides, not measurements" in html
    assert " style=" not in html
    assert "js/figures" in html


def test_a_copy_keeps_the_figure(clinic):
    original = make.exercise("FIL")
    with inside(clinic.pk):
        copy = actions.copy(original=original, clinic=clinic, by=make.founder(clinic))
    assert copy.figure == original.current.figure


def test_only_what_is_drawn_is_shown_to_a_patient(clinic):
    page = Template('{% include "portal/_figure.html" with moment="both" %}')
    draft = library.draft(of=clinic)
    draft.figure = {}
    for edition, pictures in ((make.exercise("FIL").current, 2), (draft, 0)):
        html = page.render(Context({"edition": edition}))
        assert html.count("<svg") == pictures
        assert "No drawing yet" not in html
