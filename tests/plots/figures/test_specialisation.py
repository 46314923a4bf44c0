"""The heat map of who has learnt what."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.pictures import run

from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.specialisation import specialisation
from sgdode.plots.groups import View


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


def test_a_map_of_one_time_has_one_panel_and_its_colours():
    figure = Figure()
    specialisation(figure, [run()], View(times=(10.0,)))
    axes, colours = figure.axes
    low, high = axes.images[0].get_clim()
    assert -low == high, "0 has the colour in the middle"
    assert axes.get_title().startswith("$t = ")
    assert colours.get_ylabel() == "overlap"
