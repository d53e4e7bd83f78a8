"""Logs, pauses, alerts and changed facts that meet: real threads, real transactions."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import pytest

from clinics.models import AuditEvent
from clinics.tenancy import inside
from exercises.vocabulary import Direction, Region
from patients import assessments
from patients.conditions import Condition
from patients.episodes import Phase
from patients.lights import After, During, Light
from patients.models import Patient
from prescriptions import actions, watch
from prescriptions.models import (
    Alert,
    EntryResponse,
    FollowUp,
    FollowUpAnswer,
    KeptFinding,
    Moment,
    Outcome,
    Pause,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from tests import make
from tests.make import NOW, TODAY
from tests.prescriptions.test_actions_race import (
    at_once,
    in_thread,
    person,
    wait_until_it_waits,
    while_open,
)

pytestmark = pytest.mark.django_db(transaction=True)
REFUSALS = (
    actions.Blocked,
    actions.LogDiffers,
    watch.AlreadyAnswered,
    watch.AlreadyClosed,
)
WORSE = {Moment.BEFORE: 2, Moment.DURING: 5, Moment.AFTER: 5}


@pytest.fixture
def clinic():
    return make.clinic()


def refused(act):
    """What an act gives; a refusal is given, not raised."""
    try:
        return act()
    except REFUSALS as refusal:
        return refusal


def meet(*acts) -> list:
    return at_once(*[partial(refused, act) for act in acts])


def names(given) -> list[str]:
    return sorted(type(one).__name__ for one in given)


def phone_of(patient) -> Patient:
    with inside(patient.clinic_id):
        return Patient.objects.with_clinic().get(pk=patient.pk)


def send(edition, phone, *, key=None, comment="", pain=WORSE, **said):
    """A log from the patient's phone; red with numbness that was not there."""
    with inside(edition.clinic_id, patient_id=phone.pk):
        mine = PrescriptionEdition.objects.get(pk=edition.pk)
        return actions.record_session(
            edition=mine,
            entries=[
                actions.EntryReport(line.pk, Outcome.DONE, line.repetitions, pain, comment, **said)
                for line in mine.lines.all()
            ],
            client_uuid=key or uuid4(),
            done_at=NOW,
            received_at=NOW,
            by=phone,
        )


def red(edition, phone, **more):
    return partial(send, edition, phone, numb_after=("low-5-L",), **more)


def publish(draft, *, by):
    with inside(draft.clinic_id, user_id=by.pk):
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def alerts_of(patient) -> list[Alert]:
    with inside(patient.clinic_id):
        return list(Alert.objects.of_patient(patient).select_related("closed_by").order_by("pk"))


def paused_in(patient) -> list[tuple]:
    """What is paused now: the exercise, or the region and direction."""
    with inside(patient.clinic_id):
        in_force = Pause.objects.of_patient(patient).in_force()
        return sorted((one.exercise_id or 0, one.region, one.direction) for one in in_force)


def told(patient) -> Counter:
    with inside(patient.clinic_id):
        return Counter(
            AuditEvent.objects.filter(patient_id=patient.pk).values_list("verb", flat=True)
        )


# A red log and a publish.


def test_a_red_log_and_a_publish_come_one_after_the_other(clinic):
    dana = person(clinic, "Dana")
    for _ in range(6):
        patient = make.patient(of=clinic)
        edition, phone = make.edition(of=patient), phone_of(patient)
        draft = make.draft(of=patient)
        published, log = meet(partial(publish, draft, by=dana), red(edition, phone))
        assert isinstance(log, SessionLog)
        (alert,) = alerts_of(patient)
        assert alert.entry_id
        assert paused_in(patient)
        with inside(clinic.pk):
            editions = PrescriptionEdition.objects.of_patient(patient).published().count()
            # The pause came first and forbids; or it came after, and no finding knows of it.
            assert editions == (1 if isinstance(published, actions.Blocked) else 2)
            assert not KeptFinding.objects.of_patient(patient).filter(rule="V5").exists()


def test_who_publishes_while_a_red_log_is_stored_is_told(clinic):
    dana, patient = person(clinic, "Dana"), make.patient(of=clinic)
    edition, phone = make.edition(of=patient), phone_of(patient)
    draft = make.draft(of=patient)
    with pytest.raises(actions.Blocked, match="Paused on"):
        while_open(clinic, red(edition, phone), partial(publish, draft, by=dana))


def test_a_red_log_that_meets_a_publish_pauses_all_the_same(clinic):
    dana, patient = person(clinic, "Dana"), make.patient(of=clinic)
    edition, phone = make.edition(of=patient), phone_of(patient)
    draft = make.draft(of=patient)
    log = while_open(clinic, partial(publish, draft, by=dana), red(edition, phone))
    assert isinstance(log, SessionLog)
    assert paused_in(patient)
    assert len(alerts_of(patient)) == 1


# A changed fact and a publish: one of the two sees the other.


def red_test(patient, episode, by):
    with inside(patient.clinic_id, user_id=by.pk):
        return assessments.record_test(
            episode=episode,
            tested=make.as_tested(
                Region.LUMBAR, Direction.FLEXION, during=During.INCREASED, after=After.WORSE
            ),
            settles_within=5,
            light=Light.RED,
            because="Seen so.",
            by=by,
            at=NOW,
        )


def condition(patient, episode, by):
    with inside(patient.clinic_id, user_id=by.pk):
        return assessments.record_condition(
            patient=patient,
            condition=Condition.RECENT_SPINAL_SURGERY,
            since=TODAY,
            source="Letter",
            by=by,
            at=NOW,
        )


def flag(patient, episode, by):
    with inside(patient.clinic_id, user_id=by.pk):
        return assessments.record_screen(
            episode=episode, answers=["bladder"], remark="", by=by, at=NOW
        )


def phase(patient, episode, by):
    with inside(patient.clinic_id, user_id=by.pk):
        return assessments.change_phase(
            episode=episode, phase=Phase.REDUCTION, reason="Settling.", by=by, at=NOW
        )


def closing(patient, episode, by):
    with inside(patient.clinic_id, user_id=by.pk):
        return assessments.close_episode(episode=episode, by=by, at=NOW)


FACTS = [red_test, condition, flag, phase, closing]


def ready_to_publish(clinic, by):
    """A patient with a preference for extension, and a draft that bends the low back fully."""
    patient = make.patient(of=clinic)
    episode = make.screened(patient)
    with inside(clinic.pk, user_id=by.pk):
        assessments.set_preference(
            episode=episode,
            preference=(Region.LUMBAR, Direction.EXTENSION),
            reason="Tested.",
            by=by,
            at=NOW,
        )
    return patient, episode, make.draft(of=patient, lines=[make.line("FIL")])


@pytest.mark.parametrize("fact", FACTS)
def test_who_publishes_while_a_fact_gets_worse_is_told(clinic, fact):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    patient, episode, draft = ready_to_publish(clinic, dana)
    with pytest.raises(actions.Blocked):
        while_open(clinic, partial(fact, patient, episode, elif_), partial(publish, draft, by=dana))


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_that_gets_worse_while_a_programme_is_published_raises_an_alert(clinic, fact):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    patient, episode, draft = ready_to_publish(clinic, dana)
    while_open(clinic, partial(publish, draft, by=dana), partial(fact, patient, episode, elif_))
    assert [alert.tier for alert in alerts_of(patient)] == [1]


# Closing one alert.


def test_of_two_who_close_one_alert_one_note_stands_and_nothing_of_the_other(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")

    def close(alert, by, lifting):
        with inside(clinic.pk, user_id=by.pk):
            return watch.close_alert(
                alert=alert,
                contact=f"{by} rang.",
                decision=f"{by} decided.",
                by=by,
                at=NOW,
                lifting=lifting,
            )

    for _ in range(5):
        patient = make.patient(of=clinic)
        edition = make.edition(of=patient)
        red(edition, phone_of(patient))()
        (alert,) = alerts_of(patient)
        with inside(clinic.pk):
            pauses = list(Pause.objects.of_patient(patient).in_force())
        assert pauses
        done = meet(
            partial(close, alert, dana, pauses),
            partial(close, alert, elif_, []),
        )
        assert names(done) == ["Alert", "AlreadyClosed"]
        (closed,) = alerts_of(patient)
        who = closed.closed_by
        assert (closed.contact, closed.decision) == (f"{who} rang.", f"{who} decided.")
        # What is lifted is what the one whose note stands has lifted.
        assert bool(paused_in(patient)) is (who == elif_)
        assert told(patient)["closed an alert"] == 1
        assert told(patient)["opened an alert"] == 0


def test_of_two_who_open_one_alert_the_first_is_named_once(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")

    def look(alert, by):
        with inside(clinic.pk, user_id=by.pk):
            watch.open_alert(alert=alert, by=by, at=NOW)

    patient = make.patient(of=clinic)
    red(make.edition(of=patient), phone_of(patient))()
    (alert,) = alerts_of(patient)
    meet(partial(look, alert, dana), partial(look, alert, elif_))
    assert told(patient)["opened an alert"] == 1


# Two logs.


def test_one_log_sent_twice_at_once_is_one_log_one_alert_one_pause(clinic):
    for _ in range(4):
        patient, key = make.patient(of=clinic), uuid4()
        edition, phone = make.edition(of=patient), phone_of(patient)
        log, again = meet(red(edition, phone, key=key), red(edition, phone, key=key))
        assert log == again
        assert len(alerts_of(patient)) == 1
        assert told(patient)["paused by the therapist's rule"] == len(paused_in(patient)) == 2
        with inside(clinic.pk):
            assert SessionLog.objects.of_patient(patient).count() == 1
            assert EntryResponse.objects.of_patient(patient).count() == 1


def test_of_two_contents_under_one_key_one_is_stored_and_the_other_is_told(clinic):
    patient, key = make.patient(of=clinic), uuid4()
    edition, phone = make.edition(of=patient), phone_of(patient)
    given = meet(
        red(edition, phone, key=key, comment="One."), red(edition, phone, key=key, comment="Two.")
    )
    assert names(given) == ["LogDiffers", "SessionLog"]
    assert len(alerts_of(patient)) == 1


def test_two_logs_at_once_are_both_stored_with_one_pause_and_an_alert_each(clinic):
    for _ in range(4):
        patient = make.patient(of=clinic)
        edition, phone = make.edition(of=patient, lines=[make.line("FIL")]), phone_of(patient)
        first, second = meet(red(edition, phone), red(edition, phone))
        assert first != second
        alerts = alerts_of(patient)
        with inside(clinic.pk):
            entries = set(SessionEntry.objects.of_patient(patient).values_list("pk", flat=True))
        assert {alert.entry_id for alert in alerts} == entries
        assert len(alerts) == len(entries) == 2
        fil = make.exercise("FIL")
        assert paused_in(patient) == [(0, "lumbar", "flexion"), (fil.pk, "", "")]
        with inside(clinic.pk):
            assert EntryResponse.objects.of_patient(patient).count() == 2


# A log and lifting.


def test_a_red_log_that_meets_lifting_is_never_lost(clinic):
    """The pause is in force again, or it was lifted after the log; the log's alert says so."""
    dana = person(clinic, "Dana")

    def lift(pauses):
        with inside(clinic.pk, user_id=dana.pk):
            for pause in pauses:
                watch.lift(pause=pause, by=dana, at=NOW)

    for _ in range(6):
        patient = make.patient(of=clinic)
        edition, phone = make.edition(of=patient), phone_of(patient)
        red(edition, phone)()
        with inside(clinic.pk):
            pauses = list(Pause.objects.of_patient(patient).in_force().order_by("pk"))
        _, log = meet(partial(lift, pauses), red(edition, phone))
        assert isinstance(log, SessionLog)
        assert len([alert for alert in alerts_of(patient) if not alert.closed_at]) == 2
        assert told(patient)["lifted a pause"] == len(pauses)
        with inside(clinic.pk):
            every = Pause.objects.of_patient(patient)
            assert every.filter(lifted_at=None).count() in (0, len(pauses))
            assert every.exclude(lifted_at=None).count() == len(pauses)


def test_a_red_log_during_lifting_pauses_again(clinic):
    dana, patient = person(clinic, "Dana"), make.patient(of=clinic)
    edition, phone = make.edition(of=patient), phone_of(patient)
    red(edition, phone)()
    before = paused_in(patient)

    def lift():
        for pause in Pause.objects.of_patient(patient).in_force():
            watch.lift(pause=pause, by=dana, at=NOW)

    while_open(clinic, lift, red(edition, phone))
    assert paused_in(patient) == before


# Asked again.


def asked(patient) -> list[FollowUp]:
    with inside(patient.clinic_id):
        found = FollowUp.objects.of_patient(patient).order_by("due_at")
        return list(found.select_related("entry__prescribed_exercise__exercise_edition"))


def say(follow_up, phone, *, still_worse):
    with inside(phone.clinic_id, patient_id=phone.pk):
        mine = FollowUp.objects.with_exercises().get(pk=follow_up.pk)
        return watch.answer(follow_up=mine, still_worse=still_worse, at=NOW, by=phone)


def worse_log(clinic):
    patient = make.patient(of=clinic)
    phone = phone_of(patient)
    send(make.edition(of=patient), phone)
    return patient, phone


def test_of_two_answers_to_one_question_the_first_stands(clinic):
    for _ in range(5):
        patient, phone = worse_log(clinic)
        soon, _morning = asked(patient)
        given = meet(
            partial(say, soon, phone, still_worse=True),
            partial(say, soon, phone, still_worse=False),
        )
        assert names(given) == ["AlreadyAnswered", "FollowUpAnswer"]
        with inside(clinic.pk):
            stored = FollowUpAnswer.objects.of_patient(patient).get()
            colours = list(
                EntryResponse.objects.of_patient(patient)
                .order_by("pk")
                .values_list("colour", flat=True)
            )
        assert colours == ["amber", "red" if stored.still_worse else "amber"]
        assert bool(alerts_of(patient)) is stored.still_worse
        assert bool(paused_in(patient)) is stored.still_worse


def test_two_answers_to_two_questions_at_once_end_in_a_final_response(clinic):
    patient, phone = worse_log(clinic)
    soon, morning = asked(patient)
    while_open(
        clinic,
        # Not yet stored when the other is judged.
        partial(say, soon, phone, still_worse=False),
        partial(say, morning, phone, still_worse=False),
    )
    with inside(clinic.pk):
        assert FollowUpAnswer.objects.of_patient(patient).count() == 2
        last = EntryResponse.objects.of_patient(patient).order_by("pk").last()
    assert last.is_final
    assert "settled" in last.reason


# Locks are taken in one order, so that no two wait for each other.


def test_one_publishes_while_a_colleague_opens_the_draft_and_neither_fails(clinic):
    dana, elif_ = person(clinic, "Dana"), person(clinic, "Elif")
    patient = make.patient(of=clinic)
    draft = make.draft(of=patient)

    def begin():
        with inside(clinic.pk, user_id=elif_.pk):
            return actions.start_draft(patient=patient, starts_on=TODAY, by=elif_, at=NOW)

    with ThreadPoolExecutor(1) as threads:
        # The desk saves and publishes in one transaction; the colleague comes between the two.
        with inside(clinic.pk, user_id=dana.pk):
            saved = actions.save_draft(
                draft=draft,
                version=draft.version,
                lines=[make.line()],
                starts_on=TODAY,
                review_on=None,
                reason="",
                by=dana,
                at=NOW,
            )
            meeting = threads.submit(in_thread, begin)
            wait_until_it_waits(meeting)
            actions.publish(draft=saved, version=saved.version, by=dana, at=NOW)
        assert meeting.result(timeout=30).number == 2


# A stretch that the log came first to pause is not told of again for less than a stop.
@pytest.mark.parametrize(("fact", "told"), [(flag, {2}), (red_test, {1, 2})])
def test_a_log_and_a_worse_fact_at_once_are_both_stored(clinic, fact, told):
    dana = person(clinic, "Dana")
    for _ in range(8):
        patient = make.patient(of=clinic)
        edition, phone = make.edition(of=patient, lines=[make.line("FIL")]), phone_of(patient)
        episode = make.screened(patient)
        told_of, log = meet(
            partial(fact, patient, episode, dana),
            partial(send, edition, phone, zones_before=("low-3-L",), zones_after=("low-5-L",)),
        )
        assert told_of.pk
        assert isinstance(log, SessionLog)
        raised = alerts_of(patient)
        assert len(raised) in told
        assert sum(alert.entry_id is not None for alert in raised) == 1
