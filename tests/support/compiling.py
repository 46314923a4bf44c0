"""Compiles, into the cache, most of what the tests need: ``python -m support.compiling simulate`` and ``... integrate``
in tests/, which may run side by side."""

import sys

from sgdode.spec.load import load_spec
from support.specs import SMALL


def simulations() -> None:
    from sgdode.runs.engines import simulate

    for method in ("exact", "explicit"):
        for precision in ("float64", "float32"):
            simulate(load_spec(SMALL | {"simulate": {"seeds": 1, "method": method, "precision": precision}}))


def integrations() -> None:
    from sgdode.runs.engines import integrate

    for name in ("erf", "relu", "tanh", "square", "softplus"):
        integrate(load_spec(SMALL | {part: {"width": 2, "activation": name} for part in ("student", "teacher")}))
    integrate(load_spec(SMALL | {"integrate": {"fluctuations": True}}))


if __name__ == "__main__":
    {"simulate": simulations, "integrate": integrations}[sys.argv[1]]()
