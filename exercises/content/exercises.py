from collections.abc import Iterable, Mapping
from dataclasses import fields
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from exercises.content.figures import VERSIONS, read_figure
from exercises.content.records import (
    FACT_ID,
    DoseRange,
    DoseRow,
    ExerciseRecord,
    Fact,
    LoadRecord,
    Mark,
)
from exercises.content.sources import CATALOGUE, load_sources
from exercises.content.tables import CatalogueError, Table
from exercises.dosage import LIMITS, Dosage
from exercises.vocabulary import (
    Demand,
    Direction,
    Equipment,
    Mode,
    Position,
    Range,
    Region,
    Role,
    Side,
)


def load_exercises(folder: Path = CATALOGUE) -> list[ExerciseRecord]:
    """Read every exercise file of the folder and check what they say about each other."""
    records = {
        path.name: parse_exercise(path.read_text(encoding="utf-8"), path.name)
        for path in sorted(folder.glob("*.toml"))
        if path.name != "sources.toml"
    }
    check_references(records)
    return list(records.values())


def parse_exercise(text: str, origin: str) -> ExerciseRecord:
    """Read one exercise file; `origin` names it in errors."""
    table = Table.of(text, origin)
    facts = tuple(_facts(table.table("facts"))) if table.has("facts") else ()
    known = {*load_sources(), *(fact.id for fact in facts)}
    versions = {name: table.statements(name, known, optional=True) for name in VERSIONS}
    record = ExerciseRecord(
        code=table.code("code"),
        name=table.text("name"),
        synonyms=table.texts("synonyms", optional=True),
        summary=table.text("summary"),
        direction_note=table.text("direction_note"),
        loads=tuple(_load(row) for row in table.tables("loads")),
        loads_note=table.statement("loads_note", known, optional=True),
        mode=table.term("mode", Mode),
        mode_note=table.statement("mode_note", known, optional=True),
        start_position=table.term("start_position", Position),
        start_position_note=table.statement("start_position_note", known),
        equipment=table.terms("equipment", Equipment),
        optional_equipment=table.terms("optional_equipment", Equipment),
        equipment_note=table.statement("equipment_note", known, optional=True),
        demands=table.terms("demands", Demand),
        demands_note=table.statement("demands_note", known, optional=True),
        side=table.term("side", Side) if table.has("side") else Side.NONE,
        pair=table.code("pair", optional=True),
        one_side_only=table.take("one_side_only", bool, default=False),
        companion=table.code("companion", optional=True),
        companion_optional=table.take("companion_optional", bool, default=False),
        companion_note=table.statements("companion_note", known, optional=True),
        max_hold_seconds=_max_hold(table),
        hold_message=table.statement("hold_message", known, optional=True),
        held_version=table.code("held_version", optional=True),
        progresses_to=table.codes("progresses_to"),
        interpreted=table.statement("interpreted", known, optional=True),
        facts=facts,
        background=table.statements("background", known, optional=True),
        steps=table.statements("steps", known),
        doses=tuple(_dose_row(row) for row in table.tables("doses", optional=True)),
        dosage=_dosage(table.table("dosage")),
        dose_range=_dose_range(table),
        easier=versions["easier"],
        harder=versions["harder"],
        other_versions=table.statements("other_versions", known, optional=True),
        tissues=table.statements("tissues", known, optional=True),
        cautions=table.statements("cautions", known),
        # What a caution rests on is said there.
        plain_cautions=table.statements("plain_cautions", (), optional=True),
        should_feel=table.statements("should_feel", known),
        stop_for=table.statements("stop_for", known),
        figure=read_figure(table.table("figure"), versions) if table.has("figure") else {},
        **table.review(),
    )
    table.done()
    _check_exercise(record, table)
    return record


def check_references(records: Mapping[str, ExerciseRecord]) -> None:
    """Check what exercises say about each other; `records` are by file name."""
    by_code: dict[str, ExerciseRecord] = {}
    for origin, record in records.items():
        if record.code in by_code:
            raise CatalogueError(origin, "code", f"{record.code} is in another file too")
        by_code[record.code] = record
    for origin, record in records.items():
        for name in ("companion", "held_version", "pair"):
            _check_code(origin, name, getattr(record, name), record, by_code)
        for code in record.progresses_to:
            _check_code(origin, "progresses_to", code, record, by_code)
        if record.pair:
            _check_pair(origin, record, by_code[record.pair])
        if record.held_version and by_code[record.held_version].mode is not Mode.SUSTAINED:
            raise CatalogueError(origin, "held_version", f"{record.held_version} is not held")
    origins = {record.code: origin for origin, record in records.items()}
    try:
        TopologicalSorter({c: r.progresses_to for c, r in by_code.items()}).prepare()
    except CycleError as error:
        circle = error.args[1]
        raise CatalogueError(
            origins[circle[0]], "progresses_to", f"goes in a circle: {' > '.join(circle)}"
        ) from None


def _check_code(
    origin: str, name: str, code: str, record: ExerciseRecord, by_code: Mapping[str, ExerciseRecord]
) -> None:
    if code and code not in by_code:
        raise CatalogueError(origin, name, f"there is no exercise {code}")
    if code == record.code:
        raise CatalogueError(origin, name, "names the exercise itself")


def _check_pair(origin: str, record: ExerciseRecord, other: ExerciseRecord) -> None:
    if other.pair != record.code or other.side is record.side:
        raise CatalogueError(origin, "pair", f"{other.code} is not the other side of it")
    # A copied file whose direction was not turned round would send a patient the wrong way.
    if {load.mirrored for load in record.loads} != set(other.loads):
        raise CatalogueError(origin, "pair", f"its loads do not mirror those of {other.code}")


def _check_exercise(record: ExerciseRecord, table: Table) -> None:
    moved = [(load.region, load.direction) for load in record.loads]
    if len(set(moved)) < len(moved):
        raise table.error("loads", "the same region and direction stand twice")
    if all(load.role is not Role.PRIMARY for load in record.loads):
        raise table.error("loads", "none of them is primary")
    if (record.side in {Side.LEFT, Side.RIGHT}) != bool(record.pair):
        raise table.error("pair", "goes with side: left and right name each other")
    if any(load.is_sided for load in record.loads) and not record.pair:
        raise table.error("side", "is missing: a load goes to one side")
    if record.one_side_only and not record.pair:
        raise table.error("one_side_only", "is for one of a pair")
    if record.companion_optional and not record.companion:
        raise table.error("companion_optional", "needs a companion")
    if record.plain_cautions and len(record.plain_cautions) != len(record.cautions):
        raise table.error("plain_cautions", f"is not {len(record.cautions)} lines, as cautions is")
    if outside := record.dose_range.outside(record.dosage):
        raise table.error(f"dosage.{outside[0]}", "lies outside the exercise's own dose_range")
    _check_hold(record, table)


def _check_hold(record: ExerciseRecord, table: Table) -> None:
    limit = record.max_hold_seconds
    if limit is None:
        if record.hold_message:
            raise table.error("hold_message", "needs max_hold_seconds")
        return
    if not record.hold_message:
        raise table.error("hold_message", "is missing: max_hold_seconds needs its reason")
    if record.dosage.hold_seconds > limit:
        raise table.error("dosage.hold_seconds", f"is longer than max_hold_seconds, {limit}")
    if record.dose_range.hold_seconds and record.dose_range.hold_seconds[1] > limit:
        raise table.error("dose_range.hold_seconds", f"goes past max_hold_seconds, {limit}")


def _facts(table: Table) -> Iterable[Fact]:
    for name in table.names():
        if not FACT_ID.fullmatch(name):
            raise table.error(name, "is not a fact id such as F1")
        if table.is_table(name):
            row = table.table(name)
            yield Fact(name, row.statement("text", ()), row.statements("parts", ()))
            row.done()
        else:
            yield Fact(name, table.statement(name, ()))


def _load(table: Table) -> LoadRecord:
    load = LoadRecord(
        region=table.term("region", Region),
        direction=table.term("direction", Direction),
        range=table.term("range", Range),
        role=table.term("role", Role),
    )
    table.done()
    spinal = load.region not in {Region.HIP, Region.SHOULDER}
    if spinal == (load.direction is Direction.NONE):
        raise table.error("direction", f"{load.direction.value} does not fit {load.region.value}")
    return load


def _dosage(table: Table) -> Dosage:
    dosage = Dosage(
        **{name: table.whole(name, limit.least, limit.most) for name, limit in LIMITS.items()}
    )
    table.done()
    return dosage


def _max_hold(table: Table) -> int | None:
    if not table.has("max_hold_seconds"):
        return None
    return table.whole("max_hold_seconds", 0, LIMITS["hold_seconds"].most)


def _dose_range(table: Table) -> DoseRange:
    if not table.has("dose_range"):
        return DoseRange()
    row = table.table("dose_range")
    dose_range = DoseRange(**{part.name: row.bounds(part.name) for part in fields(DoseRange)})
    row.done()
    return dose_range


def _dose_row(table: Table) -> DoseRow:
    row = DoseRow(
        use=table.text("use"),
        repetitions=table.text("repetitions", optional=True),
        sets=table.text("sets", optional=True),
        hold=table.text("hold", optional=True),
        times_per_day=table.text("times_per_day", optional=True),
        note=table.text("note", optional=True),
        sources=table.keys("sources", load_sources()),
        marks=table.terms("marks", Mark),
    )
    table.done()
    if not row.sources and not row.marks:
        raise table.error("sources", "is missing: a dose row needs a source or a mark")
    return row
