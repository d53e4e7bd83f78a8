"""What the player plays: the stretches of a day, one after the other."""

from collections.abc import Sequence
from datetime import date

from prescriptions import watch
from prescriptions.models import Pause, PrescribedExercise, PrescriptionEdition


def to_play(
    edition: PrescriptionEdition, day: date, pauses: Sequence[Pause]
) -> list[PrescribedExercise]:
    """What is planned for the day, in its order, without what is paused."""
    return [line for line in edition.planned_on(day) if not watch.is_paused(line, pauses)]


def session_key(edition: PrescriptionEdition, day: date, logged: int) -> str:
    """Under which a browser keeps the counts of one session; once it is logged, a new one."""
    return f"{edition.pk}:{day:%Y-%m-%d}:{logged}"
