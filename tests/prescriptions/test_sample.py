"""The sample clinic is believable, the same everywhere, and made whole or not at all."""

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from io import StringIO
from statistics import mean
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEvent, Clinic, Membership, User
from clinics.tenancy import inside, known_as
from patients import actions as patient_actions
from patients.models import Device, Invitation, Note, Patient
from prescriptions import actions, checks
from prescriptions.models import (
    Moment,
    Outcome,
    Prescription,
    PrescriptionEdition,
    SessionLog,
)
from prescriptions.sample import clinic as sample
from prescriptions.sample import staff
from prescriptions.sample.courses import Line, dose
from prescriptions.sample.story import PEOPLE, story
from tests import make
from tests.programme import planned

ZONE = ZoneInfo(staff.TIME_ZONE)
TODAY = date(2026, 5, 20)
# A whole week, both changes of clock, and a day that few years have.
DAYS = [
    *(TODAY + timedelta(days=ahead) for ahead in range(7)),
    date(2026, 3, 9),
    date(2026, 11, 2),
    date(2028, 2, 29),
]
CATALOGUE = {record.code: record for record in make.catalogue_files()}
PROGRAMMES = [
    pytest.param(visit.programme, id=f"{person.record_number}, {visit.days_ago} days ago")
    for person in PEOPLE
    for visit in person.visits
    if visit.programme
]
any_day = pytest.mark.parametrize("today", DAYS, ids=str)


def sessions(told):
    return [session for chapter in told.chapters for session in chapter.sessions]


def loggers(today):
    """Everybody who has logged, with their sessions."""
    return [(told, sessions(told)) for told in story(today) if sessions(told)]


def programmes_in_force(told):
    """The published programmes with their first days; an empty one when the course ended."""
    return [
        (chapter.starts_on, chapter.visit.programme)
        for chapter in told.chapters
        if chapter.visit.ends_because or (chapter.visit.programme and not chapter.visit.is_draft)
    ]


def lines_on(told, day):
    begun = [lines for starts_on, lines in programmes_in_force(told) if starts_on <= day]
    return begun[-1] if begun else ()


def number_planned(told, last_day):
    """Sessions that the programmes ask for until this day, with it."""
    first_day = told.chapters[0].starts_on
    days = [first_day + timedelta(days=ahead) for ahead in range((last_day - first_day).days + 1)]
    return sum(
        max(
            line.dosage.times_per_day if day.isoweekday() in line.weekdays else 0
            for line in lines_on(told, day)
        )
        for day in days
    )


def mean_pain(some):
    entries = [entry for session in some for entry in session.entries]
    return mean(pain for entry in entries for pain in entry.pain.values() if pain is not None)


# The story: plain Python.


@any_day
def test_the_same_day_tells_the_same_story(today):
    assert story(today) == story(today)


def test_the_story_is_the_same_on_every_machine():
    everything = [session for told in story(TODAY) for session in sessions(told)]
    assert len(everything) == 935
    assert str(everything[0].client_uuid) == "8d67028a-3371-475c-9e53-9f5787365701"
    assert everything[-1].done_at == datetime(2026, 5, 19, 21, 42, 3, tzinfo=ZONE)


def test_there_are_twelve_patients_with_names_of_many_scripts():
    assert len({person.name for person in PEOPLE}) == 12
    assert len({person.record_number for person in PEOPLE}) == 12
    assert {"ñ", "ل", "陈", "О", "श", "김"} <= {char for person in PEOPLE for char in person.name}
    assert max(len(person.name) for person in PEOPLE) > 80


@any_day
def test_ten_log_for_eight_weeks_and_never_after_yesterday(today):
    assert len(loggers(today)) == 10
    for told, done in loggers(today):
        days = [session.done_at.date() for session in done]
        assert (days[-1] - days[0]).days + 1 >= 56, told.person.name
        assert days[-1] < today


@any_day
def test_most_of_what_is_planned_is_logged_and_some_of_it_is_missed(today):
    for told, done in loggers(today):
        share = len(done) / number_planned(told, done[-1].done_at.date())
        assert 0.6 <= share <= 0.95, told.person.name


@any_day
def test_each_session_is_of_the_programme_in_force_on_its_day(today):
    for told, _ in loggers(today):
        for chapter in told.chapters:
            for session in chapter.sessions:
                day = session.done_at.date()
                planned = [
                    place
                    for place, line in enumerate(lines_on(told, day))
                    if day.isoweekday() in line.weekdays
                ]
                assert {entry.place for entry in session.entries} <= set(planned)


@any_day
def test_one_stopped_logging_two_weeks_ago_and_the_others_go_on_until_they_end(today):
    silent_for = {
        told.person.name: (today - done[-1].done_at.date()).days
        for told, done in loggers(today)
        if not told.chapters[-1].visit.ends_because
    }
    assert sum(days >= 14 for days in silent_for.values()) == 1
    assert sum(days <= 5 for days in silent_for.values()) == 8


@any_day
def test_visits_are_on_working_days_one_after_the_other(today):
    for told in story(today):
        days = [chapter.at.date() for chapter in told.chapters]
        assert days == sorted(set(days))
        assert all(day.isoweekday() <= 5 and day < today for day in days)
        assert all(chapter.review_on >= chapter.starts_on for chapter in told.chapters)


@any_day
def test_sessions_are_at_waking_hours_one_after_the_other(today):
    for _, done in loggers(today):
        moments = [session.done_at for session in done]
        assert moments == sorted(moments)
        assert all(time(6) < moment.time() < time(23) for moment in moments)


@any_day
def test_nobody_bends_far_forward_soon_after_getting_up(today):
    for told, done in loggers(today):
        for session in done:
            lines = lines_on(told, session.done_at.date())
            codes = {lines[entry.place].code for entry in session.entries}
            assert not codes & {"FIL", "KLF"} or session.done_at.time() > time(9)


@any_day
def test_pain_goes_down_for_most_stays_for_two_and_goes_up_for_one(today):
    trends = [
        mean_pain(done[-len(done) // 4 :]) - mean_pain(done[: len(done) // 4])
        for _, done in loggers(today)
    ]
    assert sum(trend < -1 for trend in trends) >= 6
    assert sum(abs(trend) <= 0.6 for trend in trends) >= 2
    assert sum(trend > 1 for trend in trends) == 1


def test_there_are_answers_of_every_kind():
    entries = [entry for _, done in loggers(TODAY) for session in done for entry in session.entries]
    asked = [entry for entry in entries if entry.outcome is not Outcome.NO]
    assert {entry.outcome for entry in entries} == set(Outcome)
    assert all(not entry.pain for entry in entries if entry.outcome is Outcome.NO)
    assert all(set(entry.pain) == set(Moment) for entry in asked)
    assert {None, 0, 5} <= {pain for entry in asked for pain in entry.pain.values()}


@any_day
def test_every_word_of_the_patients_is_told(today):
    for told, done in loggers(today):
        said = {entry.comment for session in done for entry in session.entries}
        assert {remark.words for remark in told.person.habits.remarks} <= said


# What is prescribed agrees with the catalogue.


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_doses_are_within_what_the_catalogue_states(programme):
    for line in programme:
        assert CATALOGUE[line.code].dose_range.outside(line.dosage) == ()


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_no_check_finds_anything_in_a_healthy_person(programme):
    healthy = checks.Record(today=TODAY, screened_on=TODAY)
    found = checks.check(
        [planned(line.code, hold_seconds=line.dosage.hold_seconds) for line in programme], healthy
    )
    assert found == [[] for _ in programme]


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_press_ups_are_never_held_and_follow_the_knees_to_chest_at_once(programme):
    codes = [line.code for line in programme]
    assert all(line.dosage.hold_seconds == 0 for line in programme if line.code == "REIL")
    assert all(codes[place + 1] == "REIL" for place, code in enumerate(codes) if code == "FIL")


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.record_number)
def test_every_change_has_its_reason_and_every_session_its_time_of_day(person):
    programmes = [visit for visit in person.visits if visit.programme]
    assert all(visit.reason for visit in programmes[1:])
    most = max(line.dosage.times_per_day for visit in programmes for line in visit.programme)
    assert person.habits is None or len(person.habits.times) >= most


# The command. These come before `made`, because they make a clinic of their own.


def run() -> str:
    said = StringIO()
    call_command("sample_clinic", stdout=said)
    return said.getvalue()


def link_in(said: str) -> str:
    return re.search(r"http://127\.0\.0\.1:8000(/my/enter/\S+/)", said)[1]


@pytest.fixture
def short_story(monkeypatch):
    """One patient is enough to see whether there is a clinic."""
    monkeypatch.setattr(sample, "story", lambda today: story(today)[:1])


@pytest.mark.django_db
def test_running_it_twice_makes_one_clinic_and_a_new_link(short_story):
    first, second = run(), run()
    admin = User.objects.get(email=staff.RUTH.email)
    with known_as(admin.pk):
        assert Membership.objects.count() == 1
    with inside(sample.find()):
        assert Patient.objects.count() == 1
    assert Client().get(link_in(first)).status_code == 404
    assert Client().get(link_in(second)).status_code == 200


@pytest.mark.django_db
def test_it_is_made_until_yesterday_of_the_clinics_own_calendar(short_story, monkeypatch):
    late_in_new_york = datetime(2026, 5, 20, 22, 0, tzinfo=ZONE)
    monkeypatch.setattr(timezone, "now", lambda: late_in_new_york)
    run()
    with inside(sample.find()):
        newest = SessionLog.objects.newest_first()[0]
    assert newest.local_date == date(2026, 5, 19)


@pytest.mark.django_db
def test_an_interruption_leaves_nothing_behind(monkeypatch):
    def interrupt(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(actions, "record_session", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert sample.find() is None
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_catalogue_that_lacks_an_exercise_is_named(monkeypatch):
    visit = replace(PEOPLE[0].visits[0], programme=(Line("MISSING", dose(1, times=1), "note"),))
    monkeypatch.setattr(sample, "PEOPLE", [replace(PEOPLE[0], visits=(visit,))])
    with pytest.raises(CommandError, match=r"load_catalogue .*MISSING"):
        run()
    assert sample.find() is None


@pytest.mark.django_db
def test_a_real_site_gets_no_sample(settings):
    settings.IS_HTTPS = True
    with pytest.raises(CommandError, match="real site"):
        run()
    assert sample.find() is None


# The whole clinic, made once for the tests below.


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield sample.make(today=TODAY)
        transaction.set_rollback(True)


@pytest.fixture
def ours(made, db):
    with inside(made):
        yield Clinic.objects.get(pk=made)


def test_the_staff_are_an_admin_two_therapists_and_an_assistant(ours):
    roles = Membership.objects.of(ours).active().values_list("role", flat=True)
    assert sorted(roles) == ["admin", "assistant", "therapist", "therapist"]


def test_each_patient_has_a_therapist_in_charge_and_notes(ours):
    patients = Patient.objects.of(ours).active()
    assert len(patients) == 12
    assert len({patient.therapist_id for patient in patients}) == 2
    assert set(Note.objects.of(ours).values_list("patient", flat=True)) == {
        patient.pk for patient in patients
    }


def test_each_patient_has_one_to_four_published_editions(ours):
    for told in story(TODAY):
        patient = Patient.objects.of(ours).get(record_number=told.person.record_number)
        editions = PrescriptionEdition.objects.of_patient(patient).published()
        programmes = [lines for _, lines in programmes_in_force(told) if lines]
        assert [edition.number for edition in editions.order_by("number")] == list(
            range(1, len(programmes) + 1)
        )
        assert 1 <= len(programmes) <= 4
    numbers = PrescriptionEdition.objects.of(ours).published().values_list("number", flat=True)
    assert set(numbers) == {1, 2, 3, 4}


def test_one_draft_is_open_and_one_course_has_ended(ours):
    assert PrescriptionEdition.objects.of(ours).drafts().count() == 1
    assert Prescription.objects.of(ours).exclude(ended_on=None).count() == 1


def test_one_has_opened_the_portal_and_never_logged_and_one_has_only_the_link(ours):
    silent = Patient.objects.of(ours).filter(last_logged_at=None)
    assert len(silent) == 2
    with_device = set(Device.objects.of(ours).active().values_list("patient", flat=True))
    (link_only,) = (patient for patient in silent if patient.pk not in with_device)
    assert len(with_device) == 11
    assert Invitation.objects.of_patient(link_only).not_used().count() == 1


def test_every_session_of_the_story_is_stored_on_the_days_of_its_edition(ours):
    logs = SessionLog.objects.of(ours).select_related("edition__prescription").with_entries()
    assert len(logs) == sum(len(done) for _, done in loggers(TODAY))
    editions = list(PrescriptionEdition.objects.of(ours).published())
    for log in logs:
        later = [
            found.starts_on
            for found in editions
            if found.prescription_id == log.edition.prescription_id
            and found.number > log.edition.number
        ]
        assert log.edition.starts_on <= log.local_date < min([TODAY, *later])
        assert log.edition.is_open_on(log.local_date)
        assert log.local_date == log.done_at.astimezone(ZONE).date()
        assert log.entries.all()


def test_the_newest_log_of_each_patient_is_on_the_record(ours):
    for patient in Patient.objects.of(ours).exclude(last_logged_at=None):
        newest = SessionLog.objects.of_patient(patient).newest_first()[0]
        assert patient.last_logged_at == newest.done_at
        assert Device.objects.of_patient(patient).get().last_seen_at <= newest.done_at


def test_the_audit_trail_knows_who_did_what(ours):
    verbs = set(AuditEvent.objects.of(ours).values_list("actor_kind", "verb"))
    assert ("patient", "logged a session") in verbs
    assert ("staff", "published an edition") in verbs
    assert not {kind for kind, verb in verbs if verb == "logged a session"} - {"patient"}


@pytest.mark.django_db
@pytest.mark.parametrize("colleague", [staff.RUTH, staff.ANNA], ids=lambda one: str(one.role))
def test_what_it_prints_signs_a_colleague_in(made, colleague):
    said = run()
    assert f"{colleague.email} / {staff.PASSWORD}" in said
    browser = Client()
    fields = {"login": colleague.email, "password": staff.PASSWORD}
    assert browser.post(reverse("account_login"), fields).url == reverse("mfa_authenticate")
    code = re.search(rf"{colleague.email} / .+\n.+ each once: (\d+)", said)[1]
    assert browser.post(reverse("mfa_authenticate"), {"code": code}).url == reverse("home")
    assert browser.get(reverse("home")).status_code == 200


@pytest.mark.django_db
def test_what_it_prints_opens_the_portal_of_the_named_patient(made):
    said = run()
    assert PEOPLE[0].name in said
    assert "all invented" in said
    browser = Client()
    assert browser.get(link_in(said)).status_code == 200
    browser.post(link_in(said))
    assert browser.get(reverse("portal:today")).status_code == 200


@pytest.mark.django_db
def test_it_says_so_when_a_colleague_has_chosen_another_password(made):
    anna = User.objects.get(email=staff.ANNA.email)
    anna.set_password("another of my own")
    anna.save()
    said = run()
    assert f"{staff.ANNA.email} / the password you have set" in said
    assert f"{staff.RUTH.email} / {staff.PASSWORD}" in said


@pytest.mark.django_db
def test_who_is_archived_is_not_invited(made):
    with inside(made):
        for patient in Patient.objects.order_by("pk")[:1]:
            patient_actions.archive(patient=patient, at=timezone.now(), by=patient.therapist)
    assert PEOPLE[1].name in run()
    with inside(made):
        for patient in Patient.objects.active():
            patient_actions.archive(patient=patient, at=timezone.now(), by=patient.therapist)
    assert "every sample patient has been archived" in run()
