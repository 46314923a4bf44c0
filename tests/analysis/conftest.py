"""One problem by both engines, for all tests of what follows from results."""

import pytest
from support.compared import BASE
from support.specs import merged

from sgdode import integrate, load_spec, simulate


@pytest.fixture(scope="session")
def theories():
    """The right equations without and with fluctuations."""
    return [integrate(load_spec(merged(BASE, {"integrate": {"fluctuations": on}}))) for on in (False, True)]


@pytest.fixture(scope="session")
def runs():
    return simulate(load_spec(BASE), jobs=2)
