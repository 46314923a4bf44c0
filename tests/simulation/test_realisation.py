"""What the runs of a simulation share: room for what they save."""

import numpy as np
from support.specs import SMALL

from sgdode import load_spec, simulate
from sgdode.simulation import realisation


def test_what_is_large_is_on_disk(monkeypatch):
    spec = load_spec(SMALL)
    whole = simulate(spec)
    monkeypatch.setattr(realisation, "_LARGEST_IN_MEMORY", 100)
    mapped = simulate(spec)
    assert isinstance(mapped.Q.base if mapped.Q.base is not None else mapped.Q, np.memmap)
    np.testing.assert_array_equal(mapped.Q, whole.Q)
