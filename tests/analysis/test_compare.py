"""A comparison that can fail: right equations pass, wrong ones are caught, and other problems are refused."""

import json

import numpy as np
import pytest
from support.compared import BASE
from support.specs import merged

from sgdode import compare, integrate, load_spec, simulate
from sgdode.analysis.compare import _corrected
from sgdode.plots.draw import draw, save_figure
from sgdode.results.trajectory import Trajectory


def test_the_right_equations_pass(theories):
    """The whole check is 200 of 200 repetitions to t = 10; here 5."""
    for seed in range(5):
        found = simulate(load_spec(merged(BASE, {"seed": 100 + seed})), jobs=2)
        for theory in theories:
            assert compare(found, theory).agrees()


def test_a_wrong_equation_is_caught_with_20_seeds(runs, theories, monkeypatch):
    """Ψ(Var) halved, with and without predicted fluctuations."""
    import sgdode.equations.full as equations

    made = equations.OverlapFlow.__init__

    def halved(self, *arguments, **words):
        made(self, *arguments, **words)
        self.rate *= 0.5

    monkeypatch.setattr(equations.OverlapFlow, "__init__", halved)
    for on in (False, True):
        wrong = integrate(load_spec(merged(BASE, {"integrate": {"fluctuations": on}})))
        found = compare(runs, wrong)
        assert not found.agrees()
        assert found.max_z > 6
        assert found.where[0] in "QMr"


def synthetic(theory, shifts, seeds):
    """Gaussian runs about the equations, with ``shifts`` times the predicted shift of their mean."""
    rng, curves = np.random.default_rng(5), {}
    for name in ("risk", "M", "Q"):
        noise = rng.standard_normal((seeds, *theory.curves[name].shape))
        noise -= noise.mean(axis=0)
        curves[name] = (
            theory.curves[name] + shifts * theory.curves[f"{name}_shift"] + theory.curves[f"{name}_std"] * noise
        )
    return Trajectory("simulation", theory.time, theory.P, curves, theory.step)


def test_the_predicted_shift_of_the_mean_does_not_fail_a_right_theory():
    """At d = 40, 20000 runs see the shift well; three times the shift is another theory."""
    theory = integrate(load_spec(merged(BASE, {"dimension": 40, "integrate": {"fluctuations": True}})))
    runs = synthetic(theory, 1.0, 20_000)
    error = runs.risk.std(axis=0)[1:] / np.sqrt(20_000)
    assert (np.abs(runs.risk.mean(axis=0) - theory.risk)[1:] / error).max() > 5
    assert compare(runs, theory).agrees()
    assert not compare(synthetic(theory, 3.0, 20_000), theory).agrees()


def test_what_a_comparison_holds(runs, theories):
    plain, predicted = (compare(runs, theory) for theory in theories)
    assert plain.predicted_std is None
    np.testing.assert_allclose(predicted.observed_std, predicted.predicted_std, rtol=0.75)
    assert plain.points == len(plain.time) * (1 + 4 * 2 + 10)
    for found in (plain, predicted):
        values = json.loads(json.dumps(found.summary(), allow_nan=False))
        assert len(values["z"]) == len(found.time)
        assert {"max_z", "where", "verdict", "time", "mean", "standard_error", "theory"} <= set(values)
        assert " agree" in found.verdict()


def test_an_infinite_deviation_stays_finite(theories):
    """Runs without any spread, off the equations: z is capped, not infinite."""
    theory = theories[0]
    curves = {name: np.stack([curve + 0.3] * 5) for name, curve in theory.curves.items() if "_" not in name}
    still = Trajectory("simulation", theory.time, theory.P, curves, theory.step)
    found = compare(still, theory)
    assert found.max_z > 10
    json.dumps(found.summary(), allow_nan=False)


def test_other_problems_are_refused(sgdode, tmp_path):
    (tmp_path / "a.yaml").write_text(json.dumps(merged(BASE, {"simulate": {"seeds": 1}, "time": {"stop": 0.5}})))
    simulation = sgdode("simulate", "a.yaml").stdout.strip()
    other = sgdode("integrate", "a.yaml", "--set", "learning_rate=1.0", "-o", "other.h5").stdout.strip()
    refused = sgdode("compare", simulation, other)
    assert refused.returncode == 2
    assert "learning_rate.gamma is 2.0 and 1.0" in refused.stderr
    assert "initial" not in refused.stderr
    same = sgdode("integrate", "a.yaml").stdout.strip()
    lonely = sgdode("compare", simulation, same)
    assert "one seed has no observed spread" in lonely.stderr
    swapped = sgdode("compare", same, simulation)
    assert swapped.returncode == 2
    assert "a simulation, then an integration" in swapped.stderr


def test_the_command(sgdode, tmp_path):
    (tmp_path / "a.yaml").write_text(json.dumps(BASE))
    files = [sgdode(command, "a.yaml").stdout.strip() for command in ("simulate", "integrate")]
    table = sgdode("compare", *files, "--max-z", "4", "--threshold", "0.02", "-o", "c.png")
    assert table.returncode == 0, table.stderr
    assert "simulation and equations agree" in table.stdout
    assert "risk below 0.02" in table.stdout
    picture = save_figure(draw([Trajectory.load(tmp_path / path) for path in files], "compare"), tmp_path / "d.png")
    assert picture.read_bytes() == (tmp_path / "c.png").read_bytes()
    found = json.loads(sgdode("compare", *files, "--json", "--threshold", "1e-9").stdout)
    assert found["thresholds"][0]["simulation"]["mean"] is None
    noisy = sgdode("integrate", "a.yaml", "--set", "integrate.equations=gradient-flow").stdout.strip()
    assert sgdode("compare", files[0], noisy, "--max-z", "4").returncode == 1
    assert sgdode("compare", files[0], noisy).returncode == 0


def test_the_correction_is_that_of_uniform_chances():
    assert _corrected(0.0, 100) == 0.0
    assert _corrected(3.0, 1) == pytest.approx(3.0)
    assert _corrected(3.0, 1000) < 0.2
    assert 4.4 < _corrected(6.0, 1000) < 5.0
