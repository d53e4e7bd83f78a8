"""Which programmes are looked at again when a fact changes, and how what is found is told."""

from datetime import timedelta

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
