"""Slow and obvious: averages over fields λ = G z of two normal numbers z, in polar coordinates.

Every field is 0 on a line through the origin: panels that halve towards these angles and towards r = 0 see steps of any
steepness, whatever the variances and correlations are; Ω = G Gᵀ is singular for three fields and more.
"""

from itertools import pairwise

import numpy as np

T, W = np.polynomial.legendre.leggauss(14)
REACH = 13.0  # powers of a field weigh far tails


def panels(edges):
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + T)).ravel(), (half * W).ravel()


def halving(steepness):
    """0 and powers of ½ up to 1, down to what a slope of ``steepness`` needs."""
    count = max(int(np.ceil(np.log2(max(steepness, 1e-9)))) + 3, 3)
    return np.concatenate([[0.0], 0.5 ** np.arange(count, -1, -1.0)])


def radii(steepness):
    """Nodes and weights of r exp(−r²/2) over r > 0."""
    edges = halving(steepness)
    x, w = panels(np.concatenate([edges, [2.0, 3.2, 4.8, 6.5, 8.5, 10.5, REACH]]))
    return x, w * x * np.exp(-x * x / 2)


def angles(phases, steepness):
    """Nodes, as a zero and the distance from it (2,m), and weights over half a turn from the first zero on."""
    zeros = np.unique(np.round(np.mod(phases, np.pi), 13))
    zeros = np.concatenate([zeros, zeros[:1] + np.pi])
    x, w = [], []
    for low, high in pairwise(zeros):
        shares = halving(steepness * (high - low)) / 2
        for at, edges in ((low, shares), (high, -shares[::-1])):
            nodes, weights = panels(edges * (high - low))
            x.append(np.stack([np.full_like(nodes, at), nodes]))
            w.append(weights)
    return np.concatenate(x, axis=1), np.concatenate(w)


def fields_of(G, gains):
    """Fields λ = G z (n, angles, radii) at the nodes of a rule over z, with its weights (angles, radii), twice: for z
    and for −z. ``gains`` (n,) say how steep functions of the fields are; 0: straight lines with a kink."""
    size, phase = np.hypot(*G.T), np.arctan2(-G[:, 0], G[:, 1])  # λ_c = size r sin(θ − phase)
    steepness = 8.0 * float(np.max(size * gains))
    r, radial = radii(steepness)
    (at, offset), weight = angles(phase[size > 0], steepness)
    turn = np.mod(at - phase[:, None] + np.pi / 2, np.pi) - np.pi / 2  # up to a sign, from zero to zero
    sign = np.where(np.cos(at - phase[:, None] - turn) < 0, -1.0, 1.0)
    turn = np.where(np.abs(turn) < 3e-13, 0.0, turn)
    direction = sign * np.sin(turn + offset)  # no digits are lost where a field is steep
    fields, weights = (size[:, None] * direction)[:, :, None] * r, weight[:, None] * radial / (2 * np.pi)
    return [(fields, weights), (-fields, weights)]


def variance(G, gains, v, noise, p, student, teacher):
    """V (p,p) of the students' fields before the teachers'; ``student``, ``teacher``: (s, s') on arrays."""
    V = np.zeros((p, p))
    for fields, weights in fields_of(G, gains):
        E = sum(v[c] * (student if c < p else teacher)[0](fields[c]) for c in range(len(v)))
        slopes = [student[1](fields[c]) for c in range(p)]
        weighted = (E * E + noise) * weights
        for i in range(p):
            for j in range(i, p):
                V[i, j] += np.sum(slopes[i] * slopes[j] * weighted)
                V[j, i] = V[i, j]
    return V


def dual_kernel(gains, q, q_prime, rho, first, second):
    """K, K11 and K20 of (s, s') and (r, r') at correlation ``rho``; K20 = (E[u s'(u) r(w)] − c K11)/q."""
    G = np.array([[np.sqrt(q), 0.0], [rho * np.sqrt(q_prime), np.sqrt(q_prime * (1.0 - rho * rho))]])
    found = np.zeros(3)
    for (u, w), weights in fields_of(G, np.array(gains)):
        slope, value = first[1](u), second[0](w)
        terms = first[0](u) * value, slope * second[1](w), u * slope * value
        found += [np.sum(term * weights) for term in terms]
    found[2] = (found[2] - rho * np.sqrt(q * q_prime) * found[1]) / q
    return found
