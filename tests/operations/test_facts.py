"""A comparison that could not fail would be worth nothing: each difference is made and found."""

import copy

import psycopg
import pytest
from django.db import connection, transaction

from scripts.operations import facts
from tests import make
from tests.conftest import as_login

STOOD = {
    "rows": {"patients_patient": [2, "77"]},
    "policies": {"patients_patient.patients_patient_clinic": "PERMISSIVE | {public} | ALL"},
    "walls": {"patients_patient": "t t bearing_owner"},
    "sequences": {"patients_patient_id_seq": 40},
}


@pytest.mark.parametrize(
    ("subject", "name", "now"),
    [
        pytest.param("rows", "patients_patient", [1, "77"], id="a row is gone"),
        pytest.param("rows", "patients_patient", [2, "78"], id="a row is another"),
        pytest.param("rows", "patients_patient", None, id="a table is gone"),
        pytest.param("walls", "patients_patient", "t f bearing_owner", id="FORCE is gone"),
        pytest.param("policies", "patients_patient.everybody", "t", id="a policy too many"),
        pytest.param("sequences", "patients_patient_id_seq", 39, id="a number again"),
    ],
)
def test_what_differs_is_found(subject, name, now):
    stands = copy.deepcopy(STOOD)
    stands[subject][name] = now
    (said,) = facts.differences(STOOD, stands)
    assert said.startswith(f"{subject}: {name}")


def test_what_is_the_same_is_not_told():
    stands = copy.deepcopy(STOOD)
    stands["sequences"]["patients_patient_id_seq"] = 72  # left out after a crash
    assert list(facts.differences(STOOD, stands)) == []


def test_how_pg_dump_writes_a_condition_is_no_difference():
    before = {
        "constraints": {"a": "CHECK ((x)::text = ANY ((ARRAY['b'::character varying])::text[]))"}
    }
    after = {
        "constraints": {"a": "CHECK (((x)::text = ANY (ARRAY[('b'::character varying)::text])))"}
    }
    assert list(facts.differences(before, after)) == []
    after["constraints"]["a"] = after["constraints"]["a"].replace("'b'", "'c'")
    assert len(list(facts.differences(before, after))) == 1


def here() -> psycopg.Connection:
    connection.ensure_connection()
    return connection.connection


@pytest.mark.django_db(transaction=True)
def test_every_row_and_wall_of_the_database_is_in_the_facts(transactional_db):
    clinic = make.clinic()
    patient = make.patient(of=clinic, name="Ana")
    with as_login("migrator"):
        with transaction.atomic():
            before = facts.take_here(here())
        assert before["rows"]["patients_patient"][0] == 1
        assert before["walls"]["patients_patient"] == "t t bearing_owner"
        assert "patients_patient.patients_patient_clinic" in before["policies"]
        assert before["rights"]["clinics_auditevent to bearing_app"] == "INSERT SELECT"
        with transaction.atomic(), connection.cursor() as cursor:
            assert list(facts.differences(before, facts.take_here(here()))) == []
            cursor.execute("UPDATE patients_patient SET name = 'Eva' WHERE id = %s", [patient.pk])
            cursor.execute("ALTER TABLE patients_note NO FORCE ROW LEVEL SECURITY")
            cursor.execute("DROP POLICY patients_note_clinic ON patients_note")
            cursor.execute("ALTER TABLE patients_note DISABLE TRIGGER patients_note_append_only")
            said = list(facts.differences(before, facts.take_here(here())))
            transaction.set_rollback(True)
    about = {line.partition(" was ")[0] for line in said}
    assert about == {
        "rows: patients_patient",
        "walls: patients_note",
        "policies: patients_note.patients_note_clinic",
        "triggers: patients_note.patients_note_append_only",
    }


@pytest.mark.django_db(transaction=True)
def test_the_webs_login_sees_nothing_without_a_clinic_and_another_would_be_noticed(
    transactional_db,
):
    make.patient(of=make.clinic())
    assert list(facts.seen_without_a_clinic(here())) == []
    with as_login("migrator"):
        said = list(facts.seen_without_a_clinic(here()))
    assert any(line.startswith("patients_patient shows 1 rows") for line in said)
