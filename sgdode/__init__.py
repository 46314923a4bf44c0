"""One-pass SGD in two-layer networks on Gaussian data with a teacher, next to its limiting equations.

After Arnaboldi, Stephan, Krzakala & Loureiro, "From high-dimensional & mean-field dynamics to dimensionless ODEs"
(COLT 2023). ``load_spec`` reads an experiment; ``simulate`` and ``integrate`` give its Trajectory from the same start;
``run`` does both into files, and ``sweep`` over a grid; ``load`` reads a file, ``plot`` draws, ``compare`` judges,
``collect`` makes a table.

The rooms, in the order of the data; each imports only from those above it:

results      the result of a run, and its file
model        the physics as values, in the symbols of the field
spec         the file format: YAML to Spec to the physics
jit          everything that touches the private side of the compiler
gaussian     averages over local fields: dual kernels, risk, Ψ(Var)
equations    right-hand sides, their solution, error bars
simulation   SGD
analysis     what follows from results
plots        pictures
runs         one run on disk
sweeps       many runs
cli          commands
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sgdode.analysis.collect import collect
    from sgdode.analysis.compare import compare
    from sgdode.errors import SgdodeWarning, SpecError
    from sgdode.model.activations import Activation
    from sgdode.plots.draw import plot
    from sgdode.results.trajectory import Trajectory, load
    from sgdode.runs.engines import integrate, simulate
    from sgdode.runs.exit import exit_times
    from sgdode.runs.fixed_points import fixed_points
    from sgdode.runs.hermite_list import hermite_coefficients
    from sgdode.runs.optimise import optimise
    from sgdode.spec.load import load_spec
    from sgdode.spec.schema import Spec
    from sgdode.sweeps.session import run, sweep

__version__: str

_HOME = {
    "Activation": "sgdode.model.activations",
    "Spec": "sgdode.spec.schema",
    "SgdodeWarning": "sgdode.errors",
    "SpecError": "sgdode.errors",
    "Trajectory": "sgdode.results.trajectory",
    "collect": "sgdode.analysis.collect",
    "compare": "sgdode.analysis.compare",
    "exit_times": "sgdode.runs.exit",
    "fixed_points": "sgdode.runs.fixed_points",
    "hermite_coefficients": "sgdode.runs.hermite_list",
    "integrate": "sgdode.runs.engines",
    "load": "sgdode.results.trajectory",
    "load_spec": "sgdode.spec.load",
    "optimise": "sgdode.runs.optimise",
    "plot": "sgdode.plots.draw",
    "run": "sgdode.sweeps.session",
    "simulate": "sgdode.runs.engines",
    "sweep": "sgdode.sweeps.session",
}

__all__ = [
    "Activation",
    "SgdodeWarning",
    "Spec",
    "SpecError",
    "Trajectory",
    "collect",
    "compare",
    "exit_times",
    "fixed_points",
    "hermite_coefficients",
    "integrate",
    "load",
    "load_spec",
    "optimise",
    "plot",
    "run",
    "simulate",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """Heavy imports happen on first use."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("sgdode")
        except PackageNotFoundError:  # a folder on the path, not installed
            return "unknown"
    if name not in _HOME:
        raise AttributeError(f"module 'sgdode' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
