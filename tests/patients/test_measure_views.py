"""Clinic → Measures: a licensed measure is added by data, and what is wrong is said beside it."""

import pytest
from django.urls import reverse

from clinics.tenancy import inside
from patients.measure_definition import shipped
from patients.models import MeasureEdition
from tests import make
from tests.patients.test_measure_definition import GOOD
from tests.prescriptions.conftest import words

ADD = reverse("patients:add_measure")
PAGE = reverse("patients:measures")


def test_what_is_shipped_stands_there_with_its_sources(admin):
    seen = words(admin.get(PAGE))
    for definition, _ in shipped().values():
        assert definition.title in seen
        assert definition.licence in seen
        assert all(change.source in seen for change in definition.changes)


def test_a_measure_is_pasted_and_asked_by_therapists(admin, therapist, clinic):
    response = admin.post(ADD, {"text": GOOD, "is_licensed": "on"}, follow=True)
    assert "House scale is added" in words(response)
    assert "I cannot lift" in words(response)
    patient = make.patient(of=clinic)
    asked = therapist.get(reverse("prescriptions:ask_measure", args=[patient.pk]))
    assert "House scale (HS)" in words(asked)


@pytest.mark.parametrize(
    ("sent", "words_of_refusal"),
    [
        pytest.param({"text": GOOD}, "This field is required", id="no word on the licence"),
        pytest.param({"text": ""}, "Paste a definition", id="nothing"),
        pytest.param(
            {"text": GOOD.replace("edition = 2", "edition = 0")},
            "the text: edition: has to be from 1",
            id="a wrong value",
        ),
        pytest.param({"text": shipped()["nprs"][1]}, "that of a shipped measure", id="a key taken"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_stored(
    admin, clinic, sent, words_of_refusal
):
    licensed = {} if words_of_refusal == "This field is required" else {"is_licensed": "on"}
    assert words_of_refusal in words(admin.post(ADD, sent | licensed))
    with inside(clinic.pk):
        assert not MeasureEdition.objects.exists()


def test_an_edition_that_is_there_is_not_written_over(admin):
    admin.post(ADD, {"text": GOOD, "is_licensed": "on"})
    other = GOOD.replace("Lifting", "Heaving")
    refused = words(admin.post(ADD, {"text": other, "is_licensed": "on"}))
    assert "give yours the edition 3" in refused


def test_what_stands_in_a_definition_is_text_and_no_markup(admin, clinic):
    text = GOOD.replace("House scale", "<b>House</b><script>")
    response = admin.post(ADD, {"text": text, "is_licensed": "on"}, follow=True)
    assert b"<script>" not in response.content.replace(b"<script ", b"")
    assert b"&lt;b&gt;House" in response.content


def test_therapists_do_not_keep_the_registry(therapist):
    assert therapist.get(PAGE).status_code == 403
    assert therapist.post(ADD, {"text": GOOD, "is_licensed": "on"}).status_code == 403
