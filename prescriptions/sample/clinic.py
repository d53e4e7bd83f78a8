"""Tells the story of the sample clinic to the database, by the actions that the pages use."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db import transaction

from clinics import actions as clinic_actions
from clinics import tenancy
from clinics.models import Clinic, Membership, User
from exercises.models import Exercise
from exercises.vocabulary import Side
from patients import actions as patient_actions
from patients import assessments
from patients.models import Device, Episode, Patient
from prescriptions import actions, checks, facts
from prescriptions.checks import Needed
from prescriptions.models import PrescribedExercise, PrescriptionEdition
from prescriptions.sample import measured, staff
from prescriptions.sample.courses import Colleague, Line, Person
from prescriptions.sample.story import PEOPLE, ZONE, Chapter, PatientStory, Session, story

OPENS_THE_LINK_AFTER = timedelta(hours=3)


class CatalogueMissing(Exception):
    """The shared catalogue does not hold every exercise that the story needs."""


class Invited(NamedTuple):
    patient: Patient
    token: str


class _World(NamedTuple):
    """Whom and what the story speaks of, as the database knows them."""

    clinic: Clinic
    users: Mapping[Colleague, User]
    library: Mapping[str, Exercise]


def find() -> int | None:
    """The key of the sample clinic, or None where it was never made."""
    admin = User.objects.filter(email=staff.RUTH.email).first()
    if admin is None:
        return None
    with tenancy.known_as(admin.pk):
        return Membership.objects.of_user(admin).order_by("pk").values_list("clinic", flat=True)[0]


@transaction.atomic
def make(*, today: date) -> int:
    """Make the sample clinic, wholly or not at all. Returns its key; raises CatalogueMissing."""
    users = {
        one: User.objects.create_user(one.email, one.name, staff.PASSWORD)
        for one in staff.COLLEAGUES
    }
    admin = users[staff.RUTH]
    clinic = clinic_actions.open_clinic(
        name=staff.CLINIC_NAME,
        time_zone=staff.TIME_ZONE,
        admin=admin,
        phone=staff.CLINIC_PHONE,
    )
    with tenancy.inside(clinic.pk, user_id=admin.pk):
        for one in staff.COLLEAGUES[1:]:
            clinic_actions.add_member(clinic=clinic, user=users[one], role=one.role, by=admin)
        world = _World(clinic, users, _library())
        for told in story(today):
            _tell(told, world, today)
    return clinic.pk


def invite(*, clinic_id: int, at: datetime) -> Invited | None:
    """A new link for the first patient of the sample who is not archived; None without one."""
    with tenancy.inside(clinic_id):
        patients = Patient.objects.active().filter(clinic=clinic_id)
        patient = patients.with_clinic().order_by("pk").first()
        if patient is None:
            return None
        admin = User.objects.get(email=staff.RUTH.email)
        _, token = patient_actions.invite(patient=patient, at=at, by=admin)
        return Invited(patient, token)


def _library() -> dict[str, Exercise]:
    library = {found.code: found for found in Exercise.objects.shared().published().with_current()}
    lines = [line for one in PEOPLE for visit in one.visits for line in visit.programme]
    if missing := {line.code for line in lines} - library.keys():
        raise CatalogueMissing(", ".join(sorted(missing)))
    return library


def _tell(told: PatientStory, world: _World, today: date) -> None:
    person, chapters = told.person, told.chapters
    therapist = world.users[person.therapist]
    patient = patient_actions.record_patient(
        clinic=world.clinic,
        by=therapist,
        name=person.name,
        birth_date=person.birth_date,
        record_number=person.record_number,
        email=person.email,
        phone=person.phone,
        therapist=therapist,
        created_at=chapters[0].at,
    )
    _begin_the_episode(patient, chapters[0], by=therapist)
    _let_into_the_portal(patient, person, chapters[0].at, by=therapist)
    edition: PrescriptionEdition | None = None
    for chapter in chapters:
        edition = _visit(patient, chapter, edition, world, by=therapist)
        if edition and chapter.sessions:
            _log(patient, edition, chapter.sessions)
    midnight = datetime.combine(today, time(), ZONE)
    measured.tell(patient, first_visit=chapters[0].at, today=midnight, by=therapist)


def _begin_the_episode(patient: Patient, chapter: Chapter, *, by: User) -> None:
    """The complaint is the first sentence of the first note; the safety screen found nothing."""
    episode = assessments.open_episode(
        patient=patient,
        complaint=chapter.visit.note.split(".")[0][:300],
        onset_on=None,
        by=by,
        at=chapter.at,
    )
    assessments.record_screen(episode=episode, answers=[], remark="", by=by, at=chapter.at)


def _assess(patient: Patient, chapter: Chapter, *, by: User) -> None:
    """What was tested and decided at one appointment."""
    visit = chapter.visit
    episode = Episode.objects.of_patient(patient).open().get()
    minutes = patient.clinic.thresholds.settles_within_minutes
    for tested in visit.tested:
        assessments.record_test(
            episode=episode, tested=tested, settles_within=minutes, by=by, at=chapter.at
        )
    if visit.preference:
        assessments.set_preference(
            episode=episode,
            preference=visit.preference,
            reason="Tested today.",
            by=by,
            at=chapter.at,
        )
    if visit.phase:
        assessments.change_phase(
            episode=episode, phase=visit.phase, reason=visit.reason, by=by, at=chapter.at
        )


def _let_into_the_portal(patient: Patient, person: Person, at: datetime, *, by: User) -> None:
    _, token = patient_actions.invite(patient=patient, at=at, by=by)
    if person.device:
        patient_actions.accept_invitation(
            token=token, label=person.device, at=at + OPENS_THE_LINK_AFTER
        )


def _visit(
    patient: Patient,
    chapter: Chapter,
    edition: PrescriptionEdition | None,
    world: _World,
    *,
    by: User,
) -> PrescriptionEdition | None:
    """One appointment. Returns the edition that is in force after it."""
    visit = chapter.visit
    patient_actions.write_note(patient=patient, text=visit.note, by=by, at=chapter.at)
    _assess(patient, chapter, by=by)
    if visit.ends_because and edition:
        actions.end(
            prescription=edition.prescription,
            on=chapter.at.date(),
            because=visit.ends_because,
            by=by,
        )
        return None
    if not visit.programme:
        return edition
    draft = _write_draft(patient, chapter, world, by=by)
    if visit.is_draft:
        return edition
    return actions.publish(draft=draft, version=draft.version, by=by, at=chapter.at)


def _write_draft(
    patient: Patient, chapter: Chapter, world: _World, *, by: User
) -> PrescriptionEdition:
    begun = actions.start_draft(patient=patient, starts_on=chapter.starts_on, by=by, at=chapter.at)
    lines = [_plan(line, world) for line in chapter.visit.programme]
    return actions.save_draft(
        draft=begun,
        version=begun.version,
        lines=_with_answers(lines, patient, chapter),
        starts_on=chapter.starts_on,
        review_on=chapter.review_on,
        reason=chapter.visit.reason,
        by=by,
        at=chapter.at,
    )


def _with_answers(
    lines: list[actions.LinePlan], patient: Patient, chapter: Chapter
) -> list[actions.LinePlan]:
    """The lines with what the therapist wrote down beside the findings of that day."""
    today = patient.local_date(chapter.at)
    programme = [
        facts.planned(line.exercise.text, hold_seconds=line.dosage.hold_seconds) for line in lines
    ]
    found = checks.check(programme, facts.record_of(patient, today=today))
    written: dict[Needed, object] = {
        Needed.SEEN: True,
        Needed.REASON: chapter.visit.reason or "Tested with the patient today.",
        Needed.CHECK_ON: (today + timedelta(days=2)).isoformat(),
        Needed.PAIN_LIMIT: 2,
        Needed.FADES_WITHIN: 10,
    }
    return [
        replace(
            line,
            recorded={
                finding.rule: {needed.value: written[needed] for needed in finding.needed}
                for finding in findings
            },
        )
        for line, findings in zip(lines, found, strict=True)
    ]


def _plan(line: Line, world: _World) -> actions.LinePlan:
    return actions.LinePlan(
        exercise=world.library[line.code],
        dosage=line.dosage,
        direction_note=line.note,
        weekdays=line.weekdays,
        side=Side.NONE.value,
    )


def _log(patient: Patient, edition: PrescriptionEdition, sessions: tuple[Session, ...]) -> None:
    """The patient's own acts, with no more rights than the portal has."""
    with tenancy.inside(patient.clinic_id, patient_id=patient.pk):
        lines = list(edition.lines.order_by("order"))
        for session in sessions:
            actions.record_session(
                edition=edition,
                entries=_reports(session, lines),
                client_uuid=session.client_uuid,
                done_at=session.done_at,
                received_at=session.done_at,
                by=patient,
            )
        for device in Device.objects.of_patient(patient):
            patient_actions.seen(device=device, at=sessions[-1].done_at)


def _reports(session: Session, lines: list[PrescribedExercise]) -> list[actions.EntryReport]:
    return [
        actions.EntryReport(
            prescribed_exercise_id=lines[entry.place].pk,
            outcome=entry.outcome,
            repetitions=entry.repetitions,
            pain=entry.pain,
            comment=entry.comment,
        )
        for entry in session.entries
    ]
