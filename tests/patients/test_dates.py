from datetime import date

import pytest

from patients.dates import as_date


@pytest.mark.parametrize(
    "text",
    ["1980-05-17", "05/17/1980", "17.05.1980", "17 May 1980", "May 17, 1980", " 17 may 1980 "],
)
def test_the_usual_ways_of_writing_a_date(text):
    assert as_date(text) == date(1980, 5, 17)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("Ana", id="a name"),
        pytest.param("1042", id="a record number"),
        pytest.param("1980-02-30", id="no such day"),
        pytest.param("17/05/1980", id="no such month"),
        pytest.param("1980-05-17\x00", id="a hidden character"),
        pytest.param("9" * 5000, id="far too long"),
    ],
)
def test_everything_else_is_no_date(text):
    assert as_date(text) is None
