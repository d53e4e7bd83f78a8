"""Whatever is on record and on the desk: what is published holds no stop and lacks no record."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinics.models import AuditEvent
from clinics.tenancy import inside
from exercises.vocabulary import Direction, Range, Region, Side
from patients.conditions import Condition
from patients.episodes import Phase
from patients.lights import GIVEN_BY_A_TEST, After, During, Light, Neuro, RangeChange
from patients.models import (
    Clearance,
    ConditionOnFile,
    DirectionTest,
    Episode,
    Patient,
    RaisedFlag,
)
from prescriptions import actions, checks, facts
from prescriptions.checks import TO_GO_ON, Needed, Verdict, way
from prescriptions.models import (
    KeptFinding,
    Override,
    Pause,
    PrescribedExercise,
    PrescriptionEdition,
    SessionEntry,
)
from tests import make
from tests.make import NOW, TODAY
from tests.prescriptions.test_views_drafts import press, row
from tests.programme import CATALOGUE

fixed = settings(max_examples=36)
fewer = settings(fixed, max_examples=10)

LOADS = {(load.region, load.direction) for one in CATALOGUE.values() for load in one.loads}
TESTED = [Region.CERVICAL, Region.THORACIC, Region.LUMBAR]
WAYS = sorted(
    {way(*load) for load in LOADS if load[1] not in (Direction.NONE, Direction.NEUTRAL)}
    | {(Region.LUMBAR, Direction.EXTENSION), (Region.THORACIC, Direction.FLEXION)}
)
WAYS_TESTED = [one for one in WAYS if one[0] in TESTED]
WRITTEN = {
    Needed.SEEN: True,
    Needed.REASON: "She has to bend at work.",
    Needed.PLAN: "Five, lying down.",
    Needed.CHECK_ON: (TODAY + timedelta(days=1)).isoformat(),
    Needed.CLEARANCE_FROM: "Dr Lee",
    Needed.CLEARANCE_ON: TODAY.isoformat(),
    Needed.MODIFIED_RANGE: "Half",
    Needed.CONTACT: "By phone",
    Needed.DECISION: "Go on.",
    Needed.PAIN_LIMIT: 0,
    Needed.FADES_WITHIN: 5,
}
FULL = {rule: {one.value: WRITTEN[one] for one in needed} for rule, needed in TO_GO_ON.items()}
NOTHING = ["", "  ", None, False]


@dataclass(frozen=True)
class History:
    """What is on record before the desk is opened."""

    episode: str
    flag: str
    phase: Phase
    preference: tuple[Region, Direction] | None
    tests: list[tuple]
    conditions: list[Condition]
    paused: list
    zones: list[str]
    unsettled: bool


histories = st.builds(
    History,
    # Mostly screened and without a flag, so that the other rules decide.
    episode=st.sampled_from(["screened"] * 6 + ["not screened", "none"]),
    flag=st.sampled_from([""] * 5 + ["cleared", "cleared", "open"]),
    phase=st.sampled_from(Phase),
    preference=st.none() | st.sampled_from(WAYS_TESTED),
    tests=st.lists(
        st.tuples(
            st.sampled_from(WAYS_TESTED),
            st.sampled_from([*GIVEN_BY_A_TEST, Light.RED, Light.GREEN]),
            st.sampled_from([0, 0, 14, 15, 40]),
        ),
        max_size=3,
    ),
    conditions=st.lists(st.sampled_from(Condition), max_size=1),
    paused=st.lists(st.sampled_from([*CATALOGUE, *WAYS]), max_size=1),
    zones=st.lists(st.sampled_from(["low-2-L", "low-5-L", "upper-2-R", "upper-5-R"]), max_size=1),
    unsettled=st.booleans(),
)


@st.composite
def records(draw: st.DrawFn) -> dict:
    """What is written beside a line: all, nothing, some rules, or one thing left open."""
    how = draw(st.sampled_from(["all", "all", "all", "nothing", "some", "gap"]))
    if how == "nothing":
        return {}
    if how == "some":
        kept = draw(st.sets(st.sampled_from(sorted(FULL))))
        return {rule: dict(FULL[rule]) for rule in kept}
    recorded = {rule: dict(written) for rule, written in FULL.items()}
    if how == "gap":
        rule = draw(st.sampled_from(sorted(FULL)))
        name = draw(st.sampled_from(sorted(FULL[rule])))
        recorded[rule][name] = draw(st.sampled_from(NOTHING))
    return recorded


@dataclass(frozen=True)
class Typed:
    """One line as it is typed on the desk."""

    code: str
    hold_seconds: int
    repetitions: int
    side: Side
    soon_after_waking: bool
    recorded: dict

    def plan(self) -> actions.LinePlan:
        dosed = make.line(self.code, hold_seconds=self.hold_seconds, repetitions=self.repetitions)
        return replace(
            dosed,
            side=self.side.value,
            soon_after_waking=self.soon_after_waking,
            recorded=self.recorded,
        )

    def row(self) -> dict:
        typed = {
            "hold_seconds": self.hold_seconds,
            "repetitions": self.repetitions,
            "side": self.side.value,
            "recorded": {
                rule: {name: value for name, value in written.items() if value not in NOTHING}
                for rule, written in self.recorded.items()
            },
        }
        if self.soon_after_waking:
            typed["soon_after_waking"] = "on"
        return row(self.code, **typed)


programmes = st.lists(
    st.builds(
        Typed,
        code=st.sampled_from(sorted(CATALOGUE)),
        hold_seconds=st.sampled_from([0, 1, 2, 2, 3, 30]),
        repetitions=st.integers(1, 30),
        side=st.sampled_from(Side),
        soon_after_waking=st.booleans(),
        recorded=records(),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda line: line.code,
)


PLAIN = History("screened", "", Phase.ASSESSMENT, None, [], [], [], [], False)
RED = replace(PLAIN, tests=[((Region.LUMBAR, Direction.FLEXION), Light.RED, 0)])
BEND = Typed("FIL", 1, 10, Side.NONE, False, FULL)
HELD = Typed("REIL", 30, 10, Side.NONE, False, FULL)
TILT = Typed("TILT", 0, 10, Side.NONE, False, {})
BRITTLE = replace(PLAIN, conditions=[Condition.SPINAL_FRACTURE_OR_OSTEOPOROSIS])
# What the examples reach in any case: every way to be refused, and publishing despite a block.
ALWAYS = {
    "V1": (replace(PLAIN, flag="open"), [BEND]),
    "V2": (replace(PLAIN, episode="none"), [BEND]),
    "V3": (BRITTLE, [replace(BEND, recorded={})]),
    "V4": (RED, [replace(BEND, recorded={})]),
    "V5": (replace(PLAIN, paused=["FIL"]), [replace(BEND, recorded={})]),
    "V14": (PLAIN, [HELD]),
    "published 0": (PLAIN, [TILT]),
    "published 1": (PLAIN, [BEND]),
    "published 2": (RED, [BEND]),
}


def and_always(holds: Callable) -> Callable:
    for history, programme in ALWAYS.values():
        holds = example(history, programme)(holds)
    return holds


@pytest.fixture
def entry(patient) -> SessionEntry:
    """A session logged some time ago, for the pauses to name; edition 1 is in force."""
    make.log(of=make.edition(of=patient))
    with inside(patient.clinic_id):
        return SessionEntry.objects.of_patient(patient).get()


@contextmanager
def undone(patient: Patient) -> Iterator[None]:
    """A transaction of a therapist of which nothing stays."""
    by = make.founder(patient.clinic)
    with inside(patient.clinic_id, user_id=by.pk), transaction.atomic():
        yield
        transaction.set_rollback(True)


def write(history: History, patient: Patient, entry: SessionEntry) -> None:
    by = make.founder(patient.clinic)
    mine = {"clinic_id": patient.clinic_id, "patient": patient}
    episode = Episode.objects.of_patient(patient).get()
    for place, (movement, light, age) in enumerate(history.tests):
        DirectionTest.objects.create(
            **mine,
            episode=episode,
            region=movement[0],
            direction=movement[1],
            position="lying",
            loading="repeated",
            amount=10,
            during=During.INCREASED,
            after=After.WORSE,
            rom=RangeChange.SAME,
            neuro=Neuro.SAME,
            computed_light=light,
            computed_reason="Seen.",
            rules_version=1,
            light=light,
            at=NOW - timedelta(days=age) + timedelta(minutes=place),
            by=by,
        )
    episode.phase, episode.zones_now = history.phase, history.zones
    episode.preferred_region, episode.preferred_direction = history.preference or ("", "")
    episode.unsettled_at = NOW - timedelta(days=1) if history.unsettled else None
    if history.episode != "screened":
        episode.closed_at, episode.closed_by = NOW, by
    episode.save()
    if history.episode == "not screened":
        Episode.objects.create(**mine, complaint="Again", opened_by=by)
    if history.flag:
        flag = RaisedFlag.objects.create(**mine, code="bladder", source="portal", raised_at=NOW)
    if history.flag == "cleared":
        cleared = {"assessed_by": "Dr Lee", "assessed_on": TODAY, "outcome": "Well."}
        Clearance.objects.create(**mine, flag=flag, recorded_by=by, **cleared)
    for condition in history.conditions:
        ConditionOnFile.objects.create(
            **mine, condition=condition, since=TODAY, source="Letter", recorded_by=by
        )
    for what in history.paused:
        one = {"exercise": make.exercise(what)} if isinstance(what, str) else {}
        if not one:
            one = {"region": what[0], "direction": what[1]}
        Pause.objects.create(**mine, entry=entry, because="A spread.", **one)


def state(patient: Patient) -> dict[str, list]:
    """Everything that publishing writes to."""
    models = (PrescriptionEdition, PrescribedExercise, KeptFinding, Override)
    rows = {
        model.__name__: list(model.objects.of_patient(patient).order_by("pk").values())
        for model in models
    }
    return rows | {"trail": AuditEvent.objects.acts().filter(patient_id=patient.pk).count()}


def known_to_forbid(history: History, programme: list[Typed]) -> bool:
    """What anybody can see forbids the programme, told without the rules."""
    if history.flag == "open" or history.episode != "screened":
        return True
    latest = {
        movement: light
        # The oldest first; of two of one day the one stored later is the newer.
        for movement, light, _age in sorted(history.tests, key=lambda test: -test[2])
    }
    return any(
        (line.code == "REIL" and line.hold_seconds > 2)
        or any(
            load.range is Range.END
            and latest.get(way(load.region, load.direction)) is Light.RED
            and any(line.recorded.get("V4", {}).get(one) in NOTHING for one in FULL["V4"])
            for load in CATALOGUE[line.code].loads
        )
        for line in programme
    )


def is_published_rightly(edition: PrescriptionEdition, patient: Patient) -> None:
    """No stop; nothing without its record; all that was found is kept."""
    lines = list(edition.lines.with_exercises())
    for line, found in zip(
        lines, facts.findings_of(lines, patient=patient, today=TODAY), strict=True
    ):
        assert checks.verdict(found) < Verdict.STOP
        kept = KeptFinding.objects.of_edition(edition).filter(prescribed_exercise=line)
        assert sorted((one.rule, one.verdict, one.message) for one in kept) == sorted(
            (one.rule, one.verdict.value, one.message) for one in found
        )
        overrides = Override.objects.of_edition(edition).filter(prescribed_exercise=line)
        recorded = {override.rule: override.recorded for override in overrides}
        assert recorded.keys() == {one.rule for one in found}
        for rule, written in recorded.items():
            assert all(written.get(one) == value for one, value in FULL[rule].items())


def test_what_is_published_holds_no_stop_and_lacks_no_record(patient, entry):
    seen = set()
    by = make.founder(patient.clinic)

    @given(histories, programmes)
    @and_always
    @fixed
    def holds(history, programme):
        with undone(patient):
            draft = actions.start_draft(patient=patient, starts_on=TODAY, by=by, at=NOW)
            draft = actions.save_draft(
                draft=draft,
                version=draft.version,
                lines=[line.plan() for line in programme],
                starts_on=TODAY,
                review_on=None,
                reason="More.",
                by=by,
                at=NOW,
            )
            write(history, patient, entry)
            before = state(patient)
            try:
                edition = actions.publish(draft=draft, version=draft.version, by=by, at=NOW)
            except actions.Blocked as refusal:
                seen.update(finding.rule for finding in refusal.findings)
                assert state(patient) == before
                return
            assert not known_to_forbid(history, programme)
            is_published_rightly(edition, patient)
            found = KeptFinding.objects.of_edition(edition).values_list("verdict", flat=True)
            seen.add(f"published {max(found, default=0)}")

    holds()
    assert seen >= ALWAYS.keys()


@pytest.mark.usefixtures("clock")
def test_the_desk_publishes_nothing_else(patient, entry, therapist):
    seen = set()
    by = make.founder(patient.clinic)

    @given(histories, programmes)
    @and_always
    @fewer
    def holds(history, programme):
        with undone(patient):
            draft = actions.start_draft(patient=patient, starts_on=TODAY, by=by, at=NOW)
            write(history, patient, entry)
            before = state(patient)
            rows = [line.row() for line in programme]
            response = press(therapist, draft, "publish", rows=rows, reason="More.")
            edition = PrescriptionEdition.objects.get(pk=draft.pk)
            seen.add((response.status_code, edition.is_draft))
            if edition.is_draft:
                assert state(patient) == before
            else:
                assert not known_to_forbid(history, programme)
                is_published_rightly(edition, patient)

    holds()
    assert seen == {(200, True), (302, False)}


def test_the_database_keeps_no_stop_with_an_edition(patient, entry):
    with undone(patient), connection.cursor() as cursor:
        line = entry.prescribed_exercise
        for verdict in (3, 4, 32767):
            with (
                pytest.raises(DatabaseError, match="no_stop_is_published"),
                transaction.atomic(),
            ):
                cursor.execute(
                    "INSERT INTO prescriptions_keptfinding (clinic_id, patient_id, edition_id,"
                    " prescribed_exercise_id, rule, verdict, message, facts, rules_version,"
                    " shown_at) VALUES (%s, %s, %s, %s, 'V1', %s, 'x', '{}', 1, now())",
                    [line.clinic_id, line.patient_id, line.edition_id, line.pk, verdict],
                )
        with pytest.raises(DatabaseError, match="rules_without_override"), transaction.atomic():
            cursor.execute(
                "INSERT INTO prescriptions_override (clinic_id, patient_id, edition_id,"
                " prescribed_exercise_id, rule, recorded, by_id, at)"
                " VALUES (%s, %s, %s, %s, 'V1', '{}', %s, now())",
                [
                    line.clinic_id,
                    line.patient_id,
                    line.edition_id,
                    line.pk,
                    make.founder(patient.clinic).pk,
                ],
            )
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("UPDATE prescriptions_keptfinding SET verdict = 3")
