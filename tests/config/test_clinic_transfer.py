"""A clinic goes out of one server and into another, and says the same there."""

import io
import json
import zipfile

import pytest
from django.apps import apps
from django.db import connection, models

from clinics import audit_trail
from clinics.models import AuditEvent
from clinics.tenancy import inside
from config import clinic_transfer
from config.clinic_transfer import IN_DETAIL, LOOSE, TransferRefused
from patients.models import Patient
from tests import make
from tests.conftest import as_login

# What the patient of `make.everything` gave no cause for.
EMPTY = {
    "prescriptions.FollowUpAnswer.jsonl",
    "prescriptions.KeptFinding.jsonl",
    "prescriptions.Override.jsonl",
}
BOTH = {"took the clinic's data out", "brought the clinic's data in"}


@pytest.fixture
def file(transactional_db):
    """A whole clinic as its file, made as the migrator."""
    clinic = make.clinic(name="Riverside")
    make.everything(of=clinic, word="Nightingale – ä 你好")
    make.everything(of=make.clinic(name="Other"), word="Xylophone")
    with as_login("migrator"):
        return exported(clinic.pk)


def exported(clinic_id: int) -> io.BytesIO:
    file = io.BytesIO()
    clinic_transfer.export_clinic(clinic_id, file)
    return file


def read(file: io.BytesIO) -> dict[str, list[dict]]:
    with zipfile.ZipFile(file) as packed:
        return {
            name: [json.loads(line) for line in packed.read(name).splitlines()]
            for name in packed.namelist()
            if name.endswith(".jsonl")
        }


def changed(file: io.BytesIO, name: str, change) -> io.BytesIO:
    """The same file with one of its parts changed."""
    other = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w") as new:
        for entry in old.namelist():
            text = old.read(entry)
            new.writestr(entry, change(text) if entry == name else text)
    return other


def without_numbers(tables: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """Every number of a row said as its place, so that two clinics can be compared."""
    places = {
        (name.removesuffix(".jsonl"), row["id"]): place
        for name, rows in tables.items()
        for place, row in enumerate(rows)
        if "id" in row and "table" not in row
    }
    for model in clinic_transfer.tables():
        label = model._meta.label
        rows = tables[f"{label}.jsonl"]
        loose = LOOSE.get(label, {})
        for row in rows:
            row["id"] = places[label, row["id"]]
            row.pop("clinic_id", None)
            for field in model._meta.concrete_fields:
                target = loose.get(field.name) or field.related_model
                if field.name != "clinic" and target and target._meta.label != "clinics.User":
                    number = row[field.column]
                    row[field.column] = places.get((target._meta.label, number), number)
            if model is AuditEvent:
                row["target_id"] = places.get((row["target"], row["target_id"]), "gone")
                if row["actor_kind"] == "patient":
                    row["actor_id"] = places["patients.Patient", row["actor_id"]]
                if row["actor_kind"] == "token":
                    row["actor_id"] = places["clinics.ApiToken", row["actor_id"]]
                for key in row["detail"].keys() & IN_DETAIL.keys():
                    row["detail"][key] = places.get((IN_DETAIL[key], row["detail"][key]), "gone")
    trail = tables["clinics.AuditEvent.jsonl"]
    said = [row for row in trail if row["verb"] not in BOTH]
    tables["clinics.AuditEvent.jsonl"] = said
    return tables


def counts() -> dict[str, int]:
    found = {}
    for model in (*clinic_transfer.tables(), apps.get_model("clinics.User")):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")
            found[model._meta.label] = cursor.fetchone()[0]
    return found


def test_out_and_in_again_says_the_same(file):
    with as_login("migrator"):
        clinic = clinic_transfer.import_clinic(file)
        again = exported(clinic.pk)
    first, second = without_numbers(read(file)), without_numbers(read(again))
    assert first.keys() == second.keys()
    for name in first:
        assert second[name] == first[name], name
    assert {name for name, rows in first.items() if not rows} == EMPTY
    with inside(clinic.pk):
        assert list(Patient.objects.values_list("name", flat=True)) == [
            "Patient Nightingale – ä 你好"
        ]
    # The guards stand again.
    with as_login("migrator"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D' AND tgname LIKE '%_frozen'"
        )
        assert cursor.fetchone() == (0,)


def test_the_trail_is_chained_anew_and_says_how_it_ended_elsewhere(transactional_db):
    clinic = make.clinic(name="Riverside")
    audit_trail.check_and_note(clinic.pk)
    with as_login("migrator"):
        file = exported(clinic.pk)
        with inside(clinic.pk):
            last = audit_trail.check(clinic.pk).unbroken
        new = clinic_transfer.import_clinic(file)
    with inside(new.pk):
        assert not audit_trail.check(new.pk).problem
        line = AuditEvent.objects.get(verb="brought the clinic's data in")
        assert AuditEvent.objects.filter(verb=f"{audit_trail.CHECKED} (elsewhere)").exists()
        assert line.detail == {"lines": last.line, "elsewhere": last._asdict() | {"problem": ""}}
        assert audit_trail.check(new.pk).unbroken.line == last.line + 1


def test_nothing_of_another_clinic_goes_out(file):
    assert "Xylophone" not in json.dumps(read(file))


def manifest(change):
    def changed(text: bytes) -> bytes:
        told = json.loads(text)
        change(told)
        return json.dumps(told).encode()

    return changed


NOTES = "patients.Note.jsonl"
WRONG = {
    "one letter is another": (
        lambda file: changed(file, NOTES, lambda text: text.replace(b"N", b"M", 1)),
        "its SHA-256 is another one",
    ),
    "a row is missing": (lambda file: changed(file, NOTES, lambda text: b""), "SHA-256"),
    "it ends too early": (lambda file: io.BytesIO(file.getvalue()[:-500]), "not whole"),
    "it is of a newer version": (
        lambda file: changed(file, "manifest.json", manifest(lambda told: told.update(version=2))),
        "newer version",
    ),
    "a table is unknown here": (
        lambda file: changed(
            file,
            "manifest.json",
            manifest(lambda told: told["files"][NOTES]["columns"].append("colour")),
        ),
        "another version of Bearing",
    ),
    "it is something else": (lambda file: io.BytesIO(b"hello"), "not whole"),
}


def test_what_is_not_whole_is_refused_in_one_line_and_nothing_is_stored(file, subtests):
    with as_login("migrator"):
        before = counts()
        for wrong, (make_wrong, said) in WRONG.items():
            with subtests.test(wrong):
                with pytest.raises(TransferRefused, match=said) as refused:
                    clinic_transfer.import_clinic(make_wrong(file))
                assert counts() == before
                assert "\n" not in str(refused.value)


def test_every_number_that_is_no_reference_is_known():
    """A new column that holds the number of a row has to be rewritten too."""
    known = {"actor_id", "target_id", *(name for names in LOOSE.values() for name in names)}
    for model in clinic_transfer.tables():
        for field in model._meta.concrete_fields:
            is_number = isinstance(field, models.BigIntegerField | models.UUIDField)
            if is_number and not field.primary_key and field.name != "client_uuid":
                assert field.name in known, f"{model._meta.label}.{field.name}"


def test_the_clinic_is_told_that_it_was_taken_out(file):
    with inside(read(file)["clinics.Clinic.jsonl"][0]["id"]):
        assert AuditEvent.objects.filter(verb="took the clinic's data out").count() == 1
