"""A simulation on its equations, and the deviation below, in standard errors."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.pictures import bars, legend, run, sgd, solid

from sgdode import compare
from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.compare import draw_comparison
from sgdode.plots.view import View


@pytest.mark.parametrize("band", [False, True])
def test_the_risk_above_and_its_deviation_below(band):
    simulation, theory = sgd(), run(band=band)
    found = compare(simulation, theory)
    figure = draw([theory, simulation], "compare")
    above, below = figure.axes
    assert (above.get_xscale(), above.get_yscale(), below.get_yscale()) == ("log", "log", "linear")
    assert (above.get_ylabel(), below.get_ylabel()) == (r"excess risk $R - \Delta/2$", "$z$ of the risk")
    (points,) = bars(above)
    np.testing.assert_allclose(points[0].get_xydata(), np.column_stack([theory.time[1:], found.mean]))
    np.testing.assert_allclose(solid(above)[0].get_ydata(), found.theory)
    names = ["±1 s.d. of a run, predicted"] if band else []
    assert legend(figure) == [*names, "equations", "mean ± s.e. of 8 runs"]
    (deviation,) = [line for line in below.lines if len(line.get_xdata()) > 2]
    np.testing.assert_allclose(deviation.get_ydata(), found.z)
    low, high = below.get_ylim()
    assert -low == high > np.abs(found.z).max()
    verdict = "agree" if found.agrees() else "DISAGREE"
    assert below.get_title(loc="left").startswith(f"{verdict}: largest $|z|$ = {found.largest_z:.2f}")


def test_it_needs_one_of_each():
    for files in ([sgd()], [run(), run()], [sgd(), run(), run()]):
        with pytest.raises(UsageError, match="one file of simulate and one of integrate"):
            draw(files, "compare")


def test_the_figure_fills_what_it_is_given():
    picture = Figure()
    draw_comparison(picture, [sgd(), run(band=False)], View(xlim=(0.1, 10.0)))
    assert [axes.get_xlim() for axes in picture.axes] == [(0.1, 10.0)] * 2
