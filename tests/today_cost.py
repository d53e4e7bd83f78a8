"""What Today costs for 300 patients, whatever they have logged; see `make today-cost`.

One clinic, grown from 50,000 logs to five million in the same database, so that the page shows the
same rows at each step. It is asked by turns with a page of the same frame that shows nothing: on a
busy machine only how many times as long it takes means something, and the blocks that PostgreSQL
reads.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import NamedTuple

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinics.models import Clinic, Membership
from clinics.tenancy import inside
from config import database
from patients.models import Patient
from prescriptions.models import PrescriptionEdition
from tests import make
from tests.conftest import signed_in
from tests.prescriptions.conftest import clock
from tests.walls_cost import BASE, _as_superuser, _copy

__all__ = ["clock"]

STEPS = [int(step) for step in os.environ.get("TODAY_LOGS", "50000,500000,5000000").split(",")]
ROUNDS = int(os.environ.get("TODAY_ROUNDS", "60"))
PATIENTS, A_DAY = 300, 3  # logs a day
MOST = 0.150  # seconds of server time at the 95th percentile
MOST_GROWTH = 1.2
NOW = make.NOW + timedelta(days=40)
OURS = "t.patient_id = {}"


class Cost(NamedTuple):
    """Of one page: seconds by the clock, seconds of Python, and its statements."""

    wall: list[float]
    cpu: list[float]
    statements: int
    blocks: int  # that PostgreSQL read, over all statements

    def __str__(self) -> str:
        wall, cpu = (f"{1000 * median(took):6.1f} /{1000 * p95(took):6.1f} ms" for took in self[:2])
        return f"{wall}{cpu:>22}{self.statements:8}{self.blocks:10,}"


def p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]


def copy_patients(pattern: Patient) -> None:
    """299 more of the same, each with a programme whose review is due."""
    shift = f"+ {BASE} + k * 100"
    others = f"generate_series(1, {PATIENTS - 1}) AS k"
    _copy(
        "patients_patient",
        others,
        f"t.id = {pattern.pk}",
        id=f"t.id {shift}",
        name="t.name || ' ' || k",
        search_name="t.search_name || ' ' || lpad(k::text, 3, '0')",
        tags="CASE WHEN k % 3 = 0 THEN ARRAY['knee'] ELSE '{}' END",
        unread_by_staff="CASE WHEN k % 5 = 0 THEN 1 ELSE 0 END",
        waiting_since=f"CASE WHEN k % 5 = 0 THEN timestamptz '{NOW.isoformat()}' END",
    )
    for table, reference in (
        ("prescriptions_prescription", None),
        ("prescriptions_prescriptionedition", "prescription_id"),
        ("prescriptions_prescribedexercise", "edition_id"),
    ):
        references = {reference: f"t.{reference} {shift}"} if reference else {}
        _copy(
            table,
            others,
            OURS.format(pattern.pk),
            id=f"t.id {shift}",
            patient_id=f"t.patient_id {shift}",
            **references,
        )
    _copy(
        "prescriptions_alert",
        f"generate_series(1, {PATIENTS - 1}, 5) AS k",
        OURS.format(pattern.pk),
        id=f"t.id {shift}",
        patient_id=f"t.patient_id {shift}",
        entry_id="NULL",
        tier="k % 2 + 1",
    )


def copy_logs(pattern: Patient, first: int, last: int) -> None:
    """The logs of each patient with these numbers, three a day, the newest yesterday.

    Triggers are off meanwhile, as while a backup is restored; the days are rolled up by what the
    migration rolls them up with.
    """
    ours = OURS.format(pattern.pk)
    numbers = f"generate_series(1, {PATIENTS - 1}) AS k, generate_series({first}, {last}) AS n"
    # In the order of time, as they come in.
    source = f"(SELECT k, n FROM {numbers} ORDER BY n DESC, k) AS of_all"
    shift = f"+ {BASE} + k * 100"
    key = f"{BASE} + n * 1000 + k"
    done = (
        f"timestamptz '{NOW.isoformat()}' - (n / {A_DAY} + 1) * interval '1 day'"
        f" + n % {A_DAY} * interval '1 hour'"
    )
    patient = {"patient_id": f"t.patient_id {shift}"}
    _copy(
        "prescriptions_sessionlog",
        source,
        ours,
        id=key,
        edition_id=f"t.edition_id {shift}",
        client_uuid="gen_random_uuid()",
        done_at=done,
        received_at=done,
        local_date=f"({done})::date",
        **patient,
    )
    _copy(
        "prescriptions_sessionentry",
        source,
        ours,
        id=key,
        log_id=key,
        prescribed_exercise_id=f"t.prescribed_exercise_id {shift}",
        pain_after=f"least(9, (n * 7 + k) % 5 + CASE WHEN n < {7 * A_DAY} THEN 3 ELSE 0 END)",
        **patient,
    )
    colour = "CASE WHEN (n + k) % 9 = 0 THEN 'amber' ELSE 'no_change' END"
    _copy(
        "prescriptions_entryresponse",
        source,
        ours,
        id=key,
        entry_id=key,
        colour=colour,
        at=done,
        **patient,
    )
    roll_up_again()
    _as_superuser("VACUUM ANALYZE")


def roll_up_again() -> None:
    from importlib import import_module

    of_today = import_module("prescriptions.migrations.0015_today")
    _as_superuser(f"TRUNCATE {of_today.DAY}; {of_today.FILL.sql}")


def measured(pages: dict[str, Callable[[], None]]) -> dict[str, Cost]:
    """By turns, who begins changes each round."""
    wall: dict[str, list[float]] = {name: [] for name in pages}
    cpu: dict[str, list[float]] = {name: [] for name in pages}
    for number in range(-3, ROUNDS):
        for name in list(pages) if number % 2 else reversed(pages):
            began, worked = perf_counter(), process_time()
            pages[name]()
            if number >= 0:  # the first rounds only warm up
                wall[name].append(perf_counter() - began)
                cpu[name].append(process_time() - worked)
    found = {}
    for name, page in pages.items():
        with CaptureQueriesContext(connection) as queries:
            page()
        asked = [query["sql"] for query in queries if query["sql"].startswith("SELECT ")]
        found[name] = Cost(wall[name], cpu[name], len(queries), blocks_of(asked))
    return found


_inside: list[Clinic] = []


def explained(sql: str) -> dict:
    with inside(_inside[0].pk), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql.replace('%', '%%')}", [])
        return cursor.fetchone()[0][0]


def blocks_of(statements: list[str]) -> int:
    about_rows = [sql for sql in statements if '"prescriptions_' in sql or '"patients_' in sql]
    plans = [explained(sql)["Plan"] for sql in about_rows]
    return sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in plans)


def heaviest(page: Callable[[], None]) -> tuple[str, list[str]]:
    """The statement that took longest, and its plan as PostgreSQL tells it."""
    with CaptureQueriesContext(connection) as queries:
        page()
    asked = [q["sql"] for q in queries if '"prescriptions_' in q["sql"] or '"patients_' in q["sql"]]
    sql = max(asked, key=lambda one: explained(one)["Execution Time"])
    with inside(_inside[0].pk), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql.replace('%', '%%')}", [])
        return sql, [line for (line,) in cursor.fetchall()]


def looks(client: Client, path: str, expected: str) -> Callable[[], None]:
    def look() -> None:
        response = client.get(path)
        assert response.status_code == 200
        assert expected in response.content.decode()

    return look


@pytest.mark.django_db(transaction=True)
def test_today_costs_the_same_whatever_was_logged(transactional_db, clock, capsys):
    if not database.is_embedded():
        pytest.skip("the rows are copied by the superuser of our own PostgreSQL")
    clinic, empty = make.clinic(), make.clinic(name="Empty clinic")
    _inside[:] = [clinic]
    pattern = make.patient(of=clinic, name="Pattern")
    published = make.edition(of=pattern, lines=[make.line("TILT")])
    make.alarming_log(of=published)
    _as_superuser(
        "SET session_replication_role = replica; UPDATE prescriptions_prescriptionedition"
        f" SET review_on = '{NOW.date()}' WHERE id = {published.pk}"
    )
    with inside(clinic.pk):
        assert PrescriptionEdition.objects.get().review_on
    copy_patients(pattern)
    clock(NOW)
    admin, of_empty = (signed_in(one, Membership.Role.ADMIN) for one in (clinic, empty))
    pages = {
        "today": looks(admin, reverse("home"), f"{PATIENTS} of {PATIENTS} patients"),
        "empty today": looks(of_empty, reverse("home"), "No patients yet"),
        "empty page": looks(of_empty, reverse("prescriptions:unread"), "Unread messages"),
    }
    found: dict[int, dict[str, Cost]] = {}
    done = 0
    with capsys.disabled():
        print(f"\n{PATIENTS} patients, {ROUNDS} rounds by turns; p50 / p95")
        print(f"{'logs':>10}  {'page':12}{'clock':>20}{'Python':>22}{'SQL':>8}{'blocks':>10}")
    for step in STEPS:
        of_each = step // (PATIENTS - 1)
        copy_logs(pattern, done + 1, of_each)
        done = of_each
        found[step] = measured(pages)
        with capsys.disabled():
            for name, cost in found[step].items():
                print(f"{step:10,}  {name:12}{cost}   load {os.getloadavg()[0]:.1f}")
    sql, plan = heaviest(pages["today"])
    with capsys.disabled():
        print(f"\nthe heaviest statement:\n{sql[:1200]}\n" + "\n".join(plan))
        size = len(admin.get(reverse("home")).content)
        print(f"the page: {size:,} bytes before compression")
    beside = {
        step: median(of["today"].wall) / median(of["empty page"].wall) for step, of in found.items()
    }
    growth = beside[STEPS[-1]] / beside[STEPS[0]]
    with capsys.disabled():
        told = ", ".join(f"{times:.2f}" for times in beside.values())
        print(f"times an empty page: {told}; growth {growth:.2f}")
        took = p95(found[STEPS[-1]]["today"].wall)
        print(
            f"95th percentile {1000 * took:.0f} ms, allowed on a quiet machine {1000 * MOST:.0f} ms"
        )
    assert growth <= MOST_GROWTH
