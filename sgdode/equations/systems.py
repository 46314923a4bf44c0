"""The limiting equations by name."""

from __future__ import annotations

import math
from collections.abc import Callable

from sgdode.equations.full import System, full, gradient_flow, gradient_flow_noise
from sgdode.equations.infinite_width import infinite_width
from sgdode.equations.mean_field import mean_field, mean_field_high_d
from sgdode.errors import Defect, SpecError
from sgdode.model.starts import Start
from sgdode.spec.schema import Spec

SYSTEMS: dict[str, Callable[[Spec, Start], System]] = {
    "full": full,
    "gradient-flow": gradient_flow,
    "gradient-flow-noise": gradient_flow_noise,
    "mean-field": mean_field,
    "mean-field-high-d": mean_field_high_d,
}


def system(spec: Spec, start: Start | None, name: str, particles: int | None = None) -> System:
    """The equations ``name`` of a spec from a start.

    At infinite width the start is a law, and ``start`` is not used; ``particles`` is about how many represent it.
    """
    if math.isfinite(spec.p):
        assert start is not None
        return SYSTEMS[name](spec, start)
    if not name.startswith("mean-field"):
        raise SpecError([Defect("", "integrate.equations", f"got {name!r}; width inf needs mean-field equations")])
    return infinite_width(spec, name, particles)
