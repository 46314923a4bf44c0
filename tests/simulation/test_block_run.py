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
from sgdode.simulation.explicit import Drift, drift_teachers
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


def test_drifting_teachers_have_the_mean_of_the_equations():
    """They keep their scalar products in every block, and the overlaps with them are lost at the rate η."""
    spec = {**BASE, "dimension": 160, "learning_rate": 1.0, "save": ["risk", "M", "Q"]}
    spec["inputs"] = {"spectrum": {"blocks": [[0.25, 2.5], [0.75, 0.5]]}}
    spec |= {"time": {"stop": 3.0, "points": 3, "spacing": "linear"}, "simulate": {"seeds": 64, "method": "explicit"}}
    spec |= {"teacher": {"width": 3, "noise": 0.1, "drift": 0.4}}
    runs, theory = simulate(load_spec(spec), jobs=2), integrate(load_spec(spec))
    for name in ("risk", "M"):
        values, wanted = runs.curves[name][:, 1:], theory.curves[name][1:]
        error = values.std(axis=0, ddof=1) / 8 + 1e-2 * np.abs(wanted) + 1e-6
        assert np.max(np.abs(values.mean(axis=0) - wanted) / error) < 5.0, name
    still = integrate(load_spec(merged(spec, {"teacher": {"drift": 0.0}})))
    assert abs(still.risk[-1] / theory.risk[-1] - 1) > 0.1


def test_teachers_that_drift_keep_their_scalar_products():
    rng, d = np.random.default_rng(1), 12
    directions, L = np.zeros((2, d)), rng.standard_normal((2, 3, 2))
    ends, ranks, W_star = np.array([0, 5, d]), np.array([2, 1]), np.zeros((3, d))
    for b, r in enumerate(ranks):
        directions[:r, ends[b] : ends[b] + r] = np.eye(r) * d**0.5
        W_star[:, ends[b] : ends[b + 1]] = L[b, :, :r] @ directions[:r, ends[b] : ends[b + 1]]
    before, drift = W_star.copy(), Drift(0.5, ends, ranks, L, directions, np.empty_like(directions))
    total = np.zeros((2, 3, 3))
    for _ in range(4000):
        last = W_star.copy()
        drift_teachers(rng, drift, 0.1, W_star)
        for b in range(2):
            at = slice(ends[b], ends[b + 1])
            np.testing.assert_allclose(W_star[:, at] @ W_star[:, at].T, before[:, at] @ before[:, at].T, rtol=1e-9)
            total[b] += last[:, at] @ W_star[:, at].T / d
    for b, r in enumerate(ranks):
        np.testing.assert_allclose(total[b] / 4000, 0.95 * L[b, :, :r] @ L[b, :, :r].T, rtol=1e-9)


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
