import pytest
from django.core.management import CommandError, call_command

from clinics.models import Clinic, Membership, User
from clinics.tenancy import known_as
from tests import make

pytestmark = pytest.mark.django_db
PASSWORD = "violet harbour 41 lamps"


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("OPEN_CLINIC_PASSWORD", PASSWORD)


def open_clinic(**options):
    options = {
        "name": "North",
        "time_zone": "Europe/Vienna",
        "admin": "Ana Ruiz",
        "email": "Ana@example.org",
    } | options
    name = options.pop("name")
    call_command("open_clinic", name, **options)


def clinics_of(user) -> list[tuple[str, str]]:
    with known_as(user.pk):
        mine = Membership.objects.active().of_user(user).with_clinics()
        return [(member.clinic.name, member.role) for member in mine]


def test_the_first_admin_signs_in_to_a_new_clinic(capsys):
    open_clinic()
    ana = User.objects.get(email="ana@example.org")
    assert ana.check_password(PASSWORD)
    assert clinics_of(ana) == [("North", "admin")]
    assert capsys.readouterr().out == "North is open. Ana Ruiz signs in as ana@example.org.\n"


def test_who_signs_in_already_keeps_name_and_password():
    ana = make.user(name="Ana", email="ana@example.org", password="her own words 77")
    open_clinic()
    ana.refresh_from_db()
    assert ana.name == "Ana"
    assert ana.check_password("her own words 77")
    assert clinics_of(ana) == [("North", "admin")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"name": "\u200b"}, "name: This field is required", id="no name"),
        pytest.param({"name": "N" * 201}, "name: Ensure", id="name too long"),
        pytest.param({"time_zone": "Vienna"}, "time_zone: Choose a time zone", id="no such zone"),
        pytest.param({"admin": "42"}, "admin: A name needs", id="a name without letters"),
        pytest.param({"email": "ana"}, "email: Enter a valid", id="no address"),
    ],
)
def test_what_is_not_valid_is_said_and_nothing_is_made(options, message):
    with pytest.raises(CommandError, match=message):
        open_clinic(**options)
    assert not User.objects.exists()


@pytest.mark.parametrize("word", ["short", "password1234", "ana@example.org"])
def test_a_weak_password_is_refused_and_nothing_is_made(monkeypatch, word):
    monkeypatch.setenv("OPEN_CLINIC_PASSWORD", word)
    with pytest.raises(CommandError, match="password: "):
        open_clinic()
    assert not User.objects.exists()
    assert not Clinic.objects.exists()


def answers(monkeypatch, *given):
    monkeypatch.delenv("OPEN_CLINIC_PASSWORD")
    waiting = iter(given)
    monkeypatch.setattr("clinics.management.accounts.getpass", lambda prompt: next(waiting))


def test_without_the_variable_the_password_is_asked_for(monkeypatch):
    answers(monkeypatch, PASSWORD, PASSWORD)
    open_clinic()
    assert User.objects.get(email="ana@example.org").check_password(PASSWORD)


def test_two_answers_that_differ_open_nothing(monkeypatch):
    answers(monkeypatch, PASSWORD, "something else 99")
    with pytest.raises(CommandError, match="not the same"):
        open_clinic()
    assert not User.objects.exists()
