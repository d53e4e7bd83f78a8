"""One table says who may do what: doors read it, and the page shows it."""

import re

import pytest
from django.urls import reverse

from clinics import roles
from clinics.access import GRANTS, Can
from clinics.models import Membership
from clinics.roles import MEANING, may_give, table
from tests import make
from tests.test_doors import ALLAUTH, door_of, walk

Role = Membership.Role
ROLES = reverse("clinics:roles")
STAFF = {
    name: entry.callback
    for name, entry in walk()
    if not name.startswith(ALLAUTH) and door_of(name) == "staff"
}
# Asked inside a view, not at its door; and what waits for its page.
ASKED_INSIDE = {Can.OVERRIDE}


def test_every_right_is_told_in_words():
    assert list(MEANING) == list(Can)
    assert all(MEANING.values())


def test_every_view_of_the_staff_names_a_right_and_every_right_opens_one():
    assert {callback.can for callback in STAFF.values()} == set(Can) - ASKED_INSIDE


def test_an_assistant_reads_and_books_and_nothing_else():
    assert GRANTS[Role.ASSISTANT] == {Can.VIEW, Can.LOG}


def test_a_therapist_does_all_that_is_clinical_and_keeps_nothing_of_the_clinic():
    admins_only = {Can.KEEP_LIBRARY, Can.ADMINISTER, Can.READ_TRAIL, Can.EXPORT, Can.ERASE}
    assert GRANTS[Role.THERAPIST] == set(Can) - admins_only


def test_an_operator_looks_and_changes_nothing():
    assert GRANTS[Role.OPERATOR] == {Can.VIEW, Can.READ_TRAIL}


@pytest.mark.parametrize(
    ("giver", "given"),
    [
        (Role.ADMIN, {Role.ADMIN, Role.THERAPIST, Role.ASSISTANT}),
        (Role.THERAPIST, set()),
        (Role.ASSISTANT, set()),
        (Role.OPERATOR, set()),
    ],
)
def test_nobody_gives_more_than_they_have_and_no_clinic_makes_an_operator(giver, given):
    assert {role for role in Role if may_give(giver, role)} == given


def test_who_administers_and_has_less_cannot_give_what_they_lack(monkeypatch):
    """The rule, not the list of roles: an admin without a right gives none who has it."""
    monkeypatch.setitem(GRANTS, Role.ADMIN, frozenset({Can.ADMINISTER, Can.VIEW, Can.LOG}))
    assert may_give(Role.ADMIN, Role.ASSISTANT)
    assert not may_give(Role.ADMIN, Role.THERAPIST)


# The page


def test_the_page_is_for_admins(admin, therapist, assistant, stranger):
    assert admin.get(ROLES).status_code == 200
    assert therapist.get(ROLES).status_code == 403
    assert assistant.get(ROLES).status_code == 403
    assert stranger.get(ROLES).status_code == 200  # their own clinic's, which is the same table


def shown(client) -> dict[str, list[str]]:
    """Each right on the page, and what it says of each role."""
    page = client.get(ROLES).content.decode()
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', page, re.DOTALL)
    return {words: re.findall(r'<span class="sr">(yes|no)</span>', cells) for words, cells in rows}


def test_the_page_shows_the_table_of_the_doors(admin):
    assert shown(admin) == {
        MEANING[can]: ["yes" if can in GRANTS[role] else "no" for role in Role] for can in Can
    }


def test_the_page_and_the_doors_follow_the_table(admin, therapist, monkeypatch):
    create = reverse("patients:create")
    assert therapist.get(create).status_code == 200
    monkeypatch.setitem(roles.GRANTS, Role.THERAPIST, frozenset({Can.VIEW}))
    assert therapist.get(create).status_code == 403
    assert shown(admin)[MEANING[Can.RECORD]] == ["yes", "no", "no", "no"]


def test_what_one_may_not_is_not_offered(therapist, clinic, monkeypatch):
    make.patient(of=clinic)
    record = "Record a patient"
    assert record in therapist.get("/").content.decode()
    monkeypatch.setitem(roles.GRANTS, Role.THERAPIST, frozenset(Can) - {Can.RECORD})
    assert record not in therapist.get("/").content.decode()


def test_the_table_has_a_cell_for_each_role():
    assert all([cell.role for cell in row.cells] == Role.labels for row in table())
