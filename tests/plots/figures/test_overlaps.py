"""Overlaps: few neurons one by one, many as distributions."""

import numpy as np
from matplotlib.figure import Figure
from support.pictures import bars, knots, legend, run, sgd, solid

from sgdode.plots.draw import draw
from sgdode.plots.figures.overlaps import draw_overlaps
from sgdode.plots.groups import View
from sgdode.plots.style import PALETTE


def test_overlaps_draw_few_neurons_one_by_one():
    simulation, integration = sgd(), run()
    figure = draw([simulation, integration], "overlaps")
    teachers, norms = figure.axes
    assert teachers.get_ylabel() == "overlap $M_{jr}$"
    assert norms.get_ylabel() == r"norm $Q^{\perp}_{jj}$"
    assert (teachers.get_xscale(), teachers.get_yscale()) == ("log", "linear")
    assert len(bars(teachers)) == len(solid(teachers)) == 8
    assert len(bars(norms)) == len(solid(norms)) == 4
    assert legend(figure) == ["teacher $r = 0$", "teacher $r = 1$", "SGD, mean ± s.e. of 8 runs", "ODE (full)"]
    assert {line.get_color() for line in solid(teachers)} == set(PALETTE[:2])
    assert not np.isnan(solid(teachers)[0].get_ydata()).any(), "M may be negative, its axis is linear"


def test_overlaps_of_chosen_neurons():
    integration = run(p=1000)
    figure = draw([integration], "overlaps", students=[3])
    first, second = solid(figure.axes[0])
    np.testing.assert_allclose(knots(first.get_ydata(), 60), integration.M[1:, 3, 0])
    np.testing.assert_allclose(knots(second.get_ydata(), 60), integration.M[1:, 3, 1])
    assert legend(figure)[:2] == ["$M_{3,0}$", "$M_{3,1}$"]
    assert first.get_color() != second.get_color()
    figure = draw([integration], "overlaps", students=[3, 4], teachers=[1])
    assert legend(figure) == ["$M_{3,1}$", "$M_{4,1}$", "ODE (full)"]
    colours = [line.get_color() for axes in figure.axes for line in solid(axes)]
    assert colours[:2] == colours[2:]


def test_overlaps_of_many_neurons_are_distributions():
    simulation, integration = sgd(p=1000, k=5, times=100), run(p=1000, k=5, times=100)
    figure = draw([simulation, integration], "overlaps")
    assert sum(len(axes.lines) for axes in figure.axes) < 200  # not one for each of 12 000 overlaps
    assert [axes.get_title() for axes in figure.axes] == [
        *(f"teacher $r = {teacher}$" for teacher in range(5)),
        r"norm $Q^{\perp}_{jj}$",
    ]
    thick = max(solid(figure.axes[2]), key=lambda line: line.get_linewidth())
    np.testing.assert_allclose(
        knots(thick.get_ydata(), len(integration.time) - 1), np.median(integration.M[1:, :, 2], axis=-1)
    )
    assert len({axes.get_ylim() for axes in figure.axes[:5]}) == 1
    assert "10% to 90% of the neurons" in legend(figure)


def test_limits_of_the_user_are_kept():
    figure = Figure()
    draw_overlaps(figure, [run()], View(xlim=(0.1, 10.0), teachers=(1,)))
    assert {axes.get_xlim() for axes in figure.axes} == {(0.1, 10.0)}
    assert len(solid(figure.axes[0])) == 4
