"""Run the suite, or its thorough part: python -m scripts.test [thorough | pytest's arguments]"""

import os
import subprocess
import sys

from config import database, embedded
from scripts import browser

# One process more than cores: each waits for PostgreSQL or Chromium a good part of its time. Each
# makes a database of its own.
PROCESSES = min((os.cpu_count() or 1) + 1, 4)
ALL_CORES = ["-n", str(PROCESSES), "--dist", "worksteal"]
WHAT = {"": [*ALL_CORES, "-m", "not thorough"], "thorough": [*ALL_CORES, "-m", "thorough"]}


def main(arguments: list[str]) -> int:
    # Every process has to list the cases of a set in the same order.
    environment = {"PYTHONHASHSEED": "0", **os.environ}
    reason = None
    try:
        environment["CHROMIUM"] = browser.find()
    except browser.NoBrowserError as error:
        reason = str(error)
        environment["BEARING_NO_BROWSER"] = reason
    try:
        database.prepare(testing=True)
        chosen = WHAT.get(" ".join(arguments), arguments)
        template = _begin_template(environment) if chosen is not arguments else None
        pytest = [sys.executable, "-m", "pytest", *chosen]
        code = subprocess.run(pytest, env=environment).returncode  # noqa: S603 - no shell
        if template:
            template.wait()
    finally:
        embedded.local_cluster(testing=True).stop(only_if_idle=True)
    if reason:
        print(f"Browser tests were skipped: {reason}")
    return code


def _begin_template(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """While every process lists the tests, one makes the database that they copy."""
    command = [sys.executable, "-m", "scripts.test_template"]
    return subprocess.Popen(  # noqa: S603 - no shell
        command, env=environment, stdout=subprocess.DEVNULL
    )


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (database.DatabaseSetupError, embedded.EmbeddedError) as error:
        sys.exit(str(error))
