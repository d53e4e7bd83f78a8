"""What is asked and answered is stored once, kept, and stays inside the clinic and the patient."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection

from clinics.models import AuditEvent
from clinics.tenancy import inside
from patients import actions, measure_actions
from patients.measure_actions import BadAnswer, NotAsked, ResponseDiffers, Said
from patients.measure_definition import shipped
from patients.measure_due import Times
from patients.models import (
    MeasureAnswer,
    MeasureDraft,
    MeasureEdition,
    MeasurePlan,
    MeasureResponse,
    NamedActivity,
    Patient,
)
from tests import make
from tests.make import NOW, TODAY

DAY = timedelta(days=1)


@pytest.fixture
def patient(clinic) -> Patient:
    return make.patient(of=clinic)


def due_on(patient):
    with inside(patient.clinic_id):
        return Patient.objects.get(pk=patient.pk).measures_due_on


def score_of(response):
    with inside(response.clinic_id):
        return MeasureResponse.objects.with_answers().get(pk=response.pk).score


# The registry


def test_a_clinics_own_measure_is_added_once_and_its_words_never_change(clinic):
    first = make.own_measure(of=clinic)
    assert make.own_measure(of=clinic) == first
    with pytest.raises(measure_actions.EditionTaken) as taken:
        make.own_measure(of=clinic, word="other")
    assert taken.value.newest == 1
    newer = make.OWN_MEASURE.format(word="other").replace("edition = 1", "edition = 2")
    by = make.founder(clinic)
    with inside(clinic.pk):
        second = measure_actions.add_measure(clinic=clinic, text=newer, by=by, at=NOW)
        assert second.edition == 2
        assert [one.edition for one in MeasureEdition.objects.newest_of_each()] == [2]
        verbs = AuditEvent.objects.filter(verb="added an outcome measure")
        assert verbs.count() == 2
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        inside(clinic.pk),
    ):
        MeasureEdition.objects.update(text="x")


def test_the_key_of_a_shipped_measure_is_not_a_clinics_to_take(clinic):
    text = make.OWN_MEASURE.format(word="x").replace('key = "own"', 'key = "rmdq"')
    by = make.founder(clinic)
    with inside(clinic.pk), pytest.raises(measure_actions.ShippedMeasure):
        measure_actions.add_measure(clinic=clinic, text=text, by=by, at=NOW)


def test_a_shipped_measure_stands_in_the_clinics_rows_from_when_it_is_asked(patient):
    plan = make.measure_plan(of=patient, key="rmdq")
    with inside(patient.clinic_id):
        edition = MeasureEdition.objects.get()
    assert (edition.text, edition.is_shipped) == (shipped()["rmdq"][1], True)
    assert plan.edition_id == edition.pk


def test_no_clinic_sees_the_measures_of_another(clinic, other_clinic):
    make.own_measure(of=clinic)
    with inside(other_clinic.pk):
        assert not MeasureEdition.objects.exists()
        with pytest.raises(MeasureEdition.DoesNotExist):
            measure_actions.edition_to_ask(
                clinic=other_clinic, key="own", by=make.founder(other_clinic), at=NOW
            )


# What is asked


def test_asking_the_same_again_changes_nothing_and_another_schedule_ends_the_first(patient):
    first = make.measure_plan(of=patient)
    assert make.measure_plan(of=patient) == first
    second = make.measure_plan(of=patient, times=Times("weeks", TODAY, every_weeks=2))
    with inside(patient.clinic_id):
        assert list(MeasurePlan.objects.open()) == [second]
        assert MeasurePlan.objects.count() == 2


def test_the_first_day_on_which_something_is_due_is_kept_with_the_patient(patient):
    assert due_on(patient) is None
    weekly = make.measure_plan(of=patient, times=Times("weeks", TODAY, every_weeks=2))
    assert due_on(patient) == TODAY
    make.measure_response(of=weekly)
    assert due_on(patient) == TODAY + 14 * DAY
    make.measure_plan(of=patient, key="rmdq", times=Times("once", TODAY + 3 * DAY))
    assert due_on(patient) == TODAY + 3 * DAY
    with inside(patient.clinic_id):
        for plan in MeasurePlan.objects.open():
            measure_actions.stop(plan=plan, by=make.founder(patient.clinic), at=NOW)
    assert due_on(patient) is None


def test_an_archived_patient_is_asked_nothing(patient):
    with inside(patient.clinic_id):
        actions.archive(patient=patient, at=NOW, by=make.founder(patient.clinic))
    with pytest.raises(actions.PatientArchived):
        make.measure_plan(of=patient)
    with pytest.raises(actions.PatientArchived):
        make.measure_entered(of=patient)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"schedule": "weeks"}, "measure_plan_has_its_times"),
        ({"schedule": "weeks", "every_weeks": 27}, "measure_plan_has_its_times"),
        ({"schedule": "review"}, "measure_plan_has_its_times"),
        ({"schedule": "once", "every_weeks": 2}, "measure_plan_has_its_times"),
        ({"schedule": "once", "until": TODAY - DAY}, "measure_plan_days_in_order"),
        ({"schedule": "once", "stopped_at": NOW}, "measure_plan_stopped_by_somebody"),
        ({"schedule": "once", "key": "nprs"}, "one_open_plan_of_a_measure"),
    ],
)
def test_the_database_refuses_a_plan_that_cannot_be(patient, fields, constraint):
    asked = make.measure_plan(of=patient)
    by = make.founder(patient.clinic)
    values = {"key": "other", "starts_on": TODAY, "asked_by": by} | fields
    with pytest.raises(IntegrityError, match=constraint), inside(patient.clinic_id):
        MeasurePlan.objects.create(
            clinic_id=patient.clinic_id, patient=patient, edition_id=asked.edition_id, **values
        )


# What is answered


def test_what_is_sent_twice_is_stored_once_and_other_answers_under_its_key_are_noticed(patient):
    plan, key = make.measure_plan(of=patient), uuid4()
    first = make.measure_response(of=plan, client_uuid=key)
    assert make.measure_response(of=plan, client_uuid=key) == first
    with pytest.raises(ResponseDiffers):
        make.measure_response(of=plan, said=Said({"now": 5}), client_uuid=key)
    with pytest.raises(NotAsked):
        make.measure_response(of=plan)
    with inside(patient.clinic_id):
        assert MeasureAnswer.objects.count() == 1


def test_zero_skipped_declined_and_not_asked_are_told_apart(patient):
    plan = make.measure_plan(of=patient, times=Times("weeks", TODAY, every_weeks=1))
    said = [Said({"now": 0}), Said({"now": None}), Said(is_declined=True)]
    stored = [
        make.measure_response(of=plan, said=one, at=NOW + 7 * number * DAY)
        for number, one in enumerate(said)
    ]
    assert [score_of(one).in_words for one in stored] == [
        "0",
        "not scorable: 1 of 1 unanswered",
        "not scorable: nothing was asked",
    ]
    assert [one.is_declined for one in stored] == [False, False, True]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(Said(), id="nothing"),
        pytest.param(Said({"now": 11}), id="off the scale"),
        pytest.param(Said({"later": 1}), id="another item"),
        pytest.param(Said({"now": 1}, {"Run": 1}), id="an activity where none is asked"),
        pytest.param(Said({"now": 1}, is_declined=True), id="declined and answered"),
    ],
)
def test_an_answer_that_the_measure_does_not_know_is_refused(patient, said):
    plan = make.measure_plan(of=patient)
    with pytest.raises(BadAnswer):
        make.measure_response(of=plan, said=said)


def test_activities_are_kept_and_no_more_are_named_than_the_measure_asks(patient):
    plan = make.measure_plan(of=patient, key="psfs", times=Times("weeks", TODAY, every_weeks=1))
    three = {"Tie my shoes": 3, "Carry the shopping": 4, "Sit in the cinema": None}
    first = make.measure_response(of=plan, said=Said(activities=three))
    assert score_of(first).in_words == "not scorable: 1 of 3 unanswered"
    later = NOW + 7 * DAY
    again = dict.fromkeys(three, 6)
    second = make.measure_response(of=plan, said=Said(activities=again), at=later)
    assert score_of(second).in_words == "6"
    with inside(patient.clinic_id):
        assert NamedActivity.objects.count() == 3
    with pytest.raises(BadAnswer):
        make.measure_response(of=plan, said=Said(activities={"Swim": 1}), at=later + 7 * DAY)


def test_a_correction_stands_for_the_first_which_is_kept(patient):
    first = make.measure_entered(of=patient, said=Said({"now": 9}))
    right = make.measure_entered(of=patient, said=Said({"now": 2}), corrects=first)
    with inside(patient.clinic_id):
        assert list(MeasureResponse.objects.standing()) == [right]
        assert MeasureResponse.objects.count() == 2
    with pytest.raises(measure_actions.AlreadyCorrected):
        make.measure_entered(of=patient, said=Said({"now": 3}), corrects=first)


def test_what_staff_enter_answers_the_plan_too(patient):
    make.measure_plan(of=patient)
    make.measure_entered(of=patient)
    assert due_on(patient) is None


def test_what_was_begun_is_kept_gone_on_with_and_gone_once_it_is_sent(patient):
    plan = make.measure_plan(of=patient)
    with inside(patient.clinic_id, patient_id=patient.pk):
        for typed in ({"a_now": "3"}, {"a_now": "4"}):
            measure_actions.keep(plan=plan, patient=patient, said=typed, at=NOW)
        assert MeasureDraft.objects.get().said == {"a_now": "4"}
    make.measure_response(of=plan)
    with inside(patient.clinic_id):
        assert not MeasureDraft.objects.exists()


# The walls of the portal, and what is kept


@pytest.mark.parametrize("model", [MeasureResponse, MeasureAnswer, NamedActivity])
def test_answers_are_neither_changed_nor_deleted(patient, model):
    make.measure_entered(of=patient, key="psfs", said=Said(activities={"Swim": 4}))
    for change in (lambda: model.objects.update(clinic=patient.clinic), model.objects.all().delete):
        with pytest.raises(DatabaseError), inside(patient.clinic_id):
            change()


def test_a_stopped_plan_stays_as_it_was(patient):
    plan = make.measure_plan(of=patient)
    by = make.founder(patient.clinic)
    with inside(patient.clinic_id):
        measure_actions.stop(plan=plan, by=by, at=NOW)
        measure_actions.stop(plan=plan, by=by, at=NOW + DAY)
        assert MeasurePlan.objects.get().stopped_at == NOW
    with pytest.raises(IntegrityError, match="is kept"), inside(patient.clinic_id):
        MeasurePlan.objects.update(stopped_at=None, stopped_by=None)
    with pytest.raises(ProgrammingError, match="permission denied"), inside(patient.clinic_id):
        MeasurePlan.objects.update(starts_on=TODAY)


def test_a_patient_sees_what_is_asked_of_them_and_nothing_of_a_neighbour(patient):
    neighbour = make.patient(of=patient.clinic)
    make.own_measure(of=patient.clinic)
    make.measure_entered(of=neighbour, key="psfs", said=Said(activities={"Swim": 4}))
    make.measure_plan(of=neighbour, key="rmdq")
    make.measure_plan(of=patient)
    with inside(patient.clinic_id, patient_id=patient.pk):
        assert [one.key for one in MeasureEdition.objects.all()] == ["nprs"]
        assert MeasurePlan.objects.get().patient_id == patient.pk
        for model in (NamedActivity, MeasureResponse, MeasureAnswer, MeasureDraft):
            assert not model.objects.exists()


def test_a_patient_answers_in_no_name_but_their_own(patient):
    plan = make.measure_plan(of=patient)
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        inside(patient.clinic_id, patient_id=patient.pk),
    ):
        MeasureResponse.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            edition_id=plan.edition_id,
            plan=plan,
            client_uuid=uuid4(),
            answered_at=NOW,
            local_date=TODAY,
            entered_by=make.founder(patient.clinic),
        )


def test_an_answer_belongs_to_the_patient_of_its_response(patient):
    response = make.measure_entered(of=patient)
    neighbour = make.patient(of=patient.clinic)
    with (
        pytest.raises(IntegrityError, match="response_id_same_clinic"),
        inside(patient.clinic_id),
    ):
        MeasureAnswer.objects.create(
            clinic_id=patient.clinic_id, patient=neighbour, response=response, item="x", value=1
        )


def test_an_item_is_answered_once(patient):
    response = make.measure_entered(of=patient)
    with pytest.raises(IntegrityError, match="measure_answer_once"), inside(patient.clinic_id):
        MeasureAnswer.objects.create(
            clinic_id=patient.clinic_id, patient=patient, response=response, item="now", value=1
        )


def test_every_score_equals_one_made_over_the_raw_rows(patient):
    """RMDQ by SQL: ticked rows of a response, none where one of its rows has no value."""
    keys = [item.key for item in shipped()["rmdq"][0].items]
    for ticked in (0, 7, 24):
        make.measure_entered(
            of=patient,
            key="rmdq",
            said=Said({key: int(place < ticked) for place, key in enumerate(keys)}),
        )
    make.measure_entered(
        of=patient, key="rmdq", said=Said(dict.fromkeys(keys, 1) | {keys[3]: None})
    )
    with inside(patient.clinic_id):
        found = MeasureResponse.objects.with_answers().order_by("pk")
        scores = [one.score.value for one in found]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT CASE WHEN count(*) = count(value) THEN sum(value) END"
                " FROM patients_measureanswer GROUP BY response_id ORDER BY response_id"
            )
            by_hand = [total for (total,) in cursor.fetchall()]
    assert scores == by_hand == [0, 7, 24, None]
