"""Slow and obvious: V of fields in a plane, by nested Gauss–Legendre panels on the scale of the activations."""

import numpy as np

REACH = 9.3
T, W = np.polynomial.legendre.leggauss(11)


def normal(edges):
    """Nodes and weights of N(0,1) between sorted edges (..., E)."""
    half = np.diff(edges, axis=-1)[..., None] / 2
    x = edges[..., :-1, None] + half * (1 + T)
    w = half * W * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return x.reshape(*x.shape[:-2], -1), w.reshape(*w.shape[:-2], -1)


def scale(width, largest):
    """Edges that double from ``width`` on, both ways."""
    half = width * 2.0 ** np.arange(np.ceil(np.log2(max(REACH * largest / width, 2.0))) + 1)
    return np.concatenate([-half[::-1], [0.0], half])


def values(unit, lam):
    """s and s' of a unit on an array of any shape."""
    flat = np.ascontiguousarray(unit.gain * lam, dtype=float).ravel()
    s, ds = np.empty_like(flat), np.empty_like(flat)
    unit.evaluate(flat, s, ds)
    return s.reshape(lam.shape), unit.gain * ds.reshape(lam.shape)


def planar_variance(units, vectors, v, noise, p, width=0.7):
    """V (p,p) of fields λ = ``vectors`` (n,2) @ (x, y) with units (n,), whose features are ``width``/gain wide."""
    n = len(vectors)
    density = np.linspace(-REACH, REACH, 15)
    outer = np.concatenate([density, *(scale(width / u.gain / max(np.hypot(*r), 1e-9), 1.0) for u, r in
                                       zip(units, vectors, strict=True))])  # fmt: skip
    x, wx = normal(np.unique(np.clip(outer, -REACH, REACH)))
    inner = [np.broadcast_to(density, (len(x), len(density)))]
    for unit, (a, b) in zip(units, vectors, strict=True):
        if abs(b) > 1e-12 * abs(a) and b != 0.0:
            marks = scale(width / unit.gain, np.hypot(a, b))
            inner.append((marks - a * x[:, None]) / b)
    y, wy = normal(np.sort(np.clip(np.concatenate(inner, axis=1), -REACH, REACH), axis=1))
    E, slopes = 0.0, []
    for c in range(n):
        s, ds = values(units[c], vectors[c, 0] * x[:, None] + vectors[c, 1] * y)
        E = E + v[c] * s
        slopes.append(ds)
    weight = wx[:, None] * wy * (E * E + noise)
    return np.array([[np.sum(weight * slopes[i] * slopes[j]) for j in range(p)] for i in range(p)])


def random_planar(rng, p, k, lowest=-6.0, highest=4.0):
    """Vectors (n,2) of fields with q from 10^lowest to 10^highest; now and then all collinear, two fields equal or
    opposite; weights v and a noise."""
    n = p + k
    angle = rng.uniform(0, 2 * np.pi, n)
    kind = rng.integers(6)
    if kind == 0:
        angle = np.pi * rng.integers(2, size=n)
    if kind == 1:
        angle[-1] = angle[0] + np.pi * rng.integers(2)
    root = 10 ** (0.5 * rng.uniform(lowest, highest, n))
    vectors = root[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    v = np.concatenate([-rng.uniform(0.3, 1.3, p), rng.uniform(0.3, 1.5, k)])
    return vectors, v, float(rng.choice([0.0, 0.1]))
