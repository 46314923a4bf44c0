"""Pictures of neurons and of what they cost: paths between teachers, histograms, heat maps, shares, animations."""

import json

import numpy as np
import pytest
from matplotlib.patches import StepPatch
from PIL import Image
from support.pictures import cut, legend, run, sgd, solid

from sgdode.errors import UsageError
from sgdode.plots.draw import FIGURES, draw
from sgdode.plots.figures.histogram import BINS
from sgdode.plots.figures.trajectories import linear_phase
from sgdode.plots.gif import animate
from sgdode.plots.style import PALETTE
from sgdode.results.alignment import cosines, inside, norms, share_inside
from sgdode.results.trajectory import Trajectory


def weights(seed=0, p=5, k=2, d=7, P_is_identity=False):
    """A trajectory of one time, made of random weights, and the weights W (p,d) and W* (k,d)."""
    rng = np.random.default_rng(seed)
    W, W_star = rng.normal(size=(p, d)), np.eye(k, d) * np.sqrt(d) if P_is_identity else rng.normal(size=(k, d))
    curves = {"M": (W @ W_star.T / d)[None], "Q": (W @ W.T / d)[None], "risk": np.ones(1)}
    return Trajectory("integration", np.zeros(1), W_star @ W_star.T / d, curves), W, W_star


def test_alignment_is_that_of_the_weights():
    trajectory, W, W_star = weights()
    projector = np.linalg.pinv(W_star) @ W_star
    np.testing.assert_allclose(inside(trajectory)[0], ((W @ projector) ** 2).sum(axis=1) / 7)
    np.testing.assert_allclose(norms(trajectory)[0], (W**2).sum(axis=1) / 7)
    lengths = np.linalg.norm(W, axis=1)[:, None] * np.linalg.norm(W_star, axis=1)
    np.testing.assert_allclose(cosines(trajectory)[0], W @ W_star.T / lengths)
    share = ((W @ projector) ** 2).sum() / (W**2).sum()
    np.testing.assert_allclose(share_inside(trajectory), [share])
    trajectory.curves["q"] = norms(trajectory) - inside(trajectory)
    del trajectory.curves["Q"]
    np.testing.assert_allclose(norms(trajectory)[0], (W**2).sum(axis=1) / 7)
    del trajectory.curves["q"]
    with pytest.raises(UsageError, match=r"neither Q nor q.*add q to `save`"):
        norms(trajectory)


def test_a_neuron_of_no_length_has_cosine_zero_and_particles_weigh():
    trajectory, _, _ = weights()
    trajectory.curves["M"][:, 0], trajectory.curves["Q"][:, 0] = 0, 0
    assert (cosines(trajectory)[0, 0] == 0).all()
    one = share_inside(trajectory)
    repeated = np.array([0, 1, 1, 2, 3, 4, 4, 4])
    twin = Trajectory("integration", trajectory.time, trajectory.P, {
        "M": trajectory.M[:, repeated], "Q": trajectory.Q[:, repeated][..., repeated]})  # fmt: skip
    trajectory.particle_weight = np.bincount(repeated) / 8
    np.testing.assert_allclose(share_inside(trajectory), share_inside(twin))
    assert share_inside(trajectory) != one


def test_trajectories_show_points_lines_targets_and_the_linear_phase():
    simulation, integration = sgd(), run()
    figure = draw([simulation, integration], "trajectories")
    plane, risk, _ = figure.axes
    paths = [line for line in solid(plane) if len(line.get_xdata()) == 61]
    expected = cosines(integration)
    assert len(paths) == 4
    np.testing.assert_allclose(paths[1].get_xydata(), expected[:, 1])
    stars = {tuple(line.get_xydata()[0]): line.get_color() for line in plane.lines if line.get_marker() == "*"}
    assert stars == {(1, 0): PALETTE[0], (0, 1): PALETTE[1]}
    assert [line.get_color() for line in paths] == [PALETTE[0], PALETTE[1]] * 2, "by the teacher that each has learnt"
    (diamond,) = [line.get_xydata()[0] for line in plane.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(diamond, [0.5**0.5, 0.5**0.5])
    points = [line for line in plane.lines if line.get_marker() == "o" and len(line.get_xdata()) > 9]
    np.testing.assert_allclose(points[2].get_xydata()[0], cosines(simulation)[0, 0, 2])
    assert risk.get_xscale() == risk.get_yscale() == "log"
    assert "SGD, run 0" in legend(figure)
    assert "end of the linear phase" in legend(figure)
    several = draw([simulation, integration], "trajectories", runs=[1, 2], students=[3])
    assert "SGD, runs 1, 2" in legend(several)


def test_linear_phase_of_oblique_and_weighted_teachers():
    trajectory, _, W_star = weights()
    trajectory.provenance["resolved"] = json.dumps({"teacher": {"output_weights": [2.0, -1.0]}})
    w = np.array([2.0, -1.0]) @ W_star
    np.testing.assert_allclose(
        linear_phase(trajectory), W_star @ w / np.linalg.norm(w) / np.linalg.norm(W_star, axis=1)
    )
    trajectory.attributes["student_activation"] = "square"
    assert linear_phase(trajectory) is None


def test_histogram_counts_neurons_at_the_times_asked_for():
    simulation, integration = sgd(p=40), run(p=40)
    figure = draw([simulation, integration], "histogram", times=[0, 1, 900], teachers=[1])
    assert [axes.get_title() for axes in figure.axes] == ["$t = 0$", "$t = 1.08$", "$t = 823$"]
    for axes, time in zip(figure.axes, (0, 1, 900), strict=True):
        line, filled = sorted((p for p in axes.patches if isinstance(p, StepPatch)), key=lambda patch: patch.get_fill())
        at = np.argmin(np.abs(integration.time - time))
        counted = np.histogram(np.clip(cosines(integration)[at, :, 1], -1, 1), BINS, (-1, 1))[0]
        np.testing.assert_allclose(line.get_data().values, counted / 40)
        np.testing.assert_allclose(filled.get_data().values.sum(), 1)
    assert legend(figure) == ["ODE (full)", "SGD, 8 runs"]
    with pytest.raises(UsageError, match=r"--times: got 2000; the files hold t = 0 to 1000"):
        draw([simulation], "histogram", times=[2000])


def test_histogram_weighs_particles():
    integration = run(p=3)
    integration.curves["M"][:] = np.array([-0.5, 0.2, 0.7])[:, None]
    integration.curves["Q"] = np.ones((61, 3, 3))
    integration.particle_weight = np.array([0.5, 0.3, 0.2])
    (patch,) = draw([integration], "histogram", times=[0]).axes[0].patches
    values = patch.get_data().values
    np.testing.assert_allclose(values[values > 0], [0.5, 0.3, 0.2])


def test_specialisation_shows_M_and_Q_in_the_order_of_the_teachers():
    trajectory = run(p=4, k=2)
    trajectory.curves["Q"] = np.arange(61 * 16.0).reshape(61, 4, 4)
    figure = draw([trajectory], "specialisation", times=[0, 1000])
    last = figure.axes[1].images[0].get_array()
    order = [0, 2, 1, 3] if trajectory.M[-1, 0, 0] >= trajectory.M[-1, 2, 0] else [2, 0, 1, 3]
    assert set(order[:2]) == {0, 2}
    M, Q = trajectory.M[-1], trajectory.Q[-1]
    assert last.shape == (4, 2 + 1 + 4)
    shown = [int(text.get_text()) for text in figure.axes[0].get_yticklabels()]
    np.testing.assert_array_equal(last[:, :2], M[shown])
    np.testing.assert_array_equal(last[:, 3:], Q[np.ix_(shown, shown)])
    assert {shown[0], shown[1]} == {0, 2}
    assert [axes.get_title() for axes in figure.axes[:2]] == ["$t = 0$", "$t = 1000$"]
    del trajectory.curves["Q"]
    assert draw([trajectory], "specialisation").axes[0].images[0].get_array().shape == (4, 2 + 1 + 1)
    del trajectory.curves["q"]
    with pytest.raises(UsageError, match="M and Q or q are needed"):
        draw([trajectory], "specialisation")


def test_share_is_a_curve_for_each_problem():
    runs = [make(d=d) for d in (5, 50) for make in (sgd, run)]
    figure = draw(runs, "share")
    assert legend(figure)[:2] == ["$d = 5$", "$d = 50$"]
    np.testing.assert_allclose(solid(figure.axes[0])[0].get_ydata(), share_inside(runs[1])[1:])


def test_cost_is_time_a_step_by_method():
    exact, explicit = ([sgd(d=d) for d in (5, 50)] for _ in range(2))
    for trajectory in explicit:
        trajectory.attributes["method"] = "explicit"
    figure = draw([*exact, *explicit], "cost")
    line = figure.axes[0].lines[0]
    np.testing.assert_allclose(line.get_xdata(), [5, 50])
    np.testing.assert_allclose(line.get_ydata(), [2e6 / (8 * run.step[-1]) for run in exact])
    assert legend(figure) == ["exact", "explicit", r"$\propto d$"]
    with pytest.raises(UsageError, match="no simulation that tells its seconds"):
        draw([run()], "cost")


@pytest.mark.parametrize("name", ["trajectories", "histogram"])
def test_animations_are_the_same_byte_for_byte(name, tmp_path):
    runs = [sgd(times=3, p=12), run(times=3, p=12)]
    one, other = (animate(runs, name, tmp_path / f"{n}.gif").read_bytes() for n in "ab")
    assert one == other
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 4
        assert picture.info["loop"] == 0
    assert len(list(tmp_path.iterdir())) == 2, "no temporary file stays"


def test_what_is_refused(tmp_path):
    with pytest.raises(UsageError, match="several problems"):
        draw([run(d=5), run(d=50)], "trajectories")
    with pytest.raises(UsageError, match="got 1; trajectories are drawn against two teachers"):
        draw([run()], "trajectories", teachers=[0])
    with pytest.raises(UsageError, match="--teachers: got 1; plateau has 1 teachers"):
        draw([run(k=1)], "trajectories")
    with pytest.raises(UsageError, match=r"a \.gif shows the figures trajectories and histogram; got --figure risk"):
        animate([run()], "risk", tmp_path / "a.gif")
    with pytest.raises(UsageError, match="nothing to animate"):
        animate([cut(run(), 1)], "histogram", tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_the_help_names_every_figure():
    from sgdode.cli import app as cli

    assert all(name in cli.FIGURES for name in FIGURES)


def test_the_command_line_draws_times_and_animations(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from sgdode.cli.app import app

    monkeypatch.chdir(tmp_path)
    sgd(times=4, p=3).save("simulation.h5"), run(times=4, p=3).save("equations.h5")

    def plot(*arguments):
        return CliRunner().invoke(app, ["plot", "simulation.h5", "equations.h5", *arguments])

    assert plot("--figure", "histogram", "--times", "0,1,1e3", "-o", "a.png").stdout == "a.png\n"
    assert plot("--figure", "trajectories", "-o", "a.gif").stdout == "a.gif\n"
    assert (tmp_path / "a.gif").read_bytes().startswith(b"GIF89a")
    assert plot("--figure", "specialisation").stdout == "plateau-specialisation.png\n"
    refused = plot("--figure", "histogram", "--times", "soon", "-o", "b.png")
    assert "--times soon: must be numbers with commas between them" in str(refused.exception)
