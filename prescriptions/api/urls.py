"""The addresses of the API, each with the door that tests and limits know it by."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern

from clinics.api_tokens import as_json
from prescriptions.api.reading import api

app_name = "api"
# What the API looks like is nobody's secret.
OPEN = {"openapi-json", "api-root"}


def _with_door(pattern: URLPattern) -> URLPattern:
    view = login_not_required(pattern.callback)
    view.door = "open" if pattern.name in OPEN else "token"  # type: ignore[attr-defined]
    view.refused = as_json  # type: ignore[attr-defined]
    return pattern


urlpatterns = [_with_door(one) for one in api.urls[0] if isinstance(one, URLPattern)]
