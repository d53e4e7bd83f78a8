"""Serve Bearing on this computer until Ctrl-C: python -m config.serve PORT [--dev]

The web server and the worker have the login that row-level security binds, and no stronger one.
"""

import argparse
import http.client
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import psycopg

from config import database, embedded
from config.worker import DEAF_TO_CTRL_C, Worker
from prescriptions import push

SECRET_KEY_FILE = embedded.VAR / "secret_key"
VAPID_KEY_FILE = embedded.VAR / "vapid_key"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AS_MIGRATOR = (["migrate", "--verbosity=0"], ["load_catalogue"])
AS_APP = (["sample_clinic"], ["look_back"])
LOOKS_EVERY = 0.5  # seconds: whether the web and the worker still run


class ServeError(Exception):
    """Why Bearing cannot be served, in one line."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m config.serve")
    parser.add_argument("port", type=int)
    parser.add_argument("--dev", action="store_true", help="reload when code changes, show errors")
    given = parser.parse_args()
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)
    try:
        environment = _environment(given.port)
        with _running_database():
            _make_ready(environment)
            _serve(given.port, environment, dev=given.dev)
    except KeyboardInterrupt:
        print("\nBearing has stopped. Its data are kept.")
    except (database.DatabaseSetupError, embedded.EmbeddedError, ServeError) as error:
        sys.exit(str(error))


def _stop(number: int, frame: FrameType | None) -> None:
    for signal_number in STOP_SIGNALS:
        signal.signal(signal_number, signal.SIG_IGN)  # a second Ctrl-C shall not cut the end short
    raise KeyboardInterrupt


def _environment(port: int) -> dict[str, str]:
    return {
        "SECRET_KEY": _kept(SECRET_KEY_FILE, lambda: secrets.token_urlsafe(50)),
        "VAPID_PRIVATE_KEY": _kept(VAPID_KEY_FILE, push.new_private_key),
        "SITE_URL": f"http://127.0.0.1:{port}",
        **os.environ,
    }


def _kept(file: Path, make: Callable[[], str]) -> str:
    """A key that is made once, so that people and phones stay signed in from start to start."""
    try:
        file.parent.mkdir(exist_ok=True)
        file.touch(mode=0o600)
        if not file.read_text():
            file.write_text(make())
        return file.read_text()
    except OSError as error:
        reason = f"{error.strerror}: {error.filename}"
        raise ServeError(f"A key cannot be kept: {reason}") from error


@contextmanager
def _running_database() -> Iterator[None]:
    """Have the database ready meanwhile; an embedded server is stopped after its last user."""
    if not database.is_embedded():
        database.prepare()
        yield
        return
    try:
        database.prepare()
        # Shows those who stop before us that the server is still in use.
        with closing(psycopg.connect(database.conninfo("app"), autocommit=True)):
            yield
    finally:
        embedded.local_cluster().stop(only_if_idle=True)


def _make_ready(environment: dict[str, str]) -> None:
    print("Preparing the database …", flush=True)
    for command in AS_MIGRATOR:
        _manage(command, {**environment, "BEARING_LOGIN": "migrator"})
    for command in AS_APP:
        _manage(command, _without_strong_logins(environment))


def _manage(command: list[str], environment: dict[str, str]) -> None:
    ran = subprocess.run(  # noqa: S603 - words of our own, and no shell
        [sys.executable, "manage.py", *command], env=environment, process_group=DEAF_TO_CTRL_C
    )
    if ran.returncode:
        raise ServeError(f"manage.py {command[0]} has failed; what it said is above.")


def _serve(port: int, environment: dict[str, str], *, dev: bool) -> None:
    web = subprocess.Popen(  # noqa: S603 - words of our own, and no shell
        _development_server(port) if dev else _web_server(port),
        env=_without_strong_logins(environment) | ({"DEBUG": "on"} if dev else {}),
        # The development server keeps the terminal, for a debugger.
        process_group=None if dev else DEAF_TO_CTRL_C,
    )
    worker = Worker(_without_strong_logins(environment))
    try:
        worker.start()
        if _gives_a_page(web, port):
            print(f"Bearing is at http://127.0.0.1:{port} (Ctrl-C stops it)", flush=True)
        while web.poll() is None:
            worker.tend()
            time.sleep(LOOKS_EVERY)
        raise ServeError(f"The web server has stopped by itself, with code {web.returncode}.")
    finally:
        web.terminate()
        worker.stop()
        web.wait()


def _web_server(port: int) -> list[str]:
    gunicorn = [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}"]
    threads = ["--workers=1", "--worker-class=gthread", "--threads=8"]
    return [
        *gunicorn,
        *threads,
        "--config=python:config.gunicorn",
        "--graceful-timeout=5",
    ]


def _development_server(port: int) -> list[str]:
    return [sys.executable, "manage.py", "runserver", f"127.0.0.1:{port}"]


def _without_strong_logins(environment: dict[str, str]) -> dict[str, str]:
    strong = {"DATABASE_URL", "MIGRATOR_DATABASE_URL"}
    weaker = {name: value for name, value in environment.items() if name not in strong}
    if not database.is_embedded():
        weaker["APP_DATABASE_URL"] = database.conninfo("app")
    return weaker


def _gives_a_page(web: subprocess.Popen[bytes], port: int) -> bool:
    """Wait for the first answer, whatever it is; False when the server ends before."""
    while web.poll() is None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as visitor:
            try:
                visitor.request("GET", "/")
                visitor.getresponse()
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
            else:
                return True
    return False


if __name__ == "__main__":
    main()
