"""Days out of the plan: written down, kept, and counted the same wherever they are told."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.urls import reverse

from clinics.models import AuditEvent
from patients import assessments
from patients.models import RaisedFlag
from portal.daily import today_of
from prescriptions import absences, watch
from prescriptions.adherence import Break, Count, Why
from prescriptions.models import Absence, AbsenceReason, Moment, Pause
from prescriptions.progress import progress_of
from tests import make
from tests.make import NOW, TODAY, inside
from tests.prescriptions.conftest import words
from tests.prescriptions.test_progress import publish

DAY = timedelta(days=1)
BAD = {Moment.BEFORE: 2, Moment.DURING: 9, Moment.AFTER: 9}


def breaks(patient, first=TODAY - 30 * DAY, last=TODAY) -> list[Break]:
    with inside(patient.clinic_id):
        return absences.breaks_of(patient, first, last)


def take_back(absence):
    with inside(absence.clinic_id):
        return absences.take_back(
            absence=absence, client_uuid=uuid4(), by=make.founder(absence.clinic), at=NOW
        )


# What is kept.


def test_an_absence_is_stored_once_under_its_key(patient):
    key, by = uuid4(), make.founder(patient.clinic)
    with inside(patient.clinic_id):
        for _ in range(2):
            absences.record(
                patient=patient,
                first_day=TODAY,
                last_day=TODAY,
                reason=AbsenceReason.AWAY,
                remark="",
                client_uuid=key,
                by=by,
                at=NOW,
            )
        assert Absence.objects.of_patient(patient).count() == 1
        lines = AuditEvent.objects.filter(verb="recorded an absence", patient_id=patient.pk)
        assert lines.count() == 1


def test_a_correction_stands_for_the_first_which_is_kept(patient):
    first = make.absence(of=patient, first_day=TODAY - 3 * DAY, last_day=TODAY)
    make.absence(of=patient, first_day=TODAY, reason=AbsenceReason.UNWELL, corrects=first)
    assert breaks(patient) == [Break(Why.UNWELL, TODAY, TODAY)]
    with pytest.raises(absences.AlreadyCorrected):
        make.absence(of=patient, corrects=first)
    with pytest.raises(absences.AlreadyCorrected):
        take_back(first)
    with inside(patient.clinic_id):
        assert Absence.objects.of_patient(patient).count() == 2


def test_what_was_taken_back_does_not_count(patient):
    take_back(make.absence(of=patient))
    assert breaks(patient) == []


@pytest.mark.parametrize("verb", ["UPDATE {} SET remark = 'x'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_an_absence(patient, verb):
    make.absence(of=patient)
    with (
        inside(patient.clinic_id),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb.format("prescriptions_absence"))


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"last_day": TODAY - DAY}, "absence_days_in_order"),
        ({"last_day": TODAY + 366 * DAY}, "absence_days_in_order"),
        ({"is_withdrawal": True}, "absence_withdrawal_of_an_absence"),
        ({"reason": "lazy"}, "absence_reason"),
    ],
)
def test_the_database_refuses_what_must_not_be(patient, wrong, constraint):
    row = {"first_day": TODAY, "last_day": TODAY, "reason": "away", "client_uuid": uuid4()}
    with (
        inside(patient.clinic_id),
        pytest.raises(IntegrityError, match=constraint),
        transaction.atomic(),
    ):
        Absence.objects.create(
            clinic=patient.clinic,
            patient=patient,
            written_by=make.founder(patient.clinic),
            **row | wrong,
        )


# What is taken out.


@pytest.mark.parametrize(
    ("first", "last", "is_found"),
    [
        pytest.param(-1, -1, False, id="the day before"),
        pytest.param(-1, 0, True, id="its first day"),
        pytest.param(2, 5, True, id="its last day"),
        pytest.param(3, 5, False, id="the day after"),
    ],
)
def test_only_absences_of_the_days_asked_for_are_read(patient, first, last, is_found):
    make.absence(of=patient, first_day=TODAY, last_day=TODAY + 2 * DAY)
    found = breaks(patient, TODAY + first * DAY, TODAY + last * DAY)
    assert bool(found) is is_found


def test_a_pause_takes_its_exercise_out_from_its_log_until_it_is_lifted(patient):
    edition = publish(
        patient, starts_on=TODAY - 20 * DAY, lines=[make.line("TILT", times_per_day=2)]
    )
    make.log(of=edition, pain=BAD, done_at=NOW - 9 * DAY)
    with inside(patient.clinic_id):
        pause = Pause.objects.of_patient(patient).get()
        Pause.objects.filter(pk=pause.pk).update(since=NOW - 9 * DAY)
        watch.lift(pause=pause, by=make.founder(patient.clinic), at=NOW - 4 * DAY)
        found = progress_of(patient, today=TODAY)
    # Ten whole days before it, one session on its first day, three days after it; today is open.
    assert found.total == Count(1, 11 * 2 + 1 + 3 * 2, 0, ((Why.PAUSED, 6),))


def test_an_open_red_flag_takes_everything_out(patient):
    publish(patient, starts_on=TODAY - 10 * DAY, lines=[make.line("TILT", times_per_day=1)])
    with inside(patient.clinic_id):
        assessments.raise_flags(
            patient=patient,
            codes=["coughing"],
            source=RaisedFlag.Source.SCREEN,
            at=NOW - 2 * DAY,
            by=make.founder(patient.clinic),
        )
        found = progress_of(patient, today=TODAY)
    assert found.total == Count(0, 8, 0, ((Why.STOPPED, 3),))


def test_patient_and_therapist_read_the_same_count(patient, therapist, clock):
    edition = publish(
        patient, starts_on=TODAY - 20 * DAY, lines=[make.line("TILT", times_per_day=1)]
    )
    make.log(of=edition, done_at=NOW - DAY)
    make.absence(of=patient, first_day=TODAY - 4 * DAY, last_day=TODAY - 3 * DAY)
    with inside(patient.clinic_id, patient_id=patient.pk):
        count = today_of(patient, TODAY).progress.count
    assert count == Count(1, 4, 0, ((Why.AWAY, 2),))
    address = f"{reverse('prescriptions:progress', args=[patient.pk])}?first={TODAY - 6 * DAY}"
    page = words(therapist.get(address))
    assert "Logged 1 of 4 planned sessions. 2 days left out: away." in page
    overview = words(therapist.get(reverse("patient", args=[patient.pk])))
    assert "2 days left out: away" in overview


# The pages.


def add(client, patient, **typed):
    usual = {
        "first_day": TODAY.isoformat(),
        "last_day": (TODAY + 6 * DAY).isoformat(),
        "reason": "away",
        "remark": "Sister's wedding",
        "client_uuid": str(uuid4()),
    }
    address = reverse("prescriptions:add_absence", args=[patient.pk])
    return client.post(address, usual | typed)


@pytest.mark.parametrize("who", ["therapist", "assistant"])
def test_staff_write_it_down_correct_it_and_take_it_back(request, patient, clock, who):
    client = request.getfixturevalue(who)
    assert add(client, patient).status_code == 302
    listed = reverse("prescriptions:absences", args=[patient.pk])
    assert "20 May 2026 – 26 May 2026 Away Sister's wedding" in words(client.get(listed))
    with inside(patient.clinic_id):
        first = Absence.objects.of_patient(patient).get()
    change = reverse("prescriptions:correct_absence", args=[first.pk])
    assert 'value="2026-05-26"' in client.get(change).content.decode()
    typed = {"first_day": "2026-05-20", "last_day": "2026-05-21", "reason": "unwell"}
    assert client.post(change, typed | {"client_uuid": str(uuid4())}).status_code == 302
    assert client.get(change).status_code == 404
    with inside(patient.clinic_id):
        second = Absence.objects.of_patient(patient).standing().get()
    back = reverse("prescriptions:withdraw_absence", args=[second.pk])
    client.post(back, {"client_uuid": str(uuid4())})
    assert breaks(patient) == []
    page = words(client.get(listed))
    assert "Taken back" in page
    assert page.count("Does not count any more") == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"last_day": "2026-05-19"}, "This is before the first day."),
        ({"first_day": "2020-01-01"}, "Choose a day within a year of today."),
        ({"last_day": "2027-06-30"}, "An absence is a year at most."),
        ({"first_day": "soon"}, "Write the date like 2026-05-17"),
    ],
)
def test_wrong_days_are_asked_for_again(patient, therapist, clock, typed, said):
    response = add(therapist, patient, **typed)
    assert said in words(response)
    assert breaks(patient) == []


@pytest.mark.django_db(transaction=True)
def test_the_list_costs_the_same_for_one_row_and_three(
    patient, therapist, clock, django_assert_max_num_queries
):
    address = reverse("prescriptions:absences", args=[patient.pk])
    make.absence(of=patient)
    with django_assert_max_num_queries(9) as one:
        therapist.get(address)
    for _ in range(2):
        make.absence(of=patient)
    with django_assert_max_num_queries(len(one)):
        therapist.get(address)
