"""Compiles, into the cache, most of what the tests need: ``python -m support.compiling simulate`` and ``... integrate``
in tests/, which may run side by side."""

import sys

from sgdode.spec.load import load_spec
from support.specs import SMALL

#: Pairs of student and teacher whose Ψ(Var) takes long to compile, and which many tests need.
PAIRS = (("tanh", "relu"), ("relu", "tanh"), ("erf", "relu"), ("square", "tanh"), ("softplus", "softplus"))


def simulations() -> None:
    from sgdode.runs.engines import integrate, simulate

    for method in ("exact", "explicit"):
        for precision in ("float64", "float32"):
            simulate(load_spec(SMALL | {"simulate": {"seeds": 1, "method": method, "precision": precision}}))
    for student, teacher in PAIRS:
        parts = {"student": {"width": 2, "activation": student}, "teacher": {"width": 1, "activation": teacher}}
        integrate(load_spec(SMALL | parts))


def integrations() -> None:
    from sgdode.runs.engines import integrate

    for name in ("erf", "relu", "tanh", "square"):
        integrate(load_spec(SMALL | {part: {"width": 2, "activation": name} for part in ("student", "teacher")}))
    for kind in (True, "risk"):
        integrate(load_spec(SMALL | {"integrate": {"fluctuations": kind}}))


if __name__ == "__main__":
    {"simulate": simulations, "integrate": integrations}[sys.argv[1]]()
