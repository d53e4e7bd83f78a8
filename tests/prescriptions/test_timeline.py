import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from exercises.vocabulary import Direction, Region
from patients import assessments
from patients.conditions import Condition
from patients.episodes import Event, Phase
from patients.lights import Light
from patients.models import ConditionOnFile, RaisedFlag
from prescriptions import watch
from prescriptions.models import Alert, Pause, PrescriptionEdition
from tests import make
from tests.make import NOW, TODAY, inside
from tests.prescriptions.conftest import words
from tests.prescriptions.test_watch import put_to_the_test

DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("clock")


def page_of(patient) -> str:
    return reverse("prescriptions:timeline", args=[patient.pk])


def whole_story(patient) -> None:
    """A thing of every kind, at most a minute apart."""
    by, episode = make.founder(patient.clinic), make.screened(patient)
    edition = make.edition(of=patient, lines=[make.line("FIL")])
    make.alarming_log(of=edition, numb_after=("low-5-L",))
    with inside(patient.clinic_id, user_id=by.pk):
        about = {"by": by, "at": NOW}
        alert, pause = Alert.objects.of_patient(patient).get(), Pause.objects.order_by("pk")[0]
        watch.close_alert(
            alert=alert, contact="By phone.", decision="Rest.", lifting=[pause], **about
        )
        assessments.record_condition(
            patient=patient,
            condition=Condition.SPINAL_FRACTURE_OR_OSTEOPOROSIS,
            since=TODAY,
            source="X-ray",
            **about,
        )
        assessments.end_condition(on_file=ConditionOnFile.objects.get(), until=TODAY, **about)
        assessments.change_phase(
            episode=episode, phase=Phase.REDUCTION, reason="Settling.", **about
        )
        assessments.set_preference(
            episode=episode,
            preference=(Region.LUMBAR, Direction.EXTENSION),
            reason="Centralised.",
            **about,
        )
        assessments.note_event(
            episode=episode, event=Event.NEW_INJURY, on=TODAY, reason="Slipped.", **about
        )
        assessments.record_screen(episode=episode, answers=["bladder"], remark="", **about)
        assessments.clear_flag(
            flag=RaisedFlag.objects.get(),
            assessed_by="Dr Sato",
            assessed_on=TODAY,
            outcome="Nothing serious.",
            **about,
        )
    put_to_the_test(patient, Light.AMBER)


def test_the_whole_story_is_told(patient, therapist):
    whole_story(patient)
    text = words(therapist.get(page_of(patient)))
    for said in (
        "Episode opened: Low back pain · Founder",
        "Safety screen Nothing found · Founder",
        "Edition 1 published · Founder Flexion in Lying, rule V15: Reason to go on: Not with",
        "Home log: 1 of 1 done Red New or worse numbness or tingling.",
        "Flexion in Lying Paused by a log",
        "Flexion in Lying Pause lifted · Founder",
        "Alert: Flexion in Lying: New or worse numbness or tingling.",
        "Alert closed · Founder Contact: By phone. Decision: Rest.",
        "Since 20 May 2026. Source: X-ray",
        "Last day Condition ended:",
        "Phase: Reduction (was assessment) · Founder Settling.",
        "Directional preference: Lumbar spine extension (was none) · Founder Centralised.",
        "Event: New injury on 20 May 2026 · Founder Slipped.",
        "Raised by: safety screen",
        "Cleared · Founder Assessed by Dr Sato on 20 May 2026: Nothing serious.",
        "Test: Lumbar spine flexion Amber · Founder",
    ):
        assert said in text, said


def test_a_changed_light_is_told_with_the_computed_one(patient, therapist):
    put_to_the_test(patient, Light.EXPECTED)
    text = words(therapist.get(page_of(patient)))
    assert "Test: Lumbar spine flexion Expected" in text
    assert re.search(r"Computed \w+, changed: Seen so\.", text)


def test_logs_are_one_line_each_day_and_the_oldest_comes_first(patient, therapist):
    edition = make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])
    for hours in (0, 1, 24):
        make.log(of=edition, done_at=NOW - timedelta(hours=hours))
    text = words(therapist.get(page_of(patient)))
    assert text.index("Home log: 2 of 2 done") < text.index("Home log: 4 of 4 done")
    assert text.count("Home log") == 2


def test_a_year_is_shown_and_earlier_on_demand(patient, therapist):
    edition = make.edition(of=patient)
    make.log(of=edition, done_at=NOW)
    make.log(of=edition, done_at=NOW - 500 * DAY)
    newest = therapist.get(page_of(patient))
    assert words(newest).count("Home log") == 1
    earlier = therapist.get(f"{page_of(patient)}?until={newest.context['earlier']:%Y-%m-%d}")
    assert "5 January 2025" in words(earlier)
    assert "Newest" in words(earlier)


@pytest.mark.parametrize("until", ["x", "0001-01-01", "9999-12-31", "2000-01-02"])
def test_any_last_day_gives_a_page(patient, therapist, until):
    assert therapist.get(f"{page_of(patient)}?until={until}").status_code == 200


def test_days_are_the_patients_own(clinic, therapist):
    patient = make.patient(of=clinic, time_zone="Asia/Tokyo")
    make.log(of=make.edition(of=patient), done_at=datetime(2026, 5, 18, 20, 0, tzinfo=UTC))
    text = words(therapist.get(page_of(patient)))
    assert "Tuesday 19 May 2026 05:00 Home log" in text


@pytest.mark.django_db(transaction=True)
def test_a_long_story_costs_what_a_short_one_costs(patient, therapist, django_assert_num_queries):
    whole_story(patient)
    with django_assert_num_queries(23):
        therapist.get(page_of(patient))
    for number in range(10):
        put_to_the_test(patient, Light.RED, at=NOW - number * DAY)
    with inside(patient.clinic_id):
        published = PrescriptionEdition.objects.of_patient(patient).published().get()
    for number in range(10):
        make.alarming_log(of=published, done_at=NOW - number * DAY)
    with django_assert_num_queries(23):
        therapist.get(page_of(patient))
