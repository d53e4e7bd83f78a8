"""The one door to the database: which clinic a transaction is in, and what it leaves behind."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from clinics.models import Membership
from clinics.tenancy import NoClinic, current_clinic_id, inside, known_as
from patients.models import Patient
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
