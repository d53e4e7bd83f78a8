import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.core import serializers
from django.db import connection

from clinics.models import AuditEvent
from patients import actions
from patients.models import Device, Invitation, Note, Patient
from tests import make
from tests.make import NOW, inside
from tests.patients.conftest import device, invitation

BORN = date(1980, 5, 17)


def record(clinic, **fields):
    by = make.founder(clinic)
    with inside(clinic.pk):
        fields = {"name": "Ana Ruiz", "birth_date": BORN} | fields
        return actions.record_patient(clinic=clinic, by=by, **fields)


def correct(patient, **fields):
    by = make.founder(patient.clinic)
    with inside(patient.clinic_id):
        return actions.correct_patient(patient=patient, by=by, **fields)


def trail(patient) -> list[tuple[str, dict]]:
    with inside(patient.clinic_id):
        events = AuditEvent.objects.of(patient.clinic).filter(patient_id=patient.pk)
        return list(events.order_by("pk").values_list("verb", "detail"))


# The record


def test_a_recorded_patient_is_in_the_trail(clinic):
    assert trail(record(clinic)) == [("recorded a patient", {})]


def test_a_name_that_grows_when_it_is_folded_fits_all_the_same(clinic):
    patient = record(clinic, name="ﷺ" * 200)
    assert len(patient.search_name) == 800


def test_a_record_number_is_not_taken_twice(clinic):
    record(clinic, record_number="7")
    with pytest.raises(actions.RecordNumberTaken):
        record(clinic, name="Ben", record_number="7")
    with inside(clinic.pk):
        assert Patient.objects.of(clinic).count() == 1


def test_the_same_person_is_shown_before_a_second_record_is_made(clinic):
    first = record(clinic)
    with pytest.raises(actions.SamePerson) as refusal:
        record(clinic, name="ANA RUÍZ")
    assert refusal.value.patients == [first]


def test_the_same_person_is_found_in_the_archive(clinic):
    first = record(clinic)
    with inside(clinic.pk):
        actions.archive(patient=first, at=NOW, by=make.founder(clinic))
    with pytest.raises(actions.SamePerson):
        record(clinic)


def test_another_person_of_that_name_and_day_can_be_recorded(clinic):
    first = record(clinic)
    assert record(clinic, other_than=[first.pk]).pk != first.pk


def test_who_came_in_the_meantime_is_shown_too(clinic):
    first = record(clinic)
    second = record(clinic, other_than=[first.pk])
    with pytest.raises(actions.SamePerson) as refusal:
        record(clinic, other_than=[first.pk])
    assert refusal.value.patients == [second]


def test_the_same_name_in_another_clinic_is_no_business_of_ours(clinic, other_clinic):
    record(other_clinic)
    record(clinic)


def test_a_correction_keeps_what_was_before(clinic, patient):
    correct(patient, name="Ana Ruiz Gil", birth_date=date(1980, 5, 18), email="")
    with inside(clinic.pk):
        stored = Patient.objects.get(pk=patient.pk)
    assert (stored.name, stored.search_name) == ("Ana Ruiz Gil", "ana ruiz gil")
    changed = {
        "name": ["Ana Ruiz", "Ana Ruiz Gil"],
        "birth_date": ["1980-05-17", "1980-05-18"],
    }
    assert trail(patient)[-1] == ("corrected a patient's record", {"changed": changed})


def test_a_correction_names_the_therapist_in_charge(patient):
    correct(patient, therapist=make.founder(patient.clinic))
    assert trail(patient)[-1][1] == {"changed": {"therapist": [None, "Founder"]}}


def test_a_correction_that_changes_nothing_leaves_no_trace(patient):
    before = trail(patient)
    correct(patient, name=patient.name)
    assert trail(patient) == before


def test_a_correction_leaves_alone_what_it_does_not_name(clinic, patient):
    correct(patient, phone="555 0100")
    correct(patient, email="ana@example.org")
    with inside(clinic.pk):
        assert Patient.objects.get(pk=patient.pk).phone == "555 0100"


def test_a_correction_that_makes_two_the_same_is_refused(clinic, patient):
    other = make.patient(of=clinic, name="Ana Ruis")
    with pytest.raises(actions.SamePerson):
        correct(other, name="Ana Ruiz")
    assert correct(other, name="Ana Ruiz", other_than=[patient.pk]).name == "Ana Ruiz"


def test_a_correction_to_a_taken_record_number_changes_nothing(clinic, patient):
    record(clinic, name="Ben", record_number="7")
    with pytest.raises(actions.RecordNumberTaken):
        correct(patient, record_number="7", phone="555 0100")
    with inside(clinic.pk):
        assert Patient.objects.get(pk=patient.pk).phone == ""


def test_archiving_twice_keeps_the_first_moment(clinic, patient):
    by = make.founder(clinic)
    with inside(clinic.pk):
        actions.archive(patient=patient, at=NOW, by=by)
        actions.archive(patient=patient, at=NOW + timedelta(days=1), by=by)
        assert Patient.objects.get(pk=patient.pk).archived_at == NOW
    assert [verb for verb, _ in trail(patient)].count("archived a patient") == 1


def test_a_restored_patient_keeps_the_phone(clinic, patient):
    phone, by = device(of=patient), make.founder(clinic)
    with inside(clinic.pk):
        actions.archive(patient=patient, at=NOW, by=by)
        assert not actions.restore(patient=patient, by=by).is_archived
        assert list(Device.objects.of_patient(patient).active()) == [phone]
    assert trail(patient)[-1] == ("restored a patient", {})


# Notes


def write(patient, text, key):
    with inside(patient.clinic_id):
        return actions.write_note(
            patient=patient, text=text, by=make.founder(patient.clinic), at=NOW, client_uuid=key
        )


def test_a_note_sent_twice_is_stored_once(clinic, patient):
    key = uuid4()
    assert write(patient, "Phoned.", key) == write(patient, "Phoned.", key)
    assert [verb for verb, _ in trail(patient)].count("wrote a note") == 1


def test_a_note_changed_after_going_back_is_another_note(clinic, patient):
    key = uuid4()
    assert write(patient, "Phoned.", key) != write(patient, "Phoned twice.", key)


def test_the_same_words_may_be_written_on_another_day(patient):
    assert write(patient, "Phoned.", uuid4()) != write(patient, "Phoned.", uuid4())


# Invitations


def accept(clinic, token, at=NOW, label="iPhone"):
    with inside(clinic.pk):
        return actions.accept_invitation(token=token, label=label, at=at)


def refused(clinic, token, at=NOW) -> bool:
    with inside(clinic.pk), pytest.raises(actions.InvitationRefused):
        actions.find_invitation(token=token, at=at)
    with pytest.raises(actions.InvitationRefused):
        accept(clinic, token, at)
    with inside(clinic.pk):
        return not Device.objects.of(clinic).exists()


def test_an_invitation_signs_one_device_in(clinic, patient):
    _, token = invitation(of=patient)
    credentials = accept(clinic, token)
    assert credentials[:2] == (clinic.pk, patient.pk)
    with inside(clinic.pk):
        phone = Device.objects.of_patient(patient).get()
    assert phone.secret_hash == actions.hash_of(credentials.secret)
    assert trail(patient)[-1] == ("opened the portal on a new device", {"device": "iPhone"})


def test_an_invitation_is_used_once(clinic, patient):
    _, token = invitation(of=patient)
    accept(clinic, token)
    with pytest.raises(actions.InvitationRefused):
        accept(clinic, token)
    with inside(clinic.pk):
        assert Device.objects.of(clinic).count() == 1


@pytest.mark.parametrize(
    ("after", "works"),
    [
        pytest.param(timedelta(days=14) - timedelta(seconds=1), True, id="the last second"),
        pytest.param(timedelta(days=14), False, id="a moment later"),
    ],
)
def test_an_invitation_lasts_14_days(clinic, patient, after, works):
    _, token = invitation(of=patient)
    if works:
        assert accept(clinic, token, NOW + after)
    else:
        assert refused(clinic, token, NOW + after)


def test_a_revoked_invitation_is_refused(clinic, patient):
    made, token = invitation(of=patient)
    with inside(clinic.pk):
        assert actions.revoke_invitation(invitation=made, at=NOW, by=make.founder(clinic))
        assert not actions.revoke_invitation(invitation=made, at=NOW, by=make.founder(clinic))
    assert refused(clinic, token)
    assert [verb for verb, _ in trail(patient)].count("revoked an invitation") == 1


def test_a_used_invitation_stays_used(clinic, patient):
    made, token = invitation(of=patient)
    accept(clinic, token)
    with inside(clinic.pk):
        assert not actions.revoke_invitation(invitation=made, at=NOW, by=make.founder(clinic))
        assert Invitation.objects.get(pk=made.pk).revoked_at is None


def test_a_new_invitation_closes_the_one_before(clinic, patient):
    _, first = invitation(of=patient)
    invitation(of=patient)
    assert refused(clinic, first)


def test_the_invitation_of_an_archived_patient_is_refused_for_ever(clinic, patient):
    _, token = invitation(of=patient)
    by = make.founder(clinic)
    with inside(clinic.pk):
        actions.archive(patient=patient, at=NOW, by=by)
    assert refused(clinic, token)
    with inside(clinic.pk):
        actions.restore(patient=patient, by=by)
    assert refused(clinic, token)


def test_a_link_that_stayed_open_does_not_open_the_portal_of_an_archived_patient(clinic, patient):
    _, token = invitation(of=patient)
    with inside(clinic.pk):
        Patient.objects.filter(pk=patient.pk).update(archived_at=NOW)
    assert refused(clinic, token)


def test_an_archived_patient_is_not_invited(clinic, patient):
    with inside(clinic.pk):
        actions.archive(patient=patient, at=NOW, by=make.founder(clinic))
    with pytest.raises(actions.PatientArchived):
        invitation(of=patient)


def test_a_token_says_in_which_clinic_to_look(clinic, patient):
    _, token = invitation(of=patient)
    assert actions.clinic_of(token) == clinic.pk


def test_a_token_under_the_name_of_another_clinic_opens_nothing(clinic, other_clinic, patient):
    _, token = invitation(of=patient)
    forged = f"{other_clinic.pk:x}-{token.partition('-')[2]}"
    assert actions.clinic_of(forged) == other_clinic.pk
    assert refused(other_clinic, forged)
    assert refused(clinic, forged)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("abc", id="no clinic"),
        pytest.param("-abc", id="empty clinic"),
        pytest.param("1-", id="no secret"),
        pytest.param("0-abc", id="clinic 0"),
        pytest.param("-1-abc", id="negative clinic"),
        pytest.param("xyz-abc", id="no number"),
        pytest.param("8000000000000000-abc", id="more than a key can be"),
        pytest.param("f" * 5000 + "-abc", id="far too long"),
    ],
)
def test_a_token_of_no_clinic_is_refused(token):
    with pytest.raises(actions.InvitationRefused):
        actions.clinic_of(token)


def test_the_token_is_neither_stored_nor_logged(clinic, patient, caplog):
    caplog.set_level(logging.DEBUG)
    _, token = invitation(of=patient)
    accept(clinic, token)
    secret = token.partition("-")[2]
    with inside(clinic.pk):
        rows = [*Invitation.objects.all(), *Device.objects.all(), *AuditEvent.objects.all()]
        stored = json.dumps(serializers.serialize("python", rows), default=str)
    assert actions.hash_of(token) in stored
    assert secret not in stored
    assert secret not in caplog.text


def test_a_device_is_signed_out_once(clinic, patient):
    phone, by = device(of=patient), make.founder(clinic)
    with inside(clinic.pk):
        for _ in range(2):
            actions.revoke_device(device=phone, at=NOW, by=by)
        assert not Device.objects.of_patient(patient).active().exists()
    assert [verb for verb, _ in trail(patient)].count("signed a device out of the portal") == 1


@pytest.mark.parametrize(
    ("after", "written"),
    [
        pytest.param(timedelta(hours=23), False, id="the same day"),
        pytest.param(timedelta(hours=24), True, id="a day later"),
    ],
)
def test_seen_is_written_once_a_day(clinic, patient, after, written):
    phone = device(of=patient)
    with inside(clinic.pk):
        actions.seen(device=phone, at=NOW + after)
        assert (Device.objects.get(pk=phone.pk).last_seen_at > NOW) is written


# Many at once


def at_once(times, act) -> list:
    """What `act` gives in so many threads that start together; a refusal counts as None."""
    start = Barrier(times)

    def one(number):
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return act()
        except (actions.InvitationRefused, actions.SamePerson):
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(one, range(times)))


@pytest.mark.django_db(transaction=True)
def test_of_20_who_open_a_link_at_once_one_gets_in():
    patient = make.patient(of=make.clinic())
    _, token = invitation(of=patient)
    credentials = at_once(20, lambda: accept(patient.clinic, token))
    assert len([one for one in credentials if one]) == 1
    with inside(patient.clinic_id):
        assert Device.objects.of_patient(patient).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_patient_sent_5_times_at_once_is_recorded_once():
    clinic = make.clinic()
    recorded = at_once(5, lambda: record(clinic))
    assert len([one for one in recorded if one]) == 1


@pytest.mark.django_db(transaction=True)
def test_a_note_sent_5_times_at_once_is_stored_once():
    patient, key = make.patient(of=make.clinic()), uuid4()
    assert len(set(at_once(5, lambda: write(patient, "Phoned.", key)))) == 1
    with inside(patient.clinic_id):
        assert Note.objects.of_patient(patient).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_5_links_made_at_once_one_is_open():
    patient = make.patient(of=make.clinic())
    at_once(5, lambda: invitation(of=patient))
    with inside(patient.clinic_id):
        assert Invitation.objects.of_patient(patient).open_at(NOW).count() == 1
