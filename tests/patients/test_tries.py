from datetime import timedelta

import pytest
from django.db import transaction

from patients import tries
from patients.models import Tries
from patients.tries import TooSoon
from tests.make import NOW
from tests.patients.test_actions import at_once

HOME = "203.0.113.7"
pytestmark = pytest.mark.django_db


def guess(*, address=HOME, at=NOW) -> int:
    """Seconds to wait; 0 when the try is looked at."""
    try:
        tries.count_a_guess(address=address, at=at)
    except TooSoon as wait:
        return wait.seconds
    return 0


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def test_ten_tries_are_free_and_then_each_waits_twice_as_long():
    assert [guess() for _ in range(10)] == [0] * 10
    now, waits = NOW, []
    for _ in range(12):
        waits.append(guess(at=now))
        now += timedelta(seconds=waits[-1])
        assert guess(at=now) == 0
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]


def test_a_try_that_came_too_soon_makes_the_wait_no_longer():
    for _ in range(10):
        guess()
    assert [guess(at=after(0.5)) for _ in range(50)] == [2] * 50
    assert guess(at=after(2)) == 0


def test_another_address_does_not_wait():
    for _ in range(11):
        guess()
    assert guess() > 0
    assert guess(address="203.0.113.8") == 0


def test_an_hour_without_tries_is_a_new_beginning():
    for _ in range(10):
        guess()
    assert guess(at=after(3600)) == 0
    assert guess(at=after(3600)) == 0


def test_a_try_that_succeeds_is_given_back():
    for _ in range(30):
        assert guess() == 0
        tries.give_back(address=HOME)
    tries.give_back(address=HOME)
    assert set(Tries.objects.values_list("count", flat=True)) == {0}


def test_when_very_many_fail_an_address_has_two_free_tries_and_then_a_minute_to_wait():
    for number in range(tries.BRAKE_AFTER):
        guess(address=f"address {number}")
    assert [guess() for _ in range(3)] == [0, 0, 60]
    assert guess(address="the patient's own") == 0
    later = NOW + tries.BRAKE_COUNTS_FOR
    assert [guess(at=later) for _ in range(8)] == [0] * 8


def test_a_code_is_tried_five_times_and_no_more():
    counted = [tries.count_a_code(code_hash="x", at=NOW) for _ in range(7)]
    assert counted == [True] * 5 + [False] * 2
    assert not tries.count_a_code(code_hash="x", at=NOW + timedelta(days=13))
    assert tries.count_a_code(code_hash="y", at=NOW)
    assert tries.is_used_up(code_hash="x", at=NOW)
    assert not tries.is_used_up(code_hash="y", at=NOW)


def test_messages_to_one_address_become_rare():
    sent, now = 0, NOW
    while now < NOW + timedelta(days=1):
        try:
            tries.count_a_mail(email="ana@example.org", address=f"{now}", at=now)
            sent += 1
        except TooSoon as wait:
            now += timedelta(seconds=wait.seconds)
    assert sent == 15


def test_nothing_that_is_counted_can_be_read():
    guess()
    tries.count_a_mail(email="ana@example.org", address=HOME, at=NOW)
    kept = " ".join(Tries.objects.values_list("key", flat=True))
    assert HOME not in kept
    assert "ana" not in kept


def test_what_no_longer_counts_is_removed():
    for number in range(5):
        guess(address=f"address {number}")
    assert Tries.objects.count() == 6
    guess(at=NOW + timedelta(days=2))
    assert Tries.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_failure_afterwards_does_not_make_it_forgotten():
    guess()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        guess()
    assert set(Tries.objects.values_list("count", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_of_20_tries_of_a_code_at_once_five_are_looked_at():
    counted = at_once(20, lambda: tries.count_a_code(code_hash="x", at=NOW))
    assert counted.count(True) == 5


@pytest.mark.django_db(transaction=True)
def test_of_20_tries_of_an_address_at_once_ten_are_looked_at():
    assert at_once(20, guess).count(0) == 10
