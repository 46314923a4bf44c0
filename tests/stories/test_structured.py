"""Inputs with blocks and teachers that change, from the spec to the file and what reads it."""

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import Trajectory, compare, integrate, load_spec, simulate
from sgdode.analysis.table import table_rows
from sgdode.cli.describe import description
from sgdode.results.export import export
from sgdode.runs.check import as_text, forecast
from sgdode.runs.cost import estimate

TASKS = [{"start": 0, "rows": [0]}, {"start": 2, "rows": [1], "noise": 0.1}]
SPEC = merged(
    {**SMALL, "dimension": 1000, "inputs": {"spectrum": {"power": 0.6}, "bins": 8}, "simulate": {"seeds": 16}},
    {
        "teacher": {"tasks": TASKS, "noise": 0.02},
        "time": {"stop": 4.0},
        "save": ["risk", "M", "Q", "Q_block", "M_block"],
    },
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, spec = tmp_path_factory.mktemp("structured"), load_spec(SPEC)
    return [make(spec).save(folder / f"{make.__name__}.h5") for make in (simulate, integrate)]


def test_the_file_holds_the_blocks_and_the_tasks(files):
    runs, theory = (Trajectory.load(path) for path in files)
    for run, lead in ((runs, (16,)), (theory, ())):
        times = len(run.time)
        c, P = run.by_block["eigenvalue"], run.P_block
        B = len(c)
        assert run.curves["Q_block"].shape == (*lead, times, B, 3, 3)
        assert run.curves["M_block"].shape == (*lead, times, B, 3, 2)
        assert run.curves["task_risk"].shape == (*lead, times, 2)
        np.testing.assert_allclose(np.einsum("b,...bij->...ij", c, run.curves["Q_block"]), run.Q, atol=1e-12)
        np.testing.assert_allclose(np.einsum("b,bij->ij", c, P), run.P, atol=1e-12)
        assert run.by_block["fraction"].sum() == pytest.approx(1)
        assert 0 < run.attributes["binning_error"] < 0.1
    dataset = theory.to_xarray()
    assert dataset["M_block"].dims == ("time", "block", "student", "teacher")
    assert dataset["eigenvalue"].dims == ("block",)


def test_what_reads_results_reads_them(files, tmp_path):
    runs, theory = (Trajectory.load(path) for path in files)
    assert compare(runs, theory).agrees(), compare(runs, theory).verdict()
    shown = description(runs)
    assert "blocks (M, Q and P are overlaps of the fields)" in shown
    assert "Risk on task 1 at the end" in shown
    (row,) = table_rows([files[1]], [], lambda text: None)
    assert row["figures"]["final_task_risk_1"] == theory.curves["task_risk"][-1, 1]
    assert "final_task_risk_0" in row["figures"]
    with np.load(export(theory, tmp_path / "x.npz")) as arrays:
        assert {"P_block", "eigenvalue", "task_risk", "M_block"} <= set(arrays)
    assert "task_risk_1" in export(theory, tmp_path / "x.csv").read_text().splitlines()[0]


def test_check_tells_of_the_spectrum():
    spec = load_spec({**SPEC, "inputs": {"spectrum": {"power": 1.5}}, "learning_rate": 40.0, "dimension": 1e6})
    found = forecast(spec, 1)
    text = as_text(spec, found)
    assert found["effective_dimension"] < 10
    assert found["largest_step"] > 1
    for words in ("effective dimension", "√(γ c_max/(p d))", "have hardly moved", "binning error"):
        assert words in text
    assert "blocks" not in forecast(load_spec(SMALL), 1)


def test_the_cost_of_a_run_is_estimated():
    for command in ("simulate", "integrate"):
        assert estimate(load_spec(SPEC), command, 1).seconds > 0
