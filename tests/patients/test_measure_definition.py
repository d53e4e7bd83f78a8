"""The files of the measures are whole, and what is amiss in one is named by file and key."""

import tomllib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.measure_definition import (
    FOLDER,
    LONGEST_FILE,
    BadDefinition,
    Kind,
    parse,
    shipped,
)

# What is published never changes under a number: a new wording is a new edition.
WORDING = {
    ("nprs", 1): 1,
    ("psfs", 1): 1,
    ("rmdq", 1): 24,
}
GOOD = """
key = "house"
edition = 2
title = "House scale"
short = "HS"
language = "en"
instructions = "Answer each one."
about = "A scale of the house."
higher_is = "worse"
licence = "Bought by the clinic."
sources = ["A book."]

[scoring]
method = "percent"
lowest = 0
highest = 100
may_be_missing = 1
rule = "In per cent of what was answered."
source = "A book."

[[change]]
name = "minimal important change"
points = 7.5
source = "A trial."

[[items]]
key = "lift"
kind = "choice"
text = "Lifting"
[[items.options]]
text = "I can lift"
points = 0
[[items.options]]
text = "I cannot lift"
points = 5

[[items]]
key = "pain"
kind = "scale"
text = "Pain"
lowest = 0
highest = 10
lowest_word = "none"
highest_word = "worst"
"""


def problems(text: str) -> dict[str, str]:
    with pytest.raises(BadDefinition) as caught:
        parse(text, file="house.toml")
    assert all(one.file == "house.toml" for one in caught.value.problems)
    return {one.key: one.words for one in caught.value.problems}


def test_every_file_is_a_measure_and_is_named_after_its_key():
    files = {path.stem for path in FOLDER.glob("*.toml")}
    assert files == set(shipped()) == {key for key, _ in WORDING}
    for (key, edition), number in WORDING.items():
        definition, text = shipped()[key]
        assert (definition.edition, len(definition.items)) == (edition, number)
        assert parse(text) == definition


@pytest.mark.parametrize("key", sorted({key for key, _ in WORDING}))
def test_every_measure_names_its_sources_its_licence_and_where_its_change_is_from(key):
    definition, _ = shipped()[key]
    assert definition.sources
    assert definition.licence
    assert definition.scoring.source
    assert definition.changes
    assert all(change.source for change in definition.changes)


def test_licensed_measures_are_not_shipped():
    titles = " ".join(definition.title for definition, _ in shipped().values())
    assert "Oswestry" not in titles
    assert "PROMIS" not in titles


def test_the_statements_of_roland_and_morris_stand_as_published():
    definition, _ = shipped()["rmdq"]
    texts = [item.text for item in definition.items]
    assert len(texts) == len(set(texts)) == 24
    assert texts[0] == "I stay at home most of the time because of my back."
    assert texts[14] == "My appetite is not very good because of my back pain."
    assert texts[16] == "I only walk short distances because of my back."
    assert texts[23] == "I stay in bed most of the time because of my back."
    assert {item.kind for item in definition.items} == {Kind.TICK}
    assert all(" back" in text for text in texts)


def test_a_whole_text_is_read():
    definition = parse(GOOD)
    assert definition.changes[0].points == Fraction(15, 2)
    assert [item.points for item in definition.items] == [[0, 5], list(range(11))]


@pytest.mark.parametrize(
    ("before", "after", "key", "words"),
    [
        ('key = "house"', 'key = "House scale"', "key", "small letters"),
        ("edition = 2", "edition = true", "edition", "whole number"),
        ("edition = 2", "edition = 0", "edition", "from 1 to"),
        ('title = "House scale"', 'title = "  "', "title", "says nothing"),
        ('title = "House scale"', "", "title", "is missing"),
        ('title = "House scale"', 'title = "a\\u0007b"', "title", "nobody can see"),
        ('language = "en"', 'language = "xx"', "language", "one of: en, es, ar"),
        ('higher_is = "worse"', 'higher_is = "bad"', "higher_is", "one of: worse, better"),
        ('sources = ["A book."]', "sources = []", "sources", "at least one"),
        ('sources = ["A book."]', "sources = [1]", "sources", "at least one"),
        ('method = "percent"', 'method = "median"', "scoring.method", "one of: count"),
        ('method = "percent"', 'method = "count"', "scoring.method", "count is for"),
        ('method = "percent"', 'method = "sum"', "scoring.may_be_missing", "has to be 0"),
        ("may_be_missing = 1", "may_be_missing = 2", "scoring.may_be_missing", "at least one"),
        ("highest = 100", "highest = 15", "scoring.lowest", "the items give 0 to 100"),
        ("points = 7.5", "points = 0", "change[1].points", "above 0"),
        ("points = 7.5", "points = inf", "change[1].points", "a number"),
        ("points = 7.5", 'points = "7"', "change[1].points", "a number"),
        ("points = 7.5", "points = 101", "change[1].points", "at most 100"),
        ('source = "A trial."', "", "change[1].source", "is missing"),
        ('kind = "choice"', 'kind = "slider"', "items[1].kind", "one of: scale"),
        ("points = 5", "points = 0", "items[1].options", "the same points twice"),
        ('key = "pain"', 'key = "lift"', "items[2].key", "is there already"),
        ("lowest = 0\nhighest = 10\n", "lowest = 4\nhighest = 3\n", "items[2].highest", "above"),
        ('short = "HS"', 'short = "HS"\nshrot = "x"', "shrot", "is not known here"),
        ("[scoring]", "scoring = 3\n[other]", "scoring", "a table"),
    ],
)
def test_what_is_amiss_is_named_by_its_key(before, after, key, words):
    assert before in GOOD
    found = problems(GOOD.replace(before, after, 1))
    assert words in found[key], found


def test_all_that_is_amiss_is_said_at_once():
    found = problems("key = 3\nnonsense = 1")
    assert {"key", "edition", "title", "items", "scoring", "nonsense"} <= set(found)


def test_a_text_that_is_no_toml_says_where():
    assert "line 1" in problems("key = = 3")["the file"]


def test_a_text_that_is_nested_too_deeply_or_too_long_is_refused():
    assert "not TOML" in problems("a = " + "[" * 5_000 + "]" * 5_000)["the file"]
    assert "characters" in problems("#" * (LONGEST_FILE + 1))["the file"]


def test_activities_stand_alone():
    _, text = shipped()["psfs"]
    more = text + '\n[[items]]\nkey = "x"\nkind = "tick"\ntext = "X"\n'
    assert "stands alone" in problems(more)["items"]


@given(st.dictionaries(st.sampled_from(list(tomllib.loads(GOOD))), st.integers() | st.booleans()))
def test_no_wrong_type_comes_through_or_brings_it_down(values):
    table = "\n".join(f"{key} = {str(value).lower()}" for key, value in values.items())
    assert problems(table)


@given(st.text(max_size=200))
def test_no_text_brings_it_down(text):
    with pytest.raises(BadDefinition):
        parse(text)
