"""Moving figures in a real browser: they start, stop by key, and wait for who prefers stillness."""

from math import dist

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from clinics.models import Membership
from tests import make
from tests.browser import DESK, PHONE, WHY_NO_BROWSER, Watched
from tests.conftest import signed_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.thorough,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]
SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve(sum), 300);
})"""


@pytest.fixture
def open_editor(browser: Browser, live_server, transactional_db):
    """Opens the editor of a new exercise in a browser in which an admin is signed in."""
    clinic = make.clinic(name="Bearing Sample Clinic")
    cookie = signed_in(clinic, Membership.Role.ADMIN).cookies["sessionid"].value
    contexts = []

    def open_editor(**kind: object) -> Watched:
        context = browser.new_context(**{**DESK, **kind})
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        watched = Watched(context.new_page())
        watched.page.goto(f"{live_server.url}{reverse('exercises:create')}")
        expect(watched.page.locator(".desk .drawing")).to_have_count(2)
        return watched

    yield open_editor
    for context in contexts:
        context.close()


@pytest.fixture
def open_exercise(browser: Browser, live_server, transactional_db):
    """Opens the page of an exercise in a browser in which a therapist is signed in."""
    clinic = make.clinic(name="Bearing Sample Clinic")
    cookie = signed_in(clinic, Membership.Role.THERAPIST).cookies["sessionid"].value
    contexts = []

    def open_exercise(code: str, **kind: object) -> Watched:
        context = browser.new_context(**{**DESK, **kind})
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        watched = Watched(context.new_page())
        watched.page.goto(f"{live_server.url}{make.exercise(code).get_absolute_url()}")
        return watched

    yield open_exercise
    for context in contexts:
        context.close()


def moves(watched: Watched) -> bool:
    """Whether the time of the loop goes on; the body itself rests at both ends."""
    loop = watched.page.locator(".drawing-loop")
    before = loop.evaluate("(svg) => svg.getCurrentTime()")
    watched.page.wait_for_timeout(300)
    return loop.evaluate("(svg) => svg.getCurrentTime()") > before


def test_the_body_of_a_loop_turns(open_exercise):
    loop = open_exercise("FIL").page.locator(".drawing-loop")
    seen = {
        loop.evaluate(
            """(svg, seconds) => {
              svg.pauseAnimations();
              svg.setCurrentTime(seconds);
              return [...svg.querySelectorAll("g")].map((group) => {
                const turns = group.transform.animVal;
                return turns.numberOfItems ? turns.getItem(0).matrix.b.toFixed(2) : "";
              }).join();
            }""",
            seconds,
        )
        for seconds in (0, 1, 2)
    }
    assert len(seen) == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_loop_runs_and_is_paused_by_the_keyboard(open_exercise, scheme):
    watched = open_exercise("FIL", color_scheme=scheme)
    button = watched.page.get_by_role("button", name="Pause")
    assert moves(watched)
    button.focus()
    watched.page.keyboard.press("Enter")
    expect(watched.page.get_by_role("button", name="Play")).to_be_focused()
    assert not moves(watched)
    watched.page.keyboard.press("Space")
    assert moves(watched)
    watched.looks_right()


def test_who_prefers_stillness_starts_the_loop_by_hand(open_exercise):
    watched = open_exercise("REIL", reduced_motion="reduce", **PHONE)
    assert not moves(watched)
    watched.page.get_by_role("button", name="Play").click()
    assert moves(watched)
    watched.looks_right()


def test_start_and_end_are_seen_without_a_script(open_exercise):
    watched = open_exercise("TILT", java_script_enabled=False)
    stills = watched.page.locator(".stills .drawing")
    expect(stills).to_have_count(2)
    for still in stills.all():
        expect(still).to_be_visible()
    expect(watched.page.locator(".drawing-loop")).to_have_count(1)
    expect(watched.page.locator(".drawing-loop")).to_be_hidden()
    expect(watched.page.locator(".moving button")).to_be_hidden()


@pytest.mark.parametrize("kind", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_shifts_while_figures_load(open_exercise, kind):
    watched = open_exercise("DOOR", **kind)
    expect(watched.page.locator(".moving.is-ready")).to_have_count(1)
    assert watched.page.evaluate(SHIFTS) <= 0.02


def bend(handle) -> int:
    return int(handle.get_attribute("aria-valuenow"))


def test_a_joint_is_dragged_and_the_limb_keeps_its_length(open_editor):
    page = open_editor().page
    knee, ankle = (page.get_by_role("slider", name=f"end: near {one}") for one in ("knee", "ankle"))
    knee.scroll_into_view_if_needed()
    before = [apart(page, "whole body", "near knee"), apart(page, "near knee", "near ankle")]
    box = knee.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] - 60, steps=5)
    page.mouse.up()
    assert bend(knee) > 60
    assert bend(ankle) == 0
    after = [apart(page, "whole body", "near knee"), apart(page, "near knee", "near ankle")]
    assert after == pytest.approx(before, abs=0.1)


def apart(page, one: str, other: str) -> float:
    """How far two handles of the end pose are from each other, in units of the picture."""
    places = [
        page.locator(f'[aria-label="end: {name}"]').evaluate(
            "(circle) => [circle.cx.baseVal.value, circle.cy.baseVal.value]"
        )
        for name in (one, other)
    ]
    return dist(*places)


def test_a_joint_is_bent_by_keys_and_stops_at_its_range(open_editor):
    watched = open_editor()
    elbow = watched.page.get_by_role("slider", name="end: near wrist")
    elbow.focus()
    watched.page.keyboard.press("ArrowUp")
    assert bend(elbow) == 10
    for _ in range(20):
        watched.page.keyboard.press("Shift+ArrowUp")
    assert bend(elbow) == 152
    assert '"elbow":152' in watched.page.locator("[name=figure]").input_value()
    expect(watched.page.locator("[data-loop] animateTransform").first).to_be_attached()
    expect(watched.page.locator(".figure-status")).to_have_text("")


@pytest.mark.parametrize("kind", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_editor_can_be_used_by_everybody(open_editor, kind, scheme):
    open_editor(color_scheme=scheme, **kind).looks_right()
