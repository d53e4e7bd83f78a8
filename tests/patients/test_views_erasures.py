"""Erasing a record on the page: by admins, twice confirmed, never earlier than allowed."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEvent, Membership
from patients import actions, erasure
from patients.models import Erasure, Patient
from tests import make
from tests.conftest import signed_in
from tests.make import inside

LONG_AGO = timezone.now() - timedelta(days=366 * 11)


def url(name: str, key: int | None = None) -> str:
    return reverse(f"patients:{name}", args=[] if key is None else [key])


def archived(clinic, *, at=LONG_AGO, **told) -> Patient:
    one = make.patient(of=clinic, created_at=LONG_AGO, **told)
    with inside(clinic.pk):
        actions.archive(patient=one, at=at, by=make.founder(clinic))
        return Patient.objects.with_clinic().get(pk=one.pk)


@pytest.fixture
def old(clinic) -> Patient:
    """Archived so long ago that the record need not be kept."""
    return archived(clinic, name="Ines Okoye", record_number="R-7")


@pytest.fixture
def young(clinic) -> Patient:
    return archived(clinic, at=timezone.now(), name="Amara Fell")


def asked(clinic) -> list[Erasure]:
    with inside(clinic.pk):
        return list(Erasure.objects.of(clinic).order_by("pk"))


def is_there(patient) -> bool:
    with inside(patient.clinic_id):
        return Patient.objects.filter(pk=patient.pk).exists()


def ask(client, patient, reason="asked"):
    return client.post(url("ask_for_erasure", patient.pk), {"reason": reason})


def verbs(clinic) -> list[str]:
    with inside(clinic.pk):
        return list(AuditEvent.objects.of(clinic).acts().values_list("verb", flat=True))


def test_a_record_is_asked_for_erased_and_certified(admin, clinic, old):
    page = admin.get(url("erase", old.pk))
    assert b"Write down that it shall be erased" in page.content
    ask(admin, old)
    done = admin.post(url("erase", old.pk), {"confirmed_by": " r-7 "}, follow=True)
    assert not is_there(old)
    [certified] = asked(clinic)
    assert done.redirect_chain == [(url("certificate", certified.pk), 302)]
    assert certified.digest in done.content.decode()
    assert "Okoye" not in done.content.decode()


def test_the_file_of_the_certificate_carries_the_digest_of_what_it_says(admin, clinic, old):
    ask(admin, old)
    admin.post(url("erase", old.pk), {"confirmed_by": "R-7"})
    [certified] = asked(clinic)
    answer = admin.get(url("certificate_file", certified.pk))
    assert answer["Content-Disposition"] == f'attachment; filename="erasure-{old.pk}.json"'
    file = json.loads(answer.content)
    assert file["sha256"] == erasure.digest_of(file["certificate"])
    assert "Okoye" not in answer.content.decode()


@pytest.mark.parametrize("typed", ["", "R-8", "Ines Okoye"])
def test_whoever_types_something_else_erases_nobody(admin, old, typed):
    ask(admin, old)
    answer = admin.post(url("erase", old.pk), {"confirmed_by": typed})
    assert answer.status_code == 200
    assert answer.context["form"].errors["confirmed_by"]
    assert is_there(old)


def test_what_nobody_asked_for_is_not_erased(admin, clinic, old):
    assert admin.post(url("erase", old.pk), {"confirmed_by": "R-7"}).status_code == 200
    assert is_there(old)
    assert asked(clinic) == []


def test_before_its_day_a_legal_reason_is_asked_for_and_kept(admin, clinic, young):
    ask(admin, young)
    typed = {"confirmed_by": "amara fell"}
    refused = admin.post(url("erase", young.pk), typed)
    assert refused.context["form"].errors["legal_reason"]
    assert is_there(young)
    named = admin.post(url("erase", young.pk), typed | {"legal_reason": "Ms Fell asked"})
    assert "Leave the patient’s name out" in named.content.decode()
    assert is_there(young)
    admin.post(url("erase", young.pk), typed | {"legal_reason": "GDPR Art. 17(1)(d)"})
    assert not is_there(young)
    assert asked(clinic)[0].legal_reason == "GDPR Art. 17(1)(d)"


def test_a_record_that_grew_too_young_meanwhile_stays(admin, clinic, old, monkeypatch):
    ask(admin, old)
    later = timezone.now().date() + timedelta(days=30)

    def refuse(**_: object) -> None:
        raise erasure.TooEarly(later)

    monkeypatch.setattr(erasure, "erase", refuse)
    answer = admin.post(url("erase", old.pk), {"confirmed_by": "R-7"})
    assert f"until {later:%-d %B %Y}" in answer.content.decode()


def test_a_patient_in_treatment_is_archived_first(admin, clinic):
    one = make.patient(of=clinic)
    ask(admin, one)
    answer = admin.post(
        url("erase", one.pk), {"confirmed_by": one.name, "legal_reason": "A court’s order"}
    )
    assert "archive the patient first" in answer.content.decode().lower()
    assert is_there(one)


def test_what_was_asked_is_taken_back_and_the_trail_keeps_both(admin, clinic, old):
    ask(admin, old)
    admin.post(url("take_back_erasure", old.pk))
    assert asked(clinic) == []
    assert is_there(old)
    told = verbs(clinic)
    assert "asked for an erasure" in told
    assert "took back an erasure that was asked for" in told


def test_the_database_lets_nobody_take_back_what_is_done(admin, clinic, old):
    ask(admin, old)
    admin.post(url("erase", old.pk), {"confirmed_by": "R-7"})
    with pytest.raises(IntegrityError), inside(clinic.pk):
        Erasure.objects.of(clinic).delete()


def test_asking_twice_asks_once(admin, clinic, old):
    ask(admin, old)
    ask(admin, old, reason="ordered")
    assert [one.reason for one in asked(clinic)] == ["asked"]


def test_a_reason_has_to_be_chosen(admin, clinic, old):
    ask(admin, old, reason="because")
    assert asked(clinic) == []


@pytest.mark.parametrize(
    "name", ["erase", "ask_for_erasure", "take_back_erasure", "certificate", "certificate_file"]
)
def test_only_admins_of_the_clinic_come_near(
    admin, therapist, assistant, clinic, other_clinic, name, old
):
    ask(admin, old)
    [one] = asked(clinic)
    key = one.pk if name.startswith("certificate") else old.pk
    stranger = signed_in(other_clinic, Membership.Role.ADMIN)
    assert admin.get(url(name, key)).status_code in {200, 302, 404}
    for client, expected in ((therapist, 403), (assistant, 403), (stranger, 404)):
        for method in ("get", "post"):
            status = getattr(client, method)(url(name, key)).status_code
            assert status in {expected, 405}, (name, method)
    assert asked(clinic) == [one]


def test_the_list_costs_the_same_for_one_and_three(admin, clinic):
    def cost() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert admin.get(url("erasures")).status_code == 200
        return len(counted)

    ask(admin, archived(clinic))
    admin.get(url("erasures"))
    for_one = cost()
    for _ in range(2):
        ask(admin, archived(clinic))
    assert cost() == for_one


def test_the_list_shows_who_need_not_be_kept_the_longest_quiet_first(admin, clinic, old, young):
    older = archived(clinic, at=LONG_AGO - timedelta(days=40))
    with inside(clinic.pk):
        Patient.objects.filter(pk=older.pk).update(created_at=LONG_AGO - timedelta(days=50))
    overdue = admin.get(url("erasures")).context["overdue"]
    assert [patient for patient, _ in overdue] == [older, old]


def test_a_long_list_says_that_there_is_more(admin, clinic, old, monkeypatch):
    monkeypatch.setattr("patients.views.erasures.OVERDUE_SHOWN", 1)
    archived(clinic)
    answer = admin.get(url("erasures"))
    assert len(answer.context["overdue"]) == 1
    assert "There are more" in answer.content.decode()


def test_a_note_written_lately_keeps_a_record(admin, clinic, old):
    with inside(clinic.pk):
        actions.write_note(
            patient=old,
            text="Called.",
            by=make.founder(clinic),
            at=timezone.now(),
            client_uuid=uuid4(),
        )
    assert admin.get(url("erasures")).context["overdue"] == []


def test_admins_are_told_how_many_each_month_and_nothing_else(
    clinic, other_clinic, old, mailoutbox
):
    with inside(clinic.pk):
        admins = Membership.objects.of(clinic).active().filter(role=Membership.Role.ADMIN)
        expected = set(admins.values_list("user__email", flat=True))
    call_command("retention_report", "--mail")
    assert {to for mail in mailoutbox for to in mail.to} == expected
    assert "1 archived record " in mailoutbox[0].body
    assert "Okoye" not in mailoutbox[0].body + mailoutbox[0].subject


def test_without_the_word_nobody_is_told(clinic, old, mailoutbox):
    call_command("retention_report")
    assert mailoutbox == []
