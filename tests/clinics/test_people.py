"""Who works in a clinic: what an admin may do about them, and what nobody may."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from clinics import actions, people
from clinics.access import CHOSEN_CLINIC
from clinics.actors import SYSTEM
from clinics.models import AuditEvent, Clinic, Membership
from clinics.people import Act
from clinics.roles import GRANTS, Can
from clinics.tenancy import inside, known_as
from tests import make
from tests.conftest import as_login, just_confirmed

PEOPLE, HOME = reverse("clinics:people"), "/"
Role, State = Membership.Role, Membership.State
# What the door costs: session, user, begin, context, membership, context, end.
DOOR = 7


def membership_of(user, clinic) -> Membership:
    with inside(clinic.pk):
        return Membership.objects.of(clinic).with_people().select_related("clinic").get(user=user)


def page_of(member: Membership) -> str:
    return reverse("clinics:member", args=[member.pk])


def press(client, member: Membership, act: Act, **more: str):
    return client.post(page_of(member), {"do": act.value, **more})


def trail(clinic) -> list[tuple[str, str, dict]]:
    with inside(clinic.pk):
        rows = AuditEvent.objects.of(clinic).order_by("pk")
        return list(rows.values_list("actor_name", "verb", "detail"))


def another_browser(user, clinic) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    session[CHOSEN_CLINIC] = clinic.pk
    session.save()
    just_confirmed(client, by=user)
    return client


@pytest.fixture
def ana(clinic) -> Membership:
    """A therapist of the clinic."""
    return make.member(user=make.user(name="Ana Ruiz"), of=clinic)


def in_state(member: Membership, state: Membership.State) -> Membership:
    with inside(member.clinic_id):
        if state is State.LOCKED:
            actions.lock_membership(membership=member, by=SYSTEM)
        if state is State.ENDED:
            actions.end_membership(membership=member, by=SYSTEM)
    return member


# The page


def test_admins_see_it_therapists_do_not_and_a_stranger_sees_their_own(
    admin, therapist, assistant, stranger, ana
):
    assert "Ana Ruiz" in admin.get(PEOPLE).content.decode()
    assert therapist.get(PEOPLE).status_code == 403
    assert assistant.get(PEOPLE).status_code == 403
    assert "Ana Ruiz" not in stranger.get(PEOPLE).content.decode()
    assert stranger.get(page_of(ana)).status_code == 404
    assert therapist.get(page_of(ana)).status_code == 403


def test_it_shows_role_last_sign_in_and_state(admin, ana):
    page = admin.get(PEOPLE).content.decode()
    assert "Ana Ruiz" in page
    assert "never" in page  # Ana has not signed in
    in_state(ana, State.LOCKED)
    assert "Locked out" in admin.get(PEOPLE).content.decode()
    assert "Worked here before" not in page


def test_who_left_stands_apart_and_is_never_deleted(admin, ana):
    in_state(ana, State.ENDED)
    here, _, before = admin.get(PEOPLE).content.decode().partition("Worked here before")
    assert "Founder" in here
    assert "Ana Ruiz" not in here
    assert "Ana Ruiz" in before


@pytest.mark.parametrize("rows", [1, 3])
def test_it_costs_the_same_for_one_colleague_and_three(
    admin, clinic, rows, django_assert_num_queries
):
    for number in range(rows):
        make.member(user=make.user(), of=clinic)
        make.staff_invitation(of=clinic, email=f"{number}@example.org")
    with django_assert_num_queries(DOOR + 2):
        admin.get(PEOPLE)


# The table of steps


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", Act)
def test_only_the_steps_of_the_table_are_taken(admin, clinic, ana, state, act):
    in_state(ana, state)
    before = membership_of(ana.user, clinic).state
    press(admin, ana, act, role="therapist")
    expected = people.STEPS[state].get(act, before)
    assert membership_of(ana.user, clinic).state == expected


def test_acts_are_offered_as_the_table_has_them(admin, ana):
    page = admin.get(page_of(ana)).content.decode()
    assert all(f'value="{act}"' in page for act in (Act.CHANGE_ROLE, Act.LOCK, Act.END))
    assert not any(f'value="{act}"' in page for act in (Act.UNLOCK, Act.BRING_BACK))


@pytest.mark.parametrize("sent", ["", "fly", "\x00", "LOCK"])
def test_what_is_no_act_changes_nothing(admin, clinic, ana, sent):
    assert admin.post(page_of(ana), {"do": sent}).status_code == 302
    assert membership_of(ana.user, clinic).state is State.WORKING


@pytest.mark.parametrize("role", ["", "operator", "owner", "therapist,admin"])
def test_a_role_that_a_clinic_does_not_give_is_not_given(admin, clinic, ana, role):
    press(admin, ana, Act.CHANGE_ROLE, role=role)
    assert membership_of(ana.user, clinic).role == Role.THERAPIST


def test_further_fields_change_nothing(admin, clinic, other_clinic, ana):
    extra = {"clinic": other_clinic.pk, "user": admin.user.pk, "ends_at": "2030-01-01", "id": "1"}
    press(admin, ana, Act.CHANGE_ROLE, role="assistant", **extra)
    now = membership_of(ana.user, clinic)
    assert (now.role, now.user_id, now.ends_at) == (Role.ASSISTANT, ana.user_id, None)


@pytest.mark.parametrize("act", Act)
def test_nobody_does_anything_about_themselves(admin, clinic, act):
    mine = membership_of(admin.user, clinic)
    assert admin.get(page_of(mine)).context["acts"] == frozenset()
    press(admin, mine, act, role="therapist")
    now = membership_of(admin.user, clinic)
    assert (now.role, now.state) == (Role.ADMIN, State.WORKING)


@pytest.mark.parametrize("who", ["therapist", "assistant"])
@pytest.mark.parametrize("act", Act)
def test_who_does_not_administer_does_nothing_about_others(request, clinic, ana, who, act):
    client = request.getfixturevalue(who)
    assert press(client, ana, act, role="admin").status_code == 403
    with inside(clinic.pk), pytest.raises(people.NotAllowed):
        people.perform(
            act, membership=ana, by=membership_of(client.user, clinic), role=Role.ASSISTANT
        )
    now = membership_of(ana.user, clinic)
    assert (now.role, now.state) == (Role.THERAPIST, State.WORKING)


@pytest.mark.parametrize("act", Act)
def test_no_one_edits_another_clinic(stranger, clinic, other_clinic, ana, act):
    assert press(stranger, ana, act, role="assistant").status_code == 404
    with inside(other_clinic.pk), pytest.raises(people.NotAllowed):
        people.perform(
            act, membership=ana, by=membership_of(stranger.user, other_clinic), role=Role.ASSISTANT
        )
    assert membership_of(ana.user, clinic).role == Role.THERAPIST


def test_an_admin_of_two_clinics_does_not_reach_from_one_into_the_other(
    stranger, clinic, other_clinic
):
    """The database shows a person all their own memberships; the page shows those of the clinic."""
    here = make.member(user=stranger.user, of=clinic, role=Role.THERAPIST)
    assert stranger.get(page_of(here)).status_code == 404
    assert press(stranger, here, Act.CHANGE_ROLE, role="admin").status_code == 404
    assert membership_of(stranger.user, clinic).role == Role.THERAPIST


def test_an_admin_who_may_do_less_does_not_touch_one_who_may_more(clinic, monkeypatch, ana):
    monkeypatch.setitem(GRANTS, Role.ADMIN, frozenset({Can.ADMINISTER, Can.VIEW}))
    assert people.acts_on(ana, by=membership_of(make.founder(clinic), clinic)) == frozenset()


# What follows


def test_a_role_counts_from_the_next_request_and_the_sessions_end(admin, clinic, therapist):
    elsewhere = another_browser(therapist.user, clinic)
    press(admin, membership_of(therapist.user, clinic), Act.CHANGE_ROLE, role="assistant")
    for browser in (therapist, elsewhere):
        assert browser.get(HOME).url.startswith(reverse("account_login"))
    again = another_browser(therapist.user, clinic)
    assert again.get(HOME).status_code == 200
    assert again.get(reverse("patients:create")).status_code == 403


def test_the_role_is_read_even_where_the_session_lives_on(admin, clinic, therapist, monkeypatch):
    """Were no session ended, the door would still know."""
    monkeypatch.setattr("clinics.sessions.end_all", lambda user, **clinic: 0)
    press(admin, membership_of(therapist.user, clinic), Act.CHANGE_ROLE, role="assistant")
    assert therapist.get(HOME).status_code == 200
    assert therapist.get(reverse("patients:create")).status_code == 403


def test_who_is_locked_out_is_out_at_the_next_request_and_can_come_back(admin, clinic, therapist):
    member = membership_of(therapist.user, clinic)
    press(admin, member, Act.LOCK)
    assert therapist.get(HOME).url.startswith(reverse("account_login"))
    again = another_browser(therapist.user, clinic)
    assert again.get(HOME).url.startswith(reverse("clinics:choose"))
    assert not again.get(reverse("clinics:choose")).context["memberships"]
    press(admin, member, Act.UNLOCK)
    assert therapist.get(HOME).url.startswith(reverse("account_login"))  # it stays ended
    assert another_browser(therapist.user, clinic).get(HOME).status_code == 200


def test_a_lock_in_one_clinic_leaves_the_account_and_other_clinics(
    admin, clinic, other_clinic, therapist
):
    make.member(user=therapist.user, of=other_clinic)
    there = another_browser(therapist.user, other_clinic)
    press(admin, membership_of(therapist.user, clinic), Act.LOCK)
    assert there.get(HOME).status_code == 200
    therapist.user.refresh_from_db()
    assert therapist.user.is_active


def test_a_locked_colleague_sees_nothing_of_the_clinic_before_choosing(clinic, ana):
    with known_as(ana.user_id):
        assert Clinic.objects.count() == 1
    in_state(ana, State.LOCKED)
    with known_as(ana.user_id):
        assert Clinic.objects.count() == 0


def test_who_comes_back_has_the_role_that_is_given_then(admin, clinic, ana):
    in_state(ana, State.ENDED)
    press(admin, ana, Act.BRING_BACK, role="assistant")
    now = membership_of(ana.user, clinic)
    assert (now.pk, now.role, now.state) == (ana.pk, Role.ASSISTANT, State.WORKING)


def test_every_act_has_its_line_and_those_who_left_keep_theirs(admin, clinic, ana):
    press(admin, ana, Act.CHANGE_ROLE, role="assistant")
    press(admin, ana, Act.LOCK)
    press(admin, ana, Act.UNLOCK)
    press(admin, ana, Act.END)
    press(admin, ana, Act.BRING_BACK, role="therapist")
    assert [(who, verb, detail.get("person")) for who, verb, detail in trail(clinic)][-5:] == [
        ("Admin", verb, "Ana Ruiz")
        for verb in (
            "changed a role",
            "locked a member out",
            "let a locked member in again",
            "ended a membership",
            "brought a member back",
        )
    ]
    assert trail(clinic)[-5][2]["changed"] == {"role": ["therapist", "assistant"]}


def test_the_same_act_twice_changes_nothing_more(admin, clinic, ana):
    press(admin, ana, Act.LOCK)
    before = trail(clinic)
    press(admin, ana, Act.LOCK)
    assert trail(clinic) == before
    press(admin, ana, Act.UNLOCK)
    press(admin, ana, Act.CHANGE_ROLE, role="assistant")
    before = trail(clinic)
    press(admin, ana, Act.CHANGE_ROLE, role="assistant")
    assert trail(clinic) == before


# The last admin


@pytest.mark.parametrize(
    "take_away",
    [
        pytest.param(lambda m: actions.end_membership(membership=m, by=SYSTEM), id="ended"),
        pytest.param(lambda m: actions.lock_membership(membership=m, by=SYSTEM), id="locked"),
        pytest.param(
            lambda m: actions.change_role(membership=m, role=Role.THERAPIST, by=SYSTEM),
            id="made a therapist",
        ),
    ],
)
@pytest.mark.parametrize("is_other_admin_inactive", [False, True])
def test_the_last_admin_stays(clinic, take_away, is_other_admin_inactive):
    """An admin whose account is locked cannot help, and does not count."""
    if is_other_admin_inactive:
        other = make.user()
        make.member(user=other, of=clinic, role=Role.ADMIN)
        other.is_active = False
        other.save()
    last = membership_of(make.founder(clinic), clinic)
    with inside(clinic.pk), pytest.raises(actions.LastAdmin):
        take_away(last)
    now = membership_of(make.founder(clinic), clinic)
    assert (now.role, now.state) == (Role.ADMIN, State.WORKING)


@pytest.mark.parametrize("change", [{"role": "therapist"}, {"locked_at": "2026-01-01T00:00Z"}])
def test_the_database_keeps_the_last_admin_too(clinic, change):
    first = membership_of(make.founder(clinic), clinic)
    with inside(clinic.pk):
        one = Membership.objects.filter(pk=first.pk)
        with pytest.raises(IntegrityError, match="keeps an admin"), transaction.atomic():
            one.update(**change)
    make.member(user=make.user(), of=clinic, role=Role.ADMIN)
    with inside(clinic.pk):
        assert one.update(**change) == 1


def at_once(*acts):
    """What each gives when all begin together; a refusal is given, not raised."""
    start = Barrier(len(acts))

    def one(act):
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return act()
        except (people.NotAllowed, actions.LastAdmin, IntegrityError) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts))


def two_admins() -> tuple:
    clinic = make.clinic()
    first = membership_of(make.founder(clinic), clinic)
    second = make.member(user=make.user(name="Second"), of=clinic, role=Role.ADMIN)
    return clinic, first, membership_of(second.user, clinic)


def admins_left(clinic) -> int:
    with inside(clinic.pk):
        return Membership.objects.of(clinic).active().filter(role=Role.ADMIN).count()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_two_admins_who_demote_each_other_one_is_left(round_):
    clinic, first, second = two_admins()

    def demote(whom, by):
        with inside(clinic.pk):
            return people.perform(Act.CHANGE_ROLE, membership=whom, by=by, role=Role.THERAPIST)

    given = at_once(lambda: demote(first, second), lambda: demote(second, first))
    assert sorted(isinstance(one, Exception) for one in given) == [False, True]
    assert admins_left(clinic) == 1


def demote_past_the_rules(clinic, member):
    with inside(clinic.pk):
        return Membership.objects.filter(pk=member.pk).update(role=Role.THERAPIST)


@pytest.mark.django_db(transaction=True)
def test_the_database_leaves_one_of_two_who_go_past_the_rules_at_once():
    clinic, first, second = two_admins()
    given = at_once(
        lambda: demote_past_the_rules(clinic, first), lambda: demote_past_the_rules(clinic, second)
    )
    assert sorted(isinstance(one, IntegrityError) for one in given) == [False, True]
    assert admins_left(clinic) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_of_the_database_nobody_would_be_left():
    clinic, first, second = two_admins()
    turn = "ALTER TABLE clinics_membership {} TRIGGER clinic_keeps_an_admin"

    def sql(word):
        with as_login("migrator"), connection.cursor() as cursor:
            cursor.execute(turn.format(word))

    sql("DISABLE")
    try:
        for member in (first, second):
            demote_past_the_rules(clinic, member)
        assert admins_left(clinic) == 0
    finally:
        sql("ENABLE")


def test_whoever_loses_their_second_step_is_told_by_mail(admin, ana, mailoutbox):
    admin.post(page_of(ana), {"do": "take_away_second_step"})
    (mail,) = mailoutbox
    assert mail.to == [ana.user.email]
    assert "has taken away the second step of your sign-in" in mail.body
    assert reverse("account_login") in mail.body


def test_without_a_mail_server_the_admin_is_asked_to_tell_them(admin, ana, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    answer = admin.post(page_of(ana), {"do": "take_away_second_step"}, follow=True)
    assert "could not be sent: tell Ana Ruiz" in answer.content.decode()


def test_other_acts_send_no_mail(admin, ana, mailoutbox):
    admin.post(page_of(ana), {"do": "lock"})
    assert mailoutbox == []
