"""Runs between the limits: 1/p against 1/d."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.pictures import legend, run

from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.regimes import draw_regimes
from sgdode.plots.groups import View


def test_every_run_has_its_place_and_its_number():
    runs = [run(d=100, p=4), run(d=1000, p=50), run(d=1000, p=50)]
    runs[1].attributes |= {"gamma": 5.0, "name": "wide"}
    figure = Figure()
    draw_regimes(figure, runs, View())
    axes, colours = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    (points,) = [artist for artist in axes.collections if len(artist.get_offsets()) == 3]
    places = np.column_stack([points.get_offsets(), points.get_array()])
    wanted = [[1e-3, 0.02, 5.0], [1e-2, 0.25, 0.5], [1e-3, 0.02, 0.5]]
    np.testing.assert_allclose(sorted(places.tolist()), sorted(wanted))
    texts = {text.get_text() for text in axes.texts}
    assert {"1", "2, 3"} <= texts
    assert any("gamma/pd" in text for text in texts), "the lines of equal error are named"
    assert colours.get_ylabel().startswith(r"learning rate $\gamma$")
    assert [name[:9].strip() for name in legend(figure)] == ["1  plateau"[:9], "2  wide", "3  plateau"[:9]]


def test_an_infinite_size_stands_beyond_the_finite_ones():
    runs = [run(), run()]
    runs[1].attributes |= {"dimension": float("inf"), "student_width": float("inf")}
    figure = Figure()
    draw_regimes(figure, runs, View(xlim=(1e-4, 1.0), ylim=(1e-3, 2.0)))
    axes = figure.axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((1e-4, 1.0), (1e-3, 2.0))
    (points,) = [artist for artist in axes.collections if len(artist.get_offsets()) == 2]
    np.testing.assert_allclose(sorted(points.get_offsets().tolist()), [[1e-3, 0.025], [1e-2, 0.25]])


@pytest.mark.parametrize("key", ["dimension", "student_width", "gamma"])
def test_a_file_that_does_not_say_its_place_is_refused(key):
    placeless = run()
    del placeless.attributes[key]
    with pytest.raises(UsageError, match=f"plateau does not say its {key}"):
        draw([run(), placeless], "regimes")
