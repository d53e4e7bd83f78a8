"""A log that the patient corrects or takes back: the first is kept, and its alert is withdrawn."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError

from clinics.models import AuditEvent
from patients.models import Patient
from prescriptions import actions
from prescriptions.models import (
    Alert,
    EntryResponse,
    FollowUp,
    Outcome,
    Pause,
    SessionEntry,
    SessionLog,
)
from prescriptions.responses import Colour
from tests import make
from tests.make import NOW, inside

DAY = timedelta(days=1)
CALM = {"before": 2, "during": 2, "after": 2}


def entries_of(log, **said) -> list[actions.EntryReport]:
    return [
        actions.EntryReport(entry.prescribed_exercise_id, Outcome.DONE, 10, dict(CALM), **said)
        for entry in log.entries.all()
    ]


def again(log) -> tuple[SessionLog, Patient]:
    """The log and its patient, as the patient's phone may read them."""
    patient = Patient.objects.only("pk", "clinic", "time_zone").get(pk=log.patient_id)
    return SessionLog.objects.get(pk=log.pk), patient


def correct(log, *, at=NOW + timedelta(hours=1), key=None, **said) -> SessionLog:
    with inside(log.clinic_id, patient_id=log.patient_id):
        first, by = again(log)
        return actions.correct_session(
            log=first,
            entries=entries_of(first, **said),
            client_uuid=key or uuid4(),
            received_at=at,
            by=by,
        )


def take_back(log, *, at=NOW + timedelta(hours=1)) -> SessionLog:
    with inside(log.clinic_id, patient_id=log.patient_id):
        first, by = again(log)
        return actions.withdraw_session(log=first, received_at=at, by=by)


def rows(log, model, **where):
    with inside(log.clinic_id):
        return list(model.objects.filter(patient=log.patient_id, **where).order_by("pk"))


def standing(log) -> list[SessionLog]:
    with inside(log.clinic_id):
        return list(SessionLog.objects.filter(patient=log.patient_id).standing())


@pytest.fixture
def edition(patient):
    return make.edition(of=patient)


def test_a_correction_stands_for_the_first_which_is_kept(edition):
    first = make.log(of=edition, comment="It pulled.")
    correction = correct(first, comment="It did not.")
    assert standing(first) == [correction]
    assert (correction.corrects_id, correction.done_at) == (first.pk, first.done_at)
    assert correction.local_date == first.local_date
    said = [entry.comment for entry in rows(first, SessionEntry)]
    assert said == ["It pulled.", "It did not."]
    with inside(first.clinic_id):
        assert AuditEvent.objects.filter(verb="corrected a session", target_id=correction.pk)


def test_the_alert_of_the_first_is_withdrawn_in_the_open_and_stays_open(edition):
    first = make.alarming_log(of=edition)
    (alert,) = rows(first, Alert)
    correct(first)
    (alert,) = rows(first, Alert)
    assert alert.withdrawn_because == "The patient corrected this log on 20 May 2026."
    assert alert.closed_at is None
    with inside(first.clinic_id):
        assert AuditEvent.objects.filter(verb="withdrew an alert", target_id=alert.pk)


def test_what_is_paused_stays_paused_until_a_therapist_has_looked(edition):
    first = make.alarming_log(of=edition)
    paused = rows(first, Pause)
    assert paused
    correct(first)
    assert rows(first, Pause) == paused


def test_a_correction_that_is_worse_raises_its_own_alert(edition):
    first = make.log(of=edition)
    assert rows(first, Alert) == []
    correction = correct(first, zones_before=("low-1-C",), zones_after=("low-5-L",))
    (alert,) = rows(first, Alert, entry__log=correction)
    assert (alert.withdrawn_because, alert.closed_at) == ("", None)


def test_the_first_is_not_asked_about_again(edition, patient):
    first = make.log(of=edition, pain={"before": 2, "during": 4, "after": 5})
    asked = FollowUp.objects.of_patient(patient)
    with inside(first.clinic_id):
        assert asked.to_come(NOW).count() == 2
    correct(first)
    with inside(first.clinic_id):
        assert asked.to_come(NOW).count() == 0
        assert not asked.due(NOW + 3 * DAY)


def test_a_red_log_that_was_corrected_does_not_count_toward_the_second(edition, patient):
    red = {"numb_before": (), "numb_after": ("low-2-L",)}
    pain = {"before": 2, "during": 2, "after": 2}
    first = make.alarming_log(of=edition, zones_before=(), zones_after=(), **red)
    assert [pause.exercise_id is None for pause in rows(first, Pause)] == [False]
    correct(first)
    with inside(first.clinic_id, patient_id=patient.pk):
        (line,) = edition.lines.all()
        report = actions.EntryReport(line.pk, Outcome.DONE, 10, pain, **red)
        actions.record_session(
            edition=edition,
            entries=[report],
            client_uuid=uuid4(),
            done_at=NOW + DAY,
            received_at=NOW + DAY,
            by=patient,
        )
    colours = [response.colour for response in rows(first, EntryResponse)]
    assert colours == [Colour.RED, Colour.NO_CHANGE, Colour.RED]
    assert [pause.exercise_id is None for pause in rows(first, Pause)] == [False]


def test_sent_twice_a_correction_is_stored_once(edition):
    first, key = make.log(of=edition), uuid4()
    assert correct(first, key=key) == correct(first, key=key)
    with pytest.raises(actions.LogDiffers):
        correct(first, key=key, comment="Another word.")


def test_only_what_stands_can_be_corrected(edition):
    first = make.log(of=edition)
    second = correct(first)
    with pytest.raises(actions.AlreadyCorrected):
        correct(first)
    assert standing(first) == [second]
    third = correct(second, comment="Once more.")
    assert standing(first) == [third]


def test_a_log_taken_back_no_longer_counts_and_is_kept(edition):
    first = make.alarming_log(of=edition)
    assert take_back(first) == take_back(first)
    assert standing(first) == []
    assert len(rows(first, SessionLog)) == 2
    assert rows(first, Alert)[0].withdrawn_because == (
        "The patient took this log back on 20 May 2026."
    )
    with pytest.raises(actions.AlreadyCorrected):
        correct(first)


@pytest.mark.parametrize(("after", "refused"), [(7 * DAY, False), (7.001 * DAY, True)])
def test_a_log_may_be_changed_for_seven_days(edition, after, refused):
    first = make.log(of=edition)
    if refused:
        for act in (correct, take_back):
            with pytest.raises(actions.TooLate):
                act(first, at=NOW + after)
        assert standing(first) == [first]
    else:
        correction = correct(first, at=NOW + after)
        assert standing(first) == [correction]


def test_the_database_refuses_a_withdrawal_of_nothing(edition):
    log = make.log(of=edition)
    copy = replace_key(log)
    with pytest.raises(IntegrityError, match="log_withdrawal_of_a_log"), inside(log.clinic_id):
        copy.save(force_insert=True)


def replace_key(log) -> SessionLog:
    with inside(log.clinic_id):
        copy = SessionLog.objects.get(pk=log.pk)
    copy.pk, copy.client_uuid, copy.is_withdrawal = None, uuid4(), True
    return copy


def test_why_it_was_not_done_is_only_said_of_what_was_not(edition, patient):
    with inside(patient.clinic_id):
        (line,) = edition.lines.all()
        report = actions.EntryReport(line.pk, Outcome.NO, None, {}, why_not="pain")
        said = {"client_uuid": uuid4(), "done_at": NOW, "received_at": NOW, "by": patient}
        log = actions.record_session(edition=edition, entries=[report], **said)
        assert log.entries.get().why_not == "pain"
    done = replace(report, outcome=Outcome.DONE)
    refused = pytest.raises(IntegrityError, match="entry_why_not_if_not")
    with refused, inside(patient.clinic_id):
        actions.record_session(edition=edition, entries=[done], **said | {"client_uuid": uuid4()})
