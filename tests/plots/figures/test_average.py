"""The figure of averaged weights."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.pictures import run, sgd

from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.average import draw_average
from sgdode.plots.view import View


def averaged(made):
    made.curves["risk_average"] = 0.5 * made.curves["risk"]
    return made


def test_iterate_and_average_are_drawn_in_two_colours():
    axes = draw([averaged(sgd()), averaged(run())], "average").axes[0]
    lines = [line for line in axes.lines if len(line.get_xdata()) > 5 and line.get_linestyle() == "-"]
    assert len({line.get_color() for line in lines}) == 2
    assert {"iterate", "average"} <= {text.get_text() for text in axes.get_legend().get_texts()}
    ratio = np.max(lines[1].get_ydata()) / np.max(lines[0].get_ydata())
    assert ratio == pytest.approx(0.5, rel=0.05)


def test_a_file_without_it_is_refused():
    with pytest.raises(UsageError, match="no risk_average; it is saved where"):
        draw_average(Figure(), [run()], View())
