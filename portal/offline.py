"""What a phone needs to go on without a network: the manifest, the worker, the pages it keeps."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from exercises.content import load_education
from exercises.translations import what_is_told
from patients.models import RaisedFlag
from portal.access import PatientRequest, anyone, patient_only
from portal.comfort import contrast, text_size
from portal.following import pauses_of
from prescriptions.models import EVERY_DAY, PrescriptionEdition, SessionLog

Arguments = Callable[[PrescriptionEdition | None], list[list[Any]]]
STATIC_FILES = settings.BASE_DIR / "static"
# The worker is one classic script, which every browser runs: these modules, one after the other.
WORKER_PARTS = ("worker_push.js", "outbox_store.js", "outbox_sender.js", "worker.js")
IMPORT, EXPORT = re.compile(r"^import [^;]*;\n", re.M), re.compile(r"^export (?=\w)", re.M)
# What every page stands on; whatever else a page asks for is kept together with the page.
SHELL = ("css/base.css", "css/portal.css", "icons/favicon.svg")


def _once(edition: PrescriptionEdition | None) -> list[list[Any]]:
    return [[]]


def _for_the_edition(edition: PrescriptionEdition | None) -> list[list[Any]]:
    return [[edition.pk]] if edition else []


def _for_each_lesson(edition: PrescriptionEdition | None) -> list[list[Any]]:
    return [[page.slug] for page in load_education()]


# The pages that a phone keeps, by the names of their URLs, each with the arguments it is kept for.
OFFLINE_PAGES: dict[str, Arguments] = {
    "portal:today": _once,
    "portal:player": _once,
    "portal:log": _for_the_edition,
    "portal:help": _once,
    "portal:more": _once,
    "portal:why": _once,
    "portal:learn": _once,
    "portal:learn_page": _for_each_lesson,
}
# Those that differ from one day of the week to the next when the programme does.
OF_THE_DAY = {"portal:today", "portal:player", "portal:log"}


@require_safe
@anyone
def manifest(request: PatientRequest) -> HttpResponse:
    """What makes the portal an app that can stand on the phone's first page."""
    sizes = (("192", "any"), ("512", "any"), ("512", "maskable"))
    icons = [
        {
            "src": static(f"icons/app{'-maskable' if purpose == 'maskable' else ''}-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size, purpose in sizes
    ]
    drawn = {"src": static("icons/favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
    said = {
        "id": reverse("portal:today"),
        "name": "Bearing",
        "short_name": "Bearing",
        "description": _("Your stretches at home"),
        "start_url": reverse("portal:today"),
        "scope": reverse("portal:today"),
        "display": "standalone",
        "background_color": "#f3f6f6",
        "theme_color": "#f3f6f6",
        "icons": [*icons, drawn],
    }
    return JsonResponse(said, content_type="application/manifest+json")


@require_safe
@anyone
def worker(request: PatientRequest) -> HttpResponse:
    """The service worker. A new version of any file it keeps makes it a new one."""
    known = {
        "static": settings.STATIC_URL,
        "shell": shell(),
        "home": reverse("portal:today"),
        "help": reverse("portal:help"),
        "nothing": reverse("portal:not_kept"),
        "pages": reverse("portal:kept_pages"),
    }
    parts = [f"const KNOWN = {json.dumps(known, sort_keys=True)};", *map(_part, WORKER_PARTS)]
    return HttpResponse("\n".join(parts), content_type="text/javascript; charset=utf-8")


@require_safe
@patient_only
def kept_pages(request: PatientRequest) -> HttpResponse:
    """Which pages this patient's phone keeps; another `stamp` means that they have changed."""
    day = request.patient.local_date(timezone.now())
    editions = PrescriptionEdition.objects.of_patient(request.patient).with_names()
    edition = editions.in_force_on(day).first()
    return JsonResponse(
        {
            "stamp": _stamp(request, edition, day),
            "pages": list(_pages(edition)),
        }
    )


@require_safe
@anyone
def not_kept(request: PatientRequest) -> HttpResponse:
    """What stands in for a page that the phone does not hold."""
    return render(request, "portal/not_kept.html")


def shown_day(request: PatientRequest) -> date:
    """The patient's today, or the next day of the week that `?weekday=` asks for (1 is Monday)."""
    today = request.patient.local_date(timezone.now())
    asked = request.GET.get("weekday", "")
    if asked not in map(str, EVERY_DAY):
        return today
    return today + timedelta(days=(int(asked) - today.isoweekday()) % len(EVERY_DAY))


def shell() -> list[str]:
    scripts = sorted(path.name for path in (STATIC_FILES / "portal").glob("*.js"))
    return [static(name) for name in (*SHELL, *(f"portal/{name}" for name in scripts))]


def _part(name: str) -> str:
    source = (STATIC_FILES / "portal" / name).read_text()
    return EXPORT.sub("", IMPORT.sub("", source))


def _pages(edition: PrescriptionEdition | None) -> Iterator[str]:
    lines = edition.lines.all() if edition else []
    is_every_day_alike = all(len(line.weekdays) == len(EVERY_DAY) for line in lines)
    for name, arguments in OFFLINE_PAGES.items():
        for given in arguments(edition):
            address = reverse(name, args=given)
            yield address
            if name in OF_THE_DAY and not is_every_day_alike:
                yield from (f"{address}?weekday={weekday}" for weekday in EVERY_DAY)


def _stamp(request: PatientRequest, edition: PrescriptionEdition | None, day: date) -> str:
    logs = SessionLog.objects.of_patient(request.patient).standing().on_day(day)
    flags = RaisedFlag.objects.of_patient(request.patient).open()
    texts = [line.exercise_edition for line in edition.lines.all()] if edition else []
    language = get_language() or ""
    content = [
        day.isoformat(),
        edition.pk if edition else None,
        logs.count(),
        sorted(pause.pk for pause in pauses_of(request.patient)),
        sorted(flags.values_list("pk", flat=True)),
        [language, text_size(request), contrast(request)],
        what_is_told(texts, language, clinic=request.clinic),
        shell(),
        list(OFFLINE_PAGES),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
