"""Compiles, into the cache, most of what the tests need: ``python -m support.compiling simulate`` and ``... integrate``
in tests/, which may run side by side."""

import sys
from importlib import import_module

from sgdode.spec.load import load_spec
from support.specs import SMALL

#: What takes long to compile and is not needed by the specs below.
VARIANCES = ("smoothed_ramps", "adaptive", "erf_student", "conditioning", "quasi_monte_carlo", "polynomial")


def simulations() -> None:
    from sgdode.runs.engines import simulate

    for method in ("exact", "explicit"):
        for precision in ("float64", "float32"):
            simulate(load_spec(SMALL | {"simulate": {"seeds": 1, "method": method, "precision": precision}}))
    for name in VARIANCES:
        import_module(f"sgdode.gaussian.variance.{name}")


def integrations() -> None:
    from sgdode.runs.engines import integrate

    for name in ("erf", "relu", "tanh", "square"):
        integrate(load_spec(SMALL | {part: {"width": 2, "activation": name} for part in ("student", "teacher")}))
    for kind in (True, "risk"):
        integrate(load_spec(SMALL | {"integrate": {"fluctuations": kind}}))


if __name__ == "__main__":
    {"simulate": simulations, "integrate": integrations}[sys.argv[1]]()
