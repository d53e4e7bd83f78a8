"""A patient and a therapist write to each other, in two real browsers."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from clinics.models import Membership
from clinics.tenancy import inside
from patients.models import Patient
from portal.access import COOKIE
from tests import make
from tests.browser import DESK, PHONE, WHY_NO_BROWSER, Watched
from tests.conftest import signed_in
from tests.test_doors import phone_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]


@pytest.fixture
def patient(transactional_db) -> Patient:
    return make.patient(of=make.clinic())


def opened(browser: Browser, live_server, client, cookie: str, path: str, **kind) -> Watched:
    """A page of the person whose cookie the client has."""
    context = browser.new_context(**kind)
    value = client.cookies[cookie].value
    context.add_cookies([{"name": cookie, "value": value, "url": live_server.url + path}])
    return Watched(context.new_page())


def test_a_question_about_a_stretch_is_answered_and_read(browser, live_server, patient):
    make.edition(of=patient)
    phone = opened(browser, live_server, phone_of(patient), COOKIE, "/my/", **PHONE)
    therapist = signed_in(patient.clinic, Membership.Role.THERAPIST)
    desk = opened(browser, live_server, therapist, "sessionid", "/", **DESK)
    mine, theirs = phone.page, desk.page

    mine.goto(live_server.url + reverse("portal:today"))
    phone.looks_right()
    mine.get_by_role("link", name="Ask about this stretch").tap()
    expect(mine.get_by_text("About Pelvic Tilt")).to_be_visible()
    mine.get_by_label("Your message").fill("It pulls.\nIs that right?")
    phone.looks_right()
    mine.get_by_role("button", name="Send").tap()
    expect(mine.get_by_text("writes back in 2 working days").first).to_be_visible()

    # By keyboard alone: from the first page to the answer.
    theirs.goto(live_server.url + reverse("home"))
    theirs.get_by_role("link", name="Answer").first.press("Enter")
    expect(theirs.get_by_text("About Pelvic Tilt")).to_be_visible()
    desk.looks_right()
    theirs.get_by_label("Your message").fill("Yes.")
    theirs.get_by_role("button", name="Send").press("Enter")
    expect(theirs.get_by_text("The message is on its way.")).to_be_visible()
    expect(theirs.get_by_role("button", name="Mark as read")).to_have_count(0)

    # What is in view is read, and nobody has to press for it.
    mine.goto(live_server.url + reverse("portal:today"))
    mine.get_by_role("link", name="Messages 1 unread").tap()
    expect(mine.get_by_text("Yes.")).to_be_visible()
    expect(mine.get_by_role("button", name="I have read this")).to_be_hidden()
    expect(mine.locator("[data-unread]")).to_be_hidden()
    phone.looks_right()
    with inside(patient.clinic_id):
        assert Patient.objects.get(pk=patient.pk).unread_by_patient == 0
