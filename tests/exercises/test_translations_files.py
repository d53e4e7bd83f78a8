"""The translated texts of the catalogue, against the English that they translate."""

import re
from dataclasses import replace
from itertools import chain

import pytest

from exercises.content import (
    CatalogueError,
    PatientWords,
    Standing,
    Statement,
    check_translation,
    education,
    load_education,
    parse_page,
    parse_translation,
    stale_pages,
    standing_words,
)
from exercises.content.translations import (
    LISTS,
    TEXTS,
    figure_in,
    page_fingerprint,
    page_words,
    parse_words,
    words_of_figure,
)
from exercises.templatetags.statements import explained_in, label_in
from exercises.vocabulary import Language
from tests import make

RECORDS = {record.code: record for record in make.catalogue_files()}
TRANSLATIONS = make.translation_files()
PAGES = [(told, language) for language in Language for told in education(language)]
LEFT = {
    # Not what is left of something.
    "en": r"(?<!are )(?<!is )\bleft\b",
    "es": r"\bizquierd[oa]s?\b",
    "ar": r"\b(?:ال|لل|وال|بال)?(?:يسار|يسرى|أيسر)\b",
}
# Spanish “derecho” may also mean straight; these texts say “estirado” or “recto” for that.
RIGHT = {
    "en": r"\bright\b",
    "es": r"\bderech[oa]s?\b",
    "ar": r"\b(?:ال|لل|وال|بال)?(?:يمين|يمنى|أيمن)\b",
}
# Words that no Spanish sentence has.
ENGLISH_WORDS = re.compile(
    r"\b(the|and|your|you|with|of|to|is|are|for|not|from|hands?|knees?|back|stop)\b", re.IGNORECASE
)
ARABIC = re.compile(r"[\u0600-\u06ff]")
LATIN = re.compile(r"[A-Za-z]+")
# The spine has the shape of this letter.
LATIN_LETTERS_IN_ARABIC = {"S"}
EASTERN_DIGITS = re.compile(r"[\u0660-\u0669\u06f0-\u06f9]")


def lines_of(words: PatientWords) -> list[str]:
    return [getattr(words, part) for part in TEXTS] + list(
        chain.from_iterable(getattr(words, part) for part in LISTS)
    )


def lines_of_page(words: dict) -> list[str]:
    lines = [words["title"], words["introduction"]]
    for section in words["sections"]:
        lines += [section["heading"], section["text"], *section["muscles"], *section["notes"]]
        lines += chain.from_iterable((fact["text"], fact["evidence"]) for fact in section["facts"])
    return lines


def beside() -> list:
    """Every line of English with its translation: where it stands, the language, and both."""
    pairs = []
    for one in TRANSLATIONS:
        both = zip(lines_of(PatientWords.of(RECORDS[one.code])), lines_of(one.words), strict=True)
        pairs += [(one.origin, one.language, english, line) for english, line in both]
    for told, language in PAGES:
        both = zip(
            lines_of_page(page_words(told.original)),
            lines_of_page(page_words(told.page)),
            strict=True,
        )
        origin = f"{language}/{told.page.slug}"
        pairs += [(origin, language, english, line) for english, line in both]
    return pairs


BESIDE = beside()


@pytest.mark.parametrize("language", Language)
def test_every_exercise_and_every_page_is_translated_and_up_to_date(language):
    fresh = [
        one.code
        for one in TRANSLATIONS
        if one.language is language and check_translation(one, RECORDS[one.code])
    ]
    assert sorted(fresh) == sorted(RECORDS)
    assert all(told.is_translated for told in education(language))
    assert stale_pages() == ()


def test_what_is_empty_in_english_and_nothing_else_is_empty():
    for origin, _, english, line in BESIDE:
        assert bool(english) == bool(line.strip()), (origin, english)


def test_numbers_are_the_same():
    for origin, _, english, line in BESIDE:
        numbers = [sorted(re.findall(r"\d+(?:\.\d+)?", text)) for text in (english, line)]
        assert numbers[0] == numbers[1], (origin, english, line)
        assert english.count("%") == line.count("%"), (origin, english, line)
        assert not EASTERN_DIGITS.search(line), (origin, line)


def test_left_and_right_stay_left_and_right():
    for origin, language, english, line in BESIDE:
        for words in (LEFT, RIGHT):
            said = len(re.findall(words["en"], english, re.IGNORECASE))
            assert said == len(re.findall(words[language], line)), (origin, english, line)


def test_no_english_sentence_is_left():
    for origin, language, english, line in BESIDE:
        if english:
            assert line != english, (origin, line)
        if language is Language.SPANISH:
            assert not ENGLISH_WORDS.search(line), (origin, line)


def test_arabic_letters_stand_in_arabic_and_nowhere_else():
    for origin, language, english, line in BESIDE:
        if language is Language.ARABIC:
            assert bool(english) == bool(ARABIC.search(line)), (origin, line)
            assert {*LATIN.findall(line)} <= LATIN_LETTERS_IN_ARABIC, (origin, line)
        else:
            assert not ARABIC.search(line), (origin, line)
        assert not ARABIC.search(english)


def test_colours_of_a_test_are_the_same_colours():
    colours = {
        "RED": {"es": "ROJO", "ar": "حمراء"},
        "GREEN": {"es": "VERDE", "ar": "خضراء"},
    }
    for origin, language, english, line in BESIDE:
        for colour, words in colours.items():
            said = re.findall(rf"\b{colour}\b", english)
            assert len(said) == line.count(words[language]), (origin, line)


@pytest.mark.parametrize("language", Language)
def test_the_same_english_is_always_said_in_the_same_words(language):
    said: dict[str, set[str]] = {}
    for _, other, english, line in BESIDE:
        if other is language and english:
            said.setdefault(english, set()).add(line)
    # “Supported.” and the like stand under many points.
    assert {english: lines for english, lines in said.items() if len(lines) > 1} == {}


@pytest.mark.parametrize("language", Language)
def test_every_standing_has_its_words(language):
    words, english = standing_words(language), standing_words("en")
    for ours, theirs in (
        (words.labels, english.labels),
        (words.explanations, english.explanations),
    ):
        assert list(ours) == list(theirs) == list(Standing)
        assert not {*ours.values()} & {*theirs.values()}
    assert label_in(Standing.PLAUSIBLE, language) == words.labels[Standing.PLAUSIBLE]
    assert explained_in(Standing.PLAUSIBLE, "en") == Standing.PLAUSIBLE.explanation


# Sources, and standings, stay with the original.


def test_a_translated_page_rests_on_the_same_sources():
    for told, _ in PAGES:
        for there, here in zip(told.original.facts, told.page.facts, strict=True):
            assert (there.id, there.standing) == (here.id, here.standing)
            theirs, ours = Statement.parse(there.evidence), Statement.parse(here.evidence)
            assert (theirs.sources, theirs.marks) == (ours.sources, ours.marks)
        for section, own in zip(told.original.sections, told.page.sections, strict=True):
            assert section.see == own.see
            assert [Statement.parse(note).sources for note in section.notes] == [
                Statement.parse(note).sources for note in own.notes
            ]


def test_a_patients_page_has_no_notes_for_therapists():
    assert not any(told.page.therapist_notes for told, _ in PAGES)


# A changed original makes its translation stale.


def test_a_changed_original_makes_the_translation_stale():
    fil = next(one for one in TRANSLATIONS if one.code == "FIL")
    original = RECORDS["FIL"]
    assert check_translation(fil, original)
    for changed in (
        replace(original, steps=(*original.steps[:-1], "Rest.")),
        replace(original, stop_for=original.stop_for[:-1]),
        replace(original, name="Another name"),
        replace(original, figure=original.figure | {"alt": "Another picture"}),
    ):
        assert not check_translation(fil, changed)


def test_what_patients_do_not_read_leaves_it_fresh():
    fil = next(one for one in TRANSLATIONS if one.code == "FIL")
    sourced = replace(
        RECORDS["FIL"],
        stop_for=tuple(Statement.parse(sign).text for sign in RECORDS["FIL"].stop_for),
        background=("For therapists.",),
    )
    assert check_translation(fil, sourced)


def test_a_changed_page_makes_its_translation_stale():
    page = load_education()[0]
    text = page_text(page)
    assert parse_page(text, "es/page.toml", Language.SPANISH, page).page.title == "Título"
    changed = replace(page, introduction="Another introduction.")
    assert parse_page(text, "es/page.toml", Language.SPANISH, changed) is None


def page_text(page) -> str:
    """The least that a translation of the page says: every line the same word."""
    lines = [f'english = "{page_fingerprint(page)}"', 'title = "Título"', 'introduction = "x"']
    for section in page.sections:
        lines += ["[[sections]]", 'heading = "x"']
        lines += ['text = "x"'] * bool(section.text)
        for name in ("muscles", "notes"):
            count = len(getattr(section, name))
            lines += [f"{name} = {[f'x{n}' for n in range(count)]}"] * bool(count)
        for fact in section.facts:
            lines += ["[[sections.facts]]", f'id = "{fact.id}"', 'text = "x"']
            lines += ['evidence = "x"'] * bool(fact.evidence)
    return "\n".join(lines)


# Errors name the file and the field.


def exercise_text(**changes: object) -> str:
    words = PatientWords.of(RECORDS["TILT"])
    said = {"code": "TILT", "english": words.fingerprint}
    said |= {part: getattr(words, part) for part in TEXTS}
    said |= {part: list(getattr(words, part)) for part in LISTS}
    said |= changes
    return "\n".join(f"{name} = {value!r}" for name, value in said.items() if value is not None)


def test_a_translation_is_read():
    one = parse_translation(exercise_text(), "es/tilt.toml", Language.SPANISH)
    assert check_translation(one, RECORDS["TILT"])
    assert one.words == PatientWords.of(RECORDS["TILT"])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"name": None}, "es/tilt.toml: name: is missing", id="no name"),
        pytest.param({"english": None}, "es/tilt.toml: english: is missing", id="no print"),
        pytest.param({"english": "x"}, "es/tilt.toml: english: is not a print", id="bad print"),
        pytest.param({"summary": ""}, "es/tilt.toml: summary: is empty", id="empty text"),
        pytest.param({"steps": []}, "es/tilt.toml: steps: is empty", id="empty list"),
        pytest.param({"steps": ["One. [ADJ]"]}, "the sources stay with", id="a source"),
        pytest.param({"loads": "x"}, "es/tilt.toml: loads: is not a field", id="unknown field"),
    ],
)
def test_a_wrong_file_is_told(changes, problem):
    with pytest.raises(CatalogueError, match=re.escape(problem)):
        parse_translation(exercise_text(**changes), "es/tilt.toml", Language.SPANISH)


@pytest.mark.parametrize("lines", [["One."], None], ids=["too few", "none"])
def test_another_number_of_lines_is_told(lines):
    text = exercise_text(stop_for=lines)
    one = parse_translation(text, "es/tilt.toml", Language.SPANISH)
    with pytest.raises(CatalogueError, match=r"es/tilt\.toml: stop_for: has . lines"):
        check_translation(one, RECORDS["TILT"])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('heading = "x"', "", "sections[1].heading: is missing"),
        ('id = "G1"', 'id = "G2"', "facts[1].id: is G2, and the English has G1 here"),
        ('evidence = "x"', "", "facts[1].evidence: is missing"),
        ('evidence = "x"', 'evidence = "x [ADJ]"', "the sources stay with the English"),
        ('title = "Título"', 'title = "T"\nmore = "x"', "more: is not a field"),
    ],
)
def test_a_wrong_page_is_told(old, new, problem):
    page = load_education()[0]
    text = page_text(page).replace(old, new, 1)
    with pytest.raises(CatalogueError, match=re.escape(problem)):
        parse_page(text, "es/page.toml", Language.SPANISH, page)


def test_a_page_with_too_few_sections_is_told():
    page = load_education()[0]
    text = page_text(page).rpartition("[[sections]]")[0]
    with pytest.raises(CatalogueError, match="sections: has 3, and the English has 4"):
        parse_page(text, "es/page.toml", Language.SPANISH, page)


def test_a_word_that_is_missing_is_told():
    with pytest.raises(CatalogueError, match=r"es/words\.toml: standings\.supported: is missing"):
        parse_words("[standings]", "es/words.toml")


# Figures


def test_a_figure_keeps_its_shape_and_changes_its_words():
    for one in TRANSLATIONS:
        figure = RECORDS[one.code].figure
        told = figure_in(figure, one.words.figure_words)
        assert words_of_figure(told) == one.words.figure_words
        assert told["start"] | {"description": ""} == figure["start"] | {"description": ""}
        assert told["props"] == figure["props"]
        assert words_of_figure(figure) == PatientWords.of(RECORDS[one.code]).figure_words


def test_an_exercise_without_a_figure_has_no_words_of_it():
    assert words_of_figure({}) == ()
    assert figure_in({}, ()) == {}
