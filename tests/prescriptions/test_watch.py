"""What follows from a log or a changed fact; with real threads where acts meet."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from clinics.models import AuditEvent
from exercises.vocabulary import Direction, Region
from patients import assessments
from patients.conditions import Condition
from patients.episodes import Phase
from patients.lights import (
    After,
    During,
    Light,
    Loading,
    Neuro,
    RangeChange,
    Series,
    TestPosition,
)
from patients.models import Patient, RaisedFlag
from prescriptions import actions, facts, watch
from prescriptions.models import (
    Alert,
    EntryResponse,
    FollowUp,
    FollowUpAnswer,
    KeptFinding,
    Outcome,
    Override,
    Pause,
    PrescribedExercise,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
    Tier,
)
from tests import make
from tests.make import NOW, TODAY, inside
from tests.prescriptions.test_actions_race import at_once, person

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
threads = pytest.mark.django_db(transaction=True)


def raise_one(patient, *, about="a thing", tier=Tier.SOON) -> bool:
    with inside(patient.clinic_id):
        return watch.raise_alert(
            patient=patient, tier=tier, about=about, message="Look at it.", at=NOW
        )


def alert_of(patient) -> Alert:
    with inside(patient.clinic_id):
        return Alert.objects.of_patient(patient).select_related("opened_by", "closed_by").get()


def close(alert, *, by, contact="By phone.", decision="Rest.", lifting=()) -> Alert:
    with inside(alert.clinic_id, user_id=by.pk):
        return watch.close_alert(
            alert=alert, contact=contact, decision=decision, lifting=lifting, by=by, at=NOW
        )


def alerts_of(patient) -> list[str]:
    with inside(patient.clinic_id):
        return [alert.message for alert in Alert.objects.of_patient(patient).order_by("pk")]


def verbs(patient) -> list[str]:
    with inside(patient.clinic_id):
        return list(AuditEvent.objects.filter(patient_id=patient.pk).values_list("verb", flat=True))


def a_test(light, direction) -> assessments.Tested:
    after = After.WORSE if light is Light.RED else After.BETTER
    return assessments.Tested(
        region=Region.LUMBAR,
        direction=direction,
        position=TestPosition.LYING,
        loading=Loading.REPEATED,
        amount=10,
        series=Series(
            during=During.INCREASED,
            after=after,
            settle_minutes=None,
            rom=RangeChange.SAME,
            neuro=Neuro.NOT_CHECKED,
        ),
    )


def put_to_the_test(patient, light=Light.RED, direction=Direction.FLEXION, at=NOW) -> None:
    by, episode = make.founder(patient.clinic), make.screened(patient)
    with inside(patient.clinic_id, user_id=by.pk):
        assessments.record_test(
            episode=episode,
            tested=a_test(light, direction),
            settles_within=5,
            light=light,
            because="Seen so.",
            by=by,
            at=at,
        )


# Alerts


def test_an_alert_about_the_same_is_raised_once_while_it_is_open(patient):
    by = make.founder(patient.clinic)
    assert [raise_one(patient), raise_one(patient)] == [True, False]
    close(alert_of(patient), by=by)
    assert raise_one(patient)
    assert len(alerts_of(patient)) == 2
    assert verbs(patient).count("raised an alert") == 2


def test_the_first_to_open_an_alert_is_named(clinic, patient):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    raise_one(patient)
    alert = alert_of(patient)
    for by, minutes in ((dana, 5), (elif_, 9)):
        with inside(clinic.pk, user_id=by.pk):
            watch.open_alert(alert=alert, by=by, at=NOW + minutes * MINUTE)
    opened = alert_of(patient)
    assert (opened.opened_by, opened.opened_at) == (dana, NOW + 5 * MINUTE)
    assert verbs(patient).count("opened an alert") == 1


@pytest.mark.parametrize("note", [{"contact": " "}, {"decision": ""}, {"decision": "\n"}])
def test_closing_needs_a_contact_and_a_decision(patient, note):
    raise_one(patient)
    with pytest.raises(watch.NoteMissing):
        close(alert_of(patient), by=make.founder(patient.clinic), **note)
    assert alert_of(patient).closed_at is None


def test_closing_lifts_the_pauses_that_are_named_and_no_other(patient):
    by = make.founder(patient.clinic)
    make.alarming_log(of=make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")]))
    with inside(patient.clinic_id):
        first, *others = Pause.objects.of_patient(patient).in_force().order_by("pk")
        alert = Alert.objects.of_patient(patient).order_by("pk")[0]
    assert others
    close(alert, by=by, lifting=[first])
    with inside(patient.clinic_id):
        assert list(Pause.objects.of_patient(patient).in_force().order_by("pk")) == others
    with pytest.raises(watch.AlreadyClosed):
        close(alert, by=by, lifting=others)
    with inside(patient.clinic_id):
        assert list(Pause.objects.of_patient(patient).in_force().order_by("pk")) == others


@threads
def test_of_two_who_close_one_alert_at_once_one_does(transactional_db):
    clinic = make.clinic()
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")

    def try_to(alert, by):
        try:
            return close(alert, by=by, decision=f"{by} decided.")
        except watch.AlreadyClosed as refusal:
            return refusal

    for _ in range(5):
        patient = make.patient(of=clinic)
        raise_one(patient)
        alert = alert_of(patient)
        done = at_once(
            lambda alert=alert: try_to(alert, dana), lambda alert=alert: try_to(alert, elif_)
        )
        assert sorted(type(one).__name__ for one in done) == ["Alert", "AlreadyClosed"]
        closed = alert_of(patient)
        assert closed.decision == f"{closed.closed_by} decided."
        assert verbs(patient).count("closed an alert") == 1


# Checked again


def changes_of_fact(patient) -> dict:
    by, episode = make.founder(patient.clinic), make.screened(patient)
    about = {"by": by, "at": NOW}
    return {
        "a red test": lambda: put_to_the_test(patient),
        "a condition": lambda: assessments.record_condition(
            patient=patient,
            condition=Condition.SPINAL_FRACTURE_OR_OSTEOPOROSIS,
            since=TODAY,
            source="X-ray",
            **about,
        ),
        "a flag": lambda: assessments.record_screen(
            episode=episode, answers=["bladder"], remark="", **about
        ),
        "a phase": lambda: assessments.change_phase(
            episode=episode, phase=Phase.REDUCTION, reason="Settling.", **about
        ),
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("a red test", "After a test of lumbar spine flexion: red: Flexion in Lying."),
        ("a condition", "After condition on file: "),
        ("a flag", "After a safety screen: Flexion in Lying. Red-flag answer is open."),
        ("a phase", "After phase: reduction: Flexion in Lying. Opposite to the preferred"),
    ],
)
def test_a_changed_fact_raises_an_alert_with_the_reason_once(patient, change, said):
    by, episode = make.founder(patient.clinic), make.screened(patient)
    with inside(patient.clinic_id, user_id=by.pk):
        assessments.set_preference(
            episode=episode,
            preference=(Region.LUMBAR, Direction.EXTENSION),
            reason="Tested.",
            by=by,
            at=NOW,
        )
    edition = make.edition(of=patient, lines=[make.line("FIL")])
    assert alerts_of(patient) == []
    before = programme(edition)
    with inside(patient.clinic_id, user_id=by.pk):
        changes_of_fact(patient)[change]()
        watch.recheck(patient=patient, because="nothing", at=NOW)
    (alert,) = alerts_of(patient)
    assert alert.startswith(said)
    assert programme(edition) == before


def programme(edition) -> list:
    with inside(edition.clinic_id):
        lines = PrescribedExercise.objects.filter(patient=edition.patient_id)
        editions = PrescriptionEdition.objects.filter(patient=edition.patient_id)
        return [*lines.order_by("pk").values(), *editions.order_by("pk").values()]


def test_what_one_rule_says_of_several_exercises_is_one_alert(patient):
    make.edition(of=patient, lines=[make.line("TILT"), make.line("PILLOW")])
    by, episode = make.founder(patient.clinic), make.screened(patient)
    with inside(patient.clinic_id, user_id=by.pk):
        assessments.record_screen(episode=episode, answers=["bladder"], remark="", by=by, at=NOW)
    (alert,) = alerts_of(patient)
    assert "Pelvic Tilt, Back over a Pillow" in alert


def test_without_a_programme_nothing_is_raised(patient):
    put_to_the_test(patient)
    assert alerts_of(patient) == []


# Acts that meet


@threads
def test_a_red_log_and_a_publish_at_once_never_leave_a_pause_unseen(transactional_db):
    clinic = make.clinic()
    dana = person(clinic, "Dana")
    outcomes = set()
    for _ in range(10):
        patient = make.patient(of=clinic)
        edition = make.edition(of=patient)
        draft = make.draft(of=patient)

        def publish(draft=draft):
            with inside(clinic.pk, user_id=dana.pk):
                try:
                    return actions.publish(draft=draft, version=draft.version, by=dana, at=NOW)
                except actions.Blocked as refusal:
                    return refusal

        done, _ = at_once(
            publish,
            lambda edition=edition: make.alarming_log(of=edition, numb_after=("low-5-L",)),
        )
        with inside(clinic.pk):
            assert Pause.objects.of_patient(patient).in_force().exists()
        assert any("New or worse numbness" in alert for alert in alerts_of(patient))
        if isinstance(done, actions.Blocked):
            assert {finding.rule for finding in done.findings} == {"V5"}
        outcomes.add(type(done).__name__)
    assert outcomes <= {"Blocked", "PrescriptionEdition"}


@threads
def test_two_logs_at_once_lose_nothing(transactional_db):
    patient = make.patient(of=make.clinic())
    edition = make.edition(of=patient, lines=[make.line("FIL")])

    def send():
        return make.alarming_log(of=edition, numb_after=("low-5-L",))

    assert len(set(at_once(send, send))) == 2
    with inside(patient.clinic_id):
        assert SessionLog.objects.of_patient(patient).count() == 2
        assert EntryResponse.objects.of_patient(patient).count() == 2
        paused = Pause.objects.of_patient(patient).in_force()
        assert [pause.exercise_id is not None for pause in paused].count(True) == 1
    assert len(alerts_of(patient)) == 2


# The facts


@threads
def test_the_facts_cost_at_most_4_queries_whatever_the_history(
    transactional_db, django_assert_max_num_queries
):
    patient = make.patient(of=make.clinic())
    make.alarming_log(of=make.edition(of=patient), numb_after=("low-5-L",))
    for more in (1, 29):
        for number in range(more):
            put_to_the_test(patient, at=NOW + number * MINUTE)
        with inside(patient.clinic_id):
            found = Patient.objects.with_clinic().get(pk=patient.pk)
            with django_assert_max_num_queries(4):
                record = facts.record_of(found, today=TODAY)
            assert record.tests
            assert record.paused


# What the database refuses, constraint by constraint


def rows_of(patient) -> dict:
    edition = make.edition(of=patient)
    log = make.alarming_log(of=edition, feel="worse")
    make.log(of=edition)
    by = make.founder(patient.clinic)
    with inside(patient.clinic_id):
        entry = log.entries.get()
        return {
            "by": by,
            "line": edition.lines.get(),
            "edition": edition,
            "log": log,
            "entry": entry,
            "exercise": make.exercise("KLF"),
        }


def kept(have, **fields):
    return KeptFinding(
        edition=have["edition"],
        prescribed_exercise=have["line"],
        rules_version=1,
        **{"rule": "V4", "verdict": 2, "message": "x", **fields},
    )


def override(have, **fields):
    return Override(
        edition=have["edition"],
        prescribed_exercise=have["line"],
        recorded={},
        by=have["by"],
        **{"rule": "V4", **fields},
    )


def pause(have, **fields):
    return Pause(entry=have["entry"], because="x", **{"exercise": have["exercise"], **fields})


def alert(have, **fields):
    return Alert(**{"tier": 1, "about": "x", "message": "x", **fields})


def closed(have, **fields):
    done = {"opened_at": NOW, "closed_at": NOW, "closed_by": have["by"], "decision": "x"}
    return alert(have, **{**done, **fields})


def entry(have, **fields):
    return SessionEntry(
        log=have["log"], **{"prescribed_exercise": have["line"], "outcome": "done", **fields}
    )


def log_row(have, **fields):
    about = {"client_uuid": uuid4(), "digest": "x", "done_at": NOW, "local_date": TODAY}
    return SessionLog(edition=have["edition"], **{**about, **fields})


def response(have, **fields):
    said = {"colour": "red", "movement": "unchanged", "reason": "x", "is_final": True}
    return EntryResponse(entry=have["entry"], rules_version=1, **{**said, **fields})


def follow_up(have, **fields):
    return FollowUp(entry=have["entry"], due_at=NOW, **{"asked": "two_hours", **fields})


def answer(have, **fields):
    asked = FollowUp.objects.filter(entry=have["entry"]).order_by("pk")[0]
    return FollowUpAnswer(follow_up=asked, still_worse=True, answered_at=NOW)


@pytest.mark.parametrize(
    ("constraint", "made"),
    [
        ("no_stop_is_published", lambda have: [kept(have, verdict=3)]),
        ("override_once_per_rule", lambda have: [override(have), override(have)]),
        ("rules_without_override", lambda have: [override(have, rule="V1")]),
        ("pause_of_one_thing", lambda have: [pause(have, exercise=None)]),
        ("pause_of_one_thing", lambda have: [pause(have, region="lumbar", direction="flexion")]),
        ("paused_once", lambda have: [pause(have), pause(have)]),
        ("pause_lifted_by_somebody", lambda have: [pause(have, lifted_at=NOW)]),
        ("alert_open_once", lambda have: [alert(have), alert(have)]),
        ("alert_closed_with_a_note", lambda have: [closed(have, decision="")]),
        ("alert_closed_with_a_note", lambda have: [closed(have, closed_by=None)]),
        ("alert_opened_before_it_is_closed", lambda have: [closed(have, opened_at=None)]),
        ("alert_tier", lambda have: [alert(have, tier=5)]),
        (
            "log_corrected_once",
            lambda have: [log_row(have, corrects=have["log"]) for _ in range(2)],
        ),
        ("entry_zones_before", lambda have: [entry(have, zones_before=["knee"])]),
        ("entry_zones_after", lambda have: [entry(have, zones_after=["knee"])]),
        ("entry_numb_before", lambda have: [entry(have, numb_before=["knee"])]),
        ("entry_numb_after", lambda have: [entry(have, numb_after=["knee"])]),
        ("entry_feel", lambda have: [entry(have, feel="odd")]),
        ("entry_ease", lambda have: [entry(have, ease="odd")]),
        # Asked already, because the log was worse.
        ("asked_once", lambda have: [follow_up(have)]),
        ("follow_up_asked", lambda have: [follow_up(have, asked="never")]),
        ("answered_once", lambda have: [answer(have), answer(have)]),
        ("response_colour", lambda have: [response(have, colour="blue")]),
        ("response_movement", lambda have: [response(have, movement="up")]),
    ],
)
def test_the_database_refuses(patient, constraint, made):
    have = rows_of(patient)
    with inside(patient.clinic_id):
        rows = made(have)
        for row in rows:
            row.clinic_id, row.patient_id = patient.clinic_id, patient.pk
        for row in rows[:-1]:
            row.save(force_insert=True)
        with pytest.raises(IntegrityError, match=f'"{constraint}"'), transaction.atomic():
            rows[-1].save(force_insert=True)


def test_a_log_that_is_not_done_is_a_log_all_the_same(patient):
    make.log(of=make.edition(of=patient), outcome=Outcome.NO, pain={})
    with inside(patient.clinic_id):
        assert EntryResponse.objects.of_patient(patient).get().colour == "no_change"
        assert not RaisedFlag.objects.of_patient(patient).exists()
