"""The alerts for the week (tier 3) and the good news (tier 4)."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from patients.models import Patient
from prescriptions import actions, watch, weekly
from prescriptions.models import Alert, Moment, PrescriptionEdition, Tier
from tests import make
from tests.make import NOW, TODAY, inside

DAY = timedelta(days=1)
BETTER = {Moment.BEFORE: 5, Moment.DURING: 4, Moment.AFTER: 2}
SAME = {Moment.BEFORE: 2, Moment.DURING: 2, Moment.AFTER: 2}


@pytest.fixture
def edition(patient) -> PrescriptionEdition:
    """In force for a fortnight, twice a day."""
    draft = make.draft(of=patient, lines=[make.line(times_per_day=2)])
    by = make.founder(patient.clinic)
    with inside(patient.clinic_id):
        PrescriptionEdition.objects.filter(pk=draft.pk).update(starts_on=TODAY - 14 * DAY)
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW - 14 * DAY)


def look_back(patient, at=NOW) -> bool:
    with inside(patient.clinic_id):
        found = Patient.objects.with_clinic().get(pk=patient.pk)
        return weekly.look_back(patient=found, at=at)


def alerts(patient, tier) -> list[Alert]:
    with inside(patient.clinic_id):
        return list(Alert.objects.of_patient(patient).filter(tier=tier).order_by("pk"))


def close(patient, alert) -> None:
    by = make.founder(patient.clinic)
    with inside(alert.clinic_id):
        watch.close_alert(alert=alert, contact="By phone.", decision="Go on.", by=by, at=NOW)


def test_without_a_log_the_week_is_told_once_while_it_is_open(patient, edition):
    assert look_back(patient)
    assert not look_back(patient)
    assert not look_back(patient, NOW + 7 * DAY)
    (alert,) = alerts(patient, Tier.WEEKLY)
    assert alert.message == "No log for 7 days."


def test_once_closed_it_is_told_again_in_another_week_and_not_before(patient, edition):
    look_back(patient)
    close(patient, alerts(patient, Tier.WEEKLY)[0])
    assert not look_back(patient, NOW + DAY)
    assert look_back(patient, NOW + 7 * DAY)


def test_today_is_not_over_and_does_not_count(patient, edition):
    for back in range(1, 8):
        make.log(of=edition, done_at=NOW - back * DAY, pain=BETTER)
    assert not look_back(patient)


def test_before_a_programme_there_is_nothing_to_tell(patient):
    assert not look_back(patient)


def test_a_log_taken_back_does_not_count(patient, edition):
    logs = [make.log(of=edition, done_at=NOW - back * DAY, pain=SAME) for back in range(1, 5)]
    with inside(patient.clinic_id):
        for log in logs:
            actions.withdraw_session(log=log, received_at=NOW, by=patient)
    assert look_back(patient)
    assert alerts(patient, Tier.WEEKLY)[0].message == "No log for 7 days."


@pytest.mark.django_db(transaction=True)
def test_the_command_looks_at_every_clinic(patient, edition, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    call_command("look_back", verbosity=0)
    assert len(alerts(patient, Tier.WEEKLY)) == 1


def test_three_better_logs_in_a_row_are_good_news_once(patient, edition):
    for back in (3, 2):
        make.log(of=edition, done_at=NOW - back * DAY, pain=BETTER)
        assert alerts(patient, Tier.GOOD_NEWS) == []
    make.log(of=edition, done_at=NOW - DAY, pain=BETTER)
    (alert,) = alerts(patient, Tier.GOOD_NEWS)
    assert alert.message == (
        "Pelvic Tilt: better in 3 logs in a row. Consider progress or a phase review."
    )
    make.log(of=edition, done_at=NOW, pain=BETTER)
    assert len(alerts(patient, Tier.GOOD_NEWS)) == 1


def test_after_it_was_closed_good_news_need_three_new_logs(patient, edition):
    for back in (6, 5, 4):
        make.log(of=edition, done_at=NOW - back * DAY, pain=BETTER)
    close(patient, alerts(patient, Tier.GOOD_NEWS)[0])
    for back in (3, 2):
        make.log(of=edition, done_at=NOW - back * DAY, pain=BETTER)
    assert len(alerts(patient, Tier.GOOD_NEWS)) == 1
    make.log(of=edition, done_at=NOW - DAY, pain=BETTER)
    assert len(alerts(patient, Tier.GOOD_NEWS)) == 2


def test_a_log_without_a_change_between_breaks_the_row(patient, edition):
    for back, pain in ((4, BETTER), (3, BETTER), (2, SAME), (1, BETTER)):
        make.log(of=edition, done_at=NOW - back * DAY, pain=pain)
    assert alerts(patient, Tier.GOOD_NEWS) == []
