import re
from html import unescape

import pytest
from django.urls import reverse

from clinics.models import AuditEvent, Clinic
from clinics.thresholds import LABELS, NAMES, SPANS, Thresholds, thresholds_from
from tests.make import inside

SETTINGS = reverse("clinics:settings")
DEFAULTS = {name: getattr(Thresholds(), name) for name in NAMES}


def stored(clinic) -> Clinic:
    with inside(clinic.pk):
        return Clinic.objects.get(pk=clinic.pk)


def changes_in_the_trail(clinic) -> list[dict]:
    with inside(clinic.pk):
        events = AuditEvent.objects.of(clinic).filter(verb="changed settings").order_by("pk")
        return [event.detail["changed"] for event in events]


def page(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def posted(**changes) -> dict:
    """As a browser sends it: each number, and what stood there before."""
    before = {f"initial-{name}": value for name, value in DEFAULTS.items()}
    return {"do": "numbers", **before, **DEFAULTS, **changes}


def test_every_number_has_a_span_around_its_default_and_a_label():
    assert set(SPANS) == set(LABELS) == set(NAMES)
    assert all(SPANS[name].least <= DEFAULTS[name] <= SPANS[name].most for name in NAMES)


def test_a_clinic_that_set_nothing_has_the_defaults():
    assert thresholds_from({}) == Thresholds()
    assert thresholds_from({"test_valid_days": 7, "of_another_age": 1}) == Thresholds(
        test_valid_days=7
    )


def test_the_form_says_what_is_proposed(admin):
    text = page(admin.get(SETTINGS))
    assert "Days until a direction test is old" in text
    assert "Proposed default: 14. From 1 to 90." in text


def test_a_changed_number_is_stored_and_in_the_audit_trail_with_before_and_after(admin, clinic):
    response = admin.post(SETTINGS, posted(test_valid_days=7), follow=True)
    assert "The numbers are saved." in page(response)
    assert stored(clinic).thresholds == Thresholds(test_valid_days=7)
    admin.post(SETTINGS, posted(test_valid_days=10))
    assert changes_in_the_trail(clinic) == [
        {"thresholds_set": [{}, {"test_valid_days": 7}]},
        {"thresholds_set": [{"test_valid_days": 7}, {"test_valid_days": 10}]},
    ]
    trail = page(admin.get(reverse("clinics:audit")))
    assert "Thresholds set: Test valid days 7 Test valid days 10" in trail


def test_saving_what_is_unchanged_leaves_no_line(admin, clinic):
    admin.post(SETTINGS, posted())
    assert changes_in_the_trail(clinic) == []


def test_what_a_colleague_set_in_the_meantime_stands(admin, clinic):
    admin.post(SETTINGS, posted(test_valid_days=7))
    admin.post(SETTINGS, posted(good_logs_in_a_row=5))
    assert stored(clinic).thresholds == Thresholds(test_valid_days=7, good_logs_in_a_row=5)


@pytest.mark.parametrize("name", NAMES)
def test_a_number_out_of_its_span_is_refused_beside_its_field(admin, clinic, name):
    for value in (SPANS[name].least - 1, SPANS[name].most + 1, "", "many", "1.5"):
        response = admin.post(SETTINGS, posted(**{name: value}))
        assert response.context["numbers"].errors.keys() == {name}
    assert stored(clinic).thresholds_set == {}


def test_a_number_nobody_knows_is_not_stored(admin, clinic):
    admin.post(SETTINGS, posted(test_valid_days=7, invented=3))
    assert stored(clinic).thresholds_set == {"test_valid_days": 7}


def test_the_two_forms_do_not_meddle(admin, clinic):
    admin.post(SETTINGS, posted(test_valid_days=7, name="Meddled"))
    assert stored(clinic).name == "Clinic"
