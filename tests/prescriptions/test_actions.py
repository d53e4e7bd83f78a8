from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from clinics.models import AuditEvent, Membership, User
from exercises import actions as exercise_actions
from exercises.models import Exercise, ExerciseEdition
from patients.models import Patient
from prescriptions import actions
from prescriptions.actions import EntryReport
from prescriptions.models import (
    Moment,
    Outcome,
    PrescribedExercise,
    Prescription,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)
from tests import make
from tests.make import NOW, TODAY, inside

DAY = timedelta(days=1)
KEY = UUID("0190a9d2-7f3c-4f6b-9d1e-2b0f8c6a5e41")


@pytest.fixture
def dana(clinic) -> User:
    """A therapist of the clinic."""
    person = make.user(name="Dana Ruiz")
    make.member(user=person, of=clinic, role=Membership.Role.THERAPIST)
    return person


@pytest.fixture
def desk(clinic, dana):
    """Inside the clinic, as on one request of the therapist."""
    with inside(clinic.pk, user_id=dana.pk):
        yield


def start(patient, *, by, starts_on=TODAY, at=NOW) -> PrescriptionEdition:
    return actions.start_draft(patient=patient, starts_on=starts_on, by=by, at=at)


def save(draft, *, by, **changes) -> PrescriptionEdition:
    given = {
        "version": draft.version,
        "lines": [make.line("TILT")],
        "starts_on": draft.starts_on,
        "review_on": draft.review_on,
        "reason": draft.reason,
        "at": NOW,
    }
    return actions.save_draft(draft=draft, by=by, **given | changes)


def publish(draft, *, by, version=None, at=NOW) -> PrescriptionEdition:
    return actions.publish(draft=draft, version=version or draft.version, by=by, at=at)


def published(patient, *, by, lines=None, reason="") -> PrescriptionEdition:
    draft = start(patient, by=by)
    lines = lines or [make.line("TILT")]
    return publish(save(draft, by=by, lines=lines, reason=reason), by=by)


def end(prescription, *, by, on=TODAY, because="Well again.") -> Prescription:
    return actions.end(prescription=prescription, on=on, because=because, by=by)


def add(draft, code, *, by) -> PrescriptionEdition:
    return actions.add_exercise(draft=draft, exercise=make.exercise(code), by=by, at=NOW)


def codes(edition) -> list[str]:
    return [line.exercise_edition.exercise.code for line in edition.lines.with_exercises()]


def trail(patient) -> list[str]:
    """What was done about the patient, in the words of the audit trail."""
    events = AuditEvent.objects.filter(clinic=patient.clinic_id, patient_id=patient.pk)
    return list(events.order_by("pk").values_list("verb", flat=True))


def stored(patient) -> dict[str, list]:
    """Everything about the patient's programmes and logs, to see that nothing has changed."""
    models = (Prescription, PrescriptionEdition, PrescribedExercise, SessionLog, SessionEntry)
    rows = {
        model.__name__: list(model.objects.of_patient(patient).order_by("pk").values())
        for model in models
    }
    return rows | {
        "trail": trail(patient),
        "patient": [Patient.objects.values().get(pk=patient.pk)],
    }


# To begin


@pytest.mark.usefixtures("desk")
def test_the_first_draft_opens_a_course(patient, dana):
    draft = start(patient, by=dana)
    assert (draft.number, draft.version, draft.is_draft) == (1, 1, True)
    assert (draft.starts_on, draft.review_on, draft.reason) == (TODAY, None, "")
    assert codes(draft) == []
    course = Prescription.objects.of_patient(patient).get()
    assert (course.prescribed_by, course.created_at, course.is_open) == (dana, NOW, True)
    assert trail(patient)[-2:] == ["opened a course", "began a draft"]


@pytest.mark.usefixtures("desk")
def test_starting_twice_gives_the_same_draft_and_leaves_no_second_trace(patient, dana, clinic):
    first = start(patient, by=dana)
    before = stored(patient)
    again = start(patient, by=make.founder(clinic), starts_on=TODAY + DAY, at=NOW + DAY)
    assert again == first
    assert stored(patient) == before


@pytest.mark.usefixtures("desk")
def test_edition_2_begins_as_edition_1(patient, dana):
    lines = [
        replace(make.line("FIL", sets=3, repetitions=7), direction_note="Gently.", side="left"),
        replace(make.line("TILT", hold_seconds=9, times_per_day=4), weekdays=[1, 3, 5]),
    ]
    first = published(patient, by=dana, lines=lines)
    second = start(patient, by=dana, starts_on=TODAY + DAY)
    assert (second.number, second.prescription_id) == (2, first.prescription_id)
    assert (second.starts_on, second.review_on, second.reason) == (TODAY + DAY, None, "")
    same = ["order", "exercise_edition", "direction_note", "side", "weekdays",
            "sets", "repetitions", "hold_seconds", "times_per_day"]  # fmt: skip
    assert list(second.lines.order_by("order").values(*same)) == list(
        first.lines.order_by("order").values(*same)
    )
    assert trail(patient)[-1] == "began a draft"


def own_exercise(clinic, *, by) -> ExerciseEdition:
    """A published exercise of the clinic, copied from Pelvic Tilt."""
    copy = exercise_actions.copy(original=make.exercise("TILT"), clinic=clinic, by=by)
    return exercise_actions.publish(draft=copy, by=by, at=NOW)


def rewritten(text: ExerciseEdition, *, by, **fields) -> ExerciseEdition:
    """The next published text of a clinic's exercise."""
    draft = exercise_actions.save_draft(
        exercise=Exercise.objects.get(pk=text.exercise_id),
        number=text.number + 1,
        text=exercise_actions.text_of(text) | fields,
        loads=[],
        by=by,
    )
    return exercise_actions.publish(draft=draft, by=by, at=NOW)


def line_of(text: ExerciseEdition, **changes) -> actions.LinePlan:
    exercise = Exercise.objects.with_current().get(pk=text.exercise_id)
    plan = actions.LinePlan(
        exercise, text.dosage, "As we practised.", [1, 2, 3, 4, 5, 6, 7], "none"
    )
    return replace(plan, **changes)


@pytest.mark.usefixtures("desk")
def test_edition_2_takes_the_newest_text_of_each_exercise_and_keeps_the_note(patient, dana, clinic):
    old = own_exercise(clinic, by=dana)
    first = published(patient, by=dana, lines=[line_of(old)])
    new = rewritten(old, by=dana, steps=["Lie down."], direction_note="Another note.")
    line = start(patient, by=dana).lines.get()
    assert (line.exercise_edition_id, line.direction_note) == (new.pk, "As we practised.")
    assert first.lines.get().exercise_edition_id == old.pk


@pytest.mark.usefixtures("desk")
def test_edition_2_keeps_an_exercise_that_was_archived(patient, dana, clinic):
    own = own_exercise(clinic, by=dana)
    published(patient, by=dana, lines=[line_of(own)])
    exercise_actions.archive(exercise=own.exercise, by=dana, at=NOW)
    assert start(patient, by=dana).lines.get().exercise_edition == own


@pytest.mark.usefixtures("desk")
def test_after_the_end_a_new_course_begins_with_an_empty_edition_1(patient, dana):
    first = published(patient, by=dana)
    end(first.prescription, by=dana)
    draft = start(patient, by=dana)
    assert (draft.number, codes(draft)) == (1, [])
    assert draft.prescription_id != first.prescription_id


# To save


@pytest.mark.usefixtures("desk")
def test_a_draft_is_stored_as_it_is_on_the_page(patient, dana, clinic):
    draft = start(patient, by=make.founder(clinic))
    lines = [
        replace(make.line("TILT", sets=2), weekdays=[5, 1, 1], direction_note="Roll."),
        replace(make.line("FIL"), side="right"),
    ]
    saved = save(
        draft,
        by=dana,
        lines=lines,
        starts_on=TODAY + DAY,
        review_on=TODAY + 14 * DAY,
        reason="Why.",
        at=NOW + DAY,
    )
    saved.refresh_from_db()
    assert (saved.starts_on, saved.review_on) == (TODAY + DAY, TODAY + 14 * DAY)
    assert (saved.reason, saved.version) == ("Why.", 2)
    assert (saved.edited_by, saved.edited_at) == (dana, NOW + DAY)
    first, second = saved.lines.with_exercises()
    assert codes(saved) == ["TILT", "FIL"]
    assert (first.order, first.sets, first.weekdays) == (1, 2, [1, 5])
    assert (second.order, second.side) == (2, "right")
    assert first.direction_note == "Roll."


@pytest.mark.usefixtures("desk")
def test_a_line_without_days_is_for_every_day(patient, dana):
    line = replace(make.line(), weekdays=[])
    saved = save(start(patient, by=dana), by=dana, lines=[line])
    assert saved.lines.get().weekdays == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.usefixtures("desk")
def test_saving_replaces_the_lines(patient, dana):
    draft = save(start(patient, by=dana), by=dana, lines=[make.line("FIL"), make.line("TILT")])
    assert codes(save(draft, by=dana, lines=[make.line("TILT")])) == ["TILT"]
    assert PrescribedExercise.objects.of_patient(patient).count() == 1


def stale(draft, *, by):
    save(draft, by=by)
    return draft


def published_meanwhile(draft, *, by):
    publish(save(draft, by=by), by=by)
    return draft


def discarded_meanwhile(draft, *, by):
    actions.discard_draft(draft=draft, version=draft.version, by=by)
    return draft


MEANWHILE = [
    pytest.param(stale, id="saved meanwhile"),
    pytest.param(published_meanwhile, id="published meanwhile"),
    pytest.param(discarded_meanwhile, id="discarded meanwhile"),
]
TO_A_DRAFT: list = [
    pytest.param(
        lambda draft, by: save(draft, by=by, starts_on=TODAY + DAY, review_on=None, reason="x"),
        id="save",
    ),
    pytest.param(lambda draft, by: add(draft, "FIL", by=by), id="add"),
    pytest.param(lambda draft, by: publish(draft, by=by), id="publish"),
    pytest.param(
        lambda draft, by: actions.discard_draft(draft=draft, version=draft.version, by=by),
        id="discard",
    ),
]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("act", TO_A_DRAFT)
def test_a_draft_that_changed_meanwhile_is_left_as_it_is(patient, dana, clinic, meanwhile, act):
    opened = meanwhile(start(patient, by=dana), by=make.founder(clinic))
    before = stored(patient)
    with pytest.raises(actions.DraftChanged):
        act(opened, by=dana)
    assert stored(patient) == before


@pytest.mark.usefixtures("desk")
def test_a_version_that_is_still_to_come_is_refused_too(patient, dana):
    draft = start(patient, by=dana)
    with pytest.raises(actions.DraftChanged):
        save(draft, by=dana, version=2)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("line", "constraint"),
    [
        pytest.param(make.line, "line_exercise_and_side_once", id="the same line twice"),
        pytest.param(
            lambda: replace(make.line("FIL"), direction_note=""), "line_has_a_note", id="no note"
        ),
        pytest.param(lambda: make.line("FIL", sets=10_000), "line_sets_in_range", id="10,000 sets"),
    ],
)
def test_what_cannot_be_stored_leaves_the_old_lines(patient, dana, line, constraint):
    draft = save(start(patient, by=dana), by=dana, lines=[make.line("TILT")])
    before = stored(patient)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        save(draft, by=dana, lines=[make.line("TILT"), line()], reason="x")
    assert stored(patient) == before


# To add


@pytest.mark.usefixtures("desk")
def test_an_exercise_is_added_at_the_end_as_its_own_text_has_it(patient, dana):
    draft = save(start(patient, by=dana), by=dana, lines=[make.line("TILT", sets=3)])
    added = add(draft, "FIL", by=dana)
    assert codes(added) == ["TILT", "FIL"]
    first, line = added.lines.with_exercises()
    text = make.exercise("FIL").current
    assert (line.dosage, line.direction_note) == (text.dosage, text.direction_note)
    assert (line.side, line.weekdays) == (text.side, [1, 2, 3, 4, 5, 6, 7])
    assert first.sets == 3
    assert added.version == draft.version + 1


@pytest.mark.usefixtures("desk")
def test_an_exercise_is_not_added_twice(patient, dana):
    draft = save(start(patient, by=dana), by=dana, lines=[make.line("TILT")])
    before = stored(patient)
    with pytest.raises(actions.AlreadyThere):
        add(draft, "TILT", by=dana)
    assert stored(patient) == before


# To publish


@pytest.mark.usefixtures("desk")
def test_publishing_freezes_the_draft_as_the_edition_in_force(patient, dana):
    draft = save(start(patient, by=dana), by=dana)
    edition = publish(draft, by=dana, at=NOW + DAY)
    assert (edition.number, edition.published_at) == (1, NOW + DAY)
    assert edition.published_by_name == "Dana Ruiz"
    assert list(PrescriptionEdition.objects.of_patient(patient).in_force_on(TODAY)) == [edition]
    event = AuditEvent.objects.filter(verb="published an edition").get()
    assert event.detail == {"number": 1, "reason": ""}


@pytest.mark.usefixtures("desk")
def test_a_caution_does_not_stop_the_programme(patient, dana):
    draft = save(start(patient, by=dana), by=dana, lines=[make.line("FIL")])
    assert not publish(draft, by=dana).is_draft


def empty(draft, *, by):
    return save(draft, by=by, lines=[])


def held(draft, *, by):
    return save(draft, by=by, lines=[make.line("FIL"), make.line("REIL", hold_seconds=3)])


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        pytest.param(empty, actions.NothingPrescribed, id="empty"),
        pytest.param(held, actions.Blocked, id="blocked"),
    ],
)
def test_a_programme_that_cannot_go_out_stays_a_draft(patient, dana, spoil, refusal):
    draft = spoil(start(patient, by=dana), by=dana)
    before = stored(patient)
    with pytest.raises(refusal):
        publish(draft, by=dana)
    assert stored(patient) == before


@pytest.mark.usefixtures("desk")
def test_a_blocked_programme_names_what_blocks_it_and_nothing_milder(patient, dana):
    lines = [make.line("FIL"), make.line("REIL", hold_seconds=2), make.line("TILT")]
    assert publish(save(start(patient, by=dana), by=dana, lines=lines), by=dana)
    lines[1] = make.line("REIL", hold_seconds=3)
    lines.append(replace(make.line("FIL"), side="left"))
    draft = save(start(patient, by=dana), by=dana, lines=lines, reason="Why.")
    with pytest.raises(actions.Blocked, match="repeated, not held") as refusal:
        publish(draft, by=dana)
    assert [(found.rule, found.code) for found in refusal.value.findings] == [("V14", "REIL")]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_edition_2_says_what_changed_and_why(patient, dana, reason):
    published(patient, by=dana)
    draft = save(start(patient, by=dana), by=dana, reason=reason)
    before = stored(patient)
    with pytest.raises(actions.ReasonMissing):
        publish(draft, by=dana)
    assert stored(patient) == before
    assert publish(save(draft, by=dana, reason="More of it."), by=dana).number == 2


@pytest.mark.usefixtures("desk")
def test_the_edition_before_stays_as_it_was(patient, dana):
    first = published(patient, by=dana, lines=[make.line("FIL")])
    before = [PrescriptionEdition.objects.values().get(pk=first.pk), *first.lines.values()]
    published(patient, by=dana, lines=[make.line("TILT")], reason="Another.")
    after = [PrescriptionEdition.objects.values().get(pk=first.pk), *first.lines.values()]
    assert after == before


# To discard and to end


@pytest.mark.usefixtures("desk")
def test_a_discarded_draft_is_gone_and_the_edition_in_force_stays(patient, dana):
    first = published(patient, by=dana)
    draft = start(patient, by=dana)
    actions.discard_draft(draft=draft, version=draft.version, by=dana)
    assert list(PrescriptionEdition.objects.of_patient(patient)) == [first]
    assert PrescribedExercise.objects.of_patient(patient).count() == 1
    assert start(patient, by=dana).number == 2


@pytest.mark.usefixtures("desk")
def test_an_ended_course_says_when_by_whom_and_why(patient, dana):
    course = end(published(patient, by=dana).prescription, by=dana, on=TODAY + DAY)
    course.refresh_from_db()
    assert (course.ended_on, course.ended_by) == (TODAY + DAY, dana)
    assert course.ended_because == "Well again."
    assert not PrescriptionEdition.objects.of_patient(patient).in_force_on(TODAY + DAY).exists()


@pytest.mark.usefixtures("desk")
def test_a_second_end_leaves_the_first(patient, dana, clinic):
    course = published(patient, by=dana).prescription
    end(course, by=dana)
    before = stored(patient)
    with pytest.raises(actions.AlreadyEnded):
        end(course, by=make.founder(clinic), on=TODAY + DAY, because="Again.")
    assert stored(patient) == before


@pytest.mark.usefixtures("desk")
def test_the_end_discards_an_open_draft(patient, dana):
    first = published(patient, by=dana)
    start(patient, by=dana)
    end(first.prescription, by=dana)
    assert list(PrescriptionEdition.objects.of_patient(patient)) == [first]
    assert trail(patient)[-2:] == ["discarded a draft", "ended a course"]


# To log


@pytest.fixture
def edition(patient) -> PrescriptionEdition:
    return make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])


@pytest.fixture
def phone(clinic, edition, patient):
    """Inside the patient's own request: no more rights than the portal has."""
    with inside(clinic.pk, patient_id=patient.pk):
        yield


def line_keys(edition) -> list[int]:
    return list(edition.lines.order_by("order").values_list("pk", flat=True))


def report(key, outcome=Outcome.DONE, repetitions=10, pain=None, comment="") -> EntryReport:
    asked = {Moment.BEFORE: 3, Moment.DURING: 4, Moment.AFTER: 2} if pain is None else pain
    return EntryReport(key, outcome, repetitions, asked, comment)


def log(edition, patient, *, entries=None, key=KEY, at=NOW) -> SessionLog:
    return actions.record_session(
        edition=edition,
        entries=[report(pk) for pk in line_keys(edition)] if entries is None else entries,
        client_uuid=key,
        done_at=at,
        received_at=at,
        by=patient,
    )


@pytest.mark.usefixtures("phone")
def test_a_log_is_stored_with_an_entry_for_each_exercise(edition, patient):
    stretched, tilted = line_keys(edition)
    entries = [
        report(stretched, repetitions=12, comment="It pulled."),
        report(tilted, Outcome.PART, 4),
    ]
    made = log(edition, patient, entries=entries)
    assert (made.edition_id, made.client_uuid) == (edition.pk, KEY)
    assert (made.done_at, made.received_at, made.local_date) == (NOW, NOW, TODAY)
    first, second = made.entries.order_by("pk")
    assert (first.prescribed_exercise_id, first.outcome) == (stretched, "done")
    assert (first.repetitions, first.comment) == (12, "It pulled.")
    assert (first.pain_before, first.pain_during, first.pain_after) == (3, 4, 2)
    assert (second.prescribed_exercise_id, second.outcome) == (tilted, "part")
    assert second.repetitions == 4


@pytest.mark.usefixtures("phone")
def test_a_part_of_the_programme_may_be_logged(edition, patient):
    made = log(edition, patient, entries=[report(line_keys(edition)[1])])
    assert made.entries.count() == 1


@pytest.mark.parametrize(
    ("pain", "values", "skipped"),
    [
        pytest.param(
            {Moment.BEFORE: 0, Moment.DURING: 0, Moment.AFTER: 0},
            (0, 0, 0),
            [],
            id="no pain at all",
        ),
        pytest.param({Moment.BEFORE: 10}, (10, None, None), [], id="asked once"),
        pytest.param({}, (None, None, None), [], id="not asked"),
        pytest.param(
            dict.fromkeys(Moment), (None,) * 3, ["before", "during", "after"], id="all skipped"
        ),
        pytest.param(
            {Moment.BEFORE: 0, Moment.DURING: None}, (0, None, None), ["during"], id="one of each"
        ),
    ],
)
@pytest.mark.usefixtures("phone")
def test_no_pain_skipped_and_not_asked_are_kept_apart(edition, patient, pain, values, skipped):
    entry = log(edition, patient, entries=[report(line_keys(edition)[0], pain=pain)]).entries.get()
    assert (entry.pain_before, entry.pain_during, entry.pain_after) == values
    assert entry.pain_skipped == skipped


@pytest.mark.usefixtures("desk")
def test_the_same_log_sent_twice_is_stored_once(edition, patient):
    first = log(edition, patient)
    before = stored(patient)
    again = log(edition, patient, at=NOW + timedelta(minutes=3))
    assert again == first
    assert again.done_at == NOW
    assert stored(patient) == before


CHANGED: dict[str, Callable] = {
    "outcome": lambda one: replace(one, outcome=Outcome.PART),
    "repetitions": lambda one: replace(one, repetitions=None),
    "comment": lambda one: replace(one, comment="x"),
    "0 instead of 3": lambda one: replace(one, pain={**one.pain, Moment.BEFORE: 0}),
    "skipped instead of 3": lambda one: replace(one, pain={**one.pain, Moment.BEFORE: None}),
    "not asked": lambda one: replace(one, pain={}),
}


@pytest.mark.usefixtures("desk")
def test_another_content_under_the_same_key_is_noticed_and_not_stored(edition, patient, subtests):
    entries = [report(key) for key in line_keys(edition)]
    log(edition, patient, entries=entries)
    before = stored(patient)
    for what, change in CHANGED.items():
        with subtests.test(what):
            with pytest.raises(actions.LogDiffers):
                log(edition, patient, entries=[change(entries[0]), entries[1]])
            assert stored(patient) == before


@pytest.mark.usefixtures("desk")
def test_skipped_is_not_the_same_as_not_asked_under_one_key(edition, patient):
    (first, _) = line_keys(edition)
    log(edition, patient, entries=[report(first, pain={Moment.BEFORE: None})])
    with pytest.raises(actions.LogDiffers):
        log(edition, patient, entries=[report(first, pain={})])


@pytest.mark.usefixtures("desk")
def test_fewer_entries_under_the_same_key_are_another_content(edition, patient):
    entries = [report(key) for key in line_keys(edition)]
    log(edition, patient, entries=entries)
    with pytest.raises(actions.LogDiffers):
        log(edition, patient, entries=entries[:1])


@pytest.mark.usefixtures("phone")
def test_two_tabs_are_two_sessions(edition, patient):
    assert log(edition, patient) != log(edition, patient, key=uuid4())
    assert SessionLog.objects.of_patient(patient).count() == 2


def test_the_key_of_another_patients_log_is_no_conflict(edition, patient, clinic):
    neighbour = make.patient(of=clinic)
    theirs = make.log(of=make.edition(of=neighbour), client_uuid=KEY)
    with inside(clinic.pk, patient_id=patient.pk):
        ours = log(edition, patient)
    assert ours != theirs
    with inside(clinic.pk):
        assert SessionLog.objects.of_patient(neighbour).get() == theirs


@pytest.mark.usefixtures("desk")
def test_an_edition_that_was_replaced_can_still_be_logged(edition, patient, dana):
    published(patient, by=dana, reason="Another.")
    made = log(edition, patient)
    assert made.edition_id == edition.pk


def nothing(edition, neighbours):
    return []


def twice(edition, neighbours):
    return [report(line_keys(edition)[0])] * 2


def a_neighbours(edition, neighbours):
    return [report(line_keys(edition)[0]), report(line_keys(neighbours)[0])]


def one_that_never_was(edition, neighbours):
    return [report(2**62)]


@pytest.mark.parametrize("entries", [nothing, twice, a_neighbours, one_that_never_was])
def test_only_the_lines_of_the_edition_are_logged(edition, patient, dana, clinic, entries):
    neighbours = make.edition(of=make.patient(of=clinic))
    with inside(clinic.pk):
        before = stored(patient)
        with pytest.raises(actions.NotInThisProgramme):
            log(edition, patient, entries=entries(edition, neighbours))
        assert stored(patient) == before


@pytest.mark.usefixtures("desk")
def test_lines_of_an_edition_before_are_not_logged_under_the_new_one(edition, patient, dana):
    second = published(patient, by=dana, reason="Another.")
    with pytest.raises(actions.NotInThisProgramme):
        log(second, patient, entries=[report(line_keys(edition)[0])])


@pytest.mark.usefixtures("desk")
def test_a_draft_is_not_logged(edition, patient, dana):
    draft = start(patient, by=dana)
    with pytest.raises(actions.NotInThisProgramme):
        log(draft, patient)


NEW_YORK, AUCKLAND = "America/New_York", "Pacific/Auckland"


def utc(month, day, hour, minute=0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


DAYS = [
    ("", utc(5, 21, 1, 30), (5, 20), "an evening in the clinic's New York"),
    ("", utc(5, 21, 3, 59), (5, 20), "a minute to midnight"),
    ("", utc(5, 21, 4), (5, 21), "midnight"),
    (NEW_YORK, utc(3, 8, 4, 59), (3, 7), "the evening before summer time"),
    (NEW_YORK, utc(3, 8, 7), (3, 8), "the hour that is skipped"),
    (NEW_YORK, utc(3, 9, 3, 59), (3, 8), "the evening of the short day"),
    (NEW_YORK, utc(11, 1, 3, 59), (10, 31), "the evening before winter time"),
    (NEW_YORK, utc(11, 1, 5, 30), (11, 1), "half past one, in summer time"),
    (NEW_YORK, utc(11, 1, 6, 30), (11, 1), "half past one again, in winter"),
    (NEW_YORK, utc(11, 2, 4, 59), (11, 1), "the evening of the long day"),
    (AUCKLAND, utc(5, 20, 12), (5, 21), "midnight in Auckland"),
    ("Pacific/Kiritimati", utc(5, 20, 10), (5, 21), "14 hours ahead"),
    ("Pacific/Pago_Pago", utc(5, 20, 10, 59), (5, 19), "11 hours behind"),
    ("Asia/Kathmandu", utc(5, 20, 18, 14), (5, 20), "a quarter of an hour"),
    ("Asia/Kathmandu", utc(5, 20, 18, 15), (5, 21), "and a minute later"),
]


@pytest.mark.usefixtures("phone")
def test_the_day_of_a_log_is_the_patients_own(edition, patient, subtests):
    for zone, done_at, day, when in DAYS:
        with subtests.test(when):
            patient.time_zone = zone
            made = log(edition, patient, key=uuid4(), at=done_at)
            assert made.local_date == date(2026, *day)


@pytest.mark.usefixtures("desk")
def test_the_last_log_never_goes_backward(edition, patient):
    moments = []
    for minutes in (0, 10, -30, 5):
        log(edition, patient, key=uuid4(), at=NOW + timedelta(minutes=minutes))
        moments.append(Patient.objects.get(pk=patient.pk).last_logged_at - NOW)
    assert [moment.total_seconds() / 60 for moment in moments] == [0, 10, 10, 10]


@pytest.mark.usefixtures("desk")
def test_a_log_leaves_the_rest_of_the_record_alone(edition, patient):
    Patient.objects.filter(pk=patient.pk).update(phone="555 0100")
    log(edition, patient)
    assert Patient.objects.get(pk=patient.pk).phone == "555 0100"


@pytest.mark.usefixtures("desk")
def test_a_log_with_a_clock_of_tomorrow_is_refused_whole(edition, patient):
    before = stored(patient)
    with (
        pytest.raises(IntegrityError, match="log_not_from_the_future"),
        transaction.atomic(),
    ):
        actions.record_session(
            edition=edition,
            entries=[report(line_keys(edition)[0])],
            client_uuid=KEY,
            done_at=NOW + 2 * DAY,
            received_at=NOW,
            by=patient,
        )
    assert stored(patient) == before


# The trail


ACTS: dict[str, Callable] = {
    "began a draft": lambda patient, by: start(patient, by=by),
    "saved a draft": lambda patient, by: save(start(patient, by=by), by=by),
    "published an edition": lambda patient, by: published(patient, by=by, reason="Why."),
    "discarded a draft": lambda patient, by: actions.discard_draft(
        draft=(draft := start(patient, by=by)), version=draft.version, by=by
    ),
    "ended a course": lambda patient, by: end(
        Prescription.objects.of_patient(patient).get(), by=by
    ),
}


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("verb", ACTS)
def test_each_act_leaves_one_line_with_its_actor_and_its_patient(patient, edition, dana, verb):
    before = trail(patient)
    ACTS[verb](patient, by=dana)
    after = trail(patient)[len(before) :]
    assert (after.count(verb), after[-1]) == (1, verb)
    event = AuditEvent.objects.filter(patient_id=patient.pk).order_by("pk").last()
    assert (event.actor_kind, event.actor_id, event.actor_name) == ("staff", dana.pk, "Dana Ruiz")


@pytest.mark.usefixtures("desk")
def test_an_exercise_added_leaves_one_line(patient, dana):
    draft = start(patient, by=dana)
    before = trail(patient)
    add(draft, "FIL", by=dana)
    assert trail(patient)[len(before) :] == ["saved a draft"]


@pytest.mark.usefixtures("desk")
def test_a_log_leaves_one_line_in_the_patients_own_name(edition, patient):
    before = trail(patient)
    log(edition, patient)
    log(edition, patient)
    assert trail(patient)[len(before) :] == ["logged a session"]
    event = AuditEvent.objects.filter(verb="logged a session").get()
    assert (event.actor_kind, event.actor_id) == ("patient", patient.pk)
    assert (event.actor_name, event.patient_id) == ("Ana Ruiz", patient.pk)
