import pytest

from clinics.tenancy import inside
from exercises import actions, changes
from exercises.changes import Change
from exercises.content import LoadRecord
from exercises.vocabulary import Direction, Range, Region, Role
from tests import make
from tests.exercises import library

pytestmark = pytest.mark.django_db
TURN = LoadRecord(Region.THORACIC, Direction.ROTATION_LEFT, Range.MID, Role.SECONDARY)


def changes_by(clinic, *, loads=None, **said) -> list[Change]:
    exercise = library.exercise(of=clinic, name="Bend", equipment=["mat"])
    with inside(clinic.pk):
        draft = actions.save_draft(
            exercise=exercise,
            number=2,
            text=said,
            loads=loads or [library.FLEXION],
            by=make.founder(clinic),
        )
        return changes.between(exercise.current, draft)


def test_the_same_text_has_no_changes(clinic):
    assert changes_by(clinic) == []


@pytest.mark.parametrize(
    ("said", "change"),
    [
        ({"name": "Lean"}, Change("Name", ("Bend",), ("Lean",))),
        ({"sets": 3}, Change("Sets", ("1",), ("3",))),
        ({"max_hold_seconds": 2}, Change("Longest hold allowed", (), ("2",))),
        ({"position": "prone"}, Change("Start position", ("Standing",), ("Lying on the front",))),
        ({"equipment": []}, Change("Equipment", ("Mat",), ())),
        ({"steps": ["Stand.", "Lean."]}, Change("Steps", ("Bend.", "Come back."), ("Lean.",))),
        (
            {"steps": ["Bend.", "Stand.", "Come back."]},
            Change("Steps", ("Stand.", "Bend.", "Come back."), ("Bend.", "Stand.", "Come back.")),
        ),
        (
            {"cautions": ["Vertigo."], "plain_cautions": ["You feel dizzy."]},
            [
                Change("Cautions", (), ("Vertigo.",)),
                Change("Cautions in plain words", (), ("You feel dizzy.",)),
            ],
        ),
        ({"companion_optional": True}, Change("Companion optional", (), ("Yes",))),
        (
            {"loads": [library.FLEXION, TURN]},
            Change("Loads", (), ("Thoracic spine rotation left, mid range",)),
        ),
    ],
)
def test_a_change_is_told_in_words(clinic, said, change):
    expected = change if isinstance(change, list) else [change]
    assert changes_by(clinic, **said) == expected


def test_a_companion_is_told_by_its_name(clinic):
    change = changes_by(clinic, companion=make.exercise("REIL"))
    assert change == [Change("Companion", (), ("Repeated Extension in Lying",))]


def test_a_drawing_that_moved_is_told_in_its_words(clinic):
    figure = {"alt": "Person bends.", "start": {"at": [0, 88]}}
    assert changes_by(clinic, figure=figure) == [Change("Drawing", (), ("Person bends.",))]
