"""Who comes into the portal, and who does not."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinics.models import AuditEvent
from patients import actions as patient_actions
from patients.actions import Credentials
from patients.models import Device, Invitation
from portal.access import COOKIE, sign_in
from tests import make
from tests.make import NOW, inside
from tests.portal.conftest import PHONE, invitation, phone_of
from tests.prescriptions.conftest import words

pytestmark = pytest.mark.usefixtures("clock")

TODAY_PAGE = "/my/"
BEHIND_THE_DOOR = ["portal:today", "portal:logs"]


def devices(patient) -> list[Device]:
    with inside(patient.clinic_id):
        return list(Device.objects.of_patient(patient))


def is_closed(response: HttpResponse) -> bool:
    closed = response.status_code == 401
    assert ("Please open the link from your therapist" in words(response)) is closed
    return closed


# The link


def test_looking_at_a_link_uses_nothing_up(patient):
    path = invitation(of=patient)
    for _ in range(3):
        response = Client().get(path)
        assert response.status_code == 200
        assert "Clinic has made a stretching programme for you." in words(response)
        assert COOKIE not in response.cookies
    assert devices(patient) == []
    assert Client().post(path).status_code == 302


def test_pressing_the_button_opens_the_portal_on_this_phone(patient):
    phone = Client(headers={"User-Agent": PHONE})
    response = phone.post(invitation(of=patient), follow=True)
    assert response.redirect_chain == [(TODAY_PAGE, 302)]
    assert response.status_code == 200
    (device,) = devices(patient)
    assert (device.label, device.created_at) == ("iPhone", NOW)
    with inside(patient.clinic_id):
        event = AuditEvent.objects.filter(verb="opened the portal on a new device").get()
        assert (event.actor_kind, event.actor_id) == ("patient", patient.pk)


def test_what_opens_the_portal_is_out_of_reach_of_scripts(patient):
    response = Client().post(invitation(of=patient))
    cookie = response.cookies[COOKIE]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Lax", "/my/")
    assert cookie["max-age"] == 90 * 24 * 60 * 60


def test_a_link_is_shown_to_nobody_else(patient):
    path = invitation(of=patient)
    for response in (Client().get(path), Client().post(path)):
        assert response["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response["Cache-Control"]


def used(patient, path):
    Client().post(path)


def revoked(patient, path):
    with inside(patient.clinic_id):
        open_one = Invitation.objects.of_patient(patient).get()
        by = make.founder(patient.clinic)
        patient_actions.revoke_invitation(invitation=open_one, at=NOW, by=by)


def replaced(patient, path):
    invitation(of=patient)


def archived(patient, path):
    with inside(patient.clinic_id):
        patient_actions.archive(patient=patient, at=NOW, by=make.founder(patient.clinic))


@pytest.mark.parametrize("spoil", [used, revoked, replaced, archived])
def test_a_link_that_is_over_is_refused_kindly(patient, spoil):
    path = invitation(of=patient)
    spoil(patient, path)
    before = len(devices(patient))
    for method in ("get", "post"):
        response = getattr(Client(), method)(path)
        assert response.status_code == 404
        assert "This link does not work any more" in words(response)
        assert "Ana Ruiz" not in words(response)
        assert COOKIE not in response.cookies
    assert len(devices(patient)) == before


@pytest.mark.parametrize(
    ("later", "status"),
    [
        pytest.param(timedelta(days=14) - timedelta(seconds=1), 302, id="the last second"),
        pytest.param(timedelta(days=14), 404, id="14 days later"),
    ],
)
def test_a_link_lasts_14_days(patient, clock, later, status):
    path = invitation(of=patient)
    clock(NOW + later)
    assert Client().post(path).status_code == status


@pytest.mark.parametrize(
    "token",
    [
        "x", "-", "1-", "-x", "0-x", "-1-x", "zz-x", "1-nothing", f"{2**62:x}-x", f"{2**64:x}-x",
        "1" * 3000, "1-%00", "%00-x", "1-\u202e", "1-💃", "1-..%2F..", "<script>-1",
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_a_link_that_never_was_is_refused_like_any_other(token):
    for method in ("get", "post"):
        response = getattr(Client(), method)(f"/my/enter/{token}/")
        assert response.status_code == 404
        assert "<script>-1" not in response.content.decode()


@pytest.mark.django_db
def test_the_refusal_of_a_link_that_never_was_is_the_kind_one():
    assert "This link does not work any more" in words(Client().get("/my/enter/1-nothing/"))


def test_a_link_names_its_clinic_and_not_its_patient(patient):
    response = Client().get(invitation(of=patient))
    assert "Ana Ruiz" not in words(response)


@pytest.mark.parametrize("method", ["put", "patch", "delete", "head", "options"])
def test_a_link_is_looked_at_or_pressed_and_nothing_else(patient, method):
    path = invitation(of=patient)
    assert getattr(Client(), method)(path).status_code in {200, 405}
    assert devices(patient) == []
    assert Client().post(path).status_code == 302


def test_a_phone_that_opens_another_patients_link_shows_that_patient(clinic, patient):
    phone = phone_of(patient)
    other = make.patient(of=clinic)
    make.edition(of=other, lines=[make.line("DOOR")])
    phone.post(invitation(of=other))
    assert "Doorway" in words(phone.get(TODAY_PAGE))


def test_a_press_needs_the_page_it_is_on(patient):
    path = invitation(of=patient)
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403
    assert devices(patient) == []


# The door


@pytest.mark.parametrize("name", BEHIND_THE_DOOR)
def test_three_people_at_the_door(clinic, patient, therapist, name):
    assert phone_of(patient).get(reverse(name)).status_code == 200
    assert is_closed(therapist.get(reverse(name)))
    assert is_closed(Client().get(reverse(name)))


def test_the_closed_door_says_where_help_is(patient):
    assert reverse("portal:help") in Client().get(TODAY_PAGE).content.decode()


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda value: "", id="empty"),
        pytest.param(lambda value: "x", id="no signature"),
        pytest.param(lambda value: value[:-1] + "!", id="another signature"),
        pytest.param(lambda value: value.replace(":", ";", 1), id="another clinic"),
        pytest.param(lambda value: f"9{value}", id="a key put before"),
        pytest.param(lambda value: value.rpartition(":")[0], id="the signature cut off"),
        pytest.param(lambda value: value * 20, id="very long"),
        pytest.param(lambda value: "\u00e9", id="an accent"),
    ],
)
def test_a_forged_cookie_opens_nothing(patient, forge):
    phone = phone_of(patient)
    phone.cookies[COOKIE] = forge(phone.cookies[COOKIE].value)
    assert is_closed(phone.get(TODAY_PAGE))


def credentials_of(patient) -> Credentials:
    """What a phone of the patient keeps."""
    with inside(patient.clinic_id):
        by = make.founder(patient.clinic)
        _, token = patient_actions.invite(patient=patient, at=NOW, by=by)
        return patient_actions.accept_invitation(token=token, label="iPhone", at=NOW)


def phone_with(credentials: Credentials) -> Client:
    """A phone that somehow keeps these, signed by us."""
    phone, response = Client(), HttpResponse()
    sign_in(response, credentials)
    phone.cookies[COOKIE] = response.cookies[COOKIE].value
    return phone


def test_credentials_of_a_device_open_its_own_portal_and_no_other(clinic, other_clinic, patient):
    mine, neighbour = credentials_of(patient), make.patient(of=clinic)
    assert not is_closed(phone_with(mine).get(TODAY_PAGE))
    for forged in (
        mine._replace(patient_id=neighbour.pk),
        mine._replace(clinic_id=other_clinic.pk),
        mine._replace(secret=mine.secret[:-1]),
        mine._replace(patient_id=2**62),
    ):
        assert is_closed(phone_with(forged).get(TODAY_PAGE))


def test_a_cookie_signed_for_something_else_opens_nothing(patient):
    response = HttpResponse()
    response.set_signed_cookie("other", ":".join(map(str, credentials_of(patient))), salt="other")
    phone = Client()
    phone.cookies[COOKIE] = response.cookies["other"].value
    assert is_closed(phone.get(TODAY_PAGE))


def test_a_device_that_was_signed_out_by_the_therapist_is_closed(patient):
    phone = phone_of(patient)
    (device,) = devices(patient)
    with inside(patient.clinic_id):
        patient_actions.revoke_device(device=device, at=NOW, by=make.founder(patient.clinic))
    for name in BEHIND_THE_DOOR:
        assert is_closed(phone.get(reverse(name)))
    assert phone.post(reverse("portal:leave")).status_code == 401


def test_another_phone_of_the_patient_stays_open(patient):
    first, second = phone_of(patient), phone_of(patient)
    first.post(reverse("portal:leave"))
    assert is_closed(first.get(TODAY_PAGE))
    assert not is_closed(second.get(TODAY_PAGE))


def test_the_portal_of_an_archived_patient_is_closed_until_the_record_is_restored(patient):
    phone, by = phone_of(patient), make.founder(patient.clinic)
    with inside(patient.clinic_id):
        patient_actions.archive(patient=patient, at=NOW, by=by)
    assert is_closed(phone.get(TODAY_PAGE))
    with inside(patient.clinic_id):
        patient_actions.restore(patient=patient, by=by)
    assert not is_closed(phone.get(TODAY_PAGE))


def test_leaving_signs_this_phone_out(patient):
    phone = phone_of(patient)
    response = phone.post(reverse("portal:leave"))
    assert "You are signed out" in words(response)
    assert response.cookies[COOKIE].value == ""
    assert response.cookies[COOKIE]["path"] == "/my/"
    (device,) = devices(patient)
    assert device.revoked_at == NOW
    assert is_closed(phone.get(TODAY_PAGE))


def test_leaving_is_pressed_and_not_followed(patient):
    phone = phone_of(patient)
    assert phone.get(reverse("portal:leave")).status_code == 405
    assert not is_closed(phone.get(TODAY_PAGE))


@pytest.mark.parametrize(
    ("hours", "seen"),
    [
        pytest.param(23, NOW, id="the same day"),
        pytest.param(24, NOW + timedelta(hours=24), id="a day later"),
    ],
)
def test_a_visit_is_noted_once_a_day(patient, clock, hours, seen):
    phone = phone_of(patient)
    clock(NOW + timedelta(hours=hours))
    phone.get(TODAY_PAGE)
    (device,) = devices(patient)
    assert device.last_seen_at == seen


def test_what_the_portal_shows_is_not_kept_by_the_browser(patient):
    phone = phone_of(patient)
    for response in (phone.get(TODAY_PAGE), Client().get(TODAY_PAGE)):
        assert "no-store" in response["Cache-Control"]


# Help is for everybody


def test_help_is_open_to_anyone(patient, therapist):
    for client in (Client(), therapist, phone_of(patient)):
        response = client.get(reverse("portal:help"))
        assert response.status_code == 200
        assert "Stop. Get help now." in words(response)


def test_help_shows_a_patient_the_numbers_of_the_clinic(clinic, patient):
    with inside(clinic.pk):
        type(clinic).objects.filter(pk=clinic.pk).update(emergency_number="112", phone="555 0100")
    assert "Call 112" in words(phone_of(patient).get(reverse("portal:help")))
    assert "555 0100" in words(phone_of(patient).get(reverse("portal:help")))
    assert "Call 911" in words(Client().get(reverse("portal:help")))
