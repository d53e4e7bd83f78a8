"""docs/who-may.md says what everybody gets at every door; here the doors are tried.

`make who-may` writes the file anew after a change that is meant. What must hold in any case is
asked of the file further down.
"""

import os
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse

from tests.prescriptions.conftest import clock
from tests.test_doors import (
    ABOUT,
    ADMIN_ONLY,
    ALLAUTH,
    NEEDS_MORE_THAN_LOOKING,
    OF_NO_ROW,
    door_of,
    walk,
)
from tests.worlds import World, address, as_before, world

__all__ = ["clock"]

FILE = Path(__file__).parent.parent / "docs" / "who-may.md"
WRITE = "WRITE_WHO_MAY"
SECRET = "Xylophone"  # in every text of the other clinic, in none of ours
NEIGHBOUR = "Neighbour"
ASKED = ["get", "post"]
# Each column: who stands at the door, and whose row the address names.
COLUMNS = [
    ("admin", "own"),
    ("admin", "others"),
    ("therapist", "own"),
    ("therapist", "others"),
    ("assistant", "own"),
    ("assistant", "others"),
    ("no clinic", "own"),
    ("ended", "own"),
    ("patient", "own"),
    ("patient", "neighbours"),
    ("patient", "others"),
    ("nobody", "own"),
    ("nobody", "link"),
]
HEADINGS = {
    "page": "page",
    "asked": "asked",
    "admin own": "admin",
    "admin others": "admin, another clinic's row",
    "therapist own": "therapist",
    "therapist others": "therapist, another clinic's row",
    "assistant own": "assistant",
    "assistant others": "assistant, another clinic's row",
    "no clinic own": "in no clinic",
    "ended own": "membership ended",
    "patient own": "patient",
    "patient neighbours": "patient, a neighbour's row",
    "patient others": "patient, another clinic's row",
    "nobody own": "nobody",
    "nobody link": "nobody, with the link",
}
WORDS = {
    200: "shows",
    204: "done",
    302: "goes on",
    400: "not understood",
    401: "signed out",
    403: "forbidden",
    404: "not found",
    409: "changed meanwhile",
    422: "wants more",
    429: "wait",
}
NOT_ASKED = "–"
ABOVE = """\
# Who may

What everybody gets at every address, as the application itself answers: written by
`make who-may`, compared by `tests/test_who_may.py`. A line is one page, looked at (get) or with
an empty form sent to it (post).

The first three people work in the clinic whose row the address names, or, in the column beside,
in another clinic. A neighbour is another patient of the same clinic. A page about no row has no
such columns. Of a link's page, "with the link" is whoever holds a link that works; "nobody" has
made one up.

| answer | what it means |
|---|---|
| shows 200 | the page, or the form once more with what is missing |
| goes on 302 | done, or there is nothing to show here: on to the next page |
| sign-in 302 | to the page where staff sign in |
| choose 302 | to the choice of clinics: the person is in none |
| not understood 400, wants more 422, changed meanwhile 409 | the form is not taken |
| signed out 401 | the page that says how a patient signs in |
| forbidden 403 | the role does not reach so far |
| not found 404 | there is no such row, or it is not theirs: both answers are the same |
| only get 405, only post 405 | the address does not take this method |
"""


def told(response: HttpResponse, method: str) -> str:
    """An answer in a word, with its status."""
    status = response.status_code
    word = WORDS.get(status, "answers")
    if status == 405:
        word = f"only {'post' if method == 'get' else 'get'}"
    elif status == 302 and response.url.startswith(reverse("account_login")):
        word = "sign-in"
    elif status == 302 and response.url.startswith("/clinics/?"):
        word = "choose"
    return f"{word} {status}"


def answers(here: World) -> list[list[str]]:
    """Every line of the table; nothing that is tried is kept, and no foreign word is shown."""
    return [
        [name, method, *_line(here, name, entry, method)]
        for name, entry in walk()
        for method in ASKED
    ]


def _line(here: World, name: str, entry: URLPattern, method: str) -> list[str]:
    cells: dict[tuple[str, str], str] = {}
    for who, whose in COLUMNS:
        # A method that a page does not take is refused before anybody looks who asks.
        not_taken = cells.get(("admin", "own"), "").startswith("only")
        is_told = name in here.links if whose == "link" else whose == "own" or name in ABOUT
        if not is_told:
            answer = NOT_ASKED
        elif not_taken and (who, whose) not in {("nobody", "own"), ("patient", "own")}:
            answer = cells["patient" if who == "patient" else "admin", "own"]
        else:
            rows = here.own if whose == "link" else getattr(here, whose)
            path = here.links[name] if whose == "link" else address(name, entry, rows)
            answer = _try(here.people[who], who, method, path)
        cells[who, whose] = answer
    return list(cells.values())


def _try(browser: Client, who: str, method: str, path: str) -> str:
    with as_before(browser):
        response = getattr(browser, method)(path)
        answer = told(response, method)
        found = response.content.decode(errors="replace") + str(response.headers)
    assert SECRET not in found, f"{who} reads another clinic at {method} {path}"
    if who == "patient":
        assert NEIGHBOUR not in found, f"a patient reads a neighbour at {method} {path}"
    return answer


def as_file(lines: list[list[str]]) -> str:
    header = [HEADINGS["page"], HEADINGS["asked"], *(HEADINGS[" ".join(c)] for c in COLUMNS)]
    rows = [header, ["---"] * len(header), *lines]
    return ABOVE + "\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


@pytest.mark.django_db
def test_the_file_says_what_the_doors_answer(clock):
    new = {name for name, _ in walk() if not name.startswith(ALLAUTH)} - {*ABOUT, *OF_NO_ROW}
    assert not new, (
        f"{', '.join(sorted(new))}: say in tests/test_doors.py what it is about (ABOUT or"
        " OF_NO_ROW), then run make who-may and look at its lines in docs/who-may.md"
    )
    found = as_file(answers(world(others=SECRET, neighbours=NEIGHBOUR)))
    if os.environ.get(WRITE):
        FILE.write_text(found)
    kept, found = (set(text.splitlines()) for text in (FILE.read_text(), found))
    gone, come = sorted(kept - found), sorted(found - kept)
    assert kept == found, "docs/who-may.md is not what the doors answer:\n" + "\n".join(
        [*(f"- {line}" for line in gone), *(f"+ {line}" for line in come), "Meant? make who-may"]
    )


# What must hold whatever the file is made to say.


def kept() -> list[dict[str, str]]:
    """The lines of the file, each by its headings."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in FILE.read_text().splitlines()
        if line.startswith("| ")
    ]
    begin = next(number for number, row in enumerate(rows) if row[0] == "page")
    names = dict(zip(HEADINGS.values(), HEADINGS, strict=True))
    header = [names[heading] for heading in rows[begin]]
    return [dict(zip(header, row, strict=True)) for row in rows[begin + 2 :]]


def refuses(cell: str, *statuses: int) -> bool:
    return cell == NOT_ASKED or int(cell.split()[-1]) in {405, *statuses}


OURS = [line for line in kept() if not line["page"].startswith(ALLAUTH)] if FILE.exists() else []
BEHIND_A_DOOR = {"staff": "sign-in 302", "person": "sign-in 302", "patient": "signed out 401"}


def test_there_is_a_line_for_every_page_and_both_ways_to_ask():
    pages = {name for name, _ in walk()}
    assert {(line["page"], line["asked"]) for line in kept()} == {
        (name, method) for name in pages for method in ASKED
    }


def test_nobody_gets_in_without_signing_in():
    for line in OURS:
        if answer := BEHIND_A_DOOR.get(door_of(line["page"])):
            assert line["nobody own"] == answer or refuses(line["nobody own"]), line


def test_a_link_that_somebody_made_up_opens_nothing():
    for line in OURS:
        if door_of(line["page"]) == "link":
            assert refuses(line["nobody own"], 404), line


def test_a_row_of_another_clinic_is_not_found():
    for line in OURS:
        if door_of(line["page"]) == "staff":
            assert refuses(line["admin others"], 404), line
            for role in ("therapist", "assistant"):
                allowed = 403 if refuses(line[f"{role} own"], 403) else 404
                assert refuses(line[f"{role} others"], allowed), line


def test_a_patient_reaches_no_other_patients_row():
    for line in OURS:
        if door_of(line["page"]) == "patient":
            for whose in ("neighbours", "others"):
                assert refuses(line[f"patient {whose}"], 404), line


def test_who_is_in_no_clinic_chooses_one_first():
    for line in OURS:
        if door_of(line["page"]) == "staff":
            # With a membership its sessions ended, too.
            for who, sent in (("no clinic own", "choose 302"), ("ended own", "sign-in 302")):
                assert line[who] == sent or refuses(line[who]), line


def test_patients_are_no_staff_and_staff_no_patients():
    for line in OURS:
        if door_of(line["page"]) == "staff":
            assert line["patient own"] == "sign-in 302", line
        if door_of(line["page"]) == "patient":
            assert all(
                refuses(line[f"{role} own"], 401) for role in ("admin", "therapist", "assistant")
            ), line


def test_an_assistant_may_look_and_no_more():
    for line in OURS:
        if door_of(line["page"]) == "staff":
            is_refused = refuses(line["assistant own"], 403)
            assert is_refused or line["page"] not in NEEDS_MORE_THAN_LOOKING | ADMIN_ONLY, line
            assert "403" not in line["assistant own"] or (
                line["page"] in NEEDS_MORE_THAN_LOOKING | ADMIN_ONLY
            ), line


def test_a_therapist_does_not_administer():
    for line in OURS:
        if line["page"] in ADMIN_ONLY:
            assert refuses(line["therapist own"], 403), line
        elif door_of(line["page"]) == "staff":
            assert "403" not in line["therapist own"], line


def test_an_admin_is_refused_nothing_of_their_own():
    for line in OURS:
        if door_of(line["page"]) == "staff":
            assert "403" not in line["admin own"], line


@pytest.mark.parametrize(
    ("rule", "page", "column", "answer"),
    [
        (test_nobody_gets_in_without_signing_in, "home", "nobody own", "shows 200"),
        (
            test_a_link_that_somebody_made_up_opens_nothing,
            "portal:enter",
            "nobody own",
            "shows 200",
        ),
        (test_a_row_of_another_clinic_is_not_found, "patient", "admin others", "shows 200"),
        (test_a_row_of_another_clinic_is_not_found, "patient", "assistant others", "shows 200"),
        (
            test_a_patient_reaches_no_other_patients_row,
            "portal:saved",
            "patient others",
            "shows 200",
        ),
        (test_who_is_in_no_clinic_chooses_one_first, "home", "ended own", "shows 200"),
        (test_patients_are_no_staff_and_staff_no_patients, "home", "patient own", "shows 200"),
        (test_an_assistant_may_look_and_no_more, "patients:create", "assistant own", "shows 200"),
        (test_a_therapist_does_not_administer, "clinics:audit", "therapist own", "shows 200"),
        (test_an_admin_is_refused_nothing_of_their_own, "home", "admin own", "forbidden 403"),
    ],
    ids=lambda it: getattr(it, "__name__", it),
)
def test_each_rule_falls_when_one_answer_is_another(monkeypatch, rule, page, column, answer):
    rule()
    changed = [
        line | {column: answer} if (line["page"], line["asked"]) == (page, "get") else line
        for line in OURS
    ]
    monkeypatch.setitem(globals(), "OURS", changed)
    with pytest.raises(AssertionError):
        rule()
