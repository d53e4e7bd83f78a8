"""The drill in small, and the same with something made wrong on purpose."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.thorough


def drill(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "scripts.drill", "--port", "8291", *arguments]
    return subprocess.run(command, capture_output=True, text=True)  # noqa: S603


def test_nothing_acknowledged_is_lost_or_doubled_and_every_restore_is_whole():
    ran = drill("--writes", "300", "--kills", "3")
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("control", ["doubled", "lost"])
def test_the_drill_notices_what_is_wrong(control):
    ran = drill("--writes", "300", "--kills", "3", "--control", control)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Noticed, as it must be." in ran.stdout
