"""The whole job in real browsers: record, prescribe, open the portal, log, see it."""

import os
import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from clinics.models import Membership, User
from clinics.tenancy import inside
from patients.models import Patient
from tests import make
from tests.browser import DESK, PHONE, WHY_NO_BROWSER, Watched, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]
PASSWORD = "a long sample password"
# Where to leave pictures of each page, when somebody wants to look.
PICTURES = os.environ.get("BEARING_PICTURES")


@pytest.fixture
def clinic(transactional_db):
    return make.clinic(name="Bearing Sample Clinic")


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def come_in(page: Page, address: str, user: User) -> None:
    make.factor(of=user)
    page.goto(f"{address}/")
    sign_in(page, email=user.email, password=PASSWORD, code=make.recovery_code(of=user))


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.thorough)])
def test_the_whole_job(browser: Browser, live_server, clinic, scheme):
    therapist = make.user(name="Dana Ruiz", email="dana@example.org", password=PASSWORD)
    make.member(user=therapist, of=clinic, role=Membership.Role.THERAPIST)
    desk = Watched(browser.new_page(color_scheme=scheme, **DESK))
    page = desk.page

    def seen(name: str) -> None:
        desk.looks_right()
        picture(page, f"{scheme}-desk-{name}")

    come_in(page, live_server.url, therapist)
    expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    seen("home-empty")

    page.get_by_role("link", name="Record a patient").first.click()
    seen("patient-new")
    page.get_by_role("textbox", name="Name").fill("Zoë 李明 الأحمد")
    page.get_by_label(re.compile("^Birth date")).fill("1980-05-17")
    page.get_by_role("button", name=re.compile("Save|Record")).first.click()
    expect(page.get_by_role("heading", name="Zoë")).to_be_visible()
    seen("patient-empty")
    with inside(clinic.pk):
        patient = Patient.objects.of(clinic).with_clinic().get()
    make.screened(patient)

    page.get_by_role("button", name="Prescribe").click()
    seen("draft-empty")
    page.get_by_label("Find an exercise").fill("knees to ch")
    expect(page.get_by_role("button", name="Add Flexion in Lying")).to_be_visible()
    expect(page.get_by_role("button", name="Add Pelvic Tilt")).to_have_count(0)
    page.get_by_role("button", name="Add Flexion in Lying").click()
    expect(page.get_by_text("usually followed by Repeated Extension in Lying")).to_be_visible()
    seen("draft-one-line")
    page.get_by_role("button", name="Add Repeated Extension in Lying after it").click()
    second = page.locator("ol.lines > li").nth(1)
    expect(second.get_by_role("heading", name="Repeated Extension in Lying")).to_be_visible()
    second.get_by_label("Hold").fill("30")
    page.get_by_role("button", name="Publish edition 1").click()
    expect(page.get_by_text("Not published")).to_be_visible()
    expect(page.get_by_text("Rule V14")).to_be_visible()
    seen("draft-blocked")
    second = page.locator("ol.lines > li").nth(1)
    second.get_by_label("Hold").fill("0")
    note = "Up on your arms. Hips stay down. Stop if it moves into your leg."
    second.get_by_label("Direction note").fill(note)
    page.get_by_role("button", name="Publish edition 1").click()
    expect(page.get_by_text("Edition 1 is published.")).to_be_visible()
    seen("patient-published")

    page.get_by_role("link", name="Portal").click()
    seen("portal-none")
    page.get_by_role("button", name="Make an invitation").click()
    seen("portal-invited")
    link = page.get_by_role("textbox", name=re.compile("link", re.IGNORECASE)).input_value()
    path = link.split("/my/")[1]

    phone = Watched(browser.new_context(color_scheme=scheme, **PHONE).new_page())
    mine = phone.page

    def shown(name: str) -> None:
        phone.looks_right()
        picture(mine, f"{scheme}-phone-{name}")

    mine.goto(f"{live_server.url}/my/{path}")
    shown("enter")
    mine.get_by_role("button", name="Open my programme").click()
    expect(mine.get_by_role("heading", name="Today")).to_be_visible()
    expect(mine.get_by_text(note)).to_be_visible()
    shown("today")
    mine.get_by_role("link", name="Log what I did").click()
    expect(mine.get_by_role("heading", name="Since your last log")).to_be_visible()
    shown("screen")
    mine.get_by_role("button", name="None of these", exact=True).click()
    expect(mine.get_by_role("heading", name="How did it go?")).to_be_visible()
    shown("log")
    mine.get_by_role("button", name="Save").click()
    expect(mine.get_by_text("Tell us if you did this one.").first).to_be_visible()
    shown("log-errors")
    for exercise, done, pain in (("Flexion in Lying", "Yes", "2"), ("Repeated", "Some", "0")):
        card = mine.locator("section.card").filter(has=mine.get_by_role("heading", name=exercise))
        card.get_by_role("group", name="Did you do it?").get_by_text(done, exact=True).click()
        card.get_by_text("Some pain", exact=True).click()
        card.get_by_role("group", name="Pain right before").get_by_text(pain, exact=True).click()
        card.get_by_text("More about this one").click()
        card.get_by_label("A word about it").fill("It <b>pulled</b> a little ☺")
    mine.get_by_role("button", name="Save").click()
    expect(mine.get_by_text("You logged one session today.")).to_be_visible()
    shown("today-logged")
    mine.get_by_role("link", name="More", exact=True).click()
    shown("more")
    mine.get_by_role("link", name="My logs").click()
    expect(mine.get_by_text("It <b>pulled</b> a little ☺").first).to_be_visible()
    shown("logs")
    mine.get_by_role("link", name="Get help").click()
    shown("help")
    mine.goto(link.replace(link.split("/my/")[0], live_server.url))
    expect(mine.get_by_role("heading", name="This link does not work any more")).to_be_visible()
    # The browser itself notes the 404 of the used link; nothing else may complain.
    phone.complaints.clear()
    shown("refused")

    page.goto(f"{live_server.url}/patients/")
    expect(
        page.get_by_role("row", name=re.compile("Zoë")).get_by_text("1 of 2 done")
    ).to_be_visible()
    seen("patients")
    page.get_by_role("link", name="Zoë 李明 الأحمد").click()
    expect(page.get_by_text("It <b>pulled</b> a little ☺").first).to_be_visible()
    expect(page.get_by_text("2, skipped, skipped")).to_be_visible()
    seen("patient-logged")

    page.get_by_role("button", name="Change the programme").click()
    page.get_by_role("button", name="Move Repeated Extension in Lying up").click()
    page.get_by_role("button", name="Publish edition 2").click()
    expect(page.get_by_text("Say what changed and why").first).to_be_visible()
    expect(page.get_by_text("Needed to go on.").first).to_be_visible()
    seen("draft-no-reason")
    why = page.get_by_label(re.compile("What changed and why"))
    why.fill("Extension helps, so it comes first.")
    page.get_by_label("Reason to go on").fill("The press-ups come before, not after.")
    page.get_by_role("button", name="Publish edition 2").click()
    page.get_by_role("link", name="Edition 2", exact=True).click()
    expect(page.get_by_text("New order")).to_be_visible()
    seen("edition-two")
    page.get_by_role("link", name="Programme of").click()
    seen("programme")
    page.get_by_role("link", name="End the course").click()
    page.get_by_label("Why does it end?").fill("Back to work without pain.")
    seen("end")
    page.get_by_role("button", name="End the course").click()
    mine.goto(f"{live_server.url}{reverse('portal:today')}")
    expect(mine.get_by_text("No programme yet")).to_be_visible()


def test_an_admin_edits_the_library(browser: Browser, live_server, clinic):
    admin = make.user(name="Ada Admin", email="ada@example.org", password=PASSWORD)
    make.member(user=admin, of=clinic, role=Membership.Role.ADMIN)
    desk = Watched(browser.new_page(**DESK))
    page = desk.page
    come_in(page, live_server.url, admin)
    page.get_by_role("link", name="Library").click()
    desk.looks_right()
    page.get_by_role("link", name="Pelvic Tilt").first.click()
    desk.looks_right()
    page.get_by_role("button", name=re.compile("Copy", re.IGNORECASE)).or_(
        page.get_by_role("link", name=re.compile("Copy", re.IGNORECASE))
    ).first.click()
    page.get_by_label(re.compile("^Name")).fill("Pelvic Tilt at our clinic")
    desk.looks_right()
    page.get_by_role("button", name=re.compile("Publish|publish")).first.click()
    desk.looks_right()
