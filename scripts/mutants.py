"""Take every rule out in turn and see that a test notices: python -m scripts.mutants [WORD]

The rules are plain Python, so that a copy of them in which one rule, one row of a table, one
condition or one edge is changed can be tested without a database. Prints which test caught each
of these mutants; one that no test catches makes it fail. WORD chooses among the mutants.
"""

import ast
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = [
    "patients/bodymap.py",
    "patients/conditions.py",
    "patients/lights.py",
    "patients/redflags.py",
    "prescriptions/checks.py",
    "prescriptions/responses.py",
]
# From the quickest to the slowest; none of them needs Django.
TESTS = [
    "tests/patients/test_conditions.py",
    "tests/patients/test_redflags.py",
    "tests/prescriptions/test_checks.py",
    "tests/prescriptions/test_responses.py",
    "tests/patients/test_lights.py",
    "tests/patients/test_bodymap.py",
    "tests/prescriptions/test_worked_cases.py",
    "tests/prescriptions/test_checks_properties.py",
]
# Each row of these says something of its own.
TABLES = {"LOADS", "DEMANDS", "RED_FLAGS", "TO_GO_ON"}
# At the edge: "more than" in the place of "at least", and the other way round.
AT_THE_EDGE = {ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt}
NOTHING = ast.YieldFrom(ast.Tuple([], ast.Load()))

Change = Callable[[Any], None]


@dataclass(frozen=True)
class Mutant:
    """One change at one place of a module; `node` and `change` find it again in its tree."""

    path: str
    line: int
    what: str
    node: int
    change: int

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line} {self.what}"

    @property
    def tree(self) -> ast.Module:
        """The module with its change."""
        tree = ast.parse((ROOT / self.path).read_text())
        node = list(ast.walk(tree))[self.node]
        _, change = list(changes_of(node))[self.change]
        change(node)
        return ast.fix_missing_locations(tree)


def mutants_of(path: str) -> list[Mutant]:
    """Every mutant of a module, from its top to its bottom."""
    mutants = [
        Mutant(path, node.lineno, what, place, number)
        for place, node in enumerate(ast.walk(ast.parse((ROOT / path).read_text())))
        if isinstance(node, ast.stmt | ast.expr)
        for number, (what, _) in enumerate(changes_of(node))
    ]
    return sorted(mutants, key=lambda mutant: mutant.line)


def changes_of(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """What can be changed at one place of a module, in words and as a deed."""
    match node:
        case ast.FunctionDef(returns=ast.Subscript(value=ast.Name(id="Iterator"))):
            yield f"{node.name} finds nothing", find_nothing
            for place, found in enumerate(findings := yields_of(node)):
                if len(findings) > 1:
                    yield f"{node.name} without {words(found.value)}", without_finding(place)
        case ast.If() | ast.IfExp():
            yield f"never if {words(node.test)}", decide(False)
            yield f"always if {words(node.test)}", decide(True)
        case ast.BoolOp():
            for place, operand in enumerate(node.values):
                yield f"without the condition {words(operand)}", without_operand(place)
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Tuple() as among]):
            for place, member in enumerate(among.elts):
                yield f"without the case {words(member)}", without_case(place)
        case ast.Compare(ops=[operator]) if type(operator) in AT_THE_EDGE:
            yield f"the other side of the edge of {words(node)}", across_the_edge
        case ast.Set():
            for place, member in enumerate(node.elts):
                yield f"without the member {words(member)}", without_member(place)
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            if name in TABLES:
                for place, row in enumerate(rows(node.value)):
                    yield f"{name} without {words(row)}", without_row(place)


def words(node: ast.AST, most: int = 60) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= most else f"{text[:most]} …"


def yields_of(function: ast.FunctionDef) -> list[ast.Expr]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom)
    ]


def rows(table: Any) -> list[Any]:
    return table.keys if isinstance(table, ast.Dict) else table.elts


# The changes.


def find_nothing(function: ast.FunctionDef) -> None:
    keep = 1 if ast.get_docstring(function) else 0
    function.body[keep:] = [ast.Expr(NOTHING)]


def without_finding(place: int) -> Change:
    def change(function: ast.FunctionDef) -> None:
        yields_of(function)[place].value = NOTHING

    return change


def decide(answer: bool) -> Change:
    def change(branch: ast.If | ast.IfExp) -> None:
        branch.test = ast.Constant(answer)

    return change


def without_operand(place: int) -> Change:
    def change(condition: ast.BoolOp) -> None:
        condition.values[place] = ast.Constant(isinstance(condition.op, ast.And))

    return change


def without_member(place: int) -> Change:
    return lambda members: members.elts.pop(place)


def without_case(place: int) -> Change:
    return lambda compare: compare.comparators[0].elts.pop(place)


def without_row(place: int) -> Change:
    def change(assignment: ast.Assign | ast.AnnAssign) -> None:
        rows(assignment.value).pop(place)
        if isinstance(assignment.value, ast.Dict):
            assignment.value.values.pop(place)

    return change


def across_the_edge(compare: ast.Compare) -> None:
    compare.ops = [AT_THE_EDGE[type(compare.ops[0])]()]


# The tests.


class BrokenMutantError(Exception):
    """The tests could not run: the mutant is no Python."""


class FirstFailure:
    """Watches pytest for the first test that fails."""

    name: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.name is None:
            self.name = report.nodeid


def caught_by(mutant: Mutant | None) -> str | None:
    """The first test that fails with this mutant, or without any; in a process of its own."""
    if mutant is None:
        return first_failure(TESTS)
    put_in_place(mutant)
    app, module = mutant.path.split("/")
    own = f"tests/{app}/test_{module}"
    return first_failure([own]) or first_failure([test for test in TESTS if test != own])


def put_in_place(mutant: Mutant) -> None:
    """Let everybody who imports the module find the mutant."""
    package, name = mutant.path.removesuffix(".py").split("/")
    module = ModuleType(f"{package}.{name}")
    sys.modules[module.__name__] = module
    setattr(import_module(package), name, module)
    exec(compile(mutant.tree, mutant.path, "exec"), module.__dict__)  # noqa: S102 - our own


def first_failure(tests: list[str]) -> str | None:
    seen = FirstFailure()
    # Neither the settings of the whole suite nor its conftest: they want Django.
    options = ["-c", os.devnull, "--rootdir", str(ROOT), "--noconftest", "--assert=plain"]
    options += ["-x", "--tb=no", "-p", "no:cacheprovider", "--import-mode=importlib"]
    with redirect_stdout(StringIO()) as output:
        code = pytest.main([*options, *tests], plugins=[seen])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise BrokenMutantError(output.getvalue())
    return seen.name


def main(arguments: list[str]) -> int:
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    mutants = [mutant for path in MODULES for mutant in mutants_of(path)]
    chosen = [mutant for mutant in mutants if all(word in mutant.name for word in arguments)]
    survivors = 0
    # One fresh process for each, forked from one that has pytest already.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hypothesis", "pytest"])
    with ProcessPoolExecutor(mp_context=context, max_tasks_per_child=1) as processes:
        if failed := processes.submit(caught_by, None).result():
            print(f"{failed} fails without any mutant.")
            return 1
        for mutant, test in zip(chosen, processes.map(caught_by, chosen), strict=True):
            survivors += test is None
            print(f"{mutant.name}\n    {test or 'SURVIVED'}", flush=True)
    print(f"{len(chosen)} mutants, {len(chosen) - survivors} caught, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
