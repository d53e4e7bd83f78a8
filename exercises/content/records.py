"""What the catalogue says, as values that cannot change."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from itertools import chain
from typing import Any

from exercises.dosage import Dosage
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
    Term,
)

KEY = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*")
FACT_ID = re.compile(r"[A-Z][1-9][0-9]?")


class Mark(Term):
    """What a statement rests on when no outside source carries it."""

    SEED = "SEED"
    PROPOSED = "PROPOSED"
    INTERPRETED = "INTERPRETED"
    UNSOURCED = "UNSOURCED"

    @property
    def label(self) -> str:
        return _MARK_LABELS[self]


class Strength(Term):
    """How much weight a source carries."""

    A = "A"
    B = "B"
    C = "C"

    @property
    def label(self) -> str:
        return _STRENGTH_LABELS[self]


class Standing(Term):
    """How far outside evidence backs what the clinic's source teaches."""

    SUPPORTED = "supported"
    PARTLY = "partly"
    CONTESTED = "contested"
    PLAUSIBLE = "plausible"
    UNSOURCED = "unsourced"
    TEACHING_PICTURE = "teaching_picture"
    NOT_ASSESSED = "not_assessed"

    @property
    def label(self) -> str:
        return _STANDING_LABELS[self]

    @property
    def explanation(self) -> str:
        """One plain sentence that tells a reader how to take the fact."""
        return _STANDING_EXPLANATIONS[self]


@dataclass(frozen=True)
class Statement:
    """A sentence and what it rests on."""

    text: str
    sources: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    facts: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: str) -> "Statement":
        """Split the trailing brackets off; other brackets stay in the text, so this never fails."""
        text = raw.strip()
        keys: list[str] = []
        while text.endswith("]"):
            before, bracket, key = text[:-1].rpartition("[")
            if not bracket or not KEY.fullmatch(key):
                break
            keys.insert(0, key)
            text = before.rstrip()
        marks = [key for key in keys if key in list(Mark)]
        facts = [key for key in keys if FACT_ID.fullmatch(key)]
        return cls(
            text=text,
            sources=tuple(key for key in keys if key not in marks and key not in facts),
            marks=tuple(Mark(mark) for mark in marks),
            facts=tuple(facts),
        )


@dataclass(frozen=True)
class Source:
    """A place where statements were read; the note says what kind of copy it is."""

    key: str
    strength: Strength
    address: str
    note: str = ""


@dataclass(frozen=True)
class Fact:
    """One fact of the clinical source; `parts` are its separate links, each a statement."""

    id: str
    text: str
    parts: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class LoadRecord:
    """What an exercise moves: a region, which way, how far, and whether that is its main work."""

    region: Region
    direction: Direction
    range: Range
    role: Role

    @property
    def mirrored(self) -> "LoadRecord":
        """The same load done on the other side of the body."""
        turned = self.direction.opposite if self.is_sided else None
        return replace(self, direction=turned or self.direction)

    @property
    def is_sided(self) -> bool:
        return self.direction.endswith(("_left", "_right"))


@dataclass(frozen=True)
class DoseRange:
    """The least and the most that any dose row states; None where the rows give no number."""

    sets: tuple[int, int] | None = None
    repetitions: tuple[int, int] | None = None
    hold_seconds: tuple[int, int] | None = None
    times_per_day: tuple[int, int] | None = None

    def outside(self, dosage: Dosage) -> tuple[str, ...]:
        """The parts of a dosage that lie outside, by field name."""
        return tuple(
            part.name
            for part in fields(self)
            if (bounds := getattr(self, part.name)) is not None
            and not bounds[0] <= getattr(dosage, part.name) <= bounds[1]
        )

    def as_json(self) -> dict[str, list[int] | None]:
        return {name: bounds and list(bounds) for name, bounds in asdict(self).items()}


@dataclass(frozen=True)
class DoseRow:
    """One row of the dose table, in the words of its source; empty means not stated there."""

    use: str
    repetitions: str = ""
    sets: str = ""
    hold: str = ""
    times_per_day: str = ""
    note: str = ""
    sources: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ExerciseRecord:
    """Everything the catalogue says about one exercise; statements are kept raw, with brackets."""

    code: str
    name: str
    summary: str
    direction_note: str
    loads: tuple[LoadRecord, ...]
    mode: Mode
    start_position: Position
    start_position_note: str
    steps: tuple[str, ...]
    cautions: tuple[str, ...]
    should_feel: tuple[str, ...]
    stop_for: tuple[str, ...]
    dosage: Dosage
    reviewed_on: date
    review_due: date
    reviewer: str
    licence: str
    synonyms: tuple[str, ...] = ()
    loads_note: str = ""
    mode_note: str = ""
    equipment: tuple[Equipment, ...] = ()
    optional_equipment: tuple[Equipment, ...] = ()
    equipment_note: str = ""
    demands: tuple[Demand, ...] = ()
    demands_note: str = ""
    side: Side = Side.NONE
    pair: str = ""
    one_side_only: bool = False
    companion: str = ""
    companion_optional: bool = False
    companion_note: tuple[str, ...] = ()
    max_hold_seconds: int | None = None
    hold_message: str = ""
    held_version: str = ""
    progresses_to: tuple[str, ...] = ()
    interpreted: str = ""
    facts: tuple[Fact, ...] = ()
    background: tuple[str, ...] = ()
    doses: tuple[DoseRow, ...] = ()
    dose_range: DoseRange = DoseRange()
    easier: tuple[str, ...] = ()
    harder: tuple[str, ...] = ()
    other_versions: tuple[str, ...] = ()
    tissues: tuple[str, ...] = ()
    # The cautions as patients read them, line for line; none where they read the cautions.
    plain_cautions: tuple[str, ...] = ()
    figure: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def take_care(self) -> tuple[str, ...]:
        """What patients read of the cautions."""
        return self.plain_cautions or self.cautions

    @property
    def awaits_review(self) -> bool:
        """No licensed therapist has signed this record yet."""
        return not self.reviewer

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Every statement of the record, in the order a page shows them."""
        raw = [self.start_position_note, self.loads_note, self.mode_note, self.equipment_note]
        raw += [self.demands_note, *self.companion_note, self.hold_message, self.interpreted]
        raw += [text for fact in self.facts for text in (fact.text, *fact.parts)]
        raw += [*self.background, *self.steps, *self.easier, *self.harder, *self.other_versions]
        raw += [*self.tissues, *self.cautions, *self.should_feel, *self.stop_for]
        return tuple(Statement.parse(text) for text in raw if text)

    @property
    def source_keys(self) -> tuple[str, ...]:
        """The sources that the record rests on, in alphabetical order."""
        keys = [*(row.sources for row in self.doses), *(said.sources for said in self.statements)]
        return tuple(sorted(set(chain.from_iterable(keys))))

    @property
    def tissue_names(self) -> tuple[str, ...]:
        """What it stretches or works, without sources: the words to search by."""
        return tuple(Statement.parse(tissue).text for tissue in self.tissues)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content, the same however the file is laid out."""
        # What is left at its default stays out, so that a field added later changes no fingerprint.
        said = {part.name for part in fields(self) if getattr(self, part.name) != part.default}
        content = {name: value for name, value in asdict(self).items() if name in said}
        canonical = json.dumps(content, sort_keys=True, default=str)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class EducationFact:
    """What the clinic's source teaches, and how far outside evidence backs it.

    `plain` says the same to patients, where the text is hard to read.
    """

    id: str
    text: str
    standing: Standing
    evidence: str = ""
    plain: str = ""

    @property
    def for_patients(self) -> "EducationFact":
        return replace(self, text=self.plain or self.text, plain="")


@dataclass(frozen=True)
class EducationSection:
    """Facts under one heading; `see` names facts that another section or page already carries."""

    heading: str
    text: str = ""
    plain: str = ""
    facts: tuple[EducationFact, ...] = ()
    see: tuple[str, ...] = ()
    muscles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def for_patients(self) -> "EducationSection":
        facts = tuple(fact.for_patients for fact in self.facts)
        return replace(self, text=self.plain or self.text, plain="", facts=facts)


@dataclass(frozen=True)
class EducationPage:
    """A page of patient education; notes for therapists are not for patients to read."""

    slug: str
    order: int
    title: str
    introduction: str
    sections: tuple[EducationSection, ...]
    reviewed_on: date
    review_due: date
    reviewer: str
    licence: str
    therapist_notes: tuple[str, ...] = ()

    @property
    def for_patients(self) -> "EducationPage":
        """The page in its plain words, without the notes for therapists."""
        sections = tuple(section.for_patients for section in self.sections)
        return replace(self, sections=sections, therapist_notes=())

    @property
    def facts(self) -> tuple[EducationFact, ...]:
        return tuple(fact for section in self.sections for fact in section.facts)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Every statement of the page, in the order it shows them."""
        raw = [fact.evidence for fact in self.facts if fact.evidence]
        raw += [note for section in self.sections for note in section.notes]
        return tuple(Statement.parse(text) for text in (*raw, *self.therapist_notes))

    @property
    def source_keys(self) -> tuple[str, ...]:
        """The sources that the page rests on, in alphabetical order."""
        return tuple(sorted({key for statement in self.statements for key in statement.sources}))


_MARK_LABELS = {
    Mark.SEED: "From the clinic's source",
    Mark.PROPOSED: "Proposed default; no source fixes it",
    Mark.INTERPRETED: "Rebuilt from other sources",
    Mark.UNSOURCED: "No source found",
}
_STRENGTH_LABELS = {
    Strength.A: "Peer-reviewed, government or regulator",
    Strength.B: "Hospital, health service, university or guideline summary",
    Strength.C: "Clinic page, blog or study aid",
}
_STANDING_LABELS = {
    Standing.SUPPORTED: "Supported",
    Standing.PARTLY: "Partly supported",
    Standing.CONTESTED: "Contested",
    Standing.PLAUSIBLE: "Plausible",
    Standing.UNSOURCED: "No source found",
    Standing.TEACHING_PICTURE: "Teaching picture",
    Standing.NOT_ASSESSED: "Not assessed",
}
_STANDING_EXPLANATIONS = {
    Standing.SUPPORTED: "Other research backs this, as far as the evidence line says.",
    Standing.PARTLY: "Other research backs a part of this, not all of it.",
    Standing.CONTESTED: "Your clinic's source teaches this, but it is not proven science.",
    Standing.PLAUSIBLE: "This fits what is known, but we found no study that tests it.",
    Standing.UNSOURCED: "Your clinic's source teaches this, but we found nothing that backs it.",
    Standing.TEACHING_PICTURE: "This is a picture to help explain, not a finding.",
    Standing.NOT_ASSESSED: "Your clinic's source teaches this. We have not checked it.",
}
