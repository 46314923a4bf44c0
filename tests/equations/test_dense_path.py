"""A solution between the steps of its solver."""

import numpy as np

from sgdode.equations.dense_path import DensePath, dense_path


def test_a_cubic_is_itself():
    times = np.array([0.0, 0.5, 2.0, 3.0])
    path = DensePath(times, (times**3 - times)[:, None], (3 * times**2 - 1)[:, None])
    between = np.linspace(0, 3, 31)
    np.testing.assert_allclose(path.at(between)[:, 0], between**3 - between, atol=1e-13)


def test_the_solution_of_a_turning_decay():
    def rhs(t, y, ydot):
        ydot[:] = [-y[0], -2 * y[1] + np.sin(t)]

    path = dense_path(rhs, np.array([1.0, -0.2]), 5.0, 1e-9, 1e-12)
    assert (path.times[0], path.times[-1] >= 5.0) == (0.0, True)
    t = np.linspace(0, 5, 50)
    np.testing.assert_allclose(path.at(t), np.column_stack([np.exp(-t), (2 * np.sin(t) - np.cos(t)) / 5]), atol=1e-6)
