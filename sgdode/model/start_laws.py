"""The laws of the starts of ``sgdode.model.starts``.

Overlaps are drawn, not weights, so that the cost does not depend on d: the coordinates orthogonal to the teachers enter
through their Bartlett factor alone (the LQ factor of a Gaussian matrix).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sgdode.errors import Defect, SpecError
from sgdode.model.activations import Activation
from sgdode.model.block_starts import alike, of_fields, on_sphere, squared_lengths
from sgdode.model.overlaps import (
    TOLERANCE,
    Array,
    NotOverlaps,
    Overlaps,
    allowance,
    asymmetry,
    bartlett,
    from_factors,
    project,
    teacher_factor,
)
from sgdode.model.problem import Problem
from sgdode.model.starts import STARTS, found

#: Overlaps beyond this are no start of anything.
_LARGEST = 1e12
#: An asymmetry of Q, relative to its largest entry, that any sum of products has.
_ROUND_OFF = 1e-10
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Start:
    """Overlaps and output weights ``a`` (p,) at t = 0. Where inputs have blocks, ``overlaps`` are those of the
    fields, and ``blocks`` those of the weights in each block."""

    overlaps: Overlaps
    a: Array
    warnings: tuple[str, ...] = ()
    blocks: tuple[Overlaps, ...] = ()


def start(problem: Problem) -> Start:
    """The start of a problem of finite width. Raises SpecError on ``initial`` where no weights have such overlaps."""
    initial = problem.initial
    rng = np.random.default_rng(np.random.SeedSequence(initial.seed))
    try:
        with np.errstate(all="ignore"):
            drawn: Start = (
                found(initial.law.law)(problem, initial.values, rng) if _plain(problem) else _drawn(problem, rng)
            )
    except (NotOverlaps, np.linalg.LinAlgError) as error:
        raise refused("initial", str(error)) from None
    overlaps = drawn.overlaps
    largest = max(float(np.abs(matrix).max(initial=0.0)) for matrix in (overlaps.Q, overlaps.M, overlaps.P))
    if not largest < _LARGEST:
        raise refused("initial", f"overlaps up to {largest:.3g} are out of range (allowed: below {_LARGEST:g})")
    P = () if initial.law.given else _moved([(overlaps.P, problem.teacher.P)], initial.tolerance)
    told = (*drawn.warnings, *P, *_symmetry(problem, drawn), *problem.cautions)
    if drawn.blocks:
        return _blocks_on_sphere(problem, replace(drawn, warnings=told))
    return Start(_on_sphere(problem, drawn.overlaps), drawn.a, told)


def _plain(problem: Problem) -> bool:
    return problem.teacher.blocks is None


def _drawn(problem: Problem, rng: np.random.Generator) -> Start:
    """The start by blocks."""
    initial = problem.initial
    if initial.law.by_block is None:
        reason = f"{initial.name} is for isotropic inputs alone; use {', '.join(_with_blocks())}"
        raise refused("initial.kind", reason)
    blocks = found(initial.law.by_block)(problem, initial.values, rng)
    notes = tuple(initial.values.get("notes") or ())
    if initial.law.given and np.ndim(initial.values["Q"]) == 2:
        notes += (
            "Q and M are read as the overlaps of the fields: what of the students is not along the teachers is spread "
            "over all directions of the inputs; give Q (B,p,p) and M (B,p,k) to set them by block",
        )
    return Start(of_fields(blocks, problem.inputs.eigenvalues), problem.student.a, notes, blocks)


def _with_blocks() -> list[str]:
    return [name for name, law in STARTS.items() if law.by_block is not None]


def _blocks_on_sphere(problem: Problem, drawn: Start) -> Start:
    """The same for weights by block: Σ_b Q_b,ii = 1, or Σ_b c_b Q_b,ii = 1 for the sphere of the fields."""
    if not problem.rule.spherical:
        return drawn
    weights = problem.rule.sphere(problem.inputs.eigenvalues)
    norms = np.sqrt(squared_lengths(drawn.blocks, weights))
    _refuse_lengths(problem, norms)
    if problem.initial.law.given:
        return drawn
    blocks = on_sphere(drawn.blocks, norms)
    return replace(drawn, overlaps=of_fields(blocks, problem.inputs.eigenvalues), blocks=blocks)


def _refuse_lengths(problem: Problem, norms: Array) -> None:
    """Given lengths (p,) that are not 1, and any that are 0."""
    if problem.initial.law.given:
        if np.abs(norms - 1).max() > 1e-6:
            worst = int(np.argmax(np.abs(norms - 1)))
            raise refused("initial", f"constraint spherical needs Q_ii = 1; neuron {worst} has {norms[worst] ** 2:.6g}")
    elif not norms.all():
        raise refused("initial", "constraint spherical: a neuron of length 0 cannot be normalised")


def starts(problem: Problem, count: int) -> list[Start]:
    """The starts of ``count`` runs: one for all, or, from a file that has such, each its own."""
    each = problem.initial.values.get("each", ())
    if not each:
        return [start(problem)] * count
    if count > len(each):
        reason = f"got {count}; the file in initial.file has {len(each)} seeds, and each run starts from its own"
        raise refused("simulate.seeds", f"{reason}: lower it, or initial.run: 0 starts all from seed 0")
    found = []
    for Q, M, a in each[:count]:
        initial = replace(problem.initial, values={**problem.initial.values, "Q": Q, "M": M})
        found.append(start(replace(problem, initial=initial, student=replace(problem.student, a=a))))
    return found


def gaussian(problem: Problem, values: Values, rng: np.random.Generator) -> Start:
    """w_i ~ N(0, s² I_d), independent of the teachers (paper, section 2)."""
    p, s, P = int(problem.p), values["scale"], problem.teacher.P
    L = teacher_factor(P)
    scale = s / math.sqrt(problem.d)
    A = scale * rng.standard_normal((p, L.shape[1]))
    B = scale * bartlett(rng, p, problem.d - L.shape[1])
    return Start(from_factors(A, B, L, P), problem.student.a)


def in_teacher_span(problem: Problem, values: Values, rng: np.random.Generator) -> Start:
    """Rows of A uniform on the sphere, Q⊥ = 0: the same overlaps at every d (Veiga et al., appendix D)."""
    p, P = int(problem.p), problem.teacher.P
    L = teacher_factor(P)
    if not L.size:
        raise refused("initial.kind", "in-teacher-span needs a teacher; its weights are zero here: use gaussian")
    A = rng.standard_normal((p, L.shape[1]))
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    return Start(from_factors(A, np.zeros((p, 0)), L, P), problem.student.a)


def symmetric(problem: Problem, values: Values, rng: np.random.Generator) -> Start:
    """M = ε/k, Q = (ε²/k) 11ᵀ + q₀ (1−ε)² I, the coordinates A moved by N(0, spread²): a hard, unspecialised start."""
    Q, M = alike(problem, values)
    P = problem.teacher.P
    base = project(Q, M, P, problem.d - teacher_factor(P).shape[1])
    A = base.A + values["spread"] * rng.standard_normal(base.A.shape)
    return Start(from_factors(A, base.B, base.L, P), problem.student.a)


def overlaps(problem: Problem, values: Values, rng: np.random.Generator) -> Start:
    """``Q`` and ``M`` as given; ``notes``: warnings about where they come from."""
    Q, M, P = np.array(values["Q"], dtype=float), np.array(values["M"], dtype=float), problem.teacher.P
    tolerance = allowance(problem.initial.tolerance, Q, M, P)
    if asymmetry(Q) > max(tolerance, _ROUND_OFF):
        reason = f"not symmetric, by {asymmetry(Q):.2g} of its largest entry (allowed: {tolerance:g}; "
        raise refused("initial.Q", f"{reason}initial.tolerance sets it); Q_ij = w_i·w_j/d must equal Q_ji")
    nearest = project((Q + Q.T) / 2, M, P, problem.d - teacher_factor(P).shape[1], tolerance)
    notes = _moved([(nearest.Q, Q), (nearest.M, M), (nearest.P, P)], tolerance)
    return Start(nearest, problem.student.a, (*values.get("notes", ()), *notes))


def _moved(pairs: list[tuple[Array, Array]], tolerance: float) -> tuple[str, ...]:
    """A warning where overlaps, (those used, those given) each, were moved by more than round-off."""
    moved = max(float(np.abs(used - given).max()) for used, given in pairs)
    if not moved > TOLERANCE * max(float(np.abs(given).max()) for _, given in pairs):
        return ()
    return (
        "the overlaps given are those of no weights, to the precision of their numbers: projected to the nearest that "
        f"are, which moves them by up to {moved:.2g} (allowed by a tolerance of {tolerance:g}; initial.tolerance)",
    )


def _on_sphere(problem: Problem, overlaps: Overlaps) -> Overlaps:
    """Q_ii = 1 where the rule keeps the weights on the sphere: generated starts are normalised, given ones must fit."""
    if not problem.rule.spherical:
        return overlaps
    norms = np.sqrt(np.diag(overlaps.Q))
    _refuse_lengths(problem, norms)
    scaled = overlaps.A / norms[:, None], overlaps.B / norms[:, None]
    sphere = from_factors(*scaled, overlaps.L, overlaps.P)
    np.fill_diagonal(sphere.Q, 1.0)
    return sphere


def _symmetry(problem: Problem, drawn: Start) -> tuple[str, ...]:
    """A warning where two neurons are equal for the dynamics: nothing but round-off would ever part them."""
    M, Q, a = drawn.overlaps.M, drawn.overlaps.Q, drawn.a
    keys = set(zip(a.tolist(), np.diag(Q).tolist(), *M.T.tolist(), strict=True))
    if len(keys) < len(a):
        return (
            "unbroken symmetry: at least two neurons start with equal overlaps; the equations never part them "
            "(a solver does, by round-off, at no meaningful time)",
        )
    if not M.any() and drawn.overlaps.P.any() and _unmoved(problem, drawn):
        return ("unbroken symmetry: M = 0 at the start; the equations never leave it",)
    return ()


def _unmoved(problem: Problem, drawn: Start) -> bool:
    """Whether M = 0 is stationary: dM_ir/dt has a factor E[σ'(λ_i)] E[σ*'(λ*_r)] there. Of rules whose E is not linear,
    or that use a sample twice, nothing is known."""
    z, weights = np.polynomial.hermite_e.hermegauss(100)

    def steepest(unit: Activation, variances: Array) -> float:
        means = [weights @ unit.sample(unit.gain * math.sqrt(max(q, 0.0)) * z)[1] for q in variances.tolist()]
        return float(np.abs(means).max())

    (student, teacher), overlaps = problem.activations, drawn.overlaps
    if not problem.rule.linear:
        return False
    return steepest(student, np.diag(overlaps.Q)) * steepest(teacher, np.diag(overlaps.P)) < 1e-10


def refused(key: str, reason: str) -> SpecError:
    """The error of a start that cannot be, on the key to change."""
    return SpecError([Defect("", key, reason)])
