"""The share of the student inside the teachers' span."""

import numpy as np
from support.pictures import legend, run, sgd, solid

from sgdode.plots.draw import draw
from sgdode.results.alignment import share_inside


def test_share_is_a_curve_for_each_problem():
    runs = [make(d=d) for d in (5, 50) for make in (sgd, run)]
    figure = draw(runs, "share")
    assert legend(figure)[:2] == ["$d = 5$", "$d = 50$"]
    np.testing.assert_allclose(solid(figure.axes[0])[0].get_ydata(), share_inside(runs[1])[1:])
