"""A line of the audit trail that is changed, taken out or put in shows, whoever did it."""

import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from clinics import audit_trail
from clinics.actors import SYSTEM
from clinics.audit import record, record_as
from clinics.models import AuditEvent, AuditHead, AuditKind, AuditLink, Clinic, FailedSignIn
from clinics.tenancy import inside
from tests import make
from tests.conftest import as_login

LINES = 8


def execute(sql: str, *parameters: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def write(clinic: Clinic, *, lines: int = 1, verb: str = "did", **fields: object) -> None:
    by = make.founder(clinic)
    for _ in range(lines):
        with inside(clinic.pk):
            record(clinic_id=clinic.pk, by=by, verb=verb, target=clinic, **fields)


def verdict(clinic: Clinic) -> audit_trail.Verdict:
    with inside(clinic.pk):
        return audit_trail.check(clinic.pk)


@pytest.fixture
def trail(transactional_db) -> Clinic:
    """A clinic with some lines, committed."""
    clinic = make.clinic()
    write(clinic, lines=LINES)
    return clinic


@pytest.fixture
def written(clinic) -> Clinic:
    """The same, not committed: the links come when a check asks for them."""
    write(clinic, lines=LINES)
    return clinic


@contextmanager
def tampered():
    """What a superuser can do, and undone again: nothing refuses, and nothing chains."""
    with as_login("migrator"), transaction.atomic():
        for table in ("auditevent", "auditlink"):
            execute(f"ALTER TABLE clinics_{table} DISABLE TRIGGER USER")
        yield
        transaction.set_rollback(True)


def events() -> list[int]:
    return [pk for (pk,) in execute("SELECT event_id FROM clinics_auditlink ORDER BY seq")]


def test_every_line_has_its_place_in_the_chain(trail):
    with inside(trail.pk):
        links = list(AuditLink.objects.of(trail).order_by("seq"))
        assert len(links) == AuditEvent.objects.of(trail).count() > LINES
        head = AuditHead.objects.of(trail).get()
    assert [link.seq for link in links] == list(range(1, len(links) + 1))
    assert [link.previous for link in links] == ["", *(link.hash for link in links[:-1])]
    assert (head.seq, head.hash) == (links[-1].seq, links[-1].hash)
    assert verdict(trail) == audit_trail.Verdict(audit_trail.Place(head.seq, head.hash))


def test_each_clinic_has_a_chain_of_its_own(written, other_clinic):
    write(other_clinic)
    for clinic in (written, other_clinic):
        assert not verdict(clinic).problem
        with inside(clinic.pk):
            assert AuditLink.objects.order_by("seq").first().previous == ""


CHANGES = {
    "at": "at = at + interval '1 microsecond'",
    "kind": "kind = 'look'",
    "who": "actor_name = 'Somebody else'",
    "whose number": "actor_id = 999",
    "what sort of person": "actor_kind = 'patient'",
    "role": "role = 'admin'",
    "address": "address = '203.0.113.9'",
    "browser": "browser = 'Lynx'",
    "verb": "verb = 'did nothing'",
    "of what": "target = 'x'",
    "of which": "target_id = 0",
    "patient": "patient_id = 1",
    "detail": """detail = '{"x": 1}'""",
    "salt": "salt = 'x'",
    "no salt, as if it were erased": "salt = ''",
    "digest": "digest = 'x'",
}
# What an erasure leaves, without one.
EMPTY = """salt = '', detail = '{"erased": true}'"""


def test_no_column_is_left_out():
    """A column that somebody adds to an event has to go into the hash."""
    hashed = {"id", "clinic", *(change.split()[0] for change in CHANGES.values())}
    assert {field.name for field in AuditEvent._meta.fields} == hashed


def put_in(clinic: Clinic) -> None:
    execute(
        "INSERT INTO clinics_auditevent (clinic_id, at, kind, actor_kind, actor_name, verb,"
        " target, detail, salt, digest) VALUES (%s, now(), 'act', 'system', 'x', 'x', '', '{}', '',"
        " '')",
        clinic.pk,
    )


def write_as_patient(clinic: Clinic) -> None:
    with inside(clinic.pk):
        AuditEvent.objects.create(
            clinic=clinic, actor_kind="patient", actor_name="Pat", verb="did", patient_id=7
        )


@pytest.mark.parametrize("who", ["staff", "patient"])
def test_whatever_is_changed_in_a_line_is_found(trail, subtests, who):
    if who == "patient":
        write_as_patient(trail)
    place = 4 if who == "staff" else -1
    for what, change in CHANGES.items():
        if change.split("= ")[-1] == f"'{who}'":
            continue
        with subtests.test(what), tampered():
            pk = events()[place]
            execute(f"UPDATE clinics_auditevent SET {change} WHERE id = %s", pk)
            assert verdict(trail).problem.endswith(f": event {pk} was changed")
    assert not verdict(trail).problem


def test_a_line_that_was_emptied_by_hand_is_found(trail):
    write(trail, patient_id=7)
    write(trail)
    with tampered():
        place, pk = len(events()) - 1, events()[-2]
        execute(f"UPDATE clinics_auditevent SET {EMPTY} WHERE id = %s", pk)
        expected = f"line {place}: event {pk} was emptied, and no erasure says so"
        assert verdict(trail).problem == expected


def test_only_an_erasure_of_that_patient_after_the_line_accounts_for_it(trail, subtests):
    write(trail, verb=audit_trail.ERASED, patient_id=7)
    write(trail, patient_id=7)
    write(trail, patient_id=8)
    write(trail, verb=audit_trail.ERASED, patient_id=9)
    for whose, place in (("after the erasure", -3), ("of somebody else", -2)):
        with subtests.test(whose), tampered():
            pk = events()[place]
            execute(f"UPDATE clinics_auditevent SET {EMPTY} WHERE id = %s", pk)
            assert "was emptied, and no erasure says so" in verdict(trail).problem


def test_nobody_chooses_the_salt_or_the_digest_of_a_line(written):
    with inside(written.pk):
        line = AuditEvent.objects.create(
            clinic=written, actor_kind="system", actor_name="x", verb="x", salt="1", digest="2"
        )
        line.refresh_from_db()
    assert (len(line.salt), len(line.digest)) == (64, 64)
    assert not verdict(written).problem


def test_a_line_taken_out_is_found_wherever_it_stood(trail, subtests):
    for place in (0, 4, -1):
        with subtests.test(place=place), tampered():
            pk = events()[place]
            execute("DELETE FROM clinics_auditevent WHERE id = %s", pk)
            assert f"event {pk} is gone" in verdict(trail).problem
            execute("DELETE FROM clinics_auditlink WHERE event_id = %s", pk)
            expected = "gone from the end" if place == -1 else "does not follow the line before"
            assert expected in verdict(trail).problem


def test_a_line_put_in_is_found_with_a_link_or_without(trail):
    with tampered():
        put_in(trail)
        assert "was put in beside the chain" in verdict(trail).problem
        execute(
            "INSERT INTO clinics_auditlink (clinic_id, seq, event_id, previous, hash)"
            " SELECT link.clinic_id, link.seq + 1, event.id, link.hash,"
            " bearing_audit_hash(link.seq + 1, link.hash, event)"
            " FROM clinics_auditevent AS event, clinics_auditlink AS link"
            " ORDER BY event.id DESC, link.seq DESC LIMIT 1"
        )
        assert "put in after the end" in verdict(trail).problem


def test_two_lines_that_changed_places_are_found(trail):
    with tampered():
        first, second = events()[2:4]
        execute("UPDATE clinics_auditlink SET event_id = -1 WHERE event_id = %s", first)
        execute("UPDATE clinics_auditlink SET event_id = %s WHERE event_id = %s", first, second)
        execute("UPDATE clinics_auditlink SET event_id = %s WHERE event_id = -1", second)
        assert verdict(trail).problem == f"line 3: event {second} was changed"


def test_a_chain_that_was_written_anew_is_found_by_what_an_earlier_check_saw(trail):
    assert not audit_trail.check_and_note(trail.pk).problem
    with tampered():
        execute("UPDATE clinics_auditevent SET verb = 'did nothing' WHERE id = %s", events()[2])
        execute("TRUNCATE clinics_auditlink, clinics_audithead")
        execute(import_module("clinics.migrations.0010_audit_chain").WHAT_STANDS_ALREADY.sql)
        assert "is not what was there when checked" in verdict(trail).problem


def test_the_command_names_the_first_break_and_the_trail_says_so(trail, capsys):
    call_command("check_audit_trail")
    assert f"clinic {trail.pk}: unbroken to line" in capsys.readouterr().out
    with tampered():
        execute("UPDATE clinics_auditevent SET verb = 'x' WHERE id IN (%s, %s)", *events()[3:5])
        with pytest.raises(CommandError, match="1 clinics is broken"):
            call_command("check_audit_trail", clinic=trail.pk)
        expected = f"line 4: event {events()[3]} was changed"
        assert f"BROKEN, {expected}" in capsys.readouterr().out
        assert audit_trail.last_check(trail).detail == {"problem": expected}


def test_a_part_of_the_chain_is_walked_without_the_rest(
    trail, django_assert_num_queries, monkeypatch
):
    with inside(trail.pk), django_assert_num_queries(5):
        newest = audit_trail.check_newest(trail.pk, lines=3)
    assert newest.unbroken == verdict(trail).unbroken
    monkeypatch.setattr(audit_trail, "LINES_AT_ONCE", 3)
    assert verdict(trail) == newest
    with tampered():
        pk = events()[-2]
        execute("UPDATE clinics_auditevent SET verb = 'x' WHERE id = %s", pk)
        line = newest.unbroken.line - 1
        found = verdict(trail)
        assert found.problem == f"line {line}: event {pk} was changed"
        assert found.unbroken.line == line - line % 3 - (0 if line % 3 else 3)
        assert audit_trail.check_newest(trail.pk, lines=3).problem == found.problem
        assert not audit_trail.check_newest(trail.pk, lines=1).problem


def in_threads(number: int, work) -> list[BaseException]:
    """Run `work(number)` in so many threads at once; what went wrong in them."""
    wrong: list[BaseException] = []
    barrier = threading.Barrier(number)

    def run(which: int) -> None:
        try:
            barrier.wait(10)
            work(which)
        except BaseException as error:  # the test has to hear of it
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[which]) for which in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return wrong


def test_eight_who_write_at_once_leave_one_unbroken_chain(trail):
    by = make.founder(trail)

    def work(which: int) -> None:
        for turn in range(15):
            with inside(trail.pk):
                for part in range(1 + which % 2):
                    record(clinic_id=trail.pk, by=by, verb=f"{turn}.{part}", target=trail)

    assert in_threads(8, work) == []
    found = verdict(trail)
    assert not found.problem
    assert found.unbroken.line >= 8 * 15


def one_notes_first_and_one_changes_first(clinic: Clinic, when: str) -> list[BaseException]:
    by, both_began = make.founder(clinic), threading.Barrier(2)

    def work(which: int) -> None:
        with inside(clinic.pk):
            execute(f"SET CONSTRAINTS clinics_auditevent_chain {when}")
            if which == 0:
                record(clinic_id=clinic.pk, by=by, verb="noted first", target=clinic)
                both_began.wait(10)
                Clinic.objects.filter(pk=clinic.pk).update(phone="1")
            else:
                Clinic.objects.filter(pk=clinic.pk).update(phone="2")
                both_began.wait(10)
                record(clinic_id=clinic.pk, by=by, verb="noted then", target=clinic)

    return in_threads(2, work)


def test_the_chain_is_the_last_lock_so_that_nobody_waits_in_a_circle(trail):
    """With its twin: chained at once, each of the two would wait for the other."""
    assert one_notes_first_and_one_changes_first(trail, "DEFERRED") == []
    (locked_out,) = one_notes_first_and_one_changes_first(trail, "IMMEDIATE")
    assert "deadlock detected" in str(locked_out)


@pytest.mark.thorough
def test_what_the_chain_costs_eight_who_write_at_once(trail):
    """Prints lines a second, of one writer and of eight, with the chain and without, in turns."""
    by, seconds = make.founder(trail), 3

    def lines_a_second(writers: int) -> float:
        done, until = [0] * writers, time.monotonic() + seconds

        def work(which: int) -> None:
            while time.monotonic() < until:
                with inside(trail.pk):
                    record(clinic_id=trail.pk, by=by, verb="did", target=trail)
                done[which] += 1

        assert in_threads(writers, work) == []
        return sum(done) / seconds

    found: dict[tuple[int, str], list[float]] = {}
    for _ in range(3):
        for state in ("ENABLE", "DISABLE"):
            with as_login("migrator"):
                execute(f"ALTER TABLE clinics_auditevent {state} TRIGGER clinics_auditevent_chain")
            for writers in (1, 8):
                found.setdefault((writers, state), []).append(lines_a_second(writers))
    with as_login("migrator"):
        execute("ALTER TABLE clinics_auditevent ENABLE TRIGGER clinics_auditevent_chain")
    for writers in (1, 8):
        chained, plain = (sorted(found[writers, state])[1] for state in ("ENABLE", "DISABLE"))
        print(f"{writers} writers: {chained:.0f} lines/s chained, {plain:.0f} without")
        assert chained > plain / 4


def test_the_head_moves_once_for_all_lines_of_a_transaction(trail):
    """Moving it for each line costs the square of their number."""
    by = make.founder(trail)
    moved = "SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'clinics_audithead'"
    with inside(trail.pk):
        for _ in range(20):
            record(clinic_id=trail.pk, by=by, verb="did", target=trail)
        ((before,),) = execute(moved)
        execute("SET CONSTRAINTS clinics_auditevent_chain IMMEDIATE")
        assert execute(moved) == [(before + 1,)]
    assert not verdict(trail).problem
    with inside(trail.pk):
        assert AuditLink.objects.of(trail).count() == AuditEvent.objects.of(trail).count()


def test_lines_within_savepoints_are_chained_with_the_others(trail):
    by = make.founder(trail)
    with inside(trail.pk):
        record(clinic_id=trail.pk, by=by, verb="did", target=trail)
        with transaction.atomic():
            record(clinic_id=trail.pk, by=by, verb="did more", target=trail)
        with suppress(RuntimeError), transaction.atomic():
            record(clinic_id=trail.pk, by=by, verb="did in vain", target=trail)
            raise RuntimeError
        record(clinic_id=trail.pk, by=by, verb="did the rest", target=trail)
    assert not verdict(trail).problem


def test_a_line_that_was_put_in_before_is_not_taken_into_the_chain_by_the_next(trail):
    with as_login("migrator"):
        execute("ALTER TABLE clinics_auditevent DISABLE TRIGGER clinics_auditevent_chain")
        put_in(trail)
        execute("ALTER TABLE clinics_auditevent ENABLE TRIGGER clinics_auditevent_chain")
    assert "was put in beside the chain" in verdict(trail).problem
    write(trail)
    assert "was put in beside the chain" in verdict(trail).problem


def test_what_is_undone_leaves_no_link(written):
    before = verdict(written).unbroken
    with suppress(ZeroDivisionError), inside(written.pk):
        record(clinic_id=written.pk, by=SYSTEM, verb="did not", target=written)
        raise ZeroDivisionError
    assert verdict(written).unbroken == before


# Nobody takes anything out, except the operator what is old enough.


@pytest.mark.parametrize("table", ["auditevent", "auditlink", "audithead"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET clinic_id = 1", "DELETE FROM {}", "TRUNCATE {}"]
)
def test_the_web_may_not_touch_the_trail(clinic, table, statement):
    with pytest.raises(DatabaseError, match="permission denied"), inside(clinic.pk):
        execute(statement.format(f"clinics_{table}"))


@pytest.mark.parametrize("table", ["auditlink", "audithead"])
def test_the_web_may_not_write_into_the_chain(clinic, table):
    with pytest.raises(DatabaseError, match="permission denied"), inside(clinic.pk):
        execute(f"INSERT INTO clinics_{table} (clinic_id, seq, hash) VALUES (1, 1, '')")


@pytest.mark.django_db
@pytest.mark.parametrize("function", ["chain_audit", "keep_audit"])
def test_the_web_may_not_call_what_writes_the_chain(function):
    allowed = execute(
        "SELECT has_function_privilege(current_user, oid, 'EXECUTE') FROM pg_proc"
        " WHERE proname = %s",
        f"bearing_{function}",
    )
    assert allowed == [(False,)]


def test_even_the_owner_cannot_empty_the_trail_or_take_out_what_is_not_old_enough(trail, subtests):
    write_old(trail, 5.9)
    statements = [
        "TRUNCATE clinics_auditevent",
        "TRUNCATE clinics_auditlink",
        "DELETE FROM clinics_auditlink",
        "DELETE FROM clinics_auditevent WHERE verb = 'old'",
        "UPDATE clinics_auditevent SET verb = 'x' WHERE verb = 'old'",
    ]
    for statement in statements:
        with subtests.test(statement), as_login("migrator"), transaction.atomic():
            with (
                pytest.raises(DatabaseError, match="cannot be changed or deleted"),
                transaction.atomic(),
            ):
                execute(statement)
            transaction.set_rollback(True)


def years_ago(years: float) -> object:
    return timezone.now() - timedelta(days=365.25 * years)


def write_old(clinic: Clinic, *years: float) -> None:
    """Lines of so many years ago, before all others of a fresh clinic's later ones."""
    for number in years:
        with inside(clinic.pk):
            AuditEvent.objects.create(
                clinic=clinic, at=years_ago(number), actor_kind="system", actor_name="x", verb="old"
            )


def pruned(clinic: Clinic) -> int:
    with as_login("migrator"):
        return audit_trail.prune(clinic.pk)


def test_pruning_takes_what_is_old_and_leaves_a_whole_chain(transactional_db):
    clinic = make.clinic()
    with as_login("migrator"), transaction.atomic():  # as if the clinic had opened long ago
        execute("ALTER TABLE clinics_auditevent DISABLE TRIGGER USER")
        execute("ALTER TABLE clinics_auditlink DISABLE TRIGGER USER")
        execute("TRUNCATE clinics_auditevent, clinics_auditlink, clinics_audithead")
        execute("ALTER TABLE clinics_auditevent ENABLE TRIGGER USER")
        execute("ALTER TABLE clinics_auditlink ENABLE TRIGGER USER")
    write_old(clinic, 9, 8, 7, 5)
    write(clinic)
    with inside(clinic.pk):
        Clinic.objects.filter(pk=clinic.pk).update(audit_years=10)
    assert pruned(clinic) == 0
    with inside(clinic.pk):
        Clinic.objects.filter(pk=clinic.pk).update(audit_years=6)
    assert pruned(clinic) == 3
    assert not verdict(clinic).problem
    with inside(clinic.pk):
        line = AuditEvent.objects.of(clinic).get(verb=audit_trail.PRUNED)
        assert (line.detail["lines"], line.detail["line"]) == (3, 3)
        assert AuditLink.objects.of(clinic).order_by("seq").first().seq == 4
    assert pruned(clinic) == 0
    with tampered():
        execute("DELETE FROM clinics_auditevent WHERE id = %s", events()[0])
        execute("DELETE FROM clinics_auditlink WHERE seq = 4")
        assert verdict(clinic).problem == "line 5 does not follow the line before it"


def test_a_false_line_of_pruning_hides_nothing(written):
    """The web can write a line, but not take out what the line says was taken out."""
    with inside(written.pk):
        audit_trail.check(written.pk)  # and with it the links of what is pending
        link = AuditLink.objects.of(written).get(seq=4)
        record_as(
            AuditKind.TRAIL,
            clinic_id=written.pk,
            by=SYSTEM,
            verb=audit_trail.PRUNED,
            target=written,
            detail={"line": 4, "hash": link.hash},
        )
    assert "should have been pruned" in verdict(written).problem


@pytest.mark.django_db
def test_the_web_does_not_prune():
    with pytest.raises(CommandError, match="BEARING_LOGIN=migrator"):
        call_command("prune_audit_trail")


def test_the_command_prunes_every_clinic_and_forgets_old_failures(trail, capsys):
    for days in (400, 300):
        FailedSignIn(at=timezone.now() - timedelta(days=days)).save()
    with as_login("migrator"):
        call_command("prune_audit_trail")
        assert FailedSignIn.objects.count() == 1
    out = capsys.readouterr().out
    assert f"clinic {trail.pk}: 0 lines taken out" in out
    assert "1 failed sign-ins" in out


@pytest.mark.django_db
@pytest.mark.parametrize("years", [0, 31])
def test_the_database_refuses_a_span_nobody_would_choose(clinic, years):
    with pytest.raises(DatabaseError, match="clinic_audit_years"), inside(clinic.pk):
        Clinic.objects.filter(pk=clinic.pk).update(audit_years=years)
