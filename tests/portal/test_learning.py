import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.utils import ProgrammingError
from django.test import Client
from django.urls import reverse

from clinics import actions as clinic_actions
from exercises.content import education, load_education, standing_words
from exercises.vocabulary import Direction, Region
from patients import assessments
from patients.episodes import Event
from patients.lights import After, During, RangeChange
from patients.models import DirectionTest, EpisodeChange
from tests import make
from tests.make import NOW, TODAY, inside
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words

LEARN, WHY, MORE = (reverse(f"portal:{name}") for name in ("learn", "why", "more"))
DAY = timedelta(days=1)
GREEN = make.as_tested()
RED = make.as_tested(
    direction=Direction.FLEXION, during=During.INCREASED, after=After.WORSE, settle_minutes=None
)
AMBER = make.as_tested(direction=Direction.FLEXION, after=After.NO_WORSE, rom=RangeChange.DOWN)
NOTHING = make.as_tested(
    direction=Direction.FLEXION, during=During.NO_EFFECT, after=After.NO_EFFECT
)
EXPECTED = make.as_tested(
    direction=Direction.FLEXION, during=During.PRODUCED, after=After.NO_WORSE, dysfunction=True
)

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def phone(patient) -> Client:
    return phone_of(patient)


@pytest.fixture
def episode(patient):
    return make.screened(patient)


def prefer(episode, region=Region.LUMBAR, direction=Direction.EXTENSION, *, at=NOW) -> None:
    with inside(episode.clinic_id):
        assessments.set_preference(
            episode=episode,
            preference=(region, direction),
            reason="SECRET reason",
            by=make.founder(episode.clinic),
            at=at,
        )


# To learn


def test_every_page_is_listed_and_opens(phone):
    listed = words(phone.get(LEARN))
    for page in load_education():
        assert page.title in listed
        text = words(phone.get(reverse("portal:learn_page", args=[page.slug])))
        for fact in page.facts:
            assert (fact.plain or fact.text) in text
            assert not fact.plain or fact.text not in text
            assert f"{fact.standing.label} {fact.standing.explanation}" in text


def test_what_is_for_therapists_is_not_on_the_patients_page(phone):
    for page in load_education():
        text = words(phone.get(reverse("portal:learn_page", args=[page.slug])))
        assert "For therapists" not in text
        assert "Patients read" not in text
        assert "It is not all proven science" in text


def test_links_between_pages_stay_in_the_portal(phone):
    for page in load_education():
        html = phone.get(reverse("portal:learn_page", args=[page.slug])).content.decode()
        links = re.findall(r'href="(/[^"#]*)', html)
        assert all(link.startswith(("/my/", "/static/")) for link in links), links


@pytest.mark.parametrize("language", ["es", "ar"])
def test_pages_are_read_in_the_language_of_the_patient(patient, phone, language):
    with inside(patient.clinic_id):
        type(patient).objects.filter(pk=patient.pk).update(language=language)
    for told in education(language):
        response = phone.get(reverse("portal:learn_page", args=[told.page.slug]))
        text = words(response)
        assert told.page.title in text
        for fact in told.page.facts:
            assert fact.text in text
            assert standing_words(language).labels[fact.standing] in text
        assert f'<h1 lang="{language}">' in response.content.decode()


def test_a_page_that_never_was_is_not_found(phone):
    assert phone.get(reverse("portal:learn_page", args=["nothing"])).status_code == 404


@pytest.mark.parametrize("page", [LEARN, WHY, MORE])
def test_these_pages_are_for_patients(phone, therapist, page):
    for client, status in ((phone, 200), (therapist, 401), (Client(), 401)):
        assert client.get(page).status_code == status


def test_more_leads_to_everything_else(phone):
    html = phone.get(MORE).content.decode()
    for name in ("logs", "why", "learn", "handout", "comfort"):
        assert f'href="{reverse(f"portal:{name}")}"' in html


# Why this direction


def test_without_a_confirmed_direction_the_page_says_so_kindly(phone, episode):
    text = words(phone.get(WHY))
    assert "No direction is confirmed yet" in text
    assert "What your tests showed" not in text


def test_the_confirmed_direction_stands_with_its_day(phone, episode):
    prefer(episode, at=NOW - 3 * DAY)
    text = words(phone.get(WHY))
    assert "Low back: bend backward" in text
    assert "Your therapist confirmed it on 17 May 2026." in text
    assert "It is not a diagnosis." in text
    assert "SECRET" not in text


def test_a_preference_confirmed_again_has_its_last_day(phone, episode):
    prefer(episode, at=NOW - 3 * DAY)
    prefer(episode, Region.LUMBAR, Direction.FLEXION, at=NOW - DAY)
    text = words(phone.get(WHY))
    assert "Low back: bend forward" in text
    assert "Your therapist confirmed it on 19 May 2026." in text


@pytest.mark.parametrize(
    ("tested", "said"),
    [
        pytest.param(GREEN, "You were better, or moved better, after it.", id="green"),
        pytest.param(RED, "You were worse after it.", id="red"),
        pytest.param(AMBER, "The answer was not clear.", id="amber"),
        pytest.param(NOTHING, "Nothing changed that lasted.", id="no effect"),
        pytest.param(
            EXPECTED, "It hurt for a short time at the end of the movement, as", id="expected"
        ),
    ],
)
def test_each_test_is_told_in_plain_words_with_its_day(phone, episode, tested, said):
    make.direction_test(of=episode, tested=tested, at=NOW - DAY)
    text = words(phone.get(WHY))
    assert said in text
    assert "Tested on 19 May 2026." in text
    assert "This test is old" not in text


def test_a_newer_test_of_a_direction_replaces_the_older(phone, episode):
    make.direction_test(of=episode, tested=RED, at=NOW - 2 * DAY)
    make.direction_test(of=episode, tested=NOTHING, at=NOW - DAY)
    text = words(phone.get(WHY))
    assert "Nothing changed that lasted." in text
    assert "You were worse" not in text


@pytest.mark.parametrize(
    ("days", "is_old"), [pytest.param(14, False, id="14 days"), pytest.param(15, True, id="15")]
)
def test_an_old_test_says_so(phone, episode, days, is_old):
    make.direction_test(of=episode, tested=GREEN, at=NOW - days * DAY)
    assert ("This test is old" in words(phone.get(WHY))) is is_old


def test_a_red_test_never_grows_old(phone, episode):
    make.direction_test(of=episode, tested=RED, at=NOW - 60 * DAY)
    assert "This test is old" not in words(phone.get(WHY))


def test_after_an_event_that_unsettles_a_test_it_is_old(patient, phone, episode):
    make.direction_test(of=episode, tested=GREEN, at=NOW - DAY)
    with inside(patient.clinic_id):
        type(episode).objects.filter(pk=episode.pk).update(unsettled_at=NOW)
    assert "This test is old" in words(phone.get(WHY))


def test_the_clinics_number_of_days_decides(clinic, phone, episode):
    make.direction_test(of=episode, tested=GREEN, at=NOW - 5 * DAY)
    with inside(clinic.pk):
        by = make.founder(clinic)
        clinic_actions.change_settings(clinic=clinic, by=by, thresholds_set={"test_valid_days": 4})
    assert "This test is old" in words(phone.get(WHY))


def test_nothing_of_a_neighbour_or_of_an_episode_that_is_over(clinic, patient, phone, episode):
    neighbour = make.screened(make.patient(of=clinic))
    prefer(neighbour)
    make.direction_test(of=neighbour, tested=RED)
    make.direction_test(of=episode, tested=RED)
    with inside(clinic.pk):
        assessments.close_episode(episode=episode, by=make.founder(clinic), at=NOW)
    make.episode(of=patient, at=NOW)
    text = words(phone.get(WHY))
    assert "No direction is confirmed yet" in text
    assert "You were worse" not in text


def test_a_patient_without_any_episode_is_told_the_same(clinic):
    assert "No direction is confirmed yet" in words(phone_of(make.patient(of=clinic)).get(WHY))


# What the portal's login may read of it


@pytest.mark.parametrize(
    "forbidden",
    [
        pytest.param(
            "SELECT changed_because FROM patients_directiontest", id="why a light was changed"
        ),
        pytest.param("SELECT computed_light FROM patients_directiontest", id="the computed light"),
        pytest.param("SELECT by_id FROM patients_directiontest", id="who tested"),
        pytest.param("SELECT reason FROM patients_episodechange", id="why a phase was changed"),
        pytest.param("SELECT after FROM patients_episodechange", id="what was changed"),
        pytest.param("SELECT complaint FROM patients_episode", id="the complaint"),
        pytest.param("SELECT phase FROM patients_episode", id="the phase"),
        pytest.param("UPDATE patients_directiontest SET light = 'green'", id="a better light"),
        pytest.param("UPDATE patients_episode SET preferred_region = ''", id="the preference"),
    ],
)
def test_a_patients_request_may_not(patient, forbidden):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        inside(patient.clinic_id, patient_id=patient.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(forbidden)


def test_a_patients_request_sees_its_own_tests_and_days_of_preferences_only(clinic, patient):
    for one in (patient, make.patient(of=clinic)):
        begun = make.screened(one)
        make.direction_test(of=begun)
        prefer(begun)
        with inside(clinic.pk):
            assessments.note_event(
                episode=begun,
                event=Event.NEW_INJURY,
                on=TODAY,
                reason="A fall.",
                by=make.founder(clinic),
                at=NOW,
            )
    with inside(clinic.pk, patient_id=patient.pk):
        assert set(DirectionTest.objects.values_list("patient", flat=True)) == {patient.pk}
        assert set(EpisodeChange.objects.values_list("patient", "what")) == {
            (patient.pk, "preference")
        }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 3])
def test_these_pages_cost_the_same_for_one_test_and_three(
    phone, episode, django_assert_num_queries, number
):
    prefer(episode)
    for direction in (Direction.EXTENSION, Direction.FLEXION, Direction.ROTATION_LEFT)[:number]:
        make.direction_test(of=episode, tested=make.as_tested(direction=direction))
    with django_assert_num_queries(7):  # the device, the episode, the day, the tests
        phone.get(WHY)
    for page, statements in ((LEARN, 4), (MORE, 4)):
        with django_assert_num_queries(statements):
            phone.get(page)
