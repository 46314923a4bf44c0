"""The shape of the project: imports go one way, the start is light, functions are short and documented."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "sgdode"
MODULES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


def public_functions(tree):
    """The functions of a module, and the methods of its classes, that do not start with an underscore."""
    scopes = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_")]
    functions = (node for scope in scopes for node in scope.body if isinstance(node, ast.FunctionDef))
    return [node for node in functions if node.name[0] != "_"]


def length(function):
    return function.end_lineno - function.lineno - (ast.get_docstring(function) or "").count("\n")


@pytest.mark.parametrize("module", MODULES)
def test_functions_are_short_and_public_ones_documented(module):
    tree = ast.parse((PACKAGE / module).read_text())
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


def imported_by(path):
    """The names of modules, or of what is in them, that a test file imports or starts with ``-m``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.List):
            words = [getattr(word, "value", None) for word in node.elts]
            yield from (f"{word}.__main__" for word in words if "-m" in words and word == "sgdode")


def test_every_module_is_imported_by_some_test():
    seen = {name for path in PACKAGE.parent.glob("tests/**/*.py") for name in imported_by(path)}
    modules = {"sgdode." + module.removesuffix(".py").replace("/", ".") for module in MODULES}
    assert modules - seen == set()


#: What is written from the tree of a formula, which holds nothing else than the language; and what --allow-code allows.
RUNS_CODE = ("model/formula.py", "spec/activation.py")


def test_no_code_is_run_from_input():
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).as_posix() in RUNS_CODE:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), path
            if isinstance(node, ast.Import):
                assert not any(alias.name == "pickle" for alias in node.names), path
