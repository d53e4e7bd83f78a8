"""Make .venv and install what a lock file lists, unless that is done: install.py LOCK [LARGER_LOCK]

A larger lock contains the first one: where it is installed already, nothing is to be done.
Runs with whatever python3 is there, so it has to be readable for old ones too.
"""

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INSTALLED = VENV / "installed-lock"
LOG = VENV / "install.log"


def main(locks):
    require_new_python()
    fcntl.flock(os.open(str(ROOT), os.O_RDONLY), fcntl.LOCK_EX)  # two at once would clash
    healthy = is_healthy()
    if healthy and installed() in [digest(lock) for lock in locks]:
        return
    print("Installing into .venv (about a minute, once) …", flush=True)
    if not healthy:
        make_environment()
    install(locks[0])
    INSTALLED.write_text(digest(locks[0]))


def require_new_python():
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where older ones are told
        sys.exit(
            f"Bearing needs Python 3.11 or newer, and {sys.executable} is"
            f" {sys.version.split()[0]}. Name another one like this: PYTHON=python3.12"
        )
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        sys.exit(
            f"{sys.executable} cannot make virtual environments."
            " On Debian or Ubuntu: apt-get install python3-venv"
        )


def is_healthy():
    """Whether .venv has a Python that still runs and finds its pip."""
    find_pip = "import importlib.util, sys; sys.exit(not importlib.util.find_spec('pip'))"
    try:
        return run([str(PYTHON), "-c", find_pip]).returncode == 0
    except OSError:
        return False


def installed():
    return INSTALLED.read_text() if INSTALLED.exists() else ""


def digest(lock):
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def make_environment():
    made = run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if made.returncode:
        sys.exit(f"No virtual environment could be made in {VENV}: {last_line(made.stdout)}")


def install(lock):
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = run([*pip, "--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / lock)])
    if done.returncode:
        LOG.write_text(done.stdout)
        errors = [line for line in done.stdout.splitlines() if line.startswith("ERROR:")]
        sys.exit(
            f"{lock} could not be installed; is the package registry within reach?"
            f" {' '.join(errors[:1])} (all of it: {LOG})"
        )


def run(command):
    return subprocess.run(  # noqa: S603 - words of our own, and no shell
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def last_line(text):
    return (text.strip().splitlines() or ["no reason was given"])[-1]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.exit(f"Nothing can be installed here: {error.strerror}: {error.filename}")
