"""What every test stands on: the run-time login of the database, three people, and a browser."""

import gc
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.test.testcases import TransactionTestCase
from hypothesis import settings as hypothesis_settings

from clinics.models import Clinic, Membership, User
from clinics.second_factor import GIVEN_BY
from tests import make, template_database
from tests.browser import FLAGS
from tests.logged import logged, told_of_somebody

BREACH = "Content Security Policy"  # in what Chromium says of what it has blocked
# Playwright's synchronous interface keeps an event loop in this thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
# The same cases in every run, and no time limit for one: the machine may be busy.
hypothesis_settings.register_profile("suite", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("suite")


# To list 8,000 tests leaves no garbage worth looking for.
gc.disable()


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: Python need not look through it again and again."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


@contextmanager
def as_login(login: str) -> Iterator[None]:
    """Connect as another login of the database for a while."""
    from config import database

    settings, wanted = connection.settings_dict, database.connection_settings(login, testing=True)
    before = {key: settings[key] for key in ("USER", "PASSWORD")}
    connection.close()
    settings.update({key: wanted[key] for key in before})
    try:
        yield
    finally:
        connection.close()
        settings.update(before)


@pytest.fixture(scope="session")
def django_db_setup(request, django_test_environment, django_db_blocker):
    """A database of its own for each run, so that two runs at once do not meet.

    The migrator makes it; every test then runs as the web does. What a test commits, the migrator
    takes out again: the web's login may not.
    """
    name = f"test_bearing_{os.getpid()}"
    with django_db_blocker.unblock(), as_login("migrator"):
        template_database.copy_to(name)
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
    with django_db_blocker.unblock(), as_login("migrator"):
        cleaner = template_database.Cleaner()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: _clean_up(cleaner))
        yield
    with django_db_blocker.unblock():
        _send_the_web_away()
        with as_login("migrator"):
            template_database.drop(name)


def _send_the_web_away() -> None:
    """End what threads of live servers have left open: a database in use cannot be dropped."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user"
            " AND pid <> pg_backend_pid()"
        )


def _let_the_web_finish() -> None:
    """Wait for what a browser asked last: a table cannot be emptied while a page reads it."""
    busy = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND usename = current_user AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(busy)
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.05)


def _clean_up(cleaner: template_database.Cleaner) -> None:
    if not _is_clean(cleaner):
        name = connection.settings_dict["NAME"]
        _send_the_web_away()
        with as_login("migrator"):
            template_database.drop(name)
            template_database.copy_to(name)
        make.numbers_begin_anew()


def _is_clean(cleaner: template_database.Cleaner, tries: int = 3) -> bool:
    _let_the_web_finish()
    try:
        with as_login("migrator"):
            return cleaner.clean()
    except OperationalError:
        # A page's last question came after all, and the two of us locked each other out.
        if tries == 1:
            raise
        return _is_clean(cleaner, tries - 1)


@pytest.fixture(autouse=True)
def _pages_are_closed_before_tables_are_emptied(request):
    """A page that is left open goes on asking, and keeps what it has typed."""
    if "live_server" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("live_server")  # and with it the tables, which are emptied after us
    yield
    for context in request.getfixturevalue("browser").contexts:
        context.close()


@pytest.fixture(autouse=True)
def _a_browser_run_breaks_no_policy_and_its_log_names_nobody(request, monkeypatch):
    """Whatever a test does in a browser: nothing was blocked, and no name or token was logged."""
    if "live_server" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("live_server")
    browser, blocked = request.getfixturevalue("browser"), []
    new_context = browser.new_context

    def watched_context(*args, **kwargs):
        context = new_context(*args, **kwargs)
        context.on(
            "console",
            lambda line: blocked.append(line.text) if BREACH in line.text else None,
        )
        return context

    monkeypatch.setattr(browser, "new_context", watched_context)
    with logged() as lines:
        yield
        named = told_of_somebody(lines)
    assert blocked == []
    assert named == []


@pytest.fixture(autouse=True)
def _runs_as_the_web_does():
    """A test that forgot to hand back the migrator's login would blind all tests after it."""
    yield
    assert connection.settings_dict["USER"] == "bearing_app"


@pytest.fixture
def clinic(db) -> Clinic:
    return make.clinic()


@pytest.fixture
def other_clinic(db) -> Clinic:
    return make.clinic(name="Other clinic")


def signed_in(clinic: Clinic, role: Membership.Role) -> Client:
    """A browser of a member of staff; `client.user` is the person."""
    user = make.user(name=str(role.label))
    make.member(user=user, of=clinic, role=role)
    client = Client()
    client.force_login(user)  # and with it comes the only clinic
    just_confirmed(client, by=user)
    client.user = user
    return client


def just_confirmed(client: Client, *, by: User) -> None:
    """As if the person had said a moment ago who they are, with a second step."""
    session = client.session
    record_authentication(SimpleNamespace(session=session), by, "password")
    session[GIVEN_BY] = by.pk
    session.save()


@pytest.fixture
def admin(clinic) -> Client:
    return signed_in(clinic, Membership.Role.ADMIN)


@pytest.fixture
def therapist(clinic) -> Client:
    return signed_in(clinic, Membership.Role.THERAPIST)


@pytest.fixture
def assistant(clinic) -> Client:
    """A colleague without the right to prescribe."""
    return signed_in(clinic, Membership.Role.ASSISTANT)


@pytest.fixture
def stranger(other_clinic) -> Client:
    """An admin, but of another clinic."""
    return signed_in(other_clinic, Membership.Role.ADMIN)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args) -> dict:
    """An installed Chromium where there is one; Playwright's own otherwise."""
    installed = os.environ.get("CHROMIUM") or shutil.which("chromium")
    path = {"executable_path": installed} if installed else {}
    return {**browser_type_launch_args, **path, "args": FLAGS}
