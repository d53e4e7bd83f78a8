"""Which programmes are looked at again when a fact changes, and how what is found is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clinics.tenancy import inside
from exercises.vocabulary import Direction, Region
from patients import assessments
from patients.lights import After, During, Light
from patients.models import Patient
from prescriptions import actions, facts
from prescriptions.models import Alert
from tests import make
from tests.make import NOW, TODAY


def test_a_programme_that_begins_later_is_checked_again_too(patient):
    by, episode = make.founder(patient.clinic), make.screened(patient)
    draft = make.draft(of=patient, lines=[make.line("FIL")])
    with inside(patient.clinic_id, user_id=by.pk):
        saved = actions.save_draft(
            draft=draft,
            version=draft.version,
            lines=[make.line("FIL")],
            starts_on=TODAY + timedelta(days=3),
            review_on=None,
            reason="",
            by=by,
            at=NOW,
        )
        actions.publish(draft=saved, version=saved.version, by=by, at=NOW)
        assessments.record_test(
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
        (alert,) = Alert.objects.of_patient(patient)
    assert "Flexion in Lying" in alert.message


def test_what_a_log_has_paused_is_told_in_one_sentence(patient):
    make.alarming_log(
        of=make.edition(of=patient, lines=[make.line("FIL")]), numb_after=("low-5-L",)
    )
    draft = make.draft(of=patient)
    with inside(patient.clinic_id):
        known = Patient.objects.with_clinic().get(pk=patient.pk)
        lines = list(draft.lines.with_exercises())
        found = facts.findings_of(lines, patient=known, today=TODAY)
    (paused,) = {finding.message for finding in found[0] if finding.rule == "V5"}
    assert paused == (
        "Paused on 20 May 2026 after the patient reported symptoms spread below the knee."
    )


def red_flexion(episode, *, at) -> None:
    tested = make.as_tested(
        direction=Direction.FLEXION, during=During.INCREASED, after=After.WORSE, settle_minutes=60
    )
    make.direction_test(of=episode, tested=tested, at=at)


def test_what_was_written_against_an_older_red_test_does_not_answer_a_newer_one(patient):
    episode = make.screened(patient)
    red_flexion(episode, at=NOW)
    written = {"reason": "Short and gentle.", "plan": "Watch it.", "check_on": str(TODAY)}
    line = replace(
        make.line("FIL"),
        recorded={"V4": written, "V15": {"reason": "x"}, "V19": {"reason": "x"}},
    )
    make.edition(of=patient, lines=[line])
    with inside(patient.clinic_id):
        assert list(Alert.objects.of_patient(patient)) == []
    red_flexion(episode, at=NOW + timedelta(days=1))
    with inside(patient.clinic_id):
        (alert,) = Alert.objects.of_patient(patient)
    assert "made symptoms worse on 21 May" in alert.message


@pytest.mark.parametrize("days", [-1, 4])
def test_a_check_that_is_past_or_too_late_is_no_record(patient, days):
    red_flexion(make.screened(patient), at=NOW)
    day = TODAY + timedelta(days=days)
    written = {"reason": "Short and gentle.", "plan": "Watch it.", "check_on": str(day)}
    line = replace(make.line("FIL"), recorded={"V4": written, "V15": {"reason": "x"}})
    with pytest.raises(actions.Blocked, match="made symptoms worse"):
        make.edition(of=patient, lines=[line])
