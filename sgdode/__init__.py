"""One-pass SGD in two-layer networks on Gaussian data with a teacher, next to its limiting equations.

After Arnaboldi, Stephan, Krzakala & Loureiro, "From high-dimensional & mean-field dynamics to dimensionless ODEs"
(COLT 2023). ``load_spec`` reads an experiment; ``simulate`` and ``integrate`` give its Trajectory from the same start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sgdode.activations import Activation
    from sgdode.comparing import compare
    from sgdode.errors import SpecError
    from sgdode.figures import plot
    from sgdode.hermite import hermite_coefficients
    from sgdode.integration import integrate
    from sgdode.loading import load_spec
    from sgdode.simulation import simulate
    from sgdode.spec import Spec
    from sgdode.trajectory import Trajectory

_HOME = {
    "Activation": "sgdode.activations",
    "Spec": "sgdode.spec",
    "SpecError": "sgdode.errors",
    "Trajectory": "sgdode.trajectory",
    "compare": "sgdode.comparing",
    "hermite_coefficients": "sgdode.hermite",
    "integrate": "sgdode.integration",
    "load_spec": "sgdode.loading",
    "plot": "sgdode.figures",
    "simulate": "sgdode.simulation",
}

__all__ = [
    "Activation",
    "Spec",
    "SpecError",
    "Trajectory",
    "compare",
    "hermite_coefficients",
    "integrate",
    "load_spec",
    "plot",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """Heavy imports happen on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'sgdode' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
