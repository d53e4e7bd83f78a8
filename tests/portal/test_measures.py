"""The questionnaires in the portal: asked when due, answered once, left and gone on with."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from clinics.tenancy import inside
from patients import measure_actions
from patients.measure_actions import Said
from patients.measure_definition import shipped
from patients.measure_due import Times
from patients.models import MeasureDraft, MeasureResponse, NamedActivity, Patient
from tests import make
from tests.make import TODAY
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words

TODAY_PAGE = reverse("portal:today")
TITLE = "Numeric Pain Rating Scale"
RMDQ = shipped()["rmdq"][0]


@pytest.fixture
def phone(clock, patient):
    return phone_of(patient)


def page_of(plan) -> str:
    return reverse("portal:measure", args=[plan.pk])


def key_on(response) -> str:
    return re.search(r'name="client_uuid" value="([^"]+)"', response.content.decode())[1]


def responses(patient):
    with inside(patient.clinic_id):
        mine = MeasureResponse.objects.of_patient(patient).with_answers()
        return [(one.score.in_words, one.is_declined) for one in mine.oldest_first()]


def send(phone, plan, **answers):
    key = answers.pop("client_uuid", None) or key_on(phone.get(page_of(plan)))
    return phone.post(page_of(plan), {"client_uuid": key, **answers}, follow=True)


def test_it_stands_on_today_when_it_is_due_and_not_after_the_answer(patient, phone):
    assert TITLE not in words(phone.get(TODAY_PAGE))
    plan = make.measure_plan(of=patient)
    assert TITLE in words(phone.get(TODAY_PAGE))
    page = words(phone.get(page_of(plan)))
    assert "What number would you give your pain right now?" in page
    assert "0: No pain" in page
    assert "10: Worst imaginable pain" in page
    assert "Saved. Your therapist can see it." in words(send(phone, plan, a_now="0"))
    assert responses(patient) == [("0", False)]
    assert TITLE not in words(phone.get(TODAY_PAGE))


def test_nothing_is_chosen_beforehand_and_what_is_left_open_is_asked_for(patient, phone):
    plan = make.measure_plan(of=patient)
    assert "checked" not in phone.get(page_of(plan)).content.decode()
    assert "Choose an answer, or press Skip." in words(send(phone, plan))
    assert responses(patient) == []


def test_a_skip_is_stored_as_one(patient, phone):
    plan = make.measure_plan(of=patient)
    send(phone, plan, a_now="")
    assert responses(patient) == [("not scorable: 1 of 1 unanswered", False)]


def test_rather_not_is_kept_and_not_asked_again_this_time(patient, phone):
    plan = make.measure_plan(of=patient)
    assert "We do not ask again" in words(send(phone, plan, do="decline"))
    assert responses(patient) == [("not scorable: nothing was asked", True)]
    assert TITLE not in words(phone.get(TODAY_PAGE))


def test_sent_twice_it_is_stored_once(patient, phone):
    plan = make.measure_plan(of=patient)
    key = key_on(phone.get(page_of(plan)))
    for _ in range(2):
        assert "Saved" in words(send(phone, plan, client_uuid=key, a_now="3"))
    page = send(phone, plan, client_uuid=key, a_now="4")
    assert "You answered this already" in words(page)
    assert responses(patient) == [("3", False)]


def test_it_can_be_left_and_gone_on_with(patient, phone):
    plan = make.measure_plan(of=patient, key="rmdq")
    key = key_on(phone.get(page_of(plan)))
    page = send(phone, plan, client_uuid=key, do="keep", a_home="on", a_bed="on")
    assert "Kept." in words(page)
    assert responses(patient) == []
    page = phone.get(page_of(plan))
    assert key_on(page) == key
    assert page.content.decode().count("checked") == 2
    assert "Go on where you left off" in words(page)
    send(phone, plan, a_home="on", a_bed="on", a_sleep="on")
    assert responses(patient) == [("3", False)]
    with inside(patient.clinic_id):
        assert not MeasureDraft.objects.exists()


def test_the_published_words_stand_verbatim(patient, phone):
    plan = make.measure_plan(of=patient, key="rmdq")
    page = words(phone.get(page_of(plan)))
    assert RMDQ.instructions in page
    assert all(item.text in page for item in RMDQ.items)


def test_a_form_of_ticks_left_blank_is_a_zero_only_when_it_is_meant(patient, phone):
    plan = make.measure_plan(of=patient, key="rmdq")
    assert "Tick what is so today" in words(send(phone, plan))
    assert "Which one is right?" in words(send(phone, plan, none="on", a_home="on"))
    send(phone, plan, none="on")
    assert responses(patient) == [("0", False)]


def test_activities_are_named_once_and_asked_again_in_the_same_words(patient, phone, clock):
    plan = make.measure_plan(of=patient, key="psfs", times=Times("weeks", TODAY, every_weeks=1))
    assert "Name one activity" in words(send(phone, plan))
    assert "Say which activity" in words(send(phone, plan, r_0="3"))
    assert "Choose an answer" in words(send(phone, plan, w_0="Tie my shoes"))
    twice = send(phone, plan, w_0="Swim", r_0="1", w_1="Swim", r_1="2")
    assert "named twice" in words(twice)
    send(phone, plan, w_0="Tie my shoes", r_0="3", w_1="Swim", r_1="4")
    clock(make.NOW + 7 * timedelta(days=1))
    page = words(phone.get(page_of(plan)))
    assert "Today, do you still have difficulty with them?" in page
    assert "Tie my shoes" in page
    send(phone, plan, r_0="6", r_1="6")
    assert responses(patient) == [("3.5", False), ("6", False)]
    with inside(patient.clinic_id):
        assert NamedActivity.objects.count() == 2


def test_what_is_not_due_sends_back_to_today(patient, phone):
    plan = make.measure_plan(of=patient)
    make.measure_response(of=plan)
    assert "not asked any more" in words(phone.get(page_of(plan), follow=True))
    late = make.measure_plan(of=patient, key="rmdq")
    key = key_on(phone.get(page_of(late)))
    with inside(patient.clinic_id):
        by = make.founder(patient.clinic)
        measure_actions.stop(plan=late, by=by, at=make.NOW)
    page = send(phone, late, client_uuid=key, a_home="on")
    assert "not asked any more" in words(page)
    assert len(responses(patient)) == 1


@pytest.mark.parametrize(
    ("language", "notice"),
    [("en", ""), ("es", "Este formulario está solo en inglés"), ("ar", "متاح باللغة الإنجليزية")],
)
def test_a_form_in_another_language_says_so_and_keeps_its_words(patient, phone, language, notice):
    with inside(patient.clinic_id):
        Patient.objects.update(language=language)
    plan = make.measure_plan(of=patient, key="rmdq")
    response = phone.get(page_of(plan))
    assert notice in words(response)
    assert ("data-other-language" in response.content.decode()) is bool(notice)
    assert RMDQ.items[0].text in words(response)
    assert f'lang="en" dir="auto">{RMDQ.items[0].text}' in response.content.decode()


def test_a_neighbours_questions_are_not_there(patient, phone):
    theirs = make.measure_plan(of=make.patient(of=patient.clinic))
    assert phone.get(page_of(theirs)).status_code == 404
    assert phone.post(page_of(theirs), {"a_now": "1"}).status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 3])
def test_today_costs_one_query_more_when_something_is_due_and_none_else(
    patient, phone, django_assert_num_queries, number
):
    statements = 10  # of a patient without a programme
    with django_assert_num_queries(statements):
        phone.get(TODAY_PAGE)
    plans = [make.measure_plan(of=patient, key=key) for key in ("nprs", "rmdq", "psfs")[:number]]
    with django_assert_num_queries(statements + 1):
        phone.get(TODAY_PAGE)
    with django_assert_num_queries(6):  # the device, the plan, what was begun
        phone.get(page_of(plans[0]))


def test_said_by_the_form_is_what_is_stored(patient, phone):
    plan = make.measure_plan(of=patient, key="rmdq")
    send(phone, plan, a_home="on", a_bed="on")
    with inside(patient.clinic_id):
        stored = MeasureResponse.objects.with_answers().get()
    assert {one.item: one.value for one in stored.answers.all()} == {
        item.key: int(item.key in {"home", "bed"}) for item in RMDQ.items
    }
    assert stored.digest == measure_actions.digest_of(
        Said({item.key: int(item.key in {"home", "bed"}) for item in RMDQ.items})
    )
