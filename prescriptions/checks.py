"""What is checked before a programme goes out: the facts on record in, findings out.

To be read by a therapist from top to bottom. Plain Python: no database, no request, no clock;
the day comes in with the record. Rule numbers are those of the decision table in
docs/clinical.md. All rules are asked, and the most severe finding decides.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum, StrEnum

from exercises.vocabulary import Demand, Direction, Range, Region
from patients.bodymap import LOCAL, MAP_OF, BodyMap
from patients.conditions import DEMANDS, LOADS, Condition, Effect
from patients.episodes import Phase
from patients.lights import Light, standing

VERSION = 1  # of the rules; kept with every finding


class Verdict(IntEnum):
    """How severe a finding is; the most severe one decides."""

    ALLOWED = 0
    CAUTION = 1
    BLOCKED = 2
    STOP = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class Needed(StrEnum):
    """What has to be written down to go on despite a finding."""

    SEEN = "seen"
    REASON = "reason"
    PLAN = "plan"
    CHECK_ON = "check_on"
    CLEARANCE_FROM = "clearance_from"
    CLEARANCE_ON = "clearance_on"
    MODIFIED_RANGE = "modified_range"
    CONTACT = "contact"
    DECISION = "decision"
    PAIN_LIMIT = "pain_limit"
    FADES_WITHIN = "fades_within"


# The last column of the decision table. A rule that is not here cannot be overridden:
# the fact itself has to change.
TO_GO_ON: Mapping[str, tuple[Needed, ...]] = {
    "V3": (Needed.REASON, Needed.CLEARANCE_FROM, Needed.CLEARANCE_ON, Needed.MODIFIED_RANGE),
    "V4": (Needed.REASON, Needed.PLAN, Needed.CHECK_ON),
    "V5": (Needed.REASON, Needed.CONTACT, Needed.DECISION),
    "V6": (Needed.REASON, Needed.CHECK_ON),
    "V6b": (Needed.CHECK_ON,),
    "V7": (Needed.SEEN,),
    "V8": (Needed.SEEN,),
    "V9": (Needed.CHECK_ON,),
    "V10": (Needed.PAIN_LIMIT, Needed.FADES_WITHIN),
    "V11": (Needed.SEEN,),
    "V12": (Needed.REASON,),
    "V13": (Needed.SEEN,),
    "V15": (Needed.REASON,),
    "V16": (Needed.DECISION,),
    "V17": (Needed.SEEN,),
    "V19": (Needed.REASON,),
}


# How soon the decision table asks somebody to look again; else within this many days.
CHECK_WITHIN: Mapping[str, timedelta] = {"V4": timedelta(hours=72), "V9": timedelta(hours=48)}
LATEST_CHECK = timedelta(days=90)


def latest_check(rule: str, today: date) -> date:
    """The last day on which what is recorded against this rule may be checked."""
    return today + CHECK_WITHIN.get(rule, LATEST_CHECK)


# The facts.


@dataclass(frozen=True)
class Load:
    """Where, which way and how far an exercise loads the body."""

    region: Region
    direction: Direction
    range: Range

    @property
    def movement(self) -> "Way":
        return way(self.region, self.direction)

    @property
    def words(self) -> str:
        return f"{self.region.label.lower()} {self.direction.label.lower()}"

    @property
    def has_direction(self) -> bool:
        return self.direction not in (Direction.NONE, Direction.NEUTRAL)


Way = tuple[Region, Direction]


def way(region: Region, direction: Direction) -> Way:
    """A movement as tests know it: the upper thoracic spine counts as thoracic."""
    return (Region.THORACIC if region is Region.THORACIC_UPPER else region), direction


@dataclass(frozen=True)
class Tested:
    """The latest direction test of one movement."""

    light: Light
    on: date
    during: str
    after: str
    # Something has happened since that makes the test worthless, unless it is red.
    is_overtaken: bool = False


@dataclass(frozen=True)
class OnFile:
    """A condition of the patient, as it was recorded."""

    condition: Condition
    since: date
    source: str


@dataclass(frozen=True)
class Paused:
    """What home logs have paused: one exercise, or every load in one direction."""

    on: date
    because: str
    code: str = ""
    way: Way | None = None


@dataclass(frozen=True)
class Record:
    """Everything the rules need to know of one patient on one day."""

    today: date
    screened_on: date | None = None
    open_flags: tuple[str, ...] = ()
    phase: Phase = Phase.ASSESSMENT
    preference: Way | None = None
    tests: Mapping[Way, Tested] = field(default_factory=dict)
    conditions: tuple[OnFile, ...] = ()
    paused: tuple[Paused, ...] = ()
    # The furthest rank of symptoms on each body map; 0 for none.
    reach: Mapping[BodyMap, int] = field(default_factory=dict)
    test_valid_days: int = 14

    def tested(self, load: Load) -> Tested | None:
        return self.tests.get(load.movement)

    def light(self, load: Load) -> Light | None:
        """What the latest test of this movement is worth today; None when it was never tested."""
        test = self.tested(load)
        if test is None:
            return None
        return standing(
            test.light,
            tested_on=test.on,
            today=self.today,
            valid_days=self.test_valid_days,
            is_overtaken=test.is_overtaken,
        )


@dataclass(frozen=True)
class Planned:
    """One exercise of a programme. Times in seconds."""

    code: str
    name: str
    loads: tuple[Load, ...] = ()
    demands: frozenset[Demand] = frozenset()
    hold_seconds: int = 0
    max_hold_seconds: int | None = None
    hold_message: str = ""
    soon_after_waking: bool = False  # within two hours
    companion: "Planned | None" = None
    companion_is_optional: bool = False


@dataclass(frozen=True)
class Finding:
    """What a rule says about one exercise: which rule, how severe, why, on what facts."""

    rule: str
    verdict: Verdict
    code: str
    message: str
    advice: str = ""
    facts: tuple[str, ...] = ()

    @property
    def needed(self) -> tuple[Needed, ...]:
        """What has to be recorded to go on; empty where nothing can be."""
        return TO_GO_ON.get(self.rule, ())

    @property
    def basis(self) -> str:
        """The rule and the facts it used, for whoever wants to look them up."""
        return " · ".join((f"Rule {self.rule}", *self.facts))

    @property
    def can_be_overridden(self) -> bool:
        return self.verdict is not Verdict.STOP and bool(self.needed)


# Rules on the patient: they speak about every exercise alike.


def open_red_flag(planned: Planned, record: Record) -> Iterator[Finding]:
    """V1: nothing is prescribed while a red-flag answer is open."""
    if record.open_flags:
        yield Finding(
            "V1",
            Verdict.STOP,
            planned.code,
            "Red-flag answer is open. Refer or clear it before prescribing.",
            "Record who assessed it, when, and the outcome.",
            record.open_flags,
        )


def not_screened(planned: Planned, record: Record) -> Iterator[Finding]:
    """V2: the safety screen comes before the first exercise of an episode."""
    if record.screened_on is None:
        yield Finding("V2", Verdict.BLOCKED, planned.code, "Complete the safety screen first.")


# Rules on conditions.


def condition_on_load(planned: Planned, record: Record) -> Iterator[Finding]:
    """V3 and V8: a condition speaks against a movement.

    A fresh green test of that movement waives a caution, never a block.
    """
    for on_file in record.conditions:
        for entry in LOADS:
            for load in planned.loads:
                if entry.condition is not on_file.condition or not entry.fits(
                    load.region, load.direction, load.range
                ):
                    continue
                if entry.effect is Effect.CAUTION and record.light(load) is Light.GREEN:
                    continue
                yield _of_condition(planned, on_file, entry.effect, load.words, entry.source)


def condition_on_demand(planned: Planned, record: Record) -> Iterator[Finding]:
    """V3 and V8: a condition speaks against a demand of the exercise. No test waives it."""
    for on_file in record.conditions:
        for entry in DEMANDS:
            if entry.condition is on_file.condition and entry.demand in planned.demands:
                words = entry.demand.label.lower()
                yield _of_condition(planned, on_file, entry.effect, words, entry.source)


# Rules on direction.


def direction_is_red(planned: Planned, record: Record) -> Iterator[Finding]:
    """V4 and V7: the direction made symptoms worse; blocked at end range, a caution before it."""
    for load in planned.loads:
        test = record.tested(load)
        if test is None or test.light is not Light.RED:
            continue
        facts = (_test_fact(load, test),)
        if load.range is Range.END:
            yield Finding(
                "V4",
                Verdict.BLOCKED,
                planned.code,
                f"{load.words.capitalize()} made symptoms worse on {_day(test.on)}"
                f" ({test.during}/{test.after}).",
                "Test it again today; or record the reason, a plan and a check within 72 hours.",
                facts,
            )
        else:
            yield _gentle_only(planned, load, "provocative", facts)


def paused_by_home_logs(planned: Planned, record: Record) -> Iterator[Finding]:
    """V5: what a patient's own logs have paused stays paused until somebody has looked."""
    for pause in record.paused:
        ways = {load.movement for load in planned.loads}
        if pause.code == planned.code or pause.way in ways:
            yield Finding(
                "V5",
                Verdict.BLOCKED,
                planned.code,
                f"Paused on {_day(pause.on)} after the patient reported {pause.because}.",
                "Record the review, how you reached the patient, and what you decided.",
                (f"paused {_day(pause.on)}",),
            )


def opposite_of_preference(planned: Planned, record: Record) -> Iterator[Finding]:
    """V6, V6b and V7: against the directional preference, by phase and range."""
    if record.preference is None:
        return
    region, direction = record.preference
    preferred = f"{region.label.lower()} {direction.label.lower()}"
    for load in planned.loads:
        if load.movement != (region, direction.opposite):
            continue
        facts = (f"phase {record.phase.label.lower()}", f"opposite of {preferred}")
        if record.phase is Phase.RECOVERY_OF_FUNCTION:
            yield Finding(
                "V6b",
                Verdict.CAUTION,
                planned.code,
                f"Reintroducing {load.words}. Follow with {preferred}.",
                "Set a date to check. Begin lying down, in a small range.",
                facts,
            )
        elif record.phase in (Phase.REDUCTION, Phase.MAINTAINED):
            if load.range is Range.END:
                yield Finding(
                    "V6",
                    Verdict.BLOCKED,
                    planned.code,
                    "Opposite to the preferred direction while it is still settling.",
                    "Change the phase; or record the reason and the date of a new test.",
                    facts,
                )
            else:
                yield _gentle_only(planned, load, "opposite to the preferred direction", facts)


def not_settled(planned: Planned, record: Record) -> Iterator[Finding]:
    """V9: the last test was amber."""
    yield from _of_light(
        planned,
        record,
        Light.AMBER,
        "V9",
        "{words} has not settled yet.",
        "Review in 24 to 48 hours.",
    )


def expected_pain(planned: Planned, record: Record) -> Iterator[Finding]:
    """V10: of a short tissue, brief stretch pain at the end of range is expected."""
    yield from _of_light(
        planned,
        record,
        Light.EXPECTED,
        "V10",
        "Brief end-range stretch pain in {words} is expected and must fade.",
        "Set the most pain (0–10) and how soon it has to fade.",
    )


def test_is_stale(planned: Planned, record: Record) -> Iterator[Finding]:
    """V11: the test is old, or something has happened since."""
    for load, test in _tested(planned, record, Light.STALE):
        days = (record.today - test.on).days
        ago = "today" if not days else "yesterday" if days == 1 else f"{days} days ago"
        since = ", and something has happened since" if test.is_overtaken else ""
        yield Finding(
            "V11",
            Verdict.CAUTION,
            planned.code,
            f"{load.words.capitalize()} was last tested {ago}{since}. Retest.",
            facts=(_test_fact(load, test),),
        )


def untested(planned: Planned, record: Record) -> Iterator[Finding]:
    """V12 and V13: end range, never tested, and there are symptoms on that map of the body.

    Leg pain says nothing of the upper back, nor arm pain of the low back.
    """
    for load in planned.loads:
        is_tested = record.tested(load) is not None
        if load.range is not Range.END or not load.has_direction or is_tested:
            continue
        body_map = MAP_OF[load.region]
        reach = record.reach.get(body_map, 0)
        if reach > LOCAL:
            limb = "leg" if body_map is BodyMap.LOW else "arm"
            yield Finding(
                "V12",
                Verdict.BLOCKED,
                planned.code,
                f"Symptoms reach the {limb} and {load.words} is untested. Test first.",
                "Test it; or record the reason.",
                (f"symptoms up to rank {reach}",),
            )
        elif reach:
            yield Finding(
                "V13",
                Verdict.CAUTION,
                planned.code,
                f"{load.words.capitalize()} is not tested.",
                facts=(f"symptoms up to rank {reach}",),
            )


# Rules on the exercise itself.


def hold_is_too_long(planned: Planned, record: Record) -> Iterator[Finding]:
    """V14: an exercise that is repeated, not held, may not be held; there is no override."""
    most = planned.max_hold_seconds
    if most is not None and planned.hold_seconds > most:
        yield Finding(
            "V14",
            Verdict.BLOCKED,
            planned.code,
            planned.hold_message or f"{planned.name} is repeated, not held.",
            f"Set the hold to {most} s or less.",
            (f"hold {planned.hold_seconds} s",),
        )


def early_bending(planned: Planned, record: Record) -> Iterator[Finding]:
    """V17: bending the low back fully soon after waking."""
    bends = any(
        load.movement == (Region.LUMBAR, Direction.FLEXION) and load.range is Range.END
        for load in planned.loads
    )
    if bends and planned.soon_after_waking:
        yield Finding(
            "V17", Verdict.CAUTION, planned.code, "Early-morning bending: consider later."
        )


# Rules on the programme as a whole.


def companion(planned: Planned, following: Sequence[Planned], record: Record) -> Iterator[Finding]:
    """V15 and V16: what usually follows an exercise, unless it does not suit this patient."""
    usual = planned.companion
    if usual is None or planned.companion_is_optional:
        return
    against = check_one(usual, record)
    if verdict(against) >= Verdict.BLOCKED:
        rules = ", ".join(dict.fromkeys(found.rule for found in against if found.verdict >= 2))
        yield Finding(
            "V16",
            Verdict.CAUTION,
            planned.code,
            f"{usual.name} usually follows and does not suit this patient ({rules}).",
            "Pick a substitute or none, and record which.",
            tuple(found.message for found in against),
        )
    elif all(other.code != usual.code for other in following):
        yield Finding(
            "V15",
            Verdict.CAUTION,
            planned.code,
            f"{planned.name} is usually followed by {usual.name}.",
            f"Add {usual.name} after it, or record the reason not to.",
        )


def two_opposite_directions(planned: Planned, programme: Sequence[Planned]) -> Iterator[Finding]:
    """V19: full bending and full arching of one region in one programme, not as a pair."""
    for other in programme:
        if _bend_against_each_other(planned, other) and not _are_a_pair(planned, other):
            yield Finding(
                "V19",
                Verdict.CAUTION,
                planned.code,
                f"Two opposite directions in one programme: {planned.name} and {other.name}.",
                "Record the reason.",
            )
            return


EVERY_EXERCISE: tuple[Callable[[Planned, Record], Iterator[Finding]], ...] = (
    open_red_flag,
    not_screened,
    condition_on_load,
    condition_on_demand,
    direction_is_red,
    paused_by_home_logs,
    opposite_of_preference,
    not_settled,
    expected_pain,
    test_is_stale,
    untested,
    hold_is_too_long,
    early_bending,
)


def check_one(planned: Planned, record: Record) -> list[Finding]:
    """What speaks against one exercise for this patient, on its own."""
    return list(dict.fromkeys(found for rule in EVERY_EXERCISE for found in rule(planned, record)))


def check(programme: Sequence[Planned], record: Record) -> list[list[Finding]]:
    """Every finding on each exercise of the programme, in its order, the most severe first."""
    checked = []
    for place, planned in enumerate(programme):
        found = check_one(planned, record)
        if verdict(found) < Verdict.BLOCKED:
            # The companion of what cannot be prescribed is not asked for.
            found += companion(planned, programme[place + 1 :], record)
        found += two_opposite_directions(planned, programme)
        checked.append(sorted(found, key=lambda finding: -finding.verdict))
    return checked


def verdict(findings: Iterable[Finding]) -> Verdict:
    """The most severe finding decides; with none (V18) no conflict was found.

    That is not a diagnosis, and not the same as safe.
    """
    return max((finding.verdict for finding in findings), default=Verdict.ALLOWED)


def unanswered(
    findings: Iterable[Finding], recorded: Mapping[str, Mapping[str, object]]
) -> list[Finding]:
    """The findings that still forbid to go on: what they ask for is not written down in full."""
    return [
        finding
        for finding in findings
        if not finding.can_be_overridden
        or any(_is_missing(recorded.get(finding.rule, {}).get(one)) for one in finding.needed)
    ]


def checked_too_late(
    findings: Iterable[Finding], recorded: Mapping[str, Mapping[str, object]], today: date
) -> list[Finding]:
    """The findings whose date to check, an ISO date, is past or later than the rule allows."""
    return [
        finding
        for finding in findings
        if Needed.CHECK_ON in finding.needed
        and not today.isoformat()
        <= str(recorded.get(finding.rule, {}).get(Needed.CHECK_ON))
        <= latest_check(finding.rule, today).isoformat()
    ]


def _is_missing(answer: object) -> bool:
    """An empty line or a box without a tick is no answer; a pain limit of 0 is one."""
    return answer is None or answer is False or not str(answer).strip()


# Words that several rules share.


def _of_condition(
    planned: Planned, on_file: OnFile, effect: Effect, what: str, source: str
) -> Finding:
    name = on_file.condition.label
    facts = (f"{name}, since {_day(on_file.since)} ({on_file.source})", f"sources: {source}")
    if effect is Effect.BLOCKED:
        advice = "Record the reason, the clearance with its date, and the range you allow."
        message = f"{name}: {what} is normally avoided."
        return Finding("V3", Verdict.BLOCKED, planned.code, message, advice, facts)
    return Finding("V8", Verdict.CAUTION, planned.code, f"{name}: watch {what}.", facts=facts)


def _gentle_only(planned: Planned, load: Load, why: str, facts: tuple[str, ...]) -> Finding:
    return Finding(
        "V7",
        Verdict.CAUTION,
        planned.code,
        f"Gentle range only; {load.words} was {why}."
        if why == "provocative"
        else f"Gentle range only; {load.words} is {why}.",
        "A new test in this position is advised.",
        facts,
    )


def _of_light(
    planned: Planned, record: Record, light: Light, rule: str, message: str, advice: str
) -> Iterator[Finding]:
    for load, test in _tested(planned, record, light):
        words = message.format(words=load.words)
        said = words[0].upper() + words[1:]
        facts = (_test_fact(load, test),)
        yield Finding(rule, Verdict.CAUTION, planned.code, said, advice, facts)


def _tested(planned: Planned, record: Record, light: Light) -> Iterator[tuple[Load, Tested]]:
    for load in planned.loads:
        if record.light(load) is light:
            yield load, record.tests[load.movement]


def _test_fact(load: Load, test: Tested) -> str:
    return f"{load.words} tested {test.light.label.lower()} on {_day(test.on)}"


def _are_a_pair(one: Planned, other: Planned) -> bool:
    return any(
        first.companion is not None and first.companion.code == second.code
        for first, second in ((one, other), (other, one))
    )


def _bend_against_each_other(one: Planned, other: Planned) -> bool:
    def ends(planned: Planned) -> set[Way]:
        return {load.movement for load in planned.loads if load.range is Range.END}

    bending = {Direction.FLEXION, Direction.EXTENSION}
    return any(
        direction in bending and (region, direction.opposite) in ends(other)
        for region, direction in ends(one)
    )


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"
