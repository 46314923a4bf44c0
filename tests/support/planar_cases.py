"""Slow and obvious: V of fields in a plane, by nested Gauss–Legendre panels on the scale of the activations."""

import numpy as np

from sgdode.jit.units import machine_code

T, W = np.polynomial.legendre.leggauss(11)


def normal(edges):
    """Nodes and weights of N(0,1) between sorted edges (..., E)."""
    half = np.diff(edges, axis=-1)[..., None] / 2
    x = edges[..., :-1, None] + half * (1 + T)
    w = half * W * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return x.reshape(*x.shape[:-2], -1), w.reshape(*w.shape[:-2], -1)


def scale(width, reach):
    """Edges that double from ``width`` on to ``reach``, both ways."""
    half = width * 2.0 ** np.arange(np.ceil(np.log2(max(reach / width, 2.0))) + 1)
    return np.concatenate([-half[::-1], [0.0], half])


def values(unit, lam):
    """s and s' of a unit on an array of any shape."""
    flat = np.ascontiguousarray(unit.gain * lam, dtype=float).ravel()
    s, ds = np.empty_like(flat), np.empty_like(flat)
    machine_code(unit)(flat, s, ds)
    return s.reshape(lam.shape), unit.gain * ds.reshape(lam.shape)


def planar_variance(units, vectors, v, noise, p, width=0.7, reach=9.5):
    """V (p,p) of fields λ = ``vectors`` (n,2) @ (x, y) with units (n,), whose features are ``width``/gain wide."""
    density = np.linspace(-reach, reach, int(1.6 * reach))
    outer = [density]
    for unit, (a, b) in zip(units, vectors, strict=True):
        size = max(np.hypot(a, b), 1e-9)
        outer.append(scale(min(width / unit.gain / size, 1.0), reach))
        if 1e-12 < abs(b) / size < 0.3:  # the line λ = 0 is steep: it crosses all y within a little of x
            outer.append(scale(abs(b) / size, reach))
    x, wx = normal(np.unique(np.clip(np.concatenate(outer), -reach, reach)))
    inner = [np.broadcast_to(density, (len(x), len(density)))]
    for unit, (a, b) in zip(units, vectors, strict=True):
        if abs(b) > 1e-12 * abs(a):
            inner.append((scale(width / unit.gain, reach * np.hypot(a, b)) - a * x[:, None]) / b)
    y, wy = normal(np.sort(np.clip(np.concatenate(inner, axis=1), -reach, reach), axis=1))
    E, slopes = 0.0, []
    for unit, weight, (a, b) in zip(units, v, vectors, strict=True):
        s, ds = values(unit, a * x[:, None] + b * y)
        E = E + weight * s
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
