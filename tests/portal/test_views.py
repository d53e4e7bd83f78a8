"""The portal, as a patient's phone meets it."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinics.models import AuditEvent
from patients.models import Patient
from portal.screen import none_of_these
from prescriptions import actions
from prescriptions.models import (
    Moment,
    Prescription,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from tests import make
from tests.exercises import library
from tests.make import NOW, TODAY, inside
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words

pytestmark = pytest.mark.usefixtures("clock")

DAY = timedelta(days=1)
SCRIPT = "<script>alert('x')</script>"
TODAY_PAGE, LOGS_PAGE = "/my/", "/my/logs/"
# New York keeps summer time in May: its midnight is four in the morning, UTC.
ONE_TO_MIDNIGHT = datetime(2026, 5, 21, 3, 59, tzinfo=UTC)


@pytest.fixture
def edition(patient) -> PrescriptionEdition:
    return make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])


@pytest.fixture
def phone(patient) -> Client:
    return phone_of(patient)


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


def on_days(code: str, *weekdays: int) -> actions.LinePlan:
    return replace(make.line(code), weekdays=list(weekdays))


def page_of(edition) -> str:
    return reverse("portal:log", args=[edition.pk])


def line_keys(edition) -> list[int]:
    with inside(edition.clinic_id):
        return list(edition.lines.order_by("order").values_list("pk", flat=True))


def answers(edition, *, outcome="done", key: UUID | None = None, **typed) -> dict:
    """What the phone sends when every exercise went alike; `typed` is about the first."""
    keys = line_keys(edition)
    sent = {"client_uuid": str(key or uuid4()), "line": [str(key) for key in keys]}
    sent["none_of_these"] = none_of_these(Patient(pk=edition.patient_id))
    for line in keys:
        sent |= {f"line{line}-outcome": outcome, f"line{line}-repetitions": "10"}
        sent |= {f"line{line}-pain_{moment}": "2" for moment in Moment}
        sent |= {f"line{line}-comment": ""}
    sent |= {f"line{keys[0]}-{name}": value for name, value in typed.items()}
    return {name: value for name, value in sent.items() if value is not None}


def logs_of(patient) -> list[SessionLog]:
    with inside(patient.clinic_id):
        return list(SessionLog.objects.of_patient(patient).with_entries().order_by("pk"))


def open_form(phone, edition):
    """The questions of a log, once the patient has said that there is no red flag."""
    return phone.post(page_of(edition), {"answer": "none"})


def asked_about(response) -> list[str]:
    """The names of the exercises that the page asks about."""
    return [form.line.exercise_edition.name for form in response.context["entries"]]


def resent(response) -> dict:
    """What the phone sends from the page of this response."""
    sent = {"line": [], "client_uuid": response.context["key"]["client_uuid"].value()}
    sent["none_of_these"] = response.context["none_of_these"]
    for form in response.context["entries"]:
        sent["line"].append(str(form.line.pk))
        shown = {form.add_prefix(name): form[name].value() for name in form.fields}
        sent |= {name: value for name, value in shown.items() if value not in (None, "", [], False)}
    return sent


# Today


def test_before_anything_is_published_the_page_says_so(patient, phone):
    assert "No programme yet" in words(phone.get(TODAY_PAGE))
    make.draft(of=patient)
    text = words(phone.get(TODAY_PAGE))
    assert "No programme yet" in text
    assert "Pelvic Tilt" not in text


def test_a_programme_for_later_says_when_it_begins(patient, phone):
    publish(patient, starts_on=TODAY + 7 * DAY)
    publish(patient, starts_on=TODAY + DAY)
    text = words(phone.get(TODAY_PAGE))
    assert "Your programme is ready It begins on Thursday 21 May." in text
    assert "Pelvic Tilt" not in text


def test_the_page_says_what_to_do_and_how(patient, phone):
    line = make.line("TILT", sets=2, repetitions=5, hold_seconds=4, times_per_day=3)
    publish(patient, lines=[replace(line, direction_note=f"Gently. {SCRIPT}", side="left")])
    response = phone.get(TODAY_PAGE)
    text = words(response)
    assert "Today Wednesday 20 May" in text
    assert "Pelvic Tilt Left" in text
    assert "2 sets of 5 repetitions, hold 4 s, 3 times a day" in text
    assert f"From your therapist: Gently. {SCRIPT}" in text
    assert SCRIPT not in response.content.decode()
    assert "How to do it" in text
    assert "Programme of 20 May 2026, from Founder" in text


def test_cautions_and_reasons_to_stop_are_on_the_page(patient, phone):
    publish(patient, lines=[make.line("REIL")])
    text = words(phone.get(TODAY_PAGE))
    assert "Stop for" in text
    assert "Take care Tell your therapist if one of these fits you:" in text
    for plain in make.exercise("REIL").current.plain_cautions:
        assert plain in text
    assert "67%" not in text


def test_cautions_that_nobody_put_into_plain_words_are_read_as_they_are(patient, phone, clinic):
    own = library.exercise(of=clinic, cautions=["Vertigo. [ADJ]"])
    with inside(clinic.pk):
        lines = [make.line_of(own)]
    publish(patient, lines=lines)
    assert "if one of these fits you: Vertigo." in words(phone.get(TODAY_PAGE))


@pytest.mark.parametrize(
    ("days", "planned"),
    [
        pytest.param((3,), True, id="on its day"),
        pytest.param((1, 2, 4, 5, 6, 7), False, id="on all others"),
    ],
)
def test_only_what_is_planned_for_the_day_is_shown(patient, phone, days, planned):
    publish(patient, lines=[on_days("TILT", *days)])
    text = words(phone.get(TODAY_PAGE))
    assert ("Pelvic Tilt" in text) is planned
    assert ("Nothing is planned today" in text) is not planned
    assert "Log what I did" in text


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        pytest.param(ONE_TO_MIDNIGHT, "Wednesday 20 May", id="a minute to midnight"),
        pytest.param(ONE_TO_MIDNIGHT + timedelta(minutes=1), "Thursday 21 May", id="midnight"),
    ],
)
def test_today_is_the_patients_own_day(patient, phone, clock, moment, day):
    clock(moment)
    assert f"Today {day}" in words(phone.get(TODAY_PAGE))


def test_a_patient_may_live_in_another_zone_than_the_clinic(clinic):
    patient = make.patient(of=clinic, time_zone="Pacific/Auckland")
    publish(patient, starts_on=TODAY + DAY)
    assert "Today Thursday 21 May" in words(phone_of(patient).get(TODAY_PAGE))


@pytest.mark.parametrize(
    ("logged", "said"),
    [
        pytest.param(1, "You logged one session today.", id="one"),
        pytest.param(2, "You logged 2 sessions today.", id="two"),
    ],
)
def test_what_was_logged_today_is_counted(edition, phone, logged, said):
    make.log(of=edition, done_at=NOW - DAY)
    assert "You logged" not in words(phone.get(TODAY_PAGE))
    for _ in range(logged):
        make.log(of=edition)
    text = words(phone.get(TODAY_PAGE))
    assert said in text
    assert "Log one more time" in text


def test_the_newest_edition_is_shown_and_the_old_one_no_more(patient, edition, phone):
    publish(patient, lines=[make.line("DOOR")])
    text = words(phone.get(TODAY_PAGE))
    assert "Doorway" in text
    assert "Pelvic Tilt" not in text


def test_nothing_of_an_ended_course_is_shown(patient, edition, phone):
    end(patient)
    assert "No programme yet" in words(phone.get(TODAY_PAGE))


def test_a_reason_to_end_or_to_change_is_the_therapists_own(patient, edition, phone):
    draft, by = make.draft(of=patient, reason="Afraid of bending."), make.founder(patient.clinic)
    with inside(patient.clinic_id):
        actions.publish(draft=draft, version=draft.version, by=by, at=NOW)
    assert "Afraid of bending." not in words(phone.get(TODAY_PAGE))


# Who may log


def test_a_session_is_logged_by_its_patient_and_nobody_else(
    clinic, patient, edition, phone, therapist
):
    neighbour = phone_of(make.patient(of=clinic))
    for client, status in ((phone, 200), (neighbour, 404), (therapist, 401), (Client(), 401)):
        assert client.get(page_of(edition)).status_code == status
        if status != 200:
            assert client.post(page_of(edition), answers(edition)).status_code == status
    assert logs_of(patient) == []


def test_a_draft_or_an_edition_that_never_was_is_not_logged(patient, edition, phone):
    draft = make.draft(of=patient)
    for path in (page_of(draft), reverse("portal:log", args=[2**62])):
        assert phone.get(path).status_code == 404
        assert phone.post(path, answers(draft)).status_code == 404
    assert logs_of(patient) == []


@pytest.mark.parametrize(
    ("starts_on", "ended_on"),
    [
        pytest.param(TODAY + DAY, None, id="begins tomorrow"),
        pytest.param(TODAY - 9 * DAY, TODAY - DAY, id="ended yesterday"),
    ],
)
def test_a_programme_that_is_not_open_is_refused_kindly(patient, phone, starts_on, ended_on):
    edition = publish(patient, starts_on=starts_on)
    if ended_on:
        end(patient, on=ended_on)
    for response in (
        phone.get(page_of(edition), follow=True),
        phone.post(page_of(edition), answers(edition), follow=True),
    ):
        assert response.status_code == 200
        assert "This programme is not open. Ask your therapist what to do next." in words(response)
    assert logs_of(patient) == []


def test_on_the_day_a_course_ends_a_session_may_still_be_sent(patient, edition, phone):
    end(patient, on=TODAY)
    phone.post(page_of(edition), answers(edition))
    assert len(logs_of(patient)) == 1


# To log


def test_looking_at_the_questions_stores_nothing(patient, edition, phone):
    response = open_form(phone, edition)
    assert asked_about(response) == ["Flexion in Lying", "Pelvic Tilt"]
    assert UUID(re.search(r'name="client_uuid" value="([^"]*)"', response.content.decode())[1])
    assert 'data-log="new"' in response.content.decode()
    assert logs_of(patient) == []


def test_a_session_is_stored_as_it_was_told(patient, edition, phone):
    sent = answers(edition, outcome="part", repetitions="7", pain_after="0", comment="It pulled.")
    response = phone.post(page_of(edition), sent, follow=True)
    text = words(response)
    assert "Saved. Your therapist can see it." in text
    assert "You logged one session today." in text
    (log,) = logs_of(patient)
    assert (log.edition_id, str(log.client_uuid)) == (edition.pk, sent["client_uuid"])
    assert (log.done_at, log.local_date) == (NOW, TODAY)
    first, second = log.entries.all()
    assert (first.outcome, first.repetitions, first.comment) == ("part", 7, "It pulled.")
    assert (first.pain_before, first.pain_during, first.pain_after) == (2, 2, 0)
    assert second.outcome == "part"
    with inside(patient.clinic_id):
        assert Patient.objects.get(pk=patient.pk).last_logged_at == NOW
        event = AuditEvent.objects.filter(verb="logged a session").get()
        assert (event.actor_kind, event.patient_id) == ("patient", patient.pk)


def test_the_shortest_answer_is_enough(patient, edition, phone):
    keys = line_keys(edition)
    sent = {"client_uuid": str(uuid4()), "line": keys}
    sent["none_of_these"] = none_of_these(patient)
    sent |= {f"line{key}-outcome": "done" for key in keys}
    assert phone.post(page_of(edition), sent).status_code == 302
    (log,) = logs_of(patient)
    entry = log.entries.all()[0]
    assert (entry.repetitions, entry.pain_in_words) == (None, "skipped, skipped, skipped")


def test_a_session_sent_twice_is_stored_once(patient, edition, phone, clock):
    sent = answers(edition)
    for seconds in range(3):
        clock(NOW + timedelta(seconds=seconds))
        response = phone.post(page_of(edition), sent, follow=True)
        assert "Saved. Your therapist can see it." in words(response)
    (log,) = logs_of(patient)
    assert log.done_at == NOW


def test_other_answers_under_the_same_key_are_not_stored_and_said_so(patient, edition, phone):
    key = uuid4()
    phone.post(page_of(edition), answers(edition, key=key))
    sent = answers(edition, key=key, pain_after="9")
    response = phone.post(page_of(edition), sent, follow=True)
    assert response.redirect_chain == [(LOGS_PAGE, 302)]
    assert "This session is saved already, with other answers." in words(response)
    (log,) = logs_of(patient)
    assert log.entries.all()[0].pain_after == 2


def test_two_tabs_are_two_sessions(patient, edition, phone):
    for _ in range(2):
        sent = resent(open_form(phone, edition))
        sent |= {f"line{key}-outcome": "done" for key in line_keys(edition)}
        phone.post(page_of(edition), sent)
    assert len(logs_of(patient)) == 2


@pytest.mark.parametrize(
    ("outcome", "typed", "read"),
    [
        pytest.param("done", {"pain_before": "0"}, "0, 2, 2", id="no pain"),
        pytest.param("done", {"pain_before": ""}, "skipped, 2, 2", id="skipped"),
        pytest.param("done", {"pain_before": None}, "skipped, 2, 2", id="not touched"),
        pytest.param("no", {"pain_before": ""}, "–, 2, 2", id="not done and not asked"),
        pytest.param("no", {"pain_before": "0"}, "0, 2, 2", id="not done and no pain"),
    ],
)
def test_no_pain_skipped_and_not_asked_reach_the_therapist_apart(
    patient, phone, therapist, outcome, typed, read
):
    edition = publish(patient)
    phone.post(page_of(edition), answers(edition, outcome=outcome, **typed))
    assert f" {read} " in words(therapist.get(reverse("patient", args=[patient.pk])))
    assert f"Pain before, during, after: {read}" in words(phone.get(LOGS_PAGE))


def test_what_a_patient_writes_reaches_the_therapist_as_text(patient, edition, phone, therapist):
    comment = f"{SCRIPT} \u202eteews & <b>sour</b>"
    phone.post(page_of(edition), answers(edition, comment=comment))
    for response in (
        therapist.get(reverse("patient", args=[patient.pk])),
        phone.get(LOGS_PAGE),
    ):
        assert SCRIPT not in response.content.decode()
        assert "<b>sour" not in response.content.decode()
        assert SCRIPT in words(response)


# What changes while the page is open


def test_a_session_of_an_older_edition_stays_with_it(patient, edition, phone):
    sent = resent(open_form(phone, edition))
    sent |= {f"line{key}-outcome": "done" for key in line_keys(edition)}
    publish(patient, lines=[make.line("DOOR")])
    assert phone.post(page_of(edition), sent).status_code == 302
    (log,) = logs_of(patient)
    assert log.edition_id == edition.pk
    assert [entry.exercise_name for entry in log.entries.all()] == [
        "Flexion in Lying",
        "Pelvic Tilt",
    ]


def test_midnight_between_opening_and_sending_changes_nothing_asked(patient, clock):
    wednesday, thursday = 3, 4
    lines = [on_days("FIL", wednesday), on_days("TILT", thursday)]
    edition = publish(patient, lines=lines)
    clock(ONE_TO_MIDNIGHT)
    phone = phone_of(patient)
    page = open_form(phone, edition)
    assert asked_about(page) == ["Flexion in Lying"]
    sent = resent(page) | {f"line{line_keys(edition)[0]}-outcome": "done"}
    clock(ONE_TO_MIDNIGHT + timedelta(minutes=2))
    assert phone.post(page_of(edition), sent).status_code == 302
    (log,) = logs_of(patient)
    assert [entry.exercise_name for entry in log.entries.all()] == ["Flexion in Lying"]
    assert log.local_date == date(2026, 5, 21)
    assert asked_about(open_form(phone, edition)) == ["Pelvic Tilt"]


def test_on_a_day_off_everything_may_be_logged(patient, phone):
    edition = publish(patient, lines=[on_days("FIL", 1), on_days("TILT", 2)])
    assert asked_about(open_form(phone, edition)) == ["Flexion in Lying", "Pelvic Tilt"]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="none said"),
        pytest.param(["x", "", "\x00", "-1"], id="nonsense"),
        pytest.param([str(2**62)], id="one that never was"),
    ],
)
def test_a_page_that_does_not_say_what_it_asked_is_about_what_is_planned(
    patient, edition, phone, lines
):
    sent = answers(edition) | {"line": lines}
    assert phone.post(page_of(edition), sent).status_code == 302
    (log,) = logs_of(patient)
    assert len(log.entries.all()) == 2


def test_a_line_said_twice_is_logged_once(patient, edition, phone):
    key = line_keys(edition)[1]
    sent = answers(edition) | {"line": [str(key), str(key)]}
    phone.post(page_of(edition), sent)
    (log,) = logs_of(patient)
    assert [entry.prescribed_exercise_id for entry in log.entries.all()] == [key]


def test_a_neighbours_line_is_not_logged(clinic, patient, edition, phone):
    theirs = line_keys(make.edition(of=make.patient(of=clinic)))[0]
    sent = answers(edition) | {"line": [str(theirs)], f"line{theirs}-outcome": "done"}
    phone.post(page_of(edition), sent)
    with inside(clinic.pk):
        assert not SessionEntry.objects.filter(prescribed_exercise=theirs).exists()
    (log,) = logs_of(patient)
    assert len(log.entries.all()) == 2


# Bad input


BAD = [
    ("outcome", None, "Tell us if you did this one."),
    ("outcome", "", "Tell us if you did this one."),
    ("outcome", "maybe", "Select a valid choice."),
    ("repetitions", "-1", "Ensure this value is greater than or equal to 0."),
    ("repetitions", "10000", "Ensure this value is less than or equal to 2000."),
    ("repetitions", "ten", "Enter a whole number."),
    ("repetitions", SCRIPT, "Enter a whole number."),
    ("pain_before", "11", "Select a valid choice."),
    ("pain_during", "-1", "Select a valid choice."),
    ("pain_after", "💥", "Select a valid choice."),
    ("comment", "x" * 501, "Ensure this value has at most 500 characters (it has 501)."),
]


def test_what_is_wrong_is_said_beside_it_and_nothing_is_stored(patient, edition, phone, subtests):
    key = uuid4()
    for name, typed, message in BAD:
        with subtests.test(f"{name} = {str(typed)[:20]!r}"):
            sent = answers(edition, key=key, **{name: typed})
            response = phone.post(page_of(edition), sent)
            assert response.status_code == 200
            text = words(response)
            assert "Please look at the answers marked below. Nothing is lost." in text
            assert message in text
            assert SCRIPT not in response.content.decode()
            assert f'value="{key}"' in response.content.decode()
            assert logs_of(patient) == []
    # Put right, it is stored once, under the key that the page kept.
    phone.post(page_of(edition), answers(edition, key=key))
    assert [log.client_uuid for log in logs_of(patient)] == [key]


def test_what_was_right_is_kept_while_something_is_wrong(edition, phone):
    sent = answers(edition, outcome="part", repetitions="x", comment="Keep me.", pain_after="9")
    response = phone.post(page_of(edition), sent)
    form = response.context["entries"][0]
    assert (form["outcome"].value(), form["pain_after"].value()) == ("part", "9")
    assert "Keep me." in words(response)
    assert 'data-log="again"' in response.content.decode()


def test_a_page_whose_key_was_lost_gets_another(patient, edition, phone, subtests):
    sent = answers(edition, comment="Keep me.")
    del sent["client_uuid"]
    for key in (None, "", "not-a-key", "\x00", "9" * 5000):
        with subtests.test(repr(key)[:20]):
            data = sent if key is None else sent | {"client_uuid": key}
            response = phone.post(page_of(edition), data)
            assert response.status_code == 200
            assert "Keep me." in words(response)
            assert logs_of(patient) == []
    phone.post(page_of(edition), resent(response))
    assert len(logs_of(patient)) == 1


def test_an_empty_page_is_asked_again(patient, edition, phone):
    response = phone.post(page_of(edition), {"none_of_these": none_of_these(patient)})
    assert response.status_code == 200
    assert words(response).count("Tell us if you did this one.") == 2
    assert logs_of(patient) == []


# The logs


def test_without_a_log_the_page_says_where_to_begin(phone):
    assert "No logs yet" in words(phone.get(LOGS_PAGE))


def test_logs_come_newest_first_by_the_patients_own_days(edition, phone):
    make.log(of=edition, comment="In the morning.")
    make.log(of=edition, done_at=ONE_TO_MIDNIGHT, comment="At night.")
    text = words(phone.get(LOGS_PAGE))
    assert text.index("At night.") < text.index("In the morning.")
    assert text.count("Wednesday 20 May") == 2


def test_older_logs_are_one_press_away(edition, phone):
    for number in range(21):
        comment = f"Log number {number}."
        make.log(of=edition, done_at=NOW + timedelta(minutes=number), comment=comment)
    response = phone.get(LOGS_PAGE)
    text = words(response)
    assert "Log number 20." in text
    assert "Log number 0." not in text
    older = re.search(r'href="(\?before=\d+)"', response.content.decode())[1]
    text = words(phone.get(f"{LOGS_PAGE}{older}"))
    assert "Log number 0." in text
    assert "Older logs" not in text


def test_any_place_in_the_list_may_be_asked_for(edition, phone, subtests):
    make.log(of=edition)
    for before in ("", "x", "-1", "0", "9" * 40, "\x00", SCRIPT):
        with subtests.test(repr(before)):
            response = phone.get(LOGS_PAGE, {"before": before})
            assert response.status_code == 200
            assert SCRIPT not in response.content.decode()


def test_logs_of_an_ended_course_stay_in_sight(patient, edition, phone):
    make.log(of=edition, comment="Still here.")
    end(patient)
    assert "Still here." in words(phone.get(LOGS_PAGE))


def test_nobody_else_is_in_the_list(clinic, edition, phone):
    make.log(of=make.edition(of=make.patient(of=clinic)), comment="Not mine.")
    assert "No logs yet" in words(phone.get(LOGS_PAGE))


# One and three cost the same. Counted with BEGIN, COMMIT and the setting of the clinic; storing
# also with two savepoints, each set and released.


def many(patient, number: int) -> PrescriptionEdition:
    codes = ["FIL", "TILT", "REIL", "DOOR"][:number]
    return publish(patient, lines=[make.line(code) for code in codes])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 3])
def test_the_portal_costs_the_same_for_one_line_and_three(
    patient, phone, django_assert_num_queries, number
):
    edition = many(patient, number)
    for _ in range(number):
        make.log(of=edition)
    for path, statements in ((TODAY_PAGE, 12), (page_of(edition), 9), (LOGS_PAGE, 6)):
        with django_assert_num_queries(statements):
            assert phone.get(path).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 4])
def test_storing_a_log_costs_the_same_for_one_entry_and_four(
    patient, phone, django_assert_num_queries, number
):
    edition = many(patient, number)
    sent = answers(edition)
    with django_assert_num_queries(17):
        assert phone.post(page_of(edition), sent).status_code == 302
    assert len(logs_of(patient)[0].entries.all()) == number
    with django_assert_num_queries(12):  # the second time nothing is stored
        assert phone.post(page_of(edition), sent).status_code == 302
