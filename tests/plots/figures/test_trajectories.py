"""The paths of neurons between two teachers."""

import json

import numpy as np
import pytest
from PIL import Image
from support.pictures import cut, legend, run, sgd, solid

from sgdode.errors import UsageError
from sgdode.plots.draw import FIGURES, draw
from sgdode.plots.figures.trajectories import linear_phase
from sgdode.plots.files import about_picture, save_figure
from sgdode.plots.gif import animate
from sgdode.plots.style import PALETTE
from sgdode.results.alignment import cosines
from sgdode.results.trajectory import Trajectory


def weights(seed=0, p=5, k=2, d=7, P_is_identity=False):
    """A trajectory of one time, made of random weights, and the weights W (p,d) and W* (k,d)."""
    rng = np.random.default_rng(seed)
    W, W_star = rng.normal(size=(p, d)), np.eye(k, d) * np.sqrt(d) if P_is_identity else rng.normal(size=(k, d))
    curves = {"M": (W @ W_star.T / d)[None], "Q": (W @ W.T / d)[None], "risk": np.ones(1)}
    return Trajectory("integration", np.zeros(1), W_star @ W_star.T / d, curves), W, W_star


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


def test_what_is_refused(tmp_path):
    with pytest.raises(UsageError, match="several problems"):
        draw([run(d=5), run(d=50)], "trajectories")
    with pytest.raises(UsageError, match="got 1; trajectories are drawn against two teachers"):
        draw([run()], "trajectories", teachers=[0])
    with pytest.raises(UsageError, match="teachers: got 1; plateau has 1 teachers"):
        draw([run(k=1)], "trajectories")
    with pytest.raises(UsageError, match=r"figure: got 'risk'; a \.gif shows trajectories and histogram"):
        animate([run()], "risk", tmp_path / "a.gif")
    with pytest.raises(UsageError, match="nothing to animate"):
        animate([cut(run(), 1)], "histogram", tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_the_help_names_every_figure():
    from sgdode.cli.pictures import FIGURE_HELP

    assert all(name in FIGURE_HELP for name in FIGURES)


def test_the_command_line_draws_times_and_animations(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from sgdode.cli.app import app

    monkeypatch.chdir(tmp_path)
    sgd(times=4, p=3).save("simulation.h5"), run(times=4, p=3).save("equations.h5")

    def plot(*arguments):
        return CliRunner().invoke(app, ["plot", "simulation.h5", "equations.h5", *arguments])

    assert plot("--figure", "histogram", "--times", "0,1,1e3", "-o", "a.png").stdout == "a.png\n"
    assert plot("--figure", "trajectories", "-o", "a.gif").stdout == "a.gif\n"
    runs = [Trajectory.load("simulation.h5"), Trajectory.load("equations.h5")]
    command = about_picture(tmp_path / "a.png")["command"]
    again = save_figure(draw(runs, "histogram", times=[0, 1, 1e3]), tmp_path / "again.png", command)
    assert again.read_bytes() == (tmp_path / "a.png").read_bytes()
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 5, "t = 0 and the four times"
    assert plot("--figure", "specialisation").stdout == "plateau-specialisation.png\n"
    refused = plot("--figure", "histogram", "--times", "soon", "-o", "b.png")
    assert "--times soon: must be numbers with commas between them" in str(refused.exception)
