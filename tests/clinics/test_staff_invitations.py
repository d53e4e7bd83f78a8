"""An admin invites by mail, and the link joins the clinic once."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics import actions, invitations, mails, tokens
from clinics.actors import SYSTEM
from clinics.models import AuditEvent, Membership, StaffInvitation, User
from clinics.tenancy import inside
from tests import make

INVITE, PEOPLE = reverse("clinics:invite"), reverse("clinics:people")
Role = Membership.Role
VALID = {"name": "Noor Haddad", "email": "noor@example.org", "role": "therapist"}
PASSWORD = "violet harbour 41 lamps"
JOINING = {"name": "Noor Haddad", "password1": PASSWORD, "password2": PASSWORD}


def link_in(message) -> str:
    (link,) = re.findall(r"http\S+/clinics/join/\S+/", message.body)
    return link.partition("://")[2].partition("/")[2].join(["/", ""])


def join(token: str) -> str:
    return reverse("clinics:join", args=[token])


def stored(clinic) -> list[StaffInvitation]:
    with inside(clinic.pk):
        return list(StaffInvitation.objects.of(clinic).order_by("pk"))


def members(clinic, email="noor@example.org") -> list[tuple[str, str]]:
    with inside(clinic.pk):
        found = Membership.objects.of(clinic).with_people().filter(user__email=email)
        return [(member.role, member.state) for member in found]


def verbs(clinic) -> list[tuple[str, str]]:
    with inside(clinic.pk):
        rows = AuditEvent.objects.of(clinic).order_by("pk")
        return list(rows.values_list("actor_name", "verb"))


@pytest.fixture
def sent(clinic) -> invitations.Sent:
    return make.staff_invitation(of=clinic, email="noor@example.org")


# Inviting


def test_admins_invite_into_their_own_clinic_and_others_do_not(
    admin, therapist, assistant, stranger, clinic, other_clinic
):
    for client in (therapist, assistant):
        assert client.get(INVITE).status_code == 403
        assert client.post(INVITE, VALID).status_code == 403
    assert stranger.post(INVITE, VALID | {"clinic": clinic.pk}).status_code == 302
    assert stored(clinic) == []
    assert len(stored(other_clinic)) == 1
    assert admin.post(INVITE, VALID)["Location"] == PEOPLE
    assert len(stored(clinic)) == 1


def test_the_mail_says_which_clinic_and_nothing_of_health(admin, clinic):
    admin.post(INVITE, VALID)
    (message,) = mail.outbox
    assert message.to == ["noor@example.org"]
    assert message.subject == "Clinic invites you to Bearing"
    words = (message.subject + message.body).lower()
    for word in ("patient", "pain", "exercise", "stretch", "therapy", "health", "programme"):
        assert word not in words
    assert admin.user.name not in message.body


def test_the_link_leads_to_our_own_address_whatever_host_is_claimed(admin, settings):
    settings.SITE_URL = "https://bearing.example"
    settings.ALLOWED_HOSTS = ["*"]
    admin.post(INVITE, VALID, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    (message,) = mail.outbox
    assert "https://bearing.example/clinics/join/" in message.body
    assert "evil" not in message.body


def test_the_token_is_mailed_and_nowhere_else(admin, clinic):
    page = admin.post(INVITE, VALID, follow=True).content.decode()
    token = link_in(mail.outbox[0]).split("/")[-2]
    assert token not in page
    with inside(clinic.pk), connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT string_agg(i::text, '') FROM clinics_staffinvitation AS i)"
            " || (SELECT string_agg(a::text, '') FROM clinics_auditevent AS a)"
        )
        (kept,) = cursor.fetchone()
    assert token not in kept
    assert token.partition("-")[2] not in kept
    assert tokens.hash_of(token) in kept


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        pytest.param("name", "", "required", id="no name"),
        pytest.param("name", "42", "at least one letter", id="a number for a name"),
        pytest.param("email", "noor", "valid email", id="no address"),
        pytest.param("email", "a@b.example\nBcc: x@y.example", "valid email", id="two lines"),
        pytest.param("role", "", "required", id="no role"),
        pytest.param("role", "operator", "valid choice", id="a role no clinic gives"),
        pytest.param("role", "owner", "valid choice", id="no such role"),
    ],
)
def test_what_cannot_be_sent_is_refused_beside_itself(admin, clinic, field, typed, message):
    form = admin.post(INVITE, VALID | {field: typed}).context["form"]
    assert message in " ".join(form.errors[field])
    assert (stored(clinic), mail.outbox) == ([], [])


def test_a_line_break_in_a_name_makes_no_header(admin):
    admin.post(INVITE, VALID | {"name": "Noor\r\nBcc: x@y.example"})
    (message,) = mail.outbox
    assert message.recipients() == ["noor@example.org"]
    assert "\n" not in message.subject


def test_an_address_is_invited_once_however_it_is_written(admin, clinic):
    admin.post(INVITE, VALID)
    page = admin.post(INVITE, VALID | {"email": "Noor@Example.org"}).content.decode()
    assert "invited already" in page
    assert len(stored(clinic)) == 1


@pytest.mark.parametrize("is_locked", [False, True])
def test_who_works_here_is_not_invited_also_when_locked_out(admin, clinic, is_locked):
    member = make.member(user=make.user(email="noor@example.org"), of=clinic)
    if is_locked:
        with inside(clinic.pk):
            actions.lock_membership(membership=member, by=SYSTEM)
    assert "works here already" in admin.post(INVITE, VALID).content.decode()
    assert (stored(clinic), mail.outbox) == ([], [])


def test_a_mail_that_is_not_taken_leaves_an_invitation_to_send_again(admin, clinic, monkeypatch):
    def refuse(*args, **kwargs):
        raise mails.NotSent

    monkeypatch.setattr("clinics.mails.send", refuse)
    assert "could not be sent" in admin.post(INVITE, VALID, follow=True).content.decode()
    monkeypatch.undo()
    (waiting,) = stored(clinic)
    admin.post(reverse("clinics:send_again", args=[waiting.pk]))
    assert len(mail.outbox) == 1


# Joining


def test_looking_uses_nothing_up_and_pressing_joins_once(clinic, sent, client):
    for _ in range(3):
        page = client.get(join(sent.token))
        assert page.status_code == 200
    assert members(clinic) == []
    assert client.head(join(sent.token)).status_code == 405
    response = client.post(join(sent.token), JOINING)
    assert response["Location"] == "/"
    assert members(clinic) == [("therapist", "working")]
    # Signed in, in this clinic, and asked for a second step.
    assert client.get("/").url.startswith(reverse("clinics:second_step"))
    assert Client().post(join(sent.token), JOINING).status_code == 404
    assert members(clinic) == [("therapist", "working")]


def test_somebody_new_chooses_name_and_password(clinic, sent, client):
    client.post(join(sent.token), JOINING | {"name": "Noor H."})
    noor = User.objects.get(email="noor@example.org")
    assert noor.name == "Noor H."
    assert noor.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        pytest.param({"password1": "short", "password2": "short"}, "password1", "too short"),
        pytest.param({"password2": "another one 41"}, "password2", "match"),
        pytest.param(
            {"password1": "password1234", "password2": "password1234"}, "password1", "too common"
        ),
        pytest.param(
            {"password1": "noor@example.org", "password2": "noor@example.org"},
            "password1",
            "too similar",
        ),
        pytest.param({"name": ""}, "name", "required"),
        pytest.param({"name": "7"}, "name", "at least one letter"),
    ],
)
def test_a_password_is_judged_as_anywhere_and_the_link_stays_good(
    clinic, sent, client, change, field, message
):
    form = client.post(join(sent.token), JOINING | change).context["form"]
    assert message in " ".join(form.errors[field])
    assert members(clinic) == []
    assert not User.objects.filter(email="noor@example.org").exists()
    assert client.post(join(sent.token), JOINING).status_code == 302


def test_further_fields_change_nothing(clinic, other_clinic, sent, client):
    extra = {"role": "admin", "clinic": other_clinic.pk, "email": "eve@example.org", "is_active": 0}
    client.post(join(sent.token), JOINING | extra)
    assert members(clinic) == [("therapist", "working")]
    assert members(other_clinic) == []
    assert not User.objects.filter(email="eve@example.org").exists()


def test_who_has_an_account_signs_in_and_then_joins(clinic, other_clinic, sent, client):
    noor = make.user(name="Noor", email="noor@example.org", password=PASSWORD)
    make.member(user=noor, of=other_clinic)
    page = client.get(join(sent.token)).content.decode()
    assert f"?next={join(sent.token)}" in page
    # Nobody joins by knowing the link alone, nor sets another password.
    assert client.post(join(sent.token), JOINING | {"name": "Eve"}).status_code == 200
    assert members(clinic) == []
    login = reverse("account_login") + f"?next={join(sent.token)}"
    response = client.post(login, {"login": noor.email, "password": PASSWORD})
    assert response["Location"] == join(sent.token)
    assert client.get(join(sent.token)).status_code == 200
    assert members(clinic) == []
    assert client.post(join(sent.token))["Location"] == "/"
    assert members(clinic) == [("therapist", "working")]
    noor.refresh_from_db()
    assert (noor.name, noor.check_password(PASSWORD)) == ("Noor", True)


def test_the_link_is_of_no_use_to_another_account(clinic, sent, stranger):
    assert stranger.get(join(sent.token)).status_code == 403
    assert stranger.post(join(sent.token)).status_code == 403
    assert members(clinic) == []
    with inside(clinic.pk), pytest.raises(invitations.NotYours):
        invitations.accept(token=sent.token, user=stranger.user, at=timezone.now())


def test_who_worked_here_before_comes_back_in_the_role_of_the_invitation(clinic, client):
    noor = make.user(name="Noor", email="noor@example.org")
    before = make.member(user=noor, of=clinic, role=Role.ADMIN)
    with inside(clinic.pk):
        actions.end_membership(membership=before, by=SYSTEM)
    sent = make.staff_invitation(of=clinic, email=noor.email, role=Role.ASSISTANT)
    client.force_login(noor)
    client.post(join(sent.token))
    assert members(clinic) == [("assistant", "working")]


def test_who_was_locked_out_in_the_meantime_is_not_let_in_by_a_link(clinic, sent, client):
    noor = make.user(email="noor@example.org")
    member = make.member(user=noor, of=clinic)
    with inside(clinic.pk):
        actions.lock_membership(membership=member, by=SYSTEM)
    client.force_login(noor)
    assert client.post(join(sent.token)).status_code == 404
    assert members(clinic) == [("therapist", "locked")]


def expired(sent) -> None:
    past = timezone.now() - timedelta(hours=72, seconds=1)
    StaffInvitation.objects.filter(pk=sent.invitation.pk).update(
        sent_at=past, expires_at=past + timedelta(hours=72)
    )


def withdrawn(sent) -> None:
    invitations.withdraw(invitation=sent.invitation, by=SYSTEM, at=timezone.now())


def sent_again(sent) -> None:
    by = Membership.objects.select_related("user", "clinic").get(user=sent.invitation.invited_by)
    invitations.renew(invitation=sent.invitation, by=by, at=timezone.now())


def demote_the_sender(sent) -> None:
    sender = Membership.objects.select_related("user").get(user=sent.invitation.invited_by)
    actions.add_member(clinic=sent.invitation.clinic, user=make.user(), role=Role.ADMIN, by=SYSTEM)
    actions.change_role(membership=sender, role=Role.THERAPIST, by=SYSTEM)


def lock_the_senders_account(sent) -> None:
    User.objects.filter(pk=sent.invitation.invited_by_id).update(is_active=False)


@pytest.mark.parametrize(
    "happens", [expired, withdrawn, sent_again, demote_the_sender, lock_the_senders_account]
)
def test_a_link_that_is_good_no_more_opens_nothing(clinic, sent, client, happens):
    with inside(clinic.pk):
        happens(sent)
    assert client.get(join(sent.token)).status_code == 404
    assert client.post(join(sent.token), JOINING).status_code == 404
    assert members(clinic) == []


def test_a_link_lasts_three_days(sent):
    assert sent.invitation.expires_at - sent.invitation.sent_at == timedelta(hours=72)


@pytest.mark.parametrize(
    "token", ["1-nothing", "nothing", "1-", "-x", "0-x", "zz-x", "f" * 40 + "-x", "%00", "1-\ud800"]
)
def test_what_is_no_token_is_refused(client, db, token):
    path = "/clinics/join/" + token.encode("utf-8", "surrogatepass").hex() + "/"
    assert client.get(path).status_code == 404
    if token.isascii():
        assert client.get(f"/clinics/join/{token}/").status_code == 404


def test_a_token_of_one_clinic_opens_no_other(clinic, other_clinic, sent, client):
    forged = f"{other_clinic.pk:x}-{sent.token.partition('-')[2]}"
    assert client.get(join(forged)).status_code == 404
    assert client.post(join(forged), JOINING).status_code == 404
    assert (members(clinic), members(other_clinic)) == ([], [])


def test_the_page_is_kept_nowhere(sent, client):
    assert "no-store" in client.get(join(sent.token))["Cache-Control"]


# What waits


def test_what_waits_is_sent_again_with_a_new_link_or_withdrawn(admin, clinic):
    admin.post(INVITE, VALID)
    (waiting,) = stored(clinic)
    admin.post(reverse("clinics:send_again", args=[waiting.pk]))
    first, second = (link_in(message) for message in mail.outbox)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    admin.post(reverse("clinics:withdraw", args=[waiting.pk]))
    assert Client().get(second).status_code == 404
    assert "Noor Haddad" not in admin.get(PEOPLE).context["invitations"]
    assert [verb for _, verb in verbs(clinic)][-3:] == [
        "invited a colleague",
        "sent an invitation again",
        "withdrew an invitation",
    ]


def test_one_that_expired_is_shown_so_and_can_be_sent_again(admin, clinic, sent):
    with inside(clinic.pk):
        expired(sent)
    assert "Expired" in admin.get(PEOPLE).content.decode()
    admin.post(reverse("clinics:send_again", args=[sent.invitation.pk]))
    assert Client().get(link_in(mail.outbox[0])).status_code == 200


@pytest.mark.parametrize("name", ["send_again", "withdraw"])
def test_others_do_nothing_about_what_waits(therapist, assistant, stranger, clinic, sent, name):
    path = reverse(f"clinics:{name}", args=[sent.invitation.pk])
    assert therapist.post(path).status_code == 403
    assert assistant.post(path).status_code == 403
    assert stranger.post(path).status_code == 404
    assert Client().get(join(sent.token)).status_code == 200
    assert mail.outbox == []


@pytest.mark.parametrize("name", ["send_again", "withdraw"])
def test_nothing_is_done_about_one_that_was_accepted(admin, clinic, sent, client, name):
    client.post(join(sent.token), JOINING)
    before = verbs(clinic)
    admin.post(reverse(f"clinics:{name}", args=[sent.invitation.pk]))
    assert (verbs(clinic), mail.outbox) == (before, [])


def test_the_trail_tells_who_joined_and_by_which_invitation(clinic, sent, client):
    client.post(join(sent.token), JOINING)
    assert verbs(clinic)[-4:] == [
        ("Founder", "invited a colleague"),
        ("Noor Haddad", "added a member"),
        ("Noor Haddad", "accepted an invitation"),
        ("Noor Haddad", "signed in"),
    ]


# All at once


def twenty(act) -> list[bool]:
    """Whether each of twenty succeeded that begin together."""
    start = Barrier(20)

    def one(_):
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            act()
        except invitations.Refused:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        return list(threads.map(one, range(20)))


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_use_the_link_at_once_one_joins():
    clinic = make.clinic()
    sent = make.staff_invitation(of=clinic, email="noor@example.org")

    def use():
        with inside(clinic.pk):
            invitations.accept_as_new(
                token=sent.token, name="Noor", password=PASSWORD, at=timezone.now()
            )

    assert sum(twenty(use)) == 1
    assert members(clinic) == [("therapist", "working")]
    assert User.objects.filter(email="noor@example.org").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_twenty_presses_by_one_account_one_joins():
    clinic = make.clinic()
    sent = make.staff_invitation(of=clinic, email="noor@example.org")
    noor = make.user(email="noor@example.org")

    def use():
        with inside(clinic.pk, user_id=noor.pk):
            invitations.accept(token=sent.token, user=noor, at=timezone.now())

    assert sum(twenty(use)) == 1
    assert members(clinic) == [("therapist", "working")]
    assert [verb for _, verb in verbs(clinic)].count("accepted an invitation") == 1


# What the database refuses


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"role": "operator"}, "invited_role"),
        ({"email": "Noor@example.org"}, "invited_in_lower_case"),
        ({"accepted_at": "2026-01-01T00:00Z"}, "invited_accepted_once"),
        ({"expires_at": "2030-01-01T00:00Z"}, "invited_for_a_time"),
    ],
)
def test_the_database_refuses_what_must_not_be(clinic, sent, change, constraint):
    with inside(clinic.pk), pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        StaffInvitation.objects.filter(pk=sent.invitation.pk).update(**change)


def test_an_invitation_joins_nobody_to_a_membership_of_another_clinic(clinic, other_clinic, sent):
    theirs = make.member(user=make.user(), of=other_clinic)
    with (
        pytest.raises(IntegrityError, match="membership_id_same_clinic"),
        inside(clinic.pk),
    ):
        StaffInvitation.objects.filter(pk=sent.invitation.pk).update(
            accepted_at=timezone.now(), membership=theirs.pk
        )
