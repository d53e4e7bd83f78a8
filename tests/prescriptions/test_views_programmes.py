from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse

from clinics.models import AuditEvent
from patients import actions as patient_actions
from prescriptions import actions
from prescriptions.models import Prescription, PrescriptionEdition
from tests import make
from tests.make import NOW, TODAY, inside
from tests.prescriptions.conftest import words

DAY = timedelta(days=1)
SCRIPT = "<script>alert('x')</script>"

pytestmark = pytest.mark.usefixtures("clock")


def url(name: str, pk: int) -> str:
    return reverse(f"prescriptions:{name}", args=[pk])


def publish(patient, *, starts_on=TODAY, lines=None, reason="") -> PrescriptionEdition:
    """The next edition of the patient's open course, from that day."""
    draft, by = make.draft(of=patient, lines=lines, reason=reason), make.founder(patient.clinic)
    with inside(patient.clinic_id):
        PrescriptionEdition.objects.filter(pk=draft.pk).update(starts_on=starts_on)
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def end(patient) -> None:
    with inside(patient.clinic_id):
        actions.end(
            prescription=Prescription.objects.of_patient(patient).open().get(),
            on=TODAY,
            because="Well again.",
            by=make.founder(patient.clinic),
        )


@pytest.fixture
def edition(patient) -> PrescriptionEdition:
    return make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])


@pytest.fixture
def course(patient, edition) -> Prescription:
    with inside(patient.clinic_id):
        return Prescription.objects.of_patient(patient).get()


def is_open(course) -> bool:
    with inside(course.clinic_id):
        return Prescription.objects.get(pk=course.pk).is_open


# Who may


@pytest.mark.parametrize(
    ("who", "status"), [("therapist", 200), ("assistant", 200), ("stranger", 404)]
)
def test_programmes_are_read_by_the_clinics_own_people(request, patient, edition, who, status):
    client = request.getfixturevalue(who)
    assert client.get(url("of_patient", patient.pk)).status_code == status
    assert client.get(url("edition", edition.pk)).status_code == status


@pytest.mark.parametrize(
    ("who", "status"), [("therapist", 302), ("assistant", 403), ("stranger", 404)]
)
def test_a_course_is_ended_by_who_may_prescribe(request, course, who, status):
    client = request.getfixturevalue(who)
    response = client.post(url("end", course.pk), {"because": "Well again."})
    assert response.status_code == status
    assert is_open(course) is (who != "therapist")


@pytest.mark.parametrize(
    ("who", "status"), [("therapist", 200), ("assistant", 403), ("stranger", 404)]
)
def test_the_question_whether_to_end_is_for_who_may(request, course, who, status):
    assert request.getfixturevalue(who).get(url("end", course.pk)).status_code == status
    assert is_open(course)


def test_an_assistant_is_offered_neither_change_nor_end(patient, edition, therapist, assistant):
    offered = words(therapist.get(url("of_patient", patient.pk)))
    assert "Change the programme" in offered
    assert "End the course" in offered
    offered = words(assistant.get(url("of_patient", patient.pk)))
    assert "Change the programme" not in offered
    assert "End the course" not in offered


# All programmes of a patient


def test_without_a_course_there_is_nothing_yet(patient, therapist):
    text = words(therapist.get(url("of_patient", patient.pk)))
    assert "Nothing prescribed yet" in text
    assert "Prescribe" in text


def test_all_editions_are_listed_with_their_reasons(patient, therapist):
    publish(patient)
    publish(patient, starts_on=TODAY + 7 * DAY, reason="Extension <b>helps</b>.")
    response = therapist.get(url("of_patient", patient.pk))
    text = words(response)
    assert "Edition 1 20 May 2026 20 May 2026 by Founder First edition" in text
    assert "Edition 2 27 May 2026 20 May 2026 by Founder Extension <b>helps</b>." in text
    assert "<b>helps</b>" not in response.content.decode()
    assert "Edition 2 begins on 27 May 2026." in text
    assert "Edition 1, since 20 May 2026" in text


def test_a_draft_is_offered_and_not_listed(patient, therapist):
    make.draft(of=patient)
    text = words(therapist.get(url("of_patient", patient.pk)))
    assert "Go on with the draft" in text
    assert "What changed and why" not in text


def test_ended_courses_stay_in_sight(patient, therapist):
    publish(patient)
    end(patient)
    text = words(therapist.get(url("of_patient", patient.pk)))
    assert "Ended course Ended on 20 May 2026 by Founder: Well again." in text
    assert "End the course" not in text
    assert "Prescribe" in text
    publish(patient)
    text = words(therapist.get(url("of_patient", patient.pk)))
    assert text.index("Open course") < text.index("Ended course")


def test_nothing_is_begun_for_an_archived_patient(patient, edition, therapist):
    with inside(patient.clinic_id):
        patient_actions.archive(patient=patient, at=NOW, by=make.founder(patient.clinic))
    text = words(therapist.get(url("of_patient", patient.pk)))
    assert "Edition 1" in text
    assert "Change the programme" not in text


def test_a_course_leads_to_the_page_of_its_patient(patient, course, therapist, stranger):
    response = therapist.get(url("detail", course.pk))
    assert response.status_code == 302
    assert response.url == url("of_patient", patient.pk)
    assert stranger.get(url("detail", course.pk)).status_code == 404


# One edition


def test_an_edition_is_shown_as_it_was_published(edition, therapist):
    text = words(therapist.get(url("edition", edition.pk)))
    assert "From 20 May 2026 · published 20 May 2026 by Founder" in text
    assert text.index("Flexion in Lying") < text.index("Pelvic Tilt")
    assert "What changed" not in text


def test_an_edition_shows_what_changed_and_why(patient, therapist):
    publish(patient, lines=[make.line("FIL"), make.line("TILT", sets=2)])
    line = replace(make.line("TILT", sets=3), direction_note=SCRIPT)
    second = publish(patient, lines=[line, make.line("REIL")], reason=f"Why {SCRIPT}")
    response = therapist.get(url("edition", second.pk))
    text = words(response)
    assert SCRIPT not in response.content.decode()
    assert f"What changed See edition 1 Why {SCRIPT}" in text
    assert "Pelvic Tilt dosage: 2 sets of 10 repetitions" in text
    assert "Pelvic Tilt direction note:" in text
    assert "Added Repeated Extension in Lying" in text
    assert "Removed Flexion in Lying" in text
    assert "Edition 1, before" in text


def test_an_edition_says_when_the_exercises_are_the_same(patient, therapist):
    publish(patient)
    second = publish(patient, reason="Another review date.")
    assert "The exercises are the same." in words(therapist.get(url("edition", second.pk)))


def test_each_edition_is_compared_with_the_one_before(patient, therapist):
    for codes in (["FIL"], ["TILT"], ["TILT", "DOOR"]):
        last = publish(patient, lines=[make.line(code) for code in codes], reason="Why.")
    text = words(therapist.get(url("edition", last.pk)))
    assert "See edition 2" in text
    assert "Flexion in Lying" not in text


def test_edition_1_of_a_new_course_has_none_before(patient, therapist):
    publish(patient)
    end(patient)
    text = words(therapist.get(url("edition", publish(patient).pk)))
    assert "What changed" not in text


def test_a_draft_has_no_page_of_an_edition(patient, therapist):
    draft = make.draft(of=patient)
    assert therapist.get(url("edition", draft.pk)).status_code == 404


# To end


def test_the_end_is_told_and_recorded(patient, course, therapist):
    response = therapist.post(url("end", course.pk), {"because": "Well again."}, follow=True)
    text = words(response)
    assert "The course has ended. The patient no longer sees it." in text
    assert "No programme is published." in text
    with inside(patient.clinic_id):
        ended = Prescription.objects.get(pk=course.pk)
        assert (ended.ended_on, ended.ended_by) == (TODAY, therapist.user)
        assert ended.ended_because == "Well again."
        event = AuditEvent.objects.filter(verb="ended a course").get()
    assert event.actor_id == therapist.user.pk


def test_ending_twice_is_told_and_changes_nothing(patient, course, therapist):
    therapist.post(url("end", course.pk), {"because": "Well again."})
    response = therapist.post(url("end", course.pk), {"because": "Again."}, follow=True)
    assert "This course had already ended." in words(response)
    with inside(patient.clinic_id):
        assert Prescription.objects.get(pk=course.pk).ended_because == "Well again."


def test_the_end_takes_an_open_draft_along(patient, course, therapist):
    draft = make.draft(of=patient)
    therapist.post(url("end", course.pk), {"because": "Well again."})
    with inside(patient.clinic_id):
        assert not PrescriptionEdition.objects.filter(pk=draft.pk).exists()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        pytest.param({}, "This field is required.", id="nothing sent"),
        pytest.param({"because": ""}, "This field is required.", id="empty"),
        pytest.param({"because": " \u200b\u0301 "}, "This field is required.", id="unseen"),
        pytest.param({"because": "x" * 501}, "at most 500 characters", id="too long"),
    ],
)
def test_a_course_does_not_end_without_a_reason(course, therapist, typed, message):
    response = therapist.post(url("end", course.pk), typed)
    assert response.status_code == 200
    assert message in words(response)
    assert is_open(course)


@pytest.mark.parametrize("because", ["x\x00y", SCRIPT, "\u202etxet", "💪🏽", "e\u0301"])
def test_a_reason_is_kept_in_any_script(patient, course, therapist, because):
    response = therapist.post(url("end", course.pk), {"because": because})
    assert response.status_code == 302
    page = therapist.get(url("of_patient", patient.pk))
    assert SCRIPT not in page.content.decode()


def test_a_course_ends_on_the_patients_own_day(clinic, therapist):
    patient = make.patient(of=clinic, time_zone="Pacific/Auckland")
    make.edition(of=patient)
    with inside(clinic.pk):
        course = Prescription.objects.of_patient(patient).get()
    therapist.post(url("end", course.pk), {"because": "Well again."})
    with inside(clinic.pk):
        assert Prescription.objects.get(pk=course.pk).ended_on == TODAY + DAY


# One and three cost the same. Counted with BEGIN, COMMIT and the setting of the clinic.


@pytest.mark.django_db(transaction=True)
def test_programmes_cost_the_same_for_one_edition_and_three_courses(
    patient, therapist, django_assert_num_queries
):
    publish(patient, lines=[make.line("FIL")])
    with django_assert_num_queries(13):
        therapist.get(url("of_patient", patient.pk))
    for codes in (["FIL", "TILT"], ["FIL", "REIL", "TILT"]):
        publish(patient, lines=[make.line(code) for code in codes], reason="Why.")
    with django_assert_num_queries(13):
        therapist.get(url("of_patient", patient.pk))
    for _ in range(2):
        end(patient)
        publish(patient)
    with django_assert_num_queries(13):
        therapist.get(url("of_patient", patient.pk))


@pytest.mark.django_db(transaction=True)
def test_an_edition_costs_the_same_for_one_line_and_three(
    patient, therapist, django_assert_num_queries
):
    first = publish(patient, lines=[make.line("FIL")])
    with django_assert_num_queries(14):
        therapist.get(url("edition", first.pk))
    for codes in (["FIL"], ["FIL", "REIL", "TILT"]):
        last = publish(patient, lines=[make.line(code) for code in codes], reason="Why.")
        with django_assert_num_queries(17):  # with the edition before it
            therapist.get(url("edition", last.pk))
