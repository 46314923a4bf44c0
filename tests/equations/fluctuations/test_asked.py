"""Error bars that cannot be had are refused before anything is solved, by the key that asks for them."""

from dataclasses import replace

import numpy as np
import pytest
from support.fixed_points import flow_of

from sgdode.equations.fluctuations.asked import (
    MOST_FLUCTUATING,
    MOST_SAMPLED,
    asked_fluctuations,
    refuse_fluctuations,
)
from sgdode.equations.system import Method
from sgdode.errors import SpecError

FULL = flow_of(2, 1, 0.5, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("changes", "kind", "key"),
    [
        ({"name": "gradient-flow"}, True, r"integrate\.fluctuations: only along equations: full"),
        ({"y0": np.zeros(MOST_FLUCTUATING + 1)}, True, r"student\.width.*or set integrate.fluctuations: risk"),
        ({"y0": np.zeros(MOST_SAMPLED + 1)}, "risk", r"student\.width.*up to 5000"),
    ],
)
def test_refusals(changes, kind, key):
    system = replace(FULL.equations, **changes)
    with pytest.raises(SpecError, match=key):
        refuse_fluctuations(Method("full", fluctuations=kind), system)
    refuse_fluctuations(Method("full"), system)


def test_what_is_not_asked_for_is_not_computed():
    asked = FULL.problem, FULL.start, FULL.equations, np.linspace(0.0, 1.0, 3)
    assert asked_fluctuations(*asked, Method("full")) == ({}, [], {})
    curves, warnings, _ = asked_fluctuations(*asked, Method("full", fluctuations=True))
    assert curves["risk_std"].shape == (3,)
    assert warnings == []
