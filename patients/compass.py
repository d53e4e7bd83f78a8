"""The directions of a region at a glance, and which one to test next. Plain Python.

As on a compass: forward is up, backward is down, and left is the patient's left. Section numbers
are those of docs/clinical.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from exercises.vocabulary import Direction, Region
from patients.lights import Light, standing

Way = tuple[Region, Direction]

# The regions that are tested, the one tested most often first.
REGIONS = (Region.LUMBAR, Region.THORACIC, Region.CERVICAL)


class Point(StrEnum):
    """Where on the compass a direction is drawn, clockwise from forward."""

    NORTH = "n"
    NORTH_EAST = "ne"
    EAST = "e"
    SOUTH_EAST = "se"
    SOUTH = "s"
    SOUTH_WEST = "sw"
    WEST = "w"
    NORTH_WEST = "nw"

    @property
    def degrees(self) -> int:
        """Clockwise from forward."""
        return 45 * list(Point).index(self)


# In the order in which they are usually tested.
POINTS = {
    Direction.FLEXION: Point.NORTH,
    Direction.EXTENSION: Point.SOUTH,
    Direction.SIDE_GLIDE_LEFT: Point.WEST,
    Direction.SIDE_GLIDE_RIGHT: Point.EAST,
    Direction.SIDE_BEND_LEFT: Point.NORTH_WEST,
    Direction.SIDE_BEND_RIGHT: Point.NORTH_EAST,
    Direction.ROTATION_LEFT: Point.SOUTH_WEST,
    Direction.ROTATION_RIGHT: Point.SOUTH_EAST,
}
DIRECTIONS = tuple(POINTS)


@dataclass(frozen=True)
class Latest:
    """The newest test of one movement: the light it was given, and when."""

    light: Light
    on: date
    what: str = ""  # during and after, in words
    # Something has happened since that makes the test worthless, unless it is red.
    is_overtaken: bool = False


@dataclass(frozen=True)
class Needle:
    """One direction on the compass."""

    direction: Direction
    latest: Latest | None
    now: Light | None  # what the latest test is worth today; None while untested
    is_preferred: bool = False

    @property
    def point(self) -> Point:
        return POINTS[self.direction]

    @property
    def state(self) -> str:
        """A word for style sheets: a light, or untested."""
        return self.now.value if self.now else "untested"

    @property
    def word(self) -> str:
        return self.now.label if self.now else "Untested"

    @property
    def was(self) -> str:
        """The light that a stale test was given."""
        return self.latest.light.label.lower() if self.latest and self.now is Light.STALE else ""

    @property
    def is_to_be_tested(self) -> bool:
        return self.now in (None, Light.STALE)


@dataclass(frozen=True)
class Compass:
    """All directions of one region."""

    region: Region
    needles: tuple[Needle, ...]

    @property
    def tested(self) -> list[Needle]:
        return [needle for needle in self.needles if needle.latest]

    @property
    def untested(self) -> list[Needle]:
        return [needle for needle in self.needles if not needle.latest]

    @property
    def is_shown(self) -> bool:
        """The low back always, another region once something is known of it."""
        is_known = any(needle.latest or needle.is_preferred for needle in self.needles)
        return self.region is REGIONS[0] or is_known


def compass(
    region: Region,
    latest: Mapping[Way, Latest],
    *,
    today: date,
    valid_days: int,
    preference: Way | None = None,
) -> Compass:
    """The compass of a region from the newest test of each movement."""

    def needle(direction: Direction) -> Needle:
        test = latest.get((region, direction))
        now = None
        if test is not None:
            now = standing(
                test.light,
                tested_on=test.on,
                today=today,
                valid_days=valid_days,
                is_overtaken=test.is_overtaken,
            )
        return Needle(direction, test, now, is_preferred=(region, direction) == preference)

    return Compass(region, tuple(needle(direction) for direction in DIRECTIONS))


def next_direction(needles: Sequence[Needle], *, after: Direction) -> Direction:
    """The direction to test next: the next one without a fresh test, else simply the next one."""
    place = DIRECTIONS.index(after)
    following = [*DIRECTIONS[place + 1 :], *DIRECTIONS[:place]]
    to_be_tested = {needle.direction for needle in needles if needle.is_to_be_tested}
    return next((one for one in following if one in to_be_tested), following[0])
