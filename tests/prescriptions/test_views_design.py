import pytest
from django.urls import reverse

from exercises.vocabulary import Direction
from patients.lights import Light
from prescriptions.checks import Verdict
from prescriptions.models import Tier
from tests.prescriptions.conftest import words


def test_whoever_may_look_sees_every_state(assistant):
    text = words(assistant.get(reverse("design")))
    states = [*Light, *Direction, *Tier]
    for word in [state.label for state in states] + [found.name.title() for found in Verdict]:
        assert word in text


@pytest.mark.django_db
def test_strangers_do_not_see_it(client):
    assert client.get(reverse("design")).status_code == 302
