"""SGD by block: the exact method against weights in d dimensions, the law of all overlaps, and the equations."""

import numpy as np
import pytest
from scipy.stats import kstest
from support.specs import merged

from sgdode import SpecError, integrate, load_spec, simulate

BASE = {
    "dimension": 12,
    "teacher": {"width": 2, "noise": 0.1, "placement": {"variance": [0.3, 0.5, 0.2]}},
    "student": {"width": 3, "output_weights": [1.0, -0.6, 1.5]},
    "learning_rate": 8.0,
    "inputs": {"spectrum": {"blocks": [[1 / 12, 5.0], [3 / 12, 1.0], [8 / 12, 0.5]]}},
    "time": {"stop": 8.0, "points": 1},
    "initial": {"kind": "in-teacher-span", "seed": 3},
    "simulate": {"seeds": 600},
    "save": ["risk", "Q_block", "M_block"],
}
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


def ends(changes, method):
    """Overlaps by block and the risk at the end, (S, numbers)."""
    seed = {"seed": 0 if method == "exact" else 1}
    run = simulate(load_spec(merged(merged(BASE, changes), {**seed, "simulate": {"method": method}})))
    assert run.status == "complete"
    last = [run.curves[name][:, -1].reshape(len(run.risk), -1) for name in ("Q_block", "M_block", "risk")]
    return np.concatenate(last, axis=1)


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
