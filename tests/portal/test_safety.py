"""What the portal asks before a log, hides while something is open, and says after one."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinics.models import AuditEvent, Clinic
from clinics.tenancy import inside
from exercises.vocabulary import Direction, Region
from patients import assessments
from patients.models import Clearance, RaisedFlag
from patients.redflags import ASKED_OF_PATIENTS, BY_CODE, RED_FLAGS
from portal import screen
from prescriptions import actions, watch
from prescriptions.models import (
    Alert,
    EntryResponse,
    FollowUp,
    FollowUpAnswer,
    Pause,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
    Tier,
)
from prescriptions.responses import Colour
from tests import make
from tests.make import NOW
from tests.prescriptions.conftest import words
from tests.test_doors import phone_of

TODAY = reverse("portal:today")
STOP = "Stop. Get help now."
STOP_THIS_ONE = "Stop this one. Your therapist will review."
NEXT_MORNING = NOW + timedelta(hours=24)
PAINS = {"before": 2, "during": 3, "after": 2}
# A calf that did not hurt before: spread below the knee.
SPREAD = {"zones_before": ["low-3-L"], "zones_after": ["low-3-L", "low-5-L"]}
ROSE = {"pain_before": 2, "pain_after": 5}


@pytest.fixture(autouse=True)
def _now(clock):
    """The views' clock stands at NOW until a test sets it."""


@pytest.fixture
def edition(patient) -> PrescriptionEdition:
    """Two stretches that bend the low back to the end, and one that opens the chest."""
    return make.edition(of=patient, lines=[make.line("FIL"), make.line("KLF"), make.line("DOOR")])


@pytest.fixture
def phone(patient):
    return phone_of(patient)


def published(patient, **words: object) -> PrescriptionEdition:
    """An edition of one stretch, with the therapist's rule and words as given."""
    begun = make.draft(of=patient, lines=[make.line("FIL")])
    by = make.founder(patient.clinic)
    with inside(patient.clinic_id, user_id=by.pk):
        PrescriptionEdition.objects.filter(pk=begun.pk).update(**words)
        return actions.publish(draft=begun, version=begun.version, by=by, at=NOW)


def log_url(edition: PrescriptionEdition) -> str:
    return reverse("portal:log", args=[edition.pk])


def asked(phone, edition) -> str:
    """The note that the log form carries once the patient has said none."""
    response = phone.post(log_url(edition), {"answer": "none"})
    return response.context["none_of_these"]


def answers(edition, *lines: int, **of_each: object) -> dict[str, object]:
    """A filled log form, without the note; all lines, or those of these places in the order."""
    chosen = list(edition.lines.order_by("order"))
    data: dict[str, object] = {"client_uuid": str(uuid4())}
    for line in [chosen[place] for place in lines] or chosen:
        said = {"outcome": "done", **{f"pain_{moment}": pain for moment, pain in PAINS.items()}}
        data.setdefault("line", []).append(str(line.pk))
        data |= {f"line{line.pk}-{name}": value for name, value in (said | of_each).items()}
    return data


def send(phone, edition, *lines: int, **of_each: object):
    with inside(edition.clinic_id):
        data = answers(edition, *lines, **of_each)
    return phone.post(log_url(edition), data | {"none_of_these": asked(phone, edition)})


def tick(phone, edition, *codes: str, **more: str):
    data = {"answer": "some", "now": list(codes), "today": list(codes)} | more
    for group in ("now", "today"):
        urgent = group == "now"
        data[group] = [code for code in codes if (BY_CODE[code].urgency == 0) is urgent]
    return phone.post(log_url(edition), data)


def rows(clinic: Clinic, model, **where):
    with inside(clinic.pk):
        return list(model.objects.filter(**where).order_by("pk"))


def clear(clinic: Clinic) -> None:
    with inside(clinic.pk, user_id=make.founder(clinic).pk):
        for flag in RaisedFlag.objects.open():
            assessments.clear_flag(
                flag=flag,
                assessed_by="Dr Lee",
                assessed_on=NOW.date(),
                outcome="Nothing found.",
                by=make.founder(clinic),
                at=NOW,
            )


# Before the log.


def test_a_log_opens_with_the_red_flags(phone, edition):
    page = phone.get(log_url(edition))
    assert "Since your last log, have you had any of these?" in words(page)
    for flag in ASKED_OF_PATIENTS:
        assert flag.for_patients in words(page)
    assert "None of these" in words(page)
    asked_later = page.content.decode().partition("data-log hidden disabled")[2]
    assert words(page).count("Did you do it?") == asked_later.count("Did you do it?") == 3


def test_what_only_a_therapist_asks_is_not_asked(phone, edition):
    page = phone.get(log_url(edition)).content.decode()
    unasked = [flag.code for flag in RED_FLAGS if not flag.for_patients]
    assert unasked
    assert not any(f'value="{code}"' in page for code in unasked)


def test_none_of_these_leads_to_the_log_form(phone, edition, clinic):
    page = phone.post(log_url(edition), {"answer": "none"})
    assert "Did you do it?" in words(page)
    assert rows(clinic, RaisedFlag) == []


@pytest.mark.parametrize("note", [None, "", "none", "1:x:y"])
def test_a_log_without_the_answer_is_asked_first(phone, edition, clinic, note):
    with inside(clinic.pk):
        data = answers(edition)
    page = phone.post(log_url(edition), data | ({} if note is None else {"none_of_these": note}))
    assert "have you had any of these?" in words(page)
    assert rows(clinic, SessionLog) == []


def test_the_answer_of_a_neighbour_is_none_of_ours(phone, edition, clinic):
    note = screen.none_of_these(make.patient(of=clinic))
    with inside(clinic.pk):
        data = answers(edition)
    phone.post(log_url(edition), data | {"none_of_these": note})
    assert rows(clinic, SessionLog) == []


def test_an_old_answer_does_not_hold(patient, monkeypatch):
    note = screen.none_of_these(patient)
    assert screen.said_none(note, patient)
    later = signing.time.time() + screen.ANSWER_HOLDS.total_seconds() + 1
    monkeypatch.setattr(signing.time, "time", lambda: later)
    assert not screen.said_none(note, patient)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"answer": "some"}, "Tick what you have"),
        ({"answer": "none", "now": "bladder"}, "Which one is right?"),
        ({"answer": "perhaps"}, "Tick what you have"),
        ({"answer": "some", "now": "history"}, "Tick what you have"),
    ],
)
def test_an_answer_that_is_not_clear_is_asked_again(phone, edition, clinic, sent, said):
    page = phone.post(log_url(edition), sent)
    assert said in words(page)
    assert "Did you do it?" not in words(page)
    assert rows(clinic, RaisedFlag) == []


def test_an_emergency_shows_the_stop_text_and_nothing_else(phone, edition, clinic):
    response = tick(phone, edition, "bladder")
    assert response.url == TODAY
    page = phone.get(TODAY)
    assert STOP in words(page)
    assert BY_CODE["bladder"].for_patients in words(page)
    assert "Call 911" in words(page)
    assert "Nobody is watching it right now." in words(page)
    assert "Flexion in Lying" not in words(page)
    assert "<nav" not in page.content.decode()
    (alert,) = rows(clinic, Alert)
    assert alert.tier == Tier.EMERGENCY
    assert alert.message.startswith("Patient chose an emergency item")


def test_the_emergency_number_is_the_clinics(phone, edition, clinic):
    with inside(clinic.pk):
        Clinic.objects.filter(pk=clinic.pk).update(emergency_number="112")
    tick(phone, edition, "chest_pain")
    assert 'href="tel:112"' in phone.get(TODAY).content.decode()


def test_an_urgent_sign_pauses_and_says_whom_to_call(phone, edition, clinic):
    tick(phone, edition, "fever")
    page = words(phone.get(TODAY))
    assert "Call your doctor or clinic today." in page
    assert "Please pause your stretches until someone has spoken with you." in page
    assert BY_CODE["fever"].for_patients in page
    assert "Flexion in Lying" not in page
    assert [alert.tier for alert in rows(clinic, Alert)] == [Tier.URGENT]


def test_of_two_signs_the_more_urgent_decides(phone, edition):
    tick(phone, edition, "fever", "both_legs")
    page = words(phone.get(TODAY))
    assert STOP in page
    assert BY_CODE["fever"].for_patients not in page


def test_ticking_twice_gives_one_of_everything(phone, edition, clinic):
    for _ in range(2):
        assert tick(phone, edition, "bladder", "fever").url == TODAY
    assert [flag.code for flag in rows(clinic, RaisedFlag)] == ["bladder", "fever"]
    assert len(rows(clinic, Alert)) == 1


def test_a_sign_that_comes_later_is_never_lost(phone, edition, clinic):
    tick(phone, edition, "fever")
    tick(phone, edition, "fever", "bladder")
    assert [flag.code for flag in rows(clinic, RaisedFlag)] == ["fever", "bladder"]
    assert STOP in words(phone.get(TODAY))


@pytest.mark.parametrize("code", ["bowel", "weight_loss"])
def test_an_open_flag_hides_everything_until_it_is_cleared(phone, edition, clinic, code):
    note = asked(phone, edition)
    tick(phone, edition, code)
    with inside(clinic.pk):
        data = answers(edition)
    assert phone.get(log_url(edition)).url == TODAY
    assert phone.post(log_url(edition), {"answer": "none"}).url == TODAY
    response = phone.post(log_url(edition), data | {"none_of_these": note}, follow=True)
    assert "What you sent was not saved." in words(response)
    assert rows(clinic, SessionLog) == []
    clear(clinic)
    assert len(rows(clinic, Clearance)) == 1
    assert "Flexion in Lying" in words(phone.get(TODAY))
    assert phone.get(log_url(edition)).status_code == 200


def test_a_flag_of_the_therapists_own_screen_hides_the_stretches_too(phone, patient, edition):
    with inside(patient.clinic_id):
        by = make.founder(patient.clinic)
        assessments.raise_flags(
            patient=patient, codes=["history"], source=RaisedFlag.Source.SCREEN, at=NOW, by=by
        )
    page = words(phone.get(TODAY))
    assert "Call your doctor or clinic today." in page
    assert "Flexion in Lying" not in page
    assert "cancer" not in page


def test_a_neighbours_flag_stops_nobody_else(phone, edition, clinic):
    neighbour = make.patient(of=clinic)
    other = make.edition(of=neighbour)
    tick(phone_of(neighbour), other, "bladder")
    assert "Flexion in Lying" in words(phone.get(TODAY))
    assert phone.get(log_url(edition)).status_code == 200


def test_a_neighbour_raises_no_flag_of_ours(edition, clinic):
    assert tick(phone_of(make.patient(of=clinic)), edition, "bladder").status_code == 404
    assert rows(clinic, RaisedFlag) == []


# The log.


def test_the_log_keeps_how_it_felt_and_where(phone, edition, clinic):
    send(
        phone,
        edition,
        0,
        feel="eased",
        ease="easier",
        zones_before=["low-4-L", "low-1-C"],
        zones_after=["low-1-C"],
        numb_before=["low-6-L"],
    )
    (entry,) = rows(clinic, SessionEntry)
    assert (entry.feel, entry.ease) == ("eased", "easier")
    assert entry.zones_before == ["low-1-C", "low-4-L"]
    assert entry.zones_after == ["low-1-C"]
    assert (entry.numb_before, entry.numb_after) == (["low-6-L"], [])
    (response,) = rows(clinic, EntryResponse)
    assert response.colour == Colour.GREEN


def test_how_it_felt_may_be_skipped(phone, edition, clinic):
    assert send(phone, edition, 0, feel="", ease="").url == TODAY
    (entry,) = rows(clinic, SessionEntry)
    assert (entry.feel, entry.ease, entry.zones_before) == ("", "", [])


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"zones_before": ["low-5-L"]}, "Tick where the pain is now"),
        ({"zones_after": ["low-5-L"]}, "Tick where it was"),
        ({**SPREAD, "gone": "on"}, "Which one is right?"),
        ({**SPREAD, "new": "on"}, "Which one is right?"),
        ({"zones_before": ["low-9-L"], "zones_after": ["low-1-C"]}, "no such place on the map"),
        ({"feel": "splendid"}, "not one of the available"),
    ],
)
def test_a_place_left_open_is_asked_for(phone, edition, clinic, said, error):
    page = send(phone, edition, 0, **said)
    assert error in words(page)
    assert page.context["none_of_these"]
    assert rows(clinic, SessionLog) == []


@pytest.mark.parametrize(
    "said",
    [
        {"zones_before": ["low-5-L"], "gone": "on"},
        {"zones_before": ["low-5-L"], "pain_after": 0},
        {"zones_after": ["low-1-C"], "new": "on"},
        {"zones_after": ["low-1-C"], "pain_before": 0},
    ],
)
def test_pain_that_went_or_came_needs_one_place_only(phone, edition, clinic, said):
    assert send(phone, edition, 0, **said).status_code == 302
    assert len(rows(clinic, SessionLog)) == 1


def test_a_page_with_errors_keeps_its_answers_and_its_map_open(phone, edition):
    page = send(phone, edition, 0, **SPREAD, outcome="", numb_after=["low-6-R"])
    assert page.content.decode().count('<details class="more" open>') == 2
    again = page.content.decode()
    assert page.context["none_of_these"] in again
    fresh = phone.post(log_url(edition), {"answer": "none"}).content.decode()
    assert '<details class="more" open>' not in fresh


def test_a_log_of_four_entries_takes_few_queries(patient, clinic):
    edition = make.edition(
        of=patient, lines=[make.line(code) for code in ("FIL", "KLF", "DOOR", "TILT")]
    )
    phone = phone_of(patient)
    note = asked(phone, edition)
    with inside(clinic.pk):
        where = {"zones_before": ["low-4-L"], "zones_after": ["low-4-L"]}
        data = answers(edition, **where) | {"none_of_these": note}
    with CaptureQueriesContext(connection) as queries:
        assert phone.post(log_url(edition), data).url == TODAY
    assert len(rows(clinic, EntryResponse)) == 4
    sql = [query["sql"] for query in queries]
    asked_of_the_database = [
        one for one in sql if "SAVEPOINT" not in one and not one.startswith("SELECT set_config")
    ]
    assert len(asked_of_the_database) <= 14, "\n".join(asked_of_the_database)


# After the log.


def test_a_good_log_needs_no_more_words(phone, edition, clinic):
    response = send(phone, edition, 0)
    assert response.url == TODAY
    assert "Saved. Your therapist can see it." in words(phone.get(TODAY))
    assert rows(clinic, Alert) == rows(clinic, Pause) == rows(clinic, FollowUp) == []


def test_new_numbness_pauses_the_stretch_and_says_so(phone, edition, clinic):
    with inside(clinic.pk):
        Clinic.objects.filter(pk=clinic.pk).update(phone="555 0100")
    response = send(phone, edition, 0, numb_after=["low-3-L"])
    page = words(phone.get(response.url))
    assert "Flexion in Lying" in page
    assert STOP_THIS_ONE in page
    assert "You marked new or more numbness or tingling." in page
    assert "today or on the next working day" in page
    assert "Nobody watches this page all the time." in page
    today = phone.get(TODAY)
    assert STOP_THIS_ONE in words(today)
    assert "Your therapist made this rule" in words(today)
    assert 'href="tel:555 0100"' in today.content.decode()
    paused, other, _ = today.context["stretches"]
    assert paused.why_paused
    assert not other.why_paused
    assert "Lie on your back" not in words(today)
    form = phone.post(log_url(edition), {"answer": "none"})
    named = [entry.line.exercise_edition.name for entry in form.context["entries"]]
    assert named == ["Kneeling Lumbar Flexion", "Doorway Stretch"]


def test_without_the_therapists_rule_there_is_an_alert_and_no_pause(patient, clinic):
    edition = published(patient, pauses_on_red=False)
    phone = phone_of(patient)
    response = send(phone, edition, numb_after=["low-3-L"])
    page = words(phone.get(response.url))
    assert "today or on the next working day" in page
    assert "Stop this one" not in page
    assert [alert.tier for alert in rows(clinic, Alert)] == [Tier.SOON]
    assert rows(clinic, Pause) == []
    assert "How to do it" in words(phone.get(TODAY))


def test_spread_below_the_knee_pauses_the_direction(phone, edition, clinic):
    response = send(phone, edition, 0, **SPREAD)
    page = words(phone.get(response.url))
    assert "It went down below your knee." in page
    assert "Other stretches that move your back the same way are paused too." in page
    fil, klf, door = phone.get(TODAY).context["stretches"]
    assert fil.why_paused == klf.why_paused == "It went down below your knee."
    assert not door.why_paused
    ways = {(pause.region, pause.direction) for pause in rows(clinic, Pause, exercise=None)}
    assert (Region.LUMBAR, Direction.FLEXION) in ways


def test_two_red_logs_pause_the_direction(phone, edition, clinic):
    send(phone, edition, 0, numb_after=["low-3-L"])
    assert rows(clinic, Pause, exercise=None) == []
    with inside(clinic.pk, user_id=make.founder(clinic).pk):
        watch.lift(pause=Pause.objects.get(), by=make.founder(clinic), at=NOW)
    send(phone, edition, 0, numb_after=["low-3-L"])
    fil, klf, door = phone.get(TODAY).context["stretches"]
    assert fil.why_paused
    assert klf.why_paused
    assert not door.why_paused


def test_when_all_is_paused_there_is_nothing_to_log(patient):
    edition = make.edition(of=patient, lines=[make.line("FIL")])
    phone = phone_of(patient)
    send(phone, edition, **SPREAD)
    assert "Log what I did" not in words(phone.get(TODAY))
    page = phone.post(log_url(edition), {"answer": "none"}, follow=True)
    assert "All your stretches are paused." in words(page)


def test_sending_a_red_log_twice_gives_one_of_everything(phone, edition, clinic):
    with inside(clinic.pk):
        data = answers(edition, 0, **SPREAD)
    data["none_of_these"] = asked(phone, edition)
    first, second = (phone.post(log_url(edition), data) for _ in range(2))
    assert first.url == second.url
    for model in (SessionLog, SessionEntry, EntryResponse, Alert):
        assert len(rows(clinic, model)) == 1
    assert len(rows(clinic, FollowUp)) == 2
    kinds = [(pause.exercise_id, pause.region, pause.direction) for pause in rows(clinic, Pause)]
    assert len(kinds) == len(set(kinds))


def test_who_felt_worse_is_told_that_we_ask_again(phone, edition, clinic):
    response = send(phone, edition, 0, **ROSE)
    page = words(phone.get(response.url))
    assert "We ask you again after 2 hours and tomorrow morning." in page
    assert "Stop this one" not in page
    assert rows(clinic, Alert) == []
    assert "Still worse" not in words(phone.get(TODAY))


def test_the_question_comes_when_it_is_due(phone, edition, clinic, clock):
    send(phone, edition, 0, **ROSE)
    clock(NOW + timedelta(hours=2))
    page = words(phone.get(TODAY))
    assert page.count("Still worse than before you started?") == 1
    assert "Flexion in Lying, Wednesday 20 May, 11:00." in page
    clock(NEXT_MORNING)
    assert words(phone.get(TODAY)).count("Still worse than before you started?") == 2


def answer(phone, follow_up: FollowUp, said: str):
    url = reverse("portal:follow_up", args=[follow_up.pk])
    return phone.post(url, {"still_worse": said}, follow=True)


def test_settled_is_thanked_and_asked_no_more(phone, edition, clinic, clock):
    send(phone, edition, 0, **ROSE)
    clock(NEXT_MORNING)
    for follow_up in rows(clinic, FollowUp):
        assert "Thank you." in words(answer(phone, follow_up, "no"))
    assert "Still worse" not in words(phone.get(TODAY))
    assert rows(clinic, Alert) == rows(clinic, Pause) == []
    last = rows(clinic, EntryResponse)[-1]
    assert (last.colour, last.is_final) == (Colour.AMBER, True)


def test_still_worse_next_morning_turns_amber_into_red(phone, edition, clinic, clock):
    send(phone, edition, 0, **ROSE)
    first, second = rows(clinic, FollowUp)
    clock(NEXT_MORNING)
    answer(phone, first, "no")
    assert rows(clinic, Alert) == []
    page = words(answer(phone, second, "yes"))
    assert STOP_THIS_ONE in page
    assert "Your pain went from 2 to 5." in page
    colours = [response.colour for response in rows(clinic, EntryResponse)]
    assert colours == [Colour.AMBER, Colour.AMBER, Colour.RED]
    assert [alert.tier for alert in rows(clinic, Alert)] == [Tier.SOON]
    assert len(rows(clinic, Pause)) == 1


def test_an_answer_counts_once(phone, edition, clinic, clock):
    send(phone, edition, 0, **ROSE)
    clock(NOW + timedelta(hours=3))
    first, second = rows(clinic, FollowUp)
    answer(phone, first, "no")
    assert "You answered this already." in words(answer(phone, first, "yes"))
    assert [given.still_worse for given in rows(clinic, FollowUpAnswer)] == [False]
    url = reverse("portal:follow_up", args=[second.pk])
    assert phone.post(url, {"still_worse": "yes"}).status_code == 404, "not due yet"


def test_an_answer_that_is_neither_yes_nor_no_is_asked_again(phone, edition, clinic, clock):
    send(phone, edition, 0, **ROSE)
    clock(NEXT_MORNING)
    page = answer(phone, rows(clinic, FollowUp)[0], "maybe")
    assert "Please press Yes or No." in words(page)
    assert rows(clinic, FollowUpAnswer) == []


def test_a_neighbour_answers_and_sees_nothing_of_ours(phone, edition, clinic, other_clinic, clock):
    send(phone, edition, 0, **ROSE)
    clock(NEXT_MORNING)
    follow_up, (log,) = rows(clinic, FollowUp)[0], rows(clinic, SessionLog)
    for patient in (make.patient(of=clinic), make.patient(of=other_clinic)):
        other = phone_of(patient)
        assert answer(other, follow_up, "yes").status_code == 404
        assert other.get(reverse("portal:saved", args=[log.pk])).status_code == 404
    assert rows(clinic, FollowUpAnswer) == []


def test_the_therapists_words_stand_above_the_stretches(patient, phone):
    published(patient, avoid="Do not twist <fast>.", if_worse="Lie down and rest.")
    page = words(phone.get(TODAY))
    assert page.index("Do not twist <fast>.") < page.index("How to do it")
    assert page.index("Lie down and rest.") < page.index("How to do it")


def test_that_the_stop_text_was_read_is_kept_and_opens_nothing(phone, edition, clinic):
    tick(phone, edition, "bladder")
    response = phone.post(reverse("portal:understood"), follow=True)
    assert "Noted." in words(response)
    (event,) = rows(clinic, AuditEvent, verb="read what to do about a red flag")
    assert event.actor_kind == "patient"
    assert "Stop. Get help now." in words(phone.get(TODAY))
