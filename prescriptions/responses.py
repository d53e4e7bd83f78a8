"""What a home log means: its colour, where symptoms moved, and what has to happen (4.2 to 4.4).

Plain Python, to be read by a therapist. Every number here is a setting of the clinic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exercises.vocabulary import Term
from patients.bodymap import (
    Movement,
    Zone,
    grown,
    movement,
    new_other_leg,
    spread_below_the_knee,
    worse_of,
)

MOST_PAIN = 10
VERSION = 1  # of these rules; kept with every response


class Colour(Term):
    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    NO_CHANGE = "no_change"


class Feel(Term):
    """The patient's own word for how it felt."""

    STRETCH_ONLY = "stretch_only"
    EASED = "eased"
    SAME = "same"
    WORSE = "worse"
    MOVED_UP = "moved_up"
    MOVED_DOWN = "moved_down"


class Ease(Term):
    EASIER = "easier"
    SAME = "same"
    STIFFER = "stiffer"


@dataclass(frozen=True)
class Limits:
    """The clinic's numbers (proposed defaults). Pain is 0–10."""

    change_that_counts: int = 2
    too_much_during: int = 6
    alarming_after: int = 8


@dataclass(frozen=True)
class Report:
    """What the patient said of one exercise. None means not answered."""

    before: int | None = None
    during: int | None = None
    after: int | None = None
    zones_before: tuple[Zone, ...] = ()
    zones_after: tuple[Zone, ...] = ()
    numb_before: tuple[Zone, ...] = ()
    numb_after: tuple[Zone, ...] = ()
    feel: Feel | None = None
    ease: Ease | None = None
    # Asked again after two hours and next morning: True if still worse, None while not answered.
    still_worse: tuple[bool | None, ...] = ()

    @property
    def change(self) -> int | None:
        """Pain after minus before; None when one of them was not answered."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


@dataclass(frozen=True)
class Response:
    """The colour of a log with its reason; `is_final` when no answer is awaited any more."""

    colour: Colour
    movement: Movement
    reason: str
    is_final: bool = True


def movement_of(report: Report) -> Movement:
    """Where symptoms moved: pain and numbness are judged apart, and the worse answer wins.

    Where no zone is marked the patient's own word stands in.
    """
    if report.zones_before or report.zones_after:
        pain = movement(report.zones_before, report.zones_after)
    else:
        pain = _FELT.get(report.feel, Movement.UNCHANGED)
    if not report.numb_after:
        return pain
    return worse_of(pain, movement(report.numb_before, report.numb_after))


def new_or_worse_numbness(report: Report) -> bool:
    """Whether numbness or tingling is somewhere it was not, unless it has moved nearer."""
    return grown(report.numb_before, report.numb_after)


def rose(report: Report, limits: Limits) -> bool:
    """Whether pain was higher after than before, by as much as counts."""
    return report.change is not None and report.change >= limits.change_that_counts


def was_worse(report: Report, limits: Limits) -> bool:
    """Whether to ask again after two hours and next morning."""
    moved_out = movement_of(report) is Movement.PERIPHERALISING
    return rose(report, limits) or moved_out or report.feel in (Feel.WORSE, Feel.MOVED_DOWN)


def response(report: Report, limits: Limits) -> Response:
    """The colour of a log (4.3), as far as it can be said with the answers there are."""
    moved = movement_of(report)
    if new_or_worse_numbness(report):
        return Response(Colour.RED, moved, "New or worse numbness or tingling.")
    if was_worse(report, limits):
        return _worse(report, moved, limits)
    if report.during is not None and report.during >= limits.too_much_during:
        return Response(Colour.AMBER, moved, f"Worst pain during was {report.during}.")
    if report.ease is Ease.STIFFER:
        return Response(Colour.AMBER, moved, "Stiffer afterwards.")
    if moved in (Movement.CENTRALISING, Movement.ABOLISHED):
        return Response(Colour.GREEN, moved, f"Symptoms {_WORDS[moved]}.")
    if report.change is not None and report.change <= -limits.change_that_counts:
        return Response(Colour.GREEN, moved, f"Pain fell by {-report.change}.")
    return Response(Colour.NO_CHANGE, moved, "No change that counts.")


def _worse(report: Report, moved: Movement, limits: Limits) -> Response:
    moved_out = moved is Movement.PERIPHERALISING
    what = (
        "Symptoms moved further from the spine"
        if moved_out
        else f"Pain rose by {report.change}"
        if rose(report, limits)
        else "The patient felt worse"
    )
    if any(report.still_worse):
        colour = Colour.RED if moved_out or rose(report, limits) else Colour.AMBER
        return Response(colour, moved, f"{what} and had not settled when asked again.")
    if not report.still_worse or None in report.still_worse:
        return Response(Colour.AMBER, moved, f"{what}; asked again later.", is_final=False)
    return Response(Colour.AMBER, moved, f"{what} and settled.")


def spread_down_the_leg(report: Report) -> bool:
    """Pain or numbness below the knee that was not so far down before, or in the other leg."""
    return spread_below_the_knee(report.zones_before, report.zones_after) or spread_below_the_knee(
        report.numb_before, report.numb_after
    )


def other_leg(report: Report) -> bool:
    """Pain or numbness that came up in the other leg."""
    return new_other_leg(
        (*report.zones_before, *report.numb_before), (*report.zones_after, *report.numb_after)
    )


def is_alarming(report: Report, given: Response, limits: Limits) -> bool:
    """Whether a log asks for a therapist the same or next working day (tier 1)."""
    hurts_much = report.after is not None and report.after >= limits.alarming_after
    has_spread = spread_down_the_leg(report) or other_leg(report)
    return given.colour is Colour.RED or hurts_much or has_spread


def pauses_the_direction(report: Report, red_logs_before: int, given: Response) -> bool:
    """Whether not only the exercise but its whole direction is paused (4.4)."""
    is_second_red = given.colour is Colour.RED and red_logs_before >= 1
    return spread_down_the_leg(report) or is_second_red


def weekly_note(
    colours: Sequence[Colour], *, logged: int, planned: int, low_percent: int
) -> str | None:
    """What seven days of logs tell a therapist for the week (tier 3); None when nothing.

    `colours` are of the last fourteen days, `logged` and `planned` are sessions of the last seven.
    """
    if planned and not logged:
        return "No log for 7 days."
    if logged * 100 < planned * low_percent:
        return f"Logged {logged} of {planned} planned in 7 days."
    if len(colours) > 1 and all(colour is Colour.NO_CHANGE for colour in colours):
        return f"No change in {len(colours)} answers over 14 days."
    return None


def is_good_news(colours: Sequence[Colour], in_a_row: int) -> bool:
    """Whether the last logs were green in a row (tier 4)."""
    return len(colours) >= in_a_row and all(
        colour is Colour.GREEN for colour in colours[-in_a_row:]
    )


_FELT: Mapping[Feel | None, Movement] = {
    Feel.MOVED_UP: Movement.CENTRALISING,
    Feel.MOVED_DOWN: Movement.PERIPHERALISING,
}
_WORDS = {
    Movement.CENTRALISING: "moved nearer to the spine",
    Movement.ABOLISHED: "went away",
}
