"""The variance term of any activations by conditioning on the two fields of a pair.

Given λ_i and λ_j (two numbers ζ of a quadrature rule), the fields are Gaussian with means μ_c = α_c ζ_1 + β_c ζ_2
and a covariance T that does not depend on ζ, so that (Mehler, with h_n orthonormal)
  E[(Σ_c v_c s_c)² | ζ] = Σ_n Σ_bc v_b v_c F_nb F_nc (T_bc/√(T_bb T_cc))ⁿ,   F_nc = E[s_c(μ_c + √T_cc ξ) h_n(ξ)].
A handful of nodes and terms is exact for polynomials. Nothing is inverted: Ω may be singular.
"""

from __future__ import annotations

import math

import numpy as np

from sgdode.gaussian.quadrature import normal
from sgdode.jit.compiling import MATRIX, REORDER, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.pairs import PAIR, Pair
from sgdode.jit.units import evaluate_at
from sgdode.model.overlaps import Array

_NOTHING = 1e-14  # a conditional variance below this share of the variance is round-off


def gauss_rules(outer: int, inner: int, terms: int) -> tuple[Array, Array]:
    """Gauss–Hermite, exact for polynomials. The rule over ζ, (2, outer): nodes and weights; the rule over ξ,
    (1 + terms, inner): nodes and weights × h_n."""
    return np.array(normal(outer)), _with_hermite(*normal(inner), terms)


def trapezoid_rules(outer: int, inner: int, terms: int) -> tuple[Array, Array]:
    """The same by the trapezoidal rule, which for smooth activations of bounded slope needs fewer nodes."""
    return np.array(_trapezoid(outer)), _with_hermite(*_trapezoid(inner), terms)


def _trapezoid(count: int) -> tuple[Array, Array]:
    step = 2.7 / count**0.5  # balances what lies between the nodes with what lies beyond the last
    x = (np.arange(count) - 0.5 * (count - 1)) * step
    w = np.exp(-0.5 * x * x)
    return x, w / w.sum()


def _with_hermite(x: Array, w: Array, terms: int) -> Array:
    rows = [w, w * x]
    for n in range(1, terms - 1):
        rows.append((x * rows[n] - math.sqrt(n) * rows[n - 1]) / math.sqrt(n + 1))
    return np.array([x, *rows[:terms]])


@compiled(types.boolean(MATRIX, types.intp, types.intp, VECTOR, VECTOR, VECTOR, MATRIX), error_model="numpy")
def condition(Omega: Array, i: int, j: int, alpha: Array, beta: Array, spread: Array, cosine: Array) -> bool:
    """α, β, √T_cc (n,) and T_bc/√(T_bb T_cc) (n,n), given fields i and j; returns whether there is a second ζ."""
    n = alpha.size
    for c in range(n):
        alpha[c] = Omega[c, i] / math.sqrt(Omega[i, i]) if Omega[i, i] > 0.0 else 0.0
    rest = Omega[j, j] - alpha[j] * alpha[j]
    plane = rest > _NOTHING * Omega[j, j]
    for c in range(n):
        beta[c] = (Omega[c, j] - alpha[c] * alpha[j]) / math.sqrt(rest) if plane else 0.0
    for c in range(n):
        left = Omega[c, c] - alpha[c] * alpha[c] - beta[c] * beta[c]
        spread[c] = math.sqrt(left) if left > _NOTHING * Omega[c, c] and c != i and c != j else 0.0
    for b in range(n):
        for c in range(n):
            size = spread[b] * spread[c]
            covariance = Omega[b, c] - alpha[b] * alpha[c] - beta[b] * beta[c]
            cosine[b, c] = min(max(covariance / size, -1.0), 1.0) if size > 0.0 else 0.0
            if size > 0.0 and size - abs(covariance) < _NOTHING * math.sqrt(Omega[b, b] * Omega[c, c]):
                cosine[b, c] = math.copysign(1.0, covariance)
    return plane


@compiled(types.void(VECTOR, VECTOR, VECTOR, types.intp, PAIR, *[VECTOR] * 4))
def _sample(
    mean: Array, spread: Array, xi: Array, p: int, st: Pair, lam: Array, s: Array, ds: Array, slope: Array
) -> None:
    """s_c(μ_c + √T_cc ξ) as s (n·m,), and σ'(μ_c) of the students (p,)."""
    m, n = xi.size, mean.size
    for c in range(n):
        gain = st.gain1 if c < p else st.gain2
        for x in range(m):
            lam[c * m + x] = gain * (mean[c] + spread[c] * xi[x])
    evaluate_at(st.first, lam[: p * m], s[: p * m], ds[: p * m])
    evaluate_at(st.second, lam[p * m :], s[p * m :], ds[p * m :])
    for c in range(p):
        slope[c] = st.gain1 * ds[c * m]


@compiled(types.float64(VECTOR, VECTOR, MATRIX, MATRIX, MATRIX), fastmath=REORDER)
def _second_moment(s: Array, v: Array, rule: Array, powers: Array, F: Array) -> float:
    """E[(Σ v_c s_c)² | ζ] from the samples s (n·m,); ``powers`` (terms, n(n+1)/2): cosine^n, doubled where b < c."""
    n, m, terms = v.size, rule.shape[1], rule.shape[0] - 1
    total = 0.0
    for term in range(terms):
        for c in range(n):
            value = 0.0
            for x in range(m):
                value += rule[1 + term, x] * s[c * m + x]
            F[term, c] = v[c] * value
        at = 0
        for b in range(n):
            inner = 0.0
            for c in range(b, n):
                inner += powers[term, at + c - b] * F[term, c]
            at += n - b
            total += F[term, b] * inner
    return total


@compiled(types.void(MATRIX, MATRIX))
def _fill_powers(cosine: Array, powers: Array) -> None:
    n = cosine.shape[0]
    at = 0
    for b in range(n):
        for c in range(b, n):
            power = 1.0 if b == c else 2.0
            for term in range(powers.shape[0]):
                powers[term, at] = power
                power *= cosine[b, c]  # also where b = c: 0 for a field that is given
            at += 1


@compiled(types.void(MATRIX, VECTOR, types.float64, PAIR, MATRIX, MATRIX, MATRIX), nogil=True)
def conditional_variance(
    Omega: Array, v: Array, noise: float, st: Pair, outer: Array, inner: Array, out: Array
) -> None:
    """Fill ``out`` (p,p) with V_ij; ``outer`` and ``inner`` are two rules of this module."""
    p, n, m, terms = out.shape[0], v.size, inner.shape[1], inner.shape[0] - 1
    alpha, beta, spread, mean, slope = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(p)
    cosine, powers, F = np.empty((n, n)), np.empty((terms, n * (n + 1) // 2)), np.empty((terms, n))
    lam, s, ds = np.empty(n * m), np.empty(n * m), np.empty(n * m)
    for i in range(p):
        for j in range(i, p):
            plane = condition(Omega, i, j, alpha, beta, spread, cosine)
            _fill_powers(cosine, powers)
            total = 0.0
            for one in range(outer.shape[1]):
                for other in range(outer.shape[1] if plane else 1):
                    weight = outer[1, one] * (outer[1, other] if plane else 1.0)
                    for c in range(n):
                        mean[c] = alpha[c] * outer[0, one] + (beta[c] * outer[0, other] if plane else 0.0)
                    _sample(mean, spread, inner[0], p, st, lam, s, ds, slope)
                    moment = _second_moment(s, v, inner, powers, F)
                    total += weight * slope[i] * slope[j] * (max(moment, 0.0) + noise)
            out[i, j] = total
            out[j, i] = total
