"""What one person does unusually much of within an hour is put before the admins."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from clinics import audit_alarms, sign_ins
from clinics.audit_alarms import MOST_FAILURES, MOST_PATIENTS, MOST_REFUSALS, raise_alarms
from clinics.models import AuditEvent, Clinic
from clinics.tenancy import inside
from tests import make


def staff_lines(clinic: Clinic, number: int, *, minutes_ago: int = 5, **fields: object) -> None:
    given = {"actor_id": 7, "actor_name": "Gil", "kind": "look", "verb": "looked at the record"}
    with inside(clinic.pk):
        AuditEvent.objects.bulk_create(
            AuditEvent(
                clinic=clinic, at=timezone.now() - timedelta(minutes=minutes_ago), target="x",
                actor_kind="staff", patient_id=patient_id, **given | fields,
            )
            for patient_id in range(1, number + 1)
        )  # fmt: skip


def alarms(clinic: Clinic) -> list[tuple]:
    raise_alarms(clinic.pk, at=timezone.now())
    with inside(clinic.pk):
        found = audit_alarms.last_alarms(clinic, at=timezone.now())
    return [(line.verb, line.detail["person"], line.detail["count"]) for line in found]


def test_many_records_in_an_hour_raise_one_alarm(clinic):
    staff_lines(clinic, MOST_PATIENTS)
    staff_lines(clinic, MOST_PATIENTS)  # the same patients again
    assert alarms(clinic) == []
    staff_lines(clinic, MOST_PATIENTS + 1)
    expected = [("opened many records in an hour", "Gil", MOST_PATIENTS + 1)]
    assert alarms(clinic) == expected
    assert alarms(clinic) == expected  # not again within the hour


def test_what_is_longer_ago_or_of_several_people_is_not_unusual(clinic):
    staff_lines(clinic, MOST_PATIENTS + 1, minutes_ago=61)
    staff_lines(clinic, MOST_PATIENTS)
    staff_lines(clinic, MOST_PATIENTS, actor_id=8)
    assert alarms(clinic) == []


def test_many_refusals_raise_an_alarm(clinic):
    staff_lines(clinic, MOST_REFUSALS + 1, kind="refused", verb="was refused")
    assert alarms(clinic) == [("was refused many times in an hour", "Gil", MOST_REFUSALS + 1)]


def test_many_wrong_passwords_raise_an_alarm(clinic):
    dana = make.user(name="Dana")
    make.member(user=dana, of=clinic)
    for _ in range(MOST_FAILURES + 1):
        sign_ins.note_failure(dana)
    expected = ("failed to sign in many times in an hour", "Dana", MOST_FAILURES + 1)
    assert alarms(clinic) == [expected]


def test_an_alarm_stays_in_its_own_clinic(clinic, other_clinic):
    staff_lines(clinic, MOST_PATIENTS + 1)
    assert alarms(other_clinic) == []


def test_admins_see_the_alarms_above_the_trail(admin, clinic):
    staff_lines(clinic, MOST_PATIENTS + 1)
    alarms(clinic)
    page = admin.get(reverse("clinics:audit")).content.decode().partition("<tbody>")[0]
    assert "opened many records in an hour" in page


@pytest.mark.django_db
def test_the_command_watches_every_clinic(clinic, other_clinic, capsys):
    staff_lines(clinic, MOST_PATIENTS + 1)
    staff_lines(other_clinic, MOST_PATIENTS + 1)
    call_command("watch_audit_trail")
    assert "2 alarms raised." in capsys.readouterr().out
