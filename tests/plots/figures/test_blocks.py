"""What is learnt in every block of the inputs, and their spectrum."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.pictures import run, sgd

from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.blocks import draw_blocks, draw_spectrum
from sgdode.plots.view import View
from sgdode.results.alignment import learnt_by_block

C, FRACTION = np.array([2.5, 0.5]), np.array([0.25, 0.75])


def blocks(made):
    """The same run in two blocks, the second half as far."""
    M = made.curves["M"]
    made.by_block = {"eigenvalue": C, "fraction": FRACTION, "P_block": FRACTION[:, None, None] * np.eye(2)}
    made.curves["M_block"] = np.stack([0.25 * M, 0.375 * M], axis=-3)
    Q = np.broadcast_to(np.eye(4), (*M.shape[:-2], 4, 4))
    made.curves["Q_block"] = np.stack([0.25 * Q, 0.75 * Q], axis=-3)
    return made


def test_the_cosine_in_every_block():
    found = learnt_by_block(blocks(run()))
    assert found.shape == (61, 2)
    np.testing.assert_allclose(found[:, 1], 0.5 * found[:, 0])
    np.testing.assert_allclose(found[-1, 0], 1.0, atol=1e-2)


def test_a_curve_for_every_block():
    figure = draw([blocks(sgd()), blocks(run())], "blocks")
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 30 and line.get_ls() == "-"]
    np.testing.assert_allclose(lines[1].get_ydata(), 0.5 * lines[0].get_ydata())
    assert figure.axes[1].get_ylabel() == "eigenvalue $c_b$"


def test_the_spectrum():
    figure = draw([blocks(run()), blocks(sgd())], "spectrum")
    top, bottom = figure.axes
    assert len(top.collections) == 1
    np.testing.assert_allclose(bottom.lines[0].get_ydata(), C * FRACTION)


def test_isotropic_inputs_are_told_so():
    for drawn in (draw_blocks, draw_spectrum):
        with pytest.raises(UsageError, match="blocks"):
            drawn(Figure(), [run()], View())
