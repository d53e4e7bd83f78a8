"""Logs are lines of JSON with an allow-list of fields, and tell of nobody."""

import ast
import json
import logging
from pathlib import Path

import pytest
from django.conf import settings as ours
from django.test import Client
from django.urls import reverse

from clinics.models import Membership
from clinics.tenancy import inside
from config.logs import FIELDS, REFERENCE, AsJson
from patients.models import Patient
from tests.conftest import signed_in
from tests.logged import TOKEN, logged
from tests.portal.conftest import invitation, phone_of
from tests.test_doors import ABOUT, NAMES, SECRET, keys_of_everything, url

ALLOWED = {"time", "level", "logger", "event", "request_id", "exception", "at", *FIELDS}
OURS = ("clinics", "config", "exercises", "patients", "portal", "prescriptions")


def line_of(name: str, message: str, *args, error: Exception | None = None, **extra) -> dict:
    given = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord(name, logging.ERROR, "/x/some.py", 7, message, args, given, "do")
    record.__dict__.update(extra)
    text = AsJson().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_line_has_what_the_list_allows_and_nothing_else():
    line = line_of("portal.x", "saved %s", SECRET, route="home", status=200, name_of=SECRET)
    assert set(line) <= ALLOWED
    assert line["event"] == "saved %s"
    assert (line["route"], line["status"]) == ("home", 200)
    assert SECRET not in json.dumps(line)


def test_what_other_libraries_say_is_known_by_where_they_said_it():
    line = line_of("procrastinate.worker", f"Job send({SECRET}) failed", job={"args": SECRET})
    assert line["event"] == "some.do:7"
    assert SECRET not in json.dumps(line)


def test_an_exception_is_its_kind_and_where_it_happened():
    def fail(whose: str) -> None:
        local = whose
        raise ValueError(f"{local} has pain")

    try:
        fail(SECRET)
    except ValueError as error:
        line = line_of("django.request", "Internal: %s", SECRET, error=error)
    assert line["exception"] == "ValueError"
    assert line["at"][-1].startswith("tests/config/test_logs.py:")
    assert line["at"][-1].endswith(" fail")
    assert SECRET not in json.dumps(line)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\u2028", "\x00", "\x1b[2J"])
def test_no_value_ends_a_line(ends):
    line = line_of("portal.x", f"a{ends}b", route=f"x{ends}y")
    assert line["route"] == f"x{ends}y"


def test_our_own_code_fills_no_value_into_a_message():
    """The message is logged as it stands in the code: a value must stay beside it."""
    filled = []
    for path in (path for app in OURS for path in Path(ours.BASE_DIR, app).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(
                ("log.", "logger.")
            ):
                message = node.args[0] if node.args else None
                if not (isinstance(message, ast.Constant) and isinstance(message.value, str)):
                    filled.append(f"{path}:{node.lineno}")
    assert [one for one in filled if not is_not_logging(one)] == []


def is_not_logging(place: str) -> bool:
    """A variable named log that is a session's."""
    path, _, _line = place.rpartition(":")
    return "getLogger" not in Path(path).read_text()


# Requests


def test_each_request_has_its_number_and_its_line(therapist, clinic):
    with logged() as lines:
        response = therapist.get("/")
    (line,) = [json.loads(line) for line in lines if json.loads(line)["event"] == "answered"]
    assert line["request_id"] == response[REFERENCE]
    assert (line["method"], line["route"], line["status"]) == ("GET", "home", 200)
    assert (line["clinic_id"], line["staff_id"]) == (clinic.pk, therapist.user.pk)
    assert isinstance(line["ms"], int)
    assert therapist.get("/")[REFERENCE] != response[REFERENCE]


def test_a_visitors_own_number_is_not_taken(client, db):
    said = dict.fromkeys(("bearing-request", "x-request-id"), SECRET)
    assert client.get("/my/help/", headers=said)[REFERENCE] != SECRET


@pytest.mark.parametrize("path", ["/accounts/sign-in/", "/my/help/"])
def test_a_page_that_broke_says_its_number_and_nothing_else(client, db, monkeypatch, path):
    from config.headers import HostOnlyCookies

    def fail(*args) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(HostOnlyCookies, "__call__", fail)
    client.raise_request_exception = False
    with logged() as lines:
        response = client.get(path)
    page = response.content.decode()
    assert response.status_code == 500
    assert response[REFERENCE] in page
    assert SECRET not in page
    assert "Traceback" not in page
    told = [json.loads(line) for line in lines if "exception" in json.loads(line)]
    assert [line["request_id"] for line in told] == [response[REFERENCE]]
    assert SECRET not in "".join(lines)


def test_no_request_to_any_address_puts_a_name_or_a_token_into_the_log(clinic):
    keys = keys_of_everything(clinic)
    with inside(clinic.pk):
        patient = Patient.objects.get()
    link = invitation(of=patient)
    typed = {"text": SECRET, "name": SECRET, "q": SECRET, "login": SECRET, "code": SECRET}
    with logged(level=logging.DEBUG) as lines:
        people = [signed_in(clinic, Membership.Role.ADMIN), phone_of(patient), Client()]
        for client in people:
            client.raise_request_exception = False
            client.get(link)
            for name in NAMES:
                path = url(name, keys.get(ABOUT.get(name), 0))
                client.get(f"{path}?q={SECRET}", headers={"user-agent": SECRET, "referer": SECRET})
            for path in (reverse("account_login"), reverse("portal:code"), f"/{SECRET}/"):
                client.post(path, typed)
    assert len(lines) > len(NAMES) * 3
    told = [line for line in lines if SECRET in line or patient.name in line]
    assert told == []
    assert [line for line in lines if TOKEN.search(line)] == []
    assert all(set(json.loads(line)) <= ALLOWED for line in lines)


def test_the_grep_finds_what_it_looks_for(client, db):
    with logged() as lines:
        logging.getLogger("portal").error(SECRET)
        logging.getLogger("portal").error("/my/enter/1-x9Kq2ZpT8wLmN4vR7sBd/")
    assert SECRET in lines[0]
    assert TOKEN.search(lines[1])


def test_a_reminder_that_fails_names_nobody(clinic, monkeypatch):
    from prescriptions import delivery, tasks

    def fail(clinic_id: int) -> None:
        raise ValueError(f"{SECRET} is not at home")

    monkeypatch.setattr(delivery, "write_due", fail)
    with logged(level=logging.DEBUG) as lines:
        tasks.remind.func(timestamp=0)
    (line,) = [json.loads(line) for line in lines if "exception" in line]
    assert line["logger"] == "prescriptions.tasks"
    assert line["exception"] == "ValueError"
    assert SECRET not in "".join(lines)


def test_the_web_server_writes_no_addresses_and_our_lines_alone():
    from config import gunicorn

    assert gunicorn.accesslog is None
    assert set(gunicorn.logconfig_dict["formatters"]) == {"json"}
    assert gunicorn.logconfig_dict["root"]["handlers"] == ["stderr"]
