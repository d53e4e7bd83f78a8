"""What a phone is given to go on without a network, and what it sends when it is back."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinics.tenancy import inside
from exercises.models import ExerciseTranslation
from patients.models import Patient, RaisedFlag
from portal import offline
from portal.forms import NO_PAIN
from prescriptions import actions
from prescriptions.models import Alert, SessionEntry, SessionLog
from tests import make
from tests.make import NOW, TODAY
from tests.portal.conftest import phone_of
from tests.prescriptions.conftest import words

pytestmark = pytest.mark.usefixtures("clock")
OUTBOX = "/my/outbox/"
LESSON = "/my/learn/why_stretch/"
DAY = timedelta(days=1)
STORED, ALREADY, REFUSED = "stored", "known", "refused"


@pytest.fixture
def edition(patient):
    return make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])


@pytest.fixture
def phone(patient) -> Client:
    """A phone whose scripts name the identity they ask for."""
    client = phone_of(patient)
    client.who = who_named(client)
    return client


def who_named(client: Client) -> str:
    return re.search(r'data-who="([0-9a-f]{16})"', client.get("/my/").content.decode())[1]


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def clock_said(tapped_at=NOW, sent_at=NOW) -> dict:
    return {
        "tapped_at": milliseconds(tapped_at),
        "sent_at": milliseconds(sent_at),
        "utc_offset": -240,
    }


def session(edition, **more) -> dict:
    """A session in which all was done, as the phone sends it."""
    with inside(edition.clinic_id):
        keys = list(edition.lines.order_by("order").values_list("pk", flat=True))
    sent = {"client_uuid": str(uuid4()), "edition": edition.pk, "answer": "none", "line": keys}
    for key in keys:
        sent |= {f"line{key}-outcome": "done", f"line{key}-any_pain": NO_PAIN}
    return {**sent, **clock_said(), **more}


def signs(*now: str, today: tuple[str, ...] = (), **more) -> dict:
    ticked = {"now": list(now), "today": list(today), "answer": "some"}
    return {"client_uuid": str(uuid4()), **ticked, **clock_said(), **more}


def send(phone: Client, item: dict, **headers: str):
    return phone.post(OUTBOX, item, headers={"Bearing-Who": phone.who, **headers})


def told(response) -> str:
    assert response["Content-Type"] == "application/json"
    return response.json()["result"]


def rows(patient: Patient, model) -> list:
    with inside(patient.clinic_id):
        return list(model.objects.filter(patient=patient).order_by("pk"))


# What the phone is given


def test_the_portal_can_be_put_on_the_first_page_of_a_phone(db):
    response = Client().get("/my/manifest.webmanifest")
    assert response["Content-Type"] == "application/manifest+json"
    manifest = response.json()
    assert (manifest["scope"], manifest["start_url"]) == ("/my/", "/my/")
    sizes = {(icon["sizes"], icon.get("purpose", "any")) for icon in manifest["icons"]}
    assert sizes >= {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}
    for icon in manifest["icons"]:
        assert (offline.STATIC_FILES / icon["src"].removeprefix("/static/")).exists()


def test_the_worker_is_one_classic_script(db):
    response = Client().get("/my/worker.js")
    assert response["Content-Type"].startswith("text/javascript")
    source = response.content.decode()
    assert not re.search(r"^(import|export) ", source, re.MULTILINE)
    known = json.loads(re.match(r"const KNOWN = (.*);\n", source)[1])
    assert "/static/portal/outbox_store.js" in known["shell"]
    for address in known["shell"]:
        assert (offline.STATIC_FILES / address.removeprefix("/static/")).exists()


def test_a_phone_keeps_the_pages_of_the_programme_in_force(phone, edition):
    kept = phone.get("/my/kept.json").json()
    assert kept["pages"][:4] == ["/my/", "/my/play/", f"/my/log/{edition.pk}/", "/my/help/"]
    assert {"/my/more/", "/my/why/", "/my/learn/", LESSON} <= set(kept["pages"])
    for address in kept["pages"]:
        page = phone.get(address)
        assert page.status_code == 200
        assert f'data-who="{phone.who}"' in page.content.decode()


def test_before_a_programme_there_is_none_to_keep(phone):
    pages = phone.get("/my/kept.json").json()["pages"]
    assert pages[:3] == ["/my/", "/my/play/", "/my/help/"]
    assert not any(address.startswith("/my/log/") for address in pages)


def test_a_programme_of_certain_days_is_kept_for_each_day_of_the_week(patient, phone):
    wednesday = 3
    lines = [replace(make.line("FIL"), weekdays=[wednesday]), make.line("TILT")]
    make.edition(of=patient, lines=lines)
    pages = phone.get("/my/kept.json").json()["pages"]
    assert pages[:8] == ["/my/", *(f"/my/?weekday={day}" for day in range(1, 8))]
    assert "Flexion in Lying" in words(phone.get("/my/?weekday=3"))
    thursday = words(phone.get("/my/?weekday=4"))
    assert "Thursday 21 May" in thursday
    assert "Flexion in Lying" not in thursday
    assert "Flexion in Lying" in words(phone.get("/my/?weekday=8")), "no such day: today"


def test_the_stamp_changes_with_what_the_pages_say(phone, patient, edition, clock):
    def stamp() -> str:
        return phone.get("/my/kept.json").json()["stamp"]

    stamps = [stamp(), stamp()]
    assert len(set(stamps)) == 1
    make.log(of=edition)
    stamps.append(stamp())
    with inside(patient.clinic_id):
        make.flag(of=patient)
    stamps.append(stamp())
    clock(NOW + DAY)
    stamps.append(stamp())
    assert len(set(stamps)) == 4


def test_the_stamp_changes_when_a_text_that_is_kept_is_signed(patient, phone, edition):
    def stamp(language: str) -> str:
        spoken = {"accept-language": language}
        return phone.get("/my/kept.json", headers=spoken).json()["stamp"]

    def sign(code: str) -> None:
        found = ExerciseTranslation.objects.into("es").get(edition=make.exercise(code).current)
        make.signature(of=found, clinic=patient.clinic)

    english, before = stamp("en"), stamp("es")
    sign("FIL")
    signed = stamp("es")
    make.signed_page(of=patient.clinic, slug="why_stretch")
    assert len({before, signed, stamp("es")}) == 3
    signed = stamp("es")
    sign("REIL")
    assert stamp("es") == signed, "not of this programme"
    assert stamp("en") == english


def test_the_log_page_holds_all_steps_and_what_to_do_about_a_sign(phone, edition):
    page = phone.get(f"/my/log/{edition.pk}/")
    text = words(page)
    assert "None of these. I did all, no pain." in text
    assert "Stop. Get help now." in text
    assert "Call your doctor or clinic today." in text
    assert page.content.decode().count("data-entry=") == 2


def test_without_scripts_one_tap_still_says_that_all_was_done(phone, patient, edition):
    page = phone.post(f"/my/log/{edition.pk}/", {"answer": "none"})
    sent = {
        "client_uuid": page.context["key"]["client_uuid"].value(),
        "none_of_these": page.context["none_of_these"],
        "line": [form.line.pk for form in page.context["entries"]],
        "all_done": "yes",
    }
    assert "Saved." in words(phone.post(f"/my/log/{edition.pk}/", sent, follow=True))
    for entry in rows(patient, SessionEntry):
        assert (entry.outcome, entry.repetitions, entry.pain_in_words) == ("done", 10, "0, 0, 0")


def test_a_phone_that_can_keep_nothing_sends_both_answers_at_once(phone, patient, edition):
    assert phone.post(f"/my/log/{edition.pk}/", session(edition)).url == "/my/"
    assert len(rows(patient, SessionLog)) == 1


# One item


def test_a_session_is_stored_with_the_time_it_was_done(phone, patient, edition, clock):
    done_at = NOW
    clock(NOW + 9 * DAY)
    response = send(phone, session(edition, **clock_said(done_at, NOW + 9 * DAY)))
    assert (response.status_code, response.json()) == (200, {"result": STORED, "next": "/my/"})
    (log,) = rows(patient, SessionLog)
    assert (log.done_at, log.local_date, log.received_at) == (done_at, TODAY, NOW + 9 * DAY)
    assert (log.tapped_at, log.utc_offset, log.is_time_unsure) == (done_at, -240, False)
    assert log.is_late
    for entry in rows(patient, SessionEntry):
        assert (entry.outcome, entry.pain_in_words) == ("done", "0, 0, 0")


def test_the_short_word_says_the_same_as_each_answer(phone, patient, edition):
    item = session(edition)
    short = {
        name: value for name, value in item.items() if not name.startswith("line") or name == "line"
    }
    assert told(send(phone, short | {"all_done": "yes"})) == STORED
    for entry in rows(patient, SessionEntry):
        assert (entry.outcome, entry.repetitions, entry.pain_in_words) == ("done", 10, "0, 0, 0")


def test_an_item_is_taken_once_however_often_it_comes(phone, patient, edition):
    item = session(edition)
    assert [told(send(phone, item)) for _ in range(3)] == [STORED, ALREADY, ALREADY]
    assert len(rows(patient, SessionLog)) == 1


def test_other_answers_under_the_same_key_are_refused(phone, patient, edition):
    item = session(edition)
    send(phone, item)
    line = item["line"][0]
    response = send(phone, item | {f"line{line}-outcome": "no"})
    assert (response.status_code, told(response)) == (409, REFUSED)
    assert "with other answers" in response.json()["message"]
    assert rows(patient, SessionEntry)[0].outcome == "done"


def test_what_is_wrong_is_said_beside_its_field(phone, patient, edition):
    item = session(edition)
    line = item["line"][1]
    response = send(
        phone, item | {f"line{line}-zones_before": ["low-4-L"], f"line{line}-outcome": ""}
    )
    assert (response.status_code, told(response)) == (422, REFUSED)
    fields = {error["field"]: error["message"] for error in response.json()["errors"]}
    assert fields == {f"line{line}-outcome": "Tell us if you did this one."}
    assert rows(patient, SessionLog) == []


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"client_uuid": "x"}, id="no key"),
        pytest.param({"answer": ""}, id="not asked about signs"),
        pytest.param({"edition": "9" * 40}, id="a number too large"),
        pytest.param({"edition": "-1"}, id="no number"),
        pytest.param({"edition": "0"}, id="no edition"),
        pytest.param({"line": ["7000000"]}, id="a strange line"),
        pytest.param({"client_uuid": "\x00"}, id="NUL"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(phone, patient, edition, wrong):
    response = send(phone, session(edition) | wrong)
    assert (response.status_code, told(response)) == (422, REFUSED)
    assert response.json()["message"]
    assert rows(patient, SessionLog) == []


def test_a_session_belongs_to_the_edition_it_was_done_by(phone, patient, edition, clock):
    item = session(edition)
    clock(NOW + 3 * DAY)
    make.edition(of=patient, lines=[make.line("DOOR")])
    assert told(send(phone, item | clock_said(NOW, NOW + 3 * DAY))) == STORED
    (log,) = rows(patient, SessionLog)
    assert log.edition_id == edition.pk


def end(patient, edition, *, on) -> None:
    with inside(patient.clinic_id):
        actions.end(
            prescription=edition.prescription,
            on=on,
            because="Well again.",
            by=make.founder(patient.clinic),
        )


def test_a_course_that_ended_meanwhile_takes_what_was_done_before(phone, patient, edition, clock):
    item = session(edition) | clock_said(NOW, NOW + 9 * DAY)
    end(patient, edition, on=TODAY + DAY)
    clock(NOW + 9 * DAY)
    assert told(send(phone, item)) == STORED


def test_what_was_done_after_its_course_ended_is_refused_in_words(phone, patient, edition, clock):
    end(patient, edition, on=TODAY + DAY)
    clock(NOW + 9 * DAY)
    response = send(phone, session(edition) | clock_said(NOW + 5 * DAY, NOW + 9 * DAY))
    assert told(response) == REFUSED
    assert "was not open on 25 May" in response.json()["message"]


def test_a_log_that_was_done_before_a_sign_is_not_lost_to_it(phone, patient, edition):
    assert told(send(phone, signs("bladder"))) == STORED
    assert told(send(phone, session(edition))) == STORED


# The phone's clock


@pytest.mark.parametrize(
    ("error", "is_unsure"),
    [
        pytest.param(timedelta(minutes=4), False, id="a little fast"),
        pytest.param(-timedelta(minutes=4), False, id="a little slow"),
        pytest.param(3 * DAY, True, id="three days fast"),
        pytest.param(-365 * DAY, True, id="a year slow"),
        pytest.param(-13 * timedelta(hours=1), True, id="the wrong half of the day"),
    ],
)
def test_a_clock_that_is_off_is_corrected_by_what_it_says_at_sending(
    phone, patient, edition, clock, error, is_unsure
):
    done_at, now = NOW + 5 * DAY, NOW + 7 * DAY
    clock(now)
    assert told(send(phone, session(edition, **clock_said(done_at + error, now + error)))) == STORED
    (log,) = rows(patient, SessionLog)
    assert log.is_time_unsure is is_unsure
    assert abs(log.done_at - done_at) <= (timedelta(0) if is_unsure else abs(error))
    assert log.tapped_at == done_at + error


@pytest.mark.parametrize(
    ("tapped_at", "done_at"),
    [
        pytest.param(NOW + 3 * DAY, NOW, id="ahead at the tap, right when sent"),
        pytest.param(NOW - 365 * DAY, NOW.replace(hour=4, minute=0), id="behind at the tap"),
    ],
)
def test_a_clock_that_was_set_right_in_between_makes_the_time_unsure(
    phone, patient, edition, tapped_at, done_at
):
    assert told(send(phone, session(edition, **clock_said(tapped_at)))) == STORED
    (log,) = rows(patient, SessionLog)
    assert log.is_time_unsure
    assert log.done_at <= NOW
    assert log.local_date == TODAY


@pytest.mark.parametrize(
    "said",
    [
        {"tapped_at": ""},
        {"tapped_at": "yesterday"},
        {"sent_at": "-5"},
        {"sent_at": "9" * 30},
        {"utc_offset": "9000"},
    ],
)
def test_a_time_that_cannot_be_read_never_refuses_a_log(phone, patient, edition, said):
    assert told(send(phone, session(edition, **said))) == STORED
    (log,) = rows(patient, SessionLog)
    assert (log.done_at, log.is_time_unsure, log.tapped_at) == (NOW, True, None)


def test_the_day_is_the_patients_own(phone, patient, edition, clock):
    one_to_midnight = datetime(2026, 5, 22, 3, 59, tzinfo=UTC)  # 23:59 on the 21st in New York
    clock(NOW + 3 * DAY)
    send(phone, session(edition, **clock_said(one_to_midnight, NOW + 3 * DAY)))
    (log,) = rows(patient, SessionLog)
    assert log.local_date.isoformat() == "2026-05-21"


# Signs


def test_a_sign_raises_its_flag_and_alert_once(phone, patient, edition):
    item = signs("bladder", today=("fever",))
    response = send(phone, item)
    assert response.json() == {"result": STORED, "next": "/my/"}
    assert told(send(phone, item)) == ALREADY
    assert [flag.code for flag in rows(patient, RaisedFlag)] == ["bladder", "fever"]
    assert len(rows(patient, Alert)) == 1


def test_a_sign_that_was_cleared_before_it_came_again_stays_cleared(phone, patient, clock):
    item = signs("bladder")
    send(phone, item)
    (flag,) = rows(patient, RaisedFlag)
    clock(NOW + DAY)
    with inside(patient.clinic_id):
        make.clearance(of=flag)
    assert told(send(phone, item | clock_said(NOW, NOW + DAY))) == ALREADY
    assert len(rows(patient, RaisedFlag)) == 1
    assert told(send(phone, signs("bladder", **clock_said(NOW + DAY, NOW + DAY)))) == STORED
    assert len(rows(patient, RaisedFlag)) == 2


def test_an_injury_is_told_once_with_its_log(phone, patient, edition):
    item = session(edition, injured="on", answer="some")
    assert [told(send(phone, item)) for _ in range(2)] == [STORED, ALREADY]
    assert [alert.message.split(".")[0] for alert in rows(patient, Alert)] == [
        "Patient reported a fall or an injury"
    ]


# Whose it is


def test_an_item_is_only_ever_taken_for_the_one_who_said_it(clinic, phone, patient, edition):
    neighbour = make.patient(of=clinic)
    other = phone_of(neighbour)
    other.who = phone.who
    response = send(other, session(edition))
    assert response.status_code == 401
    other.who = who_named(phone_of(neighbour))
    assert send(phone_of_nobody(other.who), session(edition)).status_code == 401
    assert rows(patient, SessionLog) == rows(neighbour, SessionLog) == []


def phone_of_nobody(who: str) -> Client:
    client = Client()
    client.who = who
    return client


def test_a_neighbours_programme_is_not_known(clinic, phone, patient):
    edition = make.edition(of=make.patient(of=clinic))
    response = send(phone, session(edition))
    assert told(response) == REFUSED
    assert "We do not know this programme." in response.json()["message"]


def test_who_tells_people_apart_and_nothing_of_them(clinic, patient):
    phones = [phone_of(patient), phone_of(patient), phone_of(make.patient(of=clinic))]
    first, again, neighbour = map(who_named, phones)
    assert first == again != neighbour


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="from another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="from a neighbouring host"),
        pytest.param({"Origin": "https://evil.example"}, id="another origin"),
        pytest.param({"Origin": "null"}, id="no origin at all"),
    ],
)
def test_no_other_site_sends_for_a_patient(patient, phone, edition, headers):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies, strict.who = phone.cookies, phone.who
    assert send(strict, session(edition), **headers).status_code == 403
    assert strict.post(OUTBOX, session(edition)).status_code == 403, "without the header"
    assert rows(patient, SessionLog) == []
    here = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
    assert told(send(strict, session(edition), **here)) == STORED


def test_a_phone_that_was_signed_out_is_told_to_sign_in(phone, patient, edition):
    assert f'data-erase="{phone.who}"' in phone.post("/my/leave/").content.decode()
    assert send(phone, session(edition)).status_code == 401
    assert 'data-who="' not in phone.get(reverse("portal:today")).content.decode()
