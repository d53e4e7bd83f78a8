"""Direction in real browsers: the whole way of an episode, by mouse, touch, keyboard, no script."""

import os
import re
import time
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from clinics.models import Membership
from patients.lights import After, During, Neuro, RangeChange
from patients.models import DirectionTest, Episode
from tests import make
from tests.browser import DESK, PHONE, WHY_NO_BROWSER, Watched
from tests.conftest import signed_in
from tests.make import inside

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]
# Where to leave pictures of each page, when somebody wants to look.
PICTURES = os.environ.get("BEARING_PICTURES")
NARROW = {"viewport": {"width": 320, "height": 640}}
SECONDS_PER_KEY = 0.2
SECONDS_ALLOWED = 90


@pytest.fixture
def clinic(transactional_db):
    return make.clinic(name="Bearing Sample Clinic")


@pytest.fixture
def patient(clinic):
    return make.patient(of=clinic, name="Zoë 李明 الأحمد")


@pytest.fixture
def episode(patient):
    begun = make.episode(of=patient, at=make.timezone_now())
    make.screen(of=begun, at=make.timezone_now())
    return begun


@pytest.fixture
def open_page(browser: Browser, live_server, clinic):
    """Opens a page in a browser in which a therapist is signed in."""
    cookie = signed_in(clinic, Membership.Role.THERAPIST).cookies["sessionid"].value
    contexts: list[BrowserContext] = []

    def open_page(path: str, **kind: object) -> Watched:
        context = browser.new_context(**{**DESK, **kind})
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        watched = Watched(context.new_page())
        watched.page.goto(f"{live_server.url}{path}")
        return watched

    yield open_page
    for context in contexts:
        context.close()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def page_of(patient) -> str:
    return reverse("patients:direction", args=[patient.pk])


def page_to_test(episode) -> str:
    return reverse("patients:direction_test", args=[episode.pk])


def group(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=re.compile(f"^{name}"))


def choose(page: Page, question: str, answer: str) -> None:
    group(page, question).get_by_role("radio", name=answer, exact=True).check()


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            {**DESK, "color_scheme": "light"}, id="light-desk", marks=pytest.mark.thorough
        ),
        pytest.param(
            {**PHONE, "color_scheme": "dark"}, id="dark-phone", marks=pytest.mark.thorough
        ),
    ],
)
def test_the_whole_way_of_an_episode(open_page, patient, kind):
    watched = open_page(page_of(patient), **kind)
    page = watched.page
    size = kind["viewport"]["width"]

    def seen(name: str) -> None:
        watched.looks_right()
        picture(page, f"direction-{name}-{size}-{kind['color_scheme']}")

    expect(page.get_by_role("heading", name="No open episode")).to_be_visible()
    seen("empty")
    page.get_by_role("link", name="Begin an episode").click()
    seen("begin")
    page.get_by_label("Complaint").fill("Low back and left leg pain")
    page.get_by_role("button", name="Begin the episode").click()

    expect(page.get_by_role("heading", name="Safety screen")).to_be_visible()
    seen("screen")
    page.get_by_role("button", name="Store the screen").click()
    expect(page.get_by_text("Answer yes or no.").first).to_be_visible()
    seen("screen-errors")
    for question in page.locator("fieldset.segmented").all():
        question.get_by_role("radio", name="No").check()
    choose(page, "Fever", "Yes")
    page.get_by_role("button", name="Store the screen").click()
    expect(page.get_by_role("heading", name="A red flag is open")).to_be_visible()
    expect(page.get_by_text("Refer: a doctor has to see this today.")).to_be_visible()
    seen("flagged")
    page.get_by_role("link", name="Document a clearance: Fever").click()
    page.get_by_label("Who assessed it?").fill("Dr Lee")
    page.get_by_label("Outcome").fill("A cold. Safe to go on.")
    page.get_by_role("button", name="Clear the flag").click()
    expect(page.get_by_text("This field is required.").first).to_be_visible()
    seen("clear")
    today = page.get_by_label("On which day?").get_attribute("max")
    page.get_by_label("On which day?").fill(today or "")
    page.get_by_role("button", name="Clear the flag").click()
    expect(page.get_by_text("The red flag is cleared.")).to_be_visible()
    expect(page.get_by_role("heading", name="Cleared red flags")).to_be_visible()

    page.get_by_role("link", name="Add", exact=True).click()
    seen("condition")
    page.get_by_label("Condition").select_option("Stenosis with leg symptoms")
    page.get_by_label("Since").fill("2026-01-05")
    page.get_by_label("Source").fill("Letter of Dr Lee")
    page.get_by_role("button", name="Put it on file").click()

    page.get_by_role("link", name="Test a direction").click()
    seen("test")
    choose(page, "Direction", "Extension")
    choose(page, "Pain before", "4")
    page.get_by_title("Left lower leg or calf").first.click()
    choose(page, "During", "Centralising")
    choose(page, "After", "Centralised")
    choose(page, "Range of movement", "Up")
    expect(page.locator("#reading")).to_contain_text("mark where they are now")
    choose(page, "Where it is after", "In other places")
    page.locator(".places-after").get_by_title("Left buttock or hip").last.click()
    expect(page.locator("#reading")).to_contain_text("Lumbar spine extension: Green")
    seen("test-green")
    page.get_by_role("button", name="Save and test the next direction").click()
    expect(page.get_by_text("Stored: Lumbar spine extension, green").first).to_be_visible()
    expect(group(page, "Direction").get_by_role("radio", name="Side glide left")).to_be_checked()
    choose(page, "During", "Increased")
    choose(page, "After", "Worse")
    choose(page, "Range of movement", "Same")
    expect(page.locator("#reading")).to_contain_text("how long until they settled")
    page.get_by_label("Had not settled").check()
    expect(page.locator("#reading")).to_contain_text("Red")
    page.get_by_text("Change the light").click()
    choose(page, "Your light", "Amber")
    page.get_by_role("button", name="Save and finish").click()
    expect(page.get_by_text("Say why the light is another").first).to_be_visible()
    seen("test-errors")
    page.get_by_label("Why another light?").fill("Tired after the first test.")
    page.get_by_role("button", name="Save and finish").click()
    expect(page.get_by_text("Tired after the first test.")).to_be_visible()
    expect(page.get_by_text("Symptoms were worse after and had not settled.")).to_be_visible()

    page.get_by_role("link", name="Confirm a preference").click()
    page.get_by_label("Directional preference").select_option("lumbar:extension")
    page.get_by_label("Move the episode to the phase Reduction as well").check()
    seen("preference")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Directional preference: lumbar spine extension.")).to_be_visible()
    page.get_by_text("What changed").click()
    seen("known")
    page.get_by_role("link", name="Change the phase").click()
    seen("phase")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="Note an event").click()
    seen("event")
    choose(page, "What happened", "New injury")
    page.get_by_role("button", name="Note the event").click()
    expect(page.get_by_text("Tests from before it are stale now")).to_be_visible()
    expect(
        page.get_by_role("row", name=re.compile("Extension")).get_by_text("Stale")
    ).to_be_visible()
    page.get_by_role("link", name="It has ended: Stenosis with leg symptoms").click()
    seen("condition-end")
    page.get_by_role("button", name="End it").click()
    page.get_by_role("link", name="Close the episode").click()
    seen("close")
    page.get_by_role("button", name="Close the episode").click()
    expect(page.get_by_role("heading", name="Closed episodes")).to_be_visible()
    seen("closed")


class Hands:
    """Somebody at the keyboard and nothing else; every key is counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.keys = 0

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)
            self.keys += 1

    def tab_to(self, selector: str) -> None:
        for _ in range(60):
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            self.press("Tab")
        pytest.fail(f"nobody gets to {selector} with the Tab key")

    def choose(self, name: str, place: int, of: int = 8) -> None:
        """Choose the option at this place of a list of which none is chosen yet."""
        self.tab_to(f"[name={name}]")
        if place == 0:
            self.press("Space")
        elif place <= of // 2:
            self.press("ArrowDown", place)
        else:
            self.press("ArrowUp", of - place)

    def mark(self, name: str, zone: str) -> None:
        self.tab_to(f'[name={name}][value="{zone}"]')
        self.press("Space")

    def see(self, *, during: During, after: After, rom: RangeChange) -> None:
        self.choose("during", list(During).index(during))
        self.choose("after", list(After).index(after))
        if after in (After.WORSE, After.PERIPHERALISED):
            self.tab_to("[name=not_settled]")
            self.press("Space")
        if after in (After.CENTRALISED, After.PERIPHERALISED):
            self.tab_to("[name=where]")
            self.press("ArrowRight")
            places = {After.CENTRALISED: "low-1-C", After.PERIPHERALISED: "low-5-L"}
            self.mark("zones_after", places[after])
        self.choose("rom", list(RangeChange).index(rom), of=3)
        self.tab_to("[name=neuro]")  # "not checked" is chosen: on to the first of four
        self.press("ArrowRight")

    def save(self, what: str) -> None:
        self.tab_to(f'button[value="{what}"]:not(.sr)')
        self.press("Enter")


def test_four_directions_take_less_than_90_seconds_by_keyboard(open_page, clinic, episode):
    page = open_page(page_to_test(episode)).page
    hands = Hands(page)
    began = time.monotonic()
    hands.choose("direction", 0)
    hands.tab_to("[name=baseline_pain]")
    hands.press("ArrowRight", 5)  # from "not asked" round to 0, and on to 4
    hands.mark("zones_before", "low-3-L")
    hands.mark("zones_before", "low-4-L")
    hands.see(during=During.PERIPHERALISING, after=After.PERIPHERALISED, rom=RangeChange.SAME)
    hands.save("next")
    expect(page.get_by_text("Stored: Lumbar spine flexion, red").first).to_be_visible()
    hands.see(during=During.CENTRALISING, after=After.CENTRALISED, rom=RangeChange.UP)
    hands.save("next")
    expect(page.get_by_text("Stored: Lumbar spine extension, green").first).to_be_visible()
    hands.see(during=During.NO_EFFECT, after=After.NO_EFFECT, rom=RangeChange.SAME)
    hands.save("next")
    expect(
        page.get_by_text("Stored: Lumbar spine side glide left, no effect").first
    ).to_be_visible()
    hands.see(during=During.PRODUCED, after=After.NO_WORSE, rom=RangeChange.SAME)
    hands.save("save")
    expect(page.get_by_text("Stored: Lumbar spine side glide right, amber").first).to_be_visible()
    seconds = time.monotonic() - began + hands.keys * SECONDS_PER_KEY
    print(f"{hands.keys} keys, {seconds:.0f} seconds")
    assert seconds < SECONDS_ALLOWED
    with inside(clinic.pk):
        tests = list(DirectionTest.objects.of_episode(episode).order_by("pk"))
        assert [(test.direction, test.light) for test in tests] == [
            ("flexion", "red"),
            ("extension", "green"),
            ("side_glide_left", "no_effect"),
            ("side_glide_right", "amber"),
        ]
        assert {test.baseline_pain for test in tests} == {4}
        assert {test.neuro for test in tests} == {Neuro.SAME}
        first, second, third, _ = tests
        assert first.zones_before == ["low-3-L", "low-4-L"]
        assert first.zones_after == second.zones_before == ["low-5-L"]
        assert second.zones_after == third.zones_before == third.zones_after == ["low-1-C"]
        assert Episode.objects.get(pk=episode.pk).zones_now == ["low-1-C"]


def test_the_screen_is_answered_by_keyboard(open_page, clinic, patient):
    begun = make.episode(of=patient, at=make.timezone_now())
    page = open_page(reverse("patients:screen", args=[begun.pk])).page
    hands = Hands(page)
    hands.tab_to("[name=saddle_numbness]")
    for _ in range(15):
        hands.press("Space")
        hands.press("Tab")
    hands.tab_to("button.btn-primary")
    hands.press("Enter")
    expect(page.get_by_text("The safety screen is stored: no red flag.")).to_be_visible()


def test_enter_in_a_field_shows_the_light_and_stores_nothing(open_page, clinic, episode):
    page = open_page(page_to_test(episode)).page
    page.get_by_label("Repetitions, or seconds held").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Direction")
    with inside(clinic.pk):
        assert not DirectionTest.objects.of_episode(episode).exists()


def boxes(page: Page) -> Locator:
    return page.locator("#div_id_zones_before")


def marked(page: Page) -> list[str]:
    return boxes(page).locator(":checked").evaluate_all("all => all.map(one => one.value)")


def test_a_place_pressed_at_the_front_is_marked_at_the_back(open_page, episode):
    page = open_page(page_to_test(episode)).page
    front = boxes(page).locator(".in-front")
    front.get_by_title("Left thigh").click()
    assert marked(page) == ["low-4-L"]
    expect(boxes(page).locator(".marked")).to_contain_text("Left thigh")
    at_the_back = boxes(page).locator(".from-behind").get_by_title("Left thigh").bounding_box()
    at_the_front = front.get_by_title("Left thigh").bounding_box()
    middle = front.bounding_box()
    assert at_the_back
    assert at_the_front
    assert middle
    # The patient's left is on the left seen from behind, and on the right seen from the front.
    assert at_the_front["x"] > middle["x"] + middle["width"] / 2
    front.get_by_title("Left thigh").click()
    assert marked(page) == []


def test_a_place_is_marked_by_touch(open_page, episode):
    page = open_page(page_to_test(episode), **PHONE).page
    boxes(page).locator(".from-behind").get_by_title("Right ankle, foot or toes").tap()
    assert marked(page) == ["low-6-R"]


def test_every_place_has_a_name_for_a_screen_reader(open_page, episode):
    page = open_page(page_to_test(episode)).page
    places = group(page, "Where it is before").get_by_role("checkbox")
    assert places.count() == 22
    for name in ("Centre of the low back", "Left lower leg or calf", "Right hand or fingers"):
        expect(group(page, "Where it is before").get_by_role("checkbox", name=name)).to_have_count(
            1
        )


@pytest.mark.parametrize("kind", [DESK, PHONE, NARROW], ids=["desk", "phone", "320 px"])
def test_every_place_is_large_enough_to_press(open_page, episode, kind):
    page = open_page(page_to_test(episode), **kind).page
    for place in boxes(page).locator(".zone:visible").all():
        box = place.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24


def test_the_map_is_a_list_where_the_picture_would_be_too_small(open_page, episode):
    watched = open_page(page_to_test(episode), viewport={"width": 240, "height": 640})
    expect(boxes(watched.page).locator("svg").first).to_be_hidden()
    boxes(watched.page).get_by_text("Left thigh").first.click()
    assert marked(watched.page) == ["low-4-L"]


def test_a_test_is_stored_without_a_script(open_page, clinic, episode):
    page = open_page(page_to_test(episode), java_script_enabled=False).page
    choose(page, "Direction", "Flexion")
    boxes(page).get_by_title("Left thigh").first.click()
    choose(page, "During", "Produced")
    choose(page, "After", "No worse")
    choose(page, "Range of movement", "Same")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#reading")).to_contain_text("Lumbar spine flexion: Amber")
    assert marked(page) == ["low-4-L"]
    page.get_by_role("button", name="Save and finish").click()
    expect(page.get_by_text("Stored: Lumbar spine flexion, amber.")).to_be_visible()
    with inside(clinic.pk):
        assert DirectionTest.objects.of_episode(episode).count() == 1


def test_nothing_scrolls_sideways_at_320_px(open_page, patient, episode):
    make.direction_test(of=episode, at=make.timezone_now())
    for path in (
        page_of(patient),
        page_to_test(episode),
        reverse("patients:screen", args=[episode.pk]),
    ):
        open_page(path, **NARROW).looks_right()
