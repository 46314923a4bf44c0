"""The risk: points with errors, lines, bands, and what the axis leaves out."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from support.pictures import bars, knots, legend, run, sgd, solid

from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.risk import draw_risk
from sgdode.plots.groups import ABSCISSAE, View
from sgdode.plots.style import PALETTE


def test_risk_shows_points_with_errors_and_a_line_of_one_hue():
    simulation, integration = sgd(), run()
    axes = draw([simulation, integration]).axes[0]
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == (
        r"rescaled time $t = \nu\gamma/(pd)$",
        r"excess risk $R - \Delta/2$",
    )
    (container,), (line,) = bars(axes), solid(axes)
    points, _, (ends,) = container
    assert points.get_color() == line.get_color() == PALETTE[0]
    assert 20 <= len(points.get_xdata()) <= 40
    np.testing.assert_allclose(knots(line.get_ydata(), 60), integration.risk[1:])
    place = np.searchsorted(simulation.time, points.get_xdata())
    np.testing.assert_allclose(points.get_ydata(), simulation.risk.mean(axis=0)[place])
    error = simulation.risk.std(axis=0, ddof=1)[place] / np.sqrt(8)
    drawn = [segment[1, 1] - segment[0, 1] for segment in ends.get_segments()]
    np.testing.assert_allclose(drawn, 2 * error)


def test_one_seed_has_no_bars():
    axes = draw([sgd(seeds=1)]).axes[0]
    assert not [artist for artist in axes.collections if isinstance(artist, LineCollection)]


def test_predicted_deviations_are_a_band():
    figure = draw([run(band=True)])
    (band,) = figure.axes[0].collections
    assert isinstance(band, PolyCollection)
    assert legend(figure) == ["ODE (full), ±1 s.d. of a run"]
    low, high = band.get_paths()[0].get_extents().intervaly
    risk = run().risk[1:]
    np.testing.assert_allclose([low, high], [0.9 * risk.min(), 1.1 * risk.max()])


def test_zero_and_negative_risks_leave_the_axis_alone():
    integration, simulation = run(), sgd()
    integration.curves["risk"][30:] = 0.0
    integration.curves["risk"][50:] = -1e-18
    integration.curves["risk"][29] = 1e-25
    simulation.curves["risk"][:, 40:] *= np.linspace(-20, 22, 8)[:, None]
    axes = draw([simulation, integration]).axes[0]
    low, high = axes.get_ylim()
    assert 1e-18 < low < high < 1
    for artist in axes.collections:
        for segment in artist.get_segments():
            assert segment[:, 1].min() > 0.999 * low
    integration.curves["risk"][:] = 0.0
    with pytest.raises(UsageError, match="no positive risk"):
        draw([integration])


def test_limits_of_the_user_are_kept():
    figure = Figure()
    draw_risk(figure, [sgd(), run()], View(x="step", xlim=(10.0, 1e4), ylim=(1e-3, 1.0)))
    (axes,) = figure.axes
    assert (axes.get_xlim(), axes.get_ylim()) == ((10.0, 1e4), (1e-3, 1.0))
    assert axes.get_xlabel() == ABSCISSAE["step"]
