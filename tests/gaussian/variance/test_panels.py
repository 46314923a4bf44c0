"""Panels on the scale of an activation: narrow where it is steep, and none for noise."""

from dataclasses import replace

import numpy as np

from sgdode.gaussian.variance.panels import legendre, panels, sampled
from sgdode.model.activations import ACTIVATIONS


def test_panels_integrate_a_steep_activation():
    steep = replace(ACTIVATIONS["tanh"], gain=300.0)
    found = panels(steep, 2.0)
    x, w = legendre(found.edges, 12)
    assert found.rough == 0
    assert abs(w @ sampled(steep, x)[1] - 2.0) < 1e-9
    assert np.min(np.diff(found.edges)) < 0.01
