"""A clinic's whole data out of one server and into another, as one file.

The file is a zip: a table each as lines of JSON, in the order in which they are brought in, and
`manifest.json` with the number of rows and the SHA-256 of each. Which tables there are is asked of
the models. Numbers of rows are given anew on the other server, and every reference is rewritten.
People are found by their e-mail address, and texts of the shared catalogue by code, number and
fingerprint. The file holds health data in the clear: whoever has it has the clinic.
"""

import hashlib
import json
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from clinics import audit, audit_trail
from clinics.actors import SYSTEM
from clinics.models import ApiToken, AuditEvent, AuditHead, AuditKind, AuditLink, Clinic, User
from clinics.tenancy import inside
from exercises.models import Exercise, ExerciseEdition, ExerciseTranslation
from patients.models import Patient
from prescriptions.models import BulkExport, BulkPart

FORMAT, VERSION = "bearing-clinic", 1
MANIFEST = "manifest.json"
PEOPLE, CATALOGUE = "people.jsonl", "catalogue.jsonl"
AT_ONCE = 500  # rows held in memory
# A printed code is unique on a server, and opens only the one that made it.
LEFT_BEHIND = {("patients.Invitation", "code_hash")}
# Under new numbers no hash would be the one of before: the database chains the old lines anew.
CHAIN = (AuditLink, AuditHead)
# Copies for other systems, which know patients by the numbers of this server.
COPIES = (BulkExport, BulkPart)
SEALS = {("clinics.AuditEvent", "salt"), ("clinics.AuditEvent", "digest")}
ELSEWHERE = " (elsewhere)"
# Numbers of rows that are no references: what the audit trail keeps of things that may be gone.
LOOSE: dict[str, dict[str, type[models.Model]]] = {
    "clinics.AuditEvent": {"patient_id": Patient},
    "patients.Erasure": {"patient_number": Patient},
}
IN_DETAIL = {
    "template": "prescriptions.ProgrammeTemplate",
    "edition": "prescriptions.PrescriptionEdition",
    "from_patient": "patients.Patient",
}
SHARED_KEYS: dict[type[models.Model], tuple[str, ...]] = {
    Exercise: ("code",),
    ExerciseEdition: ("exercise__code", "number", "fingerprint"),
    ExerciseTranslation: (
        "edition__exercise__code", "edition__number", "edition__fingerprint", "language", "number",
    ),
}  # fmt: skip

Row = dict[str, Any]


class TransferRefused(Exception):
    """Why a file is not brought in, in one line."""


class Numbers(NamedTuple):
    """The new number of each old one; both rise, so that 16 bytes a row are enough."""

    old: "array[int]"
    new: "array[int]"

    def get(self, number: int) -> int | None:
        place = bisect_left(self.old, number)
        found = place < len(self.old) and self.old[place] == number
        return self.new[place] if found else None


def tables() -> list[type[models.Model]]:
    """Every table of a clinic, each after those that it refers to, the clinic itself first."""
    left = [
        model for model in apps.get_models() if _has_clinic(model) and model not in CHAIN + COPIES
    ]
    ordered: list[type[models.Model]] = [Clinic]
    while left:
        free = [
            model
            for model in left
            if not any(
                field.related_model in left and field.related_model is not model
                for field in _references(model)
                if not _is_filled_in_later(field)
            )
        ]
        if not free:
            raise RuntimeError("tables of a clinic refer to each other in a circle")
        ordered += free
        left = [model for model in left if model not in free]
    return ordered


def export_clinic(clinic_id: int, to: IO[bytes]) -> dict[str, int]:
    """Write the clinic's data to a file open for writing; returns the rows of each table.

    All of it is of one moment, and the clinic's audit trail says that it was taken.
    """
    with inside(clinic_id):
        clinic = Clinic.objects.get(pk=clinic_id)
        audit.record_as(
            AuditKind.EXPORT,
            clinic_id=clinic_id,
            by=SYSTEM,
            verb="took the clinic's data out",
            target=clinic,
        )
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with ZipFile(to, "w", ZIP_DEFLATED) as packed:
            return _write(clinic_id, packed)


@transaction.atomic
def import_clinic(file: IO[bytes]) -> Clinic:
    """Bring a clinic in under new numbers, whole or not at all. Needs the migrator's login.

    Raises TransferRefused. Changes of programmes in other clinics wait until it is done.
    """
    try:
        with ZipFile(file) as packed:
            manifest = _checked(packed)
            return _Import(packed, manifest).run()
    except (BadZipFile, EOFError, UnicodeDecodeError, json.JSONDecodeError, KeyError) as error:
        raise TransferRefused("The file is not whole.") from error
    except DatabaseError as error:
        reason = str(error).partition("\n")[0]
        raise TransferRefused(
            f"The database does not take what is in the file: {reason}"
        ) from error


def export_to(clinic_id: int, path: Path) -> dict[str, int]:
    """Like `export_clinic`; a file that could not be written whole is not left behind."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            unfinished.chmod(0o600)
            counts = export_clinic(clinic_id, file)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return counts


def _has_clinic(model: type[models.Model]) -> bool:
    return any(
        isinstance(field, models.ForeignKey) and field.related_model is Clinic
        for field in model._meta.concrete_fields
    )


def _references(model: type[models.Model]) -> Iterator["models.ForeignKey[Any, Any]"]:
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and field.related_model is not Clinic:
            yield field


def _is_filled_in_later(field: "models.ForeignKey[Any, Any]") -> bool:
    """An exercise names its current edition, which names the exercise."""
    return (field.model, field.name) == (Exercise, "current")


def _columns(model: type[models.Model]) -> list[str]:
    return [
        str(field.column)
        for field in model._meta.concrete_fields
        if not isinstance(field, models.GeneratedField)
        and (model._meta.label, field.name) not in SEALS
    ]


def _name(model: type[models.Model]) -> str:
    return f"{model._meta.label}.jsonl"


# Out.


def _write(clinic_id: int, packed: ZipFile) -> dict[str, int]:
    entries: dict[str, dict[str, Any]] = {}
    people: set[int] = set()
    for model in tables():
        of_user = [field.column for field in _references(model) if field.related_model is User]
        entry = _Entry(packed, _name(model))
        for row in _stored(model, clinic_id):
            people |= {row[column] for column in of_user if row[column] is not None}
            if model is AuditEvent and row["actor_kind"] == "staff" and row["actor_id"]:
                people.add(row["actor_id"])
            entry.add(row)
        entries[_name(model)] = entry.close() | {"columns": _columns(model)}
    entries[PEOPLE] = _write_rows(packed, PEOPLE, _people(people))
    entries[CATALOGUE] = _write_rows(packed, CATALOGUE, _catalogue())
    trail = _trail(clinic_id)
    manifest = {"format": FORMAT, "version": VERSION, "trail": trail, "files": entries}
    packed.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return {name: entry["rows"] for name, entry in entries.items()}


def _trail(clinic_id: int) -> dict[str, Any]:
    """Where the chain of the audit trail ends here, and what a check of all of it said."""
    checked = audit_trail.check(clinic_id)
    return checked.unbroken._asdict() | {"problem": checked.problem}


class _Entry:
    """One file of the zip: lines of JSON, counted and hashed as they go by."""

    def __init__(self, packed: ZipFile, name: str) -> None:
        self._file = packed.open(name, "w", force_zip64=True)
        self._rows, self._hash = 0, hashlib.sha256()

    def add(self, row: Row) -> None:
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        self._file.write(line)
        self._hash.update(line)
        self._rows += 1

    def close(self) -> dict[str, Any]:
        self._file.close()
        return {"rows": self._rows, "sha256": self._hash.hexdigest()}


def _write_rows(packed: ZipFile, name: str, rows: Iterator[Row]) -> dict[str, Any]:
    entry = _Entry(packed, name)
    for row in rows:
        entry.add(row)
    return entry.close()


def _stored(model: type[models.Model], clinic_id: int) -> Iterator[Row]:
    """The rows as PostgreSQL itself writes them, so that nothing is lost on the way."""
    table, column = model._meta.db_table, "id" if model is Clinic else "clinic_id"
    named = ", ".join(f'"{name}"' for name in _columns(model))
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT row_to_json(one) FROM (SELECT {named} FROM {table}"  # noqa: S608
                f" WHERE {column} = %s AND id > %s ORDER BY id LIMIT {AT_ONCE}) AS one",
                [clinic_id, last],
            )
            rows = [_decoded(row) for (row,) in cursor.fetchall()]
        for row in rows:
            for label, left in LEFT_BEHIND:
                if label == model._meta.label:
                    row[left] = None
            yield row
        if len(rows) < AT_ONCE:
            return
        last = rows[-1]["id"]


def _decoded(value: Any) -> Row:
    return json.loads(value) if isinstance(value, str) else value


def _people(keys: set[int]) -> Iterator[Row]:
    for user in User.objects.filter(pk__in=keys).order_by("pk"):
        yield {"id": user.pk, "email": user.email, "name": user.name}


def _catalogue() -> Iterator[Row]:
    for model, key in SHARED_KEYS.items():
        shared = model._default_manager.filter(clinic=None).order_by("pk")
        for pk, *parts in shared.values_list("pk", *key):
            yield {"table": model._meta.label, "id": pk, "key": parts}


# In.


def _checked(packed: ZipFile) -> dict[str, Any]:
    """The manifest of a file that is whole, and that this version of Bearing can read."""
    if MANIFEST not in packed.namelist():
        raise TransferRefused("The file is not the data of a clinic.")
    manifest: dict[str, Any] = json.loads(packed.read(MANIFEST))
    if manifest.get("format") != FORMAT:
        raise TransferRefused("The file is not the data of a clinic.")
    if manifest["version"] > VERSION:
        raise TransferRefused("The file was made by a newer version of Bearing: upgrade first.")
    files = manifest["files"]
    expected = {_name(model) for model in tables()} | {PEOPLE, CATALOGUE}
    unlike = expected ^ set(files) or {
        name
        for name in (_name(model) for model in tables())
        if files[name]["columns"] != _columns(apps.get_model(name.removesuffix(".jsonl")))
    }
    if unlike:
        raise TransferRefused(
            f"The file was made by another version of Bearing ({min(unlike)} differs): bring both"
            " servers to the same one."
        )
    for name, told in files.items():
        found = hashlib.sha256()
        with packed.open(name) as file:
            while part := file.read(1_000_000):
                found.update(part)
        if found.hexdigest() != told["sha256"]:
            raise TransferRefused(f"{name} is not what was written: its SHA-256 is another one.")
    return manifest


class _Import:
    """One clinic on its way in."""

    def __init__(self, packed: ZipFile, manifest: dict[str, Any]) -> None:
        self._packed, self._files, self._trail = packed, manifest["files"], manifest["trail"]
        self._numbers: dict[str, Numbers] = {}
        self._people: dict[int, int] = {}
        self._shared: dict[tuple[str, int], Sequence[Any]] = {}
        self._shared_here: dict[tuple[str, int], int] = {}

    def run(self) -> Clinic:
        self._find_people()
        for row in self._rows(CATALOGUE):
            self._shared[row["table"], row["id"]] = row["key"]
        for model in tables():
            self._numbers[model._meta.label] = self._new_numbers(model)
        guards = _guards_against_additions()
        _switch(guards, "DISABLE")
        for model in tables():
            self._insert(model)
        self._fill_in_later()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _switch(guards, "ENABLE")
        clinic = Clinic.objects.get(pk=self._numbers["clinics.Clinic"].new[0])
        with inside(clinic.pk):
            lines = self._files[_name(AuditEvent)]["rows"]
            audit.record_as(
                AuditKind.TRAIL,
                clinic_id=clinic.pk,
                by=SYSTEM,
                verb="brought the clinic's data in",
                target=clinic,
                detail={"lines": lines, "elsewhere": self._trail},
            )
        return clinic

    def _rows(self, name: str) -> Iterator[Row]:
        with self._packed.open(name) as file:
            for line in file:
                yield json.loads(line)

    def _find_people(self) -> None:
        """By e-mail address; who is new has no password until they set one."""
        for row in self._rows(PEOPLE):
            user = User.objects.filter(email=row["email"]).first()
            if user is None:
                user = User.objects.create_user(row["email"], row["name"])
            self._people[row["id"]] = user.pk

    def _new_numbers(self, model: type[models.Model]) -> Numbers:
        old = array("q", (row["id"] for row in self._rows(_name(model))))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [model._meta.db_table, len(old)],
            )
            return Numbers(old, array("q", sorted(number for (number,) in cursor.fetchall())))

    def _insert(self, model: type[models.Model]) -> None:
        named = ", ".join(f'"{name}"' for name in _columns(model))
        table = model._meta.db_table
        passing = self._rows(_name(model))
        with connection.cursor() as cursor:
            while several := [self._rewritten(model, row) for row in islice(passing, AT_ONCE)]:
                cursor.execute(
                    f"INSERT INTO {table} ({named}) SELECT {named}"  # noqa: S608
                    f" FROM json_populate_recordset(NULL::{table}, %s::json) ORDER BY id",
                    [json.dumps(several, ensure_ascii=False)],
                )

    def _fill_in_later(self) -> None:
        with connection.cursor() as cursor:
            for row in self._rows(_name(Exercise)):
                if row["current_id"] is not None:
                    cursor.execute(
                        "UPDATE exercises_exercise SET current_id = %s WHERE id = %s",
                        [
                            self._number(ExerciseEdition, row["current_id"]),
                            self._number(Exercise, row["id"]),
                        ],
                    )

    def _rewritten(self, model: type[models.Model], row: Row) -> Row:
        row["id"] = self._number(model, row["id"])
        if model is not Clinic:
            row["clinic_id"] = self._numbers["clinics.Clinic"].new[0]
        for field in _references(model):
            number = row[field.column]
            if _is_filled_in_later(field):
                row[field.column] = None
            elif number is not None:
                row[field.column] = self._number(field.related_model, number)
        for column, target in LOOSE.get(model._meta.label, {}).items():
            row[column] = self._loose(target._meta.label, row[column])
        if model is AuditEvent:
            self._rewrite_line(row)
        return row

    def _rewrite_line(self, row: Row) -> None:
        if row["kind"] == AuditKind.TRAIL and not row["verb"].endswith(ELSEWHERE):
            row["verb"] += ELSEWHERE  # What it says of lines and hashes is of another chain.
        row["target_id"] = self._loose(row["target"], row["target_id"])
        if row["actor_kind"] == "staff":
            row["actor_id"] = self._loose(User._meta.label, row["actor_id"])
        elif row["actor_kind"] == "token":
            row["actor_id"] = self._loose(ApiToken._meta.label, row["actor_id"])
        else:
            row["actor_id"] = self._loose(Patient._meta.label, row["actor_id"])
        for name, label in IN_DETAIL.items():
            if isinstance(row["detail"].get(name), int):
                row["detail"][name] = self._loose(label, row["detail"][name])

    def _loose(self, label: str, number: int | None) -> int | None:
        """The new number; of a row that is gone the old one below zero, which no row here has."""
        if number is None or number < 0:
            return number
        try:
            return self._number(apps.get_model(label), number)
        except (TransferRefused, LookupError):
            return -number

    def _number(self, model: type[models.Model], number: int) -> int:
        label = model._meta.label
        if model is User and number in self._people:
            return self._people[number]
        found = self._numbers[label].get(number) if label in self._numbers else None
        return self._shared_number(model, number) if found is None else found

    def _shared_number(self, model: type[models.Model], number: int) -> int:
        place = (model._meta.label, number)
        if place not in self._shared_here:
            if place not in self._shared:
                raise TransferRefused(
                    f"The file refers to {place[0]} {number}, which is not in it."
                )
            key = self._shared[place]
            wanted = dict(zip(SHARED_KEYS[model], key, strict=True))
            here = model._default_manager.filter(clinic=None, **wanted).first()
            if here is None:
                said = " ".join(map(str, key))
                raise TransferRefused(
                    f"The catalogue here has no {model._meta.verbose_name} {said}: load the same"
                    " catalogue first."
                )
            self._shared_here[place] = here.pk
        return self._shared_here[place]


def _guards_against_additions() -> list[tuple[str, str]]:
    """The triggers that refuse a new part of something published: here it is an old part."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgname LIKE '%%\\_frozen' AND tgtype & 4 <> 0 ORDER BY 1"
        )
        return cursor.fetchall()


def _switch(guards: list[tuple[str, str]], how: str) -> None:
    with connection.cursor() as cursor:
        for table, trigger in guards:
            cursor.execute(f"ALTER TABLE {table} {how} TRIGGER {trigger}")
