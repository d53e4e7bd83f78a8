"""Bulk export: asked for, looked after, fetched and thrown away (HL7's Bulk Data, version 2)."""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from clinics.api_tokens import TokenRequest
from clinics.scopes import Scope
from prescriptions import tasks
from prescriptions.fhir import bulk, search
from prescriptions.fhir.outcome import Refused, as_outcome
from prescriptions.fhir.sources import kinds
from prescriptions.fhir.views import fhir
from prescriptions.models import BulkExport

NDJSON = "application/fhir+ndjson"
FORMATS = {NDJSON, "application/ndjson", "ndjson"}
ASK_AGAIN = 10  # seconds
State = BulkExport.State


@fhir(Scope.BULK_READ)
def begin(request: TokenRequest) -> HttpResponse:
    """Have the worker export the clinic; the answer says where to ask how far it is."""
    query = request.GET
    search.check(query, ("_type", "_since", "_outputFormat"))
    if "respond-async" not in request.headers.get("Prefer", ""):
        raise Refused("An export is asked for with the header Prefer: respond-async.")
    if query.get("_outputFormat", NDJSON) not in FORMATS:
        raise Refused("Only NDJSON is written.")
    export = bulk.begin(
        clinic=request.clinic,
        request=f"{settings.SITE_URL}{request.get_full_path()}"[:2000],
        kinds=_kinds(query.get("_type", "")),
        since=_since(query.get("_since", "")),
        by=request.token,
        at=timezone.now(),
    )
    transaction.on_commit(partial(tasks.have_exported, request.clinic.pk))
    response = HttpResponse(status=202)
    response["Content-Location"] = _address(export)
    return response


@fhir(Scope.BULK_READ, methods=("GET", "HEAD", "DELETE"))
def status(request: TokenRequest, uuid: UUID) -> HttpResponse:
    """How far it is, or where the files are; DELETE throws it away."""
    export = _export(request, uuid)
    if request.method == "DELETE":
        bulk.give_up(export=export, by=request.token)
        return HttpResponse(status=202)
    if export.state == State.GOING:
        response = HttpResponse(status=202)
        response["X-Progress"] = bulk.progress(export)
        response["Retry-After"] = str(ASK_AGAIN)
        return response
    if export.state == State.DONE:
        return JsonResponse(bulk.manifest(export, _address(export)))
    return as_outcome(500, "The export was not finished. Ask for another one.")


@fhir(Scope.BULK_READ)
def file(request: TokenRequest, uuid: UUID, kind: str) -> StreamingHttpResponse:
    """One file, as it was written."""
    export = _export(request, uuid)
    if export.state != State.DONE or kind not in {part.kind for part in export.parts.all()}:
        raise Http404("There is no such file.")
    bulk.note_fetched(export=export, kind=kind, by=request.token)
    response = StreamingHttpResponse(bulk.lines_of(export, kind), content_type=NDJSON)
    response["Content-Disposition"] = f'attachment; filename="{kind}.ndjson"'
    return response


def _export(request: TokenRequest, uuid: UUID) -> BulkExport:
    """The export of this name, for the token that asked for it."""
    mine = BulkExport.objects.of(request.clinic).asked_with(request.token).with_parts()
    export: BulkExport | None = mine.named(uuid)
    if export is None:
        raise Http404("There is no export of this name, or its files are deleted.")
    return export


def _address(export: BulkExport) -> str:
    return f"{settings.SITE_URL}{reverse('fhir:bulk', args=[export.uuid])}"


def _kinds(asked: str) -> list[str]:
    known = kinds()
    wanted = [kind for kind in asked.split(",") if kind] or known
    for kind in wanted:
        if kind not in known:
            raise Refused(f"{kind[:60]} is not told here; /fhir/metadata tells what is.")
    return wanted


def _since(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused("_since is a moment with its offset.")
    return moment
