"""Measurements for Prometheus: what was answered and how fast, what waits and what is late.

With several processes PROMETHEUS_MULTIPROC_DIR names an empty directory, which they share.
"""

import os
from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

# A reminder that waits for so long after its time is late: the worker or the mail server is ill.
LATE_AFTER = timedelta(minutes=5)

_answers = CollectorRegistry()
_count = Counter(
    "bearing_answers",
    "Answers by page and status",
    ["method", "route", "status"],
    registry=_answers,
)
_seconds = Histogram(
    "bearing_answer_seconds",
    "Seconds until an answer, by page",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    registry=_answers,
)


class Waiting(Collector):
    """What waits, as the database has it now."""

    def collect(self) -> Iterator[Metric]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
            (jobs,) = cursor.fetchone()
        yield GaugeMetricFamily("bearing_jobs_waiting", "Jobs that no worker has begun", jobs)
        beat = heartbeat_age()
        if beat is not None:
            said = "Seconds since a worker last gave a sign of life"
            yield GaugeMetricFamily("bearing_worker_heartbeat_seconds", said, beat)
        said = f"Reminders not sent {LATE_AFTER.seconds // 60} minutes after their time"
        yield GaugeMetricFamily("bearing_reminders_late", said, _late_reminders())


def note_answer(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answer and how many seconds it took."""
    _count.labels(method, route, str(status)).inc()
    _seconds.labels(route).observe(seconds)


def exposition() -> bytes:
    """Everything measured, in Prometheus's text format."""
    answers = _answers
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        answers = CollectorRegistry()
        MultiProcessCollector(answers)
    now = CollectorRegistry()
    now.register(Waiting())
    return generate_latest(answers) + generate_latest(now)


def heartbeat_age() -> float | None:
    """Seconds since any worker's last sign of life; None without a worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers"
        )
        (age,) = cursor.fetchone()
    return None if age is None else float(age)


def _late_reminders() -> int:
    # Not above: the settings import this module, before there are models.
    from clinics.tenancy import clinic_ids, inside
    from prescriptions.models import Reminder

    late, until = 0, timezone.now() - LATE_AFTER
    for clinic_id in clinic_ids():
        with inside(clinic_id):
            late += Reminder.objects.to_send(clinic_id, until).count()
    return late
