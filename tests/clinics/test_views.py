import re

import pytest
from django.urls import reverse

from clinics import actions
from clinics.access import CHOSEN_CLINIC
from clinics.actors import SYSTEM
from clinics.models import AuditEvent, Clinic, Membership
from clinics.tenancy import inside
from tests import make

CHOOSE, SETTINGS, AUDIT = (reverse(f"clinics:{name}") for name in ("choose", "settings", "audit"))
# What the door costs: session, user, begin, context, membership, context, end.
DOOR = 7
VALID = {
    "name": "North",
    "phone": "555 0100",
    "time_zone": "Europe/Vienna",
    "emergency_number": "144",
    "paper": "A4",
    "audit_years": 10,
    "record_years": 10,
}


def stored(clinic) -> Clinic:
    with inside(clinic.pk):
        return Clinic.objects.get(pk=clinic.pk)


def membership(client, of) -> Membership:
    with inside(of.pk):
        return Membership.objects.of(of).get(user=client.user)


# Choosing


@pytest.fixture
def of_two(client, clinic, other_clinic):
    """Somebody signed in who works in two clinics and has chosen none."""
    client.user = make.user(name="Ana Ruiz")
    for one in (clinic, other_clinic):
        make.member(user=client.user, of=one)
    client.force_login(client.user)
    session = client.session
    session.pop(CHOSEN_CLINIC, None)
    session.save()
    return client


def test_who_has_not_chosen_comes_to_the_choice_and_then_to_where_they_were_going(
    of_two, other_clinic
):
    asked = of_two.get(reverse("patients:archived"))
    page = of_two.get(asked["Location"]).content.decode()
    (following,) = re.findall(r'name="next" value="([^"]+)"', page)
    key = membership(of_two, other_clinic).pk
    response = of_two.post(CHOOSE, {"membership": key, "next": following})
    assert response["Location"] == reverse("patients:archived")
    assert of_two.session[CHOSEN_CLINIC] == other_clinic.pk


def test_the_choice_shows_ones_own_clinics_only(of_two):
    make.clinic(name="A third")
    page = of_two.get(CHOOSE).content.decode()
    assert page.count('name="membership"') == 2
    assert "A third" not in page


@pytest.mark.parametrize("sent", ["", "0", "word", "9" * 30, "\x00"])
def test_what_is_no_clinic_is_refused_with_a_word(of_two, sent):
    page = of_two.post(CHOOSE, {"membership": sent}).content.decode()
    assert 'role="alert"' in page
    assert CHOSEN_CLINIC not in of_two.session


def test_a_clinic_of_others_cannot_be_chosen(of_two, stranger, other_clinic):
    key = membership(stranger, other_clinic).pk
    of_two.post(CHOOSE, {"membership": key})
    assert CHOSEN_CLINIC not in of_two.session


def test_a_clinic_where_one_worked_before_cannot_be_chosen(of_two, clinic):
    mine = membership(of_two, clinic)
    with inside(clinic.pk):
        actions.end_membership(membership=mine, by=SYSTEM)
    of_two.post(CHOOSE, {"membership": mine.pk})
    assert CHOSEN_CLINIC not in of_two.session


@pytest.mark.parametrize(
    "following",
    [
        pytest.param("https://evil.example", id="another site"),
        pytest.param("//evil.example/x", id="another site without a scheme"),
        pytest.param("/\\evil.example", id="a backslash"),
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("home", id="a word"),
        pytest.param("", id="nothing"),
    ],
)
def test_the_choice_leads_to_no_other_site(of_two, clinic, following):
    key = membership(of_two, clinic).pk
    assert of_two.post(CHOOSE, {"membership": key, "next": following})["Location"] == "/"


def test_who_works_nowhere_is_told_what_to_do(client, db):
    client.force_login(make.user())
    assert "Ask an admin" in client.get(CHOOSE).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_choice_costs_the_same_for_one_clinic_and_three(
    client, db, rows, django_assert_num_queries
):
    user = make.user()
    for _ in range(rows):
        make.member(user=user, of=make.clinic())
    client.force_login(user)
    with django_assert_num_queries(7):
        client.get(CHOOSE)


# Settings


@pytest.mark.parametrize("page", [SETTINGS, AUDIT])
def test_only_admins_see(admin, therapist, assistant, page):
    assert admin.get(page).status_code == 200
    for client in (therapist, assistant):
        assert client.get(page).status_code == 403


@pytest.mark.parametrize("who", ["therapist", "assistant"])
def test_only_admins_change_settings(request, clinic, who):
    assert request.getfixturevalue(who).post(SETTINGS, VALID).status_code == 403
    assert stored(clinic).name == "Clinic"


def test_a_stranger_changes_their_own_clinic_only(stranger, clinic, other_clinic):
    stranger.post(SETTINGS, VALID | {"id": clinic.pk, "clinic": clinic.pk})
    assert (stored(clinic).name, stored(other_clinic).name) == ("Clinic", "North")


def test_settings_are_stored(admin, clinic):
    assert admin.post(SETTINGS, VALID)["Location"] == SETTINGS
    now = stored(clinic)
    assert {name: getattr(now, name) for name in VALID} == VALID


@pytest.mark.parametrize(
    ("box", "has_messages"),
    [
        pytest.param({"initial-has_messages": "True"}, False, id="the tick taken away"),
        pytest.param({"initial-has_messages": "True", "has_messages": "on"}, True, id="left"),
        pytest.param({}, True, id="a page that does not show it"),
    ],
)
def test_messages_are_switched_off_by_taking_the_tick_away(admin, clinic, box, has_messages):
    assert stored(clinic).has_messages
    admin.post(SETTINGS, VALID | box)
    assert stored(clinic).has_messages is has_messages


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        pytest.param("name", "", "required", id="no name"),
        pytest.param("name", "\u200b", "required", id="a name of nothing"),
        pytest.param("name", "42", "at least one letter", id="a number for a name"),
        pytest.param("name", "N" * 201, "at most 200", id="a name too long"),
        pytest.param("phone", "call us", "with its digits", id="no phone"),
        pytest.param("time_zone", "Mars/Base", "valid choice", id="no such zone"),
        pytest.param("time_zone", "../../etc/passwd", "valid choice", id="a path"),
        pytest.param("emergency_number", "", "required", id="no emergency number"),
        pytest.param("emergency_number", "help", "with its digits", id="a word to call"),
        pytest.param("paper", "Legal", "valid choice", id="no such paper"),
        pytest.param("audit_years", "0", "greater than or equal to 1", id="no year at all"),
        pytest.param("audit_years", "31", "less than or equal to 30", id="years too many"),
        pytest.param("record_years", "0", "greater than or equal to 1", id="no year of records"),
        pytest.param("record_years", "101", "less than or equal to 100", id="a century too many"),
        pytest.param("emergency_number", "1" * 21, "at most 20", id="a number too long"),
    ],
)
def test_a_setting_is_refused_beside_itself(admin, clinic, field, typed, message):
    form = admin.post(SETTINGS, VALID | {field: typed}).context["form"]
    assert message in " ".join(form.errors[field])
    assert form[field].value() == typed
    assert stored(clinic).name == "Clinic"


def test_a_setting_that_a_colleague_changed_in_the_meantime_stands(admin, clinic):
    page = admin.get(SETTINGS).context["form"]
    opened = {name: page[name].value() for name in VALID}
    sent = opened | {f"initial-{name}": value for name, value in opened.items()}
    admin.post(SETTINGS, VALID | {"name": "Clinic"})
    admin.post(SETTINGS, sent | {"name": "South"})
    assert (stored(clinic).name, stored(clinic).phone) == ("South", "555 0100")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_settings_cost_the_same_for_one_colleague_and_three(
    admin, clinic, rows, django_assert_num_queries
):
    for _ in range(rows):
        make.member(user=make.user(), of=clinic)
    with django_assert_num_queries(DOOR + 1):
        admin.get(SETTINGS)


# Audit trail


def test_the_trail_tells_who_did_what(admin, clinic):
    admin.post(SETTINGS, VALID)
    page = admin.get(AUDIT).content.decode()
    assert "<strong><bdi>Admin</bdi></strong> changed settings" in page
    assert "<del><bdi>America/New_York</bdi></del> <ins><bdi>Europe/Vienna</bdi></ins>" in page


def test_the_trail_leads_to_the_patient(admin, clinic):
    patient = make.patient(of=clinic)
    assert reverse("patient", args=[patient.pk]) in admin.get(AUDIT).content.decode()


def test_the_trail_holds_nothing_of_another_clinic(stranger, clinic):
    make.patient(of=clinic, name="SECRET")
    assert "recorded a patient" not in stranger.get(AUDIT).content.decode()


def test_a_script_in_a_name_is_shown_as_written(admin, clinic):
    admin.post(SETTINGS, VALID | {"name": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in admin.get(AUDIT).content.decode()


def test_times_are_those_of_the_clinic(admin, clinic):
    with inside(clinic.pk):
        event = AuditEvent.objects.of(clinic).latest("pk")
    local = event.at.astimezone(clinic.zone)
    assert f"{local:%H:%M:%S}" in admin.get(AUDIT).content.decode()


def test_the_trail_comes_in_pages(admin, clinic):
    with inside(clinic.pk):
        for number in range(60):
            actions.change_settings(clinic=clinic, by=admin.user, name=f"Name {number}")
    first = admin.get(AUDIT).content.decode()
    assert first.count("changed settings") == 50
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
    assert admin.get(older).content.decode().count("changed settings") == 10


@pytest.mark.parametrize("before", ["word", "-1", "9" * 30, "0"])
def test_a_page_of_the_trail_that_is_none_breaks_nothing(admin, before):
    assert admin.get(AUDIT, {"before": before}).status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_the_trail_costs_the_same_for_one_line_and_three(
    admin, clinic, rows, django_assert_num_queries
):
    for _ in range(rows):
        make.patient(of=clinic)
    # The lines, the people, the end of the chain, the last check, alarms, one's own look.
    with django_assert_num_queries(DOOR + 9):
        admin.get(AUDIT)
