"""The worker beside the web: one process that is started anew whenever it ends.

It ends by itself, even with code 0, when PostgreSQL is lost for a while.
"""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

COMMAND = (sys.executable, "manage.py", "worker")
# Long enough that a worker which cannot start does not keep the computer busy.
PAUSE = 2.0  # seconds
ENDS_WITHIN = 10.0  # seconds
# A process group of its own: we end it when Ctrl-C reaches us, and it does not hear it twice.
DEAF_TO_CTRL_C = 0


class Worker:
    """Keeps one worker running between `start` and `stop`, as long as `tend` is called."""

    def __init__(self, environment: Mapping[str, str], command: Sequence[str] = COMMAND) -> None:
        self._environment, self._command = environment, command
        self._process: subprocess.Popen[bytes] | None = None
        self._ended_at: float | None = None

    def start(self) -> None:
        self._ended_at = None
        self._process = subprocess.Popen(  # noqa: S603 - words of our own, and no shell
            self._command, env=self._environment, process_group=DEAF_TO_CTRL_C
        )

    def tend(self) -> None:
        """Start it again, a moment after it has ended."""
        if self._process is None or self._process.poll() is None:
            return
        if self._ended_at is None:
            self._ended_at = time.monotonic()
        elif time.monotonic() - self._ended_at >= PAUSE:
            self.start()

    def stop(self) -> None:
        """Let it finish what it has in hand; one that does not end is ended."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
