"""What the player plays: the stretches of a day, one after the other."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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


# One number for each kind of plural that a browser tells apart (Unicode's names for them).
PLURALS = {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11, "other": 100}


def player_words() -> dict[str, Any]:
    """What the player says while it runs; it fills in what stands in braces."""
    return {
        "phases": {
            "ready": _("Hold for"),
            "count": _("Count"),
            "get_ready": _("Get ready"),
            "hold": _("Hold"),
            "let_go": _("Let go"),
            "rest": _("Rest"),
            "done": _("Done"),
            "stopped": _("Stopped"),
            "paused": _("Paused"),
            "finished": _("Finished"),
        },
        "main": {
            "start": _("Start"),
            "one_more": _("One more"),
            "get_ready": _("Start now"),
            "hold": _("Let go now"),
            "let_go": _("Hold now"),
            "rest": _("Go on now"),
            "go_on": _("Go on"),
            "next": _("Next stretch"),
            "last": _("Finish"),
            "finished": _("Check and save"),
        },
        "place": _("Stretch {at} of {all}"),
        "seconds": {kind: ngettext("second", "seconds", n) for kind, n in PLURALS.items()},
        "of": _("of {all}"),
        "set": _("Set {at} of {all}"),
        "counted": _("{count} of {all} done"),
        "result": _("{count} of {all}"),
        "result_hurt": _("{count} of {all}. Stopped: it hurt."),
        "not_counted": _("Not counted"),
        "told_count": _("{count} of {all}."),
        "told_set": _("Set {at} of {all} is done."),
        "told_paused": _("Paused."),
        "told_going_on": _("Going on."),
    }
