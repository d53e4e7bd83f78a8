from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from patients import signing_in
from patients.models import Device, Invitation, MailedCode, Note, Patient
from tests import make
from tests.make import NOW, inside
from tests.patients.conftest import device, invitation


@pytest.mark.parametrize(
    ("day", "age"),
    [
        pytest.param(date(2026, 5, 16), 45, id="the day before the birthday"),
        pytest.param(date(2026, 5, 17), 46, id="on the birthday"),
        pytest.param(date(1980, 5, 17), 0, id="on the day of birth"),
    ],
)
def test_age_on(day, age):
    assert Patient(birth_date=date(1980, 5, 17)).age_on(day) == age


@pytest.mark.parametrize(
    ("day", "age"),
    [
        pytest.param(date(2025, 2, 28), 24, id="still the day before"),
        pytest.param(date(2025, 3, 1), 25, id="the day after"),
    ],
)
def test_age_of_somebody_born_on_29_february(day, age):
    assert Patient(birth_date=date(2000, 2, 29)).age_on(day) == age


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        pytest.param("", date(2026, 5, 19), id="the clinic's, New York"),
        pytest.param("Asia/Tokyo", date(2026, 5, 20), id="the patient's own"),
    ],
)
def test_local_date(clinic, zone, day):
    patient = Patient(clinic=clinic, time_zone=zone)
    assert patient.local_date(datetime(2026, 5, 20, 3, 30, tzinfo=UTC)) == day


def found(clinic, text) -> set[str]:
    with inside(clinic.pk):
        return {patient.name for patient in Patient.objects.of(clinic).search(text)}


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        pytest.param("Ana Ruiz", "ruiz", id="a word"),
        pytest.param("Ana Ruiz", "RUIZ  ana", id="words in another order and case"),
        pytest.param("Ana Ruiz", "rui", id="the beginning of a word"),
        pytest.param("Zoë Müller", "zoe muller", id="without the accents"),
        pytest.param("Zoe Muller", "Zoë Müller", id="with accents it does not have"),
        pytest.param("Nguyễn Thị Đào", "nguyen dao", id="Vietnamese"),
        pytest.param("أحمد مُحَمَّد", "احمد محمد", id="Arabic without vowel marks"),
        pytest.param("王小明", "小明", id="Chinese, the given name"),
        pytest.param("สมชาย ใจดี", "ใจดี", id="Thai"),
        pytest.param("김민준", "민준", id="Korean"),
        pytest.param("Ольга Ёлкина", "елкина", id="Cyrillic"),
        pytest.param("Zoe\u0308 Mu\u0308ller", "Zoë", id="combining marks"),
        pytest.param("Ana\u200b Ruiz", "ana ruiz", id="something nobody sees"),
        pytest.param("100% Ana_B", "100% ana_b", id="signs that mean something in SQL"),
    ],
)
def test_a_patient_is_found_by_name(clinic, name, typed):
    make.patient(of=clinic, name=name)
    make.patient(of=clinic, name="Somebody Else")
    assert found(clinic, typed) == {name}


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        pytest.param("1980-05-17", {"Ana"}, id="birth date"),
        pytest.param("17 May 1980", {"Ana"}, id="birth date in words"),
        pytest.param("mr-10", {"Ana", "Ben"}, id="the beginning of a record number"),
        pytest.param("MR-1042", {"Ana"}, id="the whole record number"),
        pytest.param("R-1042", set(), id="the middle of a record number"),
        pytest.param("%", set(), id="a wildcard"),
        pytest.param("", {"Ana", "Ben", "Cem"}, id="nothing"),
        pytest.param("\x00 \u200b", {"Ana", "Ben", "Cem"}, id="nothing that anybody sees"),
        pytest.param("ana\x00", {"Ana"}, id="a hidden character"),
        pytest.param("a " * 5000, {"Ana"}, id="very many words"),
    ],
)
def test_search(clinic, typed, names):
    make.patient(of=clinic, name="Ana", birth_date=date(1980, 5, 17), record_number="MR-1042")
    make.patient(of=clinic, name="Ben", birth_date=date(1981, 5, 17), record_number="MR-1043")
    make.patient(of=clinic, name="Cem", birth_date=date(1982, 5, 17))
    assert found(clinic, typed) == names


def test_the_same_person_however_the_name_is_written(clinic):
    zoe = make.patient(of=clinic, name="Zoë  Müller")
    make.patient(of=clinic, name="Zoë Müller", birth_date=date(1980, 5, 18))
    with inside(clinic.pk):
        same = Patient.objects.of(clinic).same_person(name="ZOE MULLER", birth_date=zoe.birth_date)
        assert list(same) == [zoe]


def test_the_last_log_comes_first_and_who_never_logged_last(clinic):
    never, first, last = (make.patient(of=clinic) for _ in range(3))
    with inside(clinic.pk):
        Patient.objects.filter(pk=first.pk).update(last_logged_at=NOW - timedelta(days=1))
        Patient.objects.filter(pk=last.pk).update(last_logged_at=NOW)
        assert list(Patient.objects.of(clinic).last_log_first()) == [last, first, never]


# The database is the last guard.


def refuses(constraint, clinic):
    """Nothing may get past it, whatever the code above does."""
    return (
        inside(clinic.pk),
        pytest.raises(IntegrityError, match=constraint),
        transaction.atomic(),
    )


def test_a_record_number_is_given_once_in_a_clinic(clinic, other_clinic):
    make.patient(of=clinic, record_number="7")
    make.patient(of=other_clinic, record_number="7")
    within, refused, attempt = refuses("record_number_once_per_clinic", clinic)
    with within, refused, attempt:
        Patient.objects.create(
            clinic=clinic,
            name="Ben",
            search_name="ben",
            birth_date=date(1980, 1, 1),
            record_number="7",
        )


def test_many_patients_have_no_record_number(clinic):
    assert make.patient(of=clinic).record_number == make.patient(of=clinic).record_number == ""


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("patient_has_a_name", {"search_name": ""}),
        ("born_after_1900", {"birth_date": date(1899, 12, 31)}),
    ],
)
def test_the_database_refuses_such_a_patient(clinic, patient, constraint, change):
    within, refused, attempt = refuses(constraint, clinic)
    with within, refused, attempt:
        Patient.objects.filter(pk=patient.pk).update(**change)


def test_only_somebody_of_the_clinic_can_be_in_charge(clinic, patient):
    within, refused, attempt = refuses("therapist_id_same_clinic", clinic)
    with within, refused, attempt:
        Patient.objects.filter(pk=patient.pk).update(therapist=make.user())


@pytest.mark.parametrize("act", ["update", "delete"])
def test_a_note_is_kept_as_written(clinic, patient, act):
    note = make.note(of=patient)
    with inside(clinic.pk):
        rows = Note.objects.filter(pk=note.pk)
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            rows.update(text="else") if act == "update" else rows._raw_delete(rows.db)
        assert Note.objects.get(pk=note.pk).text == "A note"


def test_an_empty_note_is_refused(clinic, patient):
    within, refused, attempt = refuses("note_says_something", clinic)
    with within, refused, attempt:
        Note.objects.create(
            clinic=clinic, patient=patient, text="", written_by=make.founder(clinic)
        )


def test_a_note_sent_again_is_refused(clinic, patient):
    key = uuid4()
    within, refused, attempt = refuses("note_once", clinic)
    with within, refused, attempt:
        for _ in range(2):
            Note.objects.create(
                clinic=clinic,
                patient=patient,
                text="A note",
                written_by=make.founder(clinic),
                client_uuid=key,
            )


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("invitation_expires_later", {"expires_at": NOW}),
        ("invitation_used_or_revoked_not_both", {"used_at": NOW, "revoked_at": NOW}),
    ],
)
def test_the_database_refuses_such_an_invitation(clinic, patient, constraint, change):
    made, _ = invitation(of=patient)
    within, refused, attempt = refuses(constraint, clinic)
    with within, refused, attempt:
        Invitation.objects.filter(pk=made.pk).update(**change)


@pytest.mark.parametrize(
    ("constraint", "model", "fields"),
    [
        (
            "invitation_token_once",
            Invitation,
            {"token_hash": "0" * 64, "expires_at": NOW + timedelta(days=1), "created_at": NOW},
        ),
        ("device_secret_once", Device, {"secret_hash": "0" * 64, "label": "iPhone"}),
    ],
)
def test_a_secret_opens_one_thing_only(clinic, patient, constraint, model, fields):
    if model is Invitation:
        fields = fields | {"created_by": make.founder(clinic)}
    within, refused, attempt = refuses(constraint, clinic)
    with within, refused, attempt:
        for _ in range(2):
            model.objects.create(clinic=clinic, patient=patient, **fields)


def test_a_pin_is_tried_five_times(clinic, patient):
    phone = device(of=patient)
    within, refused, attempt = refuses("device_most_pin_tries", clinic)
    with within, refused, attempt:
        Device.objects.filter(pk=phone.pk).update(pin_tries=6)


def test_a_printed_code_opens_one_thing_only_in_the_whole_house(clinic, other_clinic):
    code_hash = "0" * 64
    made, _ = invitation(of=make.patient(of=other_clinic))
    with inside(other_clinic.pk):
        Invitation.objects.filter(pk=made.pk).update(code_hash=code_hash)
    second, _ = invitation(of=make.patient(of=clinic))
    within, refused, attempt = refuses("code_hash", clinic)
    with within, refused, attempt:
        Invitation.objects.filter(pk=second.pk).update(code_hash=code_hash)


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("mailed_code_expires_later", {"expires_at": NOW}),
        ("mailed_code_most_tries", {"tries": 6}),
    ],
)
def test_the_database_refuses_such_a_mailed_code(clinic, constraint, change):
    signing_in.make_mailed_code(email="ana@example.org", address="192.0.2.1", at=NOW)
    within, refused, attempt = refuses(constraint, clinic)
    with within, refused, attempt:
        MailedCode.objects.update(**change)


@pytest.mark.parametrize("row", ["note", "invitation", "device"])
def test_a_row_cannot_point_at_a_patient_of_another_clinic(clinic, other_clinic, row):
    theirs = make.patient(of=other_clinic)
    models = {"note": Note, "invitation": Invitation, "device": Device}
    fields = {
        "note": {"text": "A note", "written_by": make.founder(clinic)},
        "invitation": {
            "token_hash": "0" * 64,
            "created_by": make.founder(clinic),
            "created_at": NOW,
            "expires_at": NOW + timedelta(days=1),
        },
        "device": {"secret_hash": "0" * 64, "label": "iPhone"},
    }
    within, refused, attempt = refuses("patient_id_same_clinic", clinic)
    with within, refused, attempt:
        models[row].objects.create(clinic=clinic, patient_id=theirs.pk, **fields[row])


def test_the_device_seen_last_comes_first(clinic, patient):
    old, new = device(of=patient), device(of=patient, at=NOW + timedelta(days=2))
    with inside(clinic.pk):
        assert list(Device.objects.of_patient(patient).last_seen_first()) == [new, old]
