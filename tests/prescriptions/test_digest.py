"""E-mails to staff: once for each local day or week, with counts and links and nothing else."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail import get_connection
from django.db import IntegrityError, transaction
from django.urls import reverse

from clinics import actions as clinic_actions
from clinics.models import Membership
from prescriptions import digest, tasks
from prescriptions.models import Digest, DigestChoice, HowOften
from prescriptions.models.digests import HELD_FOR, MOST_TRIES
from tests import make
from tests.clinics.test_sign_in import mailbox
from tests.make import inside
from tests.prescriptions.conftest import words

__all__ = ["mailbox"]

MONDAY = datetime(2026, 5, 18, 11, 30, tzinfo=UTC)  # half past seven in New York
DAY = timedelta(days=1)
WORD = "Xylophone"


@pytest.fixture
def member(clinic):
    """Somebody of the clinic who wants an e-mail each morning."""
    user = make.user(name="Dana", email="dana@example.org")
    make.member(user=user, of=clinic)
    want(user, clinic, HowOften.DAY)
    return user


def want(user, clinic, how_often):
    with inside(clinic.pk):
        digest.choose(clinic=clinic, how_often=how_often, by=user, at=MONDAY)


def run() -> None:
    """What the worker does, every ten minutes."""
    tasks.tell_staff(timestamp=0)


def rows(clinic) -> list[tuple]:
    with inside(clinic.pk):
        found = Digest.objects.of(clinic).order_by("pk")
        return [(one.how_often, f"{one.on_day}", one.sent_at is not None) for one in found]


@pytest.mark.parametrize(
    ("local", "number"),
    [
        pytest.param(-31, 0, id="06:59"),
        pytest.param(-30, 1, id="07:00"),
        pytest.param(11 * 60 + 29, 1, id="18:59"),
        pytest.param(11 * 60 + 30, 0, id="19:00"),
    ],
)
def test_it_comes_at_a_sensible_hour_of_the_clinic(clinic, member, clock, local, number):
    clock(MONDAY + timedelta(minutes=local))
    run()
    assert len(mail.outbox) == number


def test_each_day_has_one_however_often_the_worker_runs(clinic, member, clock):
    for minutes in (0, 10, 20, 24 * 60, 24 * 60 + 10):
        clock(MONDAY + timedelta(minutes=minutes))
        run()
    assert rows(clinic) == [("day", "2026-05-18", True), ("day", "2026-05-19", True)]
    assert [message.to for message in mail.outbox] == [["dana@example.org"]] * 2


def test_days_are_the_clinics_own_where_the_clock_changes(clinic, member, clock):
    """In New York the clock goes back on 1 November: 11:30 UTC is half past six then."""
    for day, hour in ((30, 11), (31, 11)):
        clock(datetime(2026, 10, day, hour, 30, tzinfo=UTC))
        run()
    for hour in (11, 12):
        clock(datetime(2026, 11, 1, hour, 30, tzinfo=UTC))
        run()
    assert [day for _, day, _ in rows(clinic)] == ["2026-10-30", "2026-10-31", "2026-11-01"]


def test_a_week_comes_on_mondays(clinic, member, clock):
    want(member, clinic, HowOften.WEEK)
    for days in range(8):
        clock(MONDAY + days * DAY)
        run()
    assert [day for _, day, _ in rows(clinic)] == ["2026-05-18", "2026-05-25"]
    assert [message.subject for message in mail.outbox] == ["Bearing: what waits this week"] * 2


def test_nobody_gets_one_who_did_not_choose_it_or_does_not_work_here(clinic, member, clock):
    clock(MONDAY)
    with inside(clinic.pk):
        membership = Membership.objects.of(clinic).of_user(member).get()
        clinic_actions.end_membership(membership=membership, by=make.founder(clinic))
    run()
    want(member, clinic, HowOften.NEVER)
    run()
    assert (rows(clinic), mail.outbox) == ([], [])


def test_somebody_who_left_after_it_was_written_gets_none(clinic, member, clock):
    clock(MONDAY)
    digest.write_due(clinic.pk)
    with inside(clinic.pk):
        membership = Membership.objects.of(clinic).of_user(member).get()
        clinic_actions.end_membership(membership=membership, by=make.founder(clinic))
    run()
    assert mail.outbox == []


def test_it_holds_counts_and_links_and_no_word_of_anybody(clinic, member, clock):
    patient = make.patient(of=clinic, name=f"{WORD} Ruiz", therapist=member)
    edition = make.edition(of=patient)
    make.alarming_log(of=edition, comment=WORD, done_at=datetime(2026, 5, 20, 15, tzinfo=UTC))
    make.message(of=patient, text=WORD)
    make.log(of=make.edition(of=make.patient(of=clinic)))
    clock(datetime(2026, 5, 21, 12, tzinfo=UTC))
    run()
    (message,) = mail.outbox
    assert message.subject == "Bearing: what waits today"
    said = f"{message.subject} {message.body}"
    for word in (WORD, "Ruiz", "pain", "stretch", "Pelvic"):
        assert word.lower() not in said.lower()
    assert "Open alerts: 1 / 1" in said
    assert "by patients: 1 / 1" in said
    assert "Programmes to review: 0 / 0" in said
    assert "Sessions logged yesterday: 1 / 2" in said
    assert reverse("prescriptions:alerts") in said


def test_a_week_counts_seven_days(clinic, member, clock):
    patient = make.patient(of=clinic)
    edition = make.edition(of=patient)
    monday = datetime(2026, 6, 1, 12, tzinfo=UTC)
    for days in (0, 1, 7, 8):
        make.log(of=edition, done_at=monday - days * DAY)
    with inside(clinic.pk):
        found = digest.counts(
            clinic, member, first=(monday - 7 * DAY).date(), last=(monday - DAY).date()
        )
    assert found["sessions"] == (0, 2)


# The last hop.


def test_it_goes_over_smtp_under_a_key_that_never_changes(clinic, member, clock, mailbox):
    clock(MONDAY)
    run()
    with inside(clinic.pk):
        Digest.objects.of(clinic).update(sent_at=None, held_at=None)
    run()
    first, second = mailbox.messages
    assert first["To"] == "dana@example.org"
    assert first["Message-ID"] == second["Message-ID"]
    assert "Open alerts: 0 / 0" in first.get_content()


def test_one_that_fails_is_tried_again_later_and_then_given_up(clinic, member, clock, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 9, False
    for tries in range(MOST_TRIES + 2):
        clock(MONDAY + tries * (HELD_FOR + timedelta(seconds=1)))
        run()
        with inside(clinic.pk):
            assert Digest.objects.of(clinic).get().tries == min(tries + 1, MOST_TRIES)
    assert rows(clinic) == [("day", "2026-05-18", False)]


def test_one_that_is_being_sent_is_left_alone(clinic, member, clock):
    clock(MONDAY)
    digest.write_due(clinic.pk)
    with inside(clinic.pk):
        Digest.objects.of(clinic).update(held_at=MONDAY, tries=1)
    assert not digest.send_one(clinic.pk, get_connection())
    clock(MONDAY + HELD_FOR + timedelta(seconds=1))
    assert digest.send_one(clinic.pk, get_connection())
    assert len(mail.outbox) == 1


def test_a_clinic_that_fails_does_not_silence_the_others(
    clinic, member, other_clinic, clock, monkeypatch
):
    clock(MONDAY)
    write_due = digest.write_due

    def fails_elsewhere(clinic_id: int) -> None:
        if clinic_id != clinic.pk:
            raise RuntimeError
        write_due(clinic_id)

    monkeypatch.setattr(digest, "write_due", fails_elsewhere)
    run()
    assert len(mail.outbox) == 1


def test_the_database_keeps_one_for_each_person_and_period(clinic, member):
    once = {"clinic": clinic, "user": member, "how_often": "day", "on_day": MONDAY.date()}
    with inside(clinic.pk):
        Digest.objects.create(**once)
        with pytest.raises(IntegrityError, match="digest_once"), transaction.atomic():
            Digest.objects.create(**once)


# The choice.


def test_a_member_chooses_for_one_clinic(clinic, therapist):
    address = reverse("prescriptions:digest")
    page = therapist.get(address)
    assert page.context["form"]["how_often"].value() is HowOften.NEVER
    assert therapist.post(address, {"how_often": "week"}).status_code == 302
    assert therapist.get(address).context["form"]["how_often"].value() is HowOften.WEEK
    assert "names no patient" in words(page)
    therapist.post(address, {"how_often": f"{uuid4()}"})
    with inside(clinic.pk):
        assert DigestChoice.objects.of(clinic).get().how_often == "week"
