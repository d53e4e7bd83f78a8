"""What browser tests share: how Chromium is started, and what every page must pass."""

import os

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

WHY_NO_BROWSER = os.environ.get("BEARING_NO_BROWSER", "")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
# Only tests of the worker itself need one: it would fetch every page a second time.
NO_WORKER = {"service_workers": "block"}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    **NO_WORKER,
}
DESK = {"viewport": {"width": 1440, "height": 900}, **NO_WORKER}
_axe = Axe()


def _is_wrong(line: ConsoleMessage) -> bool:
    """An error that a page is to blame for; a network that a test has cut is none."""
    return line.type == "error" and "ERR_INTERNET_DISCONNECTED" not in line.text


def sign_in(page: Page, *, email: str, password: str, code: str | None = None) -> None:
    """On the page that asks for it: the password, and a code where there is a second step."""
    page.locator("input[type=email]").fill(email)
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    if code:
        page.get_by_label("Code").fill(code)
        page.get_by_role("button", name="Go on").click()


class Watched:
    """A page on which every script error and every breach of the content policy is noted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: self.complaints.append(line.text) if _is_wrong(line) else None,
        )

    def looks_right(self) -> None:
        """No axe violation, no complaint, no sideways scrolling."""
        found = _axe.run(self.page)
        assert found.violations_count == 0, found.generate_report()
        assert self.complaints == []
        widths = self.page.evaluate(
            "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert widths[0] <= widths[1], f"{self.page.url} scrolls sideways: {widths}"
