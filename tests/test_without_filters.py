"""Take every view's own filters away, by clinic and by patient: the walls alone must be enough."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, models
from django.db.models import Q

from clinics.models import Clinic, Membership
from clinics.tenancy import inside
from patients.models import Patient
from tests import make
from tests.conftest import as_login, signed_in
from tests.prescriptions.conftest import clock
from tests.test_doors import ABOUT, METHODS, NAMES, door_of, url
from tests.worlds import World, as_before, rows_of, world

__all__ = ["clock"]

SECRET = "Xylophone"  # in every text of the other clinic
NEIGHBOUR = "Neighbour"  # in every text of another patient of the same clinic
BY_CLINIC = frozenset({"clinic", "clinic_id"})
BY_PATIENT = frozenset({"patient", "patient_id"})
FAILURES = (AssertionError, pytest.fail.Exception)


@contextmanager
def without_filters(names: Collection[str]) -> Iterator[list[str]]:
    """Let every query forget its conditions on these fields; tells which it forgot."""
    filtered, forgotten = models.QuerySet._filter_or_exclude, []

    def is_kept(condition: object) -> bool:
        # `clinic__name` and the like are conditions on a clinic too.
        name = condition[0].split("__")[0] if isinstance(condition, tuple) else ""
        if name in names:
            forgotten.append(name)
        return name not in names

    def stripped(told: Q) -> Q:
        children = [stripped(one) if isinstance(one, Q) else one for one in told.children]
        kept = [one for one in children if is_kept(one)]
        # Of two possibilities one of which is forgotten, all is possible.
        if len(kept) < len(children) and told.connector == Q.OR:
            kept = []
        return Q.create(kept, connector=told.connector, negated=told.negated and bool(kept))

    def forgetful(self, negate, args, kwargs):
        args = [stripped(one) if isinstance(one, Q) else one for one in args]
        return filtered(self, negate, args, dict(filter(is_kept, kwargs.items())))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.QuerySet, "_filter_or_exclude", forgetful)
        yield forgotten


def fingerprint(clinic: Clinic) -> list[tuple]:
    """Every row of one clinic, hashed table by table."""
    hashes = []
    with inside(clinic.pk), connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " WHERE attname = 'clinic_id' AND relkind = 'r' AND relrowsecurity ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT %s, md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t"
                " WHERE clinic_id = %s",
                [table, clinic.pk],
            )
            hashes.append(cursor.fetchone())
    return hashes


def words_of(response) -> str:
    """What an answer holds, a file among them."""
    return response.content.decode(errors="replace")


def nothing_of_theirs_is_seen(ours: Clinic, theirs: Clinic, of_ours: Patient, of_theirs: Patient):
    """An admin walks through every page of the staff, aiming at the other clinic where one can."""
    admin = signed_in(ours, Membership.Role.ADMIN)
    own, foreign = rows_of(of_ours), rows_of(of_theirs)
    before = fingerprint(theirs)
    with without_filters(BY_CLINIC) as forgotten:
        for name in [name for name in NAMES if door_of(name) in {"staff", "person"}]:
            searches = [f"?q={SECRET}&page=2&therapist={foreign.keys[Patient]}", "?before=99999999"]
            for query in ["", *([] if name in ABOUT else searches)]:
                response = admin.get(url(name, own.about(name)) + query)
                found = words_of(response) + str(response.headers)
                found = found.replace(f'value="{SECRET}"', "").replace(f"q={SECRET}", "")
                assert SECRET not in found, f"{name} shows another clinic"
            with as_before(admin):
                response = admin.post(url(name, own.about(name)))
                assert SECRET not in words_of(response), f"{name} shows another clinic"
            for method in METHODS if name in ABOUT else ():
                response = getattr(admin, method)(url(name, foreign.about(name)))
                is_refused = response.status_code in {404, 405} or method == "options"
                assert is_refused, f"{method} {name} finds another clinic's row"
                assert SECRET not in words_of(response) + str(response.headers), name
    assert len(forgotten) > 100, "no filter was forgotten"
    assert fingerprint(theirs) == before


def nothing_of_others_is_seen(here: World):
    """A patient walks through every page of the portal, aiming at others where one can."""
    phone, own, foreign = here.people["patient"], here.own, [here.neighbours, here.others]
    with without_filters(BY_CLINIC | BY_PATIENT) as forgotten:
        for name in [name for name in NAMES if door_of(name) in {"patient", "anyone"}]:
            for method in ("get", "post"):
                for rows in [own, *(foreign if name in ABOUT else ())]:
                    with as_before(phone):
                        response = getattr(phone, method)(url(name, rows.about(name)))
                    found = words_of(response) + str(response.headers)
                    assert SECRET not in found, f"{name} shows another clinic"
                    assert NEIGHBOUR not in found, f"{name} shows another patient"
                    is_refused = rows is own or response.status_code in {404, 405}
                    assert is_refused, f"{method} {name} finds another patient's row"
    assert len(forgotten) > 100, "no filter was forgotten"


def two_clinics() -> tuple[Clinic, Clinic, Patient, Patient]:
    ours, theirs = make.clinic(), make.clinic(name=f"Clinic {SECRET}")
    return ours, theirs, make.everything(of=ours), make.everything(of=theirs, word=SECRET)


@pytest.mark.thorough  # a third of a minute; test_doors.py walks the same pages with their filters
@pytest.mark.django_db
def test_staff_see_nothing_of_another_clinic_without_a_filter(clock):
    nothing_of_theirs_is_seen(*two_clinics())


@pytest.mark.django_db
def test_a_patient_sees_nobody_else_without_a_filter(clock):
    here = world(others=SECRET, neighbours=NEIGHBOUR)
    nothing_of_others_is_seen(here)


# The twins: without the policy of one table, the same walks find what they must not.


@contextmanager
def without_the_policy(table: str) -> Iterator[None]:
    def say(what: str) -> None:
        with as_login("migrator"), connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} {what} ROW LEVEL SECURITY")

    say("DISABLE")
    try:
        yield
    finally:
        say("ENABLE")


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["patients_patient", "clinics_auditevent"])
def test_staff_would_see_another_clinic_without_the_policy(transactional_db, clock, table):
    both = two_clinics()
    with without_the_policy(table), pytest.raises(FAILURES, match="another clinic"):
        nothing_of_theirs_is_seen(*both)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_patient_would_see_others_without_the_policy(transactional_db, clock):
    here = world(others=SECRET, neighbours=NEIGHBOUR)
    with (
        without_the_policy("prescriptions_message"),
        pytest.raises(FAILURES, match=r"another (patient|clinic)"),
    ):
        nothing_of_others_is_seen(here)
