"""Many reminders due at once, and a worker that is killed again and again while it sends them."""

import os
import socket
import subprocess
import sys
import time as clock
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from django.db import connection
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from clinics.models import Clinic
from clinics.tenancy import inside
from patients.models import Device, Patient
from prescriptions import push
from prescriptions.models import (
    PrescribedExercise,
    Prescription,
    PrescriptionEdition,
    PushSubscription,
    Reminder,
    ReminderPlan,
    State,
    every_day,
)
from tests import make
from tests.conftest import as_login
from tests.prescriptions.push_service import Browser, PushService, push_service

OPEN = [State.WAITING, State.SENDING]
GIVES_UP_AFTER = 1200  # seconds


@dataclass(frozen=True)
class Figures:
    """What came of it. `received` counts by the key that never changes for a reminder."""

    due: int
    kills: int
    states: Counter[str]
    unsure: int
    received: Counter[str]
    seconds: float

    @property
    def repeated(self) -> int:
        return self.received.total() - len(self.received)

    def __str__(self) -> str:
        return (
            f"{self.due} reminders due at once, half by mail and half to phones; the worker was"
            f" killed {self.kills} times.\nRows by state: {dict(self.states)}."
            f" Received: {len(self.received)} different ones, {self.repeated} of them twice under"
            f" the same key; {self.unsure} marked as unsure.\n{self.seconds:.0f} seconds,"
            f" {self.due / self.seconds:.0f} a second."
        )


class Inbox(Message):
    """Keeps the key of each mail."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def handle_message(self, message: Any) -> None:
        self.keys.append(message["Message-ID"].strip("<>").partition("@")[0])


def prove(*, due: int, kills: int, clinics: int, waits_for_leases: bool) -> Figures:
    """Have `due` reminders sent by workers of which `kills` are killed with SIGKILL.

    Without `waits_for_leases` what a dead worker held is set free at once, not after a minute.
    """
    inbox = Inbox()
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    mail = Controller(inbox, hostname="127.0.0.1", port=port)
    mail.start()
    try:
        with push_service() as phones, clean_queue():
            houses = [_house(due // 2 // clinics, phones) for _ in range(clinics)]
            began = clock.monotonic()
            _send_and_kill(
                houses,
                inbox,
                phones,
                port,
                due,
                kills,
                waits_for_leases,
            )
            seconds = clock.monotonic() - began
            rows = [row for house in houses for row in _rows(house)]
            keys = [received.headers["topic"] for received in phones.received]
    finally:
        mail.stop()
    return Figures(
        due=due,
        kills=kills,
        states=Counter(state for state, _ in rows),
        unsure=sum(is_unsure for _, is_unsure in rows),
        received=Counter(inbox.keys + keys),
        seconds=seconds,
    )


def _send_and_kill(
    houses: list[Clinic],
    inbox: Inbox,
    phones: PushService,
    port: int,
    due: int,
    kills: int,
    waits_for_leases: bool,
) -> None:
    # The first worker dies while it writes, the others while they send.
    marks = iter([1, *(due * number // kills for number in range(1, kills))])
    environment = _environment(port)
    worker, mark = _start(environment), next(marks, None)
    until = clock.monotonic() + GIVES_UP_AFTER
    try:
        while clock.monotonic() < until:
            written, is_open = _progress(houses)
            if written == due and not is_open:
                return
            so_far = len(inbox.keys) + len(phones.received)
            if mark is not None and (so_far >= mark or (mark == 1 and written)):
                worker.kill()
                worker.wait()
                if not waits_for_leases:
                    _let_go(houses)
                worker, mark = _start(environment), next(marks, None)
            clock.sleep(0.1)
        raise AssertionError("the worker did not get done")
    finally:
        worker.kill()
        worker.wait()


def _start(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "manage.py", "worker"], env=environment)


def _environment(port: int) -> dict[str, str]:
    found = connection.settings_dict
    address = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER"}
    parts = {name: found[key] for name, key in address.items()}
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.prescriptions.worker_settings",
        "SECRET_KEY": "for tests only",
        "VAPID_PRIVATE_KEY": push.new_private_key(),
        "APP_DATABASE_URL": make_conninfo(**parts, password=found["PASSWORD"] or None),
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(port),
        "EMAIL_USE_TLS": "off",
    }


def _progress(houses: list[Clinic]) -> tuple[int, int]:
    """How many rows are written, and how many of them can still change."""
    written = is_open = 0
    for house in houses:
        with inside(house.pk):
            rows = Reminder.objects.filter(clinic=house)
            written += rows.count()
            is_open += rows.filter(state__in=OPEN).count()
    return written, is_open


def _rows(house: Clinic) -> list[tuple[str, bool]]:
    with inside(house.pk):
        return list(Reminder.objects.filter(clinic=house).values_list("state", "is_unsure"))


def _let_go(houses: list[Clinic]) -> None:
    for house in houses:
        with inside(house.pk):
            held = Reminder.objects.filter(clinic=house, state=State.SENDING)
            held.update(try_at=timezone.now())


@contextmanager
def clean_queue() -> Iterator[None]:
    """The queue's tables are not Django's own: nobody else empties them after a test."""
    try:
        yield
    finally:
        with as_login("migrator"), connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers,"
                " procrastinate_workers"
            )


def _house(patients: int, phones: PushService) -> Clinic:
    """A clinic whose patients all have a programme, a phone and a mail address, and are due now."""
    clinic = make.clinic()
    now, browser, number = timezone.now(), Browser(), count()
    wall = now.astimezone(clinic.zone).time().replace(second=0, microsecond=0, tzinfo=None)
    day = now.astimezone(clinic.zone).date()
    line, by = make.line(), make.founder(clinic)
    with inside(clinic.pk):

        def each(model: Any, **fields: Any) -> list[Any]:
            """One row for each patient; a value that is a list has one item for each."""
            return model.objects.bulk_create(
                model(
                    clinic=clinic,
                    **{
                        name: value[place] if isinstance(value, tuple) else value
                        for name, value in fields.items()
                    },
                )
                for place in range(patients)
            )

        people = tuple(
            each(
                Patient,
                name="Ana",
                search_name="ana",
                birth_date=make.TODAY.replace(year=1980),
                email=tuple(f"{next(number)}@example.org" for _ in range(patients)),
            )
        )
        courses = tuple(each(Prescription, patient=people, prescribed_by=by))
        editions = tuple(
            each(
                PrescriptionEdition,
                patient=people,
                prescription=courses,
                number=1,
                starts_on=day - timedelta(days=2),
                edited_by=by,
            )
        )
        each(
            PrescribedExercise,
            patient=people,
            edition=editions,
            exercise_edition=line.exercise.text,
            order=1,
            direction_note="note",
            **line.dosage.as_fields(),
        )
        PrescriptionEdition.objects.filter(clinic=clinic).update(
            published_at=now, published_by_name="Dana"
        )
        devices = tuple(
            each(
                Device,
                patient=people,
                secret_hash=tuple(f"{person.pk}" for person in people),
                label="Phone",
            )
        )
        each(
            PushSubscription,
            patient=people,
            device=devices,
            endpoint=tuple(f"{phones.address}/{person.pk}" for person in people),
            p256dh=browser.p256dh,
            auth=browser.auth,
            created_at=now - timedelta(days=1),
        )
        each(
            ReminderPlan,
            patient=people,
            times=[wall],
            weekdays=every_day(),
            by_email=True,
            looked_until=now - timedelta(minutes=5),
            look_again_at=now,
        )
    return clinic
