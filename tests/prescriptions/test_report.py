"""The period as a note, on paper and as numbers."""

import csv
import io
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from clinics.models import AuditEvent, AuditKind, Clinic
from prescriptions import paper
from prescriptions.progress import last_days, progress_of
from prescriptions.report import picture, report
from prescriptions.review import review_of
from tests import make
from tests.make import NOW, TODAY, inside
from tests.prescriptions.conftest import words
from tests.prescriptions.pdf import pages_of, words_of
from tests.prescriptions.test_progress import publish
from tests.prescriptions.test_views_progress import history

DAY = timedelta(days=1)
WIDTH_OF_A4, WIDTH_OF_LETTER = 595, 612
PAGES = ("progress_note", "progress_report", "progress_numbers")


def address(name, patient, **asked) -> str:
    query = "&".join(f"{key}={value}" for key, value in asked.items())
    return f"{reverse(f'prescriptions:{name}', args=[patient.pk])}?{query}"


def said(patient, number=56):
    with inside(patient.clinic_id):
        shown = progress_of(patient, today=TODAY, axis=last_days(TODAY, number))
        return report(review_of(patient, shown, today=TODAY), at=NOW, by_name="Dana")


# On paper.


def test_the_report_is_tagged_and_every_chart_has_words(clock, patient, admin):
    history(patient)
    pdf = admin.get(address("progress_report", patient)).content
    assert pdf.startswith(b"%PDF-1.7")
    assert b"pdfuaid" in pdf
    told = words_of(pdf)
    assert "Progress of Ana Ruiz" in told
    assert "Which stretch hurts" in told
    assert pdf.count(b"/S/Figure") == len(said(patient)["charts"])
    assert "(Thieme)" in told


@pytest.mark.parametrize(("size", "width"), [("A4", WIDTH_OF_A4), ("Letter", WIDTH_OF_LETTER)])
def test_it_has_the_clinics_own_paper(clock, patient, size, width):
    with inside(patient.clinic_id):
        Clinic.objects.filter(pk=patient.clinic_id).update(paper=size)
        patient.clinic.refresh_from_db()
    pdf = paper.report_pdf(said(patient))
    assert {round(page[0]) for page in pages_of(pdf)} == {width}


def test_each_picture_stands_alone(clock, patient):
    history(patient)
    with inside(patient.clinic_id):
        shown = progress_of(patient, today=TODAY)
    for chart in shown.charts:
        drawn = ElementTree.fromstring(picture(chart))  # noqa: S314 (made a line above)
        drawn_dots = [one for one in drawn.iter() if one.get("class") in {"dot", "ring"}]
        assert len(drawn_dots) == sum(
            len(series.points) for lane in chart.lanes for series in lane.series
        )
        assert "{" not in picture(chart).split("</style>")[-1]


def test_hostile_words_on_paper_are_words(clock, clinic):
    patient = make.patient(of=clinic, name="#panic() <b>$x$")
    edition = publish(patient, starts_on=TODAY - 3 * DAY)
    make.log(of=edition, comment="#eval(1) ]")
    assert "#panic() <b>$x$" in words_of(paper.report_pdf(said(patient)))


def test_a_patient_without_anything_has_a_report_that_says_so(clock, patient):
    assert "No programme is in force." in words_of(paper.report_pdf(said(patient)))


# The note.


def test_the_note_says_what_was_logged_in_its_order(clock, patient, therapist):
    edition = publish(patient, starts_on=TODAY - 6 * DAY, lines=[make.line("FIL")])
    make.log(of=edition, done_at=NOW - DAY, comment="Stiff at first.")
    make.log(of=edition, done_at=NOW - 2 * DAY, outcome="part")
    make.absence(of=patient, first_day=TODAY - 5 * DAY, last_day=TODAY - 4 * DAY)
    page = therapist.get(address("progress_note", patient, first=TODAY - 6 * DAY))
    note = page.context["note"]
    first, subjective, objective, plan = note.split("\n\n")
    assert first == "Home exercise programme, 14 May 2026 to 20 May 2026, 7 days"
    assert subjective.startswith("SUBJECTIVE\n")
    assert "- before: too few answers: 2 days with one" in subjective
    assert '- 19 May 2026, Flexion in Lying: "Stiff at first."' in subjective
    assert "2 days left out: away." in objective
    assert ", 1 of them in part" in objective
    assert plan.startswith("PLAN\nHome exercise programme, edition 1, since 14 May 2026")
    assert "1. Flexion in Lying: " in plan
    assert patient.name not in note
    assert 'data-copy="note"' in page.content.decode()


def test_of_many_remarks_the_newest_are_told(clock, patient):
    edition = publish(patient, starts_on=TODAY - 20 * DAY)
    for days in range(12):
        make.log(of=edition, done_at=NOW - days * DAY, comment=f"Remark {days}.")
    with inside(patient.clinic_id):
        shown = progress_of(patient, today=TODAY)
        found = review_of(patient, shown, today=TODAY)
    assert [one.text for one in found.remarks] == [f"Remark {days}." for days in range(10)]
    assert found.more_remarks


# The numbers.


def test_the_numbers_are_safe_in_a_spreadsheet_and_say_what_the_page_says(clock, patient, admin):
    draft_reason = "=cmd()"
    edition = publish(patient, starts_on=TODAY - 9 * DAY)
    make.log(of=edition, done_at=NOW - DAY)
    publish(patient, starts_on=TODAY - DAY)
    response = admin.get(address("progress_numbers", patient))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert draft_reason not in response.content.decode()
    rows = list(csv.reader(io.StringIO(response.content.decode().removeprefix("\ufeff"))))
    assert rows[0] == ["Part", "About", "Day", "What", "Value"]
    page = admin.get(address("progress", patient)).context["progress"]
    cells = {(part, about, what): value for part, about, _, what, value in rows[1:]}
    assert cells["Sessions", "All stretches", "Logged"] == str(page.total.logged)
    in_charts = sum(
        cell != "–" for chart in page.charts for row in chart.rows for cell in row.cells
    )
    assert sum(row[0] == "Day by day" for row in rows) == in_charts


# Who, which days, and what the trail says.


@pytest.mark.parametrize(
    ("who", "statuses"),
    [
        ("admin", (200, 200, 200)),
        ("therapist", (200, 200, 403)),
        ("assistant", (200, 200, 403)),
        ("stranger", (404, 404, 404)),
    ],
)
def test_who_may_have_them(request, clock, patient, who, statuses):
    client = request.getfixturevalue(who)
    given = tuple(client.get(address(name, patient)).status_code for name in PAGES)
    assert given == statuses


@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("progress_report", "printed a progress report"),
        ("progress_numbers", "exported the numbers of the progress"),
    ],
)
def test_what_leaves_the_clinic_stands_in_the_trail(clock, patient, admin, name, verb):
    asked = {"first": TODAY - 6 * DAY, "last": TODAY - DAY}
    admin.get(address(name, patient, **asked))
    with inside(patient.clinic_id):
        line = AuditEvent.objects.get(kind=AuditKind.EXPORT, verb=verb)
    assert (line.patient_id, line.detail) == (
        patient.pk,
        {"first": "2026-05-14", "last": "2026-05-19"},
    )


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"first": TODAY - 366 * DAY}, "A year at most"),
        ({"last": TODAY + DAY}, "This day is still to come."),
        ({"first": TODAY, "last": TODAY - DAY}, "This is after the last day."),
        ({"first": "x"}, "Write the date like"),
        ({"by": "x"}, "Select a valid choice."),
    ],
)
def test_a_period_that_cannot_be_shown_is_said(clock, patient, admin, asked, problem):
    response = admin.get(address("progress", patient, **asked))
    assert problem in words(response)
    assert response.context["progress"].axis == last_days(TODAY)
    for name in PAGES:
        found = admin.get(address(name, patient, **asked))
        assert found.url.startswith(reverse("prescriptions:progress", args=[patient.pk]))


def test_a_year_is_shown_and_its_days_alone(clock, patient, admin):
    edition = publish(patient, starts_on=TODAY - 700 * DAY)
    for days in (0, 365, 366, 600):
        make.log(of=edition, done_at=NOW - days * DAY)
    response = admin.get(address("progress", patient, first=TODAY - 365 * DAY))
    (chart,) = response.context["progress"].pain
    assert len(chart.rows) == 2
    ticks = response.context["progress"].done.ticks
    assert [tick.word for tick in ticks][:3] == ["Jun", "Jul", "Aug"]


def test_by_direction_the_stretches_of_a_direction_are_one_line(clock, patient, admin):
    lines = [make.line("FIL"), make.line("TILT")]
    edition = publish(patient, starts_on=TODAY - 9 * DAY, lines=lines)
    make.log(of=edition)
    shown = admin.get(address("progress", patient, by="direction")).context["progress"]
    assert [chart.title for chart in shown.pain] == sorted(chart.title for chart in shown.pain)
    assert "Lumbar spine flexion" in [chart.title for chart in shown.pain]
    assert {one.subject for one in shown.compared} == {chart.title for chart in shown.pain}
