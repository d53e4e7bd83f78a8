"""The one door to the database: which clinic a transaction is in, and what it leaves behind."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.utils import ProgrammingError

from clinics import tenancy
from clinics.models import Clinic, Membership
from clinics.tenancy import NoClinic, clinic_ids, current_clinic_id, inside, known_as
from patients.models import Patient
from prescriptions import tasks
from tests import make


def said() -> tuple[str, str, str, str]:
    """What the database has been told: the clinic, the person, the patient, and the role."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('app.clinic_id', true), ''),"
            " coalesce(current_setting('app.user_id', true), ''),"
            " coalesce(current_setting('app.patient_id', true), ''), current_user::text"
        )
        return cursor.fetchone()


NOBODY = ("", "", "", "bearing_app")


# Which clinic


@pytest.mark.parametrize(
    "clinic_id",
    [
        pytest.param("1", id="text"),
        pytest.param("1; DROP TABLE", id="SQL"),
        pytest.param(0, id="0"),
        pytest.param(-1, id="-1"),
        pytest.param(1.0, id="a fraction"),
        pytest.param(True, id="a bool"),
        pytest.param(None, id="none"),
        pytest.param([1], id="a list"),
    ],
)
@pytest.mark.django_db
def test_only_a_positive_int_is_a_clinic(clinic_id):
    with pytest.raises(NoClinic, match="positive int"), inside(clinic_id):
        pytest.fail("got in")
    assert current_clinic_id() is None


@pytest.mark.django_db
def test_a_clinic_that_never_was_shows_nothing():
    with inside(2**62):
        assert not Patient.objects.exists()
        assert not Membership.objects.exists()


def test_inside_everybody_knows_the_clinic(clinic):
    with inside(clinic.pk, user_id=7):
        assert current_clinic_id() == clinic.pk
        assert said() == (str(clinic.pk), "7", "", "bearing_app")
    assert current_clinic_id() is None


def test_with_a_patient_the_role_is_the_portals(clinic):
    patient = make.patient(of=clinic)
    with inside(clinic.pk, patient_id=patient.pk):
        assert said() == (str(clinic.pk), "", str(patient.pk), "bearing_portal")
    assert said() == NOBODY


def test_a_second_clinic_in_one_transaction_is_refused(clinic, other_clinic):
    with inside(clinic.pk):
        with (
            pytest.raises(NoClinic, match="one transaction, one clinic"),
            inside(other_clinic.pk),
        ):
            pytest.fail("got in")
        assert current_clinic_id() == clinic.pk
        assert said()[0] == str(clinic.pk)


def test_the_same_clinic_may_be_entered_again(clinic):
    patient = make.patient(of=clinic)
    with inside(clinic.pk, user_id=7):
        with inside(clinic.pk, patient_id=patient.pk):
            assert said()[2:] == (str(patient.pk), "bearing_portal")
        assert said() == (str(clinic.pk), "7", "", "bearing_app")
        assert current_clinic_id() == clinic.pk


def test_a_person_without_a_clinic_is_in_none(clinic):
    with known_as(7):
        assert current_clinic_id() is None
        assert said() == ("", "7", "", "bearing_app")
    assert said() == NOBODY


def test_who_a_person_is_may_be_asked_inside_a_clinic(clinic):
    with inside(clinic.pk):
        with known_as(7):
            assert said() == ("", "7", "", "bearing_app")
            assert not Patient.objects.exists()
        assert said() == (str(clinic.pk), "", "", "bearing_app")


# What is left behind


@pytest.mark.parametrize("patient_id", [None, 1], ids=["as staff", "as a patient"])
def test_after_a_failure_nothing_is_left(clinic, patient_id):
    with pytest.raises(ZeroDivisionError), inside(clinic.pk, patient_id=patient_id):
        raise ZeroDivisionError
    assert current_clinic_id() is None
    assert said() == NOBODY


def test_after_an_error_of_the_database_nothing_is_left(clinic):
    with pytest.raises(ProgrammingError), inside(clinic.pk), connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")
    assert current_clinic_id() is None
    assert said() == NOBODY


def test_after_a_failure_further_in_the_outer_clinic_goes_on(clinic):
    patient = make.patient(of=clinic)
    with inside(clinic.pk, user_id=7):
        with pytest.raises(ZeroDivisionError), inside(clinic.pk, patient_id=patient.pk):
            raise ZeroDivisionError
        assert said() == (str(clinic.pk), "7", "", "bearing_app")
        assert Patient.objects.get() == patient


def change_and_fail(**fields):
    Patient.objects.update(**fields)
    raise ZeroDivisionError


def test_what_failed_is_not_stored(clinic):
    patient = make.patient(of=clinic)
    with pytest.raises(ZeroDivisionError), inside(clinic.pk):
        change_and_fail(phone="555 0100")
    with inside(clinic.pk):
        assert Patient.objects.get(pk=patient.pk).phone == ""


def test_what_was_undone_further_in_leaves_the_rest(clinic):
    patient = make.patient(of=clinic)
    with inside(clinic.pk):
        Patient.objects.update(phone="555 0100")
        with pytest.raises(ZeroDivisionError), inside(clinic.pk):
            change_and_fail(email="ana@example.org")
        stored = Patient.objects.get(pk=patient.pk)
    assert (stored.phone, stored.email) == ("555 0100", "")


def test_a_transaction_around_it_is_left_without_a_clinic(clinic):
    make.patient(of=clinic)
    with transaction.atomic():
        with inside(clinic.pk):
            assert Patient.objects.exists()
        assert said() == NOBODY
        assert not Patient.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_connection_keeps_nothing_for_whoever_comes_next():
    clinic = make.clinic()
    patient = make.patient(of=clinic)
    with inside(clinic.pk, patient_id=patient.pk):
        pass
    assert said() == NOBODY
    with transaction.atomic():
        assert said() == NOBODY
        assert not Patient.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_each_thread_is_in_its_own_clinic():
    ours, theirs = make.clinic(), make.clinic(name="Other clinic")
    make.patient(of=ours, name="Ours")
    make.patient(of=theirs, name="Theirs")

    def look() -> tuple[int | None, list[str]]:
        try:
            before = current_clinic_id()
            with inside(theirs.pk):
                return before, [patient.name for patient in Patient.objects.all()]
        finally:
            connection.close()

    with inside(ours.pk), ThreadPoolExecutor(1) as threads:
        assert threads.submit(look).result(timeout=30) == (None, ["Theirs"])
        assert [patient.name for patient in Patient.objects.all()] == ["Ours"]
        assert current_clinic_id() == ours.pk


@pytest.mark.django_db(transaction=True)
def test_entering_a_clinic_costs_one_statement_beside_the_transaction(django_assert_num_queries):
    clinic = make.clinic()
    with django_assert_num_queries(3), inside(clinic.pk):  # BEGIN, set_config, COMMIT
        pass
    with transaction.atomic(), django_assert_num_queries(4), inside(clinic.pk):
        pass  # a savepoint, set, back again, released


# Connections from a pool, which many threads use by turns.


@contextmanager
def pooled(size: int) -> Iterator[Callable[[], None]]:
    """A pool as the web has it; each thread that calls what is yielded takes part."""
    given = connection.settings_dict
    options = {**given["OPTIONS"], "pool": {"min_size": 1, "max_size": size, "timeout": 60}}
    settings = {**given, "OPTIONS": options, "CONN_MAX_AGE": 0}
    before, opened = connections["default"], []

    def take_part() -> None:
        opened.append(DatabaseWrapper(settings, "default"))
        connections["default"] = opened[-1]

    connection.close()
    try:
        yield take_part
    finally:
        for wrapper in opened[:1]:
            wrapper.close_pool()
        connections["default"] = before


def seen_by_turns(clinics: list[Clinic], *, threads: int = 6, turns: int = 20) -> tuple[int, int]:
    """How often a thread saw rows of another clinic than its own, or any while it was in none."""
    with pooled(size=2) as take_part:

        def work(number: int) -> tuple[int, int]:
            take_part()
            mixed = left = 0
            for turn in range(turns):
                left += Patient.objects.exists()
                connection.close()  # back into the pool, as after each request
                clinic = clinics[(number + turn) % len(clinics)]
                with inside(clinic.pk):
                    mixed += {patient.name for patient in Patient.objects.all()} != {clinic.name}
                connection.close()
            return mixed, left

        with ThreadPoolExecutor(threads) as workers:
            found = list(workers.map(work, range(threads)))
    return sum(mixed for mixed, _ in found), sum(left for _, left in found)


def clinics_with_a_patient_of_their_name() -> list[Clinic]:
    clinics = [make.clinic(name=name) for name in ("One", "Two", "Three")]
    for clinic in clinics:
        make.patient(of=clinic, name=clinic.name)
    return clinics


@pytest.mark.django_db(transaction=True)
def test_threads_that_share_a_pool_never_see_each_others_clinic():
    assert seen_by_turns(clinics_with_a_patient_of_their_name()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_setting_of_the_session_would_go_on_to_the_next_thread(monkeypatch):
    """The twin: what is told to the connection instead of to its transaction stays there."""
    clinics = clinics_with_a_patient_of_their_name()

    def set_for_the_session(context: tenancy.Context) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('app.clinic_id', %s, false)", [str(context.clinic_id or "")]
            )

    monkeypatch.setattr(tenancy, "_set_local", set_for_the_session)
    _, left = seen_by_turns(clinics)
    assert left > 0


# Raw SQL, savepoints, commands and jobs: none has another way in.


def test_raw_sql_is_inside_too(clinic, other_clinic):
    make.patient(of=clinic, name="Ours")
    make.patient(of=other_clinic, name="Theirs")
    with inside(clinic.pk), connection.cursor() as cursor:
        cursor.execute("SELECT name FROM patients_patient")
        assert cursor.fetchall() == [("Ours",)]
        assert [found.name for found in Patient.objects.raw("SELECT * FROM patients_patient")] == [
            "Ours"
        ]


def test_a_savepoint_that_is_rolled_back_leaves_the_clinic_as_it_was(clinic, other_clinic):
    make.patient(of=clinic, name="Ours")
    with inside(clinic.pk):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.clinic_id', %s, true)", [str(other_clinic.pk)])
            transaction.set_rollback(True)
        assert said()[0] == str(clinic.pk)
        assert [found.name for found in Patient.objects.all()] == ["Ours"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", ["look_back"])
def test_a_command_goes_through_every_clinic_and_leaves_none_set(command):
    for clinic in clinics_with_a_patient_of_their_name():
        make.edition(of=make.patient(of=clinic))
    entered = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tenancy, "_set_local", noted(tenancy._set_local, entered))
        call_command(command, stdout=StringIO())
    assert set(entered) >= set(clinic_ids())
    assert said() == NOBODY


@pytest.mark.django_db(transaction=True)
def test_a_job_of_the_worker_enters_one_clinic_and_leaves_none_set():
    ours = clinics_with_a_patient_of_their_name()[0]
    entered = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tenancy, "_set_local", noted(tenancy._set_local, entered))
        tasks.send.func(SimpleNamespace(should_abort=lambda: False), clinic_id=ours.pk)
    assert set(entered) <= {ours.pk, None}
    assert ours.pk in entered
    assert said() == NOBODY


def noted(original: Callable[[tenancy.Context], None], entered: list) -> Callable:
    def set_local(context: tenancy.Context) -> None:
        entered.append(context.clinic_id)
        original(context)

    return set_local
