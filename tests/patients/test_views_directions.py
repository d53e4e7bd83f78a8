import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEvent
from exercises.vocabulary import Direction, Region
from patients import actions, assessments
from patients.episodes import Event, Phase
from patients.lights import After, During, Light
from patients.models import (
    Clearance,
    ConditionOnFile,
    DirectionTest,
    Episode,
    RaisedFlag,
    SafetyScreen,
)
from patients.redflags import RED_FLAGS
from tests import make
from tests.make import inside
from tests.patients.test_views import DOOR, LOOK

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def episode(patient):
    return make.episode(of=patient, complaint="Low back pain", at=timezone.now())


def url(name, row) -> str:
    return reverse(f"patients:{name}", args=[row.pk])


def show(client, patient) -> str:
    return client.get(url("direction", patient)).content.decode()


def stored(episode) -> Episode:
    with inside(episode.clinic_id):
        return Episode.objects.get(pk=episode.pk)


def acts(clinic) -> int:
    with inside(clinic.pk):
        return AuditEvent.objects.of(clinic).acts().count()


def count(model, clinic) -> int:
    with inside(clinic.pk):
        return model.objects.of(clinic).count()


def close(episode) -> None:
    with inside(episode.clinic_id):
        assessments.close_episode(
            episode=episode, by=make.founder(episode.patient.clinic), at=timezone.now()
        )


def today_of(patient) -> str:
    return patient.local_date(timezone.now()).isoformat()


def screen_data(**said) -> dict[str, str]:
    return {flag.code: "no" for flag in RED_FLAGS} | {"client_uuid": str(uuid4())} | said


def seen_data(**seen) -> dict[str, object]:
    return {
        "client_uuid": str(uuid4()),
        "region": "lumbar",
        "direction": "extension",
        "position": "lying",
        "loading": "repeated",
        "amount": "10",
        "baseline_pain": "4",
        "during": "decreased",
        "after": "better",
        "where": "same",
        "rom": "same",
        "neuro": "same",
        **seen,
    }


@pytest.fixture
def forms(patient, episode) -> dict[str, tuple[str, dict]]:
    """The address of each form, and something it accepts."""
    today = today_of(patient)
    on_file = make.condition(of=patient)
    flag = make.flag(of=patient, at=timezone.now())
    return {
        "begin_episode": (url("begin_episode", patient), {"complaint": "Neck pain"}),
        "close_episode": (url("close_episode", episode), {}),
        "change_phase": (url("change_phase", episode), {"phase": "reduction", "reason": "x"}),
        "set_preference": (
            url("set_preference", episode),
            {"preference": "lumbar:extension", "reason": "x"},
        ),
        "note_event": (url("note_event", episode), {"event": "surgery", "on": today}),
        "screen": (url("screen", episode), screen_data(fever="yes")),
        "clear_flag": (
            url("clear_flag", flag),
            {"assessed_by": "Dr Lee", "assessed_on": today, "outcome": "A cold."},
        ),
        "add_condition": (
            url("add_condition", patient),
            {"condition": "knee", "since": today, "source": "Letter"},
        ),
        "end_condition": (url("end_condition", on_file), {"until": today}),
        "direction_test": (url("direction_test", episode), seen_data()),
    }


FORMS = [
    "begin_episode",
    "close_episode",
    "change_phase",
    "set_preference",
    "note_event",
    "screen",
    "clear_flag",
    "add_condition",
    "end_condition",
    "direction_test",
]


# Three people at every door


@pytest.mark.parametrize("who", ["therapist", "assistant"])
def test_everybody_of_the_clinic_may_read(request, patient, episode, who):
    assert "Low back pain" in show(request.getfixturevalue(who), patient)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("who", "status"), [("assistant", 403), ("stranger", 404)])
def test_writing_is_refused_to(request, clinic, forms, form, who, status):
    client, before = request.getfixturevalue(who), acts(clinic)
    address, data = forms[form]
    assert client.get(address).status_code == status
    assert client.post(address, data).status_code == status
    assert acts(clinic) == before


@pytest.mark.parametrize("form", FORMS)
def test_a_therapist_sees_every_form(therapist, forms, form):
    address, _ = forms[form]
    # An episode is open, so beginning another is refused when it is sent, not when it is shown.
    assert therapist.get(address).status_code == 200


@pytest.mark.parametrize("form", [one for one in FORMS if one != "begin_episode"])
def test_what_is_accepted_leads_back_to_the_patient(therapist, clinic, patient, forms, form):
    before = acts(clinic)
    address, data = forms[form]
    response = therapist.post(address, data)
    assert response.status_code == 302
    assert response["Location"] == url("direction", patient)
    assert acts(clinic) > before


@pytest.mark.parametrize("form", [one for one in FORMS if one != "close_episode"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="nothing"),
        pytest.param("\x00", id="NUL"),
        pytest.param("\u202e\u200b", id="unseen"),
        pytest.param("x" * 20_000, id="very long"),
        pytest.param(["🌊", "\u200b"], id="two values"),
    ],
)
def test_bad_input_stores_nothing_and_breaks_nothing(therapist, clinic, forms, form, value):
    before = acts(clinic)
    address, data = forms[form]
    bad = {} if value is None else dict.fromkeys([*data, "zones_before", "because"], value)
    response = therapist.post(address, bad)
    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()
    assert acts(clinic) == before


def test_an_assistant_is_not_offered_what_is_refused(assistant, patient, episode):
    make.direction_test(of=episode, at=timezone.now())
    make.flag(of=patient)
    make.condition(of=patient)
    page = show(assistant, patient)
    assert 'method="post"' not in page[page.index("<main") : page.index("</main>")]
    assert not re.findall(r'href="/patients/direction/[^"]*"', page)
    assert url("add_condition", patient) not in page


def test_an_archived_patient_is_looked_at_only(clinic, therapist, patient, episode):
    with inside(clinic.pk):
        actions.archive(patient=patient, at=timezone.now(), by=make.founder(clinic))
    assert not re.findall(r'href="/patients/direction/[^"]*"', show(therapist, patient))


@pytest.mark.parametrize(
    "name", ["direction", "begin_episode", "add_condition", "screen", "clear_flag"]
)
def test_a_key_too_long_is_not_found(therapist, name):
    path = reverse(f"patients:{name}", args=[1]).replace("/1/", f"/{'9' * 30}/")
    assert therapist.get(path).status_code == 404


# The page


def test_a_patient_without_an_episode_is_taught_how_to_begin(therapist, assistant, patient):
    page = show(therapist, patient)
    assert "No open episode" in page
    assert url("begin_episode", patient) in page
    assert url("begin_episode", patient) not in show(assistant, patient)


def test_the_tab_stands_between_overview_and_programme(therapist, patient):
    page = show(therapist, patient)
    tabs = page[page.index('<nav class="tabs"') :]
    names = re.findall(r">(Overview|Direction|Programme|Record|Portal)</a>", tabs)
    assert names == ["Overview", "Direction", "Programme", "Record", "Portal"]
    assert f'href="{url("direction", patient)}" aria-current="page"' in page


def test_the_tab_is_marked_on_the_pages_below_it(therapist, patient, forms):
    for form in ("begin_episode", "screen", "direction_test", "clear_flag", "end_condition"):
        page = therapist.get(forms[form][0]).content.decode()
        assert f'href="{url("direction", patient)}" aria-current="true"' in page


def test_a_screen_that_is_not_done_is_told(therapist, patient, episode):
    page = show(therapist, patient)
    assert "Not done yet" in page
    assert url("screen", episode) in page
    make.screen(of=episode, at=timezone.now())
    assert "No red flag" in show(therapist, patient)


def test_the_compass_shows_every_direction_in_words(therapist, patient, episode):
    now = timezone.now()

    def test(direction, *, days=0, **seen):
        make.direction_test(
            of=episode,
            tested=make.as_tested(direction=direction, **seen),
            at=now - timedelta(days=days),
        )

    test(Direction.FLEXION, days=90, during=During.INCREASED, after=After.WORSE)
    test(Direction.EXTENSION)
    test(Direction.SIDE_GLIDE_LEFT, during=During.PRODUCED, after=After.NO_WORSE)
    test(Direction.SIDE_GLIDE_RIGHT, days=30)
    test(Direction.ROTATION_LEFT, during=During.NO_EFFECT, after=After.NO_EFFECT)
    page = show(therapist, patient)
    table = page[page.index('<table class="table">') : page.index("</table>")]
    rows = dict(re.findall(r'"direction">.*?</svg>\s*([^<]+)<.*?"light (\w+)"', table, re.DOTALL))
    assert rows == {
        "Flexion": "red",
        "Extension": "green",
        "Side glide left": "amber",
        "Side glide right": "stale",
        "Rotation left": "no_effect",
    }
    assert "was green" in table
    untested = page[
        page.index('class="untested-list"') : page.index('class="untested-list"') + 2000
    ]
    for name in ("Side bend left", "Side bend right", "Rotation right"):
        assert name in untested


def test_a_test_of_an_earlier_episode_is_stale_and_a_red_one_stays_red(therapist, patient, episode):
    make.direction_test(of=episode, at=timezone.now())
    red = make.as_tested(
        direction=Direction.FLEXION, during=During.PRODUCED, after=After.WORSE, settle_minutes=40
    )
    make.direction_test(of=episode, tested=red, at=timezone.now())
    close(episode)
    page = show(therapist, patient)
    assert "an earlier episode" in page
    assert "Closed episodes" in page
    make.episode(of=patient, complaint="Neck", at=timezone.now())
    page = show(therapist, patient)
    assert "an earlier episode" in page
    table = page[page.index('<table class="table">') : page.index("</table>")]
    rows = dict(re.findall(r'"direction">.*?</svg>\s*([^<]+)<.*?"light (\w+)"', table, re.DOTALL))
    assert rows == {"Flexion": "red", "Extension": "stale"}


def test_another_region_has_a_compass_once_it_was_tested(therapist, patient, episode):
    assert "compass-thoracic" not in show(therapist, patient)
    make.direction_test(of=episode, tested=make.as_tested(Region.THORACIC), at=timezone.now())
    page = show(therapist, patient)
    assert page.index("compass-lumbar") < page.index("compass-thoracic")
    assert "compass-cervical" not in page


def test_a_changed_light_is_shown_beside_the_computed_one(therapist, patient, episode):
    worse = make.as_tested(during=During.INCREASED, after=After.WORSE)
    make.direction_test(
        of=episode, tested=worse, light=Light.AMBER, because="Tired.", at=timezone.now()
    )
    page = show(therapist, patient)
    tests = page[page.index('id="tests"') :]
    assert "Computed:" in tests
    assert 'class="light red"' in tests
    assert 'class="light amber"' in tests
    assert "Tired." in tests
    assert "Symptoms were worse after and had not settled." in tests


def test_tests_come_newest_first_and_in_pages(therapist, patient, episode):
    for number in range(23):
        make.direction_test(
            of=episode, tested=make.as_tested(recheck=f"Task {number:02}"), at=timezone.now()
        )

    def tasks(page) -> list[str]:
        return re.findall(r"Task \d\d", page)

    first = show(therapist, patient)
    assert tasks(first) == [f"Task {number:02}" for number in range(22, 2, -1)]
    (older,) = re.findall(r'rel="next" href="([^"#]+)', first)
    second = therapist.get(older).content.decode()
    assert tasks(second) == ["Task 02", "Task 01", "Task 00"]
    assert 'rel="next"' not in second


@pytest.mark.parametrize("before", ["word", "-1", "9" * 30, "0", "\x00"])
def test_a_page_of_tests_that_is_none_breaks_nothing(therapist, patient, episode, before):
    make.direction_test(of=episode)
    assert therapist.get(url("direction", patient), {"before": before}).status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_costs_the_same_for_one_row_and_three(
    therapist, patient, rows, django_assert_num_queries
):
    for _ in range(rows):
        close(make.episode(of=patient))
    episode = make.episode(of=patient)
    make.screen(of=episode)
    for place, direction in enumerate(
        [Direction.FLEXION, Direction.EXTENSION, Direction.ROTATION_LEFT]
    ):
        if place < rows:
            make.direction_test(of=episode, tested=make.as_tested(direction=direction))
            make.clearance(of=make.flag(of=patient))
            make.flag(of=patient)
            on_file = make.condition(of=patient)
            with inside(patient.clinic_id):
                assessments.end_condition(
                    on_file=on_file, until=on_file.since, by=therapist.user, at=timezone.now()
                )
    # Patient, episodes, compass, page of tests, open flags, cleared ones and their clearances,
    # conditions, screen, changes.
    with django_assert_num_queries(DOOR + LOOK + 10):
        therapist.get(url("direction", patient))


@pytest.mark.parametrize(
    "field", ["complaint", "source", "remark", "because", "outcome", "recheck"]
)
def test_a_script_is_shown_as_written(therapist, patient, field):
    make.assessed(patient, word=f"{SCRIPT} {field}")
    page = show(therapist, patient)
    assert SCRIPT not in page
    assert f"&lt;script&gt;alert(1)&lt;/script&gt; {field}" in page


# Episodes


def test_beginning_an_episode_leads_to_the_screen(clinic, therapist, patient):
    response = therapist.post(url("begin_episode", patient), {"complaint": "  Neck\x00  pain "})
    with inside(clinic.pk):
        episode = Episode.objects.of_patient(patient).get()
    assert response["Location"] == url("screen", episode)
    assert (episode.complaint, episode.onset_on) == ("Neck pain", None)


def test_beginning_twice_opens_one(clinic, therapist, patient):
    for _ in range(2):
        response = therapist.post(url("begin_episode", patient), {"complaint": "Neck"}, follow=True)
    assert "An episode is open already" in response.content.decode()
    assert count(Episode, clinic) == 1


def test_closing_asks_first(therapist, patient, episode):
    page = therapist.get(url("close_episode", episode)).content.decode()
    assert "It cannot be opened again" in page
    assert stored(episode).is_open
    therapist.post(url("close_episode", episode))
    assert not stored(episode).is_open
    again = therapist.post(url("close_episode", episode), follow=True).content.decode()
    assert "closed already" in again


@pytest.mark.parametrize(
    "form",
    ["close_episode", "change_phase", "set_preference", "note_event", "screen", "direction_test"],
)
def test_a_closed_episode_has_no_forms(therapist, patient, episode, forms, form):
    close(episode)
    response = therapist.get(forms[form][0], follow=True)
    assert response.redirect_chain[-1][0] == url("direction", patient)
    assert "This episode is closed" in response.content.decode()


@pytest.mark.parametrize(
    "form", ["change_phase", "set_preference", "note_event", "screen", "direction_test"]
)
def test_what_was_typed_stays_when_the_episode_was_closed_meanwhile(
    clinic, therapist, episode, forms, form
):
    close(episode)
    before = acts(clinic)
    address, data = forms[form]
    page = therapist.post(address, data).content.decode()
    assert "closed in the meantime" in page
    assert acts(clinic) == before


def test_confirming_a_preference_moves_the_phase_only_when_told_to(therapist, episode):
    data = {"preference": "lumbar:extension", "reason": "Centralises."}
    therapist.post(url("set_preference", episode), data)
    assert stored(episode).phase == Phase.ASSESSMENT
    data = {"preference": "lumbar:flexion", "reason": "Better.", "begin_reduction": "on"}
    therapist.post(url("set_preference", episode), data)
    assert stored(episode).phase == Phase.REDUCTION
    assert stored(episode).preference == (Region.LUMBAR, Direction.FLEXION)


def test_withdrawing_a_preference_leaves_the_phase_and_asks_about_it(clinic, therapist, episode):
    with inside(clinic.pk):
        assessments.set_preference(
            episode=episode,
            preference=(Region.LUMBAR, Direction.EXTENSION),
            reason="",
            by=therapist.user,
            at=timezone.now(),
        )
        assessments.change_phase(
            episode=episode,
            phase=Phase.REDUCTION,
            reason="x",
            by=therapist.user,
            at=timezone.now(),
        )
    data = {"preference": "none", "reason": "No longer helps."}
    page = therapist.post(url("set_preference", episode), data, follow=True).content.decode()
    assert "is it still right?" in page
    assert (stored(episode).preference, stored(episode).phase) == (None, Phase.REDUCTION)


def test_the_forms_say_how_each_direction_stands(therapist, episode):
    make.direction_test(of=episode, at=timezone.now())
    page = therapist.get(url("set_preference", episode)).content.decode()
    assert "Lumbar spine extension (green, tested on" in page
    assert "Lumbar spine flexion (untested)" in page


def test_an_event_is_told_on_the_page(therapist, patient, episode):
    make.direction_test(of=episode, at=timezone.now())
    data = {"event": Event.NEW_INJURY.value, "on": today_of(patient), "reason": "Fell on ice."}
    page = therapist.post(url("note_event", episode), data, follow=True).content.decode()
    assert "New injury on" in page
    assert "Fell on ice." in page
    assert "was green" in page


# Safety


def test_a_yes_says_what_to_do_at_once(therapist, patient, episode):
    data = screen_data(bladder="yes", fever="yes")
    page = therapist.post(url("screen", episode), data, follow=True).content.decode()
    assert "2 red flags are open" in page
    assert "Emergency: refer now." in page
    assert "Call 911" in page
    assert "Nothing can be prescribed until each flag is cleared" in page
    assert page.index("Trouble starting") < page.index("Fever, or feeling")


def test_a_flag_for_today_does_not_cry_emergency(therapist, patient, episode):
    page = therapist.post(
        url("screen", episode), screen_data(fever="yes"), follow=True
    ).content.decode()
    assert "Refer: a doctor has to see this today." in page
    assert "Emergency" not in page


def test_the_number_to_call_is_the_clinics(clinic, therapist, patient):
    with inside(clinic.pk):
        type(clinic).objects.filter(pk=clinic.pk).update(emergency_number="112")
    make.flag(of=patient, code="bladder")
    assert "Call 112" in show(therapist, patient)


def test_a_screen_sent_twice_is_stored_once(clinic, therapist, episode):
    data = screen_data(fever="yes")
    for _ in range(2):
        assert therapist.post(url("screen", episode), data).status_code == 302
    assert (count(SafetyScreen, clinic), count(RaisedFlag, clinic)) == (1, 1)


def test_a_question_left_open_stores_nothing_and_keeps_the_others(clinic, therapist, episode):
    page = therapist.post(url("screen", episode), screen_data(fever="")).content.decode()
    assert "Answer yes or no." in page
    assert len(re.findall(r"<input[^>]* checked", page)) == 14
    assert (count(SafetyScreen, clinic), count(RaisedFlag, clinic)) == (0, 0)


def test_a_cleared_flag_stays_on_the_page_with_its_outcome(therapist, patient, forms):
    address, data = forms["clear_flag"]
    page = therapist.post(address, data, follow=True).content.decode()
    assert "Cleared red flags" in page
    assert "A cold." in page
    assert "Dr Lee" in page
    assert "A red flag is open" not in page


def test_a_flag_is_cleared_once(clinic, therapist, forms):
    address, data = forms["clear_flag"]
    therapist.post(address, data)
    for again in (
        therapist.post(address, data | {"outcome": "Else."}, follow=True),
        therapist.get(address, follow=True),
    ):
        assert "The first clearance stands." in again.content.decode()
    with inside(clinic.pk):
        assert Clearance.objects.of(clinic).get().outcome == "A cold."


def test_a_condition_on_file_is_said_beside_the_field(clinic, therapist, patient):
    make.condition(of=patient)
    data = {"condition": "stenosis", "since": today_of(patient), "source": "Another letter"}
    page = therapist.post(url("add_condition", patient), data).content.decode()
    assert "on file already" in page
    assert 'value="Another letter"' in page
    assert count(ConditionOnFile, clinic) == 1


def test_a_condition_that_ended_is_not_ended_again(clinic, therapist, patient, forms):
    address, data = forms["end_condition"]
    therapist.post(address, data)
    for again in (therapist.post(address, data, follow=True), therapist.get(address, follow=True)):
        assert "had ended already" in again.content.decode()


# The direction test


def send(client, episode, *, htmx=False, **seen):
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(url("direction_test", episode), seen_data(**seen), headers=headers)


def test_the_light_is_shown_before_anything_is_stored(clinic, therapist, episode):
    page = send(therapist, episode, do="check").content.decode()
    assert "Lumbar spine extension:" in page
    assert 'class="light green"' in page
    assert "better after the series" in page
    assert count(DirectionTest, clinic) == 0


def test_a_part_of_the_page_is_computed_anew_while_it_is_filled_in(clinic, therapist, episode):
    part = send(therapist, episode, htmx=True).content.decode()
    assert "<html" not in part
    assert 'class="light green"' in part
    assert "stands here" in send(therapist, episode, htmx=True, after="").content.decode()
    assert "how long until" in send(therapist, episode, htmx=True, after="worse").content.decode()
    assert count(DirectionTest, clinic) == 0


@pytest.mark.parametrize("value", ["\x00", "🌊", "x" * 20_000, "<b>"])
def test_the_part_bears_whatever_is_sent(therapist, episode, value):
    seen = dict.fromkeys(seen_data(), value) | {"zones_before": value}
    assert send(therapist, episode, htmx=True, **seen).status_code == 200


def test_signs_that_got_worse_ask_for_a_referral(therapist, episode):
    part = send(therapist, episode, htmx=True, neuro="worse").content.decode()
    assert "Stop testing and refer." in part


def test_saving_and_going_on_opens_the_next_direction(clinic, therapist, episode):
    response = send(therapist, episode, do="next", direction="flexion", zones_before=["low-4-L"])
    with inside(clinic.pk):
        test = DirectionTest.objects.of_episode(episode).get()
    assert response["Location"] == f"{url('direction_test', episode)}?after={test.pk}"
    form = therapist.get(response["Location"]).context["form"]
    assert form["direction"].value() == "extension"
    assert form["zones_before"].value() == ["low-4-L"]
    assert form["baseline_pain"].value() == "4"
    assert form["during"].value() is None


def test_directions_that_are_fresh_are_passed_over(therapist, episode):
    make.direction_test(of=episode, at=timezone.now())
    address = send(therapist, episode, do="next", direction="flexion")["Location"]
    assert therapist.get(address).context["form"]["direction"].value() == "side_glide_left"


def test_a_test_sent_twice_is_stored_once(clinic, therapist, episode):
    data = seen_data()
    for _ in range(2):
        therapist.post(url("direction_test", episode), data)
    assert count(DirectionTest, clinic) == 1


def test_the_first_test_begins_where_symptoms_are(clinic, therapist, episode):
    with inside(clinic.pk):
        Episode.objects.filter(pk=episode.pk).update(zones_now=["low-3-R"])
    form = therapist.get(url("direction_test", episode)).context["form"]
    assert form["zones_before"].value() == ["low-3-R"]


@pytest.mark.parametrize(
    "query", ["?after=1", f"?after={'9' * 30}", "?after=x", "?region=x&direction=y", "?after=%00"]
)
def test_an_address_that_asks_for_nonsense_opens_an_empty_form(therapist, episode, query):
    response = therapist.get(url("direction_test", episode) + query)
    assert response.status_code == 200
    assert response.context["form"]["direction"].value() is None


def test_the_next_test_knows_nothing_of_another_patients(clinic, therapist, episode):
    theirs = make.direction_test(of=make.episode(of=make.patient(of=clinic)))
    response = therapist.get(f"{url('direction_test', episode)}?after={theirs.pk}")
    assert response.context["previous"] is None


def test_the_clinics_limit_decides_the_light(clinic, therapist, episode):
    worse = {"during": "increased", "after": "worse", "settle_minutes": "8"}
    assert 'class="light red"' in send(therapist, episode, htmx=True, **worse).content.decode()
    with inside(clinic.pk):
        type(clinic).objects.filter(pk=clinic.pk).update(
            thresholds_set={"settles_within_minutes": 10}
        )
    assert 'class="light amber"' in send(therapist, episode, htmx=True, **worse).content.decode()


def test_a_place_that_is_none_is_refused_beside_the_map(clinic, therapist, episode):
    page = send(therapist, episode, zones_before=["low-3-L", "low-9-L"]).content.decode()
    assert 'id="id_zones_before_error"' in page
    assert "There is no such place on the map." in page
    # The link of the summary leads to the first place.
    assert 'href="#id_zones_before_0"' in page
    assert 'id="id_zones_before_0"' in page
    assert count(DirectionTest, clinic) == 0


def test_the_test_reminds_of_the_screen_and_of_an_open_flag(therapist, patient, episode):
    address = url("direction_test", episode)
    assert "not done yet" in therapist.get(address).content.decode()
    make.screen(of=episode)
    assert "not done yet" not in therapist.get(address).content.decode()
    make.flag(of=patient)
    assert "A red flag is open." in therapist.get(address).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_test_page_costs_the_same_for_one_row_and_three(
    therapist, patient, episode, rows, django_assert_num_queries
):
    for _ in range(rows):
        make.direction_test(of=episode)
        make.screen(of=episode, answers=["fever"])
    with django_assert_num_queries(
        DOOR + LOOK + 3
    ):  # the episode with its patient, a screen, a flag
        therapist.get(url("direction_test", episode))
