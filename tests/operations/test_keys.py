import stat
import sys

import pytest
from django.conf import settings
from django.test import Client

from scripts.operations import keys
from tests import make
from tests.portal.conftest import phone_of
from tests.portal.test_offline import send, session, told, who_named

FILE = """# Bearing
SECRET_KEY=old
SITE_URL=https://bearing.example
"""


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "bearing.env"
    made.write_text(FILE)
    return made


def run(monkeypatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["keys", *map(str, arguments)])
    keys.main()


def test_a_new_key_stands_in_the_file_and_the_old_one_beside_it(file, monkeypatch, capsys):
    run(monkeypatch, "secret-key", file)
    now = keys.read(file.read_text())
    assert now["SECRET_KEY_FALLBACKS"] == "old"
    assert len(now["SECRET_KEY"]) > 50
    assert now["SITE_URL"] == "https://bearing.example"
    assert file.read_text().startswith("# Bearing\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert now["SECRET_KEY"] not in capsys.readouterr().out
    first = now["SECRET_KEY"]
    run(monkeypatch, "secret-key", file)
    assert keys.read(file.read_text())["SECRET_KEY_FALLBACKS"] == f"{first},old"
    run(monkeypatch, "forget", file)
    assert keys.read(file.read_text())["SECRET_KEY_FALLBACKS"] == ""


def test_a_new_vapid_key_is_another(file, monkeypatch):
    run(monkeypatch, "vapid", file)
    first = keys.read(file.read_text())["VAPID_PRIVATE_KEY"]
    run(monkeypatch, "vapid", file)
    assert keys.read(file.read_text())["VAPID_PRIVATE_KEY"] not in {"", first}


def test_a_phone_stays_signed_in_while_the_old_key_is_believed(clinic, settings):
    phone = phone_of(make.patient(of=clinic))
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [old]
    assert phone.get("/my/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert phone.get("/my/").status_code == 401


def test_what_waits_on_a_phone_goes_out_after_the_key_has_changed(clinic, settings):
    """It says whose it is by a name that the old key made."""
    patient = make.patient(of=clinic)
    phone, edition = phone_of(patient), make.edition(of=patient)
    phone.who = who_named(phone)
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [old]
    assert told(send(phone, session(edition))) == "stored"
    assert who_named(phone) != phone.who
    settings.SECRET_KEY_FALLBACKS = []
    assert send(phone, session(edition)).status_code == 401


def test_a_colleague_stays_signed_in_while_the_old_key_is_believed(therapist: Client, settings):
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [old]
    assert therapist.get("/").status_code == 200
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "newer", []
    assert therapist.get("/").status_code == 302


def test_no_key_of_before_is_believed_unless_it_is_named():
    assert settings.SECRET_KEY_FALLBACKS == []


class Administrator:
    """Remembers what was said to the server."""

    said: list[str]

    def __init__(self) -> None:
        self.said, self.pgconn = [], self

    def __call__(self, _address):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def encrypt_password(self, password, login, way):
        return b"SCRAM of " + password

    def execute(self, statement):
        self.said.append(statement.as_string())


def test_the_passwords_that_the_file_names_are_set_anew(monkeypatch):
    server = Administrator()
    monkeypatch.setattr(keys.psycopg, "connect", server)
    before = {"APP_DATABASE_URL": "postgresql://bearing_app:old@a,b:5433/bearing?sslmode=require"}
    (address,) = keys.new_passwords(before, administrator="").values()
    user, _, rest = address.removeprefix("postgresql://").partition(":")
    password, _, there = rest.partition("@")
    assert (user, there) == ("bearing_app", "a,b:5433/bearing?sslmode=require")
    assert password not in {"", "old"}
    assert server.said == [f"ALTER ROLE \"bearing_app\" PASSWORD 'SCRAM of {password}'"]
