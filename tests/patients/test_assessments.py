"""The acts of assessing a patient: what each stores, tells and refuses, also two at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from clinics.models import AuditEvent
from exercises.vocabulary import Direction, Region
from patients import assessments
from patients.conditions import Condition
from patients.episodes import Event, Phase
from patients.lights import VERSION, After, During, Light
from patients.models import (
    Clearance,
    ConditionOnFile,
    DirectionTest,
    Episode,
    EpisodeChange,
    Patient,
    RaisedFlag,
    SafetyScreen,
)
from patients.signals import facts_changed
from tests import make
from tests.make import NOW, TODAY, inside

LATER = NOW + timedelta(hours=1)
EXTENSION = Region.LUMBAR, Direction.EXTENSION


@pytest.fixture
def episode(patient):
    return make.episode(of=patient)


@pytest.fixture
def by(clinic):
    return make.founder(clinic)


@pytest.fixture
def told():
    """What was said of changed facts."""
    said = []

    def hear(sender, patient, because, by, at, **more):
        said.append(because)

    facts_changed.connect(hear)
    yield said
    facts_changed.disconnect(hear)


def verbs(patient) -> list[str]:
    with inside(patient.clinic_id):
        events = AuditEvent.objects.filter(patient_id=patient.pk)
        return list(events.order_by("pk").values_list("verb", flat=True))


def stored(episode) -> Episode:
    with inside(episode.clinic_id):
        return Episode.objects.get(pk=episode.pk)


def changes(episode) -> list[tuple[str, str, str, str]]:
    with inside(episode.clinic_id):
        rows = EpisodeChange.objects.of_episode(episode).order_by("pk")
        return list(rows.values_list("what", "before", "after", "reason"))


# Episodes


def test_an_episode_begins_with_assessment(patient, told):
    episode = make.episode(of=patient, complaint="Low back pain")
    assert (episode.phase, episode.preference, episode.zones_now) == (Phase.ASSESSMENT, None, [])
    assert episode.is_open
    assert told == ["a new episode"]
    assert verbs(patient)[-1] == "opened an episode"


def test_there_is_one_open_episode_at_a_time(clinic, patient, episode, by):
    with inside(clinic.pk):
        with pytest.raises(assessments.EpisodeIsOpen):
            assessments.open_episode(
                patient=patient, complaint="Neck", onset_on=None, by=by, at=NOW
            )
        assert Episode.objects.of_patient(patient).count() == 1
        assessments.close_episode(episode=episode, by=by, at=NOW)
        assessments.open_episode(patient=patient, complaint="Neck", onset_on=None, by=by, at=NOW)


def test_a_closed_episode_says_who_closed_it_and_when(clinic, patient, episode, by, told):
    with inside(clinic.pk):
        assessments.close_episode(episode=episode, by=by, at=LATER)
    closed = stored(episode)
    assert (closed.closed_at, closed.closed_by_id) == (LATER, by.pk)
    assert told == ["the episode was closed"]


TO_AN_EPISODE = {
    "close": lambda episode, by: assessments.close_episode(episode=episode, by=by, at=LATER),
    "screen": lambda episode, by: assessments.record_screen(
        episode=episode, answers=["fever"], remark="", by=by, at=LATER
    ),
    "test": lambda episode, by: assessments.record_test(
        episode=episode, tested=make.as_tested(), settles_within=5, by=by, at=LATER
    ),
    "phase": lambda episode, by: assessments.change_phase(
        episode=episode, phase=Phase.REDUCTION, reason="x", by=by, at=LATER
    ),
    "preference": lambda episode, by: assessments.set_preference(
        episode=episode, preference=EXTENSION, reason="", by=by, at=LATER
    ),
    "event": lambda episode, by: assessments.note_event(
        episode=episode, event=Event.SURGERY, on=TODAY, reason="", by=by, at=LATER
    ),
}


@pytest.mark.parametrize("act", TO_AN_EPISODE)
def test_nothing_is_added_to_a_closed_episode(clinic, patient, episode, by, told, act):
    with inside(clinic.pk):
        assessments.close_episode(episode=episode, by=by, at=NOW)
    before = verbs(patient)
    told.clear()
    with inside(clinic.pk), pytest.raises(assessments.EpisodeIsClosed):
        TO_AN_EPISODE[act](episode, by)
    assert verbs(patient) == before
    assert told == []
    assert stored(episode).closed_at == NOW


# Screens and flags


def test_every_yes_raises_a_flag(clinic, patient, episode, told):
    screen = make.screen(of=episode, answers=["fever", "bladder", "fever"])
    assert screen.answers == ["bladder", "fever"]
    with inside(clinic.pk):
        flags = RaisedFlag.objects.of_patient(patient).open()
        assert {flag.code for flag in flags} == {"bladder", "fever"}
        assert {flag.source for flag in flags} == {"screen"}
    assert told == ["a safety screen"]
    assert verbs(patient)[-3:] == [
        "raised a red flag",
        "raised a red flag",
        "recorded a safety screen",
    ]


def test_a_screen_without_a_yes_raises_none(clinic, patient, episode):
    make.screen(of=episode)
    with inside(clinic.pk):
        assert not RaisedFlag.objects.of_patient(patient).exists()


def test_a_later_no_does_not_close_a_flag(clinic, patient, episode):
    make.screen(of=episode, answers=["fever"])
    make.screen(of=episode, at=LATER)
    with inside(clinic.pk):
        assert RaisedFlag.objects.of_patient(patient).open().count() == 1


def test_a_screen_sent_twice_is_stored_once(clinic, patient, episode, by, told):
    key = uuid4()

    def send(remark=""):
        return assessments.record_screen(
            episode=episode, answers=["fever"], remark=remark, by=by, at=NOW, client_uuid=key
        )

    with inside(clinic.pk):
        assert send() == send()
        assert RaisedFlag.objects.of_patient(patient).count() == 1
        assert told == ["a safety screen"]
        # Gone back to and changed, it is another one.
        send("Since Monday.")
        assert SafetyScreen.objects.of_episode(episode).count() == 2


def test_a_clearance_closes_the_flag_for_ever(clinic, patient, by, told):
    flag = make.flag(of=patient)
    make.clearance(of=flag, outcome="A cold.")
    with inside(clinic.pk):
        with pytest.raises(assessments.AlreadyCleared):
            assessments.clear_flag(
                flag=flag,
                assessed_by="Somebody else",
                assessed_on=TODAY,
                outcome="Something else",
                by=by,
                at=LATER,
            )
        clearance = Clearance.objects.of_patient(patient).get()
        assert (clearance.assessed_by, clearance.outcome) == ("Dr Lee", "A cold.")
        assert not RaisedFlag.objects.of_patient(patient).open().exists()
    assert told == ["a red flag was cleared"]
    assert verbs(patient).count("cleared a red flag") == 1


def test_what_was_tested_before_a_clearance_has_to_be_tested_again(clinic, patient, episode):
    test = make.direction_test(of=episode)
    flag = make.flag(of=patient)
    make.clearance(of=flag, at=LATER)
    assert stored(episode).overtakes(test)
    assert changes(episode) == [("event", "", "A red flag was cleared on 20 May 2026", "")]


def test_a_flag_is_cleared_where_there_is_no_episode(patient):
    assert make.clearance(of=make.flag(of=patient)).pk


# Conditions


def test_a_condition_is_on_file_once(clinic, patient, by, told):
    make.condition(of=patient)
    with inside(clinic.pk):
        with pytest.raises(assessments.AlreadyOnFile):
            assessments.record_condition(
                patient=patient,
                condition=Condition.STENOSIS,
                since=TODAY,
                source="Another letter",
                by=by,
                at=NOW,
            )
        assert ConditionOnFile.objects.of_patient(patient).count() == 1
    assert told == ["condition on file: Stenosis with leg symptoms"]


def test_ending_a_condition_twice_leaves_the_first_day(clinic, patient, by, told):
    on_file = make.condition(of=patient, since=date(2026, 5, 1))
    told.clear()
    with inside(clinic.pk):
        for until in (date(2026, 5, 10), date(2026, 5, 11)):
            ended = assessments.end_condition(on_file=on_file, until=until, by=by, at=NOW)
    assert ended.until == date(2026, 5, 10)
    assert told == ["condition ended: Stenosis with leg symptoms"]
    assert verbs(patient).count("ended a condition") == 1


# Tests


def test_a_test_keeps_what_was_seen_and_what_was_computed(clinic, patient, episode, told):
    test = make.direction_test(
        of=episode,
        tested=make.as_tested(
            during=During.CENTRALISING,
            after=After.CENTRALISED,
            baseline_pain=4,
            zones_before=["low-4-L"],
            zones_after=["low-1-C"],
            recheck="Bending",
        ),
    )
    assert (test.light, test.computed_light, test.is_changed) == ("green", "green", False)
    assert test.computed_reason
    assert test.rules_version == VERSION
    assert (test.baseline_pain, test.recheck) == (4, "Bending")
    assert stored(episode).zones_now == ["low-1-C"]
    assert told == ["a test of lumbar spine extension: green"]
    assert verbs(patient)[-1] == "recorded a direction test"


def test_both_lights_are_kept_when_the_therapist_changes_it(episode):
    worse = make.as_tested(during=During.INCREASED, after=After.WORSE)
    test = make.direction_test(of=episode, tested=worse, light=Light.AMBER, because="Tired.")
    assert (test.computed_light, test.light) == ("red", "amber")
    assert test.changed_because == "Tired."
    assert test.is_changed


@pytest.mark.parametrize("because", ["", " \n "])
def test_another_light_without_a_reason_is_refused(clinic, patient, episode, because):
    before = verbs(patient)
    with pytest.raises(assessments.ReasonMissing):
        make.direction_test(of=episode, light=Light.RED, because=because)
    with inside(clinic.pk):
        assert not DirectionTest.objects.of_episode(episode).exists()
    assert verbs(patient) == before


def test_a_reason_for_the_computed_light_is_not_kept(episode):
    test = make.direction_test(of=episode, light=Light.GREEN, because="I agree.")
    assert (test.is_changed, test.changed_because) == (False, "")


@pytest.mark.parametrize(
    ("limit", "light"),
    [pytest.param(5, Light.RED, id="after it"), pytest.param(10, Light.AMBER, id="within it")],
)
def test_the_clinics_limit_decides_what_has_settled(clinic, episode, by, limit, light):
    worse = make.as_tested(during=During.INCREASED, after=After.WORSE, settle_minutes=7)
    with inside(clinic.pk):
        test = assessments.record_test(
            episode=episode, tested=worse, settles_within=limit, by=by, at=NOW
        )
    assert test.light == light


def test_symptoms_that_went_out_are_red_although_they_are_better(episode):
    spread = make.as_tested(after=After.BETTER, zones_before=["low-3-L"], zones_after=["low-5-L"])
    assert make.direction_test(of=episode, tested=spread).light == "red"


def test_a_test_without_zones_leaves_where_symptoms_are(episode):
    marked = make.as_tested(zones_before=["low-4-L"], zones_after=["low-4-L"])
    make.direction_test(of=episode, tested=marked)
    make.direction_test(of=episode)
    assert stored(episode).zones_now == ["low-4-L"]
    gone = make.as_tested(zones_before=["low-4-L"], zones_after=[], after=After.ABOLISHED)
    make.direction_test(of=episode, tested=gone)
    assert stored(episode).zones_now == []


def test_a_test_sent_twice_is_stored_once(clinic, episode, by, told):
    key = uuid4()

    def send(**seen):
        return assessments.record_test(
            episode=episode,
            tested=make.as_tested(**seen),
            settles_within=5,
            by=by,
            at=NOW,
            client_uuid=key,
        )

    with inside(clinic.pk):
        assert send() == send()
        assert len(told) == 1
        # Gone back to and changed, it is another one.
        assert send(after=After.NO_WORSE) != send()
        assert DirectionTest.objects.of_episode(episode).count() == 2


# Phase, preference, events


def test_a_change_of_phase_is_kept_with_its_reason(clinic, episode, by, told):
    with inside(clinic.pk):
        assessments.change_phase(
            episode=episode, phase=Phase.REDUCTION, reason="Centralises.", by=by, at=NOW
        )
    assert stored(episode).phase == Phase.REDUCTION
    assert changes(episode) == [("phase", "Assessment", "Reduction", "Centralises.")]
    assert told == ["phase: reduction"]


def test_a_preference_is_confirmed_and_withdrawn(clinic, episode, by, told):
    with inside(clinic.pk):
        for preference, reason in ((EXTENSION, ""), (None, "No longer helps.")):
            assessments.set_preference(
                episode=episode, preference=preference, reason=reason, by=by, at=NOW
            )
    assert stored(episode).preference is None
    assert changes(episode) == [
        ("preference", "none", "Lumbar spine extension", ""),
        ("preference", "Lumbar spine extension", "none", "No longer helps."),
    ]
    assert told == [
        "directional preference: lumbar spine extension",
        "directional preference: none",
    ]


def test_a_preference_leaves_the_phase_alone(clinic, episode, by):
    with inside(clinic.pk):
        assessments.set_preference(episode=episode, preference=EXTENSION, reason="", by=by, at=NOW)
    assert stored(episode).phase == Phase.ASSESSMENT
    assert stored(episode).preference == EXTENSION


@pytest.mark.parametrize("act", ["phase", "preference", "event"])
def test_the_same_again_changes_nothing(clinic, episode, by, told, act):
    with inside(clinic.pk):
        for _ in range(2):
            TO_AN_EPISODE[act](episode, by)
    assert len(changes(episode)) == len(told) == 1


def test_an_event_noted_again_does_not_overtake_what_was_tested_since(clinic, episode, by):
    def note(at):
        assessments.note_event(
            episode=episode, event=Event.NEW_INJURY, on=TODAY, reason="Fell.", by=by, at=at
        )

    with inside(clinic.pk):
        note(NOW)
    test = make.direction_test(of=episode, at=NOW + timedelta(minutes=10))
    with inside(clinic.pk):
        note(LATER)
    assert not stored(episode).overtakes(test)


@pytest.mark.parametrize(
    ("on", "overtaken"),
    [
        pytest.param(TODAY, True, id="on the day of the test"),
        pytest.param(TODAY - timedelta(days=1), False, id="the day before the test"),
    ],
)
def test_an_event_overtakes_what_was_tested_until_then(clinic, episode, by, on, overtaken):
    test = make.direction_test(of=episode)
    with inside(clinic.pk):
        assessments.note_event(
            episode=episode, event=Event.SURGERY, on=on, reason="", by=by, at=LATER
        )
    assert stored(episode).overtakes(test) is overtaken


def test_an_older_event_does_not_take_back_a_newer_one(clinic, episode, by):
    test = make.direction_test(of=episode)
    with inside(clinic.pk):
        for event, on in ((Event.SURGERY, TODAY), (Event.NEW_INJURY, TODAY - timedelta(days=9))):
            assessments.note_event(episode=episode, event=event, on=on, reason="", by=by, at=LATER)
    assert stored(episode).overtakes(test)


# Two at once: real threads, each with its own connection and transaction.


def at_once(*acts: Callable) -> list[object]:
    """What each gives when all begin together; a refusal is given, not raised."""
    start = Barrier(len(acts))
    refusals = assessments.AlreadyCleared, assessments.EpisodeIsOpen, assessments.EpisodeIsClosed

    def one(act):
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return act()
        except (*refusals, assessments.AlreadyOnFile) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts))


def acting(clinic, act: Callable) -> Callable:
    """The act in a transaction of its own, by somebody of its own."""
    user = make.user()
    make.member(user=user, of=clinic)

    def run():
        with inside(clinic.pk, user_id=user.pk):
            return act(user)

    return run


def kinds(results: list[object]) -> list[str]:
    return sorted(type(one).__name__ for one in results)


@pytest.fixture
def busy(transactional_db):
    """A clinic in which things are committed."""
    return make.clinic()


def test_of_two_who_clear_a_flag_at_once_one_wins(busy):
    for _ in range(5):
        patient = make.patient(of=busy)
        make.episode(of=patient)
        flag = make.flag(of=patient)

        def clear(user, flag=flag):
            return assessments.clear_flag(
                flag=flag,
                assessed_by=str(user.pk),
                assessed_on=TODAY,
                outcome="A cold.",
                by=user,
                at=NOW,
            )

        results = at_once(acting(busy, clear), acting(busy, clear))
        assert kinds(results) == ["AlreadyCleared", "Clearance"]
        assert verbs(patient).count("cleared a red flag") == 1


def test_of_two_who_begin_an_episode_at_once_one_does(busy):
    for _ in range(5):
        patient = make.patient(of=busy)

        def begin(user, patient=patient):
            return assessments.open_episode(
                patient=patient, complaint="Pain", onset_on=None, by=user, at=NOW
            )

        results = at_once(acting(busy, begin), acting(busy, begin))
        assert kinds(results) == ["Episode", "EpisodeIsOpen"]
        assert verbs(patient).count("opened an episode") == 1


def test_of_two_who_close_an_episode_at_once_one_does(busy):
    episode = make.episode(of=make.patient(of=busy))

    def close(user):
        return assessments.close_episode(episode=episode, by=user, at=NOW)

    assert kinds(at_once(acting(busy, close), acting(busy, close))) == [
        "Episode",
        "EpisodeIsClosed",
    ]


def test_of_two_who_put_a_condition_on_file_at_once_one_does(busy):
    patient = make.patient(of=busy)

    def record(user):
        return assessments.record_condition(
            patient=patient,
            condition=Condition.KNEE,
            since=TODAY,
            source="Letter",
            by=user,
            at=NOW,
        )

    assert kinds(at_once(acting(busy, record), acting(busy, record))) == [
        "AlreadyOnFile",
        "ConditionOnFile",
    ]


def test_the_same_test_sent_twice_at_once_is_stored_once(busy):
    episode = make.episode(of=make.patient(of=busy))
    key = uuid4()

    def send(user):
        return assessments.record_test(
            episode=episode,
            tested=make.as_tested(),
            settles_within=5,
            by=user,
            at=NOW,
            client_uuid=key,
        )

    first, second = at_once(acting(busy, send), acting(busy, send))
    assert first == second
    with inside(busy.pk):
        assert DirectionTest.objects.of_episode(episode).count() == 1


def test_a_clearance_and_an_event_at_once_are_both_kept(busy):
    patient = make.patient(of=busy)
    episode = make.episode(of=patient)
    flag = make.flag(of=patient)

    def clear(user):
        return assessments.clear_flag(
            flag=flag, assessed_by="x", assessed_on=TODAY, outcome="x", by=user, at=LATER
        )

    def note(user):
        return assessments.note_event(
            episode=episode, event=Event.SURGERY, on=TODAY, reason="", by=user, at=NOW
        )

    assert kinds(at_once(acting(busy, clear), acting(busy, note))) == ["Clearance", "Episode"]
    assert stored(episode).unsettled_at == LATER
    assert len(changes(episode)) == 2


def test_a_test_and_the_end_of_its_episode_at_once_have_one_order(busy):
    for _ in range(5):
        episode = make.episode(of=make.patient(of=busy))

        def close(user, episode=episode):
            return assessments.close_episode(episode=episode, by=user, at=NOW)

        def test(user, episode=episode):
            return assessments.record_test(
                episode=episode, tested=make.as_tested(), settles_within=5, by=user, at=NOW
            )

        closed, tested = at_once(acting(busy, close), acting(busy, test))
        assert isinstance(closed, Episode)
        with inside(busy.pk):
            kept = DirectionTest.objects.of_episode(episode).exists()
        assert kept is isinstance(tested, DirectionTest)


def test_everything_about_one_patient_stays_with_that_patient(clinic):
    make.assessed(make.patient(of=clinic))
    neighbour = make.patient(of=clinic)
    with inside(clinic.pk):
        for model in (Episode, EpisodeChange, SafetyScreen, RaisedFlag, Clearance, DirectionTest):
            assert model.objects.of(clinic).exists()
            assert not model.objects.of_patient(neighbour).exists()
        assert Patient.objects.of(clinic).count() == 2
