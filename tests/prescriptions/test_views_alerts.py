from datetime import timedelta

import pytest
from django.urls import reverse

from patients import assessments
from prescriptions import watch
from prescriptions.alerts import elapsed
from prescriptions.models import Alert, Pause, Tier
from tests import make
from tests.make import NOW, inside
from tests.prescriptions.conftest import words

MINUTE = timedelta(minutes=1)
ALERTS = reverse("prescriptions:alerts")
NOTE = {"contact": "By phone at 10:40.", "decision": "Rest for two days."}

pytestmark = pytest.mark.usefixtures("clock")


def url(name, row) -> str:
    return reverse(f"prescriptions:{name}", args=[row.pk])


def raised(patient, *, tier=Tier.SOON, message="Look at it.", minutes_ago=200) -> Alert:
    with inside(patient.clinic_id):
        watch.raise_alert(
            patient=patient,
            tier=tier,
            about=message,
            message=message,
            at=NOW - minutes_ago * MINUTE,
        )
    return stored(patient, message=message)


def stored(patient, **fields) -> Alert:
    with inside(patient.clinic_id):
        found = Alert.objects.of_patient(patient).select_related("opened_by", "closed_by")
        return found.get(**fields)


def paused(patient) -> list[Pause]:
    with inside(patient.clinic_id):
        return list(Pause.objects.of_patient(patient).in_force().order_by("pk"))


@pytest.fixture
def logged(patient) -> Alert:
    """The alert of a red log, with the stretch and its direction paused."""
    edition = make.edition(of=patient, lines=[make.line("FIL")])
    make.alarming_log(of=edition, numb_after=("low-5-L",), comment="Down my leg")
    return stored(patient)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (-5, "0 min"),
        (0, "0 min"),
        (59, "59 min"),
        (60, "1 h 0 min"),
        (200, "3 h 20 min"),
        (47 * 60 + 59, "47 h 59 min"),
        (50 * 60, "2 days 2 h"),
    ],
)
def test_time_is_told_as_on_a_clock(minutes, said):
    assert elapsed(NOW, NOW + minutes * MINUTE) == said


# The first page


def test_what_presses_heads_the_first_page_the_most_urgent_first(clinic, patient, therapist):
    raised(patient, message="Soon.")
    other = make.patient(of=clinic, name="Ben Okoye")
    raised(other, message="Emergency.", tier=Tier.EMERGENCY, minutes_ago=1)
    raised(make.patient(of=clinic, name="Cy Lee"), message="Weekly.", tier=Tier.WEEKLY)
    text = words(therapist.get("/"))
    assert "Alerts 2 patients Ben Okoye Emergency Emergency. Raised 1 min ago" in text
    assert "Ana Ruiz Same or next working day Soon. Raised 3 h 20 min ago" in text
    assert text.index("Emergency.") < text.index("Soon.") < text.index("Weekly.")


def test_several_alerts_of_a_patient_are_one_row(patient, therapist):
    for number in range(21):
        raised(patient, message=f"Thing {number:02}.", minutes_ago=100 - number)
    text = words(therapist.get("/"))
    assert "Thing 00. And 20 more alerts." in text
    assert text.count("Ana Ruiz") == 1


@pytest.mark.django_db(transaction=True)
def test_the_first_page_costs_the_same_for_one_alert_and_twenty(
    patient, therapist, django_assert_num_queries
):
    for more in (1, 19):
        for number in range(more):
            raised(patient, message=f"{more} {number}")
        with django_assert_num_queries(12):
            therapist.get("/")


# All open alerts


def test_open_alerts_are_filtered_by_tier_and_paged_by_key(patient, therapist):
    raised(patient, message="Weekly.", tier=Tier.WEEKLY)
    for number in range(50):
        raised(patient, message=f"Thing {number:02}.")
    first = therapist.get(ALERTS)
    assert "Thing 49." in words(first)
    assert "Weekly." not in words(first)
    older = therapist.get(f"{ALERTS}?before={first.context['page'].older_than}")
    assert "Weekly." in words(older)
    assert "Newest" in words(older)
    only = words(therapist.get(f"{ALERTS}?tier=3"))
    assert "Weekly." in only
    assert "Thing" not in only


@pytest.mark.parametrize("query", ["?tier=x", "?tier=9", "?tier=", "?before=x"])
def test_what_is_no_tier_and_no_key_is_ignored(patient, therapist, query):
    raised(patient)
    assert "Look at it." in words(therapist.get(ALERTS + query))


def test_without_open_alerts_the_page_says_so(therapist):
    assert "No open alerts" in words(therapist.get(ALERTS))


# One alert


def test_an_alert_shows_the_log_behind_it(logged, therapist):
    text = words(therapist.get(url("alert", logged)))
    for said in (
        "Flexion in Lying: New or worse numbness or tingling.",
        "Pain before, during, after 3, 5, 4",
        "Symptoms before left low back beside the spine",
        "Symptoms after left low back beside the spine, left lower leg or calf",
        "Numb or tingling after left lower leg or calf",
        "In their words Down my leg",
        "Response Red New or worse numbness or tingling. Rules version 1",
        "All lumbar spine flexion",
    ):
        assert said in text


def test_an_alert_says_what_was_answered_when_asked_again(patient, therapist):
    make.alarming_log(of=make.edition(of=patient))
    with inside(patient.clinic_id):
        alert = Alert.objects.of_patient(patient).select_related("entry").get()
        first = alert.entry.follow_ups.order_by("due_at")[0]
        watch.answer(follow_up=first, still_worse=True, at=NOW, by=patient)
    text = words(therapist.get(url("alert", alert)))
    assert "Asked after two hours still worse Asked next morning not answered" in text


def test_looking_at_the_page_does_not_open_the_alert_and_the_button_does(patient, therapist, clock):
    alert = raised(patient)
    assert "Nobody has opened it" in words(therapist.get(url("alert", alert)))
    assert stored(patient).opened_at is None
    therapist.post(url("open_alert", alert))
    assert stored(patient).opened_by == therapist.user
    clock(NOW + 30 * MINUTE)
    assert "Opened by Therapist on 20 May 2026, 11:00 , after 3 h 20 min." in words(
        therapist.get(url("alert", alert))
    )
    assert "Opened by Therapist after 3 h 20 min" in words(therapist.get("/"))


@pytest.mark.parametrize("missing", ["contact", "decision"])
def test_closing_asks_for_contact_and_decision_beside_the_field(patient, therapist, missing):
    alert = raised(patient)
    response = therapist.post(url("close_alert", alert), NOTE | {missing: "  "})
    assert response.context["form"].errors.keys() == {missing}
    assert stored(patient).closed_at is None


def test_an_alert_is_closed_with_its_note_and_the_named_pauses_lifted(logged, patient, therapist):
    first, *others = paused(patient)
    response = therapist.post(
        url("close_alert", logged), NOTE | {"lift": [str(first.pk)]}, follow=True
    )
    text = words(response)
    assert "The alert is closed." in text
    assert "Contact By phone at 10:40. Decision Rest for two days." in text
    assert paused(patient) == others
    closed = stored(patient)
    assert (closed.closed_by, closed.opened_by) == (therapist.user, therapist.user)
    assert "Alerts 1 patient" not in words(therapist.get("/"))


def test_a_pause_of_somebody_else_cannot_be_named(clinic, patient, therapist):
    alert = raised(patient)
    other = make.patient(of=clinic)
    make.alarming_log(of=make.edition(of=other), numb_after=("low-5-L",))
    theirs = paused(other)
    lifting = [str(pause.pk) for pause in theirs]
    therapist.post(url("close_alert", alert), NOTE | {"lift": lifting})
    assert paused(other) == theirs


def test_who_closes_second_is_told_and_sees_the_first_note(patient, therapist, admin):
    alert = raised(patient)
    therapist.post(url("close_alert", alert), NOTE)
    response = admin.post(
        url("close_alert", alert), {"contact": "x", "decision": "Second."}, follow=True
    )
    assert "was closed already. Your note was not stored." in words(response)
    assert "Rest for two days." in words(response)
    assert stored(patient).decision == "Rest for two days."


def test_a_withdrawn_alert_says_so_and_stays_until_it_is_closed(patient, therapist):
    alert = raised(patient)
    with inside(patient.clinic_id):
        Alert.objects.filter(pk=alert.pk).update(withdrawn_because="The log was corrected.")
    assert "Withdrawn. The log was corrected." in words(therapist.get(url("alert", alert)))
    assert "withdrawn" in words(therapist.get("/"))
    assert "Close the alert" in words(therapist.get(url("alert", alert)))


def test_an_assistant_may_look_and_is_offered_nothing_to_do(logged, assistant):
    text = words(assistant.get(url("alert", logged)))
    assert "A therapist opens, answers and closes this alert." in text
    assert "I am looking" not in text
    assert "Lift" not in text


# Pauses


def test_a_pause_is_lifted_after_it_is_confirmed(logged, patient, therapist):
    pause, *others = paused(patient)
    page = words(therapist.get(url("lift", pause)))
    assert "Let Flexion in Lying go on?" in page
    assert pause in paused(patient)
    response = therapist.post(url("lift", pause), follow=True)
    assert "Flexion in Lying goes on." in words(response)
    assert paused(patient) == others
    again = therapist.post(url("lift", pause), follow=True)
    assert "Flexion in Lying was let go on already." in words(again)


def test_the_patients_page_begins_with_open_alerts_and_pauses(logged, patient, therapist):
    text = words(therapist.get(patient.get_absolute_url()))
    assert text.index("Open alerts") < text.index("Paused") < text.index("The last two weeks")
    assert "Since 20 May 2026, 11:00 . Symptoms spread below the knee." in text


# What was kept with an edition


def test_an_edition_shows_the_findings_kept_with_it_and_what_was_written(patient, therapist):
    by = make.founder(patient.clinic)
    with inside(patient.clinic_id, user_id=by.pk):
        episode = make.screened(patient)
        assessments.set_preference(
            episode=episode,
            preference=("lumbar", "extension"),
            reason="Tested.",
            by=by,
            at=NOW,
        )
    edition = make.edition(of=patient, lines=[make.line("FIL")])
    text = words(therapist.get(url("edition", edition)))
    assert "Caution : Flexion in Lying is usually followed by Repeated Extension in Lying." in text
    assert "Reason to go on Not with this one. Written down by Founder , 20 May 2026, 11:00" in text
    assert "Rule V15 · shown 20 May 2026, 11:00 · rules version 1" in text
