"""How the pages are read on this phone: their language, the size of text, and contrast."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from patients import actions as patient_actions
from portal.access import COOKIE_PATH, PatientRequest, anyone
from portal.languages import in_language

TEXT_COOKIE, CONTRAST_COOKIE = "bearing_text", "bearing_contrast"
KEPT = 365 * 24 * 60 * 60  # seconds
NORMAL, LARGE, LARGEST = "normal", "large", "largest"
AS_PHONE, MORE = "phone", "more"
TEXT_SIZES = [
    (NORMAL, gettext_lazy("Normal")),
    (LARGE, gettext_lazy("Large")),
    (LARGEST, gettext_lazy("Largest")),
]
CONTRASTS = [(AS_PHONE, gettext_lazy("As the phone")), (MORE, gettext_lazy("More contrast"))]
# Each in its own language: who cannot read the page still finds theirs.
LANGUAGES = [
    (code, format_html('<bdi lang="{}">{}</bdi>', code, name)) for code, name in settings.LANGUAGES
]


class ComfortForm(forms.Form):
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=LANGUAGES, widget=forms.RadioSelect
    )
    text_size = forms.ChoiceField(
        label=gettext_lazy("Size of the words"), choices=TEXT_SIZES, widget=forms.RadioSelect
    )
    contrast = forms.ChoiceField(
        label=gettext_lazy("Contrast"), choices=CONTRASTS, widget=forms.RadioSelect
    )


def text_size(request: HttpRequest) -> str:
    """The size of text that was chosen on this phone."""
    return _chosen(request, TEXT_COOKIE, TEXT_SIZES)


def contrast(request: HttpRequest) -> str:
    """The contrast that was chosen on this phone."""
    return _chosen(request, CONTRAST_COOKIE, CONTRASTS)


@require_http_methods(["GET", "POST"])
@anyone
def comfort(request: PatientRequest) -> HttpResponse:
    """Choose how the pages are read, also before signing in.

    The language goes with the patient to every phone; size and contrast belong to this phone.
    """
    now = {
        "language": translation.get_language(),
        "text_size": text_size(request),
        "contrast": contrast(request),
    }
    form = ComfortForm(request.POST if request.method == "POST" else None, initial=now)
    if not form.is_valid():
        return render(request, "portal/comfort.html", {"form": form})
    chosen = form.cleaned_data
    if hasattr(request, "patient"):
        patient_actions.choose_language(
            patient=request.patient, language=chosen["language"], by=request.patient
        )
    with in_language(chosen["language"]):
        messages.success(request, _("Saved. The pages look like this from now on."))
    response = redirect("portal:comfort")
    _keep(response, settings.LANGUAGE_COOKIE_NAME, chosen["language"])
    _keep(response, TEXT_COOKIE, chosen["text_size"])
    _keep(response, CONTRAST_COOKIE, chosen["contrast"])
    return response


def _chosen(request: HttpRequest, cookie: str, choices: list[tuple[str, Any]]) -> str:
    """What the cookie says where that can be chosen, or else the first of the choices."""
    value = request.COOKIES.get(cookie, "")
    return value if value in dict(choices) else choices[0][0]


def _keep(response: HttpResponse, cookie: str, value: str) -> None:
    response.set_cookie(
        cookie,
        value,
        max_age=KEPT,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
