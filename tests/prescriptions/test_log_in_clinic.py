"""A session that was done in the clinic, written down by whoever was there."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEvent
from clinics.tenancy import inside
from patients import actions as patient_actions
from prescriptions import actions
from prescriptions.models import (
    Alert,
    EntryResponse,
    FollowUp,
    Moment,
    Outcome,
    Pause,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from prescriptions.timeline import story_of
from tests import make


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def edition(clinic):
    """Two exercises, open since a while ago."""
    patient = make.patient(of=clinic, name="Pat Lee")
    published = make.edition(of=patient, lines=[make.line("TILT"), make.line("FIL")])
    with inside(clinic.pk):
        return PrescriptionEdition.objects.with_patient().with_lines().get(pk=published.pk)


def address(edition) -> str:
    return reverse("prescriptions:log_in_clinic", args=[edition.pk])


def typed(edition, now, **changes) -> dict:
    """The first exercise done, with pain 4, 5 and 3; the second left out."""
    here = now.astimezone(edition.patient.clinic.zone) - timedelta(minutes=1)
    first, second = edition.lines.all()
    given = {
        "client_uuid": str(uuid4()),
        "day": f"{here:%Y-%m-%d}",
        "at": f"{here:%H:%M}",
        f"line{first.pk}-outcome": "done",
        f"line{first.pk}-pain_before": "4",
        f"line{first.pk}-pain_during": "5",
        f"line{first.pk}-pain_after": "3",
        f"line{first.pk}-comment": "Slower than last time.",
        f"line{second.pk}-outcome": "",
    }
    renamed = {
        name.replace("first", f"line{first.pk}").replace("second", f"line{second.pk}"): value
        for name, value in changes.items()
    }
    return given | renamed


def logs(clinic) -> list[SessionLog]:
    with inside(clinic.pk):
        return list(SessionLog.objects.of(clinic).with_writers().order_by("pk"))


def entries(clinic) -> list[SessionEntry]:
    with inside(clinic.pk):
        return list(SessionEntry.objects.of(clinic).order_by("pk"))


@pytest.mark.parametrize("who", ["admin", "therapist", "assistant"])
def test_whoever_was_there_writes_it_down(request, clinic, edition, now, who):
    client = request.getfixturevalue(who)
    assert client.get(address(edition)).status_code == 200
    assert client.post(address(edition), typed(edition, now))["Location"] == reverse(
        "patient", args=[edition.patient_id]
    )
    (log,) = logs(clinic)
    assert (log.entered_by, log.patient_id) == (client.user, edition.patient_id)
    (entry,) = entries(clinic)
    assert (entry.outcome, entry.comment) == ("done", "Slower than last time.")
    assert [entry.pain(moment) for moment in Moment] == [4, 5, 3]


def test_a_stranger_and_an_operator_write_nothing(clinic, stranger, edition, now):
    assert stranger.get(address(edition)).status_code == 404
    assert stranger.post(address(edition), typed(edition, now)).status_code == 404
    assert logs(clinic) == []


def test_an_assistant_logs_and_does_not_prescribe(assistant, edition):
    page = assistant.get(reverse("patient", args=[edition.patient_id])).content.decode()
    assert address(edition) in page
    start = reverse("prescriptions:start", args=[edition.patient_id])
    assert start not in page
    assert assistant.post(start).status_code == 403


def test_it_shows_as_done_here_and_by_whom(assistant, clinic, edition, now):
    make.log(of=edition, done_at=now)
    assistant.post(address(edition), typed(edition, now))
    page = assistant.get(reverse("patient", args=[edition.patient_id])).content.decode()
    assert page.count("In the clinic") == 1
    assert "by <bdi>Assistant</bdi>" in page
    with inside(clinic.pk):
        edition.patient.refresh_from_db()
        story = story_of(edition.patient, until=edition.patient.local_date(now))
    told = [(one.title, one.by) for day in story.days for one in day.happenings]
    assert ("Log in the clinic: 1 of 1 done", "Assistant") in told
    assert ("Home log: 2 of 2 done", "") in told


def test_the_trail_says_that_staff_wrote_it(assistant, clinic, edition, now):
    assistant.post(address(edition), typed(edition, now))
    with inside(clinic.pk):
        line = AuditEvent.objects.of(clinic).latest("pk")
    assert (line.actor_name, line.actor_kind) == ("Assistant", "staff")
    assert line.verb == "logged a session in the clinic"
    assert line.patient_id == edition.patient_id


# Once


def test_a_session_is_stored_once_however_often_it_is_sent(assistant, clinic, edition, now):
    given = typed(edition, now)
    for _ in range(3):
        assistant.post(address(edition), given)
    assert len(logs(clinic)) == 1


def test_other_answers_under_the_same_key_are_not_stored(assistant, clinic, edition, now):
    given = typed(edition, now)
    assistant.post(address(edition), given)
    changed = typed(edition, now, **{"client_uuid": given["client_uuid"], "first-outcome": "part"})
    page = assistant.post(address(edition), changed, follow=True).content.decode()
    assert "saved already, with other answers" in page
    assert [entry.outcome for entry in entries(clinic)] == ["done"]


# What follows from it is the same as from a phone


def test_a_session_after_which_it_was_worse_pauses_alerts_and_asks_again(
    assistant, clinic, edition, now
):
    worse = {"first-pain_before": "2", "first-pain_during": "8", "first-pain_after": "9"}
    assistant.post(address(edition), typed(edition, now, **worse))
    with inside(clinic.pk):
        here = {
            kind.__name__: kind.objects.of(clinic).count()
            for kind in (EntryResponse, Pause, Alert, FollowUp)
        }
    from_a_phone = as_from_a_phone(now)
    assert here == from_a_phone
    assert here["EntryResponse"] == 1
    assert here["Alert"] >= 1


def as_from_a_phone(now) -> dict[str, int]:
    """What the same answers lead to when the patient of another clinic sends them."""
    clinic = make.clinic()
    patient = make.patient(of=clinic)
    edition = make.edition(of=patient, lines=[make.line("TILT"), make.line("FIL")])
    pain = {Moment.BEFORE: 2, Moment.DURING: 8, Moment.AFTER: 9}
    with inside(clinic.pk):
        first = edition.lines.all()[0]
        actions.record_session(
            edition=edition,
            entries=[actions.EntryReport(first.pk, Outcome.DONE, None, pain)],
            client_uuid=uuid4(),
            done_at=now,
            received_at=now,
            by=patient,
        )
        return {
            kind.__name__: kind.objects.of(clinic).count()
            for kind in (EntryResponse, Pause, Alert, FollowUp)
        }


def test_a_late_entry_by_staff_is_not_called_sent_later(assistant, clinic, edition, now):
    yesterday = now.astimezone(clinic.zone) - timedelta(days=1)
    given = {"day": f"{yesterday:%Y-%m-%d}", "at": "09:05"}
    assistant.post(address(edition), typed(edition, now, **given))
    (log,) = logs(clinic)
    assert f"{log.done_at.astimezone(clinic.zone):%Y-%m-%d %H:%M}" == f"{yesterday:%Y-%m-%d} 09:05"
    assert not log.is_late


# What is refused


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        pytest.param({"day": "2999-01-01"}, "day", "future", id="a day to come"),
        pytest.param({"day": "2020-01-01"}, "day", "last seven days", id="a day long ago"),
        pytest.param({"day": "soon"}, "day", "Write the date", id="no day"),
        pytest.param({"at": "25:00"}, "at", "valid time", id="no time"),
        pytest.param({"at": ""}, "at", "required", id="no time given"),
    ],
)
def test_a_moment_that_cannot_be_is_refused(
    assistant, clinic, edition, now, changes, field, message
):
    page = assistant.post(address(edition), typed(edition, now, **changes))
    assert message in " ".join(page.context["when"].errors[field])
    assert logs(clinic) == []


def test_a_time_later_today_is_refused(assistant, clinic, edition, now):
    later = now.astimezone(clinic.zone) + timedelta(minutes=2)
    given = {"day": f"{later:%Y-%m-%d}", "at": f"{later:%H:%M}"}
    page = assistant.post(address(edition), typed(edition, now, **given))
    assert page.context["when"].errors
    assert logs(clinic) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"first-outcome": "maybe"}, id="no such outcome"),
        pytest.param({"first-pain_after": "11"}, id="more pain than there is"),
        pytest.param({"first-pain_after": "-1"}, id="less than none"),
        pytest.param({"first-why_not": "lazy"}, id="no such reason"),
        pytest.param({"first-comment": "x" * 501}, id="too long"),
        pytest.param({"first-outcome": ""}, id="answers without how it went"),
        pytest.param({"client_uuid": "1"}, id="no key"),
    ],
)
def test_answers_that_cannot_be_are_refused(assistant, clinic, edition, now, changes):
    assert assistant.post(address(edition), typed(edition, now, **changes)).status_code == 200
    assert logs(clinic) == []


def test_nothing_done_is_no_session(assistant, clinic, edition, now):
    first = edition.lines.all()[0]
    given = {
        name: value for name, value in typed(edition, now).items() if f"{first.pk}-" not in name
    }
    assert "Nothing was done yet" in assistant.post(address(edition), given).content.decode()
    assert logs(clinic) == []


def test_further_fields_change_nothing(assistant, clinic, other_clinic, edition, now):
    extra = {"entered_by": "1", "patient": "1", "clinic": other_clinic.pk, "received_at": "x"}
    assistant.post(address(edition), typed(edition, now) | extra)
    (log,) = logs(clinic)
    assert log.entered_by == assistant.user


def test_while_a_red_flag_is_open_nothing_is_logged(assistant, clinic, edition, now):
    make.flag(of=edition.patient)
    response = assistant.post(address(edition), typed(edition, now))
    assert response["Location"] == reverse("patients:direction", args=[edition.patient_id])
    assert logs(clinic) == []


def test_what_is_paused_is_not_offered(assistant, clinic, edition, now):
    worse = {"first-pain_before": "2", "first-pain_during": "8", "first-pain_after": "9"}
    assistant.post(address(edition), typed(edition, now, **worse))
    first = edition.lines.all()[0]
    page = assistant.get(address(edition)).content.decode()
    assert f"line{first.pk}-outcome" not in page
    assert "What is paused is not listed" in page


def test_drafts_and_archived_patients_are_not_logged(assistant, clinic, edition, now):
    draft = make.draft(of=make.patient(of=clinic))
    assert assistant.get(address(draft)).status_code == 404
    with inside(clinic.pk):
        patient_actions.archive(patient=edition.patient, at=now, by=make.founder(clinic))
    assert assistant.post(address(edition), typed(edition, now)).status_code == 404
    assert logs(clinic) == []


def test_a_phone_does_not_write_in_the_name_of_staff(clinic, edition, now):
    founder = make.founder(clinic)
    row = {
        "clinic_id": clinic.pk,
        "patient": edition.patient,
        "edition": edition,
        "digest": "x",
        "done_at": now,
        "local_date": now.date(),
    }
    with inside(clinic.pk, patient_id=edition.patient_id):
        SessionLog.objects.create(**row, client_uuid=uuid4())
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        inside(clinic.pk, patient_id=edition.patient_id),
    ):
        SessionLog.objects.create(**row, client_uuid=uuid4(), entered_by=founder)
