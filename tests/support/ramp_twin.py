"""Slow and obvious: V of ramps from the weights themselves, E over directions of one, two or three dimensions.

A field is λ_x = w_x·r, and V is the average of a function of r that is homogeneous of degree 2: E[r²] = dimension times
its average over directions, piece by piece between the zeros of the fields. In more dimensions: covariances between
(i, j) and the others grown from 0 (Price's theorem), one path for each four fields.
"""

from itertools import product

import numpy as np


def units(p, k, student, teacher, gains):
    """Slopes below 0 and gains of p students and k teachers."""
    return np.array([student] * p + [teacher] * k), np.array([gains[0]] * p + [gains[1]] * k)


def _pieces(W, direction, v, slope, gain, p):
    """σ' (p, …) and the vectors c with E = c·r, (…, dimension), for directions (…, dimension) inside pieces."""
    lam = direction @ W.T
    ds = gain * np.where(lam > 0, 1.0, slope)
    return np.moveaxis(ds[..., :p], -1, 0), (v * ds) @ W


def by_directions(W, v, noise, slope, gain, p):
    """V (p,p) for weights W (n, dimension), dimension 1, 2 or 3."""
    parts = {1: _line, 2: _circle, 3: _sphere}[W.shape[1]](W, v, slope, gain, p)
    flat = ((ds.reshape(p, -1), (average + noise * share).ravel()) for ds, average, share in parts)
    return sum((ds * weight) @ ds.T for ds, weight in flat)


def _line(W, v, slope, gain, p):
    ds, c = _pieces(W, np.array([[1.0], [-1.0]]), v, slope, gain, p)
    yield ds, 0.5 * c[:, 0] ** 2, np.full(2, 0.5)


def _between(zeros, period):
    """Lengths and middles of the intervals that zeros modulo ``period`` leave."""
    edges = np.unique(np.concatenate([[0.0, period], np.mod(zeros, period)]))
    return edges[:-1], edges[1:]


def _circle(W, v, slope, gain, p):
    zeros = np.arctan2(W[:, 0], -W[:, 1])
    a, b = _between(np.concatenate([zeros, zeros + np.pi]), 2 * np.pi)
    middle = 0.5 * (a + b)
    ds, c = _pieces(W, np.stack([np.cos(middle), np.sin(middle)], axis=-1), v, slope, gain, p)
    # (c·(cos, sin))² = |c|² cos²(φ − φ_c), turned to the middle of the piece
    x, y = c[:, 0] * np.cos(middle) + c[:, 1] * np.sin(middle), c[:, 1] * np.cos(middle) - c[:, 0] * np.sin(middle)
    h = 0.5 * (b - a)
    wide, narrow = h + np.sin(h) * np.cos(h), h - np.sin(h) * np.cos(h)
    yield ds, (x * x * wide + y * y * narrow) / np.pi, h / np.pi


def _graded(a, b, levels=14, ratio=4.0):
    """Intervals cut ever finer towards both ends, where zeros of fields near the pole move fast."""
    share = 0.5 * ratio ** -np.arange(levels + 1.0)
    cuts = np.concatenate([[0.0], share[::-1], 1 - share[1:], [1.0]])
    edges = a[:, None] + (b - a)[:, None] * cuts
    return edges[:, :-1].ravel(), edges[:, 1:].ravel()


def _sphere(W, v, slope, gain, p, count=16):
    n, W = len(W), W @ np.linalg.svd(W, full_matrices=True)[2][::-1].T  # the pole where the fields are largest
    cross = np.array([np.cross(W[x], W[y]) for x in range(n) for y in range(x)] or [[1.0, 0.0, 0.0]])
    meets = np.arctan2(cross[:, 1], cross[:, 0])
    poles = np.arctan2(W[:, 0], -W[:, 1])  # where a field is 0 at the pole of every meridian
    meets = np.concatenate([meets, poles])
    a, b = _graded(*_between(np.concatenate([meets, meets + np.pi]), 2 * np.pi))
    x, weight = np.polynomial.legendre.leggauss(count)
    half = 0.5 * (b - a)[:, None]
    phi, dphi = (a[:, None] + half * (1 + x)).ravel(), (half * weight).ravel()[:, None] / (4 * np.pi)
    flat = np.stack([np.cos(phi), np.sin(phi), np.zeros(phi.size)], axis=-1)
    zero = np.mod(np.arctan2(-W[:, 2], flat @ W.T), np.pi)
    ends = np.zeros((phi.size, 1)), np.full((phi.size, 1), np.pi)
    edges = np.sort(np.concatenate([ends[0], zero, ends[1]], axis=1), axis=1)
    lower, upper = edges[:, :-1], edges[:, 1:]
    middle = 0.5 * (lower + upper)[..., None]
    ds, c = _pieces(W, np.sin(middle) * flat[:, None] + np.cos(middle) * [0, 0, 1], v, slope, gain, p)
    yield ds, 3 * dphi * _meridian(c, flat, lower, upper), dphi * (np.cos(lower) - np.cos(upper))


def _meridian(c, flat, lower, upper):
    """∫ (A cos θ + B sin θ)² sin θ dθ."""
    A, B = c[..., 2], np.einsum("mkd,md->mk", c, flat)

    def at(t):
        return -(A * A) * np.cos(t) ** 3 / 3 + 2 * A * B * np.sin(t) ** 3 / 3 + B * B * (np.cos(t) ** 3 / 3 - np.cos(t))

    return at(upper) - at(lower)


def _slopes(alpha, beta, q, r, c):
    """E[s'(u) s'(w)] of two ramps."""
    live = q * r > 0  # a field without variance is on the kink, at the mean of both slopes
    sine = np.where(live, np.clip(c / np.sqrt(np.where(live, q * r, 1)), -1, 1), 0)
    return 0.25 * (1 + alpha) * (1 + beta) + (1 - alpha) * (1 - beta) / (2 * np.pi) * np.arcsin(sine)


def _conditioned(S, x):
    """Covariances (m,4,4) of fields given that field x is 0; round-off of variances is 0."""
    T = S - S[:, :, x, None] * S[:, x, None, :] / np.where(S[:, x, x] > 0, S[:, x, x], 1)[:, None, None]
    for y in range(4):
        T[T[:, y, y] <= 1e-13 * S[:, y, y], y, y] = 0
    return T


def four_point(S, slope, count=150):
    """E[s_0' s_1' s_2 s_3] for covariances S (4,4) of fields that are equal or far from dependent.

    dH/dt = Σ_xy S_xy E[s_x'' s_x̄' s_y' s_ȳ], and s_ȳ = s_ȳ' λ_ȳ, so that Stein's lemma sets a second field to 0."""
    x, w = np.polynomial.legendre.leggauss(count)
    t, dt = np.sin(np.pi / 4 * (1 + x)), np.pi / 4 * w * np.cos(np.pi / 4 * (1 + x))
    path = np.repeat(S[None], count, axis=0)
    path[:, :2, 2:] *= t[:, None, None]
    path[:, 2:, :2] *= t[:, None, None]
    q, (one, two), c = np.diag(S), slope[2:], S[2, 3]
    root = np.sqrt(max(q[2] * q[3] - c * c, 0))
    value = c * _slopes(one, two, q[2], q[3], c) + (1 - one) * (1 - two) / (2 * np.pi) * root
    total = _slopes(slope[0], slope[1], q[0], q[1], S[0, 1]) * value
    for x, y in product((0, 1), (2, 3)):
        T, rest = _conditioned(path, x), 0.0
        for hit in (1 - x, y, 5 - y):
            u, w = (place for place in (1 - x, y, 5 - y) if place != hit)
            U = _conditioned(T, hit)
            pair = _slopes(slope[u], slope[w], U[:, u, u], U[:, w, w], U[:, u, w])
            live = T[:, hit, hit] > 0
            width = np.sqrt(2 * np.pi * np.where(live, T[:, hit, hit], 1))
            rest = rest + np.where(live, T[:, 5 - y, hit] * (1 - slope[hit]) / width * pair, 0)
        total += np.sum(dt * S[x, y] * (1 - slope[x]) / np.sqrt(2 * np.pi * q[x]) * rest)
    return total


def by_paths(Omega, v, noise, slope, gain, p):
    """V (p,p) for covariances Ω (n,n) of any rank."""
    S, V = Omega * np.outer(gain, gain), np.empty((p, p))
    for i, j in product(range(p), repeat=2):
        total = noise * _slopes(slope[i], slope[j], S[i, i], S[j, j], S[i, j])
        for b, c in product(range(len(v)), repeat=2):
            if b <= c:
                quad = [i, j, b, c]
                total += (1 + (b < c)) * v[b] * v[c] * four_point(S[np.ix_(quad, quad)], slope[quad])
        V[i, j] = gain[i] * gain[j] * total
    return V
