"""What was kept with an edition, in words: findings as they were shown, and what was written."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from patients.dates import as_date
from prescriptions.checks import Needed, Verdict
from prescriptions.models import KeptFinding, Override, PrescribedExercise, PrescriptionEdition
from prescriptions.record_forms import FIELDS


@dataclass(frozen=True)
class Kept:
    """One finding of one line, with what was written down about its rule."""

    finding: KeptFinding
    override: Override | None

    @property
    def severity(self) -> str:
        return Verdict(self.finding.verdict).word

    @property
    def written(self) -> list[tuple[str, str]]:
        return written_down(self.override) if self.override else []


@dataclass(frozen=True)
class KeptLine:
    """One line of an edition and everything kept with it."""

    line: PrescribedExercise
    kept: Sequence[Kept]


def kept_lines(edition: PrescriptionEdition) -> list[KeptLine]:
    """Each line of the edition with its findings; its lines have to be loaded."""
    overrides = {
        (override.prescribed_exercise_id, override.rule): override
        for override in Override.objects.of_edition(edition).select_related("by")
    }
    found: dict[int, list[Kept]] = defaultdict(list)
    for finding in KeptFinding.objects.of_edition(edition):
        line = finding.prescribed_exercise_id
        found[line].append(Kept(finding, overrides.get((line, finding.rule))))
    return [KeptLine(line, found[line.pk]) for line in edition.lines.all()]


def overrides_in_words(overrides: Iterable[Override]) -> list[str]:
    """One sentence each: on which exercise, which rule, and what was written down."""
    return [
        f"{override.prescribed_exercise.name}, rule {override.rule}: "
        + "; ".join(
            f"{name}: {value.rstrip('.')}" if value else name
            for name, value in written_down(override)
        )
        for override in overrides
    ]


def written_down(override: Override) -> list[tuple[str, str]]:
    """Name and value of each thing that was written down; the value of a tick is empty."""
    return [
        (str(FIELDS[needed]().label), _said(override.recorded[needed]))
        for needed in Needed
        if needed in override.recorded
    ]


def _said(value: object) -> str:
    if value is True:
        return ""
    day = as_date(str(value))
    return f"{day:%-d %b %Y}" if day else str(value)
