"""Which entry of the navigation is said to be open."""

import pytest
from django.urls import resolve, reverse

from clinics.templatetags.navigation import FIRST_OF, in_section, in_tab
from tests.test_doors import NAMES, door_of, url

SECTIONS = ("today", "patients", "library", "learn", "clinic")
TABS = ("overview", "direction", "programme", "progress", "measures", "messages", "monitoring")
TABS += ("record", "portal")
OF_STAFF = [name for name in NAMES if door_of(name) == "staff"]


def marked(marks, entries, name) -> list[str]:
    here = resolve(url(name, 7))
    return [entry for entry in entries if marks(here, entry)]


@pytest.mark.parametrize("name", OF_STAFF)
def test_every_page_of_staff_stands_below_one_entry(name):
    nowhere = {"clinics:choose", "design"}
    assert len(marked(in_section, SECTIONS, name)) == (0 if name in nowhere else 1)


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("home", "today"),
        ("patients", "patients"),
        ("patients:archived", "patients"),
        ("prescriptions:measures", "patients"),
        ("patients:measures", "clinic"),
        ("patients:erasures", "clinic"),
        ("clinics:people", "clinic"),
        ("exercises:edit", "library"),
        ("exercises:education_page", "learn"),
    ],
)
def test_sections(name, section):
    assert marked(in_section, SECTIONS, name) == [section]


@pytest.mark.parametrize(
    ("name", "tab"),
    [
        ("patient", "overview"),
        ("patients:screen", "direction"),
        ("prescriptions:edit", "programme"),
        ("prescriptions:timeline", "programme"),
        ("prescriptions:progress_note", "progress"),
        ("prescriptions:absences", "progress"),
        ("prescriptions:correct_measure", "measures"),
        ("prescriptions:answer", "messages"),
        ("prescriptions:record_time", "monitoring"),
        ("patients:erase", "record"),
        ("patients:invite", "portal"),
    ],
)
def test_tabs(name, tab):
    assert marked(in_tab, TABS, name) == [tab]


@pytest.mark.parametrize(("entry", "name"), FIRST_OF.items())
def test_the_page_itself_is_told_from_one_below_it(entry, name):
    marks = in_section if entry in SECTIONS else in_tab
    assert marks(resolve(url(name, 7)), entry) == ' aria-current="page"'
    below = resolve(reverse("prescriptions:record_time", args=[7]))
    assert marks(below, "monitoring" if marks is in_tab else "patients") == ' aria-current="true"'
