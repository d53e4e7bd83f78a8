"""Test data: one plain function for each model, valid with no argument."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count
from uuid import UUID, uuid4

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone

from clinics import actions as clinic_actions
from clinics import api_tokens, invitations
from clinics.models import ApiToken, Clinic, Membership, User
from clinics.scopes import Scope
from clinics.tenancy import inside
from exercises import actions as exercise_actions
from exercises.content import (
    ExerciseRecord,
    PatientWords,
    Translation,
    education,
    load_exercises,
    load_translations,
)
from exercises.dosage import Dosage
from exercises.models import (
    EducationReview,
    Exercise,
    ExerciseEdition,
    ExerciseTranslation,
    TranslationReview,
)
from exercises.vocabulary import Direction, Language, Region, Side
from patients import actions as patient_actions
from patients import assessments, erasure, measure_actions
from patients.conditions import Condition
from patients.lights import After, During, Light, Loading, Neuro, RangeChange, Series, TestPosition
from patients.measure_actions import Said
from patients.measure_due import Times
from patients.models import (
    Clearance,
    ConditionOnFile,
    Device,
    DirectionTest,
    Episode,
    Erasure,
    MeasureEdition,
    MeasurePlan,
    MeasureResponse,
    Note,
    Patient,
    RaisedFlag,
    SafetyScreen,
)
from prescriptions import absences, actions, aside, digest, messaging, push, reminders, reuse
from prescriptions.fhir import bulk
from prescriptions.models import (
    Absence,
    AbsenceReason,
    BulkExport,
    Digest,
    HowOften,
    Message,
    Moment,
    Outcome,
    PrescriptionEdition,
    ProgrammeTemplate,
    PushSubscription,
    PutAside,
    Reminder,
    ReminderPlan,
    SessionLog,
    every_day,
)
from prescriptions.monitoring import actions as monitoring

NOW = datetime(2026, 5, 20, 15, 0, tzinfo=UTC)
TODAY = date(2026, 5, 20)
_number = count(1)
_founders: dict[int, User] = {}  # by number of the clinic


def timezone_now() -> datetime:
    return timezone.now()


@cache
def catalogue_files() -> list[ExerciseRecord]:
    """Read once: a dozen modules ask for them, and the files stay the same."""
    return load_exercises()


@cache
def translation_files() -> list[Translation]:
    return load_translations()


def shared_catalogue() -> None:
    """The seven stretches, loaded as a new installation loads them."""
    exercise_actions.load_catalogue(
        records=catalogue_files(), translations=translation_files(), at=timezone.now()
    )


def user(*, name: str = "Person", email: str | None = None, password: str | None = None) -> User:
    return User.objects.create_user(email or f"person{next(_number)}@example.org", name, password)


def factor(*, of: User) -> str:
    """Give somebody an authenticator app; its secret."""
    secret = generate_totp_secret()
    TOTP.activate(of, secret)
    return secret


def recovery_code(*, of: User) -> str:
    """One that is not used yet."""
    return RecoveryCodes.activate(of).get_unused_codes()[0]


def clinic(*, name: str = "Clinic", time_zone: str = "America/New_York") -> Clinic:
    return clinic_actions.open_clinic(name=name, time_zone=time_zone, admin=user(name="Founder"))


def member(
    *, user: User, of: Clinic, role: Membership.Role = Membership.Role.THERAPIST
) -> Membership:
    with inside(of.pk):
        return clinic_actions.add_member(clinic=of, user=user, role=role, by=user)


def staff_invitation(
    *,
    of: Clinic,
    name: str = "New Colleague",
    email: str | None = None,
    role: Membership.Role = Membership.Role.THERAPIST,
    at: datetime | None = None,
) -> invitations.Sent:
    """An invitation by the clinic's first admin, with its token."""
    with inside(of.pk):
        by = Membership.objects.of(of).select_related("user", "clinic").order_by("pk")[0]
        return invitations.invite(
            name=name,
            email=email or f"new{next(_number)}@example.org",
            role=role,
            by=by,
            at=at or timezone.now(),
        )


def api_token(
    *,
    of: Clinic,
    scopes: Sequence[Scope] = tuple(Scope),
    name: str | None = None,
    at: datetime | None = None,
    lasts: timedelta = timedelta(days=90),
) -> api_tokens.Made:
    """A token of the clinic's first admin, with its secret; opens everything unless told."""
    at = at or timezone.now()
    with inside(of.pk):
        return api_tokens.make(
            clinic=of,
            name=name or f"System {next(_number)}",
            scopes=scopes,
            expires_at=at + lasts,
            by=founder(of),
            at=at,
        )


def numbers_begin_anew() -> None:
    """In a new database the numbers of clinics are given once more."""
    _founders.clear()


def founder(of: Clinic) -> User:
    """The first admin of a clinic; asked for once, because most of what is made here asks."""
    if of.pk not in _founders:
        with inside(of.pk):
            first = Membership.objects.of(of).order_by("pk").select_related("user")[0]
        _founders[of.pk] = first.user
    return _founders[of.pk]


def patient(*, of: Clinic, name: str | None = None, **fields: object) -> Patient:
    with inside(of.pk):
        return patient_actions.record_patient(
            clinic=of,
            by=founder(of),
            name=name or f"Patient {next(_number)}",
            **{"birth_date": date(1980, 5, 17), **fields},
        )


def exercise(code: str = "FIL") -> Exercise:
    """One of the shared catalogue."""
    return Exercise.objects.shared().with_current().get(code=code)


def line(code: str = "TILT", **dosage: int) -> actions.LinePlan:
    return line_of(exercise(code), **dosage)


def line_of(exercise: Exercise, **dosage: int) -> actions.LinePlan:
    text = exercise.current
    return actions.LinePlan(
        exercise=text.exercise,
        dosage=Dosage(**text.dosage.as_fields() | dosage),
        direction_note=text.direction_note,
        weekdays=every_day(),
        side=Side.NONE.value,
        recorded={"V15": {"reason": "Not with this one."}},
    )


def screened(patient: Patient) -> Episode:
    """The patient's open episode, with a safety screen that found nothing."""
    by = founder(patient.clinic)
    with inside(patient.clinic_id, user_id=by.pk):
        episode = Episode.objects.of_patient(patient).open().first()
        if episode is None:
            episode = assessments.open_episode(
                patient=patient, complaint="Low back pain", onset_on=None, by=by, at=NOW
            )
            assessments.record_screen(episode=episode, answers=[], remark="", by=by, at=NOW)
        return episode


def draft(
    *, of: Patient, lines: list[actions.LinePlan] | None = None, reason: str = ""
) -> PrescriptionEdition:
    screened(of)
    by = founder(of.clinic)
    with inside(of.clinic_id, user_id=by.pk):
        begun = actions.start_draft(patient=of, starts_on=TODAY, by=by, at=NOW)
        return actions.save_draft(
            draft=begun,
            version=begun.version,
            lines=[line()] if lines is None else lines,
            starts_on=begun.starts_on,
            review_on=None,
            reason=reason or ("More of it." if begun.number > 1 else ""),
            by=by,
            at=NOW,
        )


def edition(*, of: Patient, lines: list[actions.LinePlan] | None = None) -> PrescriptionEdition:
    """A published edition."""
    begun = draft(of=of, lines=lines)
    by = founder(of.clinic)
    with inside(of.clinic_id, user_id=by.pk):
        return actions.publish(draft=begun, version=begun.version, by=by, at=NOW)


def template(
    *,
    of: Patient,
    name: str = "Begin with this",
    lines: list[actions.LinePlan] | None = None,
    is_shared: bool = True,
    with_notes: bool = True,
    by: User | None = None,
) -> ProgrammeTemplate:
    """A template after a programme of this patient."""
    with inside(of.clinic_id):
        return reuse.keep_template(
            name=name,
            lines=[line()] if lines is None else lines,
            patient=of,
            is_shared=is_shared,
            with_notes=with_notes,
            by=by or founder(of.clinic),
            at=NOW,
        )


def log(
    *,
    of: PrescriptionEdition,
    outcome: Outcome = Outcome.DONE,
    pain: dict[Moment, int | None] | None = None,
    done_at: datetime = NOW,
    client_uuid: UUID | None = None,
    comment: str = "",
) -> SessionLog:
    """A session in which every exercise of the edition went the same way."""
    asked = {Moment.BEFORE: 2, Moment.DURING: 3, Moment.AFTER: 1} if pain is None else pain
    with inside(of.clinic_id):
        patient = Patient.objects.select_related("clinic").get(pk=of.patient_id)
        entries = [
            actions.EntryReport(line.pk, outcome, line.repetitions, asked, comment)
            for line in of.lines.all()
        ]
        return actions.record_session(
            edition=of,
            entries=entries,
            client_uuid=client_uuid or uuid4(),
            done_at=done_at,
            received_at=done_at,
            by=patient,
        )


def alarming_log(
    *, of: PrescriptionEdition, done_at: datetime = NOW, comment: str = "", **said: object
) -> SessionLog:
    """A session after which symptoms had spread below the knee, sent from the patient's phone.

    With `numb_after` the log is red.
    """
    spread = {"zones_before": ("low-2-L",), "zones_after": ("low-2-L", "low-5-L"), **said}
    with inside(of.clinic_id, patient_id=of.patient_id):
        patient = Patient.objects.only("pk", "clinic", "time_zone").get(pk=of.patient_id)
        edition = PrescriptionEdition.objects.get(pk=of.pk)
        pain = {Moment.BEFORE: 3, Moment.DURING: 5, Moment.AFTER: 4}
        entries = [
            actions.EntryReport(line.pk, Outcome.DONE, line.repetitions, pain, comment, **spread)
            for line in edition.lines.all()
        ]
        return actions.record_session(
            edition=edition,
            entries=entries,
            client_uuid=uuid4(),
            done_at=done_at,
            received_at=done_at,
            by=patient,
        )


def note(*, of: Patient, text: str = "A note") -> Note:
    with inside(of.clinic_id):
        return patient_actions.write_note(patient=of, text=text, by=founder(of.clinic), at=NOW)


def episode(*, of: Patient, complaint: str = "Low back pain", at: datetime = NOW) -> Episode:
    """An open episode, in the phase of assessment."""
    with inside(of.clinic_id):
        return assessments.open_episode(
            patient=of, complaint=complaint, onset_on=None, by=founder(of.clinic), at=at
        )


def screen(
    *, of: Episode, answers: Sequence[str] = (), remark: str = "", at: datetime = NOW
) -> SafetyScreen:
    """A safety screen; `answers` are the codes said yes to."""
    with inside(of.clinic_id):
        return assessments.record_screen(
            episode=of, answers=answers, remark=remark, by=founder(of.clinic), at=at
        )


def flag(*, of: Patient, code: str = "fever", at: datetime = NOW) -> RaisedFlag:
    """An open red flag, raised in the portal."""
    with inside(of.clinic_id):
        (raised,) = assessments.raise_flags(
            patient=of,
            codes=[code],
            source=RaisedFlag.Source.PORTAL,
            at=at,
            by=founder(of.clinic),
        )
        return raised


def clearance(*, of: RaisedFlag, outcome: str = "A cold.", at: datetime = NOW) -> Clearance:
    with inside(of.clinic_id):
        return assessments.clear_flag(
            flag=of,
            assessed_by="Dr Lee",
            assessed_on=at.date(),
            outcome=outcome,
            by=founder(of.clinic),
            at=at,
        )


def condition(
    *,
    of: Patient,
    condition: Condition = Condition.STENOSIS,
    since: date = TODAY,
    source: str = "Letter of Dr Lee",
) -> ConditionOnFile:
    with inside(of.clinic_id):
        return assessments.record_condition(
            patient=of,
            condition=condition,
            since=since,
            source=source,
            by=founder(of.clinic),
            at=NOW,
        )


def as_tested(
    region: Region = Region.LUMBAR,
    direction: Direction = Direction.EXTENSION,
    *,
    during: During = During.DECREASED,
    after: After = After.BETTER,
    settle_minutes: int | None = None,
    rom: RangeChange = RangeChange.SAME,
    neuro: Neuro = Neuro.SAME,
    dysfunction: bool = False,
    **more: object,
) -> assessments.Tested:
    """A direction test as it was done; green unless told otherwise."""
    series = Series(during, after, settle_minutes, rom, neuro, dysfunction)
    done = {"position": TestPosition.LYING, "loading": Loading.REPEATED, "amount": 10, **more}
    return assessments.Tested(region=region, direction=direction, series=series, **done)


def direction_test(
    *,
    of: Episode,
    tested: assessments.Tested | None = None,
    light: Light | None = None,
    because: str = "",
    at: datetime = NOW,
) -> DirectionTest:
    with inside(of.clinic_id):
        return assessments.record_test(
            episode=of,
            tested=tested or as_tested(),
            settles_within=of.patient.clinic.thresholds.settles_within_minutes,
            light=light,
            because=because,
            by=founder(of.clinic),
            at=at,
        )


def translation(
    *,
    of: ExerciseEdition,
    clinic: Clinic,
    language: Language = Language.SPANISH,
    word: str = "word",
) -> ExerciseTranslation:
    """A translation of a text of the clinic: `word` before each line."""
    own = PatientWords.of(of)
    parts = {
        name: f"{word} {said}" if isinstance(said, str) else tuple(f"{word} {x}" for x in said)
        for name, said in asdict(own).items()
    }
    with inside(clinic.pk):
        return exercise_actions.translate(
            edition=of,
            language=language,
            words=PatientWords(**parts),
            by=founder(clinic),
            at=NOW,
        )


def signature(
    *, of: ExerciseTranslation, clinic: Clinic, reviewer: str = "Rosa Lee"
) -> TranslationReview:
    """The word of the clinic on a translation."""
    with inside(clinic.pk):
        return exercise_actions.sign_translation(
            translation=of,
            clinic=clinic,
            reviewer=reviewer,
            licence="PT 12345, NY",
            by=founder(clinic),
            at=NOW,
        )


def signed_page(
    *,
    of: Clinic,
    slug: str = "questions",
    language: Language = Language.SPANISH,
    reviewer: str = "Rosa Lee",
) -> EducationReview:
    told = next(told for told in education(language) if told.page.slug == slug)
    with inside(of.pk):
        return exercise_actions.sign_page(
            told=told,
            clinic=of,
            reviewer=reviewer,
            licence="PT 12345, NY",
            by=founder(of),
            at=NOW,
        )


def message(
    *,
    of: Patient,
    text: str = "May I do more?",
    by: User | None = None,
    about: messaging.Subject | None = None,
    at: datetime = NOW,
    client_uuid: UUID | None = None,
) -> Message:
    """What the patient wrote, from their phone; with `by`, what that member of staff did."""
    key = client_uuid or uuid4()
    said = {"text": text, "about": about, "at": at, "client_uuid": key}
    if by is not None:
        with inside(of.clinic_id, user_id=by.pk):
            return messaging.write(patient=of, by=by, **said)
    with inside(of.clinic_id, patient_id=of.pk):
        patient = Patient.objects.only("pk", "clinic", "name", "time_zone").get(pk=of.pk)
        return messaging.write(patient=patient, by=patient, **said)


def messages_read(*, of: Patient, up_to: Message, by: User | None = None, at: datetime = NOW):
    """That the patient has read so far; with `by`, that this member of staff has."""
    patient_id = None if by else of.pk
    with inside(of.clinic_id, patient_id=patient_id):
        messaging.mark_read(patient=of, up_to=up_to.pk, at=at, by=by or of)


def everything(*, of: Clinic, word: str = "word", slug: str = "questions") -> Patient:
    """A patient with a row in every table of a clinic, `word` in every text.

    A second one in the same clinic needs another page to sign, by its `slug`.
    """
    staff_invitation(of=of, name=f"Colleague {word}")
    system = api_token(of=of, name=f"System {word} {slug}").token
    one = patient(of=of, name=f"Patient {word}")
    screen(of=episode(of=one, complaint=word))
    note(of=one, text=word)
    published = edition(of=one)
    log(of=published, comment=word)
    alarming_log(of=published, comment=word)
    asked = message(of=one, text=word)
    messages_read(of=one, up_to=asked, by=founder(of))
    messages_read(of=one, up_to=message(of=one, text=word, by=founder(of)))
    message(of=one, text=word)
    draft(of=one, reason=word)
    template(of=one, name=word, lines=[replace(line(), direction_note=word)])
    with inside(of.pk):
        _, token = patient_actions.invite(patient=one, at=NOW, by=founder(of))
        patient_actions.accept_invitation(token=token, label=word, at=NOW)
        patient_actions.invite(patient=one, at=NOW, by=founder(of))
        own = exercise_actions.copy(original=exercise("FIL"), clinic=of, by=founder(of))
        published_text = exercise_actions.publish(draft=own, by=founder(of), at=NOW)
    signature(of=translation(of=published_text, clinic=of, word=word), clinic=of, reviewer=word)
    signed_page(of=of, slug=slug, reviewer=word)
    assessed(one, word=word)
    reminded(one, word=word)
    measured(one, word=word)
    monitored(one, word=word)
    put_aside(of=one, because=word)
    erasure_asked(of=one)
    absence(of=one, remark=word)
    digest_of(user=founder(of), clinic=of)
    bulk_export(by=system)
    return one


def bulk_export(*, by: ApiToken, at: datetime = NOW) -> BulkExport:
    """An export that is done, with what it has written of the patients."""
    with inside(by.clinic_id):
        begun = bulk.begin(
            clinic=by.clinic, request="$export", kinds=["Patient"], since=None, by=by, at=at
        )
    while bulk.write_part(by.clinic_id, at=timezone.now()):
        pass
    with inside(by.clinic_id):
        return BulkExport.objects.get(pk=begun.pk)


def keeps_monitoring(clinic: Clinic) -> None:
    """Switch the records of remote monitoring on."""
    with inside(clinic.pk):
        found = Clinic.objects.get(pk=clinic.pk)
        clinic_actions.change_settings(clinic=found, by=founder(clinic), has_remote_monitoring=True)
    clinic.has_remote_monitoring = True


def consent(*, of: Patient, on: date = TODAY, kind: str = "given", **more: object):
    said = {"way": "signed", "given_by": of.name, "wording": "2026-1" if kind == "given" else ""}
    with inside(of.clinic_id):
        return monitoring.record_consent(
            **{"patient": of, "kind": kind, "on": on, "client_uuid": uuid4(), **said}
            | {"by": founder(of.clinic), "at": NOW}
            | more
        )


def setup(*, of: Patient, on: date = TODAY, windows_from: date | None = TODAY, **more: object):
    by = founder(of.clinic)
    said = {"done_by": by, "what": "The portal, on the phone.", "client_uuid": uuid4()}
    with inside(of.clinic_id):
        return monitoring.record_setup(
            **{"patient": of, "on": on, "windows_from": windows_from, **said, "by": by, "at": NOW}
            | more
        )


def work_time(
    *, of: Patient, begin: datetime, end: datetime, user: User | None = None, **more: object
):
    by = user or founder(of.clinic)
    said = {"credential": "pt", "what": "Read the logs.", "client_uuid": uuid4()}
    with inside(of.clinic_id):
        return monitoring.record_time(
            **{"patient": of, "user": by, "started_at": begin, "stopped_at": end, **said}
            | {"by": by, "at": max(end, NOW)}
            | more
        )


def contact(*, of: Patient, at_moment: datetime = NOW, minutes: int = 5, **more: object):
    by = founder(of.clinic)
    said = {"way": "phone", "whom": "patient", "what": "The week.", "client_uuid": uuid4()}
    with inside(of.clinic_id):
        return monitoring.record_contact(
            **{"patient": of, "at_moment": at_moment, "minutes": minutes, "user": by, **said}
            | {"by": by, "at": max(at_moment, NOW)}
            | more
        )


def timer(*, of: Patient, by: User | None = None, at: datetime = NOW):
    with inside(of.clinic_id):
        return monitoring.start_timer(
            patient=of, credential="pt", by=by or founder(of.clinic), at=at
        )


def monitored(patient: Patient, *, word: str = "word") -> None:
    """A row in every table about remote monitoring, in a clinic that keeps these records."""
    keeps_monitoring(patient.clinic)
    consent(of=patient, given_by=word)
    setup(of=patient, what=word)
    work_time(of=patient, begin=NOW - timedelta(minutes=20), end=NOW, what=word)
    contact(of=patient, what=word)
    timer(of=patient, by=user(name=word))


def put_aside(
    *, of: Patient, because: str = "On holiday", until: date | None = None, at: datetime = NOW
) -> PutAside:
    """That the patient was snoozed, and a filter under the same name that its first admin saved."""
    with inside(of.clinic_id):
        aside.save_filter(
            clinic=of.clinic,
            name=because[:60],
            who="mine",
            tag=because[:40],
            by=founder(of.clinic),
        )
        return aside.snooze(
            patient=of,
            until=until or of.local_date(at) + timedelta(days=7),
            because=because,
            by=founder(of.clinic),
            at=at,
        )


def absence(
    *,
    of: Patient,
    first_day: date = TODAY,
    last_day: date | None = None,
    reason: AbsenceReason = AbsenceReason.AWAY,
    remark: str = "",
    corrects: Absence | None = None,
) -> Absence:
    """Days on which the patient is away; one day unless told otherwise."""
    with inside(of.clinic_id):
        return absences.record(
            patient=of,
            first_day=first_day,
            last_day=last_day or first_day,
            reason=reason,
            remark=remark,
            client_uuid=uuid4(),
            corrects=corrects,
            by=founder(of.clinic),
            at=NOW,
        )


def digest_of(*, user: User, clinic: Clinic, how_often: HowOften = HowOften.DAY) -> Digest:
    """A member who wants to hear what waits, and the row of one e-mail."""
    with inside(clinic.pk):
        digest.choose(clinic=clinic, how_often=how_often, by=user, at=NOW)
        once = {"clinic": clinic, "user": user, "how_often": how_often, "on_day": TODAY}
        return Digest.objects.get_or_create(**once)[0]


def erasure_asked(*, of: Patient) -> Erasure:
    """That this patient's data shall be erased; the record has to be archived before."""
    with inside(of.clinic_id):
        asked = Erasure.Reason.ASKED
        return erasure.ask(patient=of, reason=asked, by=founder(of.clinic), at=NOW)


def reminder_plan(*, of: Patient, at: datetime = NOW, **chosen: object) -> ReminderPlan:
    """Reminders each day at 09:00, without e-mail unless told otherwise."""
    usual = {
        "times": [time(9)],
        "weekdays": every_day(),
        "quiet_from": None,
        "quiet_until": None,
        "again_after_hours": None,
        "paused_until": None,
        "by_email": False,
    }
    with inside(of.clinic_id):
        return reminders.choose(patient=of, at=at, by=of, **usual | chosen)


def device(*, of: Patient, label: str = "Phone", at: datetime = NOW) -> Device:
    """A phone on which the patient opened the portal."""
    with inside(of.clinic_id):
        _, token = patient_actions.invite(patient=of, at=at, by=founder(of.clinic))
        patient_actions.accept_invitation(token=token, label=label, at=at)
        return Device.objects.of_patient(of).select_related("patient").order_by("-pk")[0]


def push_subscription(
    *, of: Device, endpoint: str = "https://push.example/1", at: datetime = NOW
) -> PushSubscription:
    browser = ec.generate_private_key(push.CURVE)
    with inside(of.clinic_id):
        return reminders.subscribe(
            device=of,
            endpoint=endpoint,
            p256dh=push.to_text(push.point_of(browser.public_key())),
            auth=push.to_text(bytes(16)),
            at=at,
            by=of.patient,
        )


def reminder(*, of: PushSubscription, at: datetime = NOW, **fields: object) -> Reminder:
    """A message that was due at this moment, for 09:00 of the day."""
    given = {"kind": "first", "local_date": at.date(), "local_time": time(9), "way": "push"}
    moments = {"due_at": at, "first_at": at, "try_at": at, "written_at": at}
    with inside(of.clinic_id):
        return Reminder.objects.create(
            clinic_id=of.clinic_id,
            patient_id=of.patient_id,
            **{"subscription": of, **given, **moments} | fields,
        )


def reminded(patient: Patient, *, word: str = "word") -> None:
    """A row in every table about reminders, for a patient who has a phone."""
    reminder_plan(of=patient)
    with inside(patient.clinic_id):
        phone = Device.objects.of_patient(patient).select_related("patient")[0]
    reminder(of=push_subscription(of=phone), failure=word[:60])
    with inside(patient.clinic_id):
        reminders.make_calendar_address(patient=patient, at=NOW, by=patient)


def assessed(patient: Patient, *, word: str = "word") -> Episode:
    """An episode with a row in every table about direction and safety, one of its flags open."""
    with inside(patient.clinic_id):
        begun = Episode.objects.of_patient(patient).open().first()
    begun = begun or episode(of=patient, complaint=word)
    screen(of=begun, answers=["coughing"], remark=word)
    with inside(patient.clinic_id):
        raised = RaisedFlag.objects.of_patient(patient).open().get()
    clearance(of=raised, outcome=word)
    flag(of=patient)
    condition(of=patient, source=word)
    red = as_tested(during=During.INCREASED, after=After.WORSE, recheck=word)
    direction_test(of=begun, tested=red, light=Light.AMBER, because=word)
    return begun


OWN_MEASURE = """
key = "own"
edition = 1
title = "{word}"
short = "OWN"
language = "en"
instructions = "{word}"
about = "{word}"
higher_is = "worse"
licence = "{word}"
sources = ["{word}"]
[scoring]
method = "sum"
lowest = 0
highest = 4
may_be_missing = 0
rule = "{word}"
source = "{word}"
[[items]]
key = "one"
kind = "choice"
text = "{word}"
options = [{{text = "Well", points = 0}}, {{text = "Badly", points = 3}}]
[[items]]
key = "two"
kind = "yes_no"
text = "{word}?"
"""


def own_measure(*, of: Clinic, word: str = "word", at: datetime = NOW) -> MeasureEdition:
    """A measure that the clinic added itself."""
    text = OWN_MEASURE.format(word=word)
    with inside(of.pk):
        return measure_actions.add_measure(clinic=of, text=text, by=founder(of), at=at)


def measure_plan(
    *, of: Patient, key: str = "nprs", times: Times | None = None, at: datetime = NOW
) -> MeasurePlan:
    """A measure that is asked; once, from today on, unless told otherwise."""
    with inside(of.clinic_id):
        times = times or Times("once", of.local_date(at))
        by = founder(of.clinic)
        return measure_actions.ask(patient=of, key=key, times=times, by=by, at=at)


def measure_response(
    *,
    of: MeasurePlan,
    said: Said | None = None,
    at: datetime = NOW,
    client_uuid: UUID | None = None,
) -> MeasureResponse:
    """What the patient answered in the portal; a pain of 4 unless told otherwise."""
    with inside(of.clinic_id, patient_id=of.patient_id):
        plan = MeasurePlan.objects.select_related("edition").get(pk=of.pk)
        patient = Patient.objects.only("pk", "clinic", "name", "time_zone").get(pk=of.patient_id)
        return measure_actions.answer(
            plan=plan,
            patient=patient,
            said=said or Said({"now": 4}),
            client_uuid=client_uuid or uuid4(),
            at=at,
        )


def measure_entered(
    *, of: Patient, key: str = "nprs", said: Said | None = None, on: date = TODAY, **more: object
) -> MeasureResponse:
    """What a member of staff copied from paper."""
    with inside(of.clinic_id):
        return measure_actions.enter(
            patient=of,
            key=key,
            said=said or Said({"now": 4}),
            on=on,
            client_uuid=uuid4(),
            by=founder(of.clinic),
            at=NOW,
            **more,
        )


def measured(patient: Patient, *, word: str = "word") -> None:
    """A row in every table about outcome measures, `word` in every text."""
    with inside(patient.clinic_id):
        is_there = MeasureEdition.objects.of(patient.clinic).filter(key="own").exists()
    if not is_there:
        own_measure(of=patient.clinic, word=word)
    measure_plan(of=patient, key="own")
    begun = measure_plan(of=patient, key="psfs")
    with inside(patient.clinic_id, patient_id=patient.pk):
        measure_actions.keep(plan=begun, patient=patient, said={"w_0": word}, at=NOW)
    measure_entered(of=patient, key="psfs", said=Said(activities={word: 4}))
