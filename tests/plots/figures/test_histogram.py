"""The histogram of cosines."""

import numpy as np
import pytest
from matplotlib.patches import StepPatch
from support.pictures import legend, run, sgd

from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.histogram import BINS
from sgdode.results.alignment import cosines


def test_histogram_counts_neurons_at_the_times_asked_for():
    simulation, integration = sgd(p=40), run(p=40)
    figure = draw([simulation, integration], "histogram", times=[0, 1, 900], teachers=[1])
    assert [axes.get_title() for axes in figure.axes] == ["$t = 0$", "$t = 1.08$", "$t = 823$"]
    for axes, time in zip(figure.axes, (0, 1, 900), strict=True):
        line, filled = sorted((p for p in axes.patches if isinstance(p, StepPatch)), key=lambda patch: patch.get_fill())
        at = np.argmin(np.abs(integration.time - time))
        counted = np.histogram(np.clip(cosines(integration)[at, :, 1], -1, 1), BINS, (-1, 1))[0]
        np.testing.assert_allclose(line.get_data().values, counted / 40)
        np.testing.assert_allclose(filled.get_data().values.sum(), 1)
    assert legend(figure) == ["ODE (full)", "SGD, 8 runs"]
    with pytest.raises(UsageError, match=r"times: got 2000; the files hold t = 0 to 1000"):
        draw([simulation], "histogram", times=[2000])


def test_histogram_weighs_particles():
    integration = run(p=3)
    integration.curves["M"][:] = np.array([-0.5, 0.2, 0.7])[:, None]
    integration.curves["Q"] = np.ones((61, 3, 3))
    integration.particle_weight = np.array([0.5, 0.3, 0.2])
    (patch,) = draw([integration], "histogram", times=[0]).axes[0].patches
    values = patch.get_data().values
    np.testing.assert_allclose(values[values > 0], [0.5, 0.3, 0.2])
