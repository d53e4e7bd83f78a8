"""All attacks against a web server that keeps what it stores; run by `make attack`.

It serves a database of this run only. After every class no row of the other clinic has changed,
nobody has become more than they were, and what was refused has stored nothing.
"""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier

import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse
from psycopg.conninfo import make_conninfo

from clinics.tenancy import inside
from patients import actions as patient_actions
from patients.models import Device
from tests import make
from tests.attacks import ATTACKS, PAYLOAD, SECRET, TOKEN, Answer, Field, privileges, sites_of
from tests.conftest import as_login
from tests.worlds import World, world

ROUNDS = AT_ONCE = 20
# A refusal is noted in the trail and its chain, though nothing else is stored.
MAY_GROW = ("clinics_auditevent", "clinics_auditlink", "clinics_audithead")
TABLES = (
    "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
    " WHERE attname = 'clinic_id' AND relkind = 'r' AND relrowsecurity ORDER BY 1"
)


class OverHttp:
    """Asks the server, and looks into its database as somebody who sees all of it."""

    def __init__(self, here: World, port: int) -> None:
        self.here, self.port = here, port
        with self._seen() as cursor:
            cursor.execute(TABLES)
            self.tables = [name for (name,) in cursor.fetchall()]
        self.by_halves: list[str] = []
        self.changed: list[str] = []

    def ask(self, who, method, path, *, body=b"", headers=None, cookies=None, has_token=True):
        jar = cookies
        if jar is None:
            jar = {name: one.value for name, one in self.here.people[who].cookies.items()}
        told = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        if has_token:
            jar = {**jar, "csrftoken": TOKEN}
            told["X-CSRFToken"] = TOKEN
        told["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        before = self._versions() if method == "POST" else None
        answer = self._send(method, path, body, told)
        if before is not None and answer.status >= 400 and self._versions() != before:
            self.by_halves.append(
                f"{method} {path} as {who}: {answer.status}, and something stored"
            )
        return answer

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as wire:
            wire.putrequest(method, path, skip_host="Host" in headers)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                wire.putheader(name, value.encode("latin-1", "replace"))
            try:
                wire.endheaders(body)
                response = wire.getresponse()
                text = response.read().decode(errors="replace")
            except (BrokenPipeError, ConnectionResetError):
                # The server hung up on a body that it does not want.
                return Answer(413, {}, "", {})
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, text, {})

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        before = self.of_others()
        yield
        if self.of_others() != before:
            self.changed.append("a row of the other clinic has changed")

    def of_others(self) -> list[tuple]:
        """Every row of the other clinic, hashed table by table."""
        found = []
        with self._seen() as cursor:
            for table in self.tables:
                cursor.execute(
                    f"SELECT %s, md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t"
                    " WHERE clinic_id = %s",
                    [table, self.here.theirs.pk],
                )
                found.append(cursor.fetchone())
        return found

    def _versions(self) -> list[tuple]:
        """How many rows each table has, and which transaction wrote the newest."""
        with self._seen() as cursor:
            cursor.execute(
                " UNION ALL ".join(
                    f"SELECT '{table}', count(*), max(xmin::text::bigint) FROM {table}"
                    for table in self.tables
                    if table not in MAY_GROW
                )
            )
            return cursor.fetchall()

    @contextmanager
    def _seen(self) -> Iterator:
        if connection.settings_dict["USER"] != "bearing_migrator":
            raise AssertionError("only the migrator sees every clinic")
        with connection.cursor() as cursor:
            yield cursor


@contextmanager
def served() -> Iterator[int]:
    """The web server that production runs, on this run's database; yields its port."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    told = connection.settings_dict
    parameters = {key: told[key.upper()] for key in ("host", "port", "password")}
    address = {key: value for key, value in parameters.items() if value}
    address["dbname"] = told["NAME"]
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name} | {
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1",
        "TRUSTED_PROXIES": "1",
        "APP_DATABASE_URL": make_conninfo(**address, user="bearing_app"),
        "MIGRATOR_DATABASE_URL": make_conninfo(**address, user="bearing_migrator"),
    }
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    options = ["--workers", "2", "--threads", "8", "--log-level", "error"]
    server = subprocess.Popen(  # noqa: S603 - words of our own, and no shell
        [*command, *options], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=60)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as wire:
                wire.request("GET", reverse("account_login"))
                wire.getresponse()
                return
        except ConnectionError:
            time.sleep(0.2)
    raise TimeoutError("the web server does not answer")


def races(to: Field, target: OverHttp) -> None:
    """Twenty browsers open one link at once, twenty times: each time one of them gets in."""
    with as_login("app"), inside(to.here.ours.pk):
        before = Device.objects.count()
    for _ in range(ROUNDS):
        with as_login("app"), inside(to.here.ours.pk):
            by = make.founder(to.here.ours)
            _, token = patient_actions.invite(
                patient=to.here.patient, at=make.timezone_now(), by=by
            )
        path, start = reverse("portal:enter", args=[token]), Barrier(AT_ONCE)

        def enter(number: int, path: str = path, start: Barrier = start) -> Answer:
            start.wait(timeout=60)
            said = {"X-CSRFToken": TOKEN, "Cookie": f"csrftoken={TOKEN}"}
            said["X-Forwarded-For"] = f"203.0.113.{number}"
            return target._send("POST", path, b"", said)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(enter, range(AT_ONCE)))
        to.asked += AT_ONCE
        let_in = [answer for answer in answers if answer.status == 302]
        to.holds(len(let_in) == 1, f"{len(let_in)} of {AT_ONCE} got in by one link")
        to.holds(all(answer.status < 500 for answer in answers), "an answer of 500")
    with as_login("app"), inside(to.here.ours.pk):
        opened = Device.objects.count() - before
    to.holds(opened == ROUNDS, f"{opened} phones for {ROUNDS} links")


@pytest.mark.django_db(transaction=True)
def test_nothing_comes_of_any_attack(transactional_db, capsys):
    here = world(own=PAYLOAD, others=SECRET)
    sites = sites_of(here)
    connection.close()
    with served() as port, as_login("migrator"):
        target = OverHttp(here, port)
        to = Field(here, target, sites)
        rights, others = privileges(), target.of_others()
        figures = []
        for attack in [*ATTACKS, races]:
            asked, broken = to.asked, len(to.breaches)
            attack(to, target) if attack is races else attack(to)  # type: ignore[call-arg]
            if target.of_others() != others:
                to.breaches.append(f"{attack.__name__}: rows of the other clinic changed")
            if privileges() != rights:
                to.breaches.append(f"{attack.__name__}: somebody may do more than before")
            figures.append((attack.__doc__, to.asked - asked, len(to.breaches) - broken))
            with capsys.disabled():
                told, count, found = figures[-1]
                print(f"\n{count:6} requests, {found} breaches: {told.splitlines()[0]}", end="")
        # Everything is as it was, and can still be looked at without a script running.
        for site in sites:
            for who in ("admin", "patient"):
                to.ask(who, "GET", site.path)
    breaches = [*to.breaches, *target.by_halves, *target.changed]
    with capsys.disabled():
        print(f"\n{to.asked} requests in all, {len(breaches)} breaches")
        print("\n".join(sorted(set(breaches))[:40]))
    assert not breaches
