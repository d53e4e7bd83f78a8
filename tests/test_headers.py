"""What every address says to the browser of staff, of a patient and of nobody."""

import re

import pytest
from django.conf import settings as ours
from django.db import connection
from django.test import Client
from django.urls import reverse

from clinics.models import Membership
from config import headers
from config.headers import CLEARED, HOST_ONLY, NOT_KEPT, PERMISSIONS
from patients.models import Patient
from portal.access import COOKIE
from tests import make
from tests.conftest import signed_in
from tests.make import inside
from tests.portal.conftest import phone_of
from tests.test_doors import ABOUT, ALLAUTH, NAMES, keys_of_everything, url, walk

STATIC = "/static/css/base.css"
ENTRANCES = [
    reverse(
        name,
        kwargs={part: 1 if part == "pk" else "1-x" for part in entry.pattern.regex.groupindex},
    )
    for name, entry in walk()
    if name.startswith(ALLAUTH)
]
OTHERS = ["/nowhere/", "/my/nowhere/", "/nowhere", STATIC, "/static/nothing.js", "/%00", "/healthz"]
POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}
SAID = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
}
SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.S)
# What a policy without 'unsafe-inline' would leave dead on the page.
INLINE = re.compile(r"<style\b|<[^>]+\s(?:style|on\w+)=|javascript:")


def policy(response) -> dict[str, str]:
    parts = response["Content-Security-Policy"].split(";")
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in parts)}


def is_static(path: str) -> bool:
    return path == STATIC


def wrong_with(response, path: str, *, https: bool) -> list[str]:
    """Each header that is missing or weaker than it should be."""
    said = {name: response.headers.get(name) for name in SAID}
    wrong = [name for name, value in SAID.items() if said[name] != value]
    found = policy(response)
    scripts = found.pop("script-src", None)
    found.pop("upgrade-insecure-requests", None)
    if found != POLICY:
        wrong.append(f"policy {found}")
    nonce = re.fullmatch(r"(?:'nonce-([\w+/=]{22,})')?", scripts or "")
    if nonce is None:
        wrong.append(f"scripts {scripts}")
    portal = path.startswith("/my/")
    if response.headers.get("Referrer-Policy") != ("no-referrer" if portal else "same-origin"):
        wrong.append("Referrer-Policy")
    if not is_static(path) and response.headers.get("Cache-Control") != NOT_KEPT:
        wrong.append("Cache-Control")
    if https != ("Strict-Transport-Security" in response.headers):
        wrong.append("Strict-Transport-Security")
    if not response.streaming and "html" in response.headers.get("Content-Type", ""):
        page = response.content.decode()
        wrong += [f"inline {found}" for found in INLINE.findall(page)]
        for attributes, inside_it in SCRIPT.findall(page):
            if inside_it.strip() or f'nonce="{nonce and nonce[1]}"' not in attributes:
                wrong.append(f"script {attributes}")
    response.close()
    for name, cookie in response.cookies.items():
        if https and not (
            name.startswith(HOST_ONLY) and cookie["secure"] and cookie["path"] == "/"
        ):
            wrong.append(f"cookie {name}")
        if cookie["domain"] or cookie["samesite"] != "Lax":
            wrong.append(f"cookie {name}")
        is_kept = cookie["max-age"] != 0
        if is_kept and "csrftoken" not in name and not cookie["httponly"]:
            wrong.append(f"cookie {name} is for scripts")
    return [f"{path} {response.status_code}: {one}" for one in wrong]


@pytest.fixture
def site(clinic):
    return clinic, keys_of_everything(clinic)


@pytest.fixture
def https(settings):
    """Settings as they are with SITE_URL=https://testserver."""
    settings.SITE_URL, settings.IS_HTTPS = "https://testserver", True
    settings.SECURE_HSTS_SECONDS, settings.SECURE_SSL_REDIRECT = ours.SECURE_HSTS_SECONDS, True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.CSRF_TRUSTED_ORIGINS = [settings.SITE_URL]


def visitors(clinic) -> list[Client]:
    with inside(clinic.pk):
        patient = Patient.objects.get()
    found = [signed_in(clinic, Membership.Role.ADMIN), phone_of(patient), Client()]
    for client in found:
        client.raise_request_exception = False
    return found


def addresses(keys) -> list[str]:
    of_rows = [url(name, keys.get(ABOUT.get(name), 0)) for name in NAMES]
    return [*of_rows, *ENTRANCES, *OTHERS]


def test_every_answer_has_every_header(site, subtests):
    clinic, keys = site
    for who in visitors(clinic):
        for path in addresses(keys):
            with subtests.test(path=path):
                wrong = wrong_with(who.get(path), path, https=False)
                assert not wrong


def over_https(client: Client) -> Client:
    """The same person's browser, as it is when the cookies were set over HTTPS."""
    for name in list(client.cookies):
        client.cookies[HOST_ONLY + name] = client.cookies.pop(name).value
    client.defaults["wsgi.url_scheme"] = "https"
    return client


def test_every_answer_over_https_has_every_header(site, https, subtests):
    clinic, keys = site
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours, "IS_HTTPS", False)
        patch.setattr(ours, "SECURE_SSL_REDIRECT", False)
        people = visitors(clinic)
    for who in map(over_https, people[1:]):
        for path in addresses(keys):
            with subtests.test(path=path):
                response = who.get(path, secure=True)
                assert not wrong_with(response, path, https=True)
                assert "upgrade-insecure" not in str(response.headers) or ours.IS_HTTPS


@pytest.mark.parametrize("header", [*SAID, "Content-Security-Policy", "Referrer-Policy"])
def test_the_walk_notices_a_header_that_is_gone(client, db, header):
    response = client.get("/my/help/")
    assert not wrong_with(response, "/my/help/", https=False)
    response.headers[header] = "x"
    assert wrong_with(response, "/my/help/", https=False)


def test_a_page_that_broke_has_them_too(client, db, monkeypatch):
    client.raise_request_exception = False
    for path, view in (("/accounts/sign-in/", "login"), ("/my/help/", "when_to_get_help")):
        monkeypatch.setattr(headers.HostOnlyCookies, "__call__", lambda *args: 1 / 0)
        response = client.get(path)
        assert response.status_code == 500, view
        assert not wrong_with(response, path, https=False)


def test_every_answer_has_another_nonce(therapist):
    nonces = {policy(therapist.get("/"))["script-src"] for _ in range(3)}
    assert len(nonces) == 3
    assert all(nonce.startswith("'nonce-") for nonce in nonces)


def test_over_plain_http_one_is_sent_to_https(client, https):
    response = client.get("/accounts/sign-in/")
    assert (response.status_code, response.url) == (301, "https://testserver/accounts/sign-in/")


# Signing out


def test_whoever_uses_the_browser_after_a_sign_out_finds_no_page(therapist, clinic):
    assert "Clear-Site-Data" not in therapist.get("/").headers
    assert therapist.post(reverse("account_logout"))["Clear-Site-Data"] == CLEARED
    phone = phone_of(make.patient(of=clinic))
    assert "Clear-Site-Data" not in phone.get(reverse("portal:today")).headers
    assert phone.post(reverse("portal:leave"))["Clear-Site-Data"] == CLEARED


def test_a_sign_out_leaves_what_a_shared_phone_has_not_sent(therapist):
    """IndexedDB and the worker's pages are "storage"; another patient's logs may wait there."""
    cleared = therapist.post(reverse("account_logout"))["Clear-Site-Data"]
    assert "storage" not in cleared
    assert "*" not in cleared


# Cookies over HTTPS


def signed_in_over_https(patient) -> Client:
    phone = Client()
    phone.defaults["wsgi.url_scheme"] = "https"
    with inside(patient.clinic_id):
        from patients import actions

        by = make.founder(patient.clinic)
        _, token = actions.invite(patient=patient, at=make.timezone_now(), by=by)
    assert phone.post(reverse("portal:enter", args=[token]), secure=True).status_code == 302
    return phone


def test_a_patient_comes_in_and_stays_in_with_host_only_cookies(clinic, https):
    phone = signed_in_over_https(make.patient(of=clinic))
    cookie = phone.cookies[HOST_ONLY + COOKIE]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["path"] == "/"
    assert COOKIE not in phone.cookies
    assert phone.get(reverse("portal:today"), secure=True).status_code == 200
    left = phone.post(reverse("portal:leave"), secure=True)
    assert left.cookies[HOST_ONLY + COOKIE]["max-age"] == 0


def test_a_cookie_from_a_neighbouring_host_is_not_looked_at(clinic, https):
    phone = signed_in_over_https(make.patient(of=clinic))
    phone.cookies[COOKIE] = phone.cookies.pop(HOST_ONLY + COOKIE).value
    assert phone.get(reverse("portal:today"), secure=True).status_code == 401


# Forms over HTTPS: Django looks at Origin and Referer, and the portal's pages tell neither.


def sent_with(patient, **said):
    phone = signed_in_over_https(patient)
    checked = Client(enforce_csrf_checks=True)
    checked.cookies = phone.cookies
    page = checked.get(reverse("portal:more"), secure=True).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    fields = {"csrfmiddlewaretoken": said.pop("token", token)}
    return checked.post(
        reverse("portal:sign_out_others"), fields, secure=True, headers=said
    ).status_code


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"origin": "https://testserver"}, 302),
        ({"origin": "null"}, 302),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, 302),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "null", "sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null", "token": "x" * 32}, 403),
        ({"referer": "https://testserver/my/"}, 302),
        ({"referer": "https://evil.example/"}, 403),
        ({}, 403),
    ],
)
def test_a_form_of_the_portal_is_taken_from_our_own_pages_alone(clinic, https, said, status):
    assert sent_with(make.patient(of=clinic), **said) == status


def test_staff_forms_from_nowhere_are_refused(clinic, https):
    client = Client(enforce_csrf_checks=True)
    page = client.get("/accounts/sign-in/", secure=True).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    fields = {"csrfmiddlewaretoken": token, "login": "x@example.org", "password": "x"}
    ask = {"path": "/accounts/sign-in/", "data": fields, "secure": True}
    assert client.post(**ask, headers={"origin": "null"}).status_code == 403
    assert client.post(**ask, headers={"origin": "https://testserver"}).status_code == 200


def test_the_walk_asked_with_the_webs_login(db):
    assert connection.settings_dict["USER"] == "bearing_app"
