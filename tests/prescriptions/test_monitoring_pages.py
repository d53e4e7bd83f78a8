"""The pages of remote monitoring: there only where the clinic keeps these records."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from clinics.models import AuditEvent, AuditKind, Clinic, Membership
from clinics.tenancy import inside
from prescriptions.models import LiveContact, MonitoringConsent, MonitoringSetup, WorkTime
from tests import make
from tests.conftest import signed_in
from tests.make import NOW
from tests.prescriptions.conftest import words
from tests.prescriptions.pdf import pages_of, words_of

PAGES = ["monitoring", "monitoring_pdf", "monitoring_csv", "timer"]
FORMS = ["record_consent", "record_setup", "record_time", "record_contact"]
BUTTONS = ["start_timer", "stop_timer", "keep_timer"]
MINUTE = timedelta(minutes=1)
NO_ADVICE = "These are records, not billing advice."


@pytest.fixture
def monitored(patient, clock):
    make.keeps_monitoring(patient.clinic)
    return patient


def url(name: str, patient, query: str = "") -> str:
    return reverse(f"prescriptions:{name}", args=[patient.pk]) + query


def of(model, patient):
    with inside(patient.clinic_id):
        return list(model.objects.of_patient(patient).order_by("pk"))


def said(page) -> dict[str, str]:
    """What the form on a page would send as it stands."""
    form = page.context["form"]
    return {name: str(field.value() or "") for field in form for name in [field.name]}


# Off, there is nothing.


def test_it_is_off_at_first_and_then_no_page_and_no_tab_is_there(admin, patient):
    assert Clinic().has_remote_monitoring is False
    for name in (*PAGES, *FORMS):
        assert admin.get(url(name, patient)).status_code == 404
    for name in (*FORMS, *BUTTONS):
        assert admin.post(url(name, patient)).status_code == 404
    assert "Monitoring" not in words(admin.get(patient.get_absolute_url()))


def test_the_setting_brings_the_tab(admin, patient):
    page = admin.get(reverse("clinics:settings"))
    values = {name: page.context["form"][name].value() for name in page.context["form"].fields}
    values = {name: value for name, value in values.items() if value not in (None, False, "")}
    admin.post(reverse("clinics:settings"), values | {"has_remote_monitoring": "on"})
    assert "Monitoring" in words(admin.get(patient.get_absolute_url()))
    assert admin.get(url("monitoring", patient)).status_code == 200


# What is on the page.


def test_the_page_and_the_papers_say_that_they_are_no_advice(therapist, monitored):
    page = words(therapist.get(url("monitoring", monitored)))
    pdf = therapist.get(url("monitoring_pdf", monitored)).content
    paper = words_of(pdf)
    assert NO_ADVICE in page
    # At its beginning, and at the foot of every page.
    assert paper.count(NO_ADVICE) == len(pages_of(pdf)) + 1
    for text in (page, paper):
        assert not re.search(r"\b9[89]\d{3}\b", text), "a code of a fee schedule"
        assert not re.search(r"\bbillable|may be billed|can be billed|CPT\b", text.replace(
            "whether a service may be billed", ""))  # fmt: skip


def test_every_number_leads_to_the_entries_it_is_made_of(therapist, monitored):
    edition = make.edition(of=monitored)
    make.setup(of=monitored)
    make.log(of=edition)
    make.work_time(of=monitored, begin=NOW - 12 * MINUTE, end=NOW)
    make.contact(of=monitored)
    html = therapist.get(url("monitoring", monitored)).content.decode()
    links = set(re.findall(r'href="#([A-Z]\d+)"', html))
    rows = set(re.findall(r'<tr id="([A-Z]\d+)"', html))
    assert links
    assert links <= rows
    assert {name[0] for name in links} == {"L", "T", "C"}


def test_the_csv_holds_each_figure_and_each_entry(therapist, monitored):
    edition = make.edition(of=monitored)
    log = make.log(of=edition, comment="=cmd")
    make.consent(of=monitored, given_by="=HYPERLINK(1)")
    make.setup(of=monitored)
    make.work_time(of=monitored, begin=NOW - 12 * MINUTE, end=NOW)
    answer = therapist.get(url("monitoring_csv", monitored))
    assert answer["Content-Disposition"] == (
        f'attachment; filename="monitoring-{monitored.pk}-2026-05.csv"'
    )
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    by_name = {row["Figure or entry"]: row for row in rows}
    assert by_name["Days with data in May 2026"]["Value"] == "1"
    assert by_name["Days with data in May 2026"]["Made of"] == f"L{log.pk}"
    assert by_name["Minutes in May 2026"]["Value"] == "12"
    assert by_name[f"L{log.pk}"]["Day"] == "20 May 2026"
    assert [row["Who"] for row in rows if row["Part"] == "Consent"] == ["'=HYPERLINK(1)"]


def test_the_pdf_tells_the_figures_of_the_page(therapist, monitored):
    edition = make.edition(of=monitored)
    make.setup(of=monitored)
    log = make.log(of=edition)
    make.work_time(of=monitored, begin=NOW - 12 * MINUTE, end=NOW)
    answer = therapist.get(url("monitoring_pdf", monitored, "?month=2026-05"))
    assert answer["Content-Type"] == "application/pdf"
    text = words_of(answer.content).replace("– ", "–")  # where a line ends
    assert "Records of remote monitoring, May 2026" in text
    assert "18 more minutes" not in text
    assert "8 more minutes by 31 May 2026 for 20–39" in text
    assert f"L{log.pk}" in text
    assert "unverified" in text


def test_taking_a_month_away_leaves_a_line(therapist, monitored):
    therapist.get(url("monitoring_pdf", monitored))
    therapist.get(url("monitoring_csv", monitored, "?month=2026-04"))
    with inside(monitored.clinic_id):
        lines = AuditEvent.objects.of_kind(AuditKind.EXPORT).filter(patient_id=monitored.pk)
        assert [line.detail for line in lines.order_by("pk")] == [
            {"month": "2026-05", "as": "pdf"},
            {"month": "2026-04", "as": "csv"},
        ]


@pytest.mark.parametrize("asked", ["", "2026-13", "x", "2026-06", "0001-01", "9999-12"])
def test_another_month_than_one_that_was_is_this_one(therapist, monitored, asked):
    page = therapist.get(url("monitoring", monitored, f"?month={asked}"))
    assert page.context["paper"].month == NOW.date().replace(day=1)
    assert page.context["after"] is None


def test_a_month_before_has_one_after_it(therapist, monitored):
    page = therapist.get(url("monitoring", monitored, "?month=2026-01"))
    assert (page.context["before"].isoformat(), page.context["after"].isoformat()) == (
        "2025-12-01",
        "2026-02-01",
    )


# Writing it down.


def test_consent_is_recorded_with_the_version_of_its_words(therapist, monitored):
    page = therapist.get(url("record_consent", monitored))
    assert "you may stop at any time" in words(page)
    typed = said(page) | {"way": "signed"}
    answer = therapist.post(url("record_consent", monitored), typed)
    assert answer.url == url("monitoring", monitored)
    (consent,) = of(MonitoringConsent, monitored)
    assert (consent.kind, consent.wording, consent.given_by) == ("given", "2026-1", "Ana Ruiz")
    assert consent.recorded_by == therapist.user
    therapist.post(url("record_consent", monitored), typed | {"kind": "withdrawn"})
    assert [one.wording for one in of(MonitoringConsent, monitored)] == ["2026-1", ""]


def test_set_up_fixes_the_first_day_of_the_windows(therapist, monitored):
    edition = make.edition(of=monitored)
    make.consent(of=monitored, on=datetime(2026, 5, 10, tzinfo=UTC).date())
    for day in (8, 12, 13):
        make.log(of=edition, done_at=datetime(2026, 5, day, 15, tzinfo=UTC))
    page = therapist.get(url("record_setup", monitored))
    labels = [label for _, label in page.context["form"].fields["windows"].choices]
    assert labels[1] == "On the first day with data, 12 May 2026"
    chosen = said(page) | {"what": "The portal.", "windows": "2026-05-12"}
    therapist.post(url("record_setup", monitored), chosen)
    (setup,) = of(MonitoringSetup, monitored)
    assert (setup.windows_from.day, setup.on.day, setup.done_by) == (12, 20, therapist.user)
    # Any other day is none that somebody may choose.
    again = therapist.post(url("record_setup", monitored), chosen | {"windows": "2026-05-01"})
    assert again.status_code == 200
    assert len(of(MonitoringSetup, monitored)) == 1


def test_time_is_typed_in_by_whoever_worked_and_may_go_over_midnight(assistant, monitored):
    page = assistant.get(url("record_time", monitored))
    typed = said(page) | {
        "on": "2026-05-19",
        "begins": "23:50",
        "ends": "00:10",
        "credential": "pta",
        "what": "Read the logs",
    }
    assert assistant.post(url("record_time", monitored), typed).status_code == 302
    (time,) = of(WorkTime, monitored)
    assert time.stopped_at - time.started_at == 20 * MINUTE
    assert time.started_at == datetime(2026, 5, 20, 3, 50, tzinfo=UTC)
    assert (time.user, time.how, time.credential) == (assistant.user, "typed", "pta")
    # Next time it is what one worked as last.
    assert assistant.get(url("record_time", monitored)).context["form"]["credential"].value() == (
        "pta"
    )


@pytest.mark.parametrize(
    ("begins", "ends", "says"),
    [("10:00", "12:00", "in the future"), ("11:00", "11:00", "in the future")],
)
def test_time_to_come_is_refused(therapist, monitored, begins, ends, says):
    page = therapist.get(url("record_time", monitored))
    typed = said(page) | {"begins": begins, "ends": ends, "what": "x"}
    assert says in words(therapist.post(url("record_time", monitored), typed))
    assert of(WorkTime, monitored) == []


def test_an_entry_of_more_than_twelve_hours_is_refused(therapist, monitored):
    typed = said(therapist.get(url("record_time", monitored)))
    typed |= {"on": "2026-05-18", "begins": "08:00", "ends": "20:01", "what": "x"}
    assert "twelve hours at most" in words(therapist.post(url("record_time", monitored), typed))


def test_a_contact_is_recorded_with_how_and_how_long(therapist, monitored):
    typed = said(therapist.get(url("record_contact", monitored)))
    typed |= {"begins": "09:00", "minutes": "6", "way": "video", "whom": "caregiver"}
    therapist.post(url("record_contact", monitored), typed)
    (contact,) = of(LiveContact, monitored)
    assert (contact.minutes, contact.way, contact.whom) == (6, "video", "caregiver")
    assert contact.at == datetime(2026, 5, 20, 13, 0, tzinfo=UTC)
    typed |= {"begins": "23:00"}
    assert "in the future" in words(therapist.post(url("record_contact", monitored), typed))


def test_a_correction_stands_for_the_entry_and_says_why(therapist, monitored):
    first = make.contact(of=monitored, minutes=5)
    address = url("record_contact", monitored, f"?corrects={first.pk}")
    typed = said(therapist.get(address))
    assert typed["minutes"] == "5"
    assert "reason" in therapist.post(address, typed | {"minutes": "8"}).context["form"].errors
    therapist.post(address, typed | {"minutes": "8", "reason": "Read off the phone."})
    _, second = of(LiveContact, monitored)
    assert (second.minutes, second.corrects_id) == (8, first.pk)
    # What no longer stands cannot be corrected.
    assert therapist.get(address).status_code == 404


def test_an_entry_is_taken_back_with_a_reason(therapist, monitored):
    first = make.consent(of=monitored)
    address = url("record_consent", monitored, f"?corrects={first.pk}")
    typed = said(therapist.get(address))
    therapist.post(address, typed | {"is_taken_back": "on", "reason": "Another patient."})
    _, second = of(MonitoringConsent, monitored)
    assert second.is_taken_back
    assert (second.kind, second.on, second.wording) == (first.kind, first.on, first.wording)


def test_whoever_corrects_anothers_time_does_not_become_who_worked(therapist, monitored):
    first = make.work_time(of=monitored, begin=NOW - 20 * MINUTE, end=NOW)
    address = url("record_time", monitored, f"?corrects={first.pk}")
    typed = said(therapist.get(address)) | {"ends": "10:55", "reason": "Too long."}
    assert therapist.post(address, typed).status_code == 302
    _, second = of(WorkTime, monitored)
    assert (second.user_id, second.recorded_by) == (first.user_id, therapist.user)


def test_an_assistant_corrects_only_their_own_entries(assistant, monitored):
    theirs = make.contact(of=monitored)
    address = url("record_contact", monitored, f"?corrects={theirs.pk}")
    assert assistant.get(address).status_code == 403
    own = make.contact(of=monitored, by=assistant.user)
    assert assistant.get(url("record_contact", monitored, f"?corrects={own.pk}")).status_code == 200
    for name in ("record_consent", "record_setup"):
        assert assistant.get(url(name, monitored)).status_code == 403


@pytest.mark.parametrize("key", ["0", "x", "99999999999999999999", "-1"])
def test_an_entry_that_is_not_there_is_not_found(therapist, monitored, key):
    assert therapist.get(url("record_time", monitored, f"?corrects={key}")).status_code == 404


def test_an_entry_of_another_patient_is_not_found(therapist, monitored):
    other = make.contact(of=make.patient(of=monitored.clinic))
    address = url("record_contact", monitored, f"?corrects={other.pk}")
    assert therapist.get(address).status_code == 404


# The timer.


def test_a_timer_starts_and_stops_by_forms_alone(therapist, monitored, clock):
    page = words(therapist.get(url("monitoring", monitored)))
    assert "Start the timer" in page
    therapist.post(url("start_timer", monitored), {"credential": "pt"})
    assert "Timer runs since 11:00" in words(therapist.get(url("monitoring", monitored)))
    clock(NOW + 4 * MINUTE)
    therapist.post(url("stop_timer", monitored), {"what": "Read the logs"})
    (time,) = of(WorkTime, monitored)
    assert (time.stopped_at - time.started_at, time.what) == (4 * MINUTE, "Read the logs")


def test_a_timer_survives_a_reload_and_shows_on_every_page_of_the_patient(therapist, monitored):
    therapist.post(url("start_timer", monitored), {"credential": "pt"})
    page = therapist.get(monitored.get_absolute_url()).content.decode()
    assert f'hx-get="{url("timer", monitored)}"' in page
    part = therapist.get(url("timer", monitored))
    assert "Timer runs" in words(part)
    assert "<main" not in part.content.decode()


def test_a_sign_of_work_is_taken_silently_until_the_timer_has_ended(therapist, monitored, clock):
    therapist.post(url("start_timer", monitored), {"credential": "pt"})
    clock(NOW + 3 * MINUTE)
    assert therapist.post(url("keep_timer", monitored)).status_code == 204
    clock(NOW + 30 * MINUTE)
    part = therapist.post(url("keep_timer", monitored))
    assert part.status_code == 200
    assert "Start the timer" in words(part)
    assert [time.how for time in of(WorkTime, monitored)] == ["idle"]


def test_whoever_comes_back_too_late_is_told(therapist, monitored, clock):
    therapist.post(url("start_timer", monitored), {"credential": "pt"})
    clock(NOW + 30 * MINUTE)
    page = therapist.post(url("stop_timer", monitored), follow=True)
    assert "no sign of work for more than 5 minutes" in words(page)
    assert of(WorkTime, monitored) == []


def test_a_timer_that_runs_for_another_patient_is_told(therapist, monitored):
    other = make.patient(of=monitored.clinic, name="Bea Cole")
    therapist.post(url("start_timer", other), {"credential": "pt"})
    page = words(therapist.get(url("monitoring", monitored)))
    assert "Your timer runs elsewhere for Bea Cole" in page


def test_who_may_only_look_has_no_timer(monitored):
    operator = signed_in(monitored.clinic, Membership.Role.ASSISTANT)
    with inside(monitored.clinic_id):
        assert operator.post(url("start_timer", monitored), {"credential": "x"}).status_code == 302
    assert "Timer runs" not in words(operator.get(url("monitoring", monitored)))
