"""What machines ask: alive, ready, measured."""

import time

import pytest
from django.db import connection
from django.test import Client

from clinics.models import AuditEvent
from config import health, metrics


@pytest.fixture(autouse=True)
def _asked_for_the_first_time(monkeypatch):
    monkeypatch.setattr(health, "_last", None)
    monkeypatch.setattr(health, "_migrated", False)


@pytest.fixture
def worker(db):
    """A worker that has just given a sign of life."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")


def test_alive_asks_no_database():
    """Without the mark `django_db` a question to it would fail."""
    response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"alive": True})


def test_ready_when_everything_is(worker):
    response = Client().get("/readyz")
    assert response.status_code == 200
    assert response.json() == dict.fromkeys(("database", "migrations", "login", "worker"), "ok")


def test_not_ready_without_a_worker(db):
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert [name for name, word in response.json().items() if word != "ok"] == ["worker"]


def test_not_ready_when_the_worker_is_silent(worker):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 min'")
    assert Client().get("/readyz").json()["worker"] == "failed"


def test_not_ready_with_a_migration_that_is_not_applied(worker):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            health.MigrationExecutor, "migration_plan", lambda self, targets: [("x", False)]
        )
        response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["migrations"] == "failed"


def test_not_ready_with_a_login_that_steps_over_the_walls(worker, monkeypatch):
    monkeypatch.setattr(health, "runtime_login_is_powerless", lambda databases: ["an error"])
    assert Client().get("/readyz").json()["login"] == "failed"


def test_a_database_that_is_gone_is_named_and_nothing_else(worker, monkeypatch):
    def fail() -> bool:
        raise ConnectionError("password of bearing_app is wrong")

    monkeypatch.setitem(health.TESTS, "database", fail)
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["database"] == "failed"
    assert "password" not in response.text


def test_the_database_is_asked_once_in_a_while(worker, monkeypatch, django_assert_num_queries):
    Client().get("/readyz")
    with django_assert_num_queries(0):
        assert Client().get("/readyz").status_code == 200
    monkeypatch.setattr(health, "_last", (time.monotonic() - 2, {"database": False}))
    assert Client().get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_answered_by_any_name_and_without_https(worker, settings, path):
    settings.SECURE_SSL_REDIRECT = settings.IS_HTTPS = True
    assert Client().get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_only_read_and_leave_no_line_in_an_audit_trail(worker, clinic, path):
    before = AuditEvent.objects.count()
    assert Client().post(path).status_code in {403, 404, 405}
    Client().get(path)
    assert AuditEvent.objects.count() == before


# Metrics


def test_metrics_say_what_was_answered_how_fast_and_what_waits(worker, clinic, therapist):
    therapist.get("/")
    told = Client().get("/metrics")
    assert told["Content-Type"].startswith("text/plain")
    assert 'bearing_answers_total{method="GET",route="home",status="200"}' in told.text
    assert 'bearing_answer_seconds_bucket{le="0.5",route="home"}' in told.text
    assert "bearing_jobs_waiting 0.0" in told.text
    assert "bearing_worker_heartbeat_seconds" in told.text
    assert "bearing_reminders_late 0.0" in told.text


def test_metrics_tell_of_nobody(worker, clinic):
    from tests.test_doors import SECRET, keys_of_everything

    keys_of_everything(clinic)
    Client().get(f"/{SECRET}/?q={SECRET}")
    Client().generic(SECRET, "/")
    assert SECRET not in Client().get("/metrics").text


def test_a_reminder_that_waits_too_long_is_late(db, monkeypatch):
    monkeypatch.setattr(metrics, "_late_reminders", lambda: 3)
    assert "bearing_reminders_late 3.0" in Client().get("/metrics").text


@pytest.mark.parametrize(
    ("address", "token", "status"),
    [
        ("127.0.0.1", "", 200),
        ("203.0.113.7", "", 404),
        ("203.0.113.7", "Bearer the token", 200),
        ("203.0.113.7", "Bearer another", 404),
        ("203.0.113.7", "Bearer ", 404),
        ("10.1.2.3", "", 200),
        ("nothing", "", 404),
    ],
)
def test_metrics_are_for_those_who_may(db, settings, address, token, status):
    settings.METRICS_TOKEN = "the token"
    settings.METRICS_FROM = ["127.0.0.1/32", "10.0.0.0/8"]
    asked = Client(REMOTE_ADDR=address).get("/metrics", headers={"authorization": token})
    assert asked.status_code == status


def test_without_a_token_in_the_settings_none_opens(db, settings):
    settings.METRICS_TOKEN, settings.METRICS_FROM = "", []
    assert Client().get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


def test_a_visitor_behind_our_proxy_is_not_taken_for_the_proxy(db, settings):
    settings.TRUSTED_PROXIES = 1
    said = {"x-forwarded-for": "203.0.113.7"}
    assert Client().get("/metrics", headers=said).status_code == 404
