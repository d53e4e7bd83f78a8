"""What is checked before a programme goes out. Plain Python: no database, no request, no clock.

Rule numbers are those of the decision table in docs/clinical.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

MOST_PAIN = 10


class Verdict(IntEnum):
    """How severe a finding is; the most severe one decides."""

    ALLOWED = 0
    CAUTION = 1
    BLOCKED = 2
    STOP = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Planned:
    """What the rules need to know about one exercise of a programme. Times in seconds."""

    code: str
    name: str
    hold_seconds: int
    max_hold_seconds: int | None = None
    hold_message: str = ""
    companion_code: str = ""
    companion_name: str = ""


@dataclass(frozen=True)
class Finding:
    """What a rule says about one exercise: which rule, how severe, why, and what to do."""

    rule: str
    verdict: Verdict
    code: str
    message: str
    advice: str

    @property
    def basis(self) -> str:
        """On what the finding rests, for whoever wants to look it up."""
        return f"Rule {self.rule}"


def hold_is_too_long(planned: Planned) -> Finding | None:
    """V14: an exercise that is repeated, not held, may not be held; there is no override."""
    if planned.max_hold_seconds is None or planned.hold_seconds <= planned.max_hold_seconds:
        return None
    return Finding(
        rule="V14",
        verdict=Verdict.BLOCKED,
        code=planned.code,
        message=planned.hold_message or f"{planned.name} is repeated, not held.",
        advice=f"Set the hold to {planned.max_hold_seconds} s or less.",
    )


def companion_is_missing(planned: Planned, following: Sequence[Planned]) -> Finding | None:
    """V15: some exercises are usually followed by another; say so when it does not follow."""
    if not planned.companion_code:
        return None
    if any(other.code == planned.companion_code for other in following):
        return None
    return Finding(
        rule="V15",
        verdict=Verdict.CAUTION,
        code=planned.code,
        message=f"{planned.name} is usually followed by {planned.companion_name}.",
        advice=f"Add {planned.companion_name} after it, unless you have a reason not to.",
    )


def findings_on(planned: Planned, following: Sequence[Planned]) -> list[Finding]:
    """Every finding on one exercise, with those that follow it in the programme."""
    findings = (hold_is_too_long(planned), companion_is_missing(planned, following))
    return [finding for finding in findings if finding is not None]


def check(programme: Sequence[Planned]) -> list[Finding]:
    """Every finding on every exercise of the programme, in the order of the programme."""
    return [
        finding
        for place, planned in enumerate(programme, start=1)
        for finding in findings_on(planned, programme[place:])
    ]


def verdict(findings: Sequence[Finding]) -> Verdict:
    """The most severe finding decides; with none there is no conflict on record."""
    return max((finding.verdict for finding in findings), default=Verdict.ALLOWED)
