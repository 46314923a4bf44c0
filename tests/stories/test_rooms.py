"""The house: each room imports only from those above it, nothing goes in a circle, one name means one thing."""

import ast
import functools
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "sgdode"
#: In the order of the data. The modules beside them, on top, are what every room may use.
ROOMS = [
    "results",
    "model",
    "spec",
    "jit",
    "gaussian",
    "equations",
    "simulation",
    "analysis",
    "plots",
    "runs",
    "sweeps",
    "cli",
]
#: Behind the door that spec/build.py is, nothing knows the file format.
BEHIND = ("results", "model", "jit", "gaussian", "equations", "simulation")
FILES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


@functools.cache
def tree(module):
    return ast.parse(FILES[module].read_text())


def imported(module):
    """The modules of the package that ``module`` imports, lazily or not (for types alone apart)."""
    for_types = {
        inner
        for node in ast.walk(tree(module))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import) and node not in for_types:
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "sgdode")
        if isinstance(node, ast.ImportFrom) and node not in for_types and (node.module or "").startswith("sgdode"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in FILES else node.module for name in names)


def room(module):
    """The place of a module in the order; 0 for those on top."""
    parts = module.split(".")
    return ROOMS.index(parts[1]) + 1 if len(parts) > 1 and parts[1] in ROOMS else 0


def test_the_rooms_are_the_folders():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(ROOMS)


@pytest.mark.parametrize("module", sorted(FILES.keys() - {"sgdode", "sgdode.__main__"}))
def test_a_room_imports_from_those_above_it_alone(module):
    below = [other for other in imported(module) if room(other) > room(module)]
    assert not below, f"{module} imports {below}"


def test_no_import_goes_in_a_circle():
    done = set()

    def follow(module, way):
        assert module not in way, " → ".join([*way[way.index(module) :], module])
        if module not in done:
            for other in set(imported(module)):
                follow(other, [*way, module])
            done.add(module)

    for module in FILES.keys() - {"sgdode", "sgdode.__main__"}:
        follow(module, [])


@pytest.mark.parametrize("name", BEHIND)
def test_nothing_behind_the_door_knows_a_spec(name):
    for path in (PACKAGE / name).rglob("*.py"):
        assert "Spec" not in path.read_text().replace("SpecError", ""), path


def definitions():
    """Where every function and class on the top of a module stands."""
    found = defaultdict(list)
    for module in FILES:
        for node in tree(module).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[node.name].append(module)
    return found


#: Names that mean the same wherever they stand: the engines behind the door and their faces for users.
SAME = {"simulate": {"sgdode.simulation.simulate", "sgdode.runs.engines"},
        "integrate": {"sgdode.equations.integrate", "sgdode.runs.engines"},
        "hermite_coefficients": {"sgdode.gaussian.hermite", "sgdode.runs.hermite_list"},
        "run": {"sgdode.__main__", "sgdode.sweeps.session"},
        "sweep": {"sgdode.sweeps.sweep", "sgdode.sweeps.session"},
        "main": {"sgdode.__main__", "sgdode.sweeps.worker"}}  # fmt: skip


def test_one_name_means_one_thing():
    twice = {name: where for name, where in definitions().items() if len(where) > 1 and set(where) != SAME.get(name)}
    assert not {name: where for name, where in twice.items() if not name.startswith("_")}
    classes = {node.name for module in FILES for node in tree(module).body if isinstance(node, ast.ClassDef)}
    assert not {name: where for name, where in twice.items() if name in classes}


def annotations():
    """Every annotation of the package, as a tree."""
    for module in FILES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.FunctionDef):
                rest = [one for one in (node.args.vararg, node.args.kwarg) if one is not None]
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, *rest]
                yield from (one.annotation for one in arguments if one.annotation is not None)
                if node.returns is not None:
                    yield node.returns
            elif isinstance(node, ast.AnnAssign):
                yield node.annotation


def test_types_are_named():
    loose = [any(isinstance(part, ast.Name) and part.id == "Any" for part in ast.walk(one)) for one in annotations()]
    assert sum(loose) < 0.1 * len(loose), f"{sum(loose)} of {len(loose)} annotations are Any"


@pytest.mark.parametrize("module", FILES)
def test_no_function_takes_more_than_a_dozen_arguments(module):
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            assert len(arguments) <= 12, f"{module}.{node.name} takes {len(arguments)} arguments"
