"""The days rolled up by the database are the same as those counted from the raw rows."""

from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from itertools import groupby
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.utils import IntegrityError, ProgrammingError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clinics.models import Clinic
from patients.models import Patient
from prescriptions import actions, watch
from prescriptions.models import (
    EntryResponse,
    FollowUp,
    LoggedDay,
    Moment,
    Outcome,
    PrescriptionEdition,
    SessionLog,
)
from tests import make
from tests.conftest import as_login
from tests.make import NOW, inside

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
COLUMNS = ("local_date", "logs", "entries", "red", "amber", "worst_pain", "told_at", "worse_at")
# New York puts its clocks forward on 8 March and back on 1 November 2026.
FORWARD = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
BACK = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)


def rolled_up(patient) -> list[tuple]:
    with inside(patient.clinic_id):
        days = LoggedDay.objects.of_patient(patient).order_by("local_date")
        return list(days.values_list(*COLUMNS))


def by_hand(patient) -> list[tuple]:
    """The same from every raw row, one after the other."""
    with inside(patient.clinic_id):
        logs = list(SessionLog.objects.of_patient(patient).prefetch_related("entries"))
        newest = {
            response.entry_id: response
            for response in EntryResponse.objects.of_patient(patient).order_by("pk")
        }
    replaced = {log.corrects_id for log in logs}
    counting = [log for log in logs if not log.is_withdrawal and log.pk not in replaced]
    counting.sort(key=lambda log: log.local_date)
    found = []
    for day, on_day in groupby(counting, key=lambda log: log.local_date):
        those = list(on_day)
        entries = [entry for log in those for entry in log.entries.all()]
        said = [newest[entry.pk] for entry in entries if entry.pk in newest]
        worse = [response.at for response in said if response.colour in {"red", "amber"}]
        pains = [pain for entry in entries for moment in Moment for pain in [entry.pain(moment)]]
        found.append(
            (
                day,
                len(those),
                len(entries),
                sum(response.colour == "red" for response in said),
                sum(response.colour == "amber" for response in said),
                max((pain for pain in pains if pain is not None), default=None),
                max(log.received_at for log in those),
                max(worse, default=None),
            )
        )
    return found


def log(edition, *, done_at=NOW, late=0 * HOUR, pain=(2, 3, 1), corrects=None, numb=()):
    """A session from the patient's phone, received `late`; a correction of an earlier one."""
    with inside(edition.clinic_id, patient_id=edition.patient_id):
        by = Patient.objects.only("pk", "clinic", "time_zone").get(pk=edition.patient_id)
        mine = PrescriptionEdition.objects.get(pk=edition.pk)
        entries = [
            actions.EntryReport(
                line.pk,
                Outcome.DONE,
                None,
                dict(zip(Moment, pain, strict=True)),
                numb_after=numb,
            )
            for line in mine.lines.all()
        ]
        sent = {"entries": entries, "client_uuid": uuid4(), "by": by}
        if corrects is not None:
            first = SessionLog.objects.get(pk=corrects.pk)
            return actions.correct_session(log=first, received_at=done_at + late, **sent)
        return actions.record_session(
            edition=mine, done_at=done_at, received_at=done_at + late, **sent
        )


def take_back(logged, *, at) -> None:
    with inside(logged.clinic_id, patient_id=logged.patient_id):
        by = Patient.objects.only("pk", "clinic", "time_zone").get(pk=logged.patient_id)
        first = SessionLog.objects.get(pk=logged.pk)
        actions.withdraw_session(log=first, received_at=at, by=by)


def answer(patient, *, still_worse: bool, at) -> bool:
    """Answer the first question that is open; False if there is none."""
    with inside(patient.clinic_id, patient_id=patient.pk):
        by = Patient.objects.only("pk", "clinic", "time_zone").get(pk=patient.pk)
        due = FollowUp.objects.of_patient(by).with_exercises().filter(answers=None)
        asked = due.order_by("due_at", "pk").first()
        if asked is not None:
            watch.answer(follow_up=asked, still_worse=still_worse, at=at, by=by)
        return asked is not None


# One thing after the other


def test_a_day_counts_its_logs_entries_and_worst_pain(patient):
    edition = make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])
    log(edition, pain=(0, None, 4))
    log(edition, done_at=NOW + HOUR, pain=(None, None, None))
    ((day, logs, entries, red, amber, worst, told_at, worse_at),) = rolled_up(patient)
    assert (day, logs, entries) == (NOW.date(), 2, 4)
    assert (red, amber, worst) == (0, 2, 4)  # pain rose by four in the first
    assert (told_at, worse_at) == (NOW + HOUR, NOW)


def test_a_day_without_an_answer_has_no_worst_pain_and_not_zero(patient):
    log(make.edition(of=patient), pain=(None, None, None))
    assert rolled_up(patient)[0][5] is None


def test_a_correction_replaces_what_it_corrects(patient):
    edition = make.edition(of=patient)
    first = log(edition, pain=(1, 9, 1))
    log(edition, corrects=first, done_at=NOW, late=HOUR, pain=(1, 2, 1))
    assert rolled_up(patient) == by_hand(patient)
    assert [(row[1], row[5]) for row in rolled_up(patient)] == [(1, 2)]


def test_a_day_whose_logs_are_all_taken_back_is_no_logged_day(patient):
    edition = make.edition(of=patient)
    first, second = log(edition), log(edition, done_at=NOW - DAY)
    take_back(first, at=NOW + HOUR)
    assert [row[0] for row in rolled_up(patient)] == [second.local_date]


def test_an_answer_to_a_question_asked_again_changes_the_colour_of_the_day(patient):
    log(make.edition(of=patient), pain=(1, 5, 4))
    assert [row[3:5] for row in rolled_up(patient)] == [(0, 1)]
    answer(patient, still_worse=True, at=NOW + 2 * HOUR)
    assert [row[3:5] for row in rolled_up(patient)] == [(1, 0)]
    assert rolled_up(patient)[0][7] == NOW + 2 * HOUR


def test_a_late_log_goes_to_the_day_it_was_done(patient):
    edition = make.edition(of=patient)
    log(edition, done_at=NOW - 3 * DAY, late=2 * DAY)
    ((day, *_, told_at, _),) = rolled_up(patient)
    assert (day, told_at) == ((NOW - 3 * DAY).date(), NOW - DAY)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"])
def test_days_are_those_of_the_patients_own_calendar(clinic, zone):
    patient = make.patient(of=clinic, time_zone=zone)
    edition = make.edition(of=patient)
    for hour in range(0, 48, 7):
        log(edition, done_at=NOW - hour * HOUR)
    assert rolled_up(patient) == by_hand(patient)
    assert sum(row[1] for row in rolled_up(patient)) == 7


# Any history

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("log"),
            st.integers(0, 6 * 24 * 4),  # quarters of an hour before now
            st.integers(0, 72),  # hours late
            st.tuples(*[st.none() | st.integers(0, 10)] * 3),
            st.booleans(),
        ),
        st.tuples(
            st.just("correct"), st.integers(0, 9), st.tuples(*[st.none() | st.integers(0, 10)] * 3)
        ),
        st.tuples(st.just("take back"), st.integers(0, 9)),
        st.tuples(st.just("answer"), st.booleans()),
        st.tuples(st.just("edition")),
    ),
    min_size=1,
    max_size=8,
)


@contextmanager
def forgotten():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],  # to shrink what fails would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, now=st.sampled_from([NOW, FORWARD + 2 * DAY, BACK + 2 * DAY]))
def test_whatever_was_logged_corrected_and_taken_back(patient, steps, now):
    with forgotten():
        edition, standing = make.edition(of=patient), []
        for number, (act, *how) in enumerate(steps):
            at = now + number * MINUTE
            if act == "log":
                quarters, late, pain, is_numb = how
                done_at = now - quarters * 15 * MINUTE
                numb = ("low-5-L",) if is_numb else ()
                standing.append(
                    log(edition, done_at=done_at, late=late * HOUR, pain=pain, numb=numb)
                )
            elif act == "answer":
                answer(patient, still_worse=how[0], at=at)
            elif act == "edition":
                # Not where a log has paused what would be in it.
                with suppress(actions.Blocked), transaction.atomic():
                    lines = [make.line("FIL"), make.line("TILT")]
                    edition = make.edition(of=patient, lines=lines)
            elif standing:
                first = standing.pop(how[0] % len(standing))
                # Within the seven days in which a log may be corrected.
                when = {"done_at": first.done_at, "late": DAY}
                if act == "correct":
                    of_first = PrescriptionEdition(
                        pk=first.edition_id, clinic_id=first.clinic_id, patient_id=patient.pk
                    )
                    standing.append(log(of_first, corrects=first, pain=how[1], **when))
                else:
                    take_back(first, at=first.done_at + DAY)
            assert rolled_up(patient) == by_hand(patient)


# The migration, and who may write


@pytest.mark.django_db(transaction=True)
def test_the_migration_fills_in_what_was_logged_before(transactional_db):
    clinic = make.clinic()
    patient = make.patient(of=clinic)
    edition = make.edition(of=patient)
    first = log(edition, pain=(1, 7, 4))
    log(edition, corrects=first, late=HOUR, pain=(1, 6, 5))
    take_back(log(edition, done_at=NOW - DAY), at=NOW)
    log(edition, done_at=NOW - 2 * DAY)
    before = rolled_up(patient)
    with as_login("migrator"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE prescriptions_loggedday")
        assert rolled_up(patient) == []
        cursor.execute(import_module("prescriptions.migrations.0015_today").FILL.sql)
    assert rolled_up(patient) == before == by_hand(patient)


@pytest.mark.django_db(transaction=True)
def test_without_the_trigger_the_days_are_wrong(transactional_db):
    """The twin: what the tests above compare really comes from the trigger."""
    patient = make.patient(of=make.clinic())
    edition = make.edition(of=patient)
    table = "prescriptions_sessionlog"
    with as_login("migrator"), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_rolled_up")
    try:
        take_back(log(edition), at=NOW + HOUR)
        assert rolled_up(patient) != by_hand(patient) == []
    finally:
        with as_login("migrator"), connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_rolled_up")


@pytest.mark.parametrize(
    "forbidden",
    [
        "INSERT INTO prescriptions_loggedday (clinic_id) VALUES (1)",
        "UPDATE prescriptions_loggedday SET red = 0",
        "DELETE FROM prescriptions_loggedday",
        "SELECT bearing_roll_up_day(1, 1, '2026-05-20')",
    ],
)
def test_nobody_but_the_trigger_writes_a_day(patient, forbidden):
    log(make.edition(of=patient))
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with refused, inside(patient.clinic_id), connection.cursor() as cursor:
        cursor.execute(forbidden)


def test_a_phone_does_not_see_the_days(patient):
    log(make.edition(of=patient))
    refused = pytest.raises(DatabaseError, match="permission denied")
    with refused, inside(patient.clinic_id, patient_id=patient.pk):
        LoggedDay.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"logs": 0}, id="no log"),
        pytest.param({"worst_pain": 11}, id="more than there is"),
        pytest.param({"red": 1, "worse_at": None}, id="red without a time"),
        pytest.param({"red": 0, "amber": 0, "worse_at": NOW}, id="a time without a colour"),
    ],
)
def test_the_database_refuses_a_day_that_cannot_be(transactional_db, wrong):
    clinic = make.clinic()
    patient = make.patient(of=clinic)
    fields = {"logs": 1, "entries": 1, "red": 0, "amber": 0, "told_at": NOW}
    with as_login("migrator"), pytest.raises(IntegrityError):
        LoggedDay.objects.create(
            clinic=Clinic(pk=clinic.pk),
            patient=patient,
            local_date=date(2026, 5, 20),
            **fields | wrong,
        )
