"""One-pass SGD in two-layer networks on Gaussian data with a teacher, next to its limiting equations.

After Arnaboldi, Stephan, Krzakala & Loureiro, "From high-dimensional & mean-field dynamics to dimensionless ODEs"
(COLT 2023). ``load_spec`` reads an experiment; ``simulate`` and ``integrate`` give its Trajectory from the same start.

The modules, in the order of the data; the first line of each says what its one thing is:

a spec         errors values document spec identity checks loading schema
activations    activations hermite compiled code_cache error_function arcsine
dual kernels   quadrature closed_forms mehler kernels pairs
a start        grid overlaps risk initial
equations      equations mean_field averages angles infinite_width systems regimes
Ψ(Var)         variance tilt squares mixtures ramps conditional quasi
solving        solvers dense_path integration
error bars     increments propagation risk_slope fluctuations
simulation     lanes rows normals inverse sgd directions wide explicit runs checkpoint simulation
results        trajectory store lock exporting showing
judging        comparing verification plateau thresholds collecting
pictures       appearance captions series curves neurons alignment figures animation
one a figure   risk_figure overlaps_figure trajectories_figure histogram_figure specialisation_figure
               regimes_figure compare_figure share_figure cost_figure slope_figure
one run        forecast estimate jobs
many runs      axes tasks outlook worker crew cluster sweeping job_scripts
commands       options progress tables cli cli_sweep cli_theory __main__
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
