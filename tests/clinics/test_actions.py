import pytest

from clinics import actions
from clinics.actors import SYSTEM
from clinics.models import AuditEvent, Clinic, Membership
from clinics.tenancy import inside
from tests import make

pytestmark = pytest.mark.django_db
Role = Membership.Role


def trail(clinic) -> list[tuple[str, dict]]:
    with inside(clinic.pk):
        return list(AuditEvent.objects.of(clinic).order_by("pk").values_list("verb", "detail"))


def test_a_new_clinic_has_its_first_admin_and_says_so_in_its_trail():
    ana = make.user(name="Ana Ruiz")
    clinic = actions.open_clinic(name="North", time_zone="Europe/Vienna", admin=ana)
    with inside(clinic.pk):
        member = Membership.objects.of(clinic).get()
    assert (member.user_id, member.role, member.ended_at) == (ana.pk, Role.ADMIN, None)
    assert trail(clinic) == [
        ("opened the clinic", {}),
        ("added a member", {"person": "Ana Ruiz", "role": "admin"}),
    ]


def test_a_person_is_added_once(clinic):
    ana = make.user(name="Ana Ruiz")
    make.member(user=ana, of=clinic)
    before = trail(clinic)
    with pytest.raises(actions.AlreadyMember):
        make.member(user=ana, of=clinic, role=Role.ADMIN)
    assert trail(clinic) == before
    with inside(clinic.pk):
        assert Membership.objects.of(clinic).get(user=ana).role == Role.THERAPIST


def test_a_person_may_work_in_two_clinics(clinic, other_clinic):
    ana = make.user(name="Ana Ruiz")
    assert make.member(user=ana, of=clinic).pk != make.member(user=ana, of=other_clinic).pk


def test_ending_a_membership_twice_keeps_the_first_moment(clinic):
    member = make.member(user=make.user(), of=clinic)
    with inside(clinic.pk):
        first = actions.end_membership(membership=member, by=SYSTEM).ended_at
        again = actions.end_membership(membership=member, by=SYSTEM).ended_at
    assert first is not None
    assert again == first
    assert [verb for verb, _ in trail(clinic)].count("ended a membership") == 1


def test_the_last_admin_stays(clinic):
    with inside(clinic.pk):
        admin = Membership.objects.of(clinic).get()
        with pytest.raises(actions.LastAdmin):
            actions.end_membership(membership=admin, by=SYSTEM)
        assert Membership.objects.of(clinic).active().get() == admin


def test_one_of_two_admins_may_go(clinic):
    second = make.member(user=make.user(), of=clinic, role=Role.ADMIN)
    with inside(clinic.pk):
        actions.end_membership(membership=second, by=SYSTEM)
        assert second not in Membership.objects.of(clinic).active()


def test_changed_settings_are_kept_with_what_was_before(clinic):
    by = make.founder(clinic)
    with inside(clinic.pk):
        actions.change_settings(clinic=clinic, by=by, name="Clinic", phone="555 0100")
        assert Clinic.objects.get(pk=clinic.pk).phone == "555 0100"
    assert trail(clinic)[-1] == ("changed settings", {"changed": {"phone": ["", "555 0100"]}})


def test_settings_that_are_the_same_leave_no_trace(clinic):
    before = trail(clinic)
    with inside(clinic.pk):
        actions.change_settings(clinic=clinic, by=make.founder(clinic), name="Clinic")
    assert trail(clinic) == before
