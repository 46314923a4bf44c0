"""The limiting equations where inputs have blocks or teachers change in time: systems and their curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sgdode.equations.block_flow import BlockFlow, scales
from sgdode.equations.full import refuse_steep
from sgdode.equations.pieces import Pieces
from sgdode.equations.system import Method, System, batch_warning
from sgdode.gaussian.risk import kernel_error_at, kernels, risks_in_time
from sgdode.gaussian.variance.table import variance_term
from sgdode.model.lessons import switches
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.model.state import unpacked_blocks

#: A flow of a problem without lessons, its error where its right-hand side has one, and what is told of it.
Made = tuple[BlockFlow, float, dict[str, Any]]


def _curves(problem: Problem, start: Start) -> Callable[[Array, Array], dict[str, Array]]:
    risks, (p, k), c = risks_in_time(problem), start.overlaps.M.shape, np.array(problem.inputs.eigenvalues)
    P, scale = start.overlaps.P, scales(problem)[:, None, None]

    def curves(time: Array, states: Array) -> dict[str, Array]:
        Q_block, M_block, a = unpacked_blocks(states, len(c), p, k)
        Q_block, M_block = Q_block / scale, M_block / scale
        trained = a.shape[1] > 0
        weights = a if trained else np.broadcast_to(start.a, (len(states), p))
        Q, M = np.einsum("b,tbij->tij", c, Q_block), np.einsum("b,tbir->tir", c, M_block)
        if len(states):  # those of the start, bit by bit as a simulation has them
            Q[0], M[0] = _exactly(start, Q_block[0], Q[0], "Q"), _exactly(start, M_block[0], M[0], "M")
        each = [risks(float(time[t]), Q[t], M[t], P, weights[t]) for t in range(len(states))]
        found = {name: np.array([one[name] for one in each]) for name in (each[0] if each else ("risk",))}
        found |= {"M": M, "Q": Q, "Q_block": Q_block, "M_block": M_block}
        return {**found, "output_weights": a} if trained else found

    return curves


def _exactly(start: Start, blocks: Array, fields: Array, name: str) -> Array:
    """The overlaps of the fields at the start, where ``blocks`` are those of the start."""
    same = np.array_equal(blocks, np.array([getattr(block, name) for block in start.blocks]))
    return np.asarray(getattr(start.overlaps, name)) if same else fields


def _system(problem: Problem, start: Start, name: str, make: Callable[[Problem, Start], Made]) -> System:
    """One flow for each lesson, and the curves of all."""
    lessons = problem.teacher.lessons
    parts = [problem.during(lesson) for lesson in lessons] or [problem]
    made = [make(part, start) for part in parts]
    flows = [flow for flow, _, _ in made]
    ends = np.diag(start.overlaps.Q), np.diag(start.overlaps.P)
    kernel_error = max(kernel_error_at(*part.activations, *ends) for part in parts)
    told = {"kernel_error": kernel_error, **made[0][2]}
    rhs = Pieces(flows, [lesson.start for lesson in lessons]) if lessons else flows[0]
    bounded = any(flow.variance is not None and flow.variance.bound is not None for flow in flows)
    curves = _curves(problem, start)
    return System(
        name,
        flows[0].y.copy(),
        rhs,
        lambda states: curves(np.zeros(len(states)), states),
        max(kernel_error, *(error for _, error, _ in made)),
        told,
        batch_warning(problem) if flows[0].rate else [],
        stated_error=rhs.stated_error if bounded else None,
        louder=rhs.louder if bounded else None,
        curves_at=curves,
        breaks=switches(lessons),
    )


def _full_flow(problem: Problem, start: Start, finite_size: bool = False) -> Made:
    duals = kernels(*problem.activations)
    refuse_steep(problem, start)
    p, k = start.overlaps.M.shape
    variance = variance_term(*problem.activations, p, k, *duals.kernels)
    flow = BlockFlow(problem, start, duals, problem.noise_rate, variance, finite_size)
    error = variance.error
    if error > 0.0 and variance.bound is not None:
        error = min(error, flow.stated_error(0.0, flow.y.copy()))
    return flow, error, {"variance_method": variance.method}


def _gradient_flow(problem: Problem, start: Start) -> Made:
    return BlockFlow(problem, start, kernels(*problem.activations), 0.0, None), 0.0, {}


def _gradient_flow_noise(problem: Problem, start: Start) -> Made:
    rate = problem.noise_rate * problem.teacher.noise
    return BlockFlow(problem, start, kernels(*problem.activations), rate, None), 0.0, {}


def full_by_block(problem: Problem, start: Start, method: Method | None = None) -> System:
    """dQ_b/dt with (γ/p) π_b c_b Ψ(Var)/B; valid for γ c_max/(pd) ≪ 1 and d_eff ≫ 1.
    With ``method.finite_size`` the mean of ‖x_b‖² given the fields is exact."""
    finite_size = method is not None and method.finite_size
    return _system(problem, start, "full", lambda part, at: _full_flow(part, at, finite_size))


def gradient_flow_by_block(problem: Problem, start: Start, method: Method | None = None) -> System:
    """Without Ψ(Var); valid when also γ/p ≪ 1."""
    return _system(problem, start, "gradient-flow", _gradient_flow)


def gradient_flow_noise_by_block(problem: Problem, start: Start, method: Method | None = None) -> System:
    """Gradient flow with (γ/p) π_b c_b Δ a_i a_j K11_ij / B in dQ_b,ij/dt."""
    return _system(problem, start, "gradient-flow-noise", _gradient_flow_noise)
