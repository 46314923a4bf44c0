"""A smooth curve through saved values: monotone between them, and without kinks.

Fritsch & Butland's piecewise cubic, in the coordinates of the axes: through the logarithms on logarithmic ones.
"""

from __future__ import annotations

import numpy as np

from sgdode.results.trajectory import Array

#: Points of a curve, about.
_FINE = 1200
#: Saved times so far apart are not joined, where the next ones are much closer: a first time on a linear grid.
_APART, _CLOSER = np.log(3.0), 5.0


def smooth(x: Array, y: Array, log_x: bool, log_y: bool) -> tuple[Array, Array]:
    """Points (F,) of a curve through x increasing and y, (T,); the saved ones are among them. A gap (NaN) stays one."""
    parts = [_refined(x[part], y[part], log_x, log_y) for part in _pieces(x, y, log_x, log_y) if part.stop > part.start]
    if not parts:
        return x[:0], y[:0]
    gap = np.array([np.nan])
    xs = [value for part, _ in parts for value in (part, part[-1:])]
    ys = [value for _, part in parts for value in (part, gap)]
    return np.concatenate(xs[:-1]), np.concatenate(ys[:-1])


def _pieces(x: Array, y: Array, log_x: bool, log_y: bool) -> list[slice]:
    """What is joined: good values that are not too far apart."""
    good = np.isfinite(y) & (y > 0 if log_y else True) & np.isfinite(x)
    joined = good[:-1] & good[1:]
    if log_x and len(x) > 2:
        steps = np.diff(np.log(np.maximum(x, 1e-300)))
        joined &= ~((steps > _APART) & (steps > _CLOSER * np.append(steps[1:], np.inf)))
    starts = [at for at in range(len(x)) if good[at] and (at == 0 or not joined[at - 1])]
    ends = [at + 1 for at in range(len(x)) if good[at] and (at == len(x) - 1 or not joined[at])]
    return [slice(start, end) for start, end in zip(starts, ends, strict=True)]


def _refined(x: Array, y: Array, log_x: bool, log_y: bool) -> tuple[Array, Array]:
    if len(x) < 3:
        return x, y
    u, v = np.log(x) if log_x else x, np.log(y) if log_y else y
    count = max(1, min(16, _FINE // len(x)))
    share = np.arange(count) / count
    h, slope = np.diff(u), _slopes(u, v)
    s = share[None, :]
    basis = (2 * s**3 - 3 * s**2 + 1, s**3 - 2 * s**2 + s, 3 * s**2 - 2 * s**3, s**3 - s**2)
    values = (v[:-1], h * slope[:-1], v[1:], h * slope[1:])
    fine = sum((part * value[:, None] for part, value in zip(basis, values, strict=True)), np.zeros((len(h), count)))
    place = u[:-1, None] + h[:, None] * s
    xs, ys = (np.exp(place) if log_x else place), (np.exp(fine) if log_y else fine)
    xs[:, 0], ys[:, 0] = x[:-1], y[:-1]  # the saved ones to the last digit
    return np.append(xs.ravel(), x[-1]), np.append(ys.ravel(), y[-1])


def _slopes(u: Array, v: Array) -> Array:
    """Derivatives at the nodes: weighted harmonic means of the neighbours', 0 at a turn, so that nothing overshoots."""
    h, d = np.diff(u), np.diff(v) / np.diff(u)
    inner = np.zeros(len(u) - 2)
    same = d[:-1] * d[1:] > 0
    one, other = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    with np.errstate(all="ignore"):
        inner[same] = ((one + other) / (one / d[:-1] + other / d[1:]))[same]
    return np.concatenate([[_end(h[0], h[1], d[0], d[1])], inner, [_end(h[-1], h[-2], d[-1], d[-2])]])


def _end(h: float, further: float, d: float, beyond: float) -> float:
    """One-sided, of three points, kept from overshooting."""
    slope = ((2 * h + further) * d - h * beyond) / (h + further)
    if slope * d <= 0:
        return 0.0
    return 3 * d if d * beyond <= 0 and abs(slope) > 3 * abs(d) else float(slope)
