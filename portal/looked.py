"""Who looked at the patient's record."""

from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinics.actors import ActorKind
from clinics.marking import translatable
from clinics.models import AuditEvent, AuditKind
from clinics.pages import newest_page
from portal.access import PatientRequest, patient_only

LINES_PER_PAGE = 100
RECORD = translatable("Your record")
MONITORING = translatable("Your consent, and the time we spent on your care")
# What a line of the audit trail says that somebody saw, in words for patients.
SAW = {
    "looked at the overview": translatable("An overview of your programme"),
    "looked at the record": RECORD,
    "looked at the access to the portal": translatable("Your phones and links"),
    "looked at direction and safety": translatable("Your tests and warning signs"),
    "looked at the programme": translatable("Your programme"),
    "looked at the handout": translatable("Your programme on paper"),
    "printed a handout": translatable("Your programme on paper"),
    "looked at the note for the file": translatable("A note about your programme"),
    "looked at messages": translatable("Your messages"),
    "looked at the story so far": translatable("Your story so far"),
    "looked at the records of monitoring": MONITORING,
    "printed the records of monitoring": MONITORING,
    "looked at the timer of monitoring": translatable("A clock for the time we spend on your care"),
    "looked at the progress": translatable("Your progress"),
    "looked at the outcome measures": translatable("Your answers to questions"),
    "printed a progress report": translatable("Your progress"),
    "exported the numbers of the progress": translatable("Your progress"),
    "looked at the days away": translatable("Your days away"),
    "gave out a patient's record": translatable("A copy of your whole record"),
    "looked at the record over FHIR": RECORD,
    "read the patient over the API": RECORD,
    "read programmes over the API": translatable("Your programme"),
    "read logs over the API": translatable("Your progress"),
    "looked at an alert": translatable("Something you told us in a log"),
}
ROLES = {
    "admin": translatable("Runs the clinic"),
    "therapist": translatable("Therapist"),
    "assistant": translatable("Assistant"),
    "operator": translatable("Runs the server"),
}
STAFF = translatable("Works at the clinic")
SYSTEM = translatable("A program that we use at the clinic")
# All that the portal's role may read of the trail.
SHOWN = ("pk", "at", "actor_kind", "actor_id", "actor_name", "role", "verb")


class Look(NamedTuple):
    """One person's looks on one day, or one system's."""

    name: str
    role: str
    what: list[str]  # each once, the newest first
    last_at: datetime


class Day(NamedTuple):
    day: date
    looks: list[Look]


@require_safe
@patient_only
def looked(request: PatientRequest) -> HttpResponse:
    """Who of the clinic, and which system, saw or printed something of this patient, by day."""
    mine = AuditEvent.objects.of(request.clinic).filter(patient_id=request.patient.pk)
    others = mine.filter(actor_kind__in=[ActorKind.STAFF, ActorKind.TOKEN])
    looks = others.filter(kind__in=[AuditKind.LOOK, AuditKind.EXPORT])
    before = request.GET.get("before")
    page = newest_page(looks.only(*SHOWN), before=before, size=LINES_PER_PAGE)
    context = {"days": days(page.rows), "page": page, "before": before}
    return render(request, "portal/looked.html", context)


def days(events: Iterable[AuditEvent]) -> list[Day]:
    """Events, the newest first, by day and person."""
    by_day = groupby(events, key=lambda event: timezone.localdate(event.at))
    return [Day(day, _looks(on_day)) for day, on_day in by_day]


def _looks(events: Iterable[AuditEvent]) -> list[Look]:
    looks: dict[tuple[str, int | None], Look] = {}
    for event in events:
        is_system = event.actor_kind == ActorKind.TOKEN
        role = SYSTEM if is_system else ROLES.get(event.role, STAFF)
        who = event.actor_kind, event.actor_id
        look = looks.setdefault(who, Look(event.actor_name, role, [], event.at))
        saw = SAW.get(event.verb, RECORD)
        if saw not in look.what:
            look.what.append(saw)
    return list(looks.values())
