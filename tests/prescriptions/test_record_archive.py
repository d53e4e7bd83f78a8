"""A patient's record as one archive: every row about them, and none about others."""

import json
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.db import connection, models
from django.urls import reverse

from clinics.models import AuditEvent
from patients.models import Patient
from patients.rows_about import SECRETS, tables_about_patients
from prescriptions import record_archive
from tests import make
from tests.make import inside
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words
from tests.prescriptions.pdf import words_of

# What the patient of `make.everything` gave no cause for.
EMPTY = {
    "prescriptions.FollowUpAnswer",
    "prescriptions.KeptFinding",
    "prescriptions.Override",
}


def opened(file) -> ZipFile:
    with file:
        return ZipFile(BytesIO(file.read()))


def taken(patient: Patient, **who: int) -> tuple[dict, ZipFile]:
    with inside(patient.clinic_id, **who):
        known = Patient.objects.only("clinic", "name", "time_zone").get(pk=patient.pk)
        archive = opened(record_archive.give_record(patient=known, by=known))
    return json.loads(archive.read("record.json")), archive


@pytest.fixture
def two(clinic):
    """A patient with a row in every table, and another of the same clinic."""
    mine = make.everything(of=clinic, word="Nightingale")
    other = make.patient(of=clinic, name="Patient Xylophone", email="xylophone@example.org")
    make.alarming_log(of=make.edition(of=other), comment="Xylophone")
    make.note(of=other, text="Xylophone")
    make.message(of=other, text="Xylophone")
    make.device(of=other, label="Xylophone")
    return mine


def count_in_database(model: type[models.Model], patient: Patient) -> int:
    """Asked in SQL, past the walk that the archive uses."""
    table = model._meta.db_table
    column = "id" if model is Patient else "patient_id"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE {column} = %s", [patient.pk])
        return cursor.fetchone()[0]


def with_a_patients_number() -> set[type[models.Model]]:
    """Every table with a column of this name, from the catalogue of the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'patient_id'"
        )
        tables = {name for (name,) in cursor.fetchall()} | {"patients_patient"}
    return {model for model in apps.get_models() if model._meta.db_table in tables}


def test_every_table_that_leads_to_a_patient_is_known(db):
    known = {about.model for about in tables_about_patients()}
    assert known >= with_a_patients_number()
    for model in apps.get_models():
        parents = {
            field.related_model
            for field in model._meta.concrete_fields
            if isinstance(field, models.ForeignKey)
        }
        assert model in known or not parents & known, f"{model} leads to a patient"


def test_it_holds_as_many_rows_as_the_database(two):
    record, _ = taken(two)
    with inside(two.clinic_id):
        for about in tables_about_patients():
            # The line of this very export is written once the archive is whole.
            more = 1 if about.model is AuditEvent else 0
            stored = count_in_database(about.model, two) - more
            assert len(record["tables"][about.label]) == stored, about.label
            assert stored > 0 or about.label in EMPTY, about.label


def test_it_holds_nothing_of_another_patient(two):
    _, archive = taken(two)
    everything = b"".join(archive.read(name) for name in archive.namelist() if "pdf" not in name)
    assert b"Nightingale" in everything
    assert b"Xylophone" not in everything
    on_paper = words_of(archive.read("record.pdf"))
    assert "Nightingale" in on_paper
    assert "Xylophone" not in on_paper


def test_every_column_but_the_secrets_is_in_it(two):
    record, _ = taken(two)
    for about in tables_about_patients():
        columns = {field.name for field in about.model._meta.concrete_fields}
        for row in record["tables"][about.label]:
            assert set(row) == columns - SECRETS, about.label


def test_it_says_codes_in_words_and_moments_in_utc_with_the_local_day(two):
    record, _ = taken(two)
    (note,) = record["tables"]["patients.Note"]
    assert note["written_by"]["words"] == "Founder"
    assert note["written_at"] == {"utc": "2026-05-20T15:00:00Z", "local_date": "2026-05-20"}
    condition = record["tables"]["patients.ConditionOnFile"][0]["condition"]
    assert condition == {"code": "stenosis", "words": "Stenosis with leg symptoms"}
    assert (record["format"], record["version"]) == ("bearing-patient-record", 1)


def test_whose_programme_was_copied_is_not_in_it(two):
    with inside(two.clinic_id):
        AuditEvent.objects.create(
            clinic_id=two.clinic_id,
            actor_kind="staff",
            actor_name="Founder",
            verb="copied the programme of another patient",
            target="prescriptions.PrescriptionEdition",
            patient_id=two.pk,
            detail={"from_patient": 987654321},
        )
    _, archive = taken(two)
    assert b"987654321" not in archive.read("record.json")


def test_in_the_portal_it_is_what_the_patient_may_read(two):
    record, _ = taken(two, patient_id=two.pk)
    assert "patients.Note" not in record["tables"]
    assert record["tables"]["prescriptions.SessionEntry"]
    assert "phone" not in record["tables"]["patients.Patient"][0]


def test_one_line_in_the_audit_trail_says_who_took_it(admin, two):
    response = admin.post(reverse("prescriptions:give_record", args=[two.pk]))
    archive = opened(BytesIO(response.getvalue()))
    assert set(archive.namelist()) == {"record.json", "record.pdf", "README.txt"}
    assert "no-store" in response["Cache-Control"]
    assert "Nightingale" not in response["Content-Disposition"]
    with inside(two.clinic_id):
        line = AuditEvent.objects.get(verb="gave out a patient's record")
    assert (line.kind, line.actor_id, line.patient_id) == ("export", admin.user.pk, two.pk)


def test_only_who_may_export_is_offered_it_and_may_take_it(admin, therapist, two):
    page, address = (
        reverse(name, args=[two.pk]) for name in ("patients:record", "prescriptions:give_record")
    )
    assert address in admin.get(page).content.decode()
    assert address not in therapist.get(page).content.decode()
    assert therapist.post(address).status_code == 403


def test_the_patient_reads_that_a_copy_was_given_out(admin, two):
    opened(BytesIO(admin.post(reverse("prescriptions:give_record", args=[two.pk])).getvalue()))
    assert "A copy of your whole record" in words(phone_of(two).get(reverse("portal:looked")))


def test_two_at_once_are_not_made(admin, two, monkeypatch):
    def refused(patient):
        raise record_archive.AlreadyBeingMade

    monkeypatch.setattr(record_archive, "_one_at_a_time", refused)
    response = admin.post(reverse("prescriptions:give_record", args=[two.pk]), follow=True)
    assert "being put together already" in response.content.decode()


def test_a_patient_saves_their_own_data(two):
    address, phone = reverse("portal:my_data"), phone_of(two)
    assert "The notes of your clinic are not in it." in phone.get(address).content.decode()
    response = phone.post(address)
    archive = opened(BytesIO(response.getvalue()))
    assert "patients.Note" not in json.loads(archive.read("record.json"))["tables"]
    assert "no-store" in response["Cache-Control"]
    with inside(two.clinic_id):
        line = AuditEvent.objects.get(verb="gave out a patient's record")
    assert (line.actor_kind, line.actor_id) == ("patient", two.pk)
