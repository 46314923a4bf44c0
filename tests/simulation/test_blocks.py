"""SGD by block: the exact method against weights in d dimensions, the law of all overlaps, and the equations."""

import numpy as np
import pytest
from scipy.stats import kstest
from support.block_runs import BASE, ends
from support.specs import merged

from sgdode import SpecError, integrate, load_spec, simulate
from sgdode.simulation.blocks import steps_by_block

CASES = {
    "erf": {},
    "gaussian": {"initial": {"kind": "gaussian"}},
    "square": {
        "student": {"activation": "square"},
        "teacher": {"activation": "square"},
        "learning_rate": 0.02,
        "time": {"stop": 0.05},
    },
    "batch": {"batch_size": 2, "initial": {"kind": "gaussian"}},
    "batch > p": {"batch_size": 5},
    "high": {"dimension": 120, "learning_rate": 40.0, "teacher": {"placement": {"variance": [0.1, 0.2, 0.7]}}},
    "trained, decay": {"student": {"train_output": 2.0}, "weight_decay": 0.3},
    "sphere": {"constraint": "spherical"},
    "sphere of fields, decay, batch": {"constraint": "spherical-fields", "weight_decay": 0.2, "batch_size": 2},
    "dark block": {
        "inputs": {"spectrum": {"blocks": [[1 / 12, 5.0], [3 / 12, 2.0], [8 / 12, 0.0]]}},
        "teacher": {"placement": {"variance": [0.3, 0.7, 0.0]}},
        "constraint": "spherical",
        "initial": {"kind": "gaussian"},
    },
}


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_the_exact_method_has_the_law_of_weights_in_d_dimensions(changes):
    exact, explicit = (ends(changes, method) for method in ("exact", "explicit"))
    moving = [i for i in range(exact.shape[1]) if np.ptp(exact[:, i]) > 1e-9]
    still = [i for i in range(exact.shape[1]) if i not in moving]
    np.testing.assert_allclose(exact[:, still], explicit[:, still], atol=1e-9)
    assert len(moving) >= 10
    found = [kstest(exact[:, i], explicit[:, i]).pvalue for i in moving]
    assert min(found) * len(found) > 1e-4, min(found)


AGAINST = {
    "erf": {},
    "relu": {"student": {"activation": "relu"}, "teacher": {"activation": "relu"}, "learning_rate": 0.5},
    "trained": {"student": {"train_output": 1.0}},
    "sphere of fields": {"constraint": "spherical-fields"},
    "power law": {
        "inputs": {"spectrum": {"blocks": None, "power": 0.6}, "bins": 12},
        "teacher": {"placement": {"power": 0.3}},
    },
}


@pytest.mark.parametrize("changes", AGAINST.values(), ids=AGAINST)
def test_its_mean_is_that_of_the_equations(changes):
    base = {**BASE, "inputs": {"spectrum": {"blocks": [[0.25, 2.5], [0.75, 0.5]]}}, "teacher": {"width": 2}}
    spec = {
        **base,
        "dimension": 3000,
        "learning_rate": 1.0,
        "time": {"stop": 3.0, "points": 4},
        "save": ["risk", "M", "Q"],
    }
    spec = load_spec(merged(merged(spec, {"teacher": {"noise": 0.1}, "simulate": {"seeds": 48}}), changes))
    runs, theory = simulate(spec), integrate(spec)
    np.testing.assert_array_equal(runs.Q[0, 0], theory.Q[0])
    np.testing.assert_array_equal(runs.risk[:, 0], theory.risk[0])
    for name in ("risk", "M"):
        values, wanted = runs.curves[name][:, 1:], theory.curves[name][1:]
        error = values.std(axis=0, ddof=1) / np.sqrt(48) + 1e-3 * np.abs(wanted)
        assert np.max(np.abs(values.mean(axis=0) - wanted) / error) < 5.0


def test_nothing_depends_on_jobs_chunks_or_saved_times(monkeypatch):
    spec = merged(BASE, {"simulate": {"seeds": 3}, "time": {"points": 4}, "dimension": 120})
    whole = simulate(load_spec(spec), jobs=1)
    monkeypatch.setattr("sgdode.simulation.simulate._CHUNK_SECONDS", 0.0)
    for other in (simulate(load_spec(spec), jobs=2), simulate(load_spec(merged(spec, {"time": {"points": 1}})))):
        for name in ("Q_block", "M_block", "risk"):
            np.testing.assert_array_equal(other.curves[name][:, -1], whole.curves[name][:, -1])


def test_single_precision_is_refused():
    with pytest.raises(SpecError, match=r"simulate\.precision: got 'float32'; it is for isotropic inputs alone"):
        load_spec(merged(BASE, {"simulate": {"precision": "float32"}}))


def test_its_machine_code_is_made_once():
    assert steps_by_block("float64") is steps_by_block("float64")
