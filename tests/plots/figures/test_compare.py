"""A simulation on its equations, and the deviation below, in standard errors."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from support.pictures import bars, run, sgd, solid

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
    texts = [text.get_text() for legend in figure.findobj(Legend) for text in legend.get_texts()]
    assert sorted(texts) == sorted([*names, "equations", "mean ± s.e. of 8 runs", "raw", "allowed", "what is left"])
    raw, left = (line for line in below.lines if len(line.get_xdata()) > 2)
    np.testing.assert_allclose(raw.get_ydata(), found.raw_z)
    np.testing.assert_allclose(left.get_ydata(), found.z)
    (band_of_allowed,) = below.collections
    reach = (found.allowed / found.standard_error).max()
    assert band_of_allowed.get_datalim(below.transData).ymax == pytest.approx(reach)
    low, high = below.get_ylim()
    assert min(-low, high) > np.abs(found.raw_z).max()
    assert below.get_title(loc="left").startswith(f"{found.word()}: $z$ = {found.max_z:.2f} corrected")


def test_it_needs_one_of_each():
    for files in ([sgd()], [run(), run()], [sgd(), run(), run()]):
        with pytest.raises(UsageError, match="one file of simulate and one of integrate"):
            draw(files, "compare")


def test_the_figure_fills_what_it_is_given():
    picture = Figure()
    draw_comparison(picture, [sgd(), run(band=False)], View(xlim=(0.1, 10.0)))
    assert [axes.get_xlim() for axes in picture.axes] == [(0.1, 10.0)] * 2
