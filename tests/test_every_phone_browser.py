"""The patient's pages for everyone: small and large, right to left, by finger and by keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from portal.access import COOKIE
from portal.comfort import AS_PHONE, CONTRAST_COOKIE, LARGE, LARGEST, MORE, NORMAL, TEXT_COOKIE
from prescriptions.models import PrescriptionEdition, SessionLog
from tests import make
from tests.browser import WHY_NO_BROWSER
from tests.test_doors import ABOUT, phone_of, url
from tests.test_every_page_axe import PATIENTS, pages

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]
LANGUAGES = [code for code, _ in settings.LANGUAGES]
LEAST = 44  # CSS pixels in both directions: 2.5.5 of WCAG 2.2, target size (enhanced)
# What can be pressed and is too small. A field and its labels are one target. As 2.5.5 allows, a
# link in a sentence is as high as its line, and a place of the body map may be small because the
# list that can be shown instead has the same places.
TOO_SMALL = """(least) => {
  const pressed = "a[href], button, input:not([type=hidden]), select, textarea, summary"
  const isInSentence = (one) => one.matches("p a, li a") &&
    [...one.parentElement.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  const hasEquivalent = (one) => {
    const list = one.closest(".bodymap")?.querySelector(".as-list > input")
    return one.closest(".zone") && list?.checkVisibility() && !list.checked
  }
  const isAway = (one) => !one.checkVisibility() || one.matches(".skip")
  const size = (one) => {
    const boxes = [one, ...(one.labels ?? [])].map((each) => each.getBoundingClientRect())
    const first = (side) => Math.min(...boxes.map((box) => box[side]))
    const last = (side) => Math.max(...boxes.map((box) => box[side]))
    return [last("right") - first("left"), last("bottom") - first("top")]
  }
  return [...document.querySelectorAll(pressed)]
    .filter((one) => !isAway(one) && !isInSentence(one) && !hasEquivalent(one))
    .filter((one) => Math.min(...size(one)) < least - 0.5)
    .map((one) => `too small, ${size(one).map(Math.round)}: ${one.outerHTML.slice(0, 90)}`)
}"""
# The page to either side, or words out of what they stand in.
STICKS_OUT = """() => {
  const { scrollWidth, clientWidth } = document.documentElement
  const boxes = [...document.querySelectorAll(".btn, .choice > span, .dock a, .badge")]
    .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)
    .map((one) => `words stick out: ${one.outerHTML.slice(0, 90)}`)
  return scrollWidth > clientWidth ? [`scrolls sideways: ${scrollWidth}`, ...boxes] : boxes
}"""
# Two colours of text and ground at 7:1, which axe leaves out unless it is asked.
ENHANCED = {"rules": {"color-contrast-enhanced": {"enabled": True}}}
# A voice of each language that is named, and what is said with it.
VOICES = """(languages) => {
  window.said = []
  const speech = new EventTarget()
  Object.assign(speech, {
    pending: false,
    getVoices: () => languages.map((lang) => ({ lang })),
    speak: (text) => window.said.push(text),
    cancel: () => (window.said = []),
  })
  Object.defineProperty(window, "speechSynthesis", { value: speech })
}"""
# What has the focus: whether it is the last, is marked, and lies under nothing.
FOCUSED = """() => {
  const one = document.activeElement
  const marked = [one, one.nextElementSibling, one.parentElement].filter(Boolean)
  const box = one.getBoundingClientRect()
  const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height, 40) / 2]
  const above = document.elementFromPoint(x, y)
  return {
    what: one === document.body ? "" : one.outerHTML.slice(0, 120),
    isMarked: marked.some((each) => getComputedStyle(each).outlineStyle !== "none" ||
      getComputedStyle(each, "::after").outlineStyle !== "none"),
    isCovered: !(one.contains(above) || above?.contains(one) || one.labels?.[0]?.contains(above)),
  }
}"""
_axe = Axe()


@pytest.fixture
def well(transactional_db):
    """A patient with a programme and a log, and the keys of what their pages show."""
    patient = make.patient(of=make.clinic(name="Bearing Sample Clinic"))
    edition = make.edition(of=patient, lines=[make.line("FIL"), make.line("DOOR")])
    log = make.log(of=edition, done_at=make.timezone_now())
    return patient, {PrescriptionEdition: edition.pk, SessionLog: log.pk}


@pytest.fixture
def open_phone(browser: Browser, live_server, well):
    """A phone on which the patient is signed in, and the address of each of their pages."""

    def open_phone(
        language: str, *, width: int = 320, text: str = LARGEST, contrast: str = MORE
    ) -> tuple[Page, list[str]]:
        patient, keys = well
        phone = phone_of(patient)
        context = browser.new_context(
            viewport={"width": width, "height": 640}, reduced_motion="reduce"
        )
        cookies = {
            COOKIE: phone.cookies[COOKIE].value,
            settings.LANGUAGE_COOKIE_NAME: language,
            TEXT_COOKIE: text,
            CONTRAST_COOKIE: contrast,
        }
        root = f"{live_server.url}/my/"
        context.add_cookies(
            [{"name": name, "value": value, "url": root} for name, value in cookies.items()]
        )
        found = pages(phone, [url(name, keys.get(ABOUT.get(name), 0)) for name in PATIENTS])
        nowhere = reverse("portal:today") + "nowhere/"
        return context.new_page(), [live_server.url + one for one in [*found, nowhere]]

    return open_phone


def wrong_with(page: Page) -> list[str]:
    """What is too small to be pressed, and what sticks out."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    found = page.evaluate(TOO_SMALL, LEAST) + page.evaluate(STICKS_OUT)
    return [f"{page.url} at {page.viewport_size['width']} px: {one}" for one in found]


def the_log_form(page: Page, addresses: list[str]) -> None:
    page.goto(next(one for one in addresses if "/my/log/" in one))
    page.locator("button[value=none]").click()
    expect(page.locator("[data-log]:visible")).to_have_count(1)


def walk(page: Page, addresses: list[str]) -> list[str]:
    wrong = []
    for address in addresses:
        page.goto(address)
        wrong += wrong_with(page)
    the_log_form(page, addresses)
    wrong += wrong_with(page)
    for box in page.locator(".as-list:visible").all():
        box.click()
    return wrong + wrong_with(page)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("language", "width", "text"),
    [
        pytest.param("ar", 320, LARGEST, id="the largest text on the narrowest screen"),
        pytest.param("es", 390, NORMAL, id="normal text"),
    ],
)
def test_everything_can_be_pressed(open_phone, language, width, text):
    wrong = walk(*open_phone(language, width=width, text=text))
    assert not wrong, "\n".join(wrong)


@pytest.mark.thorough
@pytest.mark.parametrize("text", [NORMAL, LARGE, LARGEST])
@pytest.mark.parametrize("width", [320, 390, 1440])
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_can_be_pressed_in_every_language(open_phone, language, width, text):
    wrong = walk(*open_phone(language, width=width, text=text, contrast=AS_PHONE))
    assert not wrong, "\n".join(wrong)


@pytest.mark.thorough
def test_axe_finds_nothing_in_arabic_and_text_has_more_contrast(open_phone):
    page, addresses = open_phone("ar", width=390, text=NORMAL)
    found = []
    for name in ("today", "player", "log"):
        page.emulate_media(color_scheme="light")
        if name == "log":
            the_log_form(page, addresses)
        else:
            page.goto(next(one for one in addresses if one.endswith(reverse(f"portal:{name}"))))
        found.append(_axe.run(page, options=ENHANCED))
        page.emulate_media(color_scheme="dark")
        found.append(_axe.run(page, options={"runOnly": ["color-contrast-enhanced"]}))
    reports = [one.generate_report() for one in found if one.violations_count]
    assert not reports, "\n".join(reports)


@pytest.mark.parametrize("voices", [[], ["en-US"]], ids=["no voice", "English alone"])
def test_nothing_is_offered_that_no_voice_can_read(open_phone, voices):
    page, addresses = open_phone("es")
    page.add_init_script(f"({VOICES})({voices})")
    page.goto(addresses[0])
    expect(page.locator("[data-aloud]").first).to_be_attached()
    assert page.locator("[data-aloud]:visible").count() == 0


def said(page: Page) -> list[list[str]]:
    return page.evaluate("said.map(({ lang, text }) => [lang, text])")


def test_a_stretch_is_read_aloud_in_the_language_of_the_page(open_phone):
    page, addresses = open_phone("es")
    page.add_init_script(f"({VOICES})(['es_MX'])")
    page.goto(addresses[0])
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    first, second = page.locator("[data-aloud]").all()
    second_name = page.locator("section:has([data-aloud]) h2").nth(1).inner_text()
    first_step = page.locator(".steps li").first.inner_text()
    expect(page.get_by_role("button", name="Leer en voz alta")).to_have_count(2)
    first.focus()
    page.keyboard.press("Enter")
    assert said(page)[0] == ["es", "Flexión acostado boca arriba"]
    assert ["es", first_step] in said(page)
    stop = page.get_by_role("button", name="Dejar de leer")
    expect(stop).to_be_focused()
    page.keyboard.press("Enter")
    assert said(page) == []
    expect(stop).to_have_count(0)
    first.click()
    second.click()
    assert said(page)[0] == ["es", second_name]
    expect(stop).to_have_count(1)
    page.evaluate("said.at(-1).dispatchEvent(new Event('end'))")
    expect(stop).to_have_count(0)


@pytest.mark.thorough
def test_the_player_falls_silent_when_it_goes_on(open_phone):
    page, addresses = open_phone("en", width=390, text=NORMAL)
    page.add_init_script(f"({VOICES})(['en-GB'])")
    page.goto(next(one for one in addresses if one.endswith(reverse("portal:player"))))
    for leads_on in ("Next", "This hurts"):
        page.get_by_role("button", name="Read aloud").click()
        assert len(said(page)) > 3
        assert not any("Count" in text for _, text in said(page))
        page.locator("[data-do=main]").click()
        assert len(said(page)) > 3
        page.get_by_role("button", name=leads_on, exact=True).click()
        page.wait_for_function("said.length === 0")


@pytest.mark.thorough
@pytest.mark.parametrize("text", [NORMAL, LARGEST])
def test_every_page_is_walked_by_keyboard(open_phone, text):
    page, addresses = open_phone("ar", width=390, text=text)
    wrong = []
    for address in [*addresses, ""]:
        if address:
            page.goto(address)
        else:
            the_log_form(page, addresses)
        page.keyboard.press("Tab")
        reached = 0
        while (focused := page.evaluate(FOCUSED))["what"] and reached < 400:
            if not focused["isMarked"] or focused["isCovered"]:
                wrong.append(f"{page.url}: {focused}")
            reached += 1
            page.keyboard.press("Tab")
        assert 1 < reached < 400, page.url
    assert not wrong, "\n".join(wrong)
