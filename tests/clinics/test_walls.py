"""The walls between clinics stand in the database, and each of these tests falls with them."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.db.utils import IntegrityError, ProgrammingError

from clinics import checks
from clinics.models import AuditEvent, Clinic, ClinicQuerySet, Membership
from clinics.ownership import LIBRARY_TABLES
from clinics.tenancy import clinic_ids, inside, known_as
from exercises import actions as exercise_actions
from exercises.models import Exercise
from patients.models import Note, Patient
from prescriptions.models import PrescribedExercise, PrescriptionEdition
from tests import make
from tests.conftest import as_login

OURS = {"clinics", "exercises", "patients", "prescriptions", "portal"}
MODELS = [model for model in apps.get_models() if model._meta.app_label in OURS]
OF_A_CLINIC = [
    model for model in MODELS if any(field.name == "clinic" for field in model._meta.fields)
]
# Tables without a clinic: who they are about, and why no policy guards them.
OF_NO_CLINIC = {
    "clinics_user": "people, who may work in several clinics",
    "clinics_staffsession": "browsers of people, who may work in several clinics",
    "bearing_cache": "counts of tries to sign in",
    "clinics_failedsignin": "tries to sign in as somebody who works nowhere; the web writes only",
    "patients_mailedcode": "codes for e-mail addresses, which a patient of two clinics has once",
    "patients_tries": "counts of tries to come in, before anybody knows into which clinic",
    "procrastinate_jobs": "what the worker has to do, by numbers of clinics",
    "procrastinate_events": "when it did it",
    "procrastinate_periodic_defers": "what it does by the clock",
    "procrastinate_workers": "which workers run",
}
# Shared by all clinics where clinic_id is null: read by everybody, written by the migrator.
SHARED = {
    "exercises_exercise",
    "exercises_exerciseedition",
    "exercises_exercisetranslation",
    "exercises_load",
}


def rows(sql: str, *parameters: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def tables() -> set[str]:
    return {name for (name,) in rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


# The catalog: every table, also the one somebody adds next year.


@pytest.mark.django_db
def test_every_table_is_a_clinics_or_has_a_reason_not_to_be():
    of_a_clinic = {model._meta.db_table for model in OF_A_CLINIC}
    assert tables() - of_a_clinic - {"clinics_clinic"} == {*OF_NO_CLINIC, *LIBRARY_TABLES}


def guard(table: str) -> tuple[bool, bool, str]:
    return rows(
        "SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) FROM pg_class"
        " WHERE oid = %s::regclass",
        table,
    )[0]


@pytest.mark.django_db
@pytest.mark.parametrize("model", [*OF_A_CLINIC, Clinic], ids=lambda model: model.__name__)
def test_every_clinic_table_is_guarded_even_against_its_owner(model):
    assert guard(model._meta.db_table) == (True, True, "bearing_owner")
    policies = rows("SELECT qual FROM pg_policies WHERE tablename = %s", model._meta.db_table)
    assert any("app.clinic_id" in qual for (qual,) in policies)


@pytest.mark.django_db
@pytest.mark.parametrize("model", OF_A_CLINIC, ids=lambda model: model.__name__)
def test_every_row_has_a_clinic(model):
    table = model._meta.db_table
    nullable = rows(
        "SELECT NOT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attname = 'clinic_id'",
        table,
    )
    assert nullable == [(table in SHARED,)]


@pytest.mark.parametrize("model", OF_A_CLINIC, ids=lambda model: model.__name__)
def test_every_query_can_begin_with_the_clinic(model):
    assert isinstance(model.objects.all(), ClinicQuerySet)


def unguarded() -> list[str]:
    """Tables and leaves of the catalog with a clinic and without a wall, whoever made them."""
    return [
        name
        for (name,) in rows(
            "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND attname = 'clinic_id' AND NOT attisdropped AND NOT (relrowsecurity"
            " AND relforcerowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polpermissive"
            " AND polrelid = pg_class.oid AND pg_get_expr(polqual, polrelid) ~ 'app.clinic_id'"
            " AND pg_get_expr(polwithcheck, polrelid) ~ 'app.clinic_id'))"
        )
    ]


def policies() -> list[tuple[str, str, str]]:
    """Those that let the web or the portal see rows, with what they ask."""
    return rows(
        "SELECT tablename, policyname, concat_ws(' ', qual, with_check) FROM pg_policies"
        " WHERE permissive = %s AND schemaname = 'public'"
        " AND roles && ARRAY['public', 'bearing_app', 'bearing_portal']::name[]",
        "PERMISSIVE",
    )


def asked_again_for_each_row(condition: str) -> bool:
    """Whether a setting is read without a SELECT around it, which the planner runs only once."""
    return condition.count("current_setting(") != condition.count(
        "( SELECT (NULLIF(current_setting("
    )


@pytest.mark.django_db
def test_no_table_of_the_catalog_with_a_clinic_is_without_a_wall():
    assert unguarded() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "left_out",
    [
        pytest.param("", id="no row-level security"),
        pytest.param("ENABLE", id="not forced"),
        pytest.param("ENABLE, FORCE", id="no policy"),
    ],
)
def test_a_table_that_somebody_adds_without_a_wall_is_noticed(transactional_db, left_out):
    with as_login("migrator"), transaction.atomic():
        rows_affected("CREATE TABLE somebodys_new (id bigint, clinic_id bigint)")
        for word in left_out.split(", ") if left_out else ():
            rows_affected(f"ALTER TABLE somebodys_new {word} ROW LEVEL SECURITY")
        assert unguarded() == ["somebodys_new"]
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_every_policy_asks_for_who_is_there_and_asks_once():
    for table, name, condition in policies():
        is_for_all = name == f"{table}_shared" and table in SHARED
        assert "'app." in condition or is_for_all, f"{table}: {name}"
        assert not asked_again_for_each_row(condition), f"{table}: {name}"


def test_a_setting_without_a_select_around_it_is_noticed():
    bare = "(clinic_id = (NULLIF(current_setting('app.clinic_id'::text, true), ''::text))::bigint)"
    assert asked_again_for_each_row(bare)
    assert not asked_again_for_each_row(bare.replace("= (NULLIF", "= ( SELECT (NULLIF"))


REFERENCES = [
    (model, field)
    for model in OF_A_CLINIC
    for field in model._meta.fields
    if isinstance(field, models.ForeignKey) and field.related_model in OF_A_CLINIC
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "field"), REFERENCES, ids=lambda it: getattr(it, "__name__", None) or it.name
)
def test_every_reference_stays_inside_the_clinic(model, field):
    table, column = model._meta.db_table, field.column
    carried = rows(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'"
        " AND convalidated AND ARRAY['clinic_id', %s]::name[] <@ (SELECT array_agg(attname)"
        " FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey))",
        table,
        column,
    )
    triggered = rows(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s",
        table,
        f"{table}_{column}_reachable",
    )
    assert carried or triggered


@pytest.mark.django_db
@pytest.mark.parametrize("table", {model._meta.db_table for model in OF_A_CLINIC} - SHARED, ids=str)
def test_every_clinic_table_has_an_index_led_by_the_clinic(table):
    led = rows(
        "SELECT count(*) FROM pg_index JOIN pg_attribute ON attrelid = indrelid"
        " AND attnum = indkey[0] WHERE indrelid = %s::regclass AND attname = 'clinic_id'",
        table,
    )
    assert led[0][0] >= 1


@pytest.mark.django_db
def test_nothing_looks_over_the_walls():
    assert rows("SELECT viewname FROM pg_views WHERE schemaname = 'public'") == []
    assert rows("SELECT matviewname FROM pg_matviews") == []
    over_the_walls = rows(
        "SELECT proname, pg_get_function_result(oid) FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosecdef ORDER BY proname"
    )
    # They tell keys and nothing else: of the clinics, and of those whom a code or address is of.
    # Triggers tell nothing: they add to the chain of the audit trail, and keep it; they roll up the
    # days that were logged. An erasure tells how many rows went, of one patient of the clinic that
    # was entered.
    assert over_the_walls == [
        ("bearing_chain_audit", "trigger"),
        ("bearing_clinic_ids", "SETOF bigint"),
        ("bearing_clinic_of_code", "bigint"),
        ("bearing_erase_patient", "jsonb"),
        ("bearing_keep_audit", "trigger"),
        ("bearing_keep_audit_link", "trigger"),
        ("bearing_patients_of_email", "TABLE(clinic_id bigint, patient_id bigint)"),
        ("bearing_roll_up_added", "trigger"),
        ("bearing_seal_audit", "trigger"),
    ]


@pytest.mark.django_db
def test_work_that_goes_from_clinic_to_clinic_learns_their_numbers_and_no_more(
    clinic, other_clinic
):
    assert clinic_ids() == sorted([clinic.pk, other_clinic.pk])
    assert list(Clinic.objects.all()) == []


@pytest.mark.django_db
def test_a_phone_does_not_learn_which_clinics_there_are(clinic):
    patient = make.patient(of=clinic)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        inside(clinic.pk, patient_id=patient.pk),
    ):
        clinic_ids()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked", ["bearing_clinic_of_code('x')", "bearing_patients_of_email('a@example.org')"]
)
def test_a_phone_does_not_look_for_codes_and_addresses(clinic, asked):
    patient = make.patient(of=clinic)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        inside(clinic.pk, patient_id=patient.pk),
    ):
        rows(f"SELECT * FROM {asked}")


@pytest.mark.django_db
def test_the_web_may_neither_empty_nor_alter_a_table():
    for table in tables():
        granted = rows(
            "SELECT has_table_privilege(current_user, %s, right_)"
            " FROM unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) AS right_",
            table,
        )
        assert granted == [(False,)] * 3, table


# Canaries: the login, and what it sees of two clinics.


@pytest.mark.django_db
def test_tests_run_as_the_web_does():
    assert rows(
        "SELECT current_user::text, rolsuper, rolbypassrls FROM pg_roles"
        " WHERE rolname = current_user"
    ) == [("bearing_app", False, False)]
    assert checks.runtime_login_is_powerless(databases=["default"]) == []


@pytest.mark.django_db(transaction=True)
def test_a_login_that_can_step_over_the_walls_does_not_serve(monkeypatch):
    with as_login("migrator"):
        assert checks.runtime_login_is_powerless(databases=["default"]) == []
        monkeypatch.setattr(checks, "MIGRATOR", "somebody else")
        assert [found.id for found in checks.runtime_login_is_powerless(databases=["default"])] == [
            "clinics.E001"
        ]


@pytest.fixture
def two(clinic, other_clinic) -> tuple[Clinic, Clinic]:
    return with_patients(clinic, other_clinic)


def with_patients(*clinics: Clinic) -> tuple[Clinic, ...]:
    for clinic in clinics:
        for number in range(3):
            make.patient(of=clinic, name=f"{clinic} patient {number}")
    return clinics


def test_without_a_clinic_nothing_is_seen(two):
    for model in MODELS:
        if model._meta.db_table not in {*OF_NO_CLINIC, *SHARED}:
            assert not model.objects.exists(), model


def test_a_forgotten_filter_shows_ones_own_clinic_only(two):
    ours, theirs = two
    with inside(ours.pk):
        assert set(Patient.objects.values_list("clinic_id", flat=True)) == {ours.pk}
        assert rows("SELECT DISTINCT clinic_id FROM patients_patient") == [(ours.pk,)]
        assert not Patient.objects.filter(clinic=theirs).exists()


def test_a_forgotten_filter_changes_ones_own_clinic_only(two):
    ours, theirs = two
    with inside(ours.pk):
        assert Patient.objects.update(phone="1") == 3
    with inside(theirs.pk):
        assert set(Patient.objects.values_list("phone", flat=True)) == {""}


def test_a_row_for_another_clinic_is_refused(two):
    ours, theirs = two
    with pytest.raises(ProgrammingError, match="row-level security"), inside(ours.pk):
        AuditEvent.objects.create(clinic=theirs, actor_kind="system", actor_name="x", verb="x")


def test_a_row_cannot_move_to_another_clinic(two):
    ours, theirs = two
    with pytest.raises(ProgrammingError, match="row-level security"), inside(ours.pk):
        Patient.objects.update(clinic=theirs)


def test_without_a_clinic_nothing_can_be_written(two):
    ours, _ = two
    with pytest.raises(ProgrammingError, match="row-level security"):
        AuditEvent.objects.create(clinic=ours, actor_kind="system", actor_name="x", verb="x")


def test_a_child_cannot_belong_to_another_clinics_patient(two):
    ours, theirs = two
    with inside(theirs.pk):
        foreign = Patient.objects.first()
    writer = make.founder(ours)
    with (
        pytest.raises(IntegrityError, match="patients_note_patient_id_same_clinic"),
        inside(ours.pk),
    ):
        Note.objects.create(clinic=ours, patient=foreign, text="x", written_by=writer)


def test_a_clinic_cannot_prescribe_another_clinics_exercise(clinic, other_clinic):
    by = make.founder(other_clinic)
    with inside(other_clinic.pk):
        original = make.exercise("TILT")
        foreign = exercise_actions.copy(original=original, clinic=other_clinic, by=by)
    draft = make.draft(of=make.patient(of=clinic))
    with (
        pytest.raises(IntegrityError, match="exercise_edition_id_reachable"),
        inside(clinic.pk),
    ):
        PrescribedExercise.objects.create(
            clinic=clinic,
            patient_id=draft.patient_id,
            edition=draft,
            exercise_edition=foreign,
            order=2,
            direction_note="x",
        )


def test_the_shared_catalogue_is_read_only(clinic):
    with inside(clinic.pk):
        assert not Exercise.objects.filter(code="FIL").update(code="mine")
    with pytest.raises(ProgrammingError, match="row-level security"), inside(clinic.pk):
        Exercise.objects.create(clinic=None, code="mine")


def test_a_person_without_a_clinic_sees_where_they_work_and_nothing_else(two):
    _, theirs = two
    person = make.user()
    make.member(user=person, of=theirs)
    with known_as(person.pk):
        assert [found.clinic_id for found in Membership.objects.all()] == [theirs.pk]
        assert list(Clinic.objects.all()) == [theirs]
        assert not Patient.objects.exists()


# The twins: with the guard taken away, the canaries must fall.


def rows_affected(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "canary",
    [
        test_without_a_clinic_nothing_is_seen,
        test_a_forgotten_filter_shows_ones_own_clinic_only,
        test_a_forgotten_filter_changes_ones_own_clinic_only,
        test_a_row_cannot_move_to_another_clinic,
    ],
    ids=lambda canary: canary.__name__,
)
def test_the_canary_falls_without_the_policy(canary, transactional_db):
    two = with_patients(make.clinic(), make.clinic(name="Other clinic"))
    with as_login("migrator"):
        rows_affected("ALTER TABLE patients_patient DISABLE ROW LEVEL SECURITY")
    try:
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            canary(two)
    finally:
        with as_login("migrator"):
            rows_affected("ALTER TABLE patients_patient ENABLE ROW LEVEL SECURITY")


@pytest.mark.django_db(transaction=True)
def test_the_reference_canary_falls_without_the_composite_key(transactional_db):
    two = with_patients(make.clinic(), make.clinic(name="Other clinic"))
    constraint = "patients_note_patient_id_same_clinic"
    with as_login("migrator"):
        rows_affected(f"ALTER TABLE patients_note DROP CONSTRAINT {constraint}")
    try:
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            test_a_child_cannot_belong_to_another_clinics_patient(two)
    finally:
        with as_login("migrator"):
            rows_affected("TRUNCATE patients_note")
            rows_affected(
                f"ALTER TABLE patients_note ADD CONSTRAINT {constraint}"
                " FOREIGN KEY (clinic_id, patient_id)"
                " REFERENCES patients_patient (clinic_id, id)"
            )


@pytest.mark.django_db(transaction=True)
def test_the_migrator_sees_what_a_canary_must_not(transactional_db):
    """If tests ran as a login that bypasses row-level security, the canaries would say so."""
    two = with_patients(make.clinic(), make.clinic(name="Other clinic"))
    with as_login("migrator"), pytest.raises(AssertionError):
        test_without_a_clinic_nothing_is_seen(two)


# The portal's role: one patient, and less of that.


@pytest.fixture
def neighbours(clinic) -> tuple[Patient, Patient]:
    first, second = make.patient(of=clinic), make.patient(of=clinic)
    for patient in (first, second):
        make.edition(of=patient)
    return first, second


def test_a_patients_request_sees_that_patient_only(neighbours):
    mine, _ = neighbours
    with inside(mine.clinic_id, patient_id=mine.pk):
        assert [row[0] for row in rows("SELECT current_user::text")] == ["bearing_portal"]
        assert list(Patient.objects.values_list("pk", flat=True)) == [mine.pk]
        assert set(PrescriptionEdition.objects.values_list("patient", flat=True)) == {mine.pk}
        assert set(PrescribedExercise.objects.values_list("patient", flat=True)) == {mine.pk}


def test_a_patients_request_does_not_see_a_draft(neighbours):
    mine, _ = neighbours
    draft = make.draft(of=mine)
    with inside(mine.clinic_id, patient_id=mine.pk):
        assert not PrescriptionEdition.objects.filter(pk=draft.pk).exists()
        assert not PrescribedExercise.objects.filter(edition_id=draft.pk).exists()


FORBIDDEN = {
    "notes": "SELECT text FROM patients_note",
    "contact details": "SELECT phone FROM patients_patient",
    "renaming oneself": "UPDATE patients_patient SET name = 'x'",
    "changing a log": "UPDATE prescriptions_sessionlog SET digest = 'x'",
    "deleting an entry": "DELETE FROM prescriptions_sessionentry",
    "changing a message": "UPDATE prescriptions_message SET text = 'x'",
    "unreading": "DELETE FROM prescriptions_messagesread",
    "staff": "SELECT email FROM clinics_user",
    "what the audit trail says": "SELECT detail FROM clinics_auditevent",
    "where staff sit": "SELECT address FROM clinics_auditevent",
    "changing the audit trail": "UPDATE clinics_auditevent SET verb = 'x'",
    "days rolled up": "SELECT red FROM prescriptions_loggedday",
    "why one was put aside": "SELECT because FROM prescriptions_putaside",
    "tags": "SELECT tags FROM patients_patient",
    "the chain of the audit trail": "SELECT hash FROM clinics_auditlink",
    "who failed to sign in": "SELECT address FROM clinics_failedsignin",
    "invitations": "SELECT token_hash FROM patients_invitation",
    "mailed codes": "SELECT code_hash FROM patients_mailedcode",
    "forgetting its tries": "DELETE FROM patients_tries",
    "staff sessions": "SELECT session_data FROM clinics_staffsession",
    "second factors": "SELECT data FROM mfa_authenticator",
    "the library": "INSERT INTO exercises_exercise (code) VALUES ('x')",
}


def test_a_patients_request_may_not(neighbours, subtests):
    mine, _ = neighbours
    for what, forbidden in FORBIDDEN.items():
        with (
            subtests.test(what),
            pytest.raises(ProgrammingError, match="permission denied"),
            inside(mine.clinic_id, patient_id=mine.pk),
        ):
            rows_affected(forbidden)


def test_the_role_ends_with_the_request(neighbours):
    mine, _ = neighbours
    with inside(mine.clinic_id):
        with inside(mine.clinic_id, patient_id=mine.pk):
            pass
        assert rows("SELECT current_user::text") == [("bearing_app",)]
    assert rows("SELECT current_user::text") == [("bearing_app",)]


# What is kept is kept.


KEPT = {
    "clinics_auditevent": "UPDATE {} SET verb = 'x'",
    "clinics_auditlink": "UPDATE {} SET hash = 'x'",
    "exercises_exercisetranslation": "UPDATE {} SET name = 'x'",
    "exercises_translationreview": "UPDATE {} SET reviewer = 'x'",
    "exercises_educationreview": "UPDATE {} SET reviewer = 'x'",
    "patients_note": "UPDATE {} SET text = 'x'",
    "patients_clearance": "UPDATE {} SET outcome = 'x'",
    "patients_directiontest": "UPDATE {} SET light = 'green'",
    "patients_episodechange": "UPDATE {} SET reason = 'x'",
    "patients_raisedflag": "UPDATE {} SET code = 'fever'",
    "patients_safetyscreen": "UPDATE {} SET remark = 'x'",
    "prescriptions_entryresponse": "UPDATE {} SET colour = 'green'",
    "prescriptions_message": "UPDATE {} SET text = 'x'",
    "prescriptions_sessionlog": "UPDATE {} SET digest = 'x'",
    "prescriptions_sessionentry": "UPDATE {} SET comment = 'x'",
}


@pytest.mark.django_db(transaction=True)
def test_what_is_append_only_refuses_even_the_migrator(transactional_db, subtests):
    make.everything(of=make.clinic())
    with as_login("migrator"):
        for table, change in KEPT.items():
            for sql in (change, "DELETE FROM {}"):
                with (
                    subtests.test(sql.format(table)),
                    pytest.raises(IntegrityError, match="cannot be changed or deleted"),
                ):
                    rows_affected(sql.format(table))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE prescriptions_prescriptionedition SET reason = 'x'",
        "DELETE FROM prescriptions_prescribedexercise",
        "UPDATE prescriptions_prescribedexercise SET sets = 9",
    ],
)
def test_a_published_programme_is_frozen(clinic, sql):
    make.edition(of=make.patient(of=clinic))
    with pytest.raises(DatabaseError, match="cannot be changed"), inside(clinic.pk):
        rows_affected(sql)
