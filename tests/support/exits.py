"""Problems with a plateau, for the tests of exit times."""

from __future__ import annotations

from typing import Any

import numpy as np

from sgdode.equations.exits.plateau import Passed, plateau_of
from sgdode.equations.fixed_points.flow import Flow
from sgdode.equations.fixed_points.flow import flow as flow_of
from sgdode.model.start_laws import start
from sgdode.spec.build import build
from sgdode.spec.load import load_spec


def phase_retrieval(p: int, k: int, gamma: float, d: float, **changes: Any) -> dict[str, Any]:
    """Squares on the sphere, from M = 0 and students that are orthogonal: a stationary point."""
    return {
        "dimension": d,
        "teacher": {"width": k, "activation": "square"},
        "student": {"width": p, "activation": "square"},
        "learning_rate": gamma,
        "constraint": "spherical",
        "initial": {"kind": "overlaps", "Q": np.eye(p).tolist(), "M": np.zeros((p, k)).tolist()},
        "time": {"stop": 4},
        **changes,
    }


def spec_of(case: dict[str, Any]) -> dict[str, Any]:
    """The spec of a case of tests/reference/plateaus/exit.json."""
    return {
        "dimension": case["dimension"],
        "teacher": {"width": case["k"], "activation": case["activation"], "output_weights": case["a_star"]},
        "student": {"width": case["p"], "activation": case["activation"], "output_weights": case["a"]},
        "learning_rate": case["gamma"],
        "constraint": case["constraint"],
        "initial": {"kind": "overlaps", "Q": case["start"]["Q"], "M": case["start"]["M"]},
        "time": {"stop": 60},
    }


def passed(spec: dict[str, Any]) -> tuple[Flow, Passed]:
    """The equations of a spec and the plateau of its start."""
    problem = build(load_spec(spec))
    flow = flow_of(problem, start(problem), "full")
    return flow, plateau_of(flow, spec["time"]["stop"])
