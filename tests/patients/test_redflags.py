import pytest

from patients.redflags import ASKED_OF_PATIENTS, BY_CODE, RED_FLAGS, Urgency, most_urgent

# Each with the words that both versions have to carry, and what it rests on.
EMERGENCY = {
    "saddle_numbness": (
        ["numb", "tingling", "between the legs", "toilet paper feels different"],
        "BACKES, TORBAY",
    ),
    "bladder": (["start", "stop", "control", "feel", "urine", "leak"], "TORBAY, NHSCT"),
    "bowel": (["cannot stop", "feel", "bowel movement"], "TORBAY"),
    "sexual_function": (["change in sexual function or feeling"], "TORBAY"),
    "both_legs": (["pain", "tingling", "numbness", "weakness in both legs"], "NHSCT, SHEFF"),
    "chest_pain": (["chest pain with back pain"], "SHEFF, RFS"),
    "injury": (["accident", "fall", "weak", "bones", "steroid"], "NHSCT"),
}
TODAY = {
    "fever": (["fever", "very unwell"], "SHEFF, NHSCT"),
    "weight_loss": (["weight"], "SHEFF"),
    "rest_or_night_pain": (["does not ease with rest", "worse at night"], "SHEFF"),
    "lump": (["new lump", "swelling", "back", "shape"], "SHEFF"),
    "between_shoulder_blades": (["high up between the shoulder blades"], "RFS"),
    "coughing": (["worse", "cough", "sneez", "strain"], "RFS"),
    "walking": (["new trouble walking", "band", "round"], "NHSCT"),
    "history": ([], "CHIRO-RF"),
}
ITEMS = [
    pytest.param(code, urgency, *item, id=code)
    for urgency, items in ((Urgency.EMERGENCY, EMERGENCY), (Urgency.TODAY, TODAY))
    for code, item in items.items()
]


def test_every_item_is_asked_once_and_the_emergencies_first():
    assert [flag.code for flag in RED_FLAGS] == [*EMERGENCY, *TODAY]


@pytest.mark.parametrize(("code", "urgency", "words", "source"), ITEMS)
def test_item(code, urgency, words, source):
    flag = BY_CODE[code]
    assert (flag.urgency, flag.source) == (urgency, source)
    assert flag.for_staff
    for word in words:
        assert word in flag.for_staff.lower()
        assert word in flag.for_patients.lower()


def test_only_the_history_is_not_asked_of_patients():
    assert {flag.code for flag in RED_FLAGS if flag not in ASKED_OF_PATIENTS} == {"history"}
    assert all(flag.for_patients for flag in ASKED_OF_PATIENTS)


def test_the_urgency_is_the_tier_of_the_alert():
    assert (Urgency.EMERGENCY, Urgency.TODAY) == (0, 2)


@pytest.mark.parametrize(
    ("yes", "urgency"),
    [
        pytest.param([], None, id="no yes"),
        pytest.param(["fever"], Urgency.TODAY, id="one is enough"),
        pytest.param(["fever", "lump"], Urgency.TODAY, id="two that can wait until today"),
        pytest.param(["bladder"], Urgency.EMERGENCY, id="one emergency"),
        pytest.param(["fever", "bladder", "lump"], Urgency.EMERGENCY, id="the most urgent wins"),
    ],
)
def test_one_yes_is_enough_and_the_most_urgent_wins(yes, urgency):
    assert most_urgent(yes) is urgency
    assert most_urgent(yes[::-1]) is urgency


def test_an_unknown_answer_is_not_passed_over():
    with pytest.raises(KeyError):
        most_urgent(["bladder", "no such item"])
