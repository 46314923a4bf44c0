"""Numerical honesty: what a result is not is detected, and stands in its warnings and status; and results do not
depend on the tolerance, the number of jobs, or the way their spec was given."""

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.specs import SMALL, merged

from sgdode import SpecError, Trajectory, integrate, load_spec, simulate
from sgdode.equations.fluctuations.lyapunov import Affine, exponential
from sgdode.equations.solvers import SOLVERS, solve
from sgdode.errors import RunError

SQUARE = {"student": {"activation": "square"}, "teacher": {"activation": "square"}, "learning_rate": 50.0}
#: A spec that is not all right → (engine, what the warnings in its file must say).
DISHONEST = {
    "divergence of the equations": (SQUARE | {"time": {"stop": 50.0}}, integrate, "diverged: the overlaps grew"),
    "divergence of SGD": (SQUARE | {"time": {"stop": 50.0}}, simulate, "diverged: 2 of 2 runs"),
    "symmetry": ({"initial": {"kind": "symmetric", "spread": 0.0}}, integrate, "unbroken symmetry"),
    "symmetry of SGD": ({"initial": {"kind": "symmetric", "spread": 0.0}}, simulate, "unbroken symmetry"),
    "too few particles": (
        {"student": {"width": "inf"}, "dimension": 5, "integrate": {"particles": 8}},
        integrate,
        "particles not converged",
    ),
    "a coarse right-hand side": (
        {"student": {"activation": "softplus", "width": 5}, "teacher": {"activation": "gelu"}}
        | {"time": {"stop": 0.05, "points": 2}},
        integrate,
        "the right-hand side is known to",
    ),
    "too few Hermite terms": (
        {"student": {"activation": {"name": "softplus", "gain": 30.0}}, "teacher": {"activation": "gelu"}}
        | {"initial": {"scale": 30.0}, "integrate": {"equations": "gradient-flow"}},
        integrate,
        "the right-hand side is known to",
    ),
    "float32 too coarse": (
        {"simulate": {"precision": "float32"}, "learning_rate": 1e-5, "time": {"stop": 1e-5, "points": 2}},
        simulate,
        "float32 is too coarse",
    ),
    "a large step, full": ({"dimension": 2, "learning_rate": 6.0}, integrate, "step size is beyond the theory"),
    "a large step, gradient flow": (
        {"dimension": 10_000, "learning_rate": 6.0, "integrate": {"equations": "gradient-flow"}},
        integrate,
        "γ/p",
    ),
    "a large batch": ({"batch_size": 50}, integrate, "batch_size 50 is not small against dimension 100"),
    "correlations in a mean field": (
        {"integrate": {"equations": "mean-field"}, "dimension": 1000}
        | {
            "initial": {
                "kind": "overlaps",
                "Q": [[1, 0.9, 0.9], [0.9, 1, 0.9], [0.9, 0.9, 1]],
                "M": [[0.1, 0], [0, 0.1], [0.1, 0.2]],
            }
        },
        integrate,
        "has correlations",
    ),
}


@pytest.mark.parametrize("case", DISHONEST)
def test_what_is_not_all_right_stands_in_the_file(case, tmp_path, counted):
    changes, engine, warning = DISHONEST[case]
    run = engine(load_spec(merged(SMALL, changes)))
    again = Trajectory.load(run.save(tmp_path / "run.h5"))
    assert any(warning in text for text in again.warnings), again.warnings
    assert (again.status == "diverged") == ("diverged" in warning)
    counted("dishonest results found out")


def test_a_sound_run_has_no_warning():
    spec = load_spec(merged(SMALL, {"dimension": 10_000}))
    assert (simulate(spec).warnings, integrate(spec).warnings) == ([], [])


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_tolerance_that_cannot_be_met_is_an_error(solver, small, monkeypatch):
    def stuck(*_):
        raise FloatingPointError("it stopped")

    monkeypatch.setitem(SOLVERS, solver, stuck)
    with pytest.raises(RunError, match="it stopped; loosen"):
        integrate(small(integrate={"solver": solver}))


def test_lsoda_does_not_stand_still():
    def rhs(t, y, ydot):
        ydot[:] = 1.0

    solution = solve(rhs, np.zeros(2), np.array([0.0, 1.0]), "lsoda", 1e-8, 1e-300, lambda t: None)
    assert solution.failed is None or "vanished" in solution.failed


def test_a_long_series_keeps_its_digits():
    run = integrate(load_spec(merged(SMALL, {"student": {"activation": {"hermite": [0, 1] + [1e-6] * 98}}})))
    short = integrate(load_spec(merged(SMALL, {"student": {"activation": {"hermite": [0, 1]}}})))
    np.testing.assert_allclose(run.risk, short.risk, rtol=0.03)
    with pytest.raises(SpecError, match="at most 512"):
        load_spec(merged(SMALL, {"student": {"activation": {"hermite": [1.0] * 513}}}))


def test_a_series_at_infinite_width():
    spec = {"student": {"width": "inf", "activation": {"hermite": [0, 1]}}, "integrate": {"particles": 16}}
    linear = merged(spec, {"student": {"activation": "linear"}})
    np.testing.assert_allclose(*(integrate(load_spec(merged(SMALL, c))).risk for c in (spec, linear)), rtol=1e-5)


def test_fluctuations_beyond_all_numbers_are_told():
    with pytest.raises(FloatingPointError):
        exponential(Affine(np.full((2, 2), math.inf), np.eye(2)))
    values = {"learning_rate": 116.0, "dimension": 3, "teacher": {"width": 1}, "student": {"width": 1}}
    values |= {"initial": {"kind": "in-teacher-span"}, "integrate": {"fluctuations": True}}
    run = integrate(load_spec(merged(SMALL, values | {"time": {"stop": 116.0, "points": 1}})))
    assert all(np.isfinite(curve).all() for curve in run.curves.values())
    assert any("fluctuations" in warning for warning in run.warnings)


#: The gallery of literature has tests of its own.
EXPERIMENTS = sorted(
    path
    for path in (Path(__file__).parents[2] / "experiments").glob("**/*.yaml")
    if not {"literature", "results"} & set(path.parts)
)
SLOW_WIDTH = 300


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_ten_times_the_tolerance_changes_nothing(path, counted):
    """The equations of every experiment, up to a hundredth of its time, at ten times looser and tighter tolerances."""
    spec = load_spec(path)
    if math.isfinite(spec.p) and spec.p > SLOW_WIDTH:
        pytest.skip(f"student.width {spec.p:g} is above {SLOW_WIDTH}: minutes")
    reduced = {"time.stop": min(spec.time.stop, 10.0), "time.points": 8, "integrate.fluctuations": False}
    if spec.time.start is not None:
        reduced["time.start"] = min(spec.time.start, reduced["time.stop"] / 10)
    if math.isinf(spec.p):
        reduced["integrate.particles"] = 64
    if spec.algorithm.average is not None:
        reduced["algorithm.average"] = {"from": reduced["time.stop"] / 10}
    runs = []
    for factor in (1.0, 0.1):
        tolerances = {"integrate.rtol": 1e-8 * factor, "integrate.atol": 1e-12 * factor}
        runs.append(integrate(load_spec(path, reduced | tolerances)))
    # The solver's tolerance is never finer than the error that the file states for its right-hand side.
    error = max(1e-8, float(runs[0].attributes["right_hand_side_error"]))
    for name, curve in runs[0].curves.items():
        allowed = error * np.abs(curve).max()
        np.testing.assert_allclose(curve, runs[1].curves[name], rtol=1e-5, atol=allowed, err_msg=name)
    counted("experiments stable under a tighter tolerance")


def weights(folder):
    rng = np.random.default_rng(3)
    np.savez(folder / "w.npz", W=rng.standard_normal((3, 100)), W_star=rng.standard_normal((2, 100)))


WAYS = {
    "as given": [],
    "with overrides": [
        "--set",
        "student.width=4",
        "--set",
        "student.activation=tanh",
        "--set",
        "seed=2",
    ],
    "from a file": ["--set", "initial={kind: weights, file: w.npz}"],
}


@pytest.mark.parametrize("command", ["simulate", "integrate"])
@pytest.mark.parametrize("way", [*WAYS, "from standard input"])
def test_the_stored_spec_gives_the_same_bits_with_other_jobs(command, way, sgdode, tmp_path, counted):
    weights(tmp_path)
    text = yaml.safe_dump({**SMALL, "simulate": {"seeds": 3}})
    (tmp_path / "run.yaml").write_text(text)
    piped = way == "from standard input"
    first = sgdode(command, "-" if piped else "run.yaml", "-j", "1", *WAYS.get(way, []), input=text if piped else None)
    assert first.returncode == 0, first.stderr
    stored = sgdode("show", "--spec", first.stdout.strip())
    again = sgdode(command, "-", "-j", "3", "-o", "again.h5", input=stored.stdout)
    assert again.returncode == 0, again.stderr
    one, other = Trajectory.load(tmp_path / first.stdout.strip()), Trajectory.load(tmp_path / "again.h5")
    assert one.attributes["spec_hash"] == other.attributes["spec_hash"]
    for name, curve in one.curves.items():
        np.testing.assert_array_equal(other.curves[name], curve)
    counted("stored specs that gave the same bits")
