"""The shape of the project: imports go one way, the start is light, functions are short and documented."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

import sgdode

PACKAGE = Path(__file__).parents[1] / "sgdode"
#: The way of the data: YAML text → Spec → start → engines → Trajectory → HDF5 → figures → command line. What stands on
#: it imports, at any depth, nothing that comes later.
WAY = [
    "errors",
    "document",
    "spec",
    "loading",
    "initial",
    "systems",
    "integration",
    "simulation",
    "figures",
    "jobs",
    "cli",
]
#: A start may come from a file, and a trajectory knows its file: read where needed.
ON_DEMAND = {("initial", "trajectory"), ("trajectory", "store")}
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def imported(module):
    """The modules of the package that ``module`` imports, lazily or not (type-checking imports apart)."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    guarded = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node not in guarded and (node.module or "").startswith("sgdode."):
            yield node.module.split(".")[1]


@functools.cache
def reached(module):
    """Every module that ``module`` imports, at any depth; imports that lead in a circle have no end."""
    others = {other for other in imported(module) if (module, other) not in ON_DEMAND}
    return frozenset(others.union(*map(reached, others)))


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module):
    found = reached(module)
    if module in WAY:
        assert not found & set(WAY[WAY.index(module) :])
    assert "cli" not in found or module == "__main__"


def test_the_map_of_the_modules_is_complete():
    listed = sgdode.__doc__.split("\n\n")[-1]
    assert sorted(word for line in listed.splitlines() for word in line[15:].split()) == MODULES


def public_functions(tree):
    """The functions of a module, and the methods of its classes, that do not start with an underscore."""
    scopes = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_")]
    functions = (node for scope in scopes for node in scope.body if isinstance(node, ast.FunctionDef))
    return [node for node in functions if node.name[0] != "_"]


def length(function):
    return function.end_lineno - function.lineno - (ast.get_docstring(function) or "").count("\n")


@pytest.mark.parametrize("module", MODULES)
def test_functions_are_short_and_public_ones_documented(module):
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    assert ast.get_docstring(tree), f"{module} has no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert length(node) <= 50, f"{module}.{node.name} has {length(node)} lines"
    for node in public_functions(tree):
        assert ast.get_docstring(node) or length(node) <= 3, f"{module}.{node.name}: no docstring"


def loaded(arguments, tmp_path):
    """The heavy packages in memory after a command line."""
    code = (
        "import sys\nfrom sgdode.__main__ import run\nsys.argv[0] = 'sgdode'\nrun()\n"
        "print([m for m in ('numba', 'scipy', 'h5py', 'matplotlib') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=tmp_path)
    return done.stderr.splitlines()[-1]


def test_help_and_spec_errors_import_nothing_heavy(tmp_path):
    (tmp_path / "bad.yaml").write_text("dimension: 10\nteacher: {width: 2, noise: -1}\n")
    (tmp_path / "combination.yaml").write_text(
        "dimension: 10\nteacher: {width: 2, overlap: [[1, 2], [2, 1]]}\nstudent: {width: 2}\n"
        "learning_rate: 1\ntime: {stop: 1}\n"
    )
    for arguments in (["--help"], ["simulate", "--help"], ["simulate", "bad.yaml"], ["integrate", "combination.yaml"]):
        assert loaded(arguments, tmp_path) == "[]", arguments


def test_no_code_is_run_from_input():
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), path
            if isinstance(node, ast.Import):
                assert not any(alias.name == "pickle" for alias in node.names), path
