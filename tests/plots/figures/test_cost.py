"""Seconds a step against the dimension."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.pictures import legend, run, sgd

from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.cost import draw_cost
from sgdode.plots.groups import View


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


def test_its_axes():
    figure = Figure()
    draw_cost(figure, [sgd(d=d) for d in (5, 50)], View(ylim=(1e-3, 1e3)))
    (axes,) = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert axes.get_ylim() == (1e-3, 1e3)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("dimension $d$", "µs a step")


def test_a_file_that_does_not_say_its_dimension_is_refused():
    runs = sgd(), sgd()
    del runs[1].attributes["dimension"]
    with pytest.raises(UsageError, match="plateau does not say its dimension"):
        draw(runs, "cost")
