"""The player on a phone: counting, holding, stopping because it hurts, and the log it fills in."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from clinics.tenancy import inside
from prescriptions.models import SessionEntry, SessionLog
from tests import make
from tests.browser import DESK, PHONE, WHY_NO_BROWSER, Watched
from tests.portal.conftest import invitation

pytestmark = [
    pytest.mark.browser,
    pytest.mark.thorough,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]
# Where to leave pictures of each page, when somebody wants to look.
PICTURES = os.environ.get("BEARING_PICTURES")
SMALL = {"viewport": {"width": 320, "height": 568}, "has_touch": True, "is_mobile": True}
GET_READY, LET_GO, REST = 5, 5, 30  # seconds


@pytest.fixture
def patient(transactional_db):
    return make.patient(of=make.clinic(name="Bearing Sample Clinic"))


@pytest.fixture
def open_player(browser: Browser, live_server, patient) -> Iterator:
    """Publishes these lines and opens the player on the patient's phone, with a clock to turn."""
    contexts: list[BrowserContext] = []

    def open_player(*lines, **kind: object) -> Watched:
        make.edition(of=patient, lines=list(lines))
        context = browser.new_context(**{**PHONE, **kind})
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.page.goto(f"{live_server.url}{invitation(of=patient)}")
        watched.page.get_by_role("button", name="Open my programme").click()
        if kind.get("java_script_enabled", True):
            watched.page.clock.install()
        watched.page.get_by_role("link", name="Start").click()
        if kind.get("java_script_enabled", True):
            expect(watched.page.locator("[data-place]")).to_be_visible()
        return watched

    yield open_player
    for context in contexts:
        context.close()


def press(page: Page, name: str, times: int = 1) -> None:
    for _ in range(times):
        page.get_by_role("button", name=name, exact=True).click()


def wait(page: Page, seconds: float) -> None:
    """Let so much time pass at once, with every tick of it."""
    page.clock.run_for(int(seconds * 1000))


def stage(page: Page) -> Locator:
    return page.locator("[data-stage]")


def number(page: Page) -> int:
    shown = page.locator("[data-number]")
    expect(shown).to_have_text(re.compile(r"\d"))
    return int(shown.inner_text())


def entries(patient) -> list[SessionEntry]:
    with inside(patient.clinic_id):
        log = SessionLog.objects.of_patient(patient).with_entries().get()
        return list(log.entries.all())


def save_the_log(page: Page) -> None:
    press(page, "None of these")
    expect(page.get_by_text("We filled in what you counted.")).to_be_visible()
    press(page, "Save")
    expect(page.get_by_text("You logged one session today.")).to_be_visible()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


KINDS = [
    pytest.param({**kind, "color_scheme": scheme}, id=f"{scheme}-{kind['viewport']['width']}")
    for kind in (SMALL, PHONE, DESK)
    for scheme in ("light", "dark")
]


@pytest.mark.parametrize("kind", KINDS)
def test_two_stretches_are_played_and_logged(open_player, patient, kind):
    watched = open_player(
        make.line("FIL", sets=2, repetitions=3), make.line("DOOR", repetitions=2), **kind
    )
    page = watched.page
    name = f"player-{kind['viewport']['width']}-{kind['color_scheme']}"

    def seen(moment: str) -> None:
        watched.looks_right()
        picture(page, f"{name}-{moment}")

    expect(page.get_by_role("heading", name="Flexion in Lying")).to_be_visible()
    expect(page.get_by_role("heading", name="Doorway Stretch")).to_be_hidden()
    expect(page.get_by_text("Stretch 1 of 2")).to_be_visible()
    seen("begin")
    press(page, "One more", times=2)
    expect(stage(page)).to_contain_text("of 3")
    expect(stage(page)).to_contain_text("Set 1 of 2")
    assert number(page) == 2
    press(page, "Take one back")
    assert number(page) == 1
    press(page, "One more", times=2)
    expect(stage(page)).to_contain_text("Rest")
    expect(page.locator("[data-told]")).to_have_text("3 of 3. Set 1 of 2 is done. Rest.")
    seen("rest")
    wait(page, REST)
    expect(stage(page)).to_contain_text("Set 2 of 2")
    press(page, "One more", times=3)
    expect(stage(page)).to_contain_text("Done")
    seen("done")
    press(page, "Next stretch")

    expect(page.get_by_role("heading", name="Doorway Stretch")).to_be_focused()
    press(page, "Start")
    expect(stage(page)).to_contain_text("Get ready")
    wait(page, GET_READY)
    expect(stage(page)).to_contain_text("Hold")
    seen("hold")
    wait(page, 20)
    expect(stage(page)).to_contain_text("1 of 2 done")
    press(page, "Hold now")
    wait(page, 21)
    expect(stage(page)).to_contain_text("Done")
    press(page, "Finish")
    expect(page.get_by_role("heading", name="That was all")).to_be_focused()
    seen("finish")
    press(page, "Check and save")
    save_the_log(page)
    knees, door = entries(patient)
    assert (knees.outcome, knees.repetitions) == ("done", 6)
    assert (door.outcome, door.repetitions) == ("done", 2)
    press_start_again(page)


def press_start_again(page: Page) -> None:
    """Once logged, the counts begin anew."""
    page.get_by_role("link", name="Start").click()
    expect(stage(page)).to_contain_text("Set 1 of 2")
    assert number(page) == 0


def test_a_hold_runs_by_the_clock_and_not_by_the_ticks(open_player):
    page = open_player(make.line("DOOR", repetitions=3)).page
    assert number(page) == 20
    press(page, "Start")
    press(page, "Start now")
    wait(page, 10.5)
    assert number(page) in {9, 10}
    page.clock.fast_forward(6_000)  # a throttled tab: one tick for all of it
    assert number(page) in {3, 4}
    page.clock.fast_forward(600_000)  # a phone that slept: nothing is counted that nobody did
    expect(stage(page)).to_contain_text("Let go")
    expect(stage(page)).to_contain_text("1 of 3 done")
    assert number(page) in {LET_GO - 1, LET_GO}
    wait(page, LET_GO)
    expect(stage(page)).to_contain_text("Hold")


def test_a_pause_stops_the_clock_and_the_figure(open_player):
    page = open_player(make.line("DOOR")).page
    is_still = "() => document.querySelector('.drawing-loop').animationsPaused()"
    assert page.evaluate(is_still) is False
    press(page, "Start")
    press(page, "Start now")
    wait(page, 5)
    press(page, "Pause")
    expect(stage(page)).to_contain_text("Paused")
    left = number(page)
    assert page.evaluate(is_still) is True
    wait(page, 60)
    assert number(page) == left
    page.locator("[data-do=main]").click()
    assert page.evaluate(is_still) is False
    wait(page, left)
    expect(stage(page)).to_contain_text("Let go")


def test_a_figure_stands_still_for_who_prefers_it(open_player):
    page = open_player(make.line("TILT"), reduced_motion="reduce").page
    is_still = "() => document.querySelector('.drawing-loop').animationsPaused()"
    press(page, "Pause")
    page.locator("[data-do=main]").click()
    assert page.evaluate(is_still) is True
    expect(page.get_by_role("button", name="Play")).to_be_visible()


@pytest.mark.parametrize("counted", [0, 2])
def test_what_hurts_leads_to_the_log_with_its_reasons_to_stop(open_player, patient, counted):
    watched = open_player(make.line("DOOR"), make.line("FIL"))
    page = watched.page
    press(page, "Next")
    press(page, "One more", times=counted)
    press(page, "This hurts")
    box = page.get_by_role("dialog", name="Stop this one.")
    expect(box.get_by_role("heading", name="Stop for")).to_be_visible()
    expect(box.get_by_text("A sharp or catching feeling.")).to_be_visible()
    watched.looks_right()
    picture(page, f"player-hurts-{counted}")
    press(page, "It does not hurt. Go back.")
    expect(box).to_be_hidden()
    press(page, "This hurts")
    press(page, "Tell us what happened")
    press(page, "None of these")
    expect(page.get_by_text("You stopped this one.")).to_have_count(1)
    door = page.locator("section.card").filter(has=page.get_by_role("heading", name="Doorway"))
    door.get_by_role("group", name="Did you do it?").get_by_text("No", exact=True).click()
    watched.looks_right()
    press(page, "Save")
    expect(page.get_by_text("You logged one session today.")).to_be_visible()
    _, knees = entries(patient)
    assert (knees.outcome, knees.why_not, knees.repetitions) == ("part", "pain", counted)


def test_one_that_hurts_can_be_left_out_and_is_marked_later(open_player, patient):
    page = open_player(make.line("FIL"), make.line("TILT", hold_seconds=0, repetitions=1)).page
    press(page, "One more")
    press(page, "This hurts")
    press(page, "Stop this one, go to the next")
    expect(page.get_by_role("heading", name="Pelvic Tilt")).to_be_focused()
    press(page, "Back")
    expect(stage(page)).to_contain_text("Stopped")
    press(page, "Next stretch")
    press(page, "One more")
    press(page, "Finish")
    expect(page.get_by_text("1 of 10. Stopped: it hurt.")).to_be_visible()
    press(page, "Check and save")
    save_the_log(page)
    assert [entry.outcome for entry in entries(patient)] == ["part", "done"]


def test_no_network_is_needed_until_the_log(open_player, patient):
    watched = open_player(make.line("FIL", repetitions=2), make.line("DOOR", repetitions=1))
    page = watched.page
    page.context.set_offline(True)
    press(page, "One more", times=2)
    press(page, "Next stretch")
    press(page, "Start")
    wait(page, GET_READY + 20)
    press(page, "Finish")
    press(page, "Check and save")
    expect(page.get_by_text("You are offline.")).to_be_visible()
    watched.looks_right()
    page.context.set_offline(False)
    press(page, "Check and save")
    save_the_log(page)
    assert [entry.outcome for entry in entries(patient)] == ["done", "done"]


def test_a_reload_keeps_the_counts(open_player):
    page = open_player(make.line("FIL"), make.line("REIL")).page
    press(page, "One more", times=3)
    press(page, "Next")
    press(page, "One more", times=4)
    page.reload()
    expect(page.get_by_role("heading", name="Repeated Extension in Lying")).to_be_visible()
    assert number(page) == 4
    press(page, "Back")
    assert number(page) == 3


def test_sound_and_vibration_stay_off(open_player):
    page = open_player(make.line("FIL")).page
    for name in ("Sound", "Vibration"):
        switch = page.get_by_role("button", name=name)
        expect(switch).to_have_attribute("aria-pressed", "true")
        switch.click()
        expect(switch).to_have_attribute("aria-pressed", "false")
    page.reload()
    for name in ("Sound", "Vibration"):
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "false")


def test_it_is_played_by_keyboard(open_player):
    page = open_player(make.line("FIL", repetitions=2), make.line("REIL"), **DESK).page
    page.get_by_role("button", name="One more").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(stage(page)).to_contain_text("Done")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Repeated Extension in Lying")).to_be_focused()


@pytest.mark.parametrize("kind", [SMALL, PHONE], ids=["320 px", "390 px"])
def test_every_button_is_under_the_thumb_and_large(open_player, kind):
    page = open_player(make.line("FIL"), **kind).page
    press(page, "One more")
    for button in page.locator("button:visible, a.btn:visible").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44, button.inner_text()
    for act in ("main", "hurts", "pause", "back", "next"):
        box = page.locator(f"[data-do={act}]").bounding_box()
        assert box
        assert box["y"] > kind["viewport"]["height"] * 0.6
    box = page.locator("[data-number]").bounding_box()
    assert box
    assert box["height"] >= 90
    assert box["y"] + box["height"] < page.locator("[data-do=main]").bounding_box()["y"]


def test_without_a_script_it_is_a_list_to_read(open_player):
    watched = open_player(make.line("FIL"), make.line("DOOR"), java_script_enabled=False)
    page = watched.page
    for name in ("Flexion in Lying", "Doorway Stretch"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_role("button", name="This hurts")).to_have_count(0)
    page.get_by_role("link", name="Log what I did").click()
    expect(page.get_by_role("button", name="None of these")).to_be_visible()
