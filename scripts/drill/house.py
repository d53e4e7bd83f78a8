"""All that serves Bearing, as processes of our own: PostgreSQL, the web and the worker.

They run as in production: the web's own login, gunicorn, a supervisor that starts again what ends.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from psycopg.conninfo import make_conninfo

from config import database
from config.embedded import PORT, SUPERUSER, Cluster
from scripts.operations import postgres

REPLICA = "bearing_replica"
ARCHIVER = Path(postgres.__file__).with_name("archive_wal.sh")
LOGINS = Path(postgres.__file__).with_name("logins.sql")
PAUSE = 0.5  # seconds until a supervisor starts again what has ended


class Service:
    """A process that is started again whenever it ends, until it is stopped."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, environment, log
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = threading.Event()
        self.starts = 0

    def start(self) -> None:
        self._wanted.set()
        threading.Thread(target=self._keep, daemon=True).start()

    def kill(self) -> None:
        """SIGKILL to it and to its children, which nobody can hear."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        self._wanted.clear()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
                self._process.wait()

    def _keep(self) -> None:
        while self._wanted.is_set():
            self.starts += 1
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - words of our own, and no shell
                    self._command,
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self._process.wait()
            time.sleep(PAUSE)


class House:
    """The servers below one folder, the first of `clusters` to be asked first."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.archive = folder / "archive"
        self.backups = folder / "backups"
        for made in (self.archive, self.backups):
            made.mkdir(mode=0o700)
        self.first = self.cluster("first")
        self._secret_key = secrets.token_urlsafe(50)
        self._services: dict[str, Service] = {}

    def cluster(self, name: str) -> Cluster:
        return Cluster(self.folder / name)

    def begin(self) -> None:
        """The first server with its archive, the logins as an administrator makes them, tables."""
        self.first.start()
        for name, value in {
            "archive_mode": "on",
            "archive_command": f"sh {ARCHIVER} %p %f {self.archive}",
            "archive_timeout": "60s",
        }.items():
            self.first.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.first.stop()
        self.first.start()
        self.make_logins(self.first)
        self.manage("migrate", "--verbosity=0", login="migrator")
        self.manage("load_catalogue", login="migrator")

    @staticmethod
    def make_logins(cluster: Cluster) -> None:
        """As an administrator makes them, but for passwords: nobody but us reaches the server."""
        psql = [postgres.find("psql"), "-Xq", "-v", "ON_ERROR_STOP=1", f"--file={LOGINS}"]
        subprocess.run(  # noqa: S603 - words of our own, and no shell
            [*psql, f"--host={cluster.socket_dir}", "-U", SUPERUSER], check=True
        )

    def at(self, login: str, *clusters: Cluster) -> str:
        """The address of the database for a login, on whichever of the servers takes writes."""
        asked = clusters or (self.first,)
        return make_conninfo(
            host=",".join(str(cluster.socket_dir) for cluster in asked),
            port=",".join(str(PORT) for _ in asked),
            dbname=database.DATABASE,
            user=login,
            target_session_attrs="read-write" if len(asked) > 1 else "any",
        )

    def environment(self, *clusters: Cluster) -> dict[str, str]:
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PG") and not name.endswith("DATABASE_URL")
        }
        return {
            **ours,
            "APP_DATABASE_URL": self.at("bearing_app", *clusters),
            "MIGRATOR_DATABASE_URL": self.at("bearing_migrator", *clusters),
            "SECRET_KEY": self._secret_key,
            "SECOND_FACTOR_KEYS": self._secret_key,
            "SITE_URL": f"http://127.0.0.1:{self.port}",
            "PORT": str(self.port),
            "WEB_PROCESSES": "2",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    def manage(self, *command: str, login: str = "app") -> None:
        environment = {**self.environment(), "BEARING_LOGIN": login}
        with (self.folder / "manage.log").open("ab") as log:
            subprocess.run(  # noqa: S603 - words of our own, and no shell
                [sys.executable, "manage.py", *command], env=environment, check=True, stdout=log
            )

    def people(self, count: int) -> str:
        """What scripts.drill.people prints."""
        return subprocess.run(  # noqa: S603 - words of our own, and no shell
            [sys.executable, "-m", "scripts.drill.people", str(count)],
            env=self.environment(),
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def serve(self, *clusters: Cluster) -> None:
        """Start web and worker, or start them anew before these servers."""
        self.close()
        environment = self.environment(*clusters)
        web = ["-m", "gunicorn", "--config=python:config.gunicorn", "config.wsgi"]
        self._services = {
            name: Service([sys.executable, *command], environment, self.folder / f"{name}.log")
            for name, command in {"web": web, "worker": ["manage.py", "worker"]}.items()
        }
        for service in self._services.values():
            service.start()

    def kill(self, what: str) -> None:
        self._services[what].kill()

    def close(self) -> None:
        for service in self._services.values():
            service.stop()


def kill_server(cluster: Cluster) -> None:
    """SIGKILL to PostgreSQL and all its processes: nothing is written down any more."""
    server = int((cluster.data / "postmaster.pid").read_text().partition("\n")[0])
    for pid in [server, *_children(server)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(server, 0)


def destroy(cluster: Cluster) -> None:
    cluster.stop()
    shutil.rmtree(cluster.data)


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent:
                    found.append(int(entry.name))
    return found
