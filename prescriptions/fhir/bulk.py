"""Export of a whole clinic as NDJSON: written by the worker part by part, fetched, thrown away.

The parts lie in the clinic's own tables, behind the walls: no file on a disk has to be found by the
process that hands it out, none is forgotten by a backup, and an erasure takes them with it.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from clinics import audit
from clinics.models import ApiToken, AuditKind, Clinic
from clinics.tenancy import inside
from prescriptions.fhir.codes import Json
from prescriptions.fhir.outcome import Refused
from prescriptions.fhir.parts import instant
from prescriptions.fhir.sources import SOURCES, Asked, Made, Origin
from prescriptions.models import BulkExport, BulkPart

ROWS_IN_A_PART = 500
MOST_FAILURES = 5
State = BulkExport.State


def begin(
    *,
    clinic: Clinic,
    request: str,
    kinds: Sequence[str],
    since: datetime | None,
    by: ApiToken,
    at: datetime,
) -> BulkExport:
    """Write down that the clinic is to be exported. Raises Refused while another one goes on."""
    try:
        with transaction.atomic():
            export = BulkExport.objects.create(
                clinic=clinic,
                uuid=uuid4(),
                token=by,
                request=request,
                kinds=list(kinds),
                since=since,
                asked_at=at,
            )
    except IntegrityError as error:
        if "one_bulk_export_at_a_time" not in str(error):
            raise
        raise Refused("An export of this clinic is going on.", status=429) from error
    _note(export, by, "asked for an export of all patients", AuditKind.EXPORT)
    return export


def give_up(*, export: BulkExport, by: ApiToken) -> None:
    """Stop an export if it goes on, and delete what it has written."""
    _note(export, by, "threw an export away", AuditKind.ACT)
    export.delete()


def write_part(clinic_id: int, *, at: datetime) -> bool:
    """Write the next part of the clinic's export; False when there is nothing left to do.

    Several workers may ask at once: one of them writes. A token that was revoked meanwhile ends it.
    """
    with inside(clinic_id):
        held = BulkExport.objects.going().filter(clinic=clinic_id)
        export = held.select_for_update(skip_locked=True, of=("self",)).first()
        if export is None:
            return False
        origins = origins_of(export)
        if not export.token.is_open_at(at):
            _end(export, State.GIVEN_UP, at)
        elif export.place == len(origins):
            _end(export, State.DONE, at)
        else:
            _write(export, origins[export.place], at)
    return True


def note_failure(clinic_id: int, *, at: datetime) -> None:
    """Count a part that could not be written; after some the export has failed."""
    with inside(clinic_id):
        for export in BulkExport.objects.going().filter(clinic=clinic_id).select_for_update():
            export.failures += 1
            export.save(update_fields=["failures"])
            if export.failures >= MOST_FAILURES:
                _end(export, State.FAILED, at)


def is_going(clinic_id: int) -> bool:
    with inside(clinic_id):
        return BulkExport.objects.going().filter(clinic=clinic_id).exists()


def clear_up(clinic_id: int, *, at: datetime) -> int:
    """Delete what ended longer ago than the setting says; how many exports that were."""
    until = at - timedelta(days=settings.BULK_EXPORT_DAYS)
    with inside(clinic_id):
        old = BulkExport.objects.filter(clinic=clinic_id, ended_at__lte=until)
        return old.delete()[1].get(BulkExport._meta.label, 0)


def origins_of(export: BulkExport) -> list[Origin]:
    return [origin for origin in SOURCES if origin.kind in export.kinds]


def progress(export: BulkExport) -> str:
    """How far it has come, in words."""
    of = len(origins_of(export))
    return f"{export.place} of {of} kinds of records, {export.written} resources"


def manifest(export: BulkExport, base: str) -> Json:
    """What a program fetches: a file for each type that has something."""
    counts: dict[str, int] = {}
    for part in export.parts.all():
        counts[part.kind] = counts.get(part.kind, 0) + part.resources
    return {
        "transactionTime": instant(export.asked_at),
        "request": export.request,
        "requiresAccessToken": True,
        "output": [
            {"type": kind, "url": f"{base}/{kind}.ndjson", "count": count}
            for kind, count in counts.items()
        ],
        "error": [],
    }


def lines_of(export: BulkExport, kind: str) -> Iterator[bytes]:
    """The lines of one file, part by part: each is read in a transaction of its own."""
    number = -1
    while True:
        with inside(export.clinic_id):
            rest = BulkPart.objects.filter(
                clinic=export.clinic_id, export=export.pk, kind=kind, number__gt=number
            )
            part = rest.order_by("number").first()
        if part is None:
            return
        number = part.number
        yield gzip.decompress(part.content)


def note_fetched(*, export: BulkExport, kind: str, by: ApiToken) -> None:
    _note(export, by, "fetched an export of all patients", AuditKind.EXPORT, file=kind)


def _write(export: BulkExport, origin: Origin, at: datetime) -> None:
    updated = Q(updated_at__gt=export.since) if export.since else Q()
    made = origin.take(
        export.clinic, Asked(updated=updated), now=at, after=export.after, most=ROWS_IN_A_PART
    )
    if made:
        BulkPart.objects.create(
            clinic_id=export.clinic_id,
            export=export,
            kind=origin.kind,
            number=export.parts.count(),
            resources=len(made),
            content=_packed(made),
        )
        export.after, export.written = made[-1].row, export.written + len(made)
    else:
        export.place, export.after = export.place + 1, 0
    export.save(update_fields=["place", "after", "written"])


def _packed(made: Sequence[Made]) -> bytes:
    lines = (json.dumps(one.resource, ensure_ascii=False, separators=(",", ":")) for one in made)
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), compresslevel=6)


def _end(export: BulkExport, state: State, at: datetime) -> None:
    export.state, export.ended_at = state, at
    export.save(update_fields=["state", "ended_at"])
    if state is not State.DONE:
        export.parts.all().delete()


def _note(
    export: BulkExport, by: ApiToken, verb: str, kind: AuditKind, **detail: object
) -> None:  # fmt: skip
    audit.record_as(
        kind,
        clinic_id=export.clinic_id,
        by=by,
        verb=verb,
        target=export,
        detail={"types": len(export.kinds), **detail},
    )
