"""The share of the student inside the teachers' span."""

import numpy as np
from matplotlib.figure import Figure
from support.pictures import knots, legend, run, sgd, solid

from sgdode.plots.draw import draw
from sgdode.plots.figures.share import draw_share
from sgdode.plots.groups import ABSCISSAE, View
from sgdode.results.alignment import share_inside


def test_share_is_a_curve_for_each_problem():
    runs = [make(d=d) for d in (5, 50) for make in (sgd, run)]
    figure = draw(runs, "share")
    assert legend(figure)[:2] == ["$d = 5$", "$d = 50$"]
    np.testing.assert_allclose(knots(solid(figure.axes[0])[0].get_ydata(), 60), share_inside(runs[1])[1:])


def test_its_axes():
    figure = Figure()
    draw_share(figure, [run()], View(xlim=(0.1, 10.0)))
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert axes.get_xlim() == (0.1, 10.0)
    assert axes.get_xlabel() == ABSCISSAE["t"]
    assert axes.get_ylabel().startswith("share in the teachers' span")
