"""A comparison that can fail: right equations pass, wrong ones are caught, and other problems are refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from support.compare_settings import setting, simulated, theories_of
from support.compared import BASE
from support.specs import merged

from sgdode import integrate, load_spec, simulate
from sgdode.analysis.allowance import Sides
from sgdode.analysis.compare import compare
from sgdode.analysis.deviation import corrected, single, windows
from sgdode.analysis.matching import common_times
from sgdode.plots.draw import draw
from sgdode.plots.files import save_figure
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
        assert found.max_z > 4
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
    """At d = 40, 20000 runs see the shift well; six times the shift is another theory."""
    theory = integrate(load_spec(merged(BASE, {"dimension": 40, "integrate": {"fluctuations": True}})))
    runs = synthetic(theory, 1.0, 20_000)
    error = runs.risk.std(axis=0)[1:] / np.sqrt(20_000)
    assert (np.abs(runs.risk.mean(axis=0) - theory.risk)[1:] / error).max() > 5
    assert compare(runs, theory).agrees()
    assert not compare(synthetic(theory, 6.0, 20_000), theory).agrees()


def test_what_a_comparison_holds(runs, theories):
    plain, predicted = (compare(runs, theory) for theory in theories)
    assert plain.predicted_std is None
    np.testing.assert_allclose(predicted.observed_std, predicted.predicted_std, rtol=0.75)
    assert plain.points == (len(plain.time) + 5) * (1 + 4 * 2 + 10)
    for found in (plain, predicted):
        values = json.loads(json.dumps(found.summary(), allow_nan=False))
        assert {len(values[name]) for name in ("raw_z", "allowed", "z", "detectable")} == {len(found.time)}
        assert {"max_z", "where", "verdict", "time", "mean", "standard_error", "theory"} <= set(values)
        assert values["verdict"] == "agree"
        assert len(values["windows"]) == 5
        assert "agree at t = 0.2 to 4" in found.verdict()
        expected = found.theory + (0.0 if found.shift is None else found.shift)
        np.testing.assert_allclose(found.raw_z, (found.mean - expected) / found.standard_error, rtol=1e-6)


def test_an_infinite_deviation_stays_finite(theories):
    """Runs without any spread, off the equations: z is capped, not infinite."""
    theory = theories[0]
    curves = {name: np.stack([curve + 0.3] * 5) for name, curve in theory.curves.items() if "_" not in name}
    still = Trajectory("simulation", theory.time, theory.P, curves, theory.step)
    found = compare(still, theory)
    assert 9 < found.max_z < 38
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
    ours, theirs = (np.asarray(Image.open(path)) for path in (picture, tmp_path / "c.png"))
    np.testing.assert_array_equal(ours, theirs)
    found = json.loads(sgdode("compare", *files, "--json", "--threshold", "1e-9").stdout)
    assert found["thresholds"][0]["simulation"]["mean"] is None
    noisy = sgdode("integrate", "a.yaml", "--set", "integrate.equations=gradient-flow").stdout.strip()
    assert sgdode("compare", files[0], noisy, "--max-z", "2.6").returncode == 1
    assert sgdode("compare", files[0], noisy).returncode == 0


def test_the_correction_is_that_of_uniform_chances():
    assert corrected(0.0, 100) == 0.0
    assert corrected(3.0, 1) == pytest.approx(3.0)
    assert corrected(3.0, 1000) < 0.2
    assert 4.4 < corrected(6.0, 1000) < 5.0
    assert corrected(single(2.6, 321), 321) == pytest.approx(2.6)


TIME = np.concatenate([[0.0], np.geomspace(0.1, 100, 40)])


def made(runs, theory, time=TIME, **attributes):
    """A simulation and an integration of these risks, of d = 10⁹ unless told otherwise; the overlaps stand still."""
    P, given = np.eye(1), {"dimension": 1e9, "rtol": 1e-8, **attributes}
    still = {name: np.ones((*runs.shape, 1, 1)) for name in "MQ"}
    return (
        Trajectory("simulation", time, P, {"risk": runs, **still}, attributes={"dimension": given["dimension"]}),
        Trajectory("integration", time, P, {"risk": theory, "M": still["M"][0], "Q": still["Q"][0]}, attributes=given),
    )


def walks(rng, seeds, spread):
    """Runs about the risk exp(−t/20) that are correlated in time, of relative spread ``spread``."""
    steps = rng.standard_normal((seeds, len(TIME)))
    for at in range(1, len(TIME)):
        steps[:, at] = 0.9 * steps[:, at - 1] + np.sqrt(1 - 0.9**2) * steps[:, at]
    return np.exp(-TIME / 20) * (1 + spread * steps)


@pytest.mark.parametrize("seeds", [2, 4, 16])
def test_chance_alone_disagrees_once_in_a_hundred(seeds):
    """With next to nothing allowed: 400 comparisons; 14 or more of them have a chance of 8e-5 at 1%."""
    rng = np.random.default_rng(seeds)
    words = [compare(*made(walks(rng, seeds, 1e-3), np.exp(-TIME / 20))).word() for _ in range(400)]
    assert words.count("DISAGREE") < 14


def test_what_lasts_is_found_by_its_window():
    """1.3 standard errors at every time of the last half are one deviation, seen in noise that is not correlated."""
    rng, theory = np.random.default_rng(0), np.exp(-TIME / 20)
    runs = theory * (1 + 1e-3 * rng.standard_normal((64, len(TIME))))
    found = compare(*made(runs, theory * np.where(TIME > 3, 1 + 1.6e-4, 1.0)))
    assert np.abs(found.raw_z).max() < 4
    assert found.word() == "DISAGREE"
    assert "over t" in found.where
    assert [part.stop - part.start for part in windows(41)] == [10, 10, 11, 10, 21]


@pytest.mark.parametrize("factor", [0.0, 0.1, 10.0])
@pytest.mark.parametrize(("spread", "seeds"), [(0.03, 8), (0.3, 32)])
def test_a_late_theory_that_is_nothing_like_the_runs_is_found(factor, spread, seeds):
    """The last four times alone, down to 0.7% of the first risk."""
    runs, wrong = walks(np.random.default_rng(1), seeds, spread), np.exp(-TIME / 20)
    assert compare(*made(runs, wrong)).word() == "agree"
    wrong[-4:] *= factor
    found = compare(*made(runs, wrong))
    assert found.word() == "DISAGREE"
    assert np.abs(found.z[:-4]).max() < 3.2 < np.abs(found.z[-4:]).min()


def test_a_late_theory_of_nothing_is_found_where_few_runs_carry_the_mean():
    """Where the risk spreads by 1.3 in its logarithm, the mean is no measure; the logarithm is one."""
    noise = 1.3 * np.random.default_rng(11).standard_normal((32, 1)) * np.clip(TIME / 20, 0, 1)
    runs, theory = np.exp(-TIME / 20 + noise), np.exp(-TIME / 20)
    assert compare(*made(runs, theory)).word() != "DISAGREE"
    found = compare(*made(runs, theory * np.where(TIME > 50, 0.0, 1.0)))
    assert found.word() == "DISAGREE"
    assert found.where.startswith("log risk")


def test_nothing_is_allowed_for_another_time():
    """What is allowed at a time is of the risk at that time, whatever it was before."""
    runs = walks(np.random.default_rng(2), 16, 0.05)
    low, high = (compare(*made(runs * factor, np.exp(-TIME / 20) * factor, dimension=100, rtol=0)) for factor in
                 (np.ones(41), np.where(TIME < 1, 100.0, 1.0)))  # fmt: skip
    late = low.time > 1
    np.testing.assert_allclose(low.allowed[late], high.allowed[late], rtol=1e-2)
    assert (low.allowed < 0.1 * low.theory).all()


def test_risks_of_nothing_are_not_compared():
    """SGD at 1e-17 against a solver's 1e-14, and runs without any spread."""
    theory = np.exp(-TIME)
    runs = theory * (1 + 1e-3 * np.random.default_rng(3).standard_normal((8, len(TIME))))
    found = compare(*made(np.where(theory < 1e-12, 1e-17, runs), np.maximum(theory, 1e-14)))
    assert found.word() == "agree"
    assert found.decided.all()
    still = compare(*made(np.stack([theory] * 4), theory))
    assert (still.max_z, still.word()) == (0.0, "agree")
    assert compare(*made(np.stack([theory] * 4), theory * (1 + 1e-5))).word() == "DISAGREE"
    assert compare(*made(np.zeros((4, 41)), np.zeros(41))).word() == "agree"


def test_it_says_what_it_cannot_decide():
    """Two runs that differ by 60% show an error of ten times at most; a stated error above 1% leaves no verdict."""
    theory = np.exp(-TIME / 20)
    weak = compare(*made(walks(np.random.default_rng(4), 2, 0.6), theory))
    assert weak.word() == "cannot decide"
    assert not weak.agrees()
    assert weak.verdict().startswith("cannot decide")
    assert "only a risk off by more than 50% would be found" in weak.notes()[0]
    good = walks(np.random.default_rng(5), 16, 0.01)
    sides = made(good, theory * np.where(TIME > 10, 3.0, 1.0))
    assert compare(*sides).word() == "DISAGREE"
    sides[1].attributes["risk_error"] = 0.05
    found = compare(*sides)
    assert found.word() == "cannot decide"
    assert np.isnan(found.z).all()
    assert found.summary()["z"][-1] is None
    assert "the stated error of the risk is above 1%" in found.notes()[0]
    sides[1].attributes["risk_error"] = 0.009
    right = replace(sides[1], curves={**sides[1].curves, "risk": theory})
    assert compare(made(good * 1.008, theory)[0], right).word() == "agree"


def test_what_is_said_to_be_found_is_found():
    """A theory that is off by 1.3 times what is detectable at one time; in half of it none is seen."""
    runs, theory = walks(np.random.default_rng(6), 16, 0.05), np.exp(-TIME / 20)
    least = compare(*made(runs, theory, dimension=300)).detectable
    for share, word in ((1.5, "DISAGREE"), (0.3, "agree")):
        wrong = theory.copy()
        wrong[21] = runs[:, 21].mean() / (1 - share * least[20])
        assert compare(*made(runs, wrong, dimension=300)).word() == word


def test_runs_that_specialise_to_different_teachers():
    """Half of the runs have two students exchanged: their overlaps say nothing, and their risk is judged as ever."""
    rng, shape, theory = np.random.default_rng(7), (41, 2, 2), np.exp(-TIME / 20)
    M, Q = np.broadcast_to([[0.9, 0.1], [0.2, 0.8]], shape), np.broadcast_to([[1.0, 0.3], [0.3, 0.9]], shape)
    rows = [[1, 0] if seed % 2 else [0, 1] for seed in range(32)]
    curves = {
        "risk": theory * (1 + 0.01 * rng.standard_normal((32, 1))),
        "M": np.stack([M[:, row] for row in rows]),
        "Q": np.stack([Q[:, row][:, :, row] for row in rows]),
    }
    runs = Trajectory("simulation", TIME, np.eye(2), curves, attributes={"dimension": 2000})
    right = Trajectory("integration", TIME, np.eye(2), {"risk": theory, "M": M, "Q": Q})
    found = compare(runs, right)
    assert found.parted.all()
    assert found.word() == "agree"
    assert "specialise to different teachers" in found.notes()[-1]
    assert compare(runs, replace(right, curves={**right.curves, "risk": 1.1 * theory})).word() == "DISAGREE"
    together = replace(runs, curves={**curves, "M": np.stack([M] * 32) + 0.01 * rng.standard_normal((32, 1, 2, 2))})
    together.curves["Q"] = np.stack([Q] * 32)
    assert compare(together, right).word() == "agree"
    found = compare(together, replace(right, curves={**right.curves, "M": M + 0.02}))
    assert (found.word(), found.where[0]) == ("DISAGREE", "M")


def test_on_the_way_out_of_a_plateau_the_mean_is_off_by_more_than_the_square_of_the_spread():
    """R = 1 − ½ m² with m = m₀ eᵗ (1 + ξ), ξ of spread 0.6: ⟨R⟩ − R is −0.18 m² where the spread is 0.6 m²."""
    xi, time = 0.6 * np.random.default_rng(9).standard_normal((400, 1)), np.linspace(0, 3, 31)
    m = 0.3 * np.exp(time - 3)
    runs, theory = made(1 - 0.5 * (m * (1 + xi)) ** 2, 1 - 0.5 * m**2, time, dimension=1000)
    runs.curves["M"] = (m * (1 + xi))[..., np.newaxis, np.newaxis]
    theory.curves["M"] = m[:, np.newaxis, np.newaxis]
    found = compare(runs, theory)
    assert np.abs(found.raw_z).max() > 5
    assert found.word() == "agree"
    theory.curves["risk"] = 1 - 1.5 * m**2
    assert compare(runs, theory).word() == "DISAGREE"


WRONG_SYSTEM = {
    "dimension": 30,
    "teacher": {"width": 1, "activation": "erf", "noise": 0.01},
    "student": {"width": 1, "activation": "erf"},
    "learning_rate": 0.3,
    "initial": {"kind": "gaussian", "seed": 1},
    "time": {"start": 0.1, "stop": 100.0, "points": 40, "spacing": "log"},
    "simulate": {"seeds": 8},
}


def test_gradient_flow_is_not_the_theory_of_a_noisy_floor():
    """Its late risk is 1e-9 of that of SGD."""
    runs = simulate(load_spec(WRONG_SYSTEM))
    flow, full = (
        integrate(load_spec(merged(WRONG_SYSTEM, {"integrate": {"equations": name}})))
        for name in ("gradient-flow", "full")
    )
    found = compare(runs, flow)
    assert found.word() == "DISAGREE"
    assert (found.z[-5:] > 3).all()
    assert compare(runs, full).word() == "agree"


def test_the_table_fits(runs, theories):
    from sgdode.cli.tables import comparison_table, printed, shown_rows, window_table

    spoiled = replace(theories[1], curves={**theories[1].curves, "risk": theories[1].risk.copy()})
    spoiled.risk[6] *= 30
    found = compare(runs, spoiled)
    assert len(printed(comparison_table(found, full=True)).splitlines()) == 4 + len(found.time)
    text = printed(comparison_table(found)) + printed(window_table(found))
    assert max(map(len, text.splitlines())) <= 80
    long = compare(*made(walks(np.random.default_rng(8), 8, 0.1), np.exp(-TIME / 20) * np.where(TIME[9] == TIME, 4, 1)))
    rows = shown_rows(long)
    assert len(rows) == 12
    assert rows[0] == 0
    assert rows[-1] == 39
    assert 8 in rows
    assert max(map(len, printed(comparison_table(long)).splitlines())) <= 80


@pytest.mark.parametrize("number", [2, 5, 6, 14, 19])
def test_right_equations_pass_and_wrong_ones_are_found(number):
    """Settings of the study (calibrate_compare.py), 64 seeds: a wrong theory is found where its effect on the risk is,
    at some time, above six standard errors and above three times what is allowed there."""
    spec, seen = setting(number), 0
    runs = simulated(spec, 64)
    found = {}
    for label, theory in theories_of(spec):
        if label == "right":
            right = theory
        judged = found[label] = compare(runs, theory)
        effect = np.abs(theory.risk - right.risk)[1:]
        if ((effect > 6 * judged.standard_error) & (effect > 3 * judged.allowed)).any():
            seen += 1
            assert judged.word() == "DISAGREE", label
    assert found["right"].word() == "agree"
    assert seen >= 1


def test_stated_errors_are_shares_of_the_risk_at_that_time():
    theory = np.exp(-TIME / 20)
    simulation, integration = made(walks(np.random.default_rng(8), 4, 0.01), theory, risk_error=1e-3)
    simulation.attributes["risk_error"] = 2e-3
    sides = Sides(simulation, integration, common_times(simulation, integration))
    np.testing.assert_allclose(sides.stated(), 3e-3 * theory[1:])
    assert sides.well_known.all()
