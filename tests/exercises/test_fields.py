import pytest
from django import forms

from exercises.fields import LinesField, StatementsField, is_visible


@pytest.mark.parametrize(
    "text", ["a", "é", "伸", "ש", "7", "🧘", "–", "\u202eabc", "a\u0301\u0302"]
)
def test_is_visible(text):
    assert is_visible(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u200b", "\u200d\ufeff", "\u00a0", "\u2800", "\u3164", "\u0301", "\x07", "\ue000"],
)
def test_is_not_visible(text):
    assert not is_visible(text)


def test_lines_are_tidied_and_blank_ones_left_out():
    field = LinesField()
    assert field.clean("  Stand up. \r\n\r\n\u200b\nBend   down.\n") == ["Stand up.", "Bend down."]
    assert field.prepare_value(["Stand.", "Bend."]) == "Stand.\nBend."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "This field is required.", id="nothing"),
        pytest.param("\u200b\n\u200b", "This field is required.", id="nothing to be seen"),
        pytest.param("a\n" * 41, "Write at most 40 lines; these are 41.", id="too many"),
        pytest.param(
            "a\n" + "b" * 501, "Line 2 is too long: 501 characters of 500.", id="too long"
        ),
        pytest.param("a\nb\x00", "Null characters are not allowed.", id="null character"),
    ],
)
def test_lines_that_are_refused(text, problem):
    with pytest.raises(forms.ValidationError) as error:
        LinesField().clean(text)
    assert error.value.messages == [problem]


@pytest.mark.parametrize(
    "text",
    [
        "Stop. [ADJ]",
        "Stop. [ADJ] [TBPC]",
        "Mine. [PROPOSED]",
        "As F1 says. [F1]",
        "In [brackets] here.",
    ],
)
def test_statements_may_name_what_they_rest_on(text):
    field = StatementsField()
    field.facts = ["F1"]
    assert field.clean(text) == [text]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Stop. [NOWHERE]", "There is no source NOWHERE in the catalogue."),
        ("Stop. [F9]", "There is no source F9 in the catalogue."),
        ("[ADJ]", "[ADJ] names a source, and nothing that it says."),
    ],
)
def test_statements_name_only_what_is_there(text, problem):
    with pytest.raises(forms.ValidationError) as error:
        StatementsField().clean(text)
    assert error.value.messages == [problem]
