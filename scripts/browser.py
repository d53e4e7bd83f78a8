"""The browser for tests: one that is installed, or one that can be had without asking."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


class NoBrowserError(Exception):
    """Why there is none, in one line."""


def find() -> str:
    """The path of a Chromium or Chrome that runs."""
    if chosen := os.environ.get("CHROMIUM"):
        if _runs(chosen):
            return chosen
        raise NoBrowserError(f"CHROMIUM is {chosen}, which does not run")
    if installed := _installed():
        return installed
    if os.geteuid() == 0 and Path("/etc/debian_version").exists():
        _install_from_debian()
        if installed := _installed():
            return installed
    return _from_playwright()


def _installed() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name)) and _runs(path)), None)


def _runs(path: str) -> bool:
    """Ubuntu, for one, has a `chromium` that only explains where to get one."""
    try:
        return _run([path, "--version"]).returncode == 0
    except OSError:
        return False


def _install_from_debian() -> None:
    print("Installing Debian's chromium for the browser tests …", flush=True)
    without_questions = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "-qq"], env=without_questions)
    _run(["apt-get", "install", "-y", "-qq", "chromium"], env=without_questions)


def _from_playwright() -> str:
    from playwright.sync_api import sync_playwright

    print("Asking Playwright for its Chromium …", flush=True)
    downloaded = _run([sys.executable, "-m", "playwright", "install", "chromium"])
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if _runs(path):
        return path
    if downloaded.returncode:
        raise NoBrowserError("no Chromium or Chrome is installed, and none could be downloaded")
    raise NoBrowserError("Playwright's Chromium does not run here: libraries are missing")


def _run(
    command: list[str], env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - words of our own, and no shell
        command, env=env, capture_output=True
    )
