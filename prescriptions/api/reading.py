"""What a token may ask for, operation by operation."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, NinjaAPI, Query, Schema
from ninja.decorators import decorate_view
from ninja.errors import ValidationError

from clinics.api_tokens import TokenRequest, token_only
from clinics.scopes import Scope
from patients.models import Patient, PatientQuerySet
from prescriptions.api.shapes import (
    LARGEST_KEY,
    LogOut,
    LogsOut,
    Paging,
    PatientOut,
    PatientsOut,
    ProgrammeOut,
    ProgrammesOut,
)
from prescriptions.models import EARLIEST, LATEST, PrescriptionEdition, SessionLog

DAYS, MOST_DAYS = 28, 92
MOST_SEARCHED = 100  # characters
EDITIONS_PER_PAGE = 20

api = NinjaAPI(
    title="Bearing",
    version="1",
    description=(
        "Who the patients of a clinic are, what is prescribed to them and what they logged. A"
        " clinic makes a token under Clinic → Connections; it is sent as `Authorization: Bearer …`."
        " Every read stands in the clinic’s audit trail. Nothing is written here: a session is"
        " logged by the patient, or by the staff who were there."
    ),
    docs_url=None,
    openapi_url="openapi.json",
    urls_namespace="api",
    openapi_extra={
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    },
)


class Refused(Schema):
    """Why there is no answer: 401 no good token, 403 not opened by it, 404 nothing there, 429 too
    many requests."""

    detail: str


REFUSALS = {401: Refused, 403: Refused, 404: Refused, 429: Refused}


class WhichPatients(Paging):
    """Which patients; archived ones are among them."""

    search: str = Field(
        "",
        max_length=MOST_SEARCHED,
        description="Words of the name, a birth date, or the beginning of the record number",
    )
    logged_since: datetime | None = Field(
        None, description="Only those with a session done since, with its offset from UTC"
    )


class WhichDays(Schema):
    """Of which of the patient’s own days, at most 92; without any the last four weeks."""

    first: date | None = Field(None, ge=EARLIEST, le=LATEST)
    last: date | None = Field(None, ge=EARLIEST, le=LATEST)


def opened_by(scope: Scope) -> Callable[..., Callable[..., object]]:
    return decorate_view(token_only(scope))


@api.get("/patients/", response={200: PatientsOut, **REFUSALS}, url_name="patients")
@opened_by(Scope.PATIENTS_READ)
def patients(request: TokenRequest, which: Query[WhichPatients]) -> PatientsOut:
    """The clinic’s patients, in the order in which they were recorded."""
    found = _wanted(Patient.objects.of(request.clinic).with_clinic(), which)
    rows = list(found.filter(pk__gt=which.after).order_by("pk")[: which.limit + 1])
    shown = rows[: which.limit]
    return PatientsOut(
        items=[PatientOut.of(patient) for patient in shown],
        next=shown[-1].pk if len(rows) > len(shown) else None,
    )


@api.get("/patients/{int:pk}/", response={200: PatientOut, **REFUSALS}, url_name="patient")
@opened_by(Scope.PATIENTS_READ)
def patient(request: TokenRequest, pk: int) -> PatientOut:
    """One patient."""
    return PatientOut.of(_patient(request, pk))


@api.get(
    "/patients/{int:pk}/programmes/",
    response={200: ProgrammesOut, **REFUSALS},
    url_name="programmes",
)
@opened_by(Scope.PROGRAMMES_READ)
def programmes(
    request: TokenRequest, pk: int, before: int = Query(LARGEST_KEY, ge=1, le=LARGEST_KEY)
) -> ProgrammesOut:
    """What was published for a patient, the newest edition first; drafts are not given out."""
    patient = _patient(request, pk)
    today = patient.local_date(timezone.now())
    of_patient = PrescriptionEdition.objects.of_patient(patient)
    published = of_patient.published().filter(pk__lt=before).with_lines().order_by("-pk")
    rows = list(published[: EDITIONS_PER_PAGE + 1])
    shown = rows[:EDITIONS_PER_PAGE]
    in_force = set(of_patient.in_force_on(today).values_list("pk", flat=True))
    return ProgrammesOut(
        items=[ProgrammeOut.of(edition, in_force=in_force) for edition in shown],
        next=shown[-1].pk if len(rows) > len(shown) else None,
    )


@api.get("/patients/{int:pk}/logs/", response={200: LogsOut, **REFUSALS}, url_name="logs")
@opened_by(Scope.LOGS_READ)
def logs(request: TokenRequest, pk: int, which: Query[WhichDays]) -> LogsOut:
    """What a patient logged, also what was corrected or taken back since."""
    patient = _patient(request, pk)
    first, last = _span(which, today=patient.local_date(timezone.now()))
    mine = SessionLog.objects.of_patient(patient).between(first, last)
    standing = set(mine.standing().values_list("pk", flat=True))
    rows = mine.with_entries().oldest_first()
    return LogsOut.of([LogOut.of(log, standing=standing) for log in rows], first=first, last=last)


def _patient(request: TokenRequest, pk: int) -> Patient:
    found: QuerySet[Patient] = Patient.objects.of(request.clinic).with_clinic()
    return get_object_or_404(found, pk=pk)


def _wanted(found: PatientQuerySet, which: WhichPatients) -> PatientQuerySet:
    if which.search:
        found = found.search(which.search)
    if which.logged_since is not None:
        if timezone.is_naive(which.logged_since):
            raise _unfit("logged_since", "Say the offset from UTC, for example 2026-05-17T08:00Z.")
        found = found.filter(last_logged_at__gte=which.logged_since)
    return found


def _span(which: WhichDays, *, today: date) -> tuple[date, date]:
    """The first and the last day asked for, both included."""
    last = which.last or today
    first = which.first or last - timedelta(days=DAYS - 1)
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        raise _unfit("first", f"Ask for 1 to {MOST_DAYS} days, the first one first.")
    return first, last


def _unfit(name: str, message: str) -> ValidationError:
    return ValidationError([{"type": "unfit", "loc": ["query", "which", name], "msg": message}])
