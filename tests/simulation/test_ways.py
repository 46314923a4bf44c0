"""The ways to run SGD under one face."""

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import load_spec
from sgdode.model.start_laws import start
from sgdode.runs.engines import sampling
from sgdode.simulation.block_run import BlockScheme
from sgdode.simulation.run import Scheme
from sgdode.simulation.ways import measured, mover_of, scheme_of, state_of
from sgdode.spec.build import build

BLOCKS = {"inputs": {"spectrum": {"blocks": [[0.25, 2.5], [0.75, 0.5]]}}}


@pytest.mark.parametrize("method", ["exact", "explicit"])
@pytest.mark.parametrize(("changes", "kind"), [({}, Scheme), (BLOCKS, BlockScheme)])
def test_a_run_begins_at_its_start_and_moves(changes, kind, method):
    spec = load_spec(merged({**SMALL, **changes}, {"simulate": {"method": method}}))
    problem = build(spec)
    begin = start(problem)
    scheme = scheme_of(problem, begin, sampling(spec))
    assert isinstance(scheme, kind)
    state = state_of(scheme, begin, np.random.Generator(np.random.SFC64(0)))
    found = measured(scheme, state)
    for name in ("Q", "M"):
        np.testing.assert_allclose(found[name], getattr(begin.overlaps, name), atol=1e-14)
    assert mover_of(scheme)(state, 5)
    assert state.step == 5
    assert np.max(np.abs(measured(scheme, state)["Q"] - found["Q"])) > 0
    assert scheme.most >= np.max(state.m)
