"""Sessions are listed, ended, locked when nobody uses them, and over after twelve hours."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics import sessions
from clinics.models import Clinic, Membership, StaffSession
from clinics.second_factor import GIVEN_BY
from clinics.tenancy import inside
from patients.models import Patient
from tests import make
from tests.conftest import signed_in

PASSWORD = "a long sample password"
SECURITY, LOCKED, LOCK, ACTIVE, END, END_OTHERS = (
    reverse(f"clinics:{name}")
    for name in ("security", "locked", "lock", "active", "end_session", "end_other_sessions")
)
SIGN_IN = reverse("account_login")
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
BY_SCRIPT = {"accept": "application/json", "sec-fetch-mode": "cors"}


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet(db):
    cache.clear()


@pytest.fixture
def dana(clinic) -> Client:
    client = signed_in(clinic, Membership.Role.THERAPIST)
    client.user.set_password(PASSWORD)
    client.user.save()
    client.force_login(client.user)
    session = client.session
    session[GIVEN_BY] = client.user.pk
    session.save()
    return client


def another_browser(of: Client) -> Client:
    client = Client(headers={"user-agent": FIREFOX})
    client.post(SIGN_IN, {"login": of.user.email, "password": PASSWORD})
    return client


def row(client: Client) -> StaffSession:
    return StaffSession.objects.get(pk=client.session.session_key)


def unused_for(client: Client, **time: float) -> None:
    StaffSession.objects.filter(pk=client.session.session_key).update(
        active_at=timezone.now() - timedelta(**time)
    )


def unlock(client: Client, password: str = PASSWORD, **more: str):
    return client.post(LOCKED, {"password": password} | more)


# The list


def test_the_page_lists_every_browser_and_which_one_this_is(dana):
    another_browser(dana)
    here, there = dana.get(SECURITY).context["sessions"]
    assert (here.is_this, there.is_this) == (True, False)
    assert there.browser == "Firefox on Windows"


def test_the_page_shows_no_key_of_a_session(dana):
    other = another_browser(dana)
    page = dana.get(SECURITY).content.decode()
    for client in (dana, other):
        assert client.session.session_key not in page


def test_one_browser_is_signed_out_from_another(dana):
    other = another_browser(dana)
    (there,) = [one for one in dana.get(SECURITY).context["sessions"] if not one.is_this]
    dana.post(END, {"session": there.name})
    assert other.get(SECURITY).url.startswith(SIGN_IN)
    assert dana.get(SECURITY).status_code == 200


def test_all_others_are_signed_out_at_once(dana):
    others = [another_browser(dana) for _ in range(2)]
    dana.post(END_OTHERS)
    assert {other.get(SECURITY).status_code for other in others} == {302}
    assert len(dana.get(SECURITY).context["sessions"]) == 1


@pytest.mark.parametrize("sent", ["", "x", "\x00", "9" * 500])
def test_what_is_no_session_ends_none(dana, sent):
    another_browser(dana)
    assert dana.post(END, {"session": sent}).status_code == 302
    assert len(dana.get(SECURITY).context["sessions"]) == 2


def test_nobody_ends_the_session_of_another(dana, stranger):
    (mine,) = dana.get(SECURITY).context["sessions"]
    stranger.post(END, {"session": mine.name})
    stranger.post(END_OTHERS)
    assert dana.get(SECURITY).status_code == 200


def test_signing_out_ends_the_session_for_good(dana):
    kept = dana.cookies["sessionid"].value
    dana.post(reverse("account_logout"))
    thief = Client()
    thief.cookies["sessionid"] = kept
    assert thief.get(SECURITY).url.startswith(SIGN_IN)


def test_a_person_is_signed_out_everywhere(dana):
    other = another_browser(dana)
    sessions.end_all(dana.user)
    for client in (dana, other):
        assert client.get(SECURITY).url.startswith(SIGN_IN)


# Twelve hours


@pytest.mark.parametrize(("hours", "is_over"), [(11.9, False), (12.1, True)])
def test_a_session_is_over_after_twelve_hours_however_much_it_was_used(dana, hours, is_over):
    session = dana.session
    session[sessions.BEGAN] = session[sessions.BEGAN] | {
        "at": (timezone.now() - timedelta(hours=hours)).timestamp()
    }
    session.save()
    answer = dana.get(SECURITY)
    assert (answer.status_code == 302) is is_over
    assert not is_over or answer.url.startswith(SIGN_IN)


def test_a_session_that_does_not_say_when_it_began_is_over(dana):
    session = dana.session
    del session[sessions.BEGAN]
    session.save()
    assert dana.get(SECURITY).url.startswith(SIGN_IN)


# The lock


@pytest.mark.parametrize(
    ("clinic_minutes", "unused", "is_locked"),
    [(15, 15.9, False), (15, 16.1, True), (5, 6.1, True), (30, 16.1, False)],
)
def test_an_unused_session_is_locked(dana, clinic, clinic_minutes, unused, is_locked):
    with inside(clinic.pk):
        Clinic.objects.filter(pk=clinic.pk).update(idle_minutes=clinic_minutes)
    dana.get("/")  # from here on the session knows the rule
    unused_for(dana, minutes=unused)
    answer = dana.get("/")
    assert (answer.status_code == 302) is is_locked
    assert not is_locked or answer.url == f"{LOCKED}?next=%2F"


def test_without_the_guard_it_would_not_be(dana, monkeypatch):
    unused_for(dana, hours=2)
    monkeypatch.setattr(sessions, "is_locked", lambda session: False)
    assert dana.get("/").status_code == 200


def test_a_locked_session_changes_nothing_and_shows_nothing(dana, clinic):
    patient = make.patient(of=clinic, name="Xylophone")
    dana.post(LOCK)
    note = reverse("patients:note", args=[patient.pk])
    for method in ("get", "post"):
        answer = getattr(dana, method)(note)
        assert answer.url.startswith(LOCKED)
    dana.post(reverse("patients:create"), {"name": "New", "born_on": "1980-01-01"})
    with inside(clinic.pk):
        assert Patient.objects.of(clinic).count() == 1
    assert "Xylophone" not in dana.get(LOCKED).content.decode()
    assert dana.get(SECURITY).url.startswith(LOCKED)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"hx-request": "true"}, id="htmx"),
        pytest.param({"sec-fetch-mode": "cors"}, id="a script"),
    ],
)
def test_what_a_page_asks_meanwhile_is_told_that_it_is_locked(dana, headers):
    dana.post(LOCK)
    answer = dana.get("/", headers=headers)
    assert (answer.status_code, answer.headers["X-Session"]) == (401, "locked")


def test_what_a_page_asks_by_itself_is_no_activity(dana):
    unused_for(dana, minutes=10)
    before = row(dana).active_at
    for headers in ({"hx-request": "true"}, {"sec-fetch-mode": "cors"}):
        assert dana.get("/", headers=headers).status_code == 200
    assert row(dana).active_at == before
    dana.get("/")
    assert row(dana).active_at > before


def test_a_page_tells_of_a_hand_on_it(dana):
    unused_for(dana, minutes=10)
    before = row(dana).active_at
    assert dana.post(ACTIVE, headers=BY_SCRIPT).json() == {"user": dana.user.pk}
    assert row(dana).active_at > before


def test_a_locked_session_cannot_be_kept_awake(dana):
    dana.post(LOCK)
    assert dana.post(ACTIVE, headers=BY_SCRIPT).status_code == 401


def test_a_request_from_before_the_lock_does_not_undo_it(dana):
    """A slow page that writes to its session ends after the lock."""
    slow = dana.session
    slow["anything"] = 1
    dana.post(LOCK)
    slow.save()
    assert row(dana).locked_at is not None
    assert dana.get("/").url.startswith(LOCKED)


def test_the_password_opens_it_under_another_name(dana):
    there = reverse("exercises:library")
    dana.post(LOCK)
    before = dana.session.session_key
    assert unlock(dana, next=there).url == there
    assert dana.session.session_key != before
    assert dana.get(there).status_code == 200
    assert not StaffSession.objects.filter(pk=before).exists()


@pytest.mark.parametrize("where", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_after_the_lock(dana, where):
    dana.post(LOCK)
    assert unlock(dana, next=where).url == "/"


def test_a_wrong_password_does_not_open_it(dana):
    dana.post(LOCK)
    assert unlock(dana, "another long password").status_code == 200
    assert dana.get("/").url.startswith(LOCKED)


def test_a_page_is_told_what_is_wrong_and_what_is_right(dana):
    dana.post(LOCK)
    wrong = dana.post(LOCKED, {"password": "x"}, headers=BY_SCRIPT)
    assert (wrong.status_code, "password" in wrong.json()["problem"].lower()) == (422, True)
    right = dana.post(LOCKED, {"password": PASSWORD}, headers=BY_SCRIPT)
    assert right.json() == {"user": dana.user.pk}


@pytest.mark.parametrize("credential", ["", "{}", "null", "[1]", '{"response": 1}'])
def test_what_is_no_passkey_does_not_open_it(dana, credential):
    dana.post(LOCK)
    assert dana.get(LOCKED, headers=BY_SCRIPT).json() == {"request": None}
    answer = dana.post(LOCKED, {"credential": credential}, headers=BY_SCRIPT)
    assert answer.status_code == 422
    assert dana.get("/").url.startswith(LOCKED)


def test_guesses_at_the_lock_are_limited(dana):
    dana.post(LOCK)
    answers = [unlock(dana, f"guess number {n}") for n in range(6)]
    assert answers[-1].status_code == 429
    assert unlock(dana).status_code == 429


def test_whoever_else_has_signed_in_here_does_not_open_the_page_of_the_first(dana):
    another = make.user()
    answer = dana.post(LOCKED, {"password": PASSWORD, "user": str(another.pk)}, headers=BY_SCRIPT)
    assert answer.status_code == 409


def test_one_may_sign_out_of_a_locked_session(dana):
    dana.post(LOCK)
    assert dana.post(reverse("account_logout")).status_code == 302
    assert dana.get("/").url.startswith(SIGN_IN)


def test_a_lock_of_one_browser_leaves_the_other_open(dana):
    other = another_browser(dana)
    dana.post(LOCK)
    assert other.get(SECURITY).status_code == 200


def test_the_second_step_is_still_given_after_the_lock(dana):
    dana.post(LOCK)
    unlock(dana)
    assert dana.session[GIVEN_BY] == dana.user.pk


# Forms after the end of a session


@pytest.mark.parametrize(
    ("referer", "following"),
    [
        pytest.param("http://testserver/patients/new/?a=1", "/patients/new/?a=1", id="ours"),
        pytest.param("https://evil.example/patients/new/", "/", id="another site's"),
        pytest.param("", "/", id="none"),
    ],
)
def test_a_form_sent_too_late_leads_back_to_its_page(client, db, referer, following):
    answer = client.post(reverse("patients:note", args=[1]), headers={"referer": referer})
    assert answer.url.startswith(SIGN_IN)
    assert client.get(answer.url).context["redirect_field_value"] == following


def test_htmx_is_told_that_the_sign_in_is_over(client, db):
    answer = client.get("/", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["X-Session"]) == (401, "ended")


def test_what_ended_is_tidied_away_at_the_next_sign_in(dana):
    unused = another_browser(dana)
    StaffSession.objects.filter(pk=unused.session.session_key).update(expire_date=timezone.now())
    another_browser(dana)
    assert StaffSession.objects.of(dana.user).count() == 2
