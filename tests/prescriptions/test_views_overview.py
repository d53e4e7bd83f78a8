from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from clinics.models import Membership
from patients import actions as patient_actions
from prescriptions import actions
from prescriptions.models import Moment, Outcome, Prescription, PrescriptionEdition
from tests import make
from tests.conftest import signed_in
from tests.make import NOW, TODAY, inside
from tests.prescriptions.conftest import words

DAY = timedelta(days=1)
PATIENTS = reverse("patients")
SCRIPT = "<script>alert('x')</script>"

pytestmark = pytest.mark.usefixtures("clock")


def page_of(patient) -> str:
    return reverse("patient", args=[patient.pk])


def publish(patient, *, starts_on=TODAY, lines=None) -> PrescriptionEdition:
    """The next edition of the patient's open course, from that day."""
    draft, by = make.draft(of=patient, lines=lines), make.founder(patient.clinic)
    with inside(patient.clinic_id):
        PrescriptionEdition.objects.filter(pk=draft.pk).update(starts_on=starts_on)
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def end(patient, *, on=TODAY) -> None:
    with inside(patient.clinic_id):
        actions.end(
            prescription=Prescription.objects.of_patient(patient).open().get(),
            on=on,
            because="Well again.",
            by=make.founder(patient.clinic),
        )


def archive(patient) -> None:
    with inside(patient.clinic_id):
        patient_actions.archive(patient=patient, at=NOW, by=make.founder(patient.clinic))


# All patients


def test_the_list_shows_those_who_logged_last_first(clinic, therapist):
    names = ["Never", "Yesterday", "Today"]
    for name, days in zip(names, (None, 1, 0), strict=True):
        patient = make.patient(of=clinic, name=name)
        if days is not None:
            make.log(of=make.edition(of=patient), done_at=NOW - days * DAY)
    text = words(therapist.get(PATIENTS))
    assert sorted(names, key=text.index) == ["Today", "Yesterday", "Never"]


@pytest.mark.parametrize(
    ("pain", "said"),
    [
        pytest.param({Moment.BEFORE: 2, Moment.DURING: 7}, "7 of 10", id="the worst"),
        pytest.param({Moment.BEFORE: 0}, "0 of 10", id="none at all"),
        pytest.param(dict.fromkeys(Moment), "Not answered", id="skipped"),
        pytest.param({}, "Not answered", id="not asked"),
    ],
)
def test_the_list_says_how_the_last_session_went(patient, therapist, pain, said):
    edition = make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])
    make.log(of=edition, outcome=Outcome.PART, pain=pain)
    text = words(therapist.get(PATIENTS))
    assert f"Edition 1 since 20 May 2026 Wed 20 May part done {said}" in text


def test_the_list_says_when_there_is_no_programme_and_no_log(patient, therapist):
    assert "Ana Ruiz Born 17 May 1980 None Nothing yet – Nobody" in words(therapist.get(PATIENTS))


def test_the_list_leaves_archived_patients_out(patient, therapist):
    archive(patient)
    assert "Ana Ruiz" not in words(therapist.get(PATIENTS))


def test_the_list_is_for_the_clinics_own_people(patient, therapist, assistant, stranger):
    assert "Ana Ruiz" in words(therapist.get(PATIENTS))
    assert "Ana Ruiz" in words(assistant.get(PATIENTS))
    assert "Ana Ruiz" not in words(stranger.get(PATIENTS))


def test_the_list_offers_only_what_one_may_do(patient, therapist, assistant):
    assert "Record a patient" in words(therapist.get(PATIENTS))
    assert "Record a patient" not in words(assistant.get(PATIENTS))


def test_an_empty_clinic_says_who_begins(therapist, assistant):
    assert "Record your first patient." in words(therapist.get(PATIENTS))
    assert "A therapist of the clinic records the first one." in words(assistant.get(PATIENTS))


def test_the_list_finds_by_a_part_of_the_name(clinic, patient, therapist):
    make.patient(of=clinic, name="Ben Okoye")
    text = words(therapist.get(PATIENTS, {"q": "rui"}))
    assert "Ana Ruiz" in text
    assert "Ben Okoye" not in text
    assert "Nobody found" in words(therapist.get(PATIENTS, {"q": "xyz"}))


def test_the_list_sends_the_rows_alone_while_the_search_is_typed(patient, therapist):
    response = therapist.get(PATIENTS, {"q": "ana"}, headers={"HX-Request": "true"})
    assert response["Vary"].count("HX-Request") == 1
    assert "<html" not in response.content.decode()
    assert "Ana Ruiz" in words(response)


QUESTIONS: dict[str, dict] = {
    "NUL": {"q": "a\x00b"},
    "a lone combining mark": {"q": "\u0301"},
    "right to left": {"q": "\u202eziuR"},
    "5000 letters": {"q": "x" * 5000},
    "a script": {"q": SCRIPT},
    "SQL": {"q": "%' OR 1=1 --"},
    "page of letters": {"page": "x"},
    "page -1": {"page": "-1"},
    "page of 40 digits": {"page": "9" * 40},
    "a therapist of 40 digits": {"therapist": "9" * 40},
    "a therapist of NUL": {"therapist": "\x00"},
}


def test_the_list_bears_any_question(patient, therapist, subtests):
    for why, query in QUESTIONS.items():
        with subtests.test(why):
            response = therapist.get(PATIENTS, query)
            assert response.status_code == 200
            assert SCRIPT not in response.content.decode()


def test_the_list_shows_no_programme_of_an_ended_course(patient, therapist):
    publish(patient)
    end(patient)
    assert "None Nothing yet" in words(therapist.get(PATIENTS))


@pytest.mark.parametrize(
    ("starts_on", "shown"),
    [
        pytest.param(TODAY, "Edition 2 since 20 May 2026", id="begun"),
        pytest.param(TODAY + DAY, "Edition 1 since 20 May 2026", id="not begun"),
    ],
)
def test_the_list_shows_the_edition_in_force(patient, therapist, starts_on, shown):
    publish(patient)
    publish(patient, starts_on=starts_on)
    assert shown in words(therapist.get(PATIENTS))


# One patient


def test_a_patient_is_shown_to_the_clinics_own_people(patient, therapist, assistant, stranger):
    assert therapist.get(page_of(patient)).status_code == 200
    assert assistant.get(page_of(patient)).status_code == 200
    assert stranger.get(page_of(patient)).status_code == 404


def test_an_assistant_reads_and_is_offered_no_more(patient, therapist, assistant):
    publish(patient)
    assert "Change the programme" in words(therapist.get(page_of(patient)))
    text = words(assistant.get(page_of(patient)))
    assert "Pelvic Tilt" in text
    assert "Change the programme" not in text


def test_the_way_to_the_desk_is_called_what_it_is(patient, therapist):
    assert "Prescribe" in words(therapist.get(page_of(patient)))
    draft = make.draft(of=patient)
    response = therapist.get(page_of(patient))
    assert "Go on with the draft Draft of edition 1" in words(response)
    assert reverse("prescriptions:edit", args=[draft.pk]) in response.content.decode()


def test_nothing_is_prescribed_to_an_archived_patient(patient, therapist):
    archive(patient)
    text = words(therapist.get(page_of(patient)))
    assert "Archived" in text
    assert "Prescribe" not in text


def test_a_draft_is_not_shown_as_the_programme(patient, therapist):
    make.draft(of=patient)
    text = words(therapist.get(page_of(patient)))
    assert "No programme is published." in text
    assert "Nothing was planned" in text
    assert "Pelvic Tilt" not in text


def test_a_programme_for_later_is_announced(patient, therapist):
    publish(patient, starts_on=TODAY + 7 * DAY)
    text = words(therapist.get(page_of(patient)))
    assert "No programme is published." not in text
    assert "Edition 1 begins on 27 May 2026." in text
    assert "Pelvic Tilt" in text
    assert "Change the programme" in text


def test_the_programme_is_shown_as_prescribed(patient, therapist):
    publish(patient, lines=[make.line("TILT", sets=2, repetitions=5, hold_seconds=0)])
    text = words(therapist.get(page_of(patient)))
    assert "Since 20 May 2026" in text
    assert "2 sets of 5 repetitions, twice a day, every day" in text
    assert make.line("TILT").direction_note in text


def test_an_ended_course_leaves_its_days_and_no_programme(patient, therapist):
    make.log(of=publish(patient, starts_on=TODAY - DAY), done_at=NOW - DAY)
    end(patient)
    text = words(therapist.get(page_of(patient)))
    assert "No programme is published." in text
    assert "19 May, partly done, 1 of 2" in text
    assert "20 May, not planned" in text


def test_each_day_says_what_was_done_and_what_was_not(patient, therapist):
    line = make.line("TILT", times_per_day=1)
    edition = publish(patient, starts_on=TODAY - 4 * DAY, lines=[line])
    for days, outcome in ((4, Outcome.DONE), (3, Outcome.PART), (2, Outcome.NO)):
        make.log(of=edition, outcome=outcome, done_at=NOW - days * DAY)
    text = words(therapist.get(page_of(patient)))
    for cell in (
        "15 May, not planned",
        "16 May, done",
        "17 May, partly done",
        "18 May, not done",
        "19 May, not logged",
        "20 May, still open",
    ):
        assert cell in text
    assert "Logged 2 of 4 planned" in text


def test_more_than_planned_does_not_make_up_for_another_day(patient, therapist):
    line = make.line("TILT", times_per_day=1)
    edition = publish(patient, starts_on=TODAY - 2 * DAY, lines=[line])
    for minutes in range(3):
        make.log(of=edition, done_at=NOW - 2 * DAY + timedelta(minutes=minutes))
    assert "Logged 1 of 2 planned" in words(therapist.get(page_of(patient)))


def test_each_edition_is_asked_for_its_own_days(patient, therapist):
    publish(patient, starts_on=TODAY - 4 * DAY, lines=[make.line("TILT", times_per_day=1)])
    publish(patient, starts_on=TODAY - 2 * DAY, lines=[make.line("TILT", times_per_day=3)])
    assert "Logged 0 of 8 planned" in words(therapist.get(page_of(patient)))


@pytest.mark.parametrize(
    ("days_ago", "is_shown"),
    [
        pytest.param(55, True, id="the first day of eight weeks"),
        pytest.param(56, False, id="the day before"),
    ],
)
def test_logs_of_eight_weeks_are_shown(patient, therapist, days_ago, is_shown):
    edition = publish(patient, starts_on=TODAY - 60 * DAY)
    make.log(of=edition, done_at=NOW - days_ago * DAY, comment="The oldest.")
    assert ("The oldest." in words(therapist.get(page_of(patient)))) is is_shown


def test_the_newest_log_comes_first(patient, therapist):
    edition = publish(patient)
    for minutes, comment in ((0, "Log one."), (20, "Log three."), (10, "Log two.")):
        make.log(of=edition, done_at=NOW + timedelta(minutes=minutes), comment=comment)
    text = words(therapist.get(page_of(patient)))
    assert text.index("Log three.") < text.index("Log two.") < text.index("Log one.")


def test_pain_not_asked_skipped_and_none_are_read_apart(patient, therapist):
    edition = publish(patient)
    make.log(of=edition, pain={Moment.BEFORE: 0, Moment.DURING: None})
    make.log(of=edition, pain={Moment.BEFORE: 10, Moment.DURING: 0, Moment.AFTER: 9})
    text = words(therapist.get(page_of(patient)))
    assert "0, skipped, –" in text
    assert "10, 0, 9" in text


def test_what_a_patient_writes_is_text(patient, therapist):
    make.log(of=publish(patient), comment=SCRIPT)
    response = therapist.get(page_of(patient))
    assert SCRIPT not in response.content.decode()
    assert SCRIPT in words(response)


def test_what_a_therapist_writes_is_text(patient, therapist):
    publish(patient, lines=[replace(make.line(), direction_note=SCRIPT)])
    response = therapist.get(page_of(patient))
    assert SCRIPT not in response.content.decode()
    assert SCRIPT in words(response)


def test_days_and_times_are_the_patients_own(clinic, therapist):
    # In Auckland it is three in the morning of the 21st, in New York eleven of the 20th.
    patient = make.patient(of=clinic, time_zone="Pacific/Auckland")
    make.log(of=publish(patient, lines=[make.line(times_per_day=1)]))
    text = words(therapist.get(page_of(patient)))
    assert "21 May, done" in text
    assert "Thu 21 May 03:00" in text


def test_an_evening_is_still_the_same_day(patient, therapist, clock):
    evening = datetime(2026, 5, 21, 2, 30, tzinfo=UTC)
    make.log(of=publish(patient, lines=[make.line(times_per_day=1)]), done_at=evening)
    clock(evening + timedelta(minutes=5))
    text = words(therapist.get(page_of(patient)))
    assert "20 May, done" in text
    assert "21 May" not in text
    assert "Wed 20 May 22:30" in text


def test_a_colleague_of_two_clinics_sees_the_patients_of_the_chosen_one(clinic, other_clinic):
    client = signed_in(clinic, Membership.Role.THERAPIST)
    make.member(user=client.user, of=other_clinic)
    theirs = make.patient(of=other_clinic, name="Theirs")
    assert client.get(page_of(theirs)).status_code == 404
    assert "Theirs" not in words(client.get(PATIENTS))


# One and three cost the same. Counted with BEGIN, COMMIT and the setting of the clinic.


@pytest.mark.django_db(transaction=True)
def test_the_list_costs_the_same_for_one_patient_and_three(
    clinic, therapist, django_assert_num_queries
):
    for more in (1, 2):
        for _ in range(more):
            lines = [make.line("FIL"), make.line("TILT")][:more]
            make.log(of=make.edition(of=make.patient(of=clinic), lines=lines))
        with django_assert_num_queries(13):
            therapist.get(PATIENTS)


@pytest.mark.django_db(transaction=True)
def test_a_patient_costs_the_same_for_one_log_and_eight_weeks(
    patient, therapist, django_assert_num_queries
):
    edition = publish(patient, starts_on=TODAY - 55 * DAY, lines=[make.line("FIL")])
    make.log(of=edition)
    with django_assert_num_queries(17):
        therapist.get(page_of(patient))
    lines = [make.line("FIL"), make.line("REIL"), make.line("TILT")]
    edition = publish(patient, starts_on=TODAY - 54 * DAY, lines=lines)
    make.draft(of=patient)
    for days in range(55):
        make.log(of=edition, done_at=NOW - days * DAY)
    with django_assert_num_queries(17):
        response = therapist.get(page_of(patient))
    assert response.content.decode().count('<span class="did done">Done</span>') == 1 + 1 + 55 * 3
