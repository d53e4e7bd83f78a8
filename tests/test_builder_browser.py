"""The desk in real browsers: how few actions a programme takes, and that nothing typed is lost."""

import os
import statistics
import time
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

from clinics.models import Membership
from exercises.vocabulary import Direction
from patients.lights import After, During
from prescriptions import actions
from prescriptions.forms import line_data, posted_rows
from prescriptions.models import PrescriptionEdition
from tests import make
from tests.browser import DESK, PHONE, WHY_NO_BROWSER, Watched
from tests.conftest import signed_in
from tests.make import inside

pytestmark = [
    pytest.mark.browser,
    pytest.mark.thorough,
    pytest.mark.django_db(transaction=True),
]
needs_browser = pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER)
# Where to leave pictures of each page, when somebody wants to look.
PICTURES = os.environ.get("BEARING_PICTURES")
FOUR = {"flexion in l": "FIL", "repeated": "REIL", "pelvic": "TILT", "kneel": "KLF"}
MOST_ACTIONS_WITH_A_TEMPLATE = 12
MOST_ACTIONS_FROM_SCRATCH = 40
MILLISECONDS_ALLOWED = 100


@pytest.fixture
def clinic(transactional_db):
    return make.clinic(name="Bearing Sample Clinic")


@pytest.fixture
def patient(clinic):
    found = make.patient(of=clinic, name="Ana Ruiz")
    make.screened(found)
    return found


@pytest.fixture
def therapist(clinic) -> Client:
    return signed_in(clinic, Membership.Role.THERAPIST)


@pytest.fixture
def open_page(browser: Browser, live_server, therapist):
    """Opens a page in a browser in which a therapist is signed in."""
    cookie = therapist.cookies["sessionid"].value
    contexts: list[BrowserContext] = []
    under_way: set[Request] = set()

    def open_page(path: str, **kind: object) -> Watched:
        context = browser.new_context(**{**DESK, **kind})
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        watched = Watched(context.new_page())
        watched.page.on("request", lambda request: under_way.add(request))
        for event in ("requestfinished", "requestfailed"):
            watched.page.on(event, lambda request: under_way.discard(request))
        watched.page.goto(f"{live_server.url}{path}")
        return watched

    yield open_page
    for context in contexts:
        # The database is emptied next: nothing new is sent, and what was sent is answered.
        context.route("**/*", lambda route: route.abort())
        for _ in range(100):
            if under_way:
                context.pages[0].wait_for_timeout(100)
        context.close()


def desk_of(draft) -> str:
    return reverse("prescriptions:edit", args=[draft.pk])


def draft_of(patient, *codes: str) -> PrescriptionEdition:
    return make.draft(of=patient, lines=[make.line(code) for code in codes])


def stored(draft) -> list[str]:
    with inside(draft.clinic_id):
        return [line.exercise_edition.exercise.code for line in draft.lines.with_exercises()]


def picture(page: Page, name: str) -> None:
    if PICTURES:
        # Hiding the caret would add a style that the content policy forbids.
        path = Path(PICTURES) / f"{name}.png"
        page.screenshot(path=path, full_page=True, caret="initial")


class Hands:
    """A therapist at work. One action is one chord of keys, one click, or one field typed."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions = 0

    def press(self, chord: str) -> None:
        self.page.keyboard.press(chord)
        self.actions += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.actions += 1

    def click(self, what: Locator) -> None:
        what.click()
        self.actions += 1


def names(page: Page) -> list[str]:
    return page.locator("#lines h2").all_inner_texts()


def saved(page: Page) -> None:
    expect(page.locator("#state")).to_contain_text("Saved")


# How few actions


@needs_browser
def test_a_template_for_a_known_patient_takes_few_actions(open_page, clinic, patient):
    make.template(of=patient, name="Low back", lines=[make.line("REIL"), make.line("TILT")])
    page = open_page("/").page
    hands = Hands(page)
    hands.click(page.get_by_role("link", name="Ana Ruiz").first)
    hands.click(page.get_by_role("button", name="Prescribe"))
    hands.click(page.get_by_role("button", name="Use the template Low back"))
    for reason in page.get_by_label("Reason to go on").all():
        hands.click(reason)
        hands.type("As we spoke about.")
    for check in page.get_by_label("Seen, and still right").all():
        hands.click(check)
    hands.click(page.get_by_role("button", name="Publish edition 1"))
    expect(page.get_by_text("Edition 1 is published.")).to_be_visible()
    print(f"from a template: {hands.actions} actions")
    assert hands.actions <= MOST_ACTIONS_WITH_A_TEMPLATE


@needs_browser
def test_four_exercises_with_notes_from_the_keyboard_alone(open_page, clinic, patient):
    page = open_page(reverse("patient", args=[patient.pk])).page
    hands = Hands(page)
    hands.click(page.get_by_role("button", name="Prescribe"))
    expect(page.locator("#desk.live")).to_be_visible()
    for number, words in enumerate(FOUR, start=1):
        hands.press("Alt+a")
        hands.type(words)
        hands.press("Enter")
        expect(page.locator("#lines > li")).to_have_count(number)
        expect(page.locator("#id_q")).to_be_focused()
        hands.press("Alt+n")
        hands.press("Control+a")
        hands.type(f"Note {number}: gently, and stop when it moves into the leg.")
    saved(page)
    for box in page.locator(".record").get_by_role("checkbox").all():
        box.check()
        hands.actions += 1
    for text in page.locator(".record").get_by_role("textbox").all():
        text.fill("As we spoke about.")
        hands.actions += 2
    hands.press("Alt+p")
    expect(page.get_by_text("Edition 1 is published.")).to_be_visible()
    print(f"four exercises from scratch: {hands.actions} actions")
    assert hands.actions <= MOST_ACTIONS_FROM_SCRATCH
    with inside(clinic.pk):
        edition = PrescriptionEdition.objects.of_patient(patient).published().with_lines().get()
        lines = list(edition.lines.all())
    assert [line.exercise_edition.exercise.code for line in lines] == list(FOUR.values())
    assert [line.direction_note[:6] for line in lines] == [f"Note {n}" for n in range(1, 5)]


# The keys


@needs_browser
def test_arrow_keys_go_through_what_is_found_and_enter_adds(open_page, patient):
    draft = draft_of(patient)
    page = open_page(desk_of(draft)).page
    page.keyboard.press("Alt+a")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#found button").nth(1)
    expect(chosen).to_be_focused()
    name = chosen.get_attribute("aria-label").removeprefix("Add ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("#id_q")).to_be_focused()
    expect(page.locator("#told")).to_contain_text(f"{name} is added as number 1.")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#id_q")).to_be_focused()


@needs_browser
def test_adding_keeps_what_is_typed_elsewhere(open_page, patient):
    draft = draft_of(patient, "FIL")
    page = open_page(desk_of(draft)).page
    page.locator("[name=lines-0-sets]").fill("7")
    page.get_by_role("button", name="Add Pelvic Tilt").click()
    expect(page.locator("#lines > li")).to_have_count(2)
    expect(page.locator("[name=lines-0-sets]")).to_have_value("7")
    saved(page)
    assert stored(draft) == ["FIL", "TILT"]


@needs_browser
def test_lines_are_moved_removed_and_brought_back_by_keys(open_page, patient):
    draft = draft_of(patient, "FIL", "REIL", "TILT")
    watched = open_page(desk_of(draft))
    page = watched.page
    first, second, third = names(page)
    page.locator("[name=lines-2-repetitions]").fill("17")
    page.keyboard.press("Alt+ArrowUp")
    assert names(page) == [first, third, second]
    expect(page.locator("[name=lines-1-repetitions]")).to_be_focused()
    expect(page.locator("[name=lines-1-repetitions]")).to_have_value("17")
    expect(page.locator("#told")).to_contain_text(f"{third} is now number 2 of 3.")
    page.keyboard.press("Alt+Delete")
    page.keyboard.press("Alt+Delete")
    assert names(page) == [first]
    page.keyboard.press("Alt+z")
    page.keyboard.press("Alt+z")
    assert names(page) == [first, third, second]
    expect(page.locator("[name=lines-1-repetitions]")).to_have_value("17")
    page.get_by_role("button", name="Undo").click()
    assert names(page) == [first, second, third]
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    saved(page)
    assert stored(draft) == ["FIL", "REIL", "TILT"]
    watched.looks_right()


@needs_browser
def test_the_last_dosage_comes_back_by_one_key(open_page, patient):
    make.edition(of=patient, lines=[make.line("TILT", sets=4, repetitions=9)])
    draft = draft_of(patient, "TILT", "KLF")
    page = open_page(desk_of(draft)).page
    page.locator("[name=lines-0-sets]").fill("2")
    page.keyboard.press("Alt+r")
    expect(page.locator("[name=lines-0-sets]")).to_have_value("4")
    expect(page.locator("[name=lines-0-repetitions]")).to_have_value("9")
    page.locator("[name=lines-0-repetitions]").fill("3")
    page.locator("[name=lines-1-sets]").focus()  # never prescribed: the one typed last
    page.keyboard.press("Alt+r")
    expect(page.locator("[name=lines-1-repetitions]")).to_have_value("3")


@needs_browser
def test_a_line_is_dragged_by_its_grip(open_page, patient):
    draft = draft_of(patient, "FIL", "REIL", "TILT")
    page = open_page(desk_of(draft)).page
    before = names(page)
    drag(page, 0, page.locator(".grip").nth(0), below=2)
    assert names(page) == [*before[1:], before[0]]
    saved(page)
    assert stored(draft) == ["REIL", "TILT", "FIL"]
    page.get_by_role("button", name="Undo").click()
    assert names(page) == before


def drag(page: Page, place: int, grip: Locator, *, below: int) -> None:
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    last = page.locator("#lines > li").nth(below).bounding_box()
    assert last
    page.mouse.move(box["x"] + 20, last["y"] + last["height"] - 4, steps=8)
    page.mouse.up()


# What is typed is not lost


@needs_browser
def test_what_is_typed_without_a_connection_is_kept_and_saved_later(open_page, patient):
    draft = draft_of(patient, "FIL")
    page = open_page(desk_of(draft)).page
    page.context.set_offline(True)
    page.locator("[name=lines-0-sets]").fill("6")
    expect(page.locator("#state")).to_contain_text("Not saved: no connection. Kept on this device.")
    page.context.set_offline(False)
    saved(page)
    with inside(draft.clinic_id):
        assert draft.lines.get().sets == 6
    assert kept(page) == []


def kept(page: Page) -> list[str]:
    return page.evaluate("() => Object.keys(sessionStorage).filter(key => key.includes('draft'))")


@needs_browser
def test_what_is_typed_after_the_sign_in_ended_is_offered_again(open_page, patient, therapist):
    draft = draft_of(patient, "FIL")
    page = open_page(desk_of(draft)).page
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    page.locator("[name=lines-0-sets]").fill("6")
    expect(page.locator("#state")).to_contain_text("your sign-in has ended")
    page.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    page.context.add_cookies(cookies)
    page.goto(page.url.split("/accounts")[0] + desk_of(draft))
    expect(page.get_by_text("It was kept on this device.")).to_be_visible()
    picture(page, "desk-kept")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    with inside(draft.clinic_id):
        assert draft.lines.get().sets == 6
    assert kept(page) == []


@needs_browser
def test_signing_out_forgets_what_was_kept(open_page, patient):
    draft = draft_of(patient, "FIL")
    page = open_page(desk_of(draft)).page
    page.locator("[name=lines-0-sets]").fill("")
    expect(page.locator("#state")).to_contain_text("Not saved yet.")
    assert len(kept(page)) == 1
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert kept(page) == []


@needs_browser
def test_a_colleagues_work_is_never_overwritten_by_itself(open_page, patient):
    draft = draft_of(patient, "FIL")
    watched = open_page(desk_of(draft))
    page = watched.page
    by = make.founder(patient.clinic)
    with inside(draft.clinic_id, user_id=by.pk):
        actions.add_exercise(draft=draft, exercise=make.exercise("TILT"), by=by, at=make.NOW)
    page.locator("[name=lines-0-sets]").fill("6")
    expect(page.locator("#state")).to_contain_text("somebody else changed this draft")
    assert stored(draft) == ["FIL", "TILT"]
    page.get_by_role("button", name="Look at both").click()
    expect(page.get_by_role("heading", name="Somebody else worked on this")).to_be_visible()
    expect(page.locator("[name=lines-0-sets]")).to_have_value("6")


@needs_browser
def test_publishing_waits_for_what_is_being_saved(open_page, patient):
    draft = draft_of(patient, "REIL")
    page = open_page(desk_of(draft)).page
    page.route("**/keep/", lambda route: (time.sleep(0.5), route.continue_()))
    page.locator("[name=lines-0-sets]").fill("3")
    page.wait_for_timeout(1300)
    page.keyboard.press("Alt+p")
    expect(page.get_by_text("Edition 1 is published.")).to_be_visible()


# How it looks


def red(patient) -> None:
    begun = make.screened(patient)
    worse = make.as_tested(
        direction=Direction.FLEXION, during=During.PERIPHERALISING, after=After.PERIPHERALISED
    )
    make.direction_test(of=begun, tested=worse, at=make.timezone_now())
    make.direction_test(of=begun, at=make.timezone_now())


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", [DESK, PHONE], ids=["desk", "phone"])
def test_the_desk_in_every_state(open_page, patient, kind, scheme):
    size = kind["viewport"]["width"]
    red(patient)
    draft = draft_of(patient)
    watched = open_page(desk_of(draft), color_scheme=scheme, **kind)
    page = watched.page

    def seen(name: str) -> None:
        watched.looks_right()
        picture(page, f"desk-{name}-{size}-{scheme}")

    seen("empty")
    for number, name in enumerate(("Flexion in Lying", "Pelvic", "Kneeling", "Doorway"), start=1):
        page.get_by_role("button", name=f"Add {name}").first.click()
        expect(page.locator("#lines > li")).to_have_count(number)
    expect(page.locator("#findings-0 .finding").first).to_be_visible()
    page.locator("[name=lines-1-times_per_day]").fill("20")
    page.locator("[name=lines-1-times_per_day]").blur()
    expect(page.get_by_text("this is only a reminder")).to_be_visible()
    saved(page)
    seen("four")
    page.get_by_role("button", name="Remove Pelvic Tilt").click()
    seen("undo")
    if kind is DESK:
        page.locator("summary", has_text="Keys").click()
        seen("keys")
    page.get_by_text("Keep this one as a template").click()
    page.get_by_label("Name of the template").fill("Low back, first week")
    page.get_by_role("button", name="Keep as a template").click()
    expect(page.get_by_text("Kept as the template")).to_be_visible()
    page.get_by_role("link", name="All templates").click()
    seen("templates")


# How quick


def test_every_keystroke_is_answered_in_time(clinic, patient, therapist):
    """The time of the server alone, without a network, for the requests that typing makes."""
    draft = draft_of(patient, "FIL", "REIL", "TILT", "KLF")
    with inside(clinic.pk):
        rows = [line_data(line) for line in draft.lines.with_exercises()]
    typed = dict(posted_rows(rows).lists()) | {"version": draft.version}
    words = "flexion in lying"
    asked = {
        "picker": lambda n: therapist.get(
            reverse("prescriptions:picker", args=[draft.pk]), {"q": words[: n % len(words)]}
        ),
        "findings": lambda _: therapist.post(
            reverse("prescriptions:findings", args=[draft.pk]), typed
        ),
    }
    for name, ask in asked.items():
        waited, worked = [], []
        for number in range(100):
            began, began_work = time.perf_counter(), time.process_time()
            assert ask(number).status_code == 200
            worked.append(1000 * (time.process_time() - began_work))
            waited.append(1000 * (time.perf_counter() - began))
        work, wait = p95(worked), p95(waited)
        print(f"{name}: 95th percentile {wait:.0f} ms, of which Python {work:.0f} ms")
        # What else the machine does is no reason to fail, so only our own work is asserted.
        assert work < MILLISECONDS_ALLOWED


def p95(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=20)[-1]
