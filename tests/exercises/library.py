"""Test data of the library: a clinic's own exercises, and the form they are written with."""

from itertools import count

from django.forms import BaseForm

from clinics.models import Clinic
from clinics.tenancy import inside
from exercises import actions
from exercises.content import LoadRecord
from exercises.forms import ExerciseForm
from exercises.models import Exercise, ExerciseEdition
from exercises.vocabulary import Direction, Range, Region, Role
from tests import make

FLEXION = LoadRecord(Region.LUMBAR, Direction.FLEXION, Range.END, Role.PRIMARY)
EXTENSION = LoadRecord(Region.THORACIC, Direction.EXTENSION, Range.MID, Role.SECONDARY)
_number = count(1)


def text(**changes: object) -> dict[str, object]:
    """The least that an exercise says."""
    return {
        "name": f"Our stretch {next(_number)}",
        "summary": "You bend, and come back.",
        "mode": "repeated",
        "position": "standing",
        "direction_note": "This bends your low back forward.",
        "steps": ["Stand.", "Bend.", "Come back."],
        "stop_for": ["Pain."],
    } | changes


def draft(*, of: Clinic, loads: list[LoadRecord] | None = None, **said: object) -> ExerciseEdition:
    with inside(of.pk):
        return actions.create(
            clinic=of, text=text(**said), loads=loads or [FLEXION], by=make.founder(of)
        )


def exercise(*, of: Clinic, loads: list[LoadRecord] | None = None, **said: object) -> Exercise:
    """A published exercise of the clinic."""
    begun = draft(of=of, loads=loads, **said)
    with inside(of.pk):
        return actions.publish(draft=begun, by=make.founder(of), at=make.NOW).exercise


def posted(**changes: object) -> dict[str, object]:
    """What a browser sends for an exercise that may be stored."""
    return {
        **text(steps="Stand.\nBend.\nCome back.", stop_for="Pain."),
        "side": "none",
        "sets": "1",
        "repetitions": "10",
        "hold_seconds": "0",
        "times_per_day": "2",
        "number": "1",
        "loads-TOTAL_FORMS": "4",
        "loads-INITIAL_FORMS": "0",
        "loads-0-region": "lumbar",
        "loads-0-direction": "flexion",
        "loads-0-range": "end",
        "loads-0-role": "primary",
    } | changes


def sent_from(form: ExerciseForm) -> dict[str, object]:
    """What a browser sends when nothing is changed on the page."""
    rows = [form.loads.management_form, *form.loads.forms]
    return {name: value for part in (form, *rows) for name, value in _fields_of(part)}


def _fields_of(form: BaseForm) -> list[tuple[str, object]]:
    shown = [(field.html_name, field.value()) for field in form]
    return [(name, value) for name, value in shown if value is not None and value is not False]
