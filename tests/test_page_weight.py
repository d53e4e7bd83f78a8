"""How much a first visit fetches, and how still the page stands while it comes."""

import gzip

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page

from clinics.models import Membership
from portal.access import COOKIE
from tests import make
from tests.browser import DESK, PHONE, WHY_NO_BROWSER
from tests.conftest import signed_in
from tests.test_doors import phone_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]
KB = 1000  # bytes
FOUR = ("FIL", "REIL", "TILT", "KLF")
PATIENTS = 50  # as many as the first page shows
STILL = 0.02  # of the layout shift that the browser adds up
NOTE_SHIFTS = """
  window.shifted = 0
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) window.shifted += shift.value
  }).observe({ type: "layout-shift", buffered: true })
"""
# Long enough for what comes late: two frames, and figures that begin to move.
AFTER_A_WHILE = "() => new Promise((done) => setTimeout(() => done(window.shifted), 600))"


class Visit:
    """A first visit to one page: what was fetched, compressed as a server sends it, and shifted."""

    def __init__(self, page: Page, address: str) -> None:
        fetched = []
        page.on("requestfinished", lambda request: fetched.append(request.response()))
        page.add_init_script(NOTE_SHIFTS)
        assert page.goto(address, wait_until="networkidle").status == 200
        self.shifted = page.evaluate(AFTER_A_WHILE)
        self.parts = {
            response.url: len(gzip.compress(response.body())) for response in fetched if response.ok
        }

    @property
    def weight(self) -> int:
        """In bytes, without headers."""
        return sum(self.parts.values())

    def __str__(self) -> str:
        parts = ", ".join(
            f"{url.rpartition('/')[2] or 'page'} {n}" for url, n in self.parts.items()
        )
        return f"{self.weight} bytes in {len(self.parts)} requests, shifted {self.shifted}: {parts}"


@pytest.fixture
def visit(browser: Browser, live_server):
    def visit(client, address: str, **kind) -> Visit:
        context = browser.new_context(**kind)
        context.add_cookies(
            [
                {"name": name, "value": client.cookies[name].value, "url": live_server.url + path}
                for name, path in (("sessionid", "/"), (COOKIE, "/my/"))
                if name in client.cookies
            ]
        )
        seen = Visit(context.new_page(), live_server.url + address)
        context.close()
        print(seen)
        return seen

    return visit


@pytest.fixture
def clinic(transactional_db):
    return make.clinic()


def test_a_patients_today_with_four_exercises(clinic, visit):
    patient = make.patient(of=clinic)
    make.edition(of=patient, lines=[make.line(code) for code in FOUR])
    seen = visit(phone_of(patient), reverse("portal:today"), **PHONE)
    assert seen.weight <= 100 * KB, seen
    assert len(seen.parts) <= 12, seen
    assert seen.shifted <= STILL, seen


def test_a_therapists_first_page(clinic, visit):
    make.everything(of=clinic)
    for _ in range(PATIENTS):
        make.patient(of=clinic)
    seen = visit(signed_in(clinic, Membership.Role.THERAPIST), reverse("home"), **DESK)
    assert seen.weight <= 200 * KB, seen
    assert seen.shifted <= STILL, seen


@pytest.mark.parametrize("kind", [DESK, PHONE], ids=["desk", "phone"])
def test_an_exercise_stands_still_while_its_figure_begins_to_move(clinic, visit, kind):
    address = make.exercise("FIL").get_absolute_url()
    seen = visit(signed_in(clinic, Membership.Role.THERAPIST), address, **kind)
    assert seen.shifted <= STILL, seen
