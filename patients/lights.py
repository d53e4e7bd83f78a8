"""What a direction test says, and how long it stands. Plain Python, to be read by a therapist.

Section numbers are those of docs/clinical.md.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from exercises.vocabulary import Term
from patients.bodymap import Movement

VERSION = 1  # of these rules; kept with every test


class TestPosition(Term):
    STANDING = "standing"
    LYING = "lying"
    SITTING = "sitting"


class Loading(Term):
    """How the movement was tested: again and again, or held."""

    REPEATED = "repeated"
    SUSTAINED = "sustained"


class During(Term):
    """What symptoms did while the movement was tested."""

    PRODUCED = "produced"
    INCREASED = "increased"
    DECREASED = "decreased"
    ABOLISHED = "abolished"
    CENTRALISING = "centralising"
    PERIPHERALISING = "peripheralising"
    END_RANGE_ONLY = "end_range_only"
    NO_EFFECT = "no_effect"


class After(Term):
    """What symptoms were after the series, against before it."""

    BETTER = "better"
    NO_BETTER = "no_better"
    WORSE = "worse"
    NO_WORSE = "no_worse"
    CENTRALISED = "centralised"
    PERIPHERALISED = "peripheralised"
    ABOLISHED = "abolished"
    NO_EFFECT = "no_effect"


class RangeChange(Term):
    """What the movement's own range did over the series."""

    UP = "up"
    SAME = "same"
    DOWN = "down"


class Neuro(Term):
    SAME = "same"
    BETTER = "better"
    WORSE = "worse"
    NOT_CHECKED = "not_checked"


class Light(Term):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    EXPECTED = "expected"
    NO_EFFECT = "no_effect"
    STALE = "stale"


# Computed by a test; "stale" is only ever what an old test has become.
GIVEN_BY_A_TEST = [Light.GREEN, Light.AMBER, Light.RED, Light.EXPECTED, Light.NO_EFFECT]
NEARER = {Movement.CENTRALISING, Movement.ABOLISHED}
PROVOKED = {During.PRODUCED, During.INCREASED, During.END_RANGE_ONLY}


@dataclass(frozen=True)
class Reading:
    """A light with its reason. `refer` asks for a medical opinion besides."""

    light: Light
    reason: str
    refer: bool = False


@dataclass(frozen=True)
class Series:
    """What was seen in one test. Settling is in minutes; None means it had not settled."""

    during: During
    after: After
    settle_minutes: int | None
    rom: RangeChange
    neuro: Neuro
    dysfunction: bool = False
    # From the zones marked before and after, where they were marked.
    movement: Movement | None = None


def light(series: Series, *, settles_within: int) -> Reading:
    """The light of a test (3.3). It is judged after the series, never during it."""
    if series.neuro is Neuro.WORSE:
        return Reading(Light.RED, "Neurological signs got worse. Refer.", refer=True)
    if series.movement is Movement.PERIPHERALISING:
        return _worse(series, "Symptoms ended further from the spine", settles_within)
    # More pain in the back with less in the leg is no setback.
    is_worse = series.after is After.WORSE and series.movement is not Movement.CENTRALISING
    if is_worse or series.after is After.PERIPHERALISED:
        return _worse(series, f"Symptoms were {series.after.label.lower()} after", settles_within)
    nearer = series.movement if series.movement in NEARER else None
    if nearer or series.after in (After.BETTER, After.CENTRALISED, After.ABOLISHED):
        what = (nearer or series.after).label.lower()
        if series.rom is RangeChange.DOWN:
            return Reading(Light.AMBER, f"Mixed: {what}, but movement was lost.")
        return Reading(Light.GREEN, f"Symptoms: {what} after the series.")
    if series.rom is RangeChange.UP:
        return Reading(Light.GREEN, "Movement improved; symptoms did not change.")
    if series.rom is RangeChange.DOWN:
        return Reading(Light.AMBER, "Movement was lost; symptoms did not change.")
    if series.dysfunction and series.during in PROVOKED:
        return Reading(
            Light.EXPECTED, "Brief pain at the end of range, as expected of a short tissue."
        )
    if series.during in PROVOKED or series.during is During.PERIPHERALISING:
        return Reading(
            Light.AMBER, f"Transient: {series.during.label.lower()} during, no worse after."
        )
    return Reading(Light.NO_EFFECT, "Nothing changed that lasted.")


def _worse(series: Series, what: str, settles_within: int) -> Reading:
    minutes = series.settle_minutes
    if minutes is None:
        return Reading(Light.RED, f"{what} and had not settled.")
    if minutes > settles_within:
        return Reading(Light.RED, f"{what} and took {minutes} min to settle.")
    return Reading(Light.AMBER, f"Transient: {what.lower()}, settled within {minutes} min.")


def standing(
    light: Light,
    *,
    tested_on: date,
    today: date,
    valid_days: int,
    is_overtaken: bool = False,
) -> Light:
    """What a test is worth today (3.3).

    Red never grows old; only a newer test replaces it. Any other light is stale after
    `valid_days`, or at once after an event that unsettles what was known (`is_overtaken`).
    """
    if light is Light.RED:
        return light
    is_old = today - tested_on > timedelta(days=valid_days)
    return Light.STALE if is_old or is_overtaken else light
