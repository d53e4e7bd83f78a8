import pytest

from prescriptions.placeholders import for_patient, left_open, with_side, without_name


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        pytest.param("Ana Ruiz, roll gently.", "{name}, roll gently.", id="the full name"),
        pytest.param("Gently, ANA. Ruiz!", "Gently, {name}. {name}!", id="a part of it"),
        pytest.param("Ana  Ruiz", "{name}", id="two spaces"),
        pytest.param("Banana and ruizes", "Banana and ruizes", id="inside another word"),
        pytest.param("Roll.", "Roll.", id="nobody"),
    ],
)
def test_a_kept_note_names_nobody(note, kept):
    assert without_name(note, "Ana Ruiz") == kept


def test_names_in_any_script_are_taken_out():
    assert without_name("慢慢来，李明。", "李明") == "慢慢来，{name}。"
    assert without_name("A. (B) rolls", "(B) [*") == "A. {name} rolls"
    assert without_name("Roll.", "") == "Roll."


def test_a_single_letter_of_a_name_is_no_name():
    assert without_name("A stretch", "A Bee") == "A stretch"


def test_placeholders_are_filled_for_a_patient_and_a_side():
    assert for_patient("{name}, to the {side}.", "Ana Ruiz") == "Ana, to the {side}."
    assert with_side("To the {side}.", "left") == "To the left."
    assert with_side("To the {side}.", "") == "To the {side}."
    assert left_open("To the {side}, {name}.") == ["{name}", "{side}"]
    assert left_open("To the left.") == []
