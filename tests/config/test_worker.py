"""The worker beside the web is started anew whenever it ends."""

import os
import sys
import time
from pathlib import Path

import pytest

from config import worker
from config.worker import Worker


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(worker, "PAUSE", 0.0)


def started(tmp_path: Path, program: str) -> Worker:
    kept = Worker(dict(os.environ), (sys.executable, "-c", program, str(tmp_path / "starts")))
    kept.start()
    return kept


def starts(tmp_path: Path) -> int:
    file = tmp_path / "starts"
    return len(file.read_text().split()) if file.exists() else 0


def tend_until(kept: Worker, is_done) -> None:
    until = time.monotonic() + 20
    while not is_done():
        assert time.monotonic() < until
        kept.tend()
        time.sleep(0.02)


SIGN = "import sys; open(sys.argv[1], 'a').write('x '); "


@pytest.mark.parametrize("code", [0, 1])
def test_one_that_ends_is_started_anew_even_when_it_ends_well(tmp_path, code):
    kept = started(tmp_path, SIGN + f"sys.exit({code})")
    tend_until(kept, lambda: starts(tmp_path) >= 3)
    kept.stop()


def test_one_that_runs_is_left_alone_and_stopped_with_us(tmp_path):
    kept = started(tmp_path, SIGN + "import time; time.sleep(60)")
    tend_until(kept, lambda: starts(tmp_path) == 1)
    for _ in range(5):
        kept.tend()
    began = time.monotonic()
    kept.stop()
    assert time.monotonic() - began < 5
    assert starts(tmp_path) == 1
    kept.stop()  # twice does no harm


def test_one_that_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "ENDS_WITHIN", 0.3)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    kept = started(tmp_path, deaf + SIGN + "time.sleep(60)")
    tend_until(kept, lambda: starts(tmp_path) == 1)
    kept.stop()


def test_one_that_cannot_start_waits_before_it_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "PAUSE", 60.0)
    kept = started(tmp_path, SIGN + "sys.exit(1)")
    tend_until(kept, lambda: starts(tmp_path) == 1)
    for _ in range(20):
        kept.tend()
        time.sleep(0.02)
    assert starts(tmp_path) == 1
    kept.stop()
