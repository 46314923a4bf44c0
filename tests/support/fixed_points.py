"""Flows for the tests of stationary points."""

from __future__ import annotations

from sgdode.equations.fixed_points.flow import Flow, flow
from sgdode.model.start_laws import start
from sgdode.spec.build import build
from sgdode.spec.load import load_spec


def flow_of(
    p: int,
    k: int,
    gamma: float,
    noise: float,
    a: float,
    a_star: float,
    equations: str = "full",
    activation: str = "erf",
    constraint: str = "none",
) -> Flow:
    """The flow of a problem."""
    spec = {
        "dimension": 1000,
        "teacher": {"width": k, "activation": activation, "output_weights": a_star, "noise": noise},
        "student": {"width": p, "activation": activation, "output_weights": a},
        "learning_rate": gamma,
        "constraint": constraint,
        "time": {"stop": 200},
    }
    problem = build(load_spec(spec))
    return flow(problem, start(problem), equations)
