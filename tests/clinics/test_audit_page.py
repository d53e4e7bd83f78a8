"""Admins search the audit trail and take it away as a file; it says whether it is whole."""

import csv
import io
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse

from clinics import audit_trail, views
from clinics.audit import record
from clinics.csv_export import cell, csv_text
from clinics.models import AuditEvent, AuditKind, Clinic, Membership
from clinics.tenancy import inside
from tests import make
from tests.conftest import as_login, signed_in

AUDIT, EXPORT = reverse("clinics:audit"), reverse("clinics:audit_export")


def event(clinic: Clinic, verb: str, *, at: datetime | None = None, **fields: object) -> None:
    given = {"actor_kind": "system", "actor_name": "x", "target": "x"} | fields
    moment = {"at": at} if at else {}
    with inside(clinic.pk):
        AuditEvent.objects.create(clinic=clinic, verb=verb, **moment, **given)


def shown(admin, **asked: object) -> str:
    return admin.get(AUDIT, asked).content.decode().partition("<tbody>")[2]


def test_one_person_is_found_and_whom_that_person_touched(admin, clinic):
    for number in (7, 9, 7):
        event(clinic, "did it", actor_kind="staff", actor_id=admin.user.pk, patient_id=number)
    event(clinic, "did other", actor_kind="staff", actor_id=0, patient_id=5)
    event(clinic, "is not staff", actor_kind="patient", actor_id=admin.user.pk, patient_id=5)
    page = admin.get(AUDIT, {"person": admin.user.pk}).content.decode()
    before, _, found = page.partition("<tbody>")
    assert found.count("did it") == 3
    assert "did other" not in found
    assert "is not staff" not in found
    touched = before.partition("Patients this person touched")[2]
    assert touched.count("patient 7<") == touched.count("patient 9<") == 1
    assert "patient 5<" not in touched


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"kind": "refused"}, {"b"}),
        ({"patient": "5"}, {"b", "c"}),
        ({"patient": "5", "kind": "look"}, {"c"}),
        ({"person": "patient"}, {"c"}),
        ({"person": "system"}, {"a", "b"}),
        ({}, {"a", "b", "c"}),
        ({"patient": ""}, {"a", "b", "c"}),
    ],
)
def test_each_thing_that_is_asked_for_narrows_what_is_found(admin, clinic, asked, expected):
    event(clinic, "did a")
    event(clinic, "did b", kind="refused", patient_id=5)
    event(clinic, "did c", kind="look", patient_id=5, actor_kind="patient")
    found = shown(admin, **asked)
    assert {verb for verb in "abc" if f"did {verb}" in found} == expected


def test_days_are_those_of_the_clinic_and_the_last_one_counts(admin, clinic):
    """New York is five hours behind on that day: 04:59 UTC is the evening of the day before."""
    midnight = datetime(2026, 1, 10, 5, tzinfo=UTC)
    event(clinic, "did before", at=midnight - timedelta(minutes=1))
    event(clinic, "did on", at=midnight)
    assert "did before" in shown(admin, since="2026-01-09", until="2026-01-09")
    assert "did on" not in shown(admin, since="2026-01-09", until="2026-01-09")
    assert "did on" in shown(admin, since="2026-01-10", until="2026-01-10")


@pytest.mark.parametrize(
    "asked",
    [
        {"person": "99999999"},
        {"person": "x"},
        {"kind": "x"},
        {"patient": "x"},
        {"patient": "-1"},
        {"patient": "9" * 30},
        {"since": "x"},
        {"since": "2026-02-02", "until": "2026-02-01"},
        {"since": "0001-01-01", "until": "9999-12-31"},
        {"person": "\x00"},
    ],
)
def test_what_cannot_be_asked_for_breaks_nothing(admin, asked):
    for address in (AUDIT, EXPORT):
        response = admin.get(address, asked)
        assert response.status_code in {200, 302}


def test_pages_keep_what_is_asked_for(admin, clinic):
    for number in range(51):
        event(clinic, f"did {number}", patient_id=5)
    event(clinic, "did other")
    page = admin.get(AUDIT, {"patient": 5}).content.decode()
    older = page.partition('rel="next" href="')[2].split('"')[0].replace("&amp;", "&")
    found = admin.get(older).content.decode()
    assert "did 0<" in found or "did 0 " in found
    assert "did other" not in found


def test_the_page_says_that_the_trail_is_whole(admin, clinic):
    audit_trail.check_and_note(clinic.pk)
    page = admin.get(AUDIT).content.decode()
    assert "Unbroken to line" in page
    assert "the whole trail up to line" in page


@pytest.mark.django_db(transaction=True)
def test_the_page_says_that_the_trail_is_broken(transactional_db):
    clinic = make.clinic()
    admin = signed_in(clinic, Membership.Role.ADMIN)
    with inside(clinic.pk):
        record(clinic_id=clinic.pk, by=admin.user, verb="did", target=clinic)
    with as_login("migrator"), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE clinics_auditevent DISABLE TRIGGER USER")
        cursor.execute("UPDATE clinics_auditevent SET verb = 'x' WHERE verb = 'did'")
        cursor.execute("ALTER TABLE clinics_auditevent ENABLE TRIGGER USER")
    page = admin.get(AUDIT).content.decode()
    assert "The trail is broken" in page
    assert "was changed" in page


def test_what_an_earlier_check_found_stays_on_the_page(admin, clinic):
    with inside(clinic.pk):
        event(clinic, audit_trail.BROKEN, kind=AuditKind.TRAIL, detail={"problem": "line 3"})
    assert "found it broken" in admin.get(AUDIT).content.decode()


# The file


def exported(admin, **asked: object) -> list[dict[str, str]]:
    response = admin.get(EXPORT, asked)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Cache-Control"] == "private, no-store"
    return list(csv.DictReader(io.StringIO(response.content.decode().removeprefix("\ufeff"))))


def test_the_file_holds_what_was_found_and_the_trail_who_took_it(admin, clinic):
    event(clinic, "did it", patient_id=5, address="203.0.113.7")
    event(clinic, "did other")
    with inside(clinic.pk):
        audit_trail.check(clinic.pk)  # and with it the links of what is pending
    (row,) = exported(admin, patient=5)
    assert (row["Verb"], row["Patient’s number"], row["Address"]) == ("did it", "5", "203.0.113.7")
    assert int(row["Line"]) > 0
    assert len(row["Hash"]) == 64
    with inside(clinic.pk):
        line = AuditEvent.objects.get(kind=AuditKind.EXPORT)
    assert (line.verb, line.detail) == ("exported the audit trail", {"lines": 1, "patient": "5"})


def test_no_cell_of_the_file_is_run_as_a_formula(admin, clinic):
    event(clinic, "did it", actor_name='=HYPERLINK("https://evil.example","x")')
    assert '\'=HYPERLINK("https://evil.example","x")' in {row["Person"] for row in exported(admin)}


def test_too_much_for_one_file_is_said_and_not_cut_off(admin, clinic, monkeypatch):
    monkeypatch.setattr(views, "LINES_EXPORTED", 2)
    for _ in range(3):
        event(clinic, "did it")
    response = admin.get(EXPORT, {"kind": "act"}, follow=True)
    assert "Choose a shorter time" in response.content.decode()
    with inside(clinic.pk):
        assert not AuditEvent.objects.filter(kind=AuditKind.EXPORT).exists()


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x", "  =1",
     "\u00a0=1", "\u200b=1", "\ufeff=1"],
)  # fmt: skip
def test_a_cell_that_begins_like_a_formula_gets_an_apostrophe(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Anna", "1", "", "a=b", "'=1", "2026-01-10", "Ñandú", "。"])
def test_any_other_cell_stays_as_it_is(text):
    assert cell(text) == text


def test_a_cell_may_hold_quotes_and_lines_and_nothing_at_all():
    text = csv_text(["a", "b"], [['say "x",\nand y', None]])
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        ["a", "b"],
        ['say "x",\nand y', ""],
    ]


# Which patients one account touched, in a trail of a large clinic


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_whom_an_account_touched_is_answered_in_a_moment_among_a_million_lines(transactional_db):
    clinic = make.clinic()
    with as_login("migrator"), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE clinics_auditevent DISABLE TRIGGER clinics_auditevent_chain")
        cursor.execute(
            "INSERT INTO clinics_auditevent (clinic_id, at, kind, actor_kind, actor_id, actor_name,"
            " verb, target, patient_id, detail) SELECT %s, now() - n * interval '1 minute', 'look',"
            " 'staff', n %% 50, 'x', 'looked at the record', 'x', n %% 10000, '{}'"
            " FROM generate_series(1, 1000000) AS n",
            [clinic.pk],
        )
        cursor.execute("ALTER TABLE clinics_auditevent ENABLE TRIGGER clinics_auditevent_chain")
        cursor.execute("ANALYZE clinics_auditevent")
    now = datetime.now(UTC)
    with inside(clinic.pk):
        found = AuditEvent.objects.of(clinic).by_staff(7)
        begun = time.perf_counter()
        touched = found.filter(at__gte=now - timedelta(days=90)).patients_touched(most=10_000)
        took = time.perf_counter() - begun
    print(f"{len(touched)} patients of one person in 90 days, of 1,000,000 lines: {took:.3f} s")
    assert len(touched) == 200
    assert took < 5
