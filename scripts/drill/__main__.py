"""Kill, destroy, restore and fail over, and count what was acknowledged.

    python -m scripts.drill [--writes 10000] [--kills 20] [--port 8290] [--control doubled | lost]

Exits with 1 when anything acknowledged is lost or doubled, or when a restore is not as it was. With
--control something is made wrong on purpose, and it exits with 1 when that is not noticed.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import psycopg

from config.embedded import SUPERUSER, Cluster
from scripts.drill.house import REPLICA, House, destroy, kill_server
from scripts.drill.phones import Phones, phones_of
from scripts.operations import backup, facts, restore, standby

PATIENTS = 20
AT_ONCE = 8
GIVES_UP_AFTER = 3600  # seconds
LOGS = "SELECT client_uuid::text, count(*) FROM prescriptions_sessionlog GROUP BY 1"
AUDITED = """
    SELECT count(*) FROM prescriptions_sessionlog AS log WHERE 1 <> (
        SELECT count(*) FROM clinics_auditevent AS line
        WHERE line.verb = 'logged a session' AND line.clinic_id = log.clinic_id
        AND line.target_id = log.id)"""
LINES = "SELECT count(*) FROM clinics_auditevent WHERE verb = 'logged a session'"


class Drill:
    def __init__(self, house: House, given: argparse.Namespace) -> None:
        self.house, self.given = house, given
        self.wrong: list[str] = []
        self.acknowledged: set[str] = set()

    def expect(self, is_so: bool, what: str) -> None:
        if not is_so:
            self.wrong.append(what)
            print(f"  WRONG: {what}", flush=True)

    def run(self) -> None:
        house = self.house
        with timed("The house stands"):
            house.begin()
            if self.given.control == "lost":
                house.first.sql("ALTER ROLE bearing_app SET synchronous_commit = off")
                house.first.sql("ALTER SYSTEM SET wal_writer_delay = '2s'")
                house.first.sql("SELECT pg_reload_conf()")
            told = json.loads(house.people(PATIENTS))
            house.serve()
            wait_until(lambda: answers(house.port), "the web answers")
            self.phones = phones_of(told, house.port)
        self.kill()
        if self.given.control:
            return
        before, moment = self.dump_and_delete()
        restored = self.restore_to(before, moment)
        self.restore_to_the_end(before)
        self.restore_dump()
        self.fail_over(restored)

    def kill(self) -> None:
        """Phones write, and what serves them is killed in turn; half-way a backup is made."""
        given, house = self.given, self.house
        phones = Phones(
            self.phones, house.port, writes=given.writes, keyed=given.control != "doubled"
        )
        began, back = time.monotonic(), []
        phones.start(AT_ONCE)
        victims = cycle(["web", "worker", "postgres"] if not given.control else ["postgres", "web"])
        for number, victim in zip(range(1, given.kills + 1), victims, strict=False):
            mark = given.writes * number // (given.kills + 1)
            wait_until(
                lambda mark=mark: len(phones.acknowledged) >= mark or phones.are_done,
                "phones get on",
            )
            if number == given.kills // 2 + 1:
                with timed("Base backup under load"):
                    backup.base(house.backups, at=house.at(REPLICA))
            killed = self._kill(victim)
            wait_until(
                lambda killed=killed: phones.acknowledged_at > killed or phones.are_done,
                "a write after a kill",
            )
            print(f"  kill {number}: {victim}, at {len(phones.acknowledged)} writes", flush=True)
            if phones.acknowledged_at > killed:
                back.append((victim, phones.acknowledged_at - killed))
        phones.wait(began + GIVES_UP_AFTER)
        seconds = time.monotonic() - began
        self.acknowledged |= phones.acknowledged
        self.expect(phones.are_done, "the phones did not get done")
        self.expect(not phones.refused, f"refused: {phones.refused[:3]}")
        print(
            f"{len(phones.acknowledged)} writes acknowledged over {given.kills} kills in"
            f" {seconds:.0f} s, {len(phones.acknowledged) / seconds:.0f} a second;"
            f" {phones.sent_again} sent again."
        )
        for victim in ("web", "worker", "postgres"):
            waits = sorted(wait for name, wait in back if name == victim)
            if waits:
                print(
                    f"  {victim}: {len(waits)} kills, a write again after"
                    f" {waits[len(waits) // 2]:.1f} s (median), {waits[-1]:.1f} s (longest)"
                )
        self.count(house.first)
        self.expect_worker(house.first)

    def _kill(self, victim: str) -> float:
        """Returns when it was dead; it is being started again by then."""
        if victim == "postgres":
            kill_server(self.house.first)
            killed = time.monotonic()
            self.house.first.start()
            return killed
        self.house.kill(victim)
        return time.monotonic()

    def count(self, cluster: Cluster) -> None:
        """Of what was acknowledged nothing lost, nothing doubled, each with its line of audit."""
        with psycopg.connect(self.house.at(SUPERUSER, cluster)) as connection:
            stored = dict(connection.execute(LOGS).fetchall())
            (unaudited,) = connection.execute(AUDITED).fetchone() or (0,)
            (lines,) = connection.execute(LINES).fetchone() or (0,)
        lost = self.acknowledged - stored.keys()
        doubled = sum(stored.values()) - len(self.acknowledged)
        print(f"  stored {sum(stored.values())}: {len(lost)} lost, {max(doubled, 0)} doubled;")
        print(f"  {lines} lines of audit, {unaudited} logs without exactly one")
        self.expect(not lost, f"{len(lost)} acknowledged writes are lost")
        self.expect(doubled <= 0, f"{doubled} writes are stored more than once")
        self.expect(unaudited == 0 and lines == sum(stored.values()), "audit lines and logs differ")

    def expect_worker(self, cluster: Cluster) -> None:
        """After all that it gives signs of life, and nothing has waited for it for long."""
        alive = (
            "SELECT count(*) FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - interval '30s'"
        )
        try:
            wait_until(lambda: cluster.sql(alive, "bearing") != "0", "the worker lives", 90)
        except TimeoutError:
            self.expect(False, "the worker has not come back")

    def dump_and_delete(self) -> tuple[facts.Facts, datetime]:
        """A dump; then somebody deletes every log, and the server is lost."""
        house = self.house
        house.close()
        with timed("Dump with its facts"):
            self.dump = backup.dump(house.backups, at=house.at("bearing_dump"))
        before = facts.read(self.dump / backup.FACTS)
        time.sleep(1.1)
        moment = datetime.now(UTC)
        time.sleep(1.1)
        with psycopg.connect(house.at(SUPERUSER), autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("DELETE FROM prescriptions_sessionentry")
            connection.execute("DELETE FROM prescriptions_sessionlog")
        archive_all(house.first)
        destroy(house.first)
        return before, moment

    def restore_to(self, before: facts.Facts, moment: datetime) -> Cluster:
        restored = self._from_base("restored", before, moment)
        wrong = facts.compare(
            before,
            whole=self.house.at(SUPERUSER, restored),
            app=self.house.at("bearing_app", restored),
        )
        print(f"  {facts.count_of_rows(before)} rows in {len(before['rows'])} tables compared:")
        print(f"  {len(wrong)} differences; policies, constraints, triggers, rights among them")
        self.expect(not wrong, f"after the restore: {wrong[:3]}")
        self.count(restored)
        return restored

    def restore_to_the_end(self, before: facts.Facts) -> None:
        """The same to the end of the archive holds the mistake: so the moment was what mattered."""
        restored = self._from_base("to-the-end", before, None)
        left = restored.sql("SELECT count(*) FROM prescriptions_sessionlog", "bearing")
        print(f"  to the end of the archive: {left} logs, as after the mistake")
        self.expect(left == "0", "the archive does not go to its end")
        restored.stop()

    def _from_base(self, name: str, before: facts.Facts, moment: datetime | None) -> Cluster:
        made = max(self.house.backups.glob("base-*"))
        cluster = self.house.cluster(name)
        until = f"to just before {moment:%H:%M:%S}" if moment else "to the end"
        with timed(f"Restored from base and archive, {until}"):
            restore.base(made, archive=self.house.archive, into=cluster.data, at=moment)
            cluster.start(timeout=300)
            wait_until(lambda: cluster.sql("SELECT pg_is_in_recovery()") == "f", "recovery", 300)
        return cluster

    def restore_dump(self) -> None:
        cluster = self.house.cluster("from-dump")
        cluster.start()
        self.house.make_logins(cluster)
        administrator = self.house.at(SUPERUSER, cluster)
        with timed("Restored from the dump on an empty server"):
            restore.dump(self.dump, administrator=administrator)
        wrong = facts.compare(
            facts.read(self.dump / backup.FACTS),
            whole=administrator,
            app=self.house.at("bearing_app", cluster),
        )
        print(f"  {len(wrong)} differences")
        self.expect(not wrong, f"after the restore of the dump: {wrong[:3]}")
        cluster.stop()

    def fail_over(self, primary: Cluster) -> None:
        """A standby that has every acknowledged write takes over from one that is killed."""
        house, second = self.house, self.house.cluster("second")
        restore.finish(administrator=house.at(SUPERUSER, primary))
        with timed("Standby made and in step"):
            second.home.mkdir()
            standby.make(second.data, primary=house.at(REPLICA, primary))
            second.start()
            standby.wait_for(primary=house.at(SUPERUSER, primary))
        house.serve(primary, second)
        wait_until(lambda: answers(house.port), "the web answers")
        writes = max(self.given.writes // 10, 100)
        phones = Phones(self.phones, house.port, writes=writes)
        phones.start(AT_ONCE)
        wait_until(lambda: len(phones.acknowledged) >= writes // 2, "phones get on")
        killed = time.monotonic()
        kill_server(primary)
        standby.promote(standby=house.at(SUPERUSER, second))
        promoted = time.monotonic()
        wait_until(lambda: phones.acknowledged_at > promoted or phones.are_done, "a write")
        print(
            f"Failover: the standby took over {promoted - killed:.1f} s after the kill, a write"
            f" was acknowledged after {phones.acknowledged_at - killed:.1f} s"
        )
        phones.wait(time.monotonic() + GIVES_UP_AFTER)
        self.expect(phones.are_done, "the phones did not get done after the failover")
        self.expect(not phones.refused, f"refused: {phones.refused[:3]}")
        self.acknowledged |= phones.acknowledged
        self.count(second)
        house.close()
        second.stop()


def archive_all(cluster: Cluster) -> None:
    """Wait until everything written so far is in the archive."""
    piece = cluster.sql("SELECT pg_walfile_name(pg_current_wal_lsn())")
    cluster.sql("SELECT pg_switch_wal()")
    archived = "SELECT last_archived_wal FROM pg_stat_archiver"
    wait_until(lambda: cluster.sql(archived) >= piece, "the archive is complete")


def answers(port: int) -> bool:
    visitor = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        visitor.request("GET", "/my/help/")
        return visitor.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        visitor.close()


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = GIVES_UP_AFTER) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError(f"Waited {seconds:.0f} s for this: {what}")
        time.sleep(0.02)


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - began:.1f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.drill")
    parser.add_argument("--writes", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--port", type=int, default=8290)
    parser.add_argument("--control", choices=["doubled", "lost"])
    given = parser.parse_args()
    if answers(given.port):
        sys.exit(f"Something answers on port {given.port} already: choose another --port.")
    folder = Path(tempfile.mkdtemp(prefix="bearing-drill-"))
    house, began = House(folder, given.port), datetime.now(UTC)
    drill = Drill(house, given)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("The drill was stopped."))
    print(f"Drill of {given.writes} writes and {given.kills} kills, load {os.getloadavg()[0]:.1f}.")
    try:
        drill.run()
    finally:
        house.close()
        for home in folder.iterdir():
            if (home / "data").exists():
                Cluster(home).stop()
        print(f"Load {os.getloadavg()[0]:.1f}; {datetime.now(UTC) - began} in all.")
    if drill.wrong and not given.control:
        print(f"What is left of it is in {folder}.")
    else:
        shutil.rmtree(folder)
    if given.control:
        print("Noticed, as it must be." if drill.wrong else "WRONG: it was not noticed.")
        return 0 if drill.wrong else 1
    print("\n".join(drill.wrong) or "Nothing acknowledged was lost, nothing was stored twice.")
    return 1 if drill.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
