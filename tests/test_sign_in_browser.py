"""Passkeys, the lock of an idle screen, and forms that outlive a sign-in, in a real browser."""

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Page, expect

from clinics.models import Membership, StaffSession
from clinics.second_factor import GIVEN_BY
from clinics.tenancy import inside
from patients.models import Note
from tests import make
from tests.browser import DESK, WHY_NO_BROWSER, Watched, sign_in
from tests.conftest import signed_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]
PASSWORD = "a long sample password"
PASSKEY_OF_THE_DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
WORDS = "Walks the dog twice a day"


@pytest.fixture
def clinic(transactional_db):
    return make.clinic()


@pytest.fixture
def dana(clinic):
    cache.clear()
    user = make.user(name="Dana", email="dana@example.org", password=PASSWORD)
    make.member(user=user, of=clinic, role=Membership.Role.THERAPIST)
    return user


@pytest.fixture
def desk(live_server, browser):
    context = browser.new_context(**DESK, base_url=live_server.url)
    watched = Watched(context.new_page())
    yield watched
    assert watched.complaints == []


def come_in(page: Page, client, live_server) -> None:
    """With the cookie of somebody signed in."""
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )


def test_a_passkey_is_added_signs_in_and_opens_a_locked_page(dana, desk):
    page = desk.page
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": PASSKEY_OF_THE_DEVICE})
    there = reverse("patients:create")
    page.goto(there)
    sign_in(page, email=dana.email, password=PASSWORD)
    expect(page.get_by_role("heading", name="Add a second step")).to_be_visible()
    desk.looks_right()
    page.get_by_role("link", name="Use a passkey").click()
    desk.looks_right()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    assert page.locator(".codes code").count() == 10
    desk.looks_right()
    page.get_by_role("link", name="I have kept them").click()
    page.wait_for_url(f"**{there}")

    page.get_by_role("button", name="Sign out").click()
    page.goto(there)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"**{there}")

    page.get_by_label("Name").fill("Xylophone")
    page.get_by_role("button", name="Lock", exact=True).click()
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    expect(page).to_have_title("Locked · Bearing")
    assert "Xylophone" not in page.locator("body").inner_text()
    assert page.locator("input[name=name]").is_hidden()
    assert page.get_by_role("link").count() == 0
    desk.looks_right()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_label("Name")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Xylophone")
    assert StaffSession.objects.get(user=dana).locked_at is None

    # After a password the passkey is the second step.
    page.get_by_role("button", name="Sign out").click()
    page.goto(there)
    sign_in(page, email=dana.email, password=PASSWORD)
    desk.looks_right()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"**{there}")


@pytest.fixture
def at_the_record(dana, clinic, desk, live_server, client):
    """Dana has opened the record of a patient; the browser's clock is in our hands."""
    patient = make.patient(of=clinic)
    client.force_login(dana)
    session = client.session
    session[GIVEN_BY] = dana.pk
    session.save()
    page = desk.page
    page.clock.install()
    come_in(page, client, live_server)
    page.goto(reverse("patients:record", args=[patient.pk]))
    page.wait_for_load_state("networkidle")
    return page


def notes(clinic) -> list[str]:
    with inside(clinic.pk):
        return list(Note.objects.values_list("text", flat=True))


def test_an_idle_page_is_locked_and_goes_on_where_it_was(at_the_record, clinic, desk):
    page = at_the_record
    page.locator("textarea[name=text]").fill(WORDS)
    page.clock.fast_forward("14:00")
    expect(page.locator("textarea[name=text]")).to_be_visible()
    with page.expect_response(f"**{reverse('clinics:lock')}"):
        page.clock.fast_forward("01:10")
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    assert StaffSession.objects.get(user__name="Dana").locked_at is not None
    page.get_by_label("Password").fill("another long password")
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_role("alert")).to_contain_text("password")
    assert "422" in desk.complaints.pop()  # which is how the page learns that it was wrong
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Unlock").click()
    field = page.locator("textarea[name=text]")
    expect(field).to_be_visible()
    expect(field).to_have_value(WORDS)
    expect(field).to_be_focused()
    page.get_by_role("button", name="Store the note").click()
    expect(page.locator("main")).to_contain_text(WORDS)
    assert notes(clinic) == [WORDS]


def test_what_was_typed_is_offered_after_a_new_sign_in_to_the_same_person_only(
    at_the_record, clinic, dana, live_server
):
    page = at_the_record
    address = page.url
    page.locator("textarea[name=text]").fill(WORDS)
    StaffSession.objects.all().delete()  # the sign-in has ended meanwhile
    page.get_by_role("button", name="Store the note").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert notes(clinic) == []
    make.factor(of=dana)
    sign_in(page, email=dana.email, password=PASSWORD, code=make.recovery_code(of=dana))
    page.wait_for_url(address)
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator("textarea[name=text]")).to_have_value(WORDS)
    page.get_by_role("button", name="Store the note").click()
    expect(page.locator("main")).to_contain_text(WORDS)
    assert notes(clinic) == [WORDS]
    expect(page.get_by_role("button", name="Bring it back")).to_have_count(0)

    # Typed and not saved; then a colleague signs in on this tab.
    page.locator("textarea[name=text]").fill("Something else")
    page.clock.run_for(1000)
    colleague = signed_in(clinic, Membership.Role.ADMIN)
    come_in(page, colleague, live_server)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert page.get_by_role("button", name="Bring it back").count() == 0
    kept = page.evaluate("() => Object.values(sessionStorage).join()")
    assert "Something else" not in kept
