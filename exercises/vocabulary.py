"""The closed lists of the field: where the spine moves, which way, how far, and what it asks."""

from enum import StrEnum

from clinics.marking import translatable


class Term(StrEnum):
    """A word of a closed list; the value is stored, the label is read."""

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """Pairs of stored value and label, as Django's `choices` wants them."""
        return [(term.value, term.label) for term in cls]


class Region(Term):
    CERVICAL = "cervical"
    THORACIC_UPPER = "thoracic_upper"
    THORACIC = "thoracic"
    LUMBAR = "lumbar"
    PELVIS = "pelvis"
    HIP = "hip"
    SHOULDER = "shoulder"

    @property
    def label(self) -> str:
        return _REGION_LABELS[self]

    @property
    def plain(self) -> str:
        """As a patient says it."""
        return _PLAIN_REGIONS[self]


class Direction(Term):
    """Which way a region moves; side glides are named by where the shoulders go over the hips."""

    FLEXION = "flexion"
    EXTENSION = "extension"
    SIDE_GLIDE_LEFT = "side_glide_left"
    SIDE_GLIDE_RIGHT = "side_glide_right"
    SIDE_BEND_LEFT = "side_bend_left"
    SIDE_BEND_RIGHT = "side_bend_right"
    ROTATION_LEFT = "rotation_left"
    ROTATION_RIGHT = "rotation_right"
    NEUTRAL = "neutral"
    NONE = "none"

    @property
    def label(self) -> str:
        return "No spinal load" if self is Direction.NONE else super().label

    @property
    def plain(self) -> str:
        """The movement as a patient says it."""
        return _PLAIN_DIRECTIONS[self]

    @property
    def opposite(self) -> "Direction | None":
        """The movement that undoes this one; neutral and none have no opposite."""
        return _OPPOSITES.get(self)


class Range(Term):
    """Whether the last part of the available movement is loaded."""

    MID = "mid"
    END = "end"

    @property
    def label(self) -> str:
        return f"{self.value.capitalize()} range"


class Role(Term):
    PRIMARY = "primary"
    SECONDARY = "secondary"


class Mode(Term):
    """How the movement is loaded: in and out, held, or smooth inside the range."""

    REPEATED = "repeated"
    SUSTAINED = "sustained"
    DYNAMIC = "dynamic"


class Position(Term):
    """The position an exercise starts from."""

    SUPINE = "supine"
    PRONE = "prone"
    SIDE_LYING = "side_lying"
    SITTING = "sitting"
    SITTING_ON_FLOOR = "sitting_on_floor"
    KNEELING = "kneeling"
    HALF_KNEELING = "half_kneeling"
    ALL_FOURS = "all_fours"
    STANDING = "standing"

    @property
    def label(self) -> str:
        return _POSITION_LABELS.get(self, super().label)


class Equipment(Term):
    MAT = "mat"
    CHAIR = "chair"
    PILLOW = "pillow"
    TOWEL = "towel"
    CUSHION = "cushion"
    DOORWAY = "doorway"
    WALL = "wall"
    COUNTER = "counter"
    ROLLER = "roller"


class Demand(Term):
    """What an exercise asks of the body, so that contraindications compute themselves."""

    PRONE = "prone"
    SUPINE = "supine"
    FLOOR_TRANSFER = "floor_transfer"
    HIP_FLEXION_OVER_90 = "hip_flexion_over_90"
    DEEP_KNEELING = "deep_kneeling"
    WRIST_WEIGHT_BEARING = "wrist_weight_bearing"
    SHOULDER_OVERHEAD = "shoulder_overhead"
    SHOULDER_ABDUCTED_EXTERNAL_ROTATION = "shoulder_abducted_external_rotation"
    NECK_EXTENSION_RISK = "neck_extension_risk"
    STANDING_BALANCE = "standing_balance"

    @property
    def label(self) -> str:
        return _DEMAND_LABELS[self]


class Side(Term):
    """Which side an exercise is done on; `none` where it has no sides."""

    NONE = "none"
    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"

    @property
    def label(self) -> str:
        return _SIDE_LABELS[self]


class Language(Term):
    """A language that patients may read besides English, by its code."""

    SPANISH = "es"
    ARABIC = "ar"

    @property
    def label(self) -> str:
        return self.name.capitalize()

    @property
    def own_name(self) -> str:
        """As those call it who speak it."""
        return _OWN_NAMES[self]

    @property
    def reads(self) -> str:
        """The way it is written: "ltr" or "rtl", as the HTML attribute `dir` has it."""
        return "rtl" if self is Language.ARABIC else "ltr"


_REGION_LABELS = {
    Region.CERVICAL: "Neck",
    Region.THORACIC_UPPER: "Upper thoracic spine",
    Region.THORACIC: "Thoracic spine",
    Region.LUMBAR: "Lumbar spine",
    Region.PELVIS: "Pelvis",
    Region.HIP: "Hip",
    Region.SHOULDER: "Shoulder",
}
_PLAIN_REGIONS = {
    Region.CERVICAL: translatable("Neck"),
    Region.THORACIC_UPPER: translatable("Upper back"),
    Region.THORACIC: translatable("Upper back"),
    Region.LUMBAR: translatable("Low back"),
    Region.PELVIS: translatable("Hips"),
    Region.HIP: translatable("Hip"),
    Region.SHOULDER: translatable("Shoulder"),
}
_PLAIN_DIRECTIONS = {
    Direction.FLEXION: translatable("bend forward"),
    Direction.EXTENSION: translatable("bend backward"),
    Direction.SIDE_GLIDE_LEFT: translatable("shoulders slide left"),
    Direction.SIDE_GLIDE_RIGHT: translatable("shoulders slide right"),
    Direction.SIDE_BEND_LEFT: translatable("lean left"),
    Direction.SIDE_BEND_RIGHT: translatable("lean right"),
    Direction.ROTATION_LEFT: translatable("turn left"),
    Direction.ROTATION_RIGHT: translatable("turn right"),
    Direction.NEUTRAL: translatable("keep still"),
    Direction.NONE: translatable("stretch"),
}
_OPPOSITES = {
    Direction.FLEXION: Direction.EXTENSION,
    Direction.EXTENSION: Direction.FLEXION,
    Direction.SIDE_GLIDE_LEFT: Direction.SIDE_GLIDE_RIGHT,
    Direction.SIDE_GLIDE_RIGHT: Direction.SIDE_GLIDE_LEFT,
    Direction.SIDE_BEND_LEFT: Direction.SIDE_BEND_RIGHT,
    Direction.SIDE_BEND_RIGHT: Direction.SIDE_BEND_LEFT,
    Direction.ROTATION_LEFT: Direction.ROTATION_RIGHT,
    Direction.ROTATION_RIGHT: Direction.ROTATION_LEFT,
}
_POSITION_LABELS = {
    Position.SUPINE: "Lying on the back",
    Position.PRONE: "Lying on the front",
    Position.SIDE_LYING: "Lying on the side",
    Position.SITTING_ON_FLOOR: "Sitting on the floor",
    Position.HALF_KNEELING: "Half kneeling",
    Position.ALL_FOURS: "Hands and knees",
}
_DEMAND_LABELS = {
    Demand.PRONE: "Lying on the front",
    Demand.SUPINE: "Lying on the back",
    Demand.FLOOR_TRANSFER: "Getting to and from the floor",
    Demand.HIP_FLEXION_OVER_90: "Hip bent past 90°",
    Demand.DEEP_KNEELING: "Deep kneeling",
    Demand.WRIST_WEIGHT_BEARING: "Weight on the wrists",
    Demand.SHOULDER_OVERHEAD: "Arms overhead",
    Demand.SHOULDER_ABDUCTED_EXTERNAL_ROTATION: "Shoulder out and turned back",
    Demand.NECK_EXTENSION_RISK: "Neck may tip back",
    Demand.STANDING_BALANCE: "Standing balance",
}
_SIDE_LABELS = {
    Side.NONE: translatable("No side"),
    Side.LEFT: translatable("Left"),
    Side.RIGHT: translatable("Right"),
    Side.BOTH: translatable("Both sides"),
}
_OWN_NAMES = {Language.SPANISH: "Español", Language.ARABIC: "العربية"}
