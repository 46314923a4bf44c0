"""What no single key is wrong about."""

import pytest
from support.specs import SMALL, merged

from sgdode import SpecError
from sgdode.spec.checks import require
from sgdode.spec.load import load_spec


def test_a_simulation_needs_finite_sizes_that_fit():
    with pytest.raises(SpecError, match="inf is for integrate alone"):
        require(load_spec(merged(SMALL, {"student": {"width": "inf"}})), "simulate")
    with pytest.raises(SpecError, match="memory"):
        require(load_spec(merged(SMALL, {"dimension": 1e7, "student": {"width": 1e6}})), "simulate")
