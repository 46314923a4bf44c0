"""Ten things that people want, each done the way the README tells."""

import csv

import numpy as np
import pytest
from support.pictures import bars, knots, legend, solid
from support.specs import SMALL, merged
from typer.testing import CliRunner

from sgdode import Activation, Trajectory, compare, hermite_coefficients, integrate, load_spec, plot, simulate
from sgdode.cli.app import app

SPEC = """
dimension: 50
teacher: {width: 2}
student: {width: 4}
learning_rate: 0.5
time: {stop: 1.0, points: 5}
simulate: {seeds: 2}
"""


@pytest.fixture
def sgdode(tmp_path, monkeypatch):
    """The command line in this process, in a folder with a spec; gives the lines of stdout."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(SPEC)

    def run(*arguments):
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout.split()

    return run


def test_an_activation_of_my_own(sgdode):
    mine = Activation(np.sin, np.cos)
    theirs = load_spec(merged(SMALL, {"student": {"activation": "mine"}}), activations={"mine": mine})
    series = hermite_coefficients(np.sin, 16)
    pasted = load_spec(merged(SMALL, {"student": {"activation": {"hermite": series}}}))
    np.testing.assert_allclose(integrate(theirs).risk, integrate(pasted).risk, rtol=1e-3)
    (path,) = sgdode("integrate", "--set", f"student.activation={{hermite: {series}}}")
    assert path.endswith(".h5")


def test_fifty_random_starts_in_one_picture(sgdode, tmp_path):
    files = [sgdode("simulate", "-q", "--set", f"initial.seed={seed}")[0] for seed in range(50)]
    assert len(set(files)) == 50
    assert sgdode("plot", *files, "--average", "-o", "pooled.png") == ["pooled.png"]
    axes = plot(*files, average=True).axes[0]
    (points,) = bars(axes)
    mean = np.mean([Trajectory.load(path).risk.mean(axis=0) for path in files], axis=0)
    np.testing.assert_allclose(points[0].get_ydata(), mean[1:])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["SGD, mean ± s.e. of 50 starts"]


def test_weights_from_another_library(sgdode, tmp_path):
    rng = np.random.default_rng(3)
    W = rng.standard_normal((4, 50)).astype(np.float32)
    W_star = np.asfortranarray(rng.standard_normal((2, 50)))
    np.savez_compressed(tmp_path / "torch.npz", W=W, W_star=W_star, a=np.ones((4, 1), np.float32), epoch=7)
    (path,) = sgdode("simulate", "--set", "initial={kind: weights, file: torch.npz}")
    run = Trajectory.load(path)
    np.testing.assert_allclose(run.Q[0, 0], W.astype(float) @ W.T.astype(float) / 50, atol=1e-12)
    np.testing.assert_allclose(run.P, W_star @ W_star.T / 50, atol=1e-12)


def test_neuron_3_against_both_teachers(sgdode, tmp_path):
    files = sgdode("simulate") + sgdode("integrate")
    assert sgdode("plot", *files, "--figure", "overlaps", "--students", "3", "-o", "m3.png") == ["m3.png"]
    picture = plot(*files, figure="overlaps", students=[3])
    assert legend(picture)[:2] == ["$M_{3,0}$", "$M_{3,1}$"]
    theory = Trajectory.load(files[1])
    for r, line in enumerate(solid(picture.axes[0])):
        np.testing.assert_allclose(knots(line.get_ydata(), len(theory.time) - 1), theory.M[1:, 3, r])


def test_risk_against_samples_per_dimension(sgdode, tmp_path):
    files = sgdode("simulate") + sgdode("integrate")
    assert sgdode("plot", "--x", "samples/d", "-o", "samples.pdf") == ["samples.pdf"]
    axes = plot(*files, x="samples/d").axes[0]
    assert axes.get_xlabel() == r"samples per dimension $n/d = B\nu/d$"
    np.testing.assert_allclose(
        knots(solid(axes)[0].get_xdata(), len(Trajectory.load(files[1]).time) - 1),
        Trajectory.load(files[1]).step[1:] / 50,
    )


def test_another_convention(sgdode):
    ours = Trajectory.load(sgdode("integrate", "--set", "student.output_weights=width", "-o", "a.h5")[0])
    spelt = Trajectory.load(sgdode("integrate", "--set", "student.output_weights=4.0", "-o", "b.h5")[0])
    np.testing.assert_array_equal(ours.risk, spelt.risk)


def test_more_seeds_extend_a_finished_run(sgdode):
    first = Trajectory.load(sgdode("simulate")[0])
    more = Trajectory.load(sgdode("simulate", "--set", "simulate.seeds=5", "-j", "2")[0])
    np.testing.assert_array_equal(more.Q[:2], first.Q)
    assert len(np.unique(more.risk[:, -1])) == 5


def test_five_learning_rates_in_one_picture(sgdode, tmp_path):
    rates = (0.1, 0.2, 0.5, 1, 2)
    files = [sgdode("integrate", "--set", f"learning_rate={rate}")[0] for rate in rates]
    assert sgdode("plot", *files, "-o", "rates.svg") == ["rates.svg"]
    picture = plot(*files)
    assert legend(picture)[:5] == [rf"$\gamma = {rate}$" for rate in rates]
    assert len({line.get_color() for line in solid(picture.axes[0])}) == 5


def test_the_numbers_as_csv(sgdode, tmp_path):
    (path,) = sgdode("integrate")
    assert sgdode("export", path, "-o", "risk.csv") == ["risk.csv"]
    with (tmp_path / "risk.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_array_equal([float(row["risk"]) for row in rows], Trajectory.load(path).risk)


def test_use_in_python(tmp_path):
    spec = load_spec(merged(SMALL, {"simulate": {"seeds": 8}}), {"teacher.noise": 0.01})
    runs, theory = simulate(spec), integrate(spec)
    assert compare(runs, theory).agrees()
    dataset = pytest.importorskip("xarray") and runs.to_xarray()
    assert dataset["M"].dims == ("seed", "time", "student", "teacher")
    again = Trajectory.load(runs.save(tmp_path / "runs.h5"))
    np.testing.assert_array_equal(again.M, runs.M)
    (axes,) = plot(runs, theory).axes
    assert len(bars(axes)) == len(solid(axes)) == 1
