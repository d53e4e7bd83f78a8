import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from clinics.models import Membership
from patients import actions as patient_actions
from prescriptions import actions
from prescriptions.models import Moment, Outcome
from tests import make
from tests.browser import DESK, PHONE, WHY_NO_BROWSER, Watched
from tests.conftest import signed_in
from tests.make import NOW, inside
from tests.prescriptions.conftest import words
from tests.prescriptions.test_progress import publish

DAY = timedelta(days=1)
ENDS = "[one.getBoundingClientRect().left, one.getBoundingClientRect().right]"
SPAN = f"{ENDS}.map(Math.round).join()"
NARROW = {"viewport": {"width": 320, "height": 640}}
SCRIPT = "<script>alert('x')</script>"
# Where to leave pictures of the page, when somebody wants to look.
PICTURES = os.environ.get("BEARING_PICTURES")


def page_of(patient) -> str:
    return reverse("prescriptions:progress", args=[patient.pk])


@pytest.fixture
def at_noon(clock):
    """The views' clock stands; browsers have their own."""


def history(patient, *, days: int = 56, now=NOW):
    """A log a day, with an edition, a test and an alert among them."""
    first = publish(
        patient,
        starts_on=now.date() - days * DAY,
        lines=[make.line("FIL"), make.line("TILT", times_per_day=2)],
    )
    second = publish(patient, starts_on=now.date() - 20 * DAY, lines=[make.line("FIL")])
    for back in range(days - 1, -1, -1):
        if back % 9 == 4:
            continue
        edition = first if back > 20 else second
        pain = {
            Moment.BEFORE: (back // 8) % 11,
            Moment.DURING: None if back % 5 == 0 else back // 7,
            Moment.AFTER: back // 12,
        }
        outcome = list(Outcome)[back % 3]
        make.log(of=edition, outcome=outcome, pain=pain, done_at=now - back * DAY)
    make.alarming_log(of=second, done_at=now - 3 * DAY)
    make.direction_test(of=make.screened(patient), at=now - 6 * DAY)


def test_staff_see_it_and_strangers_do_not(at_noon, patient, therapist, assistant, stranger):
    make.log(of=make.edition(of=patient))
    for colleague in (therapist, assistant):
        response = colleague.get(page_of(patient))
        assert response.status_code == 200
        assert "Pain, from 0 to 10" in words(response)
    assert stranger.get(page_of(patient)).status_code == 404
    assert therapist.post(page_of(patient)).status_code == 405


def test_the_page_is_a_tab_of_the_patients_pages(at_noon, patient, therapist):
    link = f'<a href="{page_of(patient)}"'
    overview = therapist.get(reverse("patient", args=[patient.pk])).content.decode()
    assert f"{link}>Progress</a>" in overview
    here = therapist.get(page_of(patient)).content.decode()
    assert f'{link} aria-current="page">Progress</a>' in here
    # The tab, Patients in the main menu, and how many weeks are shown.
    assert here.count("aria-current=") == 3


def test_without_a_programme_the_page_teaches(at_noon, patient, therapist):
    text = words(therapist.get(page_of(patient)))
    assert "Nothing to show yet" in text
    assert "From the first log on" in text


def test_with_a_programme_and_no_log_the_plan_is_shown(at_noon, patient, therapist):
    make.edition(of=patient)
    text = words(therapist.get(page_of(patient)))
    assert "Logged 0 of 0 planned sessions." in text
    assert "No pain was asked for yet" in text


def test_every_chart_has_a_name_a_summary_and_its_numbers(at_noon, patient, therapist):
    history(patient)
    response = therapist.get(page_of(patient))
    html = response.content.decode()
    charts = response.context["progress"]
    shown = charts.charts
    assert [chart.title for chart in shown] == [
        "Done and planned",
        "Flexion in Lying",
        "Pelvic Tilt",
        "Low back and legs",
        "Flexion in Lying: low back and legs",
    ]
    for chart in shown:
        assert html.count(f' id="{chart.name}"') == 1
        assert f'aria-describedby="{chart.name}-summary"' in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert html.count('<svg class="plot" role="img"') == len(shown)
    # Beside those of the charts: sessions, change (two), which stretch hurts.
    assert html.count("<table") == len(shown) + 4


def test_the_page_has_no_inline_style_and_no_script_of_its_own(at_noon, patient, therapist):
    history(patient)
    html = therapist.get(page_of(patient)).content.decode()
    main = html[html.index("<main") : html.index("</main>")]
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", main)


def test_hostile_words_are_shown_as_words(at_noon, clinic, therapist):
    patient = make.patient(of=clinic, name=SCRIPT)
    make.edition(of=patient)
    draft_reason = f"{SCRIPT} \u202eabc"
    draft = make.draft(of=patient, reason=draft_reason)
    with inside(clinic.pk):
        from_today = publish_now(draft)
    make.log(of=from_today, comment=SCRIPT)
    html = therapist.get(page_of(patient)).content.decode()
    assert SCRIPT not in html
    assert "&lt;script&gt;" in html
    assert "Edition 2 begins: &lt;script&gt;" in html


def publish_now(draft):
    by = make.founder(draft.clinic)
    return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def test_an_archived_patient_is_shown(at_noon, patient, therapist):
    make.log(of=make.edition(of=patient))
    with inside(patient.clinic_id):
        patient_actions.archive(patient=patient, at=NOW, by=make.founder(patient.clinic))
    assert therapist.get(page_of(patient)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_eight_weeks_cost_what_one_log_costs(
    at_noon, patient, therapist, django_assert_num_queries
):
    make.log(of=make.edition(of=patient))
    with django_assert_num_queries(16):
        therapist.get(page_of(patient))
    history(patient)
    with django_assert_num_queries(16):
        therapist.get(page_of(patient))


# In a browser


def in_a_browser(test):
    for mark in (
        pytest.mark.browser,
        pytest.mark.django_db(transaction=True),
        pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
    ):
        test = mark(test)
    return test


@pytest.fixture
def open_page(browser: Browser, live_server):
    contexts = []

    def open_page(patient, **kind: object) -> Watched:
        cookie = signed_in(patient.clinic, Membership.Role.THERAPIST).cookies["sessionid"].value
        context = browser.new_context(**kind)
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        watched = Watched(context.new_page())
        watched.page.goto(f"{live_server.url}{page_of(patient)}")
        return watched

    yield open_page
    for context in contexts:
        context.close()


@in_a_browser
@pytest.mark.thorough
@pytest.mark.parametrize("has_history", [True, False], ids=["history", "empty"])
def test_the_page_passes_axe_in_both_schemes(open_page, transactional_db, has_history):
    patient = make.patient(of=make.clinic(), name="Zoë 李明 الأحمد")
    if has_history:
        history(patient, now=make.timezone_now())
    for kind in (DESK, PHONE):
        for scheme in ("light", "dark"):
            watched = open_page(patient, **kind, color_scheme=scheme)
            if has_history and (kind is DESK) == (scheme == "light"):
                watched.page.locator("summary:visible").first.click()
                watched.page.locator("summary:visible").last.click()
            watched.looks_right()
            if PICTURES:
                name = f"progress-{kind['viewport']['width']}-{scheme}.png"
                watched.page.screenshot(path=Path(PICTURES) / name, full_page=True)


@in_a_browser
def test_a_day_stands_at_the_same_place_in_every_chart(open_page, transactional_db):
    patient = make.patient(of=make.clinic())
    history(patient, now=make.timezone_now())
    for kind in (DESK, PHONE, NARROW):
        page = open_page(patient, **kind).page
        expect(page.locator(".plot:visible")).to_have_count(4)
        lines = page.locator(".plot:visible .level.foot")
        assert len(set(lines.evaluate_all(f"all => all.map(one => {SPAN})"))) == 1
        # No word is cut off by the card around it.
        (card,) = page.locator(".card").first.evaluate_all(f"all => all.map(one => {ENDS})")
        for left, right in page.locator(".plot:visible text:visible").evaluate_all(
            f"all => all.map(one => {ENDS})"
        ):
            assert card[0] <= left < right <= card[1]
