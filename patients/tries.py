"""How often somebody may try to come in.

Each try is counted in a transaction of its own, before anything is compared: a guess that fails
is not forgotten, and of many at once none slips by. What is counted is kept as a keyed hash.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from patients.codes import keyed_hash
from patients.models import Tries


class TooSoon(Exception):
    """Too many tries: the next one is looked at after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Limit(NamedTuple):
    """So many tries are free. After them each waits twice as long as the one before.

    `first_wait` and `longest_wait` are in seconds; the count begins anew once nothing was tried
    for `forgotten_after`.
    """

    name: str
    free: int
    first_wait: int
    longest_wait: int
    forgotten_after: timedelta


# One network address: a home, a clinic's wireless network, or somebody who guesses.
ADDRESS = Limit("address", 10, 2, 300, timedelta(hours=1))
# The same while so many fail everywhere that somebody must be guessing from many addresses.
# The first tries of an address stay free, so the owner of a code still comes in.
ADDRESS_BRAKED = ADDRESS._replace(free=2, first_wait=60)
BRAKE_AFTER = 300  # failed tries of all addresses
BRAKE_COUNTS_FOR = timedelta(minutes=10)
# One printed code, whether it exists or not.
MOST_TRIES_OF_A_CODE = 5
CODE_COUNTS_FOR = timedelta(days=14)
# Messages to one e-mail address.
MAILS = Limit("mails", 3, 60, 14_400, timedelta(days=1))
PURGED_AT_ONCE = 50

_COUNT = """
    INSERT INTO patients_tries AS tries (key, count, last_at, forget_at)
    VALUES (%(key)s, 1, %(at)s, %(forget_at)s)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN tries.forget_at <= %(at)s THEN 1 ELSE tries.count + 1 END,
        last_at = %(at)s,
        forget_at = CASE WHEN tries.forget_at <= %(at)s OR %(is_rolling)s
            THEN %(forget_at)s ELSE tries.forget_at END
    WHERE tries.forget_at <= %(at)s OR tries.last_at + make_interval(secs => CASE
        WHEN tries.count < %(free)s THEN 0
        ELSE least(%(first_wait)s * power(2, least(tries.count - %(free)s, 20)), %(longest_wait)s)
        END) <= %(at)s
    RETURNING count
"""
FOR_EVER = 10**9  # seconds


@transaction.atomic(durable=True)
def count_a_guess(*, address: str, at: datetime) -> None:
    """Count what an address tries, or raise TooSoon; a try that comes too soon is not counted."""
    everybody = _key("everybody", "")
    failing = Tries.objects.standing(at).filter(key=everybody).values_list("count", flat=True)
    is_braked = sum(failing) >= BRAKE_AFTER
    _count(ADDRESS_BRAKED if is_braked else ADDRESS, address, at)
    _insert(everybody, Limit("everybody", FOR_EVER, 0, 0, BRAKE_COUNTS_FOR), at, is_rolling=False)


@transaction.atomic(durable=True)
def count_a_code(*, code_hash: str, at: datetime) -> bool:
    """Count a try of a printed code; False when it was tried too often."""
    limit = Limit("code", MOST_TRIES_OF_A_CODE, FOR_EVER, FOR_EVER, CODE_COUNTS_FOR)
    return _insert(_key("code", code_hash), limit, at) > 0


def is_used_up(*, code_hash: str, at: datetime) -> bool:
    """Whether a printed code was tried too often."""
    standing = Tries.objects.standing(at).filter(key=_key("code", code_hash))
    return any(tries.count >= MOST_TRIES_OF_A_CODE for tries in standing)


@transaction.atomic(durable=True)
def count_a_mail(*, email: str, address: str, at: datetime) -> None:
    """Count a message that somebody asks for, or raise TooSoon."""
    _count(ADDRESS._replace(name="address asks"), address, at)
    _count(MAILS, email, at)


@transaction.atomic
def count_a_request(*, door: str, address: str, most: int, within: timedelta, at: datetime) -> None:
    """Count a request of somebody who has not signed in, or raise TooSoon.

    `most` are free in each span of `within`; the next ones wait for its end.
    """
    limit = Limit(f"door {door}", most, FOR_EVER, FOR_EVER, within)
    key = _key(limit.name, address)
    count = _insert(key, limit, at, is_rolling=False)
    if not count:
        until = Tries.objects.get(key=key).forget_at
        raise TooSoon(max(1, round((until - at).total_seconds())))
    if count == 1:
        Tries.objects.forget(at, most=PURGED_AT_ONCE)


@transaction.atomic(durable=True)
def give_back(*, address: str) -> None:
    """Take a try that succeeded off the counts: thirty patients share a clinic's network."""
    for key in (_key(ADDRESS.name, address), _key("everybody", "")):
        Tries.objects.take_one_off(key)


def _count(limit: Limit, of: str, at: datetime) -> None:
    key = _key(limit.name, of)
    if not _insert(key, limit, at):
        tries = Tries.objects.get(key=key)
        doubled = limit.first_wait * 2 ** min(tries.count - limit.free, 20)
        until = tries.last_at + timedelta(seconds=min(doubled, limit.longest_wait))
        raise TooSoon(max(1, round((until - at).total_seconds())))
    Tries.objects.forget(at, most=PURGED_AT_ONCE)


def _insert(key: str, limit: Limit, at: datetime, *, is_rolling: bool = True) -> int:
    """How many it are with this one; 0 when this one comes too soon."""
    values: dict[str, str | int | datetime] = {
        "key": key,
        "at": at,
        "forget_at": at + limit.forgotten_after,
        "is_rolling": is_rolling,
        "free": limit.free,
        "first_wait": limit.first_wait,
        "longest_wait": limit.longest_wait,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        counted = cursor.fetchone()
    return counted[0] if counted else 0


def _key(name: str, of: str) -> str:
    return keyed_hash(f"patients.tries.{name}", of)
