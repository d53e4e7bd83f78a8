"""Bearing with the settings of production: nothing to warn of, and no start when half set up."""

import ast
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as ours
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse

from config.production import require

BASE = Path(ours.BASE_DIR)
GOOD = {
    "SITE_URL": "https://bearing.example",
    "ALLOWED_HOSTS": "bearing.example",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "SECOND_FACTOR_KEYS": secrets.token_urlsafe(50),
    "APP_DATABASE_URL": "postgresql://bearing_app:password@db.example/bearing",
    "COLLECTED_STATIC": "on",
}
# Machines' own, and those of the tests and of the tools.
NOT_OURS = {"PATH", "XDG_RUNTIME_DIR", "HOME"}


def manage(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**kept, **GOOD, **changes}
    environment = {name: value for name, value in environment.items() if value != "(none)"}
    return subprocess.run(  # noqa: S603 - words of our own, and no shell
        [sys.executable, "manage.py", *arguments],
        cwd=BASE,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_djangos_check_for_production_finds_nothing():
    ran = manage("check", "--deploy", "--fail-level", "WARNING")
    assert ran.returncode == 0, ran.stderr
    assert "no issues" in ran.stdout + ran.stderr


def test_a_missing_secret_stops_the_start_with_one_line():
    ran = manage("check", SECRET_KEY="(none)")
    assert ran.returncode != 0
    assert ran.stderr.strip().splitlines()[-1].endswith("Set SECRET_KEY (see .env.example).")


GIVEN = {
    "secret_keys": [GOOD["SECRET_KEY"]],
    "second_factor_keys": [GOOD["SECOND_FACTOR_KEYS"]],
    "debug": False,
    "site_url": GOOD["SITE_URL"],
    "hosts": ["bearing.example"],
    "is_embedded": False,
}


def test_what_is_set_up_starts():
    require(**GIVEN)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"secret_keys": ["short"]}, "SECRET_KEY"),
        ({"second_factor_keys": []}, "SECOND_FACTOR_KEYS"),
        ({"second_factor_keys": ["short"]}, "SECOND_FACTOR_KEYS"),
        ({"secret_keys": ["x" * 80]}, "SECRET_KEY"),
        ({"secret_keys": [GOOD["SECRET_KEY"], "an old and weak one"]}, "SECRET_KEY"),
        ({"debug": True}, "DEBUG"),
        ({"hosts": []}, "ALLOWED_HOSTS"),
        ({"hosts": ["other.example"]}, "ALLOWED_HOSTS"),
        ({"hosts": ["bearing.example", "*"]}, "ALLOWED_HOSTS"),
        ({"hosts": ["bearing.example", ".example"]}, "ALLOWED_HOSTS"),
        ({"is_embedded": True}, "APP_DATABASE_URL"),
    ],
)
def test_what_is_half_set_up_does_not_start(wrong, named):
    with pytest.raises(ImproperlyConfigured, match=named) as refused:
        require(**{**GIVEN, **wrong})
    said = str(refused.value)
    assert "\n" not in said
    assert GOOD["SECRET_KEY"] not in said
    assert "old and weak" not in said


def test_the_settings_ask_for_it():
    ran = manage("check", DEBUG="on", APP_DATABASE_URL="(none)", ALLOWED_HOSTS="(none)")
    assert ran.returncode != 0
    last = ran.stderr.strip().splitlines()[-1]
    assert all(name in last for name in ("DEBUG", "APP_DATABASE_URL", "ALLOWED_HOSTS"))


# What can be set


def read_by_the_code() -> set[str]:
    """Each name that env(), listed() or os.environ is asked for."""
    found = set()
    for path in [
        *BASE.glob("config/*.py"),
        BASE / "scripts/browser.py",
        BASE / "tests/conftest.py",
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                asked, name = ast.unparse(node.func), node.args[0]
                is_asking = asked in {"env", "listed", "os.environ.get", "_given"}
            elif isinstance(node, ast.Subscript):
                asked, name = ast.unparse(node.value), node.slice
                is_asking = asked == "os.environ"
            else:
                continue
            if is_asking and isinstance(name, ast.Constant):
                found.add(name.value)
    return found


def test_the_example_lists_every_variable_and_no_other():
    listed = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (BASE / ".env.example").read_text(), re.M))
    read = read_by_the_code() - NOT_OURS
    assert {"SECRET_KEY", "METRICS_TOKEN", "LOG_LEVEL"} <= read
    assert read - listed == set()
    # The logins' names are put together; the Makefile and Prometheus's client read the others.
    scripts = (BASE / "scripts/operations").glob("*.*")
    units = (BASE / "docs/systemd").glob("*.service")
    named_by = [BASE / "compose.yaml", *scripts, *units]
    operations = "".join(path.read_text() for path in named_by)
    elsewhere = {"APP_DATABASE_URL", "MIGRATOR_DATABASE_URL", "PYTHON", "PROMETHEUS_MULTIPROC_DIR"}
    assert {name for name in listed - read - elsewhere if name not in operations} == set()


# A new key


def test_what_the_old_key_has_signed_still_counts(settings):
    signed = signing.dumps({"a": 1}, salt="x")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"
    assert signing.loads(signed, salt="x") == {"a": 1}
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(signing.BadSignature):
        signing.loads(signed, salt="x")


def test_staff_and_patients_stay_signed_in_when_the_key_changes(therapist, clinic, settings):
    from tests import make
    from tests.portal.conftest import phone_of

    phone = phone_of(make.patient(of=clinic))
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"
    assert therapist.get("/").status_code == 200
    assert phone.get(reverse("portal:today")).status_code == 200


def test_what_waits_on_a_phone_is_taken_after_the_key_has_changed(clinic, settings):
    from portal.access import WHO_HEADER
    from tests import make
    from tests.portal.conftest import phone_of

    phone = phone_of(make.patient(of=clinic))
    page = phone.get(reverse("portal:today")).content.decode()
    said = {WHO_HEADER: re.search(r'data-who="(\w+)"', page)[1]}
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"
    assert phone.post(reverse("portal:outbox"), headers=said).status_code == 422
    settings.SECRET_KEY_FALLBACKS = []
    assert phone.post(reverse("portal:outbox"), headers=said).status_code == 401


# Where one is sent, and who asks

OUR_OWN = re.compile(r"/(?![/\\])")  # a browser takes two slashes, either way, for another host
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "/%09/evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://testserver@evil.example/",
    "//testserver@evil.example/",
    "/\n/evil.example",
]


@pytest.mark.parametrize("where", ELSEWHERE)
def test_nobody_is_sent_elsewhere(therapist, clinic, where):
    membership = therapist.user.memberships.first() if hasattr(therapist.user, "memberships") else 0
    answers = [
        therapist.post(reverse("clinics:choose"), {"next": where, "membership": str(membership)}),
        therapist.get(reverse("clinics:choose"), {"next": where}),
        therapist.get("/accounts/sign-in/", {"next": where}),
        Client().get("/accounts/sign-in/", {"next": where}),
        therapist.post("/accounts/sign-out/", {"next": where}),
    ]
    for answer in answers:
        assert OUR_OWN.match(answer.get("Location", "/"))
        assert not re.search(r'(href|action)="[^"]*evil', answer.content.decode())


@pytest.mark.parametrize(
    "said",
    [
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "testserver:evil"},
        {"HTTP_HOST": "testserver@evil.example"},
        {"HTTP_HOST": "evil.example/testserver"},
        {"SERVER_NAME": "evil.example"},
    ],
)
def test_a_host_that_is_not_ours_is_not_answered(client, db, said):
    assert client.get("/accounts/sign-in/", **said).status_code == 400


def test_a_host_that_a_header_claims_changes_nothing(client, db):
    page = client.get("/", headers={"x-forwarded-host": "evil.example"})
    assert "evil" not in page["Location"]
    assert "evil" not in client.get("/accounts/sign-in/", HTTP_X_FORWARDED_HOST="evil").text
