"""What machines ask: does the process live, is it ready to serve, and how is it doing.

    /healthz   the process answers; nothing else is looked at
    /readyz    database, migrations, database login, worker: 200 when all are as they should be
    /metrics   for Prometheus, from METRICS_FROM or with METRICS_TOKEN

They are asked from inside, by any host name and without HTTPS, change nothing, and tell nothing of
patients, clinics or the reason of a failure.
"""

import logging
import time
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare

from clinics.checks import runtime_login_is_powerless
from clinics.network import ip_of
from config import metrics

Answer = Callable[[HttpRequest], HttpResponseBase]
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# A worker gives a sign of life every 10 seconds.
WORKER_IS_SILENT_AFTER = 60  # seconds
# However often it is asked, the database is not asked more often than this.
ASKED_EVERY = 1.0  # seconds

log = logging.getLogger(__name__)
_migrated = False
_last: tuple[float, dict[str, bool]] | None = None


class Probes:
    """Middleware: answers the three addresses before anything looks at host, session or login."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = PROBES.get(request.path_info)
        if probe is None or request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        return probe(request)


def alive(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"alive": True})


def ready(request: HttpRequest) -> HttpResponse:
    """Status 503 when something is not as it should be; the names say what."""
    global _last
    if _last is None or time.monotonic() - _last[0] > ASKED_EVERY:
        _last = time.monotonic(), {name: _holds(name, test) for name, test in TESTS.items()}
    found = _last[1]
    words = {name: "ok" if is_fine else "failed" for name, is_fine in found.items()}
    return JsonResponse(words, status=200 if all(found.values()) else 503)


def measured(request: HttpRequest) -> HttpResponse:
    """Status 404 for whoever may not ask."""
    if not _may_measure(request):
        return HttpResponse(status=404)
    return HttpResponse(metrics.exposition(), content_type=METRICS_TYPE)


def _may_measure(request: HttpRequest) -> bool:
    expected = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if expected and constant_time_compare(given, f"Bearer {expected}"):
        return True
    address = ip_of(request)
    return bool(address) and any(
        ip_address(address) in ip_network(network) for network in settings.METRICS_FROM
    )


def _holds(name: str, test: Callable[[], bool]) -> bool:
    try:
        return test()
    except Exception:  # whatever it is: the probe says which part it was, the log where
        log.exception("not ready: %s", name)
        return False


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def _is_migrated() -> bool:
    """Whether every migration of this code is applied; once it is, it stays so."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def _login_is_powerless() -> bool:
    return not runtime_login_is_powerless(databases=["default"])


def _worker_lives() -> bool:
    age = metrics.heartbeat_age()
    return age is not None and age < WORKER_IS_SILENT_AFTER


PROBES = {"/healthz": alive, "/readyz": ready, "/metrics": measured}
TESTS = {
    "database": _database_answers,
    "migrations": _is_migrated,
    "login": _login_is_powerless,
    "worker": _worker_lives,
}
