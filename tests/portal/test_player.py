"""The page that plays the stretches of a day, and the log that it fills in."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinics.tenancy import inside
from prescriptions.models import Outcome, PrescriptionEdition, SessionLog, WhyNot
from tests import make
from tests.make import NOW
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words

pytestmark = pytest.mark.usefixtures("clock")

PLAYER, TODAY_PAGE = reverse("portal:player"), reverse("portal:today")
SOME, ALL = 4, 10


@pytest.fixture
def edition(patient) -> PrescriptionEdition:
    return make.edition(of=patient, lines=[make.line("FIL"), make.line("DOOR")])


@pytest.fixture
def phone(patient) -> Client:
    return phone_of(patient)


def played(response) -> list[str]:
    return [form.line.exercise_edition.name for form in response.context["played"]]


def lines_of(edition):
    with inside(edition.clinic_id):
        return list(edition.lines.order_by("order"))


def sent(edition, *counts: object, hurts: int | None = None) -> dict[str, object]:
    """What the player sends; `hurts` is the place of the one that was stopped."""
    data: dict[str, object] = {}
    for place, (line, counted) in enumerate(zip(lines_of(edition), counts, strict=True)):
        data[f"played{line.pk}-counted"] = counted
        data[f"played{line.pk}-hurts"] = "on" if place == hurts else ""
    return data


def filled_log(phone, edition, data):
    """The log form after the red-flag question, which carries what the player sent."""
    log = reverse("portal:log", args=[edition.pk])
    asked = phone.post(log, data)
    assert "have you had any of these?" in words(asked)
    carried = {field.html_name: field.value() for form in asked.context["played"] for field in form}
    return phone.post(log, carried | {"answer": "none"})


def shown(response, place: int) -> tuple:
    form = response.context["entries"][place]
    return tuple(form[name].value() for name in ("outcome", "why_not", "repetitions"))


# What is played


def test_the_stretches_of_the_day_are_played_in_their_order(phone, edition):
    page = phone.get(PLAYER)
    assert played(page) == ["Flexion in Lying", "Doorway Stretch"]
    html = page.content.decode()
    assert 'data-sets="1" data-repetitions="10" data-hold="1"' in html
    assert 'data-sets="1" data-repetitions="3" data-hold="20"' in html


def test_everything_can_be_read_without_the_script(phone, edition):
    text = words(phone.get(PLAYER))
    assert "How to do it Lie on your back." in text
    assert "Stop for Pain." in text
    assert "Log what I did" in text


def test_today_leads_to_the_player(phone, edition):
    assert f'href="{PLAYER}"' in phone.get(TODAY_PAGE).content.decode()


def test_the_player_is_the_patients_alone(clinic, edition, phone, therapist):
    neighbour = phone_of(make.patient(of=clinic))
    assert phone.get(PLAYER).status_code == 200
    assert neighbour.get(PLAYER).url == TODAY_PAGE
    for client in (therapist, Client()):
        assert client.get(PLAYER).status_code == 401
    assert phone.post(PLAYER).status_code == 405


def test_what_is_paused_is_not_played(patient, phone):
    edition = make.edition(of=patient, lines=[make.line("FIL"), make.line("DOOR")])
    with inside(patient.clinic_id):
        knees = edition.lines.get(exercise_edition__name="Flexion in Lying")
    alarming(phone, edition, knees)
    assert played(phone.get(PLAYER)) == ["Doorway Stretch"]


def alarming(phone, edition, line) -> None:
    """A log of one line after which the pain had gone down below the knee."""
    log = reverse("portal:log", args=[edition.pk])
    page = phone.post(log, {"answer": "none"})
    told = {
        "line": [str(line.pk)],
        "client_uuid": page.context["key"]["client_uuid"].value(),
        "none_of_these": page.context["none_of_these"],
        f"line{line.pk}-outcome": "done",
        f"line{line.pk}-zones_before": ["low-3-L"],
        f"line{line.pk}-zones_after": ["low-3-L", "low-5-L"],
    }
    assert phone.post(log, told).url != TODAY_PAGE


def test_when_all_is_paused_there_is_nothing_to_start(patient, phone):
    edition = make.edition(of=patient, lines=[make.line("FIL")])
    alarming(phone, edition, lines_of(edition)[0])
    assert phone.get(PLAYER).url == TODAY_PAGE
    assert f'href="{PLAYER}"' not in phone.get(TODAY_PAGE).content.decode()


def test_on_a_day_off_there_is_nothing_to_start(patient, phone):
    make.edition(of=patient, lines=[replace(make.line("FIL"), weekdays=[1])])
    assert phone.get(PLAYER).url == TODAY_PAGE
    page = phone.get(TODAY_PAGE)
    assert f'href="{PLAYER}"' not in page.content.decode()
    assert "Log what I did" in words(page)


def test_without_a_programme_there_is_nothing_to_start(patient, phone):
    make.draft(of=patient)
    assert phone.get(PLAYER).url == TODAY_PAGE


def test_nothing_is_played_while_a_red_flag_is_open(patient, phone, edition):
    make.flag(of=patient)
    assert phone.get(PLAYER).url == TODAY_PAGE


def test_after_a_log_the_counts_begin_anew(phone, edition):
    before = phone.get(PLAYER).context["session_key"]
    assert phone.get(PLAYER).context["session_key"] == before
    make.log(of=edition)
    assert phone.get(PLAYER).context["session_key"] != before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 4])
def test_the_player_costs_the_same_for_one_exercise_and_four(
    patient, phone, django_assert_num_queries, number
):
    codes = ["FIL", "TILT", "REIL", "DOOR"][:number]
    make.edition(of=patient, lines=[make.line(code) for code in codes])
    with django_assert_num_queries(10):
        assert phone.get(PLAYER).status_code == 200


# What it counted


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        pytest.param(ALL, (Outcome.DONE, "", ALL), id="all of it"),
        pytest.param(ALL + 5, (Outcome.DONE, "", ALL + 5), id="more than was asked"),
        pytest.param(SOME, (Outcome.PART, "", SOME), id="some of it"),
        pytest.param(0, (None, "", ALL), id="none: the patient is asked"),
    ],
)
def test_the_log_is_filled_with_what_was_counted(phone, edition, counted, expected):
    page = filled_log(phone, edition, sent(edition, counted, 3))
    assert shown(page, 0) == expected
    assert shown(page, 1) == (Outcome.DONE, "", 3)
    assert "We filled in what you counted." in words(page)


@pytest.mark.parametrize("counted", [0, SOME])
def test_what_hurt_is_marked_with_its_reasons_to_stop(phone, edition, counted):
    page = filled_log(phone, edition, sent(edition, counted, 0, hurts=0))
    assert shown(page, 0) == (Outcome.PART, WhyNot.PAIN, counted)
    text = words(page)
    assert "You stopped this one. Reasons to stop: Pain." in text
    assert text.count("You stopped this one.") == 1


def test_a_filled_log_is_only_confirmed(patient, phone, edition):
    page = filled_log(phone, edition, sent(edition, SOME, 3, hurts=0))
    told = {"none_of_these": page.context["none_of_these"], "line": []}
    told["client_uuid"] = page.context["key"]["client_uuid"].value()
    for form in page.context["entries"]:
        told["line"].append(str(form.line.pk))
        for name in ("outcome", "why_not", "repetitions"):
            told[form.add_prefix(name)] = form[name].value()
    assert phone.post(reverse("portal:log", args=[edition.pk]), told).status_code == 302
    with inside(patient.clinic_id):
        log = SessionLog.objects.of_patient(patient).with_entries().get()
        knees, door = log.entries.all()
    assert (knees.outcome, knees.why_not, knees.repetitions) == ("part", "pain", SOME)
    assert (door.outcome, door.why_not, door.repetitions) == ("done", "", 3)


@pytest.mark.parametrize("counted", ["-1", "2001", "ten", "\x00", "", "1.5", "9" * 5000])
def test_nonsense_from_the_player_is_no_answer(phone, edition, counted):
    page = filled_log(phone, edition, sent(edition, counted, 3, hurts=0))
    assert [form.line.repetitions for form in page.context["entries"]] == [3]
    everything = filled_log(phone, edition, sent(edition, counted, counted))
    assert [shown(everything, place) for place in (0, 1)] == [(None, "", ALL), (None, "", 3)]
    assert "We filled in" not in words(everything)


def test_a_neighbours_line_is_not_filled_in(clinic, phone, edition):
    theirs = make.edition(of=make.patient(of=clinic))
    page = filled_log(phone, edition, sent(theirs, ALL))
    assert [shown(page, place) for place in (0, 1)] == [(None, "", ALL), (None, "", 3)]


def test_counts_outlive_a_red_flag_question_that_was_not_clear(phone, edition):
    log = reverse("portal:log", args=[edition.pk])
    asked = phone.post(log, sent(edition, SOME, 0) | {"answer": "some"})
    assert [form.cleaned_data["counted"] for form in asked.context["played"]] == [SOME, 0]


def test_what_was_played_before_midnight_is_logged_after_it(patient, phone, clock):
    wednesday = replace(make.line("FIL"), weekdays=[3])
    edition = make.edition(of=patient, lines=[wednesday, make.line("DOOR")])
    data = sent(edition, ALL, 3)
    clock(NOW + timedelta(days=1))
    assert shown(filled_log(phone, edition, data), 0) == (Outcome.DONE, "", ALL)
