"""From the mail to the first stretch, with a thumb."""

import re

import pytest
from django.core import mail
from playwright.sync_api import Browser, expect

from clinics.models import Membership
from patients import codes
from tests import make
from tests.browser import PHONE, WHY_NO_BROWSER, Watched
from tests.conftest import signed_in
from tests.portal.conftest import invitation

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]


@pytest.fixture
def patient(transactional_db):
    found = make.patient(of=make.clinic(), name="Ana Ruiz", email="ana@example.org")
    make.edition(of=found, lines=[make.line("FIL")])
    return found


@pytest.fixture
def open_phone(browser: Browser, live_server):
    def open_phone(path: str) -> Watched:
        watched = Watched(browser.new_context(**PHONE, base_url=live_server.url).new_page())
        watched.page.goto(path)
        return watched

    return open_phone


def test_the_first_stretch_is_three_taps_from_the_mail(open_phone, patient, live_server, settings):
    settings.SITE_URL = live_server.url
    therapist = signed_in(patient.clinic, Membership.Role.THERAPIST)
    therapist.post(f"/patients/{patient.pk}/portal/invite/", {"by_mail": "yes"})
    link = re.search(r"http\S+/my/enter/\S+", mail.outbox[0].body)[0]
    page = open_phone(link).page  # one
    page.get_by_role("button", name="Open my programme").tap()  # two
    page.get_by_role("link", name="Start").tap()  # three
    expect(page.get_by_role("heading", name="Flexion in Lying")).to_be_in_viewport()
    expect(page.locator("[data-place]")).to_be_visible()


def test_the_printed_code_is_typed_with_the_birth_date(open_phone, patient):
    token = invitation(of=patient).rstrip("/").rpartition("/")[2]
    watched = open_phone("/my/")
    page = watched.page
    page.get_by_role("link", name="I have a code").tap()
    watched.complaints.clear()  # that the page before was closed is an answer of 401
    page.get_by_label("Your code").fill(codes.grouped(codes.printed_code(token)).lower())
    page.get_by_label("Day").fill("17")
    page.get_by_label("Month").select_option("May")
    page.get_by_label("Year").fill("1980")
    watched.looks_right()
    page.get_by_role("button", name="Open my programme").tap()
    expect(page.get_by_role("heading", name="Flexion in Lying")).to_be_visible()


def test_two_people_on_one_phone_see_whose_page_it_is(open_phone, patient):
    other = make.patient(of=patient.clinic, name="Bo Lind")
    watched = open_phone(invitation(of=patient))
    page = watched.page
    page.get_by_role("button", name="Open my programme").tap()
    expect(page.get_by_role("heading", name="Flexion in Lying")).to_be_visible()
    page.goto(invitation(of=other))
    page.get_by_role("button", name="Open my programme").tap()
    expect(page.get_by_role("heading", name="No programme yet")).to_be_visible()
    watched.looks_right()
    page.get_by_role("link", name="Signed in: Bo").tap()
    expect(page.get_by_role("heading", name="Who uses this phone?")).to_be_visible()
    watched.looks_right()
    page.get_by_role("button", name="Ana Ruiz").tap()
    expect(page.get_by_role("heading", name="Flexion in Lying")).to_be_visible()
    expect(page.get_by_role("link", name="Signed in: Ana")).to_be_visible()
