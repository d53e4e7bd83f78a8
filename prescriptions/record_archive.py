"""A patient's whole record as one archive: for programs as JSON, for people as PDF.

The shape of record.json is described in docs/record.md.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from django.db import connection, models, transaction
from django.http import HttpResponse
from django.utils import timezone

from clinics import audit
from clinics.actors import CanAct
from clinics.models import AuditKind
from exercises.models import Exercise
from patients.models import Patient
from patients.rows_about import SECRETS, About, tables_about_patients
from prescriptions import paper

FORMAT, VERSION = "bearing-patient-record", 1
AT_ONCE = 500  # rows held in memory
IN_MEMORY = 5_000_000  # bytes; a larger archive is written to the disk
# Paper is to be read: of a longer table it shows the newest rows, and says so.
MOST_ON_PAPER = 200
NO_WORDS = frozenset({"clinic", "patient"})
# In a line of the audit trail: who else's programme was copied is not for this patient.
OF_OTHERS = frozenset({"from_patient"})


class AlreadyBeingMade(Exception):
    """The record of this patient is being put together at this moment."""


@transaction.atomic
def give_record(*, patient: Patient, by: CanAct) -> IO[bytes]:
    """The archive as a file open at its beginning, with a line in the audit trail.

    It holds every row and column that the role of this transaction may read: for staff the whole
    record, for the patient in the portal what the portal shows. Raises AlreadyBeingMade.
    """
    _one_at_a_time(patient)
    archive: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the caller reads it
    with ZipFile(archive, "w", ZIP_DEFLATED) as packed:
        printed = _Printed()
        with packed.open("record.json", "w") as file:
            for part in _json(patient, printed):
                file.write(part.encode())
        packed.writestr("record.pdf", paper.record_pdf(printed.document(patient)))
        packed.writestr("README.txt", _readme(patient, printed.counts))
    audit.record_as(
        AuditKind.EXPORT,
        clinic_id=patient.clinic_id,
        by=by,
        verb="gave out a patient's record",
        target=patient,
        patient_id=patient.pk,
        detail={"rows": sum(printed.counts.values())},
    )
    archive.seek(0)
    return archive


class _Printed:
    """What goes on paper, gathered while the rows pass by once."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.sections: list[dict[str, Any]] = []

    def begin(self, about: About) -> None:
        self.counts[about.label] = 0
        title = str(about.model._meta.verbose_name_plural)
        self.sections.append({"title": title[:1].upper() + title[1:], "rows": [], "left_out": 0})

    def add(self, about: About, row: dict[str, Any]) -> None:
        self.counts[about.label] += 1
        section = self.sections[-1]
        section["rows"].append([[_as_title(name), _on_paper(value)] for name, value in row.items()])
        if len(section["rows"]) > MOST_ON_PAPER:
            del section["rows"][0]
            section["left_out"] += 1

    def document(self, patient: Patient) -> dict[str, Any]:
        said = [section for section in self.sections if section["rows"]]
        for section in said:
            section["rows"] = [
                [[name, value] for name, value in row if value] for row in section["rows"]
            ]
        now = timezone.now().astimezone(patient.zone)
        return {
            "paper": patient.clinic.paper,
            "clinic": patient.clinic.name,
            "patient": patient.name,
            "made": f"Made on {now:%Y-%m-%d}. Days and times are those of {patient.zone.key}.",
            "sections": said,
        }


def _one_at_a_time(patient: Patient) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"the record of patient {patient.pk}"],
        )
        if cursor.fetchone() == (False,):
            raise AlreadyBeingMade


def _json(patient: Patient, printed: _Printed) -> Iterator[str]:
    """The text of record.json in pieces, so that a long record needs no more memory."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": _plain(timezone.now(), patient),
        "clinic": {"name": patient.clinic.name, "phone": patient.clinic.phone},
        "time_zone": patient.zone.key,
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "tables": {'
    separator = ""
    for about in tables_about_patients():
        fields = _readable(about.model)
        if _whose(about) not in fields:
            continue
        printed.begin(about)
        yield f'{separator}\n"{about.label}": ['
        separator, comma = ",", ""
        for row in _rows(about, fields, patient):
            printed.add(about, row)
            yield f"{comma}\n{json.dumps(row, ensure_ascii=False)}"
            comma = ","
        yield "]"
    yield "}\n}\n"


def _readable(model: type[models.Model]) -> list["models.Field[Any, Any]"]:
    """The columns that the role of this transaction may read, without secrets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND has_column_privilege(attrelid, attnum, 'SELECT')",
            [model._meta.db_table],
        )
        readable = {name for (name,) in cursor.fetchall()}
    return [
        field
        for field in model._meta.concrete_fields
        if field.column in readable and field.name not in SECRETS
    ]


def _whose(about: About) -> "models.Field[Any, Any]":
    """The column by which the patient's rows are found."""
    name = about.path.split("__")[0]
    options = about.model._meta
    return options.pk if name == "pk" else options.get_field(name)  # type: ignore[return-value]


def _rows(
    about: About, fields: "list[models.Field[Any, Any]]", patient: Patient
) -> Iterator[dict[str, Any]]:
    stored = about.rows(patient.pk).values(*(field.attname for field in fields))
    passing = stored.iterator(chunk_size=AT_ONCE)
    while several := list(islice(passing, AT_ONCE)):
        words = {
            field.name: _words(field, {row[field.attname] for row in several})
            for field in fields
            if isinstance(field, models.ForeignKey) and field.name not in NO_WORDS
        }
        for row in several:
            yield {
                field.name: _told(field, row[field.attname], words.get(field.name, {}), patient)
                for field in fields
            }


def _words(field: "models.ForeignKey[models.Model]", keys: set[int | None]) -> dict[int, str]:
    """Names of the people and exercises that rows refer to; rows of the record itself have none."""
    model = field.related_model
    column = "code" if model is Exercise else "name"
    named = {field.name for field in _readable(model)}
    if column not in named:
        return {}
    found = model._default_manager.filter(pk__in=keys - {None})
    return dict(found.values_list("pk", column))


def _told(
    field: "models.Field[Any, Any]", value: Any, words: dict[int, str], patient: Patient
) -> Any:
    if words and value in words:
        return {"id": value, "words": words[value]}
    choices = dict(field.flatchoices or ())
    if isinstance(value, str | int) and value in choices and value != "":
        return {"code": value, "words": str(choices[value])}
    return _plain(value, patient)


def _plain(value: Any, patient: Patient) -> Any:
    """As JSON: a moment as UTC, with the day that the patient's own calendar showed."""
    if isinstance(value, datetime):
        utc = value.astimezone(UTC)
        return {
            "utc": utc.isoformat().replace("+00:00", "Z"),
            "local_date": patient.local_date(value).isoformat(),
        }
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        return [_plain(inner, patient) for inner in value]
    if isinstance(value, dict):
        return {name: inner for name, inner in value.items() if name not in OF_OTHERS}
    return value


def _as_title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _on_paper(value: Any) -> str:
    match value:
        case None | "" | [] | {} | False:
            return ""
        case True:
            return "yes"
        case {"words": words}:
            return str(words)
        case {"utc": utc}:
            return str(utc).replace("T", " ").replace("Z", " UTC")
        case list():
            return ", ".join(map(str, value))
        case dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def _readme(patient: Patient, counts: dict[str, int]) -> str:
    rows = "\n".join(f"{label}: {count}" for label, count in counts.items())
    return f"""The record of {patient.name} at {patient.clinic.name}

record.json   every row, for programs; version {VERSION} of the format "{FORMAT}"
record.pdf    the same to read; of a table with more than {MOST_ON_PAPER} rows the newest

Moments are in UTC, each with the day of the patient's own calendar ({patient.zone.key}).
Left out are only the secrets by which phones sign in and receive messages.
What the person who made it may not read is not in it.

Rows in each table:
{rows}
"""


def as_download(archive: IO[bytes], *, name: str) -> HttpResponse:
    """The archive as an answer of its own; the file it was made in is closed."""
    with archive:
        response = HttpResponse(archive.read(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
