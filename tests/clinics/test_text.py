import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinics.text import folded, has_letters, one_line, paragraphs

ZERO_WIDTH_SPACE, RIGHT_TO_LEFT_OVERRIDE, NULL = "\u200b", "\u202e", "\x00"
PERSIAN_WITH_JOINER = "می\u200cنا"


@pytest.mark.parametrize(
    ("typed", "compared"),
    [
        pytest.param("  Ana   RUIZ ", "ana ruiz", id="case and spaces"),
        pytest.param("Zoë Müller-Straße", "zoe muller-strasse", id="accents and sharp s"),
        pytest.param("Zoe\u0308", "zoe", id="a combining mark"),
        pytest.param("Łukasz Đặng", "lukasz dang", id="letters with a stroke"),
        pytest.param("İpek Işık", "ipek isik", id="Turkish i with and without dot"),
        pytest.param("Σίσυφος", "σισυφοσ", id="Greek final sigma"),
        pytest.param("أحمد مُحَمَّد", "احمد محمد", id="Arabic with vowel marks"),
        pytest.param("محـــمد", "محمد", id="Arabic stretched"),
        pytest.param("สมชาย", "สมชาย", id="Thai without marks"),
        pytest.param("王小明", "王小明", id="Chinese"),
        pytest.param("김민준", "김민준", id="Korean"),
        pytest.param("ＡＮＡ", "ana", id="full width"),
        pytest.param("𝐀na", "ana", id="mathematical capital"),
        pytest.param(f"A{ZERO_WIDTH_SPACE}na{NULL}", "ana", id="what nobody sees"),
        pytest.param(" \t\n ", "", id="only white space"),
    ],
)
def test_folded(typed, compared):
    assert folded(typed) == compared


@given(st.text())
def test_folding_twice_changes_nothing_more(text):
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("  Ana \n  Ruiz\t", "Ana Ruiz", id="one line, single spaces"),
        pytest.param("Zoe\u0308", "Zoë", id="composed"),
        pytest.param(f"Ana{RIGHT_TO_LEFT_OVERRIDE} Ruiz", "Ana Ruiz", id="a mark of direction"),
        pytest.param(f"{NULL}A\x07na", "Ana", id="control characters"),
        pytest.param("A\ud800na", "Ana", id="half a character"),
        pytest.param(PERSIAN_WITH_JOINER, PERSIAN_WITH_JOINER, id="a joiner inside a name"),
        pytest.param("Ana 👩🏽‍⚕️", "Ana 👩🏽‍⚕️", id="emoji"),
        pytest.param("\u3164\u115f\u2800", "", id="blank letters"),
        pytest.param(ZERO_WIDTH_SPACE * 3, "", id="only zero width"),
    ],
)
def test_one_line(typed, kept):
    assert one_line(typed) == kept


@given(st.text())
def test_one_line_is_found_by_what_was_typed(text):
    assert one_line(one_line(text)) == one_line(text)
    assert folded(one_line(text)) == folded(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("One\r\ntwo\rthree", "One\ntwo\nthree", id="line ends of every system"),
        pytest.param(f"One{NULL}\x07\ttwo", "One\ttwo", id="control characters but the tab"),
        pytest.param("\u200fمرحبا, Ana", "\u200fمرحبا, Ana", id="marks of direction are kept"),
        pytest.param("\n <b>One</b> \n", "<b>One</b>", id="markup is text"),
    ],
)
def test_paragraphs(typed, kept):
    assert paragraphs(typed) == kept


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Ana", True, id="Latin"),
        pytest.param("王", True, id="one sign of Chinese"),
        pytest.param("แ", True, id="one letter of Thai"),
        pytest.param("12-3", False, id="digits"),
        pytest.param("😀", False, id="an emoji"),
        pytest.param("\u0301\u0302", False, id="marks without a letter"),
        pytest.param("\u3164", False, id="a letter without a shape"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_has_letters(text, expected):
    assert has_letters(text) is expected
