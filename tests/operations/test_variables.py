"""What is set in the environment has one name everywhere, and what is missing stops the start."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from config import database

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OPERATIONS = ROOT / "scripts" / "operations"
UNITS = sorted((ROOT / "docs" / "systemd").glob("*.service"))
EXAMPLE = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
# Set by compose.yaml itself, and by the images it uses.
OF_THE_IMAGES = {"POSTGRES_INITDB_ARGS"}
SECRETS = {
    *(
        "SECRET_KEY",
        "SECOND_FACTOR_KEYS",
        "VAPID_PRIVATE_KEY",
        "SITE_HOST",
        "EMAIL_HOST",
        "DEFAULT_FROM_EMAIL",
    ),
    *("POSTGRES_PASSWORD", "APP_PASSWORD", "MIGRATOR_PASSWORD", "DUMP_PASSWORD"),
    "REPLICA_PASSWORD",
}


def asked_for(text: str) -> dict[str, set[str]]:
    """The variables of a compose file, each with how it treats one that is missing."""
    found: dict[str, set[str]] = {}
    for name, when_missing in re.findall(r"\$\{([A-Z_]+)(:[?-])?", text):
        found.setdefault(name, set()).add(when_missing)
    return found


def service(name: str) -> str:
    return re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", COMPOSE, re.MULTILINE)[1]


def test_compose_asks_only_for_what_the_example_explains():
    assert asked_for(COMPOSE).keys() <= EXAMPLE


def test_compose_does_not_start_without_a_secret():
    asked = asked_for(COMPOSE)
    assert {name for name, ways in asked.items() if ways == {":?"}} == SECRETS
    assert all(ways == {":-"} for name, ways in asked.items() if name not in SECRETS)


def test_no_secret_has_a_value_in_compose_or_in_the_image():
    for name in SECRETS:
        assert not re.search(rf"{name}[:=] *[^$ ]*\b(?!collectstatic)\w+$", COMPOSE, re.MULTILINE)
    for line in DOCKERFILE.splitlines():
        assert not re.match(r"(ARG|ENV).*(SECRET|PASSWORD|KEY|TOKEN)", line)


def test_what_compose_sets_is_known():
    set_there = set(re.findall(r"^ +([A-Z_]+): ", COMPOSE, re.MULTILINE))
    assert set_there <= EXAMPLE | OF_THE_IMAGES


def test_the_units_name_variables_that_the_example_explains():
    assert UNITS
    for unit in UNITS:
        text = unit.read_text()
        named = re.search(r"required\.sh (.*)", text)[1].split()
        named += re.findall(r"^Environment=(\w+)=", text, re.MULTILINE)
        assert set(named) <= EXAMPLE, unit.name


def test_web_and_worker_never_have_the_login_that_steps_over_the_walls():
    for name in ("web", "worker"):
        assert "MIGRATOR" not in service(name)
        assert "MIGRATOR" not in (ROOT / "docs" / "systemd" / f"bearing-{name}.service").read_text()
    assert "MIGRATOR" in service("migrate")


def test_what_ends_is_started_again_even_when_it_ends_well():
    for name in ("web", "worker"):
        unit = (ROOT / "docs" / "systemd" / f"bearing-{name}.service").read_text()
        assert "\nRestart=always\n" in unit
    assert "restart: always" in COMPOSE[: COMPOSE.index("services:")], "of web and worker"


def test_the_image_holds_every_app_and_runs_as_nobody_special():
    copied = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE))
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert apps | {"config", "templates", "static", "scripts"} == copied
    stages = DOCKERFILE.split("\nFROM ")
    assert re.search(r"^USER bearing$", stages[-1], re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE
    assert "/healthz" in DOCKERFILE


def test_logins_are_those_that_the_administrator_is_told_to_make(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    told = [line for line in database.script().splitlines() if not line.startswith("\\password")]
    kept = (OPERATIONS / "logins.sql").read_text().splitlines()
    assert kept[0].startswith("--")
    assert kept[1:] == [*told, "CREATE ROLE bearing_replica LOGIN REPLICATION;"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param({"ONE": "1", "TWO": "2"}, 0, id="both"),
        pytest.param({"ONE": "1"}, 78, id="one is missing"),
        pytest.param({"ONE": "1", "TWO": ""}, 78, id="one is empty"),
    ],
)
def test_a_unit_does_not_start_without_a_variable(given, code):
    ran = subprocess.run(  # noqa: S603
        ["/bin/sh", OPERATIONS / "required.sh", "ONE", "TWO"],
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, "Set TWO" in ran.stderr) == (code, code != 0)
