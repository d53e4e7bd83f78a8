"""Codes: printed, with the birth date, and mailed, on the browser that asked."""

from datetime import date, timedelta
from functools import partial
from itertools import count

import pytest

from clinics.models import AuditEvent
from patients import actions, codes, signing_in
from patients.models import CODE_LASTS, Device, Invitation, MailedCode
from patients.signing_in import CodeRefused
from patients.tries import TooSoon
from tests import make
from tests.make import NOW, inside
from tests.patients.conftest import device, invitation
from tests.patients.test_actions import at_once

BORN = date(1980, 5, 17)
EMAIL = "ana@example.org"


@pytest.fixture
def patient(clinic):
    return make.patient(of=clinic, name="Ana Ruiz", email="Ana@Example.org", birth_date=BORN)


def code_of(patient, *, at=NOW) -> str:
    _, token = invitation(of=patient, at=at)
    return codes.printed_code(token)


def sign_in(code, *, birth_date=BORN, address="203.0.113.7", at=NOW):
    return signing_in.sign_in_with_code(
        code=code, birth_date=birth_date, address=address, label="iPhone", at=at
    )


def is_refused(code, **how) -> bool:
    try:
        sign_in(code, **how)
    except CodeRefused:
        return True
    return False


# The printed code


def test_code_and_birth_date_sign_in(clinic, other_clinic, patient):
    credentials = sign_in(f" {codes.grouped(code_of(patient)).lower()} ")
    assert credentials[:2] == (clinic.pk, patient.pk)
    with inside(clinic.pk):
        phone = Device.objects.of_patient(patient).get()
        assert phone.secret_hash == actions.hash_of(credentials.secret)
        event = AuditEvent.objects.get(verb="opened the portal on a new device")
        assert event.detail == {"device": "iPhone", "way": "printed code"}


def test_the_code_is_used_once_and_the_link_with_it(patient):
    _, token = invitation(of=patient)
    sign_in(codes.printed_code(token))
    assert is_refused(codes.printed_code(token))
    with inside(patient.clinic_id), pytest.raises(actions.InvitationRefused):
        actions.accept_invitation(token=token, label="x", at=NOW)


def test_the_link_uses_the_code_up(patient):
    _, token = invitation(of=patient)
    with inside(patient.clinic_id):
        actions.accept_invitation(token=token, label="x", at=NOW)
    assert is_refused(codes.printed_code(token))


@pytest.mark.parametrize(
    ("after", "works"),
    [(CODE_LASTS - timedelta(seconds=1), True), (CODE_LASTS, False)],
)
def test_a_code_lasts_7_days(patient, after, works):
    code = code_of(patient)
    assert is_refused(code, at=NOW + after) is not works


def test_a_newer_invitation_ends_the_code(patient):
    first = code_of(patient)
    second = code_of(patient)
    assert is_refused(first)
    assert not is_refused(second)


def test_the_code_of_an_archived_patient_is_refused(clinic, patient):
    code = code_of(patient)
    with inside(clinic.pk):
        actions.archive(patient=patient, at=NOW, by=make.founder(clinic))
        Invitation.objects.of_patient(patient).update(revoked_at=None)
    assert is_refused(code)


def test_after_five_wrong_dates_the_right_one_is_refused_and_the_link_still_works(patient):
    _, token = invitation(of=patient)
    code = codes.printed_code(token)
    for number in range(5):
        wrong = date(1980, 1, 1 + number)
        assert is_refused(code, birth_date=wrong, address=f"203.0.113.{number}")
    assert is_refused(code, address="198.51.100.1")
    with inside(patient.clinic_id):
        assert actions.accept_invitation(token=token, label="x", at=NOW)


def test_the_fifth_try_still_counts(patient):
    code = code_of(patient)
    assert all(is_refused(code, birth_date=date(1980, 1, 1)) for _ in range(4))
    assert not is_refused(code)


def test_a_neighbours_code_needs_the_neighbours_birth_date(clinic, patient):
    neighbour = make.patient(of=clinic, birth_date=date(1950, 1, 1))
    code = code_of(neighbour)
    assert is_refused(code, birth_date=patient.birth_date)
    assert sign_in(code, birth_date=date(1950, 1, 1)).patient_id == neighbour.pk


def test_whoever_tries_too_fast_waits_and_is_not_looked_at(patient):
    code = code_of(patient)
    for number in range(10):
        assert is_refused(f"0000000{number}")
    with pytest.raises(TooSoon):
        sign_in(code)
    assert not is_refused(code, address="198.51.100.1")


def test_of_the_code_only_a_keyed_hash_is_kept(clinic, patient):
    code = code_of(patient)
    with inside(clinic.pk):
        kept = Invitation.objects.of_patient(patient).values().get()
    assert code not in str(kept)
    assert kept["code_hash"] == codes.hash_of_printed(code)


@pytest.mark.django_db(transaction=True)
def test_of_20_who_type_a_code_at_once_one_gets_in():
    """Twenty rounds: each time exactly one."""
    patient = make.patient(of=make.clinic(), birth_date=BORN)
    address = map(str, count())

    def try_it(code: str) -> bool:
        return not is_refused(code, address=next(address))

    for _ in range(20):
        assert at_once(20, partial(try_it, code_of(patient))).count(True) == 1
    with inside(patient.clinic_id):
        assert Device.objects.of_patient(patient).count() == 20


# The mailed code


def ask(email=EMAIL, *, at=NOW, address="203.0.113.7") -> tuple[str, str]:
    return signing_in.make_mailed_code(email=email, address=address, at=at)


def answer(asked, *, email=EMAIL, at=NOW, address="203.0.113.7"):
    secret, code = asked
    return signing_in.sign_in_with_mailed_code(
        email=email, secret=secret, code=code, address=address, label="iPhone", at=at
    )


def is_not_let_in(asked, **how) -> bool:
    try:
        answer(asked, **how)
    except CodeRefused:
        return True
    return False


def test_a_mailed_code_signs_in_where_the_portal_was_open_before(clinic, patient):
    device(of=patient)
    (credentials,) = answer(ask())
    assert credentials[:2] == (clinic.pk, patient.pk)
    with inside(clinic.pk):
        assert Device.objects.of_patient(patient).count() == 2
        assert AuditEvent.objects.filter(detail__way="mailed code").count() == 1


def test_a_patient_of_two_clinics_is_signed_in_at_both(clinic, other_clinic, patient):
    again = make.patient(of=other_clinic, email=EMAIL)
    for one in (patient, again):
        invitation(of=one)
    found = [credentials[:2] for credentials in answer(ask())]
    assert found == [(clinic.pk, patient.pk), (other_clinic.pk, again.pk)]


def test_whoever_was_never_invited_is_not_found(clinic, patient):
    assert signing_in.patients_of(EMAIL) == []
    invitation(of=patient)
    assert signing_in.patients_of(EMAIL) == [(clinic.pk, patient.pk)]
    assert signing_in.patients_of("") == []
    with inside(clinic.pk):
        actions.archive(patient=patient, at=NOW, by=make.founder(clinic))
    assert signing_in.patients_of(EMAIL) == []


@pytest.mark.parametrize("alike", ["anà@example.org", "ana@example.orɡ", "ana@example.org.x", "%"])
def test_an_address_that_looks_alike_is_another(clinic, patient, alike):
    invitation(of=patient)
    assert signing_in.patients_of(alike) == []


def test_a_mailed_code_works_once(clinic, patient):
    invitation(of=patient)
    asked = ask()
    assert not is_not_let_in(asked)
    assert is_not_let_in(asked)


@pytest.mark.parametrize(("seconds", "works"), [(599, True), (600, False)])
def test_a_mailed_code_lasts_10_minutes(patient, seconds, works):
    invitation(of=patient)
    assert is_not_let_in(ask(), at=NOW + timedelta(seconds=seconds)) is not works


def test_a_mailed_code_works_in_the_browser_that_asked_and_no_other(patient):
    invitation(of=patient)
    secret, code = ask()
    assert is_not_let_in(("another", code))
    assert is_not_let_in((secret, code), email="bo@example.org")
    assert not is_not_let_in((secret, code))


def test_a_newer_code_ends_the_older(patient):
    invitation(of=patient)
    first, second = ask(), ask()
    assert is_not_let_in(first)
    assert not is_not_let_in(second)
    assert MailedCode.objects.count() == 1


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_sixth_guess_is_refused_even_if_right(patient):
    invitation(of=patient)
    secret, code = ask()
    for number in range(5):
        assert is_not_let_in((secret, wrong(code)), address=f"203.0.113.{number}")
    assert is_not_let_in((secret, code), address="198.51.100.1")


def test_the_fifth_guess_is_looked_at(patient):
    invitation(of=patient)
    secret, code = ask()
    assert all(is_not_let_in((secret, wrong(code))) for _ in range(4))
    assert not is_not_let_in((secret, code))


def test_for_an_unknown_address_all_is_done_alike_and_nobody_gets_in(clinic):
    asked = ask("nobody@example.org")
    assert MailedCode.objects.count() == 1
    assert is_not_let_in(asked, email="nobody@example.org")


def test_codes_of_yesterday_are_not_kept(patient):
    ask()
    ask("bo@example.org", at=NOW + timedelta(days=1))
    assert MailedCode.objects.count() == 1


def test_nothing_that_was_asked_for_can_be_read(patient):
    _, code = ask()
    kept = str(MailedCode.objects.values().get())
    assert EMAIL not in kept
    assert code not in kept.replace("datetime", "")


@pytest.mark.django_db(transaction=True)
def test_of_20_who_answer_at_once_one_gets_in():
    patient = make.patient(of=make.clinic(), email=EMAIL)
    invitation(of=patient)
    asked = ask()
    address = map(str, count())
    refused = at_once(20, lambda: is_not_let_in(asked, address=next(address)))
    assert refused.count(False) == 1
    with inside(patient.clinic_id):
        assert Device.objects.of_patient(patient).count() == 1
