"""A job that always fails is tried five times and parked, and stands in nobody's way."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.testing import InMemoryConnector

from prescriptions import delivery, tasks

POISONED, WELL = 1, 2


@pytest.fixture
def queue(monkeypatch):
    memory = InMemoryConnector()
    monkeypatch.setattr(app.periodic_registry, "periodic_tasks", {})  # no clock, only these jobs
    with app.replace_connector(memory):
        yield memory


def work(queue: InMemoryConnector) -> None:
    """Let a worker do all that waits, as if a minute had passed."""
    for job in queue.jobs.values():
        if job["scheduled_at"] is not None:
            job["scheduled_at"] = timezone.now() - timedelta(seconds=1)
    asyncio.run(app.run_worker_async(wait=False, install_signal_handlers=False, concurrency=1))


def test_a_poison_job_is_tried_five_times_parked_and_the_others_are_done(queue, monkeypatch):
    tried = Counter()

    def send_one(clinic_id: int, mail: object) -> bool:
        tried[clinic_id] += 1
        if clinic_id == POISONED:
            raise RuntimeError("poison")
        return False

    monkeypatch.setattr(delivery, "send_one", send_one)
    for clinic_id in (POISONED, WELL):
        tasks.send.configure(queueing_lock=f"send to clinic {clinic_id}").defer(clinic_id=clinic_id)
    work(queue)
    by_clinic = {job["args"]["clinic_id"]: job["status"] for job in queue.jobs.values()}
    assert by_clinic == {POISONED: "todo", WELL: "succeeded"}
    for _ in range(10):
        work(queue)
    by_clinic = {job["args"]["clinic_id"]: job["status"] for job in queue.jobs.values()}
    assert by_clinic == {POISONED: "failed", WELL: "succeeded"}
    assert tried == {POISONED: 5, WELL: 1}


def test_a_parked_job_does_not_keep_the_next_one_out(queue, monkeypatch):
    monkeypatch.setattr(delivery, "has_to_send", lambda clinic_id: True)
    tasks._have_sent(POISONED)
    tasks._have_sent(POISONED)
    assert len(queue.jobs) == 1, "while one waits there is no second"
    (job,) = queue.jobs.values()
    job["status"] = "failed"
    tasks._have_sent(POISONED)
    assert len(queue.jobs) == 2
