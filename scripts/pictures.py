"""Photograph the main pages of the sample clinic into var/pictures: python -m scripts.pictures

Each is taken on a phone and at a desk, light and dark, from a server started for it.
"""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from scripts import browser

ROOT = Path(__file__).resolve().parent.parent
INTO = ROOT / "var" / "pictures"
WIDTHS = {390: 844, 1440: 900}
SCHEMES = ("light", "dark")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
THERAPIST = re.compile(r"^ +therapist +(\S+) / (.+)$", re.MULTILINE)
CODE = re.compile(r"^ +therapist .+\n.+ each once: (\d+)", re.MULTILINE)
PATIENT = re.compile(r"^ +patient +(http\S+)$", re.MULTILINE)
HOME = re.compile(r"^Bearing is at (\S+)", re.MULTILINE)


class PicturesError(Exception):
    """Why there are no pictures, in one line."""


def main() -> None:
    INTO.mkdir(parents=True, exist_ok=True)
    with _served() as said, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.find(), args=FLAGS)
        _photograph(*_pages_of_a_therapist(chromium, said))
        _photograph(*_pages_of_a_patient(chromium, said))
        chromium.close()
    print(f"Pictures are in {INTO.relative_to(ROOT)}")


def _photograph(page: Page, addresses: dict[str, str]) -> None:
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            for name, address in addresses.items():
                page.goto(address)
                page.screenshot(path=INTO / f"{name}-{width}-{scheme}.png", full_page=True)


@contextmanager
def _served() -> Iterator[str]:
    """Serve the sample clinic; what the server says first tells how to sign in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603 - words of our own, and no shell
        [sys.executable, "-m", "config.serve", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        said = ""
        for line in server.stdout or ():
            said += line
            if line.startswith("Bearing is at"):
                break
        else:
            raise PicturesError("The sample clinic could not be served; what it said is above.")
        yield said
    finally:
        server.terminate()
        server.wait()


def _found(pattern: re.Pattern[str], said: str) -> re.Match[str]:
    if found := pattern.search(said):
        return found
    raise PicturesError("The sample clinic does not say how to sign in.")


def _pages_of_a_therapist(chromium: Browser, said: str) -> tuple[Page, dict[str, str]]:
    """A signed-in page, and the address of each page to be photographed."""
    email, password = _found(THERAPIST, said).groups()
    page = chromium.new_page()
    home = _found(HOME, said)[1]
    page.goto(home)
    page.locator("input[type=email]").fill(email)
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("input[name=code]").fill(_found(CODE, said)[1])
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{home}/")
    found = {"home": page.url, "patients": f"{home}/patients/", "design": f"{home}/design/"}
    page.goto(found["patients"])
    found["desk"] = _desk(page)
    page.goto(found["home"])
    page.locator("main .group-of .whom").first.click()
    found["patient"] = page.url
    found["alert"] = page.locator("main .alert .btn").first.evaluate("link => link.href")
    for tab in ("Direction", "Progress"):
        link = page.locator("main .tabs").get_by_role("link", name=tab)
        found[tab.lower()] = link.evaluate("link => link.href")
    page.get_by_role("link", name="Library", exact=True).click()
    found["library"] = page.url
    found["exercise"] = page.locator("main .exercise a").first.evaluate("link => link.href")
    return page, found


def _desk(page: Page) -> str:
    """The draft of the first patient who has one; else one is begun for the first patient."""
    patients = page.locator("#patients th a").evaluate_all("links => links.map(one => one.href)")
    for address in patients:
        page.goto(address)
        draft = page.get_by_role("link", name="Go on with the draft")
        if draft.count():
            return str(draft.evaluate("link => link.href"))
    page.get_by_role("button", name="Prescribe").or_(
        page.get_by_role("button", name="Change the programme")
    ).click()
    return page.url


def _pages_of_a_patient(chromium: Browser, said: str) -> tuple[Page, dict[str, str]]:
    """The same for the patient whose link the server has printed."""
    page = chromium.new_page()
    page.goto(_found(PATIENT, said)[1])
    page.get_by_role("button", name="Open my programme").click()
    found = {"today": page.url}
    log = page.get_by_role("link", name=re.compile("^Log "))
    found["log"] = log.evaluate("link => link.href")
    return page, found


if __name__ == "__main__":
    try:
        main()
    except (browser.NoBrowserError, PicturesError) as error:
        sys.exit(str(error))
