import json
from dataclasses import replace
from html import unescape

import pytest
import typst
from django.urls import reverse

from clinics.models import AuditEvent, Clinic
from prescriptions import paper
from prescriptions.handout import handout
from prescriptions.models import PrescriptionEdition
from tests import make
from tests.make import inside
from tests.prescriptions.conftest import words
from tests.prescriptions.pdf import pages_of, words_of

LINK = "https://bearing.example.org/my/"
FOUR = ("FIL", "REIL", "KLF", "SUTE")
LETTER, A4 = (612, 792), (595.28, 841.89)

pytestmark = pytest.mark.usefixtures("clock")


def loaded(edition, **settings) -> PrescriptionEdition:
    """The edition as the view loads it, its clinic set as wanted."""
    with inside(edition.clinic_id):
        Clinic.objects.filter(pk=edition.clinic_id).update(**settings or {"phone": "555 0100"})
        found = PrescriptionEdition.objects.with_texts().with_patient().get(pk=edition.pk)
        list(found.lines.all())
    return found


def published(patient, *codes, **settings) -> PrescriptionEdition:
    edition = make.edition(of=patient, lines=[make.line(code) for code in codes or FOUR])
    return loaded(edition, **settings)


def said(edition, **options) -> dict:
    return handout(edition, link=LINK, **options)


def sizes(pdf: bytes) -> list[tuple[int, int]]:
    return [(round(width), round(height)) for width, height in pages_of(pdf)]


def pages_by_stretch(text: dict) -> list[tuple[int, int]]:
    """On which page each stretch begins and ends."""
    compiler = paper.compiler(text)
    begins, ends = (
        json.loads(compiler.eval(f"query(<{label}>).map(one => one.location().page())"))
        for label in ("begins", "ends")
    )
    return list(zip(begins, ends, strict=True))


@pytest.fixture
def edition(patient) -> PrescriptionEdition:
    return published(patient)


# What it says


def test_it_says_what_the_patient_has_to_know(patient, edition):
    printed = words_of(paper.pdf(said(edition)))
    for expected in (
        "Clinic Your home programme Ana Ruiz",
        "From 20 May 2026 · by Founder",
        "1 Flexion in Lying 10 repetitions, hold 1 s, twice a day, every day",
        "1 Lie on your back. Bend your knees. Put your feet flat.",
        "Stop for: Pain. A sharp or catching feeling. Anything that moves further down the leg.",
        "Low back: bend forward",
        f"From your therapist: {edition.lines.all()[0].direction_note}",
        "4 Supported Upper Thoracic Extension",
        "Stop and get help now Do not do your stretches if you have one of these. Call 911",
        "Numb or tingling between the legs or around your bottom",
        "Stop and call your clinic today",
        "Clinic: 555 0100",
        "In an emergency call 911.",
        "Supports a licensed physical therapist. It does not diagnose",
        "bearing.example.org/my/",
        "Mon Tue Wed Thu Fri Sat Sun",
    ):
        assert expected in printed, expected


def test_what_to_avoid_and_what_if_it_gets_worse_come_first(edition):
    assert said(edition)["before"] == []
    edition.avoid, edition.if_worse = "Do not slump.\nDo not lift.", "Call us."
    text = said(edition)
    assert text["before"] == [
        {"title": "What to avoid", "lines": ["Do not slump.", "Do not lift."]},
        {"title": "If it gets worse", "lines": ["Call us."]},
    ]
    printed = words_of(paper.pdf(text))
    assert "What to avoid Do not slump. Do not lift. If it gets worse Call us. 1 Flex" in printed


def test_the_emergency_number_is_the_clinics(patient):
    text = said(published(patient, "TILT", emergency_number="112"))
    printed = words_of(paper.pdf(text))
    assert "Call 112 or go" in printed
    assert "In an emergency call 112." in printed
    assert "911" not in printed


def test_a_side_and_the_days_are_named(patient):
    line = replace(make.line("DOOR"), side="left", weekdays=[1, 3, 5])
    printed = words_of(paper.pdf(said(loaded(make.edition(of=patient, lines=[line])))))
    assert "Doorway Stretch Left" in printed
    assert "Mon, Wed, Fri" in printed
    assert "Tue –" in printed


def test_the_code_for_the_phone_opens_the_entrance_and_holds_no_secret(edition):
    text = said(edition)
    assert text["qr"]["alt"] == f"QR code that opens {LINK}"
    assert text["qr"]["svg"].count("<path") == 1


def test_each_figure_is_drawn_at_its_start_and_its_end_and_described(edition):
    first = said(edition)["stretches"][0]["figures"]
    assert [one["alt"].split(":")[0] for one in first] == ["Start", "End"]
    assert all(one["svg"].startswith("<svg") and "class=" not in one["svg"][99:] for one in first)


def test_an_exercise_without_a_figure_has_its_words_alone(patient):
    edition = published(patient, "TILT")
    edition.lines.all()[0].exercise_edition.figure = {}
    assert said(edition)["stretches"][0]["figures"] == []
    assert "1 Lie on your back." in words_of(paper.pdf(said(edition)))


def test_what_is_paused_is_not_explained(edition):
    first = edition.lines.all()[0]
    text = said(edition, paused=[first.pk])
    assert text["stretches"][0]["figures"] == []
    printed = words_of(paper.pdf(text))
    assert "Paused. Do not do this stretch until your therapist has spoken with you." in printed
    assert "Lift one knee to your chest." not in printed


def test_the_boxes_can_be_left_out(edition):
    assert "Sat" not in words_of(paper.pdf(said(edition, has_grid=False)))


def test_many_times_a_day_are_written_as_a_number(patient):
    edition = loaded(make.edition(of=patient, lines=[make.line("REIL", times_per_day=8)]))
    assert [one["counts"] for one in said(edition)["stretches"]] == [True]
    assert "8 times a day" in words_of(paper.pdf(said(edition)))


# How it lies on the paper


@pytest.mark.parametrize(("size", "points"), [("Letter", LETTER), ("A4", A4)])
def test_four_stretches_lie_whole_on_the_first_page(patient, size, points):
    text = said(published(patient, paper=size))
    assert pages_by_stretch(text) == [(1, 1)] * 4
    assert set(sizes(paper.pdf(text))) == {tuple(map(round, points))}


def test_four_stretches_with_all_words_lie_on_the_first_page(edition):
    edition.avoid = edition.if_worse = "Do not sit slumped for long. " * 4
    assert pages_by_stretch(said(edition)) == [(1, 1)] * 4


def test_two_stretches_and_when_to_get_help_fill_one_page(patient):
    assert len(sizes(paper.pdf(said(published(patient, "REIL", "TILT"))))) == 1


@pytest.mark.parametrize("is_large", [False, True])
def test_no_stretch_is_split(patient, is_large):
    codes = ("FIL", "REIL", "TILT", "KLF", "SUTE", "PILLOW", "DOOR")
    found = pages_by_stretch(said(published(patient, *codes), is_large=is_large))
    assert len(found) == 7
    assert all(begins == ends for begins, ends in found)


def test_long_notes_do_not_split_a_stretch_either(edition):
    for line in edition.lines.all():
        line.direction_note = "Go only to a mild pull. " * 40
    found = pages_by_stretch(said(edition))
    assert all(begins == ends for begins, ends in found)


def test_a_stretch_longer_than_a_page_loses_no_word(patient):
    edition = published(patient, "FIL")
    text = edition.lines.all()[0].exercise_edition
    text.steps = [f"Step {number}. " + "Breathe out slowly. " * 12 for number in range(60)]
    printed = words_of(paper.pdf(said(edition)))
    assert all(f"Step {number}. " in printed for number in range(60))


def test_large_print_is_large(edition):
    normal, large = (paper.pdf(said(edition, is_large=big)) for big in (False, True))
    assert len(sizes(large)) > len(sizes(normal))
    assert words_of(large).count("From your therapist") == 4
    assert len(sizes(large)) <= 6


# Any text, any letters


@pytest.mark.parametrize(
    "typed", ["#panic()", "*x* _y_ $z$", "<script>", "= Title", "```raw```", "\\", "@ref", "]"]
)
def test_what_is_typed_is_never_run(patient, edition, typed):
    edition.patient.name = edition.lines.all()[0].direction_note = typed
    edition.avoid = edition.if_worse = typed
    printed = words_of(paper.pdf(said(edition)))
    assert f"From your therapist: {typed}" in printed
    assert f"What to avoid {typed}" in printed


@pytest.mark.parametrize("name", ["Дмитрий Ёлкин", "王小明", "Ελένη", "Nguyễn Thị", "김민준"])
def test_names_of_many_scripts_are_printed(edition, name):
    edition.patient.name = name
    assert name in words_of(paper.pdf(said(edition)))


def test_arabic_names_are_printed_from_right_to_left(edition):
    edition.patient.name = "محمد العلي"
    printed = words_of(paper.pdf(said(edition)))
    assert "دمحم" in printed  # the shapes lie on the page from left to right
    assert paper.letters_without_shape(edition.patient.name) == ""


def test_a_letter_that_no_font_has_becomes_a_box(edition):
    edition.patient.name = "Noa משה"
    assert paper.letters_without_shape(edition.patient.name) == "המש"
    assert "Noa □□□" in words_of(paper.pdf(said(edition)))


def test_marks_that_turn_the_direction_of_text_are_left_out(edition):
    edition.patient.name = "abc\u202edef\u2066"
    assert "abcdef" in words_of(paper.pdf(said(edition)))


def test_nothing_but_our_template_is_read(edition):
    edition.patient.name = '#read("/etc/passwd")'
    assert '#read("/etc/passwd")' in words_of(paper.pdf(said(edition)))


# For those who listen to it


def test_it_is_tagged_in_its_language_with_a_title(edition):
    pdf = paper.pdf(said(edition))
    for expected in (b"/StructTreeRoot", b"/Marked true", b"/Lang(en)", b"pdfuaid", b"/S/H1"):
        assert expected in pdf, expected
    assert b"/Title(Home programme, Clinic)" in pdf
    assert pdf.count(b"/S/Figure") == 1 + 2 * 4  # the code for the phone, and two of each stretch


def test_a_picture_without_words_is_refused(edition):
    text = said(edition)
    text["qr"]["alt"] = None
    with pytest.raises(typst.TypstError, match="alt text"):
        paper.pdf(text)


# The page that gives it


def url(name: str, edition) -> str:
    return reverse(f"prescriptions:{name}", args=[edition.pk])


@pytest.mark.parametrize(
    ("who", "status"), [("therapist", 200), ("assistant", 200), ("stranger", 404)]
)
def test_it_is_given_to_the_clinics_own_people(request, edition, who, status):
    response = request.getfixturevalue(who).get(url("handout", edition))
    assert response.status_code == status
    assert response.content.startswith(b"%PDF") is (status == 200)


def test_it_comes_as_a_file_that_names_nobody_and_is_not_kept(therapist, edition):
    response = therapist.get(url("handout", edition))
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="home-programme-2026-05-20.pdf"'
    assert response["Cache-Control"] == "private, no-store"


def test_it_can_be_asked_for_in_large_print_and_without_boxes(therapist, edition):
    plain = therapist.get(url("handout", edition)).content
    assert len(sizes(therapist.get(url("handout", edition), {"large": "1"}).content)) > len(
        sizes(plain)
    )
    without = therapist.get(url("handout", edition), {"grid": "0"}).content
    assert "Sat" in words_of(plain)
    assert "Sat" not in words_of(without)


def test_printing_leaves_a_line_in_the_audit_trail(therapist, edition, clinic):
    therapist.get(url("handout", edition))
    with inside(clinic.pk):
        line = AuditEvent.objects.of(clinic).get(verb="printed a handout")
    assert (line.actor_name, line.target_id) == ("Therapist", edition.pk)
    assert line.patient_id == edition.patient_id


def test_a_draft_is_not_printed(therapist, patient):
    assert therapist.get(url("handout", make.draft(of=patient))).status_code == 404


def test_nothing_is_handed_out_while_a_red_flag_is_open(therapist, patient, edition, clinic):
    make.flag(of=patient)
    response = therapist.get(url("handout", edition), follow=True)
    assert response.redirect_chain[0][0] == url("edition", edition)
    assert "A red flag of this patient is open." in words(response)
    with inside(clinic.pk):
        assert not AuditEvent.objects.of(clinic).filter(verb="printed a handout").exists()


def test_what_the_patients_log_paused_is_paused_on_paper(therapist, edition):
    make.alarming_log(of=edition, numb_after=("low-5-L",))
    assert "Paused. Do not do this stretch" in words_of(
        therapist.get(url("handout", edition)).content
    )


def test_the_edition_offers_it_in_one_click(assistant, edition):
    page = assistant.get(url("edition", edition)).content.decode()
    assert f'action="{url("handout", edition)}"' in page
    assert "does not have every letter" not in page


def test_staff_are_told_of_letters_that_cannot_be_printed(therapist, clinic):
    patient = make.patient(of=clinic, name="Noa משה")
    edition = make.edition(of=patient)
    page = unescape(therapist.get(url("edition", edition)).content.decode())
    assert "The handout does not have every letter." in page
    assert "המש" in page
