"""After an erasure nothing in the database says who the patient was."""

import json
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from clinics import audit_trail
from clinics.models import AuditEvent, AuditHead, AuditLink, Clinic, FailedSignIn
from patients import actions, erasure
from patients.models import Erasure, Note, Patient
from patients.rows_about import tables_about_patients
from tests import make
from tests.conftest import as_login
from tests.make import NOW, inside

CANARY = "Nightingale"
AFTER_TEN_YEARS = NOW + timedelta(days=366 * 10)


def rows(sql: str, *parameters: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def every_table() -> list[str]:
    # The one that the web cannot read holds of what was typed only a keyed hash.
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return [name for (name,) in rows(f"{tables} AND tablename <> %s", FailedSignIn._meta.db_table)]


def found(word: str) -> set[str]:
    """Every table in which any column of any row holds the word."""
    return {
        table
        for table in every_table()
        if rows(f"SELECT 1 FROM {table} AS one WHERE to_jsonb(one)::text ILIKE %s", f"%{word}%")
    }


def prints(patient: Patient) -> dict[str, str]:
    """A hash of every row about a patient, by table."""
    return {
        about.label: rows(
            f"SELECT md5(string_agg(to_jsonb(one)::text, '|' ORDER BY id))"
            f" FROM {about.model._meta.db_table} AS one"
            f" WHERE {'id' if about.path == 'pk' else 'patient_id'} = %s",
            patient.pk,
        )[0][0]
        for about in tables_about_patients()
    }


@pytest.fixture
def gone(clinic) -> Patient:
    """Archived, with the canary in every text, and asked to be erased."""
    one = make.patient(
        of=clinic,
        name=f"Florence {CANARY}",
        email=f"{CANARY}@example.org",
        phone=f"1 {CANARY}",
        record_number=CANARY,
        created_at=NOW,
    )
    published = make.edition(of=one)
    make.alarming_log(of=published, comment=CANARY)
    make.draft(of=one, reason=CANARY)
    make.note(of=one, text=CANARY)
    make.message(of=one, text=CANARY)
    make.device(of=one, label=CANARY)
    make.assessed(one, word=CANARY)
    make.reminded(one, word=CANARY)
    with inside(clinic.pk):
        by = make.founder(clinic)
        actions.correct_patient(patient=one, by=by, name=f"Flora {CANARY}")
        actions.archive(patient=one, at=NOW, by=by)
        one = Patient.objects.with_clinic().get(pk=one.pk)
    make.erasure_asked(of=one)
    return one


@pytest.fixture
def other(clinic) -> Patient:
    one = make.patient(of=clinic, name="Xylophone")
    make.alarming_log(of=make.edition(of=one), comment="Xylophone")
    make.note(of=one, text="Xylophone")
    return one


def erased(patient: Patient, *, at: datetime = AFTER_TEN_YEARS, **how: str) -> Erasure:
    by = make.founder(patient.clinic)
    with inside(patient.clinic_id):
        return erasure.erase(patient=patient, by=by, at=at, **how)


def test_nothing_identifying_is_left_in_any_table(gone, other):
    with inside(gone.clinic_id):
        before = prints(other)
        assert len(found(CANARY)) > 10
    certified = erased(gone)
    with inside(gone.clinic_id):
        assert found(CANARY) == set()
        assert prints(other) == before
        for about in tables_about_patients():
            left = about.rows(gone.pk).count()
            assert left == 0 or about.model is AuditEvent, about.label
    assert certified.counts["patients.Patient"] == 1
    assert certified.counts["prescriptions.SessionLog"] == 1
    assert certified.digest == erasure.digest_of(erasure.certificate(certified))


def test_the_audit_trail_keeps_its_lines_without_a_name(gone):
    with inside(gone.clinic_id):
        before = AuditEvent.objects.filter(patient_id=gone.pk).count()
    erased(gone)
    with inside(gone.clinic_id):
        lines = AuditEvent.objects.filter(patient_id=gone.pk)
        assert lines.count() == before + 1
        assert set(lines.filter(actor_kind="patient").values_list("actor_name", flat=True)) == {
            "(erased)"
        }


def chain(clinic_id: int) -> list[tuple[int, str]]:
    with inside(clinic_id):
        assert not audit_trail.check(clinic_id).problem
        return list(AuditLink.objects.order_by("seq").values_list("event_id", "hash"))


def test_the_chain_of_the_trail_is_the_same_and_unbroken(gone, other):
    before = chain(gone.clinic_id)
    erased(gone)
    after = chain(gone.clinic_id)
    assert after[: len(before)] == before
    with inside(gone.clinic_id):
        emptied = AuditEvent.objects.filter(salt="")
        assert set(emptied.values_list("patient_id", flat=True)) == {gone.pk}
        line = AuditEvent.objects.get(verb=audit_trail.ERASED)
        assert line.detail["lines"] == emptied.count() > 0
        assert AuditHead.objects.get().hash == after[-1][1]


def test_from_where_a_patient_came_is_not_left_either(gone):
    with inside(gone.clinic_id):
        for kind in ("patient", "staff"):
            AuditEvent.objects.create(
                clinic_id=gone.clinic_id,
                actor_kind=kind,
                actor_name=kind,
                address="203.0.113.7",
                browser="Firefox",
                verb="came",
                patient_id=gone.pk,
            )
    erased(gone)
    with inside(gone.clinic_id):
        left = AuditEvent.objects.filter(verb="came").order_by("pk")
        assert list(left.values_list("actor_name", "address", "browser")) == [
            ("(erased)", "", ""),
            ("staff", "203.0.113.7", "Firefox"),
        ]


def test_an_erasure_without_its_line_is_found_by_the_check(gone):
    """As if somebody called the function of the database and nothing else."""
    with inside(gone.clinic_id):
        rows("SELECT bearing_erase_patient(%s)", gone.pk)
        found = audit_trail.check(gone.clinic_id)
    assert "was emptied, and no erasure says so" in found.problem


@pytest.mark.parametrize(
    "change",
    ["salt = ''", "detail = '{}'", "salt = '', detail = '{\"erased\": true}'", "verb = 'x'"],
)
def test_outside_an_erasure_not_even_the_owner_empties_a_line(transactional_db, change):
    one = make.patient(of=make.clinic())
    with as_login("migrator"), pytest.raises(IntegrityError, match="cannot be changed"):
        rows(f"UPDATE clinics_auditevent SET {change} WHERE patient_id = %s RETURNING 1", one.pk)


def test_within_the_time_it_is_refused_with_the_day_from_which_it_is_possible(gone):
    with pytest.raises(erasure.TooEarly) as refused:
        erased(gone, at=NOW + timedelta(days=30))
    assert refused.value.day == date(2036, 5, 20)


def test_the_refusal_is_written_down(gone):
    with inside(gone.clinic_id), pytest.raises(erasure.TooEarly):
        erasure.erase(patient=gone, by=make.founder(gone.clinic), at=NOW)
    with inside(gone.clinic_id):
        line = AuditEvent.objects.get(verb__startswith="refused an erasure")
        assert line.detail == {"until": "2036-05-20"}
        assert Patient.objects.filter(pk=gone.pk).exists()


def test_an_admin_may_decide_otherwise_with_a_legal_reason(gone):
    certified = erased(gone, at=NOW, legal_reason="Order 7 of the district court")
    assert certified.legal_reason == "Order 7 of the district court"


def test_nobody_else_may(gone, therapist):
    with inside(gone.clinic_id), pytest.raises(erasure.NotAllowed):
        erasure.erase(patient=gone, by=therapist.user, at=NOW, legal_reason="Order 7")


def test_a_legal_reason_that_names_the_patient_is_refused(gone):
    with pytest.raises(erasure.NamesThePatient):
        erased(gone, at=NOW, legal_reason=f"Mrs {CANARY} asked")


def test_who_is_in_treatment_is_not_erased(gone):
    with inside(gone.clinic_id):
        actions.restore(patient=gone, by=make.founder(gone.clinic))
    with pytest.raises(erasure.StillInTreatment):
        erased(gone)


@pytest.mark.parametrize("guard", ["not asked for", "not archived", "of another clinic"])
def test_the_database_refuses_what_was_not_asked_for(gone, other, other_clinic, guard):
    number, clinic_id = gone.pk, gone.clinic_id
    if guard == "not asked for":
        number = other.pk
        with inside(clinic_id):
            actions.archive(patient=other, at=NOW, by=make.founder(gone.clinic))
    elif guard == "not archived":
        with inside(clinic_id):
            actions.restore(patient=gone, by=make.founder(gone.clinic))
    else:
        clinic_id = other_clinic.pk
    with pytest.raises(IntegrityError, match="nobody asked"), inside(clinic_id):
        rows("SELECT bearing_erase_patient(%s)", number)


def test_the_setting_alone_opens_nothing(gone):
    """The web may set app.erasing, and what is kept is kept all the same."""
    with inside(gone.clinic_id):
        rows("SELECT set_config('app.erasing', %s, true)", str(gone.pk))
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Note.objects.all().delete()


def test_the_portal_may_not_erase(gone):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        inside(gone.clinic_id, patient_id=gone.pk),
    ):
        rows("SELECT bearing_erase_patient(%s)", gone.pk)


def test_a_certificate_is_not_changed(gone):
    done = erased(gone)
    with pytest.raises(IntegrityError, match="cannot be changed"), inside(gone.clinic_id):
        Erasure.objects.filter(pk=done.pk).update(digest="x")


def test_a_restore_erases_again(gone, tmp_path):
    """The patient comes back with the number of before, as from a backup."""
    clinic_id = gone.clinic_id
    erased(gone)
    said = StringIO()
    call_command("erasure_list", stdout=said)
    assert CANARY not in said.getvalue()
    kept = tmp_path / "erasures.jsonl"
    kept.write_text(said.getvalue())
    with inside(clinic_id):
        gone.archived_at = None
        gone.save(force_insert=True)
        Note.objects.create(
            clinic_id=clinic_id, patient=gone, text=CANARY, written_by=make.founder(gone.clinic)
        )
        assert found(CANARY)
    call_command("reapply_erasures", str(kept), stdout=StringIO())
    with inside(clinic_id):
        assert found(CANARY) == set()
    assert chain(clinic_id)


def test_a_backup_from_before_anybody_asked_is_erased_again_too(gone):
    line = json.loads(json.dumps(erasure.as_line(erased(gone))))
    again = make.patient(of=gone.clinic, name=CANARY)
    with inside(gone.clinic_id):
        assert erasure.erase_again(
            clinic_id=gone.clinic_id, line=line | {"patient_number": again.pk}
        )
        assert found(CANARY) == set()


def test_the_report_lists_who_is_past_the_time_and_erases_nobody(gone, other):
    with inside(gone.clinic_id):
        clinic = Clinic.objects.get(pk=gone.clinic_id)
        assert list(erasure.past_retention(clinic, date(2036, 5, 19))) == []
        listed = list(erasure.past_retention(clinic, date(2036, 5, 20)))
        assert [(patient.pk, day) for patient, day in listed] == [(gone.pk, date(2036, 5, 20))]
        assert Patient.objects.filter(pk=gone.pk).exists()


def test_the_clinic_says_for_how_long_records_are_kept(gone):
    with inside(gone.clinic_id):
        Clinic.objects.filter(pk=gone.clinic_id).update(record_years=6)
        patient = Patient.objects.with_clinic().get(pk=gone.pk)
        assert erasure.possible_from(patient) == date(2032, 5, 20)


def test_the_29th_of_february_ends_with_the_1st_of_march(clinic):
    one = make.patient(of=clinic)
    with inside(clinic.pk):
        day = datetime.fromisoformat("2048-02-29T15:00:00Z")
        Patient.objects.filter(pk=one.pk).update(archived_at=day)
        Clinic.objects.filter(pk=clinic.pk).update(record_years=1)
        patient = Patient.objects.with_clinic().get(pk=one.pk)
        assert erasure.possible_from(patient) == date(2049, 3, 1)
