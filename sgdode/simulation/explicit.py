"""Plain SGD on d-dimensional weights, eq. (3), one input at a time: the slow, obvious twin of the exact method."""

from __future__ import annotations

from typing import Any

from numba import int64

from sgdode.jit.compiling import MATRIX, RNG, STEPS, VECTOR, compiled, per_precision
from sgdode.jit.units import ADDRESS, evaluate_at
from sgdode.simulation.step import RULE, Rule

_X, _S, _SLOPE, _CHANGE, _X_STAR, _S_STAR, _SLOPE_STAR = range(7)


@compiled(**STEPS)
def _field(W: Any, x: Any, i: int) -> float:
    field = 0.0
    for j in range(x.size):
        field += W[i, j] * x[j]
    return field


@compiled(**STEPS)
def _label(teacher: Any, rule: Rule, rng: Any, W_star: Any, a_star: Any, x: Any, room: Any) -> float:
    """y = (1/k) Σ_r a*_r σ*(w*_r·x) + √Δ z."""
    k = a_star.size
    for j in range(k):
        room[_X_STAR, j] = rule.teacher_gain * _field(W_star, x, j)
    evaluate_at(teacher, room[_X_STAR, :k], room[_S_STAR, :k], room[_SLOPE_STAR, :k])
    y = 0.0
    for j in range(k):
        y += a_star[j] * room[_S_STAR, j] / k
    return y + rule.noise * rng.standard_normal() if rule.noise != 0.0 else y


@compiled(**STEPS)
def _displacement(student: Any, rule: Rule, y: float, W: Any, a: Any, x: Any, room: Any) -> float:
    """E = y − f(x), eq. (10); room keeps σ(λ) and σ'(λ)."""
    p = a.size
    for i in range(p):
        room[_X, i] = rule.student_gain * _field(W, x, i)
    evaluate_at(student, room[_X, :p], room[_S, :p], room[_SLOPE, :p])
    output = 0.0
    for i in range(p):
        output += a[i] * room[_S, i] / p
    return y - output


@compiled(**STEPS)
def _move(rule: Rule, dt: float, W: Any, gradient: Any, a: Any, room: Any) -> None:
    """W ← (1 − ω δt) W + gradient, each row then divided by its length/√d on the sphere; a ← a + its change."""
    d = W.shape[1]
    for i in range(a.size):
        a[i] += room[_CHANGE, i]
        square = 0.0
        for j in range(d):
            W[i, j] = (1.0 - rule.decay * dt) * W[i, j] + gradient[i, j]
            square += W[i, j] ** 2
        if rule.spherical:
            for j in range(d):
                W[i, j] *= (d / square) ** 0.5


@per_precision(
    lambda real: int64(
        *(ADDRESS, ADDRESS, RULE, RNG, MATRIX, VECTOR, VECTOR, real[:, ::1], real[:, ::1], VECTOR, VECTOR, MATRIX)
    ),
    **STEPS,
)
def advance(
    student: Any,
    teacher: Any,
    rule: Rule,
    rng: Any,
    W_star: Any,
    a_star: Any,
    dt: Any,
    W: Any,
    gradient: Any,
    a: Any,
    x: Any,
    room: Any,
) -> int:
    """len(dt) steps on ``W`` (p,d) and ``a`` (p,) in place; inputs x ~ N(0, I_d/d). ``gradient`` (p,d), ``x`` (d,) and
    ``room`` (7, max(p,k)): to work in. Returns the steps done: fewer where the next one diverged."""
    p, d = W.shape
    for step in range(dt.size):
        for i in range(p):
            room[_CHANGE, i] = 0.0
            for j in range(d):
                gradient[i, j] = 0.0
        for _ in range(rule.batch):
            for j in range(d):
                x[j] = rng.standard_normal() / d**0.5
            error = _displacement(student, rule, _label(teacher, rule, rng, W_star, a_star, x, room), W, a, x, room)
            share = dt[step] / rule.batch * error
            size = 0.0
            for i in range(p):  # (γ/p) a σ'(λ) E x, with γ/p = δt d
                c = d * share * rule.student_gain * a[i] * room[_SLOPE, i]
                size += abs(c) + abs(room[_X, i])
                room[_CHANGE, i] += rule.train * share * room[_S, i]
                for j in range(d):
                    gradient[i, j] += c * x[j]
            if not (size < rule.limit and abs(error) < rule.limit):
                return step
        _move(rule, dt[step], W, gradient, a, room)
    return dt.size
