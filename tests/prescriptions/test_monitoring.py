"""The records of remote monitoring: what the database keeps and refuses, timers, and figures that
are counted a second time from raw rows."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinics.models import AuditEvent, Membership
from clinics.tenancy import inside
from patients import actions as patient_actions
from patients.models import Patient
from prescriptions import actions as programme
from prescriptions.models import (
    LiveContact,
    MonitoringConsent,
    MonitoringSetup,
    SessionLog,
    WorkTime,
    WorkTimer,
)
from prescriptions.monitoring import actions, telling
from prescriptions.monitoring.report import report_of
from prescriptions.phone_time import PhoneTime
from prescriptions.sample import clinic as sample
from tests import make
from tests.conftest import as_login
from tests.make import NOW, TODAY

MINUTE = timedelta(minutes=1)
KEPT = [MonitoringConsent, MonitoringSetup, WorkTime, LiveContact]


@pytest.fixture
def monitored(patient) -> Patient:
    """A patient of a clinic that keeps these records."""
    make.keeps_monitoring(patient.clinic)
    return patient


def of_month(patient: Patient, *, now: datetime = NOW, month: date | None = None):
    with inside(patient.clinic_id):
        return report_of(patient, month=month or now.date(), now=now)


def paper_of(patient: Patient, *, now: datetime = NOW, month: date | None = None):
    return telling.told(of_month(patient, now=now, month=month), patient=patient)


def figures(patient: Patient, **when) -> dict[str, telling.Figure]:
    return {figure.name: figure for figure in paper_of(patient, **when).figures}


def audited(patient: Patient) -> list[str]:
    with inside(patient.clinic_id):
        of_patient = AuditEvent.objects.filter(patient_id=patient.pk)
        return list(of_patient.order_by("pk").values_list("verb", flat=True))


# Evidence is kept as written.


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_to_change_what_was_recorded(transactional_db):
    patient = make.patient(of=make.clinic())
    make.monitored(patient)
    statements = [
        sql.format(model._meta.db_table)
        for model in KEPT
        for sql in ("UPDATE {} SET reason = reason", "DELETE FROM {}")
    ]
    for sql in statements:
        with pytest.raises(DatabaseError, match="denied"), inside(patient.clinic_id):
            connection.cursor().execute(sql)
    with as_login("migrator"):
        for sql in statements:
            with pytest.raises(IntegrityError, match="is kept"), transaction.atomic():
                connection.cursor().execute(sql)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda one: make.consent(of=one, kind="perhaps"), "consent_kind"),
        (lambda one: make.consent(of=one, wording=""), "consent_to_words"),
        (lambda one: make.consent(of=one, given_by=""), "consent_by_somebody"),
        (lambda one: make.setup(of=one, what=""), "setup_says_what"),
        (lambda one: make.work_time(of=one, begin=NOW, end=NOW), "worktime_in_order"),
        (
            lambda one: make.work_time(of=one, begin=NOW - timedelta(hours=13), end=NOW),
            "worktime_in_order",
        ),
        (
            lambda one: make.work_time(of=one, begin=NOW, end=NOW + MINUTE, at=NOW),
            "worktime_not_from_the_future",
        ),
        (lambda one: make.contact(of=one, minutes=0), "livecontact_minutes"),
        (lambda one: make.contact(of=one, way="sms"), "livecontact_way"),
        (lambda one: make.contact(of=one, reason="no"), "livecontact_corrected_with_a_reason"),
    ],
)
def test_the_database_refuses(monitored, wrong, says):
    with pytest.raises(IntegrityError, match=says):
        wrong(monitored)


def test_a_correction_needs_a_reason_and_stands_for_one_entry(monitored):
    first = make.contact(of=monitored, minutes=5)
    with pytest.raises(IntegrityError, match="corrected_with_a_reason"), transaction.atomic():
        make.contact(of=monitored, minutes=6, corrects=first)
    make.contact(of=monitored, minutes=6, corrects=first, reason="It was longer.")
    with pytest.raises(programme.AlreadyCorrected):
        make.contact(of=monitored, minutes=7, corrects=first, reason="No, longer.")
    entry = LiveContact(
        clinic_id=monitored.clinic_id,
        patient=monitored,
        corrects=first,
        reason="Past the action.",
        at=NOW,
        minutes=1,
        way="phone",
        whom="patient",
        user=make.founder(monitored.clinic),
        recorded_by=make.founder(monitored.clinic),
        client_uuid=uuid4(),
    )
    with (
        pytest.raises(IntegrityError, match="corrected_once"),
        inside(monitored.clinic_id),
        transaction.atomic(),
    ):
        entry.save()


@pytest.mark.django_db(transaction=True)
def test_a_correction_stands_for_an_entry_of_the_same_patient(transactional_db):
    clinic = make.clinic()
    make.keeps_monitoring(clinic)
    one, other = make.patient(of=clinic), make.patient(of=clinic)
    first = make.contact(of=one)
    with pytest.raises(IntegrityError, match="same_clinic"):
        make.contact(of=other, corrects=first, reason="Not of this patient.")


def test_what_is_sent_twice_is_stored_once(monitored):
    key = uuid4()
    first = make.contact(of=monitored, client_uuid=key)
    assert make.contact(of=monitored, client_uuid=key).pk == first.pk
    # A page gone back to and changed says something new.
    assert make.contact(of=monitored, client_uuid=key, minutes=9).pk != first.pk
    assert audited(monitored).count("recorded a live contact") == 2


@pytest.mark.parametrize("make_one", [make.consent, make.setup, make.contact, make.timer])
def test_nothing_is_recorded_where_the_clinic_keeps_no_such_records(patient, make_one):
    with pytest.raises(actions.MonitoringOff):
        make_one(of=patient)


def test_nothing_is_recorded_of_an_archived_patient(monitored):
    with inside(monitored.clinic_id):
        patient_actions.archive(patient=monitored, by=make.founder(monitored.clinic), at=NOW)
    with pytest.raises(patient_actions.PatientArchived):
        make.consent(of=monitored)


def test_what_was_taken_back_is_kept_and_no_longer_counts(monitored):
    entry = make.work_time(of=monitored, begin=NOW - 15 * MINUTE, end=NOW)
    assert of_month(monitored).minutes == 15
    with inside(monitored.clinic_id):
        actions.take_back(
            entry=entry,
            patient=monitored,
            reason="Of somebody else.",
            client_uuid=uuid4(),
            by=make.founder(monitored.clinic),
            at=NOW,
        )
    after = of_month(monitored)
    assert after.minutes == 0
    assert len(after.rows.times) == 2
    (_, _, minutes, _, _) = paper_of(monitored).parts
    assert [row.counts for row in minutes.entries] == [False, False]
    assert "Of somebody else." in minutes.entries[1].state


# Consent.


def test_consent_counts_from_its_day_until_it_is_withdrawn(monitored):
    edition = make.edition(of=monitored)
    for day in (1, 5, 10, 15):
        make.log(of=edition, done_at=datetime(2026, 5, day, 15, tzinfo=UTC))
    make.consent(of=monitored, on=date(2026, 5, 5))
    make.consent(of=monitored, on=date(2026, 5, 12), kind="withdrawn")
    report = of_month(monitored)
    assert len(report.days) == 4
    assert [one.day.day for one in report.without_consent] == [1, 15]
    assert figures(monitored)["days"].more == "2 of them without a consent on record"


# The timer.


@pytest.fixture
def anna(monitored):
    """A therapist of the clinic."""
    person = make.user(name="Anna Berg")
    make.member(user=person, of=monitored.clinic)
    return person


def stop(patient: Patient, by, at: datetime, **more):
    with inside(patient.clinic_id):
        return actions.stop_timer(clinic_id=patient.clinic_id, by=by, at=at, **more)


def touch(patient: Patient, by, at: datetime):
    with inside(patient.clinic_id):
        return actions.keep_timer(patient=patient, by=by, at=at)


def times(patient: Patient) -> list[tuple]:
    with inside(patient.clinic_id):
        rows = WorkTime.objects.of_patient(patient).order_by("pk")
        return [(row.started_at, row.stopped_at, row.how) for row in rows]


def running(clinic) -> int:
    with inside(clinic.pk):
        return WorkTimer.objects.of(clinic).count()


def test_a_timer_that_is_stopped_becomes_an_entry(monitored, anna):
    make.timer(of=monitored, by=anna)
    _, time = stop(monitored, anna, NOW + 4 * MINUTE, what="Read the logs")
    assert times(monitored) == [(NOW, NOW + 4 * MINUTE, "button")]
    assert (time.user, time.credential, time.what, time.idle_minutes) == (
        anna,
        "pt",
        "Read the logs",
        5,
    )
    assert running(monitored.clinic) == 0
    assert audited(monitored)[-2:] == ["started a timer", "stopped a timer"]


def test_start_and_stop_pressed_twice_change_nothing_more(monitored, anna):
    first = make.timer(of=monitored, by=anna)
    assert make.timer(of=monitored, by=anna, at=NOW + MINUTE).pk == first.pk
    stop(monitored, anna, NOW + 2 * MINUTE)
    assert stop(monitored, anna, NOW + 3 * MINUTE) == (None, None)
    assert len(times(monitored)) == 1


def test_signs_of_work_keep_a_timer_running(monitored, anna):
    make.timer(of=monitored, by=anna)
    for minute in (4, 8, 12):
        assert touch(monitored, anna, NOW + minute * MINUTE) is not None
    stop(monitored, anna, NOW + 16 * MINUTE)
    assert times(monitored) == [(NOW, NOW + 16 * MINUTE, "button")]


def test_a_timer_left_alone_ends_at_the_last_sign_of_work(monitored, anna):
    make.timer(of=monitored, by=anna)
    touch(monitored, anna, NOW + 3 * MINUTE)
    assert touch(monitored, anna, NOW + 40 * MINUTE) is None
    assert times(monitored) == [(NOW, NOW + 3 * MINUTE, "idle")]


def test_a_timer_without_any_sign_of_work_leaves_no_time(monitored, anna):
    make.timer(of=monitored, by=anna)
    ran, time = stop(monitored, anna, NOW + 40 * MINUTE)
    assert ran is not None
    assert time is None
    assert times(monitored) == []
    assert audited(monitored)[-1] == "ended a timer without time"


def test_the_worker_ends_timers_that_nobody_touches(monitored, anna):
    make.timer(of=monitored, by=anna)
    touch(monitored, anna, NOW + 3 * MINUTE)
    at = NOW + 8 * MINUTE
    assert actions.end_idle_timers(clinic_id=monitored.clinic_id, at=at) == 0
    assert actions.end_idle_timers(clinic_id=monitored.clinic_id, at=at + MINUTE) == 1
    assert times(monitored) == [(NOW, NOW + 3 * MINUTE, "idle")]


def test_a_sign_of_work_on_another_patients_page_is_none_for_this_timer(monitored, anna):
    other = make.patient(of=monitored.clinic)
    make.timer(of=monitored, by=anna)
    touch(other, anna, NOW + 4 * MINUTE)
    stop(monitored, anna, NOW + 6 * MINUTE)
    assert times(monitored) == []


def test_a_timer_for_the_next_patient_ends_the_one_before(monitored, anna):
    other = make.patient(of=monitored.clinic)
    make.timer(of=monitored, by=anna)
    make.timer(of=other, by=anna, at=NOW + 4 * MINUTE)
    assert times(monitored) == [(NOW, NOW + 4 * MINUTE, "button")]
    assert running(monitored.clinic) == 1


def test_the_database_allows_one_running_timer_per_person(monitored, anna):
    other = make.patient(of=monitored.clinic)
    first = make.timer(of=monitored, by=anna)
    with (
        pytest.raises(IntegrityError, match="one_timer_per_person"),
        inside(monitored.clinic_id),
        transaction.atomic(),
    ):
        WorkTimer.objects.create(
            clinic_id=monitored.clinic_id,
            patient=other,
            user=anna,
            credential="pt",
            started_at=NOW,
            active_at=NOW,
            idle_minutes=5,
            client_uuid=uuid4(),
        )
    make.timer(of=monitored, by=make.founder(monitored.clinic))
    assert running(monitored.clinic) == 2
    assert first.user == anna


# Figures.


def test_the_page_says_what_is_missing(monitored):
    edition = make.edition(of=monitored)
    make.setup(of=monitored, on=date(2026, 5, 13), windows_from=date(2026, 5, 13))
    for day in range(13, 20):
        make.log(of=edition, done_at=datetime(2026, 5, day, 15, tzinfo=UTC))
    make.work_time(of=monitored, begin=NOW - 14 * MINUTE, end=NOW)
    said = figures(monitored)
    window = said["window-2026-05-13"]
    assert (window.value, window.band) == ("7", "2–15 days")
    assert window.missing == "9 more data days by 11 Jun 2026 for 16–30"
    assert len(window.made_of) == 7
    assert (said["total"].value, said["total"].band) == ("14", "10–19 minutes")
    assert said["total"].missing == "6 more minutes by 31 May 2026 for 20–39"


def test_a_band_that_days_to_come_cannot_reach_is_told(monitored):
    make.setup(of=monitored, on=date(2026, 5, 1), windows_from=date(2026, 5, 1))
    (figure,) = of_month(monitored, now=datetime(2026, 5, 29, 15, tzinfo=UTC)).windows
    assert (figure.missing.number, figure.missing.left) == (2, 2)
    said = figures(monitored, now=datetime(2026, 5, 30, 15, tzinfo=UTC))["window-2026-05-01"]
    assert "the 1 day left are too few" not in said.missing
    assert "only 1 day is left" in said.missing


def test_what_is_over_lacks_nothing_any_more(monitored):
    make.setup(of=monitored, on=date(2026, 4, 1), windows_from=date(2026, 4, 1))
    make.work_time(
        of=monitored,
        begin=datetime(2026, 4, 2, 9, tzinfo=UTC),
        end=datetime(2026, 4, 2, 9, 12, tzinfo=UTC),
    )
    said = figures(monitored, month=date(2026, 4, 1))
    assert said["window-2026-04-01"].missing == ""
    assert (said["total"].value, said["total"].missing) == ("12", "")


def test_a_late_log_does_not_move_the_windows(monitored):
    edition = make.edition(of=monitored)
    make.setup(of=monitored, on=date(2026, 5, 10), windows_from=date(2026, 5, 10))
    before = [one.window for one in of_month(monitored).windows]
    make.log(of=edition, done_at=datetime(2026, 5, 2, 15, tzinfo=UTC))
    after = of_month(monitored)
    assert [one.window for one in after.windows] == before
    assert len(after.days) == 1
    assert len(after.windows[0].days) == 0


def test_time_for_another_patient_is_not_counted_again(monitored, anna):
    other = make.patient(of=monitored.clinic)
    make.work_time(of=other, begin=NOW - 30 * MINUTE, end=NOW - 10 * MINUTE, user=anna)
    make.work_time(of=monitored, begin=NOW - 20 * MINUTE, end=NOW, user=anna)
    assert of_month(other).minutes == 20
    assert of_month(monitored).minutes == 10


def test_the_days_are_the_patients_and_the_months_minutes_the_clinics(monitored):
    with inside(monitored.clinic_id):
        Patient.objects.filter(pk=monitored.pk).update(time_zone="Australia/Sydney")
    there = Patient.objects.select_related("clinic")
    with inside(monitored.clinic_id):
        traveller = there.get(pk=monitored.pk)
    edition = make.edition(of=traveller)
    # 20:00 on the 31st in New York is the first of June in Sydney.
    moment = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
    make.log(of=edition, done_at=moment)
    make.work_time(of=traveller, begin=moment, end=moment + 10 * MINUTE)
    now = moment + timedelta(days=1)
    may = of_month(traveller, now=now, month=date(2026, 5, 1))
    june = of_month(traveller, now=now, month=date(2026, 6, 1))
    assert ([one.day.day for one in may.days], may.minutes) == ([], 10)
    assert ([one.day.day for one in june.days], june.minutes) == ([1], 0)


def test_the_queries_do_not_grow_with_the_rows(monitored, anna, django_assert_num_queries):
    edition = make.edition(of=monitored)
    make.consent(of=monitored)
    make.setup(of=monitored)

    def one_more(number: int) -> None:
        make.log(of=edition, done_at=NOW - number * timedelta(hours=1))
        begin = NOW - number * timedelta(hours=2)
        make.work_time(of=monitored, begin=begin, end=begin + MINUTE, user=anna)
        make.contact(of=monitored, at_moment=begin)

    for number in range(1, 4):
        one_more(number)
        with inside(monitored.clinic_id), django_assert_num_queries(7):
            telling.told(report_of(monitored, month=TODAY, now=NOW), patient=monitored)


# Every figure a second time, straight from the tables, in plain Python.


def raw(sql: str, *parameters) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def days_by_hand(patient: Patient) -> dict[date, set[int]]:
    """Days with data, each with the first logs of its sessions, from rows of the table."""
    rows = raw(
        "SELECT id, local_date, corrects_id, is_withdrawal, entered_by_id"
        " FROM prescriptions_sessionlog WHERE patient_id = %s",
        patient.pk,
    )
    by_key = {row[0]: row for row in rows}
    corrected = {row[2] for row in rows}
    found = defaultdict(set)
    for key, day, corrects, is_withdrawal, _ in rows:
        if key in corrected or is_withdrawal:
            continue
        root = key
        while by_key[root][2] is not None:
            root = by_key[root][2]
        if by_key[root][4] is None:
            found[day].add(root)
        assert corrects is None or corrects in by_key
    return found


def minutes_by_hand(patient: Patient, month: date) -> dict[int, set[int]]:
    """Minutes of the month by person, each once and for the entry that began first.

    All that is written here begins and ends with a minute.
    """
    rows = raw(
        "SELECT id, patient_id, user_id, started_at, stopped_at, corrects_id, is_taken_back"
        " FROM prescriptions_worktime WHERE clinic_id = %s",
        patient.clinic_id,
    )
    corrected = {row[5] for row in rows}
    standing = [row for row in rows if row[0] not in corrected and not row[6]]
    owner: dict[tuple[int, int], int] = {}
    for _, of, user, begin, end, _, _ in sorted(standing, key=lambda row: (row[3], row[0])):
        for minute in range(int(begin.timestamp()), int(end.timestamp()), 60):
            owner.setdefault((user, minute), of)
    zone = patient.clinic.zone
    found = defaultdict(set)
    for (user, minute), of in owner.items():
        local = datetime.fromtimestamp(minute, zone)
        if of == patient.pk and (local.year, local.month) == (month.year, month.month):
            found[user].add(minute)
    return found


def agree(patient: Patient, *, month: date, now: datetime) -> None:
    """Each figure of the month equals the one counted by hand, and so do its entries."""
    with inside(patient.clinic_id):
        report = report_of(patient, month=month, now=now)
        by_day, by_person = days_by_hand(patient), minutes_by_hand(patient, month)
        starts = raw(
            "SELECT windows_from FROM prescriptions_monitoringsetup AS one WHERE patient_id = %s"
            " AND windows_from IS NOT NULL AND NOT is_taken_back AND NOT EXISTS (SELECT FROM"
            " prescriptions_monitoringsetup AS later WHERE later.corrects_id = one.id)",
            patient.pk,
        )
    said = {figure.name: figure for figure in telling.told(report, patient=patient).figures}
    of_month = {day for day in by_day if (day.year, day.month) == (month.year, month.month)}
    assert said["days"].value == str(len(of_month))
    assert set(said["days"].made_of) == {f"L{key}" for day in of_month for key in by_day[day]}
    for figure in report.windows:
        first = figure.window.first
        series = max(start for (start,) in starts if start <= first)
        ends = min([start for (start,) in starts if start > series], default=date.max)
        inside_it = {
            day
            for day in by_day
            if 0 <= (day - first).days < 30 and day < ends and (first - series).days % 30 == 0
        }
        told = said[f"window-{first}"]
        assert told.value == str(len(inside_it))
        assert set(told.made_of) == {f"L{key}" for day in inside_it for key in by_day[day]}
        if figure.missing:
            assert len(inside_it) + figure.missing.number in (2, 16)
    worked = [minute for of in by_person.values() for minute in of]
    assert report.seconds == 60 * len(worked)
    assert said["total"].value == str(len(worked))
    assert report.at_once == 60 * sum(1 for times in Counter(worked).values() if times > 1)


CAME = st.sampled_from(["portal", "phone", "staff"])
LENGTHS = st.integers(1, 90)
acts = st.lists(
    st.one_of(
        st.tuples(
            st.just("log"), st.integers(0, 75), st.sampled_from(["portal", "phone", "staff"])
        ),
        st.tuples(st.just("time"), st.integers(0, 75), LENGTHS),
        st.tuples(st.just("elsewhere"), st.integers(0, 75), LENGTHS),
        st.tuples(st.just("correct a log"), st.integers(0, 20), st.booleans()),
        st.tuples(st.just("correct a time"), st.integers(0, 20), st.booleans()),
        st.tuples(st.just("set up"), st.integers(0, 75), st.just(0)),
    ),
    min_size=3,
    max_size=14,
)
# Both changes of clock of the clinic's zone lie in the time that is lived through.
BEGINS = {
    "spring": datetime(2026, 2, 14, 2, tzinfo=UTC),
    "autumn": datetime(2026, 10, 1, 3, tzinfo=UTC),
}


class Life:
    """A random history, by the actions that the pages use."""

    def __init__(self, clinic, begin: datetime) -> None:
        self.clinic, self.begin = clinic, begin
        self.patient = make.patient(of=clinic, time_zone="Australia/Sydney")
        self.other = make.patient(of=clinic)
        self.edition = make.edition(of=self.patient)
        self.people = [make.founder(clinic), make.user()]
        make.member(user=self.people[1], of=clinic)
        self.logs, self.times = [], []
        self.now = begin + timedelta(days=80)

    def live(self, number: int, act: str, day: int, more: object) -> None:
        moment = self.begin + timedelta(days=day, minutes=37 * number)
        with inside(self.clinic.pk):
            match act:
                case "log":
                    self.logs.append(self.log(moment, more))
                case "time" | "elsewhere":
                    of = self.patient if act == "time" else self.other
                    person = self.people[number % 2]
                    self.times.append(
                        make.work_time(
                            of=of,
                            begin=moment,
                            end=moment + more * MINUTE,
                            user=person,
                            at=self.now,
                        )
                    )
                case "correct a log" if day < len(self.logs):
                    self.correct_log(self.logs.pop(day), is_withdrawal=more)
                case "correct a time" if day < len(self.times):
                    self.correct_time(self.times.pop(day), is_taken_back=more)
                case "set up":
                    make.setup(of=self.patient, on=moment.date(), windows_from=moment.date())

    def log(self, moment: datetime, came: str) -> SessionLog:
        is_phone = came == "phone"
        entries = [
            programme.EntryReport(line.pk, "done", None, {}) for line in self.edition.lines.all()
        ]
        edition = self.edition
        edition.patient = self.patient
        return programme.record_session(
            edition=edition,
            entries=entries,
            client_uuid=uuid4(),
            done_at=moment,
            received_at=moment + timedelta(days=3 if is_phone else 0),
            by=make.founder(self.clinic) if came == "staff" else self.patient,
            phone=PhoneTime(moment, 600) if is_phone else PhoneTime(),
        )

    def correct_log(self, log: SessionLog, *, is_withdrawal: bool) -> None:
        received_at = log.received_at + timedelta(hours=1)
        if is_withdrawal:
            programme.withdraw_session(log=log, received_at=received_at, by=self.patient)
            return
        entries = [
            programme.EntryReport(line.pk, "part", None, {}) for line in self.edition.lines.all()
        ]
        programme.correct_session(
            log=log,
            entries=entries,
            client_uuid=uuid4(),
            received_at=received_at,
            by=self.patient,
        )

    def correct_time(self, time: WorkTime, *, is_taken_back: bool) -> None:
        by, of = make.founder(self.clinic), time.patient
        if is_taken_back:
            actions.take_back(
                entry=time, patient=of, reason="Wrong.", client_uuid=uuid4(), by=by, at=self.now
            )
        else:
            later = time.stopped_at + 10 * MINUTE
            kept = {"user": time.user, "by": by, "corrects": time, "reason": "Longer."}
            make.work_time(of=of, begin=time.started_at, end=later, at=self.now, **kept)


def lived(clinic, season: str, history) -> None:
    with transaction.atomic():
        life = Life(clinic, BEGINS[season])
        for number, act in enumerate(history):
            life.live(number, *act)
        for ahead in (0, 20, 40, 60, 75):
            day = (life.begin + timedelta(days=ahead)).date()
            agree(life.patient, month=day, now=life.now)
            agree(life.patient, month=day, now=life.begin + timedelta(days=ahead))
        transaction.set_rollback(True)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(season=st.sampled_from(list(BEGINS)), history=acts)
def test_figures_of_random_histories_equal_those_counted_by_hand(clinic, season, history):
    make.keeps_monitoring(clinic)
    lived(clinic, season, history)


@pytest.mark.thorough
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(season=st.sampled_from(list(BEGINS)), history=acts)
def test_figures_of_many_histories_equal_those_counted_by_hand(clinic, season, history):
    make.keeps_monitoring(clinic)
    lived(clinic, season, history)


@pytest.mark.thorough
def test_figures_of_the_sample_clinic_equal_those_counted_by_hand(db):
    clinic_id = sample.make(today=TODAY)
    with inside(clinic_id):
        patients = list(Patient.objects.active().with_clinic().filter(clinic=clinic_id))
        make.keeps_monitoring(patients[0].clinic)
        people = [one.user for one in Membership.objects.with_people().filter(clinic=clinic_id)]
        for number, one in enumerate(patients):
            one.clinic.has_remote_monitoring = True
            first = TODAY - timedelta(days=45 + number)
            make.setup(of=one, on=first, windows_from=first)
            begin = NOW - timedelta(days=number, minutes=50)
            make.work_time(of=one, begin=begin, end=begin + 33 * MINUTE, user=people[number % 2])
            make.work_time(
                of=one, begin=begin + 20 * MINUTE, end=begin + 45 * MINUTE, user=people[0]
            )
        seen = 0
        for one in patients:
            for month in (date(2026, 4, 1), date(2026, 5, 1)):
                agree(one, month=month, now=NOW)
                seen += len(report_of(one, month=month, now=NOW).days)
    assert seen > 100


def test_who_wrote_what_and_when_is_told_by_the_clinics_clock(monitored):
    late = datetime(2026, 5, 20, 3, 30, tzinfo=UTC)  # half past eleven on the evening of the 19th
    make.contact(of=monitored, at_moment=late, at=late)
    (_, _, _, contacts, _) = paper_of(monitored).parts
    assert contacts.entries[0].cells["when"] == "19 May 2026, 23:30"
    assert contacts.entries[0].state == "written by Founder, 19 May 2026, 23:30"
