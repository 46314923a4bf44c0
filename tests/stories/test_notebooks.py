"""The notebooks of the documentation run from top to bottom; a picture, or a result, ends most of their cells."""

import ast
import json
import warnings
from pathlib import Path

import matplotlib
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "docs" / "notebooks").glob("*.ipynb"))


def cells(path):
    """The source of the cells of code, and whether the notebook is kept without outputs."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in code), "outputs are made by `make notebooks`"
    return ["".join(cell["source"]) for cell in code]


def shown(cell, names):
    """The value of the last line of a cell, as a notebook shows it; None where it ends with something else."""
    tree = ast.parse(cell)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    names, values = {}, []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for cell in cells(path):
            values.append(shown(cell, names))
    kinds = [type(value).__name__ for value in values]
    assert kinds.count("Picture") >= 4, kinds
    assert sum(hasattr(value, "_repr_html_") for value in values) >= 4, kinds


def test_there_are_some():
    assert NOTEBOOKS
