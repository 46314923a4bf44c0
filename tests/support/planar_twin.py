"""Slow and obvious: averages over fields λ = G z of two normal numbers z, in polar coordinates.

Every field is 0 on a line through the origin: panels that halve towards these angles and towards r = 0 see steps of any
steepness, whatever the variances and correlations are; Ω = G Gᵀ is singular for three fields and more.
"""

from itertools import pairwise

import numpy as np

T, W = np.polynomial.legendre.leggauss(9)
REACH = 8.5


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
    x, w = panels(np.concatenate([edges, [2.0, 3.2, 4.8, 6.5, REACH]]))
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


def variance(G, gains, v, noise, p, student, teacher):
    """V (p,p) of fields λ = G z, G (n,2); ``student``, ``teacher``: (s, s') on arrays, with the ``gains`` (n,) in them
    that say how steep they are."""
    size, phase = np.hypot(*G.T), np.arctan2(-G[:, 0], G[:, 1])  # λ_c = size r sin(θ − phase)
    steepness = 8.0 * float(np.max(size * gains))
    r, radial = radii(steepness)
    (at, offset), weight = angles(phase[size > 0], steepness)
    turn = np.mod(at - phase[:, None] + np.pi / 2, np.pi) - np.pi / 2  # up to a sign, from zero to zero
    sign = np.where(np.cos(at - phase[:, None] - turn) < 0, -1.0, 1.0)
    turn = np.where(np.abs(turn) < 3e-13, 0.0, turn)
    direction = sign * np.sin(turn + offset)  # no digits are lost where a field is steep
    V = np.zeros((p, p))
    for side in (1.0, -1.0):
        fields = side * (size[:, None] * direction)[:, :, None] * r
        E = sum(v[c] * (student if c < p else teacher)[0](fields[c]) for c in range(len(v)))
        slopes = [student[1](fields[c]) for c in range(p)]
        weighted = (E * E + noise) * radial
        for i in range(p):
            for j in range(i, p):
                V[i, j] += weight @ (slopes[i] * slopes[j] * weighted).sum(axis=1) / (2 * np.pi)
                V[j, i] = V[i, j]
    return V
