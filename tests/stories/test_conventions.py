"""Other people's conventions: the equations as Saad & Solla (1995) and Goldt et al. (2019) write them.

There f(x) = Σ_i v_i g(w_i·x/√N) with x ~ N(0, I_N), a teacher Σ_r v*_r g(·), steps of η, and α = (steps)/N. In ours
a = p v and a* = k v* (the word ``width``), γ = η, and α = t p/γ. A 1/√p network has v_i = 1/√p (``sqrt-width``).
"""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from support.built import started

from sgdode import integrate, load_spec


def i2(C, a, b):
    """E[g(u_a) g(u_b)] for g = erf(·/√2)."""
    return 2 / math.pi * math.asin(C[a, b] / math.sqrt((1 + C[a, a]) * (1 + C[b, b])))


def i3(C, a, b, c):
    """E[g'(u_a) u_b g(u_c)], Saad & Solla 1995."""
    root = math.sqrt((1 + C[a, a]) * (1 + C[c, c]) - C[a, c] ** 2)
    return 2 / math.pi / root * (C[b, c] * (1 + C[a, a]) - C[a, b] * C[a, c]) / (1 + C[a, a])


def i4(C, a, b, c, d):
    """E[g'(u_a) g'(u_b) g(u_c) g(u_d)], Saad & Solla 1995."""
    l4 = (1 + C[a, a]) * (1 + C[b, b]) - C[a, b] ** 2
    l0 = l4 * C[c, d] - C[b, c] * C[b, d] * (1 + C[a, a]) - C[a, c] * C[a, d] * (1 + C[b, b])
    l0 += C[a, b] * (C[a, c] * C[b, d] + C[a, d] * C[b, c])
    l1 = l4 * (1 + C[c, c]) - C[b, c] ** 2 * (1 + C[a, a]) - C[a, c] ** 2 * (1 + C[b, b])
    l1 += 2 * C[a, b] * C[a, c] * C[b, c]
    l2 = l4 * (1 + C[d, d]) - C[b, d] ** 2 * (1 + C[a, a]) - C[a, d] ** 2 * (1 + C[b, b])
    l2 += 2 * C[a, b] * C[a, d] * C[b, d]
    return 4 / math.pi**2 / math.sqrt(l4) * math.asin(l0 / math.sqrt(l1 * l2))


def saad_solla(Q, M, P, v, v_star, eta, noise, alphas):
    """(risk, Q) at ``alphas``: Q, M as functions of α, in the unnormalised convention."""
    p, k = M.shape
    n = p + k
    sign = np.concatenate([-v, v_star])

    def rates(_, y):
        Q, M = y[: p * p].reshape(p, p), y[p * p :].reshape(p, k)
        C = np.block([[Q, M], [M.T, P]])
        first = np.array([[sum(sign[c] * i3(C, i, b, c) for c in range(n)) for b in range(n)] for i in range(p)])
        dM = eta * v[:, None] * first[:, p:]
        dQ = eta * v[:, None] * first[:, :p]
        dQ = dQ + dQ.T
        for i in range(p):
            for j in range(p):
                square = sum(sign[c] * sign[d] * i4(C, i, j, c, d) for c in range(n) for d in range(n))
                both = 2 / math.pi / math.sqrt((1 + Q[i, i]) * (1 + Q[j, j]) - Q[i, j] ** 2)
                dQ[i, j] += eta**2 * v[i] * v[j] * (square + noise * both)
        return np.concatenate([dQ.ravel(), dM.ravel()])

    y0 = np.concatenate([Q.ravel(), M.ravel()])
    states = solve_ivp(rates, (0, alphas[-1]), y0, "LSODA", alphas, rtol=1e-9, atol=1e-11).y.T
    risks = []
    for y in states:
        Q, M = y[: p * p].reshape(p, p), y[p * p :].reshape(p, k)
        C = np.block([[Q, M], [M.T, P]])
        risks.append(0.5 * sum(sign[b] * sign[c] * i2(C, b, c) for b in range(n) for c in range(n)))
    return np.array(risks), states[:, : p * p].reshape(-1, p, p)


@pytest.mark.parametrize(("word", "exponent"), [("width", 0.0), ("sqrt-width", 0.5), (1.0, 1.0)])
def test_output_weight_words_give_the_equations_of_the_literature(word, exponent):
    p, k, eta, noise = 3, 2, 0.8, 0.02
    spec = load_spec(
        {
            "dimension": 500,
            "teacher": {"width": k, "noise": noise, "output_weights": word},
            "student": {"width": p, "output_weights": word},
            "learning_rate": eta,
            "initial": {"scale": 0.8},
            "time": {"stop": 2.0, "points": 6},
            "integrate": {"equations": "full", "rtol": 1e-9},
        }
    )
    ours, overlaps = integrate(spec), started(spec).overlaps
    alphas = ours.time * p / eta
    v, v_star = np.full(p, p**-exponent), np.full(k, k**-exponent)
    risk, Q = saad_solla(overlaps.Q, overlaps.M, overlaps.P, v, v_star, eta, noise, alphas)
    np.testing.assert_allclose(ours.risk, risk, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.Q, Q, atol=1e-6)
