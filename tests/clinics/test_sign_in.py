"""Staff sign in by e-mail and password; a forgotten password is reset by real mail."""

import re
import socket
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from clinics.access import CHOSEN_CLINIC
from clinics.models import StaffSession
from tests import make

PASSWORD = "a long sample password"
SIGN_IN = "/accounts/sign-in/"


class Mailbox:
    """An SMTP server's only mailbox."""

    def __init__(self) -> None:
        self.messages = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        return "250 Message accepted for delivery"


@pytest.fixture
def mailbox(settings):
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "127.0.0.1", False
    settings.EMAIL_PORT = port
    yield box
    server.stop()


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet(db):
    cache.clear()


@pytest.fixture
def person(clinic):
    user = make.user(name="Dana", email="dana@example.org", password=PASSWORD)
    make.member(user=user, of=clinic)
    return user


def sign_in(client: Client, email: str, password: str):
    return client.post(SIGN_IN, {"login": email, "password": password})


@pytest.mark.parametrize("typed", ["dana@example.org", "Dana@Example.ORG", " dana@example.org "])
def test_the_address_is_found_as_it_is_typed(client, person, clinic, typed):
    response = sign_in(client, typed, PASSWORD)
    assert response.status_code == 302
    assert client.session[CHOSEN_CLINIC] == clinic.pk
    # Further on they come with a second step: test_second_factor.py.
    assert client.get("/").url.startswith(reverse("clinics:second_step"))


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client, person):
    wrong = sign_in(client, person.email, "another long password")
    unknown = sign_in(client, "nobody@example.org", "another long password")
    assert wrong.status_code == unknown.status_code == 200
    errors = [response.context["form"].non_field_errors() for response in (wrong, unknown)]
    assert errors[0] == errors[1]
    assert errors[0]


def test_guessing_is_slowed_down_for_the_account_that_is_guessed(client, person, clinic):
    colleague = make.user(email="colleague@example.org", password=PASSWORD)
    make.member(user=colleague, of=clinic)
    answers = [sign_in(client, person.email, f"guess number {n}") for n in range(6)]
    assert "Too many" in answers[-1].content.decode()
    right_but_late = sign_in(client, person.email, PASSWORD)
    assert right_but_late.status_code != 302
    assert sign_in(Client(), colleague.email, PASSWORD).status_code == 302


def test_the_session_is_another_one_after_signing_in(client, person):
    client.get(SIGN_IN)
    client.session["planted"] = True
    client.session.save()
    planted = client.session.session_key
    sign_in(client, person.email, PASSWORD)
    assert client.session.session_key != planted


def test_nobody_signs_up(client):
    page = client.get(reverse("account_signup"))
    assert "Accounts are made by a clinic" in page.content.decode()
    client.post(
        reverse("account_signup"),
        {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD},
    )
    assert sign_in(client, "new@example.org", PASSWORD).status_code == 200


def test_a_password_is_reset_by_a_link_in_a_real_mail(client, person, mailbox, settings):
    sign_in(Client(), person.email, PASSWORD)
    client.post(reverse("account_reset_password"), {"email": person.email})
    (mail,) = mailbox.messages
    assert mail["To"] == person.email
    link = re.search(r"\S+/accounts/password/\S+", mail.get_content()).group()
    assert link.startswith(settings.SITE_URL)
    form = client.get(link.removeprefix(settings.SITE_URL), follow=True)
    new = "quite another password"
    client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    assert not StaffSession.objects.of(person).exists()
    assert sign_in(Client(), person.email, PASSWORD).status_code == 200
    assert sign_in(Client(), person.email, new).status_code == 302
    used = Client().get(link.removeprefix(settings.SITE_URL), follow=True)
    assert "password1" not in used.content.decode()


def test_asking_for_an_unknown_address_gives_the_same_answer(client, person, mailbox):
    known = client.post(reverse("account_reset_password"), {"email": person.email})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    told = [mail.get_content() for mail in mailbox.messages if mail["To"] == "nobody@example.org"]
    assert all("/accounts/password/" not in text for text in told)


def test_a_forged_host_gets_no_mail_out(client, person, mailbox):
    response = client.post(
        reverse("account_reset_password"), {"email": person.email}, headers={"host": "evil.example"}
    )
    assert response.status_code == 400
    assert mailbox.messages == []


@pytest.mark.parametrize("password", ["short", "1q2w3e4r5t6y", "dana@example.org"])
def test_a_weak_password_is_refused_beside_the_field(client, person, mailbox, settings, password):
    client.post(reverse("account_reset_password"), {"email": person.email})
    link = re.search(r"\S+/accounts/password/\S+", mailbox.messages[0].get_content()).group()
    form = client.get(link.removeprefix(settings.SITE_URL), follow=True)
    answer = client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert sign_in(Client(), person.email, PASSWORD).status_code == 302


@pytest.mark.parametrize("where", ["//evil.example/", "https:evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_after_signing_in(client, person, where):
    response = client.post(SIGN_IN, {"login": person.email, "password": PASSWORD, "next": where})
    assert "evil" not in response.get("Location", "")


def test_who_works_in_two_clinics_chooses_one(client, person, clinic, other_clinic):
    make.member(user=person, of=other_clinic)
    sign_in(client, person.email, PASSWORD)
    assert CHOSEN_CLINIC not in client.session
    assert client.get("/", follow=True).redirect_chain[-1][0].startswith("/clinics/")


def test_somebody_without_a_password_is_given_the_page_to_set_one(client, db):
    user = make.user(name="Dana", email="dana@example.org")
    client.force_login(user)
    page = client.get(reverse("account_change_password"), follow=True)
    assert page.status_code == 200
    new = "quite another password"
    client.post(page.request["PATH_INFO"], {"password1": new, "password2": new})
    client.logout()
    assert sign_in(client, user.email, new).status_code == 302
