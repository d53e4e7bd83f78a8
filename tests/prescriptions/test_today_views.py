"""The first page: who is on it, what can be done there, and what it costs."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from clinics.models import AuditEvent, Membership
from patients.models import Patient
from prescriptions import actions, aside, today
from prescriptions.attention import Day
from prescriptions.models import (
    Alert,
    Moment,
    PrescriptionEdition,
    PutAside,
    SavedFilter,
    Tier,
)
from prescriptions.progress import pain_spark
from prescriptions.watch import raise_alert
from tests import make
from tests.conftest import signed_in
from tests.make import NOW, TODAY, inside
from tests.prescriptions.conftest import words
from tests.prescriptions.test_views_overview import archive, end, publish

pytestmark = pytest.mark.usefixtures("clock")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_QUERIES = 12  # with the door, the audit line, BEGIN and COMMIT


@pytest.fixture
def patient(clinic) -> Patient:
    return old(make.patient(of=clinic, name="Ana Ruiz"))


@pytest.fixture
def at(clinic, clock):
    """A therapist who signs in at another moment."""

    def sign_in(moment):
        clock(moment)
        return signed_in(clinic, Membership.Role.THERAPIST)

    return sign_in


def old(patient: Patient) -> Patient:
    """One who has been here for long."""
    make.screened(patient)
    with inside(patient.clinic_id):
        Patient.objects.filter(pk=patient.pk).update(created_at=NOW - 90 * DAY)
    return patient


def alert(patient, *, tier=Tier.SOON, message="Look at it.", at=NOW) -> Alert:
    with inside(patient.clinic_id):
        raise_alert(patient=patient, tier=tier, about=message, message=message, at=at)
        return Alert.objects.of_patient(patient).get(message=message)


def review(patient, *, on) -> PrescriptionEdition:
    """A programme in force whose review is on that day."""
    draft = make.draft(of=patient)
    with inside(patient.clinic_id):
        starts = min(on, TODAY)
        PrescriptionEdition.objects.filter(pk=draft.pk).update(starts_on=starts, review_on=on)
        by = make.founder(patient.clinic)
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def url(name: str, of) -> str:
    return reverse(f"prescriptions:{name}", args=[of.pk])


def listed(client, **query) -> list[str]:
    """The names on the list, from its top."""
    response = client.get("/", query)
    assert response.status_code == 200
    page = response.content.decode()
    return re.findall(r'class="whom"[^>]*><bdi>([^<]*)<', page)


def asides(patient) -> list[str]:
    with inside(patient.clinic_id):
        return list(
            PutAside.objects.of_patient(patient).order_by("pk").values_list("act", flat=True)
        )


# Who is on the list


def test_nobody_is_on_the_list_of_a_clinic_where_nothing_happens(patient, therapist):
    make.log(of=make.edition(of=patient))
    text = words(therapist.get("/"))
    assert listed(therapist) == []
    assert "Nobody needs you now" in text


def test_an_empty_clinic_says_who_begins(therapist, assistant):
    assert "Record your first patient." in words(therapist.get("/"))
    assert "A therapist of the clinic records the first one." in words(assistant.get("/"))


def test_who_is_away_has_not_stopped_logging(clinic, therapist):
    quiet = old(make.patient(of=clinic, name="Quiet"))
    make.log(of=publish(quiet, starts_on=TODAY - 20 * DAY), done_at=NOW - 12 * DAY)
    assert "Stopped logging" in words(therapist.get("/"))
    noted = make.absence(of=quiet, first_day=TODAY - 11 * DAY, last_day=TODAY)
    assert "Stopped logging" not in words(therapist.get("/"))
    make.absence(of=quiet, first_day=TODAY, corrects=noted)
    assert "Stopped logging" in words(therapist.get("/"))


def test_the_groups_stand_in_their_order_with_their_counts(clinic, therapist):
    people = {
        name: old(make.patient(of=clinic, name=name))
        for name in ("Alert", "Worse", "Quiet", "Week", "Better", "Review", "Message")
    }
    make.patient(of=clinic, name="Fresh", created_at=NOW - DAY)
    alert(people["Alert"])
    make.log(of=make.edition(of=people["Worse"]), pain={Moment.BEFORE: 2, Moment.DURING: 8})
    quiet = publish(people["Quiet"], starts_on=TODAY - 20 * DAY)
    make.log(of=quiet, done_at=NOW - 12 * DAY)
    alert(people["Week"], tier=Tier.WEEKLY, message="Logged 3 of 14 planned in 7 days.")
    alert(people["Better"], tier=Tier.GOOD_NEWS, message="Better in 3 logs in a row.")
    make.log(of=review(people["Review"], on=TODAY - DAY))
    make.message(of=people["Message"])
    names = ["Alert", "Worse", "Quiet", "Week", "Better", "Review", "Message", "Fresh"]
    assert listed(therapist) == names
    text = words(therapist.get("/"))
    for said in (
        "Alerts 1 patient Alert Same or next working day Look at it.",
        "Worse 1 patient Worse Amber in 1 of 1 answer on Wed 20 May, worst pain 8.",
        "Stopped logging 1 patient Quiet Last log Fri 8 May. Sessions were planned on 11 days",
        "For the week 1 patient Week Logged 3 of 14 planned in 7 days.",
        "Better: progress? 1 patient Better Better in 3 logs in a row.",
        "Review due 1 patient Review Review planned for Tue 19 May, 1 day ago.",
        "Message waiting 1 patient Message 1 message unread since Wed 20 May, 11:00.",
        "New 1 patient Fresh Recorded on Tue 19 May; no programme yet.",
    ):
        assert said in text


def test_a_patient_stands_once_with_the_other_reasons_named(patient, therapist):
    make.log(of=review(patient, on=TODAY))
    make.message(of=patient)
    alert(patient)
    assert listed(therapist) == ["Ana Ruiz"]
    assert "Also: review due, message waiting." in words(therapist.get("/"))


def test_archived_patients_and_those_of_other_clinics_are_not_on_it(patient, therapist, stranger):
    alert(patient)
    assert listed(stranger) == []
    archive(patient)
    assert listed(therapist) == []


def test_the_programme_of_an_ended_course_asks_for_nothing(patient, therapist):
    publish(patient, starts_on=TODAY - 20 * DAY)
    assert listed(therapist) == ["Ana Ruiz"]
    end(patient)
    assert listed(therapist) == []


def test_a_withdrawn_log_no_longer_keeps_anybody_off_the_list(patient, therapist):
    edition = publish(patient, starts_on=TODAY - 10 * DAY)
    logged = make.log(of=edition, done_at=NOW - DAY)
    assert listed(therapist) == []
    with inside(patient.clinic_id):
        by = Patient.objects.with_clinic().get(pk=patient.pk)
        actions.withdraw_session(log=logged, received_at=NOW, by=by)
    assert listed(therapist) == ["Ana Ruiz"]


def test_the_clinics_own_numbers_decide(patient, therapist, clinic):
    publish(patient, starts_on=TODAY - 3 * DAY)
    assert listed(therapist) == []
    clinic.thresholds_set = {"quiet_days": 3}
    with inside(clinic.pk):
        clinic.save(update_fields=["thresholds_set"])
    assert listed(therapist) == ["Ana Ruiz"]


def test_a_day_is_one_of_the_patients_own_calendar(clinic, therapist, clock):
    there = old(make.patient(of=clinic, name="Kiri", time_zone="Pacific/Kiritimati"))
    make.log(of=review(there, on=TODAY + DAY))
    clock(NOW - 9 * HOUR)  # two in the morning in New York, eight in the evening of that day there
    assert listed(therapist) == []
    clock(NOW)  # noon here, five in the morning of the next day there
    assert listed(therapist) == ["Kiri"]


@pytest.mark.parametrize(
    "query",
    [{"who": "9" * 40}, {"who": "x"}, {"who": "\x00"}, {"tag": "%' OR 1=1"}, {"tag": "x" * 5000}],
)
def test_the_page_bears_any_question(patient, therapist, query):
    alert(patient)
    assert listed(therapist, **query) == ["Ana Ruiz"]


# Filters


def test_patients_are_chosen_by_therapist_and_by_tag(clinic, therapist, admin):
    mine = old(make.patient(of=clinic, name="Mine", therapist=therapist.user, tags=["knee"]))
    theirs = old(make.patient(of=clinic, name="Theirs", therapist=admin.user, tags=["knee", "hip"]))
    nobodys = old(make.patient(of=clinic, name="Nobodys"))
    for one in (mine, theirs, nobodys):
        alert(one)
    assert sorted(listed(therapist)) == ["Mine", "Nobodys", "Theirs"]
    assert listed(therapist, who="mine") == ["Mine"]
    assert listed(therapist, who=str(admin.user.pk)) == ["Theirs"]
    assert listed(therapist, who="nobody") == ["Nobodys"]
    assert sorted(listed(therapist, tag="knee")) == ["Mine", "Theirs"]
    assert listed(therapist, tag="knee", who="mine") == ["Mine"]
    assert "1 of 3 patients" in words(therapist.get("/", {"tag": "hip"}))


def test_a_filter_is_saved_for_whoever_saved_it_and_removed_again(clinic, therapist, admin):
    old(make.patient(of=clinic, tags=["knee"]))
    choice = {"name": "My knees", "who": "mine", "tag": "knee"}
    response = therapist.post(reverse("prescriptions:save_filter"), choice, follow=True)
    assert "The filter is saved." in words(response)
    assert 'href="/?who=mine&amp;tag=knee" aria-current="true"' in response.content.decode()
    assert "My knees" not in words(admin.get("/"))
    with inside(clinic.pk):
        kept = SavedFilter.objects.get()
    assert admin.post(url("forget_filter", kept)).status_code == 404
    therapist.post(url("forget_filter", kept))
    assert "My knees" not in words(therapist.get("/"))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": "All"}, "Choose a therapist or a tag first"),
        ({"name": " ", "who": "mine"}, "Give the filter a name."),
        ({"name": "Odd", "tag": "nobody has it"}, "Choose a therapist or a tag first"),
    ],
)
def test_a_filter_that_says_nothing_is_not_saved(therapist, clinic, sent, said):
    text = words(therapist.post(reverse("prescriptions:save_filter"), sent, follow=True))
    assert said in text
    with inside(clinic.pk):
        assert not SavedFilter.objects.exists()


def test_one_person_keeps_twenty_filters_and_a_name_means_one_of_them(clinic, therapist):
    with inside(clinic.pk):
        save = {"clinic": clinic, "who": "mine", "tag": "", "by": therapist.user}
        for number in range(aside.MOST_FILTERS):
            aside.save_filter(name=str(number), **save)
        with pytest.raises(aside.TooMany):
            aside.save_filter(name="one more", **save)
        aside.save_filter(name="7", **save | {"who": "nobody"})
        assert SavedFilter.objects.get(name="7").who == "nobody"


# Done, snoozed, brought back


def test_done_takes_off_the_list_what_stood_on_the_page(patient, therapist):
    make.log(of=review(patient, on=TODAY))
    seen = {"seen_at": NOW.isoformat(), "next": "/?who=nobody"}
    response = therapist.post(url("done", patient), seen)
    assert response["Location"] == "/?who=nobody"
    assert listed(therapist) == []
    assert "Put aside 1" in words(therapist.get("/"))
    therapist.post(url("bring_back", patient))
    assert listed(therapist) == ["Ana Ruiz"]
    assert asides(patient) == ["done", "back"]


def test_what_came_in_after_the_page_was_made_stays(patient, therapist, clock):
    edition = make.edition(of=patient)
    clock(NOW + HOUR)
    make.log(of=edition, done_at=NOW + HOUR / 2, pain={Moment.BEFORE: 1, Moment.AFTER: 7})
    therapist.post(url("done", patient), {"seen_at": NOW.isoformat()})
    assert listed(therapist) == ["Ana Ruiz"]


def test_done_reads_the_messages_that_stood_there_and_no_later_one(patient, therapist, clock):
    make.message(of=patient, text="First")
    clock(NOW + HOUR)
    make.message(of=patient, text="Second", at=NOW + HOUR / 2)
    therapist.post(url("done", patient), {"seen_at": (NOW + HOUR / 4).isoformat()})
    assert "1 message unread since Wed 20 May, 11:30." in words(therapist.get("/"))
    therapist.post(url("done", patient), {"seen_at": (NOW + HOUR).isoformat()})
    assert listed(therapist) == []


def test_an_alert_is_neither_done_nor_snoozed(patient, therapist):
    alert(patient)
    assert "Look Answer Adjust Snooze Keys" in words(therapist.get("/"))
    therapist.post(url("done", patient), {"seen_at": NOW.isoformat()})
    therapist.post(url("snooze", patient), {"until": TODAY + 7 * DAY, "because": "On holiday"})
    assert listed(therapist) == ["Ana Ruiz"]


def test_a_patient_is_snoozed_with_a_reason_until_a_day(patient, therapist, at):
    make.log(of=review(patient, on=TODAY))
    page = therapist.get(f"{url('snooze', patient)}?next=/?who=nobody")
    assert 'name="until" value="2026-05-27"' in page.content.decode()
    sent = {"until": TODAY + 3 * DAY, "because": "On holiday", "next": "/?who=nobody"}
    assert therapist.post(url("snooze", patient), sent)["Location"] == "/?who=nobody"
    assert listed(therapist) == []
    assert "until Sat 23 May: On holiday (Therapist)" in words(therapist.get("/"))
    assert listed(at(NOW + 3 * DAY)) == ["Ana Ruiz"]


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        pytest.param({"because": " "}, "because", id="no reason"),
        pytest.param({"until": TODAY}, "until", id="today"),
        pytest.param({"until": TODAY + 61 * DAY}, "until", id="too far ahead"),
        pytest.param({"until": "soon"}, "until", id="no day"),
    ],
)
def test_a_snooze_that_cannot_be_is_refused_beside_the_field(patient, therapist, sent, wrong):
    usual = {"until": TODAY + DAY, "because": "On holiday"}
    response = therapist.post(url("snooze", patient), usual | sent)
    assert response.context["form"].errors.keys() == {wrong}
    assert asides(patient) == []


def test_a_worse_log_ends_a_snooze(patient, therapist, clock):
    edition = review(patient, on=TODAY)
    make.log(of=edition)
    therapist.post(url("snooze", patient), {"until": TODAY + 9 * DAY, "because": "On holiday"})
    clock(NOW + HOUR)
    make.log(of=edition, done_at=NOW + HOUR, pain={Moment.DURING: 8})
    assert listed(therapist) == ["Ana Ruiz"]
    assert "Also: review due." in words(therapist.get("/"))


def test_what_was_done_stays_done_through_a_snooze(patient, therapist, at):
    make.log(of=review(patient, on=TODAY))
    therapist.post(url("done", patient), {"seen_at": NOW.isoformat()})
    therapist.post(url("snooze", patient), {"until": TODAY + DAY, "because": "On holiday"})
    assert listed(at(NOW + DAY)) == []
    with inside(patient.clinic_id):
        PutAside.objects.create(
            clinic_id=patient.clinic_id, patient=patient, act="back", by=therapist.user, at=NOW
        )
    assert listed(at(NOW + DAY)) == ["Ana Ruiz"]


def test_a_nervous_finger_leaves_one_row_and_one_line(patient, therapist):
    for _ in range(3):
        therapist.post(url("done", patient), {"seen_at": NOW.isoformat()})
    for _ in range(3):
        therapist.post(url("snooze", patient), {"until": TODAY + DAY, "because": "On holiday"})
    for _ in range(3):
        therapist.post(url("bring_back", patient))
    assert asides(patient) == ["done", "snoozed", "back"]
    with inside(patient.clinic_id):
        lines = AuditEvent.objects.filter(target="prescriptions.PutAside").order_by("pk")
        assert [(line.verb, line.detail) for line in lines] == [
            ("dealt with a patient", {}),
            ("snoozed a patient", {"until": "2026-05-21", "because": "On holiday"}),
            ("brought a patient back", {}),
        ]


def test_an_assistant_looks_and_changes_nothing(patient, assistant):
    make.log(of=review(patient, on=TODAY))
    assert listed(assistant) == ["Ana Ruiz"]
    text = words(assistant.get("/"))
    assert "Snooze Done" not in text
    assert "Adjust" not in text.partition("Keys")[0]
    for name in ("done", "snooze", "bring_back"):
        assert assistant.post(url(name, patient)).status_code == 403


def test_a_patient_of_another_clinic_is_not_put_aside(patient, stranger):
    for name in ("done", "snooze", "bring_back"):
        assert stranger.post(url(name, patient)).status_code == 404
    assert asides(patient) == []


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"act": "snoozed", "until": None, "because": "x"}, id="no day"),
        pytest.param({"act": "snoozed", "until": TODAY, "because": ""}, id="no reason"),
        pytest.param({"act": "done", "done_at": None}, id="done at no time"),
        pytest.param({"act": "done", "done_at": NOW + DAY}, id="done tomorrow"),
        pytest.param({"act": "back", "done_at": NOW}, id="back and done"),
        pytest.param({"act": "gone"}, id="no act"),
    ],
)
def test_the_database_refuses_what_no_act_says(patient, wrong):
    by = make.founder(patient.clinic)
    with pytest.raises(IntegrityError), inside(patient.clinic_id):
        PutAside.objects.create(
            clinic_id=patient.clinic_id, patient=patient, by=by, at=NOW, **wrong
        )


@pytest.mark.parametrize("statement", ["UPDATE {} SET because = 'x'", "DELETE FROM {}"])
def test_what_was_put_aside_is_kept_as_written(patient, statement):
    make.put_aside(of=patient)
    refused = pytest.raises(Exception, match=r"permission denied|cannot be changed")
    with refused, inside(patient.clinic_id), connection.cursor() as cursor:
        cursor.execute(statement.format("prescriptions_putaside"))


# The spark


@settings(max_examples=60)
@given(st.dictionaries(st.integers(0, 13), st.none() | st.integers(0, 10)))
def test_the_spark_is_the_one_of_the_charts(told):
    days = tuple(
        Day(TODAY - ago * DAY, 1, 0, 0, told[ago], NOW) for ago in sorted(told, reverse=True)
    )
    path, said = spark_of(days)
    drawn = pain_spark(((one.day, {Moment.AFTER: one.worst_pain}) for one in days), until=TODAY)
    places = [tuple(place.split(" ")) for place in re.findall(r"[ML]([\d.]+ [\d.]+)", path)]
    assert places == [(point.x.rstrip("%"), point.y) for point in drawn.points]
    assert path.count("L") == len(drawn.strokes)
    assert said == drawn.words


def spark_of(days) -> tuple[str, str]:
    facts = today.Facts(today=TODAY, zone=None, recorded_at=NOW, days=days)
    row = today.Row(1, "", None, "", [], facts, today.Looked(), None, NOW)
    return row.spark


# What it costs


def cost(client) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/").status_code == 200
    return len(queries)


@pytest.mark.django_db(transaction=True)
def test_one_row_three_and_three_hundred_cost_the_same(transactional_db, clock):
    clinic = make.clinic()
    client = signed_in(clinic, Membership.Role.THERAPIST)
    client.get("/")
    costs = []
    for more in (1, 2):
        for _ in range(more):
            patient = make.patient(of=clinic, tags=["knee"])
            make.log(of=make.edition(of=patient), done_at=NOW - 6 * DAY)
            alert(patient)
            make.put_aside(of=patient)
        costs.append(cost(client))
    with inside(clinic.pk):
        Patient.objects.bulk_create(
            Patient(clinic=clinic, name=f"P {n}", search_name=f"p {n}", birth_date=date(1980, 1, 1))
            for n in range(297)
        )
    costs.append(cost(client))
    assert "300 of 300 patients" in words(client.get("/"))
    assert costs == [MOST_QUERIES] * 3


def test_the_page_shows_the_most_pressing_and_says_how_many_there_are(
    clinic, therapist, monkeypatch
):
    monkeypatch.setattr(today, "MOST_ROWS", 2)
    for name in ("Alert", "Fresh", "Fresher"):
        make.patient(of=clinic, name=name, created_at=NOW - DAY)
    with inside(clinic.pk):
        first = Patient.objects.with_clinic().get(name="Alert")
    alert(first)
    assert listed(therapist)[0] == "Alert"
    assert len(listed(therapist)) == 2
    text = words(therapist.get("/"))
    assert "New 2 patients" in text
    assert "Shown are the 2 who need somebody most. On the list are 3" in text


def test_days_of_summer_and_winter_time_are_days(patient, at):
    """New York puts its clocks back on 1 November: that day has 25 hours, and is one day."""
    begin, now = date(2026, 10, 29), datetime.fromisoformat("2026-11-02T17:00:00+00:00")
    publish(patient, starts_on=begin)
    assert "Sessions were planned on 4 days since." in words(at(now).get("/"))
    assert listed(at(now - DAY)) == []
