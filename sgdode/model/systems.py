"""The limiting equations: one record each, in one dict, with where they are valid and how far from SGD they are.

Nothing heavy is imported here: the right-hand sides themselves, in ``sgdode.equations``, are found by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sgdode.model.problem import Problem


@dataclass(frozen=True)
class SystemRecord:
    """One system. ``right_hand_side(problem, start, method)`` gives a ``sgdode.equations.system.System``: a function,
    or "module:name" of one; ``infinite_width(problem, method, particles)``, where there is one, the same at p = ∞.

    ``by_block``: likewise, where inputs have blocks (None: it does not hold there).

    ``expected_error(problem)``: how far from SGD, relative, without its constant. ``full_overlaps``: whether the state
    holds all of Q, or diag Q⊥ alone; ``every_rate``: whether it holds at any γ/p; ``infinite_dimension``: whether it is
    defined at d = ∞. ``paper``: its name there; ``valid``: where it holds, for a reader.
    """

    right_hand_side: Callable[..., Any] | str
    expected_error: Callable[[Problem], float]
    infinite_width: Callable[..., Any] | str | None = None
    full_overlaps: bool = True
    every_rate: bool = False
    infinite_dimension: bool = True
    paper: str = ""
    valid: str = ""
    by_block: Callable[..., Any] | str | None = None


def _step(problem: Problem) -> float:
    """Theorem 1: √(γ/(p d)), with γ c_max of the fastest block."""
    return math.sqrt(problem.largest_step)


def _flow(problem: Problem) -> float:
    """γ/p more, where Ψ(Var) is left out."""
    return _step(problem) + problem.noise_rate


def _wide(problem: Problem) -> float:
    """Theorem 2: 1/√p more."""
    return _step(problem) + 1.0 / math.sqrt(problem.p) + problem.noise_rate


def _wide_and_high(problem: Problem) -> float:
    """Theorem 5: 1/√d more."""
    return _step(problem) + 1.0 / math.sqrt(problem.p) + 1.0 / math.sqrt(problem.d) + problem.noise_rate


_BY_BLOCK = "sgdode.equations.block_systems:"
_MEAN_FIELD_BY_BLOCK = "sgdode.equations.block_mean_field:"

SYSTEMS: dict[str, SystemRecord] = {
    "full": SystemRecord(
        "sgdode.equations.full:full",
        _step,
        every_rate=True,
        paper="SS-ODE",
        valid="γ/(p d) ≪ 1: high dimension, any width and rate",
        by_block=_BY_BLOCK + "full_by_block",
    ),
    "gradient-flow": SystemRecord(
        "sgdode.equations.full:gradient_flow",
        _flow,
        paper="GF-ODE",
        valid="also γ/p ≪ 1",
        by_block=_BY_BLOCK + "gradient_flow_by_block",
    ),
    "gradient-flow-noise": SystemRecord(
        "sgdode.equations.full:gradient_flow_noise",
        _flow,
        paper="GF-ODE-NOISE, eq. (30)",
        valid="the first correction in γ/p, with label noise",
        by_block=_BY_BLOCK + "gradient_flow_noise_by_block",
    ),
    "mean-field": SystemRecord(
        "sgdode.equations.mean_field:mean_field",
        _wide,
        "sgdode.equations.infinite_width:infinite_width",
        full_overlaps=False,
        infinite_dimension=False,
        paper="MF-ODE, eq. (21)",
        valid="p ≫ 1, any d",
        by_block=_MEAN_FIELD_BY_BLOCK + "mean_field_by_block",
    ),
    "mean-field-high-d": SystemRecord(
        "sgdode.equations.mean_field:mean_field_high_d",
        _wide_and_high,
        "sgdode.equations.infinite_width:infinite_width_high_d",
        full_overlaps=False,
        paper="HDMF-ODE, eq. (23)",
        valid="p ≫ 1 and d ≫ 1",
        by_block=_MEAN_FIELD_BY_BLOCK + "mean_field_high_d_by_block",
    ),
}
