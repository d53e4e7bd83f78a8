"""What row-level security costs on the ten main pages, with a million logs; see `make walls-cost`.

Two databases with the same rows, one with the policies on and one with them off, are asked for
the same pages by turns in one process, so that whatever else the machine does meets both alike.
Only the ratios mean something.
"""

import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from math import exp, log
from statistics import fmean, median
from time import perf_counter
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client
from django.urls import reverse

from clinics.models import Membership
from clinics.tenancy import inside
from config import database, embedded
from patients.models import Patient
from portal.access import WHO_HEADER
from portal.forms import NO_PAIN
from prescriptions.models import PrescriptionEdition
from tests import make
from tests.conftest import as_login, signed_in
from tests.prescriptions.conftest import clock
from tests.worlds import phone_of

__all__ = ["clock"]

LOGS = int(os.environ.get("WALLS_LOGS", "1000000"))
ROUNDS = int(os.environ.get("WALLS_ROUNDS", "60"))
MOST = 1.05  # times as long with the policies as without
CLINICS, LOGS_OF_A_PATIENT = 20, 200
PATIENTS = max(CLINICS, LOGS // LOGS_OF_A_PATIENT)
NOW = make.NOW + timedelta(days=400)
# Far above every key that was given out so far.
BASE = 1_000_000

Page = Callable[[], None]


def build(pattern: Patient) -> None:
    """Copy a clinic and a patient with a programme until there are enough, and log every day.

    A patient has 20 to 380 logs, one a day, the last one yesterday. Triggers are off meanwhile, as
    they are while a backup is restored: the rows are copies of rows that passed them.
    """
    clinic = f"(CASE k % {CLINICS} WHEN 0 THEN t.clinic_id ELSE {BASE} + k % {CLINICS} END)"
    shift = f"+ {BASE} + k * 100"
    of_patients = f"generate_series(1, {PATIENTS}) AS k"
    here = f"t.patient_id = {pattern.pk}"
    share = 2 * LOGS_OF_A_PATIENT - 40 + 1
    logs = f"{of_patients}, LATERAL generate_series(1, 20 + (k * 7919) % {share}) AS n"
    done = f"timestamptz '{NOW.isoformat()}' - n * interval '1 day'"
    key = f"{BASE} + k * 1000 + n"
    _copy("clinics_clinic", f"generate_series(1, {CLINICS - 1}) AS k", "true", id=f"{BASE} + k")
    _copy(
        "patients_patient",
        of_patients,
        f"t.id = {pattern.pk}",
        id=f"t.id {shift}",
        clinic_id=clinic,
        name="t.name || ' ' || k",
        search_name="t.search_name || ' ' || k",
        last_logged_at=f"timestamptz '{NOW.isoformat()}' - interval '1 day'",
        therapist_id="NULL",
    )
    patient = {"clinic_id": clinic, "patient_id": f"t.patient_id {shift}"}
    for table, reference in (
        ("patients_episode", None),
        ("patients_safetyscreen", "episode_id"),
        ("prescriptions_prescription", None),
        ("prescriptions_prescriptionedition", "prescription_id"),
        ("prescriptions_prescribedexercise", "edition_id"),
    ):
        references = {reference: f"t.{reference} {shift}"} if reference else {}
        _copy(table, of_patients, here, id=f"t.id {shift}", **patient, **references)
    _copy(
        "prescriptions_sessionlog",
        logs,
        here,
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
        logs,
        here,
        id=f"({key}) * 4 + row_number() OVER (PARTITION BY k, n)",
        log_id=key,
        prescribed_exercise_id=f"t.prescribed_exercise_id {shift}",
        pain_before="n % 6",
        pain_after="n % 5",
        **patient,
    )
    _copy(
        "clinics_auditevent",
        logs,
        f"{here} AND t.verb = 'logged a session'",
        id=key,
        at=done,
        **patient,
    )
    _as_superuser("VACUUM ANALYZE")


def _copy(table: str, source: str, where: str, **changed: str) -> None:
    with as_login("migrator"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
        columns = [name for (name,) in cursor.fetchall()]
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changed.get(name, f't."{name}"') for name in columns)
    _as_superuser(
        "SET session_replication_role = replica;"
        f" INSERT INTO {table} ({names}) SELECT {values}"
        f" FROM (SELECT * FROM {table} AS t WHERE {where} AND t.id < {BASE}) AS t, {source}"
    )


def _as_superuser(statement: str) -> str:
    """Only somebody who may switch triggers off can copy so fast."""
    name = str(connection.settings_dict["NAME"])
    return embedded.local_cluster(testing=True).sql(statement, name)


def make_the_one_without(name: str) -> None:
    connection.close()
    with as_login("migrator"), connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {connection.settings_dict['NAME']}")
    embedded.local_cluster(testing=True).sql(
        "DO $$ DECLARE found record; BEGIN FOR found IN SELECT oid::regclass AS name FROM pg_class"
        " WHERE relrowsecurity LOOP EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY',"
        " found.name); END LOOP; END $$",
        name,
    )


@contextmanager
def connected(wrapper: DatabaseWrapper) -> Iterator[None]:
    before = connections["default"]
    connections["default"] = wrapper
    try:
        yield
    finally:
        connections["default"] = before


def pages(admin: Client, phone: Client, patient: Patient, draft: int) -> Mapping[str, Page]:
    with inside(patient.clinic_id):
        edition = PrescriptionEdition.objects.of_patient(patient).published()[0]
        lines = list(edition.lines.values_list("pk", flat=True))

    def looked_at(browser: Client, path: str) -> Page:
        def look() -> None:
            assert browser.get(path).status_code == 200, path

        return look

    def store() -> None:
        said = {"client_uuid": str(uuid4()), "edition": edition.pk, "answer": "none", "line": lines}
        moment = int(NOW.timestamp() * 1000)
        said |= {"tapped_at": moment, "sent_at": moment, "utc_offset": -240}
        for line in lines:
            said |= {f"line{line}-outcome": "done", f"line{line}-any_pain": NO_PAIN}
        who = {WHO_HEADER: phone.who}
        response = phone.post(reverse("portal:outbox"), said, headers=who)
        assert response.json()["result"] == "stored", response.content

    def of(name: str) -> str:
        return reverse(name, args=[patient.pk])

    return {
        "home": looked_at(admin, reverse("home")),
        "patient": looked_at(admin, of("patient")),
        "progress": looked_at(admin, of("prescriptions:progress")),
        "timeline": looked_at(admin, of("prescriptions:timeline")),
        "desk": looked_at(admin, reverse("prescriptions:edit", args=[draft])),
        "alerts": looked_at(admin, reverse("prescriptions:alerts")),
        "library": looked_at(admin, reverse("exercises:library")),
        "audit": looked_at(admin, reverse("clinics:audit")),
        "portal today": looked_at(phone, reverse("portal:today")),
        "store a log": store,
    }


def times(asked: Mapping[str, Page], on: DatabaseWrapper, off: DatabaseWrapper):
    """Seconds of every page, (with, without) round by round; who begins changes each round."""
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
    for number in range(-3, ROUNDS):
        for name, page in asked.items():
            took = {}
            for wrapper in (on, off) if number % 2 else (off, on):
                with connected(wrapper):
                    began = perf_counter()
                    page()
                    took[wrapper] = perf_counter() - began
            if number >= 0:  # the first rounds only warm up
                measured[name].append((took[on], took[off]))
    return measured


def ratio(pairs: list[tuple[float, float]]) -> float:
    return median(on for on, _ in pairs) / median(off for _, off in pairs)


def spread(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Between which the ratio lies in nine of ten samples drawn from these (a bootstrap)."""
    chance = random.Random(7)
    drawn = sorted(ratio(chance.choices(pairs, k=len(pairs))) for _ in range(400))
    return drawn[20], drawn[379]


@pytest.mark.django_db(transaction=True)
def test_the_walls_cost_at_most_a_twentieth(transactional_db, clock, capsys):
    if not database.is_embedded():
        pytest.skip("the rows are copied by the superuser of our own PostgreSQL")
    clinic = make.clinic()
    pattern = make.patient(of=clinic, name="Pattern")
    make.log(of=make.edition(of=pattern, lines=[make.line("TILT"), make.line("FIL")]))
    build(pattern)
    clock(NOW)
    with inside(clinic.pk):
        patient = Patient.objects.with_clinic().get(pk=pattern.pk + BASE + CLINICS * 100)
        count = int(_as_superuser("SELECT count(*) FROM prescriptions_sessionlog"))
    for _ in range(5):
        make.alarming_log(of=make.edition(of=make.patient(of=clinic)), done_at=NOW)
    draft = make.draft(of=patient, reason="More.").pk
    admin, phone = signed_in(clinic, Membership.Role.ADMIN), phone_of(patient)
    phone.who = phone.get(reverse("portal:today")).content.decode().split('data-who="')[1][:16]
    asked = pages(admin, phone, patient, draft)
    name = f"{connection.settings_dict['NAME']}_without"
    make_the_one_without(name)
    on = connections["default"]
    off = DatabaseWrapper({**connection.settings_dict, "NAME": name}, "default")
    try:
        measured = times(asked, on, off)
    finally:
        off.close()
        with as_login("migrator"), connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")
    with capsys.disabled():
        print(f"\n{count:,} logs, {ROUNDS} rounds by turns; load {os.getloadavg()[0]:.1f}")
        print(f"{'page':14}{'without':>10}{'with':>10}{'ratio':>8}   nine in ten")
        for page, pairs in measured.items():
            on_ms, off_ms = (1000 * median(pair[i] for pair in pairs) for i in (0, 1))
            low, high = spread(pairs)
            print(
                f"{page:14}{off_ms:7.1f} ms{on_ms:7.1f} ms{ratio(pairs):8.3f}"
                f"   {low:.3f}-{high:.3f}"
            )
        together = exp(fmean(log(ratio(pairs)) for pairs in measured.values()))
        print(f"{'all (geometric mean)':34}{together:8.3f}")
    assert together <= MOST
    assert not [page for page, pairs in measured.items() if spread(pairs)[0] > MOST]
