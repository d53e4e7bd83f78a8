"""Red flags (4.5 of docs/clinical.md): one yes is enough. A reason to be checked, not a diagnosis.

Plain Python. The words for patients are at about grade 6.
"""

from dataclasses import dataclass
from enum import IntEnum

from clinics.marking import translatable


class Urgency(IntEnum):
    """How soon somebody has to be asked; the value is the tier of its alert."""

    EMERGENCY = 0
    TODAY = 2


@dataclass(frozen=True)
class RedFlag:
    """One question of the safety screen; `for_patients` is empty where only staff ask it."""

    code: str
    urgency: Urgency
    for_staff: str
    for_patients: str
    source: str


_A, _B = Urgency.EMERGENCY, Urgency.TODAY
RED_FLAGS = (
    RedFlag(
        "saddle_numbness",
        _A,
        "Numbness or tingling between the legs, at genitals, buttocks or back passage;"
        " toilet paper feels different",
        translatable(
            "Numb or tingling between the legs or around your bottom. Or toilet paper feels"
            " different"
        ),
        "BACKES, TORBAY",
    ),
    RedFlag(
        "bladder",
        _A,
        "Trouble starting, stopping, controlling or feeling urine; leaking",
        translatable("Hard to start, stop, control or feel your urine, or it leaks"),
        "TORBAY, NHSCT",
    ),
    RedFlag(
        "bowel",
        _A,
        "Cannot stop or does not feel a bowel movement",
        translatable("Cannot stop or do not feel a bowel movement"),
        "TORBAY",
    ),
    RedFlag(
        "sexual_function",
        _A,
        "New change in sexual function or feeling",
        translatable("A new change in sexual function or feeling"),
        "TORBAY",
    ),
    RedFlag(
        "both_legs",
        _A,
        "Pain, tingling, numbness or weakness in both legs, or leg weakness getting worse",
        translatable("Pain, tingling, numbness or weakness in both legs, or a leg gets weaker"),
        "NHSCT, SHEFF",
    ),
    RedFlag(
        "chest_pain",
        _A,
        "Chest pain with back pain",
        translatable("Chest pain with back pain"),
        "SHEFF, RFS",
    ),
    RedFlag(
        "injury",
        _A,
        "Began after a serious accident or fall from height; or a minor fall with weak bones"
        " or long steroid use",
        translatable(
            "A bad accident or fall; or a small fall, if your bones are weak or you took steroids"
            " for a long time"
        ),
        "NHSCT",
    ),
    RedFlag(
        "fever",
        _B,
        "Fever, or feeling very unwell",
        translatable("Fever, or you feel very unwell"),
        "SHEFF, NHSCT",
    ),
    RedFlag(
        "weight_loss",
        _B,
        "Weight loss without an explanation",
        translatable("You lose weight and cannot say why"),
        "SHEFF",
    ),
    RedFlag(
        "rest_or_night_pain",
        _B,
        "Pain that does not ease with rest, or is worse at night",
        translatable("Pain that does not ease with rest, or is worse at night"),
        "SHEFF",
    ),
    RedFlag(
        "lump",
        _B,
        "New lump, swelling or changed back shape",
        translatable("A new lump or swelling, or your back changed shape"),
        "SHEFF",
    ),
    RedFlag(
        "between_shoulder_blades",
        _B,
        "Pain high up between the shoulder blades",
        translatable("Pain high up between the shoulder blades"),
        "RFS",
    ),
    RedFlag(
        "coughing",
        _B,
        "Worse with coughing, sneezing or straining",
        translatable("Worse when you cough, sneeze or strain"),
        "RFS",
    ),
    RedFlag(
        "walking",
        _B,
        "New trouble walking, tripping, unsteadiness; band-like pain round the trunk",
        translatable("New trouble walking, or a feeling like a tight band round you"),
        "NHSCT",
    ),
    RedFlag(
        "history",
        _B,
        "History of cancer, immune weakness or drug injection",
        "",  # asked once, by the therapist
        "CHIRO-RF",
    ),
)
BY_CODE = {flag.code: flag for flag in RED_FLAGS}
ASKED_OF_PATIENTS = tuple(flag for flag in RED_FLAGS if flag.for_patients)


def most_urgent(codes: list[str]) -> Urgency | None:
    """The most urgent of the answers; None when nothing was said yes to."""
    return min((BY_CODE[code].urgency for code in codes), default=None)
