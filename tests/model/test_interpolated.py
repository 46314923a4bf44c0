"""Activations from tables."""

import numpy as np

from sgdode.model.activations import fault
from sgdode.model.interpolated import table_activation

KNOTS = np.linspace(-4.0, 4.0, 41)


def test_a_table_gives_the_function_between_its_rows_and_a_line_beyond():
    activation = table_activation(tuple(KNOTS.tolist()), tuple(np.tanh(KNOTS).tolist()))
    assert fault(activation) is None
    x = np.linspace(-4.0, 4.0, 333)
    values, slopes = activation.sample(x)
    np.testing.assert_allclose(values, np.tanh(x), atol=2e-4)
    np.testing.assert_allclose(slopes, 1 / np.cosh(x) ** 2, atol=5e-3)
    far, rise = activation.sample(np.array([-6.0, 5.0, 6.0]))
    assert rise[1] == rise[2] != 0
    assert abs(far[2] - far[1] - rise[1]) < 1e-15
    for at in (-6.0, -4.0, -0.33, 0.0, 2.7, 4.0, 5.0):
        value, slope = activation.sample(np.array([at]))
        assert abs(activation.f.scalar(at) - value[0]) < 1e-14
        assert abs(activation.df.scalar(at) - slope[0]) < 1e-13
