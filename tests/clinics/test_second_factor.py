"""Who sees patients signs in with something they know and something they have."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from types import SimpleNamespace

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics import actions, second_factor
from clinics.models import AuditEvent, Clinic, Membership
from clinics.sealing import unseal
from clinics.sign_ins import FAILED
from clinics.tenancy import inside
from tests import make
from tests.conftest import signed_in

PASSWORD = "a long sample password"
SIGN_IN, STEP, CONFIRM = (
    reverse(name) for name in ("account_login", "mfa_authenticate", "account_reauthenticate")
)
SET_UP, APP = reverse("clinics:second_step"), reverse("mfa_activate_totp")
SECURITY, RULES = reverse("clinics:security"), reverse("clinics:change_sign_in_rules")
STEP_SECONDS = 30
NOW = 1_764_000_015  # seconds since 1970; in the middle of a step


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet(db):
    cache.clear()


@pytest.fixture(autouse=True)
def _the_clock_of_codes_stands_still(monkeypatch):
    monkeypatch.setattr(totp, "time", SimpleNamespace(time=lambda: NOW))


@pytest.fixture
def person(clinic):
    user = make.user(name="Dana", email="dana@example.org", password=PASSWORD)
    make.member(user=user, of=clinic)
    return user


@pytest.fixture
def secret(person) -> str:
    """Dana has an app."""
    return make.factor(of=person)


def code_of(secret: str, *, steps: int = 0) -> str:
    """What the app shows, so many steps of time from now."""
    return format_hotp_value(hotp_value(secret, NOW // STEP_SECONDS + steps))


def give_password(client: Client, **more: str):
    return client.post(SIGN_IN, {"login": "dana@example.org", "password": PASSWORD, **more})


def sign_in(client: Client, secret: str, *, steps: int = 0, **more: str):
    give_password(client, **more)
    return client.post(STEP, {"code": code_of(secret, steps=steps)})


# Signing in


def test_a_password_alone_opens_nothing_when_there_is_a_second_step(client, person, secret):
    assert give_password(client).url == STEP
    assert client.get("/").url.startswith(SIGN_IN)
    assert client.get(SECURITY).url.startswith(SIGN_IN)


def test_password_and_code_lead_to_where_one_was_going(client, person, secret):
    there = reverse("exercises:library")
    assert sign_in(client, secret, next=there).url == there
    assert client.get(there).status_code == 200


def test_a_wrong_code_signs_nobody_in(client, person, secret):
    give_password(client)
    answer = client.post(STEP, {"code": "000000" if code_of(secret) != "000000" else "000001"})
    assert answer.status_code == 200
    assert answer.context["form"].errors["code"]
    assert client.get("/").url.startswith(SIGN_IN)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_phone_may_be_half_a_minute_off(client, person, secret, steps):
    assert sign_in(client, secret, steps=steps).status_code == 302


@pytest.mark.parametrize("steps", [-3, 3])
def test_a_phone_may_not_be_a_minute_off(client, person, secret, steps):
    assert sign_in(client, secret, steps=steps).status_code == 200


@pytest.mark.parametrize("steps", [0, 1])
def test_a_code_counts_once_in_all_the_time_it_would_be_right(client, person, secret, steps):
    assert sign_in(client, secret, steps=steps).status_code == 302
    cache.clear()  # django-allauth remembers it for half a minute, and no longer
    assert sign_in(Client(), secret, steps=steps).status_code == 200
    assert sign_in(Client(), secret, steps=steps - 1).status_code == 200  # nor an older one


def test_without_our_guard_the_code_would_count_again(client, person, secret, monkeypatch):
    monkeypatch.setattr(second_factor, "spend", lambda authenticator, code: True)
    assert sign_in(client, secret).status_code == 302
    cache.clear()
    assert sign_in(Client(), secret).status_code == 302


def test_a_recovery_code_counts_once(client, person, secret):
    code = RecoveryCodes.activate(person).get_unused_codes()[0]
    give_password(client)
    assert client.post(STEP, {"code": code}).status_code == 302
    assert client.get("/").status_code == 200
    again = Client()
    give_password(again)
    assert again.post(STEP, {"code": code}).status_code == 200


def test_guessing_codes_is_slowed_down(client, person, secret):
    give_password(client)
    answers = [client.post(STEP, {"code": f"{n:06}"}) for n in range(6)]
    assert "Too many" in answers[-1].content.decode()
    assert client.post(STEP, {"code": code_of(secret)}).status_code == 200


def test_the_session_has_another_name_after_the_second_step(client, person, secret):
    give_password(client)
    half_way = client.session.session_key
    client.post(STEP, {"code": code_of(secret)})
    assert client.session.session_key != half_way


def failures(clinic) -> list[str]:
    with inside(clinic.pk):
        told = AuditEvent.objects.of(clinic).filter(verb=FAILED).order_by("pk")
        return [line.detail["how"] for line in told]


def test_a_wrong_second_step_stands_in_the_trail(client, clinic, person, secret):
    give_password(client)
    client.post(STEP, {"code": "000000" if code_of(secret) != "000000" else "000001"})
    client.post(STEP, {"credential": '{"response": null}'})
    assert failures(clinic) == ["one-time code", "passkey"]


def test_a_code_that_was_used_already_stands_there_too(client, clinic, person, secret):
    sign_in(client, secret)
    sign_in(Client(), secret)
    assert failures(clinic) == ["one-time code"]


def test_a_right_second_step_is_no_failure(client, clinic, person, secret):
    sign_in(client, secret)
    assert failures(clinic) == []


NO_PASSKEYS = [
    "",
    "null",
    "[]",
    "{}",
    "1",
    '"x"',
    "{",
    '{"id": 5}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": 5}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": "HANDLE",'
    ' "clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}}',
    '{"response": {"userHandle": null}}',
    '{"response": null}',
    '"\\ud800"',
]


def test_what_is_no_passkey_signs_nobody_in(client, person, settings, subtests):
    settings.MFA_RATE_LIMITS = {"webauthn_login": "99/m/ip"}
    client.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"})
    handle = urlsafe_b64encode(user_pk_to_url_str(person).encode()).decode().rstrip("=")
    for credential in [one.replace("HANDLE", handle) for one in NO_PASSKEYS]:
        with subtests.test(credential):
            answer = client.post(reverse("mfa_login_webauthn"), {"credential": credential})
            assert answer.url == SIGN_IN
            assert SESSION_KEY not in client.session


def test_too_many_tries_with_passkeys_get_our_page(client, db):
    answers = [client.post(reverse("mfa_login_webauthn")) for _ in range(11)]
    assert answers[-1].status_code == 429
    assert "Too many tries" in answers[-1].content.decode()


# Who must have one


@pytest.mark.parametrize("role", ["admin", "therapist", "assistant"])
def test_no_role_sees_a_page_of_the_clinic_without_a_second_step(client, clinic, role):
    user = make.user()
    make.member(user=user, of=clinic, role=role)
    client.force_login(user)
    for name in ("home", "patients:create", "exercises:library", "prescriptions:alerts"):
        answer = client.get(reverse(name))
        assert answer.url == f"{SET_UP}?next={reverse(name).replace('/', '%2F')}"


def test_htmx_is_led_there_as_a_whole_page(client, clinic, person):
    client.force_login(person)
    answer = client.get("/", headers={"hx-request": "true"})
    assert answer.headers["HX-Redirect"].startswith(SET_UP)


def test_the_second_step_of_another_person_does_not_count(client, clinic, person):
    client.force_login(person)
    session = client.session
    session[second_factor.GIVEN_BY] = make.user().pk
    session.save()
    assert client.get("/").url.startswith(SET_UP)


def joined(clinic: Clinic, client: Client, role: Membership.Role, days_ago: float) -> None:
    user = make.user()
    member = make.member(user=user, of=clinic, role=role)
    with inside(clinic.pk):
        Membership.objects.filter(pk=member.pk).update(
            started_at=timezone.now() - timedelta(days=days_ago)
        )
    client.force_login(user)


@pytest.mark.parametrize(
    ("role", "days_ago", "may"),
    [
        pytest.param("therapist", 0, True, id="a therapist on the first day"),
        pytest.param("assistant", 6.9, True, id="an assistant on the last day"),
        pytest.param("therapist", 7.1, False, id="a therapist after it"),
        pytest.param("admin", 0, False, id="an admin on the first day"),
    ],
)
def test_a_clinic_may_give_new_colleagues_some_days(client, clinic, role, days_ago, may):
    with inside(clinic.pk):
        Clinic.objects.filter(pk=clinic.pk).update(second_factor_grace_days=7)
    joined(clinic, client, Membership.Role(role), days_ago)
    answer = client.get("/")
    assert (answer.status_code == 200) is may
    if may:
        assert "add a second step to your sign-in" in answer.content.decode()


@pytest.mark.parametrize(
    "wrong", [{"second_factor_grace_days": 15}, {"idle_minutes": 4}, {"idle_minutes": 31}]
)
def test_the_database_keeps_the_rules_in_their_bounds(clinic, wrong):
    with inside(clinic.pk), pytest.raises(IntegrityError), transaction.atomic():
        Clinic.objects.filter(pk=clinic.pk).update(**wrong)


# Setting up


@pytest.fixture
def just_signed_in(client, person) -> Client:
    give_password(client)
    return client


@pytest.fixture
def commits_at_once(monkeypatch):
    """What django-allauth does after the commit, in the request as it is without a test around."""
    monkeypatch.setattr(transaction, "on_commit", lambda act, *args, **kwargs: act())


def set_up_app(client: Client) -> tuple[str, HttpResponse]:
    secret = client.get(APP).context["form"].secret
    return secret, client.post(APP, {"code": code_of(secret)})


def test_somebody_new_sets_up_an_app_and_comes_to_where_they_were_going(
    just_signed_in, person, commits_at_once, mailoutbox
):
    there = reverse("exercises:library")
    page = just_signed_in.get(just_signed_in.get(there).url)
    assert "Use an authenticator app" in page.content.decode()
    before = just_signed_in.session.session_key
    secret, answer = set_up_app(just_signed_in)
    codes = just_signed_in.get(answer.url).context["unused_codes"]
    assert len(codes) == 10
    assert just_signed_in.session.session_key != before
    assert just_signed_in.get(SET_UP).url == there
    assert just_signed_in.get(there).status_code == 200
    (mail,) = mailoutbox
    assert mail.to == [person.email]
    assert "authenticator app was set up" in mail.body
    # What set it up does not sign in a second time.
    cache.clear()
    assert sign_in(Client(), secret).status_code == 200


def test_a_wrong_code_sets_up_nothing(just_signed_in, person):
    just_signed_in.get(APP)
    answer = just_signed_in.post(APP, {"code": "12"})
    assert answer.context["form"].errors
    assert not second_factor.factors_of(person)


def test_recovery_codes_are_shown_once(just_signed_in, commits_at_once):
    _, answer = set_up_app(just_signed_in)
    codes = just_signed_in.get(answer.url).context["unused_codes"]
    again = just_signed_in.get(answer.url).content.decode()
    assert not any(code in again for code in codes)


def test_the_database_does_not_know_the_secret(person, secret):
    stored = Authenticator.objects.get(user=person, type="totp").data["secret"]
    assert secret not in stored
    assert unseal(stored) == secret


def test_keys_are_changed_without_anybody_noticing(client, person, secret, settings):
    settings.SECOND_FACTOR_KEYS = ["the new key", settings.SECRET_KEY]
    assert sign_in(client, secret).status_code == 302
    call_command("reseal")
    settings.SECOND_FACTOR_KEYS = ["the new key"]
    assert sign_in(Client(), secret, steps=1).status_code == 302


# Changing, and being asked again


@pytest.fixture
def dana(client, person, secret) -> Client:
    sign_in(client, secret)
    return client


def some_time_later(client: Client, *, minutes: int = 6) -> None:
    """As if the last confirmation were so long ago."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= minutes * 60
    session.save()


def test_who_has_just_signed_in_is_not_asked_again(dana):
    assert dana.get(reverse("mfa_deactivate_totp")).status_code == 200


@pytest.mark.parametrize(
    "name",
    ["mfa_deactivate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"],
)
def test_later_one_says_again_who_one_is_before_changing_ones_sign_in(dana, name):
    some_time_later(dana)
    assert dana.get(reverse(name)).url.startswith(CONFIRM)
    before = dana.session.session_key
    answer = dana.post(CONFIRM, {"password": PASSWORD, "next": reverse(name)})
    assert answer.url == reverse(name)
    assert dana.session.session_key != before
    assert dana.get(reverse(name)).status_code == 200


def test_a_wrong_password_confirms_nothing(dana):
    some_time_later(dana)
    dana.post(CONFIRM, {"password": "another long password", "next": SECURITY})
    assert dana.get(reverse("mfa_add_webauthn")).url.startswith(CONFIRM)


def test_confirming_is_limited_with_our_page(dana):
    some_time_later(dana)
    answers = [dana.post(CONFIRM, {"password": f"guess number {n}"}) for n in range(6)]
    assert answers[-1].status_code == 429
    assert "Too many tries" in answers[-1].content.decode()


def test_an_act_behind_confirmed_is_done_after_the_answer(clinic, client):
    admin = make.user(email="admin@example.org", password=PASSWORD)
    make.member(user=admin, of=clinic, role=Membership.Role.ADMIN)
    secret = make.factor(of=admin)
    client.post(SIGN_IN, {"login": admin.email, "password": PASSWORD})
    client.post(STEP, {"code": code_of(secret)})
    some_time_later(client)
    sent = {"second_factor_grace_days": "3", "idle_minutes": "10"}
    asked = client.post(RULES, sent)
    assert asked.url.startswith(CONFIRM)
    with inside(clinic.pk):
        assert Clinic.objects.get(pk=clinic.pk).idle_minutes == 15
    done = client.post(CONFIRM, {"password": PASSWORD, "next": RULES})
    assert done.url == reverse("clinics:sign_in_rules")
    with inside(clinic.pk):
        now = Clinic.objects.get(pk=clinic.pk)
        assert (now.second_factor_grace_days, now.idle_minutes) == (3, 10)
        assert AuditEvent.objects.of(clinic).filter(verb="changed settings").count() == 1


def test_nobody_is_led_elsewhere_after_confirming(dana):
    some_time_later(dana)
    answer = dana.post(CONFIRM, {"password": PASSWORD, "next": "https://evil.example/"})
    assert "evil" not in answer.get("Location", "")


def test_the_door_asks_when_nothing_was_confirmed(admin):
    session = admin.session
    del session[AUTHENTICATION_METHODS_SESSION_KEY]
    session.save()
    assert admin.post(RULES, {}).url.startswith(SIGN_IN)  # nobody knows a password of theirs


@pytest.mark.parametrize("field", ["second_factor_grace_days", "idle_minutes"])
@pytest.mark.parametrize("typed", ["", "-1", "99", "many", "1.5"])
def test_a_rule_out_of_bounds_is_refused_beside_itself(admin, field, typed):
    right = {"second_factor_grace_days": "0", "idle_minutes": "15"}
    form = admin.post(RULES, right | {field: typed}).context["form"]
    assert "whole number" in " ".join(form.errors[field])


def test_only_admins_change_the_rules(therapist, assistant):
    for client in (therapist, assistant):
        assert client.post(RULES, {}).status_code == 403
        assert client.get(reverse("clinics:sign_in_rules")).status_code == 403


@pytest.fixture
def elsewhere(person, secret) -> Client:
    """Dana's other browser."""
    other = Client()
    sign_in(other, secret, steps=-1)
    assert other.get("/").status_code == 200
    return other


def test_removing_the_app_ends_other_sessions_tells_by_mail_and_closes_the_clinic(
    elsewhere, dana, person, mailoutbox
):
    dana.post(reverse("mfa_deactivate_totp"))
    assert elsewhere.get("/").url.startswith(SIGN_IN)
    assert dana.get("/").url.startswith(SET_UP)
    assert "was removed" in mailoutbox[-1].body
    assert not Authenticator.objects.filter(user=person).exists()


def test_new_recovery_codes_end_other_sessions_and_tell_by_mail(
    elsewhere, dana, person, mailoutbox, commits_at_once
):
    old = RecoveryCodes.activate(person).get_unused_codes()
    dana.post(reverse("mfa_generate_recovery_codes"))
    assert elsewhere.get("/").url.startswith(SIGN_IN)
    assert dana.get("/").status_code == 200
    assert "New recovery codes" in mailoutbox[-1].body
    assert not set(old) & set(RecoveryCodes.activate(person).get_unused_codes())


def test_a_new_password_ends_other_sessions_and_tells_by_mail(elsewhere, dana, mailoutbox):
    new = "quite another password"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    dana.post(reverse("account_change_password"), fields)
    assert elsewhere.get("/").url.startswith(SIGN_IN)
    assert dana.get("/").status_code == 200
    assert "password of your account was changed" in mailoutbox[-1].body


def test_nobody_touches_the_passkey_of_another(dana):
    theirs = Authenticator.objects.create(
        user=make.user(), type=Authenticator.Type.WEBAUTHN, data={"name": "Theirs"}
    )
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        assert dana.get(reverse(name, args=[theirs.pk])).status_code == 404
        assert dana.post(reverse(name, args=[theirs.pk]), {"name": "x"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.data == {"name": "Theirs"}


def test_an_admin_takes_away_the_factors_of_a_colleague_who_has_lost_them(
    dana, person, clinic, admin
):
    with inside(clinic.pk):
        membership = Membership.objects.of(clinic).of_user(person).get()
        actions.take_away_second_factor(membership=membership, by=admin.user)
        (line,) = AuditEvent.objects.of(clinic).filter(target_id=membership.pk).order_by("-pk")[:1]
    assert (line.actor_name, line.verb) == ("Admin", "took away the second factor of a colleague")
    assert not Authenticator.objects.filter(user=person).exists()
    assert dana.get("/").url.startswith(SIGN_IN)
    again = Client()
    assert give_password(again).url == "/"
    assert again.get("/").url.startswith(SET_UP)


def test_an_admin_takes_nothing_away_that_guards_another_clinic_too(
    dana, person, clinic, other_clinic, admin
):
    make.member(user=person, of=other_clinic)
    with inside(clinic.pk):
        membership = Membership.objects.of(clinic).of_user(person).get()
        with pytest.raises(actions.WorksElsewhere):
            actions.take_away_second_factor(membership=membership, by=admin.user)
    assert Authenticator.objects.filter(user=person).exists()
    assert dana.get("/").status_code == 200


# Passwords


@pytest.mark.parametrize(
    ("password", "fits"),
    [
        pytest.param("Password2026!", False, id="a common word with a year"),
        pytest.param("!!!football12345", False, id="signs before it"),
        pytest.param("abcabcabcabc", False, id="again and again"),
        pytest.param("aaaaaaaaaaaaaaa", False, id="one letter"),
        pytest.param("123456789012", False, id="digits in a row"),
        pytest.param("elevenchars", False, id="too short"),
        pytest.param("four words of mine", True, id="some words"),
        pytest.param("w" + "o" * 60 + "rdsé 漢字 " * 12, True, id="very long, of all scripts"),
    ],
)
def test_what_a_password_may_be(password, fits):
    if fits:
        validate_password(password)
    else:
        with pytest.raises(ValidationError):
            validate_password(password)


def test_of_a_long_password_every_letter_counts(dana, person):
    password = "four words of mine " * 10
    fields = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    dana.post(reverse("account_change_password"), fields)
    person.refresh_from_db()
    assert person.check_password(password)
    assert not person.check_password(password[:-1])


def test_the_fixture_that_signs_in_is_refused_without_its_second_step(clinic):
    """Hundreds of tests stand on it: it opens the door by what the door asks for, and only that."""
    client = signed_in(clinic, Membership.Role.THERAPIST)
    assert client.get("/").status_code == 200
    session = client.session
    del session[second_factor.GIVEN_BY]
    session.save()
    assert client.get("/").status_code == 302
