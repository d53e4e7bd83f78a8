"""Several people on one phone: each page is one person's, and nothing is taken as another's."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from clinics.tenancy import inside
from patients.models import MOST_PEOPLE, Device
from portal.access import COOKIE, who_of
from prescriptions.models import SessionLog
from tests import make
from tests.make import NOW
from tests.portal.conftest import invitation, phone_of
from tests.prescriptions.conftest import words

pytestmark = pytest.mark.usefixtures("clock")

TODAY_PAGE = "/my/"


@pytest.fixture
def other(other_clinic):
    found = make.patient(of=other_clinic, name="Bo Lind")
    make.edition(of=found, lines=[make.line("DOOR")])
    return found


@pytest.fixture
def shared(patient, other) -> Client:
    """A phone on which Ana signed in and then Bo, of another clinic."""
    make.edition(of=patient)
    phone = phone_of(patient)
    assert phone.post(invitation(of=other)).status_code == 302
    return phone


def who(patient) -> str:
    with inside(patient.clinic_id):
        return who_of(Device.objects.of_patient(patient).last_seen_first()[0])


def said_by(page) -> str:
    """Whose the page says that it is."""
    return re.search(r'<body[^>]* data-who="([^"]*)"', page.content.decode())[1]


def test_a_page_says_whose_it_is_without_saying_who(patient):
    make.edition(of=patient)
    page = phone_of(patient).get(TODAY_PAGE)
    assert said_by(page) == who(patient) == page.wsgi_request.who
    assert re.fullmatch("[0-9a-f]{16}", said_by(page))
    assert "data-who" not in Client().get(TODAY_PAGE).content.decode()


def test_a_person_is_the_same_after_signing_in_again(patient, other):
    phone = phone_of(patient)
    first = said_by(phone.get(TODAY_PAGE))
    phone.post(reverse("portal:leave"))
    phone.post(invitation(of=patient))
    assert said_by(phone.get(TODAY_PAGE)) == first
    assert said_by(phone_of(other).get(TODAY_PAGE)) != first


def test_whoever_signed_in_last_uses_the_phone(shared, other):
    page = shared.get(TODAY_PAGE)
    assert said_by(page) == who(other)
    assert "Doorway" in words(page)


def test_what_is_sent_for_the_other_person_on_the_phone_is_served_as_theirs(shared, patient, other):
    page = shared.get(TODAY_PAGE, headers={"Bearing-Who": who(patient)})
    assert said_by(page) == who(patient)
    assert COOKIE not in page.cookies
    assert said_by(shared.get(TODAY_PAGE)) == who(other)
    page = shared.get(TODAY_PAGE, headers={"Bearing-Who": who(other)})
    assert said_by(page) == who(other)


@pytest.mark.parametrize("said", ["0" * 16, "", "x", "é"])
def test_what_is_sent_for_somebody_who_is_not_signed_in_here_is_refused(shared, said):
    response = shared.get(TODAY_PAGE, headers={"Bearing-Who": said})
    assert response.status_code == 401
    assert shared.post(reverse("portal:leave"), {"who": said}).status_code == 401


def test_what_is_sent_for_a_neighbour_is_refused(clinic, patient, shared):
    neighbour = make.patient(of=clinic)
    phone_of(neighbour)
    headers = {"Bearing-Who": who(neighbour)}
    assert shared.get(TODAY_PAGE, headers=headers).status_code == 401


def test_help_is_for_anyone_also_for_somebody_who_left(shared, patient):
    response = shared.get(reverse("portal:help"), headers={"Bearing-Who": "0" * 16})
    assert response.status_code == 200
    assert "data-who" not in response.content.decode()


def test_a_form_is_taken_as_the_persons_whose_page_it_is_on(shared, patient, other):
    """Two tabs: Ana's page is still open when Bo signs in, and Ana presses."""
    with inside(patient.clinic_id):
        edition = make.PrescriptionEdition.objects.of_patient(patient).get()
    path = reverse("portal:log", args=[edition.pk])
    assert shared.post(path, {}).status_code == 404
    assert shared.post(path, {"who": who(patient)}).status_code == 200
    assert said_by(shared.get(TODAY_PAGE)) == who(patient)
    with inside(other.clinic_id):
        assert not SessionLog.objects.of_patient(other).exists()


def test_leaving_leaves_the_others_signed_in(shared, patient, other):
    response = shared.post(reverse("portal:leave"))
    assert "You are signed out" in words(response)
    assert said_by(shared.get(TODAY_PAGE)) == who(patient)
    assert said_by(shared.get(TODAY_PAGE)) != who(other)
    shared.post(reverse("portal:leave"))
    assert shared.get(TODAY_PAGE).status_code == 401


def test_leaving_from_ones_own_page_signs_nobody_else_out(shared, patient, other):
    shared.post(reverse("portal:leave"), {"who": who(patient)})
    assert said_by(shared.get(TODAY_PAGE)) == who(other)


def test_whoever_used_a_full_phone_longest_ago_makes_room(clinic):
    people = [make.patient(of=clinic) for _ in range(MOST_PEOPLE + 1)]
    phone = Client()
    for one in people:
        phone.post(invitation(of=one))
    for number, one in enumerate(people):
        response = phone.get(TODAY_PAGE, headers={"Bearing-Who": who(one)})
        assert response.status_code == (200 if number else 401)
    with inside(clinic.pk):
        open_now = Device.objects.open_at(NOW).values_list("patient", flat=True)
        assert set(open_now) == {one.pk for one in people[1:]}


def test_signing_in_again_ends_the_sign_in_before(clinic, patient):
    phone = phone_of(patient)
    phone.post(invitation(of=patient))
    with inside(clinic.pk):
        assert Device.objects.of_patient(patient).count() == 2
        assert Device.objects.of_patient(patient).open_at(NOW).count() == 1


# Rolling 90 days


@pytest.mark.parametrize(
    ("unused", "status"),
    [
        pytest.param(timedelta(days=90) - timedelta(seconds=1), 200, id="the last second"),
        pytest.param(timedelta(days=90), 401, id="90 days"),
    ],
)
def test_a_phone_stays_signed_in_for_90_days_unused(patient, clock, unused, status):
    phone = phone_of(patient)
    clock(NOW + unused)
    assert phone.get(TODAY_PAGE).status_code == status


def test_use_renews_the_90_days(patient, clock):
    phone = phone_of(patient)
    for days in (60, 120, 180):
        clock(NOW + timedelta(days=days))
        response = phone.get(TODAY_PAGE)
        assert response.status_code == 200
        assert response.cookies[COOKIE]["max-age"] == 90 * 24 * 60 * 60
    assert COOKIE not in phone.get(TODAY_PAGE).cookies


def test_use_by_one_person_does_not_renew_the_other(shared, patient, other, clock):
    for days in (60, 120):
        clock(NOW + timedelta(days=days))
        assert said_by(shared.get(TODAY_PAGE)) == who(other)
    assert shared.get(TODAY_PAGE, headers={"Bearing-Who": who(patient)}).status_code == 401


# Forms of somebody who is not signed in yet, or of a link that says itself whose it is.
OF_NOBODY = {"enter", "code", "new_phone", "mailed_code", "locked", "reminders_stop"}
# The page on which somebody says who they are now.
OF_SOMEBODY_ELSE = {"people"}
FORM = re.compile(r"<form[^>]*\bmethod=\"post\".*?</form>", re.DOTALL)


def test_every_form_of_a_patient_says_whose_it_is():
    pages = Path(settings.BASE_DIR, "templates", "portal").glob("*.html")
    forms = [
        (page.stem, form)
        for page in pages
        if page.stem not in OF_NOBODY | OF_SOMEBODY_ELSE
        for form in FORM.findall(page.read_text())
    ]
    assert len(forms) > 10
    assert [
        page for page, form in forms if 'name="who" value="{{ request.who }}"' not in form
    ] == []
