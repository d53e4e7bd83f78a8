"""Which stretch hurts: how often of the times that were asked. Plain Python.

It hurt when a pain above 0 was said during or after it. Not answered is not 0: it is a count of
its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Hurting:
    """One exercise: of the times asked, how often it hurt, did not, and was not answered."""

    name: str
    hurt: int
    no_pain: int
    not_answered: int
    worst: int | None  # 0–10

    @property
    def asked(self) -> int:
        return self.hurt + self.no_pain + self.not_answered

    @property
    def share(self) -> Fraction:
        """Of the answers; 0 where there are none."""
        answered = self.hurt + self.no_pain
        return Fraction(self.hurt, answered) if answered else Fraction(0)

    @property
    def words(self) -> str:
        """For example: hurt 3 of 9 times asked, 2 not answered, worst 6."""
        parts = [f"hurt {self.hurt} of {self.asked} times asked"]
        if self.not_answered:
            parts.append(f"{self.not_answered} not answered")
        if self.hurt:
            parts.append(f"worst {self.worst}")
        return ", ".join(parts)


def hurting(name: str, asked: Iterable[Iterable[int | None]]) -> Hurting:
    """Count one exercise: of each time asked, the answers during and after, None for skipped."""
    worst = [max((pain for pain in answers if pain is not None), default=None) for answers in asked]
    answered = [pain for pain in worst if pain is not None]
    hurt = sum(pain > 0 for pain in answered)
    return Hurting(
        name=name,
        hurt=hurt,
        no_pain=len(answered) - hurt,
        not_answered=len(worst) - len(answered),
        worst=max(answered, default=None),
    )


def ranked(found: Iterable[Hurting]) -> list[Hurting]:
    """The one that hurt most often, of the answers given, first; what was never asked is left out.

    Of equal shares the one that hurt more times comes first; nothing answered comes last.
    """
    asked = [one for one in found if one.asked]
    return sorted(
        asked, key=lambda one: (one.hurt + one.no_pain == 0, -one.share, -one.hurt, one.name)
    )
