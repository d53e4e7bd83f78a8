"""In which language a patient reads: their own, or else what the phone asks for."""

from collections.abc import Callable, Iterable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from clinics.models import Clinic
from exercises.translations import tell_in
from prescriptions.models import PrescribedExercise

View = Callable[..., HttpResponse]


def in_the_phones_language(view: View) -> View:
    """Answer in what was chosen on this phone, or else in what its browser asks for."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        with translation.override(translation.get_language_from_request(request)):
            return view(request, *args, **kwargs)

    return answer


def in_language(language: str) -> translation.override:
    """For as long as it is entered, words are in this language; without one nothing changes."""
    return translation.override(language or translation.get_language())


def tell(lines: Iterable[PrescribedExercise], *, clinic: Clinic) -> bool:
    """Let the exercises of these lines be told in the language of the page.

    Whether one of them is a translation that awaits review. One query, and none for English.
    """
    editions = [line.exercise_edition for line in lines]
    return tell_in(editions, translation.get_language() or "", clinic=clinic)
