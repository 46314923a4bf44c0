"""The slopes of the theorems: points, the fit, and the proven exponent."""

import numpy as np

from sgdode.analysis.theorems import Slope
from sgdode.plots.figures.slopes import slope_figure


def test_a_panel_a_slope():
    x = np.array([1e-4, 1e-3, 1e-2])
    slopes = [
        Slope(theorem, "a to b", against, x, 2.0 * x**power, 0.1 * x**power, power, 0.01, expected)
        for theorem, against, power, expected in (("1", "γ/(pd)", 0.5, 0.5), ("2", "p", 0.4, 0.5))
    ]
    figure = slope_figure(slopes)
    assert [axes.get_title() for axes in figure.axes] == ["Theorem 1", "Theorem 2"]
    assert [axes.get_xlabel() for axes in figure.axes] == [r"$\gamma/(pd)$", "student width $p$"]
    for axes, slope in zip(figure.axes, slopes, strict=True):
        assert axes.get_xscale() == axes.get_yscale() == "log"
        low, high = axes.get_xlim()
        assert low < x[0] < x[-1] < high
        (container,) = axes.containers
        np.testing.assert_allclose(container[0].get_xydata(), np.column_stack([slope.x, slope.y]))
        (ends,) = container[2]
        np.testing.assert_allclose([np.ptp(bar[:, 1]) for bar in ends.get_segments()], 2 * slope.y_error)
        fitted, proven = axes.lines[1:]
        np.testing.assert_allclose(fitted.get_ydata(), slope.y)
        np.testing.assert_allclose(np.polyfit(np.log(x), np.log(proven.get_ydata()), 1)[0], slope.expected)
        texts = [text.get_text() for text in axes.get_legend().get_texts()]
        assert texts == [f"slope {slope.slope:.3f} ± 0.010", "proven: 0.5"]
