"""What the database holds of direction and safety, and what it refuses."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from exercises.vocabulary import Direction, Region
from patients import assessments
from patients.conditions import Condition
from patients.lights import After, During, Light
from patients.models import (
    Clearance,
    ConditionOnFile,
    DirectionTest,
    Episode,
    EpisodeChange,
    RaisedFlag,
    SafetyScreen,
)
from tests import make
from tests.conftest import as_login
from tests.make import NOW, TODAY, inside


@pytest.fixture
def episode(patient):
    return make.episode(of=patient)


def refuses(constraint, clinic):
    """Nothing may get past it, whatever the code above does."""
    return (
        inside(clinic.pk),
        pytest.raises(IntegrityError, match=constraint),
        transaction.atomic(),
    )


def row_of(model, about, /, **fields):
    """A valid row of this kind, not stored yet, but for the fields given."""
    by = make.founder(about.patient.clinic)
    of_patient = {"clinic_id": about.clinic_id, "patient_id": about.patient_id}
    of_episode = of_patient | {"episode": about, "at": NOW, "by": by}
    valid = {
        Episode: of_patient | {"complaint": "Pain", "opened_by": by},
        EpisodeChange: of_episode | {"what": "event", "after": "Surgery"},
        SafetyScreen: of_episode,
        RaisedFlag: of_patient | {"code": "fever", "source": "portal"},
        Clearance: of_patient
        | {
            "assessed_by": "Dr Lee",
            "assessed_on": TODAY,
            "outcome": "A cold.",
            "recorded_by": by,
        },
        ConditionOnFile: of_patient
        | {"condition": "stenosis", "since": TODAY, "source": "Letter", "recorded_by": by},
        DirectionTest: of_episode
        | {
            "region": "lumbar",
            "direction": "extension",
            "position": "lying",
            "loading": "repeated",
            "amount": 10,
            "during": "decreased",
            "after": "better",
            "rom": "same",
            "neuro": "same",
            "computed_light": "green",
            "computed_reason": "Better.",
            "rules_version": 1,
            "light": "green",
        },
    }
    return model(**valid[model] | fields)


@pytest.mark.parametrize(
    ("constraint", "model", "fields"),
    [
        ("one_open_episode", Episode, {}),
        ("episode_has_a_complaint", Episode, {"complaint": ""}),
        ("episode_closed_by_somebody", Episode, {"closed_at": NOW}),
        ("episode_preference_whole", Episode, {"preferred_region": "lumbar"}),
        ("episode_preference_whole", Episode, {"preferred_direction": "flexion"}),
        (
            "episode_preference_whole",
            Episode,
            {"preferred_region": "hip", "preferred_direction": "flexion"},
        ),
        (
            "episode_preference_whole",
            Episode,
            {"preferred_region": "lumbar", "preferred_direction": "neutral"},
        ),
        ("episode_phase", Episode, {"phase": "better"}),
        ("episode_zones_now", Episode, {"zones_now": ["low-9-L"]}),
        ("screen_answers", SafetyScreen, {"answers": ["fever", "cold_feet"]}),
        ("flag_code", RaisedFlag, {"code": "cold_feet"}),
        ("condition_has_a_source", ConditionOnFile, {"source": ""}),
        ("condition_kind", ConditionOnFile, {"condition": "bad_luck"}),
        (
            "condition_dates_in_order",
            ConditionOnFile,
            {"until": TODAY - timedelta(days=1)},
        ),
        ("test_region", DirectionTest, {"region": "thoracic_upper"}),
        ("test_region", DirectionTest, {"region": "hip"}),
        ("test_direction", DirectionTest, {"direction": "neutral"}),
        ("test_light", DirectionTest, {"light": "stale", "changed_because": "x"}),
        ("test_computed_light", DirectionTest, {"computed_light": "stale", "light": "stale"}),
        ("test_light_changed_with_a_reason", DirectionTest, {"light": "amber"}),
        ("test_pain", DirectionTest, {"baseline_pain": 11}),
        ("test_amount_in_range", DirectionTest, {"amount": 0}),
        ("test_amount_in_range", DirectionTest, {"amount": 3601}),
        ("test_zones_before", DirectionTest, {"zones_before": ["low-1-L"]}),
        ("test_zones_after", DirectionTest, {"zones_after": ["left leg"]}),
    ],
)
def test_the_database_refuses_such_a_row(clinic, episode, constraint, model, fields):
    within, refused, attempt = refuses(constraint, clinic)
    with within, refused, attempt:
        row_of(model, episode, **fields).save(force_insert=True)


@pytest.mark.parametrize(
    "model", [EpisodeChange, SafetyScreen, RaisedFlag, ConditionOnFile, DirectionTest]
)
def test_the_same_row_without_the_fault_is_kept(clinic, episode, model):
    with inside(clinic.pk):
        row_of(model, episode).save(force_insert=True)


@pytest.mark.parametrize(
    ("constraint", "model", "fields"),
    [
        ("screen_once", SafetyScreen, {"client_uuid": uuid4()}),
        ("test_once", DirectionTest, {"client_uuid": uuid4()}),
        ("condition_open_once", ConditionOnFile, {}),
    ],
)
def test_the_database_refuses_the_second(clinic, episode, constraint, model, fields):
    within, refused, attempt = refuses(constraint, clinic)
    with within, refused, attempt:
        for _ in range(2):
            row_of(model, episode, **fields).save(force_insert=True)


def test_a_condition_that_ended_can_come_back(clinic, episode):
    with inside(clinic.pk):
        row_of(ConditionOnFile, episode, until=TODAY).save(force_insert=True)
        row_of(ConditionOnFile, episode).save(force_insert=True)


def test_a_flag_is_cleared_once(clinic, patient, episode):
    flag = make.flag(of=patient)
    within, refused, attempt = refuses("flag_cleared_once", clinic)
    with within, refused, attempt:
        for _ in range(2):
            row_of(Clearance, episode, flag=flag).save(force_insert=True)


@pytest.mark.parametrize("fields", [{"assessed_by": ""}, {"outcome": ""}])
def test_a_clearance_says_who_and_what(clinic, patient, episode, fields):
    flag = make.flag(of=patient)
    within, refused, attempt = refuses("clearance_says_who_and_what", clinic)
    with within, refused, attempt:
        row_of(Clearance, episode, flag=flag, **fields).save(force_insert=True)


# The walls


@pytest.mark.parametrize("model", [Episode, RaisedFlag, ConditionOnFile])
def test_a_row_cannot_point_at_a_patient_of_another_clinic(clinic, other_clinic, episode, model):
    theirs = make.patient(of=other_clinic)
    within, refused, attempt = refuses("patient_id_same_clinic", clinic)
    with within, refused, attempt:
        row_of(model, episode, patient_id=theirs.pk).save(force_insert=True)


@pytest.mark.parametrize("model", [EpisodeChange, SafetyScreen, DirectionTest])
@pytest.mark.parametrize("of", ["another clinic", "another patient"])
def test_a_row_cannot_point_at_an_episode_of(clinic, other_clinic, episode, model, of):
    somebody = make.patient(of=other_clinic if of == "another clinic" else clinic)
    theirs = make.episode(of=somebody)
    within, refused, attempt = refuses("episode_id_same_clinic", clinic)
    with within, refused, attempt:
        row_of(model, episode, episode=theirs).save(force_insert=True)


def test_a_clearance_cannot_clear_a_flag_of_another_patient(clinic, episode):
    flag = make.flag(of=make.patient(of=clinic))
    within, refused, attempt = refuses("flag_id_same_clinic", clinic)
    with within, refused, attempt:
        row_of(Clearance, episode, flag=flag).save(force_insert=True)


# What is kept is kept

KEPT = {
    "patients_episodechange": "after = 'x'",
    "patients_safetyscreen": "remark = 'x'",
    "patients_raisedflag": "code = 'bladder'",
    "patients_clearance": "outcome = 'x'",
    "patients_directiontest": "light = 'green'",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("act", ["change", "delete"])
def test_what_was_recorded_is_kept_even_against_the_migrator(transactional_db, table, act):
    make.assessed(make.patient(of=make.clinic()))
    sql = f"UPDATE {table} SET {KEPT[table]}" if act == "change" else f"DELETE FROM {table}"
    with (
        as_login("migrator"),
        pytest.raises(IntegrityError, match="cannot be changed or deleted"),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.parametrize("table", [*KEPT, "patients_episode", "patients_conditiononfile"])
def test_nothing_is_deleted(clinic, patient, table):
    make.assessed(patient)
    with (
        inside(clinic.pk),
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DELETE FROM {table}")


# Queries


def test_the_newest_test_of_each_movement(clinic, episode):
    extension, flexion = make.as_tested(), make.as_tested(direction=Direction.FLEXION)
    make.direction_test(of=episode, tested=extension)
    newer = make.direction_test(of=episode, tested=extension, at=NOW + timedelta(hours=1))
    other = make.direction_test(of=episode, tested=flexion)
    neck = make.direction_test(of=episode, tested=make.as_tested(Region.CERVICAL))
    with inside(clinic.pk):
        found = DirectionTest.objects.of_episode(episode).latest_of_each()
        assert set(found) == {newer, other, neck}


def test_of_two_tests_at_the_same_moment_the_one_stored_last_is_newest(clinic, episode):
    make.direction_test(of=episode)
    last = make.direction_test(of=episode, tested=make.as_tested(after=After.NO_WORSE))
    with inside(clinic.pk):
        assert list(DirectionTest.objects.of_episode(episode).latest_of_each()) == [last]


def test_open_and_cleared_flags(clinic, patient):
    cleared, still_open = make.flag(of=patient), make.flag(of=patient, code="bladder")
    make.clearance(of=cleared)
    with inside(clinic.pk):
        flags = RaisedFlag.objects.of_patient(patient)
        assert list(flags.open()) == [still_open]
        assert list(flags.cleared()) == [cleared]
        assert (cleared.is_cleared, still_open.is_cleared) == (True, False)
        assert (cleared.is_emergency, still_open.is_emergency) == (False, True)


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        pytest.param(date(2026, 4, 30), False, id="before it began"),
        pytest.param(date(2026, 5, 1), True, id="the first day"),
        pytest.param(date(2026, 5, 10), True, id="the last day"),
        pytest.param(date(2026, 5, 11), False, id="after it ended"),
    ],
)
def test_a_condition_holds_from_its_first_day_to_its_last(clinic, patient, day, holds):
    on_file = make.condition(of=patient, since=date(2026, 5, 1))
    with inside(clinic.pk):
        assessments.end_condition(
            on_file=on_file, until=date(2026, 5, 10), by=make.founder(clinic), at=NOW
        )
        assert ConditionOnFile.objects.of_patient(patient).on(day).exists() is holds


def test_conditions_that_hold_come_before_those_that_ended(clinic, patient):
    ended = make.condition(of=patient)
    holds = make.condition(of=patient, condition=Condition.KNEE, since=date(2020, 1, 1))
    with inside(clinic.pk):
        assessments.end_condition(on_file=ended, until=TODAY, by=make.founder(clinic), at=NOW)
        assert list(ConditionOnFile.objects.of_patient(patient).newest_first()) == [holds, ended]


def test_the_open_episode_comes_before_those_that_are_closed(clinic, patient):
    first = make.episode(of=patient)
    with inside(clinic.pk):
        assessments.close_episode(episode=first, by=make.founder(clinic), at=NOW)
    second = make.episode(of=patient)
    with inside(clinic.pk):
        assert list(Episode.objects.of_patient(patient).newest_first()) == [second, first]


# Words


@pytest.mark.parametrize(
    ("seen", "had_not_settled"),
    [
        pytest.param({"after": "worse"}, True, id="worse"),
        pytest.param({"after": "worse", "settle_minutes": 0}, False, id="settled at once"),
        pytest.param(
            {"after": "better", "zones_before": ["low-3-L"], "zones_after": ["low-5-L"]},
            True,
            id="better, but further from the spine",
        ),
        pytest.param({"after": "better"}, False, id="better, so nothing had to settle"),
        pytest.param({"after": "no_worse"}, False, id="no worse"),
    ],
)
def test_no_minutes_mean_not_settled_only_where_it_got_worse(seen, had_not_settled):
    assert DirectionTest(**seen).had_not_settled is had_not_settled


def test_a_test_names_its_movement_and_its_places():
    test = DirectionTest(
        region="lumbar",
        direction="side_glide_left",
        zones_before=["low-1-C", "low-4-L"],
        computed_light=Light.RED,
        light=Light.AMBER,
        during=During.PRODUCED,
    )
    assert str(test) == "Lumbar spine side glide left"
    assert test.places_before == "centre of the low back, left thigh"
    assert test.places_after == ""
    assert test.is_changed


@pytest.mark.parametrize(
    ("unsettled_at", "overtaken"),
    [
        pytest.param(None, False, id="nothing happened"),
        pytest.param(NOW - timedelta(seconds=1), False, id="before the test"),
        pytest.param(NOW, True, id="at the same moment"),
        pytest.param(NOW + timedelta(seconds=1), True, id="after the test"),
    ],
)
def test_what_happens_after_a_test_overtakes_it(unsettled_at, overtaken):
    assert Episode(unsettled_at=unsettled_at).overtakes(DirectionTest(at=NOW)) is overtaken
