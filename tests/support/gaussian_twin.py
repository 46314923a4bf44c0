"""Slow and obvious: Gaussian averages over two fields by nested quadrature, split where either field is 0."""

import numpy as np

from sgdode.jit.units import machine_code

REACH = 9.5
T, W = np.polynomial.legendre.leggauss(16)


def panels(edges):
    """Gauss–Legendre nodes and weights of the normal density, (..., nodes), on panels (..., edges)."""
    half = np.diff(edges, axis=-1)[..., None] / 2
    x = edges[..., :-1, None] + half * (1 + T)
    w = half * W * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return x.reshape(*x.shape[:-2], -1), w.reshape(*w.shape[:-2], -1)


def outer():
    positive = np.array([0, 0.1, 0.3, 0.7, 1.2, 1.9, 2.8, 3.8, 5.0, 6.6, REACH])
    return panels(np.concatenate([-positive[:0:-1], positive]))


def average(function, q, q_prime, c):
    """E[function(u, w)] for (u, w) ~ N(0, [[q, c], [c, q']]), q > 0; kinks at u = 0 and w = 0 are integrated exactly.

    ``function`` takes u (m,1) and w (m,n) and returns one array (m,n) or several, (k,m,n).
    """
    x, weight = outer()
    u = np.sqrt(q) * x[:, None]
    mean, spread = c / q * u, np.sqrt(max(q_prime - c * c / q, 0.0))
    if spread <= 1e-9 * np.sqrt(q_prime):
        return function(u, mean)[..., 0] @ weight
    kink = np.clip(-mean / spread, -REACH, REACH)
    share = np.linspace(0, 1, 7)
    edges = np.concatenate([-REACH + (kink + REACH) * share, kink + (REACH - kink) * share[1:]], axis=1)
    v, inner = panels(edges)
    return (function(u, mean + spread * v) * inner).sum(axis=-1) @ weight


def functions(activation):
    """s and s' of an activation on arrays of any shape."""
    evaluate = machine_code(activation)

    def both(x):
        flat = np.ascontiguousarray(activation.gain * x, dtype=float).ravel()
        s, ds = np.empty_like(flat), np.empty_like(flat)
        evaluate(flat, s, ds)
        return s.reshape(x.shape), activation.gain * ds.reshape(x.shape)

    return (lambda x: both(x)[0]), (lambda x: both(x)[1])


def dual_kernel(first, second, q, q_prime, c):
    """K, K11 and K20 of two activations; K20 = (E[u s'(u) r(w)] − c K11)/q by Stein's lemma."""
    (s, ds), (r, dr) = functions(first), functions(second)

    def products(u, w):
        return np.stack([s(u) * (values := r(w)), ds(u) * dr(w), u * ds(u) * values])

    K, K11, mixed = average(products, q, q_prime, c)
    return K, K11, (mixed - c * K11) / q
