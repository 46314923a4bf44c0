"""Sigmoids as sums of erfs: the stated error is never exceeded."""

import numpy as np
import pytest
from scipy.special import erf

from sgdode.gaussian.variance.erf_mixture import affordable_terms, mixture
from sgdode.jit.units import Unit, machine_code
from sgdode.model.activations import ACTIVATIONS

UNITS = {name: Unit(name, machine_code(ACTIVATIONS[name]), gain) for name, gain in (("tanh", 1.0), ("sigmoid", 1.4))}


@pytest.mark.parametrize("terms", [3, 4, 5, 6])
@pytest.mark.parametrize("name", UNITS)
def test_the_stated_error_bounds_the_error(name, terms):
    unit, x = UNITS[name], np.linspace(-30, 30, 20_001)
    sigma = np.tanh(x) if name == "tanh" else 1 / (1 + np.exp(-unit.gain * x))
    found = mixture(unit, terms)
    summed = found.constant + erf(np.outer(x, found.scales) / np.sqrt(2)) @ found.weights
    assert 0.1 * found.error < np.abs(summed - sigma).max() <= found.error


def test_more_units_afford_fewer_terms():
    counts = [affordable_terms(UNITS["tanh"], UNITS["tanh"], p, 2) for p in (1, 2, 4, 8, 16)]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[-1]) == (6, 3)
