"""Hostile requests against the application, none of which gets in, breaks it or shows a word.

With `make thorough` the quick half, by the test client, each request undone. `make attack` sends
all of them to a web server that keeps what it stores; see attack_live.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.test import Client
from django.urls import reverse

from tests import attacks, make
from tests.attacks import ATTACKS, PAYLOAD, RUNS, SECRET, TOKEN, Answer, Field, sites_of
from tests.prescriptions.conftest import clock
from tests.worlds import World, as_before, world

__all__ = ["clock"]

QUICK = [
    attacks.bodies,
    attacks.redirects,
    attacks.hosts,
    attacks.no_token,
    attacks.cookies,
    attacks.paths,
]


class ByClient:
    """Asks through Django's test client, as strict about CSRF tokens as a server."""

    def __init__(self, here: World) -> None:
        self.here = here

    def ask(self, who, method, path, *, body=b"", headers=None, cookies=None, has_token=True):
        browser = self.here.people[who] if cookies is None else Client()
        browser.handler.enforce_csrf_checks = True
        path, _question, query = path.partition("?")
        told = {**({"X-CSRFToken": TOKEN} if has_token else {}), **(headers or {})}
        kind = told.pop("Content-Type", "application/x-www-form-urlencoded")
        with as_before(browser):
            browser.cookies.load(cookies or {})
            if has_token:
                browser.cookies["csrftoken"] = TOKEN
            response = browser.generic(method, path, body, kind, headers=told, QUERY_STRING=query)
            return Answer(
                response.status_code,
                {name.lower(): value for name, value in response.headers.items()},
                response.getvalue().decode(errors="replace"),
                {name: morsel.value for name, morsel in response.cookies.items()},
            )

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        yield  # whatever happened has been undone


@pytest.mark.thorough
@pytest.mark.django_db
def test_no_attack_gets_in(clock, subtests):
    here = world(own=PAYLOAD, others=SECRET)
    to = Field(here, ByClient(here), sites_of(here))
    for site in to.sites:  # the payload is in every text of ours: look at every page
        to.ask("patient" if site.browser is here.people["patient"] else "admin", "GET", site.path)
    assert to.breaches == []
    for attack in QUICK:
        with subtests.test(attack.__name__):
            before, to.breaches = to.asked, []
            attack(to)
            assert to.asked > before
            assert to.breaches == []


def test_every_attack_is_among_those_of_make_attack():
    assert set(QUICK) < set(ATTACKS)


@pytest.mark.django_db
def test_an_attack_that_gets_in_is_noticed(clock):
    """The twin: a page that breaks, and one that shows what it must not."""

    class Broken:
        unchanged = ByClient.unchanged

        def ask(self, *_asked, **_more):
            headers = {"location": "//evil.example", "content-type": "text/html"}
            return Answer(500, headers, SECRET + PAYLOAD, {})

    here = world(others=SECRET)
    to = Field(here, Broken(), [])
    attacks.redirects(to)
    told = " ".join(to.breaches)
    assert all(word in told for word in ("500", "another clinic", "a script", "goes to"))


def test_the_payload_would_be_seen_where_it_is_not_escaped():
    assert RUNS.search(f"<p>{PAYLOAD}</p>")
    assert not RUNS.search("&quot;&gt;&lt;img src=x onerror=xss7&gt;&lt;script&gt;xss7"[:26])


@pytest.mark.django_db
def test_a_session_that_somebody_planted_is_not_the_one_that_is_signed_in():
    user = make.user(password="sample-people-only")
    browser = Client()
    browser.get("/")
    planted = "a" * 32
    browser.cookies["sessionid"] = planted
    browser.post(reverse("account_login"), {"login": user.email, "password": "sample-people-only"})
    assert browser.cookies["sessionid"].value != planted
    attacker = Client()
    attacker.cookies["sessionid"] = planted
    assert attacker.get(reverse("clinics:choose")).status_code == 302
