"""The house has floors. A module may import what lies below it, and nothing above."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BELOW = {
    "clinics": set(),
    "exercises": {"clinics"},
    "patients": {"clinics", "exercises"},
    "prescriptions": {"clinics", "exercises", "patients"},
    "portal": {"clinics", "exercises", "patients", "prescriptions"},
}
# Inside an app: a lower number lies below.
LEVEL = {"vocabulary": 0, "rules": 0, "models": 1, "actions": 2, "forms": 3, "views": 4, "urls": 5}
# What a therapist could read: no database, no request, no clock, no framework.
PLAIN = [
    "clinics/marking.py",
    "exercises/vocabulary.py",
    "exercises/dosage.py",
    "exercises/content/*.py",
    "exercises/figures/*.py",
    "patients/bodymap.py",
    "patients/compass.py",
    "patients/conditions.py",
    "patients/dates.py",
    "patients/episodes.py",
    "patients/lights.py",
    "patients/redflags.py",
    "prescriptions/adherence.py",
    "prescriptions/changes.py",
    "prescriptions/charts/*.py",
    "prescriptions/checks.py",
    "prescriptions/desk.py",
    "prescriptions/monitoring/__init__.py",
    "prescriptions/monitoring/days.py",
    "prescriptions/monitoring/minutes.py",
    "prescriptions/monitoring/rules.py",
    "prescriptions/phone_time.py",
    "prescriptions/placeholders.py",
    "prescriptions/reminding.py",
    "prescriptions/responses.py",
    "portal/devices.py",
    "portal/today.py",
]
QUERY_WORDS = {"filter", "exclude", "annotate", "aggregate", "raw", "create", "delete", "update"}


def modules(app: str) -> list[Path]:
    return [path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: write the import in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def case(path: Path, *more: object):
    return pytest.param(*more, path, id=str(path.relative_to(ROOT)))


ALL = [case(path, app) for app in BELOW for path in modules(app)]
VIEWS = [
    case(path)
    for app in BELOW
    for path in modules(app)
    if path.stem == "views" or path.parent.name == "views"
]


@pytest.mark.parametrize(("app", "path"), ALL)
def test_app_imports_only_apps_below(app, path):
    ours = {name.split(".")[0] for name in imports(path)} & {*BELOW, "config", "tests"}
    assert ours <= BELOW[app] | {app}


@pytest.mark.parametrize(("app", "path"), ALL)
def test_module_imports_only_kinds_below(app, path):
    kind = next((part for part in (path.stem, path.parent.name) if part in LEVEL), None)
    for name in imports(path):
        parts = name.split(".")
        imported = next((part for part in parts[1:3] if part in LEVEL), None)
        if kind and imported and parts[0] == app and imported != kind:
            assert LEVEL[imported] < LEVEL[kind], f"{kind} may not import {name}"


@pytest.mark.parametrize(("app", "path"), ALL)
def test_no_import_hides_in_a_function(app, path):
    """Only `ready`, which Django calls once all models are loaded, has to import late."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef) and node.name != "ready":
            inside = [
                part for part in ast.walk(node) if isinstance(part, ast.Import | ast.ImportFrom)
            ]
            assert not inside, f"{node.name} imports inside"


@pytest.mark.parametrize(
    "path", [case(path) for pattern in PLAIN for path in sorted(ROOT.glob(pattern))]
)
def test_what_a_therapist_could_read_is_plain_python(path):
    plain = {found for pattern in PLAIN for found in ROOT.glob(pattern)}
    for name in imports(path):
        first, *rest = name.split(".")
        assert first != "django"
        if first in BELOW and rest:
            module = ROOT / first / f"{rest[0]}.py"
            package = ROOT / first / rest[0] / "__init__.py"
            assert {module, package} & plain, f"{name} is not plain"


def test_every_plain_module_exists():
    assert all(list(ROOT.glob(pattern)) for pattern in PLAIN)


@pytest.mark.parametrize("path", VIEWS)
def test_views_name_their_queries(path):
    called = {
        node.func.attr
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        # actions.create is an act of the clinic, not a query.
        and not (isinstance(node.func.value, ast.Name) and node.func.value.id.endswith("actions"))
    }
    assert not called & QUERY_WORDS, "give the query a name on its QuerySet, or write an action"
