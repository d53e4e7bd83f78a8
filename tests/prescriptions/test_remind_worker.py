"""The worker itself, as it runs beside the web: killed, restarted, and no reminder lost."""

import json
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.db import connection

from clinics.models import Clinic
from prescriptions import delivery, tasks
from tests import make
from tests.prescriptions.worker_proof import Figures, clean_queue, prove

NINE = datetime(2026, 5, 20, 13, 0, tzinfo=UTC)  # in New York


def reminded_patient(clinic: Clinic) -> None:
    patient = make.patient(of=clinic, email="ana@example.org")
    make.edition(of=patient)
    make.reminder_plan(of=patient, at=NINE.replace(hour=12), by_email=True)


def jobs() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args FROM procrastinate_jobs ORDER BY id")
        return cursor.fetchall()


class Context:
    """What the worker tells a job."""

    @staticmethod
    def should_abort() -> bool:
        return False


def each_was_sent_once(figures: Figures) -> bool:
    """Marked as sent once, and received under as many keys; more often under one key only where
    the row says so."""
    return (
        figures.states == {"sent": figures.due}
        and len(figures.received) == figures.due
        and figures.repeated <= figures.unsure
    )


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_loses_and_doubles_nothing(transactional_db):
    figures = prove(due=60, kills=2, clinics=2, waits_for_leases=False)
    assert each_was_sent_once(figures), figures


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_ten_thousand_reminders_over_ten_kills(transactional_db, capsys):
    figures = prove(due=10_000, kills=10, clinics=5, waits_for_leases=True)
    with capsys.disabled():
        print(f"\n{figures}")
    assert each_was_sent_once(figures), figures


@pytest.mark.django_db(transaction=True)
def test_a_job_holds_the_number_of_its_clinic_and_waits_only_once(transactional_db, clock):
    clinic = make.clinic()
    reminded_patient(clinic)
    clock(NINE)
    with clean_queue():
        for _ in range(2):
            tasks.remind(timestamp=0)
        name, args = "prescriptions.tasks.send", {"clinic_id": clinic.pk}
        assert [(task, json.loads(given)) for task, given in jobs()] == [(name, args)]
    tasks.send(Context, clinic_id=clinic.pk)
    assert len(mail.outbox) == 1


def test_a_clinic_that_fails_does_not_silence_the_others(clinic, other_clinic, clock, monkeypatch):
    reminded_patient(other_clinic)
    write_due = delivery.write_due

    def fail_for_one(clinic_id: int) -> None:
        if clinic_id == clinic.pk:
            raise RuntimeError
        write_due(clinic_id)

    monkeypatch.setattr(delivery, "write_due", fail_for_one)
    clock(NINE)
    tasks.remind(timestamp=0)
    assert delivery.has_to_send(other_clinic.pk)


def test_a_clinic_with_much_to_send_gives_the_word_to_the_next(clinic, clock, monkeypatch):
    for _ in range(2):
        reminded_patient(clinic)
    monkeypatch.setattr(tasks, "TURN", -1)
    clock(NINE)
    delivery.write_due(clinic.pk)
    tasks.send(Context, clinic_id=clinic.pk)
    assert len(mail.outbox) == 1
    assert len(jobs()) == 1


@pytest.mark.django_db
def test_the_worker_may_use_its_queue_and_no_more():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type)"
            " FROM information_schema.table_privileges"
            " WHERE table_name LIKE 'procrastinate%%' AND grantee = 'bearing_app' GROUP BY 1"
        )
        granted = dict(cursor.fetchall())
        cursor.execute(
            "SELECT count(*) FROM information_schema.table_privileges"
            " WHERE table_name LIKE 'procrastinate%%' AND grantee = 'bearing_portal'"
        )
        assert cursor.fetchone() == (0,)
    everything = "DELETE INSERT SELECT UPDATE"
    assert granted == {
        "procrastinate_jobs": everything,
        "procrastinate_events": "INSERT SELECT",
        "procrastinate_periodic_defers": everything,
        "procrastinate_workers": everything,
    }
