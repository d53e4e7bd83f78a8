"""Who looked at what, and who was refused: lines in the audit trail that nobody has to ask for.

Each app says once which of its pages show what; the door then writes the line. Looking at the same
thing again within the hour, from the same place, leaves no second line: a therapist who goes to
and fro between two tabs is one who looked, and the trail stays readable.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from clinics import origin, tenancy
from clinics.actors import Actor, ActorKind, CanAct
from clinics.models import AuditKind

Response = TypeVar("Response", bound=HttpResponseBase)
SAID_AGAIN_AFTER = timedelta(hours=1)
REFUSED, NOT_THERE = "was refused", "asked for what is not there"
LARGEST_KEY = 2**63 - 1


class Page(NamedTuple):
    """What somebody who sees a page has done, and which row the number in its address is of."""

    verb: str
    about: type[Model] | None


_pages: dict[str, Page] = {}


def pages(verb: str, about: type[Model] | None, *names: str) -> None:
    """Whoever sees one of these pages has done `verb`; `about` is a patient or has one."""
    _pages.update(dict.fromkeys(names, Page(verb, about)))


def page_named(name: str) -> Page | None:
    return _pages.get(name)


def verbs() -> set[str]:
    """All that somebody can have looked at in one patient's record."""
    return {page.verb for page in _pages.values() if page.about}


def seen(request: HttpRequest, response: Response, *, clinic_id: int, by: CanAct) -> Response:
    """Note who saw a page, in the transaction that showed it. Costs one statement, or none."""
    page = page_named(_name(request))
    if response.status_code in {403, 404}:
        _note_refusal(request, response.status_code, clinic_id, by.actor)
    elif response.status_code == 200 and page:
        _note(request, AuditKind.LOOK, page.verb, clinic_id, by.actor)
    return response


@contextmanager
def refusals(request: HttpRequest) -> Iterator["Asking"]:
    """Note who was refused, in a transaction of its own: that of the request is undone by then."""
    asking = Asking()
    try:
        yield asking
    except (PermissionDenied, Http404) as refusal:
        if asking.clinic_id is not None and asking.by is not None:
            with tenancy.inside(asking.clinic_id, patient_id=asking.patient_id):
                status = 403 if isinstance(refusal, PermissionDenied) else 404
                _note_refusal(request, status, asking.clinic_id, asking.by.actor)
        raise


class Asking:
    """Who stands at a door, as soon as the door knows."""

    clinic_id: int | None = None
    patient_id: int | None = None
    by: CanAct | None = None

    def known_as(self, by: CanAct, *, clinic_id: int, patient_id: int | None = None) -> None:
        self.by, self.clinic_id, self.patient_id = by, clinic_id, patient_id


def refused(request: HttpRequest, *, clinic_id: int, by: CanAct) -> None:
    """Note that somebody known was turned away."""
    _note_refusal(request, 403, clinic_id, by.actor)


def seen_of(
    patient_ids: Iterable[int], *, verb: str, about: type[Model], clinic_id: int, by: CanAct
) -> None:
    """Note that several patients' data were read at once, a line each; `about` is the patient.

    One statement, however many they are. What was noted within the hour is not noted again.
    """
    here, now, actor = origin.current(), timezone.now(), by.actor
    values: dict[str, str | int | datetime | list[int] | None] = {
        "patients": sorted(set(patient_ids)),
        "clinic_id": clinic_id,
        "at": now,
        "since": now - SAID_AGAIN_AFTER,
        "kind": AuditKind.LOOK,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "address": here.address,
        "browser": here.browser,
        "verb": verb,
        "target": about._meta.label,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OF_EACH, values)


_OF_EACH = """
    INSERT INTO clinics_auditevent (clinic_id, at, kind, actor_kind, actor_id, actor_name,
        role, address, browser, verb, target, target_id, patient_id, detail)
    SELECT %(clinic_id)s, %(at)s, %(kind)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s,
        '', %(address)s, %(browser)s, %(verb)s, %(target)s, patient, patient, '{}'::jsonb
    FROM unnest(%(patients)s::bigint[]) AS patient
    WHERE NOT EXISTS (
        SELECT FROM clinics_auditevent AS noted
        WHERE noted.clinic_id = %(clinic_id)s AND noted.patient_id = patient
            AND noted.at > %(since)s AND noted.actor_kind = %(actor_kind)s
            AND noted.actor_id = %(actor_id)s AND noted.verb = %(verb)s
            AND noted.address = %(address)s AND noted.browser = %(browser)s)
    """


def _note_refusal(request: HttpRequest, status: int, clinic_id: int, actor: Actor) -> None:
    verb = REFUSED if status == 403 else NOT_THERE
    _note(request, AuditKind.REFUSED, verb, clinic_id, actor)


def _note(request: HttpRequest, kind: AuditKind, verb: str, clinic_id: int, actor: Actor) -> None:
    name, here = _name(request), origin.current()
    page, is_staff = page_named(name), actor.kind is ActorKind.STAFF
    about = page.about if page else None
    values: dict[str, str | int | datetime | None] = {
        "clinic_id": clinic_id,
        "at": timezone.now(),
        "since": timezone.now() - SAID_AGAIN_AFTER,
        "kind": kind,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "role": here.role if is_staff else "",
        "address": here.address,
        "browser": here.browser,
        "verb": verb,
        "target": about._meta.label if about else "",
        "target_id": _key(request),
        # What somebody saw is in the verb; what they did not get to see is known by its page only.
        "detail": json.dumps({"page": name} if kind is AuditKind.REFUSED else {}),
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement(about, actor), values)


def _statement(about: type[Model] | None, actor: Actor) -> str:
    """One statement that looks whose row it is, and whether the same was noted already."""
    if actor.kind is ActorKind.PATIENT:
        # All that a patient's request may write down is about that patient.
        whose, from_the_same_place = "%(actor_id)s", "true"
    else:
        whose = "NULL"
        from_the_same_place = "address = %(address)s AND browser = %(browser)s"
        if about is not None:
            column = "patient_id" if _has_patient(about) else "id"
            whose = f"(SELECT {column} FROM {about._meta.db_table} WHERE id = %(target_id)s)"  # noqa: S608
    return f"""
        INSERT INTO clinics_auditevent (clinic_id, at, kind, actor_kind, actor_id, actor_name,
            role, address, browser, verb, target, target_id, patient_id, detail)
        SELECT %(clinic_id)s, %(at)s, %(kind)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s,
            %(role)s, %(address)s, %(browser)s, %(verb)s, %(target)s, %(target_id)s,
            {whose}::bigint, %(detail)s::jsonb
        WHERE NOT EXISTS (
            SELECT FROM clinics_auditevent
            WHERE clinic_id = %(clinic_id)s AND actor_id = %(actor_id)s AND at > %(since)s
                AND actor_kind = %(actor_kind)s AND verb = %(verb)s AND target = %(target)s
                AND target_id IS NOT DISTINCT FROM %(target_id)s AND {from_the_same_place})
        """  # noqa: S608 - the names of our own tables; every value is a parameter


def _has_patient(model: type[Model]) -> bool:
    return any(field.name == "patient" for field in model._meta.fields)


def _name(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _key(request: HttpRequest) -> int | None:
    """The number in the address; None where there is none that a row could have."""
    key = request.resolver_match.kwargs.get("pk") if request.resolver_match else None
    return key if isinstance(key, int) and key <= LARGEST_KEY else None
