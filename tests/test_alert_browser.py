"""From a tested direction to a closed alert, in two real browsers."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from clinics.models import Membership
from clinics.tenancy import inside
from patients.lights import Light
from patients.models import DirectionTest
from prescriptions.models import Alert, Override, Pause
from tests import make
from tests.browser import DESK, PHONE, WHY_NO_BROWSER, Watched
from tests.conftest import signed_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]
# Where to leave pictures of each page, when somebody wants to look.
PICTURES = os.environ.get("BEARING_PICTURES")
NAME = "Zoë 李明 الأحمد"
AVOID = "Do not bend far forward on your own: it made your leg worse when we tested it."


@pytest.fixture
def clinic(transactional_db):
    return make.clinic(name="Bearing Sample Clinic")


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def group(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("group", name=re.compile(f"^{name}"))


def choose(page: Page, question: str, answer: str) -> None:
    group(page, question).get_by_role("radio", name=answer, exact=True).check()


def begin_and_screen(page: Page) -> None:
    page.get_by_role("link", name="Begin an episode").click()
    page.get_by_label("Complaint").fill("Low back and left leg pain")
    page.get_by_role("button", name="Begin the episode").press("Enter")
    expect(page.get_by_role("heading", name="Safety screen")).to_be_visible()
    for question in page.locator("fieldset.segmented").all():
        question.get_by_role("radio", name="No").press("Space")
    page.get_by_role("button", name="Store the screen").press("Enter")
    expect(page.get_by_text("The safety screen is stored: no red flag.")).to_be_visible()


def put_two_directions_to_the_test(page: Page) -> None:
    page.get_by_role("link", name="Test a direction").click()
    choose(page, "Direction", "Flexion")
    choose(page, "Pain before", "4")
    page.locator('[name=zones_before][value="low-3-L"]').press("Space")
    choose(page, "During", "Increased")
    choose(page, "After", "Worse")
    page.locator("[name=not_settled]").press("Space")
    choose(page, "Range of movement", "Down")
    expect(page.locator("#reading")).to_contain_text("Red")
    page.get_by_role("button", name="Save and test the next direction").press("Enter")
    expect(page.get_by_text("Stored: Lumbar spine flexion, red").first).to_be_visible()
    choose(page, "During", "Decreased")
    choose(page, "After", "Better")
    choose(page, "Range of movement", "Up")
    expect(page.locator("#reading")).to_contain_text("Green")
    page.get_by_role("button", name="Save and finish").press("Enter")
    expect(page.get_by_text("Symptoms were worse after and had not settled.")).to_be_visible()


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_from_a_tested_direction_to_a_closed_alert(browser: Browser, live_server, clinic, scheme):
    therapist = signed_in(clinic, Membership.Role.THERAPIST)
    patient = make.patient(of=clinic, name=NAME)
    office = browser.new_context(color_scheme=scheme, **DESK)
    cookie = therapist.cookies["sessionid"].value
    office.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    desk = Watched(office.new_page())
    page = desk.page

    def seen(name: str) -> None:
        desk.looks_right()
        picture(page, f"alert-{scheme}-1440-{name}")

    # The therapist: an episode, a screen, two directions.
    page.goto(live_server.url + reverse("patients:direction", args=[patient.pk]))
    begin_and_screen(page)
    put_two_directions_to_the_test(page)
    seen("compass")

    # The desk: the verdict before the choice, the block beside it, and no way round it.
    page.goto(live_server.url + patient.get_absolute_url())
    page.get_by_role("button", name="Prescribe").click()
    page.get_by_label("Find an exercise").fill("knees to ch")
    offered = page.locator("#found li").filter(has_text="Flexion in Lying")
    expect(offered.get_by_text("Blocked", exact=True)).to_be_visible()
    expect(offered).to_contain_text("made symptoms worse on")
    page.get_by_label("Hide what is blocked").check()
    expect(page.get_by_role("button", name="Add Flexion in Lying")).to_have_count(0)
    page.get_by_label("Hide what is blocked").uncheck()
    expect(offered).to_be_visible()
    seen("picker")
    page.get_by_role("button", name="Add Flexion in Lying").click()
    line = page.locator("ol.lines > li").first
    findings = line.locator("#findings-0")
    expect(findings.get_by_text("Blocked", exact=True)).to_be_visible()
    expect(findings).to_contain_text("Rule V4")
    page.evaluate("window.isTheSamePage = true")
    line.get_by_label("Within two hours of waking").check()
    expect(findings).to_contain_text("Rule V17")
    line.get_by_label("Within two hours of waking").uncheck()
    expect(findings).not_to_contain_text("Rule V17")
    assert page.evaluate("window.isTheSamePage")
    seen("desk-blocked")
    page.get_by_role("button", name="Publish edition 1").click()
    expect(page.get_by_text("Needed to go on.").first).to_be_visible()
    expect(page.get_by_text("Edition 1 is published.")).to_have_count(0)
    seen("desk-refused")
    findings.get_by_label("Reason to go on").first.fill("She has to tie her shoes at work.")
    findings.get_by_label("Plan").fill("Five bends only, lying, and press-ups after each set.")
    today = timezone.localdate()
    findings.get_by_label("Check on").fill((today + timedelta(days=1)).isoformat())
    for field in findings.get_by_label("Decision").all():
        field.fill("None for now.")
    for field in findings.get_by_label("Reason to go on").all()[1:]:
        field.fill("Press-ups come next week.")
    page.get_by_label("What to avoid").fill(AVOID)
    seen("desk-recorded")
    page.get_by_role("button", name="Publish edition 1").click()
    expect(page.get_by_text("Edition 1 is published.")).to_be_visible()
    with inside(clinic.pk):
        override = Override.objects.of_patient(patient).get(rule="V4")
        assert override.recorded["plan"].startswith("Five bends only")
        lights = DirectionTest.objects.of_patient(patient).order_by("pk")
        assert [test.light for test in lights] == [Light.RED, Light.GREEN]
    page.get_by_role("link", name="Portal").click()
    page.get_by_role("button", name="Make an invitation").click()
    link = page.get_by_role("textbox", name=re.compile("link", re.IGNORECASE)).input_value()

    # The patient: no red flag, and pain that has spread below the knee.
    phone = Watched(browser.new_context(color_scheme=scheme, **PHONE).new_page())
    mine = phone.page

    def shown(name: str) -> None:
        phone.looks_right()
        picture(mine, f"alert-{scheme}-390-{name}")

    mine.goto(f"{live_server.url}/my/{link.split('/my/')[1]}")
    mine.get_by_role("button", name="Open my programme").tap()
    expect(mine.get_by_text(AVOID)).to_be_visible()
    shown("today")
    mine.get_by_role("link", name="Log what I did").tap()
    expect(mine.get_by_role("heading", name="Since your last log")).to_be_visible()
    shown("screen")
    mine.get_by_role("button", name="None of these", exact=True).tap()
    mine.get_by_text("Yes", exact=True).tap()
    mine.get_by_text("Some pain", exact=True).tap()
    for question, pain in (("right before", 3), ("during", 5), ("right after", 4)):
        group(mine, f"(Worst p|P)ain {question}").get_by_text(str(pain), exact=True).tap()
    mine.get_by_text("More about this one").tap()
    mine.get_by_text("Where was it? Where is it now?").tap()
    before, now = group(mine, "Where was the pain before"), group(mine, "Where is the pain now")
    before.locator(".from-behind").get_by_title("Left buttock or hip").tap()
    now.locator(".from-behind").get_by_title("Left lower leg or calf").tap()
    expect(now.locator(".marked")).to_contain_text("Left lower leg or calf")
    shown("log")
    mine.get_by_role("button", name="Save").tap()
    expect(mine.get_by_role("heading", name="Saved. Here is what comes next.")).to_be_visible()
    expect(mine.get_by_text("Stop this one. Your therapist will review.")).to_be_visible()
    expect(mine.get_by_text("today or on the next working day")).to_be_visible()
    expect(mine.get_by_text("We ask you again after")).to_be_visible()
    shown("saved")
    mine.get_by_role("link", name="Back to today").tap()
    card = mine.locator("section.card").filter(
        has=mine.get_by_role("heading", name="Flexion in Lying")
    )
    expect(card.get_by_text("Stop this one. Your therapist will review.")).to_be_visible()
    expect(card.get_by_text("Why:")).to_be_visible()
    expect(card.get_by_text("How to do it")).to_have_count(0)
    expect(mine.get_by_role("link", name="Log what I did")).to_have_count(0)
    shown("paused")
    with inside(clinic.pk):
        paused = Pause.objects.of_patient(patient).in_force()
        assert {pause.direction for pause in paused} == {"", "flexion"}

    # The therapist: first on the first page, looked at, answered, closed.
    page.goto(live_server.url)
    first = page.locator("main .group-of li").first
    expect(first).to_contain_text(NAME)
    expect(first).to_contain_text("Symptoms spread below the knee.")
    expect(first).to_contain_text("Raised 0 min ago")
    seen("home")
    page.set_viewport_size(PHONE["viewport"])
    desk.looks_right()
    picture(page, f"alert-{scheme}-390-home")
    page.set_viewport_size(DESK["viewport"])
    first.get_by_role("link", name=re.compile("^Look")).press("Enter")
    expect(page.get_by_text("Nobody has opened it.")).to_be_visible()
    seen("alert")
    page.get_by_role("button", name="I am looking at it").press("Enter")
    expect(page.get_by_text("Opened by Therapist")).to_be_visible()
    page.get_by_role("button", name="Close the alert").click()
    expect(page.get_by_text("Say what you decided.").first).to_be_visible()
    seen("alert-errors")
    page.get_by_label("How you reached the patient").fill("By phone at 10:40.")
    page.get_by_label("What you decided").fill("Rest from bending until Monday, then test again.")
    seen("alert-answered")
    page.set_viewport_size(PHONE["viewport"])
    desk.looks_right()
    picture(page, f"alert-{scheme}-390-alert-answered")
    page.set_viewport_size(DESK["viewport"])
    page.get_by_role("button", name="Close the alert").click()
    expect(page.get_by_role("heading", name="Closed")).to_be_visible()
    expect(page.get_by_text("By phone at 10:40.")).to_be_visible()
    expect(page.get_by_text("Rest from bending until Monday, then test again.")).to_be_visible()
    seen("alert-closed")
    page.goto(live_server.url)
    expect(page.get_by_role("heading", name="Needs you now")).to_have_count(0)
    page.goto(live_server.url + reverse("prescriptions:timeline", args=[patient.pk]))
    expect(page.get_by_text("Rest from bending until Monday").first).to_be_visible()
    seen("timeline")
    with inside(clinic.pk):
        assert Alert.objects.of_patient(patient).get().closed_by == therapist.user
    # What was not lifted stays paused.
    mine.reload()
    expect(card.get_by_text("has looked at it and keeps it paused")).to_be_visible()
