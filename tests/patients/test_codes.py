import re

import pytest

from patients import codes


def test_a_printed_code_has_no_letters_that_are_mistaken_for_numbers():
    made = {codes.printed_code(f"token {number}") for number in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{8}", code) for code in made)
    assert set("".join(made)) == set(codes.LETTERS)


def test_a_code_is_printed_in_two_groups():
    assert codes.grouped("K7QM4T9X") == "K7QM-4T9X"


def test_a_link_has_one_code_and_the_code_is_no_part_of_it(settings):
    token = "1-abcdefgh"
    code = codes.printed_code(token)
    assert code == codes.printed_code(token)
    settings.SECRET_KEY = "another"
    assert code != codes.printed_code(token)


@pytest.mark.parametrize(
    "typed",
    [
        "K7QM-4T01",
        " k7qm 4t01 ",
        "k7qm4toi",
        "K7QM–4TOL",
        "K7QM-4T٠١",
        "Ｋ7QM4T01",
        "K.7.Q.M.4.T.0.1",
    ],
)
def test_a_code_is_understood_as_people_type_it(typed):
    assert codes.as_meant(typed) == "K7QM4T01"


@pytest.mark.parametrize("typed", ["", "-", "💃", "\u202e", "ﷺ", "²", "K7QM-4T9X" * 50])
def test_whatever_is_typed_is_read_without_an_error(typed):
    assert codes.as_meant(typed) != "K7QM4T9X"


def test_a_mailed_code_is_six_digits():
    assert all(re.fullmatch(r"\d{6}", codes.mailed_code()) for _ in range(200))


def test_what_is_stored_cannot_be_tried_out_without_our_key(settings):
    stored = codes.hash_of_printed("K7QM4T9X")
    assert re.fullmatch("[0-9a-f]{64}", stored)
    assert stored != codes.keyed_hash("something else", "K7QM4T9X")
    settings.SECRET_KEY = "another"
    assert stored != codes.hash_of_printed("K7QM4T9X")
