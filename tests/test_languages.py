"""What patients read is marked, translated into every language, and fits where it is put."""

import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.template.base import Lexer, TokenType
from django.utils import translation
from django.utils.formats import date_format

from exercises.dosage import LIMITS, Dosage
from patients.bodymap import ZONES
from patients.models import Patient
from portal.player import player_words
from prescriptions.changes import days_in_words
from prescriptions.wording import days_in_words as days_for_patients
from prescriptions.wording import dosage_in_words
from scripts import messages
from tests.make import NOW

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*sorted((ROOT / "templates").glob("portal/**/*.html")), ROOT / "templates/patient.html"]
SCRIPTS = sorted((ROOT / "static/portal").glob("*.js"))
OTHERS = list(messages.LANGUAGES)
NAMES = {"Bearing"}
# What a browser or a screen reader says of an element.
SPOKEN = re.compile(r'\b(?:aria-label|title|alt|placeholder)="([^"]*)"')
TAG = re.compile(r"<[^>]*>", re.DOTALL)
LETTERS = re.compile(r"[^\W\d_]{2,}")
# Words in a script that somebody could read: with a capital, or more than one.
OF_THE_WEB = re.compile(r"AudioContext|POST|[A-Z][a-z]+(-[A-Z][a-z]+)+|text/html.*")  # and headers
READ = re.compile(r"""["`']([A-Z][a-z]+[^"`']*|[a-z]+ [a-z]+[^"`']*)["`']""")


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_is_translated(language):
    assert list(messages.problems(language)) == []


def test_every_language_of_the_settings_has_a_catalogue():
    assert [code for code, _ in settings.LANGUAGES] == ["en", *OTHERS]


@pytest.mark.parametrize("language", OTHERS)
def test_plural_forms_are_those_of_the_language(language):
    with messages._path(language, "mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    expected = {"es": [1, 0, 1, 1, 1, 1], "ar": [0, 1, 2, 3, 4, 5]}[language]
    assert [read.plural(number) for number in (0, 1, 2, 3, 11, 100)] == expected


def unmarked(page: str) -> list[str]:
    """The words of a template that stand outside of every translated tag."""
    page = re.sub(r"{% block (body_class|body_data|look) %}.*?{% endblock %}", "", page)
    page = re.sub(r"{% blocktranslate .*?{% endblocktranslate %}", "{{ x }}", page, flags=re.DOTALL)
    texts = [
        token.contents if token.token_type is TokenType.TEXT else "\0"
        for token in Lexer(page).tokenize()
        if token.token_type is not TokenType.COMMENT
    ]
    page = "".join(texts)
    found = [text.strip("\0\n ") for text in (*SPOKEN.findall(page), *TAG.split(page))]
    return [text for text in found if LETTERS.search(text) and text not in NAMES]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_word_of_a_page_stands_outside_of_a_translated_tag(path):
    assert unmarked(path.read_text()) == []


def test_the_scan_finds_what_is_not_marked():
    page = '{% if x %}<p title="Press">Now <b>{% translate "then" %}</b></p>{% endif %}'
    assert unmarked(page) == ["Press", "Now"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_days_are_written_as_the_language_writes_them(path):
    formats = re.findall(r"\|date:[\"']([^\"']+)", path.read_text())
    assert all(name.endswith("_FORMAT") or name == "Y-m-d" for name in formats)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_has_no_words_of_its_own(path):
    code = re.sub(r"^\s*//.*$|(?<=\s)// .*$", "", path.read_text(), flags=re.MULTILINE)
    found = [words for words in READ.findall(code) if not OF_THE_WEB.fullmatch(words)]
    assert found == []


@pytest.mark.parametrize(
    "dosage",
    [
        Dosage(sets, repetitions, hold, times)
        for sets in (1, 2, LIMITS["sets"].most)
        for repetitions in (1, 2, 10)
        for hold in (0, 1, 30, 119, 120, 150, 180)
        for times in (1, 2, 3, 24)
    ],
    ids=str,
)
def test_a_dosage_says_to_patients_what_it_says_to_staff(dosage):
    assert dosage_in_words(dosage) == str(dosage)


@pytest.mark.parametrize("weekdays", [[1, 2, 3, 4, 5, 6, 7], [1, 3, 5], [7]])
def test_days_say_to_patients_what_they_say_to_staff(weekdays):
    assert days_for_patients(weekdays) == days_in_words(weekdays)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "2 sets of 10 repetitions, hold 30 s, twice a day"),
        ("es", "2 series de 10 repeticiones, mantener 30 s, dos veces al día"),
        ("ar", "مجموعتان من 10 تكرارات، مع الثبات 30 ث، مرتين في اليوم"),
    ],
)
def test_a_dosage_in_every_language(language, words):
    with translation.override(language):
        assert dosage_in_words(Dosage(2, 10, 30, 2)) == words


@pytest.mark.parametrize(
    ("language", "day"),
    [("en", "Wednesday 20 May"), ("es", "miércoles 20 de mayo"), ("ar", "الأربعاء، 20 مايو")],
)
def test_a_day_in_every_language(language, day):
    with translation.override(language):
        assert date_format(NOW, "DAY_FORMAT").lower() == day.lower()


@pytest.mark.parametrize("language", OTHERS)
def test_every_place_of_the_body_map_has_a_name_of_its_own(language):
    with translation.override(language):
        names = [translation.gettext(zone.label) for zone in ZONES]
    assert len(set(names)) == len(ZONES)
    assert not set(names) & {zone.label for zone in ZONES}


def test_the_player_counts_seconds_in_all_plural_forms():
    with translation.override("ar"):
        seconds = player_words()["seconds"]
    assert [seconds[kind] for kind in ("one", "two", "few", "many")] == [
        "ثانية",
        "ثانيتان",
        "ثوانٍ",
        "ثانية",
    ]


def test_numbers_in_a_page_stay_readable_for_scripts():
    with translation.override("ar"):
        assert Template("{{ n }}").render(Context({"n": 1250})) == "1250"


def test_a_patient_reads_in_a_language_there_is():
    choices = [code for code, _ in Patient._meta.get_field("language").choices]
    assert choices == [code for code, _ in settings.LANGUAGES]
