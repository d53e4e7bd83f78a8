from zoneinfo import available_timezones

import pytest
from django.forms import Select
from django.test.html import parse_html

from clinics.forms import LongSelect, NameField, PhoneField, SettingsForm, time_zone_choices
from clinics.models import Clinic


def test_every_time_zone_can_be_chosen():
    zones = [zone for _, group in time_zone_choices() for zone, _ in group]
    assert sorted(zones) == sorted(available_timezones())


def test_time_zones_are_grouped_by_part_of_the_world():
    groups = dict(time_zone_choices())
    assert ("America/Argentina/Buenos_Aires", "Argentina – Buenos Aires") in groups["America"]
    assert list(groups)[-1] == "Other"
    assert ("UTC", "UTC") in groups["Other"]


CHOICES = [("", "None"), ("Places", [("a", "<A>"), ("b", "B & B")])]


@pytest.mark.parametrize("value", ["", "a", "b", "unknown", None])
def test_a_long_select_says_what_djangos_own_says(value):
    written = LongSelect(choices=CHOICES).render("place", value, {"id": "x", "required": True})
    expected = Select(choices=CHOICES).render("place", value, {"id": "x", "required": True})
    assert parse_html(written) == parse_html(expected)


@pytest.mark.parametrize("field", [NameField(required=False), PhoneField(required=False)])
def test_what_may_be_empty_may_be_nothing_that_anybody_sees(field):
    assert field.clean("\u200b \x00") == ""


def test_a_phone_may_be_written_in_any_digits():
    assert PhoneField().clean("٠١٢-٣٤٥") == "٠١٢-٣٤٥"


@pytest.mark.django_db  # which checks the constraints of a row
def test_a_new_row_brings_back_every_field():
    data = {"name": "North", "time_zone": "UTC", "emergency_number": "112", "paper": "A4"}
    data |= {"audit_years": 6, "record_years": 10}
    form = SettingsForm(data)
    assert form.is_valid(), form.errors
    assert form.changes == data | {
        "phone": "",
        "has_messages": False,
        "has_remote_monitoring": False,
    }


def test_an_opened_form_carries_what_it_showed():
    form = SettingsForm(instance=Clinic(pk=1, name="North", time_zone="UTC"))
    assert 'name="initial-name" value="North"' in str(form["name"])
