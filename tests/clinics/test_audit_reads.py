"""Whoever sees, exports, signs in or is refused leaves a line, without anybody asking for it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics import reads, sign_ins
from clinics.audit import record
from clinics.models import (
    AuditEvent,
    AuditKind,
    Clinic,
    FailedSignIn,
    Membership,
    StaffSession,
)
from clinics.origin import browser_of
from clinics.tenancy import inside
from patients.models import Patient
from prescriptions.models import PrescriptionEdition
from tests import make
from tests.conftest import as_login, signed_in
from tests.test_doors import ABOUT, STAFF_ROWS, keys_of_everything, phone_of, undone, url

PASSWORD = "a long sample password"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
OF_A_PATIENT = [
    name for name in STAFF_ROWS if ABOUT[name] is Patient or hasattr(ABOUT[name], "patient")
]


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet(db):
    cache.clear()


def lines(clinic: Clinic, *kinds: AuditKind, **about: object) -> list[AuditEvent]:
    with inside(clinic.pk):
        return list(AuditEvent.objects.of(clinic).of_kind(*kinds).filter(**about).order_by("pk"))


def looks(clinic: Clinic, **about: object) -> list[AuditEvent]:
    return lines(clinic, AuditKind.LOOK, **about)


# Looking


def test_every_page_about_a_patient_says_what_it_shows():
    registered = {name for name in STAFF_ROWS if reads.page_named(name)}
    # A certificate of erasure names nobody.
    of_nobody = {"prescriptions:for_whom", "patients:certificate"}
    assert registered - of_nobody == set(OF_A_PATIENT)
    for name in OF_A_PATIENT:
        assert reads.page_named(name).about is ABOUT[name]


def test_whoever_sees_a_page_about_a_patient_leaves_a_line(clinic, subtests):
    """The walk over all of them: a view that shows a patient and leaves no line fails here."""
    keys = keys_of_everything(clinic)
    admin = signed_in(clinic, Membership.Role.ADMIN)
    with inside(clinic.pk):
        published = PrescriptionEdition.objects.of(clinic).published().get().pk
    addresses = [(name, url(name, keys[ABOUT[name]])) for name in OF_A_PATIENT]
    for_published = ("prescriptions:edition", "prescriptions:note")
    addresses += [(name, url(name, published)) for name in for_published]
    seen = set()
    for name, address in addresses:
        with subtests.test(name), undone():
            response = admin.get(address)
            found = looks(clinic, patient_id=keys[Patient])
            assert (len(found) == 1) == (response.status_code == 200)
            if found:
                seen.add(name)
                assert found[0].verb == reads.page_named(name).verb
                assert found[0].actor_id == admin.user.pk
    # A test that saw nothing would find nothing.
    assert len(seen) > 20


def test_what_is_no_page_about_a_patient_leaves_no_line_about_one(clinic, admin):
    make.everything(of=clinic)
    for name in ("home", "patients", "prescriptions:alerts", "exercises:library", "clinics:audit"):
        assert admin.get(url(name, 0)).status_code == 200
    assert {(line.verb, line.patient_id) for line in looks(clinic)} == {
        ("looked at who needs somebody today", None),
        ("looked at the list of patients", None),
        ("looked at the list of alerts", None),
        ("looked at the audit trail", None),
    }


@pytest.fixture
def address(clinic) -> str:
    return reverse("patients:record", args=[make.patient(of=clinic).pk])


def test_a_line_says_who_as_what_and_from_where(clinic, therapist, address):
    therapist.get(address, headers={"User-Agent": FIREFOX}, REMOTE_ADDR="203.0.113.7")
    (line,) = looks(clinic)
    assert (line.actor_name, line.role) == ("Therapist", "therapist")
    assert (line.address, line.browser) == ("203.0.113.7", "Firefox on Windows")
    assert line.detail == {}


def test_the_address_is_the_one_that_our_own_proxy_saw(clinic, therapist, address, settings):
    settings.TRUSTED_PROXIES = 1
    therapist.get(address, headers={"X-Forwarded-For": "10.0.0.1, 198.51.100.4"})
    therapist.get(address, headers={"X-Forwarded-For": "not an address"})
    assert [line.address for line in looks(clinic)] == ["198.51.100.4", ""]


def test_looking_again_within_the_hour_leaves_one_line(clinic, therapist, address, monkeypatch):
    begun = timezone.now()
    for minutes, expected in ((0, 1), (59, 1), (61, 2)):
        monkeypatch.setattr(timezone, "now", lambda at=minutes: begun + timedelta(minutes=at))
        StaffSession.objects.update(active_at=timezone.now())  # or the screen would be locked
        therapist.get(address)
        assert len(looks(clinic)) == expected


@pytest.mark.parametrize(
    "otherwise",
    [{"REMOTE_ADDR": "203.0.113.9"}, {"headers": {"User-Agent": FIREFOX}}],
    ids=["another address", "another browser"],
)
def test_the_same_person_from_elsewhere_leaves_another_line(clinic, therapist, address, otherwise):
    therapist.get(address)
    therapist.get(address, **otherwise)
    assert len(looks(clinic)) == 2


def test_a_colleague_leaves_a_line_of_their_own(clinic, therapist, assistant, address):
    therapist.get(address)
    assistant.get(address)
    assert [line.role for line in looks(clinic)] == ["therapist", "assistant"]


def test_a_look_costs_one_statement(therapist, address, django_assert_max_num_queries):
    page = reads.page_named("patients:record")
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(reads._pages, "patients:record")
        with django_assert_max_num_queries(99) as without:
            therapist.get(address)
    assert page == reads.page_named("patients:record")
    for _ in range(2):
        with django_assert_max_num_queries(99) as looked:
            therapist.get(address)
        assert len(looked) == len(without) + 1


def test_a_page_that_breaks_leaves_no_line(clinic, therapist, address, monkeypatch):
    monkeypatch.setattr("patients.views.records._record", lambda *_: 1 / 0)
    therapist.raise_request_exception = False
    assert therapist.get(address).status_code == 500
    assert looks(clinic) == []


def test_a_handout_is_an_export(clinic, therapist):
    patient = make.patient(of=clinic)
    make.screened(patient)
    edition = make.edition(of=patient)
    therapist.get(reverse("prescriptions:handout", args=[edition.pk]))
    (line,) = lines(clinic, AuditKind.EXPORT)
    assert (line.verb, line.patient_id) == ("printed a handout", patient.pk)


# Being refused


def refusals(clinic: Clinic) -> list[tuple]:
    found = lines(clinic, AuditKind.REFUSED)
    return [(line.verb, line.target, line.target_id, line.patient_id) for line in found]


def test_what_a_role_may_not_leaves_a_line(clinic, assistant, address):
    patient_id = int(address.split("/")[2])
    assert assistant.get(reverse("patients:edit", args=[patient_id])).status_code == 403
    assert refusals(clinic) == [("was refused", "patients.Patient", patient_id, patient_id)]
    assert lines(clinic, AuditKind.REFUSED)[0].detail == {"page": "patients:edit"}


def test_asking_for_another_clinics_row_leaves_a_line_in_ones_own_trail(
    clinic, other_clinic, stranger, address
):
    patient_id = int(address.split("/")[2])
    assert stranger.get(address).status_code == 404
    expected = ("asked for what is not there", "patients.Patient", patient_id, None)
    assert refusals(other_clinic) == [expected]
    assert refusals(clinic) == []


def test_a_refusal_of_another_clinics_row_by_role_names_no_patient(other_clinic, address):
    patient_id = int(address.split("/")[2])
    assistant = signed_in(other_clinic, Membership.Role.ASSISTANT)
    assert assistant.get(reverse("patients:edit", args=[patient_id])).status_code == 403
    assert refusals(other_clinic) == [("was refused", "patients.Patient", patient_id, None)]


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_a_number_that_no_row_could_have_breaks_nothing(clinic, therapist, number):
    assert therapist.get(f"/patients/{number}/").status_code == 404
    assert refusals(clinic) == [("asked for what is not there", "patients.Patient", None, None)]


@pytest.mark.django_db(transaction=True)
def test_a_refusal_stands_although_the_request_was_undone(transactional_db, monkeypatch):
    """The act before the refusal is gone, the line about it is not."""
    clinic = make.clinic()
    therapist = signed_in(clinic, Membership.Role.THERAPIST)
    patient = make.patient(of=clinic)

    def change_and_ask_for_more(request, pk):
        Patient.objects.filter(pk=patient.pk).update(phone="1")
        raise reads.Http404

    monkeypatch.setattr("patients.views.records.find_patient", change_and_ask_for_more)
    assert therapist.get(reverse("patients:record", args=[patient.pk])).status_code == 404
    with inside(clinic.pk):
        assert Patient.objects.get(pk=patient.pk).phone == ""
    assert len(refusals(clinic)) == 1


def test_a_patient_who_asks_for_a_neighbours_page_leaves_a_line(clinic):
    neighbour, patient = make.everything(of=clinic), make.patient(of=clinic)
    with inside(clinic.pk):
        edition = PrescriptionEdition.objects.of_patient(neighbour).published().get()
    phone = phone_of(patient)
    for _ in range(2):
        assert phone.get(reverse("portal:log", args=[edition.pk])).status_code == 404
    assert refusals(clinic) == [("asked for what is not there", "", edition.pk, patient.pk)]
    assert lines(clinic, AuditKind.REFUSED)[0].actor_kind == "patient"


# Acts


def test_an_act_says_from_where_it_was_done(clinic, therapist, address):
    therapist.post(
        reverse("patients:note", args=[address.split("/")[2]]),
        {"text": "Went well", "client_uuid": uuid4()},
        headers={"User-Agent": FIREFOX},
        REMOTE_ADDR="203.0.113.7",
    )
    (line,) = lines(clinic, AuditKind.ACT, verb="wrote a note")
    assert (line.role, line.address, line.browser) == (
        "therapist",
        "203.0.113.7",
        "Firefox on Windows",
    )


def test_what_nobody_asked_for_by_a_request_comes_from_nowhere(clinic):
    with inside(clinic.pk):
        line = record(clinic_id=clinic.pk, by=make.founder(clinic), verb="x", target=clinic)
    assert (line.role, line.address, line.browser) == ("", "", "")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (FIREFOX, "Firefox on Windows"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit Chrome/141 Safari/537 Edg/141", "Edge on Mac"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/141 Mobile Safari/537", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19 Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/141 Safari/537", "Chrome on Chromebook"),
        ("curl/8.5", ""),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_a_browser_is_named_by_its_family(said, expected):
    assert browser_of(said) == expected


# Signing in


@pytest.fixture
def dana(clinic):
    user = make.user(name="Dana", email="dana@example.org", password=PASSWORD)
    make.member(user=user, of=clinic)
    return user


def sign_in(email: str, password: str):
    return Client(headers={"User-Agent": FIREFOX}).post(
        reverse("account_login"), {"login": email, "password": password}
    )


def test_signing_in_and_out_leaves_a_line_in_each_of_ones_clinics(clinic, other_clinic, dana):
    make.member(user=dana, of=other_clinic)
    client = Client(headers={"User-Agent": FIREFOX})
    client.post(reverse("account_login"), {"login": dana.email, "password": PASSWORD})
    client.post(reverse("account_logout"))
    for where in (clinic, other_clinic):
        found = lines(where, AuditKind.SIGN_IN)
        assert [(line.actor_name, line.verb) for line in found] == [
            ("Dana", "signed in"),
            ("Dana", "signed out"),
        ]
        assert {line.browser for line in found} == {"Firefox on Windows"}


def test_a_wrong_password_leaves_a_line_that_is_not_by_the_person(clinic, dana):
    assert sign_in(" DANA@example.org", "wrong").status_code == 200
    (line,) = lines(clinic, AuditKind.SIGN_IN)
    assert (line.verb, line.actor_kind) == ("failed to sign in", "system")
    assert line.detail == {"person": "Dana", "how": "password"}
    assert line.target_id == dana.pk


def stored_failures() -> list[FailedSignIn]:
    with as_login("migrator"):
        return list(FailedSignIn.objects.all())


@pytest.mark.django_db(transaction=True)
def test_an_address_of_nobody_is_kept_as_a_keyed_hash_alone(transactional_db):
    clinic = make.clinic()
    gone = make.user(name="Gone", email="gone@example.org", password=PASSWORD)
    sign_in("nobody@example.org", "wrong")
    sign_in("nobody@example.org", "wrong again")
    sign_in(gone.email, "wrong")
    assert lines(clinic, AuditKind.SIGN_IN) == []
    first, second, third = stored_failures()
    assert first.typed_hash == second.typed_hash
    assert len(first.typed_hash) == 64
    assert "nobody" not in str(vars(first))
    assert (third.user_id, third.typed_hash) == (gone.pk, "")


def test_a_failure_of_another_kind_is_noted_by_whoever_sees_it(clinic, dana):
    sign_ins.note_failure(dana, how="one-time code")
    (line,) = lines(clinic, AuditKind.SIGN_IN)
    assert line.detail["how"] == "one-time code"


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", "x" * 10_000, "\u202e@example.org", "a'--@b"])
def test_whatever_is_typed_breaks_nothing(rf, typed):
    assert authenticate(rf.post("/"), email=typed, password="x") is None
