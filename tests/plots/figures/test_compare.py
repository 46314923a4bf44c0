"""A simulation on its equations, and the deviation below, in standard errors."""

import numpy as np
import pytest
from support.pictures import bars, legend, run, sgd, solid

from sgdode import compare
from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures import compare as module


@pytest.mark.parametrize("band", [False, True])
def test_the_risk_above_and_its_deviation_below(band):
    simulation, theory = sgd(), run(band=band)
    found = compare(simulation, theory)
    figure = draw([theory, simulation], module.compare.__name__)
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
