"""Whoever runs the server: into a clinic for an hour at most and never silently; and accounts."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics import actions
from clinics.access import CHOSEN_CLINIC
from clinics.actors import SYSTEM
from clinics.models import AuditEvent, Membership, User
from clinics.people import Act
from clinics.tenancy import inside
from tests import make
from tests.conftest import just_confirmed

pytestmark = pytest.mark.django_db
HOME = "/"
WHY = "The clinic asked why a log is missing."


def enter(clinic, /, **options):
    given = {"clinic": clinic.pk, "reason": WHY, "by": "ops@example.org"} | options
    call_command("operator_access", **given)


def browser(user, clinic) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    session[CHOSEN_CLINIC] = clinic.pk
    session.save()
    just_confirmed(client, by=user)
    return client


def trail(clinic) -> list[tuple[str, str, dict]]:
    with inside(clinic.pk):
        rows = AuditEvent.objects.of(clinic).order_by("pk")
        return list(rows.values_list("actor_name", "verb", "detail"))


@pytest.fixture
def omar() -> User:
    return make.user(name="Omar Ops", email="ops@example.org")


def stay(omar, clinic) -> Membership:
    with inside(clinic.pk):
        return Membership.objects.of(clinic).get(user=omar)


# Into a clinic


def test_an_operator_looks_and_the_clinic_reads_why(clinic, omar, admin, capsys):
    enter(clinic, minutes=30)
    assert "Omar Ops may look into Clinic until" in capsys.readouterr().out
    name, verb, detail = trail(clinic)[-1]
    assert (name, verb) == ("Omar Ops (operator)", "entered the clinic as an operator")
    assert (detail["reason"], detail["account"]) == (WHY, "ops@example.org")
    assert WHY in admin.get(reverse("clinics:audit")).content.decode()
    people = admin.get(reverse("clinics:people")).content.decode()
    assert "Omar Ops" in people
    assert "Operator" in people
    shown = admin.get(reverse("clinics:member", args=[stay(omar, clinic).pk])).content.decode()
    assert WHY in shown


def test_an_operator_changes_nothing_and_leads_nobody(clinic, omar):
    enter(clinic)
    client = browser(omar, clinic)
    patient = make.patient(of=clinic)
    assert client.get(HOME).status_code == 200
    assert client.get(reverse("clinics:audit")).status_code == 200
    for name in ("patients:create", "clinics:people", "clinics:settings", "clinics:invite"):
        assert client.get(reverse(name)).status_code == 403
    assert client.post(reverse("patients:archive", args=[patient.pk])).status_code == 403
    with inside(clinic.pk):
        assert omar.pk not in Membership.objects.of(clinic).who_prescribe().values_list(
            "user", flat=True
        )


def test_it_ends_by_itself(clinic, omar):
    enter(clinic)
    client = browser(omar, clinic)
    assert client.get(HOME).status_code == 200
    over(omar, clinic)
    assert client.get(HOME).url.startswith(reverse("clinics:choose"))
    assert not client.get(reverse("clinics:choose")).context["memberships"]


def over(omar, clinic) -> None:
    """The hour has passed."""
    past = timezone.now() - timedelta(hours=1, seconds=1)
    with inside(clinic.pk):
        Membership.objects.of(clinic).of_user(omar).update(
            started_at=past, ends_at=past + timedelta(hours=1)
        )


def test_a_clinic_shows_an_operator_out_and_cannot_keep_one(clinic, omar, admin):
    enter(clinic)
    client = browser(omar, clinic)
    page = reverse("clinics:member", args=[stay(omar, clinic).pk])
    assert admin.get(page).context["acts"] == {Act.END}
    admin.post(page, {"do": Act.CHANGE_ROLE.value, "role": "admin"})
    assert stay(omar, clinic).role == Membership.Role.OPERATOR
    admin.post(page, {"do": Act.END.value})
    assert client.get(HOME).url.startswith(reverse("account_login"))
    admin.post(page, {"do": Act.BRING_BACK.value, "role": "therapist"})
    assert stay(omar, clinic).state == Membership.State.ENDED


def test_each_time_is_told_anew(clinic, omar):
    enter(clinic)
    over(omar, clinic)
    enter(clinic, reason="Once more.", minutes=5)
    now = stay(omar, clinic)
    assert (now.state, now.reason) == (Membership.State.WORKING, "Once more.")
    assert now.ends_at - now.started_at == timedelta(minutes=5)
    told = [detail["reason"] for _, verb, detail in trail(clinic) if verb.startswith("entered")]
    assert told == [WHY, "Once more."]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"minutes": 61}, "minutes: From 1 to 60", id="more than an hour"),
        pytest.param({"minutes": 0}, "minutes: From 1 to 60", id="no time"),
        pytest.param({"minutes": -5}, "minutes: From 1 to 60", id="less than none"),
        pytest.param({"reason": " \u200b"}, "reason: Write it out", id="no reason"),
        pytest.param({"reason": "x" * 301}, "reason: Write it out", id="a reason too long"),
        pytest.param({"clinic": 10**12}, "There is no clinic", id="no such clinic"),
        pytest.param({"clinic": -1}, "There is no clinic", id="no number of a clinic"),
        pytest.param({"by": "who@example.org"}, "has no account", id="nobody"),
        pytest.param({"name": "Omar"}, "has an account already", id="an account there is"),
    ],
)
def test_what_cannot_be_is_refused_and_lets_nobody_in(clinic, omar, options, message):
    before = trail(clinic)
    with pytest.raises(CommandError, match=message):
        enter(clinic, **options)
    assert trail(clinic) == before
    with inside(clinic.pk):
        assert not Membership.objects.of(clinic).of_user(omar).exists()


@pytest.mark.parametrize("has_left", [False, True])
def test_nobody_goes_in_as_one_of_the_clinics_own_people(clinic, omar, has_left):
    member = make.member(user=omar, of=clinic, role=Membership.Role.ASSISTANT)
    if has_left:
        with inside(clinic.pk):
            actions.end_membership(membership=member, by=SYSTEM)
    with pytest.raises(CommandError, match="own people"):
        enter(clinic)
    assert stay(omar, clinic).role == Membership.Role.ASSISTANT


def test_a_new_operator_gets_an_account_of_no_clinic(clinic, monkeypatch):
    monkeypatch.setenv("OPERATOR_PASSWORD", "violet harbour 41 lamps")
    enter(clinic, by="New@example.org", name="New Ops")
    new = User.objects.get(email="new@example.org")
    assert new.check_password("violet harbour 41 lamps")
    assert stay(new, clinic).role == Membership.Role.OPERATOR


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"ends_at": None}, id="for ever"),
        pytest.param({"ends_at": "2030-01-01T00:00Z"}, id="longer than an hour"),
        pytest.param({"reason": ""}, id="without a reason"),
        pytest.param({"role": "admin"}, id="as an admin"),
    ],
)
def test_the_database_refuses_an_operator_who_stays_or_says_nothing(clinic, omar, change):
    enter(clinic)
    with (
        inside(clinic.pk),
        pytest.raises(IntegrityError, match="membership_of_operator_ends"),
        transaction.atomic(),
    ):
        Membership.objects.of(clinic).of_user(omar).update(**change)


# Accounts


def lock(email: str, word: str = "lock") -> None:
    call_command(f"{word}_account", email, reason="A stolen phone.", by="Omar")


def test_an_account_is_locked_everywhere_at_once_and_every_clinic_reads_it(
    clinic, other_clinic, therapist, admin, capsys
):
    make.member(user=therapist.user, of=other_clinic)
    there = browser(therapist.user, other_clinic)
    lock(therapist.user.email)
    assert therapist.get(HOME).url.startswith(reverse("account_login"))
    assert there.get(HOME).url.startswith(reverse("account_login"))
    for one in (clinic, other_clinic):
        name, verb, detail = trail(one)[-1]
        assert (name, verb) == ("Omar (operator)", "locked an account")
        assert detail == {"person": "Therapist", "reason": "A stolen phone."}
    assert "Account locked" in admin.get(reverse("clinics:people")).content.decode()


def test_who_is_locked_does_not_sign_in_and_unlocked_does_again(clinic, client):
    ana = make.user(email="ana@example.org", password="violet harbour 41 lamps")
    make.member(user=ana, of=clinic)
    typed = {"login": ana.email, "password": "violet harbour 41 lamps"}
    login = reverse("account_login")
    lock("Ana@example.org")
    assert client.post(login, typed)["Location"] == reverse("account_inactive")
    assert client.get(HOME).url.startswith(login)
    lock(ana.email, "unlock")
    assert client.post(login, typed)["Location"] == HOME
    assert client.get(HOME).url.startswith(reverse("clinics:second_step"))


def test_a_session_that_was_ended_stays_so_after_unlocking(therapist):
    lock(therapist.user.email)
    lock(therapist.user.email, "unlock")
    assert therapist.get(HOME).url.startswith(reverse("account_login"))


def test_locking_twice_is_told_once(clinic, therapist):
    lock(therapist.user.email)
    before = trail(clinic)
    lock(therapist.user.email)
    assert trail(clinic) == before


def test_what_a_locked_person_did_stays_in_the_trail(clinic, therapist):
    therapist.post(
        reverse("patients:create"), {"name": "Pat", "birth_date": "1980-05-17", "language": "en"}
    )
    before = [line for line in trail(clinic) if line[0] == "Therapist"]
    assert before
    lock(therapist.user.email)
    assert [line for line in trail(clinic) if line[0] == "Therapist"] == before


@pytest.mark.parametrize("given", [{"reason": " "}, {"by": "\u200b"}, {"by": "x" * 101}])
def test_nobody_is_locked_without_a_reason_or_a_name(therapist, given):
    options = {"reason": "A stolen phone.", "by": "Omar"} | given
    with pytest.raises(CommandError, match="Write it out"):
        call_command("lock_account", therapist.user.email, **options)
    assert therapist.get(HOME).status_code == 200


def test_nobody_is_locked_by_a_wrong_address():
    with pytest.raises(CommandError, match="has no account"):
        lock("nobody@example.org")
