"""Where it hurts: zones by their distance from the spine, and whether symptoms moved in or out.

Section 4.2 of docs/clinical.md; the scale is our own proposal and claims no equivalence to a
published one. Plain Python.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from clinics.marking import translatable
from exercises.vocabulary import Region, Term


class BodyMap(StrEnum):
    """The two maps that are judged apart: leg pain says nothing of the upper back."""

    LOW = "low"
    UPPER = "upper"


class Side(StrEnum):
    LEFT = "L"
    CENTRE = "C"
    RIGHT = "R"


class Zone(NamedTuple):
    """One place on the body map. Rank 1 is the centre of the spine, 6 the foot or hand."""

    map: BodyMap
    rank: int
    side: Side

    @property
    def code(self) -> str:
        return f"{self.map.value}-{self.rank}-{self.side.value}"

    @property
    def label(self) -> str:
        """As it is read aloud: left lower leg or calf."""
        return _LABELS[self.code]


PLACES = {
    BodyMap.LOW: {
        1: "centre of the low back",
        2: "low back beside the spine",
        3: "buttock or hip",
        4: "thigh",
        5: "lower leg or calf",
        6: "ankle, foot or toes",
    },
    BodyMap.UPPER: {
        1: "centre of the upper back or neck",
        2: "beside the spine or shoulder blade",
        3: "top of the shoulder or round the ribs",
        4: "upper arm or front of the chest",
        5: "forearm",
        6: "hand or fingers",
    },
}
# Each in full, because other languages put the side elsewhere.
_LABELS = {
    "low-1-C": translatable("centre of the low back"),
    "low-2-L": translatable("left low back beside the spine"),
    "low-2-R": translatable("right low back beside the spine"),
    "low-3-L": translatable("left buttock or hip"),
    "low-3-R": translatable("right buttock or hip"),
    "low-4-L": translatable("left thigh"),
    "low-4-R": translatable("right thigh"),
    "low-5-L": translatable("left lower leg or calf"),
    "low-5-R": translatable("right lower leg or calf"),
    "low-6-L": translatable("left ankle, foot or toes"),
    "low-6-R": translatable("right ankle, foot or toes"),
    "upper-1-C": translatable("centre of the upper back or neck"),
    "upper-2-L": translatable("left beside the spine or shoulder blade"),
    "upper-2-R": translatable("right beside the spine or shoulder blade"),
    "upper-3-L": translatable("left top of the shoulder or round the ribs"),
    "upper-3-R": translatable("right top of the shoulder or round the ribs"),
    "upper-4-L": translatable("left upper arm or front of the chest"),
    "upper-4-R": translatable("right upper arm or front of the chest"),
    "upper-5-L": translatable("left forearm"),
    "upper-5-R": translatable("right forearm"),
    "upper-6-L": translatable("left hand or fingers"),
    "upper-6-R": translatable("right hand or fingers"),
}
LOCAL = 3  # up to the buttock, or the top of the shoulder
BELOW_THE_KNEE = 5
MAP_OF = {
    Region.CERVICAL: BodyMap.UPPER,
    Region.THORACIC_UPPER: BodyMap.UPPER,
    Region.THORACIC: BodyMap.UPPER,
    Region.SHOULDER: BodyMap.UPPER,
    Region.LUMBAR: BodyMap.LOW,
    Region.PELVIS: BodyMap.LOW,
    Region.HIP: BodyMap.LOW,
}
ZONES = [
    Zone(body_map, rank, side)
    for body_map in BodyMap
    for rank in PLACES[body_map]
    for side in ([Side.CENTRE] if rank == 1 else [Side.LEFT, Side.RIGHT])
]
_BY_CODE = {zone.code: zone for zone in ZONES}


class Movement(Term):
    """What symptoms did over a series or a session."""

    CENTRALISING = "centralising"
    PERIPHERALISING = "peripheralising"
    ABOLISHED = "abolished"
    UNCHANGED = "unchanged"


def zone(code: str) -> Zone:
    """The zone of a stored code such as low-5-L. Raises KeyError for any other text."""
    return _BY_CODE[code]


def zones(codes: Iterable[str]) -> list[Zone]:
    return [zone(code) for code in codes]


def reach(marked: Iterable[Zone]) -> dict[BodyMap, int]:
    """How far symptoms reach on each map: the furthest rank, 0 for none."""
    furthest = dict.fromkeys(BodyMap, 0)
    for place in marked:
        furthest[place.map] = max(furthest[place.map], place.rank)
    return furthest


def movement(before: Iterable[Zone], after: Iterable[Zone]) -> Movement:
    """Whether the furthest symptom of each side moved away from the spine, or toward it.

    A side that got worse outweighs one that got better. The middle of the back is nearest: pain
    that leaves a leg for it has moved in, and its going says nothing of a leg that stays as it was.
    """
    was, is_now = _furthest_of_each_side(before), _furthest_of_each_side(after)
    if was and not is_now:
        return Movement.ABOLISHED
    places = was.keys() | is_now.keys()
    fell = {place for place in places if is_now.get(place, 0) < was.get(place, 0)}
    rose = {place for place in places if is_now.get(place, 0) > was.get(place, 0)}
    if rose - {(body_map, Side.CENTRE) for body_map, _ in fell}:
        return Movement.PERIPHERALISING
    if fell - {(body_map, Side.CENTRE) for body_map, _ in is_now}:
        return Movement.CENTRALISING
    return Movement.UNCHANGED


def worse_of(first: Movement, second: Movement) -> Movement:
    """Pain and numbness are judged apart; the worse answer wins."""
    return max(first, second, key=_WORSE.index)


def grown(before: Iterable[Zone], after: Iterable[Zone]) -> bool:
    """Whether symptoms are somewhere new; on a side where they have moved nearer, that is less."""
    before, after = list(before), list(after)
    if movement(before, after) is Movement.PERIPHERALISING:
        return True
    was, is_now = _furthest_of_each_side(before), _furthest_of_each_side(after)
    return any(
        was.get((place.map, place.side)) == is_now[place.map, place.side]
        for place in set(after) - set(before)
    )


def new_other_leg(before: Iterable[Zone], after: Iterable[Zone]) -> bool:
    """Whether symptoms came up in a leg that had none, while the other leg had some."""
    had = {place.side for place in before if _is_leg(place)}
    has = {place.side for place in after if _is_leg(place)}
    return bool(had) and bool(has - had)


def spread_below_the_knee(before: Iterable[Zone], after: Iterable[Zone]) -> bool:
    """Whether a lower leg or foot has symptoms now, and that leg had none so far down before."""
    was = _furthest_of_each_side(before)
    return any(
        body_map is BodyMap.LOW and rank >= BELOW_THE_KNEE and rank > was.get((body_map, side), 0)
        for (body_map, side), rank in _furthest_of_each_side(after).items()
    )


_WORSE = [
    Movement.ABOLISHED,
    Movement.CENTRALISING,
    Movement.UNCHANGED,
    Movement.PERIPHERALISING,
]


def _is_leg(place: Zone) -> bool:
    return place.map is BodyMap.LOW and place.rank > LOCAL


def _furthest_of_each_side(marked: Iterable[Zone]) -> dict[tuple[BodyMap, Side], int]:
    furthest: dict[tuple[BodyMap, Side], int] = {}
    for place in marked:
        key = place.map, place.side
        furthest[key] = max(furthest.get(key, 0), place.rank)
    return furthest
