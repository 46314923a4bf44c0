"""The variance term of an erf student against nested quadrature."""

import numpy as np
import pytest
from support.gaussian_twin import average, functions

from sgdode.gaussian.variance.erf_student import erf_variance
from sgdode.jit.units import Unit, machine_code
from sgdode.model.activations import ACTIVATIONS


@pytest.mark.parametrize(("q", "P", "m"), [(0.9, 1.0, 0.5), (4.0, 0.2, -0.8), (1.0, 1.0, 1.0)])
def test_one_student_and_one_teacher(q, P, m):
    s, ds = functions(Unit("erf", machine_code(ACTIVATIONS["erf"])))
    out = np.empty((1, 1))
    erf_variance(np.array([[q, m], [m, P]]), np.array([-0.7, 1.0]), 0.1, 1.0, 1.0, out)
    wanted = average(lambda u, w: ds(u) ** 2 * ((s(w) - 0.7 * s(u)) ** 2 + 0.1), q, P, m)
    assert out[0, 0] == pytest.approx(wanted, rel=1e-9)
