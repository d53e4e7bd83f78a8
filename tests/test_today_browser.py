"""The first page by keyboard alone: through the rows, and each handled there."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from clinics.models import Membership
from tests import make
from tests.browser import DESK, WHY_NO_BROWSER
from tests.conftest import signed_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]


def test_the_list_is_worked_through_by_keyboard(browser: Browser, live_server, transactional_db):
    clinic = make.clinic()
    for name in ("Ana Ruiz", "Ben Okoye", "Cy Lee"):
        make.patient(of=clinic, name=name)
    client = signed_in(clinic, Membership.Role.THERAPIST)
    context = browser.new_context(**DESK)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    context.add_cookies([{**cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + reverse("home"))
    press, in_hand = page.keyboard.press, page.locator(".group-of li:focus")

    press("j")
    expect(in_hand).to_contain_text("Ana Ruiz")
    press("ArrowDown")
    expect(in_hand).to_contain_text("Ben Okoye")
    press("k")
    expect(in_hand).to_contain_text("Ana Ruiz")

    # Done: the next patient is in hand at once.
    press("d")
    expect(page.get_by_text("Ana Ruiz: done.")).to_be_visible()
    expect(in_hand).to_contain_text("Ben Okoye")

    # Snoozed, with a reason.
    press("s")
    expect(page.get_by_role("heading", name="Put Ben Okoye aside")).to_be_visible()
    page.get_by_label("Why").fill("On holiday")
    press("Enter")
    expect(page.locator(".group-of li")).to_have_count(1)
    expect(page.locator("#aside summary")).to_contain_text("2")

    # Adjusted: on the desk, with a draft.
    press("j")
    press("e")
    expect(page.locator("#desk")).to_be_visible()

    # Letters typed into a field are letters, and without single keys nothing happens.
    page.goto(live_server.url + reverse("home"))
    press("?")
    expect(page.locator("#keys summary")).to_be_focused()
    page.get_by_label("Use single keys on this page").uncheck()
    press("j")
    expect(in_hand).to_have_count(0)
    page.reload()
    press("j")
    expect(in_hand).to_have_count(0)
