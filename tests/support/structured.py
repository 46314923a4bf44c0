"""Reference trajectories of inputs with blocks (tests/reference/structured_*.json), as problems and starts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sgdode.model.block_starts import of_fields
from sgdode.model.overlaps import Overlaps
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.spec.build import build
from sgdode.spec.load import load_spec

FOLDER = Path(__file__).parents[1] / "reference"


def reference(name: str) -> dict[str, Any]:
    """The numbers of a file."""
    found: dict[str, Any] = json.loads((FOLDER / f"structured_{name}.json").read_text())
    return found


def spec_of(ref: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The mapping of a spec with the keys of a reference."""
    noise, a_star = ref["noise"], ref["a_star"]
    teacher = {"width": len(ref["frame_P_block"][0]), "activation": ref["activation"], "overlap": ref["frame_P_block"]}
    teacher |= {"noise": noise if isinstance(noise, float) else 0.0}
    teacher |= {"output_weights": a_star if not isinstance(a_star[0], list) else 1.0}
    return {
        "dimension": 200,
        "teacher": teacher,
        "student": {"width": ref["p"], "activation": ref["activation"], "output_weights": ref["a"]},
        "learning_rate": ref["gamma"],
        "inputs": {
            "spectrum": {"blocks": [list(pair) for pair in zip(ref["fraction"], ref["eigenvalue"], strict=True)]}
        },
        "constraint": ref["constraint"],
        "initial": {"kind": "overlaps", "Q": ref["Q_block0"], "M": ref["M_block0"], "tolerance": 1e-3},
        "time": {"stop": ref["t"][-1]},
        "integrate": {"equations": ref["equations"]},
        **changes,
    }


def problem_of(ref: dict[str, Any]) -> tuple[Problem, Start]:
    """The problem of a reference and its start as it is written there, to the last digit."""
    problem = build(load_spec(spec_of(ref)))
    return problem, start_of(problem, np.array(ref["Q_block0"]), np.array(ref["M_block0"]))


def start_of(problem: Problem, Q: Any, M: Any) -> Start:
    """A start of overlaps by block, of any rank."""
    assert problem.teacher.blocks is not None
    none = np.empty((len(Q[0]), 0))
    parts = zip(Q, M, problem.teacher.blocks, strict=True)
    blocks = tuple(Overlaps(q, m, P, none, none, none) for q, m, P in parts)
    fields = of_fields(blocks, problem.inputs.eigenvalues, 1e-3)
    return Start(fields, problem.student.a, (), blocks)


def with_rule(problem: Problem, **changes: Any) -> Problem:
    """The same with another learning rule."""
    return replace(problem, rule=replace(problem.rule, **changes))
