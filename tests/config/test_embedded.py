import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from config import embedded
from config.embedded import Cluster, EmbeddedError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")


@pytest.fixture
def make_cluster():
    """Makes clusters and stops them; `make_cluster(home)`."""
    made = []

    def make(home: Path) -> Cluster:
        made.append(Cluster(home, fast=True))
        return made[-1]

    yield make
    for cluster in made:
        cluster.stop()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Shared by the tests of this file, which find it running or stopped and do not mind."""
    cluster = Cluster(tmp_path_factory.mktemp("embedded") / "pg", fast=True)
    yield cluster
    cluster.stop()


def pid_file(cluster: Cluster) -> Path:
    return cluster.data / "postmaster.pid"


def server_pid(cluster: Cluster) -> int:
    return int(pid_file(cluster).read_text().split()[0])


def test_starting_twice_keeps_the_server_that_runs(cluster):
    cluster.start()
    first = server_pid(cluster)
    cluster.start()
    assert server_pid(cluster) == first
    assert cluster.status == "ready"


def test_stop_stops_and_may_be_said_twice(cluster):
    cluster.start()
    cluster.stop()
    cluster.stop()
    assert cluster.status == "stopped"


def test_data_outlive_a_stop(cluster):
    cluster.start()
    cluster.sql("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS number")
    cluster.stop()
    cluster.start()
    assert cluster.sql("SELECT number FROM kept") == "7"


def test_nobody_else_may_enter_and_nothing_listens_on_the_network(cluster):
    cluster.start()
    assert cluster.socket_dir.stat().st_mode & 0o777 == 0o700
    assert cluster.data.stat().st_mode & 0o777 == 0o700
    assert cluster.sql("SHOW listen_addresses") == ""


def test_a_killed_server_starts_again(cluster):
    cluster.start()
    os.kill(server_pid(cluster), signal.SIGKILL)
    cluster.start()
    assert cluster.sql("SELECT 1") == "1"


def test_a_process_number_that_another_program_has_by_now_is_no_hindrance(cluster):
    cluster.start()
    socket_lock = cluster.socket_dir / f".s.PGSQL.{embedded.PORT}.lock"
    left_behind = {path: path.read_text() for path in (pid_file(cluster), socket_lock)}
    number = str(server_pid(cluster))
    cluster.stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        for path, text in left_behind.items():
            path.write_text(text.replace(number, str(other.pid), 1))
        assert cluster.status == "stopped"
        cluster.start()
        assert server_pid(cluster) != other.pid
        assert other.poll() is None
        other.communicate(b"\n")


def test_a_server_somebody_is_connected_to_is_not_stopped_as_idle(cluster):
    cluster.start()
    address = [f"--host={cluster.socket_dir}", f"--port={embedded.PORT}", "--username=postgres"]
    psql = [embedded.program_folder() / "psql", *address, "-qAt"]
    with subprocess.Popen(  # noqa: S603
        psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdin.write(b"SELECT 1;\n")
        other.stdin.flush()
        assert other.stdout.readline() == b"1\n"
        cluster.stop(only_if_idle=True)
        assert cluster.status == "ready"
        other.communicate()
    cluster.stop(only_if_idle=True)
    assert cluster.status == "stopped"


def test_four_processes_that_start_it_at_once_get_one_server(make_cluster, tmp_path):
    cluster = make_cluster(tmp_path / "pg")
    start = (
        "import sys; from pathlib import Path; from config.embedded import Cluster;"
        "cluster = Cluster(Path(sys.argv[1]), fast=True);"
        "cluster.start(); print(cluster.sql('SELECT pg_postmaster_start_time()'))"
    )
    processes = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", start, cluster.home],
            cwd=embedded.VAR.parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    answers = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert len(set(answers)) == 1


def test_an_interrupted_making_of_the_data_is_begun_again(make_cluster, tmp_path):
    cluster = make_cluster(tmp_path / "pg")
    unfinished = cluster.home / "data.unfinished"
    unfinished.mkdir(parents=True, mode=0o700)
    (unfinished / "PG_VERSION").write_text("18\n")
    cluster.start()
    assert cluster.status == "ready"
    assert not unfinished.exists()


def test_a_long_path_and_a_comma_move_the_socket_to_a_short_private_folder(tmp_path):
    for name in ("x" * 100, "one,two"):
        cluster = Cluster(tmp_path / name)
        assert cluster.socket_dir.parent == Path("/tmp")  # noqa: S108
        assert cluster.socket_dir == Cluster(tmp_path / name).socket_dir
        assert cluster.socket_dir != Cluster(tmp_path / "y" / name).socket_dir


def test_a_server_with_a_long_path_runs(make_cluster, tmp_path):
    cluster = make_cluster(tmp_path / ("x" * 100))
    cluster.start()
    assert cluster.sql("SELECT 1") == "1"
    cluster.stop()
    cluster.socket_dir.rmdir()


def test_a_socket_folder_that_others_may_enter_is_refused(tmp_path):
    cluster = Cluster(tmp_path)
    cluster.socket_dir.mkdir(mode=0o755)
    with pytest.raises(EmbeddedError, match="is not a private folder of ours"):
        cluster.start()


def test_a_folder_that_cannot_be_written_is_told_in_one_line():
    with pytest.raises(EmbeddedError, match=r"^The embedded PostgreSQL cannot run: .+$") as told:
        Cluster(Path("/proc/bearing")).start()
    assert "\n" not in str(told.value)


def test_a_start_that_fails_is_told_in_one_line_with_the_servers_reason(make_cluster, tmp_path):
    cluster = make_cluster(tmp_path)
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text("7\n")
    (cluster.data / "postgresql.conf").touch()
    cluster.data.chmod(0o700)
    started = time.monotonic()
    with pytest.raises(EmbeddedError, match="database files are incompatible with server"):
        cluster.start()
    assert time.monotonic() - started < 5


def test_wrong_sql_is_told_in_one_line(cluster):
    cluster.start()
    with pytest.raises(EmbeddedError, match=r'^ERROR:  relation "nothing" does not exist$'):
        cluster.sql("SELECT * FROM nothing")


def test_without_the_package_the_way_out_is_told(monkeypatch):
    monkeypatch.delenv("PG_BIN", raising=False)
    monkeypatch.setattr(embedded, "PACKAGE", "no_such_package")
    with pytest.raises(EmbeddedError, match="set DATABASE_URL"):
        embedded.program_folder()


@pytest.fixture
def within_reach(monkeypatch):
    """A folder that every account can enter; pytest's own is closed, as one below /root is."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(embedded, "WITHIN_REACH", Path(folder))
        yield Path(folder)


@as_root
def test_where_namespaces_are_refused_root_steps_down_to_an_account_within_its_reach(
    within_reach, make_cluster, tmp_path, monkeypatch
):
    works = embedded._works
    monkeypatch.setattr(
        embedded, "_works", lambda *command: command[0] != "unshare" and works(*command)
    )
    cluster = make_cluster(tmp_path / "pg")
    cluster.start()
    cluster.start()
    assert cluster.data.stat().st_uid != 0
    assert cluster.data.resolve().is_relative_to(within_reach)
    os.kill(server_pid(cluster), signal.SIGKILL)
    cluster.start()
    assert cluster.sql("SELECT 1") == "1"
