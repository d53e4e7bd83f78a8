"""10,000 guesses at code and birth date from 50 addresses; prints what became of them.

Minutes long, so it runs by itself: python -m scripts.test tests/portal/test_guessing.py -s
"""

import random
from collections import Counter
from datetime import date, timedelta
from statistics import median
from time import perf_counter

import pytest
from django.urls import reverse

from clinics.tenancy import inside
from patients import codes
from patients.models import Device
from tests import make
from tests.make import NOW
from tests.portal.conftest import invitation, phone_of
from tests.portal.test_entering import phone, type_code

pytestmark = [pytest.mark.thorough, pytest.mark.django_db(transaction=True)]

GUESSES, ADDRESSES, PATIENTS, KNOWN = 10_000, 50, 40, 20
FIRST_BORN, DAYS_OF_BIRTH = date(1935, 1, 1), 75 * 365


def born_on(day: date) -> dict[str, str]:
    return {"day": str(day.day), "month": str(day.month), "year": str(day.year)}


@pytest.fixture
def people(transactional_db):
    """Patients with an open code each, and the codes."""
    dice, clinic = random.Random(1), make.clinic()
    found = []
    for _ in range(PATIENTS):
        day = FIRST_BORN + timedelta(days=dice.randrange(DAYS_OF_BIRTH))
        patient = make.patient(of=clinic, birth_date=day)
        found.append((patient, codes.printed_code(token_of(patient))))
    return found


def token_of(patient) -> str:
    return invitation(of=patient).rstrip("/").rpartition("/")[2]


@pytest.mark.parametrize(
    "pause",
    [pytest.param(0.05, id="as fast as it goes"), pytest.param(3.0, id="over eight hours")],
)
def test_of_10000_guesses_none_comes_in_and_every_patient_does(people, clock, pause):
    """A third of the guesses know the code of a patient; the others guess the code as well."""
    clock(NOW)
    dice = random.Random(2)
    honest = iter(people[KNOWN:])
    stayed, answers, spent = phone_of(people[0][0]), Counter(), []
    known = [code for _, code in people[1:KNOWN]]
    for number in range(GUESSES):
        clock(NOW + timedelta(seconds=number * pause))
        code = dice.choice(known) if number % 3 == 0 else codes.printed_code(f"guess {number}")
        day = FIRST_BORN + timedelta(days=dice.randrange(DAYS_OF_BIRTH))
        before = perf_counter()
        answer = type_code(code, address=f"203.0.113.{number % ADDRESSES}", **born_on(day))
        spent.append(perf_counter() - before)
        answers[answer.status_code] += 1
        if number % 1000 == 500:
            patient, own = next(honest)
            came_in = type_code(
                own, address=f"198.51.100.{number // 1000}", **born_on(patient.birth_date)
            )
            assert came_in.status_code == 302, "a patient in the middle of it"
            assert stayed.get(reverse("portal:today")).status_code == 200
    patient, own = next(honest)
    afterwards = type_code(own, address="198.51.100.200", **born_on(patient.birth_date))
    guessed_at = phone().post(reverse("portal:enter", args=[token_of(people[1][0])]))
    print(
        f"\n{GUESSES} guesses from {ADDRESSES} addresses in {GUESSES * pause / 60:.0f} minutes of"
        f" the clock: {answers[302]} in, {answers[200]} looked at, {answers[429]} came too soon;"
        f" median {median(spent) * 1000:.1f} ms; 10 patients came in meanwhile and 1 afterwards;"
        " one whose code was guessed at came in by a new link."
    )
    assert answers[302] == 0
    assert set(answers) == {200, 429}
    assert afterwards.status_code == guessed_at.status_code == 302
    with inside(people[0][0].clinic_id):
        assert Device.objects.count() == 1 + 10 + 1 + 1
