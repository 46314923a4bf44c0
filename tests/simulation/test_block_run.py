"""Runs of SGD by block: teachers that change in time, and how a run is laid out."""

import numpy as np
import pytest
from scipy.stats import kstest
from support.block_runs import BASE, ends
from support.specs import merged

from sgdode import integrate, load_spec, simulate
from sgdode.errors import Stopped
from sgdode.model.start_laws import start
from sgdode.runs.engines import sampling
from sgdode.simulation.block_run import planned_by_block
from sgdode.spec.build import build

TAUGHT = {
    "tasks": {"tasks": [{"start": 0, "rows": [0]}, {"start": 3.1, "rows": [1, 2], "noise": 0.4, "activation": "relu"}]},
    "rotation": {"rotation": {"rate": 0.4, "plane": [0, 2]}},
}


@pytest.mark.parametrize("teacher", TAUGHT.values(), ids=TAUGHT)
def test_teachers_that_change_have_the_law_of_weights_in_d_dimensions(teacher):
    """In the last step before time.stop the teachers are not what they were."""
    changes = {"teacher": {"width": 3, **teacher}, "dimension": 24, "learning_rate": 8.0}
    exact, explicit = (ends(changes, method) for method in ("exact", "explicit"))
    moving = [i for i in range(exact.shape[1]) if np.ptp(exact[:, i]) > 1e-9]
    found = [kstest(exact[:, i], explicit[:, i]).pvalue for i in moving]
    assert min(found) * len(found) > 1e-4, min(found)


@pytest.mark.parametrize("teacher", TAUGHT.values(), ids=TAUGHT)
@pytest.mark.parametrize(
    "inputs", [{"spectrum": {"blocks": [[0.25, 2.5], [0.75, 0.5]]}}, {}], ids=["blocks", "isotropic"]
)
def test_teachers_that_change_have_the_mean_of_the_equations(teacher, inputs):
    spec = {**BASE, "inputs": inputs, "dimension": 3000, "learning_rate": 1.0, "save": ["risk", "M", "Q"]}
    spec |= {"time": {"stop": 6.0, "points": 6, "spacing": "linear"}, "simulate": {"seeds": 48}}
    spec |= {"teacher": {"width": 3, "noise": 0.1, **teacher}}
    runs, theory = simulate(load_spec(spec)), integrate(load_spec(spec))
    for name in {"risk", "M", *({"task_risk"} & set(runs.curves))}:
        values, wanted = runs.curves[name][:, 1:], theory.curves[name][1:]
        error = values.std(axis=0, ddof=1) / np.sqrt(48) + 1e-3 * np.abs(wanted) + 1e-6
        assert np.max(np.abs(values.mean(axis=0) - wanted) / error) < 5.0, name
    if "tasks" in teacher:
        assert theory.curves["task_risk"].shape == (7, 2)


def test_a_block_has_room_for_its_dimensions_and_no_more():
    spec = load_spec(merged(BASE, {"dimension": 12}))
    problem = build(spec)
    scheme = planned_by_block(problem, start(problem), sampling(spec))
    assert scheme.ranks == (1, 2, 2)
    assert scheme.dimensions == (0.0, 1.0, 6.0)
    assert scheme.rows == 8


class Memory:
    """A keeper that holds the first partial result in memory, and stops the run then."""

    def __init__(self, path):
        self.path, self.kept = path, None

    def due(self):
        return self.kept is None

    def keep(self, partial):
        if self.kept is None:
            self.kept = {name: np.array(values) for name, values in partial.state.items()}
            raise Stopped("a test", 130)

    def find(self, read, earlier=None):
        found = None if self.kept is None else read(self.kept)
        return None if found is None else found[0]


@pytest.mark.parametrize("method", ["exact", "explicit"])
def test_a_stopped_run_goes_on_bit_by_bit(method, tmp_path, monkeypatch):
    long = {"points": 6, "stop": 20.0 * BASE["time"]["stop"]}
    changes = {"teacher": {"width": 3, **TAUGHT["tasks"]}, "dimension": 120, "time": long}
    spec = load_spec(merged(merged(BASE, changes), {"simulate": {"seeds": 2, "method": method}}))
    whole, keeper = simulate(spec), Memory(tmp_path / "run.ckpt")
    monkeypatch.setattr("sgdode.simulation.simulate._CHUNK_SECONDS", 0.0)
    monkeypatch.setattr("sgdode.simulation.simulate._POLL_SECONDS", 1e-4)
    with pytest.raises(Stopped):
        simulate(spec, keeper=keeper)
    assert keeper.kept["step"].max() > 0
    assert keeper.kept["step"].min() < whole.step[-1]
    again = simulate(spec, keeper=keeper)
    for name, curve in whole.curves.items():
        np.testing.assert_array_equal(again.curves[name], curve, err_msg=name)
