"""A patient's measures as the therapist sees them: scores, what a change says, what is asked."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from clinics.tenancy import inside
from patients.measure_actions import Said
from patients.measure_definition import shipped
from patients.models import MeasurePlan, MeasureResponse
from tests import make
from tests.make import TODAY
from tests.prescriptions.conftest import words

KEYS = [item.key for item in shipped()["rmdq"][0].items]
DAY = timedelta(days=1)


def rmdq(ticked: int, *, passed_over: int = 0) -> Said:
    values = {key: int(place < ticked) for place, key in enumerate(KEYS)}
    return Said(values | dict.fromkeys(KEYS[len(KEYS) - passed_over :]))


@pytest.fixture(autouse=True)
def _at_noon(clock):
    """The day is fixed."""


def page(patient) -> str:
    return reverse("prescriptions:measures", args=[patient.pk])


def test_a_change_is_told_beside_its_published_limit_and_never_by_eye(patient, therapist):
    make.measure_entered(of=patient, key="rmdq", said=rmdq(12), on=TODAY - 28 * DAY)
    make.measure_entered(of=patient, key="rmdq", said=rmdq(7))
    seen = words(therapist.get(page(patient)))
    assert "12 on 22 Apr 2026, 7 on 20 May 2026" in seen
    assert "5 points lower, which is better; reaches the minimal important change of 5" in seen
    assert "Ostelo RW" in seen


def test_a_partial_answer_has_no_score_and_says_why(patient, therapist):
    make.measure_entered(of=patient, key="rmdq", said=rmdq(12), on=TODAY - DAY)
    make.measure_entered(of=patient, key="rmdq", said=rmdq(2, passed_over=5))
    seen = words(therapist.get(page(patient)))
    assert "not scorable: 5 of 24 unanswered" in seen
    assert "From the first to the last score" not in seen


def test_other_activities_than_at_the_start_are_not_compared(patient, therapist):
    make.measure_entered(
        of=patient, key="psfs", said=Said(activities={"Swim": 2}), on=TODAY - 9 * DAY
    )
    both = Said(activities={"Swim": 6, "Run": 8})
    make.measure_entered(of=patient, key="psfs", said=both)
    seen = words(therapist.get(page(patient)))
    assert "Not compared: other activities" in seen
    assert "Swim : first 2, last 6. 4 points higher, which is better; reaches" in seen


def test_a_measure_is_asked_with_its_schedule_and_stopped(patient, therapist):
    path = reverse("prescriptions:ask_measure", args=[patient.pk])
    assert "Roland-Morris" in words(therapist.get(path))
    wrong = {"key": "rmdq", "schedule": "weeks", "starts_on": "2026-05-19", "until": "2026-01-01"}
    refused = words(therapist.post(path, wrong))
    assert "Say how many weeks" in refused
    assert "This day is over" in refused
    right = {"key": "rmdq", "schedule": "weeks", "starts_on": "2026-05-20", "every_weeks": "2"}
    asked = words(therapist.post(path, right, follow=True))
    assert "Asked every 2 weeks from 20 May 2026. Waiting for an answer." in asked
    with inside(patient.clinic_id):
        plan = MeasurePlan.objects.open().get()
    stop = reverse("prescriptions:stop_measure", args=[plan.pk])
    assert "not asked any more" in words(therapist.post(stop, follow=True))


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"schedule": "review"}, "Say on which day the review is."),
        ({"schedule": "review", "review_on": "2026-05-20"}, "comes after the first day"),
        ({"schedule": "once", "until": "2026-05-19"}, "This is before the first day."),
        ({"schedule": "once", "key": "odi"}, "Select a valid choice"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(patient, therapist, fields, refusal):
    path = reverse("prescriptions:ask_measure", args=[patient.pk])
    sent = {"key": "nprs", "starts_on": "2026-05-20", **fields}
    assert refusal in words(therapist.post(path, sent))


def entered(therapist, path, **answers):
    key = re.search(r'name="client_uuid" value="([^"]+)"', therapist.get(path).content.decode())[1]
    return therapist.post(path, {"client_uuid": key, "on": "2026-05-20", **answers}, follow=True)


def test_answers_are_copied_from_paper_and_corrected(patient, therapist):
    path = reverse("prescriptions:enter_measure", args=[patient.pk]) + "?measure=rmdq"
    assert "Which one is right?" in words(entered(therapist, path, a_home="on", m_home="on"))
    future = entered(therapist, path, a_home="on", on="2026-05-21")
    assert "in the future" in words(future)
    done = words(entered(therapist, path, a_home="on", m_bed="on"))
    assert "not scorable: 1 of 24 unanswered" in done
    with inside(patient.clinic_id):
        first = MeasureResponse.objects.get()
    correct = reverse("prescriptions:correct_measure", args=[first.pk])
    assert therapist.get(correct).content.decode().count("checked") == 2
    done = words(entered(therapist, correct, a_home="on"))
    assert "(corrected)" in done
    assert "not scorable" not in done
    assert therapist.get(correct).status_code == 404  # another stands for it


def test_without_a_measure_there_is_nothing_to_enter(patient, therapist):
    path = reverse("prescriptions:enter_measure", args=[patient.pk])
    assert therapist.get(path).url == page(patient)
    assert therapist.get(f"{path}?measure=odi").url == page(patient)


@pytest.mark.django_db(transaction=True)
def test_one_answer_costs_what_nine_cost(patient, therapist, django_assert_num_queries):
    make.measure_plan(of=patient, key="rmdq")
    make.measure_entered(of=patient, key="rmdq", said=rmdq(12), on=TODAY - 90 * DAY)
    therapist.get(page(patient))
    with django_assert_num_queries(12):
        therapist.get(page(patient))
    for number in range(1, 5):
        make.measure_entered(of=patient, key="rmdq", said=rmdq(number), on=TODAY - number * DAY)
        make.measure_entered(of=patient, said=Said({"now": number}), on=TODAY - number * DAY)
    with django_assert_num_queries(12):
        therapist.get(page(patient))
